# ruff: noqa: RUF001 - the odd characters are the point
from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from scenario_search.emulator.text.tokens import (
    HARD_BREAK,
    MAX_QUERY_TOKENS,
    document_tokens,
    query_tokens,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ruined Castle", ["ruined", "castle"]),
        ("sci-fi / low_poly", ["sci", "fi", "low", "poly"]),
        ("it's l’eau", ["it", "s", "l", "eau"]),
        ("Crème Brûlée, naïve", ["creme", "brulee", HARD_BREAK, "naive"]),
        ("nai\u0308ve", ["naive"]),
        ("œuvre æon", ["oeuvre", "aeon"]),
        ("straße", ["straße"]),
        ("йод", ["и\u0306од"]),
        ("ΕΛΛΑΣ ελλας", ["ελλασ", "ελλασ"]),
        ("ﬁne ２ＤＣ", ["fine", "2dc"]),
        ("２D", ["2", "d"]),
        ("swоrd", ["sw", "о", "rd"]),
        ("swordигра7 игра", ["sword", "игра7", "игра"]),
        ("sword\u00a0castle x\u2028y", ["sword castle", "x\u2028y"]),
        ("sword \u00a0 castle", ["sword", "castle"]),
        ("sword\x0bcastle", ["sword\x0bcastle"]),
        ("日本", ["日", "本"]),
        ("c++ $100 🐉", ["c++", "$100", "🐉"]),
        ("a\x02b\x01c", ["abc"]),
        ("", []),
        (" -, . ", [HARD_BREAK]),
    ],
)
def test_words_are_cut_and_folded(text: str, words: list[str]) -> None:
    tokens = document_tokens(text)
    assert [t for i, t in enumerate(tokens) if t != HARD_BREAK or tokens[i - 1 : i] != [t]] == words


@pytest.mark.parametrize("separator", ["! ", "? ", "; ", ", ", ". ", "!", "。"])
def test_the_end_of_a_clause_is_a_hard_separator(separator: str) -> None:
    assert document_tokens(f"castle{separator}dragon") == ["castle", HARD_BREAK, "dragon"]


@pytest.mark.parametrize("separator", [" ", ",", ".", ":", "-", "_", "/", "\n", "\u2009", " – "])
def test_other_separators_are_soft(separator: str) -> None:
    assert document_tokens(f"castle{separator}dragon") == ["castle", "dragon"]


def test_an_ellipsis_is_a_word_of_three_dots() -> None:
    assert document_tokens("castle…dragon") == ["castle", "...", "dragon"]


def test_elements_of_a_list_are_kept_apart_by_hard_separators() -> None:
    assert document_tokens(["a b", "c"]) == ["a", "b", HARD_BREAK, "c", HARD_BREAK]


def test_a_query_keeps_its_separators() -> None:
    tokens = query_tokens('Red, "big cat" -x')
    assert [(t.kind, t.text) for t in tokens] == [
        ("word", "red"),
        ("hard", ", "),
        ("soft", '"'),
        ("word", "big"),
        ("soft", " "),
        ("word", "cat"),
        ("soft", '"'),
        ("soft", " "),
        ("soft", "-"),
        ("word", "x"),
    ]


def test_a_long_query_is_cut() -> None:
    assert len(query_tokens("a " * MAX_QUERY_TOKENS)) == MAX_QUERY_TOKENS


@given(st.text())
def test_documents_and_queries_have_the_same_words(text: str) -> None:
    in_document = [token for token in document_tokens(text) if token != HARD_BREAK]
    in_query = [token.text for token in query_tokens(text) if token.kind == "word"]
    assert in_query == in_document[: len(in_query)]
    assert len(in_query) == len(in_document) or len(query_tokens(text)) == MAX_QUERY_TOKENS
