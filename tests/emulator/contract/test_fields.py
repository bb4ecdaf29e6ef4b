from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from guide_fields import FILTERABLE, SORTABLE
from hypothesis import given, strategies as st

from scenario_search import (
    SearchAssetSearchParams,
    SearchModelSearchParams,
)
from scenario_search.emulator import Emulator
from scenario_search.emulator.contract.fields import (
    FIELDS,
    KINDS,
    MAX_VALUE_BYTES,
    SEARCHABLE,
    InvalidSortError,
    Kind,
    SortKey,
    column_fields,
    filterable_field,
    folded,
    index_document,
    parse_sort,
    searchable_texts,
)
from scenario_search.emulator.contract.requests import read_search
from scenario_search.filters import fields as client_fields


def place(kind: Kind, name: str) -> int:
    return [field.name for field in FIELDS[kind]].index(name)


def scalar(kind: Kind, name: str, document: dict[str, Any]) -> object:
    names = [field.name for field in column_fields(kind)]
    return index_document(kind, document).scalars[names.index(name)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_is_declared_once_and_fits_the_masks(kind: Kind) -> None:
    names = [field.name for field in FIELDS[kind]]
    assert len(set(names)) == len(names) <= 63


@pytest.mark.parametrize("kind", ["assets", "models"])
def test_the_fields_are_the_guides(kind: Kind) -> None:
    ours = {field.name: field.type for field in FIELDS[kind] if field.filterable}
    assert ours == FILTERABLE[kind]
    theirs = {field.name: field.value_type for field in client_fields.FIELDS[kind].values()}
    assert theirs == FILTERABLE[kind]


@pytest.mark.parametrize("kind", ["assets", "models"])
def test_what_can_be_sorted_by_is_the_guides(kind: Kind) -> None:
    params = {"assets": SearchAssetSearchParams, "models": SearchModelSearchParams}[kind]
    ours = {field.name for field in FIELDS[kind] if field.sortable}
    assert ours == set(params.sortable) == SORTABLE


def test_workflows_have_the_same_fields_on_both_sides() -> None:
    ours = {field.name: field.type for field in FIELDS["workflows"] if field.filterable}
    theirs = {f.name: f.value_type for f in client_fields.FIELDS["workflows"].values()}
    assert ours == theirs


@pytest.fixture(scope="module")
def demo() -> Iterator[Emulator]:
    with Emulator.demo() as emulator:
        yield emulator


def answer(emulator: Emulator, kind: Kind, **body: Any) -> int:
    return emulator._running().search(read_search(kind, orjson.dumps(body), {})).total


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in FILTERABLE.items() for name in names]
)
def test_a_documented_field_can_be_filtered_by(demo: Emulator, kind: Kind, name: str) -> None:
    total = answer(demo, kind, filter=f"{name} EXISTS OR NOT {name} EXISTS")
    empty, filled = (answer(demo, kind, filter=f"{name} IS {n}EMPTY") for n in ("", "NOT "))
    assert empty + filled == total > 0
    assert filled > 0, "the demo has no such field"
    assert answer(demo, kind, filter=f"{name} = nonesuch") == 0


@pytest.mark.parametrize("kind", ["assets", "models"])
@pytest.mark.parametrize("name", sorted(SORTABLE))
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_documented_field_can_be_sorted_by(
    demo: Emulator, kind: Kind, name: str, order: str
) -> None:
    body = {"filter": "createdAt EXISTS", "limit": 100, "sortBy": [f"{name}:{order}"]}
    found = demo._running().search(read_search(kind, orjson.dumps(body), {})).hits
    hits = [orjson.loads(hit) for hit in found]
    values = [hit.get(name, hit.get("metadata", {}).get(name)) for hit in hits]
    known = [value for value in values if value is not None]
    assert values == sorted(known, reverse=order == "desc") + [None] * (len(values) - len(known))
    assert bool(known) == (kind == "assets" or name not in {"width", "height"})


@pytest.mark.parametrize("name", ["width", "height", "score", "teamId"])
def test_other_fields_of_models_are_not_filterable(name: str) -> None:
    assert filterable_field("models", name) is None


@pytest.mark.parametrize("name", ["id", "teamId", "score", "description", "nothing"])
def test_other_fields_of_assets_are_not_filterable(name: str) -> None:
    assert filterable_field("assets", name) is None


