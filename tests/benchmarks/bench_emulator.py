"""How large an emulator can be, and how fast it answers, over HTTP.

    python tests/benchmarks/bench_emulator.py [--documents 20000 200000]
        [--random-vectors] [--short] [--json FILE]

Each size runs in a process of its own. Loading includes the vectors of all texts. Every query is
another one, so that nothing is answered from memory; one is asked at a time. CPU time is that of
the emulator and of its client together, and tells more than the clock on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from scenario_search import F, Scenario
from scenario_search.emulator import Emulator
from scenario_search.emulator.demo.data import iter_assets
from scenario_search.emulator.meaning.embedding import MiniLMEmbedder, Vectors, normalised

Row = dict[str, Any]
SUBJECTS = ["castle", "dragon", "forest", "knight", "wizard", "spaceship", "robot", "potion"]
MOODS = ["gloomy", "cheerful", "ancient", "frozen", "golden", "stormy", "peaceful", "haunted"]
STYLES = ["fantasy", "painting", "pixel", "watercolor", "concept", "portrait", "isometric"]


def misspelt(word: str, number: int) -> str:
    """Swap two letters, but not the first."""
    at = 1 + number % (len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def queries() -> dict[str, Iterator[Row]]:
    """Endless requests of each kind, no two alike for a long time."""
    pairs = list(itertools.product(SUBJECTS, STYLES))
    numbers = itertools.count(1)

    def typo() -> Iterator[Row]:
        for number in numbers:
            subject, style = pairs[number % len(pairs)]
            yield {"query": f"{misspelt(style, number)} {misspelt(subject, number // 3)}"}

    def filtered() -> Iterator[Row]:
        for number in numbers:
            subject, style = pairs[number % len(pairs)]
            yield {
                "filter": f"(tags = {subject} OR prompt:{style}) AND width >= {500 + number} "
                "AND nsfw IS EMPTY",
                "sortBy": ["createdAt:desc"],
            }

    def hybrid() -> Iterator[Row]:
        for number in numbers:
            subject, style = pairs[number % len(pairs)]
            yield {
                "query": f"{MOODS[number // len(pairs) % len(MOODS)]} {style} of a {subject}",
                "querySemanticRatio": 0.5,
                "filter": "kind = image",
            }

    return {"typo": typo(), "filter and sort": filtered(), "hybrid": hybrid()}


def size_of(folder: Path) -> int:
    """The bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.iterdir())


