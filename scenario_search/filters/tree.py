"""The tree of a filter and its text.

Used through `scenario_search.filters`, where fields are named and text is read back.
"""

from __future__ import annotations

import abc
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NoReturn

import attrs

from scenario_search.errors import InvalidFilterError
from scenario_search.filters.values import (
    Scalar,
    check_field_name,
    scalar,
    scalars,
    value_text,
)

__all__ = [
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
    "StartsWith",
    "join",
    "walk",
]

Operator = Literal["=", "!=", ">", ">=", "<", "<="]
MAX_NESTING = 200


class Filter(abc.ABC):
    """A condition on the fields of a hit, joined to others with ``&``, ``|`` and ``~``.

    ``str(filter)`` returns its text for the API. Filters are immutable, and equal if their
    trees are. More than 200 nested levels of ``&``, ``|`` and ``~`` raise `InvalidFilterError`,
    but a chain of one operator is a single level, however long.
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
        """Whether it has no condition, like blank text."""
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
    value: Scalar = attrs.field(converter=scalar)

    def _phrase(self, no: str) -> str:
        return f"{no}{self.field} {self.operator} {value_text(self.value)}"


@attrs.frozen(eq=False, repr=False)
class Matches(Condition):
    """``field:value``."""

    value: Scalar = attrs.field(converter=scalar)

    def _phrase(self, no: str) -> str:
        return f"{no}{self.field}:{value_text(self.value)}"


@attrs.frozen(eq=False, repr=False)
class Between(Condition):
    """``field low TO high``, both ends included."""

    low: Scalar = attrs.field(converter=scalar)
    high: Scalar = attrs.field(converter=scalar)

    def _phrase(self, no: str) -> str:
        return f"{no}{self.field} {value_text(self.low)} TO {value_text(self.high)}"


@attrs.frozen(eq=False, repr=False)
class In(Condition):
    """``field IN [value, ...]``."""

    values: tuple[Scalar, ...] = attrs.field(converter=scalars)

    def _phrase(self, no: str) -> str:
        return f"{self.field} {no}IN [{', '.join(map(value_text, self.values))}]"


@attrs.frozen(eq=False, repr=False)
class Contains(Condition):
    """``field CONTAINS value``."""

    value: Scalar = attrs.field(converter=scalar)

    def _phrase(self, no: str) -> str:
        return f"{self.field} {no}CONTAINS {value_text(self.value)}"


@attrs.frozen(eq=False, repr=False)
class StartsWith(Condition):
    """``field STARTS WITH value``."""

    value: Scalar = attrs.field(converter=scalar)

    def _phrase(self, no: str) -> str:
        return f"{self.field} {no}STARTS WITH {value_text(self.value)}"


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
    """Filter text of your own, which the client sends unchanged and unchecked.

    If you join it to other filters, it is put in parentheses. Joining blank text raises
    `InvalidFilterError`. Text with unbalanced quotes or parentheses can change the meaning of
    the filters joined to it: use `F` for anything that comes from users.
    """

    text: str = attrs.field(converter=_filter_text)

    @property
    def is_blank(self) -> bool:
        """Whether the text is blank and so has no condition."""
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
