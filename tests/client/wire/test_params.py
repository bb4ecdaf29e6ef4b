from __future__ import annotations

import enum
import json
import math
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
import pytest
from guide_requests import REQUESTS, filled

from scenario_search import (
    F,
    Images,
    InvalidFilterError,
    InvalidParamsError,
    Raw,
    SearchAssetSearchParams,
    SearchModelSearchParams,
    SearchWorkflowSearchParams,
)
from scenario_search.wire.paging import first_position
from scenario_search.wire.params import (
    CallOptions,
    Place,
    SearchParams,
    body_parameters,
    extra_body_fields,
    ignored_parameters,
    parameters,
    query_parameters,
    validate,
)

DATA_URL = "data:image/png;base64,iVBORw0KGgo="
SEARCHES: list[type[SearchParams]] = [
    SearchAssetSearchParams,
    SearchModelSearchParams,
    SearchWorkflowSearchParams,
]

Placed = dict[str, tuple[str, Place]]
OPTIONS: Placed = {
    "project_id": ("projectId", Place.QUERY),
    "extra_headers": ("", Place.CALL),
    "extra_query": ("", Place.CALL),
    "extra_body": ("", Place.CALL),
    "timeout": ("", Place.CALL),
    "deadline": ("", Place.CALL),
    "max_retries": ("", Place.CALL),
    "max_retry_wait": ("", Place.CALL),
    "max_items": ("", Place.CALL),
}
WORKFLOWS: Placed = {
    **OPTIONS,
    "query": ("query", Place.BODY),
    "filter": ("filter", Place.BODY),
    "query_semantic_ratio": ("querySemanticRatio", Place.BODY),
    "sort_by": ("sortBy", Place.BODY),
    "public": ("public", Place.BODY),
    "limit": ("limit", Place.POSITION),
    "offset": ("offset", Place.POSITION),
    "page": ("page", Place.POSITION),
    "hits_per_page": ("hitsPerPage", Place.POSITION),
    "original_assets": ("originalAssets", Place.QUERY),
}
ASSETS: Placed = {
    **WORKFLOWS,
    "image": ("image", Place.IMAGES),
    "images": ("images", Place.IMAGES),
    "image_semantic_ratio": ("imageSemanticRatio", Place.BODY),
}
MODELS: Placed = {**ASSETS, "original_models": ("originalModels", Place.QUERY)}


def assets(**keywords: Any) -> SearchAssetSearchParams:
    return SearchAssetSearchParams(**({"query": "castle"} | keywords))


def problem(params: SearchParams) -> str:
    with pytest.raises(InvalidParamsError) as caught:
        validate(params)
    return str(caught.value)


# Names and places


@pytest.mark.parametrize(
    ("search", "placed"), list(zip(SEARCHES, [ASSETS, MODELS, WORKFLOWS], strict=True))
)
def test_every_parameter_has_its_documented_name_and_place(
    search: type[SearchParams], placed: Placed
) -> None:
    assert {name: (item.wire, item.place) for name, item in parameters(search)} == placed


@pytest.mark.parametrize("search", SEARCHES)
def test_every_parameter_is_described_and_unset_by_default(search: type[SearchParams]) -> None:
    assert all(parameter.doc.endswith(".") for _, parameter in parameters(search))
    assert all(field.default is None for field in attrs.fields(search))


@pytest.mark.parametrize("search", SEARCHES)
def test_options_of_the_call_come_last(search: type[SearchParams]) -> None:
    names = [name for name, _ in parameters(search)]
    options = attrs.fields_dict(CallOptions)
    assert set(names[-len(options) :]) == set(options)


@pytest.mark.parametrize("search", SEARCHES)
def test_nothing_unset_is_on_the_wire(search: type[SearchParams]) -> None:
    params = search()
    assert body_parameters(params) == {}
    assert query_parameters(params, None) == {}
    assert first_position(params, walk=False) is None


