"""The state of a running emulator, and what its handlers and its face do with it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol, TypeVar

import attrs

from scenario_search.emulator.contract.arguments import check_files, check_ids, check_kind
from scenario_search.emulator.contract.fields import Kind, folded
from scenario_search.emulator.contract.requests import SearchRequest
from scenario_search.emulator.engine.engine import Engine, SearchResult
from scenario_search.emulator.engine.library import Library
from scenario_search.emulator.engine.options import EmulatorOptions
from scenario_search.emulator.store.sources import Source
from scenario_search.emulator.store.store import LoadReport
from scenario_search.emulator.testing.faults import Faults
from scenario_search.emulator.testing.seen import SeenRequests

__all__ = ["Running", "running_over"]

T = TypeVar("T")

_READERS: Final = 4


class Listening(Protocol):
    """What the server listens on."""

    loop: asyncio.AbstractEventLoop

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        ...

    async def refuse(self, but: asyncio.BaseTransport | None = None) -> None:
        """Refuses connections from now on, and closes all that are open but one."""
        ...

    async def accept(self) -> None:
        """Accepts connections again."""
        ...


@attrs.frozen(kw_only=True)
class Running:
    """The state of a running emulator. The coroutines are for the server's own loop.

    Attributes:
        listener: Where requests come from.
        options: The emulator's options, among them the credentials.
        library: The data; only the writer's thread changes it.
        engine: Searches it.
        seen: The requests seen.
        faults: What goes wrong on purpose.
        readers: Threads for searches by words and filters.
        computers: Threads for searches by meaning and likeness.
        writer: The one thread that changes data.
        ready: Set once all is loaded that the emulator starts with.
        stopping: Set when the emulator stops; of the server's loop.
    """

    listener: Listening
    options: EmulatorOptions
    library: Library
    engine: Engine
    seen: SeenRequests
    faults: Faults
    readers: ThreadPoolExecutor
    computers: ThreadPoolExecutor
    writer: ThreadPoolExecutor
    ready: threading.Event
    stopping: asyncio.Event

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"{self.listener.origin}/v1"

    def search(
        self,
        request: SearchRequest,
        left: threading.Event | None = None,
        origin: str | None = None,
    ) -> SearchResult:
        """Answers a checked request; blocking.

        Args:
            request: The request.
            left: Once set, a search that takes long is given up.
            origin: The scheme, host and port of the files' URLs; None for the emulator's own.

        Raises:
            RefusedError: The filter, a picture or the project is refused.
            StoreError: The database file is damaged, or can't be read.
            CancelledError: It was given up.
        """
        result = self.engine.search(request, left)
        with_urls = self.library.files.with_urls
        files_at = (origin or self.listener.origin).encode()
        hits = [with_urls(hit, files_at, originals=request.original_assets) for hit in result.hits]
        return SearchResult(hits, result.total)

    def read_file(self, path: str, query_string: str) -> tuple[bytes, str]:
        """Returns the content and the media type behind a URL; blocking. See `Files.read`."""
        return self.library.files.read(path, query_string)

    def mark_ready(self) -> None:
        """Notes that all is loaded that the emulator starts with."""
        self.library.store.remember()
        self.ready.set()

    def invisible(self, kind: Kind, since: int = 0) -> dict[str, int]:
        """Returns the projects whose documents no search finds, with the numbers of these.

        Args:
            kind: What the documents are.
            since: The revision after which they were loaded.
        """
        owners = self.library.store.private_owners(kind, since)
        own = folded(self.options.project_id)
        return {owner: number for owner, number in owners.items() if folded(owner) != own}

    async def in_reader(self, work: Callable[[], T], *, computes: bool = False) -> T:
        """Runs blocking work in a thread for searches.

        Args:
            work: The work.
            computes: Whether it may first have to compute what documents mean or look like
                (`SearchRequest.computes`), for which others must not wait.
        """
        threads = self.computers if computes else self.readers
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    async def sleep(self, seconds: float) -> None:
        """Waits that long, or until the emulator stops."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    # The writer's thread does what follows, in the order of the calls.

    def load(
        self, source: Source, kind: Kind = "assets", files: Path | str | None = None
    ) -> Future[LoadReport]:
        """Adds or replaces documents; see `Library.load`."""
        check_kind(kind)
        check_files(files, kind)

        def work() -> LoadReport:
            before = self.library.store.revision(kind)
            report = self.library.load(source, kind, files)
            others = self.invisible(kind, before)
            return replace(report, invisible=sum(others.values()), invisible_projects=tuple(others))

        return self.writer.submit(work)

    def delete(self, ids: Iterable[str], kind: Kind = "assets") -> Future[int]:
        """Deletes documents, and returns how many there were."""
        check_kind(kind)
        return self.writer.submit(self.library.delete, check_ids(ids), kind)

    def prepare(self, *, texts: bool, pictures: bool) -> Future[None]:
        """Computes what searches by meaning and by likeness need."""
        return self.writer.submit(self.library.prepare, texts=texts, pictures=pictures)

    def reset(self, *, documents: bool) -> Future[None]:
        """Clears the requests seen and the faults, and restores the documents if asked to."""

        def work() -> None:
            self.seen.clear()
            self.faults.clear()
            if documents:
                self.library.restore()

        return self.writer.submit(work)


@contextlib.contextmanager
def running_over(
    library: Library,
    options: EmulatorOptions,
    *,
    listener: Listening,
    seen: SeenRequests,
    faults: Faults,
    fill: Callable[[Library], None],
    ready: threading.Event,
    stopping: asyncio.Event,
) -> Iterator[Running]:
    """Fills a library and starts the threads that work on it; at the end it waits for them."""
    fill(library)
    library.store.remember()
    with contextlib.ExitStack() as stack:

        def threads(name: str, number: int, *, cancel: bool = True) -> ThreadPoolExecutor:
            pool = ThreadPoolExecutor(number, f"scenario-emulator-{name}")
            stack.callback(pool.shutdown, cancel_futures=cancel)
            return pool

        # Started before the readers, and so ended after them, who wait for its results.
        meaning = threads("meaning", _READERS, cancel=False)
        yield Running(
            listener=listener,
            options=options,
            library=library,
            engine=Engine(library, meaning, options),
            seen=seen,
            faults=faults,
            readers=threads("reader", _READERS),
            computers=threads("computer", _READERS),
            writer=threads("writer", 1),
            ready=ready,
            stopping=stopping,
        )
