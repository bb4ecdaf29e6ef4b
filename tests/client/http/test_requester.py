from __future__ import annotations

import asyncio
import base64
import enum
import itertools
import logging
import math
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Serve
from fake_transport import FakeTransport, client_of, correct_page, faked_client, hits
from raw_server import Answer as ServerAnswer, RawServer, http

from scenario_search import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncScenario,
    AuthenticationError,
    ConfigurationError,
    F,
    InternalServerError,
    InvalidParamsError,
    QuotaExceededError,
    RateLimitError,
)
from scenario_search.http.transport import Answer


def failing(*outcomes: Any) -> Callable[[dict[str, Any]], Any]:
    """Outcomes in order (a status, an answer, an error), then a page."""
    left = list(outcomes)

    def answer(body: dict[str, Any]) -> Any:
        if not left:
            return correct_page(["a"], body)
        outcome = left.pop(0)
        return Answer(outcome, {}, b"{}", 0.0) if isinstance(outcome, int) else outcome

    return answer


def waiting_client(
    *outcomes: Any, **options: Any
) -> tuple[AsyncScenario, FakeTransport, list[float]]:
    """A client of such a server that notes its waits instead of waiting; the jitter is 1."""
    client, transport = faked_client(failing(*outcomes), **options)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    client._requester.sleep, client._requester.chance = sleep, lambda: 1.0
    return client, transport, waits


def limited(retry_after: str, status: int = 429) -> Answer:
    return Answer(status, {"retry-after": retry_after, "x-request-id": "req_1"}, b"{}", 0.0)


# Retries


@pytest.mark.parametrize("outcome", [408, 409, 429, 500, 502, 503, 504, APIConnectionError("x")])
async def test_what_may_pass_is_sent_again(outcome: Any) -> None:
    client, sent, waits = waiting_client(outcome, outcome)
    page = await client.search.asset_search(query="x")
    assert len(sent.bodies) == 3
    assert sent.bodies[0] == sent.bodies[1] == sent.bodies[2]
    assert page.response.retries_taken == 2
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 422, 501])
async def test_what_will_not_pass_is_sent_once(status: int) -> None:
    client, sent, waits = waiting_client(status)
    with pytest.raises(APIError) as raised:
        await client.search.asset_search(query="x")
    assert raised.value.status_code == status
    assert (len(sent.bodies), waits, raised.value.retries_taken) == (1, [], 0)


async def test_an_exhausted_quota_is_sent_once() -> None:
    body = b'{"error": "Quota exceeded for search", "code": "QUOTA_EXCEEDED"}'
    client, sent, _ = waiting_client(Answer(429, {"retry-after": "1"}, body, 0.0))
    with pytest.raises(QuotaExceededError, match="Quota exceeded for search"):
        await client.search.asset_search(query="x")
    assert len(sent.bodies) == 1


@pytest.mark.parametrize(
    ("client_retries", "call_retries", "attempts"),
    [
        (2, None, 3),
        (0, None, 1),
        (5, None, 6),
        (2, 0, 1),
        (0, 3, 4),
        (2, 1.0, 2),
    ],
)
async def test_the_retries_of_the_client_and_of_a_call(
    client_retries: int, call_retries: Any, attempts: int
) -> None:
    client, sent, _ = waiting_client(*[503] * 9, max_retries=client_retries)
    with pytest.raises(InternalServerError) as raised:
        await client.search.asset_search(query="x", max_retries=call_retries)
    assert len(sent.bodies) == attempts
    assert raised.value.retries_taken == attempts - 1


async def test_the_server_says_how_long_to_wait() -> None:
    client, _, waits = waiting_client(limited("7"), limited("0"))
    await client.search.asset_search(query="x")
    assert waits == [7, 0]


async def test_a_wait_that_is_too_long_is_an_error_at_once() -> None:
    client, sent, waits = waiting_client(limited("61"))
    with pytest.raises(RateLimitError) as raised:
        await client.search.asset_search(query="x")
    assert raised.value.retry_after == 61
    assert raised.value.request_id == "req_1"
    assert (len(sent.bodies), waits) == (1, [])


