"""HTTP: bytes out, bytes in. The only module of the client that imports aiohttp.

A transport owns one aiohttp session for each event loop it meets in turn. The session is made
on first use, inside the running loop, so a client can be made at import time.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
import warnings
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

import aiohttp
import attrs
import yarl
from multidict import CIMultiDict, istr

from scenario_search.errors import (
    APICertificateError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    ConfigurationError,
)
from scenario_search.http.bodies import read_body
from scenario_search.http.codings import UNPACKING_ERRORS, unpacker
from scenario_search.http.session_closing import close_at_end_of_loop, close_session, let_go
from scenario_search.http.timeouts import Timeouts

__all__ = ["AIOHTTP_VERSION", "Answer", "FileAnswer", "Transport", "ready_headers"]

AIOHTTP_VERSION = aiohttp.__version__

_BROKEN: tuple[type[Exception], ...] = (
    aiohttp.ClientError,
    aiohttp.http.HttpProcessingError,
    OSError,
    EOFError,
    *UNPACKING_ERRORS,
)
"""What a connection or an answer that breaks off raises."""

_UNTRUSTED = (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch)

_NO_HTTP = (
    r"Too many headers received|Got more than \d+ bytes|Bad status line|Invalid HTTP header|"
    r"Content-Length overflow|Chunk size overflow|Invalid character in [A-Za-z -]+"
)
"""What aiohttp says of an answer that is no HTTP; what it quotes of it comes after."""

_NO_TIMEOUTS = aiohttp.ClientTimeout()

_PIECE = 2**16
"""Bytes: a larger request is sent in pieces of this size. A smaller one fits into the socket."""

_FILE_PIECE = 2**18
"""Bytes of a file that are read and written at once."""

_READ_AHEAD = 2**19
"""Bytes: what a connection may hold that was not read yet. A usual page (a quarter of it) is then
received without a halt."""


@attrs.frozen
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float


@attrs.frozen
class FileAnswer:
    """The answer to a request for a file, whose body is still to be read.

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
        """Give the body, piece by piece, unpacked.

        Raises:
            APIConnectionError: It broke off, cannot be unpacked, or nothing came for too long.
        """
        unpacking = unpacker(self.headers.get("Content-Encoding", ""))
        while True:
            with _file_errors(self._url, self._timeout):
                piece = await self._content.read(_FILE_PIECE)
                if not piece:
                    if unpacking is not None and not unpacking.ended:
                        raise EOFError
                    return
                if unpacking is None:
                    yield piece
                elif not unpacking.ended:
                    for unpacked in unpacking.pieces(piece):
                        yield unpacked


