from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any

import aiohttp
import numpy as np
import pytest
from emulator_calls import asset, basic, ids, search

from scenario_search.emulator import Emulator
from scenario_search.emulator.contract.requests import SearchRequest, read_search
from scenario_search.emulator.engine.engine import SearchResult
from scenario_search.emulator.http import routes
from scenario_search.emulator.store import connections as store_connections


@pytest.fixture(scope="module")
def demo() -> Iterator[Emulator]:
    with Emulator.demo() as emulator:
        yield emulator


@pytest.fixture
async def session(demo: Emulator) -> AsyncIterator[aiohttp.ClientSession]:
    demo.reset_sync()
    headers = basic(demo.api_key, demo.api_secret)
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


class TestCredentials:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Authorization": "Basic"},
            {"Authorization": "Basic !!!"},
            basic("emulator-key", "wrong"),
            basic("wrong", "emulator-secret"),
            basic("", ""),
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Bearer"},
            {"Authorization": "Digest emulator-token"},
        ],
    )
    async def test_wrong_ones_are_a_401(self, demo: Emulator, headers: dict[str, str]) -> None:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{demo.url}/search/assets", json={"query": "x"}) as response,
        ):
            assert response.status == 401
            assert response.headers["WWW-Authenticate"].startswith("Basic")
            assert (await response.json())["code"] == "UNAUTHORIZED"

    async def test_a_bearer_token_does(self, demo: Emulator) -> None:
        headers = {"Authorization": f"Bearer {demo.bearer_auth}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{demo.url}/search/assets", json={"query": "x"}) as response,
        ):
            assert response.status == 200

    async def test_one_may_choose_them(self) -> None:
        async with Emulator(api_key="ké", api_secret="a:b") as emulator:
            assert await ids(emulator, {"query": "x"}) == []


class TestAnswers:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("POST", "/search/nothing", 404), ("GET", "/search/assets", 405), ("GET", "/x", 404)],
    )
    async def test_errors_of_the_framework_are_json_too(
        self,
        demo: Emulator,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        status: int,
    ) -> None:
        async with session.request(method, demo.url + path) as response:
            assert response.status == status
            assert set(await response.json()) == {"error", "code"}

    async def test_a_405_names_what_is_allowed(
        self, demo: Emulator, session: aiohttp.ClientSession
    ) -> None:
        async with session.put(f"{demo.url}/search/assets") as response:
            assert response.headers["Allow"] == "POST"

    async def test_another_content_type_is_a_415(
        self, demo: Emulator, session: aiohttp.ClientSession
    ) -> None:
        url = f"{demo.url}/search/assets"
        async with session.post(url, data=b"{}", headers={"Content-Type": "text/xml"}) as response:
            assert response.status == 415
            assert (await response.json())["code"] == "UNSUPPORTED_MEDIA_TYPE"

    async def test_a_body_above_the_limit_is_a_413(self) -> None:
        async with Emulator(max_body_bytes=100) as emulator:
            status, body = await search(emulator, {"query": "x" * 100})
        assert (status, body["code"]) == (413, "PAYLOAD_TOO_LARGE")

    async def test_a_body_said_to_be_gzip_that_is_none_is_a_400(
        self, demo: Emulator, session: aiohttp.ClientSession
    ) -> None:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        url = f"{demo.url}/search/assets"
        async with session.post(url, data=b"{}", headers=headers) as response:
            assert response.status == 400

    async def test_each_has_a_request_id_of_its_own(
        self, demo: Emulator, session: aiohttp.ClientSession
    ) -> None:
        seen = set()
        for path in ("/nothing", "/search/assets", "/openapi.json"):
            async with session.get(demo.url + path) as response:
                seen.add(response.headers["x-request-id"])
        assert len(seen) == 3

    async def test_a_large_one_is_compressed_for_who_can_read_it(
        self, demo: Emulator, session: aiohttp.ClientSession
    ) -> None:
        url, body = f"{demo.url}/search/assets", {"query": "castle", "limit": 100}
        async with session.post(url, json=body, headers={"Accept-Encoding": "gzip"}) as response:
            assert response.headers["Content-Encoding"] == "gzip"
            packed = await response.json()
        plain = {"Accept-Encoding": "identity"}
        async with session.post(url, json=body, headers=plain) as response:
            assert "Content-Encoding" not in response.headers
            assert await response.json() == packed

    async def test_health_needs_no_credentials(self, demo: Emulator) -> None:
        url = demo.url.replace("/v1", "/healthz")
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert await response.json() == {"status": "ok"}


