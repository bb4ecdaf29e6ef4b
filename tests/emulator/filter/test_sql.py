from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from filter_oracle import matches
from hypothesis import HealthCheck, given, settings, strategies as st

from scenario_search.emulator.contract.fields import FIELDS, KINDS, Kind
from scenario_search.emulator.filter.parser import (
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
    UnknownFieldError,
    parse_filter,
)
from scenario_search.emulator.filter.sql import MAX_CONDITIONS, MAX_PARAMETERS, compile_filter
from scenario_search.emulator.store.store import Store

Matching = Callable[..., list[int]]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store() as store:
        yield store


@pytest.fixture
def matching(store: Store) -> Matching:
    """The places, in the list given, of the documents that match a filter."""

    def matching(text: str, *documents: dict[str, Any], kind: Kind = "assets") -> list[int]:
        return found(store, kind, parse_filter(text), list(documents))

    return matching


def found(
    store: Store, kind: Kind, tree: Node | None, documents: list[dict[str, Any]]
) -> list[int]:
    store.clear(kind)
    store.upsert(kind, [{"id": f"{n}"} | document for n, document in enumerate(documents)])
    numbers = store.select_numbers(kind, tree)
    return [int(document["id"]) for document in store.documents(kind, numbers)]


def asset(**metadata: Any) -> dict[str, Any]:
    return {"metadata": metadata}


# Small pools, so that documents and filters meet.
TEXTS = st.sampled_from(
    (
        *("", " ", "a", "A", "ab", "Ab ", "b", "é", "e\u0301", "É", "\ufb01", "ß", "\uff11"),
        *("1", "1.0", "10", "9", "2e0", "-0", "1e999", "nan", "inf", "1_0", "9007199254740993"),
        *("true", "null", "2024-01-01", "2024-01-15T10:30:00.000Z", "a\0b", "'\"\\%_*[", "big"),
        *("red dragon", "Dragon", 'a "drag"', "x" * 470, "é" * 240, "dragon" * 100),
    )
) | st.text(max_size=4)
NUMBERS = st.sampled_from([0, -0.0, 1, 1.0, 1.5, 2, 9, 10, -1, 2**53 + 1, 10**25, 0.1 + 0.2, 1e300])
SCALARS = st.none() | st.booleans() | TEXTS | NUMBERS
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.sampled_from([{}, {"a": 1}, [[]], [["a"]]])
LITERALS = TEXTS | NUMBERS.map(str)


def documents(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    tops = {field.path[0] for field in FIELDS[kind] if len(field.path) == 1}
    inner: dict[str, set[str]] = {}
    for field in FIELDS[kind]:
        if len(field.path) == 2:
            inner.setdefault(field.path[0], set()).add(field.path[1])
    values: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(tops, VALUES)
    for name, keys in inner.items():
        values[name] = st.fixed_dictionaries({}, optional=dict.fromkeys(keys, VALUES)) | VALUES
    if kind == "models":
        concept = st.fixed_dictionaries({}, optional={"modelId": VALUES}) | VALUES
        values["concepts"] = st.lists(concept, max_size=3) | VALUES
    return st.fixed_dictionaries({}, optional=values)


def trees(kind: Kind) -> st.SearchStrategy[Node]:
    names = st.sampled_from([field.name for field in FIELDS[kind] if field.filterable])
    operators = st.sampled_from(["=", "!=", ">", ">=", "<", "<="])
    conditions: st.SearchStrategy[Node] = st.one_of(
        st.builds(Comparison, names, operators, LITERALS),
        st.builds(Between, names, LITERALS, LITERALS),
        st.builds(In, names, st.lists(LITERALS, max_size=4).map(tuple)),
        st.builds(Contains, names, LITERALS),
        st.builds(StartsWith, names, LITERALS),
        st.builds(Exists, names),
        st.builds(IsNull, names),
        st.builds(IsEmpty, names),
    )
    nodes = conditions
    for _ in range(5):
        several = st.lists(nodes, min_size=2, max_size=3).map(tuple)
        nodes = (
            conditions | st.builds(Not, nodes) | st.builds(And, several) | st.builds(Or, several)
        )
    return nodes


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=settings.default.max_examples // 2,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_sql_finds_what_a_plain_evaluation_finds(
    store: Store, kind: Kind, data: st.DataObject
) -> None:
    held = data.draw(st.lists(documents(kind), min_size=1, max_size=8))
    store.clear(kind)
    store.upsert(kind, [{"id": f"{n}"} | document for n, document in enumerate(held)])
    for tree in data.draw(st.lists(trees(kind), min_size=1, max_size=8)):
        numbers = store.select_numbers(kind, tree)
        ids = [int(document["id"]) for document in store.documents(kind, numbers)]
        assert ids == [n for n, document in enumerate(held) if matches(kind, tree, document)]


def test_text_is_compared_without_case_in_any_script(matching: Matching) -> None:
    assert matching(
        "kind = IMAGE", asset(kind="image"), asset(kind="Image"), asset(kind="video")
    ) == [0, 1]
    assert matching('name = "ÉTÉ"', asset(name="e\u0301te\u0301")) == [0]


