from __future__ import annotations

import asyncio
import base64
import io
import pickle
import sys
import textwrap
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from command_line import invoke
from forward_proxy import ForwardProxy
from raw_server import Answer, RawServer, http
from raw_server_thread import served_aside
from rich.console import Console
from rich.traceback import Traceback

from scenario_search import (
    APIError,
    APIResponseValidationError,
    AsyncScenario,
    AuthenticationError,
    ConfigurationError,
    Scenario,
    ScenarioError,
)
from scenario_search.http.failures import failure_of_request

KEY, SECRET, TOKEN = "canarykey", "canarysecret", "canarytoken"
PASSWORD, HEADER = "canarypassword", "canaryheader"
PAIR = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
CANARIES = [KEY, SECRET, TOKEN, PASSWORD, HEADER, PAIR, f"{KEY}:{SECRET}"]

TESTS = str(Path(__file__).parents[1])
PAGE = orjson.dumps({"hits": [{"id": "a"}], "estimatedTotalHits": 1})
BASIC: dict[str, Any] = {"api_key": KEY, "api_secret": SECRET}
BEARER: dict[str, Any] = {"bearer_auth": TOKEN}
HEADERS = {"Authorization": f"Basic {HEADER}", "X-Token": HEADER}


def found_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def with_locals(error: BaseException) -> str:
    """A traceback with the locals of every frame but the tests', as crash reporters store it."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    lines: list[str] = []
    for one in _chain(told):
        lines += one.format_exception_only()
        for frame in one.stack:
            if not frame.filename.startswith(TESTS):
                lines += [
                    f"{frame.filename} {frame.name} {frame.line}",
                    *map(str, frame_locals(frame)),
                ]
    return "\n".join(lines)


def frame_locals(frame: traceback.FrameSummary) -> list[tuple[str, str]]:
    return list((frame.locals or {}).items())


def _chain(told: traceback.TracebackException | None) -> Iterator[traceback.TracebackException]:
    if told is not None:
        yield told
        yield from _chain(told.__cause__)
        yield from _chain(told.__context__)


def in_rich(error: BaseException) -> str:
    """The traceback as rich shows it, with locals; of the tests' frames only where they are."""
    shown = Traceback.from_exception(
        type(error),
        error,
        error.__traceback__,
        show_locals=True,
        locals_max_length=1000,
        locals_max_string=10_000,
        width=1000,
        suppress=[TESTS],
    )
    out = io.StringIO()
    Console(file=out, width=1000).print(shown)
    return out.getvalue()


def pickled(error: BaseException) -> str:
    return pickle.dumps(error).decode("latin-1") if isinstance(error, ScenarioError) else ""


def surfaces(error: BaseException) -> dict[str, list[str]]:
    """Which canaries an error shows, by where."""
    shown = {
        "str": str(error),
        "repr": repr(error),
        "attributes": repr(vars(error)),
        "traceback": with_locals(error),
        "rich": in_rich(error),
        "pickle": pickled(error),
    }
    return {name: found for name, text in shown.items() if (found := found_in(text))}


def test_the_looking_glass_sees_a_secret_in_a_local() -> None:
    scope: dict[str, Any] = {}
    exec("def fail(key):\n    raise ValueError('x')", scope)
    with pytest.raises(ValueError, match="x") as raised:
        scope["fail"](KEY)
    assert surfaces(raised.value).keys() == {"traceback", "rich"}


# Clients that cannot be made