async def test_a_wait_beyond_the_deadline_is_an_error_at_once() -> None:
    client, sent, waits = waiting_client(limited("50"), deadline=40)
    with pytest.raises(RateLimitError) as raised:
        await client.search.asset_search(query="x")
    assert (raised.value.retry_after, len(sent.bodies), waits) == (50, 1, [])


async def test_each_retry_is_one_structured_line_at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "scenario_search")
    client, _, _ = waiting_client(limited("3", 503), APIConnectionError("x"))
    await client.search.asset_search(query="a secret wish")
    first, second = caplog.records
    assert first.getMessage() == "POST /search/assets failed (503): retry 1 in 3.00 s"
    assert {k: v for k, v in vars(first).items() if k.startswith("scenario_")} == {
        "scenario_path": "/search/assets",
        "scenario_status": 503,
        "scenario_retry": 1,
        "scenario_delay": 3.0,
        "scenario_request_id": "req_1",
    }
    assert second.getMessage() == (
        "POST /search/assets failed (APIConnectionError): retry 2 in 1.00 s"
    )
    assert "wish" not in caplog.text


async def test_each_page_of_a_walk_has_retries_of_its_own() -> None:
    outcomes = iter([503, 503, None, 503, 503, None])

    def answer(body: dict[str, Any]) -> Any:
        status = next(outcomes)
        return Answer(status, {}, b"", 0.0) if status else correct_page(["a", "b"], body)

    client, _ = faked_client(answer)
    client._requester.chance = lambda: 0.0
    assert len([asset async for asset in client.search.asset_search(query="x", limit=1)]) == 2


async def test_nothing_is_sent_again_after_cancellation_in_an_attempt() -> None:
    client, sent, _ = waiting_client(503)
    task = asyncio.create_task(client.search.asset_search(query="x").count())
    await asyncio.sleep(0)
    assert len(sent.bodies) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(sent.bodies) == 1


async def test_nothing_is_sent_again_after_cancellation_in_a_wait() -> None:
    client, sent, _ = waiting_client(503, 503)
    waits = asyncio.Event()

    async def sleep(_: float) -> None:
        waits.set()
        await asyncio.Event().wait()

    client._requester.sleep = sleep
    task = asyncio.create_task(client.search.asset_search(query="x").count())
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(sent.bodies) == 1


# The deadline


class Barred:
    """A limiter that lets nobody in."""

    def __init__(self) -> None:
        self.left = False

    async def __aenter__(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.left = True

    async def __aexit__(self, *_: object) -> None:
        raise AssertionError


async def test_the_deadline_includes_the_wait_for_the_limiter() -> None:
    limiter = Barred()
    client, sent, _ = waiting_client(limiter=limiter)
    with pytest.raises(APITimeoutError, match=r"deadline of 0\.01 s"):
        await client.with_options(deadline=0.01).search.asset_search(query="x")
    assert sent.bodies == []
    assert limiter.left


async def test_the_deadline_includes_the_waits_between_attempts() -> None:
    client, sent, _ = waiting_client(503)

    async def sleep(_: float) -> None:
        await asyncio.Event().wait()

    client._requester.sleep, client._requester.chance = sleep, lambda: 0.0
    with pytest.raises(APITimeoutError, match="deadline") as raised:
        await client.with_options(deadline=0.3).search.asset_search(query="x")
    assert raised.value.__cause__ is None
    assert len(sent.bodies) == 1


async def test_the_deadline_ends_an_attempt_and_counts_the_retries() -> None:
    client, sent, _ = waiting_client(503)
    first = sent.post

    async def post(*args: Any, **kwargs: Any) -> Answer:
        if not sent.bodies:
            return await first(*args, **kwargs)
        await asyncio.Event().wait()
        raise AssertionError

    sent.post = post  # type: ignore[method-assign]
    client._requester.chance = lambda: 0.0
    with pytest.raises(APITimeoutError, match="deadline") as raised:
        await client.with_options(deadline=0.5).search.asset_search(query="x")
    assert raised.value.retries_taken == 1


async def test_a_timeout_of_the_limiters_own_is_not_taken_for_the_deadline() -> None:
    class Late:
        async def __aenter__(self) -> None:
            raise TimeoutError("the limiter's own")

        async def __aexit__(self, *_: object) -> None: ...

    client, _, _ = waiting_client(limiter=Late(), deadline=30)
    with pytest.raises(TimeoutError, match="the limiter's own"):
        await client.search.asset_search(query="x")


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (
            "https://user:pw@api.example/v2/search?token=abc#x",
            "goes to https://api.example/v2/search:",
        ),
        ("/v2/search?token=abc", "goes to /v2/search:"),
        (None, "goes to no address"),
    ],
)
async def test_a_redirect_says_where_to_and_that_it_is_not_followed(
    location: str | None, shown: str
) -> None:
    headers = {} if location is None else {"location": location}
    client, sent, _ = waiting_client(Answer(307, headers, b"moved", 0.0))
    with pytest.raises(APIStatusError, match="307: moved; redirects are not followed") as raised:
        await client.search.asset_search(query="x")
    assert shown in str(raised.value)
    assert "token" not in str(raised.value)
    assert "pw" not in str(raised.value)
    assert raised.value.body == "moved"
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert len(sent.bodies) == 1


