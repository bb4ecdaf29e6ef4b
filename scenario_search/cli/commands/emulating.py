"""``emulate`` and ``demo``: the embedded emulator, for other processes and for a look around."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs
import typer
from rich.console import Console

from scenario_search.cli.connection import Debug, Demo, debug_option
from scenario_search.cli.examples import examples_of
from scenario_search.cli.failures import CommandError
from scenario_search.cli.help import Command
from scenario_search.cli.options import add_command, option
from scenario_search.concurrency.threads import in_thread
from scenario_search.http.credentials import API_KEY, API_SECRET
from scenario_search.http.options import BASE_URL, PROJECT_ID

if TYPE_CHECKING:
    from scenario_search.emulator import Emulator

__all__ = ["add_emulator"]

_Kind: TypeAlias = Literal["assets", "models", "workflows"]

_OPTIONS: Final = (
    *("host", "port", "allowed_hosts", "cors_origins", "api_key", "api_secret", "project_id"),
    *("result_cap", "sort_first"),
)
"""The options of the command that are the emulator's own."""


@attrs.frozen(kw_only=True)
class Served:
    """What the emulator serves, and where."""

    host: str = option("127.0.0.1", "The address to listen on; 0.0.0.0 in a container.")
    port: int = option(8711, "The port; 0 for a free one.", min=0, max=65535)
    allowed_hosts: list[str] | None = option(
        None, "A host name to answer to; repeatable.", "--allow-host", metavar="NAME"
    )
    cors_origins: list[str] | None = option(
        None,
        "An origin whose web pages may search, such as http://localhost:5173; repeatable.",
        "--cors",
        metavar="ORIGIN",
    )
    api_key: str | None = option(
        None, "The key to ask for.", envvar="SCENARIO_EMULATOR_API_KEY", metavar="KEY"
    )
    api_secret: str | None = option(
        None, "The secret to ask for.", envvar="SCENARIO_EMULATOR_API_SECRET", metavar="SECRET"
    )
    project_id: str | None = option(
        None, "The project to be, such as that of the --data.", "--project", metavar="ID"
    )
    data: list[Path] | None = option(
        None, "A JSONL file of assets to load; repeatable.", dir_okay=False, metavar="FILE"
    )
    models: list[Path] | None = option(
        None, "A JSONL file of models to load; repeatable.", dir_okay=False, metavar="FILE"
    )
    workflows: list[Path] | None = option(
        None, "A JSONL file of workflows to load; repeatable.", dir_okay=False, metavar="FILE"
    )
    files: Path | None = option(
        None,
        "A folder of pictures, each named by its asset's id.",
        file_okay=False,
        metavar="FOLDER",
    )
    db: Path | None = option(
        None,
        "A database file, kept; without it all is forgotten.",
        dir_okay=False,
        metavar="FILE",
    )
    demo: bool = option(False, "Load the demo data.")
    result_cap: int = option(1000, "The number of hits of a search that can be reached.", min=1)
    sort_first: bool = option(False, "Sort before relevance, not among equally relevant hits.")
    per_minute: int | None = option(
        None, "The number of searches per minute; more are a 429.", "--rate-limit", min=0
    )
    quota: int | None = option(
        None, "The number of searches in all; more are a QUOTA_EXCEEDED.", min=0
    )
    debug: bool = debug_option()

    def sources(self) -> list[tuple[Path, _Kind]]:
        """Returns the files to load, and the kind of the documents in each."""
        every: tuple[tuple[list[Path] | None, _Kind], ...] = (
            (self.data, "assets"),
            (self.models, "models"),
            (self.workflows, "workflows"),
        )
        return [(path, kind) for paths, kind in every for path in paths or ()]

    def options(self) -> dict[str, Any]:
        """Returns the options of the emulator that are not left to its defaults."""
        values = {name: getattr(self, name) for name in _OPTIONS} | {"path": self.db}
        return {name: value for name, value in values.items() if value is not None}


def add_emulator(app: typer.Typer) -> None:
    """Adds the commands."""
    doc = "Serve an emulator of the API until Ctrl-C."
    add_command(app, "emulate", doc, _emulate, Served)
    app.command("demo", cls=Command, epilog=examples_of("demo"))(_demo)


