"""A loopback server that does nothing but hand out prepared pages, as fast as Python can.

Run as a script it prints its port and serves until it is killed. The path chooses what is
served: ``/{latency in ms}/{hits in all}/v1/search/assets``. The position is taken from the body
or, for the official SDK, from the query string.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any

import orjson

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# A client of a proxy sends the whole URL, which every server has to accept (RFC 9112, 3.2.2).
_PATH = re.compile(rb"POST (?:http://[^/ ]*)?/(\d+)/(\d+)/v1/search/assets(?:\?([^ ]*))?")
_FIRST_HIT = b'[{"id":"asset_GTrLmqSX%010dyMxk'
_FIRST_IDS = 10**9
_QUERY_OFFSET = re.compile(rb"(?:^|&)offset=(\d+)")


def make_hit(number: int) -> dict[str, Any]:
    """A hit of about 2.2 kB."""
    ident = f"GTrLmqSX{number:010d}yMxk"
    return {
        "id": f"asset_{ident}",
        "authorId": f"user_{ident}",
        "collectionIds": [f"collection_{ident}"],
        "createdAt": "2025-01-16T11:19:41.579Z",
        "metadata": {
            "aspectRatio": "16:9",
            "baseModelId": "model_flux-1-dev",
            "guidance": 3.5,
            "height": 1080,
            "kind": "image",
            "modelId": f"model_{ident}",
            "modelType": "flux.1-lora",
            "name": f"Castle number {number}",
            "negativePrompt": "blurry, low quality, watermark, text, cropped",
            "numInferenceSteps": 28,
            "parentJobId": f"job_{ident}",
            "prompt": "a castle above the clouds, golden hour, highly detailed, " * 8,
            "scheduler": "euler",
            "seed": "1234567890",
            "size": 1843200,
            "type": "inference-txt2img",
            "width": 1920,
        },
        "mimeType": "image/png",
        "nsfw": [],
        "ownerId": f"project_{ident}",
        "privacy": "public",
        "tags": ["castle", "fantasy", "landscape"],
        "teamId": f"team_{ident}",
        "updatedAt": "2025-01-16T11:19:41.579Z",
        "url": f"https://cdn.example.com/assets/asset_{ident}.png?Signature=" + "x" * 400,
        "description": "A castle on a hill with towers, seen in the evening light. " * 5,
        "score": 12.5,
        "thumbnail": {
            "assetId": f"asset_{ident}",
            "url": f"https://cdn.example.com/thumbnails/asset_{ident}.webp?Signature=" + "x" * 200,
        },
    }


def make_hits(page: int, size: int) -> bytes:
    """The JSON of a page's hits."""
    return orjson.dumps([make_hit(page * size + index) for index in range(size)])


def ids_of(page: int, size: int) -> list[str]:
    """The ids of a page."""
    places = [_FIRST_IDS + page, *range(page % 2 * size + 1, (page % 2 + 1) * size)]
    return [f"asset_GTrLmqSX{place:010d}yMxk" for place in places]


class Handler(asyncio.Protocol):
    """One connection. Two pages of a size are prepared, and take turns.

    The first hit's id is the page's own: a client may find out that pages go round in a circle.
    """

    pages: dict[int, tuple[bytes, bytes]] = {}  # noqa: RUF012 - shared on purpose

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._received, 0, end)
            size = int(length[1]) if length else 0
            if len(self._received) < end + 4 + size:
                return
            head, body = self._received[:end], self._received[end + 4 : end + 4 + size]
            self._received = self._received[end + 4 + size :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        path = _PATH.match(head)
        if path is None:
            self._transport.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
            return
        latency, total = int(path[1]), int(path[2])
        asked = orjson.loads(body)
        if "page" in asked:
            size = asked["hitsPerPage"]
            number = asked["page"] - 1
            end = b',"page":%d,"hitsPerPage":%d,"totalHits":%d,"totalPages":%d}' % (
                asked["page"],
                size,
                total,
                -(-total // size),
            )
        else:
            size = asked.get("limit", 20)
            in_query = _QUERY_OFFSET.search(path[3] or b"")
            offset = int(in_query[1]) if in_query else asked.get("offset", 0)
            number = offset // size
            end = b',"offset":%d,"limit":%d,"estimatedTotalHits":%d}' % (offset, size, total)
        if size not in self.pages:
            self.pages[size] = (make_hits(0, size), make_hits(1, size))
        if number * size < total:
            first = _FIRST_HIT % (_FIRST_IDS + number)
            content = (b'{"hits":', first, self.pages[size][number % 2][len(first) :], end)
        else:
            content = (b'{"hits":[]', end)
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        answer = b"".join((head % sum(map(len, content)), *content))
        if latency:
            asyncio.get_running_loop().call_later(latency / 1000, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def serve() -> None:
    """Serve on a free port of 127.0.0.1 until killed, or until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Handler, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
