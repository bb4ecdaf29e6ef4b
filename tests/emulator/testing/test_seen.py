from __future__ import annotations

import itertools
from typing import Any

import aiohttp
import pytest

from scenario_search.emulator import Emulator, SeenRequest
from scenario_search.emulator.testing.seen import LARGEST_KEPT_BODY, SeenRequests

MIB = 1024 * 1024
NUMBERS = itertools.count()


def request(**fields: Any) -> SeenRequest:
    usual = {"method": "POST", "path": "/", "query": {}, "headers": {}}
    return SeenRequest(**{**usual, "request_id": str(next(NUMBERS)), **fields})


def added(kept: SeenRequests, size: int) -> SeenRequest:
    seen = request()
    kept.add(seen)
    kept.add_body(seen, b"x" * size)
    return seen


def test_the_last_thousand_are_kept() -> None:
    kept = SeenRequests()
    every = [added(kept, 0) for _ in range(1003)]
    assert kept.listed() == every[3:]


def test_of_large_ones_sixteen_mebibytes_are_kept() -> None:
    kept = SeenRequests()
    every = [added(kept, MIB) for _ in range(40)]
    # Each holds a few bytes beside its body.
    assert kept.listed() == every[-15:]


def test_headers_and_urls_count_too() -> None:
    kept = SeenRequests()
    every = [request(path="/" + "p" * MIB) for _ in range(40)]
    every += [request(headers={"x": "y" * MIB}) for _ in range(40)]
    for each in every:
        kept.add(each)
    assert kept.listed() == every[-15:]


def test_small_ones_have_room_again_once_the_large_ones_are_gone() -> None:
    kept = SeenRequests()
    for _ in range(40):
        added(kept, MIB)
    every = [added(kept, 0) for _ in range(1000)]
    assert kept.listed() == every


def test_after_clearing_there_is_room_again() -> None:
    kept = SeenRequests()
    for _ in range(15):
        added(kept, MIB)
    kept.clear()
    assert kept.listed() == []
    every = [added(kept, MIB) for _ in range(15)]
    assert kept.listed() == every


def test_a_body_that_comes_after_its_request_is_gone_takes_no_room() -> None:
    kept = SeenRequests()
    early = request()
    kept.add(early)
    kept.clear()
    for _ in range(20):
        kept.add_body(early, b"x" * MIB)
    every = [added(kept, MIB) for _ in range(15)]
    assert kept.listed() == every


def test_too_large_a_body_is_not_kept() -> None:
    kept = SeenRequests()
    assert added(kept, LARGEST_KEPT_BODY).body
    assert added(kept, LARGEST_KEPT_BODY + 1).body == b""


@pytest.mark.parametrize(
    ("body", "json"), [(b'{"a": [1]}', {"a": [1]}), (b"", None), (b"{", None), (b"null", None)]
)
def test_a_body_is_read_as_json_where_it_is_some(body: bytes, json: object) -> None:
    seen = request()
    seen.body = body
    assert seen.json == json


async def test_over_http_a_body_is_told_as_it_came_however_deep() -> None:
    body = b'{"query": "x", "deep": ' + b"[" * 1000 + b"]" * 1000 + b"}"
    async with Emulator() as emulator, aiohttp.ClientSession() as session:
        origin = emulator.url.removesuffix("/v1")
        headers = {
            "Authorization": f"Bearer {emulator.bearer_auth}",
            "Content-Type": "application/json",
        }
        url = f"{emulator.url}/search/assets"
        async with session.post(url, data=body, headers=headers) as response:
            assert response.status == 200
        async with session.get(f"{origin}/__emulator__/requests") as response:
            assert response.status == 200
            assert body in await response.read()
