"""Crawls on many machines: computed for up to a billion hits, and measured on this one.

The computed part knows how many hits each hour of three years has, and answers a plan's samples
from that. What it assumes:

- Hits grow a hundredfold in three years. Within a day their number goes up and down by a factor of
  three, and weekends have two thirds of a weekday.
- Each hour differs from that by a random factor (log-normal, sigma 0.4). In ten days there are
  three times as many hits: launches.
- Within an hour hits are even. A page brings 99 new hits, and a piece takes two requests beside.
- A request takes 0.3 s, and workers send one after the other, at the rate of the job.

The measured part crawls a server of this machine with two workers at a rate, and says how many
requests came in the busiest 10 seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import json
import os
import sys
import tempfile
from bisect import bisect_right
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "cluster"))

import numpy as np  # noqa: E402
from date_server import DateServer  # noqa: E402
from distributed import Client, LocalCluster  # noqa: E402

from scenario_search.crawl.cursor import Request  # noqa: E402
from scenario_search.crawl.dates import Range, instant, timestamp  # noqa: E402
from scenario_search.crawl.sampling import Sampling  # noqa: E402
from scenario_search.dask import crawl_to_parquet  # noqa: E402

START = instant("2023-01-01T00:00:00Z") or 0
HOUR = 3_600_000_000
HOURS = 3 * 365 * 24
CAP = 1000
LATENCY = 0.3
BYTES_OF_JSON, BYTES_OF_PARQUET = 1_300, 370
"""Bytes per hit, as measured on the assets of the demo."""


class Service:
    """So many hits over three years, of which only the number in each hour is known."""

    def __init__(self, count: int) -> None:
        chance = np.random.default_rng(1)
        hours = np.arange(HOURS)
        weights = np.exp(np.log(100) * hours / HOURS) * (1 + 0.5 * np.sin(hours * 2 * np.pi / 24))
        weights *= np.where(hours // 24 % 7 >= 5, 2 / 3, 1)
        weights *= chance.lognormal(0, 0.4, HOURS)
        for day in chance.integers(0, HOURS // 24, 10):
            weights[day * 24 : day * 24 + 24] *= 3
        self.count = count
        self.before = [0.0, *accumulate(weights / weights.sum() * count)]
        """How many hits there are before each hour."""

    def place(self, moment: int) -> float:
        """Returns how many hits are older than an instant."""
        hour, rest = divmod(max(0, min(moment - START, HOURS * HOUR - 1)), HOUR)
        return self.before[hour] + rest / HOUR * (self.before[hour + 1] - self.before[hour])

    def date(self, place: float) -> int:
        """Returns the instant of a hit."""
        hour = min(HOURS - 1, bisect_right(self.before, place) - 1)
        share = (place - self.before[hour]) / (self.before[hour + 1] - self.before[hour])
        return START + int((hour + share) * HOUR)

    async def ask(self, request: Request) -> list[Any]:
        """Returns what a server answers to a sample."""
        high = request.range.high
        end = self.count if high is None or high.instant is None else self.place(high.instant)
        step = -1 if request.newest_first else 1
        first = (end - 1 if request.newest_first else 0) + step * request.offset
        places = [first + step * index for index in range(request.size)]
        return [
            {"id": str(place), "createdAt": timestamp(self.date(place))}
            for place in places
            if 0 <= place < self.count and request.offset < CAP
        ]


async def planned(count: int, shards: int) -> tuple[int, list[float]]:
    """Returns how many requests a plan takes, and how many hits each piece has."""
    service, requests = Service(count), 0

    async def ask(request: Request) -> list[Any]:
        nonlocal requests
        requests += 1
        return await service.ask(request)

    sampling = Sampling(ask=ask, range=Range(), field="createdAt", cap=CAP)
    cuts = await sampling.cuts(shards)
    places = [service.place(instant(cut.date) or 0) for cut in cuts[1:]]
    bounds = [float(count), *places, 0.0]
    return requests, [newer - older for newer, older in pairwise(bounds)]


def hours_taken(sizes: list[float], workers: int, rate: float) -> float:
    """Returns how long workers take that read one piece after the other, the newest first."""
    seconds_each = max(LATENCY, workers / rate)
    free = [0.0] * workers
    for size in sizes:
        heapq.heapreplace(free, free[0] + (size / 99 + 2) * seconds_each)
    return max(free) / 3600


def computed(count: int, shards: int, workers: int, rate: float) -> dict[str, Any]:
    """Returns a row of the table."""
    plan, sizes = asyncio.run(planned(count, shards))
    requests = plan + sum(int(size / 99) + 2 for size in sizes)
    largest = max(sizes) / sorted(sizes)[len(sizes) // 2]
    return {
        "hits": count,
        "shards": shards,
        "plan": plan,
        "requests": requests,
        "largest to median": round(largest, 2),
        "workers": workers,
        "rate": rate,
        "hours": round(hours_taken(sizes, workers, rate), 1),
        "GB received": round(count * BYTES_OF_JSON / 1e9, 1),
        "GB of Parquet": round(count * BYTES_OF_PARQUET / 1e9, 1),
        "good": plan <= shards + 20 and requests <= 1.25 * count / 100,
    }


def measured(hits: int, rate: float) -> dict[str, Any]:
    """Crawls a server of this machine at a rate."""
    with DateServer(hits) as server, tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            SCENARIO_BASE_URL=server.url, SCENARIO_SDK_API_KEY="k", SCENARIO_SDK_API_SECRET="s"
        )
        with (
            LocalCluster(
                n_workers=2, threads_per_worker=4, dashboard_address="127.0.0.1:0"
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            report = crawl_to_parquet(
                folder, cluster=client, shards=16, requests_per_second=rate, public=True
            )
        times = server.times
    busiest = max(bisect_right(times, begin + 10) - index for index, begin in enumerate(times))
    seconds = times[-1] - times[0]
    return {
        "hits": report.hits,
        "requests": report.requests,
        "to the ideal": round(report.requests / (hits / 100), 3),
        "rate": rate,
        "seconds": round(seconds, 1),
        "requests in the busiest 10 s": busiest,
        "good": report.hits == hits and busiest <= 1.1 * rate * 10,
    }


def main() -> int:
    """Computes and measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="only show that it works")
    parser.add_argument("--json", type=Path, help="a file to write the figures to")
    arguments = parser.parse_args()
    # Hits, pieces, workers and their rate.
    jobs = [(10**6, 16, 4, 20), (10**8, 1_000, 40, 100), (10**9, 10_000, 100, 300)]
    rows = [computed(*job) for job in (jobs[:1] if arguments.short else jobs)]
    rows.append(measured(1_000, 200) if arguments.short else measured(50_000, 25))
    for row in rows:
        print(", ".join(f"{name}: {value}" for name, value in row.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row["good"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
