from __future__ import annotations

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from scenario_search.emulator.contract.fields import Kind
from scenario_search.emulator.contract.refusals import RefusedError
from scenario_search.emulator.contract.requests import LARGEST_POSITION, SearchRequest, read_search
from scenario_search.emulator.engine.engine import SearchResult
from scenario_search.emulator.http.routes import _search_body


def read(
    body: Any, kind: Kind = "assets", query_string: dict[str, str] | None = None
) -> SearchRequest:
    return read_search(kind, orjson.dumps(body), query_string or {})


def refusal(body: Any, kind: Kind = "assets", query_string: dict[str, str] | None = None) -> str:
    with pytest.raises(RefusedError) as caught:
        read(body, kind, query_string)
    assert caught.value.status == 400
    return caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": ""},
        {"query": " \t"},
        {"filter": "  "},
        {"image": ""},
        {"images": {}},
        {"images": {"like": [], "unlike": [" "]}},
        {"sortBy": ["createdAt:desc"]},
        {"public": True, "limit": 5},
        {"query": "", "filter": "", "image": " "},
    ],
)
def test_a_search_needs_something_to_search_for(body: dict[str, Any]) -> None:
    assert refusal(body) == "Must provide at least one search parameter"


@pytest.mark.parametrize(
    "body",
    [
        {"query": "x"},
        {"filter": "width > 1"},
        {"image": "asset_1"},
        {"images": {"like": ["asset_1"]}},
        {"images": {"unlike": ["asset_1"]}},
    ],
)
def test_any_one_search_parameter_does(body: dict[str, Any]) -> None:
    assert read(body).limit == 20


def test_a_picture_is_no_search_parameter_of_workflows() -> None:
    assert "at least one" in refusal({"image": "asset_1"}, "workflows")
    assert read({"query": "x", "image": 1}, "workflows").like == ()


def test_image_and_images_exclude_each_other() -> None:
    message = refusal({"image": "asset_1", "images": {"like": ["asset_2"]}})
    assert message == '"image" and "images" are mutually exclusive'


def test_pictures_are_counted_over_like_and_unlike() -> None:
    images = {"like": ["a"] * 10, "unlike": ["b"] * 6}
    assert len(read({"images": images}).like) == 10
    images["unlike"].append("c")
    assert refusal({"images": images}) == '"images" must have at most 16 pictures in all'


def test_an_empty_images_beside_image_is_no_contradiction() -> None:
    assert read({"image": "asset_1", "images": {"like": []}}).like == ("asset_1",)


def test_like_and_unlike_are_read() -> None:
    request = read({"images": {"like": ["a", "b"], "unlike": ["c"]}, "imageSemanticRatio": 0.25})
    assert (request.like, request.unlike) == (("a", "b"), ("c",))
    assert request.image_semantic_ratio == 0.25


@pytest.mark.parametrize("name", ["limit", "hitsPerPage"])
@pytest.mark.parametrize("size", [101, 1000, 100.5, 1e300])
def test_a_page_holds_a_hundred_hits_at_most(name: str, size: float) -> None:
    assert refusal({"query": "x", name: size}) == "Limit exceeds maximum (100)"


@pytest.mark.parametrize("name", ["limit", "hitsPerPage"])
@pytest.mark.parametrize("size", [1, 100, 20.0])
def test_sizes_within_the_bounds_are_taken(name: str, size: float) -> None:
    assert read({"query": "x", name: size}).limit == size


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("limit", 0, "at least 1"),
        ("limit", -1, "at least 1"),
        ("limit", 1.5, "a whole number"),
        ("limit", "20", "a number"),
        ("limit", True, "a number"),
        ("limit", None, "a number"),
        ("offset", -1, "at least 0"),
        ("offset", 2**53, f"at most {LARGEST_POSITION}"),
        ("page", 0, "at least 1"),
        ("page", 1e300, f"at most {LARGEST_POSITION}"),
        ("hitsPerPage", 0, "at least 1"),
        ("query", 1, "a string"),
        ("query", None, "a string"),
        ("filter", ["width > 1"], "a string"),
        ("public", "true", "a boolean"),
        ("querySemanticRatio", 1.01, "between 0 and 1"),
        ("querySemanticRatio", -0.01, "between 0 and 1"),
        ("querySemanticRatio", "1", "a number"),
        ("imageSemanticRatio", 2, "between 0 and 1"),
        ("image", 1, "a string"),
        ("images", [], "an object"),
        ("sortBy", "createdAt:desc", "an array of strings"),
        ("sortBy", [1], "an array of strings"),
    ],
)
def test_a_value_of_a_wrong_type_or_range_is_named(name: str, value: Any, problem: str) -> None:
    message = refusal({"query": "x"} | {name: value})
    assert message.startswith(f'"{name}" must be')
    assert problem in message


@pytest.mark.parametrize("side", ["like", "unlike"])
@pytest.mark.parametrize("value", ["asset_1", [1], None])
def test_references_are_arrays_of_strings(side: str, value: Any) -> None:
    assert refusal({"images": {side: value}}) == f'"images.{side}" must be an array of strings'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (False, 0, 20, 1)),
        ({"limit": 7}, (False, 0, 7, 1)),
        ({"offset": 40}, (False, 40, 20, 1)),
        ({"page": 3}, (True, 40, 20, 3)),
        ({"hitsPerPage": 50}, (True, 0, 50, 1)),
        ({"page": 4, "hitsPerPage": 50}, (True, 150, 50, 4)),
    ],
)
def test_the_missing_half_of_a_pagination_mode_is_completed(
    body: dict[str, int], expected: tuple[bool, int, int, int]
) -> None:
    request = read({"query": "x", **body})
    assert (request.page_mode, request.offset, request.limit, request.page) == expected


