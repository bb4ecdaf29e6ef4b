from __future__ import annotations

import random
from typing import Any

import pytest
from crawl_engine import Asset, TextEngine, clustered_assets, dated
from fake_transport import faked_client

from scenario_search.crawl.stats import CrawlEstimate


def even(count: int) -> list[Asset]:
    return [dated(i, i * 1000) for i in range(count)]


async def estimated(assets: list[Asset], **options: Any) -> tuple[CrawlEstimate, int]:
    """Returns the estimate of a crawl, and how many requests were sent."""
    engine = TextEngine(assets)
    client, _ = faked_client(engine)
    return await client.crawl.assets(**options).estimate(), engine.requests


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250, 899, 900, 999, 1000, 1001, 5000])
async def test_an_estimate_is_exact_where_it_can_count(count: int) -> None:
    estimate, requests = await estimated(even(count))
    assert (estimate.low, estimate.likely, estimate.high) == (count, count, count)
    assert estimate.is_exact
    assert estimate.spent == requests <= 30


async def test_ties_and_hits_without_a_date_are_counted() -> None:
    assets = clustered_assets(6000, burst=700)
    estimate, requests = await estimated(assets)
    assert (estimate.likely, estimate.is_exact) == (6000, True)
    assert requests <= 30


async def test_an_estimate_of_many_hits_says_what_is_certain_and_what_is_likely() -> None:
    estimate, requests = await estimated(even(40_000))
    assert requests == 30
    assert not estimate.is_exact
    assert estimate.low < 40_000
    assert 38_000 < estimate.likely < 42_000
    assert estimate.low < estimate.likely <= estimate.high


async def test_a_ranked_search_is_estimated_too() -> None:
    assets = even(2500)
    random.Random(1).shuffle(assets)
    estimate, requests = await estimated(assets, query="x")
    assert requests <= 30
    assert estimate.low <= 2500 <= estimate.high


@pytest.mark.parametrize("count", [250, 1500, 8000])
async def test_a_crawl_takes_about_as_many_requests_as_estimated(count: int) -> None:
    engine = TextEngine(even(count))
    client, _ = faked_client(engine)
    crawl = client.crawl.assets()
    estimate = await crawl.estimate()
    engine.requests = 0
    assert len([hit async for hit in crawl]) == count
    assert abs(engine.requests - estimate.requests) <= 3


async def test_counting_leaves_the_statistics_of_a_crawl_alone() -> None:
    client, _ = faked_client(TextEngine(even(250)))
    crawl = client.crawl.assets()
    await crawl.estimate()
    assert await crawl.count() == 250
    assert crawl.stats.requests == 0
