"""Raw servers for plain tests: each in a thread and an event loop of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import attrs
import orjson
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fake_transport import hits
from raw_server import Answer, RawServer, http

PAGE = http(orjson.dumps({"hits": hits(["a", "b"])}))
STALL = Answer(then="stall")


@attrs.frozen
class ServedAside:
    """A raw server whose loop is elsewhere."""

    server: RawServer
    loop: BlockingPortal

    @property
    def url(self) -> str:
        return self.server.url

    def when_asked(self, count: int, act: Callable[[], object]) -> Future[None]:
        """Do something once so many requests have arrived."""

        async def wait() -> None:
            await self.server.request_arrived(count)
            act()

        return self.loop.start_task_soon(wait)

    def all_gone(self) -> None:
        """Wait until every client has closed its connection."""
        self.loop.call(self.server.all_gone)


@contextmanager
def served_aside(*answers: Answer | bytes) -> Iterator[ServedAside]:
    """Serve answers from another thread."""
    with (
        start_blocking_portal() as loop,
        loop.wrap_async_context_manager(RawServer(*answers)) as server,
    ):
        yield ServedAside(server, loop)


def press_ctrl_c() -> None:
    """Do to the main thread what Ctrl-C does."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