def test_body_holds_what_is_set_under_its_wire_name() -> None:
    params = assets(
        filter=F.width >= 1024,
        query_semantic_ratio=0.5,
        sort_by=("score:desc", "createdAt:desc"),
        public=False,
        image="asset_1",
        image_semantic_ratio=0,
        limit=5,
        original_assets=True,
        timeout=3,
        max_items=7,
    )
    assert body_parameters(params) == {
        "query": "castle",
        "filter": "width >= 1024",
        "querySemanticRatio": 0.5,
        "sortBy": ["score:desc", "createdAt:desc"],
        "public": False,
        "imageSemanticRatio": 0,
    }


def test_query_string_holds_what_is_set_under_its_wire_name() -> None:
    params = SearchModelSearchParams(
        query="x", original_assets=True, original_models=False, project_id="p", limit=5
    )
    assert query_parameters(params, "client's") == {
        "originalAssets": "true",
        "originalModels": "false",
        "projectId": "p",
    }


def test_project_of_the_client_is_used_where_the_request_names_none() -> None:
    assert query_parameters(assets(), "client's") == {"projectId": "client's"}


def test_extra_query_wins_over_parameters() -> None:
    params = assets(original_assets=True, extra_query={"originalAssets": "false", "x": "1"})
    assert query_parameters(params, None) == {"originalAssets": "false", "x": "1"}


@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_blank_filter_is_not_sent(blank: str) -> None:
    assert body_parameters(assets(filter=blank)) == {"query": "castle"}


def test_numpy_numbers_become_json_numbers() -> None:
    # Of these, float64 is a subclass of Python's own float.
    for number in (np.float32, np.float64):
        body = body_parameters(assets(query_semantic_ratio=number(0.5)))
        assert body["querySemanticRatio"] == 0.5
        assert type(body["querySemanticRatio"]) is float


# The guide's own requests

REAL = {
    "{asset}": "asset_abc123",
    "{other}": "asset_def456",
    "{third}": "asset_xyz789",
    "{picture}": DATA_URL,
}
SNAKE = {wire: name for name, (wire, _) in MODELS.items() if wire}


@pytest.mark.parametrize(("kind", "body"), REQUESTS, ids=str)
def test_requests_of_the_guide_are_sent_as_they_stand(kind: str, body: dict[str, Any]) -> None:
    body = filled(body, REAL)
    search = SEARCHES[0] if kind == "assets" else SEARCHES[1]
    params = search(**{SNAKE[wire]: value for wire, value in body.items()})
    if body.keys() == {"sortBy"}:
        assert problem(params).startswith("Must provide at least one search parameter")
        return
    validate(params)
    position = first_position(params, walk=False)
    sent = body_parameters(params) | (position.wire() if position else {})
    images = {name: body[name] for name in ("image", "images") if name in body}
    assert body.items() <= (sent | images).items()
    assert sent.keys() - body.keys() <= {"offset"}


# Something to search for


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("blank", [None, "", "  ", "\t\n"])
def test_a_request_needs_something_to_search_for(
    search: type[SearchParams], blank: str | None
) -> None:
    params = search(query=blank, filter=blank, public=True, sort_by=["createdAt:desc"])
    takes = "query or filter" if params.kind == "workflows" else "query, filter, image or images"
    assert problem(params) == f"Must provide at least one search parameter: {takes}"


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_picture_is_one_problem(blank: str) -> None:
    expected = f"`image` must be an existing AssetId or a valid data URL, not {blank!r}"
    assert problem(SearchAssetSearchParams(image=blank)) == expected


@pytest.mark.parametrize(
    "keywords",
    [
        {"query": "x"},
        {"filter": "width > 1"},
        {"filter": F.width > 1},
        {"image": "asset_1"},
        {"image": b"..."},
        {"images": Images(like=["asset_1"])},
        {"images": Images(unlike=["asset_1"])},
        {"images": {"like": ["asset_1"]}},
        {"extra_body": {"query": "x"}},
    ],
    ids=str,
)
def test_any_one_of_the_four_is_enough(keywords: dict[str, Any]) -> None:
    validate(SearchAssetSearchParams(**keywords))


