from __future__ import annotations

import base64
import copy
import inspect
import io
import json
import math
import pickle
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import attrs
import pytest
from PIL import Image

from scenario_search import APIResponseValidationError, AsyncScenario, F, InvalidParamsError
from scenario_search.converter import structure
from scenario_search.wire.document import Document, wire_fields
from scenario_search.wire.hits import (
    ComplianceMetadata,
    Concept,
    Hit,
    Metadata,
    MetadataThumbnail,
    SearchAssetSearchResponse,
    SearchModelSearchResponse,
    SearchWorkflowSearchResponse,
    Thumbnail,
)
from scenario_search.wire.pages import SearchHits

HIT = {
    "id": "id",
    "author_id": "authorId",
    "collection_ids": "collectionIds",
    "created_at": "createdAt",
    "owner_id": "ownerId",
    "privacy": "privacy",
    "tags": "tags",
    "team_id": "teamId",
    "updated_at": "updatedAt",
    "score": "score",
    "thumbnail": "thumbnail",
}

DOCUMENTED: dict[type[Document], dict[str, str]] = {
    SearchAssetSearchResponse: {
        **HIT,
        "metadata": "metadata",
        "mime_type": "mimeType",
        "nsfw": "nsfw",
        "url": "url",
        "content": "content",
        "description": "description",
        "transcription": "transcription",
    },
    SearchModelSearchResponse: {
        **HIT,
        "capabilities": "capabilities",
        "concepts": "concepts",
        "example_asset_ids": "exampleAssetIds",
        "name": "name",
        "short_description": "shortDescription",
        "source": "source",
        "training_images_number": "trainingImagesNumber",
        "type": "type",
        "compliance_metadata": "complianceMetadata",
        "parent_model_id": "parentModelId",
    },
    SearchWorkflowSearchResponse: {
        **HIT,
        "description": "description",
        "name": "name",
        "status": "status",
        "after": "after",
        "before": "before",
        "short_description": "shortDescription",
    },
    Metadata: {
        "aspect_ratio": "aspectRatio",
        "base_model_id": "baseModelId",
        "guidance": "guidance",
        "height": "height",
        "kind": "kind",
        "model_id": "modelId",
        "model_type": "modelType",
        "name": "name",
        "negative_prompt": "negativePrompt",
        "negative_prompt_strength": "negativePromptStrength",
        "num_inference_steps": "numInferenceSteps",
        "parent_job_id": "parentJobId",
        "prompt": "prompt",
        "scheduler": "scheduler",
        "seed": "seed",
        "size": "size",
        "text": "text",
        "thumbnail": "thumbnail",
        "type": "type",
        "width": "width",
    },
    MetadataThumbnail: {"asset_id": "assetId"},
    Thumbnail: {"asset_id": "assetId", "url": "url"},
    Concept: {"model_id": "modelId"},
    ComplianceMetadata: {
        "sub_processor": "subProcessor",
        "model_provider": "modelProvider",
        "maintainer": "maintainer",
        "license_terms": "licenseTerms",
        "data_processing_comment": "dataProcessingComment",
    },
    SearchHits: {
        "hits": "hits",
        "limit": "limit",
        "offset": "offset",
        "estimated_total_hits": "estimatedTotalHits",
        "hits_per_page": "hitsPerPage",
        "page": "page",
        "total_hits": "totalHits",
        "total_pages": "totalPages",
    },
}


@pytest.mark.parametrize("cls", DOCUMENTED)
def test_fields_and_wire_names_are_the_documented_ones(cls: type[Document]) -> None:
    assert dict(wire_fields(cls)) == DOCUMENTED[cls]


@pytest.mark.parametrize("cls", DOCUMENTED)
def test_every_class_and_field_is_described(cls: type[Document]) -> None:
    assert cls.__doc__
    own = {*attrs.fields_dict(cls)} - {*dir(cls.__base__)} - {"_extra", "_info"}
    lines = inspect.getsource(cls).splitlines()
    for name in own & vars(cls).keys():
        start = next(i for i, line in enumerate(lines) if line.startswith(f"    {name}: "))
        assert lines[start + 1].startswith('    """'), name


