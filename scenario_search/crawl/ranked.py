"""Windows of time, for searches whose hits are not sorted by date. Pure.

A search by words, by meaning or by a picture comes ranked, and its order says nothing of dates. So
time is cut into windows until each holds fewer hits than the engine's cap, and each is read by
offset (:mod:`scenario_search.crawl.ties`). A window ends at a page without a new hit, whatever its
total says. A full first page is followed by one probe near the cap: a full page there means that
the window holds too many hits, and its dates tell where to cut.

Where an engine's cap is lower than is known, a window seems to end there. So as long as no page
was seen that deep, the halves of the window are asked for what follows the hits that are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from scenario_search.crawl.cursor import Pending, Request
from scenario_search.crawl.dates import MILLISECOND, Range, hit_date, hit_key, instant
from scenario_search.crawl.ties import PAGE, OffsetWalk

__all__ = ["Depth", "Window"]


@attrs.define
class Depth:
    """How deep an engine's results are known to go.

    Attributes:
        seen: The deepest position at which a hit came.
    """

    seen: int = 0

    def note(self, request: Request, hits: Sequence[Any]) -> None:
        """Takes the answer to a request."""
        if hits:
            self.seen = max(self.seen, request.offset + len(hits))


class Window:
    """Reads a window whole, in no order, or says where to cut it.

    Args:
        range_: The window; or the hits without a date, which cannot be cut.
        cap: How many hits the engine gives for one search.
        depth: How deep its results are known to go.
        known: The keys of hits that are not wanted.
        prefix: The keys of the hits with which the results begin, if an earlier crawl read those
            in their order.
        probe: Whether it is probed near the cap before its first page, for it may be too full.
        field: The field of the date.
        key: What distinguishes a hit from others.

    Attributes:
        range: The window.
        done: Whether all that can be read was read.
        cut: Where the window is to be cut, in microseconds since 1970, for it cannot be read whole.
        gaps: What could not be read whole: all of it, with the keys of the hits given.
        pace: Unknown: its hits come in no order.
        known: The keys of hits that are not wanted.
        given: These, and the keys of the hits given.
    """

    def __init__(
        self,
        range_: Range,
        *,
        cap: int,
        depth: Depth,
        known: frozenset[str] = frozenset(),
        prefix: Sequence[str] = (),
        probe: bool = False,
        field: str = "createdAt",
        key: Any = hit_key,
    ) -> None:
        self.range = range_
        self.done = False
        self.cut: int | None = None
        self.gaps: list[Pending] = []
        self.pace: float | None = None
        self.known = known
        self.given: set[str] = set(known)
        self._cap = cap
        self._depth = depth
        self._field = field
        self._key = key
        self._walk = OffsetWalk(cap, offset=max(0, len(prefix) - 1), sequence=list(prefix))
        self._dates: dict[str, int | None] = {}
        self._probing = probe
        self._probed = probe or range_.undated or bool(prefix)
        self._checks: list[Request] | None = None

    @property
    def sequence(self) -> list[str]:
        """The keys of the hits that the results begin with; none if their order is unstable."""
        return list(self._walk.sequence) if self._walk.is_in_order else []

    def request(self) -> Request:
        """Returns the next request."""
        if self._checks:
            return self._checks[-1]
        if self._probing:
            return Request(self.range, None, max(0, self._cap - PAGE))
        return Request(self.range, None, self._walk.offset)

    def accept(self, hits: Sequence[Any]) -> list[Any]:
        """Takes the answer to the request; returns the hits that are new."""
        self._depth.note(self.request(), hits)
        if self.range.undated:
            # A server that takes no notice of the condition sends hits that were read already.
            hits = [hit for hit in hits if not self.range.excludes(hit_date(hit, self._field))]
        keys = [self._key(hit) for hit in hits]
        dates = [hit_date(hit, self._field) for hit in hits]
        if self._checks:
            self._accept_check(keys, dates)
            return []
        if self._probing:
            self._accept_probe(keys, dates)
            return []
        if not self._walk.connects(keys):
            return []
        new = []
        for key, hit, date in zip(keys, hits, dates, strict=True):
            if not self.range.excludes(date):
                self._dates[key] = instant(date)
                if key not in self.given:
                    self.given.add(key)
                    new.append(hit)
        first = not self._walk.offset
        self._walk.advance(keys, fresh=bool(new))
        if self._walk.ended:
            self._end()
        elif first and len(hits) >= PAGE and not self._probed:
            self._probing = True
        return new

    def _accept_probe(self, keys: list[str], dates: list[str | None]) -> None:
        self._probing, self._probed = False, True
        if len(keys) >= min(PAGE, self._cap):
            sample = {key: instant(date) for key, date in zip(keys, dates, strict=True)}
            self.cut = self._choose_cut(self._dates | sample)

    def _end(self) -> None:
        walk = self._walk
        if walk.is_full:
            self._cannot_be_read_whole()
        elif not walk.is_settled():
            return
        elif walk.gave_up:
            self._cannot_be_read_whole()
        elif walk.offset + 1 < self._depth.seen or walk.offset + 1 < PAGE:
            self.done = True
        else:
            self._check_halves()

    def _cannot_be_read_whole(self) -> None:
        self.cut = self._choose_cut(self._dates)
        if self.cut is None:
            self.gaps.append(Pending(self.range, ranked=True, known=frozenset(self.given)))
            self.done = True

    def _check_halves(self) -> None:
        cut = self._choose_cut(self._dates)
        if cut is None:
            self.done = True
            return
        self._checks = []
        for half in self.range.split(cut):
            inside = sum(
                half.low_instant <= date < half.high_instant
                for date in self._dates.values()
                if date is not None
            )
            self._checks.append(Request(half, None, max(0, inside - 1)))

    def _accept_check(self, keys: list[str], dates: list[str | None]) -> None:
        checks = self._checks or []
        half = checks.pop().range
        if any(
            key not in self.given and not half.excludes(date)
            for key, date in zip(keys, dates, strict=True)
        ):
            self._checks = None
            self._cannot_be_read_whole()
        elif not checks:
            self.done = True

    def _choose_cut(self, sample: dict[str, int | None]) -> int | None:
        """Returns where to cut: at the median of the dates that were seen, else in the middle."""
        dates = sorted(date for date in sample.values() if date is not None)
        low, high = self.range.low_instant, self.range.high_instant
        candidates = []
        if dates:
            median = dates[len(dates) // 2]
            middle = (dates[0] + dates[-1]) // 2
            candidates += [median, median + MILLISECOND, middle, dates[0] + MILLISECOND, dates[-1]]
        candidates.append((low + high) // 2)
        candidates += [low + MILLISECOND, high]
        cuts = (cut // MILLISECOND * MILLISECOND for cut in candidates)
        return next((cut for cut in cuts if self.range.can_split(cut)), None)
