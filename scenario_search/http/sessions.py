"""The aiohttp session of a client: its own, one event loop after another, or a caller's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from ssl import SSLContext
from typing import Any

import aiohttp

from scenario_search.errors import ConfigurationError
from scenario_search.http.resolver import OutwardResolver
from scenario_search.http.reuse import NotingConnector

__all__ = ["Sessions"]


class Sessions:
    """Provides the session to send a request with, and closes it if it is the client's own.

    A session belongs to one event loop. The client's own is opened on first use, inside the
    running loop, so a client can be made at import time and used by one ``asyncio.run`` after
    another.

    Args:
        max_connections: How many requests may be in flight. Does not apply to a caller's session.
        session: A caller's session. It is never closed here.
        trace_configs: aiohttp's hooks, for tracing. Does not apply to a caller's session.
        ssl: Which certificates are trusted. Does not apply to a caller's session.

    Attributes:
        closed: Whether the client was closed.
        trusted: Hosts that may have addresses of this machine. Other names that resolve to such
            an address are not connected to. A caller's session resolves names as it does.

    Raises:
        ConfigurationError: The session or a hook is something else.
    """

    def __init__(
        self,
        *,
        max_connections: int = 100,
        session: aiohttp.ClientSession | None = None,
        trace_configs: Sequence[aiohttp.TraceConfig] | None = None,
        ssl: SSLContext | None = None,
    ) -> None:
        _check_kind("session", session, aiohttp.ClientSession)
        for trace_config in trace_configs or ():
            _check_kind("trace_configs", trace_config, aiohttp.TraceConfig)
        self.closed = False
        self.trusted: set[str] = set()
        self._max_connections = max_connections
        self._callers = session
        self._trace_configs = list(trace_configs or ())
        self._ssl = ssl
        self._own: aiohttp.ClientSession | None = None
        self._end_of_loop: AsyncGenerator[None, None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(max_connections)

    @property
    def is_open(self) -> bool:
        """Whether there is a session that has to be closed."""
        return self._own is not None

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Waits until a request may be sent, and provides the session for it.

        Raises:
            ConfigurationError: The client or the caller's session is closed, or belongs to
                another event loop.
        """
        await self._current()
        # aiohttp would count the wait for a connection as part of the attempt. A pool that is
        # shared with a caller cannot be counted here.
        async with self._slots if self._callers is None else nullcontext():
            yield await self._current()

    async def _current(self) -> aiohttp.ClientSession:
        if self.closed:
            raise ConfigurationError("This client is closed: make a new one")
        loop = asyncio.get_running_loop()
        if self._callers is not None:
            self._check_usable(self._callers, loop)
            return self._callers
        if self._own is not None and self._loop is loop and not self._own.closed:
            return self._own
        if self._loop is not None and self._loop is not loop and not self._loop.is_closed():
            raise ConfigurationError(
                "This client is in use in another event loop that is still open: "
                "make a client of its own for each loop, or close this one first"
            )
        self.abandon()
        return await self._open(loop)

    async def _open(self, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession:
        self._loop = loop
        self._slots = asyncio.Semaphore(self._max_connections)
        self._own = session = aiohttp.ClientSession(
            connector=NotingConnector(
                limit=self._max_connections,
                ssl=True if self._ssl is None else self._ssl,
                resolver=OutwardResolver(self.trusted),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=self._trace_configs,
        )
        self._end_of_loop = _close_at_end_of_loop(session)
        await anext(self._end_of_loop)
        return session

    def _check_usable(
        self, session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop
    ) -> None:
        if session.closed:
            raise ConfigurationError("The session given to this client is closed")
        if self._loop is loop:
            return
        try:
            # aiohttp says in no public way which loop a session belongs to, but refuses to make
            # one in another loop than its connector's.
            aiohttp.ClientSession(
                connector=session.connector, connector_owner=False, loop=loop
            ).detach()
        except RuntimeError:
            raise ConfigurationError(
                "The session given to this client belongs to another event loop"
            ) from None
        self._loop = loop

    async def close(self) -> None:
        """Closes the client's own session. Closing it again does nothing."""
        self.closed = True
        if self._own is not None and self._loop is asyncio.get_running_loop():
            await self._own.close()
        self.abandon()

    def abandon(self) -> None:
        """Closes the client's own session without waiting, from any thread and any loop.

        In a loop that was closed before it ended its asynchronous generators, nothing can be
        closed any more: asyncio warns of each connection when it is collected.
        """
        session, self._own = self._own, None
        end_of_loop, self._end_of_loop = self._end_of_loop, None
        if session is None or end_of_loop is None or self._loop is None:
            return
        if self._loop.is_closed():
            _begin_to_close(session, end_of_loop)
        else:
            with suppress(RuntimeError):  # closed meanwhile, by another thread
                self._loop.call_soon_threadsafe(_begin_to_close, session, end_of_loop)

    def leave_behind(self) -> object:
        """Forgets the session without closing it, in a process that inherited it by a fork.

        Returns:
            What was inherited, to be kept: collecting it would reach into the parent process.
        """
        inherited = vars(self).copy()
        self._own = self._end_of_loop = self._loop = None
        return inherited


async def _close_at_end_of_loop(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    """Closes a session when its loop shuts down.

    ``asyncio.run`` ends with ``loop.shutdown_asyncgens()``: the last moment at which connections
    can be closed in their own loop, while the client lives on to be used in the next one.
    """
    try:
        yield
    finally:
        await session.close()


def _begin_to_close(
    session: aiohttp.ClientSession, end_of_loop: AsyncGenerator[None, None]
) -> None:
    """Begins to close a session, in its loop, and leaves the rest to the loop.

    A task would not do: where a client is collected as ``asyncio.run`` ends, the task would be
    cancelled before its first step. The first step of ``close()`` closes every connection and
    marks the session as closed; what it waits for afterwards happens by itself. The generator then
    has nothing left to wait for.
    """
    for closing in (session.close(), end_of_loop.aclose()):
        steps = closing.__await__()
        with suppress(StopIteration):
            next(steps)
        steps.close()


def _check_kind(option: str, value: Any, kind: type[Any]) -> None:
    if value is not None and not isinstance(value, kind):
        raise ConfigurationError(
            f"{option} takes an aiohttp.{kind.__name__}, not {type(value).__name__}"
        )
