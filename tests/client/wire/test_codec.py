from __future__ import annotations

import copy
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given, settings, strategies as st

from scenario_search.converter import make_converter, structure
from scenario_search.errors import APIResponseValidationError
from scenario_search.wire.codec import PageDecoder, read_page
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
from scenario_search.wire.schema import array_item, is_document, json_fields
from scenario_search.wire.validation import fits_function, mismatches

SAMPLES = Path(__file__).parents[2] / "samples"
ASSETS = [
    "guide_assets",
    "http_assets_1",
    "http_assets_2",
    "python_search_assets",
    "typescript_assets",
]
MODELS = ["guide_models", "python_model_search", "python_search_models"]
HIT_CLASSES: dict[str, type[Hit]] = {
    **dict.fromkeys(ASSETS, SearchAssetSearchResponse),
    **dict.fromkeys(MODELS, SearchModelSearchResponse),
}


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def decode(
    body: bytes | str,
    hit_class: type[Hit] = SearchAssetSearchResponse,
    *,
    strict: bool = False,
    invalid: list[tuple[int, Any]] | None = None,
    **context: Any,
) -> SearchHits[Any]:
    content = body.encode() if isinstance(body, str) else body
    decoder = PageDecoder(make_converter(), SearchHits, hit_class, strict=strict)
    return decoder.page(read_page(content, **context), invalid=invalid, **context)


def page_of(*hits: dict[str, Any]) -> bytes:
    return orjson.dumps({"hits": hits})


def failure(body: bytes | str, **options: Any) -> APIResponseValidationError:
    with pytest.raises(APIResponseValidationError) as caught:
        decode(body, **options)
    return caught.value


def unknown_names(document: Document) -> set[str]:
    names = set(document.extra)
    for name, _ in wire_fields(type(document)):
        value = getattr(document, name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Document):
                names |= unknown_names(item)
    return names


# The documentation's samples


@pytest.mark.parametrize("name", HIT_CLASSES)
def test_samples_decode_with_no_field_unknown(name: str) -> None:
    page = decode(sample(name), HIT_CLASSES[name])
    assert unknown_names(page) == set()


@pytest.mark.parametrize("name", HIT_CLASSES)
def test_samples_come_back_as_they_were(name: str) -> None:
    page = decode(sample(name), HIT_CLASSES[name])
    assert page.to_dict() == json.loads(sample(name))


@pytest.mark.parametrize("name", [n for n in HIT_CLASSES if not n.startswith("guide")])
def test_reference_samples_fill_every_field(name: str) -> None:
    page = decode(sample(name), HIT_CLASSES[name], strict=True)
    absent = {"content", "compliance_metadata"}
    hit = page.hits[0]
    assert {n for n, _ in wire_fields(type(hit)) if getattr(hit, n) in (None, [])} <= absent
    assert [getattr(page, n) for n, _ in wire_fields(SearchHits)][1:] == [0] * 7


@pytest.mark.parametrize("name", ["http_assets_1", "python_search_assets", "typescript_assets"])
def test_reference_asset_lands_where_documented(name: str) -> None:
    (hit,) = decode(sample(name)).hits
    assert hit == SearchAssetSearchResponse(
        id="id",
        author_id="authorId",
        collection_ids=["string"],
        created_at="createdAt",
        metadata=Metadata(
            aspect_ratio="aspectRatio",
            base_model_id="baseModelId",
            guidance=0,
            height=0,
            kind="kind",
            model_id="modelId",
            model_type="modelType",
            name="name",
            negative_prompt="negativePrompt",
            negative_prompt_strength=0,
            num_inference_steps=0,
            parent_job_id="parentJobId",
            prompt="prompt",
            scheduler="scheduler",
            seed="seed",
            size=0,
            text="text",
            thumbnail=MetadataThumbnail(asset_id="assetId"),
            type="type",
            width=0,
        ),
        mime_type="mimeType",
        nsfw=["string"],
        owner_id="ownerId",
        privacy="privacy",
        tags=["string"],
        team_id="teamId",
        updated_at="updatedAt",
        url="url",
        description="description",
        score=0,
        thumbnail=Thumbnail(asset_id="assetId", url="url"),
        transcription="transcription",
    )


