"""How long crawls wait for requests, where each takes a second of a clock that the test keeps."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import crawl_clock
import pytest
from crawl_engine import SPAN, Asset, TextEngine, clustered_assets, dated
from fake_transport import FakeTransport, faked_client

CAP = 1000
COUNT = 8_000


def crawled(assets: list[Asset], **options: Any) -> tuple[float, FakeTransport]:
    """Crawl, and give the seconds that it took, and the transport."""
    client, transport = faked_client(TextEngine(assets, cap=CAP))
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


@pytest.mark.parametrize(
    ("assets", "order"),
    [
        (clustered_assets(COUNT, burst=CAP - 1), "newest"),
        (clustered_assets(COUNT, burst=CAP - 1), "oldest"),
        ([dated(i, i * SPAN // COUNT) for i in range(COUNT)], "newest"),
        ([dated(i, SPAN - i * 60_000) for i in range(COUNT)], "newest"),
    ],
    ids=["clustered", "oldest first", "even", "in one week"],
)
def test_eight_requests_at_once_are_six_times_as_fast_as_one(
    assets: list[Asset], order: str
) -> None:
    alone, _ = crawled(assets, order=order)
    eight, _ = crawled(assets, order=order, concurrency=8)
    assert alone / eight >= 6


def test_no_more_requests_are_under_way_than_allowed() -> None:
    _, transport = crawled(clustered_assets(3000, burst=CAP - 1), concurrency=8)
    assert max(Counter(transport.sent_at).values()) == 8
