"""Where JSON does not fit a response class, in words, for errors and strict checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenario_search.errors import APIResponseValidationError
from scenario_search.wire.document import array_item, fields, is_document
from scenario_search.wire.hits import Hit
from scenario_search.wire.pages import SearchHits

__all__ = ["described", "hit_misfits", "misfit_error", "misfits", "page_misfits"]


def misfits(data: Any, kind: Any, path: str, *, strict: bool) -> Iterator[tuple[str, str]]:
    """Name what is wrong with JSON data that should be of a kind, as (path, what)."""
    if is_document(kind):
        if not isinstance(data, dict):
            yield path, f"expected an object, found {described(data)}"
            return
        for name, wire, field_kind, required in fields(kind):
            value = data.get(wire)
            if value is None:
                if name == "id" or (strict and required):
                    yield f"{path}.{wire}", "is null" if wire in data else "is missing"
            else:
                yield from misfits(value, field_kind, f"{path}.{wire}", strict=strict)
    elif (item := array_item(kind)) is not None:
        if not isinstance(data, list):
            yield path, f"expected an array, found {described(data)}"
            return
        for index, value in enumerate(data):
            yield from misfits(value, item, f"{path}[{index}]", strict=strict)
    elif strict and not _is_scalar(data, kind):
        yield path, f"expected {_SCALARS[kind]}, found {described(data)}"


_SCALARS = {str: "a string", float: "a number", int: "an integer"}


def _is_scalar(data: Any, kind: Any) -> bool:
    if isinstance(data, bool):
        return False
    if kind is float:
        return isinstance(data, (int, float))
    return isinstance(data, kind)


def described(data: Any) -> str:
    """Say what JSON value this is."""
    match data:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case list():
            return "an array"
        case _:
            return "an object"


def page_misfits(
    data: dict[str, Any], page_class: type[SearchHits[Any]], hit_class: type[Hit], *, strict: bool
) -> list[tuple[str, str]]:
    """Name what is wrong with a page, as (path, what); of its own fields only with ``strict``."""
    page = list(misfits({**data, "hits": []}, page_class, "$", strict=True)) if strict else []
    return page + hit_misfits(data["hits"], hit_class, strict=strict)


def hit_misfits(hits: list[Any], hit_class: type[Hit], *, strict: bool) -> list[tuple[str, str]]:
    """Name what is wrong with the hits of a page, as (path, what)."""
    return [
        problem
        for index, hit in enumerate(hits)
        for problem in misfits(hit, hit_class, f"$.hits[{index}]", strict=strict)
    ]


def misfit_error(problems: list[tuple[str, str]], **context: Any) -> APIResponseValidationError:
    """Make the error of what :func:`misfits` and its like have named."""
    shown = "; ".join(f"{path} {what}" for path, what in problems[:10])
    more = f"; and {len(problems) - 10} more" if len(problems) > 10 else ""
    return APIResponseValidationError(
        f"The answer is not what the API documents: {shown}{more}",
        paths=tuple(path for path, _ in problems),
        **context,
    )