@pytest.mark.parametrize("images", [Images(), Images(like=[], unlike=()), {}, {"like": []}])
def test_empty_images_are_nothing_to_search_for(images: Any) -> None:
    assert "at least one search parameter" in problem(SearchAssetSearchParams(images=images))


def test_workflows_take_no_images() -> None:
    with pytest.raises(TypeError, match="image"):
        SearchWorkflowSearchParams(image="asset_1")  # type: ignore[call-arg]


# Numbers


@pytest.mark.parametrize("name", ["limit", "hits_per_page"])
@pytest.mark.parametrize("value", [1, 20, 100, 20.0, np.int64(5), np.float64(5), Fraction(7)])
def test_page_sizes_from_1_to_100(name: str, value: Any) -> None:
    validate(assets(**{name: value}))


@pytest.mark.parametrize("name", ["limit", "hits_per_page"])
@pytest.mark.parametrize("value", [101, 100.5, 10**9, 10**400])
def test_larger_pages_are_refused_in_the_apis_words(name: str, value: Any) -> None:
    message = problem(assets(**{name: value}))
    assert message.startswith(f"Limit exceeds maximum (100): `{name}` is ")
    assert len(message) < 200


NO_NUMBERS: list[Any] = [
    True,
    "5",
    b"5",
    math.nan,
    math.inf,
    -math.inf,
    1j,
    [5],
    np.True_,
    np.array([1, 2]),
    np.array(5),
    np.nan,
]
INTEGERS = {
    "limit": 1,
    "hits_per_page": 1,
    "offset": 0,
    "page": 1,
    "max_retries": 0,
    "max_items": 0,
}


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("value", [*NO_NUMBERS, 1.5], ids=repr)
def test_what_is_no_whole_number_is_refused(name: str, value: Any) -> None:
    assert problem(assets(**{name: value})).startswith(f"`{name}` must be a whole number from ")


@pytest.mark.parametrize(("name", "least"), INTEGERS.items())
def test_whole_numbers_have_a_least_value(name: str, least: int) -> None:
    validate(assets(**{name: least}))
    message = problem(assets(**{name: least - 1}))
    assert message.startswith(f"`{name}` must be a whole number from {least}")
    assert message.endswith(f", not {least - 1}")


@pytest.mark.parametrize("name", ["offset", "page", "max_items"])
def test_whole_numbers_stay_within_what_json_carries(name: str) -> None:
    validate(assets(**{name: 2**53 - 1}))
    assert " to 9007199254740991, not 9007199254740992" in problem(assets(**{name: 2**53}))


@pytest.mark.parametrize("name", ["query_semantic_ratio", "image_semantic_ratio"])
@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, 0.5, np.float32(0.5)])
def test_ratios_from_0_to_1(name: str, value: Any) -> None:
    validate(assets(image="asset_1", **{name: value}))


@pytest.mark.parametrize("name", ["query_semantic_ratio", "image_semantic_ratio"])
@pytest.mark.parametrize("value", [*NO_NUMBERS, -0.01, 1.01, 2], ids=repr)
def test_other_ratios_are_refused(name: str, value: Any) -> None:
    message = problem(assets(image="asset_1", **{name: value}))
    assert message.startswith(f"`{name}` must be a number from 0 to 1, not ")


@pytest.mark.parametrize("value", [0.001, 1, 3600, np.float64(3)])
def test_timeouts_above_0(value: Any) -> None:
    validate(assets(timeout=value))


@pytest.mark.parametrize("value", [*NO_NUMBERS, 0, -1], ids=repr)
def test_other_timeouts_are_refused(value: Any) -> None:
    assert "`timeout` must be a number of seconds above 0" in problem(assets(timeout=value))


# Booleans, texts, mappings


@pytest.mark.parametrize("name", ["public", "original_assets"])
@pytest.mark.parametrize("value", [0, 1, "true", np.True_, []], ids=repr)
def test_only_true_and_false_are_booleans(name: str, value: Any) -> None:
    assert f"`{name}` must be True or False, not " in problem(assets(**{name: value}))


