"""A small forward proxy on the loopback: tunnels by CONNECT, and plain requests."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class ForwardProxy:
    """Forwards to servers whose names only it knows, and to ports of 127.0.0.1.

    Args:
        servers: The port on this machine of each host name.
        credentials: The user name and password it requires, as ``user:password``.
        context: Makes it an https proxy.
        refusal: The status line with which it answers every CONNECT.

    Attributes:
        url: Where it is, without credentials.
        asked: The first line of each request that arrived.
    """

    def __init__(
        self,
        servers: Mapping[str, int],
        *,
        credentials: str | None = None,
        context: ssl.SSLContext | None = None,
        refusal: str | None = None,
    ) -> None:
        self._servers = servers
        self._credentials = credentials
        self._context = context
        self._refusal = refusal
        self.asked: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._context)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http{'s' if self._context else ''}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url_with(self, credentials: str) -> str:
        """Returns its URL with a user name and a password in it."""
        return self.url.replace("://", f"://{credentials}@")

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._forward(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *headers = head.split("\r\n")
        self.asked.append(line)
        method, target, version = line.split(" ")
        if not self._is_authorized(headers):
            _refuse(writer, "407 x", "Proxy-Authenticate: Basic")
            return
        if self._refusal is not None:
            _refuse(writer, self._refusal)
            return
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host = parts.hostname or ""
        port = parts.port if host == "127.0.0.1" else self._servers[host]
        there = await asyncio.open_connection("127.0.0.1", port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            headers = [one for one in headers if not one.lower().startswith("proxy-")]
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            there[1].write("\r\n".join([f"{method} {path} {version}", *headers]).encode())
        try:
            await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
        finally:
            there[1].close()

    def _is_authorized(self, headers: list[str]) -> bool:
        if self._credentials is None:
            return True
        basic = base64.b64encode(self._credentials.encode()).decode()
        return f"Proxy-Authorization: Basic {basic}" in headers


def _refuse(writer: asyncio.StreamWriter, status: str, *headers: str) -> None:
    lines = [f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", ""]
    writer.write("\r\n".join(lines).encode())


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
    writer.close()
