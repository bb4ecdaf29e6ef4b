"""What one emulator holds: the documents, and all that is derived from them.

Searches read from any thread. What changes data runs in one thread at a time, and has brought
every index up to date when it returns.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from filelock import BaseFileLock

from scenario_search.emulator.contract.fields import KINDS, Kind
from scenario_search.emulator.contract.refusals import check_wanted
from scenario_search.emulator.likeness.feature_cache import FeatureCache
from scenario_search.emulator.likeness.likenesses import Likenesses
from scenario_search.emulator.meaning.embedding import Embedder
from scenario_search.emulator.meaning.meanings import Meanings
from scenario_search.emulator.store.files import DrawnFiles, Files, file_blob
from scenario_search.emulator.store.loaded_files import FilesOfLoad
from scenario_search.emulator.store.lock import locked
from scenario_search.emulator.store.schema import file_error
from scenario_search.emulator.store.sources import Documents, Source
from scenario_search.emulator.store.store import InvalidDocumentError, LoadReport, Store
from scenario_search.emulator.text.catalogue import TextCatalogue

__all__ = ["Library"]

T = TypeVar("T")

_BATCH_WITH_FILES: Final = 100
"""A transaction holds so many documents, and their files."""


class Library:
    """The data of an emulator; a context manager that closes it. All methods block.

    Args:
        path: The database file; None for a temporary one.
        embedder: Makes vectors of texts.
        url_lifetime: Seconds until the signed URLs of files expire; None for the service's
            calendar.
        drawn: Draws the files of documents that have none of their own.
        cache: A folder that keeps features of pictures for other emulators; None for none.

    Raises:
        StoreError: The file is no database of an emulator, is of another version or damaged, is
            open in another emulator, or can't be written.

    Attributes:
        store: The documents.
        texts: Their text indexes.
        meanings: Their vectors.
        files: Their pictures and media.
        likenesses: What the pictures look like.
        stopping: Once set, long work is given up.
    """

    def __init__(
        self,
        path: Path | str | None,
        embedder: Embedder,
        url_lifetime: float | None = None,
        drawn: DrawnFiles | None = None,
        cache: Path | str | None = None,
    ) -> None:
        self.stopping = threading.Event()
        self._durable = path is not None
        self.store = Store(path, self.stopping)
        self._lock: BaseFileLock | None = None
        try:
            self._lock = locked(self.store.path) if self._durable else None
            self.texts = TextCatalogue(self.store)
            self.meanings = Meanings(self.store, embedder, self.stopping)
            self.files = Files(self.store, url_lifetime, drawn=drawn)
            features = None if cache is None else FeatureCache(cache)
            self.likenesses = Likenesses(self.store, self.files, self.stopping, features)
        except BaseException as error:
            self._close_file()
            if isinstance(error, ValueError):
                raise file_error(self.store.path, error) from error
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Writes what is not in the file yet, and closes it."""
        try:
            for kind in KINDS if self._durable else ():
                self.texts.keep(kind)
        finally:
            self._close_file()

    def _close_file(self) -> None:
        self.store.close()
        if self._lock is not None:
            self._lock.release()

    def load(
        self, source: Source, kind: Kind = "assets", folder: Path | str | None = None
    ) -> LoadReport:
        """Adds or replaces documents.

        Args:
            source: What to read.
            kind: What the documents are.
            folder: Where the assets' files are, each named by its asset's id; None for no files.

        Raises:
            InvalidDocumentError: A document can't be stored.
            OSError: The source can't be read. Whole batches before that are stored.
            EmulatorStoppedError: The emulator stops. What was stored before stays.
        """
        documents = Documents(source)
        try:
            with contextlib.closing(iter(documents)) as each:
                stoppable = self._while_running(each)
                if folder is None:
                    return self.store.upsert(kind, stoppable)
                files = FilesOfLoad(Path(folder))
                pointed = files.pointed_to(stoppable)
                return files.completed(
                    self.store.upsert(kind, pointed, _BATCH_WITH_FILES, files.blobs)
                )
        except InvalidDocumentError as error:
            place = documents.place(error.position)
            raise InvalidDocumentError(
                error.position, error.problem, stored=error.stored, place=place
            ) from None
        finally:
            self._catch_up(kind)

    def _while_running(self, documents: Iterable[T]) -> Iterator[T]:
        for document in documents:
            check_wanted("loaded", self.stopping)
            yield document

    def add_missing(self, kind: Kind, documents: Sequence[dict[str, Any]]) -> None:
        """Adds documents, unless all of them are there already."""
        if len(self.store.numbers_of(kind, [each["id"] for each in documents])) < len(documents):
            self.store.upsert(kind, documents)
            self._catch_up(kind)

    def delete(self, ids: Iterable[str], kind: Kind) -> int:
        """Deletes documents, and says how many there were."""
        ids = list(ids)
        deleted = self.store.delete(kind, ids, map(file_blob, ids) if kind == "assets" else ())
        self._catch_up(kind)
        return deleted

    def restore(self) -> None:
        """Brings the documents back that were there when the store was told to remember them."""
        for kind in KINDS:
            self.store.restore(kind)
            self._catch_up(kind)

    def prepare(self, *, texts: bool, pictures: bool) -> None:
        """Computes what searches by meaning and by likeness need, as far as it is not there."""
        for kind in KINDS if texts else ():
            self.meanings.catch_up(kind)
        if pictures:
            self.likenesses.compute_all()

    def _catch_up(self, kind: Kind) -> None:
        self.files.clear_cache()
        self.texts.catch_up(kind)
        self.meanings.follow(kind)

    def counts(self) -> dict[Kind, int]:
        """How many documents of each kind there are."""
        return {kind: self.store.count(kind) for kind in KINDS}
