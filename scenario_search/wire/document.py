"""A document: a JSON object of a response, as an object with attributes.

A document keeps the object as it came, so that what is written of it later invents nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import orjson

from scenario_search.names import camel_case
from scenario_search.text import without_signature

__all__ = [
    "REQUIRED",
    "Document",
    "defer",
    "documented",
    "documented_list",
    "hit_json",
    "is_on_wire",
    "json_bytes",
    "json_object",
    "unknown_fields",
    "wire_fields",
    "wire_name",
]

_LINE = 80
"""Columns of a terminal."""

REQUIRED = "required"
WIRE = "wire"


def documented(wire: str | None = None) -> Any:
    """Declares a field that the documentation calls required, though servers leave it out."""
    return attrs.field(default=None, metadata={REQUIRED: True, WIRE: wire})


def documented_list() -> Any:
    """Declares a list that the documentation calls required. It is never ``None``."""
    return attrs.field(factory=list, metadata={REQUIRED: True})


def wire_name(field: attrs.Attribute[Any]) -> str:
    """Returns the JSON name of a field: its own, or the camel case of its Python name."""
    named: str | None = field.metadata.get(WIRE)
    return camel_case(field.name) if named is None else named


def is_on_wire(field: attrs.Attribute[Any]) -> bool:
    """Returns whether a field stands for a JSON field: it is public, and set from outside."""
    return field.init and not field.name.startswith("_")


_wire_fields: dict[type[Any], tuple[tuple[str, str], ...]] = {}
_keys: dict[type[Any], dict[str, tuple[str, Any]]] = {}


def wire_fields(cls: type[Document]) -> tuple[tuple[str, str], ...]:
    """Returns (Python name, JSON name) of each documented field of a class."""
    if cls not in _wire_fields:
        _wire_fields[cls] = tuple(
            (f.name, wire_name(f)) for f in attrs.fields(cls) if is_on_wire(f)
        )
    return _wire_fields[cls]


def _documented_keys(cls: type[Document]) -> dict[str, tuple[str, Any]]:
    """Returns (Python name, value where nothing came) of each JSON name of a class."""
    if cls not in _keys:
        defaults = {f.name: f.default for f in attrs.fields(cls)}
        _keys[cls] = {wire: (name, _value_of(defaults[name])) for name, wire in wire_fields(cls)}
    return _keys[cls]


def _value_of(default: Any) -> Any:
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]


_deferred: dict[tuple[type[Any], str], tuple[str, Callable[[Any, Any], Any]]] = {}


def defer(cls: type[Any], name: str, wire: str, hook: Callable[[Any, Any], Any]) -> None:
    """Lets a field that a document leaves unset be made when it is first read.

    Args:
        cls: The document's class.
        name: The field's Python name.
        wire: Its JSON name.
        hook: Makes its value, of JSON that is known to fit.
    """
    _deferred[cls, name] = wire, hook


def unknown_fields(document: Document) -> dict[str, Any]:
    """Returns what the documentation does not name, by JSON name, also of nested documents."""
    unknown = dict(document.extra)
    for name, wire in wire_fields(type(document)):
        inner = getattr(document, name)
        if isinstance(inner, Document) and (inner_unknown := unknown_fields(inner)):
            unknown[wire] = inner_unknown
    return unknown


def json_object(document: Document, convert: Callable[[Any], Any]) -> dict[str, Any]:
    """Returns the JSON object of a document: what came, with what was set since.

    A key that came stays, in its place and also where its value is null. What did not come and
    was not set either (``None``, an empty list, empty metadata) stays absent.

    Args:
        document: The document.
        convert: Returns the JSON of a field's value that is not JSON.
    """

    def json_of(value: Any) -> Any:
        if isinstance(value, list):
            return [json_of(item) for item in value]
        return value if value.__class__ in _JSON_SCALARS else convert(value)

    keys, extra, result = _documented_keys(type(document)), document.extra, {}
    for wire, came in (document._json or {}).items():
        if wire in keys:
            name, nothing = keys[wire]
            value = getattr(document, name)
            result[wire] = None if came is None and value == nothing else json_of(value)
        elif wire in extra:
            result[wire] = extra[wire]
    for wire, (name, nothing) in keys.items():
        if wire not in result and (value := getattr(document, name)) != nothing:
            result[wire] = json_of(value)
    for wire, value in extra.items():
        result.setdefault(wire, value)
    return result


def _place_of(document: Document, name: str) -> str | None:
    """Returns where something is that a document has no attribute for, or what was meant."""
    cls = type(document)
    own = [attribute for attribute in dir(cls) if not attribute.startswith("_")]
    for field, _ in wire_fields(cls):
        inner = getattr(document, field, None) if field != name else None
        if isinstance(inner, Document):
            for python_name, wire in wire_fields(type(inner)):
                if name in (python_name, wire) and python_name not in own:
                    return f"it is in its {field}: .{field}.{python_name}"
    for python_name, wire in wire_fields(cls):
        if name == wire and name != python_name:
            return f"did you mean .{python_name}?"
    if name in document.extra:
        return f"it is not documented, so it is in .extra[{name!r}]"
    import difflib  # noqa: PLC0415 - for errors only

    near = difflib.get_close_matches(name, own, 1)
    return f"did you mean .{near[0]}?" if near else None


_JSON_SCALARS = {str, int, float, bool, type(None)}


def _to_dict(value: Any) -> Any:
    return value.to_dict() if isinstance(value, Document) else value


def hit_json(hit: Any) -> Any:
    """Returns the JSON value of a hit as it came; of one that a program made, what it holds."""
    came = getattr(hit, "_json", None)
    return hit.to_dict() if came is None else came


def json_bytes(data: dict[str, Any]) -> bytes:
    """Returns JSON in UTF-8. Integers of any size and lone surrogates, which orjson refuses, too.

    Raises:
        TypeError: There is something in it that JSON has no form for.
        ValueError: Likewise, of a kind that has: NaN beside such an integer.
    """
    try:
        return orjson.dumps(data)
    except TypeError:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(data, allow_nan=False, separators=(",", ":")).encode()


def _shown(value: Any) -> str:
    return without_signature(repr(value))


@attrs.define(kw_only=True, eq=False, repr=False)
class Document:
    """Anything that is a JSON object on the wire.

    Two documents are equal if their values are. Documents are mutable and so not hashable: use
    the ``id`` in a set or as the key of a dict.
    """

    _json: dict[str, Any] | None = attrs.field(default=None, alias="_json")
    """The object as it came, which is never changed; ``None`` where a program made this."""
    _extra: dict[str, Any] | None = None

    @property
    def extra(self) -> dict[str, Any]:
        """The undocumented fields, under their JSON names."""
        if self._extra is None:
            keys = _documented_keys(type(self))
            came = self._json or {}
            self._extra = {wire: value for wire, value in came.items() if wire not in keys}
        return self._extra

    if not TYPE_CHECKING:  # a type checker must not believe that every name exists

        def __getattr__(self, name: str) -> Any:
            deferred = _deferred.get((type(self), name))
            if deferred is not None and self._json is not None:
                wire, hook = deferred
                if (came := self._json.get(wire)) is not None:
                    value = hook(came, None)
                    setattr(self, name, value)
                    return value
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            # Protocols (copy, pickle, IPython) look for names like these and expect a plain no.
            if not name.startswith("_") and (place := _place_of(self, name)):
                message += f": {place}"
            raise AttributeError(message)

    def to_dict(self) -> dict[str, Any]:
        """Returns the JSON object, under wire names, including undocumented fields.

        A null field is ``None``. A field that the server did not send is absent, unless it was set
        since.
        """
        return json_object(self, _to_dict)

    def to_json(self) -> str:
        """Returns the JSON text of :meth:`to_dict`."""
        return json_bytes(self.to_dict()).decode()

    def __repr__(self) -> str:
        """Returns the fields that hold something, a line each if need be; no URL's signature."""
        fields = [(name, getattr(self, name)) for name, _ in wire_fields(type(self))]
        shown = [f"{name}={_shown(value)}" for name, value in fields if value not in (None, [])]
        if self.extra:
            shown.append(f"extra={_shown(self.extra)}")
        line = f"{type(self).__name__}({', '.join(shown)})"
        if len(line) <= _LINE:
            return line
        return f"{type(self).__name__}(\n    " + ",\n    ".join(shown) + ",\n)"

    def __eq__(self, other: object) -> bool:
        """Compares classes, documented fields and unknown fields; null equals absent."""
        if other.__class__ is not self.__class__ or not isinstance(other, Document):
            return NotImplemented
        names = (name for name, _ in wire_fields(type(self)))
        same = all(getattr(self, name) == getattr(other, name) for name in names)
        return same and self.extra == other.extra

    __hash__ = None  # type: ignore[assignment]
