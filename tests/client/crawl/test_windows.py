from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given, strategies as st

from scenario_search import F
from scenario_search.crawl.windows import (
    UNDATED,
    Known,
    Window,
    gaps,
    merged,
    milliseconds,
    timestamp,
)

NOON = milliseconds("2025-01-16T12:00:00Z") or 0
HORIZON = (NOON - 10_000, NOON + 10_000)

# Whole milliseconds of the years 1 to 9999.
moments = st.integers(-62_135_596_800_000, 253_402_300_799_999)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start, end = draw(st.none() | st.integers(0, 50)), draw(st.none() | st.integers(0, 50))
    assume(start is None or end is None or start < end)
    return Window(start, end)


def covered(window: Window, moment: int) -> bool:
    after = window.start is None or moment >= window.start
    return after and (window.end is None or moment < window.end)


# Timestamps


def test_a_timestamp_has_three_decimals_and_a_z() -> None:
    assert timestamp(NOON) == "2025-01-16T12:00:00.000Z"


def test_a_timestamp_of_an_early_year_has_four_digits_of_it() -> None:
    assert timestamp(milliseconds("0099-03-01T00:00:00Z") or 0) == "0099-03-01T00:00:00.000Z"


@given(moments)
def test_a_timestamp_reads_back(moment: int) -> None:
    assert milliseconds(timestamp(moment)) == moment


@given(moments, moments)
def test_timestamps_sort_as_text_as_they_do_in_time(one: int, other: int) -> None:
    assert (timestamp(one) < timestamp(other)) == (one < other)


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("2025-01-16T12:00:00Z", "2025-01-16T12:00:00.000Z"),
        ("2025-01-16T14:00:00+02:00", "2025-01-16T12:00:00.000Z"),
        ("2025-01-16T12:00:00", "2025-01-16T12:00:00.000Z"),
        ("2025-01-16", "2025-01-16T00:00:00.000Z"),
        ("2025-01-16T12:00:00.123999Z", "2025-01-16T12:00:00.123Z"),
    ],
)
def test_timestamps_are_read_in_other_forms(text: str, same_as: str) -> None:
    assert timestamp(milliseconds(text) or 0) == same_as


@pytest.mark.parametrize("value", ["", "yesterday", "2025-13-01", None, 17, 1.5, ["2025-01-16"]])
def test_what_is_no_timestamp_reads_as_none(value: object) -> None:
    assert milliseconds(value) is None


# Filters


def test_a_window_filters_from_its_start_and_before_its_end() -> None:
    window = Window(NOON, NOON + 1)
    assert str(window.filter()) == (
        'createdAt >= "2025-01-16T12:00:00.000Z" AND createdAt < "2025-01-16T12:00:00.001Z"'
    )


def test_a_window_without_bounds_asks_for_a_date() -> None:
    assert str(Window().filter()) == 'createdAt >= "0001-01-01T00:00:00.000Z"'


def test_the_undated_window_is_the_complement_of_all_dates() -> None:
    assert str(UNDATED.filter()) == f"NOT {Window().filter()}"


def test_a_windows_filter_joins_others() -> None:
    assert str((F.width > 1) & Window(None, NOON).filter()).startswith("width > 1 AND createdAt")


# What a window holds


@given(moments.filter(lambda moment: moment < 253_402_300_799_999), moments, st.booleans())
def test_the_halves_of_a_window_hold_what_it_holds_once(
    at: int, moment: int, below_only: bool
) -> None:
    whole = Window(None, at + 1 if below_only else None)
    older, newer = whole.split(at)
    text = timestamp(moment)
    assert older.holds(text) + newer.holds(text) == whole.holds(text)


def test_text_that_is_no_date_is_held_by_one_half_only() -> None:
    older, newer = Window().split(NOON)
    assert (older.holds("unknown"), newer.holds("unknown")) == (False, True)


