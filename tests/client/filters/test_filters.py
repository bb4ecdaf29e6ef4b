from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from functools import reduce
from operator import or_
from typing import Any

import pytest

from scenario_search.errors import InvalidFilterError, InvalidParamsError
from scenario_search.filters import F, Field, Filter, Raw, check_fields, format_error, parse
from scenario_search.filters.fields import FIELDS
from scenario_search.filters.tree import And, Comparison, Not, Or


class Kind(StrEnum):
    IMAGE = "image"


class Privacy(Enum):
    PUBLIC = "public"


# --- What is written, and its text ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (F.kind == "image", "kind = image"),
        (F.kind != "image", "kind != image"),
        (F.width > 1024, "width > 1024"),
        (F.width >= 1024, "width >= 1024"),
        (F.height < 2048, "height < 2048"),
        (F.height <= 2048, "height <= 2048"),
        (1024 <= F.width, "width >= 1024"),  # noqa: SIM300 - the reflected form is the point
        (F.prompt.matches("dragon"), "prompt:dragon"),
        (F.prompt.contains("red dragon"), 'prompt CONTAINS "red dragon"'),
        (F.prompt.starts_with("a"), "prompt STARTS WITH a"),
        (F.tags.is_in(["cat", "a b"]), 'tags IN [cat, "a b"]'),
        (F.tags.is_in([]), "tags IN []"),
        (F.width.between(512, 1024), "width 512 TO 1024"),
        (F.seed.exists(), "seed EXISTS"),
        (F.seed.is_null(), "seed IS NULL"),
        (F.nsfw.is_empty(), "nsfw IS EMPTY"),
        (F.nsfw.is_not_empty(), "nsfw IS NOT EMPTY"),
        (F.compliance_metadata.sub_processor == "Modal", "complianceMetadata.subProcessor = Modal"),
        (F["metadata.any-thing"] == 1, "metadata.any-thing = 1"),
    ],
)
def test_each_condition_has_its_text(built: Filter, text: str) -> None:
    assert str(built) == text


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (~(F.kind == "image"), "NOT kind = image"),
        (~F.prompt.matches("dragon"), "NOT prompt:dragon"),
        (~F.width.between(1, 2), "NOT width 1 TO 2"),
        (~F.tags.is_in(["a"]), "tags NOT IN [a]"),
        (~F.prompt.contains("a"), "prompt NOT CONTAINS a"),
        (~F.prompt.starts_with("a"), "prompt NOT STARTS WITH a"),
        (~F.seed.exists(), "seed NOT EXISTS"),
        (~F.seed.is_null(), "seed IS NOT NULL"),
        (~F.nsfw.is_empty(), "nsfw IS NOT EMPTY"),
        (~F.nsfw.is_not_empty(), "nsfw IS EMPTY"),
        (~~(F.kind == "image"), "kind = image"),
    ],
)
def test_a_negation_stands_where_the_language_wants_it(built: Filter, text: str) -> None:
    assert str(built) == text


