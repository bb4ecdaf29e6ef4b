"""Bare aiohttp and ours by short turns in one process, for a machine that others use as well.

    python tests/benchmarks/turns.py

A turn lasts about 10 ms, so that what disturbs one disturbs the other. Printed are the fifth and
the fiftieth percentile of each, and their ratio.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bench_client import static_server
from client_worker import make

NAMES = ("bare aiohttp", "ours")


async def by_turns(
    tasks: list[Callable[[], Awaitable[Any]]], rounds: int, repeat: int, clock: Callable[[], int]
) -> list[list[int]]:
    """Run tasks by turns, each several times a turn; give the times of each, sorted."""
    times: list[list[int]] = [[] for _ in tasks]
    for _ in range(rounds):
        for task, found in zip(tasks, times, strict=True):
            for _ in range(repeat):
                began = clock()
                await task()
                found.append(clock() - began)
    return [sorted(found) for found in times]


def show(
    what: str, times: list[list[int]], unit: float, names: tuple[str, str] = ("bare", "ours")
) -> None:
    """Print two percentiles of each, and the ratio."""
    for percent in (5, 50):
        first, second = (found[len(found) * percent // 100] / unit for found in times)
        shown = f"{names[0]} {first:.1f}, {names[1]} {second:.1f}, ratio {second / first:.2f}"
        print(f"{what}, p{percent}: {shown}")


async def main() -> None:
    """Measure walks and both of our modes by CPU time, then single calls by the clock."""
    with static_server() as port:
        clients = [make(name, f"http://127.0.0.1:{port}/0/100000/v1") for name in NAMES]
        walks = [lambda client=client: client.walk(100, 1000, 1) for client in clients]
        calls = [lambda client=client: client.call(20) for client in clients]
        modes = [walks[-1], lambda: clients[-1].walk_pages(100, 1000)]
        await by_turns(walks + modes + calls, 20, 1, time.thread_time_ns)
        times = await by_turns(walks, 300, 1, time.thread_time_ns)
        show("CPU us a hit, 100 hits a page", times, 1e6)
        times_of_modes = await by_turns(modes, 200, 1, time.thread_time_ns)
        show("CPU us a hit, offset and page mode", times_of_modes, 1e6, ("offset", "page"))
        show("us a call of 20 hits", await by_turns(calls, 300, 5, time.perf_counter_ns), 1e3)
        for client in clients:
            await client.close()


if __name__ == "__main__":
    asyncio.run(main())
