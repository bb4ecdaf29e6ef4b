"""Mixed load with faults, for as long as asked: memory, sockets and tasks must be flat at the end.

    python tests/soak/soak.py [--seconds 600] [--rate 1000] [--workers 32]

One process searches, counts, walks, reads ahead, crawls, gives up and cancels; an emulator in
another answers, and fails one request in twenty. The exit code is 1 where something was left
open, grew, went missing or was not what was asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import attrs

from scenario_search import APIError, AsyncScenario, F
from scenario_search.emulator import Emulator

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
CONNECTIONS = 32
WORDS = ["castle", "dragon", "robot", "forest", "portrait", "city", "ship", "cat"]
LONG = 60
"""Seconds from which on memory is judged: before, it still fills up."""


def add_faults(emulator: Emulator) -> None:
    """One request in twenty goes wrong, in each way the emulator knows."""
    searches: dict[str, Any] = {"path": "/v1/search/*"}
    emulator.faults.add(status=503, every=50, **searches)
    emulator.faults.add(status=429, headers={"Retry-After": "0"}, every=100, **searches)
    emulator.faults.add(reset=True, every=100, **searches)
    emulator.faults.add(truncate=200, every=200, **searches)
    emulator.faults.add(malformed_json=True, every=400, **searches)
    emulator.faults.add(latency=0.2, every=400, **searches)
    emulator.faults.add(stall=True, every=2000, **searches)


def serve() -> None:
    """Run the emulator until standard input ends."""
    with Emulator.demo() as emulator:
        add_faults(emulator)
        print(json.dumps([emulator.url, emulator.api_key, emulator.api_secret]), flush=True)
        sys.stdin.read()


@asynccontextmanager
async def emulator_elsewhere() -> AsyncIterator[tuple[int, dict[str, str]]]:
    """An emulator in a process of its own: its process id, and how to reach it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        "--serve",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url, key, secret = json.loads(await process.stdout.readline())
        yield process.pid, {"base_url": url, "api_key": key, "api_secret": secret}
    finally:
        process.stdin.close()
        await process.wait()


def memory(process: int | str = "self") -> float:
    """The resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * PAGE_SIZE / 2**20


def sockets() -> int:
    """How many sockets this process has open."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found += str(descriptor.readlink()).startswith("socket:")
        except OSError:  # the descriptor of this very listing
            continue
    return found


@attrs.frozen
class Sample:
    """What the process holds at a moment. Memory is in MiB, time in seconds from the start."""

    at: float
    requests: int
    memory: float
    server_memory: float
    sockets: int
    tasks: int


@attrs.define
class Tally:
    """What happened."""

    started: int = 0
    ended: Counter[str] = attrs.Factory(Counter)
    wrong: list[str] = attrs.Factory(list)
    answers: dict[str, tuple[str, ...]] = attrs.Factory(dict)
    requests: int = 0
    samples: list[Sample] = attrs.Factory(list)

    def note_answer(self, query: str, ids: Sequence[str]) -> None:
        """The same query must always bring the same hits."""
        if self.answers.setdefault(query, tuple(ids)) != tuple(ids):
            self.wrong.append(f"another answer to {query!r}")

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(what)


Call = Callable[[AsyncScenario, Tally, random.Random], Awaitable[None]]