REFUSED: dict[str, dict[str, Any]] = {
    "a colon in the key": {"api_key": f"{KEY}:x", "api_secret": SECRET},
    "a line break in the secret": {"api_key": KEY, "api_secret": f"{SECRET}\r\nX: y"},
    "a secret beyond ASCII": {"api_key": KEY, "api_secret": f"{SECRET}é"},
    "a space in the token": {"bearer_auth": f"{TOKEN} x"},
    "a token of bytes": {"bearer_auth": TOKEN.encode()},
    "both kinds": {**BASIC, **BEARER},
    "half a pair": {"api_key": KEY},
    "an empty secret": {"api_key": KEY, "api_secret": ""},
    "a password in the base URL": {**BASIC, "base_url": f"https://me:{PASSWORD}@api.example"},
    "a token in the base URL": {**BASIC, "base_url": f"https://api.example/?token={PASSWORD}"},
    "a token in the fragment": {**BASIC, "base_url": f"https://api.example/#{PASSWORD}"},
    "a password in no URL": {**BASIC, "base_url": f"me:{PASSWORD}@api.example"},
    "plain http with a password": {**BASIC, "base_url": f"http://me:{PASSWORD}@api.example"},
    "plain http": {**BASIC, "base_url": "http://api.example"},
    "a password of a proxy": {**BASIC, "proxy": f"socks5://me:{PASSWORD}@proxy.example"},
    "a header that cannot be sent": {**BASIC, "default_headers": {**HEADERS, "X": "a\nb"}},
    "a secret header that cannot be sent": {**BASIC, "default_headers": {"X": f"{HEADER}\nb"}},
    "a header name that cannot be sent": {**BASIC, "default_headers": {**HEADERS, "X Y": "b"}},
    "a query that cannot be sent": {**BASIC, "default_query": {"token": PASSWORD, "x": 5}},
    "an option of a wrong value": {**BASIC, "default_headers": HEADERS, "timeout": -1},
    "an option nobody knows": {**BASIC, "default_headers": HEADERS, "retries": 5},
}


@pytest.mark.parametrize("make", [AsyncScenario, Scenario])
@pytest.mark.parametrize("options", REFUSED.values(), ids=REFUSED.keys())
def test_a_client_that_cannot_be_made_tells_no_secret(
    options: dict[str, Any], make: Callable[..., Any]
) -> None:
    with pytest.raises((ConfigurationError, TypeError)) as raised:
        make(**options)
    assert surfaces(raised.value) == {}


@pytest.mark.parametrize("options", REFUSED.values(), ids=REFUSED.keys())
def test_a_copy_that_cannot_be_made_tells_no_secret(options: dict[str, Any]) -> None:
    client = AsyncScenario(api_key="key", api_secret="secret")
    with pytest.raises((ConfigurationError, TypeError)) as raised:
        client.with_options(**options)
    assert surfaces(raised.value) == {}


def test_credentials_of_the_environment_that_cannot_be_sent_are_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", KEY)
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", f"{SECRET}\n")
    with pytest.raises(ConfigurationError, match="SCENARIO_SDK_API_SECRET") as raised:
        AsyncScenario()
    assert surfaces(raised.value) == {}


@pytest.mark.parametrize(
    "options",
    [BASIC, BEARER, {**BASIC, "default_headers": HEADERS}],
    ids=["basic", "bearer", "headers"],
)
def test_what_a_client_says_of_itself_tells_no_secret(options: dict[str, Any]) -> None:
    client = AsyncScenario(**options)
    search = client.search.asset_search(query="x", extra_headers=HEADERS)
    prefetch = search.prefetch(2)
    crawl = client.crawl.assets(public=True, extra_headers=HEADERS)
    for thing in (client, client.options, client.search, client.crawl, search, prefetch, crawl):
        assert found_in(repr(thing) + str(thing)) == []
        assert found_in(repr(getattr(thing, "__dict__", ""))) == []


# Calls that fail


async def _cancelled(client: AsyncScenario, server: RawServer, **options: Any) -> None:
    task = asyncio.ensure_future(client.search.asset_search(query="x", **options).count())
    await server.request_arrived()
    task.cancel()
    await task


async def _searched(client: AsyncScenario, _: RawServer, **options: Any) -> None:
    await client.search.asset_search(query="x", **options)


async def _walked(client: AsyncScenario, _: RawServer, **options: Any) -> None:
    async for _asset in client.search.asset_search(query="x", **options):
        pass


async def _prefetched(client: AsyncScenario, _: RawServer, **options: Any) -> None:
    async with client.search.asset_search(query="x", **options).prefetch(2) as hits:
        async for _asset in hits:
            pass


async def _crawled(client: AsyncScenario, _: RawServer, **options: Any) -> None:
    options = {"max_retries": 0, **options}
    async with client.crawl.assets(public=True, concurrency=2, **options) as crawl:
        async for _asset in crawl:
            pass


