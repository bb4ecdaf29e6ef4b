"""The plain client gives what the asynchronous one gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scenario_search import APIStatusError, AsyncScenario, F, InvalidParamsError, Scenario
from scenario_search.emulator import Emulator

REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("asset_search", {"query": "castle", "limit": 7}),
    ("asset_search", {"filter": F.kind == "image", "sort_by": ["createdAt:desc"]}),
    ("asset_search", {"filter": "prompt:dragon", "page": 1, "hits_per_page": 4}),
    ("asset_search", {"query": "a night under the stars", "query_semantic_ratio": 1.0, "limit": 9}),
    ("model_search", {"filter": F.capabilities == "txt2img", "page": 2, "hits_per_page": 10}),
    ("workflow_search", {"query": "a", "public": True}),
]


@pytest.fixture
def plain(scenario_emulator: Emulator) -> Iterator[Scenario]:
    with Scenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
    ) as client:
        yield client


@pytest.mark.parametrize(("search", "request_"), REQUESTS, ids=str)
async def test_pages_walks_and_counts_are_the_same(
    search: str, request_: dict[str, Any], plain: Scenario, demo_client: AsyncScenario
) -> None:
    results = getattr(demo_client.search, search)(**request_, max_items=60)
    page = getattr(plain.search, search)(**request_, max_items=60)
    awaited = await results

    assert page.hits
    assert page.hits == awaited.hits
    assert page.to_dict() == awaited.to_dict()
    assert list(page) == [hit async for hit in awaited]
    assert page.count() == await results.count()


async def test_crawls_are_the_same(plain: Scenario, demo_client: AsyncScenario) -> None:
    async with demo_client.crawl.assets(public=True) as crawl:
        ours = [asset async for asset in crawl]
    with plain.crawl.assets(public=True) as plain_crawl:
        assert list(plain_crawl) == ours
    assert list(plain.crawl.assets(public=True)) == ours
    assert len(ours) == 262


@pytest.mark.parametrize(
    ("request_", "error"),
    [({"limit": 500}, InvalidParamsError), ({"filter": "colour = red"}, APIStatusError)],
    ids=str,
)
async def test_errors_are_the_same(
    request_: dict[str, Any],
    error: type[Exception],
    plain: Scenario,
    demo_client: AsyncScenario,
) -> None:
    with pytest.raises(error) as theirs:
        await demo_client.search.asset_search(**request_)
    with pytest.raises(error) as ours:
        plain.search.asset_search(**request_)

    assert str(ours.value) == str(theirs.value)
