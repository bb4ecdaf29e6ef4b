"""The text index beside `milli`, the core of Meilisearch, on the same documents."""

from __future__ import annotations

import statistics
from typing import Any

from text_corpus import ATTRIBUTES, TextDocument

from scenario_search.emulator.text.index import TextIndex

TOP = 20
"""How many hits `milli` gives, and no more."""


def index_documents(documents: list[TextDocument]) -> TextIndex:
    """Our index; the id is searchable too, as in the oracle."""
    index = TextIndex(("id", *ATTRIBUTES))
    index.update((d.number, (str(d.number), *d.texts)) for d in documents)
    return index


def make_oracle(documents: list[TextDocument], folder: str) -> Any:
    """The same documents in `milli`."""
    import milli  # type: ignore[import-untyped]

    oracle = milli.Index(folder, 1 << 33)
    oracle.add_documents(
        [{"id": d.number, **dict(zip(ATTRIBUTES, d.texts, strict=True))} for d in documents]
    )
    return oracle


def agreement(index: TextIndex, oracle: Any, queries: list[str]) -> dict[str, float]:
    """Means over the queries: share of the oracle's top hits, same first hit, same order."""
    share, first, order = [], [], []
    for query in queries:
        wanted = oracle.search(query)
        found = index.search(query, limit=TOP).numbers.tolist()
        share.append(len(set(wanted) & set(found)) / len(wanted) if wanted else float(not found))
        first.append(wanted[:1] == found[:1])
        order.append(wanted == found)
    return {
        "queries": len(queries),
        "share of top 20": round(statistics.mean(share), 4),
        "same first hit": round(statistics.mean(first), 4),
        "same order": round(statistics.mean(order), 4),
    }
