from __future__ import annotations

import base64
import copy
import enum
import json
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import cattrs
import pytest
from fake_transport import faked_client

from scenario_search import (
    APIResponseValidationError,
    AsyncScenario,
    ComplianceMetadata,
    Concept,
    ConfigurationError,
    F,
    Hit,
    Images,
    InvalidParamsError,
    Metadata,
    MetadataThumbnail,
    Scenario,
    SearchAssetSearchParams,
    SearchAssetSearchResponse,
    SearchHits,
    SearchModelSearchParams,
    SearchModelSearchResponse,
    SearchWorkflowSearchParams,
    SearchWorkflowSearchResponse,
    Thumbnail,
    make_converter,
)
from scenario_search.converter import default_converter, structure
from scenario_search.wire.codec import PageDecoder

SAMPLES = Path(__file__).parents[1] / "samples"
KEYS = {"api_key": "key", "api_secret": "secret"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
PNG_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


@attrs.define
class Size:
    """A class of a user, in place of ``Metadata``."""

    width: int
    height: int


@attrs.define(kw_only=True, eq=False)
class DatedAsset(SearchAssetSearchResponse):
    """An asset of a user, with a field of another type and one of their own."""

    created_at: datetime  # type: ignore[assignment]
    stars: int = 3
    labels: list[str] = attrs.Factory(lambda: ["new"])
    seen: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.seen = True


class Rating(enum.StrEnum):
    GOOD = "good"


@attrs.define(kw_only=True, eq=False)
class RatedAsset(SearchAssetSearchResponse):
    rating: Rating | None = None


def size_of(data: dict[str, Any], _: Any) -> Size:
    return Size(data["width"], data["height"])


def sizes() -> cattrs.Converter:
    """Returns a converter whose metadata are a user's own."""
    converter = make_converter()
    converter.register_structure_hook(Metadata, size_of)
    return converter


def dated() -> cattrs.Converter:
    """Returns a converter whose assets are a user's own, with dates."""
    converter = make_converter()
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat())
    converter.register_structure_hook_func(
        lambda cls: cls is SearchAssetSearchResponse,
        lambda data, _: converter.structure(data, DatedAsset),
    )
    return converter


def asset(ident: str, **metadata: Any) -> dict[str, Any]:
    return {"id": ident, "metadata": metadata, "createdAt": "2025-01-16T11:19:41.579Z"}


async def one_page(*hits: dict[str, Any], **options: Any) -> Any:
    client, _ = faked_client(lambda _: {"hits": list(hits)}, **options)
    return await client.search.asset_search(query="x")


async def sent_body(params: Any, **options: Any) -> dict[str, Any]:
    client, transport = faked_client(lambda _: {"hits": []}, **options)
    method = f"{params.kind.removesuffix('s')}_search"
    await getattr(client.search, method)(params)
    return transport.bodies[0]


# The classes of this library


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("guide_assets", SearchAssetSearchResponse),
        ("http_assets_1", SearchAssetSearchResponse),
        ("guide_models", SearchModelSearchResponse),
        ("python_search_models", SearchModelSearchResponse),
    ],
)
def test_samples_become_hits_and_json_again(name: str, cls: type[Hit]) -> None:
    data = json.loads((SAMPLES / f"{name}.json").read_bytes())
    page = make_converter().structure(data, SearchHits[cls])  # type: ignore[valid-type]
    assert [type(hit) for hit in page.hits] == [cls]
    assert make_converter().unstructure(page) == page.to_dict() == data
    assert make_converter().structure(data["hits"], list[cls]) == page.hits  # type: ignore[valid-type]


@pytest.mark.parametrize(
    ("cls", "data"),
    [
        (Metadata, {"width": 8, "thumbnail": {"assetId": "a"}}),
        (MetadataThumbnail, {"assetId": "a", "x": [1]}),
        (Thumbnail, {"url": None, "assetId": "a"}),
        (Concept, {"modelId": "m"}),
        (ComplianceMetadata, {"subProcessor": "s"}),
        (SearchWorkflowSearchResponse, {"id": "w", "before": {"url": "u"}, "after": None}),
    ],
)
def test_each_document_has_hooks(cls: type[Any], data: dict[str, Any]) -> None:
    document = make_converter().structure(data, cls)
    assert type(document) is cls
    assert make_converter().unstructure(document) == document.to_dict() == data