class RandomVectors:
    """Random vectors for documents, real ones for queries."""

    name = "random"
    dimensions = MiniLMEmbedder.dimensions

    def __init__(self) -> None:
        self._real = MiniLMEmbedder()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`. One text alone is taken for a query."""
        if len(texts) == 1:
            return self._real.embed(texts)
        shape = (len(texts), self.dimensions)
        return normalised(np.random.default_rng(0).normal(size=shape).astype(np.float32))


async def measure(documents: int, rounds: int, random_vectors: bool) -> Row:
    """Load so many assets, then time each kind of query."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "assets.db"
        embedder = RandomVectors() if random_vectors else MiniLMEmbedder()
        async with Emulator(path, embedder=embedder) as emulator:
            began, busy = time.perf_counter(), time.process_time()
            await emulator.load(iter_assets(0, documents))
            loaded = time.perf_counter() - began
            await emulator.prepare(texts=True, pictures=False)
            row: Row = {
                "documents": documents,
                "load s": loaded,
                "with vectors s": time.perf_counter() - began,
                "CPU of both s": time.process_time() - busy,
            }
            auth = {"Authorization": f"Bearer {emulator.bearer_auth}"}
            async with aiohttp.ClientSession(headers=auth) as session:
                for kind, requests in queries().items():
                    times, cpu_times = [], []
                    for request in itertools.islice(requests, rounds + 3):
                        asked, busy = time.perf_counter(), time.process_time()
                        async with session.post(
                            f"{emulator.url}/search/assets", json={**request, "public": True}
                        ) as response:
                            answer = await response.json()
                        times.append((time.perf_counter() - asked) * 1000)
                        cpu_times.append((time.process_time() - busy) * 1000)
                        if response.status != 200:
                            raise SystemExit(f"{request}: {response.status} {answer}")
                    row[f"{kind} p50 ms of CPU"] = statistics.median(cpu_times[3:])
                    times = sorted(times[3:])
                    row[f"{kind} p50 ms"] = times[len(times) // 2]
                    row[f"{kind} p99 ms"] = times[min(len(times) - 1, len(times) * 99 // 100)]
        began = time.perf_counter()
        async with Emulator(path, embedder=embedder) as emulator:
            row["open s"] = time.perf_counter() - began
        row["file MB"] = size_of(Path(folder)) / 1e6
    row["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return row


async def measure_clients(documents: int, searches: int, rounds: int) -> Row:
    """Time eight concurrent clients that search by words, as a multiple of one client.

    Each figure is the median of `rounds`, in which one client and eight take turns. The clients
    share the emulator's process, so CPU time is that of both.
    """
    requests = (
        {"query": f"{mood} {style} {subject}", "public": True}
        for mood, style, subject in itertools.cycle(itertools.product(MOODS, STYLES, SUBJECTS))
    )
    async with Emulator() as emulator:
        await emulator.load(iter_assets(0, documents))
        url = f"{emulator.url}/search/assets"
        auth = {"Authorization": f"Bearer {emulator.bearer_auth}"}
        async with aiohttp.ClientSession(headers=auth) as session:

            async def client(numbers: Iterator[int]) -> None:
                for _ in numbers:
                    async with session.post(url, json=next(requests)) as response:
                        await response.read()
                        response.raise_for_status()

            async def measured(clients: int) -> tuple[float, float]:
                began, busy = time.perf_counter(), time.process_time()
                numbers = iter(range(searches))
                await asyncio.gather(*(client(numbers) for _ in range(clients)))
                passed = time.perf_counter() - began
                return searches / passed, (time.process_time() - busy) / searches * 1000

            await measured(8)
            each = [(*await measured(1), *await measured(8)) for _ in range(rounds)]
    pace, spent, pace_of_eight, spent_of_eight = map(statistics.median, zip(*each, strict=True))
    return {
        "documents": documents,
        "one client: CPU ms per search": spent,
        "eight clients: CPU per search, multiple": spent_of_eight / spent,
        "eight clients: searches per second, multiple": pace_of_eight / pace,
    }


def cpu(act: Callable[[], object]) -> float:
    """The seconds of CPU that something takes, in all threads."""
    busy = time.process_time()
    act()
    return time.process_time() - busy


def measure_session(cache: str) -> Row:
    """Time what a test session waits for on the demo data, by CPU of emulator and client.

    Args:
        cache: The folder of features.
    """
    with contextlib.ExitStack() as stack:
        emulator = Emulator.demo(cache=cache)
        stack.callback(emulator.stop_sync)
        times = {"start": cpu(emulator.start_sync)}
        client = stack.enter_context(Scenario(**emulator.client_options))
        search = client.search.asset_search
        asked = search(query="castle", filter=F.kind == "image").hits[0].id
        one = statistics.median(cpu(lambda: search(query="castle")) for _ in range(100))
        times["first search by image"] = cpu(lambda: search(image=asked))
        times["later search by image"] = cpu(lambda: search(image=asked))
        times["reset of faults and requests"] = cpu(emulator.reset_sync)
        emulator.load_sync([{"id": "asset_new"}])
        emulator.delete_sync([asked])
        times["reset of documents, two changed"] = cpu(lambda: emulator.reset_sync(documents=True))
        times["search by image after that"] = cpu(lambda: search(image=asked))
    return {
        "search by words, ms": one * 1000,
        **{name: spent / one for name, spent in times.items()},
    }


def measure_sessions() -> Row:
    """Time a first session, which fills the cache of features, and one after it."""
    with tempfile.TemporaryDirectory() as cache:
        return {
            f"{which} session: {name}": value
            for which in ("first", "later")
            for name, value in measure_session(cache).items()
        }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--rounds", type=int, default=100, help="queries of each kind")
    parser.add_argument(
        "--random-vectors",
        action="store_true",
        help="stand-ins for the vectors, to time queries where making real ones takes too long",
    )
    parser.add_argument("--short", action="store_true", help="only show that it works")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sizes, rounds = ([300], 5) if arguments.short else (arguments.documents, arguments.rounds)
    if arguments.alone:
        print(json.dumps(asyncio.run(measure(sizes[0], rounds, arguments.random_vectors))))
        return
    rows = []
    for size in sizes:
        command = [sys.executable, __file__, "--alone", "--documents", str(size)]
        if arguments.random_vectors:
            command.append("--random-vectors")
        done = subprocess.run(
            [*command, "--rounds", str(rounds)], stdout=subprocess.PIPE, check=True, text=True
        )
        rows.append(json.loads(done.stdout))
    table = Table(title="The emulator over HTTP", title_justify="left")
    table.add_column("figure")
    for row in rows:
        table.add_column(f"{row['documents']:,}", justify="right")
    for key in list(rows[0])[1:]:
        table.add_row(key, *(f"{row[key]:,.1f}" for row in rows))
    suite = measure_sessions()
    eight = asyncio.run(measure_clients(*((300, 20, 1) if arguments.short else (3000, 500, 5))))
    Console(width=100).print(table)
    pace = Table(title="A session of tests, in searches by words", title_justify="left")
    pace.add_column("figure")
    pace.add_column("multiple", justify="right")
    for key, value in suite.items():
        pace.add_row(key, f"{value:,.1f}")
    Console(width=100).print(pace)
    concurrent = Table(title="Concurrent searches by words", title_justify="left")
    concurrent.add_column("figure")
    concurrent.add_column("value", justify="right")
    for key, value in eight.items():
        concurrent.add_row(key, f"{value:,}" if isinstance(value, int) else f"{value:,.2f}")
    Console(width=100).print(concurrent)
    if arguments.json:
        arguments.json.write_bytes(orjson.dumps([*rows, suite, eight], option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
