"""Reading ahead: pages in order, with several requests in flight."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from scenario_search.concurrency.tasks import cancel_tasks
from scenario_search.wire.pages import SearchHits
from scenario_search.wire.paging import Position, whole_number

__all__ = ["ReadAhead"]

PageT = TypeVar("PageT", bound=SearchHits[Any])


class ReadAhead(Generic[PageT]):
    """Fetches pages ahead of where they are read, never past the end that is known.

    The first page is fetched alone, since it says where the end is. Whoever reads ahead must
    cancel the tasks at the end.

    Args:
        fetch: Fetches the page at a position.
        tasks: Holds the tasks of the requests in flight, those of other readers among them.
        pages_ahead: How many pages may be in flight, from 1.
        max_items: The most hits that will be read; ``None`` for all.
        hits_before: How many hits come before the first page that is read.
    """

    def __init__(
        self,
        fetch: Callable[[Position], Coroutine[Any, Any, PageT]],
        tasks: set[asyncio.Task[PageT]],
        pages_ahead: int,
        *,
        max_items: int | None,
        hits_before: int,
    ) -> None:
        self._fetch = fetch
        self._tasks = tasks
        self._pages_ahead = pages_ahead
        self._most = None if max_items is None else hits_before + max_items
        self._end = 0
        self._largest = 0
        self._pending: deque[tuple[Position, asyncio.Task[PageT]]] = deque()

    async def page(self, position: Position) -> PageT:
        """Returns the page at a position, which is usually in flight already."""
        if self._pending and self._pending[0][0] == position:
            _, task = self._pending.popleft()
        else:
            await self._cancel()
            task = self._begin(position)
        self._fetch_ahead(position, self._pages_ahead - 1)
        try:
            page = await task
        finally:
            if not task.done():
                task.cancel()
        self.learn(page)
        self._fetch_ahead(position, self._pages_ahead)
        return page

    def learn(self, page: PageT) -> None:
        """Takes from a page where the end is, and how large pages are."""
        self._largest = max(self._largest, len(page.hits))
        self._end = whole_number(page.total) or 0
        if self._most is not None:
            self._end = min(self._end, self._most)

    def _begin(self, position: Position) -> asyncio.Task[PageT]:
        task = asyncio.get_running_loop().create_task(self._fetch(position))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[PageT]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Looked at, so that asyncio does not report the error of a page that nobody reads.
            task.exception()

    def _fetch_ahead(self, position: Position, most: int) -> None:
        """Starts requests for the pages after a position, up to the end that is known.

        They begin where pages as large as the largest so far would end, since a server may send
        smaller pages than it was asked for.
        """
        size = self._largest or position.size
        following = (self._pending[-1][0] if self._pending else position).after(size)
        while len(self._pending) < most and following.hits_before < self._end:
            self._pending.append((following, self._begin(following)))
            following = following.after(size)

    async def _cancel(self) -> None:
        """Cancels this reader's requests in flight and waits until they have ended."""
        tasks = [task for _, task in self._pending]
        self._pending.clear()
        await cancel_tasks(tasks)