async def test_a_redirect_does_not_show_the_credentials() -> None:
    client, _, _ = waiting_client(
        Answer(302, {"location": "https://api.example/a-long-secret"}, b"", 0.0),
        api_secret="a-long-secret",
    )
    with pytest.raises(APIStatusError) as raised:
        await client.search.asset_search(query="x")
    assert "https://api.example/" in str(raised.value)
    assert "a-long-secret" not in str(raised.value)


def test_outside_of_an_asyncio_loop_the_error_says_what_to_write() -> None:
    client, sent = faked_client(failing())

    async def enter() -> None:
        async with client:
            raise AssertionError

    # As trio drives coroutines: with no event loop of asyncio's.
    for coroutine in (client.search.asset_search(query="x").first_page(), enter()):
        with pytest.raises(ConfigurationError, match=r"under trio, use Scenario in a thread"):
            coroutine.send(None)
    assert sent.bodies == []


# What an attempt is made of


class Word(str, enum.Enum):  # noqa: UP042 - a StrEnum has no such surprise
    """Members whose ``str()`` is not their value."""

    VALUE = "value"


async def test_members_of_text_enumerations_go_out_as_their_value() -> None:
    names = ("api_key", "api_secret", "project_id")
    client, sent = faked_client(
        failing(),
        **dict.fromkeys(names, Word.VALUE),
        default_headers={Word.VALUE: Word.VALUE},
        default_query={Word.VALUE: Word.VALUE},
    )
    await client.search.asset_search(query=Word.VALUE, extra_headers={"X": Word.VALUE})
    assert str(sent.headers[0]["Value"]) == str(sent.headers[0]["X"]) == "value"
    assert base64.b64decode(sent.headers[0]["Authorization"].split()[1]) == b"value:value"
    assert [(*map(str, pair),) for pair in sent.queries[0].items()] == [
        ("value", "value"),
        ("projectId", "value"),
    ]
    assert sent.bodies[0]["query"] == "value"


async def test_a_filter_inside_of_an_extra_body_goes_out_as_its_text() -> None:
    client, sent = faked_client(failing())
    await client.search.asset_search(query="x", extra_body={"any": [{"of": F.width > 5}]})
    assert sent.bodies[0]["any"] == [{"of": "width > 5"}]


async def test_a_number_that_json_has_no_form_for_is_not_sent_even_unchecked() -> None:
    client, sent = faked_client(failing(), validate=False)
    for keywords in ({"extra_body": {"x": [math.nan]}}, {"query_semantic_ratio": math.inf}):
        with pytest.raises(InvalidParamsError, match="JSON has no form for"):
            await client.search.asset_search(query="x", **keywords)
    assert sent.bodies == []


