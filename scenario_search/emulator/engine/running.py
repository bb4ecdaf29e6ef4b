"""What there is while an emulator runs, and what the routes do with it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from urllib.parse import unquote

import attrs

from scenario_search.emulator.contract.requests import SearchRequest
from scenario_search.emulator.engine.engine import Engine, Found
from scenario_search.emulator.engine.library import Library
from scenario_search.emulator.testing.seen import SeenRequests

__all__ = ["Running"]

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Running:
    """The state of a running emulator. The coroutines are for the server's own loop.

    Attributes:
        origin: Scheme, host and port.
        library: The data; only the writer's thread changes it.
        engine: Searches it.
        seen: The requests seen.
        readers: Threads for searches by words and filters.
        computers: Threads for searches by meaning and likeness.
        writer: The one thread that changes data.
        stopping: Set when the emulator stops; of the server's loop.
    """

    origin: str
    library: Library
    engine: Engine
    seen: SeenRequests
    readers: ThreadPoolExecutor
    computers: ThreadPoolExecutor
    writer: ThreadPoolExecutor
    stopping: asyncio.Event

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"{self.origin}/v1"

    def search(self, request: SearchRequest, left: threading.Event | None = None) -> Found:
        """Answer a checked request; blocking.

        Args:
            request: The request.
            left: Once set, a filter that takes long is given up.

        Raises:
            RefusedError: The filter, a picture or the project is refused.
            StoreError: The database file is damaged, or can't be read.
            CancelledError: It was given up.
        """
        found = self.engine.search(request, left)
        origin = self.origin.encode()
        hits = [self.library.files.with_urls(hit, origin) for hit in found.hits]
        return Found(hits, found.total)

    def read_file(self, path: str, query_string: str) -> tuple[bytes, str]:
        """The content and the media type behind a URL's path, as it is quoted; blocking.

        Raises:
            RefusedError: A 403 for a wrong signature, a 404 for a file that is not there.
        """
        files = self.library.files
        files.check_signature(path, query_string)
        return files.read(unquote(path))

    async def in_reader(self, work: Callable[[], T], *, computes: bool = False) -> T:
        """Run blocking work in a thread for searches.

        Args:
            work: The work.
            computes: Whether it may first have to compute what documents mean or look like
                (`SearchRequest.computes`), for which others must not wait.
        """
        threads = self.computers if computes else self.readers
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    async def sleep(self, seconds: float) -> None:
        """Wait that long, or until the emulator stops."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)