A, B, C = F["a"] == 1, F["b"] == 2, F["c"] == 3


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (A & B & C, "a = 1 AND b = 2 AND c = 3"),
        (A & (B & C), "a = 1 AND b = 2 AND c = 3"),
        (A | (B | C), "a = 1 OR b = 2 OR c = 3"),
        (A & B | C, "a = 1 AND b = 2 OR c = 3"),
        (A & (B | C), "a = 1 AND (b = 2 OR c = 3)"),
        (~(A & B), "NOT (a = 1 AND b = 2)"),
        (~A & B, "NOT a = 1 AND b = 2"),
        (Raw("x = 1 OR y = 2") & A, "(x = 1 OR y = 2) AND a = 1"),
        (Raw("x = 1") | A, "(x = 1) OR a = 1"),
        (~Raw("x = 1"), "NOT (x = 1)"),
        (Raw("  x = 1"), "  x = 1"),
    ],
)
def test_parentheses_stand_only_where_needed(built: Filter, text: str) -> None:
    assert str(built) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("flux.1-lora", "flux.1-lora"),
        ("a/b", '"a/b"'),
        ("", '""'),
        ("AND", '"AND"'),
        ("_geoRadius", '"_geoRadius"'),
        ("é", '"é"'),
        ("x\n", '"x\n"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("it's", '"it\'s"'),
        ('\\"', '"\\\\\\""'),
        ("123", '"123"'),
        ("true", '"true"'),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (7.0, "7"),
        (-0.0, "0"),
        (7.5, "7.5"),
        (1e16, "10000000000000000"),
        (1e-7, "0.0000001"),
        (Decimal("0.10"), "0.1"),
        (Decimal(10) ** 20, "100000000000000000000"),
        (Kind.IMAGE, "image"),
        (Privacy.PUBLIC, "public"),
        (date(2024, 1, 1), '"2024-01-01"'),
        (datetime(2024, 1, 1, 12, 30, 0, 999_999, UTC), '"2024-01-01T12:30:00.999Z"'),
        (
            datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            '"2023-12-31T22:00:00.000Z"',
        ),
    ],
)
def test_each_value_has_its_text(value: Any, text: str) -> None:
    assert str(F["x"] == value) == f"x = {text}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, ".is_null()"),
        (float("nan"), "finite"),
        (float("-inf"), "finite"),
        (10**400, "64-bit"),
        (Decimal("sNaN"), "finite"),
        (datetime(2024, 1, 1), "time zone"),  # noqa: DTZ001 - the naive one is the point
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=2))), "years"),
        ("\ud800", "surrogate"),
        (b"bytes", "bytes"),
        (["list"], "of type list: "),
        (["a", "b"], "or several to .is_in()"),
        (F.height, "Field"),
    ],
)
def test_a_value_that_cannot_be_sent_is_refused(value: Any, told: str) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        F.width == value  # noqa: B015 - it raises

    assert told in caught.value.message


@pytest.mark.parametrize("values", ["abc", b"abc", 3])
def test_is_in_takes_a_list(values: Any) -> None:
    with pytest.raises(InvalidFilterError, match="list of values"):
        F.tags.is_in(values)


def test_the_error_of_a_filter_is_one_of_the_parameters() -> None:
    assert issubclass(InvalidFilterError, (InvalidParamsError, ValueError))


def test_a_blank_raw_filter_cannot_be_joined() -> None:
    with pytest.raises(InvalidFilterError, match="blank"):
        A & Raw("  ")
    with pytest.raises(InvalidFilterError, match="blank"):
        Raw("") | A
    with pytest.raises(InvalidFilterError, match="blank"):
        ~Raw("\n")


def test_raw_takes_text_only() -> None:
    with pytest.raises(TypeError, match="int"):
        Raw(3)  # type: ignore[arg-type]


# --- Misuse ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "misuse",
    [
        lambda: F.width and F.height,  # type: ignore[redundant-expr]
        lambda: not F.width,
        lambda: A and B,  # type: ignore[redundant-expr]
        lambda: A or B,  # type: ignore[redundant-expr]
        lambda: not A,
        lambda: 1 < F.width < 5,
        lambda: "x" in F.tags,
        lambda: F.tags in ["x"],  # noqa: FURB171
        lambda: (F.width == 1) & F.height == 2,
        lambda: F.width == 1 & F.height == 2,
        lambda: ~F.width,
        lambda: F.width | A,
        lambda: F.compliance_metadata == "x",
        lambda: F.compliance_metadata != "x",
        lambda: "width" in F,  # type: ignore[operator]
    ],
)
def test_what_python_would_get_wrong_raises_type_error(misuse: Any) -> None:
    with pytest.raises(TypeError):
        misuse()


def test_the_type_error_tells_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"& \| ~.*\.between\(\)"):
        bool(A)


def test_a_filter_does_not_join_plain_text() -> None:
    with pytest.raises(TypeError):
        A & "b = 2"  # type: ignore[operator]


# --- Names ----------------------------------------------------------------------------------------


