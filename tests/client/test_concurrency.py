from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import attrs
import httpx
import orjson
import pytest
from aiohttp import web
from conftest import Serve
from crawl_engine import TextEngine, clustered_assets
from fake_transport import client_of, correct_page, faked_client, hits
from fastapi import FastAPI

from scenario_search import APIStatusError, AsyncScenario, TruncatedResultsWarning
from scenario_search.emulator import Emulator

CALLS, CONNECTIONS = 500, 20


@attrs.define
class Echo:
    """Answers each search with its own query as the id, and looks who is inside."""

    answers: Callable[[int], web.Response | None] = lambda _: None
    gates: dict[str, asyncio.Event] = attrs.Factory(dict)
    inside: int = 0
    most: int = 0
    order: list[str] = attrs.Factory(list)
    full: asyncio.Event = attrs.Factory(asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        query = orjson.loads(await request.read())["query"]
        self.order.append(query)
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside == CONNECTIONS:
            self.full.set()
        try:
            if query in self.gates:
                await self.gates[query].wait()
            await asyncio.sleep(0)
        finally:
            self.inside -= 1
        answer = self.answers(len(self.order))
        page = web.Response(body=orjson.dumps({"hits": hits([query])}))
        return page if answer is None else answer


async def search(client: AsyncScenario, query: str) -> str:
    page = await client.search.asset_search(query=query)
    (hit,) = page.hits
    return hit.id


# Five hundred at once


async def test_five_hundred_searches_at_once_each_get_their_own_answer(serve: Serve) -> None:
    echo = Echo()
    async with client_of(await serve(echo.answer), max_connections=CONNECTIONS) as client:
        queries = [f"query {n}" for n in range(CALLS)]
        assert await asyncio.gather(*(search(client, query) for query in queries)) == queries
    assert echo.most <= CONNECTIONS
    assert sorted(echo.order) == sorted(queries)


async def test_nobody_is_overtaken_by_more_than_the_connections_hold(serve: Serve) -> None:
    ended: list[int] = []

    async def call(number: int) -> None:
        await search(client, str(number))
        ended.append(number)

    async with client_of(await serve(Echo().answer), max_connections=CONNECTIONS) as client:
        await asyncio.gather(*map(call, range(CALLS)))
    overtaken = [sum(later > number for later in ended[:at]) for at, number in enumerate(ended)]
    assert max(overtaken) <= 2 * CONNECTIONS


async def test_slow_answers_hold_up_no_more_than_their_own_connections(serve: Serve) -> None:
    slow = [f"slow {n}" for n in range(CONNECTIONS - 1)]
    echo = Echo(gates={query: asyncio.Event() for query in slow})
    async with client_of(await serve(echo.answer), max_connections=CONNECTIONS) as client:
        held = [asyncio.ensure_future(search(client, query)) for query in slow]
        others = [f"query {n}" for n in range(CALLS)]
        assert await asyncio.gather(*(search(client, query) for query in others)) == others
        assert not any(task.done() for task in held)
        for gate in echo.gates.values():
            gate.set()
        assert await asyncio.gather(*held) == slow


async def test_none_is_lost_where_a_tenth_of_the_answers_is_a_503(serve: Serve) -> None:
    chance, failed = random.Random(0), 0

    def sometimes(_: int) -> web.Response | None:
        nonlocal failed
        if chance.random() >= 0.1:
            return None
        failed += 1
        return web.Response(status=503)

    echo = Echo(sometimes)
    options: dict[str, Any] = {"max_connections": CONNECTIONS, "max_retries": 9}
    async with client_of(await serve(echo.answer), **options) as client:
        client._requester.chance = lambda: 0.0
        queries = [f"query {n}" for n in range(CALLS)]
        assert await asyncio.gather(*(search(client, query) for query in queries)) == queries
    assert failed > 0
    assert len(echo.order) == CALLS + failed


async def test_each_call_of_a_storm_fails_by_itself(serve: Serve) -> None:
    echo = Echo(lambda number: web.Response(status=429 if number % 2 else 200, body=b'{"hits":[]}'))
    async with client_of(await serve(echo.answer), max_connections=5, max_retries=0) as client:
        calls = (client.search.asset_search(query=str(n)).count() for n in range(100))
        ends = await asyncio.gather(*calls, return_exceptions=True)
    assert Counter(isinstance(end, APIStatusError) for end in ends) == {True: 50, False: 50}


async def test_after_five_hundred_are_cancelled_all_connections_are_free_again(
    serve: Serve,
) -> None:
    never = asyncio.Event()
    echo = Echo(gates={str(n): never for n in range(CALLS)})
    async with client_of(await serve(echo.answer), max_connections=CONNECTIONS) as client:
        tasks = [asyncio.ensure_future(search(client, str(n))) for n in range(CALLS)]
        await echo.full.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)
        queries = [f"query {n}" for n in range(CONNECTIONS)]
        assert await asyncio.gather(*(search(client, query) for query in queries)) == queries


