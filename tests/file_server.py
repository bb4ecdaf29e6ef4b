"""A server of files, and what tests of downloads share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from crawl_engine import TextEngine, dated

from scenario_search import SearchAssetSearchResponse
from scenario_search.converter import structure
from scenario_search.files.parts import PartialFile

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTENT = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 3000
ETAG = '"v1"'


def asset(index: int, url: str | None, **fields: Any) -> SearchAssetSearchResponse:
    made = dated(index, index, mimeType="image/png", **fields)
    return structure(made if url is None else {**made, "url": url}, SearchAssetSearchResponse)


def manifest(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "manifest.jsonl").read_bytes()
    return [orjson.loads(line) for line in text.splitlines()]


def names(folder: Path) -> set[str]:
    own = {"manifest.jsonl", "metadata.jsonl", ".scenario-search.lock"}
    return set(os.listdir(folder)) - own  # noqa: PTH208 - names are what counts


def leave_part(folder: Path, content: bytes, etag: str = ETAG, source: str = "/a") -> None:
    """Leave what an earlier run has of the first asset's file."""
    part = PartialFile(folder / "asset_000001.png", source)
    part.open()
    part.etag = etag
    part.append(content)
    part.close()


class Server:
    """Answers for files, as ``respond`` does or else with the content, and counts."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[web.Request] = []
        self.respond: Respond = self.whole
        self.engine: Callable[[Any], Any] = TextEngine([])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/v1/"):
            return web.json_response(self.engine(await request.json()))
        self.requests.append(request)
        return await self.respond(request)

    async def whole(self, request: web.Request) -> web.StreamResponse:
        """Answer as a server that knows ranges and ETags."""
        start = self.start(request)
        if start >= len(CONTENT):
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(CONTENT)}"})
        headers = {"Content-Type": "image/png", "ETag": ETAG}
        if start:
            end = f"{len(CONTENT) - 1}/{len(CONTENT)}"
            headers["Content-Range"] = f"bytes {start}-{end}"
        return web.Response(status=206 if start else 200, body=CONTENT[start:], headers=headers)

    def start(self, request: web.Request) -> int:
        unchanged = request.headers.get("If-Range", ETAG) == ETAG
        return (request.http_range.start or 0) if unchanged else 0

    async def breaks_off(self, request: web.Request) -> web.StreamResponse:
        """Send a third of what was asked for, then close."""
        start = self.start(request)
        size = len(CONTENT) - start
        headers = {"Content-Length": str(size), "ETag": ETAG}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        answer = web.StreamResponse(status=206 if start else 200, headers=headers)
        await answer.prepare(request)
        await answer.write(CONTENT[start : start + max(1000, size // 3)])
        if request.transport is not None:
            request.transport.close()
        return answer


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


def answering(status: int, times: int, then: Respond, **headers: str) -> Respond:
    left = times

    async def respond(request: web.Request) -> web.StreamResponse:
        nonlocal left
        left -= 1
        if left >= 0:
            return web.Response(status=status, headers=headers)
        return await then(request)

    return respond
