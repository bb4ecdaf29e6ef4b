"""Crawls past the engine's cap: whole, within their budget of requests, in bounded memory.

The emulator runs in a process of its own, with bursts of up to 999 assets in one millisecond,
a busy day, and some assets without a date. Each row says what came, what was asked for, and
whether that is as promised; the exit code tells it too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import attrs

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "client" / "crawl"))

from crawl_engine import SPAN, Asset, clustered_assets, dated  # noqa: E402

from scenario_search import AsyncScenario  # noqa: E402

CAP = 1000
BURST = 999
PARTS = ("whole", "churn", "kill", "faults", "latency", "memory", "cpu")
BUDGETS = {1: 1.04, 8: 1.1, 64: 1.3}
"""Requests for each full page, at each concurrency; beside a few that do not depend on the hits."""


@attrs.frozen
class Sizes:
    """How much is done: in full, or to show that it works."""

    assets: int = 50_000
    changes: int = 1_000
    kills: int = 20
    few: int = 10_000
    many: int = 200_000
    fault_every: int = 100
    exported: int = 20_000


SHORT = Sizes(
    assets=3_000, changes=100, kills=2, few=1_000, many=3_000, fault_every=25, exported=1_000
)


class Server:
    """An emulator in another process."""

    def __init__(self, told: dict[str, str]) -> None:
        self.client: dict[str, Any] = {
            name: told[name] for name in ("base_url", "api_key", "api_secret")
        }
        self._control = told["base_url"].removesuffix("/v1") + "/__emulator__/"

    def post(self, path: str, body: bytes, method: str = "POST") -> None:
        """Ask the control plane for something."""
        with urlopen(Request(self._control + path, body, method=method)):
            return

    def fault(self, **rule: Any) -> None:
        """Let requests fail."""
        self.post("faults", json.dumps({"path": "/v1/*", **rule}).encode())

    def load(self, assets: list[Asset]) -> None:
        """Add or replace assets."""
        self.post("documents/assets", b"\n".join(json.dumps(a).encode() for a in assets))

    def delete(self, ids: list[str]) -> None:
        """Delete assets."""
        self.post("documents/assets", json.dumps({"ids": ids}).encode(), "DELETE")


@contextmanager
def emulator(count: int, *options: str) -> Iterator[Server]:
    """Run an emulator with so many assets."""
    command = [sys.executable, __file__, "--serve", str(count), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Server(json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()


def serve(count: int, *, light: bool, even: bool) -> None:
    """Be that emulator until standard input ends."""
    from scenario_search.emulator import Emulator

    with Emulator(result_cap=CAP) as served:
        assets = clustered_assets(count, burst=BURST) if light else assets_of(count)
        if even:
            dates = [dated(number, number * 1000) for number in range(count)]
            assets = [asset | date for asset, date in zip(assets, dates, strict=True)]
        served.load_sync(assets)
        told = {
            "base_url": served.url,
            "api_key": served.api_key,
            "api_secret": served.api_secret,
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()


def assets_of(count: int) -> list[Asset]:
    """Make the assets; of 2 kB each, as the real ones are."""
    assets = clustered_assets(count, burst=BURST)
    for asset in assets:
        asset["metadata"]["prompt"] += " of a castle by the sea" * 40
    return assets


def job(
    server: Server, *, bare: bool = False, export: str | None = None, **crawl: Any
) -> dict[str, Any]:
    """Crawl in another process."""
    told: dict[str, Any] = {"client": server.client, "crawl": crawl, "bare": bare}
    if export is not None:
        told["export"] = export
    told["client"] = {**server.client, **crawl.pop("client", {})}
    told["only_count"] = crawl.pop("only_count", False)
    done = subprocess.run(
        [sys.executable, str(HERE / "crawl_job.py"), json.dumps(told)],
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


class Table:
    """The rows so far."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, name: str, result: dict[str, Any], *, good: bool, note: str = "") -> None:
        """Add a row and print it."""
        self.rows.append({"name": name, **result, "good": good, "note": note})
        parts = [f"{result.get('hits', 0):>8,} hits", f"{result.get('requests', 0):>6,} requests"]
        parts += [f"{result.get('seconds', 0):>7.2f} s"]
        print(f"{name:<34}{'  '.join(parts)}  {'ok' if good else 'NOT AS PROMISED'}  {note}")
        sys.stdout.flush()