Call = Callable[..., Awaitable[None]]
ANSWERS: dict[str, Answer | bytes] = {
    "401": http(b'{"error": "Invalid or missing credentials"}', status="401 x"),
    "503": http(b"<html>", status="503 x"),
    "no JSON": http(b"<html>"),
    "hits without ids": http(b'{"hits": [{}], "totalHits": 1}'),
    "cut off": http(PAGE, length=500),
    "no HTTP": b"SSH-2.0\r\n\r\n",
    "silent": Answer(b"", "stall"),
}


class Failing:
    """A limiter that fails."""

    async def __aenter__(self) -> None:
        raise LookupError("the limiter's own")

    async def __aexit__(self, *_: object) -> None: ...


def _failing_hook() -> aiohttp.TraceConfig:
    async def started(*_: Any) -> None:
        raise LookupError("the hook's own")

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(started)
    return trace


@pytest.fixture(params=["basic", "bearer"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    credentials = BASIC if request.param == "basic" else BEARER
    return {
        **credentials,
        "default_headers": {"X-Token": HEADER},
        "max_retries": 0,
        "timeout": 0.2,
    }


@pytest.mark.parametrize(
    ("answer", "call"),
    [
        *[pytest.param(answer, _searched, id=name) for name, answer in ANSWERS.items()],
        *[(ANSWERS["401"], call) for call in (_walked, _prefetched, _crawled)],
    ],
)
async def test_a_call_that_fails_tells_no_secret(
    answer: Answer | bytes, call: Call, options: dict[str, Any]
) -> None:
    async with RawServer(answer) as server:
        options["default_query"] = {"token": PASSWORD}
        async with AsyncScenario(base_url=server.url, **options) as client:
            with pytest.raises(APIError) as raised:
                await call(client, server, extra_headers=HEADERS, extra_query={"t": PASSWORD})
    assert surfaces(raised.value) == {}


@pytest.mark.parametrize(
    "data", [http(PAGE), http(PAGE, "Content-Encoding: rot13")], ids=["too large", "packing"]
)
async def test_an_answer_that_is_refused_while_it_is_read_tells_no_secret(
    data: bytes, options: dict[str, Any]
) -> None:
    options |= {"default_query": {"token": PASSWORD}, "max_response_bytes": len(PAGE) - 1}
    if b"rot13" in data:
        options["max_response_bytes"] = len(PAGE)
    async with (
        RawServer(data) as server,
        AsyncScenario(base_url=server.url, **options) as client,
    ):
        with pytest.raises(APIResponseValidationError) as raised:
            await client.search.asset_search(query="x", extra_headers=HEADERS)
    assert surfaces(raised.value) == {}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"deadline": 0.05, "timeout": 30}, APIError),
        ({"limiter": Failing()}, LookupError),
        ({"trace_configs": [_failing_hook()]}, LookupError),
    ],
    ids=["deadline", "limiter", "hook"],
)
async def test_what_ends_a_call_from_outside_tells_no_secret(
    changes: dict[str, Any], kind: type[Exception], options: dict[str, Any]
) -> None:
    async with (
        RawServer(Answer(b"", "stall")) as server,
        AsyncScenario(base_url=server.url, **{**options, **changes}) as client,
    ):
        with pytest.raises(kind) as raised:
            await _searched(client, server, extra_headers=HEADERS)
    assert surfaces(raised.value) == {}


@pytest.mark.parametrize("trace_configs", [[], [_failing_hook()]], ids=["refused", "hook"])
@pytest.mark.parametrize("base_url", ["https://api.example", "http://api.example"])
async def test_a_call_through_a_proxy_that_fails_tells_no_secret(
    base_url: str, trace_configs: list[aiohttp.TraceConfig], options: dict[str, Any]
) -> None:
    async with ForwardProxy({}, refusal="502 Bad Gateway", credentials=f"me:{PASSWORD}") as proxy:
        options |= {"proxy": proxy.url_with(f"me:{PASSWORD}"), "allow_http": True}
        async with AsyncScenario(
            base_url=base_url, trace_configs=trace_configs, **options
        ) as client:
            with pytest.raises((APIError, LookupError)) as raised:
                await client.search.asset_search(query="x", extra_headers=HEADERS)
            assert found_in(repr(client) + repr(client.options)) == []
    assert surfaces(raised.value) == {}