def test_equality_on_a_list_asks_for_an_element(matching: Matching) -> None:
    assert matching("tags = castle", {"tags": ["Castle", "sea"]}, {"tags": ["castles"]}) == [0]


@pytest.mark.parametrize("literal", ["1234567890", '"1234567890"'])
def test_a_numeric_literal_finds_the_number_and_its_text(matching: Matching, literal: str) -> None:
    held = asset(seed="1234567890"), asset(seed=1234567890), asset(seed="12345678901")
    assert matching(f"seed = {literal}", *held) == [0, 1]


def test_equal_numbers_are_equal_however_written(matching: Matching) -> None:
    held = asset(guidance=7.5, width=1024), asset(guidance=7.51, width=1024.0)
    assert matching("guidance = 7.50", *held) == [0]
    assert matching('width = "1024.0"', *held) == [0, 1]


def test_numbers_are_compared_with_numbers_and_text_with_text(matching: Matching) -> None:
    held = asset(width=9), asset(width=100), asset(width="9"), asset(width="1")
    assert matching("width >= 10", *held) == [1, 2]
    assert matching("width < 10", *held) == [0, 3]
    assert matching("width 10 TO 200", *held) == [1]


def test_booleans_compare_as_words(matching: Matching) -> None:
    assert matching("name = TRUE", asset(name=True), asset(name=False), asset(name="true")) == [
        0,
        2,
    ]


def test_dates_compare_as_text_and_may_be_partial(matching: Matching) -> None:
    held = [{"createdAt": f"{day}T10:30:00.000Z"} for day in ("2023-12-31", "2024-01-01")]
    assert matching('createdAt >= "2024-01-01"', *held) == [1]
    assert matching('createdAt < "2024-01-01"', *held) == [0]
    assert matching('createdAt = "2024-01-01t10:30:00.000z"', *held) == [1]


def test_between_includes_both_ends(matching: Matching) -> None:
    held = [asset(width=width) for width in (511, 512, 700, 1024, 1025)]
    assert matching("width 512 TO 1024", *held) == [1, 2, 3]


@pytest.mark.parametrize(
    "text", ["kind != image", "NOT kind = image", "kind NOT IN [image]", "kind NOT CONTAINS mag"]
)
def test_negative_conditions_match_documents_without_the_field(
    matching: Matching, text: str
) -> None:
    assert matching(text, asset(kind="image"), asset(kind="video"), asset(), {}) == [1, 2, 3]


def test_negating_a_group_turns_and_into_or(matching: Matching) -> None:
    held = [asset(kind="a", name="a"), asset(kind="a"), asset(name="a"), {}]
    assert matching("NOT (kind = a AND name = a)", *held) == [1, 2, 3]
    assert matching("NOT (kind = a OR name = a)", *held) == [3]
    assert matching("NOT (kind = a OR NOT name = a)", *held) == [2]


def test_empty_is_missing_null_and_every_empty_value(matching: Matching) -> None:
    values: list[Any] = [None, "", [], {}, ["nudity"], [""], 0, False]
    held = [{}, *({"nsfw": value} for value in values)]
    assert matching("nsfw IS EMPTY", *held) == [0, 1, 2, 3, 4]
    assert matching("nsfw IS NOT EMPTY", *held) == [5, 6, 7, 8]


def test_existing_includes_null(matching: Matching) -> None:
    held: list[dict[str, Any]] = [{}, {"metadata": None}, asset(prompt=None), asset(prompt="")]
    assert matching("prompt EXISTS", *held) == [2, 3]
    assert matching("prompt NOT EXISTS", *held) == [0, 1]
    assert matching("prompt IS NULL", *held) == [2]
    assert matching("prompt IS NOT NULL", *held) == [0, 1, 3]


@pytest.mark.parametrize("text", ["prompt:DRAGON", "prompt CONTAINS dragon", "prompt:dr"])
def test_contains_finds_parts_of_text(matching: Matching, text: str) -> None:
    held = asset(prompt="A red Dragon"), asset(prompt="dragonfly"), asset(prompt="d r a g o n")
    assert matching(text, *held) == [0, 1]


@pytest.mark.parametrize("part", ["*", "%", "_", "[a]", '"', "a?", "a\\\\b"])
def test_signs_of_patterns_stand_for_themselves(matching: Matching, part: str) -> None:
    quoted = f"'{part}'"
    literal = part.replace("\\\\", "\\")
    assert matching(f"prompt:{quoted}", asset(prompt=f"xa{literal}y"), asset(prompt="xaby a")) == [
        0
    ]


def test_contains_and_starts_with_leave_numbers_alone(matching: Matching) -> None:
    assert matching("seed:12", asset(seed=1234), asset(seed="1234")) == [1]
    assert matching("seed STARTS WITH 12", asset(seed=1234), asset(seed="1234")) == [1]


def test_starts_with_looks_at_the_start(matching: Matching) -> None:
    held = asset(prompt="dragon and knight"), asset(prompt="a dragon")
    assert matching("prompt STARTS WITH Dragon", *held) == [0]


