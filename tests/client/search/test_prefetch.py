from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from fake_transport import FakeTransport, correct_page, faked_client, hits
from hypothesis import given, strategies as st

from scenario_search import AsyncScenario, InvalidParamsError, PaginationError

IDS = [f"asset_{i:03d}" for i in range(230)]


def client_of(ids: list[str] = IDS) -> tuple[AsyncScenario, FakeTransport]:
    return faked_client(lambda body: correct_page(ids, body))


async def prefetched(client: AsyncScenario, ahead: int, **params: Any) -> list[str]:
    async with client.search.asset_search(query="x", **params).prefetch(ahead) as found:
        return [hit.id async for hit in found]


def other_tasks() -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


@given(
    st.integers(0, 150),
    st.integers(1, 9),
    st.sampled_from(
        [{}, {"limit": 7}, {"limit": 20, "offset": 33}, {"page": 2, "hits_per_page": 9}]
    ),
    st.none() | st.integers(0, 60),
)
def test_hits_and_order_are_those_of_bare_iteration(
    count: int, ahead: int, position: dict[str, int], most: int | None
) -> None:
    async def check() -> None:
        client, _ = client_of(IDS[:count])
        params: dict[str, Any] = {**position, "max_items": most}
        bare = [hit.id async for hit in client.search.asset_search(query="x", **params)]
        assert await prefetched(client, ahead, **params) == bare

    asyncio.run(check())


async def test_pages_are_asked_for_ahead() -> None:
    client, transport = client_of()
    async with client.search.asset_search(query="x", limit=10).prefetch(4) as found:
        async for _ in found:
            break
        await asyncio.gather(*other_tasks())
        assert [body["offset"] for body in transport.bodies] == [0, 10, 20, 30, 40]


async def test_no_more_than_so_many_pages_are_under_way() -> None:
    most = 0
    client, transport = client_of()
    async with client.search.asset_search(query="x", limit=10).prefetch(3) as found:
        async for _ in found:
            most = max(most, len(other_tasks()))
    assert most == 3
    assert len(transport.bodies) == 23


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (9, 1), (10, 1), (11, 2), (100, 10)])
async def test_nothing_is_asked_for_beyond_the_end(count: int, requests: int) -> None:
    client, transport = client_of(IDS[:count])
    await prefetched(client, 8, limit=10)
    assert len(transport.bodies) == requests


async def test_nothing_is_asked_for_beyond_max_items() -> None:
    client, transport = client_of()
    assert await prefetched(client, 8, limit=10, max_items=25) == IDS[:25]
    assert len(transport.bodies) == 3


async def test_leaving_early_leaves_no_task() -> None:
    client, _ = client_of()
    async with client.search.asset_search(query="x", limit=10).prefetch(4) as found:
        async for _ in found:
            break
        assert other_tasks()
    assert not other_tasks()


async def test_an_error_comes_in_its_place_and_leaves_no_task() -> None:
    def answer(body: dict[str, Any]) -> Any:
        return ValueError("no") if body["offset"] == 30 else correct_page(IDS, body)

    client, _ = faked_client(answer)
    found: list[str] = []

    async def walk() -> None:
        async with client.search.asset_search(query="x", limit=10).prefetch(4) as ahead:
            async for hit in ahead:
                found.append(hit.id)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(ValueError, match="no"):
        await walk()
    assert found == IDS[:30]
    assert not other_tasks()


async def test_a_server_that_does_not_advance_is_noticed() -> None:
    client, _ = faked_client(
        lambda _: {"hits": hits(IDS[:10]), "limit": 10, "estimatedTotalHits": 230}
    )
    with pytest.raises(PaginationError):
        await prefetched(client, 4, limit=10)
    assert not other_tasks()


async def test_pages_that_hold_fewer_hits_than_asked_for_lose_none() -> None:
    def answer(body: dict[str, Any]) -> Any:
        return correct_page(IDS, {**body, "limit": min(body["limit"], 7)})

    client, _ = faked_client(answer)
    assert await prefetched(client, 4, limit=10) == IDS


async def test_pages_that_are_smaller_than_asked_for_take_no_more_requests_than_bare() -> None:
    def answer(body: dict[str, Any]) -> Any:
        return correct_page(IDS, {**body, "limit": min(body["limit"], 50)})

    client, transport = faked_client(answer)
    assert await prefetched(client, 8, limit=100) == IDS
    assert [body["offset"] for body in transport.bodies] == [0, 50, 100, 150, 200]


async def test_each_iteration_walks_anew() -> None:
    client, _ = client_of()
    async with client.search.asset_search(query="x", limit=10).prefetch(4) as found:
        async for _ in found:
            break
        assert [hit.id async for hit in found] == IDS
        assert [hit.id async for hit in found] == IDS


async def test_iterations_of_one_block_leave_each_others_pages_alone() -> None:
    client, transport = client_of()
    async with client.search.asset_search(query="x", limit=10).prefetch(4) as ahead:
        first, second = aiter(ahead), aiter(ahead)
        for expected in IDS:
            assert (await anext(first)).id == (await anext(second)).id == expected
    assert len(transport.bodies) == 2 * 23
    assert not other_tasks()


async def test_errors_of_pages_that_an_abandoned_iteration_left_are_not_reported() -> None:
    reports: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))

    def answer(body: dict[str, Any]) -> Any:
        return correct_page(IDS, body) if body["offset"] < 20 else ValueError("no")

    client, _ = faked_client(answer)
    async with client.search.asset_search(query="x", limit=10).prefetch(4) as ahead:
        async for _ in ahead:
            break
        await asyncio.wait(other_tasks())
        gc.collect()
    assert not reports


async def test_it_goes_on_from_a_page() -> None:
    client, transport = client_of()
    page = await client.search.asset_search(query="x", limit=50, offset=100)
    async with page.prefetch(2) as found:
        assert [hit.id async for hit in found] == IDS[100:]
    assert [body["offset"] for body in transport.bodies] == [100, 150, 200]


async def test_outside_of_its_block_it_says_what_to_write() -> None:
    client, _ = client_of()
    with pytest.raises(TypeError, match="async with"):
        aiter(client.search.asset_search(query="x").prefetch(2))


async def test_an_iteration_that_outlives_its_block_says_so() -> None:
    client, _ = client_of()
    async with client.search.asset_search(query="x", limit=10).prefetch(2) as found:
        left = aiter(found)
        await anext(left)
    with pytest.raises(RuntimeError, match="prefetch block was left"):
        [hit async for hit in left]
    assert not other_tasks()


@pytest.mark.parametrize("ahead", [0, -1, 1.5, True, "2", None])
def test_what_is_no_number_of_pages_is_refused(ahead: Any) -> None:
    client, _ = client_of()
    with pytest.raises(InvalidParamsError, match="whole number of pages"):
        client.search.asset_search(query="x").prefetch(ahead)


async def test_the_pages_after_the_one_it_goes_on_from_are_asked_for_together() -> None:
    asked_before: list[list[int]] = []

    def answer(body: dict[str, Any]) -> Any:
        asked_before.append([asked["offset"] for asked in transport.bodies[1:]])
        return correct_page(IDS, body)

    client, transport = faked_client(answer)
    page = await client.search.asset_search(query="x", limit=50, offset=0)
    async with page.prefetch(2) as found:
        assert [hit.id async for hit in found] == IDS
    assert asked_before[1] == [50, 100]