async def test_a_cancelled_call_tells_no_secret(options: dict[str, Any]) -> None:
    options["timeout"] = 30
    async with (
        RawServer(Answer(b"", "stall")) as server,
        AsyncScenario(base_url=server.url, **options) as client,
    ):
        with pytest.raises(asyncio.CancelledError) as raised:
            await _cancelled(client, server, extra_headers=HEADERS)
    assert surfaces(raised.value) == {}


def test_a_call_of_the_sync_client_that_fails_tells_no_secret(options: dict[str, Any]) -> None:
    with Scenario(base_url="http://127.0.0.1:9", **options) as client:
        with pytest.raises(APIError) as raised:
            client.search.asset_search(query="x", extra_headers=HEADERS)
        assert found_in(repr(client) + repr(client.options)) == []
    assert surfaces(raised.value) == {}


async def test_parameters_that_are_refused_tell_no_secret(options: dict[str, Any]) -> None:
    client = AsyncScenario(**options)
    wrongs: list[dict[str, Any]] = [
        {"limit": 1000},
        {"extra_headers": {**HEADERS, "X": "a\nb"}},
        {"nonsense": 5},
    ]
    for wrong in wrongs:
        with pytest.raises((ScenarioError, TypeError)) as raised:
            client.search.asset_search(**{"query": "x", "extra_headers": HEADERS, **wrong})
        assert surfaces(raised.value) == {}


@pytest.mark.parametrize("status", ["401 x", "500 x", "302 x"])
async def test_a_server_that_sends_the_credentials_back_does_not_get_them_into_the_error(
    status: str, options: dict[str, Any]
) -> None:
    told = {
        "error": f"not {KEY} {SECRET} {PAIR} {TOKEN}",
        "details": {"h": [f"Basic {PAIR}", TOKEN]},
    }
    for body in (orjson.dumps(told), f"<p>{KEY} {SECRET} {PAIR} {TOKEN}".encode()):
        async with (
            RawServer(http(body, status=status)) as server,
            AsyncScenario(base_url=server.url, **options) as client,
        ):
            with pytest.raises(APIError) as raised:
                await client.search.asset_search(query="x")
        ours = [TOKEN] if "bearer_auth" in options else [KEY, SECRET, PAIR]
        seen = {canary for found in surfaces(raised.value).values() for canary in found}
        assert seen.isdisjoint(ours)


async def test_a_page_that_is_none_does_not_quote_the_credentials(options: dict[str, Any]) -> None:
    echo = f"you sent {KEY} {SECRET} {PAIR} {TOKEN}".encode()
    async with (
        RawServer(http(echo)) as server,
        AsyncScenario(base_url=server.url, **options) as client,
    ):
        with pytest.raises(APIError) as raised:
            await client.search.asset_search(query="x")
    ours = {TOKEN} if "bearer_auth" in options else {KEY, SECRET, PAIR}
    assert ours.isdisjoint(found_in(str(raised.value)))


def escaped(text: str) -> bytes:
    """JSON of a text, each character of which is escaped."""
    return b'"%b"' % "".join(f"\\u{ord(character):04X}" for character in text).encode()


@pytest.mark.parametrize("status", ["200 x", "401 x", "503 x"])
async def test_a_server_that_escapes_what_it_sends_back_gets_nothing_into_error_or_page(
    status: str, options: dict[str, Any]
) -> None:
    echo = escaped(f"{KEY} {SECRET} {PAIR} {TOKEN} {HEADER}")
    body = b'{"hits": [{"id": "a", "echo": %b}], "error": %b, %b: 1}' % (echo, echo, echo)
    async with (
        RawServer(http(body, f"X-Request-Id: of-{HEADER}", status=status)) as server,
        AsyncScenario(base_url=server.url, **options) as client,
    ):
        search = client.search.asset_search(query="x", extra_headers={"X-Other": HEADER})
        if status == "200 x":
            page = await search
            shown = f"{page.hits[0].to_dict()} {page.response} {page.hits[0].to_json()}"
        else:
            with pytest.raises(APIError) as raised:
                await search
            assert raised.value.request_id == "of-[hidden]"
            seen = {canary for found in surfaces(raised.value).values() for canary in found}
            shown = " ".join(seen)
    ours = [TOKEN] if "bearer_auth" in options else [KEY, SECRET, PAIR.rstrip("=")]
    assert {canary for canary in [*ours, HEADER] if canary in shown} == set()