@pytest.mark.parametrize("name", ["query", "project_id"])
@pytest.mark.parametrize("value", [5, b"x", ["x"], True])
def test_only_strings_are_texts(name: str, value: Any) -> None:
    expected = f"`{name}` must be a string, not {type(value).__name__}"
    assert problem(assets(**{name: value})) == expected


@pytest.mark.parametrize("name", ["query", "project_id", "filter"])
def test_texts_that_cannot_be_encoded_are_refused(name: str) -> None:
    assert f"`{name}` holds a character" in problem(assets(**{name: "ab\ud800"}))
    assert "at index 2" in problem(assets(**{name: "ab\ud800"}))


@pytest.mark.parametrize("blank", ["", " "])
def test_a_project_id_is_not_blank(blank: str) -> None:
    assert problem(assets(project_id=blank)) == "`project_id` must not be blank"


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ("x", "must be a dict of strings, not str"),
        ({1: "x"}, "header name"),
        ({"": "x"}, "header name"),
        ({"a b": "x"}, "header name"),
        ({"a:": "x"}, "header name"),
        ({"é": "x"}, "header name"),
        ({"a\0": "x"}, "header name"),
        ({"X-Token": "CANARY\r\nHost: x"}, "value for X-Token"),
        ({"X-Token": "CANARY\0"}, "value for X-Token"),
        ({"X-Token": "CANARY\ud800"}, "value for X-Token"),
        ({"X-Token": 5}, "value for X-Token"),
        ({"X-Token": None}, "value for X-Token"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(headers: Any, what: str) -> None:
    message = problem(assets(extra_headers=headers))
    assert "`extra_headers`" in message
    assert what in message
    assert "CANARY" not in message


@pytest.mark.parametrize("query", ["x", {1: "x"}, {"a": 1}, {"a": None}, {"a": ["CANARY"]}])
def test_query_strings_that_cannot_be_sent_are_refused(query: Any) -> None:
    message = problem(assets(extra_query=query))
    assert "`extra_query` must be a dict of strings" in message
    assert "CANARY" not in message


@pytest.mark.parametrize("body", ["x", {1: "x"}, ["x"]])
def test_an_extra_body_is_a_json_object(body: Any) -> None:
    expected = "`extra_body` must be a dict whose keys are strings"
    assert problem(assets(extra_body=body)) == expected


@pytest.mark.parametrize("wire", ["limit", "offset", "page", "hitsPerPage"])
def test_an_extra_body_does_not_say_which_page(wire: str) -> None:
    expected = f"`extra_body` must not hold {wire}: pass the parameter of that name"
    assert problem(assets(extra_body={wire: 1})) == expected


# Modes


@pytest.mark.parametrize("offset_mode", ["limit", "offset"])
@pytest.mark.parametrize("page_mode", ["page", "hits_per_page"])
def test_the_two_modes_are_not_mixed(offset_mode: str, page_mode: str) -> None:
    message = problem(assets(**{offset_mode: 1, page_mode: 1}))
    assert message.startswith(f"`{offset_mode}` and `{page_mode}` do not go together: ")


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"limit": 7}, {"offset": 0, "limit": 7}),
        ({"offset": 7}, {"offset": 7, "limit": 20}),
        ({"limit": 7, "offset": 14}, {"offset": 14, "limit": 7}),
        ({"page": 3}, {"page": 3, "hitsPerPage": 20}),
        ({"hits_per_page": 7}, {"page": 1, "hitsPerPage": 7}),
        ({"limit": np.float64(7)}, {"offset": 0, "limit": 7}),
    ],
    ids=str,
)
def test_the_missing_half_of_a_mode_is_completed(given: dict[str, Any], sent: Any) -> None:
    position = first_position(assets(**given), walk=False)
    assert position is not None
    assert position.wire() == sent
    assert all(type(value) is int for value in position.wire().values())


# Filters


