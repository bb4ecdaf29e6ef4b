"""Pictures inside a gallery, as data URLs, so that it needs no server and no URL that expires."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

import attrs

from scenario_search.display.cards import Card, CardPage
from scenario_search.display.gallery import MAX_DATA, picture_url
from scenario_search.errors import APIError
from scenario_search.text import count
from scenario_search.wire.image_types import picture_type

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["embedded"]

_CONCURRENCY = 8


async def embedded(page: CardPage, requester: Requester) -> CardPage:
    """Returns a page whose cards hold their pictures, and no URL.

    A picture that cannot be fetched, or is too large to stand inside, is left out and counted.
    """
    room = asyncio.Semaphore(_CONCURRENCY)

    async def inside(url: str | None) -> str:
        async with room:
            return await _data_url(url, requester)

    async def without_urls(card: Card) -> tuple[Card, bool]:
        urls = () if card.unsafe else card.pictures
        pictures = [data for url in urls if (data := await inside(url))][:1]
        both = None if card.unsafe else card.before_after
        if both is not None:
            before, after = await inside(both[0]), await inside(both[1])
            both = (before, after) if before and after else None
        lost = any(map(picture_url, urls)) and not pictures and both is None
        card = attrs.evolve(card, url="", pictures=tuple(pictures), before_after=both)
        return card, lost

    async with asyncio.TaskGroup() as tasks:
        each = [tasks.create_task(without_urls(card)) for card in page.cards]
    cards, lost = [task.result()[0] for task in each], sum(task.result()[1] for task in each)
    note = f"{count(lost)} without a picture, which could not be fetched" if lost else ""
    return attrs.evolve(page, cards=cards, note=note)


async def _data_url(url: str | None, requester: Requester) -> str:
    """Returns a picture as a data URL, ``""`` where it cannot be had."""
    known = picture_url(url)
    if known.startswith("data:") or not known or requester.file_url_problem(known):
        return known if known.startswith("data:") else ""
    content = bytearray()
    try:
        async with (
            asyncio.timeout(requester.options.timeout),
            requester.get_file(known, {"Accept": "image/*"}) as answer,
        ):
            if answer.status != 200:
                return ""
            async for piece in answer.pieces():
                content += piece
                if len(content) > MAX_DATA:
                    return ""
    except (APIError, TimeoutError):
        return ""
    text = base64.b64encode(content).decode()
    return picture_url(f"data:{picture_type(bytes(content[:64]))};base64,{text}")
