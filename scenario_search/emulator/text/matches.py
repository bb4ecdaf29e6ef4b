"""Which documents match the readings of a query, with how many typos, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenario_search.emulator.text.query import Node, Pattern
from scenario_search.emulator.text.segment import IntArray
from scenario_search.emulator.text.snapshot import Snapshot, sort_keys

__all__ = ["Matches", "PatternPlaces"]

ABSENT = 9
"""The typo count of a document that does not match a node."""


@dataclass(frozen=True, slots=True)
class PatternPlaces:
    """Places of a pattern in some documents, as sorted keys: document ``<< place_bits`` | place.

    `beginnings` are those of its words, common prefix and first words of phrases, `ends` of its
    words and last words of phrases, `words` of its words alone.
    """

    beginnings: IntArray
    ends: IntArray
    words: IntArray

    def of_documents(self, keep: NDArray[np.bool_], bits: int) -> PatternPlaces:
        """The places in the documents that `keep` masks, which are numbered anew."""
        number = np.cumsum(keep) - 1

        def kept(keys: IntArray) -> IntArray:
            document = keys >> bits
            keys, document = keys[keep[document]], document[keep[document]]
            moved: IntArray = keys + ((number[document] - document) << bits)
            return moved

        words = kept(self.words)
        return PatternPlaces(
            beginnings=words if self.beginnings is self.words else kept(self.beginnings),
            ends=words if self.ends is self.words else kept(self.ends),
            words=words,
        )


class Matches:
    """The documents of a snapshot that match the nodes of a query.

    `nodes` are those that some document matches.
    """

    def __init__(self, snapshot: Snapshot, nodes: Sequence[Node]) -> None:
        self.snapshot = snapshot
        self._phrases: dict[tuple[str, ...], IntArray] = {}
        self._typos: dict[Pattern, NDArray[np.uint8]] = {}
        for node in nodes:
            if node.pattern not in self._typos:
                self._typos[node.pattern] = self._count_typos(node.pattern)
        self.nodes = [
            node for node in nodes if self._typos[node.pattern].min(initial=ABSENT) < ABSENT
        ]

    def _count_typos(self, pattern: Pattern) -> NDArray[np.uint8]:
        typos = np.full(len(self.snapshot), ABSENT, dtype=np.uint8)
        for count in (2, 1, 0):
            for run in pattern.spellings[count].runs:
                typos[self.snapshot.occurrences(*run)[0]] = count
            for phrase in pattern.spellings[count].phrases:
                typos[self._phrase_slots(phrase)] = count
        typos[self.snapshot.occurrences(*pattern.prefix_run)[0]] = 0
        return typos

    def _phrase_slots(self, phrase: tuple[str, ...]) -> IntArray:
        if phrase not in self._phrases:
            self._phrases[phrase] = self.snapshot.phrase_slots(phrase)
        return self._phrases[phrase]

    def typos_of(self, pattern: Pattern) -> NDArray[np.uint8]:
        """The fewest typos of a pattern in each document, by slot; `ABSENT` where it is not."""
        return self._typos[pattern]

    def of(self, node: Node) -> NDArray[np.bool_]:
        """The documents that match a node, a mask by slot."""
        matching: NDArray[np.bool_] = self._typos[node.pattern] < ABSENT
        return matching

    def starting_at(self, term: int) -> list[Node]:
        """The nodes that read the query from the term with this number on."""
        return [node for node in self.nodes if node.first == term]

    def holding_word(self, word: str) -> NDArray[np.bool_]:
        """The documents that hold a word to the letter, a mask by slot."""
        holding = np.zeros(len(self.snapshot), dtype=bool)
        i = self.snapshot.find(word)
        holding[self.snapshot.occurrences(i, i + 1)[0]] = True
        return holding

    def places(self, pattern: Pattern, slots: IntArray) -> PatternPlaces:
        """Where a pattern stands in the documents `slots`, in its spellings with fewest typos.

        The documents of the keys are indexes into `slots`.
        """
        snapshot = self.snapshot
        document = np.full(len(snapshot), -1, dtype=np.int32)
        document[slots] = np.arange(len(slots), dtype=np.int32)
        typos = self.typos_of(pattern)
        words, firsts, lasts = [], [], []

        def keys(runs: Sequence[tuple[int, int]], wanted: NDArray[np.int32]) -> IntArray:
            occurrences = [snapshot.occurrences(*run) for run in runs]
            at, places = occurrences[0]
            if len(occurrences) > 1:
                at = np.concatenate([slots for slots, _ in occurrences])
                places = np.concatenate([here for _, here in occurrences])
            document_here = wanted[at]
            kept = document_here >= 0
            here = document_here[kept].astype(np.int64)
            place_keys: IntArray = (here << snapshot.place_bits) | places[kept]
            return place_keys

        for count in np.unique(typos[slots]).tolist():
            if count == ABSENT:
                continue
            spellings = pattern.spellings[count]
            wanted = np.where(typos == count, document, np.int32(-1))
            if spellings.runs:
                words.append(keys(spellings.runs, wanted))
            for phrase in spellings.phrases:
                within = np.full(len(snapshot), -1, dtype=np.int32)
                holding = self._phrase_slots(phrase)
                within[holding] = wanted[holding]
                first, last = snapshot.find(phrase[0]), snapshot.find(phrase[-1])
                if holding.size:
                    firsts.append(keys([(first, first + 1)], within))
                    lasts.append(keys([(last, last + 1)], within))
            if count == 0 and pattern.prefix_run[0] < pattern.prefix_run[1]:
                firsts.append(keys([pattern.prefix_run], wanted))
        alone = _joined(words)
        return PatternPlaces(
            beginnings=_joined([alone, *firsts]) if firsts else alone,
            ends=_joined([alone, *lasts]) if lasts else alone,
            words=alone,
        )


def _joined(parts: Sequence[IntArray]) -> IntArray:
    if not parts:
        return np.empty(0, np.int64)
    return sort_keys(parts[0] if len(parts) == 1 else np.concatenate(parts))