def test_a_filter_names_fields_of_its_endpoint() -> None:
    validate(SearchModelSearchParams(filter=F.capabilities == "img2img"))
    with pytest.raises(InvalidFilterError, match='"capabilities" is not a filterable field'):
        validate(SearchAssetSearchParams(filter=F.capabilities == "img2img"))


@pytest.mark.parametrize("filter_", [Raw("anything goes"), F["any.field"] == 1, "tags ="])
def test_filters_of_ones_own_are_not_looked_at(filter_: Any) -> None:
    validate(SearchAssetSearchParams(filter=filter_))


@pytest.mark.parametrize("value", [5, F.width, True, ["width > 1"]], ids=repr)
def test_what_is_no_filter_is_refused(value: Any) -> None:
    expected = "`filter` must be a filter, such as F.width >= 1024, or a string, not "
    assert problem(assets(filter=value)) == expected + type(value).__name__


# Order


SORTABLE = ["createdAt", "updatedAt", "width", "height", "score"]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("field", SORTABLE)
def test_documented_fields_can_be_sorted_by(field: str, order: str) -> None:
    validate(assets(sort_by=[f"{field}:{order}"]))
    validate(SearchModelSearchParams(query="x", sort_by=(f"{field}:{order}",)))


@pytest.mark.parametrize(
    "sort_by",
    [
        F.created_at.desc(),
        "createdAt:desc",
        "created_at:desc",
        [F.created_at.desc()],
        ("created_at:desc",),
    ],
)
def test_an_order_may_be_written_by_f_in_either_case_and_without_a_list(sort_by: Any) -> None:
    params = assets(sort_by=sort_by)
    validate(params)
    assert body_parameters(params)["sortBy"] == ["createdAt:desc"]
    assert ("sorted by", "createdAt:desc") in params._conditions()


def test_fields_to_sort_by_that_nobody_documents_go_out_as_they_are_written() -> None:
    workflows = SearchWorkflowSearchParams(query="x", sort_by=["my_field:asc", "updated_at:asc"])
    assert body_parameters(workflows)["sortBy"] == ["my_field:asc", "updatedAt:asc"]
    assert str(F["my_field"].asc()) == "my_field:asc"


@pytest.mark.parametrize("value", [b"x", {"createdAt:desc"}, 5, iter(["a:asc"]), F.created_at])
def test_an_order_is_text_or_a_list(value: Any) -> None:
    expected = "`sort_by` must be a string or a list of strings, such as ['createdAt:desc']"
    assert expected in problem(assets(sort_by=value))


@pytest.mark.parametrize(
    "item",
    ["createdAt", ":asc", "createdAt:", "createdAt:DESC", "createdAt: desc", "a:b:asc", 5, None],
)
def test_an_order_is_a_field_a_colon_and_a_direction(item: Any) -> None:
    message = problem(assets(sort_by=["score:asc", item]))
    assert "`sort_by` takes a field, a colon and asc or desc" in message
    assert message.endswith(f"not {item!r}")


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("created_att", "did you mean createdAt?"),
        ("createdat", "did you mean createdAt?"),
        ("prompt", "use createdAt, updatedAt, width, height, score"),
    ],
)
def test_other_fields_cannot_be_sorted_by(field: str, hint: str) -> None:
    expected = f'`sort_by`: "{field}" is not a sortable field: {hint}'
    assert problem(assets(sort_by=[f"{field}:asc"])) == expected


def test_each_field_that_cannot_be_sorted_by_is_named() -> None:
    message = problem(assets(sort_by=["createdat:asc", "score:desc", "prompt:asc"]))
    assert message.count("is not a sortable field") == 2
    assert '"score"' not in message


def test_what_excludes_each_other_is_named_beside_what_is_wrong_in_itself() -> None:
    message = problem(assets(image="", images=Images(like=["asset_2"]), limit=1, page=1))
    assert message.startswith("`image` must be")
    assert "`image` and `images` are mutually exclusive; `limit` and `page` do not" in message