def test_an_unknown_attribute_raises_with_the_nearest_names() -> None:
    with pytest.raises(AttributeError, match=r'did you mean width\?.*F\["widht"\]'):
        F.widht  # type: ignore[attr-defined]  # noqa: B018


def test_an_unknown_attribute_of_a_group_raises_with_the_wire_path() -> None:
    with pytest.raises(AttributeError, match=r'F\["complianceMetadata.licenseTerms"\]'):
        F.compliance_metadata.licenseTerms  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    ("name", "hint"), [("isin", ".is_in()"), ("startswith", ".starts_with()"), ("isnull", ".is_n")]
)
def test_an_unknown_method_raises_with_the_nearest_name(name: str, hint: str) -> None:
    with pytest.raises(AttributeError, match=rf'F\["tags"\] has no .* did you mean \{hint}'):
        getattr(F.tags, name)


def test_metadata_is_not_part_of_a_fields_name() -> None:
    with pytest.raises(AttributeError, match=r"such as F\.prompt"):
        F.metadata.prompt  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", ["__wrapped__", "_repr_html_", "__array_interface__"])
def test_protocol_names_are_no_methods_of_a_field(name: str) -> None:
    assert not hasattr(F.tags, name)


def test_wire_names_work_as_attributes() -> None:
    wire: Any = F
    assert str(wire.createdAt == 1) == "createdAt = 1"
    assert str(wire.complianceMetadata.modelProvider == 1) == "complianceMetadata.modelProvider = 1"


@pytest.mark.parametrize("name", ["", "a b", "a\n", ".a", "a.", "a..b", "AND", "é", 'a"', "a:b"])
def test_a_subscript_must_be_a_bare_word_or_a_path(name: str) -> None:
    with pytest.raises(InvalidFilterError, match="cannot be a field's name"):
        F[name]


def test_a_field_cannot_be_set() -> None:
    with pytest.raises(AttributeError, match=r"F\.width cannot be set: .* F\.width == \.\.\."):
        F.width = 5  # type: ignore[assignment]
    with pytest.raises(AttributeError, match=r"F\.compliance_metadata\.maintainer cannot be set"):
        F.compliance_metadata.maintainer = "x"  # type: ignore[assignment]
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del F.width
    assert str(F.width == 5) == "width = 5"


def test_tab_completion_shows_the_fields_only() -> None:
    shown = dir(F)
    assert {"width", "created_at", "compliance_metadata"} <= set(shown)
    assert not any(name.startswith("_") for name in shown)


@pytest.mark.parametrize("name", ["_repr_html_", "__wrapped__", "_ipython_display_"])
def test_protocol_names_are_no_fields(name: str) -> None:
    assert not hasattr(F, name)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_filters_and_fields_can_be_copied_and_pickled(copied: Any) -> None:
    tree = (A | F.created_at.exists()) & ~Raw("x = 1")
    assert copied(tree) == tree
    assert copied(F.width).name == "width"
    assert str(copied(F).width == 1) == "width = 1"


def test_a_field_is_known_where_the_guide_lists_it() -> None:
    assert FIELDS["assets"]["aspectRatio"].value_type == "string"
    assert FIELDS["models"]["capabilities"].value_type == "string[]"
    assert "capabilities" not in FIELDS["assets"]
    assert "aspectRatio" not in FIELDS["models"]


def test_each_endpoint_has_the_documented_number_of_fields() -> None:
    assert {kind: len(fields) for kind, fields in FIELDS.items()} == {
        "assets": 25,
        "models": 18,
        "workflows": 11,
    }


def test_check_fields_accepts_what_the_endpoint_documents() -> None:
    check_fields((F.width >= 1024) & ~F.tags.is_in(["a"]) | F.nsfw.is_empty(), "assets")
    check_fields(F.compliance_metadata.maintainer == "Scenario", "models")
    check_fields(F.short_description.exists(), "workflows")


