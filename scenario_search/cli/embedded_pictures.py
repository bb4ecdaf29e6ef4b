"""The pictures of a demo's gallery, as data URLs: its emulator ends before the file is opened."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any, TypeVar

from scenario_search.concurrency.threads import in_thread
from scenario_search.progress import track
from scenario_search.wire.hits import (
    Hit,
    SearchAssetSearchResponse,
    SearchWorkflowSearchResponse,
    Thumbnail,
)
from scenario_search.wire.pages import SearchHits

__all__ = ["with_pictures"]

P = TypeVar("P", bound=SearchHits[Any])

_SIDE = 440
"""Pixels of the longer side: cards are some 220 wide, and screens have two for each."""


async def with_pictures(pages: AsyncIterator[P]) -> AsyncIterator[P]:
    """Yields the pages of a demo; their hits hold their pictures and need no server.

    A picture takes some 50 ms of a core; a bar on the terminal counts them.
    """
    async for page in pages:
        for hit in track(page.hits, "drawing pictures"):
            await in_thread(_embed, hit)
        yield page


def _embed(hit: Hit) -> None:
    shown = [hit.thumbnail]
    if isinstance(hit, SearchWorkflowSearchResponse):
        shown += [hit.before, hit.after]
    for thumbnail in shown:
        if thumbnail is not None:
            thumbnail.url = _data_url(_fetched(thumbnail.url))
    if isinstance(hit, SearchAssetSearchResponse):
        if hit.thumbnail is None and str(hit.mime_type).startswith(("image/", "video/")):
            hit.thumbnail = Thumbnail(asset_id=hit.id, url=_data_url(_drawn(hit)))
        hit.url = ""


def _fetched(url: str) -> bytes:
    from urllib.request import ProxyHandler, build_opener  # noqa: PLC0415 - few searches need it

    # The emulator is on this machine, where a proxy would not find it.
    with build_opener(ProxyHandler({})).open(url) as answer:
        data: bytes = answer.read()
    return data


def _drawn(asset: SearchAssetSearchResponse) -> bytes:
    """Draw a small picture; the whole file behind the asset's URL would take four times as long."""
    from scenario_search.emulator.demo.drawing.pictures import draw_thumbnail  # noqa: PLC0415 - the extra's

    return draw_thumbnail(asset.to_dict(), max_side=_SIDE)


def _data_url(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"
