"""The tree of a filter and its text: the one serializer, of values as of whole filters.

Used through `scenario_search.filters`, where fields are named and text is read back.
"""

from __future__ import annotations

import abc
import functools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from numbers import Real
from typing import Literal, NoReturn

import attrs

from scenario_search.errors import InvalidFilterError

__all__ = [
    "KEYWORDS",
    "MAX_NESTING",
    "And",
    "Between",
    "Comparison",
    "Condition",
    "Contains",
    "Exists",
    "Filter",
    "In",
    "IsEmpty",
    "IsNull",
    "Matches",
    "Not",
    "Operator",
    "Or",
    "Raw",
    "Scalar",
    "StartsWith",
    "Value",
    "check_field_name",
    "join",
    "read_number",
    "walk",
]

Value = str | int | float | bool | Decimal | date | datetime | Enum
"""What a field can be compared with.

An aware datetime becomes UTC text with three decimals and ``Z`` (finer digits are dropped), a date
``"YYYY-MM-DD"``, an enum its value. Text of more than 468 bytes in UTF-8 is sent whole, but the
engine keeps only that many bytes of a filterable value, so ``=`` cannot match it.
"""
Scalar = str | int | float | bool
Operator = Literal["=", "!=", ">", ">=", "<", "<="]

MAX_NESTING = 200
KEYWORDS = frozenset(
    {
        "AND",
        "OR",
        "NOT",
        "IN",
        "TO",
        "IS",
        "NULL",
        "EMPTY",
        "EXISTS",
        "CONTAINS",
        "STARTS",
        "ENDS",
        "WITH",
        "_geoRadius",
        "_geoBoundingBox",
        "_geoPolygon",
    }
)
_FIELD_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
# Text that starts like a number or a date is quoted, so that nobody can take it for one.
_BARE_TEXT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")


# --- Values and names ---------------------------------------------------------------------------


def _scalar(value: Value) -> Scalar:
    """What a node holds for ``value``: text, a bool or a number, integral floats as int."""
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
    """The number whose text ``word`` is, digit for digit; None for ``007``, ``1.50`` or a word."""
    if not _NUMBER.fullmatch(word) or not math.isfinite(float(word)):
        return None
    number = float(word) if "." in word else int(word)
    return number if _number_text(number) == word else None


def _value_text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return _number_text(value)
    if _BARE_TEXT.fullmatch(value) and value not in KEYWORDS and value not in ("true", "false"):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _scalars(values: Iterable[Value]) -> tuple[Scalar, ...]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InvalidFilterError(
            f"is_in() takes a list of values, not {values!r}: for a single value write =="
        )
    return tuple(_scalar(value) for value in values)


def check_field_name(name: str) -> str:
    """``name`` when it is a bare word or a dotted path, else `InvalidFilterError`."""
    if not isinstance(name, str):
        raise TypeError(f"a field's name is text, not {type(name).__name__}")
    if not _FIELD_NAME.fullmatch(name) or name in KEYWORDS:
        raise InvalidFilterError(
            f"{name!r} cannot be a field's name: it must be a word of A-Z a-z 0-9 _ - that is no"
            " keyword, or several joined by dots"
        )
    return name


# --- The tree -----------------------------------------------------------------------------------


class Filter(abc.ABC):
    """A condition on the fields of a hit, joined to others with ``&``, ``|`` and ``~``.

    ``str(filter)`` is its text for the API. Filters cannot be changed, and are equal when their
    trees are. At most 200 levels of ``&``, ``|`` and ``~`` may lie in one another
    (`InvalidFilterError`), but a chain of one operator is a single level, however long.
    """

    __slots__ = ()

    @property
    def depth(self) -> int:
        """Levels of ``&``, ``|`` and ``~`` in the filter; 0 for a single condition."""
        return 0

    @property
    def terms(self) -> tuple[Filter, ...]:
        """The filters this one is made of; empty for a single condition."""
        return ()

    @property
    def is_blank(self) -> bool:
        """Whether it is no condition at all, as blank text is none."""
        return False

    @abc.abstractmethod
    def _pieces(self) -> Iterable[str | Filter]:
        """The text, cut where a nested filter's own text belongs."""

    def __and__(self, other: Filter) -> Filter:
        if not isinstance(other, Filter):
            return NotImplemented
        return join(And, (self, other))

    def __or__(self, other: Filter) -> Filter:
        if not isinstance(other, Filter):
            return NotImplemented
        return join(Or, (self, other))

    def __invert__(self) -> Filter:
        return Not(self)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a filter has no truth value: join filters with & | ~ in place of and, or, not (each"
            " comparison in parentheses), write .between() for a < field < b and .is_in() for in"
        )

    def __str__(self) -> str:
        # A loop and not a recursion, here and in walk: a caller's own stack may be deep.
        done: list[str] = []
        waiting: list[str | Filter] = [self]
        while waiting:
            piece = waiting.pop()
            if isinstance(piece, str):
                done.append(piece)
            else:
                waiting.extend(reversed(list(piece._pieces())))
        return "".join(done)

    def __repr__(self) -> str:
        return f"Filter({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Filter):
            return NotImplemented
        return self._outline() == other._outline()

    def __hash__(self) -> int:
        return hash(tuple(self._outline()))

    def __deepcopy__(self, memo: object) -> Filter:
        return self

    def _outline(self) -> list[tuple[type[Filter], int, str]]:
        return [
            (type(node), len(node.terms), "" if node.terms else str(node)) for node in walk(self)
        ]


