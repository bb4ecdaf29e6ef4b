"""What the client costs, beside bare aiohttp and beside the official SDK, in one run.

    python tests/benchmarks/bench_client.py [--short] [--most HITS] [--json FILE]

Every client walks and calls in a process of its own, against a static server in another; every
figure is meant as a ratio to the others of the same run. The clients take turns, several times,
and the least disturbed of each one's measurements counts. The SDK walks fewer hits, for it is
slow; the figures are per hit. Peak memory is that of the process up to then.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import math
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from static_server import make_hits

sys.path.insert(0, str(Path(__file__).parents[1]))

from bombs import ACCEPTED, COMPRESS, DECOMPRESS, REFUSED, explode, receive

HERE = Path(__file__).parent
ALL = ["bare aiohttp", "ours", "ours sync", "sdk aiohttp", "sdk httpx", "sdk sync"]
SDK = ("sdk aiohttp", "sdk httpx", "sdk sync")
ASYNC_SDK = ("sdk aiohttp", "sdk httpx")
Row = dict[str, Any]


@contextlib.contextmanager
def static_server() -> Iterator[int]:
    """Run the static server: give its port."""
    server = subprocess.Popen(
        [sys.executable, str(HERE / "static_server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield int(server.stdout.readline())
    finally:
        server.kill()
        server.communicate()


class Worker:
    """A process with one client, which measures what it is told."""

    def __init__(self, port: int, name: str) -> None:
        self.name = name
        self._port = port
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "client_worker.py"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def measure(self, task: str, *, count: int, size: int, width: int = 1, latency: int = 0) -> Row:
        """Run one measurement."""
        url = f"http://127.0.0.1:{self._port}/{latency}/{max(count, 100_000)}/v1"
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = {"task": task, "url": url, "count": count, "size": size, "width": width}
        print(json.dumps(told), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.name} failed at {told}")
        row: Row = json.loads(answer)
        return {"client": self.name, **row}

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def workers(port: int, *names: str) -> Iterator[dict[str, Worker]]:
    """Run a process for each client."""
    running = {name: Worker(port, name) for name in names}
    try:
        yield running
    finally:
        for worker in running.values():
            worker.end()


def by_turns(measurements: list[Callable[[], Row]], rounds: int, figure: str) -> list[Row]:
    """Run measurements by turns, several times; keep the least disturbed of each.

    The figure decides: the highest rate, or the lowest time.
    """
    choose = max if figure.endswith("/s") else min
    found = [[measure() for measure in measurements] for _ in range(rounds)]
    return [choose(rows, key=lambda row: row[figure]) for rows in zip(*found, strict=True)]


def walks(clients: dict[str, Worker], hits: int, rounds: int) -> list[Row]:
    """One walk over all hits, one request at a time, without latency."""

    def measurement(worker: Worker, size: int) -> Callable[[], Row]:
        count = hits // 20 if worker.name in SDK else hits
        if size == 20:
            count //= 4
        count = max(size * 2, count // size * size)
        return lambda: {"page": size, **worker.measure("walk", count=count, size=size)}

    rows = []
    for size in (100, 20):
        rows += by_turns([measurement(one, size) for one in clients.values()], rounds, "hits/s")
    return rows


def walks_with_latency(clients: dict[str, Worker], hits: int) -> list[Row]:
    """Walks against a server that takes its time, with more and more pages ahead."""
    rows = []
    for latency in (10, 50):
        for name, ahead in [("ours", 1), ("ours", 8), ("ours", 32), ("ours", 64)] + [
            (name, 1) for name in ASYNC_SDK
        ]:
            count = hits if ahead > 1 else max(200, hits // 20)
            row = clients[name].measure("walk", count=count, size=100, width=ahead, latency=latency)
            rows.append({"latency ms": latency, "ahead": ahead, **row})
    return rows


def growth(port: int, most: int) -> list[Row]:
    """Hits a second and memory from a thousand hits to the most; in page mode to 100,000."""
    counts = [*(count for count in (1000, 10_000, 100_000, 1_000_000) if count < most), most]
    rows = []
    for mode, width in (("offset", 1), ("page", 0)):
        with workers(port, "ours") as clients:
            for count in counts if width else counts[:3]:
                row = clients["ours"].measure("walk", count=count, size=100, width=width)
                rows.append({"mode": mode, "hits": count, **row})
    return rows


def calls(clients: dict[str, Worker], number: int, rounds: int) -> list[Row]:
    """Single calls of 20 hits, at several widths."""

    def measurement(worker: Worker, width: int) -> Callable[[], Row]:
        count = max(width, (number // 5 if worker.name in SDK else number) // width * width)
        return lambda: {
            "at once": width,
            **worker.measure("call", count=count, size=20, width=width),
        }

    rows = []
    for width in (1, 10, 100):
        chosen = [one for one in clients.values() if width == 1 or "sync" not in one.name.split()]
        rows += by_turns([measurement(one, width) for one in chosen], rounds, "p50 ms")
    return rows


def best(task: Callable[[], Any], number: int, rounds: int = 7) -> float:
    """Seconds of one run of a task: the best round's mean."""
    found = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(number):
            task()
        found.append((time.process_time() - began) / number)
    return min(found)


