from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from filter_oracle import matches
from hypothesis import HealthCheck, given, settings, strategies as st

from scenario_search.emulator.fields import FIELDS, KINDS, Kind
from scenario_search.emulator.filter_parser import (
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
from scenario_search.emulator.filter_sql import MAX_PARAMETERS, compile_filter
from scenario_search.emulator.store import Store

Matching = Callable[..., list[int]]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store.open() as store:
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
    [
        "",
        " ",
        "a",
        "A",
        "ab",
        "Ab ",
        "b",
        "é",
        "e\u0301",
        "É",
        "ﬁ",
        "ß",
        "1",
        "1.0",
        "10",
        "9",
        "2e0",
    ]
    + ["true", "null", "2024-01-01", "2024-01-15T10:30:00.000Z", "a\0b", "'\"\\%_", "x" * 470]
    + ["é" * 240, "big", "-0", "1e999", "nan", "inf", "１", "1_0", "9007199254740993"]
) | st.text(max_size=3)
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
    values: dict[str, st.SearchStrategy[Any]] = {name: VALUES for name in tops}
    for name, keys in inner.items():
        values[name] = st.fixed_dictionaries({}, optional={key: VALUES for key in keys}) | VALUES
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
    max_examples=50,
    deadline=None,
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
