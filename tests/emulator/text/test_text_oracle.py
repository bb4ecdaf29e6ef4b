# ruff: noqa: SIM905 - a word list reads best as text
"""The emulator's order against that of Meilisearch's core."""

from __future__ import annotations

import os
import random
import runpy
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from text_corpus import KINDS, TextDocument, make_documents, make_queries
from text_oracle import TOP, agreement, index_documents, make_oracle

from scenario_search.emulator.text.index import TextIndex

# It has no wheels for later versions of Python. Where it has some, CI must not do without.
if os.environ.get("CI") and sys.version_info < (3, 13):
    import milli  # type: ignore[import-untyped]  # noqa: F401
else:
    pytest.importorskip("milli")


@dataclass
class Pair:
    ours: TextIndex
    oracle: Any


@dataclass
class Corpus(Pair):
    queries: dict[str, list[str]]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    documents = make_documents(5_000)
    oracle = make_oracle(documents, str(tmp_path_factory.mktemp("milli")))
    return Corpus(index_documents(documents), oracle, make_queries(documents))


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the oracle has no wheel")
@pytest.mark.parametrize(("ci", "ended_by"), [("", pytest.skip.Exception), ("true", ImportError)])
def test_ci_does_not_pass_without_the_oracle(
    ci: str, ended_by: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "milli", None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ended_by, match="milli"):
        runpy.run_path(__file__)


def test_the_oracle_is_asked_enough_and_answers(corpus: Corpus) -> None:
    assert sorted(corpus.queries) == [*KINDS]
    every = [query for queries in corpus.queries.values() for query in queries]
    hits = [len(corpus.oracle.search(query)) for query in every]
    assert len(hits) >= 300
    assert sum(found == TOP for found in hits) >= 120
    assert sum(found > 0 for found in hits) >= 0.8 * len(hits)


def test_our_first_twenty_are_the_oracles(corpus: Corpus) -> None:
    every = [query for queries in corpus.queries.values() for query in queries]
    found = agreement(corpus.ours, corpus.oracle, every)
    assert found["share of top 20"] >= 0.98
    assert found["same first hit"] >= 0.98
    assert found["same order"] >= 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_query_agrees(corpus: Corpus, kind: str) -> None:
    found = agreement(corpus.ours, corpus.oracle, corpus.queries[kind])
    assert found["share of top 20"] >= 0.95
    assert found["same first hit"] >= 0.85


@pytest.fixture(scope="session")
def small_pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Pair]]:
    """Few words in many mixtures: ties, splits and joins meet often."""
    pairs = []
    for seed in range(6):
        rng = random.Random(seed)
        documents = [TextDocument(i, _small_texts(rng)) for i in range(rng.randint(20, 120))]
        folder = str(tmp_path_factory.mktemp("milli"))
        pairs.append(Pair(index_documents(documents), make_oracle(documents, folder)))
    yield pairs
    pairs.clear()


WORDS = (
    "castle cattle castles dragon dragons drag on sun flower sunflower fan fantasy fantasies light "
    "lighthouse house the a of an scifi sci fi water fall waterfall knight night 12 1234567 café"
).split()
SEPARATORS = [" "] * 12 + [", ", ". ", "-", "/", "'", "! ", "; ", ": ", "_", '"', "…", "—", "("]


def _small_text(rng: random.Random, most: int) -> str:
    words = rng.choices(WORDS, k=rng.randint(0, most))
    return "".join(word + rng.choice(SEPARATORS) for word in words)


def _small_texts(rng: random.Random) -> tuple[str | list[str], ...]:
    tags = [_small_text(rng, 2) for _ in range(rng.randint(0, 3))]
    return (_small_text(rng, 3), _small_text(rng, 14), "", "", tags, "")


def _bent(rng: random.Random, word: str) -> str:
    i = rng.randrange(len(word))
    return rng.choice(
        (
            word,
            word,
            word[:i] + word[i + 1 :],
            word[:i] + "x" + word[i:],
            word[: i + 1],
            word + rng.choice(WORDS),
            f'"{word} {rng.choice(WORDS)}"',
            f"-{word}",
        )
    )


@pytest.mark.parametrize("seed", range(8))
def test_odd_queries_give_the_oracles_order(small_pairs: list[Pair], seed: int) -> None:
    rng = random.Random(seed)
    for pair in small_pairs:
        for _ in range(10):
            words = [_bent(rng, w) for w in rng.choices(WORDS, k=rng.choice((1, 2, 3, 4, 11)))]
            query = rng.choice(SEPARATORS).join(words) + rng.choice(("", "", " "))
            wanted = pair.oracle.search(query)
            found = pair.ours.search(query, limit=TOP)
            assert found.numbers.tolist() == wanted, query
            assert found.total == len(wanted) or len(wanted) == TOP <= found.total, query


ALPHABETS = (
    "castle sword dragon éclair замок меч дракон чёрный κάστρο σπαθί δράκος טירה חרב दुर्ग तलवार "
    "ｃａｓｔｌｅ ｓｗｏｒｄ ２０２６"  # noqa: RUF001 - full-width letters are the point
).split()


@pytest.mark.parametrize("joint", ["", " "])
def test_words_of_several_scripts_give_the_oracles_order(
    joint: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = random.Random(1)
    words = [*ALPHABETS, *(joint.join(rng.choices(ALPHABETS, k=2)) for _ in range(30))]
    documents = [
        TextDocument(n, (" ".join(rng.choices(words, k=8)), "", "", "", [], "")) for n in range(150)
    ]
    ours = index_documents(documents)
    oracle = make_oracle(documents, str(tmp_path_factory.mktemp("milli")))
    for _ in range(40):
        query = " ".join(rng.choices(words, k=rng.choice((1, 2, 3)))) + rng.choice(("", " "))
        assert ours.search(query, limit=TOP).numbers.tolist() == oracle.search(query), query
