from __future__ import annotations

import numpy as np

from scenario_search.emulator.text.segment import Segment, build_segment
from scenario_search.emulator.text.snapshot import Snapshot, letters_of


def snapshot_of(*batches: dict[int, str], gone: tuple[int, ...] = ()) -> Snapshot:
    """One segment for each batch; documents in `gone` are dead."""
    segments: list[Segment] = [
        build_segment(((number, [text]) for number, text in batch.items()), 1) for batch in batches
    ]
    alive = [~np.isin(segment.numbers, gone) for segment in segments]
    return Snapshot(segments, alive, 1)


def test_segments_are_seen_as_one() -> None:
    snapshot = snapshot_of({5: "sun castle", 9: "castle"}, {7: "castle moon"})
    assert snapshot.numbers.tolist() == [5, 7, 9]
    assert snapshot.words == ["castle", "moon", "sun"]
    castle = snapshot.find("castle")
    slots, places = snapshot.occurrences(castle, castle + 1)
    assert sorted(zip(slots.tolist(), places.tolist(), strict=True)) == [(0, 1), (1, 0), (2, 0)]
    assert snapshot.lengths[:, 0].tolist() == [2, 2, 1]


def test_dead_documents_and_their_words_are_not_seen() -> None:
    snapshot = snapshot_of({1: "sun castle", 2: "castle"}, gone=(1,))
    assert snapshot.numbers.tolist() == [2]
    assert snapshot.words == ["castle"]
    assert snapshot.find("sun") == -1
    assert snapshot.occurrences(0, 1)[0].tolist() == [0]


def test_a_prefix_is_a_range_of_words() -> None:
    snapshot = snapshot_of({1: "car cart carts cat dog"}, {2: "carbon"})
    low, high = snapshot.prefix_range("car")
    assert snapshot.words[low:high] == ["car", "carbon", "cart", "carts"]
    assert sorted(snapshot.occurrences(low, high)[0].tolist()) == [0, 0, 0, 1]
    low, high = snapshot.prefix_range("x")
    assert low == high


def test_place_keys_rise_also_over_segments_out_of_order() -> None:
    snapshot = snapshot_of({5: "a a", 9: "a"}, {1: "a", 7: "a a"})
    keys = snapshot.place_keys("a")
    assert (keys >> snapshot.place_bits).tolist() == [0, 1, 1, 2, 2, 3]
    assert (np.diff(keys) > 0).all()


def test_words_within_a_distance() -> None:
    texts = {1: "sun castle", 2: "sun big castle", 3: "castle sun", 4: "sun. castle", 5: "sun"}
    snapshot = snapshot_of(texts)
    assert snapshot.slots_within("sun", "castle", 1).tolist() == [0]
    assert snapshot.slots_within("sun", "castle", 2).tolist() == [0, 1]
    assert snapshot.slots_within("castle", "sun", 1).tolist() == [2]
    assert snapshot.slots_within("sun", "none", 1).tolist() == []


def test_a_word_is_not_its_own_neighbour() -> None:
    assert snapshot_of({1: "sun", 2: "sun sun"}).slots_within("sun", "sun", 1).tolist() == [1]


def test_letters_are_cut_and_padded() -> None:
    assert letters_of(["ab", "abcd"], 3).T.tolist() == [[97, 98, 0], [97, 98, 99]]
