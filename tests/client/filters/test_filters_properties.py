from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from scenario_search.errors import InvalidFilterError
from scenario_search.filters import F, Filter, format_error, parse
from scenario_search.filters.tree import Comparison, Not, walk
from scenario_search.filters.values import KEYWORDS

# Pieces of the language itself are what a hostile value would be made of.
hostile = st.lists(
    st.sampled_from([*KEYWORDS, '"', "'", "\\", " ", "(", ")", "[", "]", ",", "=", ":", "a", "1"]),
    max_size=8,
).map("".join)
texts = st.text(st.characters(exclude_categories=["Cs"])) | hostile
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
values = texts | numbers | st.booleans() | st.datetimes(timezones=st.just(UTC)) | st.dates()
names = (
    st.from_regex(r"[A-Za-z0-9_-]{1,8}(\.[A-Za-z0-9_-]{1,8}){0,2}", fullmatch=True)
    | st.sampled_from(["and", "not", "true", "123", "-", "width"])
).filter(lambda name: name not in KEYWORDS)
fields = names.map(F.__getitem__)

conditions: st.SearchStrategy[Filter] = st.one_of(
    st.builds(lambda field, value: field == value, fields, values),
    st.builds(lambda field, value: field != value, fields, values),
    st.builds(lambda field, value: field > value, fields, values),
    st.builds(lambda field, value: field >= value, fields, values),
    st.builds(lambda field, value: field < value, fields, values),
    st.builds(lambda field, value: field <= value, fields, values),
    st.builds(lambda field, value: field.matches(value), fields, values),
    st.builds(lambda field, value: field.contains(value), fields, values),
    st.builds(lambda field, value: field.starts_with(value), fields, values),
    st.builds(lambda field, low, high: field.between(low, high), fields, values, values),
    st.builds(lambda field, some: field.is_in(some), fields, st.lists(values, max_size=4)),
    st.builds(lambda field: field.exists(), fields),
    st.builds(lambda field: field.is_null(), fields),
    st.builds(lambda field: field.is_empty(), fields),
    st.builds(lambda field: field.is_not_empty(), fields),
)
trees = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.builds(lambda left, right: left & right, inner, inner),
        st.builds(lambda left, right: left | right, inner, inner),
        st.builds(lambda tree: ~tree, inner),
        st.builds(Not, inner),
    ),
    max_leaves=12,
)


@given(trees)
def test_a_filter_is_read_back_from_its_text(tree: Filter) -> None:
    again = parse(str(tree))
    assert again == tree
    assert [type(node) for node in walk(again)] == [type(node) for node in walk(tree)]
    assert str(again) == str(tree)


@given(trees)
def test_equal_filters_have_equal_hashes(tree: Filter) -> None:
    assert hash(parse(str(tree))) == hash(tree)


@given(texts)
def test_text_comes_back_as_it_was(value: str) -> None:
    again = parse(str(F.name == value))
    assert isinstance(again, Comparison)
    assert (type(again.value), again.value) == (str, value)


@given(numbers)
def test_a_number_comes_back_equal(value: float) -> None:
    again = parse(str(F.width == value))
    assert isinstance(again, Comparison)
    assert again.value == value
    assert not isinstance(again.value, str)


@given(st.datetimes(timezones=st.timezones()))
def test_a_datetime_keeps_its_instant_to_the_millisecond(value: datetime) -> None:
    try:
        built = F.created_at >= value
    except InvalidFilterError:
        assert value.year in (1, 9999)
        return
    assert isinstance(built, Comparison)
    lost = value.astimezone(UTC) - datetime.fromisoformat(str(built.value))
    assert 0 <= lost.total_seconds() < 0.001


@given(hostile | st.text())
def test_any_text_is_read_or_refused_with_a_place_in_it(text: str) -> None:
    try:
        tree = parse(text)
    except InvalidFilterError as error:
        failed = error
    else:
        assert tree is None or parse(str(tree)) == tree
        return
    assert failed.position is not None
    assert 0 <= failed.position <= len(text)
    assert format_error(failed).endswith("^")


@given(trees, trees, trees)
def test_joining_is_associative(a: Filter, b: Filter, c: Filter) -> None:
    assert (a & b) & c == a & (b & c)
    assert (a | b) | c == a | (b | c)


@given(st.text(max_size=6) | hostile)
def test_a_name_is_refused_or_stands_for_itself(name: str) -> None:
    try:
        field = F[name]
    except InvalidFilterError:
        with pytest.raises(InvalidFilterError):
            parse(f'"{name}" = 1')
        return
    assert parse(f"{name} = 1") == (field == 1)
