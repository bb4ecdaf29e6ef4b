"""HTTP: bytes out, bytes in, over aiohttp."""

from __future__ import annotations

import asyncio
import functools
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from ssl import SSLContext
from typing import Any, TypeVar

import aiohttp
import attrs
import yarl

from scenario_search.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigurationError,
)
from scenario_search.http.bodies import read_body
from scenario_search.http.failures import failure_of_file, failure_of_request
from scenario_search.http.large_bodies import LARGE, LargeBody
from scenario_search.http.proxies import Proxies, Proxy
from scenario_search.http.resolver import normalized
from scenario_search.http.reuse import DEAD, SENDING, Sending
from scenario_search.http.sessions import Sessions
from scenario_search.http.waits import Waits
from scenario_search.text import shown_url

__all__ = ["AIOHTTP_VERSION", "Answer", "FileAnswer", "Transport"]

T = TypeVar("T")

AIOHTTP_VERSION = aiohttp.__version__

_FILE_PIECE = 2**18
"""Bytes of a file that are read and written at a time."""


@attrs.frozen
class Answer:
    """A response, whatever its status."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    elapsed: float


@attrs.frozen
class FileAnswer:
    """The response to a request for a file, whose body is still to be read.

    Attributes:
        status: The HTTP status.
        headers: The headers; look-ups ignore case.
    """

    status: int
    headers: Mapping[str, str]
    _url: str
    _timeout: float
    _content: aiohttp.StreamReader

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yields the body, piece by piece, decompressed.

        Raises:
            APIConnectionError: It broke off, cannot be decompressed, or nothing came for too long.
        """
        pieces = self._content.iter_chunked(_FILE_PIECE)
        while piece := await _of_file(anext(pieces, b""), self._url, self._timeout):
            yield piece


