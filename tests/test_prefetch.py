from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fake_transport import FakeTransport, correct_page
from hypothesis import given, strategies as st

from scenario_search import (
    APIConnectionError,
    AsyncScenario,
    InvalidParamsError,
    PaginationError,
)

IDS = [f"a{number:03d}" for number in range(95)]


def serving(ids: list[str]) -> FakeTransport:
    return FakeTransport(lambda body: correct_page(ids, body))


def faked(transport: FakeTransport, **options: Any) -> AsyncScenario:
    client = AsyncScenario(api_key="key", api_secret="secret", **options)
    client._transport = transport  # type: ignore[assignment]
    return client


def offsets(transport: FakeTransport) -> list[int]:
    return [body["offset"] for body in transport.bodies]


@pytest.mark.parametrize("mode", [{"limit": 10}, {"page": 1, "hits_per_page": 10}], ids=str)
@pytest.mark.parametrize("ahead", [1, 2, 4, 64])
async def test_the_hits_and_their_order_are_those_of_the_plain_iteration(
    mode: dict[str, int], ahead: int
) -> None:
    client = faked(serving(IDS))
    results = client.search.asset_search(query="x", **mode)

    async with results.prefetch(ahead) as hits:
        assert [hit.id async for hit in hits] == [hit.id async for hit in results] == IDS


@given(
    count=st.integers(0, 60),
    size=st.integers(1, 20),
    ahead=st.integers(1, 9),
    most=st.none() | st.integers(0, 70),
)
def test_any_walk_is_the_same_with_pages_ahead(
    count: int, size: int, ahead: int, most: int | None
) -> None:
    async def walk() -> None:
        client = faked(serving(IDS[:count]))
        results = client.search.asset_search(query="x", limit=size, max_items=most)
        async with results.prefetch(ahead) as hits:
            assert [hit.id async for hit in hits] == IDS[:count][:most]

    asyncio.run(walk())


async def test_the_first_page_is_asked_for_alone_and_nothing_beyond_the_end() -> None:
    transport = serving(IDS)
    running: list[int] = []

    def answer(body: dict[str, Any]) -> Any:
        running.append(body["offset"])
        return correct_page(IDS, body)

    transport.answer = answer
    async with faked(transport).search.asset_search(query="x", limit=10).prefetch(4) as hits:
        assert len([hit async for hit in hits]) == len(IDS)

    assert running[0] == 0
    assert sorted(offsets(transport)) == list(range(0, 100, 10))


async def test_no_more_pages_are_under_way_than_asked_for() -> None:
    transport = serving(IDS)
    async with faked(transport).search.asset_search(query="x", limit=10).prefetch(3) as hits:
        async for hit in hits:
            if hit.id == "a010":
                break
        await asyncio.sleep(0)
        # Two pages were read, and at most three are under way beyond them.
        assert max(offsets(transport)) <= 40


async def test_max_items_bounds_what_is_asked_for() -> None:
    transport = serving(IDS)
    results = faked(transport).search.asset_search(query="x", limit=10, max_items=25)
    async with results.prefetch(8) as hits:
        assert [hit.id async for hit in hits] == IDS[:25]

    assert sorted(offsets(transport)) == [0, 10, 20]


async def test_leaving_early_leaves_no_task() -> None:
    before = asyncio.all_tasks()
    async with faked(serving(IDS)).search.asset_search(query="x", limit=10).prefetch(5) as hits:
        async for _ in hits:
            break
        assert len(asyncio.all_tasks()) >= len(before)

    assert asyncio.all_tasks() == before


async def test_an_error_comes_in_its_place_and_leaves_no_task() -> None:
    before = asyncio.all_tasks()

    def answer(body: dict[str, Any]) -> Any:
        if body["offset"] == 30:
            return APIConnectionError("broken")
        return correct_page(IDS, body)

    client = faked(FakeTransport(answer), max_retries=0)
    found = []
    with pytest.raises(APIConnectionError, match="broken"):
        async with client.search.asset_search(query="x", limit=10).prefetch(9) as hits:
            async for hit in hits:
                found.append(hit.id)

    assert found == IDS[:30]
    assert asyncio.all_tasks() == before


async def test_a_server_that_gives_shorter_pages_is_followed() -> None:
    def answer(body: dict[str, Any]) -> Any:
        page = correct_page(IDS, {**body, "limit": min(body["limit"], 7)})
        return {**page, "limit": body["limit"]}

    async with (
        faked(FakeTransport(answer)).search.asset_search(query="x", limit=10).prefetch(3) as hits
    ):
        assert [hit.id async for hit in hits] == IDS


async def test_a_server_that_does_not_advance_is_an_error() -> None:
    def answer(body: dict[str, Any]) -> Any:
        return {**correct_page(IDS, {**body, "offset": 0}), "offset": body["offset"]}

    with pytest.raises(PaginationError):
        async with (
            faked(FakeTransport(answer)).search.asset_search(query="x", limit=9).prefetch(3) as hits
        ):
            async for _ in hits:
                pass


async def test_a_page_goes_on_from_its_own_place() -> None:
    client = faked(serving(IDS))
    page = await client.search.asset_search(query="x", limit=10, offset=40)
    async with page.prefetch(3) as hits:
        assert [hit.id async for hit in hits] == IDS[40:]


async def test_it_runs_tasks_only_inside_async_with() -> None:
    hits = faked(serving(IDS)).search.asset_search(query="x").prefetch(2)
    with pytest.raises(TypeError, match="async with"):
        async for _ in hits:
            pass


@pytest.mark.parametrize("pages", [0, -1, 1.5, "2", None])
def test_the_number_of_pages_is_checked(pages: Any) -> None:
    with pytest.raises(InvalidParamsError, match="whole number of pages"):
        faked(serving(IDS)).search.asset_search(query="x").prefetch(pages)