async def test_an_echo_of_the_token_that_a_function_returned_is_erased() -> None:
    async with (
        RawServer(http(b'{"error": "not canarytoken"}', status="403 x")) as server,
        AsyncScenario(base_url=server.url, bearer_auth=lambda: TOKEN) as client,
    ):
        assert TOKEN not in repr(client) + repr(client.options)
        with pytest.raises(APIError, match=r"not \[hidden\]") as raised:
            await client.search.asset_search(query="x")
    assert surfaces(raised.value) == {}


SIGNED = r"https:\/\/me:canarypassword\u0040cdn.example\/a.png\u003fSignature=canarytoken"


@pytest.mark.parametrize("status", ["200 x", "400 x"])
@pytest.mark.parametrize(
    "body",
    [f'{{"error": "{SIGNED}", "x": ["{SIGNED}"]}}', f'{{"error": "{SIGNED}"', f"<p>{SIGNED}"],
)
async def test_an_error_quotes_no_signature_and_no_password_of_a_url(
    body: str, status: str
) -> None:
    async with (
        RawServer(http(body.encode(), status=status)) as server,
        AsyncScenario(base_url=server.url, max_retries=0, **BASIC) as client,
    ):
        with pytest.raises(APIError) as raised:
            await client.search.asset_search(query="x")
    assert surfaces(raised.value) == {}
    assert "cdn.example" in str(raised.value)


ECHO = f"Authorization: Basic {PAIR} {TOKEN}"
NO_HTTP: dict[str, bytes] = {
    "status line": f"{ECHO}\r\n\r\n".encode(),
    "status": f"HTTP/1.1 {PAIR} {TOKEN}\r\n\r\n".encode(),
    "version": f"HTTP/{TOKEN} 200 OK\r\n\r\n{PAIR}".encode(),
    "header name": f"HTTP/1.1 200 OK\r\n {PAIR} {TOKEN} x\r\n\r\n".encode(),
    "header value": f"HTTP/1.1 200 OK\r\n{ECHO}\0\r\n\r\n".encode(),
    "long header": f"HTTP/1.1 200 OK\r\nX: {ECHO * 200}\r\n\r\n".encode(),
    "length": http(b"", f"Content-Length: {PAIR} {TOKEN}"),
    "coding": http(b"", f"Transfer-Encoding: chunked, {PAIR} {TOKEN}"),
    "chunk size": http(f"{ECHO}\r\n".encode(), "Transfer-Encoding: chunked"),
    "chunk end": http(f"1\r\n {ECHO}\r\n".encode(), "Transfer-Encoding: chunked"),
    "after the end": http(b"", "Connection: close") + ECHO.encode(),
    "packing": http(b"{}", f"Content-Encoding: {PAIR} {TOKEN}"),
}


