"""What each answer that is no success becomes. aioresponses answers, so no socket is needed."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses
from aioresponses_shim import MockableResponse
from fake_transport import client_of

from scenario_search import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncScenario,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    UnprocessableEntityError,
)

BASE = "https://api.example/v1"
URL = f"{BASE}/search/assets"


@pytest.fixture
async def client() -> AsyncIterator[AsyncScenario]:
    async with aiohttp.ClientSession() as session:
        yield client_of(BASE, session=session, max_retries=0)


async def error_of(client: AsyncScenario, **answer: Any) -> APIError:
    with aioresponses() as mocked:
        mocked.post(URL, response_class=MockableResponse, **answer)
        with pytest.raises(APIError) as raised:
            await client.search.asset_search(query="castle")
    return raised.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (300, APIStatusError),
        (304, APIStatusError),
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, APIStatusError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (405, APIStatusError),
        (408, APIStatusError),
        (409, ConflictError),
        (415, APIStatusError),
        (418, APIStatusError),
        (422, UnprocessableEntityError),
        (429, RateLimitError),
        (500, InternalServerError),
        (501, InternalServerError),
        (503, InternalServerError),
        (599, InternalServerError),
        (600, APIStatusError),
    ],
)
async def test_the_class_of_each_status(
    client: AsyncScenario, status: int, kind: type[APIError]
) -> None:
    error = await error_of(client, status=status, payload={"error": "no"})
    assert type(error) is kind
    assert error.status_code == status


@pytest.mark.parametrize(
    "text",
    [
        "Must provide at least one search parameter",
        "Invalid filter syntax",
        '"fieldName" is not a filterable field',
        "Limit exceeds maximum (100)",
    ],
)
async def test_each_documented_refusal(client: AsyncScenario, text: str) -> None:
    error = await error_of(
        client,
        status=400,
        payload={"error": text, "code": "BAD_REQUEST", "details": {"field": "fieldName"}},
        headers={"X-Request-Id": "req_1"},
    )
    assert isinstance(error, BadRequestError)
    assert error.message == str(error) == f"400: {text} (BAD_REQUEST)"
    assert (error.code, error.details) == ("BAD_REQUEST", {"field": "fieldName"})
    assert (error.request_id, error.retry_after, error.retries_taken) == ("req_1", None, 0)
    assert error.body == {"error": text, "code": "BAD_REQUEST", "details": {"field": "fieldName"}}


@pytest.mark.parametrize("status", [400, 402, 403, 429, 503])
async def test_an_exhausted_quota_is_known_by_its_code(client: AsyncScenario, status: int) -> None:
    payload = {"error": "Quota exceeded for search", "code": "QUOTA_EXCEEDED"}
    error = await error_of(client, status=status, payload=payload)
    assert type(error) is QuotaExceededError
    assert isinstance(error, RateLimitError)
    assert error.status_code == status


async def test_a_rate_limit_carries_what_was_limited(client: AsyncScenario) -> None:
    details = {"actionName": "search", "actionLimit": 5}
    error = await error_of(
        client,
        status=429,
        payload={"error": "Too many requests", "code": "RATE_LIMIT", "details": details},
        headers={"Retry-After": "120"},
    )
    assert type(error) is RateLimitError
    assert (error.retry_after, error.details) == (120, details)


@pytest.mark.parametrize(
    ("body", "message", "kept"),
    [
        (b"<html>Bad gateway</html>", "502: <html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"", "502: the response has no body", None),
        (b"  \n ", "502: the response has no body", "  \n "),
        (b"upstream failed", "502: upstream failed", "upstream failed"),
        (b'{"error": "cut o', '502: {"error": "cut o', '{"error": "cut o'),
        (b"[1, 2]", "502: [1, 2]", [1, 2]),
        (b"null", "502: null", None),
        (b'"text"', '502: "text"', "text"),
        (b"{}", "502: {}", {}),
        (b'{"message": "Forbidden"}', "502: Forbidden", {"message": "Forbidden"}),
        (b'{"error": {"a": 1}, "message": "m"}', "502: m", {"error": {"a": 1}, "message": "m"}),
        (b'{"error": 5, "code": 7}', '502: {"error": 5, "code": 7}', {"error": 5, "code": 7}),
        (b'{"error": ""}', '502: {"error": ""}', {"error": ""}),
        (b"\xff\xfe", "502: \ufffd\ufffd", "\ufffd\ufffd"),
    ],
)
async def test_a_body_of_any_kind_is_an_error_that_says_it(
    client: AsyncScenario, body: bytes, message: str, kept: Any
) -> None:
    error = await error_of(client, status=502, body=body)
    assert type(error) is InternalServerError
    assert error.message == message
    assert error.body == kept
    assert error.code is None


async def test_a_long_page_is_quoted_in_part_and_kept_whole(client: AsyncScenario) -> None:
    error = await error_of(client, status=500, body="x" * 10_000)
    assert len(error.message) < 600
    assert error.body == "x" * 10_000


@pytest.mark.parametrize("status", [200, 201, 204, 205])
async def test_a_success_without_a_page_quotes_its_body(client: AsyncScenario, status: int) -> None:
    error = await error_of(client, status=status, body="", headers={"X-Request-Id": "req_2"})
    assert type(error) is APIResponseValidationError
    assert (error.status_code, error.request_id) == (status, "req_2")


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (TimeoutError(), APITimeoutError),
        (aiohttp.ServerTimeoutError(), APITimeoutError),
        (aiohttp.ServerDisconnectedError(), APIConnectionError),
        (aiohttp.ClientPayloadError("x"), APIConnectionError),
        (aiohttp.ClientOSError(104, "reset"), APIConnectionError),
        (aiohttp.ClientConnectionResetError(), APIConnectionError),
        (aiohttp.http.HttpProcessingError(code=400, message="x"), APIConnectionError),
        (ConnectionResetError(), APIConnectionError),
        (BrokenPipeError(), APIConnectionError),
    ],
)
async def test_what_the_network_raises_becomes_ours(
    client: AsyncScenario, raised: Exception, kind: type[APIError]
) -> None:
    error = await error_of(client, exception=raised)
    assert type(error) is kind
    assert URL in error.message


async def test_an_error_survives_pickling_without_its_credentials(client: AsyncScenario) -> None:
    error = await error_of(client, status=429, payload={"error": "x"}, headers={"Retry-After": "3"})
    stored = pickle.dumps(error)
    again = pickle.loads(stored)
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    assert b"a2V5OnNlY3JldA==" not in stored
