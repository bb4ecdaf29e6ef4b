"""Checks of single values: whole numbers, headers, query strings."""

from __future__ import annotations

import enum
import math
import numbers
import re
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "MAX_EXACT_INTEGER",
    "MAX_PAGE_SIZE",
    "SHOWN",
    "as_int",
    "header_problem",
    "is_real",
    "is_whole",
    "plain_value",
    "query_problem",
]

MAX_PAGE_SIZE = 100
"""The most hits a page may hold (Search guide, Pagination)."""

MAX_EXACT_INTEGER = 2**53 - 1
"""The largest integer that JSON carries from one program to another exactly (RFC 8259, 6)."""

SHOWN = reprlib.Repr()
"""Shows a value in a message, shortened."""
SHOWN.maxstring = SHOWN.maxother = SHOWN.maxlong = 80

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_FRAMING = {
    *("connection", "keep-alive", "upgrade", "te", "trailer", "transfer-encoding"),
    *("host", "content-length", "content-encoding", "expect"),
}
"""Headers that say where a request goes and where it ends. With another ``Content-Length``, what
is left of the body would be read as the next request on the connection, which is another's."""


def is_real(value: Any) -> bool:
    """Whether a value is a real number, numpy's among them, but not ``True``."""
    return type(value) is int or (isinstance(value, numbers.Real) and not isinstance(value, bool))


def is_whole(value: Any, minimum: float = -math.inf) -> bool:
    """Whether a value is a whole number, ``20.0`` and numpy's integers among them; not ``True``."""
    return is_real(value) and not value % 1 and value >= minimum


def as_int(value: int) -> int:
    """Returns a whole number as an ``int``, and anything else unchanged, for a rule to refuse."""
    return int(value) if is_whole(value) else value


def plain_value(value: Any) -> Any:
    """Returns a value in the types that JSON has, inside of dicts and sequences too.

    numpy's numbers become Python's, and members of enumerations their values. What JSON has no
    type for is returned unchanged.

    Raises:
        ValueError: There is a number that JSON has no form for: NaN or an infinity.
    """
    match value:
        case None | bool():
            return value
        case enum.Enum():
            return plain_value(value.value)
        case str():
            return str.__str__(value)
        case numbers.Integral():
            return int(value)
        case numbers.Real():
            if not math.isfinite(value):
                raise ValueError(f"JSON has no form for {float(value)}")
            return float(value)
        case Mapping():
            return {plain_value(name): plain_value(item) for name, item in value.items()}
        case Sequence() if not isinstance(value, (bytes, bytearray, memoryview)):
            return [plain_value(item) for item in value]
        case _:
            return value


def header_problem(headers: Any) -> str | None:
    """Returns why something cannot be sent as headers; ``None`` if it can. Values are not shown.

    Source: RFC 9110, sections 5.1 and 5.5.
    """
    if not isinstance(headers, Mapping):
        return f"must be a dict of strings, not {type(headers).__name__}"
    for name, value in headers.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            return f"has a header name that cannot be sent: {SHOWN.repr(name)}"
        if name.lower() in _FRAMING:
            return f"must not hold {name}, which follows from the request: leave it out"
        if not isinstance(value, str) or _NOT_IN_A_HEADER.search(value):
            return f"has a value for {name} that is no string or holds a control character"
    return None


def query_problem(query: Any) -> str | None:
    """Returns why something cannot be a query string; ``None`` if it can. Values are not shown."""
    if not isinstance(query, Mapping):
        return f"must be a dict of strings, not {type(query).__name__}"
    for name, value in query.items():
        if not isinstance(name, str) or not isinstance(value, str):
            return f"must be a dict of strings: {SHOWN.repr(name)} or its value is no string"
    return None
