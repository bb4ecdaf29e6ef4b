"""The requests of a crawl: counted, within a budget, slowed down together."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import attrs

from scenario_search.concurrency.pacing import Pause
from scenario_search.crawl.cursor import Request
from scenario_search.crawl.params import joined
from scenario_search.crawl.segments import BudgetSpentError
from scenario_search.crawl.stats import CrawlStats
from scenario_search.errors import APIError, APIStatusError, RateLimitError
from scenario_search.search.endpoints import Endpoint
from scenario_search.search.prepared import PreparedSearch
from scenario_search.wire.paging import Position
from scenario_search.wire.params import SearchParams

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["CrawlRequests"]


class _Attempts(Pause):
    """Counts the attempts of all requests of a crawl, and bounds and delays them together.

    Args:
        stats: Where they are counted.
        most: How many may be sent; ``None`` for any number.
    """

    def __init__(self, stats: CrawlStats, most: int | None) -> None:
        super().__init__()
        self._stats = stats
        self._left = math.inf if most is None else most

    async def wait(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        """Waits until another attempt may be sent, and counts it.

        Raises:
            BudgetSpentError: No further one may be sent.
        """
        if self._left < 1:
            raise BudgetSpentError
        self._left -= 1
        await super().wait(sleep)
        self._stats.requests += 1


class CrawlRequests:
    """Sends the requests of a crawl.

    Args:
        requester: Sends them.
        endpoint: What is searched.
        params: What all requests have in common.
        field: The field of the date.
        stats: Where requests are counted.
        max_requests: How many may be sent, retries included.
        progress: Called after every page.
    """

    def __init__(
        self,
        requester: Requester,
        endpoint: Endpoint[Any, Any, Any, Any],
        params: SearchParams,
        field: str,
        stats: CrawlStats,
        *,
        max_requests: int | None = None,
        progress: Callable[[], object] | None = None,
    ) -> None:
        self._requester = requester
        self._endpoint = endpoint
        self._params = params
        self._field = field
        self._stats = stats
        self._progress = progress
        self._asked_for_undated = False
        self._attempts = _Attempts(stats, max_requests)

    async def ask(self, request: Request) -> list[Any]:
        """Returns the hits of a page, as JSON values.

        Raises:
            BudgetSpentError: No further request may be sent.
            APIError: The request failed, after its retries.
        """
        is_first = request.range.undated and not (request.offset or self._asked_for_undated)
        try:
            hits = await self._page(request)
        except APIStatusError as error:
            # A limit says nothing of the filter: a later request may be answered.
            if not is_first or isinstance(error, RateLimitError):
                raise
            # The server has no such filter. That is known now, and no reason to end the crawl.
            self._stats.undated_left_out = True
            hits = []
        self._asked_for_undated |= request.range.undated
        if self._progress is not None:
            self._progress()
        return hits

    async def _page(self, request: Request) -> list[Any]:
        search = PreparedSearch(self._requester, self._endpoint, self._of(request))
        position = Position(paged=False, start=request.offset, size=request.size)
        try:
            page, info = await search.fetch_json(position, pause=self._attempts)
        except APIError as error:
            self._stats.retries += error.retries_taken
            raise
        self._stats.retries += info.retries_taken
        hits: list[Any] = page["hits"]
        return hits

    def _of(self, request: Request) -> SearchParams:
        changes: dict[str, Any] = {
            "filter": joined(self._params.filter, request.range.filter(self._field))
        }
        if request.newest_first is not None:
            changes["sort_by"] = [f"{self._field}:{'desc' if request.newest_first else 'asc'}"]
        return attrs.evolve(self._params, **changes)
