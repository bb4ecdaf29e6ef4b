"""The text indexes of a store: kept in memory, kept up to date, and kept in its file.

Searches use an index as it stands; only whoever writes brings it up to date, so that a search
never waits for a load. What is in the file may be behind after a crash: the store says which
documents have changed since, and only these are read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from scenario_search.emulator.contract.fields import KINDS, SEARCHABLE, Kind, searchable_texts
from scenario_search.emulator.store.store import Numbers, Store
from scenario_search.emulator.text.index import TextIndex

__all__ = ["TextCatalogue", "numbered_documents"]

_BLOB: Final = "text index"
_READ_AT_ONCE: Final = 2000
_REVISION_BYTES: Final = 8
_KEPT_EVERY: Final = 0.05
"""An index is written again when this share of its documents has changed since, and on closing."""


class TextCatalogue:
    """One text index for each kind of document.

    Making it reads the indexes kept in the store and catches up with its documents.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._indexes: dict[Kind, TextIndex] = {}
        self._revisions: dict[Kind, int] = {}
        self._kept: dict[Kind, int] = {}
        self._unkept: dict[Kind, int] = dict.fromkeys(KINDS, 0)
        for kind in KINDS:
            self._read(kind)
            self.catch_up(kind)

    def __getitem__(self, kind: Kind) -> TextIndex:
        return self._indexes[kind]

    def catch_up(self, kind: Kind) -> None:
        """Takes in what has changed in the store. One thread at a time may call it."""
        changes = self._store.changed_since(kind, self._revisions[kind])
        if changes.revision == self._revisions[kind]:
            return
        if changes.cleared:
            self._indexes[kind] = _empty(kind)
        index = self._indexes[kind]
        if len(changes.deleted):
            index.remove(changes.deleted.tolist())
        for numbers in _portions(changes.changed):
            index.update(self._texts(kind, numbers))
        self._revisions[kind] = changes.revision
        self._unkept[kind] += len(changes.changed) + len(changes.deleted)
        if self._unkept[kind] > 100 + _KEPT_EVERY * len(index):
            self.keep(kind)

    def keep(self, kind: Kind) -> None:
        """Writes the index into the store's file, if it has changed since it was written."""
        if self._kept[kind] == self._revisions[kind]:
            return
        head = self._revisions[kind].to_bytes(_REVISION_BYTES)
        self._store.put_blobs(kind, {_BLOB: head + self._indexes[kind].to_bytes()})
        self._kept[kind] = self._revisions[kind]
        self._unkept[kind] = 0

    def _read(self, kind: Kind) -> None:
        self._indexes[kind], self._revisions[kind], self._kept[kind] = _empty(kind), 0, 0
        kept = self._store.blobs(kind, _BLOB).get(_BLOB)
        if kept is None:
            return
        try:
            index = TextIndex.from_bytes(kept[_REVISION_BYTES:])
        except ValueError:
            return  # written by another version: the documents are indexed anew
        if index.attributes == _attributes(kind):
            revision = int.from_bytes(kept[:_REVISION_BYTES])
            self._indexes[kind] = index
            self._revisions[kind] = self._kept[kind] = revision

    def _texts(self, kind: Kind, numbers: Numbers) -> Iterator[tuple[int, Sequence[list[str]]]]:
        for number, document in numbered_documents(self._store, kind, numbers):
            yield number, [list(texts) for texts in searchable_texts(kind, document)]


def numbered_documents(
    store: Store, kind: Kind, numbers: Numbers
) -> Iterable[tuple[int, dict[str, Any]]]:
    """Documents with their numbers; those deleted meanwhile are left out."""
    documents = store.documents(kind, numbers)
    if len(documents) == len(numbers):
        return zip(numbers.tolist(), documents, strict=True)
    each = ((number, store.documents(kind, [number])) for number in numbers.tolist())
    return [(number, stored[0]) for number, stored in each if stored]


def _attributes(kind: Kind) -> tuple[str, ...]:
    return tuple(".".join(path) for path in SEARCHABLE[kind])


def _empty(kind: Kind) -> TextIndex:
    return TextIndex(_attributes(kind))


def _portions(numbers: Numbers) -> Iterator[Numbers]:
    for start in range(0, len(numbers), _READ_AT_ONCE):
        yield np.asarray(numbers[start : start + _READ_AT_ONCE])
