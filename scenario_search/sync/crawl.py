"""Synchronous crawls, and what they share with prefetch: blocks around running tasks."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.crawl.crawler import AsyncCrawler
from scenario_search.crawl.run import Batch
from scenario_search.crawl.stats import CrawlStats
from scenario_search.http.requester import Requester
from scenario_search.search.pages import AsyncPrefetch
from scenario_search.sync import portal
from scenario_search.sync.portal import synchronous
from scenario_search.wire.hits import Hit

__all__ = ["SyncCrawl", "SyncCrawler", "TaskBlock"]

P = ParamSpec("P")
H = TypeVar("H", bound=Hit)
B = TypeVar("B", bound=AsyncCrawl[Any] | AsyncPrefetch[Any])


class TaskBlock(Generic[B, H]):
    """A ``with`` block around an object whose tasks run in the portal."""

    def __init__(self, tasks: B, caller: portal.Caller | None = None) -> None:
        self._tasks = tasks
        self._caller = caller or portal.Caller()
        self._entered_in: int | None = None

    @property
    def _here(self) -> B:
        """The object, unless the block was entered before this process was forked."""
        if self._entered_in is not None:
            portal.check_process(self._entered_in, f"This {type(self).__name__} was entered")
        return self._tasks

    def _expected_items(self) -> int | None:
        return self._tasks._expected_items()

    @property
    def _iterable(self) -> B:
        """The object, unless iterating would run tasks outside of the block."""
        self._here._check_entered("")
        return self._tasks

    def __enter__(self) -> Self:
        self._caller.run(self._here.__aenter__)
        self._entered_in = os.getpid()
        return self

    def __exit__(self, *error: object) -> None:
        # A forked process inherits the block, but its tasks run in the parent.
        if os.getpid() == self._entered_in:
            self._entered_in = None
            portal.close(self._tasks.__aexit__, *error)
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
        """The statistics of the current or last iteration."""
        return self._tasks.stats

    def batches(self) -> Iterator[Batch[H]]:
        """Yields hits in batches. Call :meth:`commit` after each. See :meth:`AsyncCrawl.batches`.

        Raises:
            TypeError: The crawl needs tasks for concurrent requests, but is not inside ``with``.
        """
        return portal.Items(self._caller.iterate(self._iterable.batches()), "batches")

    commit = synchronous(AsyncCrawl.commit)
    estimate = synchronous(AsyncCrawl.estimate)
    count = synchronous(AsyncCrawl.count)
    plan = synchronous(AsyncCrawl.plan)
    to_jsonl = synchronous(AsyncCrawl.to_jsonl)
    to_csv = synchronous(AsyncCrawl.to_csv)
    to_parquet = synchronous(AsyncCrawl.to_parquet)
    to_pandas = synchronous(AsyncCrawl.to_pandas)
    to_polars = synchronous(AsyncCrawl.to_polars)


def _crawls(
    start: Callable[Concatenate[Any, P], AsyncCrawl[H]],
) -> Callable[Concatenate[Any, P], SyncCrawl[H]]:
    """Returns a method of the asynchronous crawls as one that starts a synchronous crawl."""

    @functools.wraps(start)
    def call(self: SyncCrawler, /, *args: P.args, **options: P.kwargs) -> SyncCrawl[H]:
        caller = portal.Caller()
        caller.redirect_progress(options)
        return SyncCrawl(start(self._here, *args, **options), caller)

    returned = start.__annotations__["return"].replace("Async", "Sync")
    call.__annotations__ = {**start.__annotations__, "return": returned}
    described: Any = call
    described.__signature__ = inspect.signature(start).replace(return_annotation=returned)
    return call


class SyncCrawler:
    """The crawls of a client. Each yields every hit once, past the engine's cap, and can resume.

    ``progress`` is called in the thread that waits for a crawl. If it raises, the crawl ends.
    """

    def __init__(self, requester: Requester) -> None:
        self._here = AsyncCrawler(requester)

    def __repr__(self) -> str:
        return self._here._shown_as(type(self).__name__)

    assets = _crawls(AsyncCrawler.assets)
    models = _crawls(AsyncCrawler.models)
    workflows = _crawls(AsyncCrawler.workflows)
    run = _crawls(AsyncCrawler.run)

    plan = synchronous(AsyncCrawler.plan)
