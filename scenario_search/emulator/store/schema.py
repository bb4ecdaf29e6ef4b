"""The tables of the store's file, and how a file is opened.

A file says what it is in SQLite's own header: `application_id` that it is a store, and
`user_version` which layout it has. Raise `SCHEMA_VERSION` with any change of the tables, of
`fields.FIELDS` or of what `fields.index_document` keeps.
"""
# Table and column names come from the declarations in fields.py, never from outside, and values
# are always bound:
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final

from scenario_search.emulator.contract.fields import FIELDS, KINDS, Kind, column_fields

__all__ = [
    "DELETE_BLOB",
    "PUT_BLOB",
    "StoreError",
    "file_error",
    "open_connection",
    "prepare",
    "prepare_originals",
    "trigram_statements",
    "upsert_statements",
]

APPLICATION_ID: Final = 0x5343_4E53
SCHEMA_VERSION: Final = 2
BUSY_SECONDS: Final = 60.0
"""How long a write waits for one of another process."""

DELETE_BLOB: Final = "DELETE FROM blobs WHERE kind = ? AND name = ?"
PUT_BLOB: Final = "INSERT OR REPLACE INTO blobs(kind, name, data) VALUES (?, ?, ?)"


class StoreError(Exception):
    """The file can't be used as a store, or The store is closed."""


def file_error(path: Path, error: Exception) -> StoreError:
    """What to raise for an error that SQLite, or what it gave, has shown in a file."""
    # The others are of the kind "disk I/O error" or "database or disk is full".
    if isinstance(error, sqlite3.OperationalError):
        return StoreError(f"{path} can't be read or written: {error}")
    return StoreError(f"{path} is damaged: {error}; load the documents into a new file")


def open_connection(path: Path, *, durable: bool) -> sqlite3.Connection:
    """A connection to an existing or new file, in WAL mode and in autocommit.

    Args:
        path: The file.
        durable: Whether a committed transaction must outlive a power cut, not just the process.

    Raises:
        StoreError: The path can't be opened, holds no database, one of another program, or one
            of another version of this one. Such a file is left as it was.
    """
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        _check_marks(connection, path)
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA mmap_size = 4294967296")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error):
            raise StoreError(f"{path} can't be opened as a database: {error}") from error
        raise
    return connection


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Makes the tables, if the file is new, in one transaction.

    Raises:
        StoreError: The tables can't be made.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _check_marks(connection, path):
            for statement in _statements():
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise StoreError(f"{path} can't be made a store: {error}") from error
        raise


def prepare_originals(connection: sqlite3.Connection) -> None:
    """Makes the tables of what documents and blobs were before they changed.

    They end with the connection. They may grow as large as the file, so they are not in memory.
    """
    connection.execute("PRAGMA temp_store = FILE")
    for kind in KINDS:
        connection.execute(
            f"CREATE TEMP TABLE original_{kind}(doc INTEGER PRIMARY KEY, id TEXT, json BLOB)"
        )
    connection.execute(
        "CREATE TEMP TABLE original_blobs(kind TEXT, name TEXT, data BLOB, PRIMARY KEY(kind, name))"
    )


def _check_marks(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file is new; `StoreError` if it is neither that nor a store of this version."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if (application_id, version, tables) == (0, 0, 0):
        return True
    if application_id != APPLICATION_ID:
        raise StoreError(f"{path} is a database of another program; name another file")
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has layout {version} and this version reads {SCHEMA_VERSION}:"
            " load the documents into a new file"
        )
    return False


def upsert_statements(kind: Kind) -> tuple[str, str]:
    """The statements that write a document's JSON and its fields.

    Their parameters are (doc, id, json), and (doc, revision, present, null, filled) followed by
    the scalars of `fields.Indexed`.
    """
    marks = ", ".join("?" * (5 + len(column_fields(kind))))
    documents = (
        f"INSERT INTO {kind}(doc, id, json) VALUES (?, ?, ?)"
        " ON CONFLICT(doc) DO UPDATE SET json = excluded.json"
    )
    return documents, f"INSERT OR REPLACE INTO {kind}_fields VALUES ({marks})"


def trigram_statements(kind: Kind) -> tuple[str, str]:
    """The statements that add the fields of document `?` to the trigrams, and take them out.

    The index keeps no text, so it needs the fields of what it takes out: run the second while the
    fields still stand in their table.
    """
    columns = ", ".join(_prose_columns(kind))
    source = f"{columns} FROM {kind}_fields WHERE doc = ?"
    trigrams = f"{kind}_trigrams"
    remove = f"INSERT INTO {trigrams}({trigrams}, rowid, {columns}) SELECT 'delete', doc, {source}"
    return f"INSERT INTO {trigrams}(rowid, {columns}) SELECT doc, {source}", remove


def _prose_columns(kind: Kind) -> list[str]:
    return [f'"{field.name}"' for field in column_fields(kind) if field.prose]


def _statements() -> Iterator[str]:
    """The statements that make the tables of a new file."""
    text = (
        resources.files("scenario_search.emulator.store")
        .joinpath("schema.sql")
        .read_text(encoding="utf-8")
    )
    common, of_each_kind = text.split("-- For each kind")
    yield from _split(common)
    for kind in KINDS:
        columns = ", ".join(f'"{field.name}"' for field in column_fields(kind))
        prose = ", ".join(_prose_columns(kind))
        yield from _split(of_each_kind.format(kind=kind, columns=columns, prose=prose))
        for field in FIELDS[kind]:
            if field.type == "date":
                yield f'CREATE INDEX "{kind}_{field.name}" ON {kind}_fields("{field.name}")'


def _split(script: str) -> list[str]:
    """The statements of a script, whose texts hold no semicolons."""
    return [each for each in map(str.strip, script.split(";")) if each]
