from __future__ import annotations

import json

import pytest
from harmless_text import assert_harmless
from hypothesis import given, strategies as st
from rich.cells import cell_len

from scenario_search.text import clean, escaped, file_size, fit, one_line, terminal_width

MOUNTAIN = "城堡在山上"
ANY_TEXT = st.text(st.characters(codec=None) | st.sampled_from("\x1b\x9b\u202e\ud800\u2028\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("castle", 6),
        (MOUNTAIN, 10),
        ("\N{FULLWIDTH LATIN SMALL LETTER W}", 2),
        ("한국어 성", 9),
        ("Замок", 5),
        ("e\N{COMBINING ACUTE ACCENT}", 1),
        ("🏰", 2),
        ("", 0),
    ],
)
def test_columns_are_those_of_a_terminal(text: str, expected: int) -> None:
    assert terminal_width(text) == expected == cell_len(text)


@given(st.text(), st.integers(1, 40))
def test_text_that_is_fitted_takes_no_more_columns(text: str, most: int) -> None:
    assert terminal_width(fit(text, most)) <= most


def test_a_wide_character_is_not_cut_in_two() -> None:
    assert fit(MOUNTAIN, 10) == MOUNTAIN
    assert fit(MOUNTAIN, 9) == "城堡在山…"
    assert fit(MOUNTAIN, 8) == "城堡在…"


@given(ANY_TEXT)
def test_clean_text_is_one_printable_line(value: str) -> None:
    text = clean(value, 30)
    assert len(text) <= 30
    assert_harmless(text)


@given(ANY_TEXT)
def test_escaped_text_is_harmless_and_means_the_same_inside_of_json(value: str) -> None:
    assert_harmless(escaped(value))
    encoded = json.dumps(value, ensure_ascii=False)
    assert json.loads(escaped(encoded)) == value


def test_escaped_text_keeps_what_it_is_told_to() -> None:
    assert escaped("a\n\x1bb\N{ZERO WIDTH JOINER}", keep="\n") == "a\n\\u001bb\N{ZERO WIDTH JOINER}"


def test_blanks_become_spaces_in_one_line() -> None:
    assert one_line("a\tb\r\nc\u2028\x1b") == "a b  c \\u001b"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (32_044, "32 kB"), (999_999, "1.0 MB"),
     (5e13, "50 TB"), (None, ""), ("12", ""), (True, ""), (-1, ""), (float("nan"), "")],
)  # fmt: skip
def test_sizes_are_written_for_people(size: object, text: str) -> None:
    assert file_size(size) == text