@pytest.mark.parametrize("name", ["python_model_search", "python_search_models"])
def test_reference_model_lands_where_documented(name: str) -> None:
    (hit,) = decode(sample(name), SearchModelSearchResponse).hits
    assert hit == SearchModelSearchResponse(
        id="id",
        author_id="authorId",
        capabilities=["string"],
        collection_ids=["string"],
        concepts=[Concept(model_id="modelId")],
        created_at="createdAt",
        example_asset_ids=["string"],
        name="name",
        owner_id="ownerId",
        privacy="privacy",
        short_description="shortDescription",
        source="source",
        tags=["string"],
        team_id="teamId",
        training_images_number=0,
        type="type",
        updated_at="updatedAt",
        parent_model_id="parentModelId",
        score=0,
        thumbnail=Thumbnail(asset_id="assetId", url="url"),
    )


def test_guide_asset_has_no_team_and_no_score() -> None:
    page = decode(sample("guide_assets"))
    (hit,) = page.hits
    assert (hit.team_id, hit.score, hit.transcription) == (None, None, None)
    assert (page.offset, page.limit, page.estimated_total_hits) == (0, 20, 156)
    assert (page.page, page.hits_per_page, page.total_hits, page.total_pages) == (None,) * 4


def test_guide_model_has_compliance_metadata() -> None:
    (hit,) = decode(sample("guide_models"), SearchModelSearchResponse).hits
    assert hit.compliance_metadata == ComplianceMetadata(
        sub_processor="Modal", model_provider="Scenario", maintainer="Scenario"
    )
    assert hit.compliance_metadata.license_terms is None
    assert hit.score == 95.5


def test_page_mode() -> None:
    page = decode('{"hits": [], "page": 1, "hitsPerPage": 20, "totalPages": 8, "totalHits": 156}')
    assert (page.page, page.hits_per_page, page.total_pages, page.total_hits) == (1, 20, 8, 156)
    assert (page.offset, page.limit, page.estimated_total_hits) == (None, None, None)


def test_workflow() -> None:
    hit = {"id": "w", "status": "ready", "before": {"assetId": "a", "url": "u"}, "after": None}
    (made,) = decode(page_of(hit), SearchWorkflowSearchResponse).hits
    assert made == SearchWorkflowSearchResponse(
        id="w", status="ready", before=Thumbnail(asset_id="a", url="u")
    )


# Nothing is coerced


@pytest.mark.parametrize(
    "value", [1024, 1024.0, 7.5, 0, -1, "1024", True, False, "", [1], {"a": 1}], ids=repr
)
def test_a_scalar_is_kept_as_it_came(value: object) -> None:
    (hit,) = decode(page_of({"id": "a", "score": value, "url": value})).hits
    assert (hit.score, hit.url) == (value, value)
    assert type(hit.score) is type(hit.url) is type(value)


def test_guide_numbers_and_texts_keep_their_types() -> None:
    metadata = decode(sample("guide_assets")).hits[0].metadata
    found = (metadata.width, metadata.guidance, metadata.seed)
    assert found == (1024, 7.5, "1234567890")
    assert [type(value) for value in found] == [int, float, str]


def test_null_is_none_never_text() -> None:
    data = {name: None for _, name in wire_fields(SearchAssetSearchResponse)} | {"id": "a"}
    (hit,) = decode(page_of(data)).hits
    assert hit == SearchAssetSearchResponse(id="a")


def test_null_items_of_lists_are_kept() -> None:
    (hit,) = decode(page_of({"id": "a", "tags": ["x", None]})).hits
    assert hit.tags == ["x", None]


def test_null_metadata_is_empty_and_null_thumbnail_is_none() -> None:
    (hit,) = decode(page_of({"id": "a", "metadata": None, "thumbnail": None})).hits
    assert (hit.metadata, hit.thumbnail) == (Metadata(), None)


def test_hits_do_not_share_their_empty_lists() -> None:
    first, second = decode(page_of({"id": "a"}, {"id": "b"})).hits
    first.tags.append("x")
    first.metadata.width = 8
    assert (second.tags, second.metadata) == ([], Metadata())


# Unknown fields


def test_unknown_fields_are_kept_at_every_level() -> None:
    data = {
        "id": "a",
        "new": 1,
        "metadata": {"new": 2, "thumbnail": {"new": 3}},
        "thumbnail": {"new": 4},
    }
    page = decode(orjson.dumps({"hits": [data], "new": 0}))
    (hit,) = page.hits
    documents = [page, hit, hit.metadata, hit.metadata.thumbnail, hit.thumbnail]
    assert [document.extra for document in documents] == [{"new": n} for n in range(5)]


