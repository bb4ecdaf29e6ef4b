"""``download``: the files of the assets that a search finds, or that a file lists."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from scenario_search.cli import options
from scenario_search.cli.commands.searches import conditions
from scenario_search.cli.connection import Connection, run
from scenario_search.cli.examples import examples_of
from scenario_search.cli.failures import INCOMPLETE
from scenario_search.cli.help import Command
from scenario_search.cli.writing import say
from scenario_search.errors import APIResponseValidationError
from scenario_search.progress import ProgressBar
from scenario_search.text import clean, count, duration, file_size
from scenario_search.wire.hits import SearchAssetSearchResponse
from scenario_search.wire.params import SearchAssetSearchParams

if TYPE_CHECKING:
    from scenario_search.files.download import DownloadReport

__all__ = ["add_download"]

_PANEL = "Download"
_POSITION = ("offset", "page", "hits_per_page", "limit")
_SHOWN = 10


@attrs.frozen(kw_only=True)
class _Files:
    """What is downloaded, and where to."""

    directory: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Folder to download to; created if missing.",
            metavar="FOLDER",
            file_okay=False,
            rich_help_panel=_PANEL,
        ),
    ] = Path()
    listed: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="JSON Lines file of assets, such as a crawl's, in place of a search; - for "
            "standard input.",
            metavar="FILE",
            rich_help_panel=_PANEL,
        ),
    ] = None
    crawl: Annotated[
        bool,
        typer.Option(
            "--crawl",
            help="Crawl past the engine's result cap, in place of a plain search.",
            rich_help_panel=_PANEL,
        ),
    ] = False
    concurrency: Annotated[
        int,
        typer.Option(
            help="Maximum of concurrent downloads.",
            min=1,
            metavar="N",
            rich_help_panel=_PANEL,
        ),
    ] = 8


def add_download(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("download", cls=Command, epilog=examples_of("download"))(
        options.with_signature(
            _download,
            "download",
            "Download the files of assets.\n\n"
            "What is in the folder already is not fetched again, so a download that was stopped "
            "goes on. manifest.jsonl in the folder has a line for each file.",
            options.arguments(SearchAssetSearchParams, without=_POSITION),
            options.fields_of(_Files),
            options.fields_of(Connection),
        )
    )


def _download(**values: Any) -> None:
    files, connection = options.take(_Files, values), options.take(Connection, values)
    keywords = conditions(values, connection, "assets")
    if files.listed is not None and keywords.keys() - {"max_items"}:
        raise typer.BadParameter("--from takes the place of a search: leave one of them out")
    if files.listed not in (None, "-"):
        # Before there is a folder with a manifest.
        Path(files.listed).open("rb").close()
    if files.crawl and keywords.pop("sort_by", None):
        raise typer.BadParameter("--crawl has an order of its own: leave --sort out")
    report, truncated = run(_fetch(files, keywords, connection))
    noun = "file" if report.downloaded == 1 else "files"
    summary = f"{count(report.downloaded)} {noun} fetched into {files.directory}"
    if report.downloaded:
        summary += f", {file_size(report.bytes)}, {duration(report.elapsed)}"
    if report.skipped:
        summary += f"; {count(report.skipped)} were there already"
    say(f"{summary}.")
    for file in report.failed[:_SHOWN]:
        say(f"Failed: {clean(file.id, 80)}: {clean(file.error, 300)}")
    if len(report.failed) > _SHOWN:
        say(f"and {count(len(report.failed) - _SHOWN)} more: see manifest.jsonl")
    if report.failed or truncated:
        raise typer.Exit(INCOMPLETE)


async def _fetch(files: _Files, keywords: dict[str, Any], connection: Connection) -> DownloadReport:
    async with connection.client() as client:

        async def into_folder(assets: Any) -> DownloadReport:
            bar = ProgressBar("files")
            try:
                return await client.download(
                    assets,
                    files.directory,
                    concurrency=files.concurrency,
                    on_error="skip",
                    progress=partial(_show, bar),
                )
            finally:
                bar.close()

        if files.listed is not None:
            return await into_folder(islice(_listed(files.listed), keywords.get("max_items")))
        if files.crawl:
            async with client.crawl.assets(**keywords) as crawl:
                return await into_folder(crawl)
        return await into_folder(client.search.asset_search(**keywords))


def _show(bar: ProgressBar, report: DownloadReport) -> None:
    failed = f", {count(len(report.failed))} failed" if report.failed else ""
    bar.update(report.downloaded + report.skipped, detail=f"{file_size(report.bytes)}{failed}")


def _listed(name: str) -> Iterator[SearchAssetSearchResponse]:
    """Yields assets, of which a file holds a line of JSON each.

    Raises:
        typer.BadParameter: A line is none.
    """
    from scenario_search.converter import structure  # noqa: PLC0415 - few downloads need it
    from scenario_search.wire.codec import read_json  # noqa: PLC0415 - likewise

    with sys.stdin.buffer if name == "-" else Path(name).open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                asset = structure(read_json(line), SearchAssetSearchResponse)
            except (ValueError, APIResponseValidationError) as error:
                raise typer.BadParameter(f"{name}, line {number}: {error}") from None
            yield asset
