"""``whoami``: whether the credentials are accepted, by one small search."""

from __future__ import annotations

from typing import Annotated, Any

import attrs
import typer

from scenario_search.cli import options
from scenario_search.cli.connection import Connection, run
from scenario_search.cli.examples import examples_of
from scenario_search.cli.help import Command
from scenario_search.cli.writing import emit, inert, json_text
from scenario_search.http.credentials import take_credentials
from scenario_search.http.options import resolve_project_id
from scenario_search.text import clean, duration

__all__ = ["add_whoami"]


@attrs.frozen(kw_only=True)
class WhoamiOptions:
    """For which project, and in what form."""

    project_id: Annotated[
        str | None, typer.Option("--project", help="Project to search in.", metavar="ID")
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False


def add_whoami(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("whoami", cls=Command, epilog=examples_of("whoami"))(
        options.with_signature(
            _whoami,
            "whoami",
            "Check the credentials with one small search; they are not shown.",
            options.fields_of(WhoamiOptions),
            options.fields_of(Connection),
        )
    )


def _whoami(**values: Any) -> None:
    asked, connection = options.take(WhoamiOptions, values), options.take(Connection, values)
    account, _ = run(_ask(connection, asked.project_id))
    if asked.as_json:
        emit(json_text(account) + "\n")
        return
    for what, value in account.items():
        if value is not None:
            emit(f"{what.replace('_', ' '):<12} {inert(str(value), lines=False)}\n")


async def _ask(connection: Connection, project_id: str | None) -> dict[str, Any]:
    """Search for one hit of the caller's own, which tells whose it is."""
    async with connection.client() as client:
        kind = "basic" if connection.demo else take_credentials({}).kind
        own = resolve_project_id(client.options.project_id)
        page = await client.search.asset_search(query="a", limit=1, project_id=project_id)
        hit = page.hits[0] if page.hits else None
        return {
            "api": client.base_url,
            "credentials": f"accepted ({kind})",
            "project": project_id or own or (hit and clean(hit.owner_id)) or None,
            "team": (hit and clean(hit.team_id)) or None,
            "answered_in": duration(page.response.elapsed),
        }
