"""The guide's examples, sent by each of three clients: both of ours, and the official SDK."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import scenario_sdk
from guide_requests import ASSETS, MODELS, filled

import scenario_search
from scenario_search import AsyncScenario, F, Scenario
from scenario_search.emulator import Emulator

Search = Callable[[str, dict[str, Any]], Awaitable[Any]]
NAMES = {"assets": "asset_search", "models": "model_search"}


@pytest.fixture(params=["ours", "ours, plain", "official"])
async def search(
    request: pytest.FixtureRequest, scenario_emulator: Emulator
) -> AsyncIterator[Search]:
    """Send a body's parameters by one of the clients: give the page."""
    options: dict[str, Any] = {
        "base_url": scenario_emulator.url,
        "api_key": scenario_emulator.api_key,
        "api_secret": scenario_emulator.api_secret,
        "max_retries": 0,
    }
    async with AsyncExitStack() as stack:
        client: Any
        if request.param == "ours":
            client = await stack.enter_async_context(AsyncScenario(**options))
        elif request.param == "ours, plain":
            client = stack.enter_context(Scenario(**options))
        else:
            client = stack.enter_context(scenario_sdk.Scenario(**options))

        async def call(kind: str, body: dict[str, Any]) -> Any:
            result = getattr(client.search, NAMES[kind])(**snake_case(body))
            return await result if request.param == "ours" else result

        yield call


@pytest.fixture
async def real(demo_client: AsyncScenario) -> dict[str, str]:
    page = await demo_client.search.asset_search(filter=F.kind == "image", limit=3)
    places = zip(("{asset}", "{other}", "{third}"), page.hits, strict=True)
    return {place: hit.id for place, hit in places}


def snake_case(body: dict[str, Any]) -> dict[str, Any]:
    return {re.sub("[A-Z]", lambda m: f"_{m[0].lower()}", name): v for name, v in body.items()}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (kind, body)
        for kind, bodies in (("assets", ASSETS), ("models", MODELS))
        for body in bodies
        if body.get("image") != "{picture}"
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::scenario_search.IgnoredParameterWarning")
async def test_each_client_gets_the_same_hits(
    kind: str,
    body: dict[str, Any],
    search: Search,
    real: dict[str, str],
    demo_client: AsyncScenario,
) -> None:
    asked = filled(body, real)
    page = await search(kind, asked)
    reference = await getattr(demo_client.search, NAMES[kind])(**snake_case(asked))

    assert [hit.id for hit in page.hits] == [hit.id for hit in reference.hits]
    assert (page.offset, page.estimated_total_hits) == (
        reference.offset,
        reference.estimated_total_hits,
    )


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ((400, {"error": "Invalid filter syntax"}), "BadRequestError"),
        ((401, {"error": "Unauthorized"}), "AuthenticationError"),
        ((403, {"error": "Forbidden"}), "PermissionDeniedError"),
        ((404, {"error": "Not found"}), "NotFoundError"),
        ((429, {"error": "Quota exceeded for search", "code": "QUOTA_EXCEEDED"}), "RateLimitError"),
        ((500, {"error": "Internal error"}), "InternalServerError"),
    ],
    ids=str,
)
async def test_each_client_raises_the_error_of_the_same_name(
    answer: tuple[int, dict[str, str]], name: str, search: Search, scenario_emulator: Emulator
) -> None:
    scenario_emulator.faults.add(status=answer[0], body=answer[1])

    with pytest.raises((getattr(scenario_search, name), getattr(scenario_sdk, name))) as raised:
        await search("assets", {"query": "castle"})

    assert answer[1]["error"] in str(raised.value)
    assert raised.value.body == answer[1]


async def test_a_used_up_quota_is_its_own_error_and_not_asked_for_again(
    demo_client: AsyncScenario, scenario_emulator: Emulator
) -> None:
    body = {"error": "Quota exceeded for search", "code": "QUOTA_EXCEEDED"}
    scenario_emulator.faults.add(status=429, body=body)

    with pytest.raises(scenario_search.QuotaExceededError, match="Quota exceeded for search"):
        await demo_client.search.asset_search(query="castle")

    assert len(scenario_emulator.requests) == 1
