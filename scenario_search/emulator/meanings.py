"""What the documents of a store mean: one vector each, made once and kept in the store's file.

Embedding is slow beside all else here, so nothing is embedded until a search asks for meaning (or
`Meanings.catch_up` is called): from then on whoever writes keeps the vectors up to date.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import attrs
import numpy as np
import orjson

from scenario_search.emulator import vectors
from scenario_search.emulator.catalogue import numbered_documents
from scenario_search.emulator.embedding import Embedder, Vectors
from scenario_search.emulator.fields import KINDS, SEARCHABLE, Kind, value_at
from scenario_search.emulator.store import Numbers, Store
from scenario_search.emulator.vectors import VectorIndex

__all__ = ["Meanings", "text_of"]

_PREFIX: Final = "vectors/"
_AT_ONCE: Final = 1000
_MOST_PARTS: Final = 64
Path: TypeAlias = tuple[str, ...]
# An embedder may read the beginning of a text more closely than the rest: what says most is first.
_FIRST: Final[Sequence[Path]] = (("metadata", "prompt"), ("metadata", "text"), ("name",))
_WITHOUT_MEANING: Final[Sequence[Path]] = (("metadata", "seed"),)


@attrs.define
class _Covered:
    """The vectors of one kind, and the state of the store they are up to."""

    index: VectorIndex
    revision: int = 0
    parts: int = 0


class Meanings:
    """Vectors for the documents of each kind.

    Args:
        store: The documents; their vectors are kept there too.
        embedder: Makes the vectors. Those of one with another name are made anew.
    """

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder
        self._lock = threading.Lock()
        self._covered: dict[Kind, _Covered] = {}
        for kind in KINDS:
            if (covered := self._read(kind)) is not None:
                self._covered[kind] = covered

    def similarities(self, kind: Kind, query: str, candidates: Numbers) -> tuple[Numbers, Vectors]:
        """The candidates that have a vector, rising, and how near the query they are (cosines).

        Whatever the embedder raises comes through.
        """
        index = self._index(kind)
        return index.similarities(self._embedder.embed([query])[0], candidates=candidates)

    def catch_up(self, kind: Kind) -> None:
        """Embed the documents that have changed, all of them at first, and keep the vectors."""
        with self._lock:
            covered = self._covered.get(kind) or _Covered(VectorIndex(self._embedder.dimensions))
            changes = self._store.changed_since(kind, covered.revision)
            if changes.cleared:
                covered = _Covered(VectorIndex(self._embedder.dimensions))
            if len(changes.deleted):
                covered.index.remove(changes.deleted)
            for start in range(0, len(changes.changed), _AT_ONCE):
                self._embed(kind, covered, changes.changed[start : start + _AT_ONCE])
            covered.revision = changes.revision
            if len(changes.changed):
                self._keep(kind, covered, changes.changed)
            self._covered[kind] = covered

    def follow(self, kind: Kind) -> None:
        """`catch_up`, if the vectors of this kind have been asked for before."""
        if kind in self._covered:
            self.catch_up(kind)

    def _index(self, kind: Kind) -> VectorIndex:
        if kind not in self._covered:
            self.catch_up(kind)
        return self._covered[kind].index

    def _embed(self, kind: Kind, covered: _Covered, numbers: Numbers) -> None:
        documents = dict(numbered_documents(self._store, kind, numbers))
        if documents:
            texts = [text_of(kind, document) for document in documents.values()]
            covered.index.update(list(documents), self._embedder.embed(texts))

    def _keep(self, kind: Kind, covered: _Covered, changed: Numbers) -> None:
        """Write the new vectors as a further part; all anew once there are many parts."""
        blobs: dict[str, bytes | None] = {}
        numbers = changed
        if covered.parts >= _MOST_PARTS or not covered.parts:
            blobs = dict.fromkeys(self._store.blobs(kind, _PREFIX))
            numbers = covered.index.numbers
            covered.parts = 0
        for start in range(0, len(numbers), 20 * _AT_ONCE):
            rows = {
                int(number): row
                for number in numbers[start : start + 20 * _AT_ONCE]
                if (row := covered.index.get(int(number))) is not None
            }
            head = {"embedder": self._embedder.name, "revision": covered.revision, "n": len(rows)}
            held = np.array(list(rows), "<i8").tobytes()
            covered.parts += 1
            blobs[f"{_PREFIX}{covered.parts:04}"] = (
                orjson.dumps(head) + b"\n" + held + vectors.to_bytes(list(rows.values()))
            )
        self._store.put_blobs(kind, blobs)

    def _read(self, kind: Kind) -> _Covered | None:
        """What is kept, or None where nothing is that this embedder has made."""
        dimensions = self._embedder.dimensions
        covered = _Covered(VectorIndex(dimensions))
        for part in self._store.blobs(kind, _PREFIX).values():
            line, _, body = part.partition(b"\n")
            head = orjson.loads(line)
            if head["embedder"] != self._embedder.name:
                return None
            width = 8 * head["n"]
            numbers = np.frombuffer(body[:width], "<i8").astype(np.int64)
            covered.index.update(numbers, vectors.from_bytes(body[width:], dimensions))
            covered.revision = head["revision"]
            covered.parts += 1
        gone = np.setdiff1d(covered.index.numbers, self._store.select_numbers(kind))
        covered.index.remove(gone)
        return covered if covered.parts else None


def text_of(kind: Kind, document: dict[str, Any]) -> str:
    """The text by which a document's meaning is judged: what text search reads, but numbers."""
    searchable: Sequence[Path] = SEARCHABLE[kind]
    paths = [path for path in _FIRST if path in searchable]
    paths += [path for path in searchable if path not in (*_FIRST, *_WITHOUT_MEANING)]
    return ". ".join(text for path in paths if (text := _text(value_at(document, path)[1])))


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(word for word in value if isinstance(word, str))
    return value if isinstance(value, str) else ""
