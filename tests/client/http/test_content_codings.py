"""What is unpacked, by which libraries, and that a small answer cannot become a large one."""

from __future__ import annotations

import gzip
import importlib.util
import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import brotli
import pytest
from aiohttp import web
from conftest import Serve
from fake_transport import client_of
from hypothesis import given, strategies as st
from raw_server import RawServer, http

from scenario_search import APIConnectionError, APIResponseValidationError
from scenario_search.http import codings as content_codings
from scenario_search.http.codings import ACCEPTED, UNPACKING_ERRORS, unpacker

ZSTD: Any = content_codings._zstd
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": ZSTD.compress,
}
PAGE = b'{"hits": [{"id": "a"}], "offset": 0, "limit": 20, "estimatedTotalHits": 1}'
BLANKS = b" " * 2**20

each_coding = pytest.mark.parametrize("coding", PACK)


def bomb(coding: str, megabytes: int) -> bytes:
    """A few kilobytes that become many megabytes."""
    match coding:
        case "br":
            squeeze = brotli.Compressor(quality=5)
            pieces = [squeeze.process(BLANKS) for _ in range(megabytes)]
            return b"".join([*pieces, squeeze.finish()])
        case "zstd":
            squeeze = ZSTD.ZstdCompressor()
        case _:
            squeeze = zlib.compressobj(9, wbits=31 if coding == "gzip" else 15)
    return b"".join([squeeze.compress(BLANKS) for _ in range(megabytes)] + [squeeze.flush()])


def coded(body: bytes, coding: str, **keywords: Any) -> bytes:
    return http(body, f"Content-Encoding: {coding}", **keywords)


@given(
    coding=st.sampled_from(sorted(PACK)),
    body=st.binary(max_size=3000) | st.integers(1, 2**20).map(bytes),
    step=st.integers(1, 4000),
)
def test_what_was_packed_is_unpacked_however_it_is_cut(coding: str, body: bytes, step: int) -> None:
    packed = PACK[coding](body)
    unpacking = unpacker(coding)
    assert unpacking is not None
    found = []
    for start in range(0, len(packed), step):
        assert not unpacking.ended
        found += unpacking.pieces(packed[start : start + step])
    assert unpacking.ended
    assert b"".join(found) == body


@each_coding
def test_no_piece_is_large(coding: str) -> None:
    unpacking = unpacker(coding)
    assert unpacking is not None
    sizes = [len(piece) for piece in unpacking.pieces(bomb(coding, 20))]
    assert sum(sizes) == 20 * 2**20
    assert max(sizes) <= 2**19


@each_coding
def test_data_of_another_kind_is_an_error(coding: str) -> None:
    unpacking = unpacker(coding)
    assert unpacking is not None
    with pytest.raises(UNPACKING_ERRORS):
        list(unpacking.pieces(b"\xff" + random.Random(0).randbytes(1000)))


def test_a_window_of_zstandard_beyond_8_megabytes_is_refused() -> None:
    options = {ZSTD.CompressionParameter.window_log: 24}
    squeeze = ZSTD.ZstdCompressor(options=options)
    packed = squeeze.compress(BLANKS * 17) + squeeze.flush()
    unpacking = unpacker("zstd")
    assert unpacking is not None
    with pytest.raises(UNPACKING_ERRORS):
        list(unpacking.pieces(packed))


@pytest.mark.parametrize("name", ["GZIP", " br ", "x-gzip"])
def test_case_and_blanks_of_a_coding_do_not_matter(name: str) -> None:
    assert unpacker(name) is not None


@pytest.mark.parametrize("name", ["", "identity", "compress", "gzip, br"])
def test_other_codings_are_not_unpacked(name: str) -> None:
    assert unpacker(name) is None


# Which libraries


def loaded_with(monkeypatch: pytest.MonkeyPatch, **modules: Any) -> ModuleType:
    """Load the module anew beside other libraries."""
    for name in ("brotli", "brotlicffi", "compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, modules.get(name))
    spec = importlib.util.spec_from_file_location("anew", content_codings.__file__)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_with_all_libraries_all_are_asked_for() -> None:
    assert ACCEPTED == "gzip, br, zstd"


def test_without_a_library_only_gzip_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded_with(monkeypatch)
    assert found.ACCEPTED == "gzip"
    assert found.unpacker("br") is None
    assert found.unpacker("zstd") is None


def test_a_brotli_that_cannot_be_bounded_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    old = SimpleNamespace(Decompressor=object, error=ValueError)
    assert loaded_with(monkeypatch, brotli=old).ACCEPTED == "gzip"


def test_brotlicffi_serves_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded_with(monkeypatch, brotlicffi=brotli)
    assert found.ACCEPTED == "gzip, br"
    assert b"".join(found.unpacker("br").pieces(brotli.compress(PAGE))) == PAGE


# In answers


@each_coding
async def test_an_answer_is_unpacked(coding: str) -> None:
    data = coded(PACK[coding](PAGE), coding)
    async with RawServer(data) as server, client_of(server.url) as client:
        assert (await client.search.asset_search(query="x")).hits[0].id == "a"


async def test_the_server_is_told_what_can_be_unpacked(serve: Serve) -> None:
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.headers["Accept-Encoding"])
        return web.Response(body=PAGE, content_type="application/json")

    async with client_of(await serve(handler)) as client:
        await client.search.asset_search(query="x")
    assert asked == [ACCEPTED]


@each_coding
async def test_a_bomb_is_refused_within_twice_the_limit(coding: str) -> None:
    data = coded(bomb(coding, 200), coding)
    limit = 8 * 2**20
    async with (
        RawServer(data) as server,
        client_of(server.url, max_response_bytes=limit, max_retries=0) as client,
    ):
        tracemalloc.start()
        try:
            with pytest.raises(APIResponseValidationError, match="max_response_bytes"):
                await client.search.asset_search(query="x")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 2 * limit


@each_coding
@pytest.mark.parametrize("damage", ["cut off", "broken"])
async def test_a_damaged_body_is_a_connection_error(coding: str, damage: str) -> None:
    packed = PACK[coding](random.Random(0).randbytes(3000))
    packed = packed[:-20] if damage == "cut off" else b"\xff\xff" + packed[2:]
    data = coded(packed, coding)
    async with (
        RawServer(data) as server,
        client_of(server.url, max_retries=0) as client,
    ):
        with pytest.raises(APIConnectionError, match="failed"):
            await client.search.asset_search(query="x")


@each_coding
async def test_what_follows_the_end_does_not_go_on_for_ever(serve: Serve, coding: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": coding})
        await response.prepare(request)
        await response.write(PACK[coding](PAGE))
        while True:
            await response.write(BLANKS)

    url = await serve(handler)
    async with client_of(url, max_response_bytes=2**22, max_retries=0) as client:
        # Brotli tells that something follows, which is an error of the connection.
        with pytest.raises((APIResponseValidationError, APIConnectionError)):
            await client.search.asset_search(query="x")
