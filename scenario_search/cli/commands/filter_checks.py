"""``filter check`` and ``filter fields``: filters without a server."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from scenario_search.cli.connection import Demo
from scenario_search.cli.examples import examples_of
from scenario_search.cli.help import Command
from scenario_search.cli.tables import print_rows
from scenario_search.cli.writing import emit, inert, json_text, say, terminal
from scenario_search.errors import InvalidFilterError
from scenario_search.filters import parse
from scenario_search.filters.fields import FIELDS, Kind, field_hints
from scenario_search.filters.tree import Condition, Filter, walk

__all__ = ["add_filter_commands", "checked", "unknown_fields"]

_KIND = typer.Option("--kind", help="Kind of hits to filter.", metavar="|".join(FIELDS))


def checked(text: str, what: str) -> Filter | None:
    """Returns the filter that a text says.

    Raises:
        InvalidFilterError: It cannot be read.
    """
    try:
        return parse(text)
    except InvalidFilterError as error:
        error.add_note(f"--unchecked sends it all the same; see: filter fields --kind {what}")
        raise


def _unknown(filter: Filter | None, kind: Kind) -> list[str]:
    if filter is None:
        return []
    fields = [node.field for node in walk(filter) if isinstance(node, Condition)]
    return [name for name in dict.fromkeys(fields) if name not in FIELDS[kind]]


def _advice(name: str, kind: Kind) -> str:
    return f'"{name}" is not a documented field of {kind}{field_hints(name, kind)}'


def unknown_fields(text: str | None, what: Any) -> str:
    """Returns which fields of a filter are not documented, with the nearest names, or ``""``."""
    try:
        filter = parse(text or "")
    except InvalidFilterError:
        return ""
    return "; ".join(_advice(name, what) for name in _unknown(filter, what))


def add_filter_commands(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("check", cls=Command, epilog=examples_of("filter check"))(_check)
    app.command("fields", cls=Command, epilog=examples_of("filter fields"))(_fields)


def _check(
    text: Annotated[str, typer.Argument(help="Filter to check.", metavar="TEXT")],
    kind: Annotated[Kind, _KIND] = "assets",
    demo: Demo = False,  # noqa: ARG001 - no server is asked
) -> None:
    """Raises what is wrong with a filter, and where; else writes how it is understood."""
    filter = parse(text)
    if unknown := _unknown(filter, kind):
        name = unknown[0]
        match = re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", text)
        raise InvalidFilterError(
            _advice(name, kind), text=text, position=None if match is None else match.start()
        )
    emit(f"{inert(str(filter)) if filter is not None else '(no condition)'}\n")
    say("The filter is good.")


def _fields(
    kind: Annotated[Kind, _KIND] = "assets",
    as_json: Annotated[bool, typer.Option("--json", help="JSON: one line per field.")] = False,
    demo: Demo = False,  # noqa: ARG001 - no server is asked
) -> None:
    """List the fields that a filter may name."""
    rows = [
        (name, field.value_type, field.description(kind)) for name, field in FIELDS[kind].items()
    ]
    if as_json:
        for name, type_, about in rows:
            emit(json_text({"name": name, "type": type_, "about": about}) + "\n")
        return
    print_rows(terminal(), ("field", "type", "holds"), rows, last_grows=True)
