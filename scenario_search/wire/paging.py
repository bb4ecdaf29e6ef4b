"""Which page comes next, and when a walk ends. No I/O: positions in, positions out.

A walk ends on an empty page, at the known end, or with :class:`PaginationError` when the
server does not advance. No server makes it go on for ever:

- the position that the server echoes must be the one that was asked for;
- two pages running must not hold the same ids;
- pages must not go round in a circle. One page's ids are kept to compare with, a later page's each
  time that the walk is twice as long (Brent's cycle detection), so that a circle of n pages is
  noticed within 8 n;
- a walk may give twice as many hits as its first total promised, and 10,000 more; without any
  total, 10,000,000.

Totals drift from page to page. A total that grows is believed. Where it shrinks, a full page that
an earlier total would have gone beyond is not taken for the last: one more request tells. Nor is a
full page that itself reaches beyond its total, which is an estimate that was too low.

In offset mode the next page begins after what came, so a server that sends fewer hits than it was
asked for loses none. In page mode it may: such a walk warns where it received fewer hits than the
total counts.
"""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import attrs

from scenario_search.errors import InvalidParamsError, PaginationError
from scenario_search.messages import Message, Term, named
from scenario_search.wire.pages import SearchHits
from scenario_search.wire.params import Place, SearchParams, parameter_values

__all__ = [
    "CRAWL",
    "ENGINE_CAP",
    "POSITION_NAMES",
    "PageInfo",
    "Position",
    "Walk",
    "first_position",
    "items_left",
    "next_position",
    "page_position",
    "position_parameters",
    "whole_number",
]

CRAWL = Term("crawl", "client.crawl")
"""What gets past the engine's cap."""

ENGINE_CAP = 1000
"""How many hits the engine returns at most for one search, in either mode (Meilisearch's
``maxTotalHits``)."""

POSITION_NAMES = frozenset({"limit", "offset", "page", "hitsPerPage"})
"""The fields of a body that say which page is asked for."""

API_PAGE_SIZE = 20
"""The API's default page size."""

WALK_PAGE_SIZE = 100
"""The default page size of an iteration: the most the API allows, since every page counts against
the search quota."""

_LEEWAY = 10_000
_LONGEST_WALK = 10_000_000
_MOST_RETURNS = 2


@attrs.frozen
class Position:
    """Where a page begins: an offset from 0, or a page number from 1."""

    paged: bool
    start: int
    size: int

    def wire(self) -> dict[str, int]:
        """Returns the body's fields for this position."""
        if self.paged:
            return {"page": self.start, "hitsPerPage": self.size}
        return {"offset": self.start, "limit": self.size}

    @property
    def hits_before(self) -> int:
        """How many hits come before this page."""
        return (self.start - 1) * self.size if self.paged else self.start

    def after(self, count: int) -> Position:
        """Returns the position after this page, where it holds ``count`` hits."""
        return Position(self.paged, self.start + (1 if self.paged else count), self.size)

    def __str__(self) -> str:
        return f"{'page' if self.paged else 'offset'} {self.start}"


@attrs.frozen
class PageInfo:
    """The changes to the request body that select another page."""

    params: dict[str, int]


def position_parameters(params: SearchParams) -> dict[str, Any]:
    """Returns what a request says of its position, under wire names and unchanged."""
    return {
        parameter.wire: value for _, parameter, value in parameter_values(params, Place.POSITION)
    }


