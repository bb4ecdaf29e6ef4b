"""The HTTP server: aiohttp's, on a socket, whose own refusals are errors of the API too.

aiohttp answers some requests before any handler sees them: what is no HTTP, and an ``Expect`` that
nobody knows. It does so in plain text, and logs a traceback of the former.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

from aiohttp import http, web

from scenario_search.emulator.contract.refusals import RefusedError
from scenario_search.emulator.http.errors import framework_error, refused_response

__all__ = ["Listener", "serve"]

_GRACE: Final = 2.0  # seconds that requests under way have when the emulator stops
_TURNS: Final = 5
_HALF_CLOSED: Final = 1.0
"""Seconds in which a client that sends no more can get a response."""
_LONGEST_REASON: Final = 200
_NO_LOG: Final[Any] = None  # aiohttp takes it, but does not say so in its types

_Handler = Callable[[Any], Awaitable[web.StreamResponse]]


class Listener:
    """A socket that listens, and that can refuse connections for a while.

    Args:
        host: The address or name.
        port: The port; 0 for a free one.

    Raises:
        OSError: The port is taken.

    Attributes:
        loop: The event loop of its coroutines; there once it is open.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(self, host: str, port: int) -> None:
        self._socket = _listening(host, port)
        self._address = self._socket.getsockname()[:2]
        self._connections: web.Server | None = None
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def origin(self) -> str:
        """The scheme, host and port at which this machine reaches it."""
        host, port = self._address
        if host in ("0.0.0.0", "::"):  # noqa: S104 - compared only
            host = "::1" if ":" in host else "127.0.0.1"
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def open(self, connections: web.Server) -> None:
        """Hands connections to an aiohttp server from now on."""
        self.loop = loop = asyncio.get_running_loop()
        self._connections = connections
        self._server = await loop.create_server(
            lambda: _Connection(connections, loop=loop, access_log=_NO_LOG), sock=self._socket
        )

    async def refuse(self, but: asyncio.BaseTransport | None = None) -> None:
        """Refuses connections from now on, and closes all that are open but one."""
        await self._stop_listening()
        for transport in self.transports():
            if transport is not but:
                transport.abort()

    async def accept(self) -> None:
        """Accepts connections again, where they are refused."""
        if self._server is None and self._connections is not None:
            self._socket = _listening(*self._address)
            await self.open(self._connections)

    async def close(self) -> list[asyncio.Transport]:
        """Stops listening for good, and returns the connections that are open."""
        await self._stop_listening()
        transports = self.transports()
        self._connections = None
        return transports

    def transports(self) -> list[asyncio.Transport]:
        """Returns the connections that are open."""
        handlers = [] if self._connections is None else self._connections.connections
        return [each.transport for each in handlers if each.transport is not None]

    async def _stop_listening(self) -> None:
        if self._server is None:
            return
        # A connection accepted just now is set up some turns of the loop later. asyncio would
        # leak it if its server were closed by then (CPython's issue 109564).
        with contextlib.suppress(NotImplementedError):  # a loop that does not use readiness
            self.loop.remove_reader(self._socket)
        await _turns(_TURNS)
        self._server.close()
        self._server = None


async def serve(
    app: web.Application,
    listener: Listener,
    ready: Callable[[], None],
    stopping: asyncio.Event,
    ending: Callable[[], None],
) -> None:
    """Answers requests until ``stopping`` is set.

    Args:
        app: What answers.
        listener: Where requests come from. It is closed at the end.
        ready: Called as soon as requests are accepted.
        stopping: Ends it once set, and is set when it ends by itself.
        ending: Called before requests under way are waited for.
    """
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_GRACE)
    await runner.setup()
    connections = runner.server
    assert connections is not None  # noqa: S101 - made by setup
    connections.request_handler = _with_api_errors(connections.request_handler)
    try:
        await listener.open(connections)
        ready()
        await stopping.wait()
    finally:
        stopping.set()
        ending()
        transports = await listener.close()
        await runner.cleanup()
        # A transport whose client does not read would never end.
        for transport in transports:
            transport.abort()
        await _turns(_TURNS)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


async def _turns(number: int) -> None:
    """Lets the event loop go round."""
    for _ in range(number):
        await asyncio.sleep(0)


def _with_api_errors(handler: _Handler) -> _Handler:
    async def answered(request: Any) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            return refused_response(framework_error(error))

    return answered


class _Connection(web.RequestHandler):
    """One connection. What is no HTTP is refused in the API's words, and is nothing to log."""

    __slots__ = ()

    # aiohttp says that it returns None, and asyncio asks for a bool.
    def eof_received(self) -> Any:
        """Keeps a connection a moment longer whose client has nothing more to send.

        It may wait for its response (a connection half closed), or be gone, which looks alike.
        """
        super().eof_received()
        if self.transport is not None:
            asyncio.get_running_loop().call_later(_HALF_CLOSED, self.transport.close)
        return True

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if not isinstance(exc, http.HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        # Below its first line aiohttp draws where in the bytes it was.
        reason = exc.message.partition("\n")[0].rstrip(":")[:_LONGEST_REASON]
        details = {"reason": reason.encode(errors="replace").decode()}
        response = refused_response(
            RefusedError(
                400, "The request is no HTTP that can be read", "BAD_REQUEST", details=details
            )
        )
        response.force_close()
        return response

    def log_exception(self, *args: Any, **keywords: Any) -> None:
        # Of a body that can't be unpacked, after its 400.
        if isinstance(keywords.get("exc_info"), web.RequestPayloadError | http.HttpProcessingError):
            return
        super().log_exception(*args, **keywords)