def test_check_fields_names_the_field_and_the_endpoint_that_has_it() -> None:
    with pytest.raises(InvalidFilterError) as caught:
        check_fields(A & ~(B | (F.capabilities == "img2img")), "assets")

    assert '"capabilities" is not a filterable field' in caught.value.message
    assert "models" in caught.value.message


def test_check_fields_names_the_nearest_fields() -> None:
    with pytest.raises(InvalidFilterError, match="did you mean parentModelId"):
        check_fields(F.model_id == "x", "models")


def test_check_fields_leaves_subscripts_and_raw_text_alone() -> None:
    check_fields((F["madeUp"] == 1) & Raw("alsoMadeUp = 2"), "models")


# --- The tree -------------------------------------------------------------------------------------


def test_equality_is_that_of_trees() -> None:
    one = F["a"] == 1
    assert one == (F["a"] == 1.0)
    assert one != (F["a"] == "1")
    assert one != (F["a"] == True)  # noqa: E712 - a filter, not a comparison
    assert one != Raw("a = 1")
    assert one & B != B & one
    assert one & B != one | B


def test_equal_filters_are_one_key() -> None:
    assert {A & B: "x"}[(F["a"] == 1) & (F["b"] == 2)] == "x"


def test_a_documented_field_equals_a_subscripted_one() -> None:
    assert (F.width == 1) == (F["width"] == 1)


def test_repr_is_short() -> None:
    assert (
        repr((F.width >= 1024) & (F.tags == "a b")) == "Filter('width >= 1024 AND tags = \"a b\"')"
    )
    assert repr(F.created_at) == 'F["createdAt"]'


def test_filters_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        A.value = 2  # type: ignore[attr-defined]


def test_a_node_made_by_hand_is_checked_too() -> None:
    with pytest.raises(InvalidFilterError):
        Comparison("a = 1 OR b", "=", 1)
    with pytest.raises(ValueError):
        Comparison("a", "= 1 OR b =", 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        And((A,))


def _nested(levels: int) -> Filter:
    tree: Filter = A
    for level in range(levels):
        tree = tree & B if level % 2 else tree | B
    return tree


def test_two_hundred_levels_are_built_written_and_read() -> None:
    tree = _nested(200)
    assert parse(str(tree)) == tree
    assert hash(tree) == hash(_nested(200))
    assert pickle.loads(pickle.dumps(tree)) == tree


def test_a_level_more_is_refused() -> None:
    with pytest.raises(InvalidFilterError, match="200 levels"):
        _nested(201)


def test_not_counts_as_a_level() -> None:
    tree: Filter = A
    for _ in range(200):
        tree = Not(tree)
    with pytest.raises(InvalidFilterError, match="200 levels"):
        Not(tree)


def test_a_long_chain_is_one_level() -> None:
    terms = [F.tags == f"tag{i}" for i in range(3000)]
    tree = reduce(or_, terms)
    assert tree.depth == 1
    assert len(tree.terms) == 3000
    assert parse(str(tree)) == tree


def test_each_term_that_is_joined_copies_no_others() -> None:
    chain = reduce(or_, [F.tags == f"tag{i}" for i in range(20_000)])
    held = []
    waiting = [chain]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Or):
            held.append(len(item._joined))
            waiting.extend(item._joined)
    assert set(held) == {2}
    assert len(chain.terms) == 20_000
    assert chain.terms is chain.terms
    assert len(str(chain).split(" OR ")) == 20_000
    assert pickle.loads(pickle.dumps(chain)) == chain


def test_groups_of_a_kind_are_one_level_however_they_are_joined() -> None:
    terms = [F.tags == f"tag{i}" for i in range(6)]
    nested = Or((Or((terms[0], Or((terms[1], terms[2])))), terms[3] | (terms[4] | terms[5])))
    assert nested == reduce(or_, terms)
    assert nested.depth == 1
    assert nested.terms == tuple(terms)


