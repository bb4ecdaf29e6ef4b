"""The requests of a crawl: pages of windows, bounded together, slowed down together, counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from scenario_search.concurrency.pacing import Pause, Turns
from scenario_search.concurrency.tasks import cancel_tasks
from scenario_search.crawl.params import CrawlStats, RunOptions, joined
from scenario_search.crawl.windows import Window, id_text
from scenario_search.errors import APIError, APIResponseValidationError
from scenario_search.search.endpoints import Endpoint
from scenario_search.search.pages import PagedSearch
from scenario_search.wire.hits import Hit
from scenario_search.wire.paging import Position, whole_number
from scenario_search.wire.params import SearchParams
from scenario_search.wire.values import MAX_PAGE_SIZE

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["WindowPage", "WindowRequests", "gathered"]

H = TypeVar("H", bound=Hit)
T = TypeVar("T")


@attrs.frozen
class WindowPage(Generic[H]):
    """What a request for a page of a window brought.

    Attributes:
        entries: Each hit as (what tells it from others, the hit). The first is ``None`` where it
            has no id, the second where it could not be decoded.
        total: How many hits the engine counts in the window.
    """

    entries: list[tuple[object, H | None]]
    total: int

    @property
    def hits(self) -> list[H]:
        """The hits that could be decoded."""
        return [hit for _, hit in self.entries if hit is not None]


class WindowRequests(Generic[H]):
    """Asks for pages of windows of one search.

    Args:
        requester: Sends them.
        endpoint: What is searched.
        params: What all windows have in common.
        options: How the crawl goes about it.
        stats: Where requests are counted.
        progress: Called with the statistics after every page.
        concurrency: How many requests may be under way at once.
        ranked: Whether the engine ranks the hits, so that they cannot be sorted by date.
    """

    def __init__(
        self,
        requester: Requester,
        endpoint: Endpoint[Any, Any, Any, H],
        params: SearchParams,
        options: RunOptions,
        stats: CrawlStats,
        *,
        progress: Callable[[CrawlStats], object] | None,
        concurrency: int,
        ranked: bool,
    ) -> None:
        self._requester = requester
        self._endpoint = endpoint
        self._options = options
        self._stats = stats
        self._progress = progress
        self._running = Turns(concurrency)
        self._pause = Pause()
        self._params = self._other_end = params
        if not ranked:
            orders = ("desc", "asc") if options.order == "newest" else ("asc", "desc")
            self._params, self._other_end = (
                attrs.evolve(params, sort_by=[f"createdAt:{order}"]) for order in orders
            )

    async def page(
        self,
        window: Window,
        offset: int = 0,
        *,
        size: int = MAX_PAGE_SIZE,
        other_end: bool = False,
        urgent: bool = True,
    ) -> WindowPage[H]:
        """Ask for hits of a window; from its start in page mode, whose total is exact.

        Args:
            window: The window.
            offset: How many hits to pass over.
            size: How many hits to ask for.
            other_end: Whether they come in the order opposite to the crawl's.
            urgent: Whether other requests depend on what it brings.

        Raises:
            APIError: The request failed, after its retries.
        """
        position = Position(paged=not offset, start=offset or 1, size=size)
        invalid: list[tuple[int, Any]] | None = [] if self._options.on_invalid == "skip" else None
        params = self._other_end if other_end else self._params
        params = attrs.evolve(params, filter=joined(params.filter, window.filter()))
        search = PagedSearch(self._requester, self._endpoint, params)
        retries = 0
        try:
            async with self._running.turn(urgent=urgent):
                page = await search.fetch(position, invalid=invalid, pause=self._pause)
            retries = page.response.retries_taken
        except APIError as error:
            retries = error.retries_taken
            raise
        finally:
            self._stats.requests += 1 + retries
            self._stats.retries += retries
        if self._progress is not None:
            self._progress(self._stats)
        total = whole_number(page.total)
        if total is None:
            raise APIResponseValidationError(
                "The answer has no totalHits, so a crawl cannot know what to expect",
                paths=("$.totalHits",),
                status_code=page.response.status_code,
                request_id=page.response.request_id,
            )
        entries: list[tuple[object, H | None]] = [(_key(hit.id), hit) for hit in page.hits]
        for index, data in invalid or ():
            key = _key(data.get("id")) if isinstance(data, dict) else None
            entries.insert(index, (key, None))
        return WindowPage(entries, total)

    async def pages(
        self, window: Window, offsets: Iterable[int], *, at_once: bool
    ) -> list[WindowPage[H]]:
        """Ask for several pages of a window."""
        calls = [self.page(window, offset, urgent=False) for offset in offsets]
        return await gathered(calls, at_once=at_once)


def _key(hit_id: object) -> str | None:
    return None if hit_id is None else id_text(hit_id)


async def gathered(calls: Iterable[Coroutine[Any, Any, T]], *, at_once: bool) -> list[T]:
    """Await all calls: at once, or one after the other. None is left when this ends."""
    calls = list(calls)
    if not at_once:
        try:
            return [await call for call in calls]
        finally:
            for call in calls:
                call.close()
    tasks = [asyncio.get_running_loop().create_task(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await cancel_tasks(tasks)
