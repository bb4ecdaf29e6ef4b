"""Pages of hits: how they are fetched, and how a page goes on to the next ones."""

from __future__ import annotations

import asyncio
import copy
import functools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

import attrs

from scenario_search.caller_warnings import warn_caller
from scenario_search.concurrency.pacing import Pause
from scenario_search.concurrency.tasks import cancel_tasks
from scenario_search.concurrency.threads import in_thread
from scenario_search.errors import (
    APIResponseValidationError,
    InvalidParamsError,
    PaginationError,
    TruncatedResultsWarning,
)
from scenario_search.export.targets import ExportTarget
from scenario_search.http.responses import error_context
from scenario_search.messages import Message
from scenario_search.search.exports import PageFrames, SearchExports
from scenario_search.search.prefetch import ReadAhead
from scenario_search.search.prepared import PreparedSearch
from scenario_search.wire.codec import PageDecoder
from scenario_search.wire.hits import Hit
from scenario_search.wire.pages import SearchHits
from scenario_search.wire.paging import (
    CRAWL,
    ENGINE_CAP,
    PageInfo,
    Position,
    Walk,
    items_left,
    next_position,
    page_position,
    whole_number,
)
from scenario_search.wire.params import SearchParams
from scenario_search.wire.response import ResponseInfo
from scenario_search.wire.values import as_int, is_whole

if TYPE_CHECKING:
    from scenario_search.export.files import ExportSource

__all__ = ["AsyncPrefetch", "AsyncSearchHitsOffset", "FetchedPage", "PagedSearch"]

H = TypeVar("H", bound=Hit)