# --- The parser -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "width >= 1024 AND tags = landscape",
        "nsfw IS EMPTY",
        "(tags = dragon OR prompt:dragon) AND width >= 1024 AND nsfw IS EMPTY",
        "tags = landscape AND NOT tags = nsfw",
        'createdAt >= "2024-01-01" AND numInferenceSteps >= 50 AND guidance >= 7',
        'seed = "1234567890"',
        'aspectRatio = "16:9"',
        "guidance = 7.5",
        "complianceMetadata.subProcessor = Modal",
        "size < 1000000",
    ],
)
def test_the_guides_filters_are_read_and_written_back(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a = 1\n\tAND  b=2", A & B),
        ("((a = 1)) AND (b = 2 AND c = 3)", A & B & C),
        ("a = 1 OR b = 2 AND c = 3", A | B & C),
        ("NOT a = 1 AND b = 2", ~A & B),
        ("NOT (a = 1 OR b = 2)", ~(A | B)),
        ("NOT a EXISTS", ~F["a"].exists()),
        ("a NOT EXISTS", ~F["a"].exists()),
        ("a IS NOT EMPTY", F["a"].is_not_empty()),
        ("a NOT STARTS WITH b", ~F["a"].starts_with("b")),
        ("a IN [1, x,]", F["a"].is_in([1, "x"])),
        ("a NOT IN[]", ~F["a"].is_in([])),
        ("a -1 TO 2.5", F["a"].between(-1, 2.5)),
        ("a = 'it\\'s'", F["a"] == "it's"),
        ("a = 'say \"hi\"'", F["a"] == 'say "hi"'),
        (r'a = "C:\dir\\"', F["a"] == "C:\\dir\\"),
        ('"a" = 1', A),
        ("a = and", F["a"] == "and"),
        ("a = true", F["a"] == True),  # noqa: E712
        ("a = 007", F["a"] == "007"),
        ("a = 1.50", F["a"] == "1.50"),
        ("a = 1e5", F["a"] == "1e5"),
        ("a = " + "9" * 5000, F["a"] == "9" * 5000),
    ],
)
def test_text_is_read(text: str, tree: Filter) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_a_blank_filter_is_no_filter(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "position", "told"),
    [
        ("a = 1 and b = 2", 6, "keywords are upper case: write AND"),
        ("a = 1 or b = 2", 6, "keywords are upper case: write OR"),
        ("not a = 1", 4, "keywords are upper case: write NOT"),
        ("a is empty", 2, "keywords are upper case: write IS EMPTY"),
        ("a IS empty", 5, "keywords are upper case: write EMPTY"),
        ("a in [1]", 2, "keywords are upper case: write IN"),
        ("a == 1", 2, "write ="),
        ("a <> 1", 2, "write !="),
        ("a = 1 && b = 2", 6, "write AND"),
        ("a = 1 || b = 2", 6, "write OR"),
        ("!a = 1", 0, "write NOT"),
        ("a = image/png", 9, 'goes in quotes: "image/png"'),
        ("a > 2024-01-01T00:00:00Z", 17, "goes in quotes"),
        ("a = AND", 4, "goes in quotes"),
        ("a = é", 4, "goes in quotes"),
        ("a = “x”", 4, "straight"),
        ('a = "x', 4, "never closed"),
        ('a = "x\\"', 4, "never closed"),
        ("a = 'O'Brien'", 7, "a ' inside ' quotes is written \\'"),
        ("a = 'it''s'", 8, "a ' inside ' quotes is written \\'"),
        ('a = "say "é" now"', 10, 'a " inside " quotes is written \\"'),
        ("a ENDS WITH x", 2, "ENDS WITH"),
        ("_geoRadius(1, 2, 3)", 0, "Raw"),
        ("(a = 1", 6, "'(' at position 0"),
        ("a = 1)", 5, "found ')'"),
        ("()", 1, "expected a field"),
        ("a =", 3, "found the end"),
        ("a", 1, "found the end"),
        ("= 1", 0, "expected a field"),
        ("a = 1 b = 2", 6, "expected AND, OR or the end"),
        ("(a = 1 b = 2)", 7, "expected AND, OR, ')' or the end"),
        ("a = 1 AND", 9, "expected a field"),
        ("a IS", 4, "expected NULL, EMPTY or NOT"),
        ("a IS NOT b", 9, "expected NULL or EMPTY"),
        ("a NOT b", 6, "expected IN"),
        ("a STARTS b", 9, "expected WITH"),
        ("a IN 1", 5, "expected '['"),
        ("a IN [1 2]", 8, "expected ',' or ']'"),
        ("a IN [,]", 6, "expected a value"),
        ("a IN [1", 7, "found the end"),
        ("a 1 TO", 6, "expected a value"),
        ("a 1 5", 2, "found '1'"),
        ('"a b" = 1', 0, "cannot be a field's name"),
        ('a = "\ud800"', 4, "surrogate"),
        ("(" * 201 + "a = 1" + ")" * 201, 200, "200 levels"),
        ("NOT " * 100_000 + "a = 1", 800, "200 levels"),
    ],
)
def test_an_error_tells_where_and_why(text: str, position: int, told: str) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse(text)

    assert (caught.value.position, caught.value.text) == (position, text)
    assert told in caught.value.message
    assert "Invalid filter syntax" in caught.value.message


