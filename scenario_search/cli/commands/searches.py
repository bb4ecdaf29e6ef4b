"""``assets``, ``models``, ``workflows``, and ``count`` of each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import attrs
import typer

from scenario_search.caller_warnings import PendingWarnings, collect_warnings, warn_caller
from scenario_search.cli.commands.filter_checks import check_filter
from scenario_search.cli.connection import Connection, run
from scenario_search.cli.failures import INCOMPLETE
from scenario_search.cli.options import add_command, arguments, keywords_of, option
from scenario_search.cli.output import Output, write
from scenario_search.cli.writing import emit, say
from scenario_search.errors import (
    IncompleteCrawlError,
    InvalidFilterError,
    TruncatedResultsWarning,
)
from scenario_search.search.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from scenario_search.client import AsyncScenario
    from scenario_search.filters.fields import Kind
    from scenario_search.search.pages import AsyncSearchHitsOffset
    from scenario_search.search.results import AsyncSearchResults

__all__ = ["add_counts", "add_searches", "conditions"]

_POSITION = ("sort_by", "limit", "offset", "page", "hits_per_page", "max_items")
_AHEAD = 3


@attrs.frozen(kw_only=True)
class Pages:
    """Whether one page is read, or all."""

    panel: ClassVar = "Pages"

    all: bool = option(False, "Every hit, up to the last page.")


def add_searches(app: typer.Typer) -> None:
    """Adds a command for each search."""
    for what, endpoint in ENDPOINTS.items():
        parameters = arguments(endpoint.params_class)
        search = partial(_search, what)
        add_command(app, what, endpoint.summary, search, parameters, Pages, Output, Connection)


def add_counts(app: typer.Typer) -> None:
    """Adds a command for each search that counts its hits."""
    for what, endpoint in ENDPOINTS.items():
        doc = f"Count {what}, past the engine's cap where there are more."
        parameters = arguments(endpoint.params_class, without=_POSITION)
        add_command(app, f"count {what}", doc, partial(_count, what), parameters, Connection)


def conditions(values: dict[str, Any], connection: Connection, what: str) -> dict[str, Any]:
    """Returns the keywords of a search for the options of a command, with its filter checked.

    Raises:
        InvalidFilterError: The filter has a syntax error or an undocumented field, and
            ``--no-validate`` was not passed.
    """
    keywords = keywords_of(values, proxy=connection.proxy)
    if "filter" in keywords and not connection.no_validate:
        try:
            check_filter(keywords["filter"], cast("Kind", what))
        except InvalidFilterError as error:
            error.add_note(f"--no-validate sends it anyway; fields: filter fields --kind {what}")
            raise
    return keywords


def _search(what: str, pages: Pages, output: Output, connection: Connection, **values: Any) -> None:
    walked = pages.all or values["max_items"] is not None
    form = output.form
    keywords = conditions(values, connection, what)
    _, truncated = run(_write(what, keywords, output, connection, walked=walked))
    if connection.demo and form == "--urls":
        say("The demo's files went with its emulator; one that stays: scenario-search emulate")
    if truncated:
        raise typer.Exit(INCOMPLETE)


async def _write(
    what: str, keywords: dict[str, Any], output: Output, connection: Connection, *, walked: bool
) -> None:
    async with connection.client() as client:
        results = _results(client, what, keywords)
        # The demo's emulator ends before its gallery is opened.
        embed = connection.demo
        if not walked:
            await write(output, _one(results), what, walked=False, embed=embed)
            return
        async with results.prefetch(_AHEAD) as ahead:
            pages = _cut(ahead.pages(), keywords.get("max_items"))
            await write(output, pages, what, walked=True, embed=embed)


async def _one(results: AsyncSearchResults[Any]) -> AsyncIterator[AsyncSearchHitsOffset[Any]]:
    yield await results


async def _cut(
    pages: AsyncIterator[AsyncSearchHitsOffset[Any]], most: int | None
) -> AsyncIterator[AsyncSearchHitsOffset[Any]]:
    """Yields the pages, the last one cut to the most hits: pages come whole."""
    left = most
    async for page in pages:
        if left is not None:
            page.hits = page.hits[:left]
            left -= len(page.hits)
        yield page


def _results(client: AsyncScenario, what: str, keywords: dict[str, Any]) -> AsyncSearchResults[Any]:
    results: AsyncSearchResults[Any] = getattr(client.search, ENDPOINTS[what].name)(**keywords)
    return results


def _count(what: str, connection: Connection, **values: Any) -> None:
    number, truncated = run(_counted(what, conditions(values, connection, what), connection))
    emit(f"{number}\n")
    if truncated:
        raise typer.Exit(INCOMPLETE)


async def _counted(what: str, keywords: dict[str, Any], connection: Connection) -> int:
    """Counts with one request; at the cap, or without a condition, by a crawl."""
    searched = keywords.keys() & {"query", "filter", "image", "images"}
    pending: PendingWarnings = []
    number = 0
    async with connection.client() as client:
        if searched:
            results = _results(client, what, keywords)
            with collect_warnings(pending):
                number = await results.count()
            if not any(issubclass(kind, TruncatedResultsWarning) for _, kind in pending):
                return number
        crawl = getattr(client.crawl, what)(**keywords)
        try:
            number = await crawl.count()
        except IncompleteCrawlError:
            if not searched:
                raise
            # The one request's number stands, with what it said of it.
            for message, kind in pending:
                warn_caller(message, kind)
        return number
