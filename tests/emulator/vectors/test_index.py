from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import ArrayLike, NDArray

from scenario_search.emulator.vectors.index import (
    Ranked,
    VectorIndex,
    Vectors,
    best,
    from_bytes,
    merge_hybrid,
    text_similarity_score,
    to_bytes,
)


def filled(rows: int = 50, dimensions: int = 8) -> tuple[VectorIndex, np.ndarray]:
    vectors = np.random.default_rng(1).normal(size=(rows, dimensions)).astype(np.float32)
    index = VectorIndex(dimensions)
    index.update(np.arange(rows), vectors)
    return index, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest(
    index: VectorIndex, vector: ArrayLike, limit: int, candidates: list[int] | None = None
) -> tuple[NDArray[np.int64], Vectors]:
    return best(*index.similarities(vector, candidates=candidates), limit=limit)


def test_the_nearest_come_first_with_their_cosines() -> None:
    index, vectors = filled()
    numbers, cosines = nearest(index, vectors[7] * 3, limit=10)
    expected = vectors @ vectors[7]
    assert numbers.tolist() == np.argsort(-expected)[:10].tolist()
    assert np.allclose(cosines, expected[numbers], atol=1e-6)


def test_equally_near_documents_come_by_number_even_at_the_limit() -> None:
    index = VectorIndex(2)
    index.update([9, 3, 5, 1], [[1, 0], [1, 0], [1, 0], [0, 1]])
    assert nearest(index, [1, 0], limit=2)[0].tolist() == [3, 5]


@pytest.mark.parametrize(
    "candidates",
    [[4, 2], [2, 4, 4], [*range(0, 50, 2), 999, -1], list(range(50)), list(range(50))[::-1]],
)
def test_only_candidates_are_found(candidates: list[int]) -> None:
    index, vectors = filled()
    numbers, cosines = nearest(index, vectors[3], candidates=candidates, limit=100)
    held = sorted(set(candidates) & set(range(50)))
    assert sorted(numbers.tolist()) == held
    assert np.allclose(cosines, vectors[numbers] @ vectors[3], atol=1e-6)


def test_no_candidates_find_nothing() -> None:
    index, vectors = filled()
    assert nearest(index, vectors[3], candidates=[], limit=5)[0].tolist() == []


def test_a_zero_vector_is_like_nothing() -> None:
    index, _ = filled()
    assert len(nearest(index, np.zeros(8), limit=5)[0]) == 0


def test_an_update_replaces_a_vector() -> None:
    index, _ = filled()
    index.update([3], [np.eye(8)[0]])
    assert len(index) == 50
    assert nearest(index, np.eye(8)[0], limit=1)[0].tolist() == [3]


def test_removed_documents_are_not_found_and_can_be_added_again() -> None:
    index, vectors = filled()
    index.remove([3, 4, 700])
    assert index.get(3) is None
    assert 3 not in nearest(index, vectors[3], limit=50)[0]
    index.update([3], vectors[3:4])
    found = index.get(3)
    assert found is not None
    assert np.allclose(found, vectors[3])
    assert index.numbers.tolist() == [n for n in range(50) if n != 4]


def test_what_get_returns_is_a_copy() -> None:
    index, vectors = filled()
    got = index.get(3)
    assert got is not None
    got[:] = 0
    assert nearest(index, vectors[3], limit=1)[0].tolist() == [3]


@pytest.mark.parametrize(
    ("numbers", "vectors", "message"),
    [
        ([1], [[1.0, 2.0, 3.0]], "shape"),
        ([1, 2], [[1.0, 2.0]], "shape"),
        ([1, 1], [[1.0, 2.0], [1.0, 2.0]], "twice"),
        ([1], [[1.0, np.nan]], "finite"),
    ],
)
def test_bad_vectors_are_refused(
    numbers: list[int], vectors: list[list[float]], message: str
) -> None:
    index = VectorIndex(2)
    with pytest.raises(ValueError, match=message):
        index.update(numbers, vectors)
    assert len(index) == 0