async def test_copies_share_the_connections(serve: Serve) -> None:
    echo = Echo()
    async with client_of(await serve(echo.answer), max_connections=3) as client:
        copies = [client, client.with_options(timeout=9), client.with_options(max_retries=1)]
        await asyncio.gather(*(search(copies[n % 3], str(n)) for n in range(60)))
    assert 0 < echo.most <= 3


# A limiter


class Watched:
    """A limiter of three, which notes how many were inside at once."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(3)
        self.inside = self.most = self.entered = 0

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        self.inside += 1
        self.entered += 1
        self.most = max(self.most, self.inside)

    async def __aexit__(self, *_: object) -> None:
        self.inside -= 1
        self._slots.release()


async def walked(client: AsyncScenario) -> None:
    assert len([one async for one in client.search.asset_search(query="x", limit=10)]) == 90


async def prefetched(client: AsyncScenario) -> None:
    async with client.search.asset_search(query="x", limit=10).prefetch(5) as ahead:
        assert len([one async for one in ahead]) == 90


async def counted(client: AsyncScenario) -> None:
    assert await client.search.model_search(query="x").count() == 90


async def test_a_limiter_is_shared_by_all_calls_of_a_client_and_of_its_copies() -> None:
    ids = [f"asset_{n}" for n in range(90)]
    limiter = Watched()
    client, sent = faked_client(lambda body: correct_page(ids, body), limiter=limiter)
    clients = [client, client.with_options(timeout=9)]
    calls = [call(one) for one in clients for call in (walked, prefetched, counted)]
    await asyncio.gather(*calls)
    assert limiter.most == 3
    assert limiter.entered == len(sent.bodies)
    assert limiter.inside == 0


async def test_a_limiter_is_shared_by_the_tasks_of_a_crawl() -> None:
    limiter = Watched()
    engine = TextEngine(clustered_assets(600, burst=10), cap=100)
    client, sent = faked_client(engine, limiter=limiter)
    async with client.crawl.assets(public=True, concurrency=8, cap=100) as crawl:
        assert len({asset.id async for asset in crawl}) == 600
    assert (limiter.most, limiter.inside) == (3, 0)
    assert limiter.entered == len(sent.bodies)


# Cancellation at every step, of what runs tasks


class Trips:
    """Counts how many requests are under way, by wrapping a transport's ``post``."""

    def __init__(self, transport: Any) -> None:
        self.under_way = self.sent = 0
        self._post = transport.post
        transport.post = self.post

    async def post(self, *args: Any, **keywords: Any) -> Any:
        self.under_way += 1
        self.sent += 1
        try:
            return await self._post(*args, **keywords)
        finally:
            self.under_way -= 1


