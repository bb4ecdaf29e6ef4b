from __future__ import annotations

import json

import pytest
from harmless_text import assert_harmless
from hypothesis import given, strategies as st
from rich.cells import cell_len

from scenario_search.text import (
    clean,
    duration,
    escaped,
    file_size,
    fit,
    one_line,
    shown_url,
    terminal_width,
    without_signature,
)

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
     (5e13, "50 TB"), (5e15, "5000 TB"), (None, ""), ("12", ""), (True, ""), (-1, ""),
     (float("nan"), "")],
)  # fmt: skip
def test_sizes_are_written_for_people(size: object, text: str) -> None:
    assert file_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (0.0125, "12 ms"), (1.52, "1.5 s"), (125.4, "2:05"), (3600, "1:00:00"),
     (36_061, "10:01:01")],
)  # fmt: skip
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://cdn.example/a.png?Signature=canary", "https://cdn.example/a.png"),
        ("https://cdn.example:8443/@me/a.png#x", "https://cdn.example:8443/@me/a.png"),
        ("https://user:canary@cdn.example/a", "https://cdn.example/a"),
        ("https://user:canary@[::1]:80/a@b", "https://[::1]:80/a@b"),
        ("//user:canary@cdn.example", "//cdn.example"),
        ("user:canary@cdn.example/a", "cdn.example/a"),
        ("https://user:can?ary@cdn.example/a", "https://..."),
        ("https://user:can#ary@cdn.example/a", "https://..."),
        ("https://user:can/ary@cdn.example/a", "https://..."),
        ("https://user:12?canary@cdn.example/a", "https://..."),
        ("https://user@canary:can?ary@cdn.example/a", "https://..."),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown
    if url.startswith("https:"):
        assert "canary" not in without_signature(f"no answer from {url} in time")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"https:\/\/user:canary\u0040cdn.example\/a\u003fcanary", r"https:\/\/cdn.example\/a?..."),
        (r"https:\\/\\/canary\\u0040cdn.example\\/a\\u003Fx", r"https:\\/\\/cdn.example\\/a?..."),
        (r"https:\/\/user:can\u003fary@cdn.example", r"https:\/\/..."),
        ("https://cdn.example:80/@me?canary", "https://cdn.example:80/@me?..."),
    ],
)
def test_urls_in_json_lose_what_may_be_secret(text: str, expected: str) -> None:
    assert without_signature(f'{{"url":"{text}"}}') == f'{{"url":"{expected}"}}'


@pytest.mark.parametrize("part", ["\\", r"\u004", r"\u003", "@", "http://", ":", "?", "/"])
def test_a_long_url_takes_no_longer_than_its_length(part: str) -> None:
    """A pattern that is searched for again from each backslash would not come to an end here."""
    text = "https://" + part * 100_000 + " end"
    assert without_signature(text).endswith(" end")
    assert shown_url(text).startswith("https://")
