"""The emulator's documents in one SQLite file.

For each kind there are the documents as JSON, their filterable fields as typed and folded
columns, and the elements of their lists. Beside them stands a table of named blobs for the text
and vector indexes.

Every method may be called from any thread. Reads run at the same time as each other and as a
write (WAL), each on the last committed state; writes wait for one another. A transaction is
there whole or not at all, whenever the process dies.

Each document has a number: it rises with insertion, is kept by updates, and is never used again.
Each transaction that changes documents raises the kind's revision, by which indexes held in
memory find out what to read again (`Store.changed_since`), also in a file opened anew.
"""
# Table and column names come from the declarations in fields.py, never from outside, and values
# are always bound:
# ruff: noqa: S608

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson

from scenario_search.emulator.fields import KINDS, Indexed, Kind, SortKey, index_document
from scenario_search.emulator.filter_parser import Node
from scenario_search.emulator.filter_sql import compile_filter, sort_sql
from scenario_search.emulator.store_schema import (
    StoreError,
    open_connection,
    prepare,
    upsert_statements,
)

__all__ = [
    "Changes",
    "InvalidDocumentError",
    "LoadReport",
    "Numbers",
    "Selection",
    "Store",
    "StoreError",
]

Numbers: TypeAlias = npt.NDArray[np.int64]

_READERS: Final = 8
_REMEMBERED: Final = 64
_UNRANKED: Final = np.iinfo(np.int32).max


class InvalidDocumentError(ValueError):
    """A document that can't be stored.

    Attributes:
        position: Its place in the input, from 0.
    """

    def __init__(self, position: int, problem: str) -> None:
        self.position = position
        super().__init__(f"document {position} of the input {problem}")


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How many documents a load added and how many it replaced."""

    added: int
    updated: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What an index has to catch up with.

    Attributes:
        revision: The revision these changes lead to.
        cleared: Whether the kind was cleared since: drop all that is known before anything else.
        changed: The numbers of the documents added or replaced since, rising.
        deleted: The numbers of the documents deleted since, rising.
    """

    revision: int
    cleared: bool
    changed: Numbers
    deleted: Numbers


@dataclass(frozen=True, slots=True)
class Selection:
    """One page of matching documents, and how many match in all."""

    numbers: Numbers
    total: int


