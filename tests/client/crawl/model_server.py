"""A server in memory that misbehaves on request, and changes between requests."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import attrs

from scenario_search.crawl.cursor import Pending, Request
from scenario_search.crawl.dates import Bound, Range, instant, timestamp
from scenario_search.crawl.segments import Segments
from scenario_search.crawl.work import Dating

BASE = instant("2024-01-01T00:00:00Z") or 0
MILLISECOND = 1_000

WHOLE, UNDATED = Range(), Range(undated=True)

Doc = dict[str, Any]


def date(millisecond: int, form: int = 0) -> str:
    """Returns the date of a millisecond from the base on, in one of several formats."""
    text = timestamp(BASE + millisecond * MILLISECOND)
    if form == 1:
        return text.replace("Z", "+00:00")
    if form == 2:
        hour_later = timestamp(BASE + (millisecond + 3_600_000) * MILLISECOND)
        return hour_later.replace("Z", "+01:00")
    return text.replace(".000Z", "Z") if form == 3 else text


@attrs.define
class ModelServer:
    """Answers the requests of a crawl.

    Attributes:
        docs: What there is. Ties come in the order of the list.
        cap: At which position results end.
        by_text: Whether dates are compared and sorted as text; else as dates.
        sorts: Whether it sorts at all.
        shuffles_ties: Whether ties come in another order each time.
        leak: How many hits before the near end of a range come all the same.
        before: Called before each request with its number.
    """

    docs: list[Doc]
    cap: int = 1000
    by_text: bool = True
    sorts: bool = True
    shuffles_ties: bool = False
    leak: int = 0
    before: Callable[[int], object] = lambda _: None
    requests: int = 0
    chance: random.Random = attrs.field(factory=lambda: random.Random(1))

    def _value(self, text: str) -> Any:
        return text if self.by_text else instant(text)

    def _inside(self, doc: Doc, low: Bound, high: Bound | None) -> bool:
        value, start = self._value(doc["createdAt"]), self._value(low.text)
        if value < start or (value == start and not low.inclusive):
            return False
        if high is None:
            return True
        end = self._value(high.text)
        return bool(value < end or (value == end and high.inclusive))

    def answer(self, request: Request) -> list[Doc]:
        """Returns the hits of a page."""
        self.requests += 1
        assert self.requests < 20_000, "The crawl does not end"
        self.before(self.requests)
        dated = [doc for doc in self.docs if "createdAt" in doc]
        if request.range.undated:
            results = [doc for doc in self.docs if "createdAt" not in doc]
            return results[request.offset : min(request.offset + request.size, self.cap)]
        newest_first = request.newest_first
        if self.sorts and newest_first is not None:
            if self.shuffles_ties:
                self.chance.shuffle(dated)
            dated.sort(key=lambda doc: self._value(doc["createdAt"]), reverse=newest_first)
        low, high = request.range.low, request.range.high
        results = [doc for doc in dated if self._inside(doc, low, high)]
        if self.leak and newest_first and high is not None:
            above = [doc for doc in dated if not self._inside(doc, low, high)]
            above = [doc for doc in above if self._inside(doc, high, None)]
            results = above[-self.leak :] + results
        return results[request.offset : min(request.offset + request.size, self.cap)]

    async def ask(self, request: Request) -> list[Doc]:
        """Returns the hits of a page, after others had a chance to run."""
        await asyncio.sleep(0)
        hits = self.answer(request)
        await asyncio.sleep(0)
        return hits

    async def segments(
        self,
        pending: list[Pending],
        *,
        concurrency: int = 1,
        newest_first: bool = True,
        in_order: bool = True,
    ) -> Segments:
        """Returns what reads ranges of this server."""
        ranked = any(one.ranked for one in pending)
        other = [] if ranked else await self.ask(Request(WHOLE, not newest_first, 0, 1))
        return Segments(
            pending,
            Dating(newest_first=newest_first, in_order=in_order, cap=self.cap),
            self.ask,
            concurrency=concurrency,
            horizon=instant(other[0].get("createdAt")) if other else None,
            other_end=other[0] if other else None,
        )

    async def crawl(self, *, ranked: bool = False, **way: Any) -> tuple[list[Doc], Segments]:
        """Returns all hits, as a crawl brings them."""
        pending = [Pending(WHOLE, ranked=ranked), Pending(UNDATED)]
        segments = await self.segments(pending, **way)
        hits = []
        async for portion in segments.portions():
            hits += portion.hits
            segments.commit(portion)
        return hits, segments