def walk(tree: Filter) -> Iterator[Filter]:
    """Every filter in ``tree``, itself first, from left to right."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.terms))


@attrs.frozen(eq=False, repr=False)
class Condition(Filter):
    """What one field is asked.

    Attributes:
        field: its name on the wire.
        documented: True when it was written as an attribute of `F`: `check_fields` looks at it.
    """

    field: str = attrs.field(converter=check_field_name)
    documented: bool = attrs.field(default=False, kw_only=True)

    @abc.abstractmethod
    def _phrase(self, no: str) -> str:
        """The text; ``no`` is "NOT " for the opposite, which goes where the language wants it."""

    def _pieces(self) -> Iterable[str | Filter]:
        return (self._phrase(""),)


@attrs.frozen(eq=False, repr=False)
class Comparison(Condition):
    """``field = value``, or ``!=``, ``>``, ``>=``, ``<``, ``<=``."""

    operator: Operator = attrs.field(
        validator=attrs.validators.in_(("=", "!=", ">", ">=", "<", "<="))
    )
    value: Scalar = attrs.field(converter=_scalar)

    def _phrase(self, no: str) -> str:
        return f"{no}{self.field} {self.operator} {_value_text(self.value)}"


@attrs.frozen(eq=False, repr=False)
class Matches(Condition):
    """``field:value``."""

    value: Scalar = attrs.field(converter=_scalar)

    def _phrase(self, no: str) -> str:
        return f"{no}{self.field}:{_value_text(self.value)}"


@attrs.frozen(eq=False, repr=False)
class Between(Condition):
    """``field low TO high``, both ends included."""

    low: Scalar = attrs.field(converter=_scalar)
    high: Scalar = attrs.field(converter=_scalar)

    def _phrase(self, no: str) -> str:
        return f"{no}{self.field} {_value_text(self.low)} TO {_value_text(self.high)}"


@attrs.frozen(eq=False, repr=False)
class In(Condition):
    """``field IN [value, ...]``."""

    values: tuple[Scalar, ...] = attrs.field(converter=_scalars)

    def _phrase(self, no: str) -> str:
        return f"{self.field} {no}IN [{', '.join(map(_value_text, self.values))}]"


@attrs.frozen(eq=False, repr=False)
class Contains(Condition):
    """``field CONTAINS value``."""

    value: Scalar = attrs.field(converter=_scalar)

    def _phrase(self, no: str) -> str:
        return f"{self.field} {no}CONTAINS {_value_text(self.value)}"


@attrs.frozen(eq=False, repr=False)
class StartsWith(Condition):
    """``field STARTS WITH value``."""

    value: Scalar = attrs.field(converter=_scalar)

    def _phrase(self, no: str) -> str:
        return f"{self.field} {no}STARTS WITH {_value_text(self.value)}"


@attrs.frozen(eq=False, repr=False)
class Exists(Condition):
    """``field EXISTS``."""

    def _phrase(self, no: str) -> str:
        return f"{self.field} {no}EXISTS"


@attrs.frozen(eq=False, repr=False)
class IsNull(Condition):
    """``field IS NULL``."""

    def _phrase(self, no: str) -> str:
        return f"{self.field} IS {no}NULL"


@attrs.frozen(eq=False, repr=False)
class IsEmpty(Condition):
    """``field IS EMPTY``."""

    def _phrase(self, no: str) -> str:
        return f"{self.field} IS {no}EMPTY"


def _filter_text(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"Raw takes filter text, not {type(text).__name__}")
    return text


@attrs.frozen(eq=False, repr=False)
class Raw(Filter):
    """Filter text of your own, sent as it is and not checked.

    Joined to other filters it stands in parentheses; blank text cannot be joined
    (`InvalidFilterError`). Text with unbalanced quotes or parentheses can change the meaning of
    what it is joined to: use `F` for anything that comes from users.
    """

    text: str = attrs.field(converter=_filter_text)

    @property
    def is_blank(self) -> bool:
        """Whether the text is blank, which is no condition at all."""
        return not self.text.strip()

    def _pieces(self) -> Iterable[str | Filter]:
        return (self.text,)


def _depth_above(terms: Iterable[Filter]) -> int:
    """Depth of a node over ``terms``; raises where the language does not let it stand."""
    depth = 0
    for term in terms:
        if term.is_blank:
            raise InvalidFilterError("a blank Raw filter cannot be joined to others: leave it out")
        depth = max(depth, term.depth + 1)
    if depth > MAX_NESTING:
        raise InvalidFilterError(f"filter nested more than {MAX_NESTING} levels deep: flatten it")
    return depth


@attrs.frozen(eq=False, repr=False)
class _Group(Filter):
    """Several filters joined into one.

    A loop that joins n terms one by one makes a chain of groups, each inside of the next. Taking
    it apart at each step would copy n * n / 2 terms, so that is done once, when they are read.
    """

    _joined: tuple[Filter, ...] = attrs.field(alias="terms", validator=attrs.validators.min_len(2))
    depth: int = attrs.field(  # pyright: ignore[reportIncompatibleMethodOverride]
        init=False, default=attrs.Factory(lambda self: self._depth(), takes_self=True)
    )

    def _depth(self) -> int:
        # A group of the same class inside of this one is no level of its own.
        return max(
            item.depth if item.__class__ is self.__class__ else _depth_above((item,))
            for item in self._joined
        )

    @functools.cached_property
    def terms(self) -> tuple[Filter, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The filters this one is made of, none of which is of its own class."""
        terms: list[Filter] = []
        waiting: list[Filter] = [self]
        while waiting:
            item = waiting.pop()
            if isinstance(item, _Group) and item.__class__ is self.__class__:
                waiting.extend(reversed(item._joined))
            else:
                terms.append(item)
        return tuple(terms)

    def __reduce__(self) -> tuple[object, ...]:
        # Pickling recurses, which a chain may be too long for.
        return type(self), (self.terms,)


