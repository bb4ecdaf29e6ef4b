"""Requests beyond what fits into a socket: pictures, mostly."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from broken_servers import DeafServer
from fake_transport import client_of
from open_sockets import linux, sockets_to
from raw_server import Answer, RawServer, http

PAGE = http(b'{"hits": [{"id": "a"}]}')
LARGE = "data:image/png;base64," + "iVBORw0KGgo" * 400_000


@pytest.mark.parametrize("size", [2**16 - 1, 2**16, 2**16 + 1, len(LARGE)])
async def test_a_request_of_any_size_arrives_whole(size: int) -> None:
    async with RawServer(PAGE) as server, client_of(server.url) as client:
        await client.search.asset_search(query="x", extra_body={"x": LARGE[:size]})
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert orjson.loads(body) == {"query": "x", "x": LARGE[:size]}
    assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
    assert head.lower().count(b"content-type:") == 1


async def test_a_large_request_is_sent_whole_again() -> None:
    async with (
        RawServer(Answer(http(b"", status="503 x"), "keep"), Answer(b"", "reset"), PAGE) as server,
        client_of(server.url) as client,
    ):
        client._requester.chance = lambda: 0.0
        await client.search.asset_search(image=LARGE)
    bodies = {request.partition(b"\r\n\r\n")[2] for request in server.requests}
    assert len(server.requests) == 3
    assert [orjson.loads(body)["image"] for body in bodies] == [LARGE]


@linux
async def test_a_large_request_that_is_cancelled_leaves_no_socket() -> None:
    async with DeafServer() as server:
        async with client_of(server.url) as client:
            search = client.search.asset_search(query="x", extra_body={"x": LARGE * 4})
            task = asyncio.ensure_future(search.count())
            while not server.connections:  # noqa: ASYNC110 - steps, not time, are awaited
                await asyncio.sleep(0)
            for _ in range(100):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(0)
            assert sockets_to(server.port) == set()
