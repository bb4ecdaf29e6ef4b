"""What is decompressed, and that a small body cannot become a large one."""

from __future__ import annotations

import asyncio
import gzip
import random
import sys
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from bombs import BLANKS, COMPRESS, REFUSED, bomb, explode, receive
from conftest import Serve
from fake_transport import client_of
from open_sockets import linux
from raw_server import RawServer, http

from scenario_search import (
    APIConnectionError,
    APIResponseValidationError,
    InternalServerError,
)
from scenario_search.http.bodies import accept_encoding, read_body

PAGE = b'{"hits": [{"id": "a"}], "offset": 0, "limit": 20, "estimatedTotalHits": 1}'
MEGABYTE = 2**20
BOUNDED = SimpleNamespace(Decompressor=SimpleNamespace(can_accept_more_data=None))
UNBOUNDED = SimpleNamespace(Decompressor=SimpleNamespace())

each_coding = pytest.mark.parametrize("coding", COMPRESS)


def coded(body: bytes, coding: str, **keywords: Any) -> bytes:
    return http(body, f"Content-Encoding: {coding}", **keywords)


def test_every_coding_is_tried() -> None:
    assert list(COMPRESS) == ["gzip", "deflate", "br", "zstd"]


@each_coding
async def test_a_body_is_decompressed(coding: str) -> None:
    data = coded(COMPRESS[coding](PAGE), coding)
    async with RawServer(data) as server, client_of(server.url) as client:
        assert (await client.search.asset_search(query="x")).hits[0].id == "a"


async def test_the_codings_that_are_installed_are_offered(serve: Serve) -> None:
    offered = []

    async def handler(request: web.Request) -> web.Response:
        offered.append(request.headers["Accept-Encoding"])
        return web.Response(body=PAGE, content_type="application/json")

    async with client_of(await serve(handler)) as client:
        await client.search.asset_search(query="x")
    assert offered == [", ".join(COMPRESS)]


@pytest.mark.parametrize(
    ("brotlicffi", "brotli", "header"),
    [
        (None, None, {}),
        (None, BOUNDED, {}),
        (BOUNDED, UNBOUNDED, {}),
        (None, UNBOUNDED, {"Accept-Encoding": "gzip, deflate"}),
        (UNBOUNDED, BOUNDED, {"Accept-Encoding": "gzip, deflate"}),
    ],
)
def test_brotli_is_not_offered_where_aiohttp_cannot_use_it(
    brotlicffi: Any, brotli: Any, header: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "brotlicffi", brotlicffi)
    monkeypatch.setitem(sys.modules, "brotli", brotli)
    assert accept_encoding.__wrapped__() == header


@pytest.mark.parametrize("coding", ["compress", "gzip, br", "rot13"])
async def test_a_coding_that_was_not_offered_is_refused(coding: str) -> None:
    async with (
        RawServer(coded(PAGE, coding)) as server,
        client_of(server.url, max_retries=0) as client,
    ):
        with pytest.raises(APIResponseValidationError, match="was not asked for"):
            await client.search.asset_search(query="x")


@each_coding
async def test_a_damaged_body_is_a_connection_error(coding: str) -> None:
    data = coded(b"\xff\xff" + random.Random(0).randbytes(3000), coding)
    async with RawServer(data) as server, client_of(server.url, max_retries=0) as client:
        with pytest.raises(APIConnectionError, match="failed"):
            await client.search.asset_search(query="x")


@each_coding
async def test_a_body_that_ends_early_is_not_taken_for_whole(coding: str) -> None:
    data = coded(COMPRESS[coding](PAGE + random.Random(0).randbytes(3000))[:-900], coding)
    async with RawServer(data) as server, client_of(server.url, max_retries=0) as client:
        with pytest.raises((APIConnectionError, APIResponseValidationError)):
            await client.search.asset_search(query="x")


@each_coding
async def test_what_follows_the_end_does_not_go_on_for_ever(serve: Serve, coding: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": coding})
        await response.prepare(request)
        await response.write(COMPRESS[coding](PAGE))
        while True:
            await response.write(BLANKS)

    url = await serve(handler)
    async with client_of(url, max_response_bytes=2**22, max_retries=0, timeout=5) as client:
        with pytest.raises(APIConnectionError):
            await client.search.asset_search(query="x")


# Bombs


@linux
@each_coding
def test_a_bomb_is_refused_before_it_fills_the_memory(coding: str) -> None:
    outcome = explode(coding, 200)
    assert "max_response_bytes" in outcome["error"]
    assert outcome["grown"] < 20_000_000


@linux
@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_body_is_refused_before_it_fills_the_memory(name: str) -> None:
    body = REFUSED[name]()
    outcome = receive(gzip.compress(body, 1), "gzip")
    assert outcome["error"] is not None
    # The body itself is in memory twice: in pieces, and joined. Some are read by Python, as text.
    assert outcome["grown"] < 10_000_000 + 4 * len(body)


@each_coding
async def test_a_bomb_of_an_error_is_cut(coding: str) -> None:
    data = coded(bomb(coding, 20), coding, status="500 x")
    async with RawServer(data) as server, client_of(server.url, max_retries=0) as client:
        with pytest.raises(InternalServerError) as raised:
            await client.search.asset_search(query="x")
    assert isinstance(raised.value.body, str)
    assert len(raised.value.body) == 2**16


async def test_other_tasks_get_a_turn_after_each_megabyte() -> None:
    read, turns = 0, []

    async def buffered(size: int) -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(20 * MEGABYTE // size):
            read += size
            yield bytes(size)

    async def other_task() -> None:
        while True:
            turns.append(read)
            await asyncio.sleep(0)

    response: Any = SimpleNamespace(
        status=200, headers={}, content=SimpleNamespace(iter_chunked=buffered)
    )
    other = asyncio.create_task(other_task())
    await asyncio.sleep(0)
    body = await read_body(response, 20 * MEGABYTE)
    other.cancel()
    assert len(body) == 20 * MEGABYTE
    assert turns[1:] == [n * MEGABYTE for n in range(1, 21)]
