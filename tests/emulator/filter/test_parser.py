from __future__ import annotations

import pytest
from guide_requests import FILTERS
from hypothesis import given, strategies as st

from scenario_search.emulator.contract.fields import FIELDS, Kind
from scenario_search.emulator.filter.parser import (
    KEYWORDS,
    MAX_DEPTH,
    MAX_LENGTH,
    And,
    Between,
    Comparison,
    Contains,
    Exists,
    FilterSyntaxError,
    In,
    IsEmpty,
    IsNull,
    Node,
    Not,
    Or,
    StartsWith,
    all_of,
    parse_filter,
)
from scenario_search.emulator.filter.sql import compile_filter

# The guide's tables give no example for the owner.
GUIDE = [*FILTERS, *((kind, "ownerId = project_def456") for kind in ("assets", "models"))]


@pytest.mark.parametrize(("kind", "text"), GUIDE)
def test_every_filter_of_the_guide_compiles(kind: Kind, text: str) -> None:
    assert compile_filter(kind, parse_filter(text)).parameters or text == "nsfw IS EMPTY"


@pytest.mark.parametrize("kind", ["assets", "models"])
def test_the_guide_filters_by_every_field(kind: Kind) -> None:
    used = " ".join(text for of, text in GUIDE if of == kind)
    assert not [f.name for f in FIELDS[kind] if f.filterable and f.name not in used]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a=b", Comparison("a", "=", "b")),
        ("a != b", Comparison("a", "!=", "b")),
        ("a>1", Comparison("a", ">", "1")),
        ("a >= 1", Comparison("a", ">=", "1")),
        ("a<1", Comparison("a", "<", "1")),
        ("a <= -1.5e3", Comparison("a", "<=", "-1.5e3")),
        ("a:b", Contains("a", "b")),
        ("a : 'b c'", Contains("a", "b c")),
        ("a CONTAINS b", Contains("a", "b")),
        ("a NOT CONTAINS b", Not(Contains("a", "b"))),
        ("a STARTS WITH b", StartsWith("a", "b")),
        ("a NOT STARTS WITH b", Not(StartsWith("a", "b"))),
        ("a 1 TO 2", Between("a", "1", "2")),
        ("a IN [b, 'c', \"d\",]", In("a", ("b", "c", "d"))),
        ("a IN[]", In("a", ())),
        ("a NOT IN [b]", Not(In("a", ("b",)))),
        ("a EXISTS", Exists("a")),
        ("a NOT EXISTS", Not(Exists("a"))),
        ("a IS NULL", IsNull("a")),
        ("a IS NOT NULL", Not(IsNull("a"))),
        ("a IS EMPTY", IsEmpty("a")),
        ("a IS NOT EMPTY", Not(IsEmpty("a"))),
        ("a.b = c", Comparison("a.b", "=", "c")),
        ("'a b' = c", Comparison("a b", "=", "c")),
        ("a = 'AND'", Comparison("a", "=", "AND")),
        ("a = and", Comparison("a", "=", "and")),
        ("a = ''", Comparison("a", "=", "")),
        (r"a = 'it\'s \\ \"'", Comparison("a", "=", "it's \\ \"")),
        ("\n(\ta = b )\r\n", Comparison("a", "=", "b")),
        ("NOT NOT a = b", Not(Not(Comparison("a", "=", "b")))),
        ("NOT(a = b)", Not(Comparison("a", "=", "b"))),
    ],
)
def test_each_form_gives_its_tree(text: str, tree: Node) -> None:
    assert parse_filter(text) == tree


def test_not_binds_tighter_than_and_and_and_tighter_than_or() -> None:
    a, b, c, d = (Exists(name) for name in "abcd")
    text = "a EXISTS OR NOT b EXISTS AND c EXISTS OR d EXISTS"
    assert parse_filter(text) == Or((a, And((Not(b), c)), d))
    assert parse_filter("(a EXISTS OR b EXISTS) AND c EXISTS") == And((Or((a, b)), c))


def test_nodes_tell_where_they_start() -> None:
    tree = parse_filter("  a = 1 AND NOT (b = 2 OR c NOT EXISTS)")
    assert isinstance(tree, And)
    first, negation = tree.operands
    assert isinstance(negation, Not)
    assert isinstance(negation.operand, Or)
    assert [tree.position, first.position, negation.position] == [2, 2, 12]
    assert [operand.position for operand in negation.operand.operands] == [17, 26]


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_blank_text_is_no_filter(text: str) -> None:
    assert parse_filter(text) is None