def ready_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Give headers in the form that aiohttp makes of them for each request otherwise."""
    return CIMultiDict((istr(name), value) for name, value in headers.items())


class Transport:
    """Sends requests over a session of its own, or over a caller's.

    Args:
        owner: How to name the client in warnings.
        max_connections: How many connections are open at once. Not for a caller's session.
        session: A caller's session. It is never closed here.
        trace_configs: aiohttp's hooks, for tracing. Not for a caller's session.

    Attributes:
        closed: Whether it was closed.
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
    ) -> None:
        _check_kind("session", session, aiohttp.ClientSession)
        for trace_config in trace_configs or ():
            _check_kind("trace_configs", trace_config, aiohttp.TraceConfig)
        self._owner = owner
        self._max_connections = max_connections
        self._given = session
        self._trace_configs = list(trace_configs or ())
        self._session: aiohttp.ClientSession | None = None
        self._timeouts = _NO_TIMEOUTS if session is None else _phase_timeouts(session)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end_of_loop: AsyncGenerator[None, None] | None = None
        self._slots = asyncio.Semaphore(max_connections)
        self._running = Timeouts()
        self.closed = False
        self.close_with = "'async with', or await client.close()"

    async def _current_session(self) -> aiohttp.ClientSession:
        if self.closed:
            raise ConfigurationError("This client is closed: make a new one")
        loop = asyncio.get_running_loop()
        if self._loop is loop and self._session is not None and not self._session.closed:
            return self._session
        if self._given is not None:
            _check_usable(self._given, loop)
            return self._given
        if self._loop not in (None, loop) and not self._loop.is_closed():
            raise ConfigurationError(
                "This client is in use in another event loop that is still open: "
                "make a client of its own for each loop, or close this one first"
            )
        self._discard()
        self._loop = loop
        # The slots bound the connections, so that nobody waits inside aiohttp, where waiting
        # would count as part of the attempt.
        self._slots = asyncio.Semaphore(self._max_connections)
        self._running = Timeouts()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._max_connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=self._trace_configs,
        )
        self._timeouts = _phase_timeouts(self._session)
        self._end_of_loop = close_at_end_of_loop(self._session)
        await anext(self._end_of_loop)
        return self._session

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
        """Send one POST and read the whole answer. Redirects are not followed.

        Args:
            url: Where to, without a query string.
            body: The bytes to send.
            headers: Gives the headers. A function, so that no traceback's locals hold them.
            query: The query string's parameters.
            timeout: Seconds for all of it: connecting, sending, reading. Waiting for one of
                ``max_connections`` is not counted; in the pool of a caller's session it is.
            max_bytes: How large the answer's body may be, once decompressed.

        Raises:
            APITimeoutError: It took too long.
            APICertificateError: The server is not trusted.
            APIConnectionError: The connection could not be made, or broke.
            APIResponseValidationError: The answer is larger than ``max_bytes``.
            ConfigurationError: The client or its session is closed or belongs to another loop,
                or the URL or a header cannot be sent.
        """
        await self._current_session()
        failure: APIError | ConfigurationError
        async with self._slots if self._given is None else nullcontext():
            session = await self._current_session()
            began = time.monotonic()
            running = self._running
            bound = running.begin(timeout)
            try:
                async with bound:
                    status, received, content = await _sent_whole(
                        session, url, body, headers, query, max_bytes, self._timeouts
                    )
                return Answer(status, received, content, time.monotonic() - began)
            except TimeoutError:
                failure = APITimeoutError(f"No answer from {url} within {timeout:g} s")
            except APIResponseValidationError as error:
                failure = error.with_traceback(None)
            except (aiohttp.InvalidURL, UnicodeError) as error:
                failure = _unsendable(url, error)
            except _UNTRUSTED as error:
                failure = _untrusted(url, error)
            except _BROKEN as error:
                failure = APIConnectionError(f"The connection to {url} failed: {_reason(error)}")
            except ValueError as error:
                failure = _unsendable(url, error)
            except RuntimeError as error:
                if not session.closed:
                    raise
                failure = APIConnectionError(f"The connection to {url} was closed: {error}")
            finally:
                running.end(bound)
        # Raised out here so that it is not chained to aiohttp's error, which holds the request's
        # headers, and with them the credentials, and without the frames that hold its objects.
        raise failure

    @asynccontextmanager
    async def get_file(
        self, url: str, *, headers: Mapping[str, str], timeout: float
    ) -> AsyncIterator[FileAnswer]:
        """Ask for a file, over the same connections but with nothing of the session's own.

        No credentials are sent, no cookies, no headers but these. Redirects are not followed.

        Args:
            url: The whole URL, as it stands: a signature covers its query string.
            headers: The headers.
            timeout: Seconds in which something must arrive, again and again.

        Raises:
            APIConnectionError: There was no answer.
            APIResponseValidationError: Nothing can be asked at this URL, which a server gave.
            ConfigurationError: The client is closed.
        """
        await self._current_session()
        async with (
            self._slots if self._given is None else nullcontext(),
            _bare_session(await self._current_session(), timeout) as session,
        ):
            with _file_errors(url, timeout):
                response = await session.get(
                    yarl.URL(url, encoded=True),
                    headers=headers,
                    allow_redirects=False,
                    auto_decompress=False,
                )
            async with response:
                status, received, content = response.status, response.headers, response.content
                yield FileAnswer(status, received, url, timeout, content)

    async def close(self) -> None:
        """Close the session, if it is our own. Closing again does nothing."""
        self.closed = True
        if self._session is not None and self._loop is asyncio.get_running_loop():
            await close_session(self._session)
        self._discard()

    def __del__(self) -> None:
        self.warn_unclosed()

    def warn_unclosed(self, _warn: Any = warnings.warn) -> bool:
        """Let go of a session that was not closed, and warn; say whether there was one."""
        if getattr(self, "_session", None) is None:
            return False
        # Before the warning, which may be made an error.
        self._discard()
        _warn(
            f"{self._owner} was not closed: use {self.close_with}",
            ResourceWarning,
            stacklevel=3,
            source=self,
        )
        return True

    def leave_behind(self) -> object:
        """Have a forked process make a session of its own.

        Returns:
            What it has inherited, to be kept: collecting it would reach into its parent.
        """
        inherited = vars(self).copy()
        self._session = self._loop = self._end_of_loop = None
        return inherited

    def _discard(self) -> None:
        """Let go of the session, if there is one, without waiting and from anywhere."""
        session, self._session = self._session, None
        end_of_loop, self._end_of_loop = self._end_of_loop, None
        if session is not None:
            let_go(session, self._loop, end_of_loop)


def _bare_session(session: aiohttp.ClientSession, timeout: float) -> aiohttp.ClientSession:
    """Give a session that shares a session's connections, and nothing else."""
    return aiohttp.ClientSession(
        connector=session.connector,
        connector_owner=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=session.trust_env,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=timeout, sock_read=timeout),
    )


