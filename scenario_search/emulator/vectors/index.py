"""Exact search over stored vectors, and the merge of its hits with those of keyword search."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Ranked",
    "VectorIndex",
    "Vectors",
    "best",
    "from_bytes",
    "merge_hybrid",
    "normalised",
    "products",
    "text_similarity_score",
    "to_bytes",
]

Vectors: TypeAlias = NDArray[np.float32]
Ranked: TypeAlias = tuple[int, float]

# Below this share of candidates their rows are picked out first; above it all are compared.
PICKED_SHARE = 0.25


@dataclass(frozen=True)
class _Snapshot:
    """Rows in ascending order of `numbers`. What a snapshot shows never changes."""

    numbers: NDArray[np.int64]
    rows: Vectors


class VectorIndex:
    """Document numbers and their vectors, in memory: 1.5 kB for a vector of 384 numbers.

    Vectors are scaled to length 1, so a similarity is a cosine, in -1..1. Reads see one state and
    never wait for writes. Documents with higher numbers than all before are appended; any other
    write copies the whole matrix, so pass many documents in one call.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._writing = threading.Lock()
        self._space = _empty(dimensions)
        self._snapshot = self._space

    def __len__(self) -> int:
        return len(self._snapshot.numbers)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The documents held, in ascending order."""
        return self._snapshot.numbers

    def update(self, numbers: ArrayLike, vectors: ArrayLike) -> None:
        """Adds documents, or puts new vectors in place of those they have.

        Args:
            numbers: Whole numbers, each once.
            vectors: Numbers of shape ``(len(numbers), dimensions)``.

        Raises:
            ValueError: The shapes do not fit, a number comes twice or a value is not finite.
        """
        new_numbers = np.asarray(numbers, dtype=np.int64)
        new_rows = np.asarray(vectors, dtype=np.float32)
        if new_rows.shape != (len(new_numbers), self.dimensions):
            raise ValueError(
                f"Vectors have the shape {new_rows.shape}; "
                f"{(len(new_numbers), self.dimensions)} is wanted"
            )
        if not np.isfinite(new_rows).all():
            raise ValueError("A vector holds a value that is not finite")
        order = np.argsort(new_numbers)
        new_numbers, new_rows = new_numbers[order], normalised(new_rows[order])
        if (np.diff(new_numbers) == 0).any():
            raise ValueError("A document number comes twice")
        if not len(new_numbers):
            return
        with self._writing:
            old = self._snapshot
            if not len(old.numbers) or new_numbers[0] > old.numbers[-1]:
                self._append(new_numbers, new_rows)
                return
            stays = ~np.isin(old.numbers, new_numbers)
            merged = np.concatenate([old.numbers[stays], new_numbers])
            order = np.argsort(merged)
            rows = np.concatenate([old.rows[stays], new_rows])[order]
            self._space = self._snapshot = _Snapshot(merged[order], rows)

    def _append(self, new_numbers: NDArray[np.int64], new_rows: Vectors) -> None:
        # Older snapshots show the first rows of the same space, so writing after them is safe.
        held = len(self._snapshot.numbers)
        size = held + len(new_numbers)
        if size > len(self._space.numbers):
            space = _empty(self.dimensions, size + size // 4)
            space.numbers[:held] = self._snapshot.numbers
            space.rows[:held] = self._snapshot.rows
            self._space = space
        self._space.numbers[held:size] = new_numbers
        self._space.rows[held:size] = new_rows
        self._snapshot = _Snapshot(self._space.numbers[:size], self._space.rows[:size])

    def remove(self, numbers: ArrayLike) -> None:
        """Forgets documents; numbers that are not held are passed over."""
        with self._writing:
            old = self._snapshot
            stays = ~np.isin(old.numbers, np.asarray(numbers, dtype=np.int64))
            self._space = self._snapshot = _Snapshot(old.numbers[stays], old.rows[stays])

    def get(self, number: int) -> Vectors | None:
        """Returns the vector of a document, at length 1, or None."""
        held = self._snapshot
        at = int(np.searchsorted(held.numbers, number))
        if at == len(held.numbers) or held.numbers[at] != number:
            return None
        vector: Vectors = held.rows[at].copy()
        return vector

    def similarities(
        self, vector: ArrayLike, *, candidates: ArrayLike | None = None
    ) -> tuple[NDArray[np.int64], Vectors]:
        """Compares every candidate with `vector`.

        Args:
            vector: Numbers of shape ``(dimensions,)``, of any length.
            candidates: Document numbers to look at; None for all. Those not held are left out.

        Returns:
            The numbers in ascending order and their cosines. None are left when `vector` is zero:
            a text without meaning is like no other.
        """
        query = normalised(np.asarray(vector, dtype=np.float32))
        if query.shape != (self.dimensions,):
            raise ValueError(
                f"The vector must have {self.dimensions} numbers, not the shape {query.shape}"
            )
        held = self._snapshot
        if not query.any():
            return held.numbers[:0], np.zeros(0, dtype=np.float32)
        if candidates is None:
            return held.numbers, products(held.rows, query)
        wanted = _rising(candidates)
        if np.array_equal(wanted, held.numbers):
            return held.numbers, products(held.rows, query)
        at = _positions(held.numbers, wanted)
        if len(at) < PICKED_SHARE * len(held.numbers):
            return held.numbers[at], products(held.rows[at], query)
        return held.numbers[at], products(held.rows, query)[at]


def _empty(dimensions: int, size: int = 0) -> _Snapshot:
    return _Snapshot(np.zeros(size, dtype=np.int64), np.zeros((size, dimensions), dtype=np.float32))


def products(rows: Vectors, vector: Vectors) -> Vectors:
    """Multiplies each row with a vector, on the calling thread alone.

    BLAS would split this over all cores, whose threads spin while they wait: a search then takes
    twice the time where anything else runs on the machine.
    """
    return np.asarray(np.einsum("ij,j->i", rows, vector), dtype=np.float32)


def _rising(candidates: ArrayLike) -> NDArray[np.int64]:
    numbers = np.asarray(candidates, dtype=np.int64)
    # The store's answers rise already; to sort them again takes longer than to compare vectors.
    return numbers if (numbers[1:] > numbers[:-1]).all() else np.unique(numbers)


def _positions(held: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    at = np.searchsorted(held, wanted)
    within = at < len(held)
    return np.asarray(at[within][held[at[within]] == wanted[within]])


def normalised(vectors: Vectors) -> Vectors:
    """Scales rows to length 1; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def best(
    numbers: NDArray[np.int64], scores: Vectors, *, limit: int
) -> tuple[NDArray[np.int64], Vectors]:
    """Returns the `limit` highest scores, highest first, equal ones by ascending number."""
    if limit <= 0:
        return numbers[:0], scores[:0]
    if limit < len(scores):
        # All that tie with the last place stay in until the order by number decides.
        least = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        kept = np.flatnonzero(scores >= least)
        numbers, scores = numbers[kept], scores[kept]
    order = np.lexsort((numbers, -scores))[:limit]
    return numbers[order], scores[order]


