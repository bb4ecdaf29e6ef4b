"""A vector index whose rows are kept in the store's file, part by part.

New rows are written as a further part, so that a small load is a small write; once there are many
parts, all are written anew.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import orjson

from scenario_search.emulator import vectors
from scenario_search.emulator.embedding import Vectors
from scenario_search.emulator.fields import Kind
from scenario_search.emulator.store import Numbers, Store
from scenario_search.emulator.vectors import VectorIndex

__all__ = ["KeptVectors"]

_MOST_PARTS: Final = 64
_ROWS_A_PART: Final = 20_000
_NUMBER_BYTES: Final = 8


class KeptVectors:
    """Vectors of documents of one kind. One thread at a time may change it; any may read.

    Args:
        store: Where the rows are kept, and where the documents are.
        kind: What the documents are.
        name: What the vectors are of; the prefix of their parts' names.
        maker: Who makes them: rows of another maker are as good as none.
        dimensions: The length of a vector.

    Attributes:
        index: The vectors in memory.
        revision: The revision of the store they cover; 0 where there are none.
    """

    def __init__(self, store: Store, kind: Kind, name: str, maker: str, dimensions: int) -> None:
        self._store = store
        self._kind = kind
        self._prefix = f"{name}/"
        self._maker = maker
        self.index = VectorIndex(dimensions)
        self.revision = 0
        self._parts = 0
        self._new: set[int] = set()
        self._read()

    def update(self, numbers: Numbers | list[int], rows: Vectors) -> None:
        """Add vectors, or replace them. `keep` writes them."""
        self.index.update(numbers, rows)
        self._new.update(map(int, numbers))

    def clear(self) -> None:
        """Forget all vectors; their parts have gone with the documents."""
        self.index = VectorIndex(self.index.dimensions)
        self.revision = self._parts = 0
        self._new.clear()

    def keep(self, revision: int) -> None:
        """Write what is new, which brings the vectors up to this revision of the store."""
        self.revision = revision
        numbers = sorted(self._new)
        if not numbers:
            return
        blobs: dict[str, bytes | None] = {}
        if self._parts >= _MOST_PARTS or not self._parts:
            blobs.update(dict.fromkeys(self._store.blobs(self._kind, self._prefix)))
            numbers = self.index.numbers.tolist()
            self._parts = 0
        for start in range(0, len(numbers), _ROWS_A_PART):
            self._parts += 1
            part = self._part(numbers[start : start + _ROWS_A_PART])
            blobs[f"{self._prefix}{self._parts:04}"] = part
        self._store.put_blobs(self._kind, blobs)
        self._new.clear()

    def _part(self, numbers: list[int]) -> bytes:
        found = ((number, self.index.get(number)) for number in numbers)
        rows = {number: row for number, row in found if row is not None}
        head = {"maker": self._maker, "revision": self.revision, "rows": len(rows)}
        held = np.array(list(rows), "<i8").tobytes()
        return orjson.dumps(head) + b"\n" + held + vectors.to_bytes(list(rows.values()))

    def _read(self) -> None:
        parts = self._store.blobs(self._kind, self._prefix).values()
        for part in parts:
            line, _, body = part.partition(b"\n")
            head = orjson.loads(line)
            if head["maker"] != self._maker:
                return
            width = _NUMBER_BYTES * head["rows"]
            numbers = np.frombuffer(body[:width], "<i8").astype(np.int64)
            self.index.update(numbers, vectors.from_bytes(body[width:], self.index.dimensions))
            self.revision = head["revision"]
        self._parts = len(parts)
        # A document deleted since needs no part of its own to say so.
        alive = self._store.select_numbers(self._kind) if self._parts else self.index.numbers
        self.index.remove(np.setdiff1d(self.index.numbers, alive))