@overload
def first_position(params: SearchParams, *, walk: Literal[True]) -> Position: ...
@overload
def first_position(params: SearchParams, *, walk: bool) -> Position | None: ...
def first_position(params: SearchParams, *, walk: bool) -> Position | None:
    """Returns where a request begins, its missing half completed.

    Args:
        params: The request.
        walk: Whether all pages are wanted, not just this one.

    Returns:
        ``None`` where a single page is wanted and the request is to be sent as it stands: it says
        nothing of its place (the API's own defaults hold then), or something that makes no
        position and that nobody checked (``validate=False``).

    Raises:
        InvalidParamsError: A walk is wanted, from what makes no position.
    """
    place = position_parameters(params)
    if not place and not walk:
        return None
    paged = "page" in place or "hitsPerPage" in place
    mixed = paged and ("limit" in place or "offset" in place)
    try:
        whole = {name: int(value) for name, value in place.items()}
    except (ValueError, TypeError, OverflowError):
        whole = {}
    if mixed or whole != place:
        if walk:
            raise InvalidParamsError(f"There is no iterating from {place}: it is not a position")
        return None
    if paged:
        size = whole.get("hitsPerPage", API_PAGE_SIZE)
        return Position(paged=True, start=whole.get("page", 1), size=size)
    size = whole.get("limit", WALK_PAGE_SIZE if walk else API_PAGE_SIZE)
    return Position(paged=False, start=whole.get("offset", 0), size=size)


def page_position(asked: Position | None, page: SearchHits[Any]) -> Position:
    """Returns where a page begins: the position asked for, or else the one that it echoes."""
    if asked is not None:
        return asked
    if number := whole_number(page.page):
        size = whole_number(page.hits_per_page) or API_PAGE_SIZE
        return Position(paged=True, start=number, size=size)
    size = whole_number(page.limit) or API_PAGE_SIZE
    return Position(paged=False, start=whole_number(page.offset) or 0, size=size)


def next_position(asked: Position | None, page: SearchHits[Any]) -> Position | None:
    """Returns the position after a page; ``None`` at the known end, or after an empty page.

    Args:
        asked: The position the page was asked for; ``None`` where none was named.
        page: The page that came.
    """
    count = len(page.hits)
    if not count:
        return None
    asked = page_position(asked, page)
    following = asked.after(count)
    size = _size(asked, page)
    total = whole_number(page.total_hits if asked.paged else page.estimated_total_hits)
    before = (asked.start - 1) * size if asked.paged else asked.start
    if total is not None and before + count > total and count >= max(1, size):
        return following
    if asked.paged and (pages := whole_number(page.total_pages)) is not None:
        return following if asked.start < pages else None
    reached = asked.start * size if asked.paged else following.start
    return following if total is None or reached < total else None


def _size(asked: Position, page: SearchHits[Any]) -> int:
    """Returns how many hits a full page has: what the server says in page mode, or was asked."""
    return (whole_number(page.hits_per_page) if asked.paged else None) or asked.size


