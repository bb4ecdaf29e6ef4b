"""Counting hits without reading them: one request for about a thousand.

A page near the engine's cap tells whether so many hits follow, and the date where to go on. Hits at
that date are counted anew from there, since a tie may begin before the page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise
from math import ceil
from typing import Any

import attrs

from scenario_search.crawl.cursor import Request
from scenario_search.crawl.dates import Bound, Range, hit_date, instant
from scenario_search.crawl.ranked import Depth, Window
from scenario_search.crawl.stats import CrawlEstimate
from scenario_search.crawl.ties import PAGE
from scenario_search.errors import IncompleteCrawlError

__all__ = ["Counting"]

_RANKED_SURPLUS = 1.5
"""Requests of a ranked crawl for each full page."""

_TYPICAL_WINDOW = 700
"""Hits of a window that was not counted, for an estimate."""


class _LimitReachedError(Exception):
    """So many requests were sent as counting may take."""


@attrs.define(kw_only=True)
class Counting:
    """Counts the hits of a crawl.

    Args:
        ask: Sends a request and returns the hits.
        range: The range of dates.
        field: The field of the date.
        cap: How many hits the engine returns for one search.
        ranked: Whether its order says nothing of dates.
        undated: Whether hits without a date are counted, too.
        known: The keys of hits that do not count.
        limit: How many requests it may send; ``None`` for as many as it takes.

    Attributes:
        undated_hits: How many hits have no date.
        marks: Instants, in microseconds since 1970, and how many hits are newer.
    """

    ask: Callable[[Request], Awaitable[list[Any]]]
    range: Range
    field: str
    cap: int
    ranked: bool
    undated: bool
    known: frozenset[str] = frozenset()
    limit: int | None = None
    undated_hits: int = attrs.field(default=0, init=False)
    marks: list[tuple[int, int]] = attrs.field(factory=list, init=False)
    _spent: int = attrs.field(default=0, init=False)
    _counted: int = attrs.field(default=0, init=False)
    _oldest: int | None = attrs.field(default=None, init=False)
    _windows_left: int = attrs.field(default=0, init=False)

    async def estimate(self) -> CrawlEstimate:
        """Returns how many hits there are, as well as the limit allows.

        Raises:
            IncompleteCrawlError: Without a limit: as many hits as the cap have one date.
        """
        exact = True
        try:
            if self.undated:
                self.undated_hits = await self._undated()
            if not self.ranked:
                await self._find_oldest()
            await (self._count_windows() if self.ranked else self._count_by_date())
        except _LimitReachedError:
            exact = False
        low = self._counted + self.undated_hits
        likely, high = (low, low) if exact else self._extrapolated(low)
        if self.ranked:
            requests = ceil(likely / PAGE * _RANKED_SURPLUS) + 2
        else:
            requests = ceil(likely / (PAGE - 1)) + 3
        return CrawlEstimate(low, likely, high, requests, self._spent)

    async def _ask(self, request: Request) -> list[Any]:
        if self.limit is not None and self._spent >= self.limit:
            raise _LimitReachedError
        self._spent += 1
        return await self.ask(request)

    async def _undated(self) -> int:
        undated = Range(undated=True)
        hits = await self._ask(Request(undated, None))
        if len(hits) < PAGE:
            return len(hits)
        count = await self._end_of(Request(undated, None), PAGE, self.cap)
        if count >= self.cap:
            self._cannot_be_counted("have no date", "without a date")
        return count

    def _cannot_be_counted(self, what: str, instant_text: str) -> None:
        if self.limit is None:
            raise IncompleteCrawlError(
                f"As many hits as the cap of {self.cap:,} {what}, so they cannot be counted",
                instants=(instant_text,),
            )

    async def _find_oldest(self) -> None:
        """Finds the oldest hit; a server that does not sort is then recognised by the first."""
        oldest = await self._ask(Request(self.range, newest_first=False, size=1))
        newest = await self._ask(Request(self.range, newest_first=True, size=2))
        if len(newest) > 1 and newest[0] == oldest[0]:
            self.ranked = True
        for hit in newest[:1]:
            self._mark(hit_date(hit, self.field))
        self._oldest = instant(hit_date(oldest[0], self.field)) if oldest else None

    def _mark(self, date: str | None) -> None:
        moment = instant(date)
        if moment is not None:
            self.marks.append((moment, self._counted))

    async def _count_by_date(self) -> None:
        range_ = self.range
        while True:
            deep = Request(range_, newest_first=True, offset=max(0, self.cap - PAGE))
            hits = await self._ask(deep)
            if len(hits) < PAGE:
                self._counted += await self._last_count(deep, hits)
                return
            last, before = hit_date(hits[-1], self.field), len(hits)
            bound = Bound(last or "")
            while before and bound.is_same_instant(hit_date(hits[before - 1], self.field) or ""):
                before -= 1
            place = deep.offset + before
            if not before:
                place = await self._start_of_tie(range_, bound, deep.offset)
            if not place:
                self._cannot_be_counted(f"have the date {last}", str(last))
                place, bound = self.cap, Bound(bound.text, inclusive=False)
            self._counted += place
            self._mark(last)
            range_ = attrs.evolve(range_, high=bound)

    async def _last_count(self, deep: Request, hits: list[Any]) -> int:
        if hits or not deep.offset:
            return deep.offset + len(hits)
        return await self._end_of(deep, 0, deep.offset)

    async def _end_of(self, request: Request, low: int, high: int) -> int:
        """Returns how many hits a search has that has from ``low`` to ``high``."""
        while low < high:
            middle = max(low, min((low + high) // 2, high - PAGE))
            hits = await self._ask(attrs.evolve(request, offset=middle))
            if not hits:
                high = middle
            elif len(hits) < PAGE:
                return middle + len(hits)
            else:
                low = middle + len(hits)
        return low

    async def _start_of_tie(self, range_: Range, bound: Bound, offset: int) -> int:
        """Returns how many hits come before those of one date."""
        while offset:
            offset = max(0, offset - PAGE)
            hits = await self._ask(Request(range_, newest_first=True, offset=offset))
            dates = [hit_date(hit, self.field) or "" for hit in hits]
            others = sum(not bound.is_same_instant(date) for date in dates)
            if others:
                return offset + others
        return 0

    async def _count_windows(self) -> None:
        depth = Depth()
        windows = [self.range]
        while windows:
            self._windows_left = len(windows)
            range_ = windows.pop()
            window = Window(range_, cap=self.cap, depth=depth, probe=True, field=self.field)
            deep = window.request()
            hits = await self._ask(deep)
            window.accept(hits)
            if window.cut is not None:
                windows += window.range.split(window.cut)
            elif len(hits) >= PAGE:
                self._cannot_be_counted(f"lie {range_}", str(range_))
                self._counted += self.cap
            else:
                self._counted += await self._last_count(deep, hits)

    def _extrapolated(self, low: int) -> tuple[int, int]:
        if self.ranked:
            return (
                low + self._windows_left * _TYPICAL_WINDOW,
                low + 2 * self._windows_left * self.cap,
            )
        if self._oldest is None or len(self.marks) < 2:
            return low, low + self.cap
        (newest, _), (reached, counted) = self.marks[0], self.marks[-1]
        left = max(0, reached - self._oldest)
        mean = counted / max(1, newest - reached)
        most = max((b[1] - a[1]) / max(1, a[0] - b[0]) for a, b in pairwise(self.marks))
        return low + round(left * mean), low + round(left * most)