def test_workflows_have_no_documented_list_of_sortable_fields() -> None:
    validate(SearchWorkflowSearchParams(query="x", sort_by=["name:asc"]))


# Images


def test_image_and_images_are_exclusive() -> None:
    expected = "`image` and `images` are mutually exclusive"
    assert problem(assets(image="asset_1", images=Images(like=["asset_2"]))) == expected


def test_images_can_be_a_plain_dict() -> None:
    validate(SearchAssetSearchParams(images={"like": ["asset_1"], "unlike": [DATA_URL]}))


@pytest.mark.parametrize(
    ("images", "what"),
    [
        ({"liek": ["asset_1"]}, "`images` has `like` and `unlike`, not liek"),
        (["asset_1"], "`images` must be Images(like=[...], unlike=[...]), not list"),
        ("asset_1", "`images` must be Images(like=[...], unlike=[...]), not str"),
        ({"like": "asset_1"}, "`images.like` must be a list of images, not str"),
        ({"unlike": b"x"}, "`images.unlike` must be a list of images, not bytes"),
        ({"like": None}, "`images.like` must be a list of images, not NoneType"),
        ({"like": {"asset_1"}}, "`images.like` must be a list of images, not set"),
        ({"like": np.array(["a", "b"])}, "`images.like` must be a list of images, not ndarray"),
        ({"like": ["asset_1", "a.png"]}, "`images.like[1]` must be an existing AssetId"),
        ({"unlike": [5]}, "`images.unlike[0]` must be an asset id"),
    ],
    ids=str,
)
def test_wrong_images_are_refused_by_their_place(images: Any, what: str) -> None:
    assert what in problem(assets(images=images))


def test_a_wrong_image_is_refused() -> None:
    assert "`image` must be an existing AssetId or a valid data URL" in problem(assets(image=" "))


# Warnings


@pytest.mark.parametrize(
    ("keywords", "ignored"),
    [
        ({"sort_by": ["score:asc"], "query_semantic_ratio": 0.1}, "`sort_by` is ignored while"),
        ({"image_semantic_ratio": 0.5}, "`image_semantic_ratio` is ignored without `image`"),
        (
            {"query": " ", "filter": "a = 1", "query_semantic_ratio": 0.5},
            "`query_semantic_ratio` is ignored without `query`",
        ),
    ],
)
def test_parameters_that_the_api_ignores_are_named(keywords: dict[str, Any], ignored: str) -> None:
    (warning,) = ignored_parameters(assets(**keywords))
    assert str(warning).startswith(ignored)
    validate(assets(**keywords))


@pytest.mark.parametrize(
    "keywords",
    [
        {"sort_by": ["score:asc"], "query_semantic_ratio": 0},
        {"sort_by": [], "query_semantic_ratio": 1},
        {"image": "asset_1", "image_semantic_ratio": 0.5},
        {"images": {"unlike": ["asset_1"]}, "image_semantic_ratio": 0.5},
        {"extra_body": {"image": "asset_1"}, "image_semantic_ratio": 0.5},
        {"query": None, "extra_body": {"query": "x"}, "query_semantic_ratio": 0.5},
        {"query": None, "filter": "a = 1", "query_semantic_ratio": 0},
    ],
    ids=str,
)
def test_parameters_that_count_are_not_called_ignored(keywords: dict[str, Any]) -> None:
    assert list(ignored_parameters(assets(**keywords))) == []


# Request objects


def test_making_a_request_never_raises_and_one_error_names_all() -> None:
    params = assets(
        limit=0, page="x", public="yes", sort_by=5, image=5, images=7, timeout=-1, extra_headers=3
    )
    message = problem(params)
    named = ["limit", "page", "public", "sort_by", "images", "timeout", "extra_headers"]
    assert [name for name in named if f"`{name}`" not in message] == []


def test_requests_take_keywords_only_and_are_frozen() -> None:
    with pytest.raises(TypeError):
        SearchAssetSearchParams("castle")  # type: ignore[call-arg]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        assets().query = "x"  # type: ignore[misc]