def whole_number(value: Any) -> int | None:
    """Returns a number of hits or pages; ``None`` for anything else that a server may send."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf:
        return int(value)
    return None


def items_left(page: SearchHits[Any], max_items: int | None) -> int | None:
    """Returns how many hits there are from a page on, as far as it says, or ``None``."""
    total = whole_number(page.total)
    if total is None:
        return None
    start, size = whole_number(page.page), whole_number(page.hits_per_page)
    before = (start - 1) * size if start and size else whole_number(page.offset) or 0
    left = max(total - before, len(page.hits))
    return left if max_items is None else min(left, max_items)


def _promised(asked: Position, page: SearchHits[Any]) -> int | None:
    """Returns how many hits there are from the very first on, as far as a page says."""
    total = whole_number(page.total)
    if total is None and asked.paged and (pages := whole_number(page.total_pages)) is not None:
        return pages * asked.size
    return total


class Walk:
    """The state of one walk over pages, in order.

    Args:
        position: Where to begin.

    Attributes:
        position: Where the next page begins; ``None`` once the walk has ended.
    """

    def __init__(self, position: Position) -> None:
        self.position: Position | None = position
        self._ids: list[str] = []
        self._kept: set[str] = set()
        self._returns = 0
        self._pages = 0
        self._received = 0
        self._longest: int | None = None
        self._most_promised = 0
        self._begins_after: int | None = None
        self._was_short = False

    def accept(self, page: SearchHits[Any]) -> Message | None:
        """Accepts the page that came for :attr:`position`, and moves on.

        Returns:
            A warning, where the walk has ended although there may be more; else ``None``.

        Raises:
            PaginationError: The server does not advance. The page should not be used.
        """
        asked = self.position
        if asked is None:
            raise PaginationError("This walk has ended")
        self._check_echo(asked, page)
        self._check_ids(asked, page)
        promised = _promised(asked, page)
        self._check_length(asked, page, promised)
        self._most_promised = max(self._most_promised, promised or 0)
        size = _size(asked, page)
        if self._begins_after is None:
            self._begins_after = (asked.start - 1) * size if asked.paged else asked.start
        self.position = next_position(asked, page)
        if self.position is not None:
            self._was_short = self._was_short or len(page.hits) < size
            return None
        full = len(page.hits) >= max(1, asked.size)
        if full and asked.hits_before + len(page.hits) < self._most_promised:
            self.position = asked.after(len(page.hits))
            return None
        return self._truncation(asked, page, promised)

    def _check_echo(self, asked: Position, page: SearchHits[Any]) -> None:
        echoed = whole_number(page.page if asked.paged else page.offset)
        if echoed is not None and echoed != asked.start:
            name = "page" if asked.paged else "offset"
            raise PaginationError(
                f"Asked for {asked}, but the server says that it gave {name} {echoed}: "
                "it does not advance"
            )

    def _check_ids(self, asked: Position, page: SearchHits[Any]) -> None:
        ids = [hit.id for hit in page.hits]
        # Sets of a hundred ids are built only where one of them is there again.
        if ids and ids[0] in self._ids and {*map(str, ids)} == {*map(str, self._ids)}:
            raise PaginationError(
                f"The server gave the same {len(ids)} hits twice running, before and at "
                f"{asked}: it does not advance"
            )
        # What is added meanwhile may push one page to where another was, but hardly twice.
        self._returns += bool(ids and str(ids[0]) in self._kept and {*map(str, ids)} == self._kept)
        if self._returns == _MOST_RETURNS:
            raise PaginationError(
                f"The server gave the same {len(ids)} hits again and again, last at {asked}: its "
                "pages go round in a circle"
            )
        self._pages += 1
        if self._pages.bit_count() == 1:
            self._kept, self._returns = {*map(str, ids)}, 0
        self._ids = ids

    def _check_length(self, asked: Position, page: SearchHits[Any], promised: int | None) -> None:
        if promised is not None and self._longest is None:
            self._longest = 2 * promised + _LEEWAY
        longest = _LONGEST_WALK if self._longest is None else self._longest
        self._received += len(page.hits)
        if self._received > longest:
            raise PaginationError(
                f"The walk is at {asked} and has given more than {longest:,} hits, far beyond "
                "what the first page let expect: the server does not come to an end"
            )

    def _truncation(
        self, asked: Position, page: SearchHits[Any], promised: int | None
    ) -> Message | None:
        reached = asked.hits_before + len(page.hits)
        if asked.paged and self._was_short and (total := whole_number(page.total)) is not None:
            expected = total - (self._begins_after or 0)
            if self._received < expected:
                return Message(
                    "The server's pages were shorter than asked for, and held {:,} of the {:,} "
                    "hits that it counts: use {} and {} in place of {}, or {}, to get all of them",
                    self._received,
                    expected,
                    *map(named, ("limit", "offset", "page")),
                    CRAWL,
                )
        if not page.hits and promised is not None and promised > reached:
            return Message(
                "The server counts {:,} hits but returns none at {}: use {} to get all of them",
                promised,
                asked,
                CRAWL,
            )
        if reached > ENGINE_CAP and not page.hits and promised == ENGINE_CAP:
            return Message(
                "The server returns no hits at {}, but counts to the engine's cap of {:,}: there "
                "may be more; use {} to get all of them",
                asked,
                ENGINE_CAP,
                CRAWL,
            )
        if reached == ENGINE_CAP:
            return Message(
                "The walk ended at exactly {:,} hits, the engine's cap: there may be more; use {} "
                "to get all of them",
                ENGINE_CAP,
                CRAWL,
            )
        return None
