from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from scenario_search.emulator.text.segment import (
    MAX_COUNTED_WORDS,
    POSITION_BITS,
    Segment,
    build_segment,
    merge_segments,
    segment_from_bytes,
    segment_to_bytes,
)

Documents = dict[int, tuple[str, list[str]]]


def contents(segment: Segment) -> dict[tuple[int, int, int], str]:
    """The word at each document, attribute and position."""
    found = {}
    for w, word in enumerate(segment.words):
        for i in range(segment.starts[w], segment.starts[w + 1]):
            place = int(segment.places[i])
            document = int(segment.numbers[segment.documents[i]])
            where = (document, place >> POSITION_BITS, place & ((1 << POSITION_BITS) - 1))
            found[where] = word
    return found


def test_words_have_their_place() -> None:
    segment = build_segment([(7, ["b a", ["x", "y z"]]), (3, ["", "b. b"])], 2)
    assert contents(segment) == {
        (7, 0, 0): "b",
        (7, 0, 1): "a",
        (7, 1, 0): "x",
        (7, 1, 8): "y",
        (7, 1, 9): "z",
        (3, 1, 0): "b",
        (3, 1, 8): "b",
    }
    assert segment.numbers.tolist() == [3, 7]
    assert segment.words == ["a", "b", "x", "y", "z"]
    assert segment.lengths.tolist() == [[0, 2], [2, 3]]


def test_leading_separators_take_no_position() -> None:
    assert contents(build_segment([(1, ["!! a"])], 1)) == {(1, 0, 0): "a"}


def test_long_attributes_are_counted_no_further() -> None:
    segment = build_segment([(1, ["a " * 500])], 1)
    assert segment.lengths.tolist() == [[MAX_COUNTED_WORDS + 1]]


@pytest.mark.parametrize("texts", [[], ["a"], ["a", "b", "c"]])
def test_the_number_of_texts_is_checked(texts: list[str]) -> None:
    with pytest.raises(ValueError, match="the index 2 attributes"):
        build_segment([(1, texts)], 2)


TEXTS = st.lists(st.sampled_from(["a", "b", "ab", "c,", "\u00e9!"]), max_size=5).map(" ".join)
DOCUMENTS = st.dictionaries(st.integers(0, 20), st.tuples(TEXTS, st.lists(TEXTS, max_size=2)))


@given(DOCUMENTS, DOCUMENTS, st.sets(st.integers(0, 20)))
def test_a_merge_is_the_segment_of_the_documents_kept(
    old: Documents, new: Documents, gone: set[int]
) -> None:
    kept = {number: texts for number, texts in old.items() if number not in gone | new.keys()}
    parts = [build_segment(old.items(), 2), build_segment(new.items(), 2)]
    alive = [np.isin(parts[0].numbers, list(kept)), np.ones(len(new), dtype=bool)]
    merged = merge_segments(list(zip(parts, alive, strict=True)))
    fresh = build_segment((kept | new).items(), 2)
    assert contents(merged) == contents(fresh)
    assert merged.words == fresh.words
    assert merged.numbers.tolist() == fresh.numbers.tolist()
    assert merged.lengths.tolist() == fresh.lengths.tolist()


@given(DOCUMENTS)
def test_bytes_bring_a_segment_back(documents: Documents) -> None:
    segment = build_segment(documents.items(), 2)
    again = segment_from_bytes(segment_to_bytes(segment))
    assert contents(again) == contents(segment)
    assert again.words == segment.words
    assert again.lengths.tolist() == segment.lengths.tolist()