async def search(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    page = await client.search.asset_search(query=word, limit=20)
    tally.note_answer(word, [asset.id for asset in page.hits])


async def search_models(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    page = await client.search.model_search(query=word)
    tally.note_answer(f"models: {word}", [model.id for model in page.hits])


async def filtered(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    width = chance.choice([512, 768, 1024])
    page = await client.search.asset_search(filter=F.width >= width, limit=50)
    tally.expect(all((hit.metadata.width or 0) >= width for hit in page.hits), "a narrow hit")


async def count(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    number = await client.search.asset_search(query=word).count()
    tally.note_answer(f"count: {word}", [str(number)])


async def walk(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    ids = [hit.id async for hit in client.search.asset_search(query=word, limit=20, max_items=60)]
    tally.note_answer(f"walk: {word}", ids)


async def read_ahead(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    results = client.search.asset_search(query=word, limit=10, max_items=60)
    async with results.prefetch(4) as hits:
        tally.note_answer(f"walk: {word}", [hit.id async for hit in hits])


async def leave_early(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    async with client.search.asset_search(query="castle", limit=5).prefetch(4) as hits:
        async for _ in hits:
            break


async def crawl(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    async with client.crawl.assets(filter=F.width >= 1024, concurrency=4, cap=200) as assets:
        ids = sorted([hit.id async for hit in assets])
    tally.note_answer("crawl", ids)


async def give_up(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    hurried = client.with_options(deadline=chance.uniform(0.001, 0.02), max_retries=1)
    await hurried.search.asset_search(query=chance.choice(WORDS))


async def cancel(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    task = asyncio.ensure_future(search(client, tally, chance))
    await asyncio.wait([task], timeout=chance.uniform(0, 0.01))
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


CALLS: dict[Call, float] = {
    search: 40,
    search_models: 10,
    filtered: 10,
    count: 10,
    walk: 6,
    read_ahead: 4,
    leave_early: 4,
    give_up: 6,
    cancel: 6,
    crawl: 0.1,
}


class Pace:
    """Lets in so many a second, evenly, and nobody more where time was lost."""

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate
        self._next = time.monotonic()

    async def __aenter__(self) -> None:
        now = time.monotonic()
        self._next = max(self._next + self._gap, now - 0.1)
        if self._next > now:
            await asyncio.sleep(self._next - now)

    async def __aexit__(self, *_: object) -> None: ...


async def work(client: AsyncScenario, tally: Tally, until: float, seed: int) -> None:
    """Call after call, each noted by how it ended."""
    chance = random.Random(seed)
    calls, weights = list(CALLS), list(CALLS.values())
    while time.monotonic() < until:
        (call,) = chance.choices(calls, weights)
        tally.started += 1
        try:
            await call(client, tally, chance)
        except APIError as error:
            tally.ended[type(error).__name__] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is one too many
            tally.ended[type(error).__name__] += 1
            tally.wrong.append(f"{call.__name__}: {error!r}")
        else:
            tally.ended["as asked"] += 1


async def watch(tally: Tally, server: int, seconds: float) -> None:
    """Take a sample every hundredth of the time."""
    began = time.monotonic()
    while True:
        gc.collect()
        tally.samples.append(
            Sample(
                at=time.monotonic() - began,
                requests=tally.requests,
                memory=memory(),
                server_memory=memory(server),
                sockets=sockets(),
                tasks=len(asyncio.all_tasks()),
            )
        )
        await asyncio.sleep(seconds / 100)


def counting(tally: Tally) -> aiohttp.TraceConfig:
    async def started(*_: Any) -> None:
        tally.requests += 1

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(started)
    return trace


async def run(seconds: float, rate: float, workers: int) -> Tally:
    """Load an emulator, and judge what is left."""
    tally = Tally()
    async with emulator_elsewhere() as (server, reach):
        tasks_before, sockets_before = asyncio.all_tasks(), sockets()
        async with AsyncScenario(
            **reach,  # type: ignore[arg-type]
            timeout=1,
            max_connections=CONNECTIONS,
            max_retries=3,
            limiter=Pace(rate),
            trace_configs=[counting(tally)],
        ) as client:
            client._chance = lambda: 0.05
            watching = asyncio.create_task(watch(tally, server, seconds))
            until = time.monotonic() + seconds
            await asyncio.gather(*(work(client, tally, until, n) for n in range(workers)))
            watching.cancel()
            await asyncio.wait([watching])
            await asyncio.sleep(0)
            tally.expect(asyncio.all_tasks() == tasks_before, "tasks are left")
            most = sockets_before + CONNECTIONS
            tally.expect(sockets() <= most, f"{sockets()} sockets, more than {most}")
        # Closed sockets go in the loop's next rounds.
        for _ in range(5):
            await asyncio.sleep(0)
        tally.expect(sockets() == sockets_before, f"{sockets() - sockets_before} sockets are left")
        tally.expect(asyncio.all_tasks() == tasks_before, "tasks are left after closing")
    tally.expect(tally.started == tally.ended.total(), "calls are missing")
    tally.expect(tally.ended["as asked"] > tally.started * 0.5, "too few calls succeeded")
    if seconds >= LONG:
        judge_growth(tally)
    return tally


def judge_growth(tally: Tally) -> None:
    """Compare the last fifth of the time with the second."""
    fifth = len(tally.samples) // 5
    second, last = tally.samples[fifth : 2 * fifth], tally.samples[-fifth:]
    for name, leeway in (("memory", 8.0), ("sockets", 2.0), ("tasks", 8.0)):
        before, after = (
            statistics.median(getattr(sample, name) for sample in part) for part in (second, last)
        )
        tally.expect(after <= before + leeway, f"{name} grew from {before:.1f} to {after:.1f}")


def report(tally: Tally, seconds: float) -> str:
    """What a reader wants to know, as text."""
    lines = [f"{'s':>6} {'requests':>10} {'client MiB':>11} {'server MiB':>11} sockets tasks"]
    lines += [
        f"{sample.at:6.0f} {sample.requests:10,} {sample.memory:11.1f} "
        f"{sample.server_memory:11.1f} {sample.sockets:7} {sample.tasks:5}"
        for sample in tally.samples[:: max(1, len(tally.samples) // 10)]
    ]
    lines.append(f"{tally.requests:,} requests, {tally.requests / seconds:,.0f} a second")
    lines += [f"  {number:9,} calls ended: {name}" for name, number in tally.ended.most_common()]
    for what, number in Counter(tally.wrong).most_common(10):
        lines.append(f"WRONG, {number} times: {what}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=1000, help="requests a second, at most")
    parser.add_argument("--workers", type=int, default=32)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
        return 0
    tally = asyncio.run(run(arguments.seconds, arguments.rate, arguments.workers))
    print(report(tally, arguments.seconds))
    return bool(tally.wrong)


if __name__ == "__main__":
    sys.exit(main())
