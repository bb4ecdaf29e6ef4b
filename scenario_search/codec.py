"""From JSON to responses and back: the cattrs converter.

Decoding renames, keeps unknown fields, and coerces nothing. For each class a structure
function is generated once and registered as its cattrs hook: it takes the known keys out of
the JSON object one by one (what is left is unknown, and becomes ``extra``) and stores the
values as they are. A scalar of the wrong type is kept as it came. Where an object or an array
is documented and something else is there, decoding fails and names the place.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from contextlib import suppress
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

__all__ = ["converter", "decode_page", "structure"]

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


def _make_structure(cls: type[D], *, consumes: bool) -> Callable[[Any], D]:
    """Generate the structure function of a class: straight-line code, no call for a scalar."""
    scope: dict[str, Any] = {"cls": cls, "new": cls.__new__, "misfit": _misfit}
    lines = [
        "def structure(data):",
        "    if data.__class__ is not dict: misfit()",
        "" if consumes else "    data = data.copy()",
        "    pop = data.pop",
        "    self = new(cls)",
    ]
    for index, (name, wire, kind, required) in enumerate(_fields(cls)):
        take = f"pop({wire!r}, None)"
        if name == "id":
            lines += [f"    value = pop({wire!r})", "    if value is None: misfit()"]
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


def decode_page(
    body: bytes,
    page_class: type[P],
    hit_class: type[Hit],
    *,
    strict: bool = False,
    invalid: list[tuple[int, Any]] | None = None,
    **context: Any,
) -> P:
    """Make a page from the bytes of an answer.

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
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise APIResponseValidationError(
            f"The answer is not JSON ({error}): {_quoted(body)}", **context
        ) from None
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
    if strict:
        problems = list(_problems({**data, "hits": []}, page_class, "$", strict=True))
        if invalid is None:
            problems += _hit_problems(hits, hit_class, strict=True)
        if problems:
            _raise_problems(problems, **context)
    page: P = structure_function(page_class)(data)
    if invalid is not None:
        hits = _valid(hits, hit_class, invalid, strict=strict)
    make = structure_function(hit_class, consumes=True)
    # Raised below, so that the error is not chained to this one, whose frames hold half a hit.
    with suppress(_MisfitError, KeyError):
        page.hits = [make(hit) for hit in hits]
        return page
    whole = orjson.loads(body)["hits"]
    _raise_problems(_hit_problems(whole, hit_class, strict=False), **context)


def _hit_problems(hits: list[Any], hit_class: type[Hit], *, strict: bool) -> list[tuple[str, str]]:
    return [
        problem
        for index, hit in enumerate(hits)
        for problem in _problems(hit, hit_class, f"$.hits[{index}]", strict=strict)
    ]


def _valid(
    hits: list[Any], hit_class: type[Hit], invalid: list[tuple[int, Any]], *, strict: bool
) -> list[Any]:
    """Give the hits that fit, and add the others to ``invalid``."""
    valid = []
    for index, hit in enumerate(hits):
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