def to_bytes(vectors: ArrayLike) -> bytes:
    """Returns rows as little-endian float16, one after the other, to be stored as a BLOB.

    Rows are independent: one document's BLOB, and several joined, read back with `from_bytes`.
    """
    return np.asarray(vectors).astype("<f2").tobytes()


def from_bytes(stored: bytes | Sequence[bytes], dimensions: int) -> Vectors:
    """Reads what `to_bytes` gave, or several such BLOBs in turn, as float32 (n, dimensions).

    Raises:
        ValueError: The length is no whole number of rows.
    """
    joined = stored if isinstance(stored, bytes) else b"".join(stored)
    if len(joined) % (2 * dimensions):
        raise ValueError(f"{len(joined)} bytes are no whole rows of {dimensions} float16 numbers")
    rows = np.frombuffer(joined, dtype="<f2").reshape(-1, dimensions)
    return rows.astype(np.float32)


def text_similarity_score(cosine: float) -> float:
    """Brings a cosine to 0..1, the scale of keyword scores, as Meilisearch does."""
    return (1.0 + max(-1.0, min(1.0, cosine))) / 2.0


def merge_hybrid(
    keyword: Iterable[Ranked], semantic: Iterable[Ranked], ratio: float
) -> list[Ranked]:
    """Merges the hits of keyword and of semantic search by weighted score.

    Meilisearch's hybrid search: both searches are run to offset + limit hits; a keyword score
    counts (1 - ratio) times, a semantic one ratio times; the lists are merged by what results, and
    a document found by both stays where it stands higher. Neither score is shifted to fit the
    other's distribution. At 0 and at 1 the other list is left out altogether.

    Args:
        keyword: (document number, score in 0..1), best first. Their order is kept.
        semantic: Likewise.
        ratio: 0 is keyword search alone, 1 meaning alone.

    Returns:
        Each document once with its weighted score, best first; of equal scores the keyword hit.
    """
    if ratio <= 0:
        return list(keyword)
    if ratio >= 1:
        return list(semantic)
    weighted = [(number, (1 - ratio) * score, 0, at) for at, (number, score) in enumerate(keyword)]
    weighted += [(number, ratio * score, 1, at) for at, (number, score) in enumerate(semantic)]
    weighted.sort(key=lambda hit: (-hit[1], hit[2], hit[3]))
    merged: dict[int, float] = {}
    for number, score, _, _ in weighted:
        merged.setdefault(number, score)
    return list(merged.items())
