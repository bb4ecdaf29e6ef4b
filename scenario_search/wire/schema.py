"""What the annotations of the response classes say of the JSON they are made of."""

from __future__ import annotations

import functools
import operator
import types
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
import orjson

from scenario_search.wire.document import REQUIRED, Document, is_on_wire, wire_name

__all__ = [
    "JsonField",
    "array_item",
    "is_document",
    "json_fields",
    "other_fields",
    "shared_keys",
    "without_none",
]

_json_fields: dict[type[Any], tuple[JsonField, ...]] = {}


@attrs.frozen
class JsonField:
    """A field of a response class.

    Attributes:
        name: Its Python name.
        wire: Its JSON name.
        kind: Its type; for ``T | None`` it is ``T``.
        required: Whether the documentation calls it required.
        default: Its attrs default: the value where the JSON has none.
    """

    name: str
    wire: str
    kind: Any
    required: bool
    default: Any

    @property
    def needed(self) -> bool:
        """Whether no object can be made without it."""
        return self.default is attrs.NOTHING


def without_none(annotation: Any) -> Any:
    """Returns ``T`` for ``T | None``, and any other type unchanged."""
    if get_origin(annotation) in (Union, types.UnionType):
        members = (a for a in get_args(annotation) if a is not types.NoneType)
        return functools.reduce(operator.or_, members)
    return annotation


def json_fields(cls: type[Any]) -> tuple[JsonField, ...]:
    """Returns the fields of a response class that stand for JSON."""
    if cls not in _json_fields:
        hints = get_type_hints(cls)
        _json_fields[cls] = tuple(
            JsonField(
                f.name,
                wire_name(f),
                without_none(hints[f.name]),
                f.metadata.get(REQUIRED, False),
                f.default,
            )
            for f in attrs.fields(cls)
            if is_on_wire(f)
        )
    return _json_fields[cls]


def other_fields(cls: type[Any]) -> list[attrs.Attribute[Any]]:
    """Returns the fields of a response class that are never in JSON, but a document's own two."""
    own = attrs.fields_dict(Document)
    return [f for f in attrs.fields(cls) if not is_on_wire(f) and f.name not in own]


def is_document(kind: Any) -> bool:
    """Returns whether a type is a response class, which stands for a JSON object."""
    return isinstance(kind, type) and issubclass(kind, Document)


def array_item(kind: Any) -> Any:
    """Returns what a list is of; ``None`` where the type is not a list."""
    origin: Any = get_origin(kind)
    return get_args(kind)[0] if origin is list else None


def shared_keys(cls: type[Any]) -> dict[str, str]:
    """Returns variables for generated code: each field's JSON name, as orjson makes it.

    orjson returns the same string for the same key again and again, for most keys. A dict looks
    up a key that is the same object by identity; of any other it compares the text, which takes
    longer than all else that is done for a field.
    """
    wires = [field.wire for field in json_fields(cls)]
    keys: dict[str, None] = orjson.loads(orjson.dumps(dict.fromkeys(wires)))
    return {f"key{index}": key for index, key in enumerate(keys)}