def test_a_page_that_does_not_know_its_hits_keeps_them_as_json() -> None:
    page: Any = make_converter().structure({"hits": [{"id": 5}], "page": 2}, SearchHits)
    assert (page.hits, page.page) == ([{"id": 5}], 2)


def test_classes_of_a_program_may_hold_hits() -> None:
    @attrs.define
    class Favourite:
        asset: SearchAssetSearchResponse
        note: str

    favourite = make_converter().structure({"asset": {"id": "a", "x": 1}, "note": 5}, Favourite)
    assert favourite.asset.extra == {"x": 1}
    assert favourite.note == 5  # type: ignore[comparison-overlap]
    assert make_converter().unstructure(favourite) == {"asset": {"id": "a", "x": 1}, "note": 5}


@pytest.mark.parametrize(
    ("data", "cls", "path"),
    [
        ({"x": 1}, SearchAssetSearchResponse, "$.id"),
        ([], SearchAssetSearchResponse, "$"),
        ({"id": "a", "tags": 1}, SearchAssetSearchResponse, "$.tags"),
        (asset("a", thumbnail=1), SearchAssetSearchResponse, "$.metadata.thumbnail"),
        ({"hits": [{"id": "a"}, {}]}, SearchHits[SearchAssetSearchResponse], "$.hits[1].id"),
        ({"hits": {}}, SearchHits[SearchAssetSearchResponse], "$.hits"),
        ([], SearchHits[SearchAssetSearchResponse], "$"),
    ],
)
def test_errors_name_the_place(data: Any, cls: Any, path: str) -> None:
    with pytest.raises(APIResponseValidationError) as raised:
        make_converter().structure(data, cls)
    assert raised.value.paths == (path,)
    assert raised.value.__cause__ is None


def test_a_strict_converter_refuses_what_is_not_documented() -> None:
    converter = make_converter(strict=True)
    with pytest.raises(APIResponseValidationError) as raised:
        converter.structure({"assetId": 5, "url": "u"}, Thumbnail)
    assert raised.value.problems == (("$.assetId", "expected a string, got a number"),)
    with pytest.raises(APIResponseValidationError) as raised:
        converter.structure({"hits": [], "page": "1"}, SearchHits[SearchModelSearchResponse])
    assert raised.value.paths == ("$.page",)
    data = json.loads((SAMPLES / "http_assets_1.json").read_bytes())["hits"][0]
    assert converter.unstructure(converter.structure(data, SearchAssetSearchResponse)) == data


def test_a_hit_keeps_what_came_through_copies() -> None:
    data = {"x": 1, "tags": None, "id": "a", "url": None}
    hit = structure(data, SearchAssetSearchResponse)
    pickled = pickle.loads(pickle.dumps(hit))
    for one in (copy.copy(hit), copy.deepcopy(hit), pickled, attrs.evolve(hit)):
        assert one == hit
        assert list(one.to_dict().items()) == list(data.items())
    assert attrs.evolve(hit, url="u").to_dict() == data | {"url": "u"}


# Hooks of users


async def test_a_hook_for_metadata_takes_effect_on_what_a_search_returns() -> None:
    page = await one_page(asset("a", width=8, height=6), {"id": "b"}, converter=sizes())
    assert page.hits[0].metadata == Size(8, 6)
    assert page.hits[1].metadata == Metadata()


def test_a_hook_for_metadata_takes_effect_on_the_synchronous_client_too() -> None:
    with Scenario.demo(converter=sizes()) as client:
        page = client.search.asset_search(filter=F.kind == "image", limit=2)
    assert {type(hit.metadata) for hit in page.hits} == {Size}


async def test_a_hook_for_an_object_inside_of_metadata_takes_effect() -> None:
    converter = make_converter()
    converter.register_structure_hook(MetadataThumbnail, lambda data, _: data["assetId"].upper())
    page = await one_page(asset("a", thumbnail={"assetId": "b"}), converter=converter)
    assert page.hits[0].metadata.thumbnail == "B"


def test_a_hook_of_one_converter_is_none_of_another() -> None:
    data = asset("a", width=8, height=9)
    ours, theirs = (
        c.structure(data, SearchAssetSearchResponse) for c in (make_converter(), sizes())
    )
    assert (theirs.metadata, ours.metadata) == (Size(8, 9), Metadata(width=8, height=9))


