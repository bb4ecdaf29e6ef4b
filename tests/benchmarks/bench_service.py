"""A client inside a web service under load: how fast, and how long its loop makes others wait.

    python tests/benchmarks/bench_service.py [--short] [--json FILE]

Three processes: this one calls the service, the service (FastAPI on uvicorn, one loop) searches,
a static server answers each search after 20 ms. The lag is by how much a sleep of 2 ms inside the
service's loop was too long. ``/nothing`` is the same service without a search.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aiohttp
from bench_client import static_server
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
LATENCY = 20
CONNECTIONS = 100
CASES: Sequence[tuple[str, str, int]] = [
    ("nothing", "/nothing", 100),
    ("20 hits", "/search?q=castle", 10),
    ("20 hits", "/search?q=castle", 100),
    ("20 hits", "/search?q=castle", 500),
    ("100 hits", "/search?q=castle&limit=100", 100),
    ("1,000 hits, 4 ahead", "/walk?q=castle&ahead=4", 20),
]


def percentile(values: list[float], share: float) -> float:
    """In milliseconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def load(session: aiohttp.ClientSession, path: str, at_once: int, calls: int) -> list[float]:
    """Make calls, so many at once: the seconds each took."""
    took: list[float] = []
    numbers = iter(range(calls))

    async def caller() -> None:
        for _ in numbers:
            began = time.perf_counter()
            async with session.get(path) as answer:
                answer.raise_for_status()
                await answer.read()
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(caller() for _ in range(at_once)))
    return took


async def measure(url: str, calls: int) -> list[dict[str, Any]]:
    rows = []
    connector = aiohttp.TCPConnector(limit=1000)
    async with aiohttp.ClientSession(url, connector=connector) as session:

        async def noted() -> dict[str, Any]:
            async with session.get("/lag") as answer:
                found: dict[str, Any] = await answer.json()
                return found

        for name, path, at_once in CASES:
            number = max(at_once, calls // (20 if "walk" in path else 1))
            await load(session, path, at_once, at_once)
            before = await noted()
            began = time.perf_counter()
            took = await load(session, path, at_once, number)
            seconds = time.perf_counter() - began
            after = await noted()
            rows.append(
                {
                    "answer": name,
                    "at once": at_once,
                    "calls/s": number / seconds,
                    "CPU ms/call": 1000 * (after["cpu"] - before["cpu"]) / number,
                    "median ms": 1000 * statistics.median(took),
                    "p99 ms": percentile(took, 0.99),
                    "lag median ms": percentile(after["lags"], 0.5),
                    "lag p99 ms": percentile(after["lags"], 0.99),
                    "lag most ms": percentile(after["lags"], 1),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        upstream = f"http://127.0.0.1:{stack.enter_context(static_server())}/{LATENCY}/100000/v1"
        service = subprocess.Popen(
            [sys.executable, str(HERE / "service.py"), upstream, str(CONNECTIONS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(service.communicate)
        assert service.stdout is not None
        url = f"http://127.0.0.1:{int(service.stdout.readline())}"
        rows = asyncio.run(measure(url, 100 if arguments.short else 2000))
    table = Table(title=f"A service with {CONNECTIONS} connections; searches take {LATENCY} ms")
    for name in rows[0]:
        table.add_column(name, justify="left" if name == "answer" else "right")
    for row in rows:
        table.add_row(*(f"{v:,.2f}" if isinstance(v, float) else str(v) for v in row.values()))
    Console(width=120).print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
