"""Pieces of a crawl: what reads each, and what of it has not been consumed. Pure.

What a checkpoint keeps of a piece is a range of dates and the keys of hits that a request for it
would bring again. It moves on with what the consumer has committed, not with what was read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from scenario_search.crawl.cursor import Cursor
from scenario_search.crawl.dates import Bound, Range, hit_date, hit_key, instant
from scenario_search.crawl.ranked import Depth, Window
from scenario_search.crawl.ties import PAGE

__all__ = ["Dating", "Pending", "Portion", "Work"]


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


@attrs.define
class Pending:
    """What is left to consume of a piece.

    Attributes:
        range: The range of dates.
        ranked: Whether it is read as a window, without relying on the order of hits.
        known: The keys of hits that are not wanted.
        edge: The keys of those consumed at the end that it is read from; in a window, of all.
        prefix: Whether ``edge`` is how a window's results begin, in their order.
    """

    range: Range
    ranked: bool = False
    known: frozenset[str] = frozenset()
    edge: list[str] = attrs.field(factory=list)
    prefix: bool = False


@attrs.define(eq=False)
class Portion:
    """Hits of a piece that are handed out together.

    Attributes:
        work: The piece.
        hits: The hits, as JSON values.
        by_date: Whether they were read by a cursor.
        committed: Whether they have been consumed.
    """

    work: Work
    hits: list[Any]
    by_date: bool
    committed: bool = False


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
        parts: The pieces that took its place, where it had to be cut.
        postponed: Whether a later crawl is to read it.
    """

    reader: Cursor | Window
    pending: Pending
    dating: Dating
    ready: deque[Portion] = attrs.field(factory=deque)
    handed_out: deque[Portion] = attrs.field(factory=deque)
    running: bool = False
    parts: list[Work] | None = None
    postponed: bool = False
    _collected: list[Any] = attrs.field(factory=list)

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
                prefix=pending.edge if pending.prefix else (),
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
        work = cls(reader, pending, dating)
        pending.prefix = (
            not work.holds_back and not pending.known and (pending.prefix or not pending.edge)
        )
        return work

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
        by_date = isinstance(self.reader, Cursor)
        if not self.holds_back:
            if new:
                self.ready.append(Portion(self, new, by_date))
            return
        self._collected += new
        if self.reader.done and self.parts is None:
            self._collected.sort(key=self._order, reverse=self.dating.newest_first)
            for start in range(0, len(self._collected), PAGE):
                hits = self._collected[start : start + PAGE]
                self.ready.append(Portion(self, hits, by_date=False))
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
        keys = [self.dating.key(hit) for hit in portion.hits]
        if not portion.by_date:
            self._know(keys)
            return
        dates = [hit_date(hit, self.dating.field) for hit in portion.hits]
        last = next((date for date in reversed(dates) if date is not None), None)
        pending, newest_first = self.pending, self.dating.newest_first
        near = pending.range.high if newest_first else pending.range.low
        if last is None or (near is not None and near.inclusive and near.is_same_instant(last)):
            pending.edge += keys
            return
        bound = Bound(last)
        pending.range = pending.range.with_end(bound, high=newest_first)
        pending.edge = [
            key
            for key, date in zip(keys, dates, strict=True)
            if date is None or bound.is_same_instant(date)
        ]

    def _know(self, keys: Sequence[str]) -> None:
        if self.parts is None:
            self.pending.edge += keys
        else:
            self._omit(keys)

    def _omit(self, keys: Sequence[str]) -> None:
        """Notes hits that were consumed elsewhere."""
        if self.parts is None:
            self.pending.known = self.pending.known.union(keys)
            return
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

    def become_window(self, depth: Depth, whole: Range | None) -> None:
        """Goes on without relying on the order of hits.

        Args:
            depth: How deep the engine's results are known to go.
            whole: The range to read, if nothing of it was read yet.
        """
        if isinstance(self.reader, Cursor):
            if whole is not None:
                self.pending.range = self.reader.range = whole
            self.pending.ranked = True
            pending = Pending(self.reader.range, ranked=True, known=self.reader.given)
            self.reader = Work.of(pending, self.dating, depth).reader

    def become_parts(self, depth: Depth) -> list[Work]:
        """Returns the pieces that take the place of a window that has to be cut."""
        reader, pending = self.reader, self.pending
        if not isinstance(reader, Window) or reader.cut is None:
            return []
        low, high = reader.range.split(reader.cut)
        parts = []
        committed = pending.known.union(pending.edge)
        # In order, nothing of it was handed out, so its parts bring everything.
        known = committed if self.dating.in_order else frozenset(reader.given)
        for range_ in (high, low) if self.dating.newest_first else (low, high):
            part = Work.of(
                Pending(range_, ranked=True, known=known), self.dating, depth, probe=True
            )
            part.pending.known = committed
            parts.append(part)
        reader.done = True
        self.parts, self._collected = parts, []
        return parts

    def unfinished(self) -> Iterable[Pending]:
        """Returns what a later crawl should read: what was postponed or could not be read whole."""
        if self.postponed:
            yield self.pending
        for text, keys in self.reader.incomplete:
            if isinstance(self.reader, Window):
                range_, ranked = self.reader.range, True
            else:
                range_, ranked = Range(Bound(text), Bound(text)), False
            yield Pending(range_, ranked=ranked, known=keys)
