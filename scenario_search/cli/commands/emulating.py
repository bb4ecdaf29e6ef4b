"""``emulate`` and ``demo``: the embedded emulator, for other processes and for a look around."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from scenario_search.cli.connection import Debug, Demo
from scenario_search.cli.examples import examples_of
from scenario_search.cli.help import Command
from scenario_search.cli.writing import say
from scenario_search.concurrency.threads import in_thread
from scenario_search.http.credentials import API_KEY, API_SECRET
from scenario_search.http.options import BASE_URL

if TYPE_CHECKING:
    from scenario_search.emulator import Emulator

__all__ = ["add_emulator"]


def add_emulator(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("emulate", cls=Command, epilog=examples_of("emulate"))(_emulate)
    app.command("demo", cls=Command, epilog=examples_of("demo"))(_demo)


def _demo(
    debug: Debug = False,  # noqa: ARG001 - its callback sees it
    demo: Demo = False,  # noqa: ARG001 - it is one
) -> None:
    """Tour the client on an embedded emulator: no account, no network."""
    from scenario_search.cli.commands.tour import tour  # noqa: PLC0415 - it needs the emulator

    asyncio.run(tour(Console(highlight=False)))


def _emulate(
    port: Annotated[
        int, typer.Option(help="The port; 0 for a free one.", min=0, max=65535, metavar="N")
    ] = 8711,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            help="A JSONL file of assets to load; may be given again.",
            dir_okay=False,
            metavar="FILE",
        ),
    ] = None,
    models: Annotated[
        list[Path] | None,
        typer.Option(
            help="A JSONL file of models to load; may be given again.",
            dir_okay=False,
            metavar="FILE",
        ),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option(
            help="A folder of pictures, each named by its asset's id.",
            file_okay=False,
            metavar="FOLDER",
        ),
    ] = None,
    db: Annotated[
        Path | None,
        typer.Option(
            help="A database file, kept; without it all is forgotten.",
            dir_okay=False,
            metavar="FILE",
        ),
    ] = None,
    with_demo: Annotated[bool, typer.Option("--demo", help="Load the demo data.")] = False,
    debug: Debug = False,  # noqa: ARG001 - its callback sees it
) -> None:
    """Serve an emulator of the API on 127.0.0.1 until Ctrl-C."""
    from scenario_search.emulator import Emulator  # noqa: PLC0415 - it needs the extra

    loads = [(path, "assets") for path in data or ()] + [(path, "models") for path in models or ()]
    for path, _ in loads:
        if not path.is_file():
            raise typer.BadParameter(f"there is no file {path}")
    if files is not None and not data:
        raise typer.BadParameter("--files go with the assets of --data")
    emulator = Emulator.demo(path=db, port=port) if with_demo else Emulator(db, port=port)
    asyncio.run(_serve(emulator, loads, files, db))


async def _serve(
    emulator: Emulator, loads: list[tuple[Path, str]], files: Path | None, db: Path | None
) -> None:
    err = Console(stderr=True, highlight=False)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        _on_signal(name, loop, stop.set)
    await _start(emulator)
    # A load ends only with the emulator: Ctrl-C must not wait for it.
    telling = asyncio.create_task(_load_and_tell(emulator, loads, files, db, err))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({telling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            await telling
            await stopping
    finally:
        stopping.cancel()
        await emulator.stop()
        await asyncio.gather(telling, stopping, return_exceptions=True)
    err.print("Stopped.")


def _on_signal(
    name: signal.Signals, loop: asyncio.AbstractEventLoop, act: Callable[[], object]
) -> None:
    """Has a function called in the loop when the signal comes."""
    try:
        loop.add_signal_handler(name, act)
    except NotImplementedError:  # on Windows
        signal.signal(name, lambda *_: loop.call_soon_threadsafe(act))


async def _start(emulator: Emulator) -> None:
    from scenario_search.emulator import StoreError  # noqa: PLC0415 - it needs the extra

    try:
        await emulator.start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        say(f"Error: cannot listen: {reason}; choose another --port, or 0 for a free one")
        raise typer.Exit(1) from None
    except StoreError as error:
        say(f"Error: {error}")
        raise typer.Exit(1) from None


async def _load_and_tell(
    emulator: Emulator,
    loads: list[tuple[Path, str]],
    files: Path | None,
    db: Path | None,
    err: Console,
) -> None:
    from scenario_search.emulator import InvalidDocumentError  # noqa: PLC0415 - likewise

    for path, kind in loads:
        err.print(f"Loading {path}", markup=False)
        try:
            report = await emulator.load(
                path,
                "models" if kind == "models" else "assets",
                files=files if kind == "assets" else None,
            )
        except InvalidDocumentError as error:
            say(f"Error: {error}")
            raise typer.Exit(1) from None
        err.print(f"  {report.added:,} {kind} added, {report.updated:,} updated")
        if files is not None and kind == "assets":
            err.print(
                f"  {report.files_matched:,} files with them, {len(report.files_unmatched):,}"
                f" of no asset, {len(report.files_unreadable):,} unreadable"
            )
    counts = await in_thread(emulator.counts)
    held = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
    err.print("The emulator is ready.", style="bold")
    err.print(f"  holds      {held}")
    err.print(f"  database   {db or 'temporary: all is forgotten at the end'}", markup=False)
    err.print("  stop       Ctrl-C", end="\n\n")
    err.print("Use it with", style="bold")
    print(  # noqa: T201 - for eval "$(...)", so nothing else is on standard output
        f"export {BASE_URL}={emulator.url}\n"
        f"export {API_KEY}={emulator.api_key}\n"
        f"export {API_SECRET}={emulator.api_secret}",
        flush=True,
    )
