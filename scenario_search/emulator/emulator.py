"""The emulator: its life cycle, its data, and what tests see of it.

The server runs in a thread and an event loop of its own, for async and synchronous code alike. So
code under test that blocks its own loop does not stop the server, and there is one way to start and
stop it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NotRequired, Self, TypedDict
from urllib.parse import urlsplit

import attrs

from scenario_search.emulator.contract.arguments import is_loopback
from scenario_search.emulator.contract.fields import Kind
from scenario_search.emulator.contract.signatures import takes
from scenario_search.emulator.demo.loading import DemoFiles, load_demo
from scenario_search.emulator.engine.library import Library
from scenario_search.emulator.engine.options import DemoOptions, EmulatorOptions
from scenario_search.emulator.engine.running import Running, running_over
from scenario_search.emulator.http.routes import make_application
from scenario_search.emulator.http.server import Listener, serve
from scenario_search.emulator.http.thread import ServerThread
from scenario_search.emulator.meaning.embedding import MiniLMEmbedder
from scenario_search.emulator.store.sources import Source
from scenario_search.emulator.store.store import LoadReport
from scenario_search.emulator.testing.faults import Faults
from scenario_search.emulator.testing.seen import SeenRequest, SeenRequests

__all__ = ["ClientOptionsDict", "Emulator"]


class ClientOptionsDict(TypedDict):
    """The options of a client of an emulator.

    ``allow_http`` is present only if the emulator's address is not a loopback address.
    """

    base_url: str
    api_key: str
    api_secret: str
    project_id: str
    allow_http: NotRequired[bool]


class Emulator:
    """An emulator of the Search API.

    Use it with ``async with`` or ``with``, or call `start` and `stop`. Each coroutine has a
    synchronous variant whose name ends in ``_sync``. The arguments are the options that
    `EmulatorOptions` describes.

    Attributes:
        faults: The faults that requests meet; see `Faults.add`.
    """

    @takes(EmulatorOptions)
    def __init__(self, *args: Any, **keywords: Any) -> None:
        """Creates an emulator that is not running yet."""
        self._options = EmulatorOptions(*args, **keywords)
        self.faults = Faults()
        self._seen = SeenRequests()
        self._embedder = self._options.embedder or MiniLMEmbedder()
        self._ready = threading.Event()
        self._demo_seed: int | None = None
        self._thread: ServerThread | None = None
        self._state: Running | None = None

    @classmethod
    @takes(DemoOptions)
    def demo(cls, *args: Any, **keywords: Any) -> Emulator:
        """Returns an emulator that starts with about 500 assets, 60 models and 12 workflows."""
        options = attrs.asdict(DemoOptions(*args, **keywords), recurse=False)
        seed = options.pop("seed")
        emulator = cls(**options)
        emulator._demo_seed = seed
        return emulator

    def __repr__(self) -> str:
        state = "that is not running" if self._state is None else f"at {self.url}"
        return f"<{type(self).__name__} {state}>"

    @property
    def url(self) -> str:
        """The base URL for a client, such as ``http://127.0.0.1:41234/v1``.

        Raises:
            RuntimeError: The emulator is not running.
        """
        return self._running().url

    @property
    def api_key(self) -> str:
        """The key that Basic credentials must have."""
        return self._options.api_key

    @property
    def api_secret(self) -> str:
        """The secret that Basic credentials must have."""
        return self._options.api_secret

    @property
    def bearer_auth(self) -> str:
        """The token that Bearer credentials must have."""
        return self._options.bearer_auth

    @property
    def project_id(self) -> str:
        """The project these credentials belong to."""
        return self._options.project_id

    @property
    def client_options(self) -> ClientOptionsDict:
        """The options of a client: ``AsyncScenario(**emulator.client_options)``.

        They are the base URL, the key, the secret and the project. They take precedence over the
        environment's.

        Raises:
            RuntimeError: The emulator is not running.
        """
        options: ClientOptionsDict = {
            "base_url": self.url,
            "api_key": self.api_key,
            "api_secret": self.api_secret,
            "project_id": self.project_id,
        }
        if not is_loopback(urlsplit(self.url).hostname or ""):
            options["allow_http"] = True
        return options

    @property
    def requests(self) -> list[SeenRequest]:
        """The last requests received, oldest first, without those of the control plane.

        The emulator keeps at most 1,000, and at most 16 MiB of headers and bodies. It does not keep
        a body above 1 MiB.
        """
        return self._seen.listed()

    def clear_requests(self) -> None:
        """Clears the recorded requests."""
        self._seen.clear()

    def expire_urls(self) -> None:
        """Expires every picture URL sent so far: requests for such a URL get a 403."""
        self._running().library.files.expire_urls()

    @contextlib.contextmanager
    def refusing_connections(self) -> Iterator[None]:
        """Refuses connections inside the block, as if nothing listened, and closes open ones.

        The port stays the same. Use a plain ``with``, in coroutines too.

        Raises:
            RuntimeError: The emulator is not running.
        """
        running = self._running()
        listener = running.listener
        asyncio.run_coroutine_threadsafe(listener.refuse(), listener.loop).result()
        try:
            yield
        finally:
            if self._state is running:
                asyncio.run_coroutine_threadsafe(listener.accept(), listener.loop).result()

    # Life

    async def start(self, *, ready: bool = True) -> None:
        """Opens the data and starts to listen.

        Args:
            ready: Whether ``/readyz`` then reports that the emulator is ready. Default: True. To
                load more data first, pass False, and call `mark_ready` afterwards.

        Raises:
            RuntimeError: The emulator is running already.
            OSError: The port is taken.
            StoreError: The file is not a database of an emulator, is of another version or
                damaged, can't be written, or is open in another emulator.
        """
        thread = self._begin(ready)
        try:
            await asyncio.wrap_future(thread.started)
        except BaseException:
            await self.stop()
            raise

    def start_sync(self, *, ready: bool = True) -> None:
        """Synchronous variant of `start`."""
        thread = self._begin(ready)
        try:
            thread.started.result()
        except BaseException:
            self.stop_sync()
            raise

    def mark_ready(self) -> None:
        """Makes ``/readyz`` report "ready", and sets the current data as what `reset` restores."""
        self._running().mark_ready()

    async def stop(self) -> None:
        """Stops listening, ends requests in flight and closes the data. Idempotent."""
        if self._thread is None:
            return
        self._thread.stop()
        try:
            await asyncio.wrap_future(self._thread.ended)
        finally:
            # Also when the wait was cancelled: nothing of the emulator outlives this call.
            self.stop_sync()

    def stop_sync(self) -> None:
        """Synchronous variant of `stop`."""
        if self._thread is not None:
            self._thread.stop()
            self._thread.join()
            self._thread = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        self.start_sync()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop_sync()

    # Data

    def counts(self) -> dict[Kind, int]:
        """Returns the number of documents of each kind.

        Raises:
            RuntimeError: The emulator is not running.
        """
        return self._running().library.counts()

    def invisible(self, kind: Kind = "assets") -> dict[str, int]:
        """Returns the number of documents that no search finds, by project.

        These documents belong to another project than the credentials, and are not public. An
        emulator with that ``project_id`` finds them.

        Raises:
            RuntimeError: The emulator is not running.
        """
        return self._running().invisible(kind)

    async def load(
        self,
        source: Source,
        kind: Kind = "assets",
        *,
        files: Path | str | None = None,
    ) -> LoadReport:
        """Adds documents, or replaces those that have the same id.

        Searches see the documents as soon as this returns. A worker thread reads the source and
        stores it in batches of 1,000 documents (100 with files). A batch is stored completely,
        with its files, or not at all, even if the process is killed.

        A value of an undocumented type is not an error. The emulator stores, filters and sorts it
        by its actual type: ``width: "abc"`` is text, which ``width > 0`` does not match.

        Args:
            source: The path of a JSONL file (compressed by gzip or not), or an iterable of dicts
                or of hits.
            kind: The kind of the documents.
            files: A folder with the assets' pictures and media, at any depth. Name each file after
                its asset's id or as `download` names it. The emulator copies the files.

        Raises:
            InvalidDocumentError: A document is not an object with an ``id``. The error names the
                line of the file and the number of documents stored, those of earlier batches.
            OSError: The source can't be read.
            StoreError: The database file is damaged, or can't be written.
            ValueError: ``files`` is set for a kind other than assets.
        """
        return await asyncio.wrap_future(self._running().load(source, kind, files))

    def load_sync(
        self,
        source: Source,
        kind: Kind = "assets",
        *,
        files: Path | str | None = None,
    ) -> LoadReport:
        """Synchronous variant of `load`."""
        return self._running().load(source, kind, files).result()

    async def delete(self, ids: Iterable[str], kind: Kind = "assets") -> int:
        """Deletes documents and returns the number deleted. Ignores unknown ids."""
        return await asyncio.wrap_future(self._running().delete(ids, kind))

    def delete_sync(self, ids: Iterable[str], kind: Kind = "assets") -> int:
        """Synchronous variant of `delete`."""
        return self._running().delete(ids, kind).result()

    async def prepare(self, *, texts: bool = True, pictures: bool = True) -> None:
        """Computes the vectors and features that semantic and similarity search need.

        Otherwise the first such search computes them. They take about 3 ms of CPU for a document's
        text and 20 ms for a picture: on two cores a minute for the texts of 20,000 assets, and four
        minutes for their pictures. The emulator stores them in the database, so it computes them
        only once. The logger ``scenario_search.emulator`` reports progress at level INFO.

        Args:
            texts: Compute the vectors of all documents' texts. From then on `load` computes those
                of the documents it loads.
            pictures: Compute the features of all assets' pictures.

        Raises:
            RuntimeError: The emulator was stopped meanwhile.
        """
        await asyncio.wrap_future(self._running().prepare(texts=texts, pictures=pictures))

    def prepare_sync(self, *, texts: bool = True, pictures: bool = True) -> None:
        """Synchronous variant of `prepare`."""
        self._running().prepare(texts=texts, pictures=pictures).result()

    async def reset(self, *, documents: bool = False) -> None:
        """Clears the recorded requests and the faults.

        Args:
            documents: Restore the documents too, to those at the start (or at `mark_ready`): the
                demo's, those of the database, or none. The vectors and features of unchanged
                documents stay.
        """
        await asyncio.wrap_future(self._running().reset(documents=documents))

    def reset_sync(self, *, documents: bool = False) -> None:
        """Synchronous variant of `reset`."""
        self._running().reset(documents=documents).result()

    # Inside

    def _running(self) -> Running:
        if self._state is None:
            raise RuntimeError("The emulator is not running: use it with 'with' or 'async with'")
        return self._state

    def _begin(self, ready: bool) -> ServerThread:
        if self._thread is not None:
            raise RuntimeError("The emulator is running already")
        self._ready = threading.Event()
        if ready:
            self._ready.set()
        self._thread = ServerThread(self._serve)
        return self._thread

    async def _serve(self, ready: Callable[[], None], stopping: asyncio.Event) -> None:
        options = self._options
        with (
            Listener(options.host, options.port) as listener,
            # Also without demo data: a database file may hold some.
            Library(
                options.path, self._embedder, options.url_lifetime, DemoFiles(), options.cache
            ) as library,
            running_over(
                library,
                options,
                listener=listener,
                seen=self._seen,
                faults=self.faults,
                fill=self._fill,
                ready=self._ready,
                stopping=stopping,
            ) as running,
        ):
            self._state = running
            try:
                await serve(
                    make_application(running), listener, ready, stopping, library.stopping.set
                )
            finally:
                self._state = None

    def _fill(self, library: Library) -> None:
        if self._demo_seed is not None:
            load_demo(library, self._demo_seed, self.project_id)
