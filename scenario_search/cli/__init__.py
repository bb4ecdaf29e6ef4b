"""The command line: ``scenario-search``, or ``python -m scenario_search``.

It needs the extra ``cli``: ``pip install 'scenario-search[cli]'``.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from scenario_search._version import __version__
from scenario_search.cli.commands.crawls import add_crawls
from scenario_search.cli.commands.doctor import add_doctor
from scenario_search.cli.commands.downloads import add_download
from scenario_search.cli.commands.emulating import add_emulator
from scenario_search.cli.commands.filter_checks import add_filter_commands
from scenario_search.cli.commands.pieces import add_plans, add_run
from scenario_search.cli.commands.searches import add_counts, add_searches
from scenario_search.cli.commands.whoami import add_whoami
from scenario_search.cli.completion import join_at_colons
from scenario_search.cli.connection import Debug
from scenario_search.cli.examples import examples_of
from scenario_search.cli.failures import EXIT_CODES, Commands
from scenario_search.cli.help import Group
from scenario_search.http.credentials import API_KEY, API_SECRET, BEARER_AUTH

__all__ = ["app", "main"]

app = typer.Typer(
    cls=Commands,
    help="Search Scenario's assets, models and workflows.\n\n"
    f"Credentials come from {API_KEY} and {API_SECRET}, or {BEARER_AUTH}. "
    "Without an account, add --demo to any command.",
    epilog=f"{examples_of('')}\n\n{EXIT_CODES}",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"scenario-search {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    debug: Debug = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    pass


def _group(name: str, help: str) -> typer.Typer:
    group = typer.Typer(cls=Group, no_args_is_help=True, help=help, epilog=examples_of(name))
    app.add_typer(group, name=name)
    return group


add_searches(app)
add_counts(_group("count", "Count assets, models or workflows."))
add_crawls(_group("crawl", "Fetch every hit, past the engine's cap; resumable."))
add_plans(_group("plan", "Cut a crawl into pieces for many machines."))
add_run(app)
add_download(app)
add_filter_commands(_group("filter", "Check a filter, or list the fields it may name."))
add_whoami(app)
add_doctor(app)
add_emulator(app)


def main() -> None:
    """Runs the command line.

    What other programs read is UTF-8, as files are, whatever the locale. A terminal of another
    encoding shows what it can.
    """
    for name in ("stdin", "stdout", "stderr"):
        # Python has None for a stream that was closed before it began.
        if getattr(sys, name) is None:
            # As it is with the others, nothing closes it.
            nowhere = os.open(os.devnull, os.O_RDWR)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            read_by_program = stream is sys.stdout and not stream.isatty()
            encoding = "utf-8" if read_by_program else stream.encoding
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
    join_at_colons(os.environ)
    app(prog_name="scenario-search")
