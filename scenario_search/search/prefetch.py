"""Reading ahead: hits in order, with several pages under way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from scenario_search.errors import InvalidParamsError, PaginationError
from scenario_search.wire.hits import Hit
from scenario_search.wire.paging import Position, Walk, whole_number
from scenario_search.wire.rules import as_int, is_whole

if TYPE_CHECKING:
    from scenario_search.search.pages import AsyncSearchHitsOffset, PreparedSearch

__all__ = ["AsyncPrefetch"]

H = TypeVar("H", bound=Hit)


class AsyncPrefetch(Generic[H]):
    """The hits of a search, in order, with up to ``pages_ahead`` pages under way at once.

    Use it with ``async with``: on the way out, what is still under way is cancelled and awaited.
    The first page is asked for alone, since it tells the end; nothing is asked for beyond that.

    Args:
        search: The search.
        walk: The walk over its pages, at its first position. Each iteration walks anew.
        pages_ahead: How many pages may be under way at once, from 1.
        first: The page of the walk's first position, where it is there already.

    Raises:
        InvalidParamsError: ``pages_ahead`` is no whole number from 1.
    """

    def __init__(
        self,
        search: PreparedSearch[H],
        walk: Walk,
        pages_ahead: int,
        first: AsyncSearchHitsOffset[H] | None = None,
    ) -> None:
        if not is_whole(pages_ahead, 1):
            raise InvalidParamsError(
                f"prefetch takes a whole number of pages from 1, not {pages_ahead!r}"
            )
        self._search = search
        self._start = walk.position
        self._pages_ahead = as_int(pages_ahead)
        self._first = first
        self._entered = False
        self._begin = 0 if self._start is None else self._start.hits_before
        self._end = 0
        self._largest = 0
        self._pending: deque[tuple[Position, asyncio.Task[AsyncSearchHitsOffset[H]]]] = deque()
        if first is not None:
            self._learn(first)

    def __repr__(self) -> str:
        of = f"{self._search.endpoint.name}, {self._pages_ahead} pages ahead"
        return f"<{type(self).__name__} of {of}: use it in 'async with'>"

    async def __aenter__(self) -> Self:
        self._entered = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered = False
        await self._cancel()

    def __aiter__(self) -> AsyncIterator[H]:
        return self._search.hits(self.pages())

    def _batches(self) -> AsyncIterator[list[H]]:
        return self._search.batches(self.pages())

    def pages(self) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Give the pages that hold a hit, in order.

        Raises:
            TypeError: Not inside ``async with``.
        """
        if not self._entered:
            raise TypeError("prefetch runs tasks: write 'async with ....prefetch(n) as hits'")
        if self._start is None:
            raise PaginationError("This walk has ended")
        return self._search.pages(Walk(self._start), self._first, fetch=self._fetch)

    async def _fetch(self, position: Position) -> AsyncSearchHitsOffset[H]:
        """Give the page at a position, which mostly is under way already."""
        if not self._entered:
            raise RuntimeError("This iteration has ended: its 'async with' was left")
        if self._pending and self._pending[0][0] == position:
            _, task = self._pending.popleft()
        else:
            await self._cancel()
            task = asyncio.get_running_loop().create_task(self._search.fetch(position))
        self._ask_ahead(position, self._pages_ahead - 1)
        try:
            page = await task
        finally:
            if not task.done():
                task.cancel()
        self._learn(page)
        self._ask_ahead(position, self._pages_ahead)
        return page

    def _learn(self, page: AsyncSearchHitsOffset[H]) -> None:
        self._largest = max(self._largest, len(page.hits))
        self._end = whole_number(page.total) or 0
        if self._search.max_items is not None:
            self._end = min(self._end, self._begin + self._search.max_items)

    def _ask_ahead(self, position: Position, most: int) -> None:
        """Start requests for the pages after a position, up to the end that is known.

        They begin where pages as large as the largest so far would end, since a server may give
        smaller ones than are asked for.
        """
        size = self._largest or position.size
        following = (self._pending[-1][0] if self._pending else position).after(size)
        while len(self._pending) < most and following.hits_before < self._end:
            task = asyncio.get_running_loop().create_task(self._search.fetch(following))
            self._pending.append((following, task))
            following = following.after(size)

    async def _cancel(self) -> None:
        tasks = [task for _, task in self._pending]
        self._pending.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
