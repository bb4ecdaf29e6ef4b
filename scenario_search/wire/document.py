"""What the annotations of the response classes say of the JSON they are made of."""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs

from scenario_search.wire.hits import REQUIRED, Document, wire_name

__all__ = ["array_item", "fields", "is_document"]

_fields: dict[type[Any], tuple[tuple[str, str, Any, bool], ...]] = {}


def _members(annotation: Any) -> tuple[Any, ...]:
    """Give the members of a union but ``None``, or the one type that it is."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(a for a in get_args(annotation) if a is not types.NoneType)
    return (annotation,)


def fields(cls: type[Document]) -> tuple[tuple[str, str, Any, bool], ...]:
    """Give (Python name, JSON name, type, documented as required) of each field of a class."""
    found = _fields.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        found = tuple(
            (f.name, wire_name(f), _members(hints[f.name])[0], f.metadata.get(REQUIRED, False))
            for f in attrs.fields(cls)
            if not f.name.startswith("_")
        )
        _fields[cls] = found
    return found


def is_document(kind: Any) -> bool:
    """Whether a type is a response class, which stands for a JSON object."""
    return isinstance(kind, type) and issubclass(kind, Document)


def array_item(kind: Any) -> Any:
    """Give what a list is of; ``None`` where the type is no list."""
    origin: Any = get_origin(kind)
    return get_args(kind)[0] if origin is list else None
