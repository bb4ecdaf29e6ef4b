"""Mixed load with faults, for as long as asked: what the process holds must be flat at the end.

    python tests/soak/soak.py [--seconds 600] [--rate 1000] [--emulated 100] [--proxy]

One process searches, counts, walks, reads ahead, crawls, gives up and cancels. Two servers in
processes of their own answer, and fail one request in twenty: an emulator, which searches and
so can answer a few hundred a second, and a server of prepared pages, which takes the rest. With
``--proxy`` every request goes through a forward proxy, in a process of its own too.

A line for each minute (or tenth of a shorter time) says what the process holds: memory, file
descriptors, sockets, those of them that are in no client's pool, tasks, threads. The exit code is
1 where something was left open, grew, went missing or was not what was asked for; growth is
judged from one minute of load on. Pools are as large as the load of the moment, up to their
limit, so what is judged of sockets is their number beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import statistics
import sys
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import aiohttp
import attrs

sys.path.insert(0, str(Path(__file__).parent))

from calls import OF_EMULATOR, OF_PREPARED, Call, Tally
from servers import Elsewhere, elsewhere

from scenario_search import APIError, AsyncScenario

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
CONNECTIONS = 32
LONG = 60
"""Seconds from which on growth is judged: before, memory still fills up."""

LEEWAY: Mapping[str, float] = {
    "memory": 8,
    "emulator_memory": 16,
    "files": 2,
    "strays": 4,
    "tasks": 8,
    "threads": 1,
}
"""By how much the median of the last fifth of the time may be above that of the second fifth."""


def memory(process: int | str = "self") -> float:
    """The resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * PAGE_SIZE / 2**20


