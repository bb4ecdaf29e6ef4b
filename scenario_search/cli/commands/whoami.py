"""``whoami``: whether the credentials are accepted, by one small search."""

from __future__ import annotations

from typing import Any

import attrs
import typer

from scenario_search.cli.connection import Connection, run
from scenario_search.cli.options import add_command, option
from scenario_search.cli.writing import emit, inert, json_text
from scenario_search.http.credentials import take_credentials
from scenario_search.http.options import resolve_project_id
from scenario_search.text import clean, duration

__all__ = ["add_whoami"]


@attrs.frozen(kw_only=True)
class WhoamiOptions:
    """For which project, and in what form."""

    project_id: str | None = option(None, "Project to search in.", "--project", metavar="ID")
    json: bool = option(False, "As JSON.")


def add_whoami(app: typer.Typer) -> None:
    """Adds the command."""
    doc = "Check the credentials with one small search; they are not shown."
    add_command(app, "whoami", doc, _whoami, WhoamiOptions, Connection)


def _whoami(options: WhoamiOptions, connection: Connection) -> None:
    account, _ = run(_ask(connection, options.project_id))
    if options.json:
        emit(json_text(account) + "\n")
        return
    for what, value in account.items():
        if value is not None:
            emit(f"{what.replace('_', ' '):<12} {inert(str(value), lines=False)}\n")


async def _ask(connection: Connection, project_id: str | None) -> dict[str, Any]:
    """Searches for one hit of the caller's own, which names its owner."""
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
