"""``filter check`` and ``filter fields``: filters without a server."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from scenario_search.cli.connection import Demo
from scenario_search.cli.examples import examples_of
from scenario_search.cli.help import Command
from scenario_search.cli.tables import emit_rows, print_rows
from scenario_search.cli.writing import emit, inert, json_text, say, terminal
from scenario_search.errors import InvalidFilterError
from scenario_search.filters import parse
from scenario_search.filters.expressions import undocumented_conditions
from scenario_search.filters.fields import FIELDS, Kind, field_hints
from scenario_search.filters.tree import Filter

__all__ = ["add_filter_commands", "check_filter"]

_KIND = typer.Option("--kind", help="Kind of hits to filter.", metavar="|".join(FIELDS))


def check_filter(text: str, kind: Kind) -> Filter | None:
    """Returns the parsed filter, or ``None`` if it has no condition.

    Raises:
        InvalidFilterError: It has a syntax error, or a field that is not documented for the kind.
    """
    filter = parse(text)
    if filter is None:
        return None
    for node in undocumented_conditions(filter, kind):
        match = re.search(rf"(?<![\w.-]){re.escape(node.field)}(?![\w.-])", text)
        raise InvalidFilterError(
            f'"{node.field}" is not a documented field of {kind}{field_hints(node.field, kind)}',
            text=text,
            position=None if match is None else match.start(),
        )
    return filter


def add_filter_commands(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("check", cls=Command, epilog=examples_of("filter check"))(_check)
    app.command("fields", cls=Command, epilog=examples_of("filter fields"))(_fields)


def _check(
    text: Annotated[str, typer.Argument(help="Filter to check.", metavar="TEXT")],
    kind: Annotated[Kind, _KIND] = "assets",
    demo: Demo = False,  # noqa: ARG001 - no server is asked
) -> None:
    """Check a filter: print how it is understood, or what is wrong and where."""
    filter = check_filter(text, kind)
    emit(f"{inert(str(filter)) if filter is not None else '(no condition)'}\n")
    say("The filter is valid.")


def _fields(
    kind: Annotated[Kind, _KIND] = "assets",
    as_json: Annotated[bool, typer.Option("--json", help="JSON: one line per field.")] = False,
    demo: Demo = False,  # noqa: ARG001 - no server is asked
) -> None:
    """List the fields that a filter may name."""
    rows = [(name, field.value_type, field.about[kind]) for name, field in FIELDS[kind].items()]
    if as_json:
        for name, type_, about in rows:
            emit(json_text({"name": name, "type": type_, "about": about}) + "\n")
        return
    console = terminal()
    if console.is_terminal:
        print_rows(console, ("field", "type", "holds"), rows, last_grows=True)
    else:
        emit_rows(rows)
