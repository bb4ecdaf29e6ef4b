"""Where to cut a crawl into pieces with about as many hits each, by a few samples.

A sample asks for one hit, deep in the list that begins at an instant. The date of that hit says how
much time so many hits take there. Between two samples the number of hits is estimated by the
densities on both sides, and the next sample goes to where most hits are expected:

- Where the densities are alike, to the middle.
- Where one side is much denser, near that side, and twice as far the next time. So the end of a
  burst shows after a few samples, however long the time until the next one.
- Into the middle of what was measured, by half as many hits, where that alone is large.

Wrong estimates cost balance and nothing else: whatever lies between two cuts belongs to one piece.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from scenario_search.crawl.cursor import Request
from scenario_search.crawl.dates import (
    MILLISECOND,
    Bound,
    Range,
    hit_date,
    hit_key,
    instant,
    timestamp,
)

__all__ = ["EXTRA_SAMPLES", "Cut", "Sampling"]

EXTRA_SAMPLES = 20
"""Requests beyond one for each piece."""

_STEP = 4
"""Densities that differ by more than this factor are not alike."""

_MOST = 16
"""The density of one side counts for at most so many times that of the other."""

_DAY = 86_400_000_000
_WEEK = 7 * _DAY

_FINE_ENOUGH = 0.25
"""A stretch of time with at most this share of a piece's hits need not be measured."""


@attrs.frozen
class Cut:
    """The newer end of a piece.

    Attributes:
        date: The first date that is too late for the piece; ``None`` for no bound.
        hits: How many hits the piece may hold.
    """

    date: str | None
    hits: int


@attrs.define
class _Stretch:
    """A stretch of time, from its newer end to its older one, in microseconds since 1970.

    Attributes:
        hits: How many hits it holds, or may hold.
        most: How many it may hold if the denser side is right.
        is_measured: Whether a sample counted them.
        step: How far from the denser side the next sample goes; 0 if none went there yet.
    """

    newer: int
    older: int
    hits: float = 0.0
    most: float = 0.0
    is_measured: bool = False
    step: int = 0

    @property
    def length(self) -> int:
        return self.newer - self.older

    @property
    def density(self) -> float:
        return self.hits / max(MILLISECOND, self.length)


