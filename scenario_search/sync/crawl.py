"""Synchronous crawls, and what they share with prefetch: blocks around running tasks."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

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
from scenario_search.sync.portal import synchronous
from scenario_search.wire.hits import Hit, SearchAssetSearchResponse, SearchModelSearchResponse

__all__ = ["SyncCrawl", "SyncCrawler", "TaskBlock"]

H = TypeVar("H", bound=Hit)


class _Batches(Protocol[H]):
    """What runs tasks between entering and leaving, and yields hits in batches."""

    async def __aenter__(self) -> Any: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def _batches(self) -> AsyncIterator[list[H]]: ...
    def _expected_items(self) -> int | None: ...
    def _check_entered(self, prefix: str) -> None: ...
    def _shown_as(self, name: str, prefix: str) -> str: ...


B = TypeVar("B", bound=_Batches[Any])


class TaskBlock(Generic[B, H]):
    """A ``with`` block around an object that runs tasks in the portal.

    Args:
        tasks: The object.
        caller: Where the object sends its errands for the thread that waits for it.
    """

    def __init__(self, tasks: B, caller: portal.Caller | None = None) -> None:
        self._tasks = tasks
        self._caller = caller or portal.Caller()
        self._entered_in: int | None = None

    @property
    def _here(self) -> B:
        """The object that runs the tasks, unless it runs them in another process.

        Raises:
            RuntimeError: The block was entered before this process was forked.
        """
        if self._entered_in is not None:
            portal.check_process(self._entered_in, f"This {type(self).__name__} was entered")
        return self._tasks

    def _expected_items(self) -> int | None:
        return self._tasks._expected_items()

    @property
    def _iterable(self) -> B:
        """The same object, to be iterated over.

        Raises:
            TypeError: Iterating would run tasks, and this is not inside ``with``.
        """
        self._here._check_entered("")
        return self._tasks

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
            portal.close(self._tasks.__aexit__, kind, error, traceback)
            self._caller.forget()

    def __iter__(self) -> Iterator[H]:
        batches = self._caller.iterate(self._iterable._batches())
        return portal.Items((hit for batch in batches for hit in batch), "hits")

    def __repr__(self) -> str:
        return self._tasks._shown_as(type(self).__name__, "")


class SyncCrawl(TaskBlock[AsyncCrawl[H], H]):
    """All hits of a search: iterate over it, inside ``with`` to run requests concurrently."""

    @property
    def stats(self) -> CrawlStats:
        """What the current or last iteration has done so far."""
        return self._tasks.stats

    def pieces(self) -> Iterator[Piece[H]]:
        """Yields window after window, each with its hits. Call :meth:`mark` after each.

        See :meth:`AsyncCrawl.pieces`.

        Raises:
            TypeError: It would run tasks, and this is not inside ``with``.
        """
        return portal.Items(self._caller.iterate(self._iterable.pieces()), "windows")

    mark = synchronous(AsyncCrawl.mark)
    count = synchronous(AsyncCrawl.count)
    plan = synchronous(AsyncCrawl.plan)
    to_jsonl = synchronous(AsyncCrawl.to_jsonl)
    to_csv = synchronous(AsyncCrawl.to_csv)
    to_parquet = synchronous(AsyncCrawl.to_parquet)
    to_pandas = synchronous(AsyncCrawl.to_pandas)
    to_polars = synchronous(AsyncCrawl.to_polars)


class SyncCrawler:
    """The crawls of a client: every hit, past the engine's cap, once, and resumable."""

    def __init__(self, requester: Requester) -> None:
        self._crawler = AsyncCrawler(requester)

    def __repr__(self) -> str:
        return self._crawler._shown_as(type(self).__name__)

    @takes(CrawlAssetsParams)
    def assets(self, **keywords: Any) -> SyncCrawl[SearchAssetSearchResponse]:
        """Crawl assets; without a search condition, all of them.

        ``progress`` is called in the thread that waits for the crawl. If it raises, the crawl ends.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
        """
        return _crawl(self._crawler.assets, keywords)

    @takes(CrawlModelsParams)
    def models(self, **keywords: Any) -> SyncCrawl[SearchModelSearchResponse]:
        """Crawl models; without a search condition, all of them.

        ``progress`` is called in the thread that waits for the crawl. If it raises, the crawl ends.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
        """
        return _crawl(self._crawler.models, keywords)

    @takes(CrawlPlanParams)
    def plan(self, **keywords: Any) -> list[CrawlWindow]:
        """Cut a crawl into windows for many machines, and count each, without reading them.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
            IncompleteCrawlError: More than the cap were created in one millisecond.
        """
        caller = portal.Caller()
        return caller.run(self._crawler.plan, **_with_progress(caller, keywords))

    @takes_beside(RunOptions)
    def run(self, window: CrawlWindow, **options: Any) -> SyncCrawl[Any]:
        """Fetch one window of a plan.

        Args:
            window: A window that :meth:`plan` returned, in this process or another.
            options: As for :meth:`assets`: concurrency, checkpoint, order, cap, on_invalid,
                progress.
        """
        return _crawl(partial(self._crawler.run, window), options)


def _crawl(start: Callable[..., AsyncCrawl[H]], options: dict[str, Any]) -> SyncCrawl[H]:
    caller = portal.Caller()
    return SyncCrawl(start(**_with_progress(caller, options)), caller)


def _with_progress(caller: portal.Caller, options: dict[str, Any]) -> dict[str, Any]:
    """Has a crawl's ``progress`` called in the thread that waits for the crawl."""
    progress = options.get("progress")
    if not callable(progress):
        return options
    return options | {"progress": partial(caller.tell_copy, progress)}