@pytest.mark.parametrize("cls", [c for c in DOCUMENTED if "id" in DOCUMENTED[c]])
def test_only_the_id_is_needed_and_lists_are_never_none(cls: type[Any]) -> None:
    hit = cls(id="a")
    lists = {f.name for f in attrs.fields(cls) if str(f.type).startswith("list")}
    assert lists
    assert all(getattr(hit, name) == [] for name in lists)


def test_absent_metadata_is_an_empty_object() -> None:
    assert SearchAssetSearchResponse(id="a").metadata == Metadata()


@pytest.mark.parametrize("cls", [Metadata, Concept])
def test_api_model_id_is_a_deprecated_alias(cls: type[Any]) -> None:
    with pytest.warns(DeprecationWarning, match="use model_id") as caught:
        value = cls(model_id="model_1").api_model_id
    assert value == "model_1"
    assert caught[0].filename == __file__


def test_api_model_type_is_a_deprecated_alias() -> None:
    with pytest.warns(DeprecationWarning, match="use model_type") as caught:
        value = Metadata(model_type="flux.1").api_model_type
    assert value == "flux.1"
    assert caught[0].filename == __file__


def test_repr_shows_only_what_is_set() -> None:
    metadata = Metadata(width=8, kind="image")
    assert repr(metadata) == "Metadata(kind='image', width=8)"


def test_repr_takes_a_line_for_each_field_where_one_is_not_enough() -> None:
    metadata = Metadata(prompt="p" * 60, kind="image", width=8)
    assert repr(metadata) == (
        f"Metadata(\n    kind='image',\n    prompt='{'p' * 60}',\n    width=8,\n)"
    )


def test_repr_strips_signatures_of_urls_at_every_level() -> None:
    signed = "https://cdn.example.com/a.png?Policy=CANARY&Signature=CANARY~"
    data = {
        "id": "a",
        "url": signed,
        "description": f"see {signed}, and {signed}",
        "thumbnail": {"assetId": "t", "url": signed},
        "preview": {"urls": [signed]},
    }
    hit = structure(data, SearchAssetSearchResponse)
    page = SearchHits(hits=[hit])
    for shown in (repr(hit), str(hit), f"{hit.thumbnail}"):
        assert "CANARY" not in shown
        assert "https://cdn.example.com/a.png?..." in shown
    assert "CANARY" not in repr(page)
    assert "https://cdn.example.com/a" in repr(page)
    assert hit.url == signed


def test_to_dict_leaves_out_what_was_not_set() -> None:
    assert SearchWorkflowSearchResponse(id="w", name="n").to_dict() == {"id": "w", "name": "n"}


def test_to_dict_has_what_was_set_since_the_hit_came() -> None:
    hit = structure({"x": 1, "url": "u", "tags": ["a"], "id": "a"}, SearchAssetSearchResponse)
    hit.tags, hit.url, hit.score, hit.metadata.width = [], "v", 2, 8
    hit.extra["rank"] = hit.extra.pop("x")
    assert list(hit.to_dict().items()) == [
        ("url", "v"),
        ("tags", []),
        ("id", "a"),
        ("score", 2),
        ("metadata", {"width": 8}),
        ("rank", 1),
    ]


def test_to_dict_is_a_copy() -> None:
    hit = SearchAssetSearchResponse(id="a", tags=["x"])
    hit.to_dict()["tags"].append("y")
    assert hit.tags == ["x"]


def test_to_json_is_the_text_of_to_dict() -> None:
    hit = structure({"id": "a", "newField": {"é": 1.5}}, SearchModelSearchResponse)
    assert json.loads(hit.to_json()) == hit.to_dict()


def test_extra_can_be_read_and_written_where_there_was_none() -> None:
    hit = SearchAssetSearchResponse(id="a")
    assert hit.extra == {}
    hit.extra["rank"] = 1
    assert hit.to_dict()["rank"] == 1


def test_looking_at_extra_does_not_make_hits_unequal() -> None:
    hit = SearchAssetSearchResponse(id="a")
    assert hit.extra == {}
    assert hit == SearchAssetSearchResponse(id="a")