class Store:
    """The documents of one file; a context manager that closes it."""

    @classmethod
    def open(cls, path: Path | str | None = None) -> Self:
        """Open a file, or make it.

        Args:
            path: The file. None for a temporary one, which is removed by `close`.

        Raises:
            StoreError: The file is no store, is of another version, or can't be opened.
        """
        return cls(path)

    def __init__(self, path: Path | str | None = None) -> None:
        self._directory = None if path is not None else tempfile.mkdtemp(prefix="scenario-")
        self.path = Path(path if path is not None else f"{self._directory}/store.db")
        self._closed = False
        self._write_lock = threading.Lock()
        self._read_permits = threading.Semaphore(_READERS)
        self._idle: list[sqlite3.Connection] = []
        self._memory_lock = threading.Lock()
        self._memory: OrderedDict[object, tuple[int, Any]] = OrderedDict()
        try:
            self._writer = self._connect()
            try:
                prepare(self._writer, self.path)
            except sqlite3.Error as error:
                self._writer.close()
                raise StoreError(f"{self.path} can't be used as a store: {error}") from error
            except BaseException:
                self._writer.close()
                raise
        except BaseException:
            self._remove_directory()
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
        """Wait for what is under way, then close the file. May be called again."""
        with self._write_lock:
            if self._closed:
                return
            self._closed = True
            for _ in range(_READERS):
                self._read_permits.acquire()
            for connection in [*self._idle, self._writer]:
                connection.close()
            self._idle.clear()
            self._read_permits.release(_READERS)
        self._remove_directory()

    # Writing

    def upsert(
        self, kind: Kind, documents: Iterable[Mapping[str, Any] | bytes], batch: int = 1000
    ) -> LoadReport:
        """Add documents, or replace those that have the same id.

        Args:
            kind: What they are.
            documents: Mappings of JSON values, or the UTF-8 JSON of an object each, which is
                kept to the byte. They are read as they are needed.
            batch: How many documents make one transaction.

        Raises:
            InvalidDocumentError: A document is no JSON object or has no `id` of one character
                or more. The batches before it are stored, its own is not.
        """
        added = updated = position = 0
        remaining = iter(documents)
        while chunk := list(islice(remaining, batch)):
            encoded = [_encoded(position + at, document) for at, document in enumerate(chunk)]
            rows = [(id_, raw, index_document(kind, document)) for id_, raw, document in encoded]
            new = self._write_batch(kind, rows)
            added += new
            updated += len(rows) - new
            position += len(rows)
        return LoadReport(added, updated)

    def delete(self, kind: Kind, ids: Iterable[str]) -> int:
        """Delete the documents with these ids; those not there are passed over.

        Returns:
            How many were deleted.
        """
        with self._writing() as connection:
            numbers = [
                (doc,)
                for (doc,) in connection.execute(
                    f"SELECT doc FROM {_table(kind)} WHERE id IN (SELECT value FROM json_each(?))",
                    (_json_list(ids),),
                )
            ]
            if numbers:
                revision = _next_revision(connection, kind)
                connection.executemany(
                    f"INSERT INTO {kind}_deleted VALUES (?, {revision:d})", numbers
                )
                for table in (kind, f"{kind}_fields", f"{kind}_elements"):
                    connection.executemany(f"DELETE FROM {table} WHERE doc = ?", numbers)
                connection.execute(
                    "UPDATE kinds SET documents = documents - ? WHERE kind = ?",
                    (len(numbers), kind),
                )
        return len(numbers)

    def clear(self, kind: Kind | None = None) -> None:
        """Delete all documents and blobs of a kind, or of all kinds, in one transaction."""
        with self._writing() as connection:
            for each in KINDS if kind is None else (kind,):
                revision = _next_revision(connection, each)
                for table in (each, f"{each}_fields", f"{each}_elements", f"{each}_deleted"):
                    connection.execute(f"DELETE FROM {table}")
                connection.execute("DELETE FROM blobs WHERE kind = ?", (each,))
                connection.execute(
                    "UPDATE kinds SET documents = 0, cleared = ? WHERE kind = ?", (revision, each)
                )

    def put_blobs(self, kind: Kind, blobs: Mapping[str, bytes | None]) -> None:
        """Write named blobs in one transaction; None deletes one.

        An index that is kept this way should hold the revision it covers in one of its blobs,
        and ask `changed_since` that revision when it is read again.
        """
        with self._writing() as connection:
            for name, data in blobs.items():
                if data is None:
                    connection.execute(
                        "DELETE FROM blobs WHERE kind = ? AND name = ?", (kind, name)
                    )
                else:
                    connection.execute(
                        "INSERT OR REPLACE INTO blobs(kind, name, data) VALUES (?, ?, ?)",
                        (kind, name, data),
                    )

    # Reading

    def blobs(self, kind: Kind, prefix: str = "") -> dict[str, bytes]:
        """The blobs of a kind whose names start with `prefix`, in the order of their names."""
        with self._reading() as connection:
            return dict(
                connection.execute(
                    "SELECT name, data FROM blobs WHERE kind = ?1"
                    " AND substr(name, 1, length(?2)) = ?2 ORDER BY name",
                    (kind, prefix),
                )
            )

    def revision(self, kind: Kind) -> int:
        """The revision of a kind: 0 at first, higher after each change."""
        with self._reading() as connection:
            return _revision(connection, kind)

    def changed_since(self, kind: Kind, revision: int) -> Changes:
        """What changed after a revision; 0 asks for everything there is."""
        with self._snapshot() as connection:
            now, cleared = connection.execute(
                "SELECT revision, cleared FROM kinds WHERE kind = ?", (kind,)
            ).fetchone()
            changed, deleted = (
                _numbers(
                    connection,
                    f"SELECT doc FROM {_table(kind)}_{name} WHERE revision > ? ORDER BY doc",
                    (revision,),
                )
                for name in ("fields", "deleted")
            )
        return Changes(now, cleared > revision, changed, deleted)

    def count(self, kind: Kind) -> int:
        """How many documents of a kind there are."""
        with self._reading() as connection:
            (documents,) = connection.execute(
                "SELECT documents FROM kinds WHERE kind = ?", (kind,)
            ).fetchone()
        return int(documents)

    def get(self, kind: Kind, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The documents with these ids; those not there are left out."""
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT id, json FROM {_table(kind)} WHERE id IN (SELECT value FROM json_each(?))",
                (_json_list(ids),),
            ).fetchall()
        return {id_: orjson.loads(raw) for id_, raw in rows}

    def numbers_of(self, kind: Kind, ids: Iterable[str]) -> dict[str, int]:
        """The numbers of the documents with these ids; those not there are left out."""
        with self._reading() as connection:
            return dict(
                connection.execute(
                    f"SELECT id, doc FROM {_table(kind)} WHERE id IN"
                    " (SELECT value FROM json_each(?))",
                    (_json_list(ids),),
                )
            )

    def raw_documents(self, kind: Kind, numbers: Iterable[int] | Numbers) -> list[bytes]:
        """The JSON of documents, in the order of `numbers`; those gone since are left out."""
        wanted = [int(number) for number in numbers]
        with self._reading() as connection:
            found = dict(
                connection.execute(
                    f"SELECT doc, json FROM {_table(kind)} WHERE doc IN"
                    " (SELECT value FROM json_each(?))",
                    (orjson.dumps(wanted).decode(),),
                )
            )
        return [found[number] for number in wanted if number in found]

    def documents(self, kind: Kind, numbers: Iterable[int] | Numbers) -> list[dict[str, Any]]:
        """`raw_documents`, parsed."""
        return [orjson.loads(raw) for raw in self.raw_documents(kind, numbers)]

    def select_numbers(self, kind: Kind, where: Node | None = None) -> Numbers:
        """The numbers of the documents that match a filter tree, rising (read-only).

        Join conditions with `filter_parser.all_of`; None matches all. The answer is remembered
        until a document of the kind changes.

        Raises:
            UnknownFieldError: The filter names a field that can't be filtered by.
            FilterSyntaxError: The filter is more than SQLite can hold.
        """
        sql = compile_filter(kind, where)

        def read(connection: sqlite3.Connection) -> Numbers:
            return _numbers(
                connection,
                f"{sql.tables}SELECT doc FROM {_table(kind)}_fields WHERE {sql.condition}"
                " ORDER BY doc",
                sql.parameters,
            )

        return self._remembered(kind, (kind, sql), read)

    def total(self, kind: Kind, where: Node | None = None) -> int:
        """How many documents match a filter tree; it raises what `select_numbers` raises."""
        return len(self.select_numbers(kind, where))

    def select(
        self,
        kind: Kind,
        where: Node | None = None,
        sort_by: Sequence[SortKey] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> Selection:
        """A page of the documents that match, and their total.

        Args:
            kind: What is searched.
            where: The filter tree; None matches all.
            sort_by: The order (`fields.parse_sort`); ties and no order keep that of insertion.
            limit: The most documents on the page; None for all.
            offset: How many documents to skip.

        Raises:
            UnknownFieldError: The filter names a field that can't be filtered by.
            FilterSyntaxError: The filter is more than SQLite can hold.
        """
        matching = self.select_numbers(kind, where)
        end = len(matching) if limit is None else offset + limit
        ordered = self.rank(kind, matching, sort_by, end)
        return Selection(ordered[offset:end], len(matching))

    def rank(
        self,
        kind: Kind,
        numbers: Numbers,
        sort_by: Sequence[SortKey],
        top: int | None = None,
    ) -> Numbers:
        """Put documents in order.

        Returns:
            The first `top` of `numbers` (all of them by default) in the order of `sort_by`;
            ties stand in the order of insertion.
        """
        if not sort_by:
            return np.sort(numbers)[:top]
        # One 64-bit key for rank and number: both are below 2^31 in any file of this size.
        keys = (self.sort_ranks(kind, numbers, sort_by) << 32) | numbers
        if top is not None and top < len(keys):
            keys = np.partition(keys, top)[:top]
        return np.sort(keys) & 0xFFFF_FFFF

    def sort_ranks(self, kind: Kind, numbers: Numbers, sort_by: Sequence[SortKey]) -> Numbers:
        """The place of each document in an order.

        Returns:
            For each of `numbers` a rank: the lower the earlier, equal where documents tie.
            Documents without the fields come last, those gone since come after all others.
        """
        terms = sort_sql(tuple(sort_by))

        def read(connection: sqlite3.Connection) -> tuple[int, Numbers]:
            rows = connection.execute(
                f"SELECT doc, dense_rank() OVER (ORDER BY {terms}) FROM {_table(kind)}_fields"
            ).fetchall()
            if not rows:
                return 0, np.zeros(0, np.int64)
            pairs = np.array(rows, np.int64)
            first = int(pairs[:, 0].min())
            ranks = np.full(int(pairs[:, 0].max()) - first + 1, _UNRANKED, np.int64)
            ranks[pairs[:, 0] - first] = pairs[:, 1]
            return first, ranks

        first, ranks = self._remembered(kind, (kind, terms), read)
        places = numbers - first
        known = (places >= 0) & (places < len(ranks))
        result = np.full(len(numbers), _UNRANKED, np.int64)
        result[known] = ranks[places[known]]
        return result

    # Inside

    def _write_batch(self, kind: Kind, rows: list[tuple[str, bytes, Indexed]]) -> int:
        with self._writing() as connection:
            known = dict(
                connection.execute(
                    f"SELECT id, doc FROM {_table(kind)} WHERE id IN"
                    " (SELECT value FROM json_each(?))",
                    (_json_list(id_ for id_, _, _ in rows),),
                )
            )
            replaced = [(doc,) for doc in known.values()]
            revision = _next_revision(connection, kind)
            (last_doc,) = connection.execute(
                "SELECT last_doc FROM kinds WHERE kind = ?", (kind,)
            ).fetchone()
            latest: dict[int, tuple[str, bytes, Indexed]] = {}
            for row in rows:
                doc = known.setdefault(row[0], last_doc + 1)
                last_doc = max(last_doc, doc)
                latest[doc] = row
            documents, fields = upsert_statements(kind)
            connection.executemany(
                documents, ((doc, id_, raw) for doc, (id_, raw, _) in latest.items())
            )
            connection.executemany(
                fields,
                (
                    (doc, revision, indexed.present, indexed.null, indexed.filled) + indexed.scalars
                    for doc, (_, _, indexed) in latest.items()
                ),
            )
            connection.executemany(f"DELETE FROM {kind}_elements WHERE doc = ?", replaced)
            connection.executemany(
                f"INSERT INTO {kind}_elements(field, value, doc) VALUES (?, ?, ?)",
                (
                    (field, value, doc)
                    for doc, (_, _, indexed) in latest.items()
                    for field, value in indexed.elements
                ),
            )
            new = len(latest) - len(replaced)
            connection.execute(
                "UPDATE kinds SET last_doc = ?, documents = documents + ? WHERE kind = ?",
                (last_doc, new, kind),
            )
        return new

    def _connect(self) -> sqlite3.Connection:
        return open_connection(self.path, durable=self._directory is None)

    def _remove_directory(self) -> None:
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._write_lock:
            self._check_open()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._read_permits:
            self._check_open()
            # The connection used last has the warmest cache.
            connection = self._idle.pop() if self._idle else self._connect()
            try:
                yield connection
            finally:
                self._idle.append(connection)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def _remembered(
        self, kind: Kind, key: object, read: Callable[[sqlite3.Connection], Any]
    ) -> Any:
        with self._snapshot() as connection:
            revision = _revision(connection, kind)
            with self._memory_lock:
                known = self._memory.get(key)
                if known is not None and known[0] == revision:
                    self._memory.move_to_end(key)
                    return known[1]
            answer = read(connection)
        with self._memory_lock:
            self._memory[key] = revision, answer
            self._memory.move_to_end(key)
            while len(self._memory) > _REMEMBERED:
                self._memory.popitem(last=False)
        return answer


def _table(kind: Kind) -> Kind:
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}: it is one of {', '.join(KINDS)}")
    return kind


def _revision(connection: sqlite3.Connection, kind: Kind) -> int:
    row = connection.execute(
        "SELECT revision FROM kinds WHERE kind = ?", (_table(kind),)
    ).fetchone()
    return int(row[0])


def _next_revision(connection: sqlite3.Connection, kind: Kind) -> int:
    connection.execute("UPDATE kinds SET revision = revision + 1 WHERE kind = ?", (_table(kind),))
    return _revision(connection, kind)


def _numbers(connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> Numbers:
    numbers = np.fromiter(
        (doc for (doc,) in connection.execute(sql, parameters).fetchall()), np.int64
    )
    numbers.setflags(write=False)
    return numbers


def _json_list(texts: Iterable[str]) -> str:
    return orjson.dumps(list(texts)).decode()


def _encoded(
    position: int, document: Mapping[str, Any] | bytes
) -> tuple[str, bytes, dict[str, Any]]:
    """The id, the JSON to keep and the document as it will be read again."""
    try:
        if isinstance(document, bytes | bytearray | memoryview):
            raw = bytes(document).strip()
        else:
            try:
                raw = orjson.dumps(dict(document))
            except TypeError:
                # Integers past 64 bits, which the standard library can write.
                raw = json.dumps(dict(document), ensure_ascii=False, allow_nan=False).encode()
        parsed = orjson.loads(raw)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDocumentError(position, f"is no JSON object: {error}") from error
    if not isinstance(parsed, dict):
        raise InvalidDocumentError(position, "is no JSON object")
    id_ = parsed.get("id")
    if not isinstance(id_, str) or not id_:
        raise InvalidDocumentError(position, f'needs a text "id" that is not empty, not {id_!r}')
    return id_, raw, parsed
