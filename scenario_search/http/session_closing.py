"""How the client's own session of aiohttp is closed: no socket stays open, and nothing warns.

There are three ways out: in its loop, while that runs; when the loop shuts down; and from anywhere
else, without waiting, even when the loop was closed long ago.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

__all__ = ["close_at_end_of_loop", "close_session", "let_go"]


async def close_session(session: aiohttp.ClientSession) -> None:
    """Close a session and wait until its sockets are closed, which older aiohttp does not."""
    if session.closed:
        return
    _abort(session.connector)
    await session.close()
    await asyncio.sleep(0)


async def close_at_end_of_loop(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    """Close a session when its loop shuts down: loops end their generators then.

    ``asyncio.run`` ends with ``loop.shutdown_asyncgens()``, the last moment at which the
    connections of a client that goes on in another loop can be closed in their own.
    """
    try:
        yield
    finally:
        await close_session(session)


def let_go(
    session: aiohttp.ClientSession,
    loop: asyncio.AbstractEventLoop | None,
    end_of_loop: AsyncGenerator[None, None] | None,
) -> None:
    """Close a session without waiting, from anywhere.

    Args:
        session: The session. It counts as closed afterwards.
        loop: The loop it was used in, which may be closed.
        end_of_loop: What `close_at_end_of_loop` gave for it, begun.
    """
    connector: Any = session.connector
    session.detach()
    if end_of_loop is not None:
        # Has nothing left to do, so it ends here instead of in a task of the loop's.
        with suppress(StopIteration):
            end_of_loop.aclose().__await__().send(None)
    if connector is None or loop is None:
        return
    if not loop.is_closed():
        loop.call_soon_threadsafe(_abort_and_close, connector)
        return
    for transport in _idle_transports(connector):
        _free(transport)
    connector._conns.clear()


def _idle_transports(connector: Any) -> list[Any]:
    idle = [protocol.transport for entries in connector._conns.values() for protocol, *_ in entries]
    return [transport for transport in idle if transport is not None]


def _abort(connector: Any) -> None:
    """Close the connections at rest, without the farewells of TLS that nobody waits for."""
    for transport in _idle_transports(connector):
        transport.abort()


def _abort_and_close(connector: Any) -> None:
    _abort(connector)
    connector._close()


def _free(transport: Any) -> None:
    """Close the socket of a transport whose loop was closed without a shutdown.

    Its own methods need the loop, and it warns if it is dropped as it is.
    """
    inner = getattr(getattr(transport, "_ssl_protocol", None), "_transport", transport)
    socket = getattr(inner, "_sock", None)
    if socket is not None:
        socket.close()
        inner._sock = None
    if inner is not transport:
        transport._closed = True
