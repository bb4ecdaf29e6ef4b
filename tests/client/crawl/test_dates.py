from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from scenario_search.crawl.dates import Bound, Range, hit_key, instant, timestamp

MILLISECONDS = st.integers(-62_135_596_800_000, 253_402_300_799_999).map(lambda ms: ms * 1000)


def test_a_timestamp_has_three_decimals_and_a_z() -> None:
    assert timestamp(1_737_026_381_579_000) == "2025-01-16T11:19:41.579Z"


def test_a_timestamp_of_an_early_year_has_four_digits_of_it() -> None:
    first = instant("0001-01-01T00:00:00Z")
    assert first is not None
    assert timestamp(first) == "0001-01-01T00:00:00.000Z"


@pytest.mark.hypothesis
@given(MILLISECONDS)
def test_a_timestamp_reads_back(moment: int) -> None:
    assert instant(timestamp(moment)) == moment


@pytest.mark.hypothesis
@given(MILLISECONDS, MILLISECONDS)
def test_timestamps_sort_as_text_as_they_do_in_time(one: int, other: int) -> None:
    assert (timestamp(one) < timestamp(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-16T11:19:41.579Z",
        "2025-01-16T11:19:41.579000Z",
        "2025-01-16T12:19:41.579+01:00",
        "2025-01-16T11:19:41.579",
    ],
)
def test_timestamps_are_read_in_other_forms(text: str) -> None:
    moment = datetime(2025, 1, 16, 11, 19, 41, 579_000, tzinfo=UTC)
    assert instant(text) == int(moment.timestamp() * 1000) * 1000


@pytest.mark.parametrize("value", [None, 5, "", "yesterday", "2025-13-01T00:00:00Z", []])
def test_what_is_not_a_timestamp_reads_as_none(value: object) -> None:
    assert instant(value) is None


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2025-01-02T00:00:00.000Z", True),
        ("2025-01-01T00:00:00.000Z", False),
        ("2024-12-31T00:00:00.000Z", False),
        ("2025-01-01T00:30:00+01:00", None),
        ("unknown", True),
    ],
)
def test_a_date_is_outside_only_as_text_and_as_a_date(date: str, expected: bool | None) -> None:
    assert Bound("2025-01-01T00:00:00.000Z").excludes(date, above=True) is expected


def test_a_bound_that_is_not_inclusive_excludes_itself() -> None:
    bound = Bound("2025-01-01T00:00:00.000Z", inclusive=False)
    assert bound.excludes(bound.text, above=True)
    assert bound.excludes(bound.text, above=False)


def test_a_range_filters_by_its_bounds() -> None:
    low, high = Bound("2025-01-01"), Bound("2025-01-02", inclusive=False)
    assert str(Range(low, high).filter("createdAt")) == (
        'createdAt >= "2025-01-01" AND createdAt < "2025-01-02"'
    )
    assert str(Range(high=high).filter("updatedAt")) == 'updatedAt < "2025-01-02"'


def test_the_undated_range_is_the_complement_of_all_dates() -> None:
    assert str(Range(undated=True).filter("createdAt")) == f"NOT {Range().filter('createdAt')}"


@pytest.mark.hypothesis
@given(st.integers(0, 10**6), st.integers(1, 10**6), st.data())
def test_the_parts_of_a_range_hold_what_it_holds_once(start: int, length: int, data: Any) -> None:
    whole = Range(Bound(timestamp(start * 1000)), Bound(timestamp((start + length) * 1000), False))
    cut = data.draw(st.integers(start, start + length)) * 1000
    if whole.can_split(cut):
        date = timestamp(data.draw(st.integers(start - 2, start + length + 2)) * 1000)
        inside = [not part.excludes(date) for part in whole.split(cut)]
        assert sum(inside) == (not whole.excludes(date))


def test_one_millisecond_and_the_undated_cannot_be_split() -> None:
    one = Range(Bound(timestamp(5000)), Bound(timestamp(6000), inclusive=False))
    assert not any(one.can_split(cut) for cut in range(3000, 9000, 1000))
    assert not Range(undated=True).can_split(5000)


def test_ids_of_any_json_are_distinguished() -> None:
    ids: list[Any] = ["1", 1, [1], "[1]", {"a": 1}, "\ud800", ["\ud800"], 2**70, None]
    assert len({hit_key({"id": one}) for one in ids}) == len(ids)


def test_hits_without_an_id_are_distinguished_by_what_they_hold() -> None:
    assert hit_key({"a": 1}) != hit_key({"a": 2})


@pytest.mark.parametrize(
    ("range_", "name"),
    [
        (Range(), "from the beginning to the end"),
        (Range(undated=True), "without a date"),
        (Range(Bound("2025-01-01"), Bound("2025-01-01")), "at 2025-01-01"),
        (Range(Bound("2025-01-01"), Bound("2025-01-02")), "from 2025-01-01 to 2025-01-02"),
    ],
)
def test_ranges_name_themselves(range_: Range, name: str) -> None:
    assert str(range_) == name