async def read_ahead(client: AsyncScenario) -> int:
    async with client.search.asset_search(query="x", limit=10).prefetch(4) as ahead:
        return len([one async for one in ahead])


async def left_early(client: AsyncScenario) -> int:
    async with client.search.asset_search(query="x", limit=10).prefetch(4) as ahead:
        async for _ in ahead:
            break
    return 1


async def crawled(client: AsyncScenario) -> int:
    async with client.crawl.assets(public=True, concurrency=4, cap=100) as crawl:
        return len([one async for one in crawl])


async def planned(client: AsyncScenario) -> int:
    return await client.crawl.assets(public=True, cap=100).count()


def searched_client() -> tuple[AsyncScenario, Any]:
    ids = [f"asset_{n}" for n in range(60)]
    return faked_client(lambda body: correct_page(ids, body))


def crawled_client() -> tuple[AsyncScenario, Any]:
    return faked_client(TextEngine(clustered_assets(250, burst=5), cap=100))


async def rounds(number: int) -> None:
    """Let the loop go round."""
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("make", "call", "expected"),
    [
        (searched_client, read_ahead, 60),
        (searched_client, left_early, 1),
        (crawled_client, crawled, 250),
        (crawled_client, planned, 250),
    ],
)
async def test_cancelling_at_each_step_leaves_no_task_and_sends_nothing_more(
    make: Callable[[], tuple[AsyncScenario, Any]],
    call: Callable[[AsyncScenario], Coroutine[Any, Any, int]],
    expected: int,
) -> None:
    before, cancelled = asyncio.all_tasks(), 0
    for step in range(2000):
        client, transport = make()
        trips = Trips(transport)
        task = asyncio.ensure_future(call(client))
        for _ in range(step):
            if task.done():
                break
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            assert await task == expected
            break
        cancelled += 1
        sent = trips.sent
        assert trips.under_way == 0, f"step {step}"
        # Time for the loop to end the generators that were left, which it does in tasks.
        await rounds(3)
        assert asyncio.all_tasks() == before, f"step {step}"
        assert trips.sent == sent
    else:
        pytest.fail("no step left it the time to finish")
    assert cancelled > 5
    await rounds(3)
    assert asyncio.all_tasks() == before


# Inside a web service


def service(emulator: Emulator) -> FastAPI:
    """What the documentation shows: a client for the life of the service."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncScenario(
            base_url=emulator.url,
            api_key=emulator.api_key,
            api_secret=emulator.api_secret,
            max_connections=8,
            deadline=30,
        ) as client:
            app.state.client = client
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/search")
    async def find(q: str) -> list[str]:
        page = await app.state.client.search.asset_search(query=q, limit=5)
        return [asset.id for asset in page.hits]

    return app


async def test_a_service_answers_each_of_its_callers(scenario_emulator: Emulator) -> None:
    scenario_emulator.faults.add(status=503, every=10)
    app = service(scenario_emulator)
    words = ["castle", "dragon", "robot", "forest"]
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as web,
    ):
        app.state.client._requester.chance = lambda: 0.0
        calls: list[Awaitable[httpx.Response]] = [
            web.get("/search", params={"q": words[n % 4]}) for n in range(40)
        ]
        answers = [answer.json() for answer in await asyncio.gather(*calls)]
    assert all(answers)
    assert {tuple(answer) for answer in answers} == {tuple(answer) for answer in answers[:4]}
    assert all(answers[n] == answers[n % 4] for n in range(40))


async def test_the_cap_of_a_shared_client_warns_each_walk() -> None:
    ids = [f"asset_{n}" for n in range(1000)]
    client, _ = faked_client(lambda body: correct_page(ids, body))

    async def walk() -> int:
        return len([one async for one in client.search.asset_search(query="x", limit=100)])

    with pytest.warns(TruncatedResultsWarning) as caught:
        assert await asyncio.gather(*(walk() for _ in range(3))) == [1000] * 3
    assert len(caught) == 3
