"""Search by meaning: paraphrases found first, against the whole model, and the time it takes.

python tests/benchmarks/bench_semantic.py [--documents 2000] [--load 20000] [--whole]
    [--short] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "emulator"))

from paraphrases import PAIRS, RIDDLES, distractors

from scenario_search.emulator.demo.data import iter_assets
from scenario_search.emulator.meaning.embedding import MiniLMEmbedder, Vectors, normalised
from scenario_search.emulator.vectors.index import VectorIndex, best

Embed = Callable[[Sequence[str]], Vectors]


def found_first(embed: Embed, pairs: Sequence[tuple[str, str]], documents: list[str]) -> float:
    """Share of queries whose own document is the nearest of all."""
    index = VectorIndex(len(embed(["x"])[0]))
    index.update(range(len(documents)), embed(documents))
    queries = embed([query for _, query in pairs])
    hits = [
        best(*index.similarities(query), limit=1)[0][0] == documents.index(document)
        for (document, _), query in zip(pairs, queries, strict=True)
    ]
    return float(np.mean(hits))


def whole_model(embedder: MiniLMEmbedder) -> Embed:
    """The model over whole texts, centred on the mean of many documents."""
    model = embedder._load().model
    centre = model.run(distractors(500, seed=1)).mean(axis=0)
    return lambda texts: normalised(model.run(texts) - centre)


def text_of(asset: dict[str, object]) -> str:
    metadata = asset["metadata"]
    assert isinstance(metadata, dict)
    parts = [metadata.get("prompt"), metadata.get("name"), asset.get("description")]
    return ". ".join(str(part) for part in parts if part)


def milliseconds(run: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return 1000 * float(np.median(taken))


def measure(documents: int, load: int, whole: bool) -> dict[str, float]:
    """All figures by what they are."""
    embedder = MiniLMEmbedder()
    started = time.perf_counter()
    embedder.embed(["x"])
    results = {"first call, s": time.perf_counter() - started}
    texts = [document for document, _ in PAIRS] + distractors(documents)
    results["R@1, paraphrases"] = found_first(embedder.embed, PAIRS, texts)
    results["R@1, riddles"] = found_first(embedder.embed, RIDDLES, texts)
    if whole:
        embed = whole_model(embedder)
        results["R@1, paraphrases, whole model"] = found_first(embed, PAIRS, texts)
        results["R@1, riddles, whole model"] = found_first(embed, RIDDLES, texts)
    results["query, ms"] = milliseconds(
        lambda: embedder.embed(distractors(1, seed=time.perf_counter_ns())), 30
    )
    if load:
        demo = [text_of(asset) for asset in islice(iter_assets(n=load), load)]
        fresh = MiniLMEmbedder()
        index = VectorIndex(fresh.dimensions)
        started, busy = time.perf_counter(), time.process_time()
        for start in range(0, load, 1000):
            batch = demo[start : start + 1000]
            index.update(range(start, start + len(batch)), fresh.embed(batch))
        results[f"embedding {load} demo assets, s"] = time.perf_counter() - started
        results[f"embedding {load} demo assets, s of CPU"] = time.process_time() - busy
        query = fresh.embed(["a winged monster"])[0]
        results[f"search in {load} vectors, ms"] = milliseconds(
            lambda: best(*index.similarities(query), limit=20), 30
        )
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--load", type=int, default=20_000)
    parser.add_argument("--whole", action="store_true", help="compare with the whole model")
    parser.add_argument("--short", action="store_true", help="only show that it works")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    if arguments.short:
        arguments.documents, arguments.load, arguments.whole = 100, 200, False
    results = measure(arguments.documents, arguments.load, arguments.whole)
    for name, value in results.items():
        print(f"{name:40} {value:9.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
