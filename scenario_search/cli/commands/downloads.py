"""``download``: the files of the assets that a search finds, or that a file lists."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import typer

from scenario_search.cli.commands.searches import conditions
from scenario_search.cli.connection import Connection, run
from scenario_search.cli.failures import INCOMPLETE
from scenario_search.cli.options import add_command, arguments, option
from scenario_search.cli.writing import say
from scenario_search.errors import APIResponseValidationError
from scenario_search.text import clean, count, duration, file_size
from scenario_search.wire.hits import SearchAssetSearchResponse
from scenario_search.wire.params import SearchAssetSearchParams

if TYPE_CHECKING:
    from scenario_search.files.options import DownloadReport

__all__ = ["add_download"]

_POSITION = ("offset", "page", "hits_per_page", "limit")
_SHOWN = 10


@attrs.frozen(kw_only=True)
class _Files:
    """What is downloaded, and where to."""

    panel: ClassVar = "Download"

    directory: Path = option(
        Path(),
        "Folder to download to; created if missing.",
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
    verify: bool = option(False, "Compare files that are there with their digests.")
    max_file_bytes: int = option(2 * 2**30, "Maximum size of a file, in bytes.", min=1)
    width: int | None = option(None, "Width of smaller copies in place of pictures, in pixels.")
    height: int | None = option(None, "Height of such copies, in pixels.")
    format: str | None = option(
        None, "Format of such copies: jpeg, png, webp, avif or tiff.", metavar="FORMAT"
    )
    quality: int | None = option(None, "Quality of such copies, from 1 to 100.")
    fit: str | None = option(
        None,
        "How copies fit width and height: cover, contain, fill, inside or outside.",
        metavar="FIT",
    )

    def options(self) -> dict[str, Any]:
        """Returns the options of the client's ``download``."""
        values = attrs.asdict(self)
        return {name: values[name] for name in values.keys() - {"directory", "listed", "crawl"}}


def add_download(app: typer.Typer) -> None:
    """Adds the command."""
    doc = (
        "Download the files of assets.\n\n"
        "Files that are in the folder already are not fetched again, so an interrupted download "
        "resumes. manifest.jsonl in the folder has a line for each file, metadata.jsonl one for "
        "each picture, in the form that Hugging Face datasets load."
    )
    parameters = arguments(SearchAssetSearchParams, without=_POSITION)
    add_command(app, "download", doc, _download, parameters, _Files, Connection)


def _download(files: _Files, connection: Connection, **values: Any) -> None:
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
            return await client.download(
                assets, files.directory, on_error="skip", progress=True, **files.options()
            )

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