def test_a_word_apart_from_a_quoted_value_is_not_taken_for_a_part_of_it() -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse("a = 'O' b = 2")

    assert caught.value.message.endswith("found 'b'")


def test_a_tree_too_deep_for_its_few_parentheses_is_refused_with_a_position() -> None:
    text = "a = 1 OR b = 2 AND (" * 150 + "c = 3" + ")" * 150
    with pytest.raises(InvalidFilterError, match="200 levels") as caught:
        parse(text)

    assert caught.value.position is not None


def test_nots_side_by_side_are_not_nested() -> None:
    text = " AND ".join(["NOT a = 1"] * 300)
    assert str(parse(text)) == text


def test_parentheses_side_by_side_are_not_nested() -> None:
    text = " AND ".join(["(a = 1 OR b = 2)"] * 300)
    assert str(parse(text)) == text


def test_many_unclosed_quotes_are_refused_at_the_first() -> None:
    with pytest.raises(InvalidFilterError) as caught:
        parse('a = "' + '\\"' * 100_000)

    assert caught.value.position == 4


def _caret(text: str, width: int = 80) -> list[str]:
    with pytest.raises(InvalidFilterError) as caught:
        parse(text)
    return format_error(caught.value, width=width).splitlines()


def test_the_caret_stands_below_the_place() -> None:
    message, line, caret = _caret("width >= 1024 and tags = x")
    assert message.startswith("Invalid filter syntax at position 14")
    assert line == "  width >= 1024 and tags = x"
    assert caret == "  " + " " * 14 + "^"


def test_the_caret_shows_the_line_it_is_on() -> None:
    assert _caret("a = 1 AND\n\tb == 2\nAND c = 3")[1:] == ["   b == 2", "     ^"]


def test_the_caret_minds_wide_characters() -> None:
    assert _caret('a = "龍" and b = 1')[1:] == ['  a = "龍" and b = 1', "           ^"]


def test_the_caret_minds_marks_without_a_combining_class() -> None:
    # A Thai vowel above its consonant: two characters, one column.
    assert _caret('a = "\u0e01\u0e31" and b = 1')[2] == "          ^"


def test_the_caret_shows_part_of_a_long_line() -> None:
    _, line, caret = _caret("tags = x AND " * 50 + "and = and and", width=40)
    assert len(line) <= 40
    assert line[caret.index("^") :] == "and"


def test_an_error_without_a_position_has_no_caret() -> None:
    with pytest.raises(InvalidFilterError) as caught:
        F["a b"]

    assert format_error(caught.value) == caught.value.message


def test_a_field_is_no_key() -> None:
    with pytest.raises(TypeError):
        hash(F.width)


def test_attributes_are_fields() -> None:
    assert isinstance(F.width, Field)


def test_in_before_a_field_is_told_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"\.contains\("):
        assert "castle" in F.tags
