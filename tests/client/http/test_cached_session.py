"""A caller's session that answers from a cache."""

from __future__ import annotations

import os
from typing import Any

import orjson
import pytest
from aiohttp import web
from conftest import Serve
from fake_transport import client_of, correct_page

from scenario_search.http.large_bodies import LARGE

aiohttp_client_cache: Any = pytest.importorskip("aiohttp_client_cache")

PNG = b"\x89PNG\r\n\x1a\n"


async def answers_to(serve: Serve, *searches: dict[str, Any]) -> list[int]:
    """Returns, for each search through a session with a cache, which request its page answers."""
    bodies: list[dict[str, Any]] = []

    async def handler(request: web.Request) -> web.Response:
        bodies.append(orjson.loads(await request.read()))
        page = correct_page([f"asset_{len(bodies)}"], {})
        return web.Response(body=orjson.dumps(page), content_type="application/json")

    cache = aiohttp_client_cache.CacheBackend(allowed_methods=["POST"])
    async with aiohttp_client_cache.CachedSession(cache=cache) as session:
        async with client_of(await serve(handler), session=session) as client:
            pages = [await client.search.asset_search(**search) for search in searches]
    return [int(page.hits[0].id.removeprefix("asset_")) for page in pages]


async def test_a_search_that_is_repeated_is_answered_from_the_cache(serve: Serve) -> None:
    castle, dragon = {"query": "castle"}, {"query": "dragon"}
    assert await answers_to(serve, castle, castle, dragon, castle) == [1, 1, 2, 1]


async def test_large_pictures_are_told_apart_by_what_is_in_them(serve: Serve) -> None:
    first, second = ({"image": PNG + os.urandom(LARGE)} for _ in range(2))
    # Not by the address of a body in memory, where the next one may be.
    assert await answers_to(serve, first, second, first, second) == [1, 2, 1, 2]