def test_hits_with_other_unknown_fields_are_unequal() -> None:
    assert structure({"id": "a", "x": 1}, SearchAssetSearchResponse) != structure(
        {"id": "a", "x": 2}, SearchAssetSearchResponse
    )


def test_a_misspelt_field_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        SearchAssetSearchResponse(id="a").tag = ["x"]  # type: ignore[attr-defined]


def test_hits_can_be_copied_and_pickled() -> None:
    hit = structure(
        {"id": "a", "x": {"y": 1}, "metadata": {"width": 8, "z": 2}}, SearchAssetSearchResponse
    )
    assert pickle.loads(pickle.dumps(hit)) == copy.deepcopy(hit) == hit


# Objects that are made when they are first read

DEEP = {"id": "a", "metadata": {"width": 8, "thumbnail": {"assetId": "b"}}, "thumbnail": None}


@attrs.define(kw_only=True, eq=False)
class Square(Metadata):
    area: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.area = int(self.width) ** 2  # type: ignore[arg-type]


@attrs.define(kw_only=True, eq=False)
class SquareAsset(SearchAssetSearchResponse):
    metadata: Square = attrs.Factory(Square)


def is_made(document: Document, name: str) -> bool:
    """Returns whether a field's slot holds something."""
    try:
        inspect.getattr_static(document, name).__get__(document)
    except AttributeError:
        return False
    return True


def test_an_object_of_a_hit_is_made_once_when_it_is_first_read() -> None:
    hit = structure(DEEP, SearchAssetSearchResponse)
    assert not is_made(hit, "metadata")
    assert hit.thumbnail is None
    metadata = hit.metadata
    assert metadata.width == 8
    assert not is_made(metadata, "thumbnail")
    assert metadata.thumbnail == MetadataThumbnail(asset_id="b")
    assert hit.metadata is metadata
    assert metadata.thumbnail is metadata.thumbnail


def test_an_object_of_a_hit_may_be_replaced_before_it_is_read() -> None:
    hit = structure(DEEP, SearchAssetSearchResponse)
    hit.metadata = Metadata(width=9)
    assert hit.metadata.width == hit.to_dict()["metadata"]["width"] == 9


@pytest.mark.parametrize(
    "copied",
    [
        copy.copy,
        copy.deepcopy,
        attrs.evolve,
        lambda hit: pickle.loads(pickle.dumps(hit)),
        lambda hit: structure(hit.to_dict(), SearchAssetSearchResponse),
    ],
)
def test_what_was_not_read_is_copied_too(copied: Any) -> None:
    hit = copied(structure(DEEP, SearchAssetSearchResponse))
    assert hit.metadata.thumbnail.asset_id == "b"
    assert hit.to_dict() == DEEP
    assert attrs.asdict(hit)["metadata"]["width"] == 8


def test_a_subclass_that_says_itself_what_its_attributes_are_has_all_of_them() -> None:
    class Asset(SearchAssetSearchResponse):
        def __getattr__(self, name: str) -> Any:
            raise AttributeError(name)

    assert structure(DEEP, Asset).metadata.width == 8


def test_an_object_that_a_program_may_fail_to_make_is_made_immediately() -> None:
    assert structure(DEEP, SquareAsset).metadata.area == 64
    with pytest.raises(APIResponseValidationError):
        structure({"id": "a", "metadata": {}}, SquareAsset)


def test_total_is_that_of_either_mode() -> None:
    assert SearchHits[Any](estimated_total_hits=7).total == 7
    assert SearchHits[Any](total_hits=0, estimated_total_hits=7).total == 0
    assert SearchHits[Any]().total is None


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**400])
def test_json_holds_whole_numbers_of_any_size(number: int) -> None:
    text = SearchAssetSearchResponse(id="é", extra={"seed": number}).to_json()
    assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    assert (json.loads(text)["id"], json.loads(text)["seed"]) == ("é", number)


def test_json_holds_lone_surrogates() -> None:
    hit = SearchAssetSearchResponse(id="\ud800", description="é")
    assert json.loads(hit.to_json()) == {"id": "\ud800", "description": "é"}


