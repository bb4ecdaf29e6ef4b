from __future__ import annotations

from typing import Any

import pytest
from fake_transport import Page, correct_page, faked_client

from scenario_search import APIConnectionError, RateLimitError
from scenario_search.http.transport import Answer
from scenario_search.probes.service import Service, UnansweredError


def echo(body: dict[str, Any]) -> Page:
    return correct_page(["asset_1"], body)


async def test_an_equal_search_is_sent_once() -> None:
    client, transport = faked_client(echo)
    service = Service(client._requester)
    first = await service.search(filter="a", limit=1)
    assert await service.search(limit=1, filter="a") is first
    await service.search("models", filter="a", limit=1)
    assert len(transport.bodies) == service.searches == 2
    assert (first.ids, first.total) == (["asset_1"], 1)


async def test_no_more_searches_are_sent_than_allowed() -> None:
    client, transport = faked_client(echo)
    service = Service(client._requester, most=1)
    await service.search(filter="a")
    with pytest.raises(UnansweredError, match="1 searches are used up"):
        await service.search(filter="b")
    await service.search(filter="a")
    assert len(transport.bodies) == 1


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Answer(429, {}, b'{"error": "slow down"}', 0), RateLimitError),
        (APIConnectionError("gone"), APIConnectionError),
    ],
)
async def test_a_service_that_wants_no_more_is_left_alone(
    outcome: Answer | Exception, error: type[Exception]
) -> None:
    client, transport = faked_client(lambda _: outcome)
    service = Service(client._requester)
    for filter in ("a", "b"):
        with pytest.raises(error):
            await service.search(filter=filter)
    assert len(transport.bodies) == 1


@pytest.mark.parametrize("status", [400, 500])
async def test_an_error_is_a_reply_and_is_not_sent_again(status: int) -> None:
    body = b'{"error": "Invalid filter syntax", "code": "X"}'
    client, transport = faked_client(lambda _: Answer(status, {}, body, 0))
    reply = await Service(client._requester).search(filter="a")
    assert (reply.status, reply.error) == (status, "Invalid filter syntax (X)")
    assert reply.body["code"] == "X"
    assert len(transport.bodies) == 1
    with pytest.raises(UnansweredError, match="Invalid filter syntax"):
        _ = reply.hits


async def test_the_project_is_that_of_the_search_the_service_or_the_client() -> None:
    client, transport = faked_client(echo, project_id="p1")
    await Service(client._requester).search(filter="a")
    service = Service(client._requester, project_id="p2")
    await service.search(filter="a")
    await service.search(filter="a", project_id="p3")
    assert [query["projectId"] for query in transport.queries] == ["p1", "p2", "p3"]


async def test_a_page_without_a_total_answers_no_question_of_it() -> None:
    client, _ = faked_client(lambda _: {"hits": []})
    with pytest.raises(UnansweredError, match="no total"):
        _ = (await Service(client._requester).search(filter="a")).total
