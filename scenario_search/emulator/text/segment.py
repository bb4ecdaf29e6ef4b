"""Immutable posting lists: which words stand where in a set of documents."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenario_search.emulator.text.tokens import HARD_BREAK, MAX_WORD_BYTES, document_tokens

__all__ = [
    "MAX_COUNTED_WORDS",
    "POSITION_BITS",
    "IntArray",
    "Segment",
    "Text",
    "build_segment",
    "merge_segments",
    "segment_from_bytes",
    "segment_to_bytes",
]

IntArray = NDArray[np.int64]

POSITION_BITS = 17
"""Bits of a place that hold the position; what is above them is the attribute's number."""

MAX_POSITION = 65_535
"""The last position of an attribute that is indexed, as in Meilisearch."""

MAX_COUNTED_WORDS = 30
"""An attribute with more words can't equal a query, as in Meilisearch."""

Text = str | Sequence[str]


class _WordNumbers(dict[str, int]):
    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


@dataclass(frozen=True, slots=True)
class Segment:
    """The postings of some documents, sorted by word, document and place.

    `numbers` are the documents' numbers, rising. The occurrences of `words[i]` are
    `starts[i]:starts[i + 1]` of `documents` (indexes into `numbers`) and of `places` (the number
    of the attribute above `POSITION_BITS` bits of position). `lengths[d, a]` counts the words of
    an attribute, up to `MAX_COUNTED_WORDS` + 1.
    """

    numbers: IntArray
    words: list[str]
    starts: IntArray
    documents: NDArray[np.int32]
    places: NDArray[np.int32]
    lengths: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.numbers)


def build_segment(documents: Iterable[tuple[int, Sequence[Text]]], attributes: int) -> Segment:
    """Indexes documents given as (number, text of each attribute); numbers must differ."""
    ordered = sorted(documents, key=lambda document: document[0])
    word_numbers = _WordNumbers({HARD_BREAK: 0})
    number_of = word_numbers.__getitem__
    tokens: list[int] = []
    field_sizes: list[int] = []
    for number, texts in ordered:
        if len(texts) != attributes:
            msg = f"document {number} has {len(texts)} texts, the index {attributes} attributes"
            raise ValueError(msg)
        for text in texts:
            before = len(tokens)
            tokens.extend(map(number_of, document_tokens(text)))
            field_sizes.append(len(tokens) - before)
    return _assemble(
        np.array([number for number, _ in ordered], dtype=np.int64),
        np.array(tokens, dtype=np.int64),
        np.array(field_sizes, dtype=np.int64),
        list(word_numbers),
        attributes,
    )


def _assemble(
    numbers: IntArray, tokens: IntArray, sizes: IntArray, vocabulary: list[str], attributes: int
) -> Segment:
    field = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    is_word = tokens != 0
    breaks = np.cumsum(~is_word)[is_word]
    words, field = tokens[is_word], field[is_word]
    starts_field = np.ones(len(words), dtype=bool)
    starts_field[1:] = field[1:] != field[:-1]
    # A word stands 1 after the one before it, or 8 where a hard separator is between them. What
    # a field begins with is subtracted again, since its positions start anew.
    step = np.ones(len(words), dtype=np.int64)
    step[1:][breaks[1:] != breaks[:-1]] = 8
    running = np.cumsum(step)
    positions = running - np.repeat(
        running[starts_field], np.diff(np.append(np.flatnonzero(starts_field), len(words)))
    )
    indexed = np.array([len(w.encode()) <= MAX_WORD_BYTES for w in vocabulary], dtype=bool)
    kept = indexed[words] & (positions <= MAX_POSITION)
    words, field, positions = words[kept], field[kept], positions[kept]

    counts = np.bincount(field, minlength=len(sizes))
    lengths = np.minimum(counts, MAX_COUNTED_WORDS + 1).astype(np.uint8)
    used = np.flatnonzero(np.bincount(words, minlength=len(vocabulary)))
    by_spelling = sorted(used.tolist(), key=vocabulary.__getitem__)
    rank = np.zeros(len(vocabulary), dtype=np.int64)
    rank[by_spelling] = np.arange(len(by_spelling))
    ranks = rank[words]
    # One sort of packed integers is many times faster than a stable argsort.
    packed = (ranks << 32) | np.arange(len(ranks), dtype=np.int64)
    packed.sort()
    order = packed & 0xFFFFFFFF
    attribute = field % max(attributes, 1)
    return Segment(
        numbers=numbers,
        words=[vocabulary[i] for i in by_spelling],
        starts=np.searchsorted(packed >> 32, np.arange(len(by_spelling) + 1)),
        documents=(field // max(attributes, 1))[order].astype(np.int32),
        places=((attribute << POSITION_BITS) | positions)[order].astype(np.int32),
        lengths=lengths.reshape(len(numbers), attributes),
    )


def merge_segments(parts: Sequence[tuple[Segment, NDArray[np.bool_]]]) -> Segment:
    """One segment of the documents of several; each mask says which documents to keep."""
    numbers = np.concatenate([segment.numbers[alive] for segment, alive in parts])
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    words = sorted(set().union(*(segment.words for segment, _ in parts)))
    index = {word: i for i, word in enumerate(words)}
    keys, places = [], []
    for segment, alive in parts:
        word = np.fromiter((index[w] for w in segment.words), np.int64, len(segment.words))
        words_here = np.repeat(word, np.diff(segment.starts))
        kept = alive[segment.documents]
        document = np.searchsorted(numbers, segment.numbers)[segment.documents[kept]]
        keys.append(words_here[kept] * len(numbers) + document)
        places.append(segment.places[kept])
    key = np.concatenate(keys)
    # The parts are sorted already, which makes a stable sort a merge.
    by_key = np.argsort(key, kind="stable")
    key = key[by_key]
    word_of = key // max(len(numbers), 1)
    used, first = np.unique(word_of, return_index=True)
    lengths = np.concatenate([segment.lengths[alive] for segment, alive in parts])
    return Segment(
        numbers=numbers,
        words=[words[i] for i in used.tolist()],
        starts=np.append(first, len(key)).astype(np.int64),
        documents=(key % max(len(numbers), 1)).astype(np.int32),
        places=np.concatenate(places)[by_key],
        lengths=lengths[order],
    )


def segment_to_bytes(segment: Segment) -> bytes:
    """The segment as an uncompressed ``.npz`` archive."""
    stream = io.BytesIO()
    np.savez(
        stream,
        numbers=segment.numbers,
        words=np.frombuffer("\0".join(segment.words).encode(), dtype=np.uint8),
        starts=segment.starts,
        documents=segment.documents,
        places=segment.places,
        lengths=segment.lengths,
    )
    return stream.getvalue()


def segment_from_bytes(data: bytes) -> Segment:
    """What `segment_to_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        text = arrays["words"].tobytes().decode()
        return Segment(
            numbers=arrays["numbers"],
            words=text.split("\0") if text else [],
            starts=arrays["starts"],
            documents=arrays["documents"],
            places=arrays["places"],
            lengths=arrays["lengths"],
        )
