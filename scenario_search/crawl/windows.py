"""Windows of time: how a crawl cuts ``createdAt`` so that each piece stays below the cap. Pure.

A window is half-open: from ``start`` on, before ``end``; either may be ``None`` (no bound).
Bounds are whole milliseconds since 1970. On the wire they are UTC text with three decimals and
``Z``, because the engine compares text.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import attrs
import orjson

from scenario_search.filters import F, Filter

__all__ = [
    "UNDATED",
    "Known",
    "Window",
    "gaps",
    "id_text",
    "merged",
    "milliseconds",
    "timestamp",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def timestamp(milliseconds: int) -> str:
    """Write milliseconds since 1970 as the API does: ``2025-01-16T11:19:41.579Z``."""
    moment = _EPOCH + milliseconds * _MILLISECOND
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z".rjust(24, "0")


def milliseconds(text: object) -> int | None:
    """Read a timestamp, rounded down to a millisecond; ``None`` where it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
_EARLIEST = "0001-01-01T00:00:00.000Z"


@attrs.frozen
class Window:
    """A piece of a crawl: what was created from ``start`` on and before ``end``.

    Attributes:
        start: Milliseconds since 1970, or ``None`` for no bound.
        end: Milliseconds since 1970, or ``None`` for no bound.
        undated: Whether it is the one piece that holds what has no date; then it has no bounds.
    """

    start: int | None = None
    end: int | None = None
    undated: bool = False

    def filter(self) -> Filter:
        """Give the condition that a hit is in this window.

        Even without bounds it asks for a date, so that the undated are in their own window
        alone. The undated one is the exact complement of all others.
        """
        created = F["createdAt"]
        first = _EARLIEST if self.start is None else timestamp(self.start)
        if self.undated:
            return ~(created >= first)
        if self.end is None:
            return created >= first
        return (created >= first) & (created < timestamp(self.end))

    def holds(self, created_at: object) -> bool:
        """Say whether a hit's ``createdAt`` is in this window, compared as text.

        A hit that tells no date is taken to be where the engine found it.
        """
        if self.undated or not isinstance(created_at, str):
            return True
        if self.start is not None and created_at < timestamp(self.start):
            return False
        return self.end is None or created_at < timestamp(self.end)

    def split(self, *at: int) -> list[Window]:
        """Cut it at moments that come oldest first: each begins a window."""
        bounds = [self.start, *at, self.end]
        return [Window(start, end) for start, end in pairwise(bounds)]

    def cuts_at(self, moments: Iterable[int]) -> list[int]:
        """Give those of the moments where it can be cut, oldest first."""
        return [moment for moment in sorted(set(moments)) if self._can_split(moment)]

    def cut(self, horizon: tuple[int, int]) -> int | None:
        """Choose where to cut a window of which nothing else is known.

        Args:
            horizon: Where most hits are: stands in for bounds that the window does not have.

        Returns:
            Milliseconds since 1970; ``None`` where it is too narrow to be cut.
        """
        start, end = self.span(horizon)
        # The last is for what lies beyond the horizon.
        first = _FIRST if self.start is None else self.start
        last = _LAST if self.end is None else self.end
        candidates = [(start + end + 1) // 2, (first + last + 1) // 2]
        return next((at for at in candidates if self._can_split(at)), None)

    def span(self, horizon: tuple[int, int]) -> tuple[int, int]:
        """Give its start and end, or where most hits are instead of a bound it does not have."""
        start, end = self.start, self.end
        if start is None:
            start = horizon[0] if end is None or end > horizon[0] else _FIRST
        if end is None:
            end = horizon[1] if start < horizon[1] else _LAST
        return start, end

    def _can_split(self, at: int) -> bool:
        if self.undated:
            return False
        inside = (self.start is None or at > self.start) and (self.end is None or at < self.end)
        return inside and _FIRST < at <= _LAST

    def __str__(self) -> str:
        if self.undated:
            return "without createdAt"
        start = "the beginning" if self.start is None else timestamp(self.start)
        end = "the end" if self.end is None else timestamp(self.end)
        return f"from {start} to {end}"


def id_text(hit_id: object) -> str:
    """Give what tells a hit from others; nothing keeps a server from sending any JSON as id."""
    # No id that is text begins so, or it would be taken for another.
    return hit_id if isinstance(hit_id, str) else f"\0{orjson.dumps(hit_id).decode()}"


@attrs.frozen
class Known:
    """What an earlier crawl brought: all that is older than ``newest``, and of that age some.

    Attributes:
        newest: The newest ``createdAt`` it saw.
        ids: The ids of the hits that have it, as :func:`id_text` gives them.
    """

    newest: str
    ids: frozenset[str]

    def has(self, hit_id: object, created_at: object) -> bool:
        """Say whether a hit is known, by its ``createdAt`` as text."""
        if not isinstance(created_at, str):
            return False
        return created_at < self.newest or (
            created_at == self.newest and id_text(hit_id) in self.ids
        )


UNDATED = Window(undated=True)
"""The piece that holds what has no ``createdAt``."""


def _start_key(window: Window) -> float:
    return float("-inf") if window.start is None else window.start


def merged(windows: Iterable[Window]) -> list[Window]:
    """Join windows that touch or overlap; the undated one comes last."""
    windows = list(windows)
    result: list[Window] = []
    for window in sorted((w for w in windows if not w.undated), key=_start_key):
        last = result[-1] if result else None
        if last is not None and (last.end is None or _start_key(window) <= last.end):
            ends = (last.end, window.end)
            end = None if None in ends else max(e for e in ends if e is not None)
            result[-1] = Window(last.start, end)
        else:
            result.append(window)
    return result + [UNDATED] * any(w.undated for w in windows)


def gaps(whole: Window, done: Iterable[Window]) -> list[Window]:
    """Give what of a window is not covered by pieces of it, oldest first. No undated ones."""
    result: list[Window] = []
    start = whole.start
    for window in merged(done):
        if window.undated:
            continue
        if window.start is not None and (start is None or window.start > start):
            result.append(Window(start, window.start))
        if window.end is None:
            return [gap for gap in result if gap.start is None or gap.end != gap.start]
        start = window.end if start is None else max(start, window.end)
    if whole.end is None or start is None or start < whole.end:
        result.append(Window(start, whole.end))
    return result
