"""Tells whether a request went out over a connection that had been idle in the pool."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

import aiohttp
import attrs
from aiohttp.connector import Connection

__all__ = ["DEAD", "SENDING", "NotingConnector", "Sending"]

DEAD = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionResetError)
"""What is raised where a connection has died before a response began."""


@attrs.define
class Sending:
    """What is known of a request that is being sent.

    Attributes:
        reused: Whether it goes out over a connection that had been idle in the pool. Not known
            of a caller's session, whose connector is its own.
        answered: Whether a response has begun.
    """

    reused: bool = False
    answered: bool = False


SENDING: ContextVar[Sending] = ContextVar("SENDING")
"""The request that the current task sends."""


class NotingConnector(aiohttp.TCPConnector):
    """Notes in :data:`SENDING` whether the connection had been used before.

    aiohttp's hooks for tracing tell it too, but a session with any hook takes a fifth longer for
    each request.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.__used: WeakSet[Any] = WeakSet()

    async def connect(self, *args: Any, **kwargs: Any) -> Connection:
        """Returns a connection for a request, from the pool or a new one."""
        connection = await super().connect(*args, **kwargs)
        sending = SENDING.get(None)
        if sending is not None:
            sending.reused = connection.protocol in self.__used
        self.__used.add(connection.protocol)
        return connection
