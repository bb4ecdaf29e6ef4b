"""From JSON to responses.

Decoding renames, keeps unknown fields, and coerces nothing. For each class a structure
function is generated once: it takes the known keys out of the JSON object one by one (what is
left is unknown, and becomes ``extra``) and stores the values as they are. A scalar of the wrong
type is kept as it came. Where an object or an array is documented and something else is there,
decoding fails and names the place. :mod:`scenario_search.converter` has the same as cattrs hooks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, NoReturn, TypeVar

import attrs
import orjson

from scenario_search.errors import APIResponseValidationError
from scenario_search.wire.document import array_item, fields, is_document
from scenario_search.wire.hits import Document, Hit
from scenario_search.wire.misfits import described, misfit_error, misfits, page_misfits
from scenario_search.wire.pages import SearchHits

__all__ = ["MisfitError", "decode_in_turns", "decode_page", "structure", "structure_function"]

D = TypeVar("D", bound=Document)
P = TypeVar("P", bound=SearchHits[Any])

_BODY_SHOWN = 200


class MisfitError(Exception):
    """The data does not fit: a wrong container, or an ``id`` that is null."""


def _misfit() -> NoReturn:
    raise MisfitError


_structure_functions: dict[tuple[type[Any], bool], Callable[..., Any]] = {}
_fits_functions: dict[type[Any], Callable[[Any], bool]] = {}


def _shared_keys(cls: type[Document]) -> dict[str, str]:
    """Give variables for generated code: each field's JSON name, as orjson makes it.

    orjson gives the same string for the same key again and again, for most keys. A dict finds a
    key that is the same object at once; of any other it compares the text, which takes longer
    than all else that is done for a field.
    """
    wires = [wire for _, wire, _, _ in fields(cls)]
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
    for index, (name, _, kind, required) in enumerate(fields(cls)):
        take = f"data.pop(key{index}, None)"
        if name == "id":
            lines += [f"    value = data.pop(key{index})", "    if value is None: misfit()"]
            lines.append("    self.id = value")
        elif (item := array_item(kind)) is not None:
            lines += [f"    value = {take}", "    if value is None: value = []"]
            lines.append("    elif value.__class__ is not list: misfit()")
            if is_document(item):
                scope[f"make{index}"] = structure_function(item, consumes=consumes)
                lines.append(f"    else: value = [make{index}(item) for item in value]")
            lines.append(f"    self.{name} = value")
        elif is_document(kind):
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
    """Generate the check of a class: whether :func:`misfits` would find none, strictly."""
    scope: dict[str, Any] = {**_shared_keys(cls)}
    lines = ["def fits(data):", "    if data.__class__ is not dict: return False"]
    for index, (_, wire, kind, required) in enumerate(fields(cls)):
        lines.append(f"    value = data.get(key{index})")
        needed = required or wire == "id"
        absent = "" if needed else "value is not None and "
        item = array_item(kind)
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
    if is_document(kind):
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


def structure(data: Any, cls: type[D], *, strict: bool = False) -> D:
    """Make a response object from decoded JSON.

    Args:
        data: The decoded JSON object. It is not changed.
        cls: A class of :mod:`scenario_search.wire.hits`.
        strict: Whether a documented-required field that is missing, or any field of the wrong
            type, is an error.

    Raises:
        APIResponseValidationError: The data does not fit; ``paths`` says where.
    """
    if strict and (problems := list(misfits(data, cls, "$", strict=True))):
        raise misfit_error(problems)
    with suppress(MisfitError, KeyError):
        made: D = structure_function(cls)(data)
        return made
    raise misfit_error(list(misfits(data, cls, "$", strict=False)))


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
    of_page: dict[str, Any] = {}
    made: list[Any] = []
    received = 0
    for data in _read(body, context):
        if received:
            yield None
        hits = _take_hits(data, body, context)
        of_page |= data
        count = len(hits)
        fitting = _structured(hits, hit_class, strict=strict)
        if fitting is None:
            # Structuring takes its input apart, so the body is read again.
            whole = orjson.loads(body)
            if invalid is None:
                wrong = page_misfits(whole, page_class, hit_class, strict=strict)
                raise misfit_error(wrong, **context)
            hits = whole["hits"][received : received + count]
            hits = _valid(hits, received, hit_class, invalid, strict=strict)
            fitting = _structured(hits, hit_class, strict=False) or []
        made += fitting
        received += count
    if strict:
        problems = list(misfits({**of_page, "hits": []}, page_class, "$", strict=True))
        if problems:
            raise misfit_error(problems, **context)
    page: P = structure_function(page_class, consumes=True)(of_page)
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
            f"The answer should be a JSON object, but is {described(data)}: {_quoted(body)}",
            paths=("$",),
            **context,
        )
    hits = data.pop("hits", None)
    if hits.__class__ is not list:
        raise APIResponseValidationError(
            f"The answer's 'hits' should be an array, but is {described(hits)}: {_quoted(body)}",
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
    with suppress(MisfitError, KeyError):
        return [make(hit) for hit in hits]
    return None


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
        if next(misfits(hit, hit_class, "$", strict=strict), None) is None:
            valid.append(hit)
        else:
            invalid.append((index, hit))
    return valid