class PagedSearch(PreparedSearch[H]):
    """One search, and its pages.

    Attributes:
        expected_items: How many hits the walk that began last will yield, as far as its first
            page says.
    """

    expected_items: int | None = None

    @functools.cached_property
    def _decoder(self) -> PageDecoder[AsyncSearchHitsOffset[H], H]:
        return PageDecoder(
            self.requester.converter,
            AsyncSearchHitsOffset,
            self.endpoint.hit_class,
            strict=self.requester.options.strict,
        )

    async def fetch(
        self,
        position: Position | None,
        *,
        invalid: list[tuple[int, Any]] | None = None,
        pause: Pause | None = None,
    ) -> AsyncSearchHitsOffset[H]:
        """Returns the page at a position.

        Args:
            position: Which page; ``None`` for the one that the request itself names.
            invalid: Takes the hits that cannot be decoded, as (index, JSON). Without it, such
                a hit is an error.
            pause: Shared by requests that should slow down together.

        Raises:
            InvalidParamsError: An image cannot be read, or a value has no JSON form.
            APIError: The request failed, after its retries, or the response is not a page.
        """
        data, info = await self.fetch_json(position, pause=pause)
        slices = self._decoder.in_slices(data, invalid=invalid, **error_context(info))
        while (page := next(slices)) is None:  # noqa: ASYNC110 - others run, nothing is waited for
            await asyncio.sleep(0)
        page._came_from(self, position, info)
        return page

    async def pages(
        self,
        walk: Walk,
        first: AsyncSearchHitsOffset[H] | None = None,
        *,
        fetch: Callable[[Position], Awaitable[AsyncSearchHitsOffset[H]]] | None = None,
    ) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Yields the pages of a walk that hold a hit, in order, up to ``max_items``.

        Args:
            walk: The walk, at its first position.
            first: The page of that position, where it is there already.
            fetch: Fetches the page at a position; :meth:`fetch` unless another is passed.
        """
        fetch = fetch or self.fetch
        left, begins = self.max_items, True
        while walk.position is not None and (left is None or left > 0):
            page = await fetch(walk.position) if first is None else first
            if begins:
                self.expected_items = items_left(page, left)
            first, begins = None, False
            warning = walk.accept(page)
            if left is not None:
                left -= len(page.hits)
            if page.hits:
                yield page
            # Without it, two pages would be in memory while the next is fetched, and neither in
            # the processor's cache.
            del page
            if warning is not None and (left is None or left > 0):
                warn_caller(warning, TruncatedResultsWarning)

    async def hits(self, pages: AsyncIterator[AsyncSearchHitsOffset[H]]) -> AsyncIterator[H]:
        """Yields the hits of pages, ``max_items`` at most."""
        async for batch in self.batches(pages):
            for hit in batch:
                yield hit
            del batch  # see `pages`

    async def batches(
        self, pages: AsyncIterator[AsyncSearchHitsOffset[H]]
    ) -> AsyncIterator[list[H]]:
        """Yields the hits of pages, a list for each page, ``max_items`` at most."""
        left = self.max_items
        async for page in pages:
            hits = page.hits[:left]
            if left is not None:
                left = max(0, left - len(hits))
            del page  # see `pages`
            yield hits
            del hits

    def export_source(self, pages: AsyncIterator[AsyncSearchHitsOffset[H]]) -> ExportSource[H]:
        """Returns the hits of pages as a source of an export."""
        from scenario_search.export.files import source_of  # noqa: PLC0415 - few searches need it

        return source_of(self.endpoint.hit_class, self.batches(pages))

    @property
    def max_items(self) -> int | None:
        """The most hits that an iteration yields."""
        return None if self.params.max_items is None else int(self.params.max_items)

    async def count(self) -> int:
        """Returns the total, by one small request in page mode."""
        page = await self.fetch(Position(paged=True, start=1, size=1))
        totals = (page.total_hits, page.total_pages, page.estimated_total_hits)
        total = next((n for n in map(whole_number, totals) if n is not None), None)
        if total is None:
            raise APIResponseValidationError(
                "The response has no totalHits to count by",
                paths=("$.totalHits",),
                status_code=page.response.status_code,
                request_id=page.response.request_id,
                retries_taken=page.response.retries_taken,
            )
        if total == ENGINE_CAP:
            warn_caller(
                Message(
                    "The engine counts to {:,} at most, so there may be more: {} counts them all",
                    ENGINE_CAP,
                    CRAWL,
                ),
                TruncatedResultsWarning,
            )
        return total


@attrs.define(kw_only=True, eq=False, repr=False)
class FetchedPage(SearchHits[H], PageFrames[H]):
    """A page of hits, and the search that it belongs to."""

    _search: PagedSearch[H] | None = attrs.field(default=None, eq=False, init=False)
    _position: Position | None = attrs.field(default=None, eq=False, init=False)
    _info: ResponseInfo | None = attrs.field(default=None, eq=False, init=False)
    _walk: Walk | None = attrs.field(default=None, eq=False, init=False)

    def _came_from(
        self, search: PagedSearch[H], position: Position | None, info: ResponseInfo
    ) -> None:
        self._search, self._position, self._info = search, position, info

    @property
    def response(self) -> ResponseInfo:
        """The response's status, headers, request id, elapsed time and number of retries."""
        return self._info if self._info is not None else self._no_request()

    def _asked(self) -> tuple[SearchParams | None, ResponseInfo | None]:
        return (None if self._search is None else self._search.params), self._info

    def _expected_items(self) -> int | None:
        return items_left(self, None if self._search is None else self._search.max_items)

    def _hit_class(self) -> type[Hit] | None:
        return None if self._search is None else self._search.endpoint.hit_class

    def _no_request(self) -> NoReturn:
        raise PaginationError("This page was not returned by a client's search")

    def _origin(self) -> PagedSearch[H]:
        return self._search or self._no_request()

    def has_next_page(self) -> bool:
        """Returns whether there is a page after this one, according to this page."""
        return next_position(self._position, self) is not None

    def next_page_info(self) -> PageInfo | None:
        """Returns what the next page's request changes in the body; ``None`` at the end."""
        following = next_position(self._position, self)
        return None if following is None else PageInfo(following.wire())


