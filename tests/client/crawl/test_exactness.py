"""A crawl is exact whatever happens between its requests."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from model_server import UNDATED, WHOLE, Doc, ModelServer, date

from scenario_search.crawl.cursor import Pending
from scenario_search.crawl.dates import instant
from scenario_search.crawl.segments import Segments


def docs_of(chance: random.Random, ties: list[int], *, forms: int = 1) -> list[Doc]:
    """Returns hits at one instant for each tie, and some that have no date."""
    docs: list[Doc] = []
    for size in ties:
        moment = chance.randrange(10_000)
        docs += [{"createdAt": date(moment, chance.randrange(forms))} for _ in range(size)]
    docs += [{} for _ in range(chance.randrange(3))]
    chance.shuffle(docs)
    for number, doc in enumerate(docs):
        doc["id"] = f"asset_{number}"
    return docs


class Changes:
    """Inserts, deletes and updates hits before each request.

    Attributes:
        steady: The dates of the hits that stay, by their ids.
        most: How many hits each date had at most.
    """

    def __init__(self, server: ModelServer, chance: random.Random, rate: int) -> None:
        self.steady = {doc["id"]: date_of(doc) for doc in server.docs}
        self.most: Counter[str] = Counter()
        self._server = server
        self._chance = chance
        self._rate = rate
        self._left = 400
        self._made = 0
        server.before = self

    def __call__(self, _: int) -> None:
        for _ in range(self._chance.randrange(self._rate + 1)):
            if self._left:
                self._left -= 1
                self._chance.choice([self._insert, self._delete, self._update])()
        self.most |= Counter(map(date_of, self._server.docs))

    def _insert(self) -> None:
        docs = self._server.docs
        self._made += 1
        doc: Doc = {"id": f"new_{self._made}"}
        like = self._chance.choice(docs) if docs else {}
        if "createdAt" in like and self._chance.random() < 0.7:
            doc["createdAt"] = like["createdAt"]
        elif self._chance.random() < 0.9:
            doc["createdAt"] = date(self._chance.randrange(12_000))
        docs.insert(self._chance.randrange(len(docs) + 1), doc)

    def _delete(self) -> None:
        docs = self._server.docs
        if docs:
            gone = docs.pop(self._chance.randrange(len(docs)))
            self.steady.pop(gone["id"], None)

    def _update(self) -> None:
        """Changes a hit, which keeps its place."""
        docs = self._server.docs
        if docs:
            place = self._chance.randrange(len(docs))
            docs[place] = {**docs[place], "updatedAt": date(self._chance.randrange(9_000))}


def date_of(doc: Doc) -> str:
    """Returns the date of a hit, as a crawl reports it that could not read it whole."""
    return str(doc.get("createdAt", UNDATED))


def ids(hits: list[Doc]) -> list[str]:
    return [hit["id"] for hit in hits]


WAYS = st.fixed_dictionaries(
    {
        "concurrency": st.sampled_from([1, 3, 8]),
        "newest_first": st.booleans(),
        "in_order": st.booleans(),
    }
)
TIES = st.lists(st.one_of(st.integers(1, 3), st.integers(1, 300)), max_size=12)


@pytest.mark.hypothesis
@given(TIES, WAYS, st.integers(0, 2**32), st.integers(0, 9), st.sampled_from([320, 1000]))
def test_what_stays_comes_once_whatever_else_happens(
    ties: list[int], way: Any, seed: int, rate: int, cap: int
) -> None:
    chance = random.Random(seed)
    server = ModelServer(docs_of(chance, ties), cap=cap)
    changes = Changes(server, chance, rate)
    hits, segments = asyncio.run(server.crawl(**way))
    found = ids(hits)
    assert len(found) == len(set(found))
    missing = {moment for id_, moment in changes.steady.items() if id_ not in found}
    assert missing <= set(segments.incomplete)
    assert all(changes.most[moment] >= cap for moment in segments.incomplete)


@pytest.mark.hypothesis
@given(TIES, WAYS, st.integers(0, 2**32), st.booleans(), st.sampled_from([1, 3, 4]))
def test_a_server_that_holds_still_is_read_whole(
    ties: list[int], way: Any, seed: int, by_text: bool, forms: int
) -> None:
    server = ModelServer(docs_of(random.Random(seed), ties, forms=forms), by_text=by_text)
    hits, segments = asyncio.run(server.crawl(**way))
    assert sorted(ids(hits)) == sorted(ids(server.docs))
    assert segments.incomplete == []
    assert segments.pending() == []
    ideal = len(server.docs) / 100
    assert server.requests <= 3 * ideal + 50


@pytest.mark.hypothesis
@given(TIES, WAYS, st.integers(0, 2**32), st.integers(1, 60))
def test_hits_from_outside_a_range_do_no_harm(
    ties: list[int], way: Any, seed: int, leak: int
) -> None:
    server = ModelServer(docs_of(random.Random(seed), ties), leak=leak)
    hits, segments = asyncio.run(server.crawl(**way))
    assert sorted(ids(hits)) == sorted(ids(server.docs))
    assert segments.incomplete == []
    assert server.requests <= 3 * len(server.docs) / 100 + 50


@pytest.mark.hypothesis
@given(TIES, WAYS, st.integers(0, 2**32), st.booleans(), st.integers(1, 60))
def test_hits_from_outside_a_range_in_several_formats_are_not_the_end_of_others(
    ties: list[int], way: Any, seed: int, by_text: bool, leak: int
) -> None:
    docs = docs_of(random.Random(seed), ties, forms=4)
    server = ModelServer(docs, by_text=by_text, leak=leak)
    hits, segments = asyncio.run(server.crawl(**way))
    found = ids(hits)
    missing = {instant(date_of(doc)) for doc in docs if doc["id"] not in found}
    assert missing <= set(map(instant, segments.incomplete))
    assert server.requests <= 10 * len(docs) / 100 + 50


async def consume(segments: Segments, most: int, chance: random.Random) -> list[str]:
    """Consumes portions, up to so many, and commits most of them in some order.

    Returns:
        The ids of the hits that a resumed crawl omits.
    """
    portions = []
    async with aclosing(segments.portions()) as handed_out:
        async for portion in handed_out:
            portions.append(portion)
            if len(portions) == most:
                break
    if not segments.is_finished:
        portions = [portion for portion in portions if chance.random() < 0.8]
    for portion in chance.sample(portions, len(portions)):
        segments.commit(portion)
    # Of each piece as many count as were committed without a gap.
    counted = [portion for portion in portions if portion not in portion.work.handed_out]
    return [id_ for portion in counted for id_ in ids(portion.hits)]


@pytest.mark.hypothesis
@given(TIES, WAYS, st.integers(0, 2**32), st.integers(0, 3), st.booleans(), st.integers(1, 20))
def test_a_crawl_that_is_stopped_and_resumed_again_and_again_is_whole(
    ties: list[int], way: Any, seed: int, rate: int, ranked: bool, most: int
) -> None:
    chance = random.Random(seed)
    server = ModelServer(docs_of(chance, ties))
    changes = Changes(server, chance, 0 if ranked else rate)
    pending = [Pending(WHOLE, ranked=ranked), Pending(UNDATED)]
    found: list[str] = []
    while pending:
        segments = asyncio.run(server.segments(pending, **way))
        found += asyncio.run(consume(segments, chance.randrange(most) + 1, chance))
        pending = segments.pending()
    assert len(found) == len(set(found))
    assert changes.steady.keys() <= set(found)


@pytest.mark.hypothesis
@given(TIES, WAYS, st.integers(0, 2**32), st.booleans())
def test_a_server_that_does_not_sort_is_read_whole(
    ties: list[int], way: Any, seed: int, by_text: bool
) -> None:
    docs = docs_of(random.Random(seed), ties)
    server = ModelServer(docs, sorts=False, by_text=by_text)
    hits, segments = asyncio.run(server.crawl(**way))
    assert sorted(ids(hits)) == sorted(ids(server.docs))
    assert segments.incomplete == []
    assert server.requests <= 3 * len(server.docs) / 100 + 50


@pytest.mark.hypothesis
@given(TIES, WAYS, st.integers(0, 2**32), st.booleans(), st.sampled_from([1, 4]))
@example(
    ties=[111, 258, 3, 1, 2],
    way={"concurrency": 3, "newest_first": False, "in_order": True},
    seed=53,
    by_text=True,
    forms=4,
)
def test_ties_in_an_unstable_order_are_read_whole_or_reported(
    ties: list[int], way: Any, seed: int, by_text: bool, forms: int
) -> None:
    docs = docs_of(random.Random(seed), ties, forms=forms)
    server = ModelServer(docs, shuffles_ties=True, by_text=by_text)
    hits, segments = asyncio.run(server.crawl(**way))
    found = ids(hits)
    assert len(found) == len(set(found))
    missing = {instant(date_of(doc)) for doc in docs if doc["id"] not in found}
    assert missing <= set(map(instant, segments.incomplete))


@pytest.mark.hypothesis
@given(TIES, WAYS, st.integers(0, 2**32))
def test_a_ranked_search_is_read_whole(ties: list[int], way: Any, seed: int) -> None:
    docs = docs_of(random.Random(seed), ties)
    # Several of the ties may be at one instant, but no instant may hold as many as the cap.
    cap = max([350, *(count + 1 for count in Counter(map(date_of, docs)).values())])
    server = ModelServer(docs, cap=cap)
    hits, segments = asyncio.run(server.crawl(**way, ranked=True))
    assert sorted(ids(hits)) == sorted(ids(server.docs))
    assert segments.incomplete == []


def test_a_hit_whose_text_alone_lies_past_the_far_end_comes() -> None:
    docs = docs_of(random.Random(11685), [1, 2, 3, 1, 1, 297, 3, 1], forms=4)
    server = ModelServer(docs, by_text=False)
    crawl = server.crawl(concurrency=3, newest_first=False, in_order=False)
    hits, segments = asyncio.run(crawl)
    assert sorted(ids(hits)) == sorted(ids(docs))
    assert segments.incomplete == []


@pytest.mark.parametrize("phase", [0, 1, 2, 3])
@pytest.mark.parametrize("newest_first", [True, False])
async def test_hits_that_come_and_go_beyond_a_tie_leave_it_whole(
    phase: int, newest_first: bool
) -> None:
    server = ModelServer([{"id": name, "createdAt": date(5)} for name in ("one", "other")])
    # A new hit lies beyond the last in each fourth request, and is gone in the next.
    beyond = date(1 if newest_first else 9)

    def come_and_go(request: int) -> None:
        del server.docs[2:]
        if request == 1 or (request % 4 == phase and request < 20):
            server.docs.append({"id": f"brief_{request}", "createdAt": beyond})

    server.before = come_and_go
    hits, segments = await server.crawl(newest_first=newest_first)
    assert ids(hits[:2]) == ["one", "other"]
    assert segments.incomplete == []
