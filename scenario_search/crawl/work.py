"""Pieces of a crawl: what reads each, and what of it has not been consumed. Pure.

What a checkpoint keeps of a piece is a range of dates and the keys of hits that a request for it
would bring again. It moves on with what the consumer has committed, not with what was read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any

import attrs

from scenario_search.crawl.cursor import Cursor, Pending, edge_of
from scenario_search.crawl.dates import Bound, Range, hit_date, hit_dates, hit_key, instant
from scenario_search.crawl.ranked import Depth, Window
from scenario_search.crawl.ties import PAGE

__all__ = ["Dating", "Portion", "Work"]


@attrs.frozen
class Dating:
    """What a crawl takes for a hit's date, and what distinguishes hits.

    Attributes:
        field: The field of the date.
        newest_first: Whether the newest hits come first.
        in_order: Whether hits are to come in the order of their dates.
        cap: How many hits the engine gives for one search.
    """

    field: str = "createdAt"
    newest_first: bool = True
    in_order: bool = True
    cap: int = 1000

    def key(self, hit: Any) -> str:
        """Returns what distinguishes a hit: its id, and for a crawl of changes its date, too."""
        if self.field == "createdAt":
            return hit_key(hit)
        return f"{hit_key(hit)}\0{hit_date(hit, self.field)}"

    @property
    def keys(self) -> Callable[[Any], str]:
        """The quickest function that does what :meth:`key` does."""
        return hit_key if self.field == "createdAt" else self.key


@attrs.define(eq=False)
class Portion:
    """Hits of a piece that are handed out together.

    Attributes:
        work: The piece.
        hits: The hits, as JSON values. The last may be cut off until ``keys`` are read.
        gaps: What could not be read whole before the last of these hits was read.
        committed: Whether they have been consumed.
    """

    work: Work
    hits: list[Any]
    gaps: Sequence[Pending] = ()
    committed: bool = False

    @cached_property
    def keys(self) -> list[str]:
        """What distinguishes each hit."""
        return list(map(self.work.dating.keys, self.hits))

    @cached_property
    def dates(self) -> list[str | None]:
        """The date of each hit."""
        return hit_dates(self.hits, self.work.dating.field)


@attrs.define(eq=False)
class Work:
    """A piece of a crawl.

    Attributes:
        reader: What reads it.
        pending: What is left to consume.
        dating: What is taken for a hit's date.
        ready: What was read and not handed out.
        handed_out: What was handed out and is not committed.
        running: Whether a worker reads it.
        parts: The pieces that took its place, where it had to be cut or read in another way.
        postponed: Whether a later crawl is to read it.
    """

    reader: Cursor | Window
    pending: Pending
    dating: Dating
    ready: deque[Portion] = attrs.field(factory=deque)
    handed_out: deque[Portion] = attrs.field(factory=deque)
    running: bool = False
    parts: list[Work] = attrs.field(factory=list)
    postponed: bool = False
    _collected: list[Any] = attrs.field(factory=list)
    _gaps: Sequence[Pending] = ()

    @classmethod
    def of(cls, pending: Pending, dating: Dating, depth: Depth, *, probe: bool = False) -> Work:
        """Makes the piece that reads what is left."""
        known = pending.known.union(pending.edge)
        reader: Cursor | Window
        if pending.ranked or pending.range.undated:
            reader = Window(
                pending.range,
                cap=dating.cap,
                depth=depth,
                known=known,
                prefix=pending.edge,
                probe=probe,
                field=dating.field,
                key=dating.keys,
            )
        else:
            reader = Cursor(
                pending.range,
                newest_first=dating.newest_first,
                cap=dating.cap,
                known=known,
                field=dating.field,
                key=dating.keys,
            )
        return cls(reader, pending, dating)

    @property
    def holds_back(self) -> bool:
        """Whether its hits are handed out together, in the order of their dates."""
        is_window = isinstance(self.reader, Window) and not self.reader.range.undated
        return is_window and self.dating.in_order

    @property
    def is_spent(self) -> bool:
        """Whether everything was read, handed out and committed."""
        return self.reader.done and not self.ready and not self.handed_out

    def take(self, new: list[Any]) -> None:
        """Takes hits that were read."""
        if not self.holds_back:
            if new:
                self.ready.append(Portion(self, new, tuple(self.reader.gaps)))
            return
        self._collected += new
        if self.reader.done:
            self.release()

    def release(self) -> None:
        """Hands out what was held back, since no more will be read."""
        self._collected.sort(key=self._order, reverse=self.dating.newest_first)
        for start in range(0, len(self._collected), PAGE):
            self.ready.append(Portion(self, self._collected[start : start + PAGE]))
        self._collected = []

    def _order(self, hit: Any) -> tuple[int, str]:
        date = hit_date(hit, self.dating.field)
        return instant(date) or 0, date or ""

    def hand_out(self) -> Portion:
        """Returns the next portion."""
        portion = self.ready.popleft()
        self.handed_out.append(portion)
        return portion

    def commit(self, portion: Portion) -> None:
        """Notes that a portion was consumed. Portions count in their order."""
        portion.committed = True
        while self.handed_out and self.handed_out[0].committed:
            self._pass(self.handed_out.popleft())

    def drop(self, portion: Portion) -> None:
        """Forgets a portion, where nothing is kept of what was consumed."""
        self.handed_out.remove(portion)

    def _pass(self, portion: Portion) -> None:
        keys, dates = portion.keys, portion.dates
        self._gaps = portion.gaps
        for part in self.parts:
            part._omit(keys)
        if isinstance(self.reader, Window):
            known = self.pending.known.union(self.pending.edge, keys)
            self.pending.edge = [*takewhile(known.__contains__, self.reader.sequence)]
            self.pending.known = known.difference(self.pending.edge)
            return
        last = next((date for date in reversed(dates) if date is not None), None)
        near = self._near
        if last is None or (near is not None and near.inclusive and near.is_same_instant(last)):
            self.pending.edge += keys
            return
        bound = Bound(last)
        self.pending.range = self.pending.range.with_end(bound, high=self.dating.newest_first)
        self.pending.edge = edge_of(list(zip(keys, dates, strict=True)), bound)

    @property
    def _near(self) -> Bound | None:
        """The end from which the rest is to be consumed."""
        return self.pending.range.high if self.dating.newest_first else self.pending.range.low

    def _omit(self, keys: Sequence[str]) -> None:
        """Notes hits that were consumed elsewhere."""
        self.pending.known = self.pending.known.union(keys)
        for part in self.parts:
            part._omit(keys)

    def cut_at(self, cut: int, depth: Depth) -> Work:
        """Leaves what lies beyond an instant to another piece, which is returned."""
        low, high = self.pending.range.split(cut)
        near, far = (high, low) if self.dating.newest_first else (low, high)
        if isinstance(self.reader, Cursor):
            bound = near.low if self.dating.newest_first else near.high
            if bound is not None:
                self.reader.move_far(bound)
        self.pending.range = near
        return Work.of(Pending(far, known=self.pending.known), self.dating, depth)

    def replace(self, depth: Depth, whole: Range | None = None) -> list[Work]:
        """Returns the pieces that take the place of what is not read.

        A window that holds too many hits leaves two, and a cursor, where the order of hits cannot
        be relied on, one that does not. What was read stays here.

        Args:
            depth: How deep the engine's results are known to go.
            whole: The range to read in place of a cursor's, if nothing of that was read.
        """
        reader, newest_first = self.reader, self.dating.newest_first
        known = frozenset(reader.given)
        if isinstance(reader, Cursor):
            ranges = [reader.range if whole is None else whole]
            if reader.near is not None:
                # What was read ends before the date at which the other piece begins.
                far = Bound(reader.near.text, inclusive=False)
                self.pending.range = self.pending.range.with_end(far, high=not newest_first)
        else:
            low, high = reader.range.split(reader.cut or 0)
            ranges = [high, low] if newest_first else [low, high]
            if self.holds_back:
                known = reader.known  # nothing was handed out, so the parts bring everything
        probe = isinstance(reader, Window)
        for range_ in ranges:
            part = Work.of(
                Pending(range_, ranked=True, known=known), self.dating, depth, probe=probe
            )
            part.pending.known = self.pending.known.union(self.pending.edge)
            self.parts.append(part)
        reader.done, self._collected = True, []
        return self.parts

    def left(self) -> Iterable[Pending]:
        """Yields what a later crawl should read."""
        gaps = self._gaps
        if self.is_spent:
            gaps = self.reader.gaps
        elif not self.parts or isinstance(self.reader, Cursor):
            yield self.pending
        if self.is_spent and self.postponed:
            yield self.pending
        for gap in gaps:
            # From the near end on, the crawl finds the gap again by itself.
            near = None if self.is_spent else self._near
            if near is None or not near.is_same_instant(gap.range.low.text):
                yield gap
