"""The OpenAPI 3.1 document of the emulator, made from the client's own declarations.

Names, places and descriptions of parameters are those of `scenario_search.wire.params`; the fields
of hits are those of `scenario_search.wire.hits`. Only what JSON Schema needs beside them stands
here, and what does not follow from them in ``openapi.json``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import attrs
import orjson

from scenario_search.emulator.contract.fields import FIELDS, Kind
from scenario_search.emulator.contract.requests import (
    DEFAULT_PAGE_SIZE,
    LARGEST_POSITION,
    MAX_PAGE_SIZE,
)
from scenario_search.wire.document import Document, wire_name
from scenario_search.wire.hits import (
    Hit,
    SearchAssetSearchResponse,
    SearchModelSearchResponse,
    SearchWorkflowSearchResponse,
)
from scenario_search.wire.params import (
    Place,
    SearchAssetSearchParams,
    SearchModelSearchParams,
    SearchParams,
    SearchWorkflowSearchParams,
    parameters,
)

__all__ = ["openapi_document"]

Schema = dict[str, Any]

_PARAMS: Final[Mapping[Kind, type[SearchParams]]] = {
    "assets": SearchAssetSearchParams,
    "models": SearchModelSearchParams,
    "workflows": SearchWorkflowSearchParams,
}
_HITS: Final[Mapping[Kind, type[Hit]]] = {
    "assets": SearchAssetSearchResponse,
    "models": SearchModelSearchResponse,
    "workflows": SearchWorkflowSearchResponse,
}
_RATIO: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
_PAGE_SIZE: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MAX_PAGE_SIZE,
    "default": DEFAULT_PAGE_SIZE,
}
_REFERENCES: Final[Schema] = {"type": "array", "items": {"type": "string"}}
_BODY: Final[Mapping[str, Schema]] = {
    "query": {"type": "string"},
    "filter": {"type": "string"},
    "querySemanticRatio": _RATIO | {"default": 0},
    "imageSemanticRatio": _RATIO | {"default": 1},
    "public": {"type": "boolean", "default": False},
    "limit": _PAGE_SIZE,
    "hitsPerPage": _PAGE_SIZE,
    "offset": {"type": "integer", "minimum": 0, "maximum": LARGEST_POSITION, "default": 0},
    "page": {"type": "integer", "minimum": 1, "maximum": LARGEST_POSITION, "default": 1},
    "image": {"type": "string"},
    "images": {"type": "object", "properties": {"like": _REFERENCES, "unlike": _REFERENCES}},
}
_QUERY_STRING: Final[Mapping[str, Schema]] = {
    "projectId": {"type": "string"},
    "originalAssets": {"type": "boolean"},
    "originalModels": {},
}
_ERRORS: Final = ("400", "401", "403", "413", "415", "500", "503")
"""What a search may be refused with; the template describes each of them."""


def openapi_document(url: str) -> Schema:
    """The OpenAPI document of an emulator.

    Args:
        url: The emulator's base URL, ending in ``/v1``.
    """
    template = (
        resources.files("scenario_search.emulator.http").joinpath("openapi.json").read_bytes()
    )
    document: Schema = orjson.loads(template)
    paths = document["paths"]
    for path in paths.keys() - {"/openapi.json"}:
        paths[path]["servers"] = [{"url": url.removesuffix("/v1")}]
    for kind in _PARAMS:
        paths[f"/search/{kind}"] = {"post": _search(kind, document["components"]["schemas"])}
    document["servers"] = [{"url": url}]
    return document


def _search(kind: Kind, schemas: dict[str, Schema]) -> Schema:
    query_string: list[Schema] = []
    properties: Schema = {}
    for _, parameter in parameters(_PARAMS[kind]):
        about = {"description": parameter.doc}
        if parameter.place is Place.QUERY:
            schema = _QUERY_STRING[parameter.wire]
            query_string.append({"name": parameter.wire, "in": "query", "schema": schema, **about})
        elif parameter.place is not Place.CALL:
            schema = _sort_schema(kind) if parameter.wire == "sortBy" else _BODY[parameter.wire]
            properties[parameter.wire] = schema | about
    hit = _HITS[kind]
    _add_schema(hit, schemas)
    name = kind.capitalize()
    schemas[f"{name}Search"] = {
        "type": "object",
        "description": "At least one of query, filter, image and images; one pagination mode.",
        "properties": properties,
    }
    schemas[f"{name}Page"] = _page_schema(hit)
    return {
        "operationId": f"search{name}",
        "summary": f"Search {kind}.",
        "parameters": query_string,
        "requestBody": {
            "required": True,
            "content": _json(f"{name}Search"),
        },
        "responses": {
            "200": {
                "description": "A page of hits.",
                "headers": {"x-request-id": {"$ref": "#/components/headers/RequestId"}},
                "content": _json(f"{name}Page"),
            },
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _ERRORS},
        },
    }


def _json(schema: str) -> Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _sort_schema(kind: Kind) -> Schema:
    orders = [
        f"{field.name}:{order}"
        for field in FIELDS[kind]
        if field.sortable
        for order in ("asc", "desc")
    ]
    return {"type": "array", "items": {"type": "string", "enum": orders}}


def _page_schema(hit: type[Hit]) -> Schema:
    hits = {"type": "array", "items": {"$ref": f"#/components/schemas/{hit.__name__}"}}
    whole = {"type": "integer", "minimum": 0}
    modes = (
        ("offset", "limit", "estimatedTotalHits"),
        ("page", "hitsPerPage", "totalPages", "totalHits"),
    )
    return {
        "oneOf": [
            {
                "type": "object",
                "properties": {"hits": hits, **dict.fromkeys(names, whole)},
                "required": ["hits", *names],
                "additionalProperties": False,
            }
            for names in modes
        ]
    }


def _add_schema(cls: type[Document], schemas: dict[str, Schema]) -> None:
    if cls.__name__ in schemas:
        return
    schema: Schema = {"type": "object", "properties": {}}
    schemas[cls.__name__] = schema
    hints = typing.get_type_hints(cls)
    for field in attrs.fields(cls):
        if not field.name.startswith("_"):
            schema["properties"][wire_name(field)] = _type_schema(hints[field.name], schemas)
    if issubclass(cls, Hit):
        schema["required"] = ["id"]


def _type_schema(hint: Any, schemas: dict[str, Schema]) -> Schema:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return {"anyOf": [_type_schema(arm, schemas) for arm in typing.get_args(hint)]}
    if typing.get_origin(hint) is list:
        return {"type": "array", "items": _type_schema(typing.get_args(hint)[0], schemas)}
    if isinstance(hint, type) and issubclass(hint, Document):
        _add_schema(hint, schemas)
        return {"$ref": f"#/components/schemas/{hint.__name__}"}
    return {"type": {str: "string", float: "number", int: "integer", type(None): "null"}[hint]}
