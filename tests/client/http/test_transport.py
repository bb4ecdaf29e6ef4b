from __future__ import annotations

import asyncio
import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from conftest import Serve
from fake_transport import client_of, hits
from raw_server import Answer, RawServer, http

from scenario_search import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncScenario,
    AuthenticationError,
    ConfigurationError,
    InternalServerError,
)

PAGE = orjson.dumps({"hits": hits(["a"])})
SQUEEZED = gzip.compress(random.Random(0).randbytes(2000))
JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
GZIP = "Content-Encoding: gzip"


async def error_of(*answers: Answer | bytes, **options: Any) -> tuple[BaseException, RawServer]:
    """Search against such answers: what was raised, once all connections are closed."""
    async with RawServer(*answers) as server:
        async with client_of(server.url, max_retries=0, **options) as client:
            with pytest.raises(BaseException) as raised:
                await client.search.asset_search(query="x")
        await server.all_gone()
    chained = (raised.value.__cause__, raised.value.__context__)
    assert not any(isinstance(one, (aiohttp.ClientError, OSError)) for one in chained)
    return raised.value, server


BROKEN = {
    "closed before the answer": Answer(b""),
    "reset before the answer": Answer(b"", "reset"),
    "closed inside the status line": Answer(b"HTTP/1.1 2"),
    "closed inside the headers": Answer(b"HTTP/1.1 200 OK\r\nContent-Ty"),
    "reset inside the headers": Answer(b"HTTP/1.1 200 OK\r\nContent-Ty", "reset"),
    "no HTTP at all": Answer(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "a status that is no number": Answer(b"HTTP/1.1 abc OK\r\n\r\n"),
    "a status of one digit": Answer(b"HTTP/1.1 2 OK\r\n\r\n"),
    "a header without a colon": Answer(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"),
    "a header line that is too long": Answer(http(PAGE, "X-Long: " + "x" * 70_000)),
    "two lengths": Answer(http(PAGE, "Content-Length: 3")),
    "a length that is no number": Answer(http(PAGE, "Content-Length: many")),
    "a negative length": Answer(http(PAGE, length=-5)),
    "a length and chunks": Answer(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "a body shorter than its length": Answer(http(PAGE, length=len(PAGE) + 1)),
    "no body where one is promised": Answer(http(b"", length=10)),
    "reset inside the body": Answer(http(PAGE[:5], length=len(PAGE)), "reset"),
    "chunks without an end": Answer(http(b"5\r\n" + PAGE[:5] + b"\r\n", CHUNKED)),
    "a chunk cut off": Answer(http(b"50\r\n" + PAGE, CHUNKED)),
    "a chunk size that is no number": Answer(http(b"zz\r\n" + PAGE + b"\r\n0\r\n\r\n", CHUNKED)),
    "a chunk longer than its size": Answer(http(b"2\r\n" + PAGE + b"\r\n0\r\n\r\n", CHUNKED)),
    "gzip that is none": Answer(http(PAGE, GZIP)),
    "gzip broken in the middle": Answer(http(SQUEEZED[:900] + b"\xff" * 9 + SQUEEZED[909:], GZIP)),
    "gzip of a body that is cut off": Answer(http(SQUEEZED[:-12], GZIP, length=len(SQUEEZED))),
    "deflate that is none": Answer(http(PAGE, "Content-Encoding: deflate")),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_answer_is_a_connection_error_and_leaves_nothing_open(
    answer: Answer,
) -> None:
    error, server = await error_of(answer)
    assert isinstance(error, APIConnectionError)
    assert not isinstance(error, APITimeoutError)
    assert server.url in error.message
    assert (error.status_code, len(server.requests)) == (None, 1)


ODD_BODIES = {
    "no body": http(),
    "204 without a body": http(status="204 No Content"),
    "205 without a body": http(status="205 Reset Content"),
    "no object": http(b"[1, 2]", JSON),
    "null": http(b"null", JSON),
    "a string": http(b'"hello"', JSON),
    "no hits": http(b"{}", JSON),
    "hits that are no list": http(b'{"hits": {}}', JSON),
    "HTML": http(b"<html><body>Welcome</body></html>", "Content-Type: text/html"),
    "cut JSON": http(PAGE[:-3], JSON),
    "JSON with more behind it": http(PAGE + b"x", JSON),
    "NaN": http(b'{"hits": [{"id": "a", "width": NaN}]}', JSON),
    "no UTF-8": http(b'{"hits": [{"id": "\xff"}]}', JSON),
    "UTF-16": http(PAGE.decode().encode("utf-16"), "Content-Type: application/json;charset=utf-16"),
    "100,000 levels": http(b"[" * 100_000 + b"]" * 100_000, JSON),
    "hits without an id": http(b'{"hits": [{"url": "u"}]}', JSON),
    "hits that are no objects": http(b'{"hits": ["a"]}', JSON),
    "an encoding unknown to us": http(PAGE[::-1], "Content-Encoding: rot13"),
    "gzip cut off": http(SQUEEZED[:-12], GZIP),
}


@pytest.mark.parametrize("data", ODD_BODIES.values(), ids=ODD_BODIES.keys())
async def test_a_success_that_is_no_page_is_a_validation_error(data: bytes) -> None:
    error, server = await error_of(Answer(data))
    assert isinstance(error, APIResponseValidationError)
    assert error.status_code in (200, 204, 205)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("total", "not_json"),
    [
        (b"1e400", True),
        (b"-1e400", True),
        (b"1" * 5000, True),
        (b"1" * 400, False),
        (b"1.5", False),
        (b"18446744073709551616", False),
    ],
)
async def test_a_total_beyond_all_numbers_does_not_break_a_walk(
    total: bytes, not_json: bool
) -> None:
    answers = [
        http(b'{"hits": [{"id": "%d"}], "estimatedTotalHits": %s}' % (n, total)) for n in range(2)
    ]
    async with (
        RawServer(*answers, http(b'{"hits": []}')) as server,
        client_of(server.url) as client,
    ):
        page = client.search.asset_search(query="x", limit=1)
        if not_json:
            with pytest.raises(APIResponseValidationError, match="not JSON"):
                await page
        else:
            assert [asset.id async for asset in page][:1] == ["0"]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_never_followed(status: str) -> None:
    async with RawServer(http(PAGE)) as elsewhere:
        error, server = await error_of(http(b"", f"Location: {elsewhere.url}/x", status=status))
        assert elsewhere.requests == []
    assert isinstance(error, APIStatusError)
    assert error.status_code == int(status[:3])
    assert len(server.requests) == 1


async def test_a_redirect_to_nowhere_or_nonsense_is_a_status_error() -> None:
    for location in ("", "Location: http://[", "Location: //"):
        error, _ = await error_of(http(b"", *filter(None, [location]), status="302 Found"))
        assert isinstance(error, APIStatusError)


async def test_a_switch_of_protocols_is_a_status_error() -> None:
    head = http(b"", "Connection: upgrade", "Upgrade: x", status="101 Switching Protocols")
    error, _ = await error_of(head)
    assert isinstance(error, APIStatusError)
    assert error.status_code == 101


async def test_nobody_listens() -> None:
    async with RawServer() as server:
        url = server.url
    async with client_of(url, max_retries=0) as client:
        with pytest.raises(APIConnectionError) as raised:
            await client.search.asset_search(query="x")
    assert url in raised.value.message


async def test_a_host_name_that_does_not_exist() -> None:
    async with client_of("https://no-such-host.invalid", max_retries=0) as client:
        with pytest.raises(APIConnectionError, match=r"no-such-host\.invalid"):
            await client.search.asset_search(query="x")


@pytest.mark.parametrize(
    "host", ["a..example", f"{'a' * 70}.example", ".example", "exa mple", "ex\u2100ample", "[::1"]
)
async def test_a_host_name_that_cannot_exist_is_a_configuration_error_or_no_connection(
    host: str,
) -> None:
    with pytest.raises((ConfigurationError, APIConnectionError)):
        async with client_of(f"https://{host}", max_retries=0) as client:
            await client.search.asset_search(query="x")


# Timeouts


STALLED = {
    "before the answer": b"",
    "inside the headers": b"HTTP/1.1 200 OK\r\nContent-",
    "inside the body": http(PAGE[:5], length=len(PAGE)),
}


@pytest.mark.parametrize("data", STALLED.values(), ids=STALLED.keys())
async def test_a_server_that_stalls_is_left_at_the_timeout(data: bytes) -> None:
    error, server = await error_of(Answer(data, "stall"), timeout=0.5)
    assert isinstance(error, APITimeoutError)
    assert "within 0.5 s" in error.message
    assert len(server.requests) == 1


async def test_a_server_that_sends_a_byte_now_and_then_ends_at_the_total(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    async with client_of(await serve(handler), timeout=0.1, max_retries=0) as client:
        with pytest.raises(APITimeoutError):
            await client.search.asset_search(query="x")


async def test_five_hundred_at_once_share_ten_connections(serve: Serve) -> None:
    running = most = 0
    queued: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return web.Response(body=PAGE)

    async def note(*args: Any) -> None:
        queued.append(args)

    trace = aiohttp.TraceConfig()
    trace.on_connection_queued_start.append(note)
    url = await serve(handler)
    async with client_of(url, max_connections=10, trace_configs=[trace]) as client:
        pages = await asyncio.gather(
            *(client.search.asset_search(query=str(n)) for n in range(500))
        )
    assert [len(page.hits) for page in pages] == [1] * 500
    assert 0 < most <= 10
    assert queued == [], "nobody waits inside aiohttp, where waiting counts as time"


async def test_the_time_of_an_attempt_begins_once_it_has_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[bool] = []
    begin = asyncio.timeout

    def noting(seconds: float | None) -> asyncio.Timeout:
        if seconds == 31:
            taken.append(client._requester.transport._sessions._slots.locked())
        return begin(seconds)

    monkeypatch.setattr(asyncio, "timeout", noting)
    async with (
        RawServer(http(PAGE)) as server,
        client_of(server.url, max_connections=1, timeout=31) as client,
    ):
        await client.search.asset_search(query="x")
    assert taken == [True]


# Size


def endless(compress: bool) -> Callable[[web.Request], Any]:
    """A body that never ends; the server finds out how much of it was taken."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        squeeze = zlib.compressobj(wbits=31)
        if compress:
            response.headers["Content-Encoding"] = "gzip"
        await response.prepare(request)
        piece = b" " * 2**20
        while True:
            await asyncio.sleep(0)
            await response.write(squeeze.compress(piece) if compress else piece)

    return handler


@pytest.mark.parametrize("compress", [False, True], ids=["plain", "gzip"])
async def test_an_answer_without_an_end_is_refused_while_it_is_read(
    serve: Serve, compress: bool
) -> None:
    async with client_of(await serve(endless(compress)), max_response_bytes=10**6) as client:
        with pytest.raises(APIResponseValidationError, match="max_response_bytes") as raised:
            await client.search.asset_search(query="x")
    assert raised.value.status_code == 200


async def test_a_compressed_bomb_is_refused_without_being_unpacked() -> None:
    squeeze = zlib.compressobj(9, wbits=31)
    bomb = b"".join(squeeze.compress(b" " * 2**20) for _ in range(200)) + squeeze.flush()
    assert len(bomb) < 250_000
    tracemalloc.start()
    try:
        error, _ = await error_of(http(bomb, GZIP), max_response_bytes=2**20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(error, APIResponseValidationError)
    assert peak < 16 * 2**20


@pytest.mark.parametrize(("size", "fits"), [(len(PAGE), True), (len(PAGE) - 1, False)])
@pytest.mark.parametrize(
    "data",
    [
        http(PAGE),
        http(b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE), PAGE), CHUNKED),
        http(gzip.compress(PAGE), GZIP),
    ],
    ids=["fixed", "chunked", "gzip"],
)
async def test_an_answer_may_be_as_large_as_it_may(data: bytes, size: int, fits: bool) -> None:
    async with RawServer(data) as server, client_of(server.url, max_response_bytes=size) as client:
        if fits:
            assert (await client.search.asset_search(query="x")).hits[0].id == "a"
        else:
            with pytest.raises(APIResponseValidationError, match="larger than"):
                await client.search.asset_search(query="x")
        assert len(server.requests) == 1


async def test_the_status_of_a_huge_error_page_is_not_lost() -> None:
    error, _ = await error_of(http(b"x" * 3 * 2**20, status="401 Unauthorized"))
    assert isinstance(error, AuthenticationError)
    assert isinstance(error.body, str)
    assert len(error.body) == 2**16


# Retries over a real socket


async def test_the_attempts_are_counted_by_the_server() -> None:
    async with RawServer(Answer(b"", "reset"), http(b"", status="503 x"), http(PAGE)) as server:
        async with client_of(server.url) as client:
            client._requester.chance = lambda: 0.0
            page = await client.search.asset_search(query="x")
        assert page.response.retries_taken == 2
        assert len(server.requests) == 3
        bodies = {request.partition(b"\r\n\r\n")[2] for request in server.requests}
        assert bodies == {b'{"query":"x"}'}


async def test_a_connection_that_died_in_the_pool_is_no_error() -> None:
    async with RawServer(Answer(http(PAGE), "keep"), Answer(b""), http(PAGE)) as server:
        async with client_of(server.url) as client:
            client._requester.chance = lambda: 0.0
            await client.search.asset_search(query="x")
            await client.search.asset_search(query="x")
        assert server.connections == 2


@pytest.mark.parametrize("size", [1, 2**17], ids=["small", "large"])
async def test_connections_that_died_in_the_pool_cost_no_retry(size: int) -> None:
    keep = Answer(http(PAGE), "keep")
    async with RawServer(*[keep] * 4, *[Answer(b"", "reset")] * 4, keep) as server:
        async with client_of(server.url, max_retries=0) as client:
            search = client.search
            await asyncio.gather(*(search.asset_search(query="x") for _ in range(4)))
            page = await search.asset_search(query="x", extra_body={"x": "y" * size})
            assert page.response.retries_taken == 0
        assert (server.connections, len(server.requests)) == (5, 9)


async def test_a_new_connection_that_dies_is_an_error() -> None:
    async with RawServer(Answer(b"", "reset")) as server:
        async with client_of(server.url, max_retries=0) as client:
            with pytest.raises(APIConnectionError):
                await client.search.asset_search(query="x")
        assert server.connections == 1


# A caller's session


async def test_a_callers_session_is_used_with_its_settings_and_left_open(serve: Serve) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.headers.get("X-Session"), request.cookies.get("c")))
        return web.Response(body=PAGE)

    url = await serve(handler)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(
        headers={"X-Session": "yes"}, cookies={"c": "1"}, cookie_jar=jar, raise_for_status=True
    ) as session:
        async with client_of(url, session=session) as client:
            await client.search.asset_search(query="x")
        assert not session.closed
        with pytest.raises(ConfigurationError, match="closed"):
            await client.search.asset_search(query="x")
    assert seen == [("yes", "1")]


async def test_a_session_that_raises_for_status_changes_no_error() -> None:
    async with (
        RawServer(http(b"", status="401 x")) as server,
        aiohttp.ClientSession(raise_for_status=True) as session,
    ):
        client = client_of(server.url, session=session)
        with pytest.raises(AuthenticationError):
            await client.search.asset_search(query="x")


async def test_a_session_that_does_not_unpack_is_made_to(serve: Serve) -> None:
    async with (
        RawServer(http(gzip.compress(PAGE), GZIP)) as server,
        aiohttp.ClientSession(auto_decompress=False) as session,
    ):
        client = client_of(server.url, session=session)
        assert len((await client.search.asset_search(query="x")).hits) == 1


async def test_a_closed_session_is_a_clear_error() -> None:
    async with aiohttp.ClientSession() as session:
        client = client_of("http://127.0.0.1:9", session=session)
    with pytest.raises(ConfigurationError, match="session given to this client is closed"):
        await client.search.asset_search(query="x")


def test_a_session_of_another_loop_is_a_clear_error() -> None:
    async def make() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    async def use(session: aiohttp.ClientSession) -> None:
        await client_of("http://127.0.0.1:9", session=session).search.asset_search(query="x")

    first = asyncio.new_event_loop()
    session = first.run_until_complete(make())
    with pytest.raises(ConfigurationError, match="another event loop"):
        asyncio.run(use(session))
    first.run_until_complete(session.close())
    first.close()


async def test_a_session_closed_under_a_waiting_request_is_a_connection_error() -> None:
    async with RawServer(Answer(b"", "stall")) as server:
        session = aiohttp.ClientSession()
        client = client_of(server.url, session=session, max_retries=0)
        task = asyncio.ensure_future(client.search.asset_search(query="x").count())
        await server.request_arrived()
        await session.close()
        with pytest.raises((APIError, ConfigurationError)):
            await task
        await server.all_gone()


async def test_a_session_with_credentials_of_its_own_is_refused_clearly() -> None:
    async with RawServer(http(PAGE)) as server:
        async with aiohttp.ClientSession(headers={"Authorization": "Basic x"}) as session:
            client = client_of(server.url, session=session)
            await client.search.asset_search(query="x")
        assert server.requests[0].lower().count(b"authorization:") == 1
        assert b"Basic a2V5OnNlY3JldA==" in server.requests[0]


async def test_trace_configs_see_every_attempt() -> None:
    seen: list[str] = []
    trace = aiohttp.TraceConfig()

    async def started(_: Any, __: Any, params: Any) -> None:
        seen.append(params.method)

    trace.on_request_start.append(started)
    async with (
        RawServer(http(b"", status="503 x"), http(PAGE)) as server,
        client_of(server.url, trace_configs=[trace]) as client,
    ):
        client._requester.chance = lambda: 0.0
        await client.search.asset_search(query="x")
    assert seen == ["POST", "POST"]


async def test_an_error_of_a_hook_is_the_hooks_own() -> None:
    trace = aiohttp.TraceConfig()

    async def started(*_: Any) -> None:
        raise LookupError("the hook's own")

    trace.on_request_start.append(started)
    async with RawServer(http(PAGE)) as server, client_of(server.url, trace_configs=[trace]) as c:
        with pytest.raises(LookupError, match="the hook's own"):
            await c.search.asset_search(query="x")


async def test_hooks_for_a_callers_session_belong_to_it() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match="belongs to the session"):
            AsyncScenario(
                api_key="key",
                api_secret="secret",
                session=session,
                trace_configs=[aiohttp.TraceConfig()],
            )


async def test_cookies_of_the_server_are_not_kept() -> None:
    async with RawServer(http(PAGE, "Set-Cookie: tracking=1; Path=/")) as server:
        async with client_of(server.url) as client:
            await client.search.asset_search(query="x")
            await client.search.asset_search(query="x")
        assert b"tracking" not in server.requests[1]


async def test_a_502_in_html_is_an_internal_server_error() -> None:
    error, _ = await error_of(
        http(b"<html>Bad gateway</html>", "X-Request-Id: req_7", status="502 Bad Gateway")
    )
    assert isinstance(error, InternalServerError)
    assert (error.status_code, error.request_id) == (502, "req_7")
    assert error.body == "<html>Bad gateway</html>"


async def test_a_refused_connection_is_told_in_plain_words() -> None:
    async with RawServer() as server:
        url = server.url
    async with client_of(url, max_retries=0) as client:
        with pytest.raises(APIConnectionError) as raised:
            await client.search.asset_search(query="x")
    assert (
        raised.value.message == f"The connection to {url}/search/assets failed: Connection refused"
    )


async def test_a_file_that_cannot_be_had_is_named_without_its_signature() -> None:
    async with RawServer() as server:
        url = server.url
    async with client_of(url) as client:
        with pytest.raises(APIConnectionError) as raised:
            async with client._requester.transport.get_file(
                f"{url}/a?Signature=s", headers={}, timeout=9
            ):
                pass
    assert f"{url}/a" in raised.value.message
    assert "Signature" not in raised.value.message
