"""What probes say of services that do otherwise than the emulator.

That they see what the emulator does is tested in ``tests/live``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_transport import Page, faked_client

from scenario_search.http.transport import Answer
from scenario_search.probes.contract import PROBES
from scenario_search.probes.probe import Finding
from scenario_search.probes.service import Service, UnansweredError

Reply = Page | Answer
BY_NAME = {probe.name: probe for probe in PROBES}


def hit(number: int, **fields: Any) -> dict[str, Any]:
    created = datetime(2025, 1, 1, tzinfo=UTC) - timedelta(days=number)
    return {"id": f"asset_{number}", "createdAt": created.isoformat(), **fields}


HITS = [hit(n, metadata={"prompt": "a gigantic castle", "width": 640}) for n in range(30)]


def page(hits: list[dict[str, Any]], total: int | None = None) -> Page:
    return {"hits": hits, "estimatedTotalHits": len(hits) if total is None else total}


def refusal(status: int, body: bytes) -> Answer:
    return Answer(status, {}, body, 0)


async def ask(name: str, answer: Callable[[dict[str, Any]], Reply]) -> Finding:
    client, _ = faked_client(answer)
    return await BY_NAME[name].ask(Service(client._requester))


def test_all_probes_have_names_of_their_own_and_the_checks_come_first() -> None:
    assert len(BY_NAME) == len(PROBES)
    assert [probe.name for probe in PROBES[:10]][-1] == "workflows"


async def test_a_cap_above_the_usual_one_is_named() -> None:
    assert (await ask("result cap", lambda _: page(HITS[:1], 5000))).answer == "above 1000"


async def test_the_end_of_few_hits_is_no_cap() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        left = {"<": HITS[15:], ">=": HITS[:15]}.get(body["filter"].split()[1], HITS)
        if "2000-01-01" in body["filter"]:
            left = HITS
        return page(left[body["offset"] :][: body["limit"]], len(left))

    with pytest.raises(UnansweredError, match="no more than 30"):
        await ask("result cap", answer)


async def test_a_trimmed_query_is_seen() -> None:
    finding = await ask("trailing blanks", lambda _: page(HITS))
    assert finding.answer == "trimmed"


@pytest.mark.parametrize("name", ["sortBy beside a query", "sortBy beside meaning"])
async def test_an_order_that_is_ignored_or_refused_is_seen(name: str) -> None:
    assert (await ask(name, lambda _: page(HITS))).answer == "ignored"

    def refuse(body: dict[str, Any]) -> Reply:
        if "query" in body and "sortBy" in body:
            return refusal(400, b'{"error": "no"}')
        return page(HITS)

    assert (await ask(name, refuse)).answer == "refused with 400"


async def test_an_order_by_meaning_that_counts_is_seen() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        return page(HITS[::-1] if "query" in body and "sortBy" in body else HITS)

    assert (await ask("sortBy beside meaning", answer)).answer == "counts"


async def test_fields_that_cannot_be_filtered_are_named() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        for name in ("seed", "nsfw"):
            if f"{name} =" in body["filter"]:
                return refusal(400, f'{{"error": "\\"{name}\\" is not filterable"}}'.encode())
        return page(HITS[:1])

    finding = await ask("filterable fields of assets", answer)
    assert finding.answer == "all but seed, nsfw"


async def test_fields_are_refused_where_none_is_named() -> None:
    finding = await ask("filterable fields of assets", lambda _: refusal(400, b'{"error": "no"}'))
    assert finding.answer == "refused"


async def test_further_fields_that_can_be_filtered_are_named() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        accepted = body["filter"].split()[0] in ("type", "status")
        return page([]) if accepted else refusal(400, b'{"error": "no"}')

    assert (await ask("further filterable fields", answer)).answer == "type, status"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"error": "Limit exceeds maximum (100)"}', "400, the documented text"),
        (b'{"error": "too many"}', "400, another text"),
        (b"<html>", "400, not JSON"),
    ],
)
async def test_the_text_of_an_error_is_compared(body: bytes, answer: str) -> None:
    assert (await ask("error of a page size", lambda _: refusal(400, body))).answer == answer


async def test_an_error_that_does_not_come_is_seen() -> None:
    assert (await ask("error of a page size", lambda _: page([]))).answer == "accepted"


async def test_the_names_of_rate_limit_headers_are_collected() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        return Answer(200, {"X-RateLimit-Limit": "9", "RateLimit": "x"}, b'{"hits": []}', 0)

    finding = await ask("rate-limit headers", answer)
    assert finding.answer == "ratelimit, x-ratelimit-limit"


@pytest.mark.parametrize("name", ["trailing blanks", "CONTAINS", "seeds as text", "CDN policy"])
async def test_without_pictures_there_is_no_answer(name: str) -> None:
    with pytest.raises(UnansweredError, match="no public pictures"):
        await ask(name, lambda _: page([]))


async def test_a_url_without_a_signature_is_named() -> None:
    plain = [hit(1, url="https://cdn.example/assets/1.png")]
    assert (await ask("CDN policy", lambda _: page(plain))).answer == "not signed"
    for name in ("CDN lifetime", "CDN renditions"):
        with pytest.raises(UnansweredError, match="URL"):
            await ask(name, lambda _: page(plain))
