from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import aiohttp
import numpy as np
import pytest

from scenario_search import AsyncScenario, QuotaExceededError, RateLimitError
from scenario_search.emulator import Emulator, Fault, Faults

SEARCH = "/v1/search/assets"


def statuses(faults: Faults, number: int, path: str = SEARCH) -> list[int | None]:
    met = [faults.next_fault("POST", path) for _ in range(number)]
    return [fault.status if fault else None for fault in met]


class TestRules:
    def test_without_rules_requests_pass(self) -> None:
        assert statuses(Faults(), 2) == [None, None]

    def test_a_fault_meets_every_request(self) -> None:
        faults = Faults()
        faults.add(status=503)
        assert statuses(faults, 3) == [503, 503, 503]

    def test_times_is_how_many_are_met(self) -> None:
        faults = Faults()
        faults.add(status=503, times=2)
        assert statuses(faults, 4) == [503, 503, None, None]

    def test_every_counts_the_requests(self) -> None:
        faults = Faults()
        faults.add(status=503, every=3)
        assert statuses(faults, 7) == [None, None, 503, None, None, 503, None]

    def test_every_and_times_go_together(self) -> None:
        faults = Faults()
        faults.add(status=503, every=2, times=2)
        assert statuses(faults, 8) == [None, 503, None, 503, None, None, None, None]

    def test_a_sequence_is_gone_through_once(self) -> None:
        faults = Faults()
        faults.add(sequence=[Fault(status=429), None, {"status": 500}])
        assert statuses(faults, 5) == [429, None, 500, None, None]

    def test_a_sequence_of_one_meets_one_request(self) -> None:
        faults = Faults()
        faults.add(sequence=[Fault(status=429)])
        assert statuses(faults, 2) == [429, None]

    def test_only_matching_requests_are_met_and_counted(self) -> None:
        faults = Faults()
        rule = faults.add(status=503, path="/v1/search/*", method="post")
        assert faults.next_fault("GET", SEARCH) is None
        assert faults.next_fault("POST", "/assets/x.png") is None
        assert statuses(faults, 1) == [503]
        assert (rule.matched, rule.met) == (1, 1)

    def test_the_first_rule_that_has_a_fault_decides(self) -> None:
        faults = Faults()
        faults.add(status=500, times=1)
        faults.add(status=503)
        assert statuses(faults, 3) == [500, 503, 503]

    def test_a_rate_limit_lets_so_many_pass_in_each_minute(self) -> None:
        now = 100.0
        faults = Faults(clock=lambda: now)
        rule = faults.add(per_minute=2)
        assert faults.next_fault("GET", "/assets/a.png") is None
        headers = {"RateLimit-Limit": "2", "RateLimit-Remaining": "1", "RateLimit-Reset": "60"}
        assert faults.next_fault("POST", SEARCH) == Fault(headers=headers)
        now = 129.5
        assert faults.next_fault("POST", SEARCH) == Fault(
            headers=headers | {"RateLimit-Remaining": "0", "RateLimit-Reset": "31"}
        )
        refused = faults.next_fault("POST", SEARCH)
        assert refused is not None
        assert (refused.status, refused.headers["Retry-After"]) == (429, "31")
        assert refused.body["details"] == {"actionName": "search", "actionLimit": 2}
        assert (rule.matched, rule.met) == (3, 1)
        now = 160.0
        assert faults.next_fault("POST", SEARCH) == Fault(headers=headers)

    def test_a_quota_lets_so_many_pass_in_all(self) -> None:
        now = 0.0
        faults = Faults(clock=lambda: now)
        faults.add(quota=1)
        headers = {"RateLimit-Limit": "1", "RateLimit-Remaining": "0"}
        assert faults.next_fault("POST", SEARCH) == Fault(headers=headers)
        now = 1e6
        refused = faults.next_fault("POST", SEARCH)
        assert refused is not None
        assert (refused.status, refused.headers) == (429, headers)
        assert refused.body == {"error": "Quota exceeded for search", "code": "QUOTA_EXCEEDED"}

    def test_a_limit_and_a_fault_meet_the_same_request(self) -> None:
        faults = Faults()
        faults.add(quota=5)
        faults.add(status=503, headers={"Retry-After": "1"}, times=1)
        fault = faults.next_fault("POST", SEARCH)
        assert fault is not None
        assert fault.status == 503
        assert fault.headers["Retry-After"] == "1"
        assert fault.headers["RateLimit-Remaining"] == "4"

    @pytest.mark.parametrize(
        "arguments",
        [
            {"quota": 1, "per_minute": 1},
            {"quota": 1, "status": 503},
            {"per_minute": 1, "every": 2},
            {"per_minute": 1, "times": 2},
            {"quota": -1},
        ],
    )
    def test_a_limit_that_can_not_be_is_refused(self, arguments: dict[str, Any]) -> None:
        faults = Faults()
        with pytest.raises(ValueError, match=r"quota|per_minute"):
            faults.add(**arguments)
        assert len(faults) == 0

    async def test_a_client_waits_for_a_rate_limit_and_not_for_a_quota(self) -> None:
        async with Emulator() as emulator:
            async with AsyncScenario(**emulator.client_options, max_retry_wait=1) as client:
                emulator.faults.add(per_minute=1)
                await client.search.asset_search(query="x")
                with pytest.raises(RateLimitError) as raised:
                    await client.search.asset_search(query="x")
                assert 0 < raised.value.retry_after <= 60
                emulator.faults.clear()
                emulator.faults.add(quota=1)
                await client.search.asset_search(query="x")
                with pytest.raises(QuotaExceededError):
                    await client.search.asset_search(query="x")

    def test_a_rule_can_be_removed(self) -> None:
        faults = Faults()
        rule = faults.add(status=500)
        faults.add(status=503)
        faults.remove(rule)
        assert [each.faults[0].status for each in faults if each.faults[0]] == [503]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"status": 199}, "status must be from 200 to 599, not 199"),
            ({"status": 600}, "status must be from 200 to 599"),
            ({"latency": -1}, "latency must be 0 seconds or more"),
            ({"latency": float("nan")}, "latency must be"),
            ({"latency": float("inf")}, "latency must be"),
            ({"truncate": -1}, "truncate must be from 0"),
            ({"every": 0, "status": 500}, "every must be from 1"),
            ({"times": 0, "status": 500}, "times must be from 1"),
            ({"sequence": [None], "status": 500}, "one of them"),
            ({"sequence": []}, "sequence must have one step"),
            ({"sequence": [None, {"statsu": 500}]}, "sequence, step 1: Unknown key 'statsu'"),
            ({"sequence": [{"status": 99}]}, "sequence, step 0: status"),
            ({}, "A rule needs a fault"),
            ({"times": 2}, "A rule needs a fault"),
            ({"headers": {"X": "a\r\nSet-Cookie: b"}}, "the value of X has a line break"),
            ({"headers": {"X": "\ud800"}}, "the value of X"),
            ({"headers": {"X\n": "a"}}, "no name of a header"),
            ({"headers": {"": "a"}}, "no name of a header"),
            ({"headers": {"content-length": "3"}}, "use truncate"),
            ({"headers": {"Transfer-Encoding": "chunked"}}, "follows from the body"),
            ({"body": "\ud800"}, "body has no form in UTF-8"),
            ({"status": 500, "path": "v1/search/assets"}, "path must start with"),
            ({"status": 500, "path": ""}, "path must start with"),
            ({"status": 500, "method": "PO ST"}, "method must be"),
            ({"status": 500, "method": ""}, "method must be"),
        ],
    )
    def test_a_value_that_can_not_be_is_named(
        self, arguments: dict[str, Any], message: str
    ) -> None:
        faults = Faults()
        with pytest.raises(ValueError, match=message):
            faults.add(**arguments)
        assert len(faults) == 0

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"status": "503"}, "status must be a whole number, not '503'"),
            ({"status": True}, "status must be a whole number"),
            ({"status": 503.0}, "status must be a whole number"),
            ({"latency": "1"}, "latency must be a number of seconds"),
            ({"stall": 1}, "stall must be true or false"),
            ({"headers": ["X"]}, "headers must be names with texts"),
            ({"headers": {"Retry-After": 1}}, "headers must be names with texts"),
            ({"body": object()}, "body must be text, bytes or JSON values"),
            ({"body": {1: 2}}, "body must be text, bytes or JSON values"),
            ({"status": 500, "every": "2"}, "every must be a whole number"),
            ({"status": 500, "path": 5}, "path must be text"),
            ({"sequence": "ab"}, "sequence must be a list of faults"),
            ({"sequence": {"status": 500}}, "sequence must be a list of faults"),
            ({"sequence": [500]}, "sequence, step 0: a fault"),
        ],
    )
    def test_a_value_of_a_wrong_type_is_named(
        self, arguments: dict[str, Any], message: str
    ) -> None:
        faults = Faults()
        with pytest.raises(TypeError, match=message):
            faults.add(**arguments)
        assert len(faults) == 0


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.reset_sync()
    return running


