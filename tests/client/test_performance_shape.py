"""How much work is done, by counting it: a test of the time it takes would fail by chance."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from aiohttp import web
from conftest import Serve
from fake_transport import client_of, correct_page, faked_client

from scenario_search import (
    APIResponseValidationError,
    SearchAssetSearchResponse,
)
from scenario_search.search import pages as search_results
from scenario_search.wire import codec
from scenario_search.wire.codec import decode_page, pieces, structure
from scenario_search.wire.hits import wire_fields
from scenario_search.wire.pages import SearchHits
from scenario_search.wire.params import body_parameters

PIECE = 2**19


def body_of(hits: list[dict[str, Any]], **fields: Any) -> bytes:
    return orjson.dumps({"hits": hits, **fields})


def hits_of(count: int, size: int = 1000) -> list[dict[str, Any]]:
    """Hits whose texts and nested objects look like the border between two hits."""
    return [
        {"id": str(n), "url": '},{"id":' + "x" * size, "others": [{"a": 1}, {"b": [{}, {}]}]}
        for n in range(count)
    ]


def decoded(body: bytes) -> SearchHits[Any]:
    page: SearchHits[Any] = decode_page(body, SearchHits, SearchAssetSearchResponse)
    return page


def whole(body: bytes) -> list[Any]:
    return [structure(hit, SearchAssetSearchResponse) for hit in orjson.loads(body)["hits"]]


# Large bodies


@pytest.mark.parametrize("layout", [0, orjson.OPT_INDENT_2])
@pytest.mark.parametrize("hits_first", [True, False])
def test_a_large_body_is_decoded_in_pieces_that_make_the_same_page(
    layout: int, hits_first: bool
) -> None:
    hits = hits_of(3000)
    others = {"offset": 5, "more": [{"a": 1}, {"b": 2}]}
    data = {"hits": hits, **others} if hits_first else {**others, "hits": hits}
    body = orjson.dumps(data, option=layout)
    parts = list(pieces(body))
    assert len(parts) > 4
    assert max(len(orjson.dumps(part)) for part in parts) < 1.1 * PIECE
    page = decoded(body)
    assert page.hits == whole(body)
    assert (page.offset, page.extra) == (5, {"more": [{"a": 1}, {"b": 2}]})


@pytest.mark.parametrize(
    "body",
    [
        orjson.dumps({"hits": [], "other": hits_of(2000)}),
        orjson.dumps({"hits": [{"id": "a", "deep": hits_of(2000)}]}),
        orjson.dumps({"hits": [{"id": "a", "url": "},{" * 400_000}, *hits_of(800)]}),
        orjson.dumps({"other": {"hits": hits_of(2000)}, "hits": [{"id": "a"}]}),
        orjson.dumps({"hits": hits_of(600), "other": hits_of(2000)}),
        orjson.dumps({"hits": [{"id": "a"}]}) + b" " * 3 * PIECE,
    ],
    ids=["no hits", "one deep hit", "a text of borders", "hits within", "more after", "blanks"],
)
def test_a_large_body_that_cannot_be_cut_makes_the_same_page(body: bytes) -> None:
    assert decoded(body).hits == whole(body)


@pytest.mark.parametrize("end", [b"", b"]", b"}", b"]}}", b',{"id"]}', b'],"offset":tru}'])
def test_a_large_body_that_breaks_off_is_not_json(end: bytes) -> None:
    body = body_of(hits_of(2000))[:-2] + end
    with pytest.raises(orjson.JSONDecodeError) as whole:
        orjson.loads(body)
    with pytest.raises(APIResponseValidationError) as raised:
        decoded(body)
    assert f"is not JSON ({whole.value})" in str(raised.value)


@pytest.mark.parametrize("strict", [False, True])
def test_hits_of_a_large_body_that_do_not_fit_are_named_by_their_index(strict: bool) -> None:
    hits = hits_of(3000)
    hits[7]["id"] = hits[2900]["id"] = None
    with pytest.raises(APIResponseValidationError) as raised:
        decode_page(body_of(hits), SearchHits, SearchAssetSearchResponse, strict=strict)
    paths = [path for path in raised.value.paths if path.endswith("].id")]
    assert paths == ["$.hits[7].id", "$.hits[2900].id"]


def test_hits_of_a_large_body_that_do_not_fit_are_left_out_by_their_index() -> None:
    hits = hits_of(3000)
    hits[7]["id"] = hits[2900]["id"] = None
    invalid: list[tuple[int, Any]] = []
    page: SearchHits[Any] = decode_page(
        body_of(hits), SearchHits, SearchAssetSearchResponse, invalid=invalid
    )
    assert invalid == [(7, hits[7]), (2900, hits[2900])]
    assert len(page.hits) == 2998


@pytest.mark.parametrize(("count", "turns"), [(100, 0), (5000, 9)])
async def test_the_loop_runs_between_the_pieces_of_a_large_body(
    count: int, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others run once for each piece of half a megabyte but the first."""
    others = 0
    pauses = 0

    async def run_beside() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    def counting(*args: Any, **keywords: Any) -> Iterator[Any]:
        nonlocal pauses
        before = others
        for page in codec.decode_in_turns(*args, **keywords):
            pauses += page is None
            yield page
            assert others >= before + pauses

    monkeypatch.setattr(search_results, "decode_in_turns", counting)
    client, _ = faked_client(lambda _: {"hits": hits_of(count, 900)})
    beside = asyncio.create_task(run_beside())
    page = await client.search.asset_search(query="x")
    beside.cancel()
    assert len(page.hits) == count
    assert pauses == turns


# A walk


async def test_the_body_is_encoded_once_for_all_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def noting(params: Any) -> dict[str, Any]:
        asked.append(params)
        return body_parameters(params)

    monkeypatch.setattr("scenario_search.search.prepared.body_parameters", noting)
    ids = [str(n) for n in range(500)]
    client, transport = faked_client(lambda body: correct_page(ids, body))
    assert len([hit async for hit in client.search.asset_search(query="x")]) == 500
    assert (len(transport.bodies), len(asked)) == (5, 1)


async def test_headers_are_merged_once_for_a_client() -> None:
    ids = [str(n) for n in range(300)]
    client, transport = faked_client(lambda body: correct_page(ids, body))
    assert len([hit async for hit in client.search.asset_search(query="x")]) == 300
    assert len({id(headers) for headers in transport.headers}) == 1


async def test_one_connection_serves_a_whole_walk(serve: Serve) -> None:
    ids = [str(n) for n in range(1500)]
    connections: set[Any] = set()

    async def handler(request: Any) -> Any:
        connections.add(request.transport)
        return web.json_response(correct_page(ids, await request.json()))

    async with client_of(await serve(handler)) as client:
        assert len([hit async for hit in client.search.asset_search(query="x")]) == 1500
    assert len(connections) == 1


# Decoding


def test_decoding_looks_up_the_very_keys_that_orjson_makes() -> None:
    """A dict finds these at once; any other string is compared by its text."""
    hit = {"id": "a", **{wire: None for _, wire in wire_fields(SearchAssetSearchResponse)}}
    parsed = {id(key) for key in orjson.loads(orjson.dumps(hit))}
    for function in (
        codec.structure_function(SearchAssetSearchResponse, consumes=True),
        codec.fits_function(SearchAssetSearchResponse),
    ):
        names: dict[str, Any] = function.__globals__
        keys = [names[name] for name in function.__code__.co_names if name.startswith("key")]
        assert len(keys) == len(hit)
        assert sum(id(key) in parsed for key in keys) > len(keys) / 2
