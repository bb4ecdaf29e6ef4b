"""A text index in memory that finds and ranks as Meilisearch does.

>>> index = TextIndex(["name", "tags"])
>>> index.update([(1, ["Ruined castle", ["fantasy", "stone"]]), (2, ["Sand castle", ["beach"]])])
>>> index.search("fantasy castel", limit=10).numbers.tolist()
[1]
"""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenario_search.emulator.text.matches import Matches
from scenario_search.emulator.text.query import Query, parse_query, query_nodes
from scenario_search.emulator.text.ranking import rank
from scenario_search.emulator.text.segment import (
    IntArray,
    Segment,
    Text,
    build_segment,
    merge_segments,
    segment_from_bytes,
    segment_to_bytes,
)
from scenario_search.emulator.text.snapshot import Snapshot

__all__ = ["TextIndex", "TextResult"]

FORMAT = "scenario-search text index 2"
"""First words of what `TextIndex.to_bytes` writes; changes with the format and the rules."""

_UNREADABLE = f"these bytes are no whole {FORMAT!r}: index the documents again"
_MERGE_RATIO = 4


@dataclass(frozen=True, slots=True)
class TextResult:
    """What a search found.

    `numbers` are the best documents, best first (int64), `scores` (0 to 1, float64) say how well
    each fits, comparable between queries as Meilisearch's ``_rankingScore``; `total` counts all
    documents that match, as its ``estimatedTotalHits``.
    """

    numbers: IntArray
    scores: NDArray[np.float64]
    total: int


