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

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import orjson

from scenario_search.emulator.contract.fields import KINDS, Indexed, Kind, SortKey, index_document
from scenario_search.emulator.filter.parser import Node
from scenario_search.emulator.filter.sql import compile_filter
from scenario_search.emulator.store.connections import Connections, given_up_at
from scenario_search.emulator.store.documents import (
    InvalidDocumentError,
    LoadReport,
    check_text,
    decoded,
    encode_document,
)
from scenario_search.emulator.store.numbers import (
    Changes,
    FieldRanks,
    Numbers,
    joint_ranks,
    read_numbers,
    read_ranks,
)
from scenario_search.emulator.store.rows import (
    by_ids,
    drop_documents,
    known_kind,
    last_number,
    next_revision,
    put_blobs,
    put_documents,
    revision_of,
)
from scenario_search.emulator.store.schema import StoreError

__all__ = [
    "Changes",
    "InvalidDocumentError",
    "LoadReport",
    "Numbers",
    "Store",
    "StoreError",
]

_REMEMBERED: Final = 64


class Store:
    """The documents of one file; a context manager that closes it.

    Args:
        path: The file, made when it is not there. None for a temporary one, which is removed by
            `close`.
        stopping: Once set, filtering and sorting are given up.

    Raises:
        StoreError: The file is no store, is of another version, or can't be opened.
    """

    def __init__(
        self, path: Path | str | None = None, stopping: threading.Event | None = None
    ) -> None:
        self._connections = Connections(path)
        self._stopping = stopping or threading.Event()
        self._remembered_last: dict[Kind, int] = {}
        self._memory_lock = threading.Lock()
        self._memory: OrderedDict[object, tuple[int, Any]] = OrderedDict()
        self.path = self._connections.path

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
        """Waits for what is under way, then closes the file. May be called again."""
        self._connections.close()

    # Writing

    def upsert(
        self,
        kind: Kind,
        documents: Iterable[Mapping[str, Any] | bytes],
        batch: int = 1000,
        blobs: Callable[[str], Mapping[str, bytes]] | None = None,
    ) -> LoadReport:
        """Adds documents, or replaces those that have the same id.

        Args:
            kind: What they are.
            documents: Mappings of JSON values, or the UTF-8 JSON of an object each, which is
                kept to the byte. They are read as they are needed.
            batch: How many documents make one transaction.
            blobs: Gives the named blobs that go with the document of an id, which are written in
                its transaction.

        Raises:
            InvalidDocumentError: A document is no JSON object or has no `id` of one character
                or more. The batches before it are stored, its own is not.
            ValueError: `batch` is below 1.
        """
        if batch < 1:
            raise ValueError(f"`batch` must be at least 1, not {batch}")
        added = updated = position = 0
        remaining = iter(documents)
        while chunk := list(islice(remaining, batch)):
            try:
                encoded = [
                    encode_document(position + at, document) for at, document in enumerate(chunk)
                ]
            except InvalidDocumentError as error:
                raise InvalidDocumentError(error.position, error.problem, stored=position) from None
            rows = [(id_, raw, index_document(kind, document)) for id_, raw, document in encoded]
            new = self._write_batch(kind, rows, blobs)
            added += new
            updated += len(rows) - new
            position += len(rows)
        return LoadReport(added, updated)

    def delete(self, kind: Kind, ids: Iterable[str], blobs: Iterable[str] = ()) -> int:
        """Deletes the documents with these ids; those not there are passed over.

        Args:
            kind: What they are.
            ids: Their ids.
            blobs: The named blobs that go with them, in the same transaction.

        Returns:
            How many were deleted.
        """
        with self._connections.writing() as connection:
            numbers = [(doc,) for _, doc in by_ids(connection, kind, "doc", ids)]
            self._keep_original(connection, kind, numbers)
            drop_documents(connection, kind, numbers)
            self._put_blobs_of_documents(connection, kind, dict.fromkeys(blobs))
        return len(numbers)

    def clear(self, kind: Kind | None = None) -> None:
        """Deletes all documents and blobs of a kind, or of all kinds, in one transaction."""
        with self._connections.writing() as connection:
            for each in KINDS if kind is None else (kind,):
                revision = next_revision(connection, each)
                for table in (each, f"{each}_fields", f"{each}_elements", f"{each}_deleted"):
                    connection.execute(f"DELETE FROM {table}")
                connection.execute(
                    f"INSERT INTO {each}_trigrams({each}_trigrams) VALUES ('delete-all')"
                )
                connection.execute("DELETE FROM blobs WHERE kind = ?", (each,))
                connection.execute(
                    "UPDATE kinds SET documents = 0, cleared = ? WHERE kind = ?", (revision, each)
                )

    def remember(self) -> None:
        """Remembers the documents and their files as they are now, for `restore`.

        From now on the first change of each of them keeps what it was.
        """
        with self._connections.writing() as connection:
            for kind in KINDS:
                connection.execute(f"DELETE FROM temp.original_{kind}")
                self._remembered_last[kind] = last_number(connection, kind)
            connection.execute("DELETE FROM temp.original_blobs")

    def restore(self, kind: Kind) -> None:
        """Brings the documents back that were there at `remember`, and no others.

        Those that have not changed since are not touched, and each has the number that it had: so
        the order of equal hits is the same, and what was computed of them stays.
        """
        with self._connections.writing() as connection:
            last = self._remembered_last[kind]
            drop_documents(
                connection,
                kind,
                connection.execute(f"SELECT doc FROM {kind} WHERE doc > ?", (last,)).fetchall(),
            )
            kept = connection.execute(f"SELECT doc, id, json FROM temp.original_{kind}").fetchall()
            if kept:
                documents = {
                    doc: (id_, raw, index_document(kind, decoded(raw, self.path)))
                    for doc, id_, raw in kept
                }
                numbers = [(doc,) for doc in documents]
                connection.executemany(f"DELETE FROM {kind}_deleted WHERE doc = ?", numbers)
                stored = f"SELECT doc FROM {kind} JOIN temp.original_{kind} USING (doc)"
                put_documents(connection, kind, documents, connection.execute(stored).fetchall())
            blobs = "SELECT name, data FROM temp.original_blobs WHERE kind = ?"
            put_blobs(connection, kind, dict(connection.execute(blobs, (kind,))))
            connection.execute(f"DELETE FROM temp.original_{kind}")
            connection.execute("DELETE FROM temp.original_blobs WHERE kind = ?", (kind,))

    def put_blobs(self, kind: Kind, blobs: Mapping[str, bytes | None]) -> None:
        """Writes named blobs in one transaction; None deletes one.

        An index that is kept this way should hold the revision it covers in one of its blobs,
        and ask `changed_since` that revision when it is read again.
        """
        with self._connections.writing() as connection:
            put_blobs(connection, kind, blobs)

    # Reading

    def blobs(self, kind: Kind, prefix: str = "") -> dict[str, bytes]:
        """The blobs of a kind whose names start with `prefix`, in the order of their names."""
        with self._connections.reading() as connection:
            return dict(
                connection.execute(
                    "SELECT name, data FROM blobs WHERE kind = :kind"
                    " AND name >= :prefix AND name < :prefix || :last ORDER BY name",
                    {"kind": known_kind(kind), "prefix": prefix, "last": "\U0010ffff"},
                )
            )

    def revision(self, kind: Kind) -> int:
        """The revision of a kind: 0 at first, higher after each change."""
        with self._connections.reading() as connection:
            return revision_of(connection, kind)

    def changed_since(self, kind: Kind, revision: int) -> Changes:
        """What changed after a revision; 0 asks for everything there is."""
        with self._connections.reading() as connection:
            now, cleared = connection.execute(
                "SELECT revision, cleared FROM kinds WHERE kind = ?", (known_kind(kind),)
            ).fetchone()
            changed, deleted = (
                read_numbers(
                    connection,
                    "",
                    f"FROM {known_kind(kind)}_{name} WHERE revision > ?",
                    (revision,),
                )
                for name in ("fields", "deleted")
            )
        return Changes(now, cleared > revision, changed, deleted)

    def private_owners(self, kind: Kind, since: int) -> dict[str, int]:
        """Returns the projects that own documents changed after a revision that are not public.

        Their values are the numbers of those documents.
        """
        with self._connections.reading() as connection:
            rows = connection.execute(
                f"SELECT min(doc), count(*) FROM {known_kind(kind)}_fields WHERE revision > ?"
                " AND ownerId IS NOT NULL AND privacy IS NOT 'public' GROUP BY ownerId",
                (since,),
            ).fetchall()
            documents = dict(
                connection.execute(
                    f"SELECT doc, json FROM {known_kind(kind)}"
                    f" WHERE doc IN ({','.join(str(doc) for doc, _ in rows)})"
                )
            )
        return {str(decoded(documents[doc], self.path)["ownerId"]): count for doc, count in rows}

    def count(self, kind: Kind) -> int:
        """How many documents of a kind there are."""
        with self._connections.reading() as connection:
            (documents,) = connection.execute(
                "SELECT documents FROM kinds WHERE kind = ?", (known_kind(kind),)
            ).fetchone()
        return int(documents)

    def get(self, kind: Kind, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The documents with these ids; those not there are left out."""
        with self._connections.reading() as connection:
            rows = by_ids(connection, kind, "json", ids)
        return {id_: decoded(raw, self.path) for id_, raw in rows}

    def numbers_of(self, kind: Kind, ids: Iterable[str]) -> dict[str, int]:
        """The numbers of the documents with these ids; those not there are left out."""
        with self._connections.reading() as connection:
            return dict(by_ids(connection, kind, "doc", ids))

    def raw_documents(self, kind: Kind, numbers: Iterable[int] | Numbers) -> list[bytes]:
        """The JSON of documents, in the order of `numbers`; those gone since are left out."""
        wanted = [int(number) for number in numbers]
        with self._connections.reading() as connection:
            stored = dict(
                connection.execute(
                    f"SELECT doc, json FROM {known_kind(kind)} WHERE doc IN"
                    " (SELECT value FROM json_each(?))",
                    (orjson.dumps(wanted).decode(),),
                )
            )
        documents = [stored[number] for number in wanted if number in stored]
        check_text(documents, self.path)
        return documents

    def documents(self, kind: Kind, numbers: Iterable[int] | Numbers) -> list[dict[str, Any]]:
        """`raw_documents`, parsed."""
        return [decoded(raw, self.path) for raw in self.raw_documents(kind, numbers)]

    def select_numbers(
        self, kind: Kind, where: Node | None = None, left: threading.Event | None = None
    ) -> Numbers:
        """The numbers of the documents that match a filter tree, rising (read-only).

        Join conditions with `filter_parser.all_of`; None matches all. The answer is remembered
        until a document of the kind changes. Once `left` is set, it is given up.

        Raises:
            UnknownFieldError: The filter names a field that can't be filtered by.
            FilterSyntaxError: The filter is more than SQLite can hold.
            EmulatorStoppedError: The emulator stops.
            CancelledError: It was given up.
        """
        sql = compile_filter(kind, where)

        def read(connection: sqlite3.Connection) -> Numbers:
            return read_numbers(
                connection,
                sql.tables,
                f"FROM {known_kind(kind)}_fields WHERE {sql.condition}",
                sql.bindings(),
            )

        numbers: Numbers = self._remembered(kind, (kind, sql), read, left)
        return numbers

    def rank(
        self,
        kind: Kind,
        numbers: Numbers,
        sort_by: Sequence[SortKey],
        top: int | None = None,
    ) -> Numbers:
        """Puts documents in order.

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

        Numbers come before text when ascending. As in Meilisearch, documents that lack a field
        come last in both directions; null, lists and objects count as lacking it.

        Returns:
            For each of `numbers` a rank: the lower the earlier, equal where documents tie.
        """
        keys = [
            self._field_ranks(kind, key).of(numbers, descending=key.descending) for key in sort_by
        ]
        if not keys:
            return np.zeros(len(numbers), np.int64)
        return keys[0] if len(keys) == 1 else joint_ranks(keys)

    # Inside

    def _field_ranks(self, kind: Kind, key: SortKey) -> FieldRanks:
        ranks: FieldRanks = self._remembered(
            kind, (kind, key.field.name), lambda connection: read_ranks(connection, kind, key)
        )
        return ranks

    def _write_batch(
        self,
        kind: Kind,
        rows: list[tuple[str, bytes, Indexed]],
        blobs: Callable[[str], Mapping[str, bytes]] | None,
    ) -> int:
        with self._connections.writing() as connection:
            known = dict(by_ids(connection, kind, "doc", (id_ for id_, _, _ in rows)))
            replaced = [(doc,) for doc in known.values()]
            self._keep_original(connection, kind, replaced)
            last_doc = last_number(connection, kind)
            latest: dict[int, tuple[str, bytes, Indexed]] = {}
            for row in rows:
                doc = known.setdefault(row[0], last_doc + 1)
                last_doc = max(last_doc, doc)
                latest[doc] = row
            put_documents(connection, kind, latest, replaced)
            connection.execute("UPDATE kinds SET last_doc = ? WHERE kind = ?", (last_doc, kind))
            if blobs is not None:
                for id_, _, _ in rows:
                    self._put_blobs_of_documents(connection, kind, blobs(id_))
        return len(latest) - len(replaced)

    def _keep_original(
        self, connection: sqlite3.Connection, kind: Kind, numbers: list[tuple[int]]
    ) -> None:
        """Keeps documents that are about to change, unless they were not there at `remember`."""
        connection.executemany(
            f"INSERT OR IGNORE INTO temp.original_{kind} SELECT doc, id, json FROM {kind}"
            f" WHERE doc = ? AND doc <= {self._remembered_last.get(kind, 0):d}",
            numbers,
        )

    def _put_blobs_of_documents(
        self, connection: sqlite3.Connection, kind: Kind, blobs: Mapping[str, bytes | None]
    ) -> None:
        if self._remembered_last:
            connection.executemany(
                "INSERT OR IGNORE INTO temp.original_blobs VALUES (:kind, :name,"
                " (SELECT data FROM blobs WHERE kind = :kind AND name = :name))",
                [{"kind": kind, "name": name} for name in blobs],
            )
        put_blobs(connection, kind, blobs)

    def _remembered(
        self,
        kind: Kind,
        key: object,
        read: Callable[[sqlite3.Connection], Any],
        left: threading.Event | None = None,
    ) -> Any:
        with self._connections.reading() as connection:
            revision = revision_of(connection, kind)
            with self._memory_lock:
                known = self._memory.get(key)
                if known is not None and known[0] == revision:
                    self._memory.move_to_end(key)
                    return known[1]
            answer = given_up_at(self._stopping, left, connection, read)
        with self._memory_lock:
            self._memory[key] = revision, answer
            self._memory.move_to_end(key)
            while len(self._memory) > _REMEMBERED:
                self._memory.popitem(last=False)
        return answer
