from __future__ import annotations

import itertools
import random
from bisect import bisect_left, bisect_right
from typing import Any

import pytest
from crawl_engine import START, TextEngine, clustered_assets, dated
from fake_transport import faked_client

from scenario_search.crawl.cursor import Request
from scenario_search.crawl.dates import Range, instant, timestamp
from scenario_search.crawl.sampling import Sampling

DAY = 86_400_000
YEARS = 3 * 365 * DAY


def even(count: int) -> list[int]:
    return [index * YEARS // count for index in range(count)]


def growing(count: int) -> list[int]:
    return [int(YEARS * (index / count) ** 0.25) for index in range(count)]


def busy_hour(count: int) -> list[int]:
    """Returns four of five in one hour of three years."""
    return (
        even(count // 5)
        + [YEARS // 3 + index * 4_500_000 // count for index in range(count)][: count * 4 // 5]
    )


def clustered(count: int) -> list[int]:
    assets = clustered_assets(count, burst=50)
    dates = [date for asset in assets if (date := instant(asset.get("createdAt"))) is not None]
    return [date // 1000 - START for date in dates]


def random_days(count: int) -> list[int]:
    chance = random.Random(3)
    weights = [chance.lognormvariate(0, 1) for _ in range(3 * 365)]
    days = chance.choices(range(len(weights)), weights, k=count)
    return [day * DAY + chance.randrange(DAY) for day in days]


class SortedDates:
    """Answers as an engine that sorts, from dates alone."""

    def __init__(self, moments: list[int], cap: int = 1000) -> None:
        self.dates = sorted((START + moment) * 1000 for moment in moments)
        self.cap = cap
        self.requests = 0

    async def ask(self, request: Request) -> list[Any]:
        self.requests += 1
        bound = request.range.high
        end = len(self.dates)
        if bound is not None and bound.instant is not None:
            cut = bisect_right if bound.inclusive else bisect_left
            end = cut(self.dates, bound.instant)
        step = -1 if request.newest_first else 1
        first = (end - 1 if request.newest_first else 0) + step * request.offset
        places = [first + step * index for index in range(request.size)]
        return [
            {"id": str(place), "createdAt": timestamp(self.dates[place])}
            for place in places
            if 0 <= place < end and request.offset < self.cap
        ]

    async def sizes(self, pieces: int) -> tuple[list[int], list[int]]:
        """Returns how many hits each piece holds, and how many were expected."""
        sampling = Sampling(ask=self.ask, range=Range(), field="createdAt", cap=self.cap)
        cuts = await sampling.cuts(pieces)
        bounds = [instant(cut.date) or 0 for cut in cuts[1:]]
        places = [len(self.dates), *(bisect_left(self.dates, bound) for bound in bounds), 0]
        held = [newer - older for newer, older in itertools.pairwise(places)]
        return held, [cut.hits for cut in cuts]


@pytest.mark.parametrize(("count", "pieces"), [(3000, 16), (50_000, 16), (50_000, 64)])
@pytest.mark.parametrize("dates", [even, growing, clustered, random_days])
async def test_no_piece_is_much_larger_than_the_others(dates: Any, count: int, pieces: int) -> None:
    engine = SortedDates(dates(count))
    sizes, _ = await engine.sizes(pieces)
    assert len(sizes) == pieces
    assert max(sizes) <= 3 * sorted(sizes)[pieces // 2]
    assert engine.requests <= pieces + 20


async def test_a_burst_between_few_hits_is_found() -> None:
    sizes, _ = await SortedDates(busy_hour(50_000)).sizes(16)
    assert max(sizes) <= 3 * sorted(sizes)[8]


async def test_as_many_hits_are_expected_as_there_are() -> None:
    sizes, expected = await SortedDates(even(200_000)).sizes(32)
    assert all(0.9 < one / other < 1.1 for one, other in zip(sizes, expected, strict=True))


async def test_one_piece_needs_no_request() -> None:
    engine = SortedDates(even(5000))
    assert len((await engine.sizes(1))[0]) == 1
    assert engine.requests == 0


@pytest.mark.parametrize("moments", [[], [5], [5] * 3000, [5, 6]])
async def test_what_cannot_be_cut_comes_in_fewer_pieces(moments: list[int]) -> None:
    engine = SortedDates(moments)
    sizes, _ = await engine.sizes(8)
    assert sum(sizes) == len(moments)
    assert 1 <= len(sizes) <= 2
    assert engine.requests <= 28


async def test_a_server_that_does_not_sort_gets_one_piece() -> None:
    assets = [dated(index, index * 1000) for index in range(3000)]
    engine = TextEngine(assets)
    client, _ = faked_client(lambda body: engine({**body, "sortBy": []}))
    plan = await client.crawl.plan(shards=8)
    assert [piece.undated for piece in plan] == [False, True]
