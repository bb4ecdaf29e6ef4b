"""Hits as a table: for a terminal as wide as that is, for another program with tabs and uncut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scenario_search.cli.writing import emit, named_output
from scenario_search.display.cards import Card, dimensions
from scenario_search.text import clean, file_size
from scenario_search.wire.hits import Hit

__all__ = ["emit_hits", "emit_rows", "print_hits", "print_rows"]


_UNCUT = 10_000
"""Characters of a value that are shown at most: a server may send megabytes."""


@attrs.frozen
class Column:
    """A column of a table of hits.

    Attributes:
        name: Its head.
        value: What it shows of a hit, which it gets with the hit's card.
        from_width: How wide a terminal must be for it.
        most: The most it may take; ``None`` for what is left, shared with others.
        right: Whether it is aligned to the right.
    """

    name: str
    value: Callable[[Any, Card], str]
    from_width: int = 0
    most: int | None = None
    right: bool = False


def _size(hit: Any, _: Card) -> str:
    return dimensions(hit.metadata.width, hit.metadata.height) or file_size(hit.metadata.size)


_NAME = Column("name", lambda _, card: card.title)
_CREATED = Column("created", lambda hit, _: clean(hit.created_at, 40)[:10], 70, 10)
_TAGS = Column("tags", lambda _, card: ", ".join(card.tags), 120)
_ID = Column("id", lambda hit, _: clean(hit.id, 80))
_COLUMNS: dict[str, tuple[Column, ...]] = {
    "assets": (
        _NAME,
        Column("kind", lambda _, card: card.kind, 60, 8),
        Column("size", _size, 80, 12, right=True),
        Column("model", lambda hit, _: hit._model(), 100, 16),
        Column("prompt", lambda hit, _: clean(hit.metadata.prompt or hit.description, _UNCUT), 120),
        _CREATED,
        _ID,
    ),
    "models": (
        _NAME,
        Column("type", lambda _, card: card.kind, 60, 16),
        Column(
            "capabilities", lambda hit, _: clean(", ".join(map(str, hit.capabilities[:9]))), 100
        ),
        _TAGS,
        _CREATED,
        _ID,
    ),
    "workflows": (
        _NAME,
        Column("status", lambda _, card: card.kind, 60, 10),
        Column(
            "description",
            lambda hit, _: clean(hit.description or hit.short_description, _UNCUT),
            100,
        ),
        attrs.evolve(_TAGS, from_width=140),
        _CREATED,
        _ID,
    ),
}
_LEAST_NAME = 12


def print_hits(console: Console, hits: Sequence[Hit], what: str) -> None:
    """Prints hits of a kind ("assets", "models", "workflows") as a table that fits the console."""
    columns = [column for column in _columns(what) if console.width >= column.from_width]
    cells = _cells(hits, columns)
    table = _table()
    for index, column in enumerate(columns):
        widest = max((Text(row[index]).cell_len for row in cells), default=0)
        # An id is of use only when it is whole: it gives way last.
        fixed = column.most or (
            min(widest, console.width - _LEAST_NAME - 2) if column is _ID else None
        )
        table.add_column(
            column.name,
            no_wrap=True,
            justify="right" if column.right else "left",
            width=fixed if column is _ID and fixed else None,
            max_width=fixed,
            ratio=None if fixed else 1,
            overflow="ellipsis",
        )
    for row in cells:
        table.add_row(*map(Text, row))
    _print(console, table)


def emit_hits(hits: Sequence[Hit], what: str) -> None:
    """Writes hits for another program: a line each of all columns, uncut, separated by tabs."""
    emit_rows(_cells(hits, _columns(what)))


def emit_rows(rows: Sequence[Sequence[object]]) -> None:
    """Writes rows of values for another program, separated by tabs."""
    emit("".join("\t".join(clean(value, _UNCUT) for value in row) + "\n" for row in rows))


def _columns(what: str) -> tuple[Column, ...]:
    return _COLUMNS.get(what, (_NAME, _TAGS, _CREATED, _ID))


def _cells(hits: Sequence[Hit], columns: Sequence[Column]) -> list[list[str]]:
    return [
        [column.value(hit, card) for column in columns]
        for hit, card in ((hit, hit._card()) for hit in hits)
    ]


def print_rows(
    console: Console, heads: Sequence[str], rows: Sequence[Sequence[object]], *, last_grows: bool
) -> None:
    """Prints rows of values as a table.

    Args:
        console: Where to print.
        heads: The columns' names.
        rows: The values.
        last_grows: Whether the last column breaks its lines, where it is too long.
    """
    table = _table(expand=False)
    for index, head in enumerate(heads):
        table.add_column(head, no_wrap=not (last_grows and index == len(heads) - 1))
    for row in rows:
        table.add_row(*(Text(clean(value, 300)) for value in row))
    _print(console, table)


def _print(console: Console, table: Table) -> None:
    with named_output():
        console.print(table)


def _table(*, expand: bool = True) -> Table:
    return Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        expand=expand,
        header_style="bold",
    )
