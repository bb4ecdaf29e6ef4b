"""One unchanging state of the text index, which searches read while updates go on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenario_search.emulator.text.segment import POSITION_BITS, IntArray, Segment

__all__ = ["LETTERS", "Snapshot", "letters_of", "sort_keys"]

_REMEMBERED_WORDS = 32

LETTERS = 24
"""The characters of a word that are kept ready for `Snapshot.letters`."""
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment with the documents that are still alive in it.

    `slots` maps the segment's documents to the snapshot's, -1 for a dead one; `None` means that
    they are the same.
    """

    segment: Segment
    slots: NDArray[np.int32] | None


class Snapshot:
    """The live documents and words of some segments.

    Documents are addressed by slot, their rank among the live document numbers; words by index
    in `words`, which is sorted. A place key (`place_keys`) is ``slot << place_bits | place``.
    """

    def __init__(
        self, segments: Sequence[Segment], alive: Sequence[NDArray[np.bool_]], attributes: int
    ) -> None:
        self.segments = tuple(segments)
        self.alive = tuple(alive)
        self.attributes = attributes
        self.place_bits = POSITION_BITS + max(attributes, 1).bit_length()
        parts = [segment.numbers[mask] for segment, mask in zip(segments, alive, strict=True)]
        self.numbers: IntArray = np.sort(np.concatenate([np.empty(0, np.int64), *parts]))
        self.lengths = np.zeros((len(self.numbers), attributes), dtype=np.uint8)
        self._views: list[SegmentView] = []
        self.words: list[str] = []
        for segment, mask in zip(segments, alive, strict=True):
            slots = np.searchsorted(self.numbers, segment.numbers).astype(np.int32)
            slots[~mask] = -1
            self.lengths[slots[mask]] = segment.lengths[mask]
            same = len(segment) == len(self.numbers) and bool(mask.all())
            self._views.append(SegmentView(segment, None if same else slots))
            self._add_words(_live_words(segment, mask))
        self._letters: dict[str, NDArray[np.uint32]] = {}
        self._place_keys: dict[str, IntArray] = {}
        # The readings of words that queries share: pages of a walk, search as you type.
        self.readings: dict[tuple[object, ...], Any] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def _add_words(self, words: list[str]) -> None:
        if not self.words:
            self.words = words
            return
        known = set(self.words) if len(words) > len(self.words) // 8 else None
        new = [w for w in words if (w not in known if known is not None else self.find(w) < 0)]
        # Two sorted runs: the sort merges them.
        self.words = sorted(self.words + new)

    def find(self, word: str) -> int:
        """The index of a word, -1 if no document has it."""
        i = bisect_left(self.words, word)
        return i if i < len(self.words) and self.words[i] == word else -1

    def prefix_range(self, prefix: str) -> tuple[int, int]:
        """The words that start with `prefix`: from and up to which index."""
        low = bisect_left(self.words, prefix)
        return low, bisect_left(self.words, prefix + _LAST_CHARACTER, low)

    def occurrences(self, low: int, high: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Slots and places of all occurrences of the words `low` up to `high`.

        Sorted by slot and place only for one word in a snapshot of one segment.
        """
        if low >= high:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        parts = []
        for view in self._views:
            segment = view.segment
            first = bisect_left(segment.words, self.words[low])
            last = first
            if high == low + 1:
                if first < len(segment.words) and segment.words[first] == self.words[low]:
                    last = first + 1
            else:
                last = bisect_left(segment.words, self.words[high - 1] + "\0", first)
            if first == last:
                continue
            run = slice(segment.starts[first], segment.starts[last])
            slots, places = segment.documents[run], segment.places[run]
            if view.slots is not None:
                slots = view.slots[slots]
                if not slots.size or slots.min() < 0:
                    kept = slots >= 0
                    slots, places = slots[kept], places[kept]
            parts.append((slots, places))
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        return np.concatenate([f[0] for f in parts]), np.concatenate([f[1] for f in parts])

    def place_keys(self, word: str) -> IntArray:
        """Sorted place keys of a word."""
        known = self._place_keys.get(word)
        if known is not None:
            return known
        i = self.find(word)
        if i < 0:
            return np.empty(0, np.int64)
        slots, places = self.occurrences(i, i + 1)
        keys = sort_keys((slots.astype(np.int64) << self.place_bits) | places)
        if len(self._place_keys) >= _REMEMBERED_WORDS:
            self._place_keys.clear()
        self._place_keys[word] = keys
        return keys

    def slots_within(self, first: str, second: str, distance: int) -> IntArray:
        """The documents in which `second` follows `first` by at most `distance` positions."""
        before, after = self.place_keys(first), self.place_keys(second)
        if not before.size or not after.size:
            return np.empty(0, np.int64)
        if before.size <= after.size:
            nearest = np.searchsorted(after, before, side="right")
            near = nearest < after.size
            near[near] = after[nearest[near]] - before[near] <= distance
            return _distinct(before[near] >> self.place_bits)
        nearest = np.searchsorted(before, after, side="left") - 1
        near = nearest >= 0
        near[near] = after[near] - before[nearest[near]] <= distance
        return _distinct(after[near] >> self.place_bits)

    def phrase_slots(self, words: Sequence[str]) -> IntArray:
        """The documents that hold a phrase.

        As in Meilisearch: neighbours stand next to each other, and words with one word between
        them are at most two apart; it is not asked that all stand in one row.
        """
        if len(words) == 1:
            return _distinct(self.place_keys(words[0]) >> self.place_bits)
        pairs = [
            (first, second, gap)
            for gap in (1, 2)
            for first, second in zip(words, words[gap:], strict=False)
        ]
        holding: IntArray | None = None
        for first, second, gap in dict.fromkeys(pairs):
            slots = self.slots_within(first, second, gap)
            holding = (
                slots if holding is None else np.intersect1d(holding, slots, assume_unique=True)
            )
            if not holding.size:
                break
        return holding if holding is not None else np.empty(0, np.int64)

    def letters(self, low: int, high: int) -> NDArray[np.uint32]:
        """Characters of the words `low` up to `high`, which share their first character.

        Shape (`LETTERS`, words), zero past a word's end; longer words are cut.
        """
        first = self.words[low][0]
        if first not in self._letters:
            self._letters[first] = letters_of(self.words[low:high], LETTERS)
        return self._letters[first]


def letters_of(words: Sequence[str], width: int) -> NDArray[np.uint32]:
    """Characters of words, shape (`width`, words), zero past a word's end."""
    rows = np.array(words, dtype=f"U{width}").view(np.uint32)
    return np.ascontiguousarray(rows.reshape(len(words), width).T)


def sort_keys(keys: IntArray) -> IntArray:
    """Keys in rising order; they mostly are, as documents mostly come in their order."""
    return np.sort(keys) if (keys[1:] < keys[:-1]).any() else keys


def _distinct(rising: IntArray) -> IntArray:
    first = np.ones(len(rising), dtype=bool)
    first[1:] = rising[1:] != rising[:-1]
    return rising[first]


def _live_words(segment: Segment, alive: NDArray[np.bool_]) -> list[str]:
    dead = np.flatnonzero(~alive[segment.documents])
    if not dead.size:
        return segment.words
    # Only the words of dead documents can have died.
    doubtful = np.unique(np.searchsorted(segment.starts, dead, side="right") - 1)
    gone = {
        i
        for i in doubtful.tolist()
        if not alive[segment.documents[segment.starts[i] : segment.starts[i + 1]]].any()
    }
    return [word for i, word in enumerate(segment.words) if i not in gone]
