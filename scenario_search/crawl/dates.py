"""Dates as a crawl compares them, and ranges of dates. Pure.

A server may compare dates as text or as dates, and a hit's date may come in any format. So a
date counts as outside of a bound only where it lies outside both as text and as a date. Where the
two disagree, only the server can tell: the crawl then sends the bound to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from scenario_search.filters import F, Filter
from scenario_search.wire.document import json_bytes

__all__ = [
    "EARLIEST",
    "MILLISECOND",
    "Bound",
    "Range",
    "hit_date",
    "hit_dates",
    "hit_key",
    "instant",
    "timestamp",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MILLISECOND = 1_000
"""Microseconds of the smallest step between two cuts."""


def instant(text: object) -> int | None:
    """Returns a timestamp as microseconds since 1970; ``None`` if it is not a timestamp."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


FIRST_INSTANT = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
LAST_INSTANT = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def timestamp(microseconds: int) -> str:
    """Returns the timestamp as the API writes it: ``2025-01-16T11:19:41.579Z``."""
    within = min(max(microseconds, FIRST_INSTANT), LAST_INSTANT)
    moment = _EPOCH + within * _MICROSECOND
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z".rjust(24, "0")


def hit_date(hit: Any, field: str) -> str | None:
    """Returns a hit's date as text; ``None`` if the hit has none."""
    date = hit.get(field) if isinstance(hit, dict) else None
    return date if isinstance(date, str) else None


def hit_dates(hits: Iterable[Any], field: str) -> list[str | None]:
    """Returns what :func:`hit_date` returns for each hit."""
    return [
        date
        if hit.__class__ is dict and (date := hit.get(field)).__class__ is str
        else hit_date(hit, field)
        for hit in hits
    ]


def hit_key(hit: Any) -> str:
    """Returns what distinguishes a hit from others: its id, which may be any JSON value."""
    hit_id = hit.get("id") if isinstance(hit, dict) else hit
    if isinstance(hit_id, str):
        return hit_id
    # No text that a server would use as an id begins with NUL.
    return f"\0{json_bytes(hit if hit_id is None else hit_id).decode()}"


@attrs.frozen
class Bound:
    """An end of a range.

    Attributes:
        text: The date, as it is sent to the server.
        inclusive: Whether the range holds this date itself.
        instant: Microseconds since 1970; ``None`` if the text is not a timestamp.
    """

    text: str
    inclusive: bool = True
    instant: int | None = attrs.field(
        default=attrs.Factory(lambda bound: instant(bound.text), takes_self=True),
        init=False,
        eq=False,
        repr=False,
    )

    def excludes(self, date: str, *, above: bool) -> bool | None:
        """Returns whether a date is outside; ``None`` if text and date disagree.

        Args:
            date: The date.
            above: Whether this is the upper end of the range.
        """
        by_text = self._is_outside(date, self.text, above=above)
        moment = instant(date)
        if moment is None or self.instant is None:
            return by_text
        by_date = self._is_outside(moment, self.instant, above=above)
        return by_text if by_text == by_date else None

    def _is_outside(self, value: Any, bound: Any, *, above: bool) -> bool:
        if value == bound:
            return not self.inclusive
        outside: bool = value > bound if above else value < bound
        return outside

    def is_same_instant(self, date: str) -> bool:
        """Returns whether a date is this one, as text or as a date."""
        if date == self.text:
            return True
        return self.instant is not None and self.instant == instant(date)


EARLIEST = Bound("0001-01-01T00:00:00.000Z")
"""What every dated hit lies above. Its complement is the condition for hits without a date."""


@attrs.frozen
class Range:
    """A range of dates, or the hits that have no date.

    Attributes:
        low: The lower end.
        high: The upper end; ``None`` for no bound.
        undated: Whether this is the range of the hits without a date.
    """

    low: Bound = EARLIEST
    high: Bound | None = None
    undated: bool = False

    def filter(self, field: str) -> Filter:
        """Returns the condition that a hit is in this range."""
        date = F[field]
        low = date >= self.low.text if self.low.inclusive else date > self.low.text
        if self.undated:
            return ~low
        if self.high is None:
            return low
        high = date <= self.high.text if self.high.inclusive else date < self.high.text
        return high if self.low == EARLIEST else low & high

    def excludes(self, date: str | None) -> bool:
        """Returns whether a date is certainly outside of this range, as text and as a date."""
        if date is None:
            return False
        below = self.low.excludes(date, above=False)
        if self.undated:
            return below is False
        above = self.high is not None and self.high.excludes(date, above=True)
        return below is True or above is True

    def split(self, cut: int) -> tuple[Range, Range]:
        """Returns the parts below and from an instant on."""
        text = timestamp(cut)
        return (
            attrs.evolve(self, high=Bound(text, inclusive=False)),
            attrs.evolve(self, low=Bound(text)),
        )

    def with_end(self, bound: Bound, *, high: bool) -> Range:
        """Returns the range with another upper or lower end."""
        return attrs.evolve(self, high=bound) if high else attrs.evolve(self, low=bound)

    @property
    def low_instant(self) -> int:
        """The lower end in microseconds since 1970; the earliest instant if it is not a date."""
        return FIRST_INSTANT if self.low.instant is None else self.low.instant

    @property
    def high_instant(self) -> int:
        """The upper end in microseconds since 1970; the last instant if it is not a date."""
        if self.high is None or self.high.instant is None:
            return LAST_INSTANT
        return self.high.instant

    def can_split(self, cut: int) -> bool:
        """Returns whether a cut, a whole millisecond, leaves two parts that are smaller."""
        if self.undated or not FIRST_INSTANT < cut < LAST_INSTANT:
            return False
        return self.low_instant < cut < self.high_instant or (
            cut == self.high_instant
            and self.high is not None
            and self.high.inclusive
            and self.low_instant < cut
        )

    def __str__(self) -> str:
        if self.undated:
            return "without a date"
        if self.high is not None and self.low.text == self.high.text:
            return f"at {self.low.text}"
        start = "the beginning" if self.low == EARLIEST else self.low.text
        end = "the end" if self.high is None else self.high.text
        return f"from {start} to {end}"