@contextmanager
def _file_errors(url: str, timeout: float) -> Iterator[None]:
    """Make our errors of aiohttp's, without the query string, which is a signature."""
    shown = url.partition("?")[0]
    try:
        yield
    except TimeoutError:
        raise APITimeoutError(f"Nothing came from {shown} for {timeout:g} s") from None
    except (aiohttp.InvalidURL, UnicodeError):
        raise APIResponseValidationError(
            f"{shown!r} is no URL that can be asked", paths=("$.url",)
        ) from None
    except _UNTRUSTED as error:
        raise _untrusted(shown, error) from None
    except _BROKEN as error:
        reason = type(error).__name__
        raise APIConnectionError(f"The connection to {shown} failed: {reason}") from None


def _check_kind(option: str, value: Any, kind: type[Any]) -> None:
    if value is not None and not isinstance(value, kind):
        found = type(value).__name__
        raise ConfigurationError(f"{option} takes an aiohttp.{kind.__name__}, not {found}")


def _check_usable(session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop) -> None:
    """Refuse a caller's session that cannot be used here and now."""
    if session.closed:
        raise ConfigurationError("The session given to this client is closed")
    if session._loop is not loop:
        raise ConfigurationError("The session given to this client belongs to another event loop")


def _unsendable(url: str, error: ValueError) -> ConfigurationError:
    return ConfigurationError(f"A request to {url} cannot be sent: {error}")


def _untrusted(url: str, error: Exception) -> APICertificateError:
    found = getattr(error, "certificate_error", None)
    said = getattr(found, "verify_message", None) or "it is not the one the session asks for"
    return APICertificateError(
        f"The certificate of {url} is not trusted ({said}): check the address and this machine's "
        "clock; an authority of your own is trusted once SSL_CERT_FILE names it"
    )


def _reason(error: Exception) -> str:
    """Say why a connection failed.

    Without the query string, which may hold a token, and without what the server sent, which
    may be anything: aiohttp quotes it where it is no HTTP.
    """
    if isinstance(error, aiohttp.ClientPayloadError):
        text = "the body broke off or is malformed"
    elif isinstance(error, (aiohttp.ClientResponseError, aiohttp.http.HttpProcessingError)):
        known = re.match(_NO_HTTP, error.message)
        text = known[0] if known else "the answer is no HTTP"
    elif isinstance(error, aiohttp.ClientConnectorError):
        failed = error.os_error
        text = os.strerror(failed.errno) if failed.errno and failed.errno > 0 else str(failed)
    else:
        text = str(error)
    return text or type(error).__name__


def _phase_timeouts(session: aiohttp.ClientSession) -> aiohttp.ClientTimeout:
    """Keep what the session says of connecting and reading; the total is ours."""
    set_by_session = session.timeout
    return aiohttp.ClientTimeout(
        total=None,
        connect=set_by_session.connect,
        sock_connect=set_by_session.sock_connect,
        sock_read=set_by_session.sock_read,
    )


class _LargeBody(aiohttp.payload.Payload):
    """A request that may take its time: sent in pieces, and given up at once.

    A connection that is closed first sends what it still holds, for ever where nobody reads it.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(body, content_type="application/json")
        self._size = len(body)
        self._transport: asyncio.WriteTransport | None = None
        self.sent = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return str(self._value, encoding, errors)

    async def write(self, writer: Any) -> None:
        self._transport = writer.transport
        for start in range(0, len(self._value), _PIECE):
            await writer.write(self._value[start : start + _PIECE])
        self.sent = True

    def give_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def _sent_whole(
    session: aiohttp.ClientSession, url: str, body: bytes, *how: Any
) -> tuple[int, Mapping[str, str], bytes]:
    """Send and read, and leave no connection behind that still waits to send a large body."""
    if len(body) <= _PIECE:
        return await _exchange(session, url, body, *how)
    large = _LargeBody(body)
    try:
        answer = await _exchange(session, url, large, *how)
    except BaseException:
        large.give_up()
        raise
    if not large.sent:
        large.give_up()
    return answer


async def _exchange(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes | _LargeBody,
    headers: Callable[[], Mapping[str, str]],
    query: Mapping[str, str],
    max_bytes: int,
    timeouts: aiohttp.ClientTimeout,
) -> tuple[int, Mapping[str, str], bytes]:
    """Send and read: give status, headers and body.

    A function of its own, since aiohttp's objects show the query string: no traceback that leaves
    the transport holds them.
    """
    async with session.post(
        url,
        data=body,
        headers=headers(),
        params=query or None,
        timeout=timeouts,
        allow_redirects=False,
        raise_for_status=False,
        auto_decompress=False,
        read_bufsize=_READ_AHEAD,
    ) as response:
        return response.status, response.headers, await read_body(response, max_bytes)