@attrs.define(kw_only=True)
class Sampling:
    """Finds where to cut.

    Args:
        ask: Sends a request and returns the hits.
        range: The range of dates of the crawl.
        field: The field of the date.
        cap: How many hits the engine returns for one search.
    """

    ask: Callable[[Request], Awaitable[list[Any]]]
    range: Range
    field: str
    cap: int
    _stretches: list[_Stretch] = attrs.field(factory=list, init=False)
    _pieces: int = attrs.field(default=1, init=False)
    _first_depth: int = attrs.field(
        default=attrs.Factory(lambda self: self.cap, takes_self=True), init=False
    )

    async def cuts(self, pieces: int) -> list[Cut]:
        """Returns the newer ends of at most so many pieces, the newest first.

        It sends at most 20 requests more than there are pieces, and none for one piece.

        Raises:
            APIError: A request failed, after its retries.
        """
        self._pieces = pieces
        if pieces > 1 and await self._find_ends():
            for left in reversed(range(pieces + EXTRA_SAMPLES - 2)):
                index, at = self._next(left + 1)
                if index is None or not await self._sample(index, at):
                    break
        return self._cuts()

    async def _find_ends(self) -> bool:
        """Finds the newest and the oldest hit; returns whether there is something to sample."""
        oldest = await self.ask(Request(self.range, newest_first=False, size=1))
        newest = await self.ask(Request(self.range, newest_first=True, size=2))
        if len(newest) < 2 or hit_key(newest[0]) == hit_key(oldest[0]):
            return False  # no more than one hit, or a server that does not sort
        ends = [instant(hit_date(hits[0], self.field)) for hits in (newest, oldest)]
        if ends[0] is None or ends[1] is None or ends[0] <= ends[1]:
            return False
        self._stretches = [_Stretch(ends[0], ends[1])]
        return True

    @property
    def _total(self) -> float:
        return sum(stretch.hits for stretch in self._stretches)

    def _next(self, left: int) -> tuple[int | None, int]:
        """Returns the stretch to sample next, and where; ``None`` if all are known well enough.

        Args:
            left: How many samples may still be taken.
        """
        if self._is_blank:
            return (0 if self._first_depth else None), self._stretches[0].newer
        unseen = [
            0.0 if stretch.is_measured or stretch.length <= MILLISECOND else max(1.0, stretch.most)
            for stretch in self._stretches
        ]
        needed = sum(max(hits, self.cap / 2) for hits in unseen if hits)
        if 0 < needed <= left * self.cap:
            # All can be seen, so that no burst stays hidden where few hits are expected.
            index = next(index for index, hits in enumerate(unseen) if hits)
            return index, self._stretches[index].newer
        sizes = [
            stretch.hits if stretch.is_measured and stretch.length > MILLISECOND else hits
            for stretch, hits in zip(self._stretches, unseen, strict=True)
        ]
        largest = max(sizes)
        if largest <= max(1.0, _FINE_ENOUGH * self._total / self._pieces):
            return None, 0
        index = sizes.index(largest)
        return index, self._place(index)

    @property
    def _is_blank(self) -> bool:
        """Whether no sample has measured anything yet."""
        return len(self._stretches) == 1 and not self._stretches[0].is_measured

    async def _sample(self, index: int, at: int) -> bool:
        """Takes a sample of a stretch; returns whether the hit had a date."""
        stretch = self._stretches[index]
        depth = self._first_depth if self._is_blank else self.cap
        if stretch.is_measured:
            depth = max(1, min(depth, round(stretch.hits / 2)))
        asked = Range(self.range.low, Bound(timestamp(at)))
        hits = await self.ask(Request(asked, newest_first=True, offset=depth - 1, size=1))
        reached = instant(hit_date(hits[0], self.field)) if hits else None
        if hits and reached is None:
            return False
        if stretch.is_measured:
            self._divide(index, depth, reached)
        elif self._is_blank and reached is None:
            self._first_depth //= 2
        else:
            self._insert(index, at, depth, reached)
        return True

    def _divide(self, index: int, depth: int, reached: int | None) -> None:
        """Divides what was measured by the hit in its middle."""
        stretch = self._stretches[index]
        if reached is None:
            stretch.hits = depth / 2  # the end came first
            return
        middle = max(stretch.older, reached)
        rest = max(0.0, stretch.hits - depth)
        self._stretches[index : index + 1] = [
            _Stretch(stretch.newer, middle, depth, is_measured=True),
            _Stretch(middle, stretch.older, rest, is_measured=True),
        ]

    def _insert(self, index: int, at: int, depth: int, reached: int | None) -> None:
        """Puts what a sample has measured into a stretch that was estimated."""
        stretch, hits = self._stretches[index], float(depth)
        if reached is None:  # the end came first
            expected = stretch.hits * (at - stretch.older) / max(1, stretch.length)
            reached, hits = stretch.older, max(1.0, min(depth / 2, expected))
        elif reached < stretch.older:
            hits *= (at - stretch.older) / (at - reached)
            reached = stretch.older
        step = 2 * stretch.step or max(MILLISECOND, at - reached)
        parts = [
            _Stretch(stretch.newer, at, step=step),
            _Stretch(at, reached, hits, is_measured=True),
            _Stretch(reached, stretch.older, step=step),
        ]
        parts = [part for part in parts if part.is_measured or part.length > 0]
        self._stretches[index : index + 1] = parts
        for place in range(index, index + len(parts)):
            self._estimate(place)

    def _densities(self, index: int) -> tuple[float, float]:
        """Returns the densities on the newer and on the older side of a stretch."""
        sides = [
            self._stretches[side].density
            for side in (index - 1, index + 1)
            if 0 <= side < len(self._stretches)
        ]
        return sides[0], sides[-1]

    def _estimate(self, index: int) -> None:
        stretch = self._stretches[index]
        if stretch.is_measured:
            return
        newer, older = self._densities(index)
        stretch.hits = (min(newer, _MOST * older) + min(older, _MOST * newer)) / 2 * stretch.length
        stretch.most = (newer + older) / 2 * stretch.length

    def _place(self, index: int) -> int:
        """Returns where to sample a stretch that was estimated."""
        stretch = self._stretches[index]
        if stretch.is_measured:
            return stretch.newer
        newer, older = self._densities(index)
        half = stretch.length // 2
        if newer > _STEP * older:
            return stretch.newer - min(half, stretch.step)
        if older > _STEP * newer:
            return stretch.older + min(half, stretch.step)
        middle = stretch.older + half
        period = next((period for period in (_WEEK, _DAY) if half > period), 0)
        return middle // period * period + _DAY // 2 if period else middle

    def _cuts(self) -> list[Cut]:
        total = self._total
        share = total / self._pieces
        bounds: list[tuple[int, float]] = []
        passed, wanted = 0.0, share
        for stretch in self._stretches:
            while stretch.hits and wanted <= passed + stretch.hits and wanted < total:
                part = (wanted - passed) / stretch.hits
                cut = int(stretch.newer - part * stretch.length) // MILLISECOND * MILLISECOND
                if cut > self._stretches[-1].older and (not bounds or cut < bounds[-1][0]):
                    bounds.append((cut, wanted))
                wanted += share
            passed += stretch.hits
        cuts: list[Cut] = []
        end: str | None = None
        start = 0.0
        for cut, place in bounds:
            cuts.append(Cut(end, round(place - start)))
            end, start = timestamp(cut), place
        return [*cuts, Cut(end, round(total - start))]
