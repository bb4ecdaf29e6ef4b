"""Writes filters: `F`, its fields, and the check of field names.

Each comparison of a field returns a node of `scenario_search.filters.tree`. Whatever Python would
evaluate to something else than a filter (``and``, ``or``, ``not``, ``in``, chained comparisons,
``&`` without parentheses) raises a `TypeError` that says what to write.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NoReturn

import attrs

from scenario_search.errors import InvalidFilterError
from scenario_search.filters.fields import FIELDS, DocumentedFields, Kind, field_hints, nearest
from scenario_search.filters.tree import (
    Between,
    Comparison,
    Condition,
    Contains,
    Exists,
    Filter,
    In,
    IsEmpty,
    IsNull,
    Matches,
    Not,
    Operator,
    StartsWith,
    walk,
)
from scenario_search.filters.values import Value, check_field_name

__all__ = ["F", "Field", "check_fields", "undocumented_conditions"]


@attrs.frozen(eq=False, repr=False)
class Field:  # noqa: PLW1641 - == is a filter, so a field is no key
    """A field of a hit, to be compared. Made by `F`, never by hand.

    ``!=`` and ``~`` also match hits that lack the field (Meilisearch docs, "Filter expression
    reference"). On a list, ``==`` asks for an element.
    """

    name: str = attrs.field(converter=check_field_name)
    documented: bool = False

    __array_ufunc__ = None  # numpy numbers on the left leave the comparison to us

    def __eq__(self, value: Value) -> Filter:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._compare("=", value)

    def __ne__(self, value: Value) -> Filter:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._compare("!=", value)

    def __gt__(self, value: Value) -> Filter:
        return self._compare(">", value)

    def __ge__(self, value: Value) -> Filter:
        return self._compare(">=", value)

    def __lt__(self, value: Value) -> Filter:
        return self._compare("<", value)

    def __le__(self, value: Value) -> Filter:
        return self._compare("<=", value)

    def _compare(self, operator: Operator, value: Value) -> Filter:
        return Comparison(self.name, operator, value, documented=self.documented)

    def between(self, low: Value, high: Value) -> Filter:
        """``low TO high``, both ends included."""
        return Between(self.name, low, high, documented=self.documented)

    def is_in(self, values: Iterable[Value]) -> Filter:
        """Equal to one of ``values``; with none it matches nothing."""
        return In(self.name, values, documented=self.documented)

    def contains(self, value: Value) -> Filter:
        """``CONTAINS``: ``value`` stands somewhere in the text."""
        return Contains(self.name, value, documented=self.documented)

    def matches(self, value: Value) -> Filter:
        """``field:value``, the guide's own "contains"."""
        return Matches(self.name, value, documented=self.documented)

    def starts_with(self, value: Value) -> Filter:
        """``STARTS WITH``: the text begins with ``value``."""
        return StartsWith(self.name, value, documented=self.documented)

    def exists(self) -> Filter:
        """The hit has the field, be it null; ``~`` for those that lack it."""
        return Exists(self.name, documented=self.documented)

    def is_null(self) -> Filter:
        """The field is there and null."""
        return IsNull(self.name, documented=self.documented)

    def is_empty(self) -> Filter:
        """``IS EMPTY``: empty text or an empty list; by the guide, null as well."""
        return IsEmpty(self.name, documented=self.documented)

    def is_not_empty(self) -> Filter:
        """``IS NOT EMPTY``: the opposite of `is_empty`."""
        return Not(self.is_empty())

    def asc(self) -> str:
        """Returns what ``sort_by`` takes for this field, smallest or oldest first."""
        return f"{self.name}:asc"

    def desc(self) -> str:
        """Returns what ``sort_by`` takes for this field, largest or newest first."""
        return f"{self.name}:desc"

    if not TYPE_CHECKING:  # a type checker must not believe that every name exists

        def __getattr__(self, name: str) -> NoReturn:
            # Protocols (copy, pickle, IPython) look for names like these and expect a plain no. Of
            # its own names one is missing only in a field whose name was refused.
            if name.startswith("_") or name in ("name", "documented"):
                raise AttributeError(f"a field has no attribute {name!r}")
            close = nearest(name, _METHODS)
            hint = f": did you mean .{close[0]}()?" if close else ""
            raise AttributeError(f"{self!r} has no attribute {name!r}{hint}")

    def __repr__(self) -> str:
        return f'F["{self.name}"]'

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} has no truth value: compare it, or write .exists() or .is_not_empty(), and"
            " join filters with & | ~ in place of and, or, not"
        )

    def __contains__(self, item: object) -> NoReturn:
        raise TypeError(f"`in {self!r}` is no filter: write .contains(...), or == for an element")

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError(
            f"{self!r} is a field, not a filter: compare it, and put each comparison in"
            " parentheses, for & | ~ bind tighter than == and <"
        )

    __and__ = __rand__ = __or__ = __ror__ = __invert__ = _refuse


_METHODS = [
    name for name, value in vars(Field).items() if callable(value) and not name.startswith("_")
]


class _Fields(DocumentedFields[Field]):
    """What `F` is: each documented field as an attribute, any other as ``F["any.field"]``."""

    def __getitem__(self, name: str) -> Field:
        return Field(name)


F = _Fields(functools.partial(Field, documented=True))
"""Where filters begin: ``F.width >= 1024``, ``F.compliance_metadata.model_provider == "Scenario"``.

An attribute is a documented field, in snake_case or as on the wire, and AttributeError tells the
nearest names of one that is not. ``F["any.field"]`` takes any bare word or dotted path, and is
never held against the documentation.
"""


def undocumented_conditions(filter: Filter, kind: Kind) -> Iterator[Condition]:
    """Yields the conditions on fields that are not documented for ``kind``, in their order."""
    for node in walk(filter):
        if isinstance(node, Condition) and node.field not in FIELDS[kind]:
            yield node


def check_fields(filter: Filter, kind: Kind) -> None:
    """Checks the fields that were written as attributes of `F` against those of ``kind``.

    Args:
        filter: Any filter. ``F["..."]``, `Raw` and what `parse` returned are not checked.
        kind: The endpoint that the filter is meant for.

    Raises:
        InvalidFilterError: Names the first field that ``kind`` cannot filter by, the nearest
            names, and the endpoints that have the field.
    """
    for node in undocumented_conditions(filter, kind):
        if node.documented:
            raise InvalidFilterError(
                f'"{node.field}" is not a filterable field of {kind}'
                f"{field_hints(node.field, kind)}",
                text=str(filter),
            )