def _demo(
    debug: Debug = False,  # noqa: ARG001 - its callback sees it
    demo: Demo = False,  # noqa: ARG001 - it is one
) -> None:
    """Tour the client on an embedded emulator: no account, no network."""
    from scenario_search.cli.commands.tour import tour  # noqa: PLC0415 - it needs the emulator

    asyncio.run(tour(Console(highlight=False)))


def _emulate(served: Served) -> None:
    from scenario_search.emulator import (  # noqa: PLC0415 - it needs the extra
        Emulator,
        InvalidDocumentError,
        StoreError,
    )

    for path, _ in served.sources():
        if not path.is_file():
            raise typer.BadParameter(f"there is no file {path}")
    if served.files is not None and not served.data:
        raise typer.BadParameter("--files go with the assets of --data")
    start = Emulator.demo if served.demo else Emulator
    try:
        emulator = start(**served.options())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    for name in ("per_minute", "quota"):
        if (number := getattr(served, name)) is not None:
            emulator.faults.add(**{name: number})
    try:
        asyncio.run(_serve(emulator, served))
    except (InvalidDocumentError, StoreError) as error:
        raise CommandError(str(error)) from None


async def _serve(emulator: Emulator, served: Served) -> None:
    err = Console(stderr=True, highlight=False)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        _on_signal(name, loop, stop.set)
    try:
        await emulator.start(ready=False)
    except OSError as error:
        # The socket module passes on the numbers of name resolution as those of the system.
        if error.errno in (errno.EADDRNOTAVAIL, socket.EAI_NONAME, socket.EAI_AGAIN):
            raise CommandError(f"this machine has no address {served.host!r} for --host") from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CommandError(
            f"cannot listen: {reason}; choose another --port, or 0 for a free one"
        ) from None
    # A load ends only with the emulator: Ctrl-C must not wait for it.
    loading = asyncio.create_task(_load(emulator, served, err))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({loading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            await loading
            emulator.mark_ready()
            await stopping
    finally:
        stopping.cancel()
        await emulator.stop()
        await asyncio.gather(loading, stopping, return_exceptions=True)
    err.print("Stopped.")


def _on_signal(
    name: signal.Signals, loop: asyncio.AbstractEventLoop, act: Callable[[], object]
) -> None:
    """Has a function called in the loop when the signal comes."""
    try:
        loop.add_signal_handler(name, act)
    except NotImplementedError:  # on Windows
        signal.signal(name, lambda *_: loop.call_soon_threadsafe(act))


async def _load(emulator: Emulator, served: Served, err: Console) -> None:
    """Loads the files, and writes what the emulator holds and how to use it."""
    sources = served.sources()
    for path, kind in sources:
        files = served.files if kind == "assets" else None
        await _load_file(emulator, path, kind, files, err)
    if sources or served.db:  # the demo has documents of others on purpose
        await in_thread(_warn_of_invisible, emulator, err)
    counts = await in_thread(emulator.counts)
    held = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
    database = served.db or "temporary: all is forgotten at the end"
    err.print("The emulator is ready.", style="bold")
    err.print(f"  holds      {held}")
    err.print(f"  database   {database}", markup=False)
    err.print("  stop       Ctrl-C", end="\n\n")
    err.print("Use it with", style="bold")
    print(  # noqa: T201 - for eval "$(...)", so nothing else is on standard output
        f"export {BASE_URL}={emulator.url}\n"
        f"export {API_KEY}={emulator.api_key}\n"
        f"export {API_SECRET}={emulator.api_secret}\n"
        f"export {PROJECT_ID}={emulator.project_id}",
        flush=True,
    )


def _warn_of_invisible(emulator: Emulator, err: Console) -> None:
    """Names the projects whose documents no search would find, and what to do."""
    for kind in emulator.counts():
        for project, number in emulator.invisible(kind).items():
            err.print(
                f"Warning: {number:,} {kind} belong to the project {project} and are not public,"
                f" so no search finds them. To find them, start with --project {project}",
                markup=False,
                soft_wrap=True,
            )


async def _load_file(
    emulator: Emulator,
    path: Path,
    kind: _Kind,
    files: Path | None,
    err: Console,
) -> None:
    err.print(f"Loading {path}", markup=False)
    report = await emulator.load(path, kind, files=files)
    err.print(f"  {report.added:,} {kind} added, {report.updated:,} updated")
    if files is not None:
        err.print(
            f"  {report.files_matched:,} files with them, {len(report.files_unmatched):,}"
            f" of no asset, {len(report.files_unreadable):,} unreadable"
        )