@pytest.fixture
async def session(emulator: Emulator) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {emulator.bearer_auth}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


async def search(
    emulator: Emulator, session: aiohttp.ClientSession
) -> tuple[int, Mapping[str, str], bytes]:
    url = f"{emulator.url}/search/assets"
    async with session.post(url, json={"query": "x"}) as response:
        return response.status, response.headers, await response.read()


class TestOnTheWire:
    async def test_a_status_has_an_error_body(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        emulator.faults.add(status=503, headers={"Retry-After": "7"}, times=1)
        status, headers, body = await search(emulator, session)
        assert (status, headers["Retry-After"]) == (503, "7")
        assert set(json.loads(body)) == {"error", "code"}
        assert (await search(emulator, session))[0] == 200

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"code": "QUOTA_EXCEEDED"}, b'{"code":"QUOTA_EXCEEDED"}'),
            ("<html>Bad Gateway</html>", b"<html>Bad Gateway</html>"),
            (b"\x00\xff", b"\x00\xff"),
            ("", b""),
        ],
    )
    async def test_a_body_can_be_anything(
        self,
        emulator: Emulator,
        session: aiohttp.ClientSession,
        body: Any,
        expected: bytes,
    ) -> None:
        emulator.faults.add(status=429, body=body)
        _, _, answered = await search(emulator, session)
        assert answered == expected

    async def test_headers_alone_are_added_to_the_usual_answer(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        emulator.faults.add(headers={"x-extra": "1", "x-request-id": "mine"})
        status, headers, _ = await search(emulator, session)
        assert status == 200
        assert (headers["x-extra"], headers["x-request-id"]) == ("1", "mine")

    async def test_malformed_json_is_a_whole_answer_of_half_a_text(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        emulator.faults.add(malformed_json=True)
        status, _, body = await search(emulator, session)
        assert status == 200
        with pytest.raises(json.JSONDecodeError):
            json.loads(body)

    async def test_a_truncated_body_is_shorter_than_promised(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        emulator.faults.add(truncate=5)
        with pytest.raises(aiohttp.ClientPayloadError):
            await search(emulator, session)

    async def test_a_reset_is_seen_as_one(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        emulator.faults.add(reset=True)
        with pytest.raises(aiohttp.ClientOSError, match="reset"):
            await search(emulator, session)

    async def test_a_stall_sends_nothing(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        emulator.faults.add(stall=True)
        session._timeout = aiohttp.ClientTimeout(total=0.05)
        with pytest.raises(TimeoutError):
            await search(emulator, session)

    async def test_a_request_met_by_a_fault_is_recorded(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        emulator.faults.add(status=503)
        await search(emulator, session)
        (seen,) = emulator.requests
        assert (seen.status, seen.json) == (503, {"query": "x"})


class TestControlPlane:
    async def test_another_process_adds_and_clears_faults(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        faults = emulator.url.replace("/v1", "/__emulator__/faults")
        rule = {"sequence": [{"status": 429}, None, {"status": 500, "malformedJson": False}]}
        async with session.post(faults, json=rule) as response:
            assert response.status == 200
        found = [(await search(emulator, session))[0] for _ in range(4)]
        assert found == [429, 200, 500, 200]
        async with session.get(faults) as response:
            (shown,) = (await response.json())["faults"]
        assert (shown["matched"], shown["met"]) == (4, 2)
        async with session.delete(faults):
            assert len(emulator.faults) == 0

    async def test_another_process_sets_a_rate_limit(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        url = emulator.url.replace("/v1", "/__emulator__/faults")
        async with session.post(url, json={"perMinute": 1}) as response:
            assert response.status == 200
        assert [(await search(emulator, session))[0] for _ in range(2)] == [200, 429]
        async with session.get(url) as response:
            (rule,) = (await response.json())["faults"]
        assert rule["limit"] == {"number": 1, "minutely": True, "used": 2}
        async with session.post(url, json={"perMinute": "1"}) as response:
            assert "per_minute must" in (await response.json())["error"]

    @pytest.mark.parametrize(
        ("rule", "message"),
        [
            ({"nothing": 1}, "Unknown key 'nothing'; use body, every"),
            ({"status": "503"}, "status must be a whole number, not '503'"),
            ({"malformedJson": 1}, "malformed_json must be true or false"),
            ({"headers": {"X": "a\nb"}}, "the value of X has a line break"),
            ({"sequence": 5}, "sequence must be a list of faults, not 5"),
            ({"sequence": []}, "sequence must have one step or more"),
            ({"sequence": [7]}, "sequence, step 0"),
            (
                {"sequence": [None, {"malformed_json": True}]},
                "step 1: Unknown key 'malformed_json'",
            ),
            ({"times": 0}, "times must be from 1"),
            ({"status": 500, "path": None}, "path must be text"),
            ({}, "A rule needs a fault"),
            ([], "must be a JSON object"),
        ],
    )
    async def test_a_rule_that_can_not_be_is_a_400(
        self, emulator: Emulator, session: aiohttp.ClientSession, rule: Any, message: str
    ) -> None:
        faults = emulator.url.replace("/v1", "/__emulator__/faults")
        async with session.post(faults, json=rule) as response:
            assert response.status == 400
            assert message in (await response.json())["error"]
        assert len(emulator.faults) == 0

    async def test_documents_are_loaded_by_gzip_and_read_back(
        self, session: aiohttp.ClientSession
    ) -> None:
        async with Emulator() as emulator:
            url = emulator.url.replace("/v1", "/__emulator__/documents/models")
            lines = b"".join(b'{"id": "%d", "n": null}\n' % number for number in range(2500))
            async with session.post(url, data=gzip.compress(lines)) as response:
                assert (await response.json())["added"] == 2500
            async with session.get(url) as response:
                assert response.content_type == "application/x-ndjson"
                assert response.headers["x-request-id"]
                assert await response.read() == lines
            async with session.get(url, params=[("id", "7"), ("id", "x"), ("id", "3")]) as response:
                assert await response.read() == b'{"id": "3", "n": null}\n{"id": "7", "n": null}\n'
            async with session.post(url, data=gzip.compress(lines)[:-9]) as response:
                assert response.status == 400

    async def test_it_prepares(self, session: aiohttp.ClientSession) -> None:
        prepared = []

        class Noted:
            name, dimensions = "noted", 1

            def embed(self, texts: Sequence[str]) -> Any:
                prepared.extend(texts)
                return np.ones((len(texts), 1), np.float32)

        async with Emulator(embedder=Noted()) as emulator:
            await emulator.load([{"id": "a", "description": "mill"}])
            url = emulator.url.replace("/v1", "/__emulator__/prepare")
            for body, texts in (({"texts": False}, []), ({}, ["mill"])):
                async with session.post(url, json=body) as response:
                    assert (response.status, prepared) == (200, texts)
            async with session.post(url, json={"pictures": 1}) as response:
                assert response.status == 400

    async def test_it_refuses_connections_but_not_its_own(self) -> None:
        async with Emulator() as emulator:
            url = emulator.url.replace("/v1", "/__emulator__")
            async with aiohttp.ClientSession() as own, aiohttp.ClientSession() as other:
                async with own.post(f"{url}/refuse", json={"seconds": 600}) as response:
                    assert response.status == 200
                with pytest.raises(aiohttp.ClientConnectorError):
                    await other.get(f"{url}/status")
                async with own.post(f"{url}/refuse", json={"seconds": -1}) as response:
                    assert response.status == 400
                async with own.post(f"{url}/refuse", json={"seconds": 0}) as response:
                    assert response.status == 200
                for _ in range(1000):
                    with contextlib.suppress(aiohttp.ClientConnectorError):
                        async with other.get(f"{url}/status") as response:
                            break
                assert response.status == 200

    async def test_it_loads_counts_and_deletes(self, session: aiohttp.ClientSession) -> None:
        async with Emulator() as emulator:
            control = emulator.url.replace("/v1", "/__emulator__")
            lines = b'{"id": "a"}\n{"id": "b"}\n'
            async with session.post(f"{control}/documents/models", data=lines) as response:
                assert await response.json() == {
                    "added": 2,
                    "updated": 0,
                    "invisible": 0,
                    "invisibleProjects": [],
                }
            body = {"ids": ["a", "z"]}
            async with session.delete(f"{control}/documents/models", json=body) as response:
                assert await response.json() == {"deleted": 1}
            async with session.get(f"{control}/status") as response:
                assert (await response.json())["documents"]["models"] == 1
            async with session.post(f"{control}/reset", json={"documents": True}):
                assert emulator.counts()["models"] == 0

    @pytest.mark.parametrize(("kind", "status"), [("assets", 400), ("nothing", 404)])
    async def test_what_can_not_be_loaded_is_refused(
        self, emulator: Emulator, session: aiohttp.ClientSession, kind: str, status: int
    ) -> None:
        url = emulator.url.replace("/v1", f"/__emulator__/documents/{kind}")
        async with session.post(url, data=b"no json\n") as response:
            assert response.status == status

    async def test_it_shows_and_forgets_the_requests(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        await search(emulator, session)
        url = emulator.url.replace("/v1", "/__emulator__/requests")
        async with session.get(url) as response:
            (seen,) = (await response.json())["requests"]
        assert (seen["path"], seen["json"]) == (SEARCH, {"query": "x"})
        async with session.delete(url):
            assert not emulator.requests

    async def test_any_request_and_any_rule_can_be_shown(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        port = int(emulator.url.split(":")[2].removesuffix("/v1"))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Odd: a\xff\r\nConnection: close\r\n\r\n"
        )
        writer.write(head)
        assert b"200 OK" in await reader.read()
        writer.close()
        await writer.wait_closed()
        emulator.faults.add(body=b"\xff", headers=MappingProxyType({"X": "1"}), path="/nowhere")
        control = emulator.url.replace("/v1", "/__emulator__")
        async with session.get(f"{control}/requests") as response:
            assert (await response.json())["requests"][-1]["headers"]["x-odd"] == "a\ufffd"
        async with session.get(f"{control}/faults") as response:
            assert (await response.json())["faults"][0]["faults"][0]["headers"] == {"X": "1"}

    async def test_a_reset_says_what_it_does_not_understand(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        url = emulator.url.replace("/v1", "/__emulator__/reset")
        async with session.post(url, json={"documents": "all"}) as response:
            assert response.status == 400