def decoding(number: int) -> list[Row]:
    """Decoding alone: a page of 100 hits."""
    from scenario_search.converter import default_converter
    from scenario_search.search.pages import AsyncSearchHitsOffset
    from scenario_search.wire.codec import PageDecoder, read_page
    from scenario_search.wire.hits import SearchAssetSearchResponse

    body = b'{"hits":' + make_hits(0, 100) + b',"offset":0,"limit":100}'

    def decoding(*, strict: bool) -> Callable[[], Any]:
        decoder = PageDecoder(
            default_converter(), AsyncSearchHitsOffset, SearchAssetSearchResponse, strict=strict
        )
        return lambda: decoder.page(read_page(body))

    decode = decoding(strict=False)

    def decode_and_read() -> None:
        # Metadata and thumbnails are made when they are first read.
        for hit in decode().hits:
            assert hit.metadata is not None
            assert hit.thumbnail is not None

    tasks: dict[str, Callable[[], Any]] = {
        "orjson.loads": lambda: orjson.loads(body),
        "bytes to JSON page": lambda: read_page(body),
        "page, by the converter": decode,
        "page, each object read": decode_and_read,
        "page, strict": decoding(strict=True),
    }
    # In short turns, so that a load of the machine meets them all.
    turns = [
        {what: best(task, min(number, 20), 1) for what, task in tasks.items()}
        for _ in range(max(1, number // 20))
    ]
    seconds = {what: min(turn[what] for turn in turns) for what in tasks}
    return [
        {
            "what": what,
            "us/hit": seconds[what] * 1e4,
            "times orjson.loads": seconds[what] / seconds["orjson.loads"],
            "ms a page": seconds[what] * 1e3,
        }
        for what in tasks
    ]


def filters(number: int) -> list[Row]:
    """A filter built, written and read back."""
    from scenario_search.filters import F, parse

    def build() -> str:
        dragons = (F.tags == "dragon") | F.prompt.matches("dragon")
        return str(dragons & (F.width >= 1024) & F.nsfw.is_empty())

    text = build()
    return [
        {"what": "built and written", "us": best(build, number) * 1e6},
        {"what": "parsed", "us": best(lambda: parse(text), number) * 1e6},
    ]


def compressed(number: int) -> list[Row]:
    """Decompressing a page of 100 hits, by each content coding that is installed."""
    # Real signatures are random text, which hardly compresses.
    chance = random.Random(0)
    body = re.sub(
        rb"x{100,}",
        lambda found: base64.b64encode(chance.randbytes(len(found[0]) * 3 // 4)),
        make_hits(0, 100),
    )
    rows = []
    for coding, compress in COMPRESS.items():
        data = compress(body)
        assert DECOMPRESS[coding](data) == body
        seconds = best(partial(DECOMPRESS[coding], data), number)
        rows.append(
            {"coding": coding, "kB of 220": len(data) / 1000, "us to unpack": seconds * 1e6}
        )
    return rows


def bombs(megabytes: int) -> list[Row]:
    """What a body that unpacks to many megabytes does to a client before it is refused."""
    rows = []
    for coding in COMPRESS:
        outcome = explode(coding, megabytes)
        rows.append(
            {
                "coding": coding,
                "MB": megabytes,
                "kB sent": outcome["size"] / 1000,
                "MB grown": outcome["grown"] / 1e6,
                "ms held": outcome["held"] * 1e3,
            }
        )
    return rows


def hostile_bodies() -> list[Row]:
    """How long a large or hostile body holds the event loop, beside a page of 100 hits.

    At most 15 ms for each MiB begun of a body that is accepted, and at most 50 ms for one that is
    refused.
    """
    rows = []
    for name, make in {**ACCEPTED, **REFUSED}.items():
        body = make()
        outcome = receive(body)
        assert (outcome["error"] is None) == (name in ACCEPTED), (name, outcome["error"])
        packed = len(COMPRESS["gzip"](body))
        rows.append(
            {
                "body": name,
                "MB": len(body) / 1e6,
                "kB by gzip": packed / 1000,
                "accepted": "yes" if outcome["error"] is None else "no",
                "MB grown": outcome["grown"] / 1e6,
                "ms held": outcome["held"] * 1e3,
                "ms by a page": outcome["page_held"] * 1e3,
            }
        )
    return rows


IMPORTS = {
    "aiohttp": "import aiohttp",
    "scenario_search": "import scenario_search",
    "AsyncScenario": "from scenario_search import AsyncScenario",
    "scenario_sdk": "import scenario_sdk",
}


def imports(rounds: int) -> list[Row]:
    """What imports cost in a new process, where bytecode is kept.

    Seconds are the whole process's, the interpreter's own start left out. Milliseconds beside
    aiohttp are what ``-X importtime`` tells of all modules that aiohttp alone does not load.
    """
    with tempfile.TemporaryDirectory() as kept:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": kept, "PYTHONDONTWRITEBYTECODE": ""}

        def run(*arguments: str) -> str:
            command = [sys.executable, *arguments]
            done = subprocess.run(
                command, check=True, env=environment, stderr=subprocess.PIPE, text=True
            )
            return done.stderr

        def seconds(statement: str) -> float:
            run("-c", statement)
            found = []
            for _ in range(rounds):
                began = time.perf_counter()
                run("-c", statement)
                found.append(time.perf_counter() - began)
            return statistics.median(found)

        def beside_aiohttp(statement: str) -> float:
            found = []
            for _ in range(rounds):
                told = run("-X", "importtime", "-c", f"import aiohttp; {statement}")
                lines = [line.split("|") for line in told.splitlines() if "|" in line]
                names = [name.strip() for *_, name in lines]
                after = lines[names.index("aiohttp") + 1 :]
                found.append(sum(int(own.partition(":")[2]) for own, *_ in after) / 1000)
            return statistics.median(found)

        empty = seconds("pass")
        rows: list[Row] = [
            {
                "import": name,
                "s": seconds(statement) - empty,
                "ms beside aiohttp": beside_aiohttp(statement),
            }
            for name, statement in IMPORTS.items()
        ]
    for row in rows:
        row["of scenario_sdk"] = row["s"] / rows[-1]["s"]
    return rows


def find(rows: list[Row], figure: str, **wanted: Any) -> float:
    """The figure of the one row that has all of these."""
    (row,) = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    value: float = row[figure]
    return value


def summary(tables: dict[str, list[Row]]) -> list[Row]:
    """The ratios that matter, beside what is asked of them."""
    walked, single = tables["walks"], tables["single calls"]
    slow = tables["walks with latency"]
    exploded = tables["bombs"]
    hostile = tables["hostile bodies"]
    accepted = [
        row["ms held"] / math.ceil(row["MB"] / 1.048576)
        for row in hostile
        if row["accepted"] == "yes"
    ]
    refused = [row["ms held"] for row in hostile if row["accepted"] == "no"]
    sdk_rate = max(find(walked, "hits/s", page=100, client=name) for name in ASYNC_SDK)
    sdk_slow = max(
        find(slow, "hits/s", client=name, ahead=1, **{"latency ms": 50}) for name in ASYNC_SDK
    )
    sdk_memory = min(find(walked, "peak MB", page=100, client=name) for name in ASYNC_SDK)

    def ours(figure: str) -> float:
        return find(walked, figure, page=100, client="ours")

    bare_call, our_call, sync_call, sdk_call = (
        find(single, "p50 ms", client=name, **{"at once": 1})
        for name in ("bare aiohttp", "ours", "ours sync", "sdk sync")
    )
    bare_cpu = find(walked, "CPU us/hit", page=100, client="bare aiohttp")
    ahead = find(slow, "hits/s", client="ours", ahead=32, **{"latency ms": 50})
    decode = find(tables["decoding"], "times orjson.loads", what="page, by the converter")
    imported = find(tables["imports"], "of scenario_sdk", **{"import": "AsyncScenario"})
    beside = find(tables["imports"], "ms beside aiohttp", **{"import": "AsyncScenario"})
    return [
        {"ratio": "hits/s to the SDK's", "asked": ">= 12", "is": ours("hits/s") / sdk_rate},
        {"ratio": "CPU a hit to bare", "asked": "<= 1.6", "is": ours("CPU us/hit") / bare_cpu},
        {"ratio": "50 ms, 32 ahead, to the SDK's", "asked": ">= 20", "is": ahead / sdk_slow},
        {"ratio": "decoding to orjson.loads", "asked": "<= 2.2", "is": decode},
        {"ratio": "single call p50 to bare", "asked": "-", "is": our_call / bare_call},
        {"ratio": "import to the SDK's", "asked": "<= 0.4", "is": imported},
        {"ratio": "import beside aiohttp, ms", "asked": "-", "is": beside},
        {
            "ratio": "peak memory to the SDK's",
            "asked": "<= 0.6",
            "is": ours("peak MB") / sdk_memory,
        },
        {"ratio": "sync call less async, ms", "asked": "<= 0.6", "is": sync_call - our_call},
        {"ratio": "bomb, MB grown", "asked": "<= 20", "is": max(r["MB grown"] for r in exploded)},
        {"ratio": "bomb, ms held", "asked": "<= 50", "is": max(r["ms held"] for r in exploded)},
        {"ratio": "accepted body, ms held per MiB", "asked": "<= 15", "is": max(accepted)},
        {"ratio": "refused body, ms held", "asked": "<= 50", "is": max(refused)},
        {"ratio": "sync call, SDK's to ours", "asked": ">= 3", "is": sdk_call / sync_call},
    ]


def show(console: Console, title: str, rows: list[Row]) -> None:
    """Print rows as a table."""
    table = Table(title=title, title_justify="left")
    for key in rows[0]:
        table.add_column(key, justify="right" if not isinstance(rows[0][key], str) else "left")
    for row in rows:
        table.add_row(*(f"{v:,.2f}" if isinstance(v, float) else str(v) for v in row.values()))
    console.print(table)


def measured(*, short: bool, most: int) -> Iterator[tuple[str, list[Row]]]:
    """Measure everything: give the tables, each with its title, as they come."""
    hits = 2000 if short else 100_000
    rounds = 1 if short else 2
    with static_server() as port:
        with workers(port, *ALL) as clients:
            yield "walks", walks(clients, hits, rounds)
            yield "single calls", calls(clients, 50 if short else 300, 1 if short else 6)
            yield "walks with latency", walks_with_latency(clients, hits // 2)
        yield "growth", growth(port, 1000 if short else most)
    yield "decoding", decoding(3 if short else 1000)
    yield "compressed bodies", compressed(3 if short else 200)
    yield "bombs", bombs(20 if short else 200)
    yield "hostile bodies", hostile_bodies()
    yield "filters", filters(10 if short else 2000)
    yield "imports", imports(1 if short else 15)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="only show that it works")
    parser.add_argument("--most", type=int, default=1_000_000, help="hits of the longest walk")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    tables: dict[str, list[Row]] = {}
    console = Console(width=110)
    for title, rows in measured(short=arguments.short, most=arguments.most):
        tables[title] = rows
        show(console, title, rows)
    tables["summary"] = summary(tables)
    show(console, "summary", tables["summary"])
    if arguments.json:
        arguments.json.write_bytes(orjson.dumps(tables, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