@pytest.mark.parametrize("first", ["offset", "limit"])
@pytest.mark.parametrize("second", ["page", "hitsPerPage"])
def test_the_pagination_modes_do_not_mix(first: str, second: str) -> None:
    message = refusal({"query": "x", first: 1, second: 1})
    assert message == f'"{first}" and "{second}" cannot be used together'


@pytest.mark.parametrize(
    ("kind", "body", "computes"),
    [
        ("assets", {"query": "x"}, False),
        ("assets", {"query": "x", "querySemanticRatio": 0, "image": ""}, False),
        ("assets", {"query": "x", "querySemanticRatio": 0.1}, True),
        ("assets", {"image": "asset_1"}, True),
        ("models", {"images": {"unlike": ["asset_1"]}}, True),
        ("workflows", {"query": "x", "image": "asset_1"}, False),
    ],
)
def test_meaning_and_likeness_are_what_computes(
    kind: Kind, body: dict[str, Any], computes: bool
) -> None:
    assert read(body, kind).computes is computes


def test_sort_is_read_in_order_and_a_field_counts_once() -> None:
    request = read({"query": "x", "sortBy": ["width:desc", "createdAt:asc", "width:asc"]})
    assert [(key.field.name, key.descending) for key in request.sort] == [
        ("width", True),
        ("createdAt", False),
    ]


@pytest.mark.parametrize(
    "entry", ["prompt:asc", "createdAt", "createdAt:down", "createdAt:DESC", ":asc", ""]
)
def test_a_sort_that_can_not_be_is_a_400(entry: str) -> None:
    assert entry.partition(":")[0] in refusal({"query": "x", "sortBy": [entry]})


def test_many_sorts_are_no_problem() -> None:
    entries = ["width:asc", "height:desc"] * 10_000
    assert len(read({"query": "x", "sortBy": entries}).sort) == 2


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"query": NaN}', b"\xff", b"[" * 5000])
def test_a_body_that_is_no_json_is_a_400(body: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        read_search("assets", body, {})
    assert (caught.value.status, caught.value.message) == (400, "Invalid JSON body")


@pytest.mark.parametrize("body", [[], "x", 1, None])
def test_a_body_that_is_no_object_is_a_400(body: Any) -> None:
    assert refusal(body) == "The body must be a JSON object"


def test_unknown_keys_are_ignored() -> None:
    assert read({"query": "x", "brandNew": {}}) == read({"query": "x"})


@pytest.mark.parametrize("query", ["swor ", " swor", "swor\t\n", "swor\u00a0"])
def test_a_query_keeps_its_white_space(query: str) -> None:
    assert read({"query": query}).query == query


def test_a_blank_query_beside_a_filter_is_none() -> None:
    assert read({"query": " \t", "filter": "width > 1"}).query is None


def test_the_query_string_holds_the_project() -> None:
    assert read({"query": "x"}, query_string={"projectId": "p"}).project_id == "p"


@pytest.mark.parametrize("value", ["true", "false", "True"])
def test_original_assets_is_a_boolean(value: str) -> None:
    request = read({"query": "x"}, query_string={"originalAssets": value})
    assert request.original_assets is (value.lower() == "true")
    assert not read({"query": "x"}).original_assets


def test_original_assets_is_nothing_else() -> None:
    message = refusal({"query": "x"}, query_string={"originalAssets": "maybe"})
    assert message == '"originalAssets" must be true or false'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(
    (
        *("query", "filter", "image", "images", "limit", "offset", "page", "hitsPerPage"),
        *("sortBy", "public", "querySemanticRatio", "imageSemanticRatio"),
    )
)


@given(st.dictionaries(NAMES, JSON))
def test_any_object_is_read_or_is_a_400(body: dict[str, Any]) -> None:
    try:
        raw = orjson.dumps(body)
    except TypeError:  # an integer past 64 bits
        return
    # Anything but a refusal as documented would be an error of the test.
    with contextlib.suppress(RefusedError):
        assert 1 <= read_search("assets", raw, {}).limit <= 100


@pytest.mark.parametrize(("total", "pages"), [(0, 0), (1, 1), (50, 1), (51, 2)])
def test_the_last_page_may_be_less_than_full(total: int, pages: int) -> None:
    wanted = SearchRequest(kind="assets", page_mode=True, limit=50)
    assert orjson.loads(_search_body(wanted, SearchResult([], total)))["totalPages"] == pages


def test_ratios_are_words_alone_and_subject_alone_if_unset() -> None:
    request = read({"query": "castle", "image": "asset_1"})
    assert (request.query_semantic_ratio, request.image_semantic_ratio) == (0.0, 1.0)


@pytest.mark.parametrize("blank", ["", " "])
def test_a_blank_project_is_none(blank: str) -> None:
    assert read_search("assets", b'{"query": "x"}', {"projectId": blank}).project_id is None