class TextIndex:
    """Texts of numbered documents, searched by words.

    `attributes` are the names of the searchable attributes, the most important first. Searches
    may run in several threads, also while another updates: each sees the index as it was when it
    began.
    """

    def __init__(self, attributes: Sequence[str]) -> None:
        self.attributes = tuple(attributes)
        self._lock = threading.Lock()
        self._snapshot = Snapshot([], [], len(self.attributes))

    def __len__(self) -> int:
        return len(self._snapshot)

    @property
    def numbers(self) -> IntArray:
        """The numbers of all documents, rising."""
        return self._snapshot.numbers

    def update(self, documents: Iterable[tuple[int, Sequence[Text]]]) -> None:
        """Adds documents, or replaces those whose number is known.

        A document is its number (documents that are equal to all rules come in the order of
        their numbers) and its text for each attribute, a string or a list of strings. Of two with
        the same number the later counts. Raises `ValueError` when a document has more or fewer
        texts than there are attributes; nothing is changed then.
        """
        segment = build_segment(dict(documents).items(), len(self.attributes))
        if len(segment):
            self._replace(segment.numbers, segment)

    def remove(self, numbers: Iterable[int]) -> None:
        """Forgets documents; unknown numbers are passed over."""
        self._replace(np.unique(np.fromiter(numbers, dtype=np.int64)), None)

    def _replace(self, gone: IntArray, new: Segment | None) -> None:
        with self._lock:
            parts: list[tuple[Segment, NDArray[np.bool_]]] = []
            for segment, mask in zip(self._snapshot.segments, self._snapshot.alive, strict=True):
                alive = mask & ~np.isin(segment.numbers, gone)
                if alive.any():
                    parts.append((segment, alive))
            if new is not None:
                parts.append((new, np.ones(len(new), dtype=bool)))
            while len(parts) > 1 and len(parts[-1][0]) * _MERGE_RATIO >= len(parts[-2][0]):
                merged = merge_segments(parts[-2:])
                parts[-2:] = [(merged, np.ones(len(merged), dtype=bool))]
            segments, alive_masks = [part[0] for part in parts], [part[1] for part in parts]
            self._snapshot = Snapshot(segments, alive_masks, len(self.attributes))

    def search(
        self,
        query: str,
        *,
        limit: int,
        candidates: NDArray[np.int64] | None = None,
        sort_rank: NDArray[np.int64] | None = None,
        sort_first: bool = False,
    ) -> TextResult:
        """The best `limit` documents for a query; any text is a query.

        `candidates` are the numbers of the documents to search in, rising; `None` is all.
        `sort_rank` orders them: one number for each candidate (for each of `numbers` when there
        are no candidates), the smaller the earlier, equal for equals. The order counts between
        the attribute and the exactness rule, or with `sort_first` before all rules. A query
        without words finds all candidates. Raises `ValueError` when `sort_rank` has another
        length than the candidates.
        """
        snapshot = self._snapshot
        universe, order = _universe(snapshot, candidates, sort_rank)
        parsed = parse_query(query)
        _exclude(snapshot, parsed, universe)
        if not parsed.terms:
            slots = np.flatnonzero(universe)
            total = len(slots)
            if order is not None:
                slots = slots[np.argsort(order[slots], kind="stable")]
            slots = slots[: max(limit, 0)]
            return TextResult(snapshot.numbers[slots], np.ones(len(slots)), total)
        matches = Matches(snapshot, query_nodes(snapshot, parsed.terms))
        ranked = rank(
            matches, parsed.terms, universe, limit, sort_rank=order, sort_first=sort_first
        )
        return TextResult(snapshot.numbers[ranked.slots], ranked.scores, ranked.total)

    def to_bytes(self) -> bytes:
        """The whole index, for `from_bytes`."""
        snapshot = self._snapshot
        parts = [
            (segment, mask) for segment, mask in zip(snapshot.segments, snapshot.alive, strict=True)
        ]
        if len(parts) > 1 or any(not mask.all() for _, mask in parts):
            body = segment_to_bytes(merge_segments(parts))
        else:
            body = segment_to_bytes(parts[0][0]) if parts else b""
        head = json.dumps({"format": FORMAT, "attributes": self.attributes}).encode()
        return head + b"\n" + body

    @classmethod
    def from_bytes(cls, data: bytes) -> TextIndex:
        """The index that `to_bytes` wrote, without reading any text again.

        Raises `ValueError` for bytes of another format or version: index the documents anew.
        """
        line, _, body = data.partition(b"\n")
        try:
            head = json.loads(line)
            known = head["format"] == FORMAT
            index = cls(head["attributes"]) if known else cls([])
            segment = segment_from_bytes(body) if known and body else None
        except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(_UNREADABLE) from error
        if not known:
            raise ValueError(_UNREADABLE)
        if segment is not None:
            alive = np.ones(len(segment), dtype=bool)
            index._snapshot = Snapshot([segment], [alive], len(index.attributes))
        return index


def _universe(
    snapshot: Snapshot, candidates: IntArray | None, sort_rank: IntArray | None
) -> tuple[NDArray[np.bool_], IntArray | None]:
    """The documents to search, a mask by slot, and their sort ranks by slot."""
    numbers = snapshot.numbers if candidates is None else np.asarray(candidates, dtype=np.int64)
    if sort_rank is not None and len(sort_rank) != len(numbers):
        msg = f"sort_rank has {len(sort_rank)} numbers for {len(numbers)} candidates"
        raise ValueError(msg)
    # Usually all documents are candidates, and a comparison costs far less than a binary search.
    if np.array_equal(numbers, snapshot.numbers):
        order = None if sort_rank is None else np.asarray(sort_rank, dtype=np.int64)
        return np.ones(len(snapshot), dtype=bool), order
    slots = np.searchsorted(snapshot.numbers, numbers)
    known = slots < len(snapshot)
    known[known] = snapshot.numbers[slots[known]] == numbers[known]
    slots = slots[known]
    universe = np.zeros(len(snapshot), dtype=bool)
    universe[slots] = True
    if sort_rank is None:
        return universe, None
    order = np.zeros(len(snapshot), dtype=np.int64)
    order[slots] = np.asarray(sort_rank, dtype=np.int64)[known]
    return universe, order


def _exclude(snapshot: Snapshot, query: Query, universe: NDArray[np.bool_]) -> None:
    for words in query.excluded:
        universe[snapshot.phrase_slots(words)] = False
