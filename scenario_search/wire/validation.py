"""What is wrong with JSON that a response class is to be made of: where, and what.

There are two checks with one meaning. :func:`fits_function` generates straight-line code that says
yes or no, for every hit of a page with ``strict``. :func:`mismatches` walks the JSON and names each
wrong place, and runs only once something is known to be wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from scenario_search.errors import APIResponseValidationError
from scenario_search.text import without_signature
from scenario_search.wire.schema import array_item, is_document, json_fields, shared_keys

__all__ = [
    "SCALARS",
    "Hook",
    "Problem",
    "describe",
    "fits_function",
    "mismatches",
    "refused",
    "validation_error",
]

Problem = tuple[str, str]
"""A path in the JSON, such as ``$.hits[3].url``, and what is wrong there."""

Hook = Callable[[Any, Any], Any]

_MOST_PATHS = 20
_MOST_COUNTED = 10_000
SCALARS: dict[Any, str] = {
    str: "a string",
    float: "a number",
    int: "an integer",
    bool: "a boolean",
}
"""The types of JSON scalars, in words."""


def mismatches(
    data: Any,
    kind: Any,
    path: str,
    *,
    strict: bool,
    hook_of: Callable[[Any], Hook | None] = lambda _: None,
) -> Iterator[Problem]:
    """Yields what is wrong with JSON that should be of a kind.

    Args:
        data: The decoded JSON.
        kind: A response class, or what one of its fields is annotated as.
        path: Where ``data`` stands, from ``$``.
        strict: Whether mistyped scalars and missing required fields count.
        hook_of: Returns the user's own structure hook of a kind, if there is one. Without
            ``strict``, that hook alone decides what fits.
    """
    if (item := array_item(kind)) is not None:
        if not isinstance(data, list):
            yield path, f"expected an array, got {describe(data)}"
            return
        for index, value in enumerate(data):
            yield from mismatches(value, item, f"{path}[{index}]", strict=strict, hook_of=hook_of)
        return
    hook = hook_of(kind)
    if hook is not None:
        yield from _hook_problems(hook, data, kind, path)
    if is_document(kind) and (hook is None or strict):
        yield from _object_mismatches(data, kind, path, strict=strict, hook_of=hook_of)
    elif strict and kind in SCALARS and not _is_scalar(data, kind):
        yield path, f"expected {SCALARS[kind]}, got {describe(data)}"


def _object_mismatches(
    data: Any, cls: Any, path: str, *, strict: bool, hook_of: Callable[[Any], Hook | None]
) -> Iterator[Problem]:
    if not isinstance(data, dict):
        yield path, f"expected an object, got {describe(data)}"
        return
    for field in json_fields(cls):
        where = f"{path}.{field.wire}"
        value = data.get(field.wire)
        if value is not None:
            yield from mismatches(value, field.kind, where, strict=strict, hook_of=hook_of)
        elif field.needed or (strict and field.required):
            yield where, "is null" if field.wire in data else "is missing"


def _hook_problems(hook: Hook, data: Any, kind: Any, path: str) -> Iterator[Problem]:
    try:
        hook(data, kind)
    except APIResponseValidationError as error:
        for where, what in error.problems or [("$", error.message)]:
            yield path + where.removeprefix("$"), what
    except Exception as error:  # noqa: BLE001 - a user's hook may raise anything
        yield refused(path, error)


def refused(path: str, error: BaseException | None) -> Problem:
    """Returns what is wrong where a user's hook raised an error."""
    return path, f"was refused by a structure hook: {without_signature(repr(error))}"


def _is_scalar(data: Any, kind: Any) -> bool:
    if isinstance(data, bool) or kind is bool:
        return isinstance(data, bool) and kind is bool
    return isinstance(data, (int, float) if kind is float else kind)


def describe(data: Any) -> str:
    """Returns what JSON value this is, in words."""
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


def validation_error(
    problems: Iterable[Problem], *, otherwise: Problem | None = None, **context: Any
) -> APIResponseValidationError:
    """Returns the error of what is wrong: it names the first 20 places and counts the rest.

    Args:
        problems: What is wrong. It is read to the ten thousandth, so that a hostile body does not
            keep the event loop busy.
        otherwise: What is wrong if ``problems`` are none.
        context: What the error carries (``status_code``, ``request_id`` and so on).
    """
    counted = islice(problems, _MOST_COUNTED)
    named = tuple(islice(counted, _MOST_PATHS))
    more = sum(1 for _ in counted)
    if otherwise is not None:
        named = named or (otherwise,)
    listed = "; ".join(f"{path} {what}" for path, what in named)
    at_least = "at least " if len(named) + more == _MOST_COUNTED else ""
    rest = f"; and {at_least}{more:,} more"
    return APIResponseValidationError(
        f"The response is not what the API documents: {listed}{rest if more else ''}",
        problems=named,
        **context,
    )


_fits_functions: dict[tuple[type[Any], bool], Callable[[Any], bool]] = {}


def fits_function(cls: type[Any], *, strict: bool = True) -> Callable[[Any], bool]:
    """Returns the check of a class: whether JSON has no mismatch with it.

    Args:
        cls: A response class.
        strict: Whether mistyped scalars and missing required fields count.
    """
    if (cls, strict) not in _fits_functions:
        _fits_functions[cls, strict] = _make_fits(cls, strict=strict)
    return _fits_functions[cls, strict]


def _make_fits(cls: type[Any], *, strict: bool) -> Callable[[Any], bool]:
    scope: dict[str, Any] = {**shared_keys(cls)}
    lines = ["def fits(data):", "    if data.__class__ is not dict: return False"]
    for index, field in enumerate(json_fields(cls)):
        is_needed = field.needed or (strict and field.required)
        absent = "" if is_needed else "value is not None and "
        item = array_item(field.kind)
        if item is None and not strict and field.kind in SCALARS:
            if field.needed:
                lines.append(f"    if data.get(key{index}) is None: return False")
            continue
        lines.append(f"    value = data.get(key{index})")
        if item is None:
            fits = _fit("value", field.kind, index, scope, strict=strict)
            lines.append(f"    if {absent}not ({fits}): return False")
        elif not strict and item in SCALARS:
            lines.append(f"    if {absent}value.__class__ is not list: return False")
        else:
            fits = _fit("item", item, index, scope, strict=strict)
            lines.append("    if value.__class__ is list:")
            lines.append("        for item in value:")
            lines.append(f"            if not ({fits}): return False")
            lines.append(f"    elif {absent}True: return False")
    lines.append("    return True")
    exec("\n".join(lines), scope)  # noqa: S102 - the text comes from our own declarations only
    fits_data: Callable[[Any], bool] = scope["fits"]
    return fits_data


def _fit(name: str, kind: Any, index: int, scope: dict[str, Any], *, strict: bool) -> str:
    """Returns the expression that says whether a variable holds a kind."""
    if is_document(kind):
        scope[f"fits{index}"] = fits_function(kind, strict=strict)
        return f"fits{index}({name})"
    if kind is float:
        return f"{name}.__class__ is int or {name}.__class__ is float"
    if kind in SCALARS:
        return f"{name}.__class__ is {kind.__name__}"
    # What the API does not document is for the converter's hook to judge.
    return f"{name} is not None"