def test_sort_entries_are_read_in_order() -> None:
    score, created = (FIELDS["assets"][place("assets", n)] for n in ("score", "createdAt"))
    keys = parse_sort("assets", ["score:desc", "createdAt:asc", "score:asc"])
    assert keys == (SortKey(score, True), SortKey(created, False))


@pytest.mark.parametrize(
    "entry", ["width", "width:", ":asc", "", "width:ASC", "width:down", "prompt:asc", "id:asc"]
)
def test_a_wrong_sort_entry_is_named(entry: str) -> None:
    with pytest.raises(InvalidSortError, match=r"^Invalid sort field") as caught:
        parse_sort("assets", [entry])
    assert entry.partition(":")[0] in str(caught.value)


def test_folding_trims_and_forgets_case_and_composition() -> None:
    assert folded("  Café ÀB\n") == folded("cafe\u0301 a\u0300b")
    assert folded("\ufb01re") == "fire"


@given(st.text())
def test_folded_text_keeps_to_the_limit(text: str) -> None:
    once = folded(text * 50)
    assert len(once.encode()) <= MAX_VALUE_BYTES
    assert "\0" not in once


def test_half_a_surrogate_pair_can_be_folded() -> None:
    assert folded("a\ud800B") == "a?b"


def test_folding_cuts_between_characters() -> None:
    assert folded("€" * 200) == "€" * 156


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1024, 1024.0),
        ("Big", "big"),
        (True, "true"),
        (None, None),
        ({"a": 1}, None),
        (10**400, None),
        (2**70, float(2**70)),
    ],
)
def test_a_scalar_keeps_the_type_it_has(value: object, expected: object) -> None:
    assert scalar("assets", "width", {"metadata": {"width": value}}) == expected


@pytest.mark.parametrize("document", [{}, {"metadata": None}, {"metadata": []}, {"metadata": "x"}])
def test_metadata_of_any_kind_is_borne(document: dict[str, Any]) -> None:
    assert not index_document("assets", document).present & 1 << place("assets", "width")


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (None, (True, True, False)),
        ("", (True, False, False)),
        ([], (True, False, False)),
        ({}, (True, False, False)),
        (0, (True, False, True)),
        (False, (True, False, True)),
        ([None], (True, False, True)),
    ],
)
def test_the_masks_tell_present_null_and_filled(value: object, bits: tuple[bool, ...]) -> None:
    indexed = index_document("assets", {"nsfw": value})
    bit = 1 << place("assets", "nsfw")
    masks = (indexed.present, indexed.null, indexed.filled)
    assert tuple(bool(mask & bit) for mask in masks) == bits


@pytest.mark.parametrize(
    ("value", "elements"),
    [
        (["A", "b", "B"], {"a", "b"}),
        ("X", {"x"}),
        ([1, True, None, ["c"], {"d": 1}], {1.0, "true"}),
    ],
)
def test_a_list_is_kept_by_element(value: object, elements: set[object]) -> None:
    indexed = index_document("assets", {"tags": value})
    assert indexed.elements == {(place("assets", "tags"), element) for element in elements}


def test_concepts_are_kept_by_model() -> None:
    indexed = index_document("models", {"concepts": [{"modelId": "Model_A"}, {"x": 1}, "m", None]})
    number = place("models", "concepts")
    assert indexed.elements == {(number, "model_a"), (number, "m")}


def test_searchable_texts_stand_in_order_of_weight() -> None:
    document = {
        "metadata": {"name": "Castle", "prompt": None, "seed": 42},
        "description": ["two", "parts"],
        "tags": ["a", 1, ["b"], {"c": 1}, True],
    }
    expected = (("Castle",), (), ("two", "parts"), ("a", "1"), ("42",))
    assert searchable_texts("assets", document) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_every_searchable_attribute_has_its_texts(kind: Kind) -> None:
    document: dict[str, Any] = {}
    for number, path in enumerate(SEARCHABLE[kind]):
        inner = document if len(path) == 1 else document.setdefault(path[0], {})
        inner[path[-1]] = f"text {number}"
    texts = searchable_texts(kind, document)
    assert texts == tuple((f"text {number}",) for number in range(len(SEARCHABLE[kind])))
