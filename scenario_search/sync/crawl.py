"""Crawls for plain code, and what they share with prefetch: blocks around running tasks."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from scenario_search.crawl.crawl import AsyncCrawl, Piece
from scenario_search.crawl.crawler import AsyncCrawler
from scenario_search.crawl.params import (
    CrawlAssetsParams,
    CrawlModelsParams,
    CrawlPlanParams,
    CrawlStats,
    CrawlWindow,
    RunOptions,
)
from scenario_search.http.requester import Requester
from scenario_search.search.signatures import takes, takes_beside
from scenario_search.sync import portal
from scenario_search.wire.hits import Hit, SearchAssetSearchResponse, SearchModelSearchResponse

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["SyncCrawl", "SyncCrawler", "TaskBlock"]

H = TypeVar("H", bound=Hit)


class _Batches(Protocol[H]):
    """What runs tasks between entering and leaving, and gives hits by the batch."""

    async def __aenter__(self) -> Any: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def _batches(self) -> AsyncIterator[list[H]]: ...
    def _expected_items(self) -> int | None: ...


B = TypeVar("B", bound=_Batches[Any])


class TaskBlock(Generic[B, H]):
    """A ``with`` block around what runs tasks in the portal.

    Args:
        tasks: What runs them.
        caller: What it may send the thread that waits for it.
    """

    def __init__(self, tasks: B, caller: portal.Caller | None = None) -> None:
        self._tasks = tasks
        self._caller = caller or portal.Caller()
        self._entered_in: int | None = None

    @property
    def _here(self) -> B:
        """What runs the tasks, unless it runs them in another process.

        Raises:
            RuntimeError: The block was entered before this process was forked.
        """
        if self._entered_in is not None:
            portal.check_process(self._entered_in, f"This {type(self).__name__} was entered")
        return self._tasks

    def _expected_items(self) -> int | None:
        return self._tasks._expected_items()

    def __enter__(self) -> Self:
        self._caller.run(self._here.__aenter__)
        self._entered_in = os.getpid()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A forked process inherits the block, but its tasks run in the parent.
        if os.getpid() == self._entered_in:
            self._entered_in = None
            portal.run(self._tasks.__aexit__, kind, error, traceback)
            self._caller.forget()

    def __iter__(self) -> Iterator[H]:
        with portal.plain_errors():
            batches = self._here._batches()
        return portal.items_of(batches, "hits", self._caller)

    def __repr__(self) -> str:
        return portal.plain_words(repr(self._tasks))


class SyncCrawl(TaskBlock[AsyncCrawl[H], H]):
    """All hits of a search: iterate over it, inside ``with`` to have requests run at once."""

    @property
    def stats(self) -> CrawlStats:
        """What it has done so far."""
        return self._tasks.stats

    def count(self) -> int:
        """Count the hits exactly, past the engine's cap. See :meth:`AsyncCrawl.count`."""
        return self._caller.run(self._here.count)

    def pieces(self) -> Iterator[Piece[H]]:
        """Give window after window, each with its hits. Call :meth:`mark` after each.

        See :meth:`AsyncCrawl.pieces`.

        Raises:
            TypeError: It would run tasks, and is not inside ``with``.
        """
        with portal.plain_errors():
            pieces = self._here.pieces()
        return portal.Items(portal.each(pieces, self._caller), "windows")

    def mark(self, piece: Piece[H], files: dict[str, int] | None = None) -> None:
        """Say that a window's hits have been consumed. See :meth:`AsyncCrawl.mark`."""
        self._caller.run(self._here.mark, piece, files)

    def to_jsonl(self, path: str | os.PathLike[str]) -> None:
        """Write all hits to a file, a line of JSON each. See :meth:`AsyncCrawl.to_jsonl`."""
        self._caller.run(self._here.to_jsonl, path)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write all hits to a CSV file. See :meth:`AsyncCrawl.to_csv`."""
        self._caller.run(self._here.to_csv, path)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write all hits to a Parquet file. See :meth:`AsyncCrawl.to_parquet`."""
        self._caller.run(self._here.to_parquet, path)

    def to_pandas(self) -> pd.DataFrame:
        """Give all hits as a pandas frame. See :meth:`AsyncCrawl.to_pandas`."""
        return self._caller.run(self._here.to_pandas)

    def to_polars(self) -> pl.DataFrame:
        """Give all hits as a polars frame. See :meth:`AsyncCrawl.to_polars`."""
        return self._caller.run(self._here.to_polars)

    def plan(self) -> list[CrawlWindow]:
        """Cut the crawl into windows, and count each. See :meth:`AsyncCrawl.plan`."""
        return self._caller.run(self._here.plan)


class SyncCrawler:
    """The crawls of a client: every hit, past the engine's cap, once, and resumable."""

    def __init__(self, requester: Requester) -> None:
        self._crawler = AsyncCrawler(requester)

    def __repr__(self) -> str:
        return portal.plain_words(repr(self._crawler))

    @takes(CrawlAssetsParams)
    def assets(self, **keywords: Any) -> SyncCrawl[SearchAssetSearchResponse]:
        """Crawl assets. With nothing to search for, all of them.

        ``progress`` is called in the thread that waits for the crawl, which an error of it ends.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
        """
        caller = portal.Caller()
        return SyncCrawl(self._crawler.assets(**_told_by(caller, keywords)), caller)

    @takes(CrawlModelsParams)
    def models(self, **keywords: Any) -> SyncCrawl[SearchModelSearchResponse]:
        """Crawl models. With nothing to search for, all of them.

        ``progress`` is called in the thread that waits for the crawl, which an error of it ends.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
        """
        caller = portal.Caller()
        return SyncCrawl(self._crawler.models(**_told_by(caller, keywords)), caller)

    @takes(CrawlPlanParams)
    def plan(self, **keywords: Any) -> list[CrawlWindow]:
        """Cut a crawl into windows for many machines, and count each, without reading them.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
            IncompleteCrawlError: More than the cap were created in one millisecond.
        """
        caller = portal.Caller()
        return caller.run(self._crawler.plan, **_told_by(caller, keywords))

    @takes_beside(RunOptions)
    def run(self, window: CrawlWindow, **options: Any) -> SyncCrawl[Any]:
        """Fetch one window of a plan.

        Args:
            window: What :meth:`plan` gave, in this process or another.
            options: As for :meth:`assets`: concurrency, checkpoint, order, cap, on_invalid,
                progress.
        """
        caller = portal.Caller()
        return SyncCrawl(self._crawler.run(window, **_told_by(caller, options)), caller)


def _told_by(caller: portal.Caller, options: dict[str, Any]) -> dict[str, Any]:
    """Have a crawl's ``progress`` called in the thread that waits for the crawl."""
    progress = options.get("progress")
    if not callable(progress):
        return options
    return options | {"progress": partial(caller.tell, progress)}
