"""``download``: the files of the assets that a search finds, or that a file lists."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import attrs
import typer

from scenario_search.cli.commands.searches import conditions
from scenario_search.cli.connection import Connection, run
from scenario_search.cli.failures import INCOMPLETE
from scenario_search.cli.options import add_command, arguments, option
from scenario_search.cli.writing import say
from scenario_search.errors import APIResponseValidationError
from scenario_search.files.options import DownloadOptions, DownloadReport
from scenario_search.text import clean, count, duration, file_size
from scenario_search.wire.hits import SearchAssetSearchResponse
from scenario_search.wire.params import SearchAssetSearchParams

__all__ = ["add_download"]

_POSITION = ("offset", "page", "hits_per_page", "limit")
_OWN = ("concurrency", "on_error", "progress")
_SHOWN = 10


@attrs.frozen(kw_only=True)
class _Files:
    """What is downloaded, and where to."""

    panel: ClassVar = "Download"

    directory: Path | None = option(
        None,
        "Folder to download to; created if missing; required.",
        *("--output", "-o"),
        metavar="FOLDER",
        file_okay=False,
    )
    listed: str | None = option(
        None,
        "JSON Lines file of assets, such as a crawl's, in place of a search; - for standard input.",
        "--from",
        metavar="FILE",
    )
    crawl: bool = option(False, "Crawl past the engine's result cap, in place of a plain search.")
    concurrency: int = option(8, "Maximum of concurrent downloads.", min=1)


def add_download(app: typer.Typer) -> None:
    """Adds the command."""
    doc = (
        "Download the files of assets.\n\n"
        "Files that are in the folder already are not fetched again, so an interrupted download "
        "resumes. manifest.jsonl in the folder has a line for each file, metadata.jsonl one for "
        "each picture, in the form that Hugging Face datasets load.\n\n"
        "With --width, --height, --format, --quality or --fit, smaller copies are downloaded in "
        "place of pictures."
    )
    parameters = arguments(SearchAssetSearchParams, without=_POSITION)
    options = arguments(DownloadOptions, without=_OWN, panel=_Files.panel)
    add_command(app, "download", doc, _download, parameters, _Files, options, Connection)


def _download(files: _Files, connection: Connection, **values: Any) -> None:
    if files.directory is None:
        raise typer.BadParameter("download needs a folder, such as -o pictures; -o . is this one")
    names = attrs.fields_dict(DownloadOptions).keys() & values.keys()
    options = {name: values.pop(name) for name in names}
    keywords = conditions(values, connection, "assets")
    if files.listed is not None and keywords.keys() - {"max_items"}:
        raise typer.BadParameter("--from takes the place of a search: leave one of them out")
    if files.listed not in (None, "-"):
        # Before there is a folder with a manifest.
        Path(files.listed).open("rb").close()
    if files.crawl and keywords.pop("sort_by", None):
        raise typer.BadParameter("--crawl has an order of its own: leave --sort out")
    report, truncated = run(_fetch(files, files.directory, keywords, options, connection))
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
    if any("127.0.0.1" in (file.error or "") for file in report.failed) and not connection.demo:
        say(
            "A demo's files end with its emulator. Crawl one that keeps running: "
            "scenario-search emulate --demo"
        )
    if report.failed or truncated:
        raise typer.Exit(INCOMPLETE)


async def _fetch(
    files: _Files,
    directory: Path,
    keywords: dict[str, Any],
    options: dict[str, Any],
    connection: Connection,
) -> DownloadReport:
    options = {"concurrency": files.concurrency, "on_error": "skip", "progress": True, **options}
    async with connection.client() as client:

        async def into_folder(assets: Any) -> DownloadReport:
            return await client.download(assets, directory, **options)

        if files.listed is not None:
            return await into_folder(islice(_listed(files.listed), keywords.get("max_items")))
        if files.crawl:
            async with client.crawl.assets(**keywords) as crawl:
                return await into_folder(crawl)
        return await into_folder(client.search.asset_search(**keywords))


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
