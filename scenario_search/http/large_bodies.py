"""Request bodies that may take their time, such as those with pictures in them."""

from __future__ import annotations

import asyncio
import hashlib
import io

import aiohttp
from aiohttp.abc import AbstractStreamWriter

__all__ = ["LARGE", "LargeBody"]

LARGE = 2**16
"""Bytes: a body up to this size fits into the buffer of a socket."""


class LargeBody(aiohttp.BytesIOPayload):
    """A JSON body whose sending can be given up.

    aiohttp closes a connection by letting it send what it still holds, which never ends where the
    server does not read it.

    Attributes:
        sent: Whether all of it was handed to the connection.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(io.BytesIO(body), content_type="application/json")
        self._body = body
        self._connection: asyncio.WriteTransport | None = None
        self.sent = False

    def __str__(self) -> str:
        """Returns what tells it from other bodies, since caches of requests make a key of it."""
        return f"JSON, sha256 {hashlib.sha256(self._body).hexdigest()}"

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Sends the body, piece by piece."""
        self._connection = writer.transport
        await super().write_with_length(writer, content_length)
        self.sent = True

    def give_up(self) -> None:
        """Ends the connection, and discards what it still holds."""
        if self._connection is not None:
            self._connection.abort()
