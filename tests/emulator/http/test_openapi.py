from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scenario_search.emulator.contract.fields import KINDS
from scenario_search.emulator.http.openapi import openapi_document

DOCUMENT = openapi_document("http://127.0.0.1:1/v1")


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (entry for key, entry in value.items() if key == "$ref")
        for entry in value.values():
            yield from references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from references(entry)


def properties(name: str) -> dict[str, Any]:
    return dict(DOCUMENT["components"]["schemas"][name]["properties"])


def test_it_names_the_base_url_as_its_server() -> None:
    assert DOCUMENT["servers"] == [{"url": "http://127.0.0.1:1/v1"}]


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert found
    for reference in found:
        _, components, part, name = reference.split("/")
        assert components == "components"
        assert name in DOCUMENT[components][part]


def test_what_is_not_below_the_base_url_names_its_server() -> None:
    servers = {path: item.get("servers") for path, item in DOCUMENT["paths"].items()}
    origin = [{"url": "http://127.0.0.1:1"}]
    for path in ("/healthz", "/assets/{name}", "/assets-transform/{name}", "/thumbnails/{name}"):
        assert servers[path] == origin
    assert servers["/search/assets"] is servers["/openapi.json"] is None


@pytest.mark.parametrize("kind", KINDS)
def test_each_endpoint_documents_each_of_its_statuses(kind: str) -> None:
    responses = DOCUMENT["paths"][f"/search/{kind}"]["post"]["responses"]
    assert set(responses) == {"200", "400", "401", "403", "413", "415", "500", "503"}


def test_a_body_has_the_documented_parameters() -> None:
    assert set(properties("AssetsSearch")) == {
        *("query", "filter", "querySemanticRatio", "sortBy", "public", "limit", "offset", "page"),
        *("hitsPerPage", "image", "images", "imageSemanticRatio"),
    }


def test_workflows_take_no_pictures() -> None:
    assert not {"image", "images", "imageSemanticRatio"} & set(properties("WorkflowsSearch"))


def test_the_query_string_has_what_does_not_belong_to_the_body() -> None:
    parameters = DOCUMENT["paths"]["/search/models"]["post"]["parameters"]
    names = {parameter["name"] for parameter in parameters}
    assert names == {"projectId", "originalAssets", "originalModels"}


def test_sort_lists_what_can_be_sorted_by() -> None:
    orders = properties("AssetsSearch")["sortBy"]["items"]["enum"]
    assert {"createdAt:asc", "createdAt:desc", "score:desc"} <= set(orders)


def test_hits_have_the_documented_fields_and_only_id_is_sure() -> None:
    hit = DOCUMENT["components"]["schemas"]["SearchAssetSearchResponse"]
    assert hit["required"] == ["id"]
    assert hit["properties"]["metadata"] == {"$ref": "#/components/schemas/Metadata"}
    assert properties("Metadata")["numInferenceSteps"]["anyOf"] == [
        {"type": "number"},
        {"type": "null"},
    ]