async def test_a_hook_for_an_item_of_a_list_takes_effect() -> None:
    converter = make_converter()
    converter.register_structure_hook(Concept, lambda data, _: data["modelId"])
    client, _ = faked_client(
        lambda _: {"hits": [{"id": "m", "concepts": [{"modelId": "x"}]}]}, converter=converter
    )
    page = await client.search.model_search(query="x")
    assert page.hits[0].concepts == ["x"]


async def test_hits_may_be_of_a_subclass_with_fields_of_other_types() -> None:
    page = await one_page(asset("a") | {"stars": 5, "x": 1}, asset("b"), converter=dated())
    first, second = page.hits
    assert type(first) is DatedAsset
    assert first.created_at == datetime(2025, 1, 16, 11, 19, 41, 579000, UTC)
    assert (first.stars, first.labels, first.seen, first.extra) == (5, ["new"], True, {"x": 1})
    assert second.stars == 3
    assert second.labels is not first.labels


def test_a_scalar_that_is_a_subclass_becomes_one() -> None:
    hit = make_converter().structure({"id": "a", "rating": "good"}, RatedAsset)
    assert hit.rating is Rating.GOOD


async def test_a_hook_for_a_scalar_takes_effect() -> None:
    converter = make_converter()
    converter.register_structure_hook(str, lambda text, _: text.upper())
    page = await one_page({"id": "a", "url": "u", "tags": ["x"], "score": 1}, converter=converter)
    hit = page.hits[0]
    assert (hit.id, hit.url, hit.tags, hit.score) == ("A", "U", ["X"], 1)


def test_hooks_of_a_copy_are_its_own() -> None:
    original = make_converter()
    other = original.copy()
    other.register_structure_hook(Metadata, size_of)
    data = asset("a", width=8, height=6)
    assert isinstance(other.structure(data, SearchAssetSearchResponse).metadata, Size)
    assert isinstance(original.structure(data, SearchAssetSearchResponse).metadata, Metadata)


def test_a_hook_for_writing_takes_effect_inside_of_hits() -> None:
    converter = make_converter()
    converter.register_unstructure_hook(Metadata, lambda metadata: {"size": metadata.size})
    hit = structure(asset("a", size=5, width=8), SearchAssetSearchResponse)
    assert converter.unstructure(hit)["metadata"] == {"size": 5}
    assert hit.to_dict()["metadata"] == {"size": 5, "width": 8}


def test_hits_with_fields_of_other_types_become_json_by_the_hooks_of_these() -> None:
    hit = dated().structure(asset("a"), DatedAsset)
    assert dated().unstructure(hit) == {
        "id": "a",
        "metadata": {},
        "createdAt": "2025-01-16T11:19:41.579000+00:00",
    }


async def test_a_converter_is_asked_for_a_hook_once_a_search() -> None:
    asked: list[Any] = []
    calls: list[Any] = []
    converter = make_converter()

    def factory(cls: Any) -> Any:
        asked.append(cls)
        return lambda data, _: calls.append(data) or SearchAssetSearchResponse(id="x")

    converter.register_structure_hook_factory(lambda cls: cls is SearchAssetSearchResponse, factory)
    client, _ = faked_client(lambda _: {"hits": [{"id": "a"}] * 3}, converter=converter)
    for _ in range(2):
        await client.search.asset_search(query="x")
    assert (asked, len(calls)) == ([SearchAssetSearchResponse], 6)


# Hooks that fail


async def test_a_failing_hook_is_an_error_that_names_the_place() -> None:
    url = "https://cdn.example.com/a.png?Signature=canary"
    converter = sizes()
    hits = [asset("a", width=8, height=6), asset("b", width=8), asset("c")]
    with pytest.raises(APIResponseValidationError) as raised:
        await one_page(*hits, converter=converter)
    error = raised.value
    assert error.paths == ("$.hits[1].metadata", "$.hits[2].metadata")
    assert "$.hits[1].metadata was refused by a structure hook: KeyError('height')" in str(error)
    assert (error.status_code, error.request_id) == (200, "r")
    assert isinstance(error.__cause__, KeyError)

    def refuse(data: Any, _: Any) -> None:
        raise ValueError(data["url"])

    converter.register_structure_hook(Thumbnail, refuse)
    with pytest.raises(APIResponseValidationError) as raised:
        await one_page({"id": "a", "thumbnail": {"url": url}}, converter=converter)
    assert raised.value.paths == ("$.hits[0].thumbnail",)
    assert "cdn.example.com/a.png" in str(raised.value)
    assert "canary" not in str(raised.value)


