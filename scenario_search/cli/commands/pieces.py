"""``plan`` and ``run``: a crawl in pieces, for job arrays and ``xargs``."""

from __future__ import annotations

import sys
from functools import partial
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import attrs
import typer

from scenario_search.cli.commands.searches import conditions
from scenario_search.cli.connection import Connection, run
from scenario_search.cli.failures import BUDGET
from scenario_search.cli.options import add_command, arguments, option
from scenario_search.cli.writing import emit, json_text
from scenario_search.crawl.params import CRAWLS, RunOptions
from scenario_search.crawl.pieces import CrawlPiece
from scenario_search.errors import CheckpointError, InvalidParamsError

if TYPE_CHECKING:
    from scenario_search.crawl.crawl import AsyncCrawl
    from scenario_search.crawl.stats import CrawlStats

__all__ = ["add_plans", "add_run"]

_NOT_OF_A_PLAN = (
    *attrs.fields_dict(RunOptions),
    *("max_items", "extra_headers", "extra_query", "overlap"),
)


@attrs.frozen(kw_only=True)
class _Shards:
    """How many pieces a plan has."""

    panel: ClassVar = "Crawl"

    shards: int = option(8, "Number of pieces, beside the one for hits without a date.", min=1)


@attrs.frozen(kw_only=True)
class _Run:
    """Which pieces are read, and where their hits go."""

    panel: ClassVar = "Run"

    directory: Path = option(
        Path(),
        "Folder for a file per piece, named after it; created if missing.",
        *("--output", "-o"),
        metavar="FOLDER",
        file_okay=False,
    )
    line: int | None = option(
        None, "Read only the piece in this line of the plan, from 1.", min=1, metavar="N"
    )
    format: Literal["jsonl", "csv", "parquet"] = option("jsonl", "Format of the files.")
    concurrency: int = option(1, "Maximum of concurrent requests.", min=1)
    max_requests: int | None = option(
        None,
        "Maximum number of requests for each piece, retries included; then the command ends with "
        "exit code 3. The same command goes on.",
        min=1,
    )


def add_plans(app: typer.Typer) -> None:
    """Adds a command for each kind that can be cut into pieces."""
    for what, params_class in CRAWLS.items():
        doc = (
            f"Cut a crawl of {what} into pieces, one line of JSON each.\n\n"
            "The pieces hold about as many hits each. scenario-search run reads them, on any "
            "machine and in any order."
        )
        parameters = arguments(params_class, without=_NOT_OF_A_PLAN)
        add_command(app, f"plan {what}", doc, partial(_plan, what), parameters, _Shards, Connection)


def add_run(app: typer.Typer) -> None:
    """Adds the command that reads pieces."""
    doc = (
        "Read the pieces of a plan, each into a file of its own.\n\n"
        "Writes a line of JSON for each piece that is finished. The same command again goes on "
        "where it was stopped, and leaves finished files alone."
    )
    argument = typer.Argument(metavar="PLAN", help="File of a plan; - for standard input.")
    plan = Parameter(
        "plan", Parameter.KEYWORD_ONLY, default="-", annotation=Annotated[str, argument]
    )
    add_command(app, "run", doc, _read, [plan], _Run, Connection)


def _plan(what: str, shards: _Shards, connection: Connection, **values: Any) -> None:
    keywords = conditions(values, connection, what)
    pieces, _ = run(_cut(what, keywords, shards.shards, connection))
    emit("".join([f"{piece.to_json()}\n" for piece in pieces]))


async def _cut(
    what: str, keywords: dict[str, Any], shards: int, connection: Connection
) -> list[CrawlPiece]:
    async with connection.client() as client:
        crawl: AsyncCrawl[Any] = getattr(client.crawl, what)(**keywords)
        return await crawl.plan(shards)


def _read(options: _Run, connection: Connection, plan: str) -> None:
    pieces = _pieces(plan, options.line)
    options.directory.mkdir(parents=True, exist_ok=True)
    unfinished, _ = run(_read_all(pieces, options, connection))
    if unfinished:
        raise typer.Exit(BUDGET)


def _pieces(plan: str, line: int | None) -> list[CrawlPiece]:
    """Returns the pieces of a plan, or that of one line.

    Raises:
        typer.BadParameter: There is no such line, or it is not a piece.
    """
    with sys.stdin.buffer if plan == "-" else Path(plan).open("rb") as file:
        lines = [(number, text) for number, text in enumerate(file, 1) if text.strip()]
    if line is not None:
        lines = [(number, text) for number, text in lines if number == line]
        if not lines:
            raise typer.BadParameter(f"{plan} has no line {line} with a piece")
    pieces = []
    for number, text in lines:
        try:
            pieces.append(CrawlPiece.from_json(text.rstrip()))
        except InvalidParamsError as error:
            raise typer.BadParameter(f"{plan}, line {number}: {error}") from None
    return pieces


async def _read_all(pieces: list[CrawlPiece], options: _Run, connection: Connection) -> int:
    """Reads pieces into files; returns how many could not be finished."""
    unfinished = 0
    async with connection.client() as client:
        for piece in pieces:
            path = options.directory / f"{piece.name}.{options.format}"
            crawl = client.crawl.run(
                piece,
                checkpoint=path.with_name(f"{path.name}.ckpt"),
                concurrency=options.concurrency,
                max_requests=options.max_requests,
            )
            try:
                async with crawl:
                    await getattr(crawl, f"to_{options.format}")(path)
            except (CheckpointError, InvalidParamsError):
                raise
            except BaseException as error:
                error.add_note(f"the same command goes on with {path}")
                raise
            unfinished += not crawl.stats.finished
            emit(json_text(_result(piece, path, crawl.stats)) + "\n")
    return unfinished


def _result(piece: CrawlPiece, path: Path, stats: CrawlStats) -> dict[str, Any]:
    return {
        "name": piece.name,
        "file": str(path),
        "hits": stats.hits,
        "requests": stats.requests,
        "finished": stats.finished,
    }
