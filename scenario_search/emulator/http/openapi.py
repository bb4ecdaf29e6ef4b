"""The OpenAPI 3.1 document of the emulator, made from the client's own declarations.

Names, places and descriptions of parameters are those of `scenario_search.wire.params`; the fields
of hits are those of `scenario_search.wire.hits`. Only what JSON Schema needs beside them stands
here.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any, Final

import attrs

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
_ERRORS: Final[Mapping[str, str]] = {
    "400": "The request is not what the documentation allows, or its body is no JSON.",
    "401": "Credentials are missing or wrong.",
    "403": "The project is not one of these credentials.",
    "413": "The body is too large.",
    "415": "The body's Content-Type is not application/json.",
    "500": "The database file is damaged, or an embedder failed where only meaning is asked for.",
    "503": "The emulator is stopping.",
}
_REQUEST_ID: Final[Schema] = {
    "x-request-id": {"description": "Another one for each answer.", "schema": {"type": "string"}}
}


def openapi_document(url: str) -> Schema:
    """The OpenAPI document of an emulator.

    Args:
        url: The emulator's base URL, ending in ``/v1``.
    """
    schemas: dict[str, Schema] = {"Error": _error_schema()}
    paths: Schema = {f"/search/{kind}": {"post": _search(kind, schemas)} for kind in _PARAMS}
    paths["/openapi.json"] = {"get": _open("getOpenapi", "This document.", {"type": "object"})}
    origin = [{"url": url.removesuffix("/v1")}]
    paths["/healthz"] = {
        "servers": origin,
        "get": _open("getHealth", "The emulator is up.", {"type": "object"}),
    }
    paths["/files/{name}"] = {"servers": origin, "get": _file("getFile")}
    paths["/thumbnails/{name}"] = {"servers": origin, "get": _file("getThumbnail")}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Scenario Search API, emulated",
            "description": "The search endpoints as the scenario-search emulator answers them.",
            "version": "1",
        },
        "servers": [{"url": url}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


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
            "content": _json({"$ref": f"#/components/schemas/{name}Search"}),
        },
        "responses": {
            "200": {
                "description": "A page of hits.",
                "headers": _REQUEST_ID,
                "content": _json({"$ref": f"#/components/schemas/{name}Page"}),
            },
            **{status: _error(description) for status, description in _ERRORS.items()},
        },
    }


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


def _error_schema() -> Schema:
    return {
        "type": "object",
        "properties": {
            "error": {"type": "string"},
            "code": {"type": "string"},
            "details": {"type": "object"},
        },
        "required": ["error", "code"],
    }


def _error(description: str) -> Schema:
    return {
        "description": description,
        "headers": _REQUEST_ID,
        "content": _json({"$ref": "#/components/schemas/Error"}),
    }


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _open(operation: str, description: str, schema: Schema) -> Schema:
    answer = {"description": description, "headers": _REQUEST_ID, "content": _json(schema)}
    return {"operationId": operation, "security": [], "responses": {"200": answer}}


def _file(operation: str) -> Schema:
    return {
        "operationId": operation,
        "summary": "A picture or another file, under the signed URL of a hit.",
        "security": [],
        "parameters": [
            {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}},
            {"name": "Expires", "in": "query", "schema": {"type": "string"}},
            {"name": "Signature", "in": "query", "schema": {"type": "string"}},
        ],
        "responses": {
            "200": {"description": "The file.", "headers": _REQUEST_ID, "content": {"*/*": {}}},
            "403": _error("The URL's signature is missing, changed or expired."),
            "404": _error("There is no such file."),
        },
    }
