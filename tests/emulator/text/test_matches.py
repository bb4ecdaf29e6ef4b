from __future__ import annotations

import numpy as np

from scenario_search.emulator.text.matches import ABSENT, Matches
from scenario_search.emulator.text.query import Node, parse_query, query_nodes
from scenario_search.emulator.text.segment import build_segment
from scenario_search.emulator.text.snapshot import Snapshot


def matches_of(query: str, *texts: str) -> Matches:
    segment = build_segment(((number, [text]) for number, text in enumerate(texts)), 1)
    snapshot = Snapshot([segment], [segment.numbers >= 0], 1)
    return Matches(snapshot, query_nodes(snapshot, parse_query(query).terms))


def only_node(matches: Matches) -> Node:
    (node,) = matches.nodes
    return node


def test_the_fewest_typos_of_a_document_count() -> None:
    matches = matches_of(
        "waterfall ", "waterfal waterfall", "waterfal", "wateral", "water fall", "fire"
    )
    typos = matches.typos_of(only_node(matches).pattern)
    assert typos.tolist() == [0, 1, 2, 1, ABSENT]
    assert matches.of(only_node(matches)).tolist() == [True, True, True, True, False]


def test_joined_words_are_nodes_where_a_document_has_them() -> None:
    assert [(n.first, n.last) for n in matches_of("sun flower ", "sunflower").nodes] == [(0, 1)]
    both = matches_of("sun flower ", "sun flower sunflower")
    assert [(n.first, n.last) for n in both.nodes] == [(0, 0), (1, 1), (0, 1)]
    assert [n.last for n in both.starting_at(0)] == [0, 1]


def test_places_are_those_of_the_best_spelling() -> None:
    matches = matches_of("castle ", "castel red castle", "big castel")
    places = matches.places(only_node(matches).pattern, np.array([0, 1]))
    bits = matches.snapshot.place_bits
    assert places.words.tolist() == [2, (1 << bits) | 1]


def test_places_are_numbered_by_the_documents_asked_for() -> None:
    matches = matches_of("castle ", "castle", "castle", "a castle")
    pattern = only_node(matches).pattern
    places = matches.places(pattern, np.array([1, 2]))
    bits = matches.snapshot.place_bits
    assert places.words.tolist() == [0, (1 << bits) | 1]
    assert places.of_documents(np.array([False, True]), bits).words.tolist() == [1]


def test_a_phrase_begins_with_its_first_word_and_ends_with_its_last() -> None:
    matches = matches_of('"red castle"', "a red castle", "castle red")
    places = matches.places(only_node(matches).pattern, np.array([0]))
    assert places.beginnings.tolist() == [1]
    assert places.ends.tolist() == [2]
    assert places.words.tolist() == []
