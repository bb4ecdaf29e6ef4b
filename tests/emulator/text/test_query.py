from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from scenario_search.emulator.text import query as text_query
from scenario_search.emulator.text.query import MAX_QUERY_TERMS, parse_query, query_nodes
from scenario_search.emulator.text.segment import build_segment
from scenario_search.emulator.text.snapshot import Snapshot


def words(query: str) -> list[tuple[str, ...]]:
    return [term.words for term in parse_query(query).terms]


def test_words_and_their_positions() -> None:
    terms = parse_query("big red castle").terms
    assert [(t.words, t.start, t.end) for t in terms] == [
        (("big",), 0, 0),
        (("red",), 1, 1),
        (("castle",), 2, 2),
    ]


def test_a_hard_separator_takes_eight_positions() -> None:
    assert [term.start for term in parse_query("castle, dragon").terms] == [0, 8]


def test_only_the_last_word_is_a_prefix() -> None:
    assert [term.is_prefix for term in parse_query("big cast").terms] == [False, True]


@pytest.mark.parametrize("query", ["cast ", "cast.", '"cast"', "cast, "])
def test_a_word_with_something_behind_it_is_no_prefix(query: str) -> None:
    assert [term.is_prefix for term in parse_query(query).terms] == [False]


def test_a_phrase_is_one_term() -> None:
    (first, phrase) = parse_query('a "big red" ').terms
    assert not first.is_phrase
    assert (phrase.words, phrase.start, phrase.end) == (("big", "red"), 1, 2)
    assert phrase.is_phrase


def test_an_open_phrase_ends_with_the_query() -> None:
    assert words('a "big red') == [("a",), ("big", "red")]


def test_a_hard_separator_cuts_a_phrase() -> None:
    assert words('"big, red"') == [("big",), ("red",)]


def test_words_and_phrases_can_be_excluded() -> None:
    query = parse_query('castle -dragon -"red knight" x')
    assert [term.words for term in query.terms] == [("castle",), ("x",)]
    assert query.excluded == [("dragon",), ("red", "knight")]


def test_a_hyphen_within_a_word_excludes_nothing() -> None:
    assert parse_query("sci-fi").excluded == []
    assert words("sci-fi") == [("sci",), ("fi",)]


def test_ten_terms_at_most() -> None:
    assert len(words("a b c d e f g h i j k l")) == MAX_QUERY_TERMS


@pytest.mark.parametrize("query", ["", "   ", '""', "-", "!?", '"'])
def test_a_query_may_hold_no_word(query: str) -> None:
    assert parse_query(query).terms == []


@given(st.text(st.sampled_from(' -"ab,.!\u00e9日\x01')))
def test_any_text_is_a_query(query: str) -> None:
    parsed = parse_query(query)
    assert len(parsed.terms) <= MAX_QUERY_TERMS
    assert all(term.words and term.start <= term.end for term in parsed.terms)


def test_readings_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_query, "MAX_REMEMBERED_READINGS", 3)
    segment = build_segment([(1, ["castle tower"])], 1)
    snapshot = Snapshot([segment], [segment.numbers > 0], 1)
    (first,) = query_nodes(snapshot, parse_query("castle ").terms)
    (again,) = query_nodes(snapshot, parse_query("castle ").terms)
    assert again.pattern is first.pattern
    for word in ("tower ", "moon ", "sun ", "river "):
        query_nodes(snapshot, parse_query(word).terms)
    assert len(snapshot.readings) <= 3
