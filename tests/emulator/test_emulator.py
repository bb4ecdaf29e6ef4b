from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from emulator_calls import asset, ids, search, threads

from scenario_search import AsyncScenario, Scenario
from scenario_search.emulator import Emulator, InvalidDocumentError
from scenario_search.emulator.contract.fields import KINDS


@pytest.fixture(scope="module")
def demo() -> Iterator[Emulator]:
    with Emulator.demo() as emulator:
        yield emulator


class TestLife:
    async def test_the_url_is_a_base_url_on_loopback(self, demo: Emulator) -> None:
        assert demo.url.startswith("http://127.0.0.1:")
        assert demo.url.endswith("/v1")

    def test_plain_with_works_without_a_loop(self) -> None:
        with Emulator() as emulator:
            port = int(emulator.url.split(":")[2].removesuffix("/v1"))
            socket.create_connection(("127.0.0.1", port)).close()

    async def test_no_thread_is_left(self) -> None:
        before = threads()
        async with Emulator.demo() as emulator:
            await ids(emulator, {"query": "castle"})
        assert threads() == before

    def test_no_temporary_file_is_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with Emulator.demo():
            assert list(tmp_path.iterdir())
        assert not list(tmp_path.iterdir())

    async def test_its_url_needs_a_running_emulator(self) -> None:
        with pytest.raises(RuntimeError, match="not running"):
            _ = Emulator().url

    async def test_a_second_start_is_refused_and_the_first_goes_on(self) -> None:
        async with Emulator() as emulator:
            with pytest.raises(RuntimeError, match="running already"):
                await emulator.start()
            assert await ids(emulator, {"query": "x"}) == []

    async def test_it_can_be_stopped_twice(self) -> None:
        emulator = Emulator()
        await emulator.start()
        await emulator.stop()
        await emulator.stop()

    async def test_it_can_be_started_again(self) -> None:
        emulator = Emulator.demo()
        for _ in range(2):
            async with emulator:
                assert await ids(emulator, {"query": "castle"})

    async def test_a_taken_port_is_an_error_and_leaves_nothing(self) -> None:
        before = threads()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            emulator = Emulator(port=taken.getsockname()[1])
            with pytest.raises(OSError, match="in use"):
                await emulator.start()
        assert threads() == before

    async def test_beyond_loopback_credentials_are_random_unless_they_are_chosen(self) -> None:
        published = {"emulator-key", "emulator-secret", "emulator-token"}
        first, second = (Emulator(host="0.0.0.0", api_key="ours") for _ in range(2))
        assert (first.api_key, second.api_key) == ("ours", "ours")
        random = {each.api_secret for each in (first, second)}
        random |= {each.bearer_auth for each in (first, second)}
        assert len(random - published) == 4
        local = Emulator(host="LOCALHOST")
        assert {local.api_key, local.api_secret, local.bearer_auth} == published

    async def test_on_all_addresses_its_url_is_one_that_can_be_connected_to(self) -> None:
        async with Emulator.demo(host="0.0.0.0") as emulator:
            assert emulator.url.startswith("http://127.0.0.1:")
            async with AsyncScenario(**emulator.client_options) as client:
                assert await client.search.asset_search(query="castle")

    async def test_a_client_of_another_address_is_let_use_http(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Emulator(host="127.0.0.1") as emulator:
            assert "allow_http" not in emulator.client_options
            monkeypatch.setattr(Emulator, "url", "http://192.0.2.1:8711/v1")
            assert emulator.client_options["allow_http"] is True

    @pytest.mark.parametrize(
        "options",
        [
            {"port": 65_536},
            {"port": -1},
            {"result_cap": 0},
            {"max_body_bytes": 0},
            {"url_lifetime": 0},
            {"url_lifetime": 1e300},
            {"url_lifetime": float("nan")},
            {"host": ""},
            {"allowed_hosts": ["http://emulator"]},
            {"allowed_hosts": ["emulator:8711"]},
            {"cors_origins": ["*"]},
            {"cors_origins": ["null"]},
            {"cors_origins": ["localhost:5173"]},
            {"cors_origins": ["http://localhost:5173/app"]},
        ],
    )
    def test_an_option_out_of_range_is_named(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=f"^{next(iter(options))} must be"):
            Emulator(**options)

    @pytest.mark.parametrize(
        "name", ["host", "port", "result_cap", "max_body_bytes", "url_lifetime"]
    )
    @pytest.mark.parametrize("value", [b"1", [], True])
    def test_an_option_of_a_wrong_type_is_named(self, name: str, value: Any) -> None:
        with pytest.raises(TypeError, match=f"^{name} must be"):
            Emulator(**{name: value})

    def test_a_demo_takes_what_an_emulator_takes_and_passes_it_on(self) -> None:
        options = inspect.signature(Emulator).parameters
        of_demo = dict(inspect.signature(Emulator.demo).parameters)
        assert next(iter(of_demo)) == "seed"
        del of_demo["seed"]
        by_keyword = inspect.Parameter.KEYWORD_ONLY
        assert of_demo == {name: each.replace(kind=by_keyword) for name, each in options.items()}
        values: dict[str, Any] = {name: f"some {name}" for name in options}
        values |= {
            "host": "::1",
            "allowed_hosts": ("a",),
            "cors_origins": ("http://a",),
            "port": 1,
            "result_cap": 2,
            "max_body_bytes": 3,
        }
        values |= {"capped_totals": False, "sort_first": True, "url_lifetime": 4.0}
        plain, demo = vars(Emulator(**values)), vars(Emulator.demo(5, **values))
        differing = {name for name in plain if plain[name] != demo[name]}
        assert differing == {"_seen", "faults", "_demo_seed", "_ready"}

    def test_each_option_is_described_where_users_look(self) -> None:
        assert "\n    result_cap: The number of hits" in (inspect.getdoc(Emulator.__init__) or "")
        assert "\n    seed: The seed of the demo data" in (inspect.getdoc(Emulator.demo) or "")

    def test_its_public_names_are_those_for_users(self) -> None:
        both_ways = {"start", "stop", "load", "delete", "prepare", "reset"}
        assert {name for name in dir(Emulator()) if not name.startswith("_")} == {
            *both_ways,
            *(f"{name}_sync" for name in both_ways),
            *("demo", "url", "api_key", "api_secret", "bearer_auth", "project_id"),
            *("requests", "clear_requests", "faults", "expire_urls", "counts", "client_options"),
            *("invisible", "mark_ready", "refusing_connections"),
        }

    async def test_two_emulators_do_not_know_of_each_other(self) -> None:
        async with Emulator() as one, Emulator() as other:
            await one.load([asset(1)])
            assert await ids(one, {"filter": "tags = all"}) == ["asset_1"]
            assert await ids(other, {"filter": "tags = all"}) == []

    async def test_it_ends_while_an_answer_is_stalled(self) -> None:
        async with Emulator(bearer_auth="t") as emulator:
            emulator.faults.add(truncate=1, stall=True)
            async with (
                aiohttp.ClientSession(headers={"Authorization": "Bearer t"}) as session,
                session.post(f"{emulator.url}/search/assets", json={"query": "x"}) as response,
            ):
                await emulator.stop()
                with pytest.raises(aiohttp.ClientPayloadError):
                    await response.read()

    async def test_it_ends_with_a_client_that_does_not_read(self) -> None:
        before = threads()
        async with Emulator.demo() as emulator:
            port = int(emulator.url.split(":")[2].removesuffix("/v1"))
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            for _ in range(100):
                writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readexactly(1)
            await emulator.stop()
            writer.transport.abort()
        assert threads() == before

    async def test_it_gives_up_loading(self) -> None:
        before = threads()
        first = threading.Event()

        def endless() -> Iterator[dict[str, Any]]:
            for number in itertools.count():
                first.set()
                yield asset(number)

        emulator = Emulator()
        await emulator.start()
        loading = asyncio.create_task(emulator.load(endless()))
        await asyncio.to_thread(first.wait)
        await emulator.stop()
        with pytest.raises(RuntimeError, match="stopped while it loaded"):
            await loading
        assert threads() == before

    async def test_a_start_that_is_cancelled_leaves_nothing(self) -> None:
        before = threads()
        starting = asyncio.create_task(Emulator.demo().start())
        await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert threads() == before


def test_without_the_extra_the_error_says_what_to_install() -> None:
    code = "import sys; sys.modules['numpy'] = None\nfrom scenario_search.emulator import Emulator"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError" in done.stderr
    assert "pip install 'scenario-search[emulator]'" in done.stderr


class TestData:
    async def test_the_demo_answers_each_endpoint(self, demo: Emulator) -> None:
        for kind in ("assets", "models", "workflows"):
            assert await ids(demo, {"query": "castle", "public": True}, kind)

    async def test_a_hit_is_the_document_as_it_was_loaded(self) -> None:
        given = asset(1, brandNew={"deep": [1, 2.5, None]}, url="https://cdn.test/x?Signature=1")
        async with Emulator() as emulator:
            await emulator.load([given])
            _, page = await search(emulator, {"filter": "tags = all"})
        assert page["hits"] == [given]

    async def test_what_is_loaded_is_found_at_once(self) -> None:
        async with Emulator() as emulator:
            report = await emulator.load([asset(1, metadata={"name": "Blue castle"})])
            assert (report.added, report.updated) == (1, 0)
            assert await ids(emulator, {"query": "castel"}) == ["asset_1"]

    async def test_a_document_with_a_known_id_replaces_it(self) -> None:
        async with Emulator() as emulator:
            await emulator.load([asset(1, metadata={"name": "castle"})])
            report = await emulator.load([asset(1, metadata={"name": "dragon"})])
            assert (report.added, report.updated) == (0, 1)
            assert await ids(emulator, {"query": "castle"}) == []
            assert await ids(emulator, {"query": "dragon"}) == ["asset_1"]

    async def test_a_load_tells_of_documents_that_no_search_finds(self) -> None:
        documents = [
            {"id": "a", "ownerId": "proj_Mine", "privacy": "private"},
            {"id": "b", "ownerId": "proj_Mine"},
            {"id": "c", "ownerId": "proj_Other", "privacy": "private"},
            {"id": "d", "ownerId": "proj_Other", "privacy": "public"},
            {"id": "e"},
        ]
        async with Emulator() as emulator:
            report = await emulator.load(documents)
            assert report.invisible == 3
            assert report.invisible_projects == ("proj_Mine", "proj_Other")
            assert (await emulator.load(documents[3:])).invisible == 0
            assert emulator.invisible() == {"proj_Mine": 2, "proj_Other": 1}
        async with Emulator(project_id="proj_Mine") as emulator:
            report = await emulator.load(documents)
            assert (report.invisible, report.invisible_projects) == (1, ("proj_Other",))
            assert await ids(emulator, {"filter": "kind IS EMPTY"}) == ["a", "b", "e"]

    async def test_it_is_ready_once_it_has_loaded_what_it_starts_with(self) -> None:
        emulator = Emulator()
        await emulator.start(ready=False)
        root = emulator.url.removesuffix("/v1")
        async with aiohttp.ClientSession() as session:
            for path, status in (("/healthz", 200), ("/readyz", 503)):
                async with session.get(root + path) as response:
                    assert response.status == status
            emulator.mark_ready()
            async with session.get(f"{root}/readyz") as response:
                assert response.status == 200
        await emulator.stop()
        async with emulator, aiohttp.ClientSession() as session:
            async with session.get(emulator.url.replace("/v1", "/readyz")) as response:
                assert response.status == 200

    async def test_connections_are_refused_and_accepted_again(self) -> None:
        async with Emulator() as emulator, aiohttp.ClientSession() as session:
            url = emulator.url.replace("/v1", "/healthz")
            async with session.get(url) as response:
                assert response.status == 200
            with emulator.refusing_connections():
                with pytest.raises(aiohttp.ClientConnectorError) as raised:
                    await session.get(url)
                assert isinstance(raised.value.os_error, ConnectionRefusedError)
            async with session.get(url) as response:
                assert response.status == 200
            with emulator.refusing_connections():
                await emulator.stop()
        async with emulator, aiohttp.ClientSession() as session:
            async with session.get(emulator.url.replace("/v1", "/healthz")) as response:
                assert response.status == 200

    def test_plain_code_loads_and_deletes(self) -> None:
        with Emulator() as emulator:
            assert emulator.load_sync([asset(1), asset(2)]).added == 2
            assert emulator.delete_sync(["asset_1", "asset_9"]) == 1
            assert asyncio.run(ids(emulator, {"filter": "tags = all"})) == ["asset_2"]

    @pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
    async def test_a_jsonl_file_can_be_loaded(self, tmp_path: Path, suffix: str) -> None:
        import gzip

        path = tmp_path / f"assets{suffix}"
        text = "\n\n".join(json.dumps(asset(number)) for number in range(3)).encode()
        path.write_bytes(gzip.compress(text) if suffix.endswith(".gz") else text)
        async with Emulator() as emulator:
            assert (await emulator.load(path)).added == 3
            assert (await emulator.load(str(path))).updated == 3

    async def test_hits_can_be_loaded(self) -> None:
        class Hit:
            def to_dict(self) -> dict[str, Any]:
                return asset(7)

        async with Emulator() as emulator:
            await emulator.load([Hit()])
            assert await ids(emulator, {"filter": "tags = all"}) == ["asset_7"]

    async def test_a_document_without_an_id_is_refused(self) -> None:
        async with Emulator() as emulator:
            with pytest.raises(InvalidDocumentError, match="document 1"):
                await emulator.load([asset(1), {"name": "x"}])

    async def test_a_file_is_durable(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.db"
        for _ in range(2):
            async with Emulator(path) as emulator:
                if not emulator.counts()["assets"]:
                    await emulator.load([asset(1, metadata={"name": "castle"})])
        async with Emulator(path) as emulator:
            assert await ids(emulator, {"query": "castle"}) == ["asset_1"]

    async def test_demo_data_is_added_to_a_file_once(self, tmp_path: Path) -> None:
        counts = []
        for _ in range(2):
            async with Emulator.demo(path=tmp_path / "demo.db") as emulator:
                store = emulator._running().library.store
                counts.append((emulator.counts(), [store.revision(kind) for kind in KINDS]))
        assert counts[0] == counts[1]

    async def test_the_demo_belongs_to_the_project_of_the_credentials(self) -> None:
        async with Emulator.demo(project_id="project_mine") as emulator:
            _, page = await search(emulator, {"query": "castle"})
        assert {hit["ownerId"] for hit in page["hits"]} == {"project_mine"}

    async def test_a_reset_brings_the_demo_back(self) -> None:
        async with Emulator.demo() as emulator:
            before = await ids(emulator, {"query": "castle"})
            await emulator.delete(before)
            await emulator.load([asset(1, metadata={"name": "castle"})])
            await emulator.reset(documents=True)
            assert await ids(emulator, {"query": "castle"}) == before


class TestPreparing:
    async def test_afterwards_a_search_needs_nothing_more(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with Emulator() as emulator:
            await emulator.load([asset(1, metadata={"name": "castle"})])
            await emulator.prepare()
            monkeypatch.setattr("scenario_search.emulator.meaning.meanings.Meanings.catch_up", None)
            assert await ids(emulator, {"query": "fortress", "querySemanticRatio": 1})

    def test_plain_code_can_do_it_for_pictures_alone(self) -> None:
        with Emulator() as emulator:
            emulator.prepare_sync(texts=False)
            assert emulator.counts()["assets"] == 0


class TestRequestsSeen:
    async def test_they_are_recorded_in_order(self, demo: Emulator) -> None:
        demo.reset_sync()
        await search(demo, {"query": "one"})
        await search(demo, {})
        first, second = demo.requests
        assert (first.method, first.path, first.json) == (
            *("POST", "/v1/search/assets"),
            {"query": "one"},
        )
        assert (first.status, second.status) == (200, 400)

    async def test_credentials_are_blanked_out(self, demo: Emulator) -> None:
        demo.reset_sync()
        await search(demo, {"query": "one"}, **{"x-other": "kept"})
        (seen,) = demo.requests
        assert seen.headers["authorization"] == "[redacted]"
        assert seen.headers["x-other"] == "kept"

    async def test_a_reset_clears_them(self, demo: Emulator) -> None:
        await search(demo, {"query": "one"})
        await demo.reset()
        assert not demo.requests


class TestWrongData:
    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ({"id": "x"}, "not one dict"),
            (b"{}", "not one bytes"),
            ([{"id": "x"}, 5], "Document 1 must be a dict or a hit, not int"),
        ],
    )
    async def test_what_is_no_source_is_named(self, source: Any, message: str) -> None:
        async with Emulator() as emulator:
            with pytest.raises(TypeError, match=message):
                await emulator.load(source)

    async def test_a_kind_that_is_none_is_named(self) -> None:
        async with Emulator() as emulator:
            with pytest.raises(ValueError, match="one of assets, models, workflows, not 'asset'"):
                await emulator.load([], cast("Any", "asset"))

    async def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        async with Emulator() as emulator:
            with pytest.raises(NotADirectoryError, match="nowhere"):
                await emulator.load([], files=tmp_path / "nowhere")

    async def test_one_id_is_no_list_of_ids(self) -> None:
        async with Emulator() as emulator:
            await emulator.load([{"id": "a"}, {"id": "b"}])
            with pytest.raises(TypeError, match=r"write \['ab'\]"):
                await emulator.delete("ab")
            assert emulator.counts()["assets"] == 2

    @pytest.mark.parametrize("ids", [["a", 5], [None]])
    async def test_what_is_no_id_is_named(self, ids: Any) -> None:
        async with Emulator() as emulator:
            await emulator.load([{"id": "a"}])
            with pytest.raises(TypeError, match=f"ids must be texts, not {ids[-1]}"):
                await emulator.delete(ids)
            assert emulator.counts()["assets"] == 1


def test_it_gives_the_options_of_a_client_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENARIO_PROJECT_ID", "of the environment")
    with Emulator(api_key="k", api_secret="s", project_id="p") as emulator:
        with Scenario(**emulator.client_options) as client:
            client.search.asset_search(query="a")
        (seen,) = emulator.requests
    assert seen.query["projectId"] == "p"