@pytest.mark.parametrize("data", NO_HTTP.values(), ids=NO_HTTP.keys())
async def test_what_is_no_http_is_not_quoted(data: bytes, options: dict[str, Any]) -> None:
    async with (
        RawServer(data) as server,
        AsyncScenario(base_url=server.url, **options) as client,
    ):
        with pytest.raises(APIError) as raised:
            await client.search.asset_search(query="x")
    ours = [TOKEN] if "bearer_auth" in options else [KEY, SECRET, PAIR]
    seen = {canary for found in surfaces(raised.value).values() for canary in found}
    assert seen.isdisjoint(ours)
    assert len(raised.value.message) < 300


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.http_exceptions.BadStatusLine(ECHO),
        aiohttp.http_exceptions.LineTooLong(ECHO.encode(), 8190),
        aiohttp.http_exceptions.InvalidHeader(ECHO),
        aiohttp.http_exceptions.InvalidHeader(ECHO.encode()),
        aiohttp.http_exceptions.TransferEncodingError(ECHO),
        aiohttp.ClientPayloadError(
            f"Response payload is not completed: <TransferEncodingError: 400, message='{ECHO}'>"
        ),
    ],
    ids=lambda error: type(error).__name__,
)
def test_nor_is_it_by_the_parser_written_in_python(error: Exception) -> None:
    failure = failure_of_request(error, "https://api.example", 60)
    assert found_in(str(failure)) == []
    assert str(failure).startswith("The connection to https://api.example failed: the ")


# Logs


