"""The result of a search: to await for one page, or to iterate over for every hit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import attrs

from scenario_search.concurrency.threads import in_thread
from scenario_search.export.frames import Columns, rows
from scenario_search.search.exports import AllFrames, SearchExports
from scenario_search.search.pages import AsyncPrefetch, AsyncSearchHitsOffset, PagedSearch
from scenario_search.wire.hits import Hit
from scenario_search.wire.paging import Position, Walk, first_position

if TYPE_CHECKING:
    from scenario_search.export.files import ExportSource

__all__ = ["AsyncSearchResults"]

H = TypeVar("H", bound=Hit)


class AsyncSearchResults(SearchExports[H], AllFrames):
    """The result of a search. Await it for one page, or iterate over it for every hit.

    The client sends nothing until then. Each await or iteration sends new requests.
    """

    def __init__(self, search: PagedSearch[H]) -> None:
        self._search = search

    def __await__(self) -> Generator[Any, None, AsyncSearchHitsOffset[H]]:
        search = self._search
        return search.fetch(first_position(search.params, walk=False)).__await__()

    async def first_page(self) -> AsyncSearchHitsOffset[H]:
        """Returns the first page, as awaiting the results does.

        Use it if you need a coroutine, as in ``task_group.create_task(results.first_page())``.

        Raises:
            APIError: The request failed, after its retries, or the response is not a page.
        """
        return await self

    def __aiter__(self) -> AsyncIterator[H]:
        return self._search.hits(self.pages())

    if not TYPE_CHECKING:  # type checkers say it themselves

        def __getattr__(self, name: str) -> NoReturn:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            if not name.startswith("_") and hasattr(AsyncSearchHitsOffset, name):
                message += f": it is the page's, which 'await' gives: (await ...).{name}"
            raise AttributeError(message)

    def pages(self) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Yields the pages that hold a hit, in order, up to ``max_items``.

        Iterating raises :class:`PaginationError` if the server does not advance, and
        :class:`APIError` if a page cannot be read.
        """
        return self._search.pages(Walk(self._first_position()))

    def prefetch(self, pages_ahead: int) -> AsyncPrefetch[H]:
        """Yields the same hits in the same order, with several requests in flight.

        Args:
            pages_ahead: The maximum number of pages in flight, from 1. The first page is
                requested alone, since it shows where the end is.

        Raises:
            InvalidParamsError: ``pages_ahead`` is not a whole number from 1.
        """
        return AsyncPrefetch(self._search, self._first_position(), pages_ahead)

    def _first_position(self) -> Position:
        search = self._search
        position = first_position(search.params, walk=True)
        most = search.max_items
        if most and search.params.limit is None and not position.paged:
            position = attrs.evolve(position, size=min(position.size, most))
        return position

    async def count(self) -> int:
        """Returns the number of hits, with one small request. Exact below the engine's cap of 1000.

        At the cap it emits a :class:`TruncatedResultsWarning`, since there may be more.
        """
        return await self._search.count()

    async def to_dicts(self) -> list[dict[str, Any]]:
        """Returns every hit as a flat row. See :meth:`PageFrames.to_dicts`."""
        return await in_thread(rows, [hit async for hit in self])

    async def _columns(self) -> Columns:
        columns = Columns(self._search.endpoint.hit_class)
        async for hits in self._search.batches(self.pages()):
            await in_thread(columns.add, hits)
        return columns

    def _export_source(self) -> ExportSource[H]:
        return self._search.export_source(self.pages())

    def _expected_items(self) -> int | None:
        return self._search.expected_items

    def __repr__(self) -> str:
        endpoint = self._search.endpoint
        return (
            f"<{type(self).__name__} of {endpoint.name}: await it, use 'async for', or pass its "
            "first_page() to create_task()>"
        )
