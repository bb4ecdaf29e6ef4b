"""From JSON to responses and back: the cattrs converter.

Decoding renames, keeps unknown fields, and coerces nothing. For each class a structure
function is generated once and registered as its cattrs hook: it takes the known keys out of
the JSON object one by one (what is left is unknown, and becomes ``extra``) and stores the
values as they are. A scalar of the wrong type is kept as it came. Where an object or an array
is documented and something else is there, decoding fails and names the place.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
import cattrs
import orjson

from scenario_search.errors import APIResponseValidationError
from scenario_search.responses import (
    REQUIRED,
    Document,
    Hit,
    SearchHits,
    wire_name,
)

__all__ = ["converter", "decode_in_turns", "decode_page", "structure"]

D = TypeVar("D", bound=Document)
P = TypeVar("P", bound=SearchHits[Any])

_BODY_SHOWN = 200


class _MisfitError(Exception):
    """The data does not fit: a wrong container, or an ``id`` that is null."""


def _misfit() -> NoReturn:
    raise _MisfitError


def _members(annotation: Any) -> tuple[Any, ...]:
    """Give the members of a union but ``None``, or the one type that it is."""
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(a for a in get_args(annotation) if a is not types.NoneType)
    return (annotation,)


_FieldOf = tuple[str, str, Any, bool]
_known_fields: dict[type[Any], tuple[_FieldOf, ...]] = {}
_structure_functions: dict[tuple[type[Any], bool], Callable[..., Any]] = {}
_fits_functions: dict[type[Any], Callable[[Any], bool]] = {}


def _fields(cls: type[Document]) -> tuple[_FieldOf, ...]:
    """Give (Python name, JSON name, type, documented as required) of each field of a class."""
    found = _known_fields.get(cls)
    if found is None:
        hints = get_type_hints(cls)
        found = tuple(
            (f.name, wire_name(f), _members(hints[f.name])[0], f.metadata.get(REQUIRED, False))
            for f in attrs.fields(cls)
            if not f.name.startswith("_")
        )
        _known_fields[cls] = found
    return found


def _is_document(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Document)


def _array_item(kind: Any) -> Any:
    """Give what a list is of; ``None`` where the type is no list."""
    origin: Any = get_origin(kind)
    return get_args(kind)[0] if origin is list else None


def _shared_keys(cls: type[Document]) -> dict[str, str]:
    """Give variables for generated code: each field's JSON name, as orjson makes it.

    orjson gives the same string for the same key again and again, for most keys. A dict finds a
    key that is the same object at once; of any other it compares the text, which takes longer
    than all else that is done for a field.
    """
    wires = [wire for _, wire, _, _ in _fields(cls)]
    keys: dict[str, None] = orjson.loads(orjson.dumps(dict.fromkeys(wires)))
    return {f"key{index}": key for index, key in enumerate(keys)}


def _make_structure(cls: type[D], *, consumes: bool) -> Callable[[Any], D]:
    """Generate the structure function of a class: straight-line code, no call for a scalar."""
    scope: dict[str, Any] = {"cls": cls, "new": cls.__new__, "misfit": _misfit}
    scope |= _shared_keys(cls)
    lines = [
        "def structure(data):",
        "    if data.__class__ is not dict: misfit()",
        "" if consumes else "    data = data.copy()",
        "    self = new(cls)",
    ]
    for index, (name, _, kind, required) in enumerate(_fields(cls)):
        take = f"data.pop(key{index}, None)"
        if name == "id":
            lines += [f"    value = data.pop(key{index})", "    if value is None: misfit()"]
            lines.append("    self.id = value")
        elif (item := _array_item(kind)) is not None:
            lines += [f"    value = {take}", "    if value is None: value = []"]
            lines.append("    elif value.__class__ is not list: misfit()")
            if _is_document(item):
                scope[f"make{index}"] = structure_function(item, consumes=consumes)
                lines.append(f"    else: value = [make{index}(item) for item in value]")
            lines.append(f"    self.{name} = value")
        elif _is_document(kind):
            scope[f"make{index}"] = structure_function(kind, consumes=consumes)
            scope[f"kind{index}"] = kind
            absent = f"kind{index}()" if required else "None"
            lines.append(f"    value = {take}")
            lines.append(f"    self.{name} = {absent} if value is None else make{index}(value)")
        else:
            lines.append(f"    self.{name} = {take}")
    private = [f.name for f in attrs.fields(cls) if f.name.startswith("_") and f.default is None]
    lines += [f"    self.{name} = None" for name in private if name != "_extra"]
    lines += ["    self._extra = data or None", "    return self"]
    code = compile("\n".join(lines), f"<structure {cls.__name__}>", "exec")
    exec(code, scope)  # noqa: S102 - the text is made from our own declarations only
    made: Callable[[Any], D] = scope["structure"]
    return made


def structure_function(cls: type[Document], *, consumes: bool = False) -> Callable[..., Any]:
    """Give the generated structure function of a class.

    Args:
        cls: The class.
        consumes: Whether the function may take its JSON objects apart, which is faster.
    """
    made = _structure_functions.get((cls, consumes))
    if made is None:
        made = _structure_functions[cls, consumes] = _make_structure(cls, consumes=consumes)
    return made


def _make_fits(cls: type[Document]) -> Callable[[Any], bool]:
    """Generate the check of a class: whether :func:`_problems` would find none, strictly."""
    scope: dict[str, Any] = {**_shared_keys(cls)}
    lines = ["def fits(data):", "    if data.__class__ is not dict: return False"]
    for index, (_, wire, kind, required) in enumerate(_fields(cls)):
        lines.append(f"    value = data.get(key{index})")
        needed = required or wire == "id"
        absent = "" if needed else "value is not None and "
        item = _array_item(kind)
        if item is None:
            fits = _fit("value", kind, index, scope)
            lines.append(f"    if {absent}not ({fits}): return False")
        else:
            fits = _fit("item", item, index, scope)
            lines.append("    if value.__class__ is list:")
            lines.append("        for item in value:")
            lines.append(f"            if not ({fits}): return False")
            lines.append(f"    elif {absent}True: return False")
    lines.append("    return True")
    exec("\n".join(lines), scope)  # noqa: S102 - the text is made from our own declarations only
    made: Callable[[Any], bool] = scope["fits"]
    return made


def _fit(name: str, kind: Any, index: int, scope: dict[str, Any]) -> str:
    """Give the expression that tells whether a variable holds a kind."""
    if _is_document(kind):
        scope[f"fits{index}"] = fits_function(kind)
        return f"fits{index}({name})"
    if kind is float:
        return f"{name}.__class__ is int or {name}.__class__ is float"
    return f"{name}.__class__ is {kind.__name__}"


def fits_function(cls: type[Document]) -> Callable[[Any], bool]:
    """Give the generated check of a class: whether JSON fits it with ``strict``."""
    made = _fits_functions.get(cls)
    if made is None:
        made = _fits_functions[cls] = _make_fits(cls)
    return made


def _problems(data: Any, kind: Any, path: str, *, strict: bool) -> Iterator[tuple[str, str]]:
    """Name what is wrong with JSON data that should be of a kind, as (path, what)."""
    if _is_document(kind):
        if not isinstance(data, dict):
            yield path, f"expected an object, found {_described(data)}"
            return
        for name, wire, field_kind, required in _fields(kind):
            value = data.get(wire)
            if value is None:
                if name == "id" or (strict and required):
                    yield f"{path}.{wire}", "is null" if wire in data else "is missing"
            else:
                yield from _problems(value, field_kind, f"{path}.{wire}", strict=strict)
    elif (item := _array_item(kind)) is not None:
        if not isinstance(data, list):
            yield path, f"expected an array, found {_described(data)}"
            return
        for index, value in enumerate(data):
            yield from _problems(value, item, f"{path}[{index}]", strict=strict)
    elif strict and not _is_scalar(data, kind):
        yield path, f"expected {_SCALARS[kind]}, found {_described(data)}"


_SCALARS = {str: "a string", float: "a number", int: "an integer"}


def _is_scalar(data: Any, kind: Any) -> bool:
    if isinstance(data, bool):
        return False
    if kind is float:
        return isinstance(data, (int, float))
    return isinstance(data, kind)


def _described(data: Any) -> str:
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


def _raise_problems(problems: list[tuple[str, str]], **context: Any) -> NoReturn:
    shown = "; ".join(f"{path} {what}" for path, what in problems[:10])
    more = f"; and {len(problems) - 10} more" if len(problems) > 10 else ""
    raise APIResponseValidationError(
        f"The answer is not what the API documents: {shown}{more}",
        paths=tuple(path for path, _ in problems),
        **context,
    )


def structure(data: Any, cls: type[D], *, strict: bool = False) -> D:
    """Make a response object from decoded JSON.

    Args:
        data: The decoded JSON object. It is not changed.
        cls: A class of :mod:`scenario_search.responses`.
        strict: Whether a documented-required field that is missing, or any field of the wrong
            type, is an error.

    Raises:
        APIResponseValidationError: The data does not fit; ``paths`` says where.
    """
    if strict and (problems := list(_problems(data, cls, "$", strict=True))):
        _raise_problems(problems)
    with suppress(_MisfitError, KeyError):
        made: D = structure_function(cls)(data)
        return made
    _raise_problems(list(_problems(data, cls, "$", strict=False)))


def _quoted(body: bytes) -> str:
    """Quote the start of a body for an error message."""
    text = body[: _BODY_SHOWN * 4].decode("utf-8", "replace")
    return repr(text[:_BODY_SHOWN]) + (" ..." if len(text) > _BODY_SHOWN else "")


def decode_page(body: bytes, page_class: type[P], hit_class: type[Hit], **options: Any) -> P:
    """Make a page from the bytes of an answer, in one go. See :func:`decode_in_turns`."""
    turns = decode_in_turns(body, page_class, hit_class, **options)
    return next(page for page in turns if page is not None)


def decode_in_turns(
    body: bytes,
    page_class: type[P],
    hit_class: type[Hit],
    *,
    strict: bool = False,
    invalid: list[tuple[int, Any]] | None = None,
    **context: Any,
) -> Iterator[P | None]:
    """Make a page from the bytes of an answer: give the page, after a ``None`` for each pause.

    A body of more than half a megabyte, which is more than two usual pages of 100 hits, is
    decoded in pieces with a pause after each, so that an event loop can do something else.

    Args:
        body: The answer's body.
        page_class: The class of the page.
        hit_class: The class of its hits.
        strict: As for :func:`structure`.
        invalid: Where given, a hit that does not fit is no error: it is left out, and added
            here as (its index, its JSON).
        context: What an error should carry (``status_code``, ``request_id`` and so on).

    Raises:
        APIResponseValidationError: The body is not JSON, is no object, its ``hits`` is no
            array, or it does not fit otherwise.
    """
    fields: dict[str, Any] = {}
    made: list[Any] = []
    received = 0
    for data in _read(body, context):
        if received:
            yield None
        hits = _take_hits(data, body, context)
        fields |= data
        count = len(hits)
        fitting = _structured(hits, hit_class, strict=strict)
        if fitting is None:
            # Structuring takes its input apart, so the body is read again.
            whole = orjson.loads(body)
            if invalid is None:
                _raise_problems(_page_problems(whole, page_class, hit_class, strict), **context)
            hits = whole["hits"][received : received + count]
            hits = _valid(hits, received, hit_class, invalid, strict=strict)
            fitting = _structured(hits, hit_class, strict=False) or []
        made += fitting
        received += count
    if strict:
        problems = list(_problems({**fields, "hits": []}, page_class, "$", strict=True))
        if problems:
            _raise_problems(problems, **context)
    page: P = structure_function(page_class, consumes=True)(fields)
    page.hits = made
    yield page


_PIECE = 2**19
"""Bytes: a larger body is decoded in pieces of about this size, 2 to 4 ms each."""

_BETWEEN_OBJECTS = re.compile(rb"\}\s*,\s*\{")
_GUESSES = 8


def pieces(body: bytes) -> Iterator[Any]:
    """Decode a body, a large one in pieces: objects with some of its ``hits`` each.

    Where a piece may end is guessed: between two objects. The guess was right if what lies
    before it is JSON once it is closed, for JSON can be read in one way only. After a few
    wrong guesses the rest is decoded in one go, and so is what is no page.

    Raises:
        orjson.JSONDecodeError: The body is not JSON.
    """
    begin = 0
    opening = b""
    while len(body) - begin > _PIECE:
        for cut in islice(_BETWEEN_OBJECTS.finditer(body, begin + _PIECE), _GUESSES):
            with suppress(orjson.JSONDecodeError):
                data = orjson.loads(b"".join((opening, body[begin : cut.start() + 1], b"]}")))
                break
        else:
            break
        if next(reversed(data)) != "hits":
            break
        yield data
        begin, opening = cut.end() - 1, b'{"hits":['
    yield orjson.loads(opening + body[begin:] if begin else body)


def _read(body: bytes, context: dict[str, Any]) -> Iterator[Any]:
    if len(body) > _PIECE:
        with suppress(orjson.JSONDecodeError):
            yield from pieces(body)
            return
    try:
        yield orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise APIResponseValidationError(
            f"The answer is not JSON ({error}): {_quoted(body)}", **context
        ) from None


def _take_hits(data: Any, body: bytes, context: dict[str, Any]) -> list[Any]:
    if data.__class__ is not dict:
        raise APIResponseValidationError(
            f"The answer should be a JSON object, but is {_described(data)}: {_quoted(body)}",
            paths=("$",),
            **context,
        )
    hits = data.pop("hits", None)
    if hits.__class__ is not list:
        raise APIResponseValidationError(
            f"The answer's 'hits' should be an array, but is {_described(hits)}: {_quoted(body)}",
            paths=("$.hits",),
            **context,
        )
    made: list[Any] = hits
    return made


def _structured(hits: list[Any], hit_class: type[Hit], *, strict: bool) -> list[Any] | None:
    """Make hits; ``None`` if any of them does not fit."""
    if strict and not all(map(fits_function(hit_class), hits)):
        return None
    make = structure_function(hit_class, consumes=True)
    with suppress(_MisfitError, KeyError):
        return [make(hit) for hit in hits]
    return None


def _page_problems(
    data: dict[str, Any], page_class: type[P], hit_class: type[Hit], strict: bool
) -> list[tuple[str, str]]:
    page = list(_problems({**data, "hits": []}, page_class, "$", strict=True)) if strict else []
    return page + _hit_problems(data["hits"], hit_class, strict=strict)


def _hit_problems(hits: list[Any], hit_class: type[Hit], *, strict: bool) -> list[tuple[str, str]]:
    return [
        problem
        for index, hit in enumerate(hits)
        for problem in _problems(hit, hit_class, f"$.hits[{index}]", strict=strict)
    ]


def _valid(
    hits: list[Any],
    first: int,
    hit_class: type[Hit],
    invalid: list[tuple[int, Any]],
    *,
    strict: bool,
) -> list[Any]:
    """Give the hits that fit, and add the others to ``invalid``, counted from ``first``."""
    valid = []
    for index, hit in enumerate(hits, first):
        if next(_problems(hit, hit_class, "$", strict=strict), None) is None:
            valid.append(hit)
        else:
            invalid.append((index, hit))
    return valid


def _structure_hook(cls: type[Document]) -> Callable[[Any, Any], Any]:
    return lambda data, _: structure(data, cls)


def _is_page_of_hits(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, SearchHits)


def _structure_page_hook(kind: Any) -> Callable[[Any, Any], Any]:
    page_class: Any = get_origin(kind)
    (hit_class,) = get_args(kind)

    def hook(data: Any, _: Any) -> Any:
        page = structure(data, page_class)
        try:
            page.hits = [structure_function(hit_class)(hit) for hit in page.hits]
        except (_MisfitError, KeyError):
            _raise_problems(_hit_problems(page.hits, hit_class, strict=False))
        return page

    return hook


converter = cattrs.Converter()
"""The cattrs converter of all response classes, for those who build on it. What does not fit
raises :class:`APIResponseValidationError`."""
converter.register_structure_hook_factory(_is_document, _structure_hook)
converter.register_structure_hook_factory(_is_page_of_hits, _structure_page_hook)
converter.register_unstructure_hook_func(_is_document, lambda document: document.to_dict())