def test_readers_see_whole_states_while_documents_are_added() -> None:
    index = VectorIndex(4)
    torn: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            numbers, cosines = index.similarities([1, 0, 0, 0])
            if len(numbers) % 10 or not np.allclose(cosines, 1):
                torn.append(len(numbers))

    reader = threading.Thread(target=read)
    reader.start()
    for start in range(0, 2000, 10):
        index.update(range(start, start + 10), np.tile([1, 0, 0, 0], (10, 1)))
    done.set()
    reader.join()
    assert torn == []
    assert len(index) == 2000


@given(st.lists(st.tuples(st.sampled_from("ur"), st.integers(0, 20)), max_size=30))
def test_the_index_holds_what_a_dict_would(changes: list[tuple[str, int]]) -> None:
    index = VectorIndex(3)
    expected: dict[int, list[float]] = {}
    for at, (change, number) in enumerate(changes):
        if change == "u":
            expected[number] = [1.0, at, 0.0]
            index.update([number], [expected[number]])
        else:
            expected.pop(number, None)
            index.remove([number])
    assert index.numbers.tolist() == sorted(expected)
    for number, vector in expected.items():
        got = index.get(number)
        assert got is not None
        assert np.allclose(got, np.array(vector) / np.linalg.norm(vector), atol=1e-6)


@given(st.lists(st.integers(0, 5), max_size=20), st.integers(0, 25))
def test_best_agrees_with_a_full_sort(scores: list[int], limit: int) -> None:
    numbers = np.arange(len(scores))[::-1] * 2
    got = best(numbers, np.array(scores, dtype=np.float32), limit=limit)[0]
    pairs = sorted(zip(scores, numbers.tolist(), strict=True), key=lambda hit: (-hit[0], hit[1]))
    assert got.tolist() == [number for _, number in pairs[:limit]]


def test_stored_rows_come_back_singly_and_joined() -> None:
    rows = np.array([[0.5, -0.25], [1.0, 0.125]], dtype=np.float32)
    assert from_bytes(to_bytes(rows), 2).tolist() == rows.tolist()
    assert from_bytes([to_bytes(row) for row in rows], 2).tolist() == rows.tolist()


def test_stored_bytes_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="whole rows"):
        from_bytes(b"123456", 2)


KEYWORD: list[Ranked] = [(1, 1.0), (2, 0.8), (3, 0.3)]
SEMANTIC: list[Ranked] = [(4, 0.9), (2, 0.7), (5, 0.6)]


def test_ratio_zero_is_keyword_search_and_one_is_meaning() -> None:
    assert merge_hybrid(KEYWORD, SEMANTIC, 0) == KEYWORD
    assert merge_hybrid(KEYWORD, SEMANTIC, 1) == SEMANTIC


def test_scores_are_weighted_and_a_document_of_both_stands_where_it_scores_higher() -> None:
    merged = merge_hybrid(KEYWORD, SEMANTIC, 0.5)
    assert [number for number, _ in merged] == [1, 4, 2, 5, 3]
    assert dict(merged)[2] == pytest.approx(0.4)


ranked = st.lists(st.integers(0, 12), unique=True, max_size=8).flatmap(
    lambda numbers: st.lists(st.floats(0, 1), min_size=len(numbers), max_size=len(numbers)).map(
        lambda scores: list(zip(numbers, sorted(scores, reverse=True), strict=True))
    )
)


@given(ranked, ranked, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_semantic_hits_move_up_with_the_ratio(
    keyword: list[Ranked], semantic: list[Ranked], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    only_keyword = {number for number, _ in keyword} - {number for number, _ in semantic}
    only_semantic = {number for number, _ in semantic} - {number for number, _ in keyword}
    before = [number for number, _ in merge_hybrid(keyword, semantic, low)]
    after = [number for number, _ in merge_hybrid(keyword, semantic, high)]
    for meant in only_semantic:
        for matched in only_keyword:
            if before.index(meant) < before.index(matched):
                assert after.index(meant) < after.index(matched)


@given(ranked, ranked, st.floats(0, 1))
def test_a_merge_holds_each_document_once(
    keyword: list[Ranked], semantic: list[Ranked], ratio: float
) -> None:
    numbers = [number for number, _ in merge_hybrid(keyword, semantic, ratio)]
    assert len(numbers) == len(set(numbers))


def test_a_cosine_becomes_a_score_from_nought_to_one() -> None:
    assert [text_similarity_score(cosine) for cosine in (-1.0, 0.0, 1.00001)] == [0.0, 0.5, 1.0]
