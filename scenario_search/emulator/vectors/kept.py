"""A vector index whose rows are kept in the store's file, part by part.

New rows are written as a further part, so that a small load is a small write; once there are many
parts, all are written anew.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import ArrayLike, NDArray

from scenario_search.emulator.contract.fields import Kind
from scenario_search.emulator.store.store import Numbers, Store
from scenario_search.emulator.vectors import index as vectors
from scenario_search.emulator.vectors.index import VectorIndex

__all__ = ["KeptVectors", "RowTable"]

_MOST_PARTS: Final = 64
_ROWS_A_PART: Final = 20_000
_NUMBER_BYTES: Final = 8


class RowTable:
    """Rows of documents, as they are: what `VectorIndex` is for vectors that have one length.

    Reads work on a snapshot. One thread at a time may change it.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        empty = np.zeros((0, dimensions), np.float16)
        self._snapshot: tuple[Numbers, NDArray[np.float16]] = (np.zeros(0, np.int64), empty)

    @property
    def numbers(self) -> Numbers:
        """The documents held, rising."""
        return self._snapshot[0]

    def update(self, numbers: ArrayLike, rows: ArrayLike) -> None:
        """Adds rows, or replaces them; each number once."""
        self.remove(numbers)
        held, old = self._snapshot
        merged = np.concatenate([held, np.asarray(numbers, np.int64)])
        order = np.argsort(merged, kind="stable")
        self._snapshot = merged[order], np.concatenate([old, np.asarray(rows, np.float16)])[order]

    def remove(self, numbers: ArrayLike) -> None:
        """Forgets rows; numbers that are not held are passed over."""
        held, rows = self._snapshot
        stays = ~np.isin(held, np.asarray(numbers, np.int64))
        self._snapshot = held[stays], rows[stays]

    def get(self, number: int) -> NDArray[np.float16] | None:
        """The row of a document, or None."""
        _, rows = self.rows_of(np.array([number], np.int64))
        return rows[0] if len(rows) else None

    def rows_of(self, numbers: Numbers) -> tuple[Numbers, NDArray[np.float16]]:
        """Which of these documents are held, rising, and their rows."""
        held, rows = self._snapshot
        at = np.flatnonzero(np.isin(held, numbers))
        return held[at], rows[at]


class KeptVectors:
    """Vectors of documents of one kind. One thread at a time may change it; any may read.

    Args:
        store: Where the rows are kept, and where the documents are.
        kind: What the documents are.
        name: What the vectors are of; the prefix of their parts' names.
        maker: Who makes them: rows of another maker are as good as none.
        index: Where they are in memory; empty at first.

    Attributes:
        revision: The revision of the store they cover; 0 where there are none.
    """

    def __init__(
        self, store: Store, kind: Kind, name: str, maker: str, index: VectorIndex | RowTable
    ) -> None:
        self._store = store
        self._kind: Kind = kind
        self._prefix = f"{name}/"
        self._maker = maker
        self._index = index
        self.revision = 0
        self._parts = 0
        self._new: set[int] = set()
        self._gone: set[int] = set()
        self._read()

    def update(self, numbers: list[int], rows: NDArray[Any]) -> None:
        """Adds vectors, or replaces them. `keep` writes them."""
        self._index.update(numbers, rows)
        self._new.update(numbers)
        self._gone.difference_update(numbers)

    def remove(self, numbers: Numbers) -> None:
        """Forgets vectors. `keep` remembers that."""
        if len(numbers):
            self._index.remove(numbers)
            self._gone.update(numbers.tolist())
            self._new.difference_update(numbers.tolist())

    def clear(self) -> None:
        """Forgets all vectors; their parts have gone with the documents."""
        self._index.remove(self._index.numbers)
        self.revision = self._parts = 0
        self._new.clear()
        self._gone.clear()

    def keep(self, revision: int) -> None:
        """Writes what is new, which brings the vectors up to this revision of the store."""
        self.revision = revision
        numbers = sorted(self._new)
        if not numbers:
            return
        blobs: dict[str, bytes | None] = {}
        if self._parts >= _MOST_PARTS or not self._parts:
            blobs.update(dict.fromkeys(self._store.blobs(self._kind, self._prefix)))
            numbers = self._index.numbers.tolist()
            self._parts = 0
        for start in range(0, len(numbers), _ROWS_A_PART):
            self._parts += 1
            part = self._part(numbers[start : start + _ROWS_A_PART])
            blobs[f"{self._prefix}{self._parts:04}"] = part
        self._store.put_blobs(self._kind, blobs)
        self._new.clear()
        self._gone.clear()

    def _part(self, numbers: list[int]) -> bytes:
        held_rows = ((number, self._index.get(number)) for number in numbers)
        rows = {number: row for number, row in held_rows if row is not None}
        head = {
            "maker": self._maker,
            "revision": self.revision,
            "rows": len(rows),
            "gone": sorted(self._gone),
        }
        held = np.array(list(rows), "<i8").tobytes()
        return orjson.dumps(head) + b"\n" + held + vectors.to_bytes(list(rows.values()))

    def _read(self) -> None:
        parts = self._store.blobs(self._kind, self._prefix).values()
        try:
            for part in parts:
                self._read_part(part)
        except (ValueError, KeyError, TypeError):
            # Of another maker or damaged: they are made anew, and written over these.
            self.clear()
            return
        self._parts = len(parts)
        # A document deleted since needs no part of its own to say so.
        alive = self._store.select_numbers(self._kind) if self._parts else self._index.numbers
        self._index.remove(np.setdiff1d(self._index.numbers, alive))

    def _read_part(self, part: bytes) -> None:
        line, _, body = part.partition(b"\n")
        head = orjson.loads(line)
        if head["maker"] != self._maker:
            raise ValueError(f"these vectors were made by {head['maker']}")
        width = _NUMBER_BYTES * head["rows"]
        numbers = np.frombuffer(body[:width], "<i8").astype(np.int64)
        self._index.remove(head["gone"])
        self._index.update(numbers, vectors.from_bytes(body[width:], self._index.dimensions))
        self.revision = head["revision"]
