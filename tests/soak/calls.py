"""The calls of the soak: each asks for something and looks whether it came."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import attrs

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from static_server import ids_of

from scenario_search import AsyncScenario, F

WORDS = ["castle", "dragon", "robot", "forest", "portrait", "city", "ship", "cat"]
SIZES = [1, 1, 1, 1, 5, 5, 5, 10, 20, 20]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100_000)


@attrs.define
class Tally:
    """What happened.

    Attributes:
        started: How many calls were begun.
        ended: How many ended in what.
        wrong: What should not have happened.
    """

    started: int = 0
    ended: Counter[str] = attrs.Factory(Counter)
    wrong: Counter[str] = attrs.Factory(Counter)
    _answers: dict[str, tuple[str, ...]] = attrs.Factory(dict)

    def note_answer(self, query: str, ids: Sequence[str]) -> None:
        """The same query must always bring the same hits."""
        same = self._answers.setdefault(query, tuple(ids)) == tuple(ids)
        self.expect(same, f"another answer to {query!r}")

    def expect(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong[what] += 1


Call = Callable[[AsyncScenario, Tally, random.Random], Awaitable[None]]


# Of the emulator


async def search(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    page = await client.search.asset_search(query=word, limit=20)
    tally.note_answer(word, [asset.id for asset in page.hits])


async def search_models(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    page = await client.search.model_search(query=word)
    tally.note_answer(f"models: {word}", [model.id for model in page.hits])


async def filtered(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    width = chance.choice([512, 768, 1024])
    page = await client.search.asset_search(filter=F.width >= width, limit=50)
    tally.expect(all((hit.metadata.width or 0) >= width for hit in page.hits), "a narrow hit")


async def count(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    number = await client.search.asset_search(query=word).count()
    tally.note_answer(f"count: {word}", [str(number)])


async def walk(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    ids = [hit.id async for hit in client.search.asset_search(query=word, limit=20, max_items=60)]
    tally.note_answer(f"walk: {word}", ids)


async def read_ahead(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    word = chance.choice(WORDS)
    results = client.search.asset_search(query=word, limit=10, max_items=60)
    async with results.prefetch(4) as hits:
        tally.note_answer(f"walk: {word}", [hit.id async for hit in hits])


async def crawl(client: AsyncScenario, tally: Tally, _: random.Random) -> None:
    async with client.crawl.assets(filter=F.width >= 1024, concurrency=4, cap=200) as assets:
        ids = sorted([hit.id async for hit in assets])
    tally.note_answer("crawl", ids)


# Of either


async def leave_early(client: AsyncScenario, _: Tally, __: random.Random) -> None:
    async with client.search.asset_search(query="castle", limit=5).prefetch(4) as hits:
        async for _hit in hits:
            break


async def break_off(client: AsyncScenario, _: Tally, chance: random.Random) -> None:
    results = client.search.asset_search(query=chance.choice(WORDS), limit=5)
    left = chance.randrange(1, 12)
    async for _hit in results:
        left -= 1
        if not left:
            break


async def give_up(client: AsyncScenario, _: Tally, chance: random.Random) -> None:
    hurried = client.with_options(deadline=chance.uniform(0.001, 0.02), max_retries=1)
    await hurried.search.asset_search(query=chance.choice(WORDS))


async def cancel(client: AsyncScenario, _: Tally, chance: random.Random) -> None:
    results = client.search.asset_search(query=chance.choice(WORDS), limit=20)
    task = asyncio.ensure_future(results.count())
    await asyncio.wait([task], timeout=chance.uniform(0, 0.01))
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


# Of the prepared pages, whose ids follow from their places


def prepared_ids(first: int, size: int, number: int = 1) -> list[str]:
    """The ids of so many pages of a size, from one on."""
    return [id_ for page in range(first, first + number) for id_ in ids_of(page, size)]


async def one_page(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    page, size = chance.randrange(40), chance.choice(SIZES)
    found = await client.search.asset_search(query="x", limit=size, offset=page * size)
    tally.expect([hit.id for hit in found.hits] == prepared_ids(page, size), "another page")


async def pages(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    size, number = chance.choice([5, 10]), chance.randrange(2, 8)
    results = client.search.asset_search(query="x", limit=size, max_items=size * number)
    ids = [hit.id async for hit in results]
    tally.expect(ids == prepared_ids(0, size, number), "other hits of a walk")


async def pages_ahead(client: AsyncScenario, tally: Tally, chance: random.Random) -> None:
    size, number = chance.choice([5, 10]), chance.randrange(2, 8)
    results = client.search.asset_search(query="x", limit=size, max_items=size * number)
    async with results.prefetch(4) as hits:
        ids = [hit.id async for hit in hits]
    tally.expect(ids == prepared_ids(0, size, number), "other hits read ahead")


async def picture(client: AsyncScenario, tally: Tally, _: random.Random) -> None:
    page = await client.search.asset_search(image=PICTURE, limit=5)
    tally.expect([hit.id for hit in page.hits] == prepared_ids(0, 5), "another page of a picture")


async def short_life(client: AsyncScenario, tally: Tally, _: random.Random) -> None:
    async with AsyncScenario(
        base_url=client.base_url, bearer_auth="token", timeout=1, max_retries=5
    ) as other:
        other._requester.chance = client._requester.chance
        page = await other.search.asset_search(query="x", limit=5)
    tally.expect([hit.id for hit in page.hits] == prepared_ids(0, 5), "another page of its own")


OF_EMULATOR: dict[Call, float] = {
    search: 40,
    search_models: 10,
    filtered: 10,
    count: 10,
    walk: 6,
    read_ahead: 4,
    leave_early: 2,
    break_off: 2,
    give_up: 6,
    cancel: 6,
    crawl: 0.1,
}
OF_PREPARED: dict[Call, float] = {
    one_page: 60,
    pages: 8,
    pages_ahead: 6,
    leave_early: 3,
    break_off: 3,
    picture: 2,
    give_up: 6,
    cancel: 10,
    short_life: 1,
}