@pytest.mark.parametrize(
    ("text", "position", "part"),
    [
        ("a", 1, "expected an operator after 'a', found the end of the filter"),
        ("a =", 3, "expected a value"),
        ("= b", 0, "expected a field name"),
        ("a = b c", 6, 'expected "AND", "OR" or the end, found \'c\''),
        ("a = b and c = d", 6, "keywords are upper case: write AND"),
        ("a contains b", 2, "keywords are upper case: write CONTAINS"),
        ("a = AND", 4, 'goes in quotes: "AND"'),
        ("IN = b", 0, 'goes in quotes: "IN"'),
        ("a = b AND", 9, "expected a field name"),
        ("a = b OR OR c = d", 9, "expected a field name"),
        ("(a = b", 6, 'the ")" for the "(" at position 0'),
        ("a = b)", 5, "found ')'"),
        ("()", 1, "expected a field name"),
        ("a == b", 3, "expected a value, found '='; write ="),
        ("a <> b", 3, "expected a value, found '>'; write !="),
        ("a = 16:9", 6, "found ':'; this value goes in quotes: \"16:9\""),
        ("a = é", 4, "unexpected character"),
        ("a = b!", 5, "unexpected character"),
        ("a = 'b", 4, "never closed"),
        ("a = 'b\\'", 4, "never closed"),
        ("a = 'b\\n'", 6, "unknown escape"),
        ("a = '\ud800'", 5, "no valid Unicode"),
        ("a IN b", 5, 'expected "[" after "IN"'),
        ("a IN [b c]", 8, 'expected "," or "]"'),
        ("a IN [b", 7, 'expected "," or "]"'),
        ("a IN [,]", 6, "expected a value"),
        ("a IS b", 5, 'expected "EMPTY" or "NULL"'),
        ("a IS NOT EXISTS", 9, 'expected "EMPTY" or "NULL"'),
        ("a NOT = b", 6, 'after "NOT"'),
        ("a STARTS b", 9, 'expected "WITH"'),
        ("a ENDS WITH b", 2, '"ENDS WITH" is not supported'),
        ("a NOT ENDS WITH b", 6, '"ENDS WITH" is not supported'),
        ("a 1", 2, "expected an operator after 'a', found '1'"),
        ("a 1 TO", 6, "expected a value"),
        ("_geoRadius(1, 2, 3)", 10, "expected an operator"),
    ],
)
def test_an_error_says_what_and_where(text: str, position: int, part: str) -> None:
    with pytest.raises(FilterSyntaxError) as caught:
        parse_filter(text)
    assert caught.value.message.startswith("Invalid filter syntax: ")
    assert part in str(caught.value)
    assert caught.value.position == position


@pytest.mark.parametrize(("opening", "levels"), [("(", 1), ("NOT ", 1), ("NOT (", 2)])
def test_nesting_is_limited(opening: str, levels: int) -> None:
    deepest = MAX_DEPTH // levels
    condition = "a EXISTS"
    closing = ")" * opening.count("(")
    parse_filter(opening * deepest + condition + closing * deepest)
    with pytest.raises(FilterSyntaxError, match="nested deeper than 200"):
        parse_filter(opening * (deepest + 1) + condition + closing * (deepest + 1))
    with pytest.raises(FilterSyntaxError, match="nested deeper than 200"):
        parse_filter(opening * 50_000)


def test_length_is_limited() -> None:
    longest = "a = '" + "b" * (MAX_LENGTH - 6) + "'"
    assert parse_filter(longest) == Comparison("a", "=", "b" * (MAX_LENGTH - 6))
    with pytest.raises(FilterSyntaxError, match="longer than 1048576"):
        parse_filter(longest + " ")


PIECES = st.sampled_from(
    [*sorted(KEYWORDS), *"()[],:=<>!'\"\\é\0\n", "!=", ">=", " ", "width", "a.b", "1", "'q'", '"']
)


ANYTHING = st.text() | st.lists(PIECES, max_size=30).map("".join)
WORDS = st.lists(PIECES | st.sampled_from(["a", "b"]), max_size=12).map(" ".join)


@given(text=ANYTHING | WORDS)
def test_any_text_is_a_filter_or_a_syntax_error(text: str) -> None:
    try:
        tree = parse_filter(text)
    except FilterSyntaxError as error:
        position = error.position
    else:
        assert (tree is None) == (not text.strip())
        position = 0
    assert 0 <= position <= len(text)


def test_conditions_are_joined_where_there_are_several() -> None:
    a, b = Exists("a"), Exists("b")
    assert all_of() is None
    assert all_of(None, a) == a
    assert all_of(a, None, b) == And((a, b))
