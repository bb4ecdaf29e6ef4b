"""``crawl``: every hit of a search, past the engine's cap, into a file, resumable."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs
import typer

from scenario_search.cli.commands.searches import conditions
from scenario_search.cli.connection import Connection, run
from scenario_search.cli.failures import BUDGET
from scenario_search.cli.options import add_command, arguments, option
from scenario_search.cli.writing import emit, json_text, say
from scenario_search.crawl.checkpoint import Checkpoint, delete_checkpoint
from scenario_search.crawl.params import CRAWLS
from scenario_search.errors import CheckpointError, InvalidParamsError
from scenario_search.text import count, duration

if TYPE_CHECKING:
    from scenario_search.crawl.crawl import AsyncCrawl
    from scenario_search.crawl.run import Batch
    from scenario_search.crawl.stats import CrawlEstimate, CrawlStats

__all__ = ["add_crawls"]

_OWN = ("checkpoint", "progress")
_STANDARD_OUTPUT = Path("-")

Form = Literal["jsonl", "csv", "parquet"]


@attrs.frozen(kw_only=True)
class Destination:
    """Where the hits go, and where the progress is kept."""

    panel: ClassVar = "Crawl"

    output: Path | None = option(
        None,
        "FILE.jsonl, FILE.csv or FILE.parquet; without it, or with -, JSONL on standard output.",
        *("--output", "-o"),
        metavar="FILE",
        dir_okay=False,
        allow_dash=True,
    )
    resume: bool = option(False, "Go on where the same crawl was stopped, or start it.")
    checkpoint: Path | None = option(
        None,
        "Where the progress is kept; FILE.ckpt if unset.",
        metavar="FILE",
        dir_okay=False,
    )
    estimate: bool = option(
        False,
        "Say how many hits and requests it will take, for at most 30 requests, and stop.",
    )

    @property
    def file(self) -> Path | None:
        """The file; ``None`` where the hits go to standard output."""
        return None if self.output == _STANDARD_OUTPUT else self.output

    @property
    def form(self) -> Form:
        """The form of the file, told by its name.

        Raises:
            typer.BadParameter: It is none that can be written.
        """
        forms: dict[str, Form] = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}
        if self.file is None:
            return "jsonl"
        form = forms.get(self.file.suffix.lower())
        if form is None:
            raise typer.BadParameter(f"-o takes {', '.join(forms)} files, not {self.file}")
        return form

    @property
    def progress_file(self) -> Path | None:
        """The checkpoint; ``None`` where the hits go to standard output.

        Raises:
            typer.BadParameter: There is something in its place already, and nobody said that the
                crawl is to be resumed.
        """
        if self.file is None:
            if self.resume or self.checkpoint is not None:
                raise typer.BadParameter("--resume and --checkpoint need a file: -o FILE.jsonl")
            return None
        path = self.checkpoint or self.file.with_name(f"{self.file.name}.ckpt")
        there = [file for file in (self.file, path) if file.exists()]
        if there and not self.resume:
            raise typer.BadParameter(
                f"{there[0]} is there already: add --resume to go on, or delete it to start anew"
            )
        if self.resume and self.file.exists() and not path.exists():
            raise typer.BadParameter(
                f"{self.file} has no checkpoint {path}, so it cannot be resumed"
            )
        return path


def add_crawls(app: typer.Typer) -> None:
    """Adds a command for each kind that can be crawled."""
    for what, params_class in CRAWLS.items():
        doc = (
            f"Fetch every one of the {what}, past the engine's cap.\n\n"
            "With -o the progress is kept in a checkpoint: a crawl that was stopped goes on "
            "with --resume, and the file holds every hit once."
        )
        parameters = arguments(params_class, without=_OWN)
        crawl = partial(_crawl, what)
        add_command(app, f"crawl {what}", doc, crawl, parameters, Destination, Connection)


def _crawl(what: str, destination: Destination, connection: Connection, **values: Any) -> None:
    keywords = conditions(values, connection, what)
    if keywords.get("order") == "any":
        keywords["order"] = None
    if destination.estimate:
        estimate, _ = run(_estimate(what, keywords, connection))
        emit(_estimated(estimate, what))
        return
    form, checkpoint = destination.form, destination.progress_file
    # A bar between the hits on one screen would be no help.
    progress = destination.file is not None or not sys.stdout.isatty()
    keywords.update(checkpoint=checkpoint, progress=progress)
    try:
        stats, _ = run(_fetch(what, keywords, connection, destination.file, form))
    except (CheckpointError, InvalidParamsError):
        raise
    except (KeyboardInterrupt, Exception) as error:
        if _is_kept(destination, checkpoint):
            error.add_note(f"the progress is kept in {checkpoint}: add --resume to go on")
        elif isinstance(error, KeyboardInterrupt) and checkpoint is not None:
            error.add_note("nothing was kept yet")
        raise
    spent = _spent(stats, keywords)
    _tell(stats, what, destination.file, checkpoint, spent)
    if spent is not None:
        raise typer.Exit(BUDGET)


def _spent(stats: CrawlStats, keywords: dict[str, Any]) -> str | None:
    """Returns what a crawl has spent, so that it may send no further request."""
    most = keywords.get("max_items")
    if stats.finished or (most is not None and stats.hits >= most):
        return None
    if keywords.get("max_requests") is not None:
        return "The requests of --max-requests are spent"
    return "The API's limit of requests is reached"


def _is_kept(destination: Destination, checkpoint: Path | None) -> bool:
    """Whether there is progress to go on from; a checkpoint without any is deleted."""
    if checkpoint is None or (progress := Checkpoint.read(checkpoint)) is None:
        return False
    file_is_there = destination.file is not None and destination.file.exists()
    if not (destination.resume or progress.hits or file_is_there):
        # The same command is to work as soon as its credentials do.
        delete_checkpoint(checkpoint)
        return False
    return True


async def _estimate(what: str, keywords: dict[str, Any], connection: Connection) -> CrawlEstimate:
    async with connection.client() as client:
        crawl: AsyncCrawl[Any] = getattr(client.crawl, what)(**keywords)
        return await crawl.estimate()


def _estimated(estimate: CrawlEstimate, what: str) -> str:
    if estimate.is_exact:
        hits = _counted(estimate.likely, what)
    else:
        low, likely, high = map(count, (estimate.low, estimate.likely, estimate.high))
        hits = f"about {likely} {what} ({low} to {high})"
    return f"{hits}, {_counted(estimate.requests, 'requests')}\n"


async def _fetch(
    what: str, keywords: dict[str, Any], connection: Connection, output: Path | None, form: Form
) -> CrawlStats:
    """Crawls, and returns the statistics."""
    async with connection.client() as client:
        begun: AsyncCrawl[Any] = getattr(client.crawl, what)(**keywords)
        async with begun as crawl:
            if output is None:
                await _emit(crawl.batches())
            else:
                await getattr(crawl, f"to_{form}")(output)
            return crawl.stats


async def _emit(batches: AsyncIterator[Batch[Any]]) -> None:
    async for batch in batches:
        text = "".join([json_text(hit) + "\n" for hit in batch.json])
        # A full pipe would hold up the requests that are under way. Not in_thread, which waits for
        # the end: a reader may stay away for good.
        await asyncio.to_thread(emit, text)


def _tell(
    stats: CrawlStats, what: str, output: Path | None, checkpoint: Path | None, spent: str | None
) -> None:
    where = f" in {output}" if output is not None else ""
    parts = [f"{_counted(stats.hits, what)}{where}, {duration(stats.elapsed)}"]
    parts.append(_counted(stats.requests, "requests"))
    if stats.retries:
        parts.append(f"{count(stats.retries)} of them again")
    if stats.invalid:
        parts.append(f"hits that could not be read and are left out: {count(stats.invalid)}")
    if stats.undated_left_out:
        parts.append("those without a date are left out")
    say("; ".join(parts) + ".")
    if spent is not None:
        then = "add --resume to go on" if checkpoint is not None else "with -o FILE it could go on"
        say(f"{spent}: {then}.")
    elif checkpoint is not None and stats.finished:
        say(f"For what is new later: --since {checkpoint}")
    elif checkpoint is not None:
        say("For the others: --resume without --max")


def _counted(number: int, what: str) -> str:
    return f"{count(number)} {what.removesuffix('s') if number == 1 else what}"