@pytest.mark.parametrize(
    ("value", "kind"), [([2**64, math.nan], ValueError), (object(), TypeError), ({5}, TypeError)]
)
def test_what_json_has_no_form_for_is_refused(value: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        SearchAssetSearchResponse(id="a", extra={"x": value}).to_json()


def test_an_unknown_field_of_a_part_shows_no_signature() -> None:
    part = Metadata()
    part.extra["mask"] = "https://cdn.example/m.png?Signature=canary"
    assert "cdn.example/m.png" in repr(part)
    assert "canary" not in repr(part)


def test_hits_are_not_hashable_and_their_docstring_says_what_is_a_key() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(SearchAssetSearchResponse(id="a"))
    assert "not hashable: use their ``id``" in " ".join((Hit.__doc__ or "").split())


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("prompt", r"it is in its metadata: \.metadata\.prompt"),
        ("negativePrompt", r"it is in its metadata: \.metadata\.negative_prompt"),
        ("createdAt", r"did you mean \.created_at\?"),
        ("new", r"it is not documented, so it is in \.extra\['new'\]"),
        ("to_dicts", r"did you mean \.to_dict\?"),
        ("xyz", r"no attribute 'xyz'$"),
    ],
)
def test_a_missing_attribute_names_its_place(name: str, place: str) -> None:
    hit = structure({"id": "a", "new": 1}, SearchAssetSearchResponse)
    with pytest.raises(AttributeError, match=place):
        getattr(hit, name)


@pytest.mark.parametrize("name", ["_repr_latex_", "__array__", "_ipython_display_"])
def test_protocol_names_are_no_attributes_of_a_hit(name: str) -> None:
    assert not hasattr(SearchAssetSearchResponse(id="a"), name)


def test_a_page_names_the_nearest_attribute_too() -> None:
    with pytest.raises(AttributeError, match=r"did you mean \.total_hits\?"):
        SearchHits[Any]().total_hit  # type: ignore[attr-defined]  # noqa: B018


SIGNED = "https://cdn.example/assets-transform/asset_1?" + urlencode(
    {
        "Policy": base64.b64encode(
            b'{"Statement":[{"Resource":"https://cdn.example/assets-transform/asset_1*",'
            b'"Condition":{"DateLessThan":{"AWS:EpochTime":1765151999}}}]}'
        ).decode(),
        "Signature": "s",
        "Key-Pair-Id": "K",
    },
    safe="=",
)


def test_an_asset_knows_when_its_url_expires() -> None:
    asset = SearchAssetSearchResponse(id="a", url=SIGNED)
    assert asset.url_expires_at == datetime(2025, 12, 7, 23, 59, 59, tzinfo=UTC)
    assert SearchAssetSearchResponse(id="a").url_expires_at is None


@pytest.mark.parametrize(
    "picture", [{"mime_type": "image/png"}, {"metadata": Metadata(kind="canvas")}]
)
def test_a_rendition_of_a_picture_has_further_parameters(picture: dict[str, Any]) -> None:
    asset = SearchAssetSearchResponse(id="a", url=SIGNED, **picture)
    url = asset.rendition(width=640, height=480, format="webp", quality=80, fit="inside")
    assert url == f"{SIGNED}&width=640&height=480&quality=80&format=webp&fit=inside"


@pytest.mark.parametrize(
    "asset",
    [
        SearchAssetSearchResponse(id="a", url=SIGNED, mime_type="video/mp4"),
        SearchAssetSearchResponse(id="a", url=SIGNED.replace("-transform", "")),
        SearchAssetSearchResponse(id="a", mime_type="image/png"),
    ],
)
def test_what_cannot_be_transformed_has_no_rendition(asset: SearchAssetSearchResponse) -> None:
    assert asset.rendition(width=640) is None


def test_a_wrong_value_of_a_rendition_is_refused_for_any_asset() -> None:
    with pytest.raises(InvalidParamsError, match="width"):
        SearchAssetSearchResponse(id="a").rendition(width=0)


async def test_the_emulator_sends_a_rendition(demo_client: AsyncScenario) -> None:
    page = await demo_client.search.asset_search(filter=F.mime_type == "image/png", limit=1)
    url = page.hits[0].rendition(width=64, format="webp")
    assert url is not None
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert (response.status, response.content_type) == (200, "image/webp")
        assert Image.open(io.BytesIO(await response.read())).width == 64