def whole(table: Table, server: Server, count: int) -> None:
    """Every id once, at any concurrency."""
    for concurrency, share in BUDGETS.items():
        budget = share * count / 100 + 20
        result = job(server, concurrency=concurrency)
        good = result["hits"] == result["distinct"] == count and result["requests"] <= budget
        note = f"of {budget:,.0f} requests; {result['hits'] / result['seconds']:,.0f} hits/s"
        table.add(f"concurrency {concurrency}", result, good=good, note=note)


async def churned(server: Server, count: int, changes: int, concurrency: int) -> dict[str, Any]:
    """Crawl while assets are added, updated and deleted, a few after every few requests."""
    chance = random.Random(concurrency)
    assets = assets_of(count)
    fates = chance.sample(assets, 2 * changes)
    deleted, updated = fates[:changes], fates[changes:]
    steps, every = max(1, changes // 20), max(1, count // 100 // 25)
    tasks: list[asyncio.Task[None]] = []
    position = 0

    def change(stats: Any) -> None:
        nonlocal position
        if stats.requests % every or position >= changes:
            return
        part = slice(position, position + steps)
        position += steps
        new = [
            dated(10**6 * concurrency + i, chance.randrange(SPAN), ownerId="project_demo")
            for i in range(changes)[part]
        ]
        touched = [{**a, "updatedAt": "2026-01-01T00:00:00.000Z"} for a in updated[part]]
        ids = [asset["id"] for asset in deleted[part]]
        loop = asyncio.get_running_loop()
        tasks.append(loop.create_task(asyncio.to_thread(server.load, new + touched)))
        tasks.append(loop.create_task(asyncio.to_thread(server.delete, ids)))

    async with (
        AsyncScenario(**server.client) as client,
        client.crawl.assets(public=True, concurrency=concurrency, progress=change) as crawl,
    ):
        found = [hit.id async for hit in crawl]
    await asyncio.gather(*tasks)
    stable = {asset["id"] for asset in assets} - {asset["id"] for asset in deleted}
    kept = [hit_id for hit_id in found if hit_id in stable]
    await asyncio.to_thread(server.load, deleted)  # as it was, for the next
    return {
        "hits": len(found),
        "requests": crawl.stats.requests,
        "seconds": crawl.stats.elapsed,
        "missing": len(stable - set(kept)),
        "twice": len(kept) - len(set(kept)),
        "changed": position,
    }


def churn(table: Table, server: Server, count: int, changes: int) -> None:
    """What was there all the time comes once, whatever else happens."""
    for concurrency in (1, 8, 64):
        result = asyncio.run(churned(server, count, changes, concurrency))
        good = result["missing"] == result["twice"] == 0 and result["changed"] >= changes
        note = f"{result['changed']:,} added, updated, deleted meanwhile"
        table.add(f"changing, concurrency {concurrency}", result, good=good, note=note)


def killed(table: Table, server: Server, kills: int, requests: int) -> None:
    """The file of a crawl that was killed again and again equals an undisturbed one."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, str(HERE.parent / "client" / "crawl" / "crawl_worker.py")]
        command += [*server.client.values(), str(CAP), "8"]
        whole = [str(folder / "whole.ckpt"), str(folder / "whole.jsonl")]
        subprocess.run([*command, *whole], check=True, stdout=subprocess.DEVNULL)
        files = [str(folder / "killed.ckpt"), str(folder / "killed.jsonl")]
        done = sent = 0
        ended = False
        while not ended:
            # In the mean, the kills come before the end.
            most = chance.randrange(20, max(40, 3 * requests // max(1, kills)))
            with subprocess.Popen([*command, *files], stdout=subprocess.PIPE) as worker:
                assert worker.stdout is not None
                if done == kills:
                    sent += len(worker.stdout.read())
                    break
                got = len(worker.stdout.read(most))
                sent += got
                ended = got < most
                worker.kill()
            done += not ended
        same = Path(files[1]).read_bytes() == Path(whole[1]).read_bytes()
        hits = len(Path(files[1]).read_bytes().splitlines())
    result = {"hits": hits, "requests": sent, "kills": done}
    table.add("kill -9 and resume", result, good=same, note=f"{done} times; files equal: {same}")


def faulty(table: Table, server: Server, count: int, every: int) -> None:
    """Complete, though of so many requests each kind of fault spoils one."""
    faults: list[dict[str, Any]] = [
        {"status": 429, "headers": {"Retry-After": "0"}},
        {"status": 503},
        {"reset": True},
        {"truncate": 500},
        {"stall": True},
    ]
    for fault in faults:
        server.fault(every=every, **fault)
    result = job(server, concurrency=8, client={"timeout": 2})
    server.post("faults", b"", "DELETE")
    good = result["hits"] == result["distinct"] == count and result["retries"] > 0
    share = len(faults) / every
    table.add(f"{share:.0%} faults", result, good=good, note=f"{result['retries']} retries")


def latency(table: Table, server: Server, count: int, *, short: bool) -> None:
    """With 50 ms on each request, eight in flight are at least five times as fast as one."""
    server.fault(latency=0.05)
    one = job(server, bare=True)
    table.add("50 ms latency, sequential", one, good=one["distinct"] == count)
    for name, order in (("in order", "newest"), ("any order", None)):
        eight = job(server, concurrency=8, order=order)
        times = one["seconds"] / eight["seconds"]
        # In a short run the few requests before all are in flight count too much.
        good = eight["distinct"] == count and (short or times >= 5)
        table.add(f"50 ms latency, 8, {name}", eight, good=good, note=f"{times:.1f} times")
    server.post("faults", b"", "DELETE")


def cpu(table: Table, count: int, *, short: bool) -> None:
    """A crawl into JSONL takes at most twice the CPU time of bare aiohttp with orjson."""
    with emulator(count, "--even") as server:
        ways: dict[str, dict[str, Any]] = {
            "bare aiohttp and orjson": {"export": "aiohttp"},
            "to JSONL": {"export": "jsonl", "concurrency": 1},
            "to JSONL, checkpoint": {"export": "jsonl", "concurrency": 1, "has_checkpoint": True},
        }
        best: dict[str, dict[str, Any]] = {}
        for _ in range(1 if short else 3):
            for name, options in ways.items():
                result = job(server, **options)
                if name not in best or result["cpu"] < best[name]["cpu"]:
                    best[name] = result
    bare = best["bare aiohttp and orjson"]["cpu"]
    for name, result in best.items():
        times = result["cpu"] / bare
        good = result["hits"] == result["distinct"] == count and (short or times <= 2)
        note = f"{result['cpu'] / count * 1e6:.0f} us of CPU per hit; {times:.2f} times"
        table.add(name, result, good=good, note=note)


def memory(table: Table, few: int, many: int) -> None:
    """Twenty times as many hits take hardly more memory."""
    results = []
    for count in (few, many):
        with emulator(count) as server:
            results.append(job(server, concurrency=8, only_count=True))
    growth = (results[1]["peak"] - results[0]["peak"]) / 1e6
    table.add(f"memory, {few:,} hits", results[0], good=results[0]["hits"] == few)
    good = results[1]["hits"] == many and growth < 30
    note = f"{growth:+.1f} MB to a peak of {results[1]['peak'] / 1e6:.0f} MB"
    table.add(f"memory, {many:,} hits", results[1], good=good, note=note)


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="only show that it works")
    parser.add_argument("--json", type=Path, help="a file to write the figures to")
    parser.add_argument("--only", nargs="+", default=[], choices=PARTS, help="which parts")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--light", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--even", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve(arguments.serve, light=arguments.light, even=arguments.even)
        return 0
    sizes = SHORT if arguments.short else Sizes()
    wanted = arguments.only or PARTS
    table = Table()
    count = sizes.assets
    if {"whole", "kill", "faults", "churn"} & set(wanted):
        with emulator(count) as server:
            if "whole" in wanted:
                whole(table, server, count)
            if "kill" in wanted:
                killed(table, server, sizes.kills, count // 80)
            if "faults" in wanted:
                faulty(table, server, count, sizes.fault_every)
            if "churn" in wanted:
                churn(table, server, count, sizes.changes)
    if "latency" in wanted:
        with emulator(count, "--light") as server:
            latency(table, server, count, short=arguments.short)
    if "memory" in wanted:
        memory(table, sizes.few, sizes.many)
    if "cpu" in wanted:
        cpu(table, sizes.exported, short=arguments.short)
    if arguments.json:
        arguments.json.write_text(json.dumps(table.rows, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row["good"] for row in table.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