@attrs.define(kw_only=True, eq=False, repr=False)
class AsyncSearchHitsOffset(FetchedPage[H]):
    """A page of hits. Iterating yields its hits, then those of the later pages.

    The exports of a page (``to_dicts``, ``to_csv``, ``to_html`` and the like) contain only its own
    hits. Those with an ``all_pages`` argument can continue to the last page. For the others, use
    the methods of the results.
    """

    async def to_jsonl(self, path: ExportTarget, *, all_pages: bool = False) -> None:
        """Writes this page's hits to a file, one line of JSON each, as the API sent them.

        The export replaces the file as a whole, or not at all.

        Args:
            path: The file, an fsspec URL such as ``"s3://bucket/hits.jsonl"``, or a file object
                open for bytes.
            all_pages: Whether to continue to the last page, up to ``max_items``. Default: False.

        Raises:
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: A request failed, after its retries.
        """
        await PageExports(self, all_pages).to_jsonl(path)

    async def to_csv(self, path: ExportTarget, *, all_pages: bool = False) -> None:
        """Writes this page's hits to a CSV file. See :meth:`to_jsonl`."""
        await PageExports(self, all_pages).to_csv(path)

    async def to_parquet(self, path: ExportTarget, *, all_pages: bool = False) -> None:
        """Writes this page's hits to a Parquet file. See :meth:`to_jsonl`.

        Types and columns: :mod:`scenario_search.export.parquet`.

        Raises:
            ImportError: pyarrow is not installed.
        """
        await PageExports(self, all_pages).to_parquet(path)

    async def to_html(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        embed: bool = False,
        all_pages: bool = False,
        heading: str = "Scenario search",
    ) -> str:
        """Returns an HTML document that shows this page's hits as a gallery.

        The URLs of the pictures in it are signed and expire.

        Args:
            path: A file to write the document to as well.
            embed: Whether to fetch small copies of the pictures and embed them. The document
                then holds no URLs: you can mail it, and it looks the same after the URLs expire.
            all_pages: Whether to continue to the last page, up to ``max_items``.
            heading: The title of the document.

        Raises:
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: The request for a page failed, after its retries.
        """
        from scenario_search.display.gallery import page_document  # noqa: PLC0415 - only when shown

        page = self
        if all_pages:
            page = self._with_hits([hit async for batch in self._batches() for hit in batch])
        cards = page._cards(len(page.hits))
        if embed:
            from scenario_search.search.embedding import embedded  # noqa: PLC0415 - likewise

            cards = await embedded(cards, self._origin().requester)
        document = page_document(cards, heading=heading)
        if path is not None:
            await in_thread(Path(path).write_bytes, document.encode())
        return document

    def _with_hits(self, hits: list[H]) -> AsyncSearchHitsOffset[H]:
        """Returns hits of the same search as one page."""
        page = AsyncSearchHitsOffset(hits=hits)
        page._search = self._search
        return page

    async def get_next_page(self) -> AsyncSearchHitsOffset[H]:
        """Requests the page after this one.

        Raises:
            PaginationError: There is no next page (check ``has_next_page()`` first), or the server
                does not advance: it sent this page again, or its pages repeat.
        """
        search = self._origin()
        walk = self._walked()
        if walk.position is None:
            raise PaginationError("This is the last page: ask has_next_page() first")
        page = await search.fetch(walk.position)
        warning = walk.accept(page)
        page._walk = walk
        if warning is not None:
            warn_caller(warning, TruncatedResultsWarning)
        return page

    def _walked(self) -> Walk:
        """Returns the walk that led to this page, to go on with.

        A page keeps the walk of the pages that were requested before it one by one, so that such
        a loop ends too where the server goes round in a circle.
        """
        if self._walk is not None:
            return copy.copy(self._walk)
        walk = Walk(page_position(self._position, self))
        walk.accept(self)
        return walk

    def iter_pages(self) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Yields this page, then the ones after it. ``max_items`` counts from this page on."""
        return self._origin().pages(Walk(page_position(self._position, self)), self)

    def __aiter__(self) -> AsyncIterator[H]:
        return self._origin().hits(self.iter_pages())

    def _batches(self) -> AsyncIterator[list[H]]:
        return self._origin().batches(self.iter_pages())

    def prefetch(self, pages_ahead: int) -> AsyncPrefetch[H]:
        """Yields the hits from this page on, with several requests in flight.

        See :meth:`AsyncSearchResults.prefetch`.
        """
        start = page_position(self._position, self)
        return AsyncPrefetch(self._origin(), start, pages_ahead, self)

    async def count(self) -> int:
        """Returns the number of hits of the search. See :meth:`AsyncSearchResults.count`."""
        return await self._origin().count()


@attrs.frozen
class PageExports(SearchExports[H]):
    """Writes the hits of a page, or also those of the pages after it."""

    page: AsyncSearchHitsOffset[H]
    all_pages: bool

    def _export_source(self) -> ExportSource[H]:
        search = self.page._origin()
        if self.all_pages:
            return search.export_source(self.page.iter_pages())

        from scenario_search.export.files import source_of  # noqa: PLC0415 - few searches need it

        return source_of(search.endpoint.hit_class, _one(self.page.hits))


async def _one(hits: list[H]) -> AsyncIterator[list[H]]:
    yield hits


class AsyncPrefetch(Generic[H]):
    """The hits of a search, in order, with up to ``pages_ahead`` pages in flight.

    Use it with ``async with``. On exit it cancels the requests in flight and awaits them.
    It requests the first page alone, since that page shows where the end is, and requests nothing
    beyond the end. Each iteration in the block sends its own requests.

    Args:
        search: The search.
        start: The position of its first page. Each iteration starts there.
        pages_ahead: The maximum number of pages in flight, from 1.
        first: The page at that position, if it was already fetched.

    Raises:
        InvalidParamsError: ``pages_ahead`` is not a whole number from 1.
    """

    def __init__(
        self,
        search: PagedSearch[H],
        start: Position,
        pages_ahead: int,
        first: AsyncSearchHitsOffset[H] | None = None,
    ) -> None:
        if not is_whole(pages_ahead, 1):
            raise InvalidParamsError(
                f"prefetch takes a whole number of pages from 1, not {pages_ahead!r}"
            )
        self._search = search
        self._start = start
        self._pages_ahead = as_int(pages_ahead)
        self._first = first
        self._entered = False
        self._tasks: set[asyncio.Task[AsyncSearchHitsOffset[H]]] = set()

    def __repr__(self) -> str:
        return self._shown_as(type(self).__name__, "async ")

    def _shown_as(self, name: str, prefix: str) -> str:
        """Returns the ``repr`` of a class whose keywords have a prefix."""
        of = f"{self._search.endpoint.name}, {self._pages_ahead} pages ahead"
        return f"<{name} of {of}: use it in '{prefix}with'>"

    async def __aenter__(self) -> Self:
        self._entered = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._entered = False
        await cancel_tasks(list(self._tasks))

    def __aiter__(self) -> AsyncIterator[H]:
        return self._search.hits(self.pages())

    def _batches(self) -> AsyncIterator[list[H]]:
        return self._search.batches(self.pages())

    def _expected_items(self) -> int | None:
        return self._search.expected_items

    def pages(self) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Yields the pages that hold a hit, in order.

        Raises:
            TypeError: Not inside ``async with``.
        """
        self._check_entered()
        ahead = ReadAhead(
            self._search.fetch,
            self._tasks,
            self._pages_ahead,
            max_items=self._search.max_items,
            hits_before=self._start.hits_before,
        )
        if self._first is not None:
            ahead.learn(self._first)

        async def fetch(position: Position) -> AsyncSearchHitsOffset[H]:
            if not self._entered:
                raise RuntimeError("This iteration has ended: its prefetch block was left")
            return await ahead.page(position)

        return self._search.pages(Walk(self._start), self._first, fetch=fetch)

    def _check_entered(self, prefix: str = "async ") -> None:
        """Raises a :class:`TypeError` outside of the block, whose keyword has a prefix."""
        if not self._entered:
            raise TypeError(f"prefetch runs tasks: write '{prefix}with ....prefetch(n) as hits'")
