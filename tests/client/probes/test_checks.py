from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest
from fake_transport import FakeTransport, Page, correct_page, faked_client

from scenario_search import APICertificateError, APIConnectionError, APITimeoutError
from scenario_search.http.transport import Answer
from scenario_search.probes.checks import CHECKS
from scenario_search.probes.probe import Finding, ask_all
from scenario_search.probes.service import Service


def page(body: dict[str, Any], **headers: str) -> Answer:
    return Answer(200, headers, orjson.dumps(correct_page(["asset_1"], body)), 0.1)


async def examine(answer: Any, **options: Any) -> tuple[dict[str, Finding], FakeTransport]:
    client, transport = faked_client(answer, **options)
    return await ask_all(CHECKS, Service(client._requester)), transport


async def test_ten_checks_take_four_searches() -> None:
    findings, transport = await examine(page)
    assert len(findings) == 10
    assert len(transport.bodies) == 4
    assert not any(finding.advice for finding in findings.values())


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (APICertificateError("x"), "SSL_CERT_FILE"),
        (APITimeoutError("x"), "does not answer"),
        (APIConnectionError("x"), "cannot be reached"),
    ],
)
async def test_a_failed_connection_says_what_to_look_at_and_ends_the_checks(
    error: Exception, advice: str
) -> None:
    findings, transport = await examine(lambda _: error)
    assert advice in findings["connection"].advice
    assert findings["access"] == Finding(None, "not tried")
    assert len(transport.bodies) == 1


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "SDK_API_KEY"),
        (403, "another project"),
        (404, "in /v1"),
        (301, "in /v1"),
        (400, "allows"),
        (502, "proxy"),
    ],
)
async def test_refused_credentials_say_what_to_look_at(status: int, advice: str) -> None:
    findings, transport = await examine(lambda _: Answer(status, {}, b'{"error": "no"}', 0))
    assert findings["access"].answer == f"refused with {status}"
    assert advice in findings["access"].advice
    assert len(transport.bodies) == 1


async def test_a_page_of_another_service_is_no_access() -> None:
    findings, transport = await examine(lambda _: Answer(200, {}, b"<html>Welcome", 0))
    assert findings["access"].answer == "not a page"
    assert "SCENARIO_BASE_URL" in findings["access"].advice
    assert len(transport.bodies) == 1


@pytest.mark.parametrize(
    ("behind", "detail"),
    [(timedelta(seconds=20), ""), (timedelta(hours=2), "ahead of"), (-timedelta(days=1), "behind")],
)
async def test_the_clock_is_compared_with_the_services(behind: timedelta, detail: str) -> None:
    date = format_datetime(datetime.now(UTC) - behind, usegmt=True)
    findings, _ = await examine(lambda body: page(body, date=date))
    clock = findings["clock"]
    assert (clock.answer, bool(clock.advice)) == (("wrong", True) if detail else ("right", False))
    assert detail in clock.detail


@pytest.mark.parametrize("date", [None, "yesterday"])
async def test_a_service_that_names_no_time_leaves_the_clock_unknown(date: str | None) -> None:
    headers = {} if date is None else {"date": date}
    findings, _ = await examine(lambda body: page(body, **headers))
    assert findings["clock"].answer is None
    assert findings["clock"].advice == ""


async def test_a_kind_that_may_not_be_searched_is_an_answer_and_no_problem() -> None:
    def answer(body: dict[str, Any]) -> Page | Answer:
        return Answer(403, {}, b'{"error": "no"}', 0) if body.get("public") else page(body)

    findings, _ = await examine(answer)
    refused = findings["public assets"]
    assert (refused.answer, refused.advice) == ("refused with 403", "")


async def test_a_spent_quota_is_named_once() -> None:
    quota = Answer(429, {}, b'{"error": "Quota exceeded", "code": "QUOTA_EXCEEDED"}', 0)
    findings, transport = await examine(lambda _: quota)
    assert findings["connection"].answer == "answers"
    assert "Quota exceeded" in findings["access"].advice
    assert findings["models"].detail == "not tried"
    assert len(transport.bodies) == 1


async def test_a_proxy_that_cannot_be_used_ends_the_checks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example:1")
    findings, transport = await examine(page)
    assert "SOCKS is not supported" in findings["proxy"].advice
    assert findings["connection"].detail == "not tried"
    assert transport.bodies == []


async def test_a_service_without_totals_is_searched_all_the_same() -> None:
    findings, _ = await examine(lambda _: {"hits": [{"id": "a"}]})
    assert findings["access"].detail == "accepted, some of your own"
    assert findings["models"].detail == "allowed, some"


async def test_a_proxy_is_named_without_its_password() -> None:
    findings, _ = await examine(page, proxy="http://user:secret-1@proxy.example:3128")
    assert findings["proxy"].detail == "through http://proxy.example:3128"


async def test_the_environments_variables_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENARIO_SDK_JWT", "hidden-1")
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example")
    monkeypatch.setenv("NO_PROXY", "api.example")
    options = {"api_key": None, "api_secret": None}
    findings, _ = await examine(page, **options)
    assert findings["credentials"].detail == "bearer, from SCENARIO_SDK_JWT"
    assert findings["proxy"].detail.endswith("proxy is not for this address")
    assert "hidden" not in repr(findings)