async def test_a_failing_hook_for_hits_names_the_hit() -> None:
    hits = [asset("a"), asset("b") | {"createdAt": "yesterday"}]
    with pytest.raises(APIResponseValidationError) as raised:
        await one_page(*hits, converter=dated())
    assert raised.value.paths == ("$.hits[1].createdAt",)


async def test_a_hook_that_fails_only_once_is_an_error_all_the_same() -> None:
    calls: list[Any] = []

    def hook(data: Any, _: Any) -> Metadata:
        calls.append(data)
        if len(calls) == 1:
            raise ValueError("not now")
        return Metadata()

    converter = make_converter()
    converter.register_structure_hook(Metadata, hook)
    with pytest.raises(APIResponseValidationError, match="not now"):
        await one_page(asset("a"), converter=converter)


def test_hits_that_are_only_checked_are_refused_by_the_users_hooks() -> None:
    decoder = PageDecoder(sizes(), SearchHits, SearchAssetSearchResponse, strict=False)
    hits = [asset("a", width=8, height=6), asset("b")]
    with pytest.raises(APIResponseValidationError, match="KeyError"):
        decoder.check_hits(hits)
    invalid: list[tuple[int, Any]] = []
    decoder.check_hits(hits, invalid=invalid)
    assert invalid == [(1, hits[1])]


def test_hits_that_are_only_checked_are_refused_by_the_hook_of_a_users_subclass() -> None:
    converter = make_converter()
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    hook = converter.get_structure_hook(DatedAsset)
    converter.register_structure_hook(SearchAssetSearchResponse, hook)
    decoder = PageDecoder(converter, SearchHits, SearchAssetSearchResponse, strict=False)
    decoder.check_hits([asset("a")])
    with pytest.raises(APIResponseValidationError, match="yesterday"):
        decoder.check_hits([asset("a") | {"createdAt": "yesterday"}])


def test_hits_that_are_only_checked_are_refused_by_a_strict_converter() -> None:
    decoder = PageDecoder(
        make_converter(strict=True), SearchHits, SearchAssetSearchResponse, strict=False
    )
    with pytest.raises(APIResponseValidationError):
        decoder.check_hits([asset("a")])


def test_hits_that_a_hook_refuses_are_left_out_where_asked() -> None:
    decoder = PageDecoder(sizes(), SearchHits, SearchAssetSearchResponse, strict=False)
    hits = [asset("a", width=8, height=6), asset("b"), {"id": None}, asset("c", width=1, height=1)]
    invalid: list[tuple[int, Any]] = []
    page: SearchHits[Any] = decoder.page({"hits": hits}, invalid=invalid)
    assert [hit.id for hit in page.hits] == ["a", "c"]
    assert invalid == [(1, hits[1]), (2, hits[2])]


def test_a_hook_may_take_what_is_not_documented() -> None:
    converter = make_converter()
    converter.register_structure_hook(Metadata, lambda data, _: Metadata(kind=data))
    cls = SearchAssetSearchResponse
    assert converter.structure({"id": "a", "metadata": "image"}, cls).metadata.kind == "image"
    with pytest.raises(APIResponseValidationError) as raised:
        converter.structure({"metadata": "image"}, cls)
    assert raised.value.paths == ("$.id",)


async def test_strict_checks_the_json_whatever_the_hooks_are() -> None:
    with pytest.raises(APIResponseValidationError) as raised:
        await one_page(asset("a", width="8", height=6), converter=sizes(), strict=True)
    assert "$.hits[0].metadata.width" in raised.value.paths
    whole = json.loads((SAMPLES / "http_assets_1.json").read_bytes())["hits"][0]
    page = await one_page(whole, converter=sizes(), strict=True)
    assert page.hits[0].metadata == Size(0, 0)


# Requests


@pytest.mark.parametrize(
    ("params", "body"),
    [
        (SearchAssetSearchParams(query="x"), {"query": "x"}),
        (
            SearchAssetSearchParams(filter=F.width > 8, sort_by=("createdAt:desc",), public=False),
            {"filter": "width > 8", "sortBy": ["createdAt:desc"], "public": False},
        ),
        (
            SearchModelSearchParams(query="x", limit=5, original_models=True, project_id="p"),
            {"query": "x", "limit": 5},
        ),
        (SearchWorkflowSearchParams(query="x", page=2), {"query": "x", "page": 2}),
        (SearchAssetSearchParams(image=PNG), {"image": PNG_URL}),
        (
            SearchAssetSearchParams(images=Images(like=["asset_1", PNG], unlike=())),
            {"images": {"like": ["asset_1", PNG_URL]}},
        ),
        (
            SearchAssetSearchParams(query="x", extra_body={"query": "y", "new": {"a": 1}}),
            {"query": "y", "new": {"a": 1}},
        ),
    ],
    ids=str,
)
async def test_a_request_becomes_the_body_that_a_client_sends(
    params: Any, body: dict[str, Any]
) -> None:
    assert make_converter().unstructure(params) == body
    # The client completes the half of a position that is missing, and changes nothing else.
    sent = await sent_body(params)
    assert body.items() <= sent.items()
    assert sent.keys() - body.keys() <= {"offset", "hitsPerPage"}


