"""A walk gives every match once, whatever the page size and the mode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from scenario_search import AsyncScenario, F
from scenario_search.emulator import Emulator

MATCHING = 230


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    documents = [
        {
            "id": f"asset_{number:04d}",
            "ownerId": "project_demo",
            "privacy": "private",
            "tags": ["wanted" if number < MATCHING else "other"],
            # In an order that is not the ids', with pairs of equal dates.
            "createdAt": f"2025-01-01T00:00:{number * 7 % 60:02d}.{number // 2:03d}Z",
            "metadata": {"kind": "image", "width": 512 + number % 3},
        }
        for number in range(2 * MATCHING)
    ]
    async with Emulator() as emulator:
        await emulator.load(documents)
        yield emulator


@pytest.mark.parametrize("sort_by", [None, ["createdAt:desc"], ["width:asc", "createdAt:asc"]])
async def test_every_match_comes_once_and_in_the_same_order(
    emulator: Emulator, sort_by: list[str] | None
) -> None:
    walks: list[dict[str, Any]] = [
        {"limit": 100},
        {"limit": 7},
        {"page": 1, "hits_per_page": 50},
        {},
    ]
    async with AsyncScenario(
        base_url=emulator.url, api_key=emulator.api_key, api_secret=emulator.api_secret
    ) as client:
        found = [
            [
                asset.id
                async for asset in client.search.asset_search(
                    filter=F.tags == "wanted", sort_by=sort_by, **walk
                )
            ]
            for walk in walks
        ]
        async with client.search.asset_search(
            filter=F.tags == "wanted", sort_by=sort_by, limit=20
        ).prefetch(4) as hits:
            found.append([asset.id async for asset in hits])
        count = await client.search.asset_search(filter=F.tags == "wanted").count()

    assert set(found[0]) == {f"asset_{number:04d}" for number in range(MATCHING)}
    assert count == MATCHING
    for walk in found:
        assert len(walk) == MATCHING
        assert walk == found[0]


async def test_the_next_position_travels_in_the_body(emulator: Emulator) -> None:
    async with AsyncScenario(
        base_url=emulator.url, api_key=emulator.api_key, api_secret=emulator.api_secret
    ) as client:
        emulator.clear_requests()
        async for _ in client.search.asset_search(filter=F.tags == "wanted", limit=100):
            pass

    assert [seen.json["offset"] for seen in emulator.requests] == [0, 100, 200]
    assert all("offset" not in seen.query for seen in emulator.requests)
