"""Values and field names in filters, and how they are written."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from numbers import Real

from scenario_search.errors import InvalidFilterError

__all__ = [
    "KEYWORDS",
    "Scalar",
    "Value",
    "check_field_name",
    "read_number",
    "scalar",
    "scalars",
    "value_text",
]

Value = str | int | float | bool | Decimal | date | datetime | Enum
"""What a field can be compared with.

An aware datetime becomes UTC text with three decimals and ``Z`` (finer digits are dropped), a date
``"YYYY-MM-DD"``, an enum its value. Text of more than 468 bytes in UTF-8 is sent whole, but the
engine keeps only that many bytes of a filterable value, so ``=`` cannot match it.
"""
Scalar = str | int | float | bool

KEYWORDS = frozenset(
    {
        *("AND", "OR", "NOT", "IN", "TO", "IS", "NULL", "EMPTY", "EXISTS", "CONTAINS"),
        *("STARTS", "ENDS", "WITH", "_geoRadius", "_geoBoundingBox", "_geoPolygon"),
    }
)
_FIELD_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
# Text that starts like a number or a date is quoted, so that nobody can take it for one.
_BARE_TEXT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")


def scalar(value: Value) -> Scalar:
    """Returns what a node holds for a value: text, a bool or a number, integral floats as int."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return _timestamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (Real, Decimal)):
        return _number(value)
    if value is None:
        raise InvalidFilterError(
            "None is not a value to compare with: write .is_null() for a field that is null,"
            " ~F.name.exists() for one that is missing, .is_empty() for either"
        )
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise InvalidFilterError(
        f"a field cannot be compared with a value of type {kind}: give text, a number, a bool,"
        " a date or an aware datetime, or several to .is_in()"
    )


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidFilterError(
            f"text with a lone surrogate ({value[error.start]!a} at {error.start}) cannot be sent"
        ) from None
    return str.__str__(value)  # a plain str even of a subclass


def _timestamp(value: datetime) -> str:
    # A missing time in pandas is a datetime too, and has no offset to ask for.
    if value.tzinfo is None or value.utcoffset() is None:
        raise InvalidFilterError(
            "a datetime without a time zone is ambiguous: give it one, such as"
            " value.replace(tzinfo=UTC) or value.astimezone()"
        )
    try:
        utc = value.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise InvalidFilterError(f"{value.isoformat()} is outside the years 1 to 9999") from None
    return utc.isoformat(timespec="milliseconds") + "Z"


def _number(value: float | Decimal) -> float:
    try:
        near = float(value)
    except (OverflowError, ValueError):
        near = math.inf
    if not math.isfinite(near):
        raise InvalidFilterError("a number must be finite and within the range of a 64-bit float")
    whole = int(value)
    if value == whole:
        return whole
    return int(near) if near.is_integer() else near


def _number_text(value: float) -> str:
    # A bare word holds no "+", so exponents are written out.
    return str(value) if isinstance(value, int) else format(Decimal(repr(value)), "f")


def read_number(word: str) -> float | None:
    """Returns the number that a word is, digit for digit; None for ``007``, ``1.50`` or text."""
    if not _NUMBER.fullmatch(word) or not math.isfinite(float(word)):
        return None
    number = float(word) if "." in word else int(word)
    return number if _number_text(number) == word else None


def value_text(value: Scalar) -> str:
    """Returns a value as it is written in a filter, quoted where it has to be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return _number_text(value)
    if _BARE_TEXT.fullmatch(value) and value not in KEYWORDS and value not in ("true", "false"):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def scalars(values: Iterable[Value]) -> tuple[Scalar, ...]:
    """Returns what a node holds for several values."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InvalidFilterError(
            f"is_in() takes a list of values, not {values!r}: for a single value write =="
        )
    return tuple(scalar(value) for value in values)


def check_field_name(name: str) -> str:
    """Returns the name of a field.

    Raises:
        InvalidFilterError: It is neither a bare word nor a dotted path.
    """
    if not isinstance(name, str):
        raise TypeError(f"a field's name is text, not {type(name).__name__}")
    if not _FIELD_NAME.fullmatch(name) or name in KEYWORDS:
        raise InvalidFilterError(
            f"{name!r} cannot be a field's name: it must be a word of A-Z a-z 0-9 _ - that is no"
            " keyword, or several joined by dots"
        )
    return name