async def test_no_log_at_any_level_tells_a_secret(
    options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Ours, aiohttp's and asyncio's, with each step of the loop logged as slow."""
    caplog.set_level(1)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    answers = [
        http(b"", status="503 x"),
        b"",
        http(PAGE, "Set-Cookie: a=b"),
        http(b"", status="401 x"),
    ]
    options["max_retries"] = 2
    async with (
        RawServer(*answers) as server,
        AsyncScenario(base_url=server.url, **options) as client,
    ):
        client._requester.chance = lambda: 0.0
        await client.search.asset_search(query="x", extra_headers=HEADERS)
        with pytest.raises(AuthenticationError):
            await client.search.asset_search(query="x", extra_headers=HEADERS)
    loop.set_debug(False)
    names = {record.name for record in caplog.records}
    assert {"scenario_search", "asyncio"} <= names
    told = [repr(vars(record)) + record.getMessage() for record in caplog.records]
    assert found_in("\n".join(told)) == []


# The credentials on the wire


async def test_the_credentials_do_arrive(options: dict[str, Any]) -> None:
    async with (
        RawServer(http(PAGE)) as server,
        AsyncScenario(base_url=server.url, **options) as client,
    ):
        await client.search.asset_search(query="x")
    expected = f"Bearer {TOKEN}" if "bearer_auth" in options else f"Basic {PAIR}"
    assert f"\r\nAuthorization: {expected}\r\n".encode() in server.requests[0]
    assert f"\r\nX-Token: {HEADER}\r\n".encode() in server.requests[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    ["{other}/v1/search/assets", "//127.0.0.1:{port}/v1", "https://127.0.0.1:{port}/"],
    ids=["another port", "without a scheme", "another scheme"],
)
async def test_the_credentials_stay_with_the_origin(
    status: int, location: str, options: dict[str, Any]
) -> None:
    async with RawServer(http(PAGE)) as other:
        to = location.format(other=other.url, port=other.port)
        answer = http(b"", f"Location: {to}", status=f"{status} x")
        async with (
            RawServer(answer) as server,
            AsyncScenario(base_url=server.url, **options) as client,
        ):
            with pytest.raises(APIError) as raised:
                await client.search.asset_search(query="x")
        assert (raised.value.status_code, other.connections) == (status, 0)


@pytest.mark.parametrize("attributes", ["", "; Path=/", "; Domain=127.0.0.1; Path=/"])
async def test_no_cookie_goes_to_any_server(attributes: str) -> None:
    cookie = f"Set-Cookie: a=b{attributes}"
    async with (
        RawServer(Answer(http(b"", cookie, status="503 x"), "keep"), http(PAGE, cookie)) as server,
        RawServer(http(PAGE)) as other,
        AsyncScenario(base_url=server.url, **BASIC) as client,
    ):
        client._requester.chance = lambda: 0.0
        await client.search.asset_search(query="x")
        await client.search.asset_search(query="x")
        await client.with_options(base_url=other.url).search.asset_search(query="x")
    requests = [*server.requests, *other.requests]
    assert len(requests) == 4
    assert not [request for request in requests if b"\r\ncookie:" in request.lower()]


async def test_credentials_of_a_netrc_file_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {PASSWORD}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with (
        RawServer(http(PAGE)) as server,
        AsyncScenario(base_url=server.url, **BASIC) as client,
    ):
        await client.search.asset_search(query="x")
    assert server.requests[0].count(b"Authorization") == 1
    assert PAIR.encode() in server.requests[0]


async def test_a_proxy_of_the_environment_does_not_get_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with RawServer(http(PAGE)) as proxy, RawServer(http(PAGE)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with AsyncScenario(base_url=server.url, **BASIC) as client:
            await client.search.asset_search(query="x")
        assert proxy.connections == 0


@pytest.mark.parametrize("value", [BASIC, BEARER], ids=["basic", "bearer"])
def test_a_client_and_its_credentials_cannot_be_pickled(value: dict[str, Any]) -> None:
    client = AsyncScenario(**value)
    for thing in (client, client._requester.credentials, client.search.asset_search(query="x")):
        with pytest.raises(TypeError):
            pickle.dumps(thing)


# Other processes


CRASH = """
import asyncio, faulthandler, sys
from scenario_search import AsyncScenario
faulthandler.enable()

async def main():
    async with AsyncScenario(base_url={url!r}, api_key={key!r}, api_secret={secret!r}) as client:
        task = asyncio.ensure_future(client.search.asset_search(query="x").count())
        await asyncio.sleep(0.1)
        for task in asyncio.all_tasks():
            task.print_stack()
        faulthandler.dump_traceback(all_threads=True)
        faulthandler._sigsegv()

asyncio.run(main())
"""


async def test_a_crash_report_tells_no_secret() -> None:
    async with RawServer(Answer(b"", "stall")) as server:
        script = textwrap.dedent(CRASH).format(url=server.url, key=KEY, secret=SECRET)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-X",
            "dev",
            "-",
            cwd=Path(TESTS).parent,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        report, _ = await process.communicate(script.encode())
    assert b"Segmentation fault" in report
    assert b"scenario_search" in report
    assert found_in(report.decode()) == []


@pytest.mark.parametrize(
    ("answer", "command"),
    [
        ("page", ["whoami"]),
        ("401", ["whoami"]),
        ("401", ["assets", "castle", "--debug"]),
        ("no JSON", ["assets", "castle", "--debug"]),
    ],
)
def test_the_command_line_tells_no_secret(command: list[str], answer: str) -> None:
    echo = http(orjson.dumps({"error": f"Basic {PAIR} is wrong"}), status="401 x")
    answers: dict[str, Answer | bytes] = {**ANSWERS, "401": echo, "page": http(PAGE)}
    with served_aside(answers[answer]) as aside:
        settings = {"SCENARIO_SDK_API_KEY": KEY, "SCENARIO_SDK_API_SECRET": SECRET}
        done = invoke(*command, env={"SCENARIO_BASE_URL": aside.url, **settings})
        assert aside.server.requests
    assert done.output
    assert ("Traceback" in done.stderr) == ("--debug" in command)
    assert found_in(done.output) == []


@pytest.mark.parametrize(
    "environment",
    [
        {"SCENARIO_SDK_API_KEY": KEY, "SCENARIO_SDK_API_SECRET": f"{SECRET}\n"},
        {"SCENARIO_SDK_JWT": f"{TOKEN} x"},
        {"SCENARIO_SDK_JWT": TOKEN, "SCENARIO_BASE_URL": f"https://me:{PASSWORD}@api.example"},
    ],
    ids=["secret", "token", "base URL"],
)
def test_the_command_line_does_not_tell_what_it_refuses(environment: dict[str, str]) -> None:
    done = invoke("assets", "castle", "--debug", env=environment)
    assert "Error" in done.stderr
    assert found_in(done.output) == []


async def test_no_cookie_goes_to_a_server_that_has_a_name() -> None:
    cookie = "Set-Cookie: a=b; Path=/"  # aiohttp's own jar keeps none of an address in numbers
    async with RawServer(Answer(http(PAGE, cookie), "keep"), http(PAGE)) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        async with AsyncScenario(base_url=url, **BASIC) as client:
            await client.search.asset_search(query="x")
            await client.search.asset_search(query="x")
    assert [b"\r\ncookie:" in request.lower() for request in server.requests] == [False, False]
