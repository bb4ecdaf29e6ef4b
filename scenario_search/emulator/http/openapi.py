"""The OpenAPI 3.1 document of the emulator, made from the client's own declarations.

Names, places, types and descriptions of parameters are those of `scenario_search.wire.params`; the
fields of hits are those of `scenario_search.wire.hits`. Only what JSON Schema needs beside them
stands here, and what does not follow from them in ``openapi.json``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

import attrs
import orjson

from scenario_search.emulator.contract.fields import FIELDS, KINDS, Kind
from scenario_search.emulator.contract.requests import (
    DEFAULT_PAGE_SIZE,
    LARGEST_POSITION,
    MAX_PAGE_SIZE,
)
from scenario_search.search.endpoints import ENDPOINTS
from scenario_search.wire.document import Document, wire_name
from scenario_search.wire.hits import Hit
from scenario_search.wire.params import Place, parameters
from scenario_search.wire.schema import without_none

__all__ = ["openapi_document"]

Schema = dict[str, Any]

_RATIO: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
_PAGE_SIZE: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MAX_PAGE_SIZE,
    "default": DEFAULT_PAGE_SIZE,
}
_REFERENCES: Final[Schema] = {"type": "array", "items": {"type": "string"}}
_SCHEMAS: Final[Mapping[str, Schema]] = {
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
    "originalModels": {"type": ["boolean", "number", "string"]},
}
"""What the type of a parameter does not say, by its wire name."""

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
    for kind in KINDS:
        paths[f"/search/{kind}"] = {"post": _search(kind, document["components"]["schemas"])}
    document["servers"] = [{"url": url}]
    return document


def _search(kind: Kind, schemas: dict[str, Schema]) -> Schema:
    query_string: list[Schema] = []
    properties: Schema = {}
    params_class = ENDPOINTS[kind].params_class
    hints = typing.get_type_hints(params_class)
    for name, parameter in parameters(params_class):
        wire, about = parameter.wire, {"description": parameter.doc}
        if parameter.place is Place.CALL:
            continue
        if wire == "sortBy":
            schema = _sort_schema(kind)
        else:
            schema = _SCHEMAS.get(wire) or _type_schema(without_none(hints[name]), schemas)
        if parameter.place is Place.QUERY:
            query_string.append({"name": wire, "in": "query", "schema": schema, **about})
        else:
            properties[wire] = schema | about
    hit = ENDPOINTS[kind].hit_class
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
    return {"type": _JSON_TYPES[hint]}


_JSON_TYPES: Final = {
    str: "string",
    float: "number",
    int: "integer",
    bool: "boolean",
    types.NoneType: "null",
}
