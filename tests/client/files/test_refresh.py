from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from crawl_engine import dated
from file_server import Server, asset

from scenario_search import AsyncScenario, InvalidParamsError, Scenario, SearchModelSearchResponse
from scenario_search.emulator import Emulator


class Engine:
    """Knows assets by their dates; its URLs are fresh."""

    def __init__(self, *assets: dict[str, Any]) -> None:
        self.assets = assets
        self.requests: list[dict[str, Any]] = []

    def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(body)
        dates = re.findall(r'createdAt = "([^"]+)"', body["filter"])
        hits = [
            {**hit, "url": f"https://cdn.example/{hit['id']}?fresh"}
            for hit in self.assets
            if hit["createdAt"] in dates and (hit["privacy"] == "public") is body["public"]
        ]
        start, limit = body["offset"], body["limit"]
        page = hits[start : start + limit]
        return {"hits": page, "offset": start, "limit": limit, "estimatedTotalHits": len(hits)}


def hits(*numbers: int, minutes: Any = None, privacy: str = "private") -> list[dict[str, Any]]:
    return [{**dated(n, minutes(n) if minutes else n), "privacy": privacy} for n in numbers]


def old(*numbers: int, privacy: str = "private", **fields: Any) -> list[Any]:
    return [
        asset(n, f"https://cdn.example/asset_{n}?old", privacy=privacy, **fields) for n in numbers
    ]


async def test_assets_come_back_in_their_order_with_fresh_urls(
    server: Server, client: AsyncScenario
) -> None:
    server.engine = Engine(*hits(*range(9)))
    fresh = await client.refresh(old(7, 2, 5))
    assert [hit.id for hit in fresh] == ["asset_000007", "asset_000002", "asset_000005"]
    assert all(hit.url.endswith("?fresh") for hit in fresh)


async def test_a_hundred_assets_take_one_search(server: Server, client: AsyncScenario) -> None:
    server.engine = engine = Engine(*hits(*range(250)))
    assert len(await client.refresh(old(*range(250)))) == 250
    assert len(engine.requests) == 3


async def test_assets_of_one_date_are_searched_for_page_by_page(
    server: Server, client: AsyncScenario
) -> None:
    server.engine = engine = Engine(*hits(*range(250), minutes=lambda _: 0))
    wanted = [asset(n, "https://cdn.example/a?old", privacy="private") for n in (249, 1)]
    for hit in wanted:
        hit.created_at = engine.assets[0]["createdAt"]
    fresh = await client.refresh(wanted)
    assert [hit.id for hit in fresh] == ["asset_000249", "asset_000001"]
    assert len(engine.requests) == 3
    assert len(await client.refresh(wanted[1:])) == 1
    assert len(engine.requests) == 4


async def test_public_and_other_assets_are_searched_for_where_they_are(
    server: Server, client: AsyncScenario
) -> None:
    server.engine = engine = Engine(*hits(1, privacy="public"), *hits(2))
    fresh = await client.refresh([*old(1, privacy="public"), *old(2)])
    assert [hit.id for hit in fresh] == ["asset_000001", "asset_000002"]
    assert sorted(body["public"] for body in engine.requests) == [False, True]


async def test_an_asset_that_was_published_since_is_found(
    server: Server, client: AsyncScenario
) -> None:
    server.engine = Engine(*hits(1, privacy="public"))
    assert len(await client.refresh(old(1))) == 1


async def test_an_original_stays_an_original(server: Server, client: AsyncScenario) -> None:
    with Emulator.demo() as emulator:
        keys: Any = {"api_key": emulator.api_key, "api_secret": emulator.api_secret}
        async with AsyncScenario(base_url=emulator.url, **keys) as demo:
            for original in (True, False):
                page = await demo.search.asset_search(
                    query="dragon", limit=3, original_assets=original
                )
                fresh = await demo.refresh(page.hits)
                assert [hit.url.partition("?")[0] for hit in fresh] == [
                    hit.url.partition("?")[0] for hit in page.hits
                ]


@pytest.mark.parametrize("date", [None, 7, "", '" OR id EXISTS', "x" * 999, "\ud800"])
async def test_assets_that_are_gone_or_have_no_date_are_left_out(
    server: Server, client: AsyncScenario, date: Any
) -> None:
    server.engine = Engine(*hits(1))
    undated = asset(3, "https://cdn.example/a")
    undated.created_at = date
    assert [hit.id for hit in await client.refresh([*old(2, 1), undated])] == ["asset_000001"]


async def test_urls_that_expire_together_are_searched_for_together(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    engine = Engine(*hits(*range(20)))

    def with_urls(body: dict[str, Any]) -> dict[str, Any]:
        page = engine(body)
        page["hits"] = [{**hit, "url": f"{server.url}/a?fresh"} for hit in page["hits"]]
        return page

    server.engine = with_urls
    refused, all_refused = 0, asyncio.Event()

    async def respond(request: web.Request) -> web.StreamResponse:
        nonlocal refused
        if "fresh" in request.query:
            return await server.whole(request)
        refused += 1
        if refused == 20:
            all_refused.set()
        await all_refused.wait()
        return web.Response(status=403)

    server.respond = respond
    assets = [asset(n, f"{server.url}/a?old", privacy="private") for n in range(20)]
    report = await client.download(assets, tmp_path, concurrency=20)
    assert (report.downloaded, report.refreshed) == (20, 20)
    assert len(engine.requests) < 10


async def test_nothing_takes_no_search(server: Server, client: AsyncScenario) -> None:
    server.engine = engine = Engine()
    assert await client.refresh([]) == []
    assert engine.requests == []


async def test_models_have_no_urls_to_refresh(client: AsyncScenario) -> None:
    model: Any = SearchModelSearchResponse(id="m")
    with pytest.raises(InvalidParamsError, match="must hold assets, not SearchModelSearchResp"):
        await client.refresh([model])


def test_a_synchronous_client_refreshes_too(tmp_path: Path) -> None:
    with Scenario.demo() as client:
        page = client.search.asset_search(query="dragon", limit=3)
        assert [hit.id for hit in client.refresh(page.hits)] == [hit.id for hit in page.hits]
