"""Rows of documents, their fields and their blobs, within a transaction of the store."""
# Table and column names come from the declarations in fields.py, never from outside, and values
# are always bound:
# ruff: noqa: S608

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from scenario_search.emulator.contract.fields import KINDS, Indexed, Kind
from scenario_search.emulator.store.schema import (
    DELETE_BLOB,
    PUT_BLOB,
    trigram_statements,
    upsert_statements,
)

__all__ = [
    "by_ids",
    "drop_documents",
    "known_kind",
    "last_number",
    "next_revision",
    "put_blobs",
    "put_documents",
    "revision_of",
]


def known_kind(kind: Kind) -> Kind:
    """Returns the kind, whose name becomes that of a table; a ValueError if there is none such."""
    if kind not in KINDS:
        raise ValueError(f"Unknown kind {kind!r}; use one of {', '.join(KINDS)}")
    return kind


def put_documents(
    connection: sqlite3.Connection,
    kind: Kind,
    documents: Mapping[int, tuple[str, bytes, Indexed]],
    replaced: list[tuple[int]],
) -> None:
    """Writes documents by their numbers; those of `replaced` are there already."""
    revision = next_revision(connection, kind)
    put_document, put_fields = upsert_statements(kind)
    add_trigrams, remove_trigrams = trigram_statements(kind)
    connection.executemany(remove_trigrams, replaced)
    connection.executemany(
        put_document, ((doc, id_, raw) for doc, (id_, raw, _) in documents.items())
    )
    connection.executemany(
        put_fields,
        (
            (doc, revision, each.present, each.null, each.filled, *each.scalars)
            for doc, (_, _, each) in documents.items()
        ),
    )
    connection.executemany(add_trigrams, ((doc,) for doc in documents))
    connection.executemany(f"DELETE FROM {kind}_elements WHERE doc = ?", replaced)
    connection.executemany(
        f"INSERT INTO {kind}_elements(field, value, doc) VALUES (?, ?, ?)",
        (
            (field, value, doc)
            for doc, (_, _, indexed) in documents.items()
            for field, value in indexed.elements
        ),
    )
    connection.execute(
        "UPDATE kinds SET documents = documents + ? WHERE kind = ?",
        (len(documents) - len(replaced), kind),
    )


def drop_documents(connection: sqlite3.Connection, kind: Kind, numbers: list[tuple[int]]) -> None:
    """Deletes documents, but not their blobs."""
    if not numbers:
        return
    revision = next_revision(connection, kind)
    connection.executemany(f"INSERT INTO {kind}_deleted VALUES (?, {revision:d})", numbers)
    connection.executemany(trigram_statements(kind)[1], numbers)
    for table in (kind, f"{kind}_fields", f"{kind}_elements"):
        connection.executemany(f"DELETE FROM {table} WHERE doc = ?", numbers)
    connection.execute(
        "UPDATE kinds SET documents = documents - ? WHERE kind = ?", (len(numbers), kind)
    )


def last_number(connection: sqlite3.Connection, kind: Kind) -> int:
    """Returns the number of the document that was added last."""
    row = connection.execute("SELECT last_doc FROM kinds WHERE kind = ?", (kind,)).fetchone()
    return int(row[0])


def by_ids(
    connection: sqlite3.Connection, kind: Kind, column: str, ids: Iterable[str]
) -> list[tuple[str, Any]]:
    """The ids among these that are there, each with its column's value."""
    # SQLite's JSON ends some texts at U+0000, which no id holds.
    wanted = json.dumps([id_ for id_ in ids if "\0" not in id_])
    return connection.execute(
        f"SELECT id, {column} FROM {known_kind(kind)} WHERE id IN (SELECT value FROM json_each(?))",
        (wanted,),
    ).fetchall()


def put_blobs(
    connection: sqlite3.Connection, kind: Kind, blobs: Mapping[str, bytes | None]
) -> None:
    """Writes named blobs; None deletes one."""
    for name, data in blobs.items():
        if data is None:
            connection.execute(DELETE_BLOB, (kind, name))
        else:
            connection.execute(PUT_BLOB, (kind, name, data))


def revision_of(connection: sqlite3.Connection, kind: Kind) -> int:
    """Returns the revision of a kind."""
    row = connection.execute(
        "SELECT revision FROM kinds WHERE kind = ?", (known_kind(kind),)
    ).fetchone()
    return int(row[0])


def next_revision(connection: sqlite3.Connection, kind: Kind) -> int:
    """Raises the revision of a kind, and returns it."""
    connection.execute(
        "UPDATE kinds SET revision = revision + 1 WHERE kind = ?", (known_kind(kind),)
    )
    return revision_of(connection, kind)