class Counting:
    """A limiter that counts, and is false like an empty collection."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def __bool__(self) -> bool:
        return False

    async def __aenter__(self) -> None:
        self.events.append("in")

    async def __aexit__(self, *_: object) -> None:
        self.events.append("out")


async def test_the_limiter_is_entered_for_each_attempt_and_left_for_each_wait() -> None:
    limiter = Counting()
    client, _, _ = waiting_client(503, 503, limiter=limiter)

    async def sleep(_: float) -> None:
        limiter.events.append("wait")

    client._requester.sleep = sleep
    await client.search.asset_search(query="x")
    assert limiter.events == ["in", "out", "wait", "in", "out", "wait", "in", "out"]


async def test_a_semaphore_will_do_as_a_limiter() -> None:
    client, sent = faked_client(lambda body: correct_page(["a"], body), limiter=asyncio.Semaphore())
    await asyncio.gather(*(client.search.asset_search(query="x") for _ in range(5)))
    assert len(sent.bodies) == 5


async def test_the_timeout_of_the_client_and_of_a_call() -> None:
    client, sent = faked_client(lambda body: correct_page(["a"], body), timeout=12)
    await client.search.asset_search(query="x")
    await client.search.asset_search(query="x", timeout=3)
    await client.with_options(timeout=4).search.asset_search(query="x")
    assert sent.timeouts == [12, 3, 4]


async def test_headers_of_client_and_call_replace_ours_whatever_their_case() -> None:
    client, sent = faked_client(
        lambda body: correct_page(["a"], body),
        default_headers={"user-agent": "mine", "X-Tenant": "a"},
    )
    await client.search.asset_search(query="x", extra_headers={"x-tenant": "b"})
    assert sent.headers == [
        {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "mine",
            "Authorization": "Basic a2V5OnNlY3JldA==",
            "X-Tenant": "b",
        }
    ]


async def test_bearer_credentials() -> None:
    client, sent = faked_client(
        lambda body: correct_page([], body), bearer_auth="token", api_key=None, api_secret=None
    )
    await client.search.asset_search(query="x")
    assert sent.headers[0]["Authorization"] == "Bearer token"
    assert repr(client) == "<AsyncScenario https://api.example/v1 with bearer credentials>"


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nY: b"}, {"X\n": "a"}, {"": "a"}, {"X": 5}, {"X": None}, {5: "a"}]
)
async def test_headers_that_cannot_be_sent_are_refused_at_the_call(headers: Any) -> None:
    client, _ = faked_client(lambda body: correct_page([], body), validate=False)
    with pytest.raises(InvalidParamsError, match="extra_headers"):
        client.search.asset_search(query="x", extra_headers=headers)


async def test_the_query_string_of_client_and_call() -> None:
    client, sent = faked_client(
        lambda body: correct_page(["a"], body),
        project_id="proj_1",
        default_query={"a": "1", "b": "1"},
    )
    await client.search.asset_search(query="x", extra_query={"b": "2"}, original_assets=True)
    await client.search.asset_search(query="x", project_id="proj_2")
    assert sent.queries == [
        {"a": "1", "b": "2", "projectId": "proj_1", "originalAssets": "true"},
        {"a": "1", "b": "1", "projectId": "proj_2"},
    ]


async def test_a_real_request_on_the_wire(serve: Serve) -> None:
    seen: list[Any] = []

    async def handler(request: Any) -> Any:
        from aiohttp import web

        seen.append((request.method, str(request.rel_url), dict(request.headers)))
        return web.json_response({"hits": hits(["a"])}, headers={"X-Request-Id": "req_9"})

    async with client_of(await serve(handler) + "/v1/", project_id="p q&r") as client:
        page = await client.search.model_search(query="x")
    assert page.response.request_id == "req_9"
    assert page.response.headers["x-REQUEST-id"] == "req_9"
    assert page.response.elapsed > 0
    method, url, headers = seen[0]
    assert (method, url) == ("POST", "/v1/search/models?projectId=p+q%26r")
    assert headers["Authorization"] == "Basic a2V5OnNlY3JldA=="
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert headers["User-Agent"].startswith("scenario-search/")


# Waits of a call's own, and of a rate limit


async def test_a_call_may_have_a_longest_wait_of_its_own() -> None:
    client, _, waits = waiting_client(limited("7"), max_retry_wait=5)
    await client.search.asset_search(query="x", max_retry_wait=8)
    assert waits == [7]
    client, _, waits = waiting_client(limited("7"))
    with pytest.raises(RateLimitError):
        await client.search.asset_search(query="x", max_retry_wait=0)
    assert waits == []


async def test_a_call_may_have_a_deadline_of_its_own() -> None:
    client, sent, _ = waiting_client(limiter=Barred(), deadline=60)
    with pytest.raises(APITimeoutError, match=r"deadline of 0\.01 s"):
        await client.search.asset_search(query="x", deadline=0.01)
    assert sent.bodies == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("deadline", 0), ("deadline", -1), ("deadline", "5"), ("max_retry_wait", -1)],
)
async def test_seconds_of_a_call_that_cannot_be_are_refused(name: str, value: Any) -> None:
    client, _, _ = waiting_client()
    options: dict[str, Any] = {name: value}
    with pytest.raises(InvalidParamsError, match=f"`{name}` must be a number of seconds"):
        client.search.asset_search(query="x", **options)


async def test_a_rate_limit_says_when_it_is_reset() -> None:
    headers = {"ratelimit": '"minute";r=0;t=9'}
    client, _, waits = waiting_client(
        Answer(429, headers, b"{}", 0.0), Answer(503, headers, b"{}", 0.0)
    )
    await client.search.asset_search(query="x")
    assert waits == [9, 1], "a 503 has another reason"


async def test_on_retry_is_called_with_the_error_the_retry_and_the_wait() -> None:
    calls: list[tuple[str, int, float]] = []

    def on_retry(error: APIError, retry: int, wait: float) -> None:
        calls.append((type(error).__name__, retry, wait))

    client, _, _ = waiting_client(limited("3", 503), APIConnectionError("x"), on_retry=on_retry)
    await client.search.asset_search(query="x")
    assert calls == [("InternalServerError", 1, 3.0), ("APIConnectionError", 2, 1.0)]


async def test_on_retry_may_be_asynchronous_and_end_the_call() -> None:
    async def on_retry(error: APIError, retry: int, wait: float) -> None:
        await asyncio.sleep(0)
        raise LookupError("enough") from error

    client, sent, _ = waiting_client(503, on_retry=on_retry)
    with pytest.raises(LookupError, match="enough"):
        await client.search.asset_search(query="x")
    assert len(sent.bodies) == 1


# A page that is cut off


async def test_a_page_that_is_cut_off_is_requested_again() -> None:
    client, sent, waits = waiting_client(Answer(200, {}, b'{"hits": [{"id": "a"}', 0.0))
    page = await client.search.asset_search(query="x")
    assert page.response.retries_taken == 1
    assert (len(sent.bodies), waits) == (2, [0.5])


async def test_a_page_that_is_always_cut_off_is_an_error_with_its_retries() -> None:
    client, sent, _ = waiting_client(*[Answer(200, {}, b'{"hits": [', 0.0)] * 9)
    with pytest.raises(APIResponseValidationError) as raised:
        await client.search.asset_search(query="x")
    assert raised.value.truncated
    assert (len(sent.bodies), raised.value.retries_taken) == (3, 2)


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b'{"hits": 5}', b'{"hits": [] x}', b'{"hits": [{}]}']
)
async def test_a_page_that_is_wrong_but_whole_is_requested_once(body: bytes) -> None:
    client, sent, _ = waiting_client(Answer(200, {}, body, 0.0))
    with pytest.raises(APIResponseValidationError) as raised:
        await client.search.asset_search(query="x")
    assert not raised.value.truncated
    assert len(sent.bodies) == 1


# Closing


async def test_closing_the_client_ends_a_wait_for_a_retry() -> None:
    waits = asyncio.Event()

    async def sleep(_: float) -> None:
        waits.set()
        await asyncio.Event().wait()

    async with RawServer(http(b"", status="503 x")) as server:
        client = client_of(server.url)
        client._requester.sleep = sleep
        task = asyncio.create_task(client.search.asset_search(query="x").count())
        await waits.wait()
        await client.close()
        with pytest.raises(ConfigurationError, match="client was closed while a call waited"):
            await task
        assert len(server.requests) == 1


async def test_a_client_that_is_closed_in_an_attempt_does_not_wait_for_another() -> None:
    async def sleep(_: float) -> None:
        raise AssertionError("it waits")

    async with RawServer(ServerAnswer(b"", "stall")) as server:
        client = client_of(server.url)
        client._requester.sleep = sleep
        task = asyncio.create_task(client.search.asset_search(query="x").count())
        await server.request_arrived()
        await client.close()
        with pytest.raises(ConfigurationError, match="closed"):
            await task


# A function that returns the token


def bearer_client(
    bearer_auth: Any, *outcomes: Any
) -> tuple[AsyncScenario, Callable[[], list[str]]]:
    """A client whose token a function returns, and what reads the headers that it sent."""
    client, sent, _ = waiting_client(
        *outcomes, bearer_auth=bearer_auth, api_key=None, api_secret=None
    )
    return client, lambda: [headers["Authorization"] for headers in sent.headers]


def numbered_tokens() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"token{next(numbers)}"


def asynchronous_tokens() -> Callable[[], Any]:
    tokens = numbered_tokens()

    async def token() -> str:
        await asyncio.sleep(0)
        return tokens()

    return token


class TokenObject:
    def __init__(self) -> None:
        self._tokens = numbered_tokens()

    async def __call__(self) -> str:
        return self._tokens()


@pytest.mark.parametrize("tokens", [numbered_tokens, asynchronous_tokens, TokenObject])
async def test_a_token_function_is_called_for_each_page_but_not_for_a_retry(tokens: Any) -> None:
    client, authorizations = bearer_client(tokens(), 503)
    await client.search.asset_search(query="x")
    await client.search.asset_search(query="x")
    assert authorizations() == ["Bearer token1", "Bearer token1", "Bearer token2"]


async def test_a_token_function_is_called_once_more_after_a_401() -> None:
    client, authorizations = bearer_client(numbered_tokens(), 401)
    page = await client.search.asset_search(query="x", max_retries=0)
    assert page.response.retries_taken == 0
    assert authorizations() == ["Bearer token1", "Bearer token2"]


async def test_a_token_that_is_refused_twice_is_an_error() -> None:
    client, authorizations = bearer_client(numbered_tokens(), 401, 401)
    with pytest.raises(AuthenticationError):
        await client.search.asset_search(query="x")
    assert authorizations() == ["Bearer token1", "Bearer token2"]


async def test_a_plain_token_function_is_called_in_a_thread() -> None:
    threads = []

    def token() -> str:
        threads.append(threading.current_thread())
        return "token"

    client, _ = bearer_client(token)
    await client.search.asset_search(query="x")
    assert threads[0] is not threading.current_thread()


async def test_the_deadline_includes_the_token_function() -> None:
    async def token() -> str:
        await asyncio.Event().wait()
        raise AssertionError

    client, authorizations = bearer_client(token)
    with pytest.raises(APITimeoutError, match="deadline"):
        await client.search.asset_search(query="x", deadline=0.01)
    assert authorizations() == []


async def test_an_error_of_a_token_function_is_raised_as_it_is() -> None:
    def token() -> str:
        raise LookupError("no token today")

    client, authorizations = bearer_client(token)
    with pytest.raises(LookupError, match="no token today"):
        await client.search.asset_search(query="x")
    assert authorizations() == []


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (None, "bearer_auth must return a string, not NoneType"),
        (b"canarytoken", "bearer_auth must return a string, not bytes"),
        ("", "The token that bearer_auth returned is empty"),
        ("a canarytoken", "The token that bearer_auth returned holds a character"),
    ],
)
async def test_a_token_that_cannot_be_sent_is_refused(token: Any, message: str) -> None:
    client, authorizations = bearer_client(lambda: token)
    with pytest.raises(ConfigurationError, match=message) as raised:
        await client.search.asset_search(query="x")
    assert authorizations() == []
    assert "canarytoken" not in str(raised.value)


async def test_a_token_function_comes_in_place_of_key_and_secret() -> None:
    with pytest.raises(ConfigurationError, match="Both kinds of credentials"):
        AsyncScenario(api_key="key", api_secret="secret", bearer_auth=numbered_tokens())
