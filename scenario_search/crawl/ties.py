"""Reading one list of results by offset, with an overlap. Pure.

Between two requests hits come and go, so the place of a hit moves. Each page therefore begins at
the last hit of the page before. Let the order of the hits that stay be fixed. Then this holds
after every page: of the hits that stay, all that stand before the last one read have been read.
For if a page begins with a hit that was read, whatever stands before that hit was read, too, and
the page itself has no gap. If its first hit was not read (hits before it were deleted), the page is
not used, and the offset steps back until it connects.

Where the order is not fixed, pages do not fit together: they repeat hits other than the first.
Then the list is read again, until one pass is without fault, or two passes agree on the order of
the hits that both saw, as they do where hits were only inserted or deleted meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

__all__ = ["PAGE", "OffsetWalk"]

PAGE = 100
"""Hits per page: the most that the API allows."""

_MAX_PASSES = 6


@attrs.define
class OffsetWalk:
    """A walk through one list of results.

    Attributes:
        cap: The position at which the engine's results end.
        offset: Where the next page begins.
        sequence: The keys of the hits that this pass has read, in their order.
        ended: Whether the last page showed that nothing follows.
        is_in_order: Whether each page of this pass repeated only the last hit of the one before.
    """

    cap: int
    offset: int = 0
    sequence: list[str] = attrs.field(factory=list)
    ended: bool = False
    is_in_order: bool = True
    _is_long: bool = False
    _contradicts: bool = False
    _earlier: list[str] = attrs.field(factory=list)
    _seen: set[str] = attrs.field(factory=set)
    _step: int = 1
    _passes: int = 1

    @property
    def gave_up(self) -> bool:
        """Whether so many passes disagreed that the order cannot be relied on."""
        return self._passes > _MAX_PASSES

    @property
    def is_full(self) -> bool:
        """Whether the walk reached the cap, so that hits beyond it cannot be read."""
        return self.offset + 1 >= self.cap

    def connects(self, keys: Sequence[str]) -> bool:
        """Returns whether a page may be used; if not, steps back.

        Args:
            keys: The keys of the page's hits.
        """
        if not self.offset or self.gave_up or (keys and keys[0] in self.sequence):
            return True
        self.offset = max(0, self.offset - self._step)
        self._step *= 2
        self.is_in_order = False
        if not self.offset:
            self._begin_pass()
        return False

    def advance(self, keys: Sequence[str], *, fresh: bool) -> None:
        """Moves past a page that connects.

        Args:
            keys: The keys of the page's hits.
            fresh: Whether one of them was not known before.
        """
        self._step = 1
        places = {key: place for place, key in enumerate(self.sequence)}
        if self.offset:
            repeated = [places[key] for key in keys if key in places]
            self._contradicts = self._contradicts or repeated != sorted(repeated)
            if repeated != [len(places) - 1]:
                self.is_in_order = False
            self._is_long = self._is_long or len(keys) > 1
            self.sequence[min(repeated, default=len(places)) :] = keys
        else:
            self.sequence = list(keys)
        self._seen.update(keys)
        # Where hits are inserted all the time, a page never holds the overlap alone; and a server
        # may have nothing beyond its first page, not even the overlap.
        rest = PAGE - 1 if self.offset or self._passes > 1 else 1
        self.ended = not fresh and len(keys) <= rest
        self.offset += max(0, len(keys) - 1)
        self.ended = self.ended or self.is_full

    def is_settled(self) -> bool:
        """Returns whether the pass that ended can be relied on; if not, begins another."""
        # What fits one page was read in one moment, whatever its order.
        if self.is_in_order or not self._is_long or self.gave_up:
            return True
        agrees = not self._contradicts and _agree(self._earlier, self.sequence, len(self._seen))
        self._earlier = [] if self._contradicts else self.sequence
        if not agrees:
            self._begin_pass()
        return agrees

    def _begin_pass(self) -> None:
        self.offset = 0
        self.sequence = []
        self._seen = set()
        self.ended = self._is_long = self._contradicts = False
        self.is_in_order = True
        self._passes += 1


def _agree(one: list[str], other: list[str], count: int) -> bool:
    """Returns whether two passes have most hits in common, and in the same order."""
    common = set(one) & set(other)
    orders = [[key for key in keys if key in common] for keys in (one, other)]
    return 2 * len(common) >= count and orders[0] == orders[1]