class Transport:
    """Sends requests over a session of its own, or over a caller's.

    Args:
        owner: How to name the client in warnings.
        max_connections: How many requests may be in flight. Does not apply to a caller's session.
        session: A caller's session. It is never closed here.
        trace_configs: aiohttp's hooks, for tracing. Does not apply to a caller's session.
        proxy: The URL of a proxy for every request. Does not apply to a caller's session.
        trust_env: Whether the environment chooses the proxy otherwise. A caller's session has its
            own ``trust_env``.
        ssl: Which certificates are trusted. Does not apply to a caller's session.

    Attributes:
        close_with: How the client is closed, for the warning that it was not.

    Raises:
        ConfigurationError: The session or a hook is something else.
    """

    def __init__(
        self,
        *,
        owner: str = "client",
        max_connections: int = 100,
        session: aiohttp.ClientSession | None = None,
        trace_configs: Sequence[aiohttp.TraceConfig] | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        ssl: SSLContext | None = None,
    ) -> None:
        self._owner = owner
        self._sessions = Sessions(
            max_connections=max_connections, session=session, trace_configs=trace_configs, ssl=ssl
        )
        # A caller's session chooses the proxy of its requests itself, but files are requested
        # with nothing of it but its connections.
        self._proxies = Proxies() if session is not None else Proxies(proxy, trust_env=trust_env)
        self._file_proxies = (
            self._proxies if session is None else Proxies(trust_env=session.trust_env)
        )
        for url in self._proxies.urls:
            self.trust(url)
        self._waits = Waits()
        self.close_with = "'async with', or await client.close()"

    @property
    def closed(self) -> bool:
        """Whether the client was closed."""
        return self._sessions.closed

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no response may hand back: the credentials of the client's proxies."""
        return self._proxies.secrets

    def trust(self, url: str) -> None:
        """Allows connections to the host of a URL also where its name leads to this machine.

        Hosts of requests to the API and of proxies have to be allowed, since those that nobody
        but a server named must not lead here.
        """
        with suppress(ValueError):  # not a URL: nothing is requested from it
            self._sessions.trusted.add(normalized(yarl.URL(url).raw_host or ""))

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Callable[[], Mapping[str, str]],
        query: Mapping[str, str],
        timeout: float,
        max_bytes: int,
    ) -> Answer:
        """Sends one POST and reads the whole response. Redirects are not followed.

        Args:
            url: Where to, without a query string.
            body: The bytes to send.
            headers: Returns the headers. A function, so that no traceback's locals hold them.
            query: The query string's parameters.
            timeout: Seconds for all of it: connecting, sending, reading. Waiting for one of
                ``max_connections`` is not counted; in the pool of a caller's session it is.
            max_bytes: The largest body to accept, in bytes, after decompression.

        Raises:
            APITimeoutError: It took too long.
            APICertificateError: The server is not trusted.
            APIConnectionError: The connection could not be made, or broke.
            APIResponseValidationError: The body is larger than ``max_bytes``.
            ConfigurationError: The client or its session is closed or belongs to another loop,
                or the URL or a header cannot be sent.
        """
        failure: APIError | ConfigurationError | None
        async with self._sessions.acquire() as session:
            began = time.monotonic()
            try:
                async with asyncio.timeout(timeout):
                    status, received, content = await _send(
                        session, url, body, headers, query, max_bytes, self._proxies
                    )
                return Answer(status, received, content, time.monotonic() - began)
            except Exception as error:
                failure = failure_of_request(error, url, timeout)
                if failure is None and session.closed and isinstance(error, RuntimeError):
                    failure = APIConnectionError(f"The connection to {url} was closed: {error}")
                if failure is None:
                    raise
        # Raised out here, so that it neither has aiohttp's error in its context, which holds the
        # request's headers, nor the frames that hold its objects.
        raise failure

    @asynccontextmanager
    async def get_file(
        self, url: str, *, headers: Mapping[str, str], timeout: float
    ) -> AsyncIterator[FileAnswer]:
        """Requests a file, over the same connections but with nothing else of the session.

        No credentials are sent, no cookies, no headers but these. Redirects are not followed.

        Args:
            url: The whole URL, as it stands: a signature covers its query string.
            headers: The headers.
            timeout: Seconds in which something must arrive, again and again.

        Raises:
            APIConnectionError: There was no response.
            APIResponseValidationError: This is not a URL that can be requested.
            ConfigurationError: The client is closed.
        """
        shown = shown_url(url)
        async with (
            self._sessions.acquire() as shared,
            aiohttp.ClientSession(
                connector=shared.connector,
                connector_owner=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=timeout, sock_read=timeout),
            ) as session,
        ):
            request = session.get(
                yarl.URL(url, encoded=True),
                allow_redirects=False,
                **_through(self._file_proxies.for_url(url), url, headers),
            )
            try:
                # `sock_read` begins anew with each byte, of the headers too.
                async with asyncio.timeout(timeout):
                    response = await _of_file(request, shown, timeout)
            except TimeoutError:
                raise APITimeoutError(f"No answer from {shown} within {timeout:g} s") from None
            async with response:
                yield FileAnswer(
                    response.status, response.headers, shown, timeout, response.content
                )

    async def wait(self, sleep: Callable[[float], Awaitable[object]], seconds: float) -> None:
        """Waits for so many seconds, or until the client is closed.

        Raises:
            ConfigurationError: The client was closed meanwhile.
        """
        if not self.closed:
            await self._waits.wait(sleep, seconds)

    async def close(self) -> None:
        """Closes the session, if it is the client's own. Closing it again does nothing."""
        self._waits.end()
        await self._sessions.close()

    def __del__(self) -> None:
        self.warn_unclosed()

    def warn_unclosed(self, _warn: Any = warnings.warn) -> bool:
        """Abandons a session that was not closed, and warns; returns whether there was one."""
        sessions = getattr(self, "_sessions", None)
        if sessions is None or not sessions.is_open:
            return False
        # Before the warning, which may be turned into an error.
        sessions.abandon()
        _warn(
            f"{self._owner} was not closed: use {self.close_with}",
            ResourceWarning,
            stacklevel=3,
            source=self,
        )
        return True

    def leave_behind(self) -> object:
        """Makes a forked process open a session of its own.

        Returns:
            What it inherited, to be kept: collecting it would reach into the parent process.
        """
        return self._sessions.leave_behind()


