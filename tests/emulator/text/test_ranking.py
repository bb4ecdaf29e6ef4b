from __future__ import annotations

import numpy as np

from scenario_search.emulator.text.index import TextIndex
from scenario_search.emulator.text.segment import Text


def index_of(*texts: Text) -> TextIndex:
    """Documents 1, 2, 3 ... of one attribute."""
    index = TextIndex(["text"])
    index.update((number, [text]) for number, text in enumerate(texts, start=1))
    return index


def hits(index: TextIndex, query: str) -> list[int]:
    numbers: list[int] = index.search(query, limit=100).numbers.tolist()
    return numbers


def test_documents_with_more_words_come_first() -> None:
    assert hits(index_of("castle", "castle dragon"), "castle dragon") == [2, 1]


def test_then_fewer_typos() -> None:
    assert hits(index_of("castel", "castle"), "castle") == [2, 1]


def test_then_nearer_words() -> None:
    texts = ["castle of the red dragon", "castle dragon", "castle big dragon"]
    assert hits(index_of(*texts), "castle dragon") == [2, 3, 1]


def test_words_in_the_wrong_order_count_as_one_farther() -> None:
    texts = ["castle big old dragon", "dragon castle", "castle dragon"]
    assert hits(index_of(*texts), "castle dragon") == [3, 2, 1]


def test_then_the_more_important_attribute() -> None:
    index = TextIndex(["name", "prompt"])
    index.update([(1, ["", "castle"]), (2, ["old castle", ""])])
    assert hits(index, "castle") == [2, 1]


def test_then_the_place_in_the_attribute() -> None:
    assert hits(index_of("old castle here", "castle old here"), "castle") == [2, 1]


def test_late_places_are_told_apart_coarsely() -> None:
    def castle_at(*positions: int) -> TextIndex:
        return index_of(*("x " * position + "castle" for position in positions))

    assert hits(castle_at(1100, 600), "castle") == [2, 1]
    assert hits(castle_at(30, 20), "castle") == [2, 1]
    assert hits(castle_at(23, 17), "castle") == [1, 2]


def test_then_exactness() -> None:
    index = index_of("castles", "castle here", "castle")
    assert hits(index, "castle") == [3, 2, 1]


def test_equals_keep_the_order_of_their_numbers() -> None:
    index = TextIndex(["text"])
    index.update([(7, ["castle"]), (3, ["castle"]), (5, ["castle"])])
    assert hits(index, "castle") == [3, 5, 7]


def test_elements_of_a_list_are_apart() -> None:
    index = index_of(["red", "castle"], ["red castle"])
    assert hits(index, "red castle") == [2, 1]
    assert hits(index, '"red castle"') == [2]


def test_scores_fall_and_a_perfect_match_has_one() -> None:
    index = index_of("dragon", "castle", "old castle", "castel", "castles of stone")
    found = index.search("castle", limit=10)
    scores = found.scores.tolist()
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1.0
    assert 0 < scores[-1] < scores[1] < 1


def test_a_sort_counts_after_the_attribute_and_before_exactness() -> None:
    index = index_of("castle", "castles", "old castle")
    found = index.search("castle", limit=10, sort_rank=np.array([3, 2, 1]))
    assert found.numbers.tolist() == [2, 1, 3]


def test_a_sort_may_come_first() -> None:
    index = index_of("castle", "castles", "old castle")
    found = index.search("castle", limit=2, sort_rank=np.array([3, 2, 1]), sort_first=True)
    assert found.numbers.tolist() == [3, 2]
    assert found.total == 3


def test_equals_of_a_sort_are_ranked_on() -> None:
    index = index_of("castles", "castle", "castles")
    found = index.search("castle", limit=3, sort_rank=np.array([1, 1, 0]), sort_first=True)
    assert found.numbers.tolist() == [3, 2, 1]


def test_two_words_rank_before_their_joined_spelling() -> None:
    assert hits(index_of("sunflower", "sun flower"), "sun flower") == [2, 1]


def test_proximity_does_not_reach_across_attributes() -> None:
    index = TextIndex(["name", "prompt"])
    index.update([(1, ["castle", "dragon"]), (2, ["castle red dragon", ""])])
    assert hits(index, "castle dragon") == [2, 1]


def test_words_that_a_comma_parts_in_the_query_need_not_be_near() -> None:
    index = index_of("dragon castle", "castle a b c d e f g dragon")
    assert hits(index, "castle dragon") == [1, 2]
    assert hits(index, "castle, dragon") == [2, 1]


def test_only_the_best_spelling_of_a_document_is_judged() -> None:
    index = index_of("castel x x x x castle", "castle")
    assert hits(index, "castle ") == [2, 1]
