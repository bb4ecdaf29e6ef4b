from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from scenario_search.emulator.text.segment import build_segment
from scenario_search.emulator.text.snapshot import Snapshot
from scenario_search.emulator.text.typos import (
    MAX_ONE_TYPO_WORDS,
    MAX_TWO_TYPO_WORDS,
    typo_words,
    typos_allowed,
)


def snapshot_of(words: list[str]) -> Snapshot:
    segment = build_segment([(1, [" ".join(words)])], 1)
    return Snapshot([segment], [segment.numbers > 0], 1)


def found(words: list[str], query: str, typos: int, *, prefix: bool = False) -> list[set[str]]:
    snapshot = snapshot_of(words)
    with_typos = typo_words(snapshot, query, typos, prefix=prefix)
    return [{snapshot.words[i] for i in indexes.tolist()} for indexes in with_typos]


def distance(a: str, b: str) -> int:
    """Levenshtein's distance, a swap of neighbours is one."""
    table = [[i + j for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            table[i][j] = min(
                table[i - 1][j] + 1,
                table[i][j - 1] + 1,
                table[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
            )
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


def expected(word: str, query: str, typos: int, *, prefix: bool) -> int | None:
    """Typos of a word by the rules, `None` where it does not match."""
    parts = [word[:i] for i in range(1, len(word) + 1)] if prefix else [word]
    nearest = min(distance(query, part) for part in parts)
    if word[0] == query[0]:
        return nearest if 0 < nearest <= typos else None
    return 2 if typos == 2 and nearest == 1 else None


@pytest.mark.parametrize(
    ("word", "typos"), [("four", 0), ("fives", 1), ("eightlet", 1), ("ninechars", 2), ("éclé", 1)]
)
def test_longer_words_may_hold_more_typos(word: str, typos: int) -> None:
    assert typos_allowed(word) == typos


def test_a_swap_is_one_typo() -> None:
    assert found(["castle"], "caslte", 1)[0] == {"castle"}


def test_a_wrong_first_letter_is_two_typos() -> None:
    assert found(["castle"], "xastle", 1) == [set(), set()]
    assert found(["waterfall"], "xaterfall", 2) == [set(), {"waterfall"}]


def test_the_word_itself_is_no_typo() -> None:
    assert found(["castle"], "castle", 1) == [set(), set()]


def test_a_prefix_may_hold_a_typo() -> None:
    assert found(["fantastic"], "fanats", 1, prefix=True)[0] == {"fantastic"}
    assert found(["fantastic"], "fanats", 1, prefix=False)[0] == set()


def test_only_the_first_spellings_are_kept() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [f"water{a}{b}fall" for a in letters for b in letters]
    words += [f"waterf{a}{b}ll"[: 6 + i] for a in letters for b in letters for i in (3, 4)]
    one, two = typo_words(snapshot_of(words), "waterfall", 2, prefix=False)
    assert len(two) == MAX_TWO_TYPO_WORDS
    assert len(one) <= MAX_ONE_TYPO_WORDS
    assert (two[1:] > two[:-1]).all()


WORDS = st.text("abc", min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=1, max_size=30), st.text("abc", min_size=2, max_size=9),
       st.sampled_from([1, 2]), st.booleans())  # fmt: skip
def test_the_words_are_those_of_the_plain_definition(
    words: list[str], query: str, typos: int, prefix: bool
) -> None:
    wanted: list[set[str]] = [set(), set()]
    for word in words:
        count = expected(word, query, typos, prefix=prefix)
        if count:
            wanted[count - 1].add(word)
    assert found(words, query, typos, prefix=prefix) == wanted
