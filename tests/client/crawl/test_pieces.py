from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from crawl_engine import TextEngine, clustered_assets, dated
from fake_transport import faked_client

from scenario_search import CrawlPiece, F, InvalidParamsError, SearchAssetSearchParams
from scenario_search.wire.images import Images

ASSETS = clustered_assets(4000, burst=50)
IDS = sorted(asset["id"] for asset in ASSETS)
PIECE = CrawlPiece(SearchAssetSearchParams(public=True), low="2025-01-16T11:19:41.579Z")


async def test_pieces_read_from_json_bring_every_hit_once() -> None:
    client, _ = faked_client(TextEngine(ASSETS))
    lines = [piece.to_json() for piece in await client.crawl.plan(shards=6, public=True)]
    pieces = [CrawlPiece.from_json(line) for line in lines]
    ids = [hit.id for piece in pieces for hit in [h async for h in client.crawl.run(piece)]]
    assert sorted(ids) == IDS


@pytest.mark.parametrize(
    "search",
    [
        {"public": True, "filter": F.width >= 1024},
        {"filter": "width = 1 OR NOT tags EXISTS", "query": "castle", "query_semantic_ratio": 0.5},
        {"images": Images(like=["asset_1"], unlike=["asset_2"]), "image_semantic_ratio": 0.5},
        {"image": "asset_1", "project_id": "p", "original_assets": True, "extra_body": {"x": [1]}},
        {"of": "models", "original_models": True, "timeout": 5.5, "by": "updated"},
        {"of": "workflows", "max_retries": 3, "filter": 'name = "ü \\" x"'},
    ],
)
async def test_a_piece_is_the_same_after_json_and_after_pickling(search: dict[str, Any]) -> None:
    client, _ = faked_client(TextEngine(ASSETS))
    for piece in await client.crawl.plan(shards=2, **search):
        again = CrawlPiece.from_json(piece.to_json())
        assert again == piece
        assert again.name == piece.name
        assert pickle.loads(pickle.dumps(piece)) == piece
        assert "\n" not in piece.to_json()


async def test_the_names_of_pieces_differ_sort_by_date_and_are_safe_for_files() -> None:
    client, _ = faked_client(TextEngine(ASSETS))
    *dated_pieces, undated = await client.crawl.plan(shards=6)
    names = [piece.name for piece in dated_pieces]
    assert names == sorted(set(names), reverse=True)
    assert all(re.fullmatch(r"assets-\w+", name) for name in [*names, undated.name])
    assert undated.name == "assets-undated"
    assert PIECE.name == "assets-20250116T111941579Z"


@pytest.mark.parametrize("option", ["extra_headers", "extra_query"])
async def test_a_plan_takes_nothing_that_may_be_secret(option: str) -> None:
    client, transport = faked_client(TextEngine(ASSETS))
    with pytest.raises(InvalidParamsError, match=f"{option}.*default_") as info:
        await client.crawl.plan(**{option: {"x": "canary"}})
    assert "canary" not in str(info.value)
    assert transport.bodies == []


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"of": "pictures"},
        {"low": "yesterday"},
        {"by": "size"},
        {"undated": 1},
        {"known": [1]},
        {"search": {"prompt": "x"}},
        {"search": {"extra_headers": {"x": "y"}}},
        {"search": None},
    ],
)
def test_what_is_not_a_piece_is_refused(changes: dict[str, Any]) -> None:
    text = json.dumps({**json.loads(PIECE.to_json()), **changes})
    with pytest.raises(InvalidParamsError, match="Not a piece of a crawl"):
        CrawlPiece.from_json(text)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', b"\xff"])
def test_other_text_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidParamsError, match="Not a piece of a crawl"):
        CrawlPiece.from_json(text)


async def test_a_ranked_search_is_cut_where_all_hits_lie() -> None:
    client, transport = faked_client(TextEngine([dated(i, i * 1000) for i in range(3000)]))
    plan = await client.crawl.plan(shards=4, query="castle", filter=F.width == 5)
    assert len(plan) == 5
    assert all(piece.params.query == "castle" for piece in plan)
    assert all("query" not in body and "width" in body["filter"] for body in transport.bodies)


async def test_a_piece_names_only_hits_of_its_own_time_as_known(tmp_path: Path) -> None:
    assets = [dated(index, index * 60_000) for index in range(2000)]
    client, _ = faked_client(TextEngine(assets))
    checkpoint = tmp_path / "first.ckpt"
    async with client.crawl.assets(checkpoint=checkpoint) as crawl:
        assert len([hit async for hit in crawl]) == 2000
    assets += [dated(index, index * 60_000) for index in range(2000, 5000)]
    *newer, oldest = await client.crawl.plan(shards=4, since=checkpoint)
    assert not any(piece.known for piece in newer)
    assert len(oldest.known) == 6
    ids = [
        hit.id for piece in [*newer, oldest] for hit in [h async for h in client.crawl.run(piece)]
    ]
    assert sorted(ids) == [f"asset_{index:06d}" for index in range(2000, 5000)]