def test_concepts_are_compared_by_their_model(matching: Matching) -> None:
    held: list[dict[str, Any]] = [
        {"concepts": [{"modelId": "model_a"}, {"modelId": "model_b"}]},
        {"concepts": []},
    ]
    assert matching("concepts = model_b", *held, kind="models") == [0]
    assert matching("concepts IS EMPTY", *held, kind="models") == [1]


def test_a_dotted_field_is_read_inside_its_object(matching: Matching) -> None:
    held: list[dict[str, Any]] = [
        {"complianceMetadata": {"subProcessor": "Modal"}},
        {"complianceMetadata": None},
    ]
    assert matching("complianceMetadata.subProcessor = modal", *held, kind="models") == [0]


def test_a_value_is_compared_on_its_first_468_bytes(matching: Matching) -> None:
    held = asset(prompt="x" * 468 + "a"), asset(prompt="x" * 467)
    assert matching(f"prompt = {'x' * 468}b", *held) == [0]


def test_lists_where_scalars_belong_are_searched_by_element(matching: Matching) -> None:
    assert matching("width >= 1000", asset(width=[1, 2000]), asset(width=[1, 2])) == [0]


@pytest.mark.parametrize("kind", KINDS)
def test_only_documented_fields_can_be_filtered(kind: Kind) -> None:
    for name in ("id", "teamId", "score", "metadata.width", "fieldName"):
        with pytest.raises(UnknownFieldError) as caught:
            compile_filter(kind, parse_filter(f"NOT (privacy = public OR {name} EXISTS)"))
        assert str(caught.value) == f'"{name}" is not a filterable field'
        assert caught.value.position == 25


def test_ten_thousand_values_are_one_condition(matching: Matching) -> None:
    held = [asset(seed=str(seed)) for seed in (5, 20_000)]
    listed = ", ".join(str(seed) for seed in range(10_000))
    assert matching(f"seed IN [{listed}]", *held) == [0]
    assert matching(" OR ".join(f"seed = s{n}" for n in range(10_000)) + " OR seed = 5", *held) == [
        0
    ]


def test_a_thousand_unlike_conditions_fit_a_statement(matching: Matching) -> None:
    wide = " OR ".join(f"width 1{n} TO 2{n}" for n in range(2000, 3000))
    held = [asset(width=5), asset(width=12500), asset()]
    assert matching(f"{wide} OR width < 10", *held) == [0, 1]
    narrow = " AND ".join(f"width != {n}" for n in range(1000))
    assert matching(narrow, asset(width=5), asset(width=5000)) == [1]


def test_two_hundred_levels_fit_a_statement(matching: Matching) -> None:
    nested = "(" * 99 + "(width = 7" + " OR width = 1) AND width != 2" * 99 + " OR width = 0)"
    assert matching(nested, asset(width=7), asset(width=2), asset(width=1)) == [0, 2]
    both = "".join("(kind = a OR (kind != b AND " for _ in range(99))
    assert matching(
        f"{both}width = 7{'))' * 99}", asset(width=7), asset(kind="b"), asset(kind="a")
    ) == [0, 2]
    with pytest.raises(UnknownFieldError):
        matching("NOT " * 200 + "nothing EXISTS")


def test_too_many_conditions_are_refused() -> None:
    many = " OR ".join(f"width > {n}" for n in range(MAX_CONDITIONS + 1))
    with pytest.raises(FilterSyntaxError, match="more than 5000 conditions"):
        compile_filter("assets", parse_filter(many))


def test_more_values_than_a_statement_holds_are_refused() -> None:
    many = tuple(f"{n}.5" for n in range(MAX_PARAMETERS))
    with pytest.raises(FilterSyntaxError, match="different values"):
        compile_filter("assets", In("width", many))


@given(value=TEXTS)
def test_no_text_is_part_of_the_statement(value: str) -> None:
    marked = f"\N{SNOWMAN}{value}"
    for tree in (
        Comparison("kind", ">", marked),
        In("kind", (marked,)),
        Contains("prompt", marked),
        Between("kind", marked, marked),
    ):
        sql = compile_filter("assets", tree)
        assert "\N{SNOWMAN}" in "".join(map(str, sql.parameters))
        assert "\N{SNOWMAN}" not in sql.tables + sql.condition


@pytest.mark.parametrize(
    "tree",
    [
        Comparison("width", ">", "27182818"),
        In("width", ("27182818",)),
        Contains("prompt", "27182818"),
        Between("width", "27182818", "27182818"),
    ],
    ids=lambda tree: type(tree).__name__,
)
def test_no_number_is_part_of_the_statement(tree: Node) -> None:
    sql = compile_filter("assets", tree)
    assert "27182818" in " ".join(map(str, sql.parameters))
    assert "27182818" not in sql.tables + sql.condition


def test_between_two_texts_includes_both_too(matching: Matching) -> None:
    held = [{"createdAt": f"2024-01-0{day}"} for day in range(1, 6)]
    assert matching("createdAt 2024-01-02 TO 2024-01-04", *held) == [1, 2, 3]
