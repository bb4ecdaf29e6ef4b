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
    SearchAssetSearchParams,
    SearchAssetSearchResponse,
)
from scenario_search.converter import make_converter
from scenario_search.wire.codec import PageDecoder
from scenario_search.wire.document import wire_fields
from scenario_search.wire.pages import SearchHits
from scenario_search.wire.validation import fits_function


def hits_of(count: int) -> list[dict[str, Any]]:
    return [{"id": str(n), "metadata": {"width": n}} for n in range(count)]


# Large pages


def test_hits_of_a_large_page_that_do_not_fit_are_named_by_their_index() -> None:
    hits = hits_of(1000)
    hits[7]["id"] = hits[900]["id"] = None
    decoder = PageDecoder(make_converter(), SearchHits, SearchAssetSearchResponse, strict=False)
    with pytest.raises(APIResponseValidationError) as raised:
        decoder.page({"hits": hits})
    assert raised.value.paths == ("$.hits[7].id", "$.hits[900].id")


def test_hits_of_a_large_page_that_do_not_fit_are_left_out_by_their_index() -> None:
    hits = hits_of(1000)
    hits[7]["id"] = hits[900]["id"] = None
    invalid: list[tuple[int, Any]] = []
    decoder = PageDecoder(make_converter(), SearchHits, SearchAssetSearchResponse, strict=False)
    page: SearchHits[Any] = decoder.page({"hits": hits}, invalid=invalid)
    assert invalid == [(7, hits[7]), (900, hits[900])]
    assert [hit.id for hit in page.hits] == [hit["id"] for hit in hits if hit["id"]]


@pytest.mark.parametrize(("count", "turns"), [(100, 0), (101, 1), (1000, 9)])
async def test_the_loop_runs_between_the_slices_of_a_large_page(
    count: int, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others run once for each hundred hits but the first."""
    others = 0
    pauses = 0

    async def run_beside() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    in_slices = PageDecoder.in_slices

    def counting(*args: Any, **keywords: Any) -> Iterator[Any]:
        nonlocal pauses
        before = others
        for page in in_slices(*args, **keywords):
            pauses += page is None
            yield page
            assert others >= before + pauses

    monkeypatch.setattr(PageDecoder, "in_slices", counting)
    client, _ = faked_client(lambda _: {"hits": hits_of(count)})
    beside = asyncio.create_task(run_beside())
    page = await client.search.asset_search(query="x")
    beside.cancel()
    assert len(page.hits) == count
    assert pauses == turns


# A walk


async def test_the_body_is_encoded_once_for_all_pages() -> None:
    unstructured: list[Any] = []

    def noting(params: Any) -> dict[str, Any]:
        unstructured.append(params)
        return {"query": params.query}

    converter = make_converter()
    converter.register_unstructure_hook(SearchAssetSearchParams, noting)
    ids = [str(n) for n in range(500)]
    client, transport = faked_client(lambda body: correct_page(ids, body), converter=converter)
    assert len([hit async for hit in client.search.asset_search(query="x")]) == 500
    assert (len(transport.bodies), len(unstructured)) == (5, 1)


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


def test_decoding_looks_up_the_very_keys_that_orjson_makes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A dict finds these immediately; any other string is compared by its text."""
    # Made anew: JSON of other tests displaces keys that orjson has cached before.
    monkeypatch.setattr("scenario_search.wire.validation._fits_functions", {})
    hit = {"id": "a", **{wire: None for _, wire in wire_fields(SearchAssetSearchResponse)}}
    parsed = {id(key) for key in orjson.loads(orjson.dumps(hit))}
    hook: Any = make_converter().get_structure_hook(SearchAssetSearchResponse)
    fits: Any = fits_function(SearchAssetSearchResponse)
    for function in (hook, fits):
        names: dict[str, Any] = function.__globals__
        keys = [names[name] for name in function.__code__.co_names if name.startswith("key")]
        assert len(keys) == len(hit)
        assert sum(id(key) in parsed for key in keys) > len(keys) / 2
