"""The emulator: its life, its data, and what tests see of it.

The server has a thread and an event loop of its own, in async and in plain code alike: code under
test that blocks its own loop does not stop the answers, and there is one way to start and stop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict, TypeVar

from scenario_search.emulator.contract.arguments import (
    check_files,
    check_ids,
    check_kind,
    check_options,
)
from scenario_search.emulator.contract.fields import Kind
from scenario_search.emulator.engine.engine import RESULT_CAP, Engine
from scenario_search.emulator.engine.library import Library
from scenario_search.emulator.engine.running import Running
from scenario_search.emulator.http.routes import make_application
from scenario_search.emulator.http.server import listening_socket, serve
from scenario_search.emulator.http.thread import ServerThread
from scenario_search.emulator.meaning.embedding import Embedder, MiniLMEmbedder
from scenario_search.emulator.store.sources import Source
from scenario_search.emulator.store.store import LoadReport
from scenario_search.emulator.testing.faults import Faults
from scenario_search.emulator.testing.seen import SeenRequest, SeenRequests

__all__ = ["ClientOptionsDict", "Emulator"]

_READERS = 4
T = TypeVar("T")


class ClientOptionsDict(TypedDict):
    """The options of a client of an emulator."""

    base_url: str
    api_key: str
    api_secret: str
    project_id: str


class Emulator:
    """An emulator of the Search API, on a loopback address.

    Use it with ``async with`` or ``with``, or call `start` and `stop`. What is a coroutine here
    has a twin for plain code whose name ends in ``_sync``.

    Args:
        path: The database file, made when it is not there; None for a temporary one.
        host: A loopback address to listen on.
        port: The port; 0 for a free one.
        api_key: The key that Basic credentials must have.
        api_secret: The secret that Basic credentials must have.
        bearer_auth: The token that Bearer credentials must have.
        project_id: The project these credentials belong to.
        embedder: Makes vectors of texts; None for a small model that comes with the extra.
        result_cap: How many hits of one search can be reached.
        capped_totals: Whether totals stop at the cap too, as in released versions of Meilisearch.
        sort_first: Whether ``sortBy`` counts before relevance, not as a tie-breaker after it.
        max_body_bytes: A larger request is a 413.
        url_lifetime: How many seconds the URLs of pictures are good for.

    Attributes:
        faults: What shall go wrong; see `Faults.add`.

    Raises:
        TypeError: An option is of a wrong type.
        ValueError: An option is out of range, or ``host`` is no loopback address.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = "emulator-key",
        api_secret: str = "emulator-secret",  # noqa: S107 - a secret everybody knows
        bearer_auth: str = "emulator-token",
        project_id: str = "project_demo",
        embedder: Embedder | None = None,
        result_cap: int = RESULT_CAP,
        capped_totals: bool = True,
        sort_first: bool = False,
        max_body_bytes: int = 64 * 1024 * 1024,
        url_lifetime: float = 86_400.0,
    ) -> None:
        check_options(
            host=host,
            port=port,
            result_cap=result_cap,
            max_body_bytes=max_body_bytes,
            url_lifetime=url_lifetime,
        )
        self.api_key = api_key
        self.api_secret = api_secret
        self.bearer_auth = bearer_auth
        self.project_id = project_id
        self._seen = SeenRequests()
        self.faults = Faults()
        self._embedder = embedder or MiniLMEmbedder()
        self._path = path
        self._host = host
        self._port = port
        self._result_cap = result_cap
        self._capped_totals = capped_totals
        self._sort_first = sort_first
        self._max_body_bytes = max_body_bytes
        self._url_lifetime = url_lifetime
        self._demo_seed: int | None = None
        self._thread: ServerThread | None = None
        self._state: Running | None = None

    @classmethod
    def demo(
        cls,
        seed: int = 0,
        *,
        path: Path | str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = "emulator-key",
        api_secret: str = "emulator-secret",  # noqa: S107 - a secret everybody knows
        bearer_auth: str = "emulator-token",
        project_id: str = "project_demo",
        embedder: Embedder | None = None,
        result_cap: int = RESULT_CAP,
        capped_totals: bool = True,
        sort_first: bool = False,
        max_body_bytes: int = 64 * 1024 * 1024,
        url_lifetime: float = 86_400.0,
    ) -> Self:
        """An emulator that has about 500 assets, 60 models and 12 workflows when it starts.

        The same ``seed`` gives the same data; the keywords are those of `Emulator`.
        """
        emulator = cls(
            path,
            host=host,
            port=port,
            api_key=api_key,
            api_secret=api_secret,
            bearer_auth=bearer_auth,
            project_id=project_id,
            embedder=embedder,
            result_cap=result_cap,
            capped_totals=capped_totals,
            sort_first=sort_first,
            max_body_bytes=max_body_bytes,
            url_lifetime=url_lifetime,
        )
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
    def client_options(self) -> ClientOptionsDict:
        """What a client of it needs: ``AsyncScenario(**emulator.client_options)``.

        Its base URL, key, secret and project, which win over the environment's.

        Raises:
            RuntimeError: The emulator is not running.
        """
        return {
            "base_url": self.url,
            "api_key": self.api_key,
            "api_secret": self.api_secret,
            "project_id": self.project_id,
        }

    @property
    def requests(self) -> list[SeenRequest]:
        """The last requests seen, oldest first; those of the control plane left out.

        A thousand are kept, and 16 MiB of them, headers and bodies together; a body above 1 MiB
        isn't.
        """
        return self._seen.listed()

    def forget_requests(self) -> None:
        """Forget the requests seen."""
        self._seen.forget()

    def expire_urls(self) -> None:
        """Make every picture URL that was answered so far a 403, as if its time were over."""
        self._running().library.files.expire_urls()

    # Life

    async def start(self) -> None:
        """Open the data and listen.

        Raises:
            RuntimeError: It is running already.
            OSError: The port is taken.
            StoreError: The file is no database of an emulator, is of another version or damaged,
                can't be written, or is open in another emulator.
        """
        thread = self._begin()
        try:
            await asyncio.wrap_future(thread.started)
        except BaseException:
            await self.stop()
            raise

    def start_sync(self) -> None:
        """`start`, for plain code."""
        thread = self._begin()
        try:
            thread.started.result()
        except BaseException:
            self.stop_sync()
            raise

    async def stop(self) -> None:
        """Stop listening, end what is under way and close the data. May be called again."""
        if self._thread is None:
            return
        self._thread.stop()
        try:
            await asyncio.wrap_future(self._thread.ended)
        finally:
            # Also when the wait was cancelled: nothing of the emulator outlives this call.
            self.stop_sync()

    def stop_sync(self) -> None:
        """`stop`, for plain code."""
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

    def counts(self) -> dict[str, int]:
        """How many documents of each kind there are.

        Raises:
            RuntimeError: The emulator is not running.
        """
        return self._running().library.counts()

    async def load(
        self,
        source: Source,
        kind: Kind = "assets",
        *,
        files: Path | str | None = None,
    ) -> LoadReport:
        """Add documents, or replace those that have the same id.

        When it returns, searches see them. It is done in a worker thread, where an iterable is
        read too, in batches of 1000 (100 with files). A batch is stored whole, with its files, or
        not at all, also when the process is killed.

        A value of another type than documented is no error. It is kept, and filtered and sorted
        by what it is: ``width: "abc"`` as text, which ``width > 0`` does not find.

        Args:
            source: The path of a JSONL file (compressed by gzip or not), or an iterable of dicts
                or of hits.
            kind: What they are.
            files: A folder whose files are the assets' pictures and media, at any depth, each
                named by its asset's id or as `download` names it; they are copied.

        Raises:
            InvalidDocumentError: A document is no object with an ``id``. It names the line of the
                file, and says how many documents are stored: those of the batches before.
            OSError: The source can't be read.
            StoreError: The database file is damaged, or can't be written.
            ValueError: ``files`` for a kind that is not assets.
        """
        return await asyncio.wrap_future(self._load(source, kind, files))

    def load_sync(
        self,
        source: Source,
        kind: Kind = "assets",
        *,
        files: Path | str | None = None,
    ) -> LoadReport:
        """`load`, for plain code."""
        return self._load(source, kind, files).result()

    async def delete(self, ids: Iterable[str], kind: Kind = "assets") -> int:
        """Delete documents and say how many there were; ids that are not there are passed over."""
        return await asyncio.wrap_future(self._delete(ids, kind))

    def delete_sync(self, ids: Iterable[str], kind: Kind = "assets") -> int:
        """`delete`, for plain code."""
        return self._delete(ids, kind).result()

    async def prepare(self, *, texts: bool = True, pictures: bool = True) -> None:
        """Compute now what searches by meaning and likeness need, so that the first ones need not.

        Without it the first such search waits for that. It costs about 3 ms of a core for a
        document's text and 20 ms for a picture: on two cores a minute for the texts of 20,000
        assets, and four for their pictures. It is kept with the database, and so paid once.
        Progress is logged at level INFO by the logger ``scenario_search.emulator``.

        Args:
            texts: The vectors of all documents' texts. From now on `load` embeds what it loads.
            pictures: The features of all assets' pictures.

        Raises:
            RuntimeError: The emulator is stopped meanwhile.
        """
        await asyncio.wrap_future(self._prepare(texts=texts, pictures=pictures))

    def prepare_sync(self, *, texts: bool = True, pictures: bool = True) -> None:
        """`prepare`, for plain code."""
        self._prepare(texts=texts, pictures=pictures).result()

    async def reset(self, *, documents: bool = False) -> None:
        """Forget the requests seen and the faults.

        Args:
            documents: Put the data back as well: the demo's, or none.
        """
        await asyncio.wrap_future(self._reset(documents=documents))

    def reset_sync(self, *, documents: bool = False) -> None:
        """`reset`, for plain code."""
        self._reset(documents=documents).result()

    # Inside

    def _running(self) -> Running:
        if self._state is None:
            raise RuntimeError("the emulator is not running: use it with 'with' or 'async with'")
        return self._state

    def _begin(self) -> ServerThread:
        if self._thread is not None:
            raise RuntimeError("the emulator is running already")
        self._thread = ServerThread(self._serve)
        return self._thread

    async def _serve(self, ready: Callable[[], None], stopping: asyncio.Event) -> None:
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(listening_socket(self._host, self._port))
            library = stack.enter_context(Library(self._path, self._embedder, self._url_lifetime))
            self._load_demo(library)
            # Begun before the readers, and so ended after them, who wait for it.
            meaning = ThreadPoolExecutor(_READERS, "scenario-emulator-meaning")
            stack.callback(meaning.shutdown)
            readers = ThreadPoolExecutor(_READERS, "scenario-emulator-reader")
            stack.callback(readers.shutdown, cancel_futures=True)
            computers = ThreadPoolExecutor(_READERS, "scenario-emulator-computer")
            stack.callback(computers.shutdown, cancel_futures=True)
            writer = ThreadPoolExecutor(1, "scenario-emulator-writer")
            stack.callback(writer.shutdown, cancel_futures=True)
            host, port = listener.getsockname()[:2]
            running = Running(
                origin=f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}",
                library=library,
                engine=Engine(
                    library,
                    meaning,
                    project_id=self.project_id,
                    result_cap=self._result_cap,
                    capped_totals=self._capped_totals,
                    sort_first=self._sort_first,
                ),
                seen=self._seen,
                readers=readers,
                computers=computers,
                writer=writer,
                stopping=stopping,
            )
            self._state = running
            try:
                await serve(
                    make_application(self, running, self._max_body_bytes),
                    listener,
                    ready,
                    stopping,
                    library.stopping.set,
                )
            finally:
                self._state = None

    def _write(self, work: Callable[[Running], T]) -> Future[T]:
        """Have the writer's thread do it, after what it was given before."""
        running = self._running()
        return running.writer.submit(work, running)

    def _load(self, source: Source, kind: Kind, files: Path | str | None) -> Future[LoadReport]:
        check_kind(kind)
        check_files(files, kind)
        return self._write(lambda running: running.library.load(source, kind, files))

    def _delete(self, ids: Iterable[str], kind: Kind) -> Future[int]:
        check_kind(kind)
        listed = check_ids(ids)
        return self._write(lambda running: running.library.delete(listed, kind))

    def _prepare(self, *, texts: bool, pictures: bool) -> Future[None]:
        return self._write(lambda running: running.library.prepare(texts=texts, pictures=pictures))

    def _reset(self, *, documents: bool) -> Future[None]:
        def work(running: Running) -> None:
            self.forget_requests()
            self.faults.clear()
            if documents:
                running.library.clear()
                self._load_demo(running.library)

        return self._write(work)

    def _load_demo(self, library: Library) -> None:
        if self._demo_seed is not None:
            library.load_demo(self._demo_seed, self.project_id)
