"""Crawls while the index changes: what was there all the time comes once."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from crawl_engine import SPAN, Asset, TextEngine, clustered_assets, dated
from fake_transport import faked_client

COUNT = 1000
CAP = 120


class Churn:
    """Adds, updates and deletes assets of an engine, before each request."""

    def __init__(self, assets: list[Asset], *, each: int, most: int, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._each = each
        self._left = most
        self._assets = assets
        self.stable = {asset["id"] for asset in assets}

    def __call__(self, _: int) -> None:
        for _ in range(min(self._each, self._left)):
            self._left -= 1
            self.add()
            self.delete()
            self.update()

    def add(self) -> None:
        anywhere, now, in_a_burst = self._chance.randrange(SPAN), SPAN * 2, SPAN // 8
        moment = self._chance.choices([anywhere, now, in_a_burst], [8, 8, 1])[0]
        place = self._chance.randrange(len(self._assets))
        self._assets.insert(place, dated(10_000 + self._left, moment))

    def delete(self) -> None:
        gone = self._assets.pop(self._chance.randrange(len(self._assets)))
        self.stable.discard(gone["id"])

    def update(self) -> None:
        """Change an asset, and put it after all others that have its date."""
        changed = self._assets.pop(self._chance.randrange(len(self._assets)))
        self._assets.append({**changed, "updatedAt": "2026-01-01T00:00:00.000Z"})


async def crawled(engine: TextEngine, **options: Any) -> list[str]:
    client, _ = faked_client(engine)
    async with client.crawl.assets(**({"cap": CAP} | options)) as crawl:
        return [asset.id async for asset in crawl]


@pytest.mark.parametrize("concurrency", [1, 8, 64])
@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("capped", [True, False])
async def test_what_was_there_all_the_time_comes_once(
    concurrency: int, order: str, capped: bool
) -> None:
    for seed in range(3):
        assets = clustered_assets(COUNT, burst=CAP - 41, seed=seed)
        churn = Churn(assets, each=2, most=200, seed=seed)
        engine = TextEngine(assets, cap=CAP, capped_totals=capped, before=churn)
        found = await crawled(engine, concurrency=concurrency, order=order)
        assert churn.stable - set(found) == set()
        assert len([i for i in found if i in churn.stable]) == len(churn.stable)


async def test_an_asset_added_between_two_pages_moves_no_other_out_of_sight() -> None:
    assets = [dated(i, i) for i in range(110)]

    def add(request: int) -> None:
        if request == 2:
            assets.append(dated(500, 500))

    found = await crawled(TextEngine(assets, before=add), concurrency=1)
    assert sorted(found)[:110] == [asset["id"] for asset in assets[:110]]


async def test_an_asset_deleted_between_two_pages_moves_no_other_out_of_sight() -> None:
    assets = [dated(i, i) for i in range(110)]

    def delete(request: int) -> None:
        if request == 2:
            del assets[-1]

    found = await crawled(TextEngine(assets, before=delete), concurrency=1)
    assert sorted(found) == [asset["id"] for asset in assets]


async def test_one_added_and_one_deleted_between_two_pages_is_noticed() -> None:
    """The total is the same, so only the pages' common hit tells."""
    assets = [dated(i, i) for i in range(110)]
    stable = {asset["id"] for asset in assets[1:]}

    def change(request: int) -> None:
        if request == 2:
            del assets[0]  # the oldest, which comes last
            assets.append(dated(500, 500))  # the newest, which comes first

    found = await crawled(TextEngine(assets, before=change), concurrency=1)
    assert stable - set(found) == set()
    assert len(found) == len(set(found))


def flicker(assets: list[Asset]) -> Callable[[int], None]:
    """Add an asset and take it away again, in turn."""

    def change(request: int) -> None:
        if request % 2:
            assets.insert(0, dated(500, 5))
        else:
            del assets[0]

    return change


async def test_a_date_at_which_hits_are_added_all_the_time_is_read_whole() -> None:
    assets = [dated(i, 5) for i in range(110)]
    stable = {asset["id"] for asset in assets}
    engine = TextEngine(assets, before=lambda n: assets.insert(0, dated(500 + n, 5)))
    found = await crawled(engine, concurrency=1, cap=1000)
    assert stable <= set(found)
    assert engine.requests < 20


async def test_a_hit_that_comes_and_goes_hides_no_other() -> None:
    assets = [dated(i, i) for i in range(110)]
    stable = [asset["id"] for asset in assets]
    found = await crawled(TextEngine(assets, before=flicker(assets)), concurrency=1)
    assert sorted(i for i in found if i in stable) == stable


async def test_hits_that_go_while_a_page_is_made_end_nothing() -> None:
    """An engine ranks first and reads documents then, so a page may be short in the middle."""
    assets = [dated(i, 5) for i in range(110)] + [dated(500, 4)]
    engine = TextEngine(assets)

    def answer(body: dict[str, Any]) -> Any:
        page = engine(body)
        if isinstance(page, dict):
            for gone in page["hits"][1:3]:
                assets.remove(gone)
            del page["hits"][1:3]
        return page

    client, _ = faked_client(answer)
    async with client.crawl.assets(concurrency=1) as crawl:
        found = {hit.id async for hit in crawl}
    assert {asset["id"] for asset in assets} <= found