def test_repr_shows_what_is_set_in_short_and_no_secret() -> None:
    params = assets(
        image=b"x" * 10**6,
        extra_headers={"Authorization": "CANARY"},
        extra_query={"token": "CANARY"},
    )
    shown = repr(params)
    assert shown.startswith("SearchAssetSearchParams(extra_headers={'Authorization': ")
    assert "query='castle'" in shown
    assert "limit" not in shown
    assert "CANARY" not in shown
    assert len(shown) < 400


def test_the_text_of_a_filter_and_of_a_query_is_sent_as_it_stands() -> None:
    text = " name = 'a  b'\n"
    body = body_parameters(SearchAssetSearchParams(filter=text, query=text))
    assert body == {"filter": text, "query": text}


def test_a_filter_is_sent_as_it_reads() -> None:
    filter = (F.prompt == "a  b\tc") & Raw("x  =  1")
    sent = body_parameters(SearchAssetSearchParams(filter=filter))
    assert sent == {"filter": 'prompt = "a  b\tc" AND (x  =  1)'}


# Values in other types than JSON's


class Word(str, enum.Enum):  # noqa: UP042 - a StrEnum has no such surprise
    """Members whose ``str()`` is not their value."""

    VALUE = "value"


def test_members_of_text_enumerations_are_sent_as_their_value() -> None:
    params = assets(
        query=Word.VALUE,
        project_id=Word.VALUE,
        extra_headers={Word.VALUE: Word.VALUE},
        extra_query={Word.VALUE: Word.VALUE},
        extra_body={"x": [Word.VALUE]},
    )
    validate(params)
    assert type(body_parameters(params)["query"]) is str
    assert body_parameters(params) == {"query": "value"}
    assert extra_body_fields(params) == {"x": ["value"]}
    sent = query_parameters(params, None)
    assert sent == {"projectId": "value", "value": "value"}
    assert [*map(str.__str__, sent.values())] == [*map(str, sent.values())]
    assert params.extra_headers is not None
    assert [*map(str, params.extra_headers.items())] == ["('value', <hidden>)"]
    assert str(params.extra_headers["value"]) == "value"
    assert query_parameters(assets(), Word.VALUE) == {"projectId": "value"}


@pytest.mark.parametrize("number", [math.nan, math.inf, np.float64("nan"), np.float32("-inf")])
@pytest.mark.parametrize(
    "keywords",
    [
        lambda number: {"extra_body": {"x": [{"y": number}]}},
        lambda number: {"original_models": number},
        lambda number: {"query_semantic_ratio": number},
    ],
)
def test_numbers_that_json_has_no_form_for_are_refused(keywords: Any, number: float) -> None:
    params = SearchModelSearchParams(query="castle", **keywords(number))
    (name,) = keywords(number)
    assert name in problem(params)
    with pytest.raises(InvalidParamsError, match=f"`{name}` cannot be sent: JSON has no form"):
        (query_parameters(params, None), body_parameters(params), extra_body_fields(params))


def test_an_extra_body_that_holds_itself_is_refused() -> None:
    body: dict[str, Any] = {}
    body["x"] = body
    assert "nested too deeply" in problem(assets(extra_body=body))


@pytest.mark.parametrize(
    ("value", "sent"),
    [(True, "true"), (False, "false"), ("all", "all"), (1, "1"), (np.float64(0.5), "0.5")],
)
def test_original_models_is_a_scalar(value: Any, sent: str) -> None:
    params = SearchModelSearchParams(query="castle", original_models=value)
    validate(params)
    assert query_parameters(params, None) == {"originalModels": sent}


@pytest.mark.parametrize("value", [{"a": {"b": True}}, [True]])
def test_nested_original_models_are_refused_and_sent_as_json_where_nothing_is_checked(
    value: Any,
) -> None:
    params = SearchModelSearchParams(query="castle", original_models=value)
    assert "`original_models` must be True, False, a string or a number" in problem(params)
    assert json.loads(query_parameters(params, None)["originalModels"]) == value
