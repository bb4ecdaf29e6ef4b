"""Servers that go wrong in ways of their own, for the fault matrix."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Self
from unittest import mock

import attrs
import trustme
from raw_server import Answer, RawServer

from scenario_search.emulator import Emulator

_HARD_CLOSE = struct.pack("ii", 1, 0)


@attrs.frozen
class Scene:
    """Where the client is sent, and what it is given for it.

    Attributes:
        url: The base URL.
        options: Options of the client.
        search: Parameters of the search.
        bystander: A server that must not hear a word.
    """

    url: str
    options: Mapping[str, Any] = attrs.Factory(dict)
    search: Mapping[str, Any] = attrs.Factory(lambda: {"query": "castle"})
    bystander: RawServer | None = None


MakeScene = Callable[[Emulator], AbstractAsyncContextManager[Scene]]


class ResettingServer(RawServer):
    """A raw server whose ``"reset"`` is a TCP reset, whatever was read before."""

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        link = writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD_CLOSE)
        return await super()._answer(reader, writer)


class HalfClosingServer(RawServer):
    """Ends its own side with each answer, and goes on listening to the client's."""

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await super()._answer(reader, writer)
        writer.write_eof()
        await reader.read()
        return False


class DeafServer(RawServer):
    """Reads nothing, whatever it answers."""

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        link = writer.get_extra_info("socket")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        writer.write(self._answers[0].data if self._answers else b"")
        # Who does not read does not hear that the client has left.
        await asyncio.Event().wait()
        return False


class HastyServer(RawServer):
    """Answers the first byte it reads, without waiting for a request."""

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        return False


class DrippingServer(RawServer):
    """Sends a byte of its answer now and then, without an end."""

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await super()._answer(reader, writer)
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)


class FloodingServer(RawServer):
    """Goes on with the last bytes of its answer, as fast as it can and without an end."""

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await reader.readuntil(b"\r\n\r\n")
        beginning, unit = self._answers[0].data, self._answers[1].data
        writer.write(beginning)
        while True:
            writer.write(unit * (2**16 // len(unit)))
            await writer.drain()


class TLSServer(RawServer):
    """A raw server behind TLS."""

    def __init__(self, context: ssl.SSLContext, *answers: Answer | bytes) -> None:
        super().__init__(*answers)
        self._context = context

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, ssl=self._context, ssl_handshake_timeout=5
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        return self


def raw(
    *answers: Answer | bytes, server: type[RawServer] = ResettingServer, **options: Any
) -> MakeScene:
    """A raw server with these answers; the options are the client's."""

    @asynccontextmanager
    async def make(_: Emulator) -> AsyncIterator[Scene]:
        async with server(*answers) as running:
            yield Scene(running.url, options)

    return make


def flood(beginning: bytes, unit: bytes, **options: Any) -> MakeScene:
    """A server that says the beginning, and then the same for ever."""
    return raw(beginning, unit, server=FloodingServer, **options)


def unread(size: int, *answers: bytes, **options: Any) -> MakeScene:
    """A server that does not read a request that is larger than the buffers between."""

    @asynccontextmanager
    async def make(_: Emulator) -> AsyncIterator[Scene]:
        async with DeafServer(*answers) as running:
            yield Scene(running.url, options, {"query": "castle", "extra_body": {"x": "x" * size}})

    return make


def emulated(fault: Mapping[str, Any], **options: Any) -> MakeScene:
    """The emulator with a fault."""

    @asynccontextmanager
    async def make(emulator: Emulator) -> AsyncIterator[Scene]:
        emulator.faults.add(**fault)
        yield Scene(
            emulator.url,
            {"api_key": emulator.api_key, "api_secret": emulator.api_secret, **options},
        )

    return make


@asynccontextmanager
async def nobody(_: Emulator) -> AsyncIterator[Scene]:
    """A port that nobody listens on."""
    async with RawServer() as gone:
        pass
    yield Scene(gone.url)


@asynccontextmanager
async def unaccepting(_: Emulator) -> AsyncIterator[Scene]:
    """A port whose queue of connections is full, so that connecting takes for ever."""
    listener = socket.socket()
    waiting = [socket.socket() for _ in range(4)]
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for link in waiting:
            link.setblocking(False)
            link.connect_ex(listener.getsockname())
        await asyncio.sleep(0)
        yield Scene(f"http://127.0.0.1:{listener.getsockname()[1]}", {"timeout": 0.1})
    finally:
        for link in (listener, *waiting):
            link.close()


@asynccontextmanager
async def nameless(_: Emulator) -> AsyncIterator[Scene]:
    """A host name that no server of names knows."""
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with mock.patch("socket.getaddrinfo", side_effect=unknown):
        yield Scene("https://no-such-host.invalid")


def elsewhere(location: str, status: str) -> MakeScene:
    """A redirect to another server, which notes who comes."""

    @asynccontextmanager
    async def make(_: Emulator) -> AsyncIterator[Scene]:
        async with RawServer() as other:
            to = location.format(url=other.url)
            head = f"HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
            async with ResettingServer(Answer(head.encode(), "keep")) as running:
                yield Scene(running.url, bystander=other)

    return make


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


def certified(
    *names: str,
    answer: bytes,
    trusted: bool = True,
    expired: bool = False,
) -> MakeScene:
    """A TLS server with a certificate of these names, from an authority that is trusted or not."""

    @asynccontextmanager
    async def make(_: Emulator) -> AsyncIterator[Scene]:
        authority = _authority()
        yesterday = datetime.now(UTC) - timedelta(days=1)
        certificate = authority.issue_cert(*names, not_after=yesterday if expired else None)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        trusting = ssl.create_default_context()
        if trusted:
            authority.configure_trust(trusting)
        # What aiohttp takes where no context is given: made once, of the system's authorities.
        with mock.patch("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting):
            async with TLSServer(context, Answer(answer, "keep")) as running:
                yield Scene(running.url)

    return make


@asynccontextmanager
async def plain_behind_https(_: Emulator) -> AsyncIterator[Scene]:
    """A server without TLS, asked for https."""
    async with HastyServer() as running:
        yield Scene(f"https://127.0.0.1:{running.port}")


@asynccontextmanager
async def deaf_behind_https(_: Emulator) -> AsyncIterator[Scene]:
    """A server that says nothing to the first words of TLS."""
    async with DeafServer() as running:
        yield Scene(f"https://127.0.0.1:{running.port}", {"timeout": 0.1})
