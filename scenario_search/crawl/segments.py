"""Pieces of a crawl that are read concurrently, and handed out in order or as they come.

A worker without a piece takes over the far part of another's. How much is left there is known only
by the density of hits seen so far, and hits come in bursts, so it leaves some ten pages to the
other and takes the rest, to be divided again. No request is spent on counting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import Any

from scenario_search.crawl.cursor import Cursor, Pending, Request
from scenario_search.crawl.dates import Range, instant, timestamp
from scenario_search.crawl.ranked import Depth, Window
from scenario_search.crawl.ties import PAGE
from scenario_search.crawl.work import Dating, Portion, Work
from scenario_search.errors import RateLimitError

__all__ = ["BudgetSpentError", "Segments"]

Ask = Callable[[Request], Awaitable[list[Any]]]

_SLICE = 15 * PAGE
"""Hits that a worker keeps, by the density seen, when another takes the rest."""

_SMALLEST_SLICE = 4 * PAGE
_WORTH_TAKING = 10 * PAGE
_HELD_PORTIONS = 15
"""Portions that wait for their turn, for each request in flight, when hits come in order."""

_MOST_HELD = 120
"""Portions that wait for their turn, however many requests are in flight."""

_HEAD_PORTIONS = 4


class BudgetSpentError(Exception):
    """No further request may be sent: the crawl ends here, and can go on later."""


class Segments:
    """Reads pieces and hands out their hits.

    Args:
        pending: What is to be read, in order.
        dating: What is taken for a hit's date.
        ask: Sends a request and returns the hits.
        concurrency: How many requests may be in flight.
        horizon: The instant, in microseconds since 1970, past which no hit is expected at the far
            end, to estimate by; ``None`` if unknown.
        other_end: The first hit of the opposite order, by which a server that does not sort is
            recognised.
        whole: The range before it was bounded by that hit, which may be any on such a server.

    Attributes:
        works: The pieces that are not committed whole, in order.
        stopped: Whether it ended early, since the budget was spent.
        postponed: The limit of the server that kept this crawl from asking for undated hits, so
            that they are left to a later one; ``None`` if there was none.
    """

    def __init__(
        self,
        pending: Iterable[Pending],
        dating: Dating,
        ask: Ask,
        *,
        concurrency: int,
        horizon: int | None = None,
        other_end: Any = None,
        whole: Range | None = None,
    ) -> None:
        self.depth = Depth()
        self.works = [Work.of(one, dating, self.depth) for one in pending]
        self._gaps: list[Pending] = []
        self._remaining: list[Pending] = []
        self.stopped = False
        self.postponed: RateLimitError | None = None
        self._dating = dating
        self._ask = ask
        self._concurrency = concurrency
        self.horizon = horizon
        self._other_end = other_end
        self._whole = whole
        self._error: Exception | None = None
        self._workers: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()

    @property
    def is_finished(self) -> bool:
        """Whether everything was read."""
        return all(work.reader.done for work in self.works)

    def pending(self) -> list[Pending]:
        """Returns what a later crawl should read: what has not been committed or read whole."""
        return [pending for work in self.works for pending in work.left()] + self._remaining

    @property
    def incomplete(self) -> list[str]:
        """What could not be read whole: dates, or in words ranges of dates."""
        gaps = self._gaps + [gap for work in self.works for gap in work.reader.gaps]
        ranges = [gap.range for gap in gaps]
        return [range_.low.text if range_.low == range_.high else str(range_) for range_ in ranges]

    def commit(self, portion: Portion) -> None:
        """Notes that a portion was consumed."""
        portion.work.commit(portion)
        self._drop_spent()

    def share_left(self, whole: int) -> float | None:
        """Returns the share of the time that is not read yet, from 0 to 1; ``None`` if unknown.

        Args:
            whole: Microseconds from the first hit to the last.
        """
        left = 0.0
        for work in self.works:
            if work.reader.done or work.reader.range.undated:
                continue
            ends = self._ends(work.reader.range)
            if ends is None or not isinstance(work.reader, Cursor):
                return None
            left += abs(ends[0] - ends[1])
        return min(1.0, left / whole) if whole else None

    def drop(self, portion: Portion) -> None:
        """Forgets a portion, where there is no checkpoint to note it in."""
        portion.work.drop(portion)
        self._drop_spent()

    def _drop_spent(self) -> None:
        for work in [work for work in self.works if work.is_spent]:
            self._gaps += work.reader.gaps
            self._remaining += work.left()
            self.works.remove(work)

    # Handing out

    async def portions(self) -> AsyncGenerator[Portion, None]:
        """Yields the hits in portions; nothing is left running when it ends.

        Raises:
            Exception: A request failed. What was read before is yielded first.
        """
        if self._concurrency > 1:
            await self._start()
        try:
            while True:
                while (portion := self._next_portion()) is not None:
                    yield portion
                if not await self._read_on():
                    break
        finally:
            await self.close()
        while (portion := self._next_portion()) is not None:
            yield portion
        self._drop_spent()
        if self._error is not None:
            raise self._error

    def _next_portion(self) -> Portion | None:
        in_order = self._dating.in_order
        if in_order and self._is_ending:
            # What comes before this will not be read: each answered request is progress.
            in_order = False
            for work in self.works:
                work.release()
        for work in self.works:
            if work.ready:
                portion = work.hand_out()
                self._changed.set()
                return portion
            if in_order and not work.reader.done:
                return None
        return None

    @property
    def _is_ending(self) -> bool:
        return (self.stopped or self._error is not None) and not self._is_reading

    @property
    def _is_reading(self) -> bool:
        return any(not worker.done() for worker in self._workers)

    async def _read_on(self) -> bool:
        """Reads a page, or waits for one; returns whether there may be more."""
        if self._concurrency > 1:
            if not self._is_reading:
                return any(work.ready for work in self.works)
            await self._wait()
            return True
        work = self._next_work()
        if work is None:
            return False
        await self._guarded_step(work)
        return not self._is_ending

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    # Reading

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._workers = [loop.create_task(self._work()) for _ in range(self._concurrency)]
        for worker in self._workers:
            worker.add_done_callback(lambda _: self._changed.set())

    async def close(self) -> None:
        """Cancels what runs, and waits for its end."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self) -> None:
        while not self._must_stop and not self.is_finished:
            work = self._next_work() or self._take_over()
            if work is None:
                await self._wait()
                continue
            work.running = True
            try:
                # A piece whose hits have to wait is left alone: a nearer one may need help.
                while self._goes_on(work):
                    await self._guarded_step(work)
                    self._changed.set()
            finally:
                work.running = False
        self._changed.set()

    def _goes_on(self, work: Work) -> bool:
        return not work.reader.done and not self._must_stop and self._has_room(work)

    @property
    def _must_stop(self) -> bool:
        return self.stopped or self._error is not None

    def _next_work(self) -> Work | None:
        waiting = (work for work in self.works if not work.running and not work.reader.done)
        return next((work for work in waiting if self._has_room(work)), None)

    def _has_room(self, work: Work) -> bool:
        """Returns whether what a piece would read need not wait too long for its turn."""
        held = sum(len(one.ready) for one in self.works)
        if not self._dating.in_order:
            return held < 2 * self._concurrency
        nearer = 0
        for one in self.works:
            nearer += len(one.ready)
            if one is work:
                break
        if nearer == len(work.ready) and self._is_head(work):
            return nearer < _HEAD_PORTIONS
        most = min(_MOST_HELD, _HELD_PORTIONS * self._concurrency)
        return nearer < most and held < 1.5 * most

    def _is_head(self, work: Work) -> bool:
        return work is next((one for one in self.works if one.ready or not one.reader.done), work)

    async def _guarded_step(self, work: Work) -> None:
        try:
            await self._step(work)
        except BudgetSpentError:
            self.stopped = True
        except Exception as error:  # noqa: BLE001 - raised once what was read is handed out
            self._error = self._error or error

    async def _step(self, work: Work) -> None:
        request = work.reader.request()
        try:
            hits = await self._ask(request)
        except RateLimitError as error:
            if not request.range.undated or request.offset:
                raise
            work.postponed = work.reader.done = True
            self.postponed = error
        else:
            self._accept(work, hits)

    def _accept(self, work: Work, hits: Sequence[Any]) -> None:
        reader = work.reader
        contradicts = isinstance(reader, Cursor) and self._contradicts_other_end(hits)
        new = [] if contradicts else reader.accept(hits)
        whole, self._whole = self._whole, None
        work.take(new)
        is_unsorted = isinstance(reader, Cursor) and (contradicts or reader.unsorted)
        if is_unsorted or (isinstance(reader, Window) and reader.cut is not None):
            place = self.works.index(work) + 1
            self.works[place:place] = work.replace(self.depth, whole)
            self._changed.set()

    def _contradicts_other_end(self, hits: Sequence[Any]) -> bool:
        """Returns whether both orders begin with the same hit, though there are others.

        A server that sorts answers so, too, where all hits have one date; nothing is lost then.
        """
        other, self._other_end = self._other_end, None
        key = self._dating.key
        return other is not None and len(hits) > 1 and key(hits[0]) == key(other)

    # Taking over

    def _take_over(self) -> Work | None:
        """Takes the far part of a piece: in order, of the nearest that has more than a slice.

        A piece that has not seen a page yet keeps all: what lies there is unknown.
        """
        left = {id(work): self._left(work) for work in self.works}
        most = max(self.works, key=lambda work: left[id(work)])
        if self._dating.in_order:
            long = (work for work in self.works if left[id(work)] >= 1.5 * self._slice)
            most = next(long, most)
        if left[id(most)] < _WORTH_TAKING or not self._has_room(most):
            return None
        other = self._cut(most, left[id(most)])
        if other is not None:
            self.works.insert(self.works.index(most) + 1, other)
        return other

    @property
    def _slice(self) -> int:
        return min(_SLICE, _MOST_HELD * PAGE // self._concurrency)

    def _ends(self, range_: Range) -> tuple[int, int] | None:
        """Returns the near and the far end of a range, as instants; ``None`` if unknown."""
        low, high = range_.low.instant, None if range_.high is None else range_.high.instant
        near, far = (high, low) if self._dating.newest_first else (low, high)
        if self.horizon is not None and (far is None or (far < self.horizon) == self._is_down):
            far = self.horizon
        return None if near is None or far is None else (near, far)

    @property
    def _is_down(self) -> bool:
        return self._dating.newest_first

    def _left(self, work: Work) -> float:
        """Returns how many hits a piece has left, by the density seen; 0 if unknown."""
        pace = work.reader.pace
        if work.reader.done or pace is None:
            return 0.0
        ends = self._ends(work.reader.range)
        return 0.0 if ends is None else abs(ends[0] - ends[1]) / pace

    def _cut(self, work: Work, left: float) -> Work | None:
        pace, ends = work.reader.pace, self._ends(work.reader.range)
        if pace is None or ends is None:
            return None
        kept = min(max(1.5 * left / self._concurrency, _SMALLEST_SLICE), self._slice, left / 2)
        step = int(kept * pace)
        cut = (ends[0] - step if self._is_down else ends[0] + step) // 1000 * 1000
        range_ = work.reader.range
        certain = range_.low.excludes(timestamp(cut), above=False) is False and (
            range_.high is None or range_.high.excludes(timestamp(cut), above=True) is False
        )
        if not certain or not range_.can_split(cut) or instant(timestamp(cut)) != cut:
            return None
        return work.cut_at(cut, self.depth)
