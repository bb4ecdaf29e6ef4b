"""The search guide's own examples, sent as they stand."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import aiohttp
import pytest
from guide_requests import ASSET_FIELDS, ASSETS, MODEL_FIELDS, MODELS, SORT_ALONE, filled

from scenario_search import AsyncScenario, F
from scenario_search.emulator import Emulator


class Post:
    """Posts bodies as they are, with good credentials."""

    def __init__(self, emulator: Emulator) -> None:
        self._url = emulator.url
        self._auth = aiohttp.encode_basic_auth(emulator.api_key, emulator.api_secret)

    async def __call__(
        self, kind: str, body: Any, *, authorization: str | None = None
    ) -> tuple[int, Any]:
        headers = {
            "Authorization": authorization or self._auth,
            "Content-Type": "application/json",
        }
        content = json.dumps(body).encode()
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{self._url}/search/{kind}", data=io.BytesIO(content)) as response,
        ):
            return response.status, await response.json()


@pytest.fixture
def post(scenario_emulator: Emulator) -> Post:
    return Post(scenario_emulator)


@pytest.fixture
async def real(demo_client: AsyncScenario) -> dict[str, str]:
    """Give ids of the emulator's own assets, and one of its pictures."""
    page = await demo_client.search.asset_search(filter=F.kind == "image", limit=3)
    async with aiohttp.ClientSession() as session, session.get(page.hits[0].url) as response:
        picture = base64.b64encode(await response.read()).decode()
    return {
        "{asset}": page.hits[0].id,
        "{other}": page.hits[1].id,
        "{third}": page.hits[2].id,
        "{picture}": f"data:{page.hits[0].mime_type};base64,{picture}",
    }


@pytest.mark.parametrize(
    ("kind", "body"),
    [("assets", body) for body in ASSETS] + [("models", body) for body in MODELS],
    ids=str,
)
async def test_every_example_is_answered(
    kind: str, body: dict[str, Any], post: Post, real: dict[str, str]
) -> None:
    status, answer = await post(kind, filled(body, real))

    assert status == 200, answer
    if "page" in body:
        assert answer.keys() == {"hits", "page", "hitsPerPage", "totalHits", "totalPages"}
    else:
        assert answer.keys() == {"hits", "offset", "limit", "estimatedTotalHits"}


@pytest.mark.parametrize(
    ("kind", "text"),
    [("assets", text) for text in ASSET_FIELDS] + [("models", text) for text in MODEL_FIELDS],
)
async def test_every_filterable_field_can_be_filtered(kind: str, text: str, post: Post) -> None:
    status, answer = await post(kind, {"filter": text})

    assert status == 200, answer


@pytest.mark.parametrize("body", [{}, {"query": " "}, *SORT_ALONE, {"limit": 5}], ids=str)
async def test_a_request_that_searches_for_nothing_is_refused(body: Any, post: Post) -> None:
    status, answer = await post("assets", body)

    assert status == 400
    assert answer["error"] == "Must provide at least one search parameter"


@pytest.mark.parametrize("text", ["width >=", "(kind = image", "AND", "kind = = image"])
async def test_a_filter_that_cannot_be_read_is_refused(text: str, post: Post) -> None:
    status, answer = await post("assets", {"filter": text})

    assert status == 400
    assert answer["error"].startswith("Invalid filter syntax")


@pytest.mark.parametrize(
    ("kind", "field"), [("assets", "id"), ("assets", "color"), ("models", "width")]
)
async def test_a_field_that_cannot_be_filtered_is_named(kind: str, field: str, post: Post) -> None:
    status, answer = await post(kind, {"filter": f"{field} = 1"})

    assert status == 400
    assert f'"{field}" is not a filterable field' in answer["error"]


@pytest.mark.parametrize("body", [{"limit": 101, "offset": 0}, {"page": 1, "hitsPerPage": 101}])
async def test_a_page_above_the_maximum_is_refused(body: dict[str, int], post: Post) -> None:
    status, answer = await post("assets", {"query": "castle", **body})

    assert status == 400
    assert answer["error"] == "Limit exceeds maximum (100)"


async def test_wrong_credentials_are_refused(post: Post) -> None:
    status, answer = await post("assets", {"query": "x"}, authorization="Bearer wrong")

    assert status == 401
    assert answer["error"]
