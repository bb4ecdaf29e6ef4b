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


def show(what: str, times: list[list[int]], unit: float) -> None:
    """Print two percentiles of each, and the ratio."""
    for percent in (5, 50):
        bare, ours = (found[len(found) * percent // 100] / unit for found in times)
        print(f"{what}, p{percent}: bare {bare:.1f}, ours {ours:.1f}, ratio {ours / bare:.2f}")


async def main() -> None:
    """Measure walks by CPU time, then single calls by the clock."""
    with static_server() as port:
        clients = [make(name, f"http://127.0.0.1:{port}/0/100000/v1") for name in NAMES]
        walks = [lambda client=client: client.walk(100, 1000, 1) for client in clients]
        calls = [lambda client=client: client.call(20) for client in clients]
        await by_turns(walks + calls, 20, 1, time.thread_time_ns)
        times = await by_turns(walks, 300, 1, time.thread_time_ns)
        show("CPU us a hit, 100 hits a page", times, 1e6)
        show("us a call of 20 hits", await by_turns(calls, 300, 5, time.perf_counter_ns), 1e3)
        for client in clients:
            await client.close()


if __name__ == "__main__":
    asyncio.run(main())
