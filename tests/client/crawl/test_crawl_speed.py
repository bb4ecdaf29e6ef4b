"""How long crawls wait for requests, where each takes a second of a clock that the test keeps."""

from __future__ import annotations

import asyncio
import functools
from bisect import bisect_left, bisect_right
from collections import Counter
from operator import itemgetter
from typing import Any

import crawl_clock
import pytest
from crawl_engine import BOUND, SPAN, Asset, clustered_assets, dated
from fake_transport import FakeTransport, faked_client

CAP = 1000
COUNT = 30_000


class SortedEngine:
    """Answers as :class:`TextEngine` does, from assets that are sorted once."""

    def __init__(self, assets: list[Asset]) -> None:
        self._undated = [asset for asset in assets if "createdAt" not in asset]
        dated = (asset for asset in assets if "createdAt" in asset)
        self._assets = sorted(dated, key=itemgetter("createdAt"))
        self._dates = [asset["createdAt"] for asset in self._assets]

    def __call__(self, body: dict[str, Any]) -> Asset:
        start, size = body["offset"], body["limit"]
        found = self._undated
        if "NOT" not in body["filter"]:
            low, high = 0, len(self._assets)
            for _, sign, date in BOUND.findall(body["filter"]):
                if sign[0] == ">":
                    low = (bisect_left if "=" in sign else bisect_right)(self._dates, date)
                else:
                    high = (bisect_right if "=" in sign else bisect_left)(self._dates, date)
            found = self._assets[low:high]
            if body["sortBy"] == ["createdAt:desc"]:
                found.reverse()
        return {"hits": found[start : min(start + size, CAP)], "offset": start, "limit": size}


def crawled(assets: list[Asset], **options: Any) -> tuple[float, FakeTransport]:
    """Crawl, and give the seconds that it took, and the transport."""
    client, transport = faked_client(SortedEngine(assets))
    transport.seconds = 1
    crawl = client.crawl.assets(cap=CAP, **options)

    async def seconds() -> float:
        if crawl._concurrency > 1:
            async with crawl:
                found = [hit.id async for hit in crawl]
        else:
            found = [hit.id async for hit in crawl]
        assert sorted(found) == sorted(asset["id"] for asset in assets)
        return asyncio.get_running_loop().time()

    return crawl_clock.run(seconds()), transport


@functools.cache
def assets_of(dates: str) -> list[Asset]:
    """Returns assets with dates in clusters, evenly spread, or in the last three weeks."""
    if dates == "clustered":
        return clustered_assets(COUNT, burst=CAP - 1)
    if dates == "even":
        return [dated(i, i * SPAN // COUNT) for i in range(COUNT)]
    return [dated(i, SPAN - i * 60_000) for i in range(COUNT)]


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        ("clustered", "newest"),
        ("clustered", "oldest"),
        ("clustered", None),
        ("even", "newest"),
        ("in three weeks", "newest"),
    ],
)
def test_eight_concurrent_requests_are_five_times_as_fast_as_one(
    dates: str, order: str | None
) -> None:
    assets = assets_of(dates)
    alone, _ = crawled(assets, order=order)
    eight, _ = crawled(assets, order=order, concurrency=8)
    assert alone / eight >= 5


def test_no_more_requests_are_under_way_than_allowed() -> None:
    _, transport = crawled([dated(i, i * 1000) for i in range(9000)], concurrency=8)
    assert max(Counter(transport.sent_at).values()) == 8