@pytest.mark.parametrize("cls", [SearchAssetSearchParams, SearchModelSearchParams])
def test_a_request_is_made_of_a_body(cls: type[Any]) -> None:
    body = {"query": "x", "limit": 5, "sortBy": ["score:desc"], "image": "asset_1", "new": 1}
    params = make_converter().structure(body, cls)
    assert params == cls(
        query="x", limit=5, sort_by=["score:desc"], image="asset_1", extra_body={"new": 1}
    )
    assert make_converter().unstructure(params) == body


def test_a_body_that_is_not_an_object_is_no_request() -> None:
    with pytest.raises(InvalidParamsError, match="must be an object, not an array"):
        make_converter().structure([], SearchAssetSearchParams)


async def test_a_client_sends_what_the_hook_of_its_converter_makes_of_a_request() -> None:
    converter = make_converter()
    converter.register_unstructure_hook(
        SearchAssetSearchParams, lambda params: {"q": params.query, "limit": 7, "offset": 14}
    )
    params = SearchAssetSearchParams(query="x")
    assert await sent_body(params, converter=converter) == {"q": "x", "limit": 7, "offset": 14}


async def test_hooks_for_values_of_a_request_take_effect() -> None:
    converter = make_converter()
    converter.register_unstructure_hook(Size, lambda size: f"{size.width}x{size.height}")
    params = SearchAssetSearchParams(query="x", extra_body={"size": Size(8, 6)})
    assert (await sent_body(params, converter=converter))["size"] == "8x6"


async def test_a_body_that_is_not_a_dict_is_refused() -> None:
    converter = make_converter()
    converter.register_unstructure_hook(SearchAssetSearchParams, lambda params: [params.query])
    with pytest.raises(InvalidParamsError, match="dict of a SearchAssetSearchParams, not a list"):
        await sent_body(SearchAssetSearchParams(query="x"), converter=converter)


# The option


@pytest.mark.parametrize(
    ("converter", "what"),
    [
        ("orjson", "`converter` must be a cattrs converter, not str"),
        (make_converter, "`converter` must be a cattrs converter, not function"),
        (cattrs.Converter(), r"`converter` must be made by scenario_search.make_converter\(\)"),
        (cattrs.BaseConverter(), r"`converter` must be made by scenario_search.make_converter\(\)"),
    ],
)
@pytest.mark.parametrize("client_class", [AsyncScenario, Scenario])
def test_what_is_no_converter_of_these_classes_is_refused(
    client_class: type[Any], converter: Any, what: str
) -> None:
    with pytest.raises(ConfigurationError, match=what):
        client_class(converter=converter, **KEYS)


def test_a_converter_with_a_failing_hook_is_not_refused() -> None:
    converter = make_converter()
    converter.register_structure_hook(Concept, size_of)
    AsyncScenario(converter=converter, **KEYS)


async def test_a_copy_of_a_client_may_have_another_converter() -> None:
    client, _ = faked_client(lambda _: {"hits": [asset("a", width=8, height=6)]})
    other = client.with_options(converter=sizes())
    assert isinstance((await other.search.asset_search(query="x")).hits[0].metadata, Size)
    assert isinstance((await client.search.asset_search(query="x")).hits[0].metadata, Metadata)


def test_clients_without_a_converter_share_one() -> None:
    clients = [AsyncScenario(strict=strict, **KEYS) for strict in (False, True)]
    assert {id(client._requester.converter) for client in clients} == {id(default_converter())}


def test_cattrs_is_loaded_by_the_first_client() -> None:
    code = (
        "import sys; from scenario_search import AsyncScenario, make_converter; "
        "before = 'cattrs' in sys.modules; AsyncScenario(api_key='k', api_secret='s'); "
        "print(before, 'cattrs' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
