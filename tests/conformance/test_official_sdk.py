"""The official SDK as a second client: both read the same answers alike."""

from __future__ import annotations

from typing import Any

import pytest
import scenario_sdk

from scenario_search import AsyncScenario
from scenario_search.emulator import Emulator

SEARCHES = ["asset_search", "model_search", "workflow_search"]
REQUESTS: list[dict[str, Any]] = [
    {"query": "a", "limit": 20},
    {"query": "a", "limit": 5, "offset": 3},
    {"filter": "createdAt > 2000", "sort_by": ["createdAt:desc"], "limit": 100},
    {"filter": "createdAt > 2000", "sort_by": ["createdAt:asc"], "page": 2, "hits_per_page": 5},
    {"query": "a", "public": True},
]


@pytest.fixture
def official(scenario_emulator: Emulator) -> Any:
    with scenario_sdk.Scenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
        max_retries=0,
    ) as client:
        yield client


@pytest.mark.parametrize("request_", REQUESTS, ids=str)
@pytest.mark.parametrize("search", SEARCHES)
async def test_both_clients_read_the_same_hits(
    search: str, request_: dict[str, Any], official: Any, demo_client: AsyncScenario
) -> None:
    theirs = getattr(official.search, search)(**request_)
    ours = await getattr(demo_client.search, search)(**request_)

    assert ours.hits
    # Ours leaves out what is null and keeps lists that are empty; theirs the other way round.
    assert [_comparable(hit.to_dict()) for hit in ours.hits] == [
        _comparable(hit.to_dict()) for hit in theirs.hits
    ]
    assert (ours.offset, ours.estimated_total_hits) == (theirs.offset, theirs.estimated_total_hits)


def test_the_official_sdk_never_gets_past_the_first_page(official: Any) -> None:
    """The reason for walking pages in the body: see the migration guide."""
    seen: list[str] = []
    for asset in official.search.asset_search(filter="kind = image", limit=10):
        seen.append(asset.id)
        if len(seen) == 30:
            break

    assert len(set(seen)) == 10


async def test_errors_have_the_same_names_in_both(
    official: Any, demo_client: AsyncScenario
) -> None:
    import scenario_search

    with pytest.raises(scenario_sdk.BadRequestError):
        official.search.asset_search(filter="width >= ")
    with pytest.raises(scenario_search.BadRequestError, match="Invalid filter syntax"):
        await demo_client.search.asset_search(filter="width >= ")


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items() if item not in (None, [], {})}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return value