class TestComputing:
    @pytest.mark.parametrize(
        ("characters", "thread"), [(10, "scenario-emulator"), (5000, "scenario-emulator-reader_0")]
    )
    async def test_a_request_is_read_once_and_a_long_one_beside_the_loop(
        self, monkeypatch: pytest.MonkeyPatch, characters: int, thread: str
    ) -> None:
        threads = []

        def noted(*args: Any) -> SearchRequest:
            threads.append(threading.current_thread().name)
            return read_search(*args)

        monkeypatch.setattr(routes, "read_search", noted)
        async with Emulator() as emulator:
            assert await ids(emulator, {"query": "c" * characters}) == []
        assert threads == [thread]

    async def test_a_search_is_given_up_when_its_client_leaves(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun, ended = threading.Event(), Future[str]()
        monkeypatch.setattr(store_connections, "_LOOK_EVERY", 1)
        async with Emulator() as emulator:
            engine = emulator._running().engine
            usual = engine.search

            def noted(request: SearchRequest, left: threading.Event) -> SearchResult:
                begun.set()
                left.wait(30)  # where it fails it would wait for ever
                try:
                    found = usual(request, left)
                except CancelledError as error:
                    ended.set_result(str(error))
                    raise
                ended.set_result("answered")
                return found

            monkeypatch.setattr(engine, "search", noted)
            asking = asyncio.create_task(ids(emulator, {"filter": "width > 0"}))
            await asyncio.to_thread(begun.wait)
            asking.cancel()
            assert await asyncio.wrap_future(ended) == "The client of this search has disconnected"

    async def test_words_do_not_wait_for_what_computes(self) -> None:
        """As many searches as there could be threads wait for an embedder that does not come."""
        begun, go_on = threading.Event(), threading.Event()

        class Slow:
            name, dimensions = "slow", 1

            def embed(self, texts: Sequence[str]) -> Any:
                begun.set()
                go_on.wait()
                return np.ones((len(texts), 1), np.float32)

        meant = {"query": "castle", "querySemanticRatio": 1}
        async with Emulator(embedder=Slow()) as emulator:
            await emulator.load([asset(1, metadata={"name": "castle"})])
            waiting = [asyncio.create_task(ids(emulator, meant)) for _ in range(40)]
            await asyncio.to_thread(begun.wait)
            try:
                async with asyncio.timeout(30):  # where it fails it would wait for ever
                    while len(emulator.requests) < 40:  # noqa: ASYNC110 - they tell of nothing
                        await asyncio.sleep(0)
                    assert await ids(emulator, {"query": "castle"}) == ["asset_1"]
            finally:
                go_on.set()
            assert await asyncio.gather(*waiting) == [["asset_1"]] * 40

    async def test_it_stops_soon_while_it_embeds(self) -> None:
        embedded = []
        begun, go_on = threading.Event(), threading.Event()

        class Slow:
            name, dimensions = "slow", 1

            def embed(self, texts: Sequence[str]) -> Any:
                embedded.extend(texts)
                begun.set()
                go_on.wait()
                return np.ones((len(texts), 1), np.float32)

        emulator = Emulator(embedder=Slow())
        await emulator.start()
        await emulator.load(asset(number) for number in range(250))
        preparing = asyncio.create_task(emulator.prepare(pictures=False))
        await asyncio.to_thread(begun.wait)
        library = emulator._running().library
        stopping = asyncio.create_task(emulator.stop())
        await asyncio.to_thread(library.stopping.wait)
        go_on.set()
        await stopping
        with pytest.raises(RuntimeError, match="stopped while it embedded"):
            await preparing
        assert len(embedded) == 50
