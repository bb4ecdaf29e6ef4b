"""How near the text search is to Meilisearch's core, how fast, and how large.

    python tests/benchmarks/bench_text.py [--documents 20000] [--oracle 5000]
        [--short] [--json FILE]

The agreement is measured against `milli`, the core of Meilisearch, on the same documents: the
share of its top 20 that is in ours, and whether the first hit is the same.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "emulator"))

from text_corpus import make_documents, make_queries
from text_oracle import TOP, agreement, index_documents, make_oracle

from scenario_search.emulator.text.index import TextIndex


def measure_agreement(count: int) -> list[dict[str, Any]]:
    """One row for each kind of query, and one for all of them."""
    documents = make_documents(count)
    queries = make_queries(documents)
    index = index_documents(documents)
    with tempfile.TemporaryDirectory() as folder:
        oracle = make_oracle(documents, folder)
        rows: list[dict[str, Any]] = [
            {"kind": kind, **agreement(index, oracle, some)} for kind, some in queries.items()
        ]
        every = [query for some in queries.values() for query in some]
        rows.append({"kind": "all", **agreement(index, oracle, every)})
        del oracle
    return rows


def measure_speed(count: int) -> dict[str, Any]:
    """Seconds to build and to update, milliseconds of queries, megabytes."""
    documents = make_documents(count)
    queries = make_queries(documents)
    began = time.perf_counter()
    index = index_documents(documents)
    build = time.perf_counter() - began
    row: dict[str, Any] = {"documents": count, "build s": round(build, 2)}

    times: dict[str, list[float]] = {}
    for kind, some in queries.items():
        for query in some * 3:
            began = time.perf_counter()
            index.search(query, limit=TOP)
            times.setdefault(kind, []).append((time.perf_counter() - began) * 1000)
    for kind, some_times in times.items():
        row[f"{kind} p50 ms"] = round(statistics.median(some_times), 2)
    every = sorted(t for some_times in times.values() for t in some_times)
    row["all p50 ms"] = round(statistics.median(every), 2)
    row["all p99 ms"] = round(every[int(len(every) * 0.99)], 2)

    more = make_documents(1000, seed=99)
    began = time.perf_counter()
    index.update((count + d.number, ("", *d.texts)) for d in more)
    row["1000 more s"] = round(time.perf_counter() - began, 2)
    began = time.perf_counter()
    index.update((d.number, ("", *d.texts)) for d in more[:10])
    row["10 replaced s"] = round(time.perf_counter() - began, 2)
    data = index.to_bytes()
    began = time.perf_counter()
    TextIndex.from_bytes(data)
    row["load s"] = round(time.perf_counter() - began, 2)
    row["kept index MB"] = round(len(data) / 1e6, 1)
    row["peak process MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    return row


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, nargs="*", default=[20_000])
    parser.add_argument("--oracle", type=int, default=5_000, help="documents; 0: no oracle")
    parser.add_argument("--short", action="store_true", help="only show that it works")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    if options.short:
        options.documents, options.oracle = [500], 0
    results: dict[str, Any] = {
        "agreement": measure_agreement(options.oracle) if options.oracle else [],
        "speed": [measure_speed(count) for count in options.documents],
    }
    for row in results["agreement"]:
        print("  ".join(f"{key} {value}" for key, value in row.items()))
    for row in results["speed"]:
        print()
        for key, value in row.items():
            print(f"{key:>18}  {value}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