async def _of_file(step: Awaitable[T], url: str, timeout: float) -> T:
    """Awaits a step of a request for a file, and raises the client's errors."""
    try:
        return await step
    except Exception as error:
        failure = failure_of_file(error, url, timeout)
        if failure is None:
            raise
    raise failure


async def _send(
    session: aiohttp.ClientSession, url: str, body: bytes, *rest: Any
) -> tuple[int, Mapping[str, str], bytes]:
    """Sends a request, again and again while it meets connections that died in the pool.

    Each of these leaves the pool, so there is an end to it. The caller's timeout bounds it too.
    """
    while True:
        sending = Sending()
        token = SENDING.set(sending)
        try:
            return await _send_once(session, url, body, *rest, sending)
        except DEAD:
            if not sending.reused or sending.answered:
                raise
        finally:
            SENDING.reset(token)


async def _send_once(
    session: aiohttp.ClientSession, url: str, body: bytes, *rest: Any
) -> tuple[int, Mapping[str, str], bytes]:
    """Sends a request, and leaves no connection behind that still waits to send a large body."""
    if len(body) <= LARGE:
        return await _exchange(session, url, body, *rest)
    large = LargeBody(body)
    try:
        answer = await _exchange(session, url, large, *rest)
    except BaseException:
        large.give_up()
        raise
    if not large.sent:
        large.give_up()
    return answer


async def _exchange(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes | LargeBody,
    headers: Callable[[], Mapping[str, str]],
    query: Mapping[str, str],
    max_bytes: int,
    proxies: Proxies,
    sending: Sending,
) -> tuple[int, Mapping[str, str], bytes]:
    """Sends a request and returns the status, the headers and the body of the response.

    A function of its own, since aiohttp's objects show the query string: no traceback that leaves
    the transport holds them.
    """
    send = functools.partial(
        session.post,
        url,
        data=body,
        params=query or None,
        timeout=_without_total(session.timeout),
        allow_redirects=False,
        raise_for_status=False,
        auto_decompress=True,
    )
    how = _through(proxies.for_url(url), url, headers())
    try:
        response = await send(**how)
    except ValueError as error:
        if not (session.trust_env and "AUTHORIZATION header" in str(error)):
            raise
        response = await send(**_despite_netrc(how))
    sending.answered = True
    async with response:
        return response.status, response.headers, await read_body(response, max_bytes)


def _through(proxy: Proxy | None, url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Returns the keywords that send a request with its headers, and through a proxy.

    A proxy reads its credentials from the request that opens a tunnel, which aiohttp sends with
    ``proxy_headers``. Without TLS there is no tunnel: it reads them from the request itself.
    """
    if proxy is None:
        return {"headers": headers}
    if url.startswith("https:"):
        return {"headers": headers, "proxy": proxy.url, "proxy_headers": proxy.headers}
    return {"headers": {**headers, **proxy.headers}, "proxy": proxy.url}


def _despite_netrc(how: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the keywords that send the client's credentials in place of those in ``.netrc``.

    A caller's session with ``trust_env`` looks there, and refuses a request that has an
    ``Authorization`` header besides. A middleware sets it later. The session's own middlewares do
    not see such a request: a request's replace them.
    """
    headers = dict(how["headers"])
    authorization = headers.pop("Authorization")

    async def authorize(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.headers["Authorization"] = authorization
        return await handler(request)

    return {**how, "headers": headers, "middlewares": [authorize]}


@functools.lru_cache(maxsize=8)
def _without_total(timeout: aiohttp.ClientTimeout) -> aiohttp.ClientTimeout:
    """Returns what a session says of connecting and reading; the total is the client's."""
    return aiohttp.ClientTimeout(
        total=None,
        connect=timeout.connect,
        sock_connect=timeout.sock_connect,
        sock_read=timeout.sock_read,
    )
