"""Document numbers as arrays: read from SQLite, and ranked for sorting."""
# Table and column names come from the declarations in fields.py, never from outside, and values
# are always bound:
# ruff: noqa: S608

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from scenario_search.emulator.contract.fields import Kind, SortKey

__all__ = ["Changes", "FieldRanks", "Numbers", "joint_ranks", "read_numbers", "read_ranks"]

Numbers: TypeAlias = npt.NDArray[np.int64]

LAST: Final = np.iinfo(np.int32).max
"""The rank of a document that lacks the field that is sorted by."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an index has to catch up with.

    Attributes:
        revision: The revision these changes lead to.
        cleared: Whether the kind was cleared since: drop all that is known before anything else.
        changed: The numbers of the documents added or replaced since, rising.
        deleted: The numbers of the documents deleted since, rising.
    """

    revision: int
    cleared: bool
    changed: Numbers
    deleted: Numbers


def read_numbers(
    connection: sqlite3.Connection,
    tables: str,
    source: str,
    parameters: Sequence[Any] | Mapping[str, Any],
) -> Numbers:
    """The numbers that `{tables}SELECT doc {source}` gives, rising and read-only."""
    # One text of all numbers is read several times as fast as a row for each.
    (listed,) = connection.execute(
        f"{tables}SELECT group_concat(doc) {source}", parameters
    ).fetchone()
    numbers = _parsed(listed or "")
    numbers.sort()
    numbers.setflags(write=False)
    return numbers


@dataclass(frozen=True, slots=True)
class FieldRanks:
    """The rising order of one field.

    Attributes:
        first: The number of the first document of `ranks`.
        groups: How many different values there are.
        ranks: For each document from `first` on, 1 for the lowest value up to `groups` for the
            highest; 0 where the document is not there or lacks the field.
    """

    first: int
    groups: int
    ranks: Numbers

    def of(self, numbers: Numbers, *, descending: bool) -> Numbers:
        """The rank of each document, the lower the earlier; `LAST` without the field."""
        places = numbers - self.first
        inside = (places >= 0) & (places < len(self.ranks))
        ranks_here = self.ranks[np.where(inside, places, 0)]
        ordered = self.groups + 1 - ranks_here if descending else ranks_here
        ranks: Numbers = np.where(inside & (ranks_here > 0), ordered, LAST)
        return ranks


def read_ranks(connection: sqlite3.Connection, kind: Kind, key: SortKey) -> FieldRanks:
    """The order of a sort key's field over all documents of a kind."""
    column = f'"{key.field.name}"'
    groups = connection.execute(
        f"SELECT group_concat(doc), count(*) FROM {kind}_fields"
        f" WHERE {column} IS NOT NULL GROUP BY {column} ORDER BY {column}"
    ).fetchall()
    numbers = _parsed(",".join(listed for listed, _ in groups))
    first = int(numbers.min()) if groups else 0
    ranks = np.zeros(int(numbers.max()) - first + 1 if groups else 1, np.int64)
    sizes = [size for _, size in groups]
    ranks[numbers - first] = np.repeat(np.arange(1, len(groups) + 1), sizes)
    return FieldRanks(first, len(groups), ranks)


def joint_ranks(keys: Sequence[Numbers]) -> Numbers:
    """One rank from the ranks by several keys, the first the most important; ties stay ties."""
    order = np.lexsort(list(reversed(keys)))
    ordered = np.array(keys)[:, order]
    steps = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
    ranks = np.zeros(len(order), np.int64)
    ranks[order[1:]] = np.cumsum(steps)
    return ranks


def _parsed(listed: str) -> Numbers:
    return np.fromstring(listed, dtype=np.int64, sep=",") if listed else np.zeros(0, np.int64)