@pytest.mark.parametrize("value", [None, 17])
def test_what_tells_no_date_is_held_where_it_was_found(value: object) -> None:
    assert Window(NOON, NOON + 1).holds(value)
    assert UNDATED.holds(value)


# Cuts


@given(windows())
def test_a_cut_leaves_two_halves_that_are_smaller(window: Window) -> None:
    at = window.cut(HORIZON)
    if at is not None:
        assert window.start is None or window.start < at
        assert window.end is None or at < window.end


@given(windows())
def test_only_one_millisecond_cannot_be_cut(window: Window) -> None:
    at = window.cut(HORIZON)
    narrow = None not in (window.start, window.end) and (window.end or 0) - (window.start or 0) == 1
    assert (at is None) == narrow


def test_the_undated_window_cannot_be_cut() -> None:
    assert UNDATED.cut(HORIZON) is None


def test_a_window_is_cut_only_at_moments_inside_it() -> None:
    window = Window(NOON, NOON + 3)
    assert window.cuts_at([NOON + 2, NOON + 1, NOON + 2, NOON, NOON + 3]) == [NOON + 1, NOON + 2]


def test_the_undated_window_is_cut_at_no_moment() -> None:
    assert UNDATED.cuts_at([NOON]) == []


def test_parts_come_oldest_first_and_leave_nothing_out() -> None:
    parts = Window(None, NOON + 9).split(NOON, NOON + 5)
    assert parts == [Window(None, NOON), Window(NOON, NOON + 5), Window(NOON + 5, NOON + 9)]


@pytest.mark.parametrize("year", ["1931", "9000"])
def test_hits_far_from_the_horizon_are_reached_by_cuts(year: str) -> None:
    target = milliseconds(f"{year}-05-05T05:05:05.555Z") or 0
    window, cuts = Window(), 0
    while (at := window.cut(HORIZON)) is not None:
        window = next(half for half in window.split(at) if covered(half, target))
        cuts += 1
    assert (window, cuts < 100) == (Window(target, target + 1), True)


# Sets of windows


@given(st.lists(windows()))
def test_merged_windows_cover_the_same_and_do_not_touch(given_windows: list[Window]) -> None:
    result = merged(given_windows)
    for moment in range(-1, 52):
        assert any(covered(w, moment) for w in given_windows) == any(
            covered(w, moment) for w in result
        )
    for one, following in pairwise(result):
        assert one.end is not None
        assert following.start is not None
        assert one.end < following.start


@given(windows(), st.lists(windows()))
def test_gaps_cover_what_is_not_done_and_nothing_else(whole: Window, done: list[Window]) -> None:
    done = [w for w in done if all(covered(whole, m) for m in range(-1, 52) if covered(w, m))]
    result = gaps(whole, done)
    for moment in range(-1, 52):
        missing = covered(whole, moment) and not any(covered(w, moment) for w in done)
        assert sum(covered(w, moment) for w in result) == missing


def test_the_undated_window_stays_apart() -> None:
    assert merged([UNDATED, Window(1, 2), UNDATED]) == [Window(1, 2), UNDATED]
    assert gaps(Window(1, 2), [UNDATED]) == [Window(1, 2)]


# What is known already


def test_what_is_older_than_the_newest_is_known() -> None:
    known = Known("2025-01-16T12:00:00.000Z", frozenset({"a"}))
    assert known.has("b", "2025-01-16T11:59:59.999Z")


def test_of_the_newest_moment_only_what_was_seen_is_known() -> None:
    known = Known("2025-01-16T12:00:00.000Z", frozenset({"a"}))
    assert [known.has(id_, known.newest) for id_ in "ab"] == [True, False]


def test_what_has_no_date_is_not_known() -> None:
    assert not Known("2025-01-16T12:00:00.000Z", frozenset({"a"})).has("a", None)


def test_windows_name_themselves() -> None:
    assert str(Window(None, NOON)) == "from the beginning to 2025-01-16T12:00:00.000Z"
    assert str(UNDATED) == "without createdAt"
