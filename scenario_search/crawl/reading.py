"""Reading windows whole, in order: the work of one pass of a crawl.

- The request that counts a window asks for 100 hits, so it brings its first page too.
- The pages after it overlap by one hit. Where the last hit of one is not the first of the
  next, the index has changed in between, and the window is read again.
- A window that is too full is cut where the engine lets one see from either end of it, and what
  is between once more. Requests that count and cut come before those that only read, so that
  windows are there to be read while others are still being cut.
- A window is done when the distinct hits that came are as many as the engine counts. Otherwise
  it is read again, then split.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise
from typing import Generic, TypeVar

import attrs

from scenario_search.concurrency.tasks import cancel_tasks
from scenario_search.crawl.params import CrawlStats
from scenario_search.crawl.requests import WindowPage, WindowRequests, gathered
from scenario_search.crawl.windows import Known, Window, milliseconds
from scenario_search.errors import BadRequestError
from scenario_search.wire.hits import Hit
from scenario_search.wire.values import MAX_PAGE_SIZE

__all__ = ["Piece", "Reading", "ReadingPlan"]

H = TypeVar("H", bound=Hit)

_COUNTED_AHEAD = 24
"""How many windows more than may be read are counted, each with up to 100 hits."""
_PARTS = 4
"""Into how many parts a window is cut that is too full."""
_READINGS = 3
_READINGS_OF_A_MILLISECOND = 20
_HORIZON_START = milliseconds("2020-01-01T00:00:00Z") or 0
_DAY = 86_400_000


@attrs.define
class Piece(Generic[H]):
    """A window that was read, with its hits.

    Attributes:
        window: The window.
        hits: Its hits, in the crawl's order.
        total: How many there are; where they may not be all, how many the engine counts.
        invalid: How many of them could not be decoded.
        problem: Why they may not be all, or ``None``.
    """

    window: Window
    hits: list[H]
    total: int
    invalid: int = 0
    problem: str | None = None


@attrs.frozen(kw_only=True)
class ReadingPlan:
    """How a reading goes about it.

    Attributes:
        windows: What to read, in the crawl's order.
        newest_first: The crawl's order.
        ranked: Whether the engine ranks the hits, so that they do not come in that order.
        cap: How many hits the engine gives for one search, as far as is known.
        cap_is_known: Whether that need not be found out.
        ahead: How many windows may be in memory at once; 0 to run no tasks.
        first_parts: Into how many parts to cut what is too full, at the start.
        counting: Whether windows are only counted.
        known: Hits that are not wanted, since an earlier crawl gave them.
        counted: How many hits there are in windows that were read before.
    """

    windows: list[Window]
    newest_first: bool
    ranked: bool
    cap: int
    cap_is_known: bool
    ahead: int
    first_parts: int
    counting: bool
    known: Known | None
    counted: int


@attrs.define(eq=False)
class _Slot(Generic[H]):
    """A window's place in the order, and the task that reads it.

    Attributes:
        window: The window.
        first: Its first page, where that is there already.
        total: How many hits the engine counts in it, once that is known.
        task: Reads it.
        turn: Set when there is room in memory for all of its hits.
    """

    window: Window
    first: WindowPage[H] | None = None
    total: int = 0
    task: asyncio.Task[Piece[H] | None] | None = None
    turn: asyncio.Event = attrs.field(factory=asyncio.Event)


class Reading(Generic[H]):
    """One pass over windows.

    Attributes:
        cap: How many hits the engine gives for one search, as far as is known by now.
        incomplete: The windows that could not be read whole, without their hits.
    """

    def __init__(self, requests: WindowRequests[H], plan: ReadingPlan, stats: CrawlStats) -> None:
        self.cap = plan.cap
        self.incomplete: list[Piece[H]] = []
        self._requests = requests
        self._plan = plan
        self._stats = stats
        self._at_once = plan.ahead > 0
        self._slots: list[_Slot[H]] = []
        self._counted = plan.counted
        self._closed = False
        self._horizon = (_HORIZON_START, int(time.time() * 1000) + _DAY)

    async def pieces(self) -> AsyncIterator[Piece[H]]:
        """Give window after window, each with its hits.

        Raises:
            APIError: A request failed, after its retries.
            RuntimeError: The reading was closed in between.
        """
        self._slots = await self._first_slots()
        self._expect()
        while self._slots:
            self._schedule()
            slot = self._slots[0]
            piece = await (self._read(slot) if slot.task is None else self._result(slot.task))
            if piece is None:
                continue
            del self._slots[0]
            self._account(piece)
            yield piece
        if not self.incomplete:
            self._stats.expected = self._counted

    async def close(self) -> None:
        """End what is under way. The reading cannot go on after this."""
        self._closed = True
        await cancel_tasks([slot.task for slot in self._slots if slot.task is not None])

    async def _result(self, task: asyncio.Task[Piece[H] | None]) -> Piece[H] | None:
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if not self._closed or (current is not None and current.cancelling()):
                raise
        raise self._ended()

    def _ended(self) -> RuntimeError:
        return RuntimeError(
            "This iteration over the crawl has ended: its block was left, or another iteration "
            "has started"
        )

    def _account(self, piece: Piece[H]) -> None:
        stats = self._stats
        self._counted += piece.total
        stats.hits += len(piece.hits)
        stats.invalid += piece.invalid
        if piece.problem is None:
            stats.windows += 1
        else:
            self.incomplete.append(attrs.evolve(piece, hits=[]))
        self._expect()

    def _expect(self) -> None:
        """Tell how many hits there are: at least those that have been counted by now."""
        at_least = self._counted + sum(slot.total for slot in self._slots)
        self._stats.expected = max(self._stats.expected or 0, at_least)

    # Windows

    def _ordered(self, windows: list[Window]) -> list[Window]:
        """Put windows that come oldest first into the crawl's order."""
        return windows[::-1] if self._plan.newest_first else windows

    def _schedule(self) -> None:
        """Start tasks for the first windows, and let as many as may be in memory be read.

        Those after them are counted, and cut where they are too full, for that takes the longest.
        """
        if self._closed:
            raise self._ended()
        if not self._at_once:
            return
        for slot in self._slots[: self._plan.ahead + _COUNTED_AHEAD]:
            if slot.task is None:
                slot.task = asyncio.get_running_loop().create_task(self._read(slot))
        for slot in self._slots[: self._plan.ahead]:
            slot.turn.set()

    async def _first_slots(self) -> list[_Slot[H]]:
        slots: list[_Slot[H]] = []
        for index, window in enumerate(self._plan.windows):
            if index or self._plan.cap_is_known or window.undated:
                slots.append(_Slot(window))
            else:
                slots += await self._parts(window)
        return slots

    async def _parts(self, whole: Window) -> list[_Slot[H]]:
        """Count the whole and parts of it: this tells whether the engine caps its totals.

        A whole that is less than the sum of its parts is capped, and tells the cap. Parts of
        which all but one are empty tell nothing, so that one is cut further.
        """
        page = await self._requests.page(whole)
        before: list[_Slot[H]] = []
        after: list[_Slot[H]] = []
        while page.total >= MAX_PAGE_SIZE:
            cuts = await self._cuts(whole, page, max(_PARTS, self._plan.first_parts))
            if not cuts:
                break
            parts = self._ordered(whole.split(*cuts))
            pages = await gathered(
                [self._requests.page(part) for part in parts], at_once=self._at_once
            )
            slots: list[_Slot[H]] = [
                _Slot(part, found, found.total) for part, found in zip(parts, pages, strict=True)
            ]
            full = [index for index, slot in enumerate(slots) if slot.total]
            if len(full) > 1:
                await self._compare(whole, page.total, sum(slot.total for slot in slots))
                return [*before, *slots, *after]
            index = full[0] if full else 0
            before += slots[:index]
            after[:0] = slots[index + 1 :]
            whole, page = parts[index], pages[index]
        return [*before, _Slot(whole, page, page.total), *after]

    async def _compare(self, whole: Window, total: int, parts: int) -> None:
        """See whether a whole is less than the sum of its parts."""
        if total >= parts:
            self._stats.expected = total
        elif total < self.cap and (await self._requests.page(whole, size=1)).total == total:
            # It stays the same, so it is no larger because of what was added meanwhile.
            self.cap = total

    async def _read(self, slot: _Slot[H]) -> Piece[H] | None:
        """Read a slot's window whole; where it is too full, put parts of it in its place."""
        window = slot.window
        try:
            page = slot.first or await self._requests.page(window)
        except BadRequestError:
            if not window.undated:
                raise
            self._stats.undated_left_out = True
            return Piece(window, [], 0)
        slot.first = None
        piece, page = await self._readings(slot, page, _READINGS)
        if piece is not None:
            return piece
        cuts = await self._cuts(window, page)
        if not cuts:
            return await self._uncut(slot, page)
        index = self._slots.index(slot)
        parts = self._ordered(window.split(*cuts))
        self._slots[index : index + 1] = [_Slot(part) for part in parts]
        self._schedule()
        return None

    async def _readings(
        self, slot: _Slot[H], page: WindowPage[H], times: int
    ) -> tuple[Piece[H] | None, WindowPage[H]]:
        """Read a window until it holds still, so many times at most.

        Returns:
            The piece, or ``None`` where that did not come about; and the last first page.
        """
        window = slot.window
        for reading in range(times):
            if reading:
                page = await self._requests.page(window)
            slot.total = page.total
            if page.total >= self.cap:
                break
            if self._only_counts(window):
                return Piece(window, [], page.total), page
            if self._at_once:
                await slot.turn.wait()
            entries = await self._rest(window, page)
            if entries is not None:
                return self._piece(window, entries), page
            if page.total >= self.cap:
                break
        return None, page

    def _only_counts(self, window: Window) -> bool:
        known = self._plan.known
        return self._plan.counting and (known is None or not window.holds(known.newest))

    async def _uncut(self, slot: _Slot[H], page: WindowPage[H]) -> Piece[H]:
        """Read a window that cannot be cut: until it holds still, or as far as can be."""
        window, problem = slot.window, "it changed each time it was read"
        if page.total < self.cap:
            piece, page = await self._readings(slot, page, _READINGS_OF_A_MILLISECOND)
            if piece is not None:
                return piece
        if page.total >= self.cap:
            problem = f"{page.total:,} hits or more, of which the engine gives {self.cap:,}"
        if self._plan.counting:
            return Piece(window, [], page.total, problem=problem)
        offsets = range(0, min(page.total, self.cap), MAX_PAGE_SIZE)
        pages = await self._requests.pages(window, offsets, at_once=self._at_once)
        piece = self._piece(window, _distinct(entry for page in pages for entry in page.entries))
        return attrs.evolve(piece, total=page.total, problem=problem)

    async def _rest(
        self, window: Window, first: WindowPage[H]
    ) -> list[tuple[object, H | None]] | None:
        """Read the pages after the first, each from the last hit of the one before.

        Returns:
            The distinct entries; ``None`` where something moved in between. What is added or
            deleted after the last hit of a page moves nothing before it, so any page's total
            may be the one that they have to match.
        """
        pages = await self._pages(window, first)
        self._learn_cap(pages)
        read = [first, *(page for _, page in pages)]
        for page, following in pairwise(read):
            if _keys(page.entries[-1:]) != _keys(following.entries[:1]):
                return None
        entries = first.entries + [entry for page in read[1:] for entry in page.entries[1:]]
        distinct = _distinct(entries)
        if len(distinct) not in {page.total for page in read}:
            return None
        self._stats.duplicates += len(entries) - len(distinct)
        return distinct

    async def _pages(self, window: Window, first: WindowPage[H]) -> list[tuple[int, WindowPage[H]]]:
        """Ask for the pages after the first; one by one, no further than one that moved."""
        step = MAX_PAGE_SIZE - 1
        offsets = range(step, first.total - 1, step)
        if self._at_once:
            found = await self._requests.pages(window, offsets, at_once=True)
            return list(zip(offsets, found, strict=True))
        pages: list[tuple[int, WindowPage[H]]] = []
        before = first
        for offset in offsets:
            page = await self._requests.page(window, offset)
            pages.append((offset, page))
            if _keys(before.entries[-1:]) != _keys(page.entries[:1]) and page.entries:
                break
            before = page
        return pages

    def _learn_cap(self, pages: Iterable[tuple[int, WindowPage[H]]]) -> None:
        """See the engine give less than it counts, since totals may go beyond its cap.

        Only a page without any hit tells that; hits that are deleted at this moment may be
        missing from any.
        """
        reached = MAX_PAGE_SIZE
        for offset, page in pages:
            if not page.entries and page.total > offset:
                self.cap = min(self.cap, reached)
                return
            reached = offset + len(page.entries)

    def _piece(self, window: Window, entries: list[tuple[object, H | None]]) -> Piece[H]:
        """Make a piece of the hits that belong to a window, in order, without known ones."""
        hits = [hit for _, hit in entries if hit is not None]
        invalid = len(entries) - len(hits)
        kept = [hit for hit in hits if window.holds(hit.created_at)]
        self._stats.duplicates += len(hits) - len(kept)
        known = self._plan.known
        if known is not None:
            kept = [hit for hit in kept if not known.has(hit.id, hit.created_at)]
        if self._plan.ranked:
            kept.sort(key=lambda hit: str(hit.created_at or ""), reverse=self._plan.newest_first)
        return Piece(window, kept, len(kept) + invalid, invalid)

    async def _cuts(self, window: Window, page: WindowPage[H], parts: int = _PARTS) -> list[int]:
        """Find where to cut a window, oldest first: nowhere if it is one millisecond.

        Args:
            window: The window.
            page: Its first page.
            parts: The most parts that it should come to.
        """
        at = window.cut(self._horizon)
        if at is None:
            return []
        if self._plan.ranked:
            moments = await self._ranked(window, page, parts)
        else:
            moments = await self._reached(window, page.total, parts)
        return window.cuts_at(moments) or [at]

    async def _ranked(self, window: Window, page: WindowPage[H], parts: int) -> list[int]:
        """Look at what comes first and last of what the engine gives in the order of relevance.

        Their dates stand for those of all. But where all are as relevant, they may come in the
        order of time after all; then most of them are beyond the last.
        """
        offset = min(page.total, self.cap) * 9 // 10
        last = _dates((await self._requests.page(window, offset)).hits)
        first = _dates(page.hits)
        dates = sorted(first + last)
        if first and last and max(first) < min(last):
            return [min(last), (min(last) + window.span(self._horizon)[1]) // 2]
        if first and last and max(last) < min(first):
            return [max(last) + 1, (max(last) + window.span(self._horizon)[0]) // 2]
        moments = [dates[len(dates) * part // parts] for part in range(1, parts) if dates]
        return moments + [one + 1 for one, other in pairwise(moments) if one == other]

    async def _reached(self, window: Window, total: int, parts: int) -> list[int]:
        """Look how far the engine lets one see from either end of a window.

        What lies before the hit that was seen there is fewer than the cap, so that is a part
        which is done with. Only what is between the two may be too full still.
        """
        offset = self.cap * 9 // 10
        ends = [False, True]
        if total < 2 * offset and total != self.cap:
            offset, ends = total // 2, [False]
        pages = await gathered(
            [self._requests.page(window, offset, size=1, other_end=end) for end in ends],
            at_once=self._at_once,
        )
        seen = [next(iter(_dates(page.hits)), None) for page in pages]
        near, far = seen[0], seen[-1]
        if near is None or far is None:
            return []
        older, newer = (far, near + 1) if self._plan.newest_first else (near, far + 1)
        if len(ends) > 1 and older < newer:
            step = (newer - older) / (parts - 2)
            return [older, *(int(older + step * part) for part in range(1, parts - 2)), newer]
        # The ends meet: all can be seen from one of them.
        cuts = [near + 1, near] if self._plan.newest_first else [near, near + 1]
        return next(([at] for at in cuts if window.cuts_at([at])), [])


def _keys(entries: Iterable[tuple[object, H | None]]) -> list[object]:
    return [key for key, _ in entries]


def _distinct(entries: Iterable[tuple[object, H | None]]) -> list[tuple[object, H | None]]:
    """Drop what came before. What has no id cannot be told from others, so it stays."""
    seen: set[object] = set()
    distinct = []
    for key, hit in entries:
        if key is None or key not in seen:
            seen.add(key)
            distinct.append((key, hit))
    return distinct


def _dates(hits: Iterable[Hit]) -> list[int]:
    found = (milliseconds(hit.created_at) for hit in hits)
    return [date for date in found if date is not None]
