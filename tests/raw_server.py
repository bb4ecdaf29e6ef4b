"""A loopback server that answers with given bytes, for what no HTTP server would send."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import attrs


@attrs.frozen
class Answer:
    """What to send to one request, and how to go on.

    Attributes:
        data: The bytes to send, HTTP head included.
        then: ``"close"`` the connection, ``"reset"`` it, ``"keep"`` it for the next request,
            or ``"stall"``: say nothing more until the client goes away.
    """

    data: bytes = b""
    then: str = "close"


def http(
    body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None
) -> bytes:
    """Write an HTTP answer by hand."""
    head = [f"HTTP/1.1 {status}", *headers]
    if not any(line.lower().startswith("transfer-encoding") for line in headers):
        head.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


class RawServer:
    """Gives its answers in order, one a request; the last one for ever.

    Attributes:
        url: Where it is.
        requests: The bytes of every request that arrived, head and body.
        connections: How many clients have connected so far.
        open_connections: How many clients are connected right now.
    """

    def __init__(self, *answers: Answer | bytes) -> None:
        self._answers = [a if isinstance(a, Answer) else Answer(a) for a in answers]
        self.requests: list[bytes] = []
        self.connections = 0
        self.open_connections = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A task that was cancelled before its first step closes nothing itself.
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0)

    async def all_gone(self) -> None:
        """Wait until every client has closed its connection."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self.open_connections)

    async def request_arrived(self, count: int = 1) -> None:
        """Wait until so many requests have arrived whole."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.requests) >= count)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.connections += 1
        self.open_connections += 1
        task = asyncio.create_task(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.open_connections -= 1
            await self._notify()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_content_length(head))
        answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
        self.requests.append(head + body)
        await self._notify()
        writer.write(answer.data)
        await writer.drain()
        if answer.then == "reset":
            writer.transport.abort()
        elif answer.then == "stall":
            await reader.read()
        return answer.then == "keep"


def _content_length(head: bytes) -> int:
    lines: Sequence[bytes] = head.split(b"\r\n")
    for line in lines:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
