"""``emulate`` and ``demo``: the embedded emulator, for other processes and for a look around."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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
from scenario_search.http.options import BASE_URL

if TYPE_CHECKING:
    from scenario_search.emulator import Emulator

__all__ = ["add_emulator"]


@attrs.frozen(kw_only=True)
class Served:
    """What the emulator serves, and where."""

    port: int = option(8711, "The port; 0 for a free one.", min=0, max=65535)
    data: list[Path] | None = option(
        None, "A JSONL file of assets to load; may be given again.", dir_okay=False, metavar="FILE"
    )
    models: list[Path] | None = option(
        None, "A JSONL file of models to load; may be given again.", dir_okay=False, metavar="FILE"
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
    debug: bool = debug_option()


def add_emulator(app: typer.Typer) -> None:
    """Adds the commands."""
    doc = "Serve an emulator of the API on 127.0.0.1 until Ctrl-C."
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

    for path in (*(served.data or ()), *(served.models or ())):
        if not path.is_file():
            raise typer.BadParameter(f"there is no file {path}")
    if served.files is not None and not served.data:
        raise typer.BadParameter("--files go with the assets of --data")
    start = Emulator.demo if served.demo else Emulator
    try:
        asyncio.run(_serve(start(path=served.db, port=served.port), served))
    except (InvalidDocumentError, StoreError) as error:
        raise CommandError(str(error)) from None


async def _serve(emulator: Emulator, served: Served) -> None:
    err = Console(stderr=True, highlight=False)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        _on_signal(name, loop, stop.set)
    try:
        await emulator.start()
    except OSError as error:
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
    for path in served.data or ():
        await _load_file(emulator, path, "assets", served.files, err)
    for path in served.models or ():
        await _load_file(emulator, path, "models", None, err)
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
        f"export {API_SECRET}={emulator.api_secret}",
        flush=True,
    )


async def _load_file(
    emulator: Emulator,
    path: Path,
    kind: Literal["assets", "models"],
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
