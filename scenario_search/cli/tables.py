"""Hits as a table that fits the terminal: the wider it is, the more columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scenario_search.cli.writing import named_output
from scenario_search.display.lines import kind, model, pixels, tags, title
from scenario_search.text import clean, file_size
from scenario_search.wire.hits import Hit

__all__ = ["print_hits", "print_rows"]


@attrs.frozen
class Column:
    """A column of a table of hits.

    Attributes:
        name: Its head.
        value: What it shows of a hit.
        from_width: How wide a terminal must be for it.
        most: The most it may take; ``None`` for what is left, shared with others.
        right: Whether it is aligned to the right.
    """

    name: str
    value: Callable[[Any], str]
    from_width: int = 0
    most: int | None = None
    right: bool = False


def _id(hit: Hit) -> str:
    return clean(hit.id, 80)


def _made(hit: Hit) -> str:
    return clean(hit.created_at, 40)[:10]


def _size(hit: Any) -> str:
    return pixels(hit) or file_size(hit.metadata.size)


def _tags(hit: Hit) -> str:
    return ", ".join(tags(hit))


_MADE = Column("made", _made, 70, 10)
_ID = Column("id", _id)
_COLUMNS: dict[str, tuple[Column, ...]] = {
    "assets": (
        Column("name", title),
        Column("kind", kind, 60, 8),
        Column("size", _size, 80, 12, right=True),
        Column("model", model, 100, 16),
        Column("prompt", lambda hit: clean(hit.metadata.prompt or hit.description), 120),
        _MADE,
        _ID,
    ),
    "models": (
        Column("name", title),
        Column("type", kind, 60, 16),
        Column("does", lambda hit: clean(", ".join(map(str, hit.capabilities[:9]))), 100),
        Column("tags", _tags, 120),
        _MADE,
        _ID,
    ),
    "workflows": (
        Column("name", title),
        Column("status", kind, 60, 10),
        Column("about", lambda hit: clean(hit.description or hit.short_description), 100),
        Column("tags", _tags, 140),
        _MADE,
        _ID,
    ),
}
_LEAST_NAME = 12


def print_hits(console: Console, hits: Sequence[Hit], what: str) -> None:
    """Print hits of a kind ("assets", "models", "workflows") as a table."""
    columns = [column for column in _COLUMNS[what] if console.width >= column.from_width]
    cells = [[column.value(hit) for column in columns] for hit in hits]
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


def print_rows(
    console: Console, heads: Sequence[str], rows: Sequence[Sequence[object]], *, last_grows: bool
) -> None:
    """Print rows of values as a table.

    Args:
        console: Where.
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
