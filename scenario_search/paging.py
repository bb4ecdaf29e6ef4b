"""Which page comes next, and when a walk ends. No I/O: positions in, positions out.

A walk ends on an empty page, at the known end, or with :class:`PaginationError` when the
server does not advance. No server makes it go on for ever:

- the position that the server echoes must be the one that was asked for;
- two pages running must not hold the same ids;
- a total may drift, but not outgrow twice its first value plus 10,000;
- without any total, a walk ends at 10,000,000 hits.
"""

from __future__ import annotations

import math
from typing import Any

import attrs

from scenario_search.errors import PaginationError
from scenario_search.params import SearchParams
from scenario_search.responses import SearchHits

__all__ = ["ENGINE_CAP", "PageInfo", "Position", "Walk", "first_position"]

ENGINE_CAP = 1000
"""How many hits the engine gives at most for one search, in either mode (Meilisearch's
``maxTotalHits``)."""

API_PAGE_SIZE = 20
"""What the API takes where no page size is given."""

WALK_PAGE_SIZE = 100
"""What an iteration asks for where the user gives no page size: the most the API allows, since
every page is a billed search."""

_LONGEST_WALK = 10_000_000


@attrs.frozen
class Position:
    """Where a page begins: an offset from 0, or a page number from 1."""

    paged: bool
    start: int
    size: int

    def wire(self) -> dict[str, int]:
        """Give the body's fields for this position."""
        if self.paged:
            return {"page": self.start, "hitsPerPage": self.size}
        return {"offset": self.start, "limit": self.size}

    @property
    def hits_before(self) -> int:
        """How many hits come before this page."""
        return (self.start - 1) * self.size if self.paged else self.start


@attrs.frozen
class PageInfo:
    """What a request for another page changes in the body."""

    params: dict[str, int]


def first_position(params: SearchParams, *, walk: bool) -> Position | None:
    """Give where a request begins, its missing half completed.

    Args:
        params: The request.
        walk: Whether all pages are wanted, not just this one.

    Returns:
        ``None`` where a single page is wanted and the request says nothing of its place: then
        the API's own defaults hold and nothing needs to be sent.
    """
    if params.page is not None or params.hits_per_page is not None:
        page = 1 if params.page is None else int(params.page)
        size = API_PAGE_SIZE if params.hits_per_page is None else int(params.hits_per_page)
        return Position(paged=True, start=page, size=size)
    if params.limit is None and params.offset is None and not walk:
        return None
    default = WALK_PAGE_SIZE if walk else API_PAGE_SIZE
    offset = 0 if params.offset is None else int(params.offset)
    size = default if params.limit is None else int(params.limit)
    return Position(paged=False, start=offset, size=size)


def next_position(asked: Position | None, page: SearchHits[Any]) -> Position | None:
    """Give the position after a page; ``None`` at the known end, or after an empty page.

    Args:
        asked: The position the page was asked for; ``None`` where none was named.
        page: The page that came.
    """
    count = len(page.hits)
    if not count:
        return None
    if asked is None:
        start, size = _count(page.offset) or 0, _count(page.limit) or API_PAGE_SIZE
        asked = Position(paged=False, start=start, size=size)
    if asked.paged:
        following = Position(paged=True, start=asked.start + 1, size=asked.size)
        pages = _count(page.total_pages)
        if pages is not None:
            return following if asked.start < pages else None
        end = _count(page.total_hits)
        size = _count(page.hits_per_page) or asked.size
        return following if end is None or asked.start * size < end else None
    start = asked.start + count
    end = _count(page.estimated_total_hits)
    if end is None or start < end:
        return Position(paged=False, start=start, size=asked.size)
    return None


def _count(value: Any) -> int | None:
    """Read a number of hits or pages; ``None`` for anything else that a server may send."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf:
        return int(value)
    return None


class Walk:
    """The state of one walk over pages, in order.

    Args:
        position: Where to begin.

    Attributes:
        position: Where the next page begins; ``None`` once the walk has ended.
    """

    def __init__(self, position: Position) -> None:
        self.position: Position | None = position
        self._ids: set[str] = set()
        self._longest: int | None = None

    def accept(self, page: SearchHits[Any]) -> str | None:
        """Take the page that came for :attr:`position`, and move on.

        Returns:
            A warning, where the walk has ended although there may be more; else ``None``.

        Raises:
            PaginationError: The server does not advance. The page should not be used.
        """
        asked = self.position
        if asked is None:
            raise PaginationError("This walk has ended")
        self._check_echo(asked, page)
        ids = {hit.id for hit in page.hits}
        if ids and ids == self._ids:
            raise PaginationError(
                f"The server gave the same {len(ids)} hits twice running, before and at "
                f"{_said(asked)}: it does not advance"
            )
        self._ids = ids
        self._check_growth(asked, page)
        self.position = next_position(asked, page)
        return self._truncation(asked, page) if self.position is None else None

    def _check_echo(self, asked: Position, page: SearchHits[Any]) -> None:
        echoed = _count(page.page if asked.paged else page.offset)
        if echoed is not None and echoed != asked.start:
            name = "page" if asked.paged else "offset"
            raise PaginationError(
                f"Asked for {name} {asked.start}, but the server says that it gave {name} "
                f"{echoed}: it does not advance"
            )

    def _check_growth(self, asked: Position, page: SearchHits[Any]) -> None:
        total = _count(page.total)
        if total is not None and self._longest is None:
            self._longest = 2 * total + 10_000
        longest = _LONGEST_WALK if self._longest is None else self._longest
        if asked.hits_before > longest:
            raise PaginationError(
                f"The walk is at {_said(asked)}, far beyond the {longest:,} hits that the first "
                "page let expect: the server does not come to an end"
            )

    def _truncation(self, asked: Position, page: SearchHits[Any]) -> str | None:
        reached = asked.hits_before + len(page.hits)
        total = _count(page.total)
        if not page.hits and total is not None and total > reached:
            return (
                f"The server counts {total:,} hits but gives none after the first "
                f"{reached:,}: use client.crawl to get all of them"
            )
        if reached == ENGINE_CAP:
            return (
                f"The walk ended at exactly {ENGINE_CAP:,} hits, the engine's cap: there may be "
                "more; use client.crawl to get all of them"
            )
        return None


def _said(position: Position) -> str:
    return f"{'page' if position.paged else 'offset'} {position.start}"