def descriptors() -> list[str]:
    """What this process has open."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(descriptor.readlink()))
        except OSError:  # the descriptor of this very listing
            continue
    return found


def pooled(client: AsyncScenario) -> int:
    """How many connections a client has, in use or idle."""
    session = client._requester.transport._sessions._own
    connector: Any = session and session.connector
    if connector is None:
        return 0
    return len(connector._acquired) + sum(map(len, connector._conns.values()))


def sockets() -> int:
    return sum(name.startswith("socket:") for name in descriptors())


@attrs.frozen
class Sample:
    """What the process holds at a moment. Memory is in MiB, time in seconds from the start.

    ``files`` are the descriptors that are no sockets, ``strays`` the sockets in no pool.
    """

    at: float
    requests: int
    memory: float
    emulator_memory: float
    files: int
    sockets: int
    strays: int
    tasks: int
    threads: int

    def line(self, before: Sample | None) -> str:
        """What a reader wants to know, with the rate since another sample."""
        since = (self.requests - before.requests) / (self.at - before.at) if before else 0
        return (
            f"{self.at:6.0f} {self.requests:10,} {since:8,.0f} {self.memory:11.1f} "
            f"{self.emulator_memory:13.1f} {self.files:5} {self.sockets:7} {self.strays:6} "
            f"{self.tasks:5} {self.threads:7}"
        )


HEAD = (
    f"{'s':>6} {'requests':>10} {'a second':>8} {'client MiB':>11} {'emulator MiB':>13} "
    f"{'files':>5} {'sockets':>7} {'strays':>6} {'tasks':>5} {'threads':>7}"
)


@attrs.define
class Watch:
    """Takes a sample each hundredth of the time, or second, and shows one each minute."""

    emulator: int
    seconds: float
    clients: list[AsyncScenario] = attrs.Factory(list)
    requests: int = 0
    samples: list[Sample] = attrs.Factory(list)

    async def run(self) -> None:
        print(HEAD, flush=True)
        began, shown = time.monotonic(), None
        while True:
            gc.collect()
            sample = self._sample(time.monotonic() - began)
            self.samples.append(sample)
            if shown is None or sample.at >= shown.at + min(60, self.seconds / 10):
                print(sample.line(shown), flush=True)
                shown = sample
            await asyncio.sleep(max(self.seconds / 100, min(1, self.seconds / 10)))

    def _sample(self, at: float) -> Sample:
        opened = descriptors()
        found = sum(name.startswith("socket:") for name in opened)
        return Sample(
            at=at,
            requests=self.requests,
            memory=memory(),
            emulator_memory=memory(self.emulator),
            files=len(opened) - found,
            sockets=found,
            strays=found - sum(map(pooled, self.clients)),
            tasks=len(asyncio.all_tasks()),
            threads=threading.active_count(),
        )

    def trace(self) -> aiohttp.TraceConfig:
        """Count the requests of a client."""

        async def started(*_: Any) -> None:
            self.requests += 1

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(started)
        return trace

    def growth(self) -> list[str]:
        """Say what was more in the last fifth of the time than in the second."""
        fifth = len(self.samples) // 5
        second, last = self.samples[fifth : 2 * fifth], self.samples[-fifth:]
        found = []
        for name, leeway in LEEWAY.items():
            before, after = (
                statistics.median(getattr(sample, name) for sample in part)
                for part in (second, last)
            )
            if after > before + leeway:
                found.append(f"{name} grew from {before:.1f} to {after:.1f}")
        return found


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


async def work(
    client: AsyncScenario, calls: Mapping[Call, float], tally: Tally, until: float, seed: int
) -> None:
    """Call after call, each noted by how it ended."""
    chance = random.Random(seed)
    choices, weights = list(calls), list(calls.values())
    while time.monotonic() < until:
        (call,) = chance.choices(choices, weights)
        tally.started += 1
        try:
            await call(client, tally, chance)
        except APIError as error:
            tally.ended[type(error).__name__] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is one too many
            tally.ended[type(error).__name__] += 1
            tally.wrong[f"{call.__name__}: {error!r}"] += 1
        else:
            tally.ended["as asked"] += 1


@asynccontextmanager
async def client_of(
    server: Elsewhere, watch: Watch, rate: float, proxy: Elsewhere | None
) -> AsyncIterator[AsyncScenario]:
    async with AsyncScenario(
        **server.reach,
        **({} if proxy is None else proxy.reach),
        timeout=1,
        max_connections=CONNECTIONS,
        max_retries=3,
        limiter=Pace(rate),
        trace_configs=[watch.trace()],
    ) as client:
        client._requester.chance = lambda: 0.05
        watch.clients.append(client)
        yield client


async def run(
    seconds: float, rate: float, emulated: float, workers: int, *, proxied: bool
) -> tuple[Tally, Watch]:
    """Load both servers, and judge what is left."""
    tally = Tally()
    async with (
        elsewhere("emulator") as emulator,
        elsewhere("prepared") as prepared,
        elsewhere("proxy") if proxied else nullcontext() as proxy,
    ):
        watch = Watch(emulator.process, seconds)
        tasks_before, sockets_before = asyncio.all_tasks(), sockets()
        async with AsyncExitStack() as stack:
            loads = []
            for server, calls, share in (
                (emulator, OF_EMULATOR, emulated),
                (prepared, OF_PREPARED, rate - emulated),
            ):
                if share > 0:
                    client = await stack.enter_async_context(client_of(server, watch, share, proxy))
                    loads += [(client, calls, number) for number in range(workers)]
            watching = asyncio.create_task(watch.run())
            until = time.monotonic() + seconds
            await asyncio.gather(
                *(work(client, calls, tally, until, number) for client, calls, number in loads)
            )
            watching.cancel()
            await asyncio.wait([watching])
            await asyncio.sleep(0)
            tally.expect(asyncio.all_tasks() == tasks_before, "tasks are left")
            most = sockets_before + 2 * CONNECTIONS
            tally.expect(sockets() <= most, f"{sockets()} sockets, more than {most}")
        # Closed sockets go in the loop's next rounds.
        for _ in range(5):
            await asyncio.sleep(0)
        tally.expect(sockets() == sockets_before, f"{sockets() - sockets_before} sockets are left")
        tally.expect(asyncio.all_tasks() == tasks_before, "tasks are left after closing")
    tally.expect(tally.started == tally.ended.total(), "calls are missing")
    tally.expect(tally.ended["as asked"] > tally.started * 0.5, "too few calls succeeded")
    if seconds >= LONG:
        tally.wrong.update(watch.growth())
    return tally, watch


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=1000, help="requests a second, at most")
    parser.add_argument(
        "--emulated", type=float, default=100, help="how many of them go to the emulator"
    )
    parser.add_argument("--workers", type=int, default=32, help="calls at once, for each server")
    parser.add_argument("--proxy", action="store_true", help="go through a forward proxy")
    told = parser.parse_args()
    tally, watch = asyncio.run(
        run(told.seconds, told.rate, told.emulated, told.workers, proxied=told.proxy)
    )
    spent = time.process_time()
    print(f"{watch.requests:,} requests, {watch.requests / told.seconds:,.0f} a second", end="")
    print(f", {1000 * spent / watch.requests:.2f} ms of this process's CPU each")
    for name, number in tally.ended.most_common():
        print(f"  {number:9,} calls ended: {name}")
    for what, number in tally.wrong.most_common(10):
        print(f"WRONG, {number} times: {what}")
    return bool(tally.wrong)


if __name__ == "__main__":
    sys.exit(main())
