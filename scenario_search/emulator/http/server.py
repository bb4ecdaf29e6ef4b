"""The HTTP server: aiohttp's, on a socket, whose own refusals are errors of the API too.

aiohttp answers some requests before any handler sees them: what is no HTTP, and an ``Expect`` that
nobody knows. It does so in plain text, and logs a traceback of the former.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import http, web

from scenario_search.emulator.contract.refusals import RefusedError
from scenario_search.emulator.http.errors import framework_error, refused_response

__all__ = ["listening_socket", "origin_of", "serve"]

_GRACE: Final = 2.0  # seconds that requests under way have when the emulator stops
_TURNS: Final = 5
_LONGEST_REASON: Final = 200
_NO_LOG: Final[Any] = None  # aiohttp takes it, but does not say so in its types

_Handler = Callable[[Any], Awaitable[web.StreamResponse]]


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        OSError: The port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def origin_of(listener: socket.socket) -> str:
    """Returns the scheme, host and port at which this machine reaches a socket that listens."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared only
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    app: web.Application,
    listener: socket.socket,
    ready: Callable[[], None],
    stopping: asyncio.Event,
    ending: Callable[[], None],
) -> None:
    """Answers requests until ``stopping`` is set.

    Args:
        app: What answers.
        listener: The socket, listening. It is closed at the end.
        ready: Called as soon as requests are accepted.
        stopping: Ends it once set, and is set when it ends by itself.
        ending: Called before requests under way are waited for.
    """
    loop = asyncio.get_running_loop()
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_GRACE)
    await runner.setup()
    connections = runner.server
    assert connections is not None  # noqa: S101 - made by setup
    connections.request_handler = _with_api_errors(connections.request_handler)
    server: asyncio.Server | None = None
    try:
        server = await loop.create_server(
            lambda: _Connection(connections, loop=loop, access_log=_NO_LOG), sock=listener
        )
        ready()
        await stopping.wait()
    finally:
        stopping.set()
        ending()
        # A connection accepted just now is set up some turns of the loop later. asyncio would
        # leak it if its server were closed by then (CPython's issue 109564).
        with contextlib.suppress(NotImplementedError):  # a loop that does not use readiness
            loop.remove_reader(listener)
        await _turns(_TURNS)
        transports = [each.transport for each in connections.connections]
        if server is not None:
            server.close()
        await runner.cleanup()
        # A transport whose client does not read would never end.
        for transport in transports:
            if transport is not None:
                transport.abort()
        await _turns(_TURNS)


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
