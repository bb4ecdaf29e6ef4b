"""The client for plain code: the asynchronous one, without ``await``.

Nothing is done twice here. Searches, pages, crawls and their rules are those of
:class:`~scenario_search.AsyncScenario`; they run in the portal, whole pages at a time.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    NoReturn,
    ParamSpec,
    Protocol,
    Self,
    TypeVar,
    overload,
)

import attrs

from scenario_search import portal
from scenario_search.client import AsyncScenario
from scenario_search.configuration import ClientOptions, SyncClientOptions
from scenario_search.crawl import AsyncCrawl, Piece
from scenario_search.crawl_params import (
    CrawlAssetsParams,
    CrawlModelsParams,
    CrawlPlanParams,
    CrawlStats,
    CrawlWindow,
    RunOptions,
)
from scenario_search.crawler import AsyncCrawler
from scenario_search.download import DownloadReport, DownloadSource
from scenario_search.paging import PageInfo
from scenario_search.params import SearchParams
from scenario_search.prefetch import AsyncPrefetch
from scenario_search.responses import (
    Hit,
    ResponseInfo,
    SearchAssetSearchResponse,
    SearchHits,
    SearchModelSearchResponse,
)
from scenario_search.search import (
    ASSETS,
    MODELS,
    WORKFLOWS,
    AsyncSearch,
    AsyncSearchHitsOffset,
    AsyncSearchResults,
    Endpoint,
    SearchMethod,
)
from scenario_search.signatures import makes, returns_same, takes, takes_beside

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = [
    "Scenario",
    "SyncCrawl",
    "SyncCrawler",
    "SyncPrefetch",
    "SyncSearch",
    "SyncSearchHitsOffset",
]

P = ParamSpec("P")
O = ParamSpec("O")  # noqa: E741 - the options beside P, the parameters
Q = TypeVar("Q", bound=SearchParams)
H = TypeVar("H", bound=Hit)

_NO_SESSION = "Scenario takes no session, for it has an event loop of its own: use AsyncScenario"


class Scenario:
    """A client of Scenario's Search API for plain code, notebooks and threads.

    It works where an event loop runs already. Any number of threads may share a client, and a
    forked process goes on with connections of its own. Ctrl-C cancels the request under way.

    Args:
        options: See :class:`~scenario_search.configuration.SyncClientOptions`: all are keywords,
            none is required where the environment holds the credentials. A ``limiter`` is
            entered in the client's own event loop.

    Raises:
        ConfigurationError: The credentials, the base URL or another option cannot be used.
    """

    @takes(SyncClientOptions, session=_NO_SESSION)
    def __init__(self, **options: Any) -> None:
        self._wrap(AsyncScenario(**options))

    def _wrap(self, client: AsyncScenario) -> None:
        self._client = client
        client._transport._close_with = "'with', or client.close()"
        portal.leave_behind_in_fork(client._transport)

    @makes(SyncClientOptions, session=_NO_SESSION)
    @classmethod
    def demo(cls, **options: Any) -> Self:
        """Give a client of an embedded emulator with demo data, which ends with the client.

        See :meth:`AsyncScenario.demo`.
        """
        made = object.__new__(cls)
        made._wrap(AsyncScenario.demo(**options))
        return made

    @property
    def search(self) -> SyncSearch:
        """The searches: assets, models, workflows."""
        return SyncSearch(self._client)

    @property
    def crawl(self) -> SyncCrawler:
        """The crawls: every hit, past the engine's result cap."""
        return SyncCrawler(self._client)

    @property
    def base_url(self) -> str:
        """Where the API is, without a slash at the end."""
        return self._client.base_url

    @property
    def options(self) -> ClientOptions:
        """The options, without the credentials."""
        return self._client.options

    @returns_same(SyncClientOptions, session=_NO_SESSION)
    def with_options(self, **changes: Any) -> Self:
        """Give a copy with other options that shares the connections.

        Closing any of the copies closes the connections of all.

        Raises:
            ConfigurationError: An option cannot be used, or belongs to the connections.
        """
        copy = object.__new__(type(self))
        copy._wrap(self._client.with_options(**changes))
        return copy

    def download(
        self,
        assets: DownloadSource,
        directory: str | os.PathLike[str],
        *,
        concurrency: int = 8,
        on_error: Literal["raise", "skip"] = "raise",
        progress: Callable[[DownloadReport], object] | None = None,
    ) -> DownloadReport:
        """Download the files of assets into a folder. See :meth:`AsyncScenario.download`.

        A page is gone on from to the last one; what is no page or crawl is read into a list.
        """
        given: Any = assets
        if isinstance(given, SyncCrawl):
            given = given._tasks
        elif isinstance(given, SyncSearchHitsOffset):
            given = given._source()
        elif isinstance(given, Iterable):
            given = list(given)
        return portal.run(
            self._client.download,
            given,
            directory,
            concurrency=concurrency,
            on_error=on_error,
            progress=progress,
        )

    def close(self) -> None:
        """Close the connections. Closing again does nothing."""
        portal.run(self._client.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        # A traceback's locals show a client that could not be made, too.
        if not hasattr(self, "_client"):
            return f"<{type(self).__name__}, which could not be made>"
        return repr(self._client).replace(AsyncScenario.__name__, type(self).__name__, 1)

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be pickled: make a client in each process")


@contextmanager
def _plain_words() -> Iterator[None]:
    """Have an error say ``with`` where the asynchronous side says ``async with``."""
    try:
        yield
    except TypeError as error:
        raise TypeError(str(error).replace("async with", "with")) from None


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


class _TaskBlock(Generic[H]):
    """A ``with`` block around what runs tasks in the portal."""

    def __init__(self, tasks: _Batches[H]) -> None:
        self._tasks = tasks
        self._process = os.getpid()

    def __enter__(self) -> Self:
        portal.run(self._tasks.__aenter__)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A forked process inherits the block, but its tasks run in the parent.
        if os.getpid() == self._process:
            portal.run(self._tasks.__aexit__, kind, error, traceback)

    def __iter__(self) -> Iterator[H]:
        with _plain_words():
            batches = self._tasks._batches()
        return portal.Items(batches)


class SyncPrefetch(_TaskBlock[H]):
    """The hits of a search, in order, with several pages under way at once, in a ``with`` block.

    See :class:`~scenario_search.prefetch.AsyncPrefetch`.
    """

    _tasks: AsyncPrefetch[H]

    def pages(self) -> Iterator[SyncSearchHitsOffset[H]]:
        """Give the pages that hold a hit, in order.

        Raises:
            TypeError: Not inside ``with``.
        """
        with _plain_words():
            pages = self._tasks.pages()
        return map(_sync_page, portal.each(pages))


class SyncCrawl(_TaskBlock[H]):
    """All hits of a search: iterate over it, inside ``with`` to have requests run at once."""

    _tasks: AsyncCrawl[H]

    @property
    def stats(self) -> CrawlStats:
        """What it has done so far."""
        return self._tasks.stats

    def count(self) -> int:
        """Count the hits exactly, past the engine's cap. See :meth:`AsyncCrawl.count`."""
        return portal.run(self._tasks.count)

    def pieces(self) -> Iterator[Piece[H]]:
        """Give window after window, each with its hits. Call :meth:`mark` after each.

        See :meth:`AsyncCrawl.pieces`.

        Raises:
            TypeError: It would run tasks, and is not inside ``with``.
        """
        with _plain_words():
            pieces = self._tasks.pieces()
        return portal.each(pieces)

    def mark(self, piece: Piece[H], files: dict[str, int] | None = None) -> None:
        """Say that a window's hits have been consumed. See :meth:`AsyncCrawl.mark`."""
        portal.run(self._tasks.mark, piece, files)

    def to_jsonl(self, path: str | os.PathLike[str]) -> None:
        """Write all hits to a file, a line of JSON each. See :meth:`AsyncCrawl.to_jsonl`."""
        portal.run(self._tasks.to_jsonl, path)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write all hits to a CSV file. See :meth:`AsyncCrawl.to_csv`."""
        portal.run(self._tasks.to_csv, path)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write all hits to a Parquet file. See :meth:`AsyncCrawl.to_parquet`."""
        portal.run(self._tasks.to_parquet, path)

    def to_pandas(self) -> pd.DataFrame:
        """Give all hits as a pandas frame. See :meth:`AsyncCrawl.to_pandas`."""
        return portal.run(self._tasks.to_pandas)

    def to_polars(self) -> pl.DataFrame:
        """Give all hits as a polars frame. See :meth:`AsyncCrawl.to_polars`."""
        return portal.run(self._tasks.to_polars)

    def plan(self) -> list[CrawlWindow]:
        """Cut the crawl into windows, and count each. See :meth:`AsyncCrawl.plan`."""
        return portal.run(self._tasks.plan)


class SyncCrawler:
    """The crawls of a client: every hit, past the engine's cap, once, and resumable."""

    def __init__(self, client: AsyncScenario) -> None:
        self._crawler = AsyncCrawler(client)

    @takes(CrawlAssetsParams)
    def assets(self, **keywords: Any) -> SyncCrawl[SearchAssetSearchResponse]:
        """Crawl assets. With nothing to search for, all of them.

        ``progress`` is called in the client's own thread.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
        """
        return SyncCrawl(self._crawler.assets(**keywords))

    @takes(CrawlModelsParams)
    def models(self, **keywords: Any) -> SyncCrawl[SearchModelSearchResponse]:
        """Crawl models. With nothing to search for, all of them.

        ``progress`` is called in the client's own thread.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
        """
        return SyncCrawl(self._crawler.models(**keywords))

    @takes(CrawlPlanParams)
    def plan(self, **keywords: Any) -> list[CrawlWindow]:
        """Cut a crawl into windows for many machines, and count each, without reading them.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
            IncompleteCrawlError: More than the cap were created in one millisecond.
        """
        return portal.run(self._crawler.plan, **keywords)

    @takes_beside(RunOptions)
    def run(self, window: CrawlWindow, **options: Any) -> SyncCrawl[Any]:
        """Fetch one window of a plan.

        Args:
            window: What :meth:`plan` gave, in this process or another.
            options: As for :meth:`assets`: concurrency, checkpoint, order, cap, on_invalid,
                progress.
        """
        return SyncCrawl(self._crawler.run(window, **options))


@attrs.define(kw_only=True, repr=False)
class SyncSearchHitsOffset(SearchHits[H]):
    """A page of hits. Iterating goes on from this page's first hit to the last page's last."""

    _page: AsyncSearchHitsOffset[H] | None = attrs.field(default=None, eq=False, init=False)

    def _source(self) -> AsyncSearchHitsOffset[H]:
        """Give the page that this one stands for; one that no client made, if there is none."""
        if self._page is None:
            self._page = _same_fields(self, AsyncSearchHitsOffset)
        return self._page

    def _asked(self) -> tuple[SearchParams | None, ResponseInfo | None]:
        return self._source()._asked()

    @property
    def response(self) -> ResponseInfo:
        """How the page arrived: status, headers, request id, time, retries."""
        return self._source().response

    def has_next_page(self) -> bool:
        """Say whether there is a page after this one, as far as this one tells."""
        return self._source().has_next_page()

    def next_page_info(self) -> PageInfo | None:
        """Give what a request for the next page changes in the body; ``None`` at the end."""
        return self._source().next_page_info()

    def get_next_page(self) -> SyncSearchHitsOffset[H]:
        """Ask for the page after this one.

        Raises:
            PaginationError: There is none (ask ``has_next_page()`` first), or the server gave
                this page again.
        """
        return _sync_page(portal.run(self._source().get_next_page))

    def iter_pages(self) -> Iterator[SyncSearchHitsOffset[H]]:
        """Give this page, then the ones after it; ``max_items`` counts from this page on."""
        pages = portal.each(self._source().iter_pages())
        return (self if page is self._page else _sync_page(page) for page in pages)

    def __iter__(self) -> Iterator[H]:
        return portal.Items(self._source()._batches())

    def prefetch(self, pages_ahead: int) -> SyncPrefetch[H]:
        """Iterate on from this page with several pages under way at once, in a ``with`` block.

        Args:
            pages_ahead: How many pages may be under way at once, from 1.

        Raises:
            InvalidParamsError: ``pages_ahead`` is no whole number from 1.
        """
        return SyncPrefetch(self._source().prefetch(pages_ahead))

    def count(self) -> int:
        """Count all hits of this page's search, with one small request.

        Exact below the engine's cap of 1000; at the cap there is a
        :class:`TruncatedResultsWarning`, for there may be more.
        """
        return portal.run(self._source().count)


_S = TypeVar("_S", bound=SearchHits[Any])


def _same_fields(page: SearchHits[Any], cls: type[_S]) -> _S:
    """Give a page of another class that holds the same."""
    fields = {
        field.alias or field.name: getattr(page, field.name) for field in attrs.fields(SearchHits)
    }
    return cls(**fields)


def _sync_page(page: AsyncSearchHitsOffset[H]) -> SyncSearchHitsOffset[H]:
    made: SyncSearchHitsOffset[H] = _same_fields(page, SyncSearchHitsOffset)
    made._page = page
    return made


class SyncEndpoint(Generic[P, O, Q, H]):
    """An endpoint as a method that gives a page at once, with the same signature."""

    def __init__(self, endpoint: Endpoint[P, O, Q, H]) -> None:
        self._endpoint = endpoint

    def __set_name__(self, owner: type[Any], name: str) -> None:
        endpoint = self._endpoint
        self._function = endpoint.method(
            owner,
            lambda search, params: search._first_page(endpoint, params),
            returns=f"SyncSearchHitsOffset[{endpoint.hit_class.__name__}]",
        )

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Any: ...
    @overload
    def __get__(
        self, instance: SyncSearch, owner: type[Any]
    ) -> SearchMethod[P, O, Q, SyncSearchHitsOffset[H]]: ...
    def __get__(self, instance: SyncSearch | None, owner: type[Any]) -> Any:
        return self._function.__get__(instance, owner)


class SyncSearch:
    """The searches of a client. A call gives a page; iterate over it for every hit."""

    asset_search = SyncEndpoint(ASSETS)
    model_search = SyncEndpoint(MODELS)
    workflow_search = SyncEndpoint(WORKFLOWS)

    def __init__(self, client: AsyncScenario) -> None:
        self._search = AsyncSearch(client)

    def _first_page(
        self, endpoint: Endpoint[Any, Any, Any, H], params: SearchParams
    ) -> SyncSearchHitsOffset[H]:
        results = AsyncSearchResults(self._search._prepare(endpoint, params))
        return _sync_page(portal.run(_awaited, results))


async def _awaited(results: AsyncSearchResults[H]) -> AsyncSearchHitsOffset[H]:
    return await results
