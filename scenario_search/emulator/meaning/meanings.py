"""What the documents of a store mean: one vector each, made once and kept in the store's file.

Embedding is slow beside all else here, so nothing is embedded until a search asks for meaning (or
`Meanings.catch_up` is called): from then on whoever writes keeps the vectors up to date.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from scenario_search.emulator.contract.fields import KINDS, SEARCHABLE, Kind, value_at
from scenario_search.emulator.contract.refusals import check_wanted
from scenario_search.emulator.meaning.embedding import Embedder
from scenario_search.emulator.store.store import Numbers, Store
from scenario_search.emulator.text.catalogue import numbered_documents
from scenario_search.emulator.vectors.index import VectorIndex, Vectors
from scenario_search.emulator.vectors.kept import KeptVectors
from scenario_search.emulator.vectors.progress_log import ProgressLog

__all__ = ["Meanings", "text_of"]

_AT_ONCE: Final = 250
_BETWEEN_LOOKS: Final = 50
"""So many texts are embedded before it is looked again whether the emulator stops."""

Path: TypeAlias = tuple[str, ...]
# An embedder may read the beginning of a text more closely than the rest: what says most is first.
_FIRST: Final[Sequence[Path]] = (("metadata", "prompt"), ("metadata", "text"), ("name",))
_WITHOUT_MEANING: Final[Sequence[Path]] = (("metadata", "seed"),)


class Meanings:
    """Vectors for the documents of each kind.

    Args:
        store: The documents; their vectors are kept there too.
        embedder: Makes the vectors. Those of one with another name are made anew.
        stopping: Once set, embedding is given up.
    """

    def __init__(self, store: Store, embedder: Embedder, stopping: threading.Event) -> None:
        self._store = store
        self._embedder = embedder
        self._stopping = stopping
        self._lock = threading.Lock()
        self._indexes: dict[Kind, VectorIndex] = {
            kind: VectorIndex(embedder.dimensions) for kind in KINDS
        }
        self._kept = {
            kind: KeptVectors(store, kind, "meanings", embedder.name, index)
            for kind, index in self._indexes.items()
        }
        self._current: set[Kind] = set()

    def similarities(self, kind: Kind, query: str, candidates: Numbers) -> tuple[Numbers, Vectors]:
        """The candidates that have a vector, rising, and how near the query they are (cosines).

        Whatever the embedder raises comes through.
        """
        # The file may be behind its documents, after a load that was killed.
        if kind not in self._current:
            self.catch_up(kind)
        vector = self._embedder.embed([query])[0]
        return self._indexes[kind].similarities(vector, candidates=candidates)

    def follow(self, kind: Kind) -> None:
        """`catch_up`, if the vectors of this kind have been asked for before."""
        if self._kept[kind].revision:
            self.catch_up(kind)

    def catch_up(self, kind: Kind) -> None:
        """Embeds the documents that have changed, all of them at first, and keeps the vectors."""
        with self._lock:
            kept = self._kept[kind]
            changes = self._store.changed_since(kind, kept.revision)
            if changes.cleared:
                kept.clear()
            kept.remove(changes.deleted)
            progress = ProgressLog(f"embedding the texts of {kind}", len(changes.changed))
            for start in range(0, len(changes.changed), _AT_ONCE):
                some = changes.changed[start : start + _AT_ONCE]
                self._embed(kind, some)
                progress.add(len(some))
            kept.keep(changes.revision)
            self._current.add(kind)

    def _embed(self, kind: Kind, numbers: Numbers) -> None:
        documents = dict(numbered_documents(self._store, kind, numbers))
        texts = [text_of(kind, document) for document in documents.values()]
        parts = []
        for start in range(0, len(texts), _BETWEEN_LOOKS):
            check_wanted("embedded", self._stopping)
            parts.append(self._embedder.embed(texts[start : start + _BETWEEN_LOOKS]))
        if parts:
            self._kept[kind].update(list(documents), np.concatenate(parts))


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
