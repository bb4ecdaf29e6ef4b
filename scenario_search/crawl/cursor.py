"""A cursor: every hit of a range of dates, in their order, each once. Pure.

The server sorts by date. A request asks for what is not beyond the date T of the last hit, T
included, and the hits at T that were given are dropped. Why that is exact:

1. Let a hit stay from the first request to the last, its date unchanged. Before each request,
   every such hit beyond T has been given, and of those at T the ones in ``_edge``.
2. The answer begins with all hits at T, so it holds the rest of them or ends among them.
3. If it goes beyond them, it has no gap: the server sorts. T moves to its last hit, and 1. holds.
4. If it ends at T, the next request goes on by offset inside this tie, where each page overlaps
   the one before (:mod:`scenario_search.crawl.ties`): 1. holds for what that walk has read.
5. Inserts and deletes elsewhere move nothing, since T is a date and not a place. Those inside a tie
   are what the overlap is for.
6. It ends where the answer holds nothing but the overlap, or shows a hit past the far end. A short
   page ends nothing: a server may filter a page after it was cut.
7. A tie may reach the engine's cap, which may be lower than is known. Where nothing follows a tie,
   what is strictly beyond T is asked for. If a hit X is there, the tie's last page is asked for
   once more, and then what is beyond T: an X that was there before and after, and not between,
   shows that the cap hides what follows. T is reported as incomplete and the cursor goes on there.

The far end is not sent, so that it can be moved while a request is in flight.

Why it ends: T only ever moves forward, by the comparison that the server uses. Where text and date
disagree, the first move decides which one that is. Between two moves, and two new hits, it sends a
bounded number of requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from scenario_search.crawl.dates import Bound, Range, hit_dates, hit_key, instant
from scenario_search.crawl.ties import PAGE, OffsetWalk

__all__ = ["Cursor", "Pending", "Request", "edge_of"]

_MOST_FRUITLESS = 200
"""Requests in a row that neither bring a new hit nor move the cursor. A tie of just below 1,000
hits that is read again and again, since its order is unstable, takes about 150."""


@attrs.frozen
class Request:
    """What is asked for: ``size`` hits of a range from an offset on.

    Attributes:
        range: The range of dates.
        newest_first: How the hits are sorted; ``None`` for not at all.
        offset: How many hits to pass over.
        size: How many hits to ask for.
    """

    range: Range
    newest_first: bool | None
    offset: int = 0
    size: int = PAGE


@attrs.define
class Pending:
    """What is left to read.

    Attributes:
        range: The range of dates.
        ranked: Whether it is read as a window, without relying on the order of hits.
        known: The keys of hits that are not wanted.
        edge: The keys of those consumed at the end that it is read from; in a window, of those
            that its results begin with, in their order.
    """

    range: Range
    ranked: bool = False
    known: frozenset[str] = frozenset()
    edge: list[str] = attrs.field(factory=list)


@attrs.frozen
class _Page:
    """What a page holds, in the eyes of a cursor.

    Attributes:
        keys: The keys of the hits.
        dates: Their dates.
        foreign: The places of hits that lie before the near end.
        end: How many hits come before the first that is not certainly inside of the far end.
        past: Whether that one is certainly outside; ``None`` if only the server can tell,
            ``False`` if all are inside.
        tie: How many hits come before the first that is beyond the date of the near end.
    """

    keys: list[str]
    dates: list[str | None]
    foreign: set[int]
    end: int
    past: bool | None
    tie: int

    @property
    def inside(self) -> list[tuple[str, str | None]]:
        """The keys and dates of the hits inside of the range."""
        pairs = zip(self.keys[: self.end], self.dates, strict=False)
        return [pair for place, pair in enumerate(pairs) if place not in self.foreign]


def edge_of(hits: Sequence[tuple[str, str | None]], bound: Bound) -> list[str]:
    """Returns the keys of the hits of a page that a request from its last date on brings again.

    Args:
        hits: Their keys and dates.
        bound: The last date.
    """
    edge = [key for key, date in hits if date is None]  # which may come anywhere
    for key, date in reversed(hits):
        if date is not None:
            if not bound.is_same_instant(date):
                break
            edge.append(key)
    return edge


class Cursor:
    """Reads a range of dates.

    Args:
        range_: The range.
        newest_first: Whether it reads from the newest hit to the oldest, or the other way round.
        cap: How many hits the engine gives for one search.
        known: The keys of hits that are not wanted.
        field: The field of the date.
        key: What distinguishes a hit from others.

    Attributes:
        range: What is left to read. Its far end may be moved nearer at any time.
        done: Whether everything was read.
        unsorted: Whether the hits came in another order than that of their dates.
        gaps: What could not be read whole, each an instant, with the keys of the hits given there.
        pace: Microseconds per hit, as seen on the last page; ``None`` before the first.
    """

    def __init__(
        self,
        range_: Range,
        *,
        newest_first: bool,
        cap: int,
        known: frozenset[str] = frozenset(),
        field: str = "createdAt",
        key: Any = hit_key,
    ) -> None:
        self.range = range_
        self.newest_first = newest_first
        self.done = False
        self.unsorted = False
        self.gaps: list[Pending] = []
        self.pace: float | None = None
        self._cap = cap
        self._known = set(known)
        self._edge: set[str] = set()
        self._field = field
        self._key = key
        self._sent = self.near
        self._walk = OffsetWalk(cap)
        self._sends_far = False
        # Whether the server compares dates as text, else as dates; ``None`` until that is seen.
        self._by_text: bool | None = None
        self._fruitless = 0
        # The walk through a tie that ended, while what lies strictly beyond it is asked for.
        self._tie: OffsetWalk | None = None
        # The hits there, while the tie's last page is asked for once more, and they again.
        self._beyond: frozenset[str] = frozenset()
        self._is_reported = False

    @property
    def near(self) -> Bound | None:
        """The end that it reads from: after the first page, the date of the last hit."""
        return self.range.high if self.newest_first else self.range.low

    @property
    def far(self) -> Bound | None:
        """The end that it reads to."""
        return self.range.low if self.newest_first else self.range.high

    @property
    def given(self) -> frozenset[str]:
        """The keys of hits that are not wanted, and of those given at the near end."""
        return frozenset(self._known | self._edge)

    def move_far(self, far: Bound) -> None:
        """Moves the end that it reads to; also while a request is in flight."""
        self.range = self.range.with_end(far, high=not self.newest_first)
        self._sends_far = False  # the request in flight has the old end, so the hits are checked

    def _move_near(self, near: Bound) -> None:
        self.range = self.range.with_end(near, high=self.newest_first)

    def request(self) -> Request:
        """Returns the next request."""
        near = self._sent
        if self._tie is not None and near is not None:
            near = Bound(near.text, inclusive=False)
        far = self.far if self._sends_far else None
        low, high = (far, near) if self.newest_first else (near, far)
        asked = Range(high=high) if low is None else Range(low, high)
        return Request(asked, self.newest_first, self._walk.offset)

    def accept(self, hits: Sequence[Any]) -> list[Any]:
        """Takes the answer to the request.

        Args:
            hits: The hits, as JSON values.

        Returns:
            Those that are new, in their order.
        """
        near = self.near
        new = self._accept(hits)
        self._fruitless = 0 if new or self.near != near else self._fruitless + 1
        if self._fruitless > _MOST_FRUITLESS:
            self._report()
            self.done = True
        return new

    def _accept(self, hits: Sequence[Any]) -> list[Any]:
        keys = list(map(self._key, hits))
        if not self._walk.connects(keys):
            return []
        dates = hit_dates(hits, self._field)
        if not self._is_sorted(dates):
            self.unsorted = True
            return []
        page = self._page(keys, dates)
        if self._walk.offset and (page.tie < page.end or page.past is True):
            in_tie = self._sent == self.near and self._tie is None
            # The walk leaves a tie by this page, or goes on among hits from outside.
            self._walk.advance(keys[: page.tie] if in_tie else keys, fresh=True)
            if not self._walk.is_in_order:
                if not in_tie:
                    self._restart()
                    return []
                settled = self._walk.is_settled()
                if not settled or self._walk.gave_up:
                    new = self._new(hits[: page.tie], page)
                    self._edge.update(keys[: page.tie])
                    if settled:
                        self._end_walk()
                    return new
        new = self._new(hits[: page.end], page)
        if self._tie is not None and not self._is_reported and (new or page.past):
            if self._beyond.isdisjoint(keys):
                # Either the cap cut the tie, or the hits came a moment ago.
                self._walk, self._tie, self._beyond = self._tie, None, frozenset(keys)
                self._walk.ended = False
                return []
            self._report()
        self._go_on(page, fresh=bool(new))
        return new

    def _go_on(self, page: _Page, *, fresh: bool) -> None:
        """Decides what to ask for after a page.

        Args:
            page: The page.
            fresh: Whether it brought a hit that is new.
        """
        inside = page.inside
        self._edge.update(key for key, _ in inside)
        moved = page.tie < page.end and self._move(inside)
        if page.past is True:
            self.done = True
        elif page.past is None:
            self._sends_far = True
            self._restart()
        elif not moved:
            if fresh:
                self._beyond = frozenset()
            self._walk.advance(page.keys, fresh=fresh)
            if self._walk.ended and self._walk.is_settled():
                self._end_walk()
        elif len(page.foreign) * 10 < len(page.keys) or self._walk.offset + 2 * PAGE > self._cap:
            self._restart()
        elif not self._walk.offset:
            # The server puts hits from outside first: passing over them by offset is cheaper.
            self._walk.advance(page.keys, fresh=True)

    def _is_sorted(self, dates: list[str | None]) -> bool:
        """Returns whether dates are in order, as text or as dates."""
        texts = [date for date in dates if date is not None]
        if texts == sorted(texts, reverse=self.newest_first):
            return True
        moments = [moment for text in texts if (moment := instant(text)) is not None]
        return moments == sorted(moments, reverse=self.newest_first)

    def _page(self, keys: list[str], dates: list[str | None]) -> _Page:
        """Returns what of a page is inside of the range."""
        near, above = self.near, self.newest_first
        foreign: set[int] = set()
        if near is not None:
            for index, date in enumerate(dates):
                if date is not None and near.excludes(date, above=above) is not True:
                    break
                if date is not None:
                    foreign.add(index)
        end, past = self._end(dates, foreign)
        return _Page(keys, dates, foreign, end, past, self._tie_part(dates[:end], foreign))

    def _end(self, dates: list[str | None], foreign: set[int]) -> tuple[int, bool | None]:
        """Returns where the hits inside of the far end stop, and whether the next is outside."""
        far, above = self.far, not self.newest_first
        if far is None or self._sends_far:
            return len(dates), False
        last = next((date for date in reversed(dates) if date is not None), None)
        if last is None or far.excludes(last, above=above) is False:
            return len(dates), False
        for index, date in enumerate(dates):
            if date is not None and index not in foreign:
                outside = far.excludes(date, above=above)
                if outside is not False:
                    return index, outside
        return len(dates), False

    def _tie_part(self, dates: list[str | None], foreign: set[int]) -> int:
        """Returns how many hits come before the first that is beyond the near end."""
        near = self.near
        # What is strictly beyond it lies beyond it for the server, whatever text and date say.
        if near is None or not near.inclusive or self._tie is not None:
            return 0
        for index, date in enumerate(dates):
            if index not in foreign and date is not None and not near.is_same_instant(date):
                return index
        return len(dates)

    def _new(self, hits: Sequence[Any], page: _Page) -> list[Any]:
        new = []
        edge, known, foreign, dates = self._edge, self._known, page.foreign, page.dates
        on_page: set[str] = set()
        for index, (hit, key) in enumerate(zip(hits, page.keys, strict=False)):
            if key in edge or key in known or key in on_page or index in foreign:
                continue
            on_page.add(key)
            if dates[index] is None:
                known.add(key)  # its place in the order says nothing of where it comes again
            new.append(hit)
        return new

    def _move(self, inside: list[tuple[str, str | None]]) -> bool:
        """Moves the near end to the date of the last hit, if that lies beyond it.

        Args:
            inside: The keys and dates of the hits.

        Returns:
            Whether it moved.
        """
        texts = [date for _, date in inside if date is not None]
        near = self.near
        if not texts or not self._is_beyond(texts[-1]):
            return False
        self._set_pace(texts[0], texts[-1], len(texts))
        bound = Bound(texts[-1])
        if near is None or not near.is_same_instant(bound.text):
            self._edge = set()
        self._move_near(bound)
        self._edge.update(edge_of(inside, bound))
        self._tie, self._beyond, self._is_reported = None, frozenset(), False
        return True

    def _is_beyond(self, text: str) -> bool:
        """Returns whether a date is beyond the near end, by the server's comparison."""
        near = self.near
        if near is None or text == near.text:
            return near is None
        by_text = (text < near.text) == self.newest_first
        moment = instant(text)
        if moment is None or near.instant is None:
            return by_text
        is_same = moment == near.instant
        by_date = (moment < near.instant) == self.newest_first
        if is_same or by_text == by_date:
            # One instant in several forms: to move back and forth among them would never end.
            if is_same and not by_text and self._by_text is None:
                self._by_text = False
            return by_text and not (is_same and self._by_text is False)
        if self._by_text is None:
            self._by_text = by_text
        return self._by_text == by_text

    def _set_pace(self, first: str, last: str, count: int) -> None:
        start, end = instant(first), instant(last)
        if start is not None and end is not None:
            self.pace = max(1.0, abs(start - end) / count)

    def _restart(self) -> None:
        """Begins a new list of results, from the near end on."""
        self._sent = self.near
        self._walk = OffsetWalk(self._cap)
        self._tie = None

    def _report(self) -> None:
        """Notes that the hits at the near end could not be read whole."""
        if self.near is not None and not self._is_reported:
            date = Bound(self.near.text)
            self.gaps.append(Pending(Range(date, date), known=self.given))
            self._is_reported = True

    def _end_walk(self) -> None:
        """Decides what follows a list of results that was read to its end."""
        if self._sent != self.near:
            self._restart()
        elif self._tie is not None or self.near is None or not self._walk.offset:
            self.done = True
        else:
            if self._walk.is_full or self._walk.gave_up:
                self._report()
            self._tie, self._walk = self._walk, OffsetWalk(self._cap)
