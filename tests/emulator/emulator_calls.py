"""Calls of an emulator without the client."""

from __future__ import annotations

import threading
from typing import Any

import aiohttp

from scenario_search.emulator import Emulator


def asset(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"asset_{number}", "ownerId": "project_demo", "tags": ["all"], **fields}


def basic(key: str, secret: str) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(key, secret)}


async def search(
    emulator: Emulator, body: Any, kind: str = "assets", **headers: str
) -> tuple[int, Any]:
    every = basic(emulator.api_key, emulator.api_secret) | headers
    url = f"{emulator.url}/search/{kind}"
    async with (
        aiohttp.ClientSession(headers=every) as session,
        session.post(url, json=body) as response,
    ):
        return response.status, await response.json()


async def ids(emulator: Emulator, body: Any, kind: str = "assets") -> list[str]:
    status, page = await search(emulator, body, kind)
    assert status == 200, page
    return [hit["id"] for hit in page["hits"]]


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "scenario" in thread.name]
