"""The command line: ``scenario-search``, or ``python -m scenario_search``."""

from __future__ import annotations

import asyncio

import typer
from rich.console import Console

__all__ = ["app", "main"]

app = typer.Typer(
    help="Search Scenario's assets and models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Keep the commands' names, however few there are."""


@app.command()
def demo() -> None:
    """Tour the client on an embedded emulator, with no account and no network."""
    from scenario_search.demo import tour  # noqa: PLC0415 - only this command needs the emulator

    asyncio.run(tour(Console(highlight=False)))


def main() -> None:
    """Run the command line."""
    app()
