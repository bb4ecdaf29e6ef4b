"""The synchronous client: the asynchronous one, without ``await``.

Nothing is implemented twice. Searches, pages, crawls and their rules are those of
:class:`~scenario_search.AsyncScenario`; they run in the portal, whole pages at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

import attrs

from scenario_search.client import AsyncScenario
from scenario_search.files.options import DownloadOptions, DownloadReport
from scenario_search.http.options import ClientOptions
from scenario_search.search.endpoints import ASSETS, MODELS, WORKFLOWS, Endpoint
from scenario_search.search.methods import Searches, SearchMethod, prepared_search, search_method
from scenario_search.search.pages import AsyncPrefetch, AsyncSearchHitsOffset, FetchedPage
from scenario_search.search.results import AsyncSearchResults
from scenario_search.sync import portal
from scenario_search.sync.crawl import SyncCrawl, SyncCrawler, TaskBlock
from scenario_search.sync.portal import synchronous
from scenario_search.wire.hits import Hit, SearchAssetSearchResponse
from scenario_search.wire.params import SearchParams
from scenario_search.wire.signatures import makes, returns_same, takes, takes_beside_two

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from scenario_search.files.download import DownloadSource

__all__ = ["Scenario", "SyncPrefetch", "SyncSearch", "SyncSearchHitsOffset"]

P = ParamSpec("P")
O = ParamSpec("O")  # noqa: E741 - the options beside P, the parameters
Q = TypeVar("Q", bound=SearchParams)
H = TypeVar("H", bound=Hit)

_NO_SESSION = "Scenario takes no session, for it has an event loop of its own: use AsyncScenario"


class Scenario:
    """A synchronous client of Scenario's Search API, for scripts, notebooks and threads.

    It also works inside a running event loop. Any number of threads may share a client, and a
    forked process opens its own connections. Ctrl-C cancels the request in flight.
    While the interpreter shuts down, closing a client does nothing, and anything else raises
    :class:`RuntimeError`.

    Args:
        options: The keyword arguments of :class:`~scenario_search.ClientOptions`, which
            ``__init__`` lists. None is required if the environment holds the credentials. The
            client enters a ``limiter`` in its own event loop.

    Raises:
        ConfigurationError: The credentials, the base URL or another option cannot be used.
    """

    @takes(ClientOptions, session=_NO_SESSION)
    def __init__(self, **options: Any) -> None:
        """Creates a client. It opens no connection yet."""
        self._wrap(AsyncScenario(**options))

    def _wrap(self, client: AsyncScenario) -> None:
        self._client = client
        client._requester.transport.close_with = "'with', or client.close()"
        portal.reset_in_fork(client._requester.transport)

    @makes(ClientOptions, session=_NO_SESSION)
    @classmethod
    def demo(cls, **options: Any) -> Self:
        """Returns a client of an embedded emulator with demo data, which stops with the client.

        See :meth:`AsyncScenario.demo`.
        """
        client = object.__new__(cls)
        client._wrap(AsyncScenario.demo(**options))
        return client

    @property
    def search(self) -> SyncSearch:
        """The searches: assets, models, workflows."""
        return SyncSearch(self._client._requester)

    @property
    def crawl(self) -> SyncCrawler:
        """The crawls: every hit, past the engine's result cap."""
        return SyncCrawler(self._client._requester)

    @property
    def base_url(self) -> str:
        """The base URL of the API, without a trailing slash."""
        return self._client.base_url

    @property
    def options(self) -> ClientOptions:
        """The options, without the credentials."""
        return self._client.options

    @returns_same(ClientOptions, session=_NO_SESSION)
    def with_options(self, **changes: Any) -> Self:
        """Returns a copy with other options that shares the connections.

        See :meth:`AsyncScenario.with_options`.
        """
        copy = object.__new__(type(self))
        copy._wrap(self._client.with_options(**changes))
        return copy

    @takes_beside_two(DownloadOptions)
    def download(
        self, assets: DownloadSource, directory: str | os.PathLike[str], **options: Any
    ) -> DownloadReport:
        """Downloads the files of assets into a folder. See :meth:`AsyncScenario.download`.

        A page stands for its hits and those of all later pages. The calling thread iterates over
        an iterable and calls ``progress``.

        Raises:
            RuntimeError: This process was forked after the crawl's ``with`` block was entered.
        """
        caller = portal.Caller()
        source: Any = assets
        if isinstance(source, SyncCrawl):
            caller, source = source._caller, source._here
        elif isinstance(source, TaskBlock):
            caller, source = source._caller, source._iterable
        elif isinstance(source, SyncSearchHitsOffset):
            source = source._here
        elif isinstance(source, Iterable) and not isinstance(source, list | tuple):
            source = caller.iterate_here(source)
        caller.redirect_progress(options)
        return caller.run(self._client.download, source, directory, **options)

    def refresh(self, hits: Iterable[SearchAssetSearchResponse]) -> list[SearchAssetSearchResponse]:
        """Returns assets with fresh URLs, in their order. See :meth:`AsyncScenario.refresh`."""
        return portal.Caller().run(self._client.refresh, list(hits))

    def close(self) -> None:
        """Closes the connections. Closing again does nothing."""
        portal.close(self._client.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        # A traceback's locals show a client that could not be made, too.
        if not hasattr(self, "_client"):
            return f"<{type(self).__name__}, which could not be made>"
        return self._client._shown_as(type(self).__name__)

    __reduce__ = AsyncScenario.__reduce__


class SyncPrefetch(TaskBlock[AsyncPrefetch[H], H]):
    """The hits of a search, in order, with several pages in flight, in a ``with`` block.

    See :class:`~scenario_search.AsyncPrefetch`.
    """

    def pages(self) -> Iterator[SyncSearchHitsOffset[H]]:
        """Yields the pages that hold a hit, in order. See :meth:`AsyncPrefetch.pages`."""
        pages = self._caller.iterate(self._iterable.pages())
        return portal.Items(map(_sync_page, pages), "pages")


@attrs.define(kw_only=True, eq=False, repr=False)
class SyncSearchHitsOffset(FetchedPage[H]):
    """A page of hits. Iterating yields its hits, then those of the later pages.

    The exports of a page (``to_dicts``, ``to_csv``, ``to_html`` and the like) contain only its own
    hits. With ``all_pages`` they continue to the last page, up to ``max_items``.
    """

    @property
    def _here(self) -> AsyncSearchHitsOffset[H]:
        """The same page for asynchronous code."""
        return _twin(self, AsyncSearchHitsOffset)

    def get_next_page(self) -> SyncSearchHitsOffset[H]:
        """Requests the page after this one. See :meth:`AsyncSearchHitsOffset.get_next_page`."""
        return _sync_page(portal.Caller().run(self._here.get_next_page))

    def iter_pages(self) -> Iterator[SyncSearchHitsOffset[H]]:
        """Yields this page, then the ones after it. ``max_items`` counts from this page on."""
        first = self._here
        pages = portal.Caller().iterate(first.iter_pages())
        mine = (self if page is first else _sync_page(page) for page in pages)
        return portal.Items(mine, "pages")

    def __iter__(self) -> Iterator[H]:
        batches = portal.Caller().iterate(self._here._batches())
        return portal.Items((hit for batch in batches for hit in batch), "hits")

    def prefetch(self, pages_ahead: int) -> SyncPrefetch[H]:
        """Returns the hits from this page on, with several pages in flight, inside ``with``.

        See :meth:`AsyncSearchResults.prefetch`.
        """
        return SyncPrefetch(self._here.prefetch(pages_ahead))

    def to_dicts(self, *, all_pages: bool = False) -> list[dict[str, Any]]:
        """Returns this page's hits, or all, as flat rows. See :meth:`PageFrames.to_dicts`."""
        return self._scope(all_pages=all_pages).to_dicts()

    def to_pandas(self, *, all_pages: bool = False) -> pd.DataFrame:
        """Returns this page's hits, or all, as a pandas frame. See :meth:`PageFrames.to_pandas`."""
        return self._scope(all_pages=all_pages).to_pandas()

    def to_polars(self, *, all_pages: bool = False) -> pl.DataFrame:
        """Returns this page's hits, or all, as a polars frame. See :meth:`PageFrames.to_polars`."""
        return self._scope(all_pages=all_pages).to_polars()

    def _scope(self, *, all_pages: bool) -> AsyncSearchHitsOffset[H]:
        return self._here._with_hits(list(self) if all_pages else self.hits)

    count = synchronous(AsyncSearchHitsOffset.count)
    to_html = synchronous(AsyncSearchHitsOffset.to_html)
    to_jsonl = synchronous(AsyncSearchHitsOffset.to_jsonl)
    to_csv = synchronous(AsyncSearchHitsOffset.to_csv)
    to_parquet = synchronous(AsyncSearchHitsOffset.to_parquet)


_Page = TypeVar("_Page", bound=FetchedPage[Any])


def _twin(page: FetchedPage[Any], cls: type[_Page]) -> _Page:
    """Returns a page of another class that holds the same."""
    twin = cls()
    for field in attrs.fields(FetchedPage):
        setattr(twin, field.name, getattr(page, field.name))
    return twin


def _sync_page(page: AsyncSearchHitsOffset[H]) -> SyncSearchHitsOffset[H]:
    return _twin(page, SyncSearchHitsOffset)


def _method(endpoint: Endpoint[P, O, Q, H]) -> SearchMethod[P, O, Q, SyncSearchHitsOffset[H]]:
    def call(search: SyncSearch, params: SearchParams) -> SyncSearchHitsOffset[H]:
        results = AsyncSearchResults(prepared_search(search._requester, endpoint, params))
        return _sync_page(portal.Caller().run(results.first_page))

    return search_method(endpoint, call, owner="SyncSearch", returns="SyncSearchHitsOffset")


class SyncSearch(Searches):
    """The searches of a client. A call returns a page; iterate over it for every hit."""

    asset_search = _method(ASSETS)
    model_search = _method(MODELS)
    workflow_search = _method(WORKFLOWS)