def test_unknown_fields_inside_of_lists_are_kept() -> None:
    data = {"id": "m", "concepts": [{"modelId": "x", "weight": 0.5}], "accessRestrictions": None}
    (hit,) = decode(page_of(data), SearchModelSearchResponse).hits
    assert hit.concepts[0].extra == {"weight": 0.5}
    assert hit.extra == {"accessRestrictions": None}
    assert hit.to_dict()["accessRestrictions"] is None


def test_python_names_on_the_wire_are_unknown_fields() -> None:
    (hit,) = decode(page_of({"id": "a", "author_id": "x", "_extra": 1})).hits
    assert hit.author_id is None
    assert hit.extra == {"author_id": "x", "_extra": 1}


def test_input_is_not_changed() -> None:
    data = {"id": "a", "metadata": {"width": 8, "x": 1}, "tags": ["t"], "y": {"z": 1}}
    before = copy.deepcopy(data)
    structure(data, SearchAssetSearchResponse)
    assert data == before


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
INTEGERS = st.integers(-(2**53), 2**53)
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.none() | st.text()
NUMBERS = st.none() | INTEGERS | FLOATS


def documents(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Make response objects whose fields hold what is documented, or nothing."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in attrs.fields(cls):
        kind = str(field.type)
        name = field.name.removeprefix("_")
        if name == "json":
            continue
        if name == "extra":
            known = {wire for _, wire in wire_fields(cls)}
            extra = st.dictionaries(st.text(), JSON, max_size=2)
            fields[name] = extra.filter(known.isdisjoint)
        elif name == "id":
            fields[name] = st.text()
        elif kind.startswith("list[str]"):
            fields[name] = st.lists(st.text(), max_size=2)
        elif kind.startswith("list[Concept]"):
            fields[name] = st.lists(documents(Concept), max_size=2)
        elif kind.startswith("float"):
            fields[name] = NUMBERS
        elif kind == "Metadata":
            fields[name] = documents(Metadata)
        elif kind.startswith(("Thumbnail", "MetadataThumbnail", "ComplianceMetadata")):
            inner = {c.__name__: c for c in (Thumbnail, MetadataThumbnail, ComplianceMetadata)}
            fields[name] = st.none() | documents(inner[kind.partition(" ")[0]])
        else:
            fields[name] = TEXTS
    return st.builds(cls, **fields)


HITS = st.one_of(
    documents(SearchAssetSearchResponse),
    documents(SearchModelSearchResponse),
    documents(SearchWorkflowSearchResponse),
)


@given(HITS)
def test_what_is_written_reads_back_equal(hit: Hit) -> None:
    assert structure(hit.to_dict(), type(hit)) == hit
    assert structure(json.loads(hit.to_json()), type(hit)) == hit


@given(HITS, st.randoms(), st.just(...) | JSON, st.booleans())
def test_the_quick_check_agrees_with_the_one_that_names_paths(
    hit: Hit, chance: random.Random, value: Any, strict: bool
) -> None:
    """Both see the same: here one field, of a hit or of an object in it, is absent or changed."""
    data = hit.to_dict()
    place = chance.choice([data, *(item for item in data.values() if isinstance(item, dict))])
    if place:
        key = chance.choice(list(place))
        place[key] = value
        if value is ...:
            del place[key]
    problems = list(mismatches(data, type(hit), "$", strict=strict))
    assert fits_function(type(hit), strict=strict)(data) == (problems == [])
    decoder = PageDecoder(make_converter(), SearchHits, type(hit), strict=strict)
    both = [hit.to_dict(), data]
    assert outcome(decoder.check_hits, both) == outcome(decoder.hits, both)
    left_out: list[list[tuple[int, Any]]] = [[], []]
    decoder.check_hits(both, invalid=left_out[0])
    decoder.hits(both, invalid=left_out[1])
    assert left_out[0] == left_out[1]
    assert bool(left_out[0]) == bool(problems)


def outcome(decode: Callable[[list[Any]], object], hits: list[Any]) -> str | None:
    try:
        decode(hits)
    except APIResponseValidationError as error:
        return str(error)
    return None


@given(st.dictionaries(st.sampled_from(["score", "url", "x", "teamId", "é"]) | st.text(), JSON))
def test_no_key_of_a_json_object_is_lost(data: dict[str, Any]) -> None:
    data["id"] = "a"
    try:
        hit = structure(data, SearchAssetSearchResponse)
    except APIResponseValidationError:
        return
    documented = {wire for _, wire in wire_fields(SearchAssetSearchResponse)}
    kept = {k: v for k, v in data.items() if v is not None or k not in documented}
    assert kept.items() <= hit.to_dict().items()


@given(
    st.binary() | JSON.map(orjson.dumps) | st.dictionaries(st.just("hits"), JSON).map(orjson.dumps)
)
def test_any_body_is_a_page_or_a_validation_error(body: bytes) -> None:
    try:
        page = decode(body)
    except APIResponseValidationError:
        return
    assert isinstance(page.hits, list)


BIG_INTEGERS = st.integers(2**63, 2**80) | st.integers(-(2**80), -(2**63))
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | BIG_INTEGERS | FLOATS | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


def json_objects(cls: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Makes JSON that fits a class: each field there, null, absent or mistyped, in any order."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in json_fields(cls):
        item = array_item(field.kind)
        if is_document(field.kind):
            values = json_objects(field.kind)
        elif item is not None:
            values = st.lists(json_objects(item) if is_document(item) else VALUES, max_size=2)
        else:
            values = VALUES
        fields[field.wire] = st.text() if field.needed else st.none() | values
    needed = {field.wire for field in json_fields(cls) if field.needed}
    known = st.fixed_dictionaries({wire: fields.pop(wire) for wire in needed}, optional=fields)
    unknown = st.dictionaries(st.text() | st.just("author_id"), VALUES, max_size=2)
    return st.tuples(unknown, known, st.randoms()).map(shuffled)


def shuffled(parts: tuple[dict[str, Any], dict[str, Any], random.Random]) -> dict[str, Any]:
    unknown, known, chance = parts
    items = [*(unknown | known).items()]
    chance.shuffle(items)
    return dict(items)


@pytest.mark.parametrize(
    "cls", [SearchAssetSearchResponse, SearchModelSearchResponse, SearchWorkflowSearchResponse]
)
@settings(max_examples=40)
@given(st.data())
def test_a_hit_comes_back_as_it_came(cls: type[Hit], data: st.DataObject) -> None:
    came = data.draw(json_objects(cls))
    body = json.dumps({"hits": [came]}).encode()
    (hit,) = decode(body, cls).hits
    assert json.dumps(hit.to_dict()) == json.dumps(came)
    assert json.dumps(make_converter().unstructure(hit)) == json.dumps(came)


# Wrong containers


@pytest.mark.parametrize(
    ("hits", "path", "what"),
    [
        ([{"id": "a"}, {"id": "b", "tags": "x"}], "$.hits[1].tags", "an array, got a string"),
        ([{"id": "a", "tags": {"x": 1}}], "$.hits[0].tags", "an array, got an object"),
        ([{"id": "a", "tags": 0}], "$.hits[0].tags", "an array, got a number"),
        ([{"id": "a", "nsfw": False}], "$.hits[0].nsfw", "an array, got a boolean"),
        ([{"id": "a", "metadata": []}], "$.hits[0].metadata", "an object, got an array"),
        ([{"id": "a", "metadata": ""}], "$.hits[0].metadata", "an object, got a string"),
        (
            [{"id": "a", "metadata": {"thumbnail": 5}}],
            "$.hits[0].metadata.thumbnail",
            "an object, got a number",
        ),
        ([{"id": "a"}, None], "$.hits[1]", "an object, got null"),
        ([[]], "$.hits[0]", "an object, got an array"),
        ([{"tags": []}], "$.hits[0].id", "is missing"),
        ([{"id": None}], "$.hits[0].id", "is null"),
    ],
)
def test_a_wrong_container_is_an_error_that_names_its_place(
    hits: list[Any], path: str, what: str
) -> None:
    error = failure(orjson.dumps({"hits": hits}))
    assert error.paths == (path,)
    assert path in str(error)
    assert what in str(error)


def test_wrong_items_of_a_list_of_objects() -> None:
    data = {"id": "m", "concepts": [{"modelId": "x"}, "y"]}
    error = failure(page_of(data), hit_class=SearchModelSearchResponse)
    assert error.paths == ("$.hits[0].concepts[1]",)


def test_all_wrong_places_are_listed() -> None:
    error = failure(orjson.dumps({"hits": [{"id": "a", "tags": 1}, {}, {"id": "b", "nsfw": 1}]}))
    assert error.paths == ("$.hits[0].tags", "$.hits[1].id", "$.hits[2].nsfw")


def test_an_error_names_the_first_twenty_places_and_counts_the_rest() -> None:
    error = failure(orjson.dumps({"hits": [{}] * 225}))
    assert error.paths == tuple(f"$.hits[{n}].id" for n in range(20))
    assert error.problems[19] == ("$.hits[19].id", "is missing")
    assert str(error).endswith("$.hits[19].id is missing; and 205 more")


def test_a_hostile_number_of_wrong_places_is_not_counted_to_its_end() -> None:
    data = {"id": "m", "concepts": ["y"] * 50_000}
    error = failure(page_of(data), hit_class=SearchModelSearchResponse)
    assert error.paths[-1] == "$.hits[0].concepts[19]"
    assert str(error).endswith("and at least 9,980 more")


# Strict


def test_strict_lists_every_missing_and_mistyped_field() -> None:
    asset = json.loads(sample("http_assets_1"))["hits"][0]
    del asset["teamId"]
    asset["url"] = None
    asset["metadata"]["width"] = "8"
    asset["tags"] = ["x", 5]
    asset["score"] = True
    error = failure(page_of({"id": "a"} | asset), strict=True)
    assert set(error.paths) == {
        "$.hits[0].teamId",
        "$.hits[0].url",
        "$.hits[0].metadata.width",
        "$.hits[0].tags[1]",
        "$.hits[0].score",
    }
    assert "$.hits[0].teamId is missing" in str(error)
    assert "$.hits[0].url is null" in str(error)
    assert "$.hits[0].metadata.width expected a number, got a string" in str(error)
    assert "$.hits[0].score expected a number, got a boolean" in str(error)


def test_strict_looks_at_the_page_too() -> None:
    error = failure('{"hits": [], "limit": "20", "offset": 0.5, "totalHits": null}', strict=True)
    assert error.paths == ("$.limit", "$.offset")


def test_strict_names_the_documented_fields_that_the_guides_hit_lacks() -> None:
    assert failure(sample("guide_assets"), strict=True).paths == ("$.hits[0].teamId",)


def test_strict_keeps_unknown_fields() -> None:
    asset = json.loads(sample("http_assets_1"))["hits"][0] | {"new": [1]}
    assert decode(page_of(asset), strict=True).hits[0].extra == {"new": [1]}


def test_not_strict_keeps_mistyped_totals() -> None:
    assert repr(decode('{"hits": [], "limit": "20"}').limit) == "'20'"


# Bodies that are no page


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "not JSON"),
        (b"<html>bad gateway</html>", "not JSON"),
        (b'{"hits": [', "not JSON"),
        (b'{"hits": [{"id": "a", "score": NaN}]}', "not JSON"),
        (b'{"hits": [{"id": "a", "score": 1e999}]}', "not JSON"),
        (b'{"hits": [{"id": "\\ud800"}', "not JSON"),
        (b'{"hits": [{"id": "\\ud800", "score": NaN}]}', "not JSON"),
        (b'{"hits": [{"id": "\\ud800", "score": 1e999}]}', "not JSON"),
        (b'{"hits": [{"id": "\xff"}]}', "not JSON"),
        (b'{"hits": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", "not JSON"),
        (b"[]", "should be a JSON object, but is an array"),
        (b"null", "should be a JSON object, but is null"),
        (b'"hits"', "should be a JSON object, but is a string"),
        (b"{}", "'hits' should be an array, but is null"),
        (b'{"hits": {}}', "'hits' should be an array, but is an object"),
        (b'{"hits": "abc"}', "'hits' should be an array, but is a string"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_body_that_is_no_page_is_quoted(body: bytes, what: str) -> None:
    error = failure(body)
    assert error.paths == (() if what == "not JSON" else ("$.hits",) if "hits" in what else ("$",))
    assert what in str(error)
    assert repr(body[:15].decode("utf-8", "ignore"))[:-1] in str(error)


def test_only_the_start_of_a_body_is_quoted() -> None:
    error = failure(b"<html>" + b"x" * 10_000)
    assert len(str(error)) < 400
    assert str(error).endswith("x' ...")


def test_deep_unknown_values_decode() -> None:
    (hit,) = decode(b'{"hits": [{"id": "a", "x": ' + b"[" * 900 + b"]" * 900 + b"}]}").hits
    assert isinstance(hit.extra["x"], list)


def test_errors_carry_what_is_known_of_the_answer() -> None:
    for body in (b"", b"[]", b'{"hits": 1}', b'{"hits": [{}]}'):
        error = failure(body, status_code=200, request_id="req_1", retries_taken=1)
        assert (error.status_code, error.request_id, error.retries_taken) == (200, "req_1", 1)


@pytest.mark.parametrize("space", ["", " ", "\n\t"])
@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**40, 10**400])
def test_integers_of_any_size_stay_integers(number: int, space: str) -> None:
    body = f'{{"hits": [{{"id": "a", "score":{space}{number}, "x": [1.5,{space}{number}]}}]}}'
    (hit,) = decode(body).hits
    assert (hit.score, hit.extra["x"]) == (number, [1.5, number])
    assert type(hit.score) is int


@pytest.mark.parametrize("number", ["1" * 5000, "1.5e300", "9223372036854775807.5"])
def test_numbers_that_python_reads_no_better_stay_as_orjson_reads_them(number: str) -> None:
    body = f'{{"hits": [{{"id": "a", "score": {number}, "x": {"1" * 19}}}]}}'
    try:
        expected = orjson.loads(number)
    except orjson.JSONDecodeError:
        assert "is not JSON" in str(failure(body))
    else:
        assert decode(body).hits[0].score == expected


@pytest.mark.parametrize("number", [2**64 + 1, -(2**64) - 1])
def test_a_long_integer_behind_many_texts_of_digits_stays_one(number: int) -> None:
    hits = [{"id": "1234567890" * 3, "x": n} for n in range(200)]
    body = json.dumps({"hits": [*hits, {"id": "a", "score": number}]})
    assert decode(body).hits[-1].score == number


def test_digits_in_texts_stay_texts() -> None:
    digits = "1234567890" * 4
    hit = {"id": digits, "url": f"x: {digits}, [{digits}", "tags": [digits]}
    assert decode(page_of(hit)).hits[0].to_dict() == hit


def test_lone_surrogates_are_read() -> None:
    (hit,) = decode(
        b'{"hits": [{"id": "a", "url": "\\ud800", "tags": ["\\uDFFF", "\\ud83d\\ude00"]}]}'
    ).hits
    assert (hit.url, hit.tags) == ("\ud800", ["\udfff", "\U0001f600"])


def test_a_page_of_too_many_hits_is_refused_before_any_is_made() -> None:
    def hits(number: int) -> list[dict[str, Any]]:
        return [{"id": str(n)} for n in range(number)]

    assert len(decode(page_of(*hits(1000))).hits) == 1000
    error = failure(page_of(*hits(1001)))
    assert error.paths == ("$.hits",)
    assert "are 1,001, but at most 1,000 are read" in str(error)


def test_reading_and_structuring_leave_the_json_as_it_came() -> None:
    data = read_page(sample("guide_assets"))
    before = copy.deepcopy(data)
    decoder = PageDecoder(make_converter(), SearchHits, SearchAssetSearchResponse, strict=False)
    page = decoder.page(data)
    page.hits[0].tags = []
    page.hits[0].extra["x"] = 1
    page.hits.clear()
    assert data == before == json.loads(sample("guide_assets"))


# Hits that are to be left out


def test_invalid_hits_are_left_out_where_asked() -> None:
    invalid: list[tuple[int, Any]] = []
    page = decode(
        orjson.dumps({"hits": [{"id": "a"}, {"x": 1}, 5, {"id": "b", "tags": 1}, {"id": "c"}]}),
        invalid=invalid,
    )
    assert [hit.id for hit in page.hits] == ["a", "c"]
    assert invalid == [(1, {"x": 1}), (2, 5), (3, {"id": "b", "tags": 1})]


def test_invalid_hits_by_strict_rules_are_left_out_where_asked() -> None:
    invalid: list[tuple[int, Any]] = []
    asset = json.loads(sample("http_assets_1"))["hits"][0]
    page = decode(page_of({"id": "b"}, asset), strict=True, invalid=invalid)
    assert [hit.id for hit in page.hits] == ["id"]
    assert invalid == [(0, {"id": "b"})]


def test_numbers_beyond_json_are_kept_from_python_data() -> None:
    hit = structure({"id": "a", "score": 10**30}, SearchAssetSearchResponse)
    assert hit.score == 10**30
    assert math.isnan(structure({"id": "a", "score": math.nan}, SearchAssetSearchResponse).score)  # type: ignore[arg-type]
