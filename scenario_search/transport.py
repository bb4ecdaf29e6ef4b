"""HTTP: bytes out, bytes in. The only module of the client that imports aiohttp.

A transport owns one aiohttp session for each event loop it meets in turn. The session is made
on first use, inside the running loop, so a client can be made at import time.
"""

from __future__ import annotations

import asyncio
import base64
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiohttp
import attrs

from scenario_search.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    ConfigurationError,
)

__all__ = ["Answer", "Transport", "basic_authorization"]

AIOHTTP_VERSION = aiohttp.__version__


@attrs.frozen
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float


def basic_authorization(key: str, secret: str) -> str:
    """Give the value of an ``Authorization`` header for HTTP Basic (RFC 7617, UTF-8)."""
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode("ascii")


class Transport:
    """Sends requests over a session of its own, or over a caller's.

    Args:
        max_connections: How many connections are open at once. Not for a caller's session.
        session: A caller's session. It is never closed here.
        trace_configs: aiohttp's hooks, for tracing. Not for a caller's session.
    """

    def __init__(
        self,
        *,
        max_connections: int = 100,
        session: aiohttp.ClientSession | None = None,
        trace_configs: Sequence[aiohttp.TraceConfig] | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._given = session
        self._trace_configs = list(trace_configs or ())
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closed = False

    @property
    def is_open(self) -> bool:
        """Whether a session of our own is open."""
        return self._session is not None

    def _current_session(self) -> aiohttp.ClientSession:
        if self.closed:
            raise ConfigurationError("This client is closed: make a new one")
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        if self._session is not None and self._loop is not loop:
            if self._loop is not None and not self._loop.is_closed():
                raise ConfigurationError(
                    "This client is in use in another event loop that is still open: "
                    "make a client of its own for each loop, or close this one first"
                )
            self.discard()
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._max_connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=self._trace_configs,
            )
            self._loop = loop
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
            timeout: Seconds for all of it: connecting, sending, reading.
            max_bytes: How large the answer's body may be, once decompressed.

        Raises:
            APITimeoutError: It took too long.
            APIConnectionError: The connection could not be made, or broke.
            APIResponseValidationError: The answer is larger than ``max_bytes``.
        """
        session = self._current_session()
        began = time.monotonic()
        try:
            async with session.post(
                url,
                data=body,
                headers=headers(),
                params=query or None,
                timeout=aiohttp.ClientTimeout(total=timeout),
                allow_redirects=False,
            ) as response:
                content = await _read(response, max_bytes)
                return Answer(response.status, response.headers, content, time.monotonic() - began)
        except TimeoutError as error:
            raise APITimeoutError(f"No answer from {url} within {timeout:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise APIConnectionError(
                f"The connection to {url} failed: {str(error) or type(error).__name__}"
            ) from error

    async def close(self) -> None:
        """Close the session, if it is our own. Closing again does nothing."""
        self.closed = True
        session, loop = self._session, self._loop
        if session is None:
            return
        if loop is asyncio.get_running_loop():
            self._session = None
            await session.close()
        else:
            self.discard()

    def discard(self) -> None:
        """Let go of the session from outside of its loop, which may be closed."""
        session, self._session = self._session, None
        if session is None or session.connector is None:
            return
        connector: Any = session.connector
        session.detach()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(connector._close)
            return
        # A closed loop cannot close its connections: free them, which closes their sockets.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            for idle in connector._conns.values():
                for protocol, *_ in idle:
                    protocol.transport = None
            connector._conns.clear()


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Read a body, and stop as soon as it is larger than it may be."""
    plain = "Content-Encoding" not in response.headers
    if plain and response.content_length is not None and response.content_length <= max_bytes:
        return await response.read()
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > max_bytes:
            response.close()
            raise APIResponseValidationError(
                f"The answer is larger than max_response_bytes ({max_bytes:,} bytes)",
                status_code=response.status,
                request_id=response.headers.get("x-request-id"),
            )
        chunks.append(chunk)
    return b"".join(chunks)