@attrs.frozen(eq=False, repr=False)
class And(_Group):
    """All of ``terms``; made with ``&``."""

    def _pieces(self) -> Iterable[str | Filter]:
        return _between(" AND ", self.terms, (Or, Raw))


@attrs.frozen(eq=False, repr=False)
class Or(_Group):
    """Any of ``terms``; made with ``|``."""

    def _pieces(self) -> Iterable[str | Filter]:
        return _between(" OR ", self.terms, (Raw,))


@attrs.frozen(eq=False, repr=False)
class Not(Filter):
    """The opposite of ``term``; made with ``~``."""

    term: Filter
    depth: int = attrs.field(  # pyright: ignore[reportIncompatibleMethodOverride]
        init=False, default=attrs.Factory(lambda self: _depth_above((self.term,)), takes_self=True)
    )

    @property
    def terms(self) -> tuple[Filter, ...]:
        """The one filter it turns round."""
        return (self.term,)

    def __invert__(self) -> Filter:
        return self.term

    def _pieces(self) -> Iterable[str | Filter]:
        if isinstance(self.term, Condition):
            return (self.term._phrase("NOT "),)
        return ("NOT ", *_between("", (self.term,), (And, Or, Raw)))


def _between(
    separator: str, terms: tuple[Filter, ...], enclosed: tuple[type[Filter], ...]
) -> Iterator[str | Filter]:
    for index, term in enumerate(terms):
        if index:
            yield separator
        yield from ("(", term, ")") if isinstance(term, enclosed) else (term,)


def join(group: type[And | Or], filters: Sequence[Filter]) -> Filter:
    """``filters`` under one And or Or, those that already are one taken apart; or the only one."""
    return filters[0] if len(filters) == 1 else group(tuple(filters))
