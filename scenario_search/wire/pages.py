"""Pages of hits, as the API sends them.

Source: the Search API's reference, Asset Search and Model Search; the Search guide, Pagination.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from scenario_search.display.cards import CardPage, joined
from scenario_search.text import clean, count, duration
from scenario_search.wire.document import Document, documented_list
from scenario_search.wire.hits import Hit
from scenario_search.wire.response import ResponseInfo

if TYPE_CHECKING:
    from scenario_search.wire.params import SearchParams

__all__ = ["SearchHits"]

H = TypeVar("H", bound=Hit)


@attrs.define(kw_only=True, eq=False, repr=False)
class SearchHits(Document, Generic[H]):
    """A page of hits, of either pagination mode. Fields of the other mode are ``None``."""

    hits: list[H] = documented_list()
    """This page's hits, in order."""
    limit: int | None = None
    """Offset mode: the most hits a page may hold."""
    offset: int | None = None
    """Offset mode: how many hits come before this page."""
    estimated_total_hits: int | None = None
    """Offset mode: an estimate, which drifts and which the engine may cap at 1000."""
    hits_per_page: int | None = None
    """Page mode: the most hits a page may hold."""
    page: int | None = None
    """Page mode: this page's number, from 1."""
    total_hits: int | None = None
    """Page mode: how many hits there are, exact up to the engine's cap of 1000."""
    total_pages: int | None = None
    """Page mode: how many pages there are."""

    @property
    def total(self) -> int | None:
        """The total number of hits in either mode, or ``None`` if the server sent none."""
        return self.total_hits if self.total_hits is not None else self.estimated_total_hits

    def _asked(self) -> tuple[SearchParams | None, ResponseInfo | None]:
        """Returns the request, and how the response arrived, where that is known."""
        return None, None

    def _cards(self, most: int) -> CardPage:
        """Returns what is shown of it: the total, what was searched for, and the first hits."""
        asked, _ = self._asked()
        shown = self.hits[:most]
        return CardPage(
            of=type(self).__name__,
            total=self._total_line(),
            conditions=() if asked is None else asked._conditions(),
            cards=[hit._card() for hit in shown],
            more=len(self.hits) - len(shown),
        )

    def _total_line(self) -> str:
        """Returns how many hits it holds, of how many, which page it is, and how long it took."""
        counted = count(len(self.hits))
        if self.total_hits is not None:
            counted += f" of {_counted(self.total_hits)}"
        elif self.estimated_total_hits not in (None, len(self.hits)):
            counted += f" of about {_counted(self.estimated_total_hits)}"
        total = len(self.hits) if self.total is None else self.total
        name = self._plural()
        line = [f"{counted} {name.removesuffix('s') if total == 1 else name}"]
        if self.page is not None:
            of = f" of {_counted(self.total_pages)}" if self.total_pages is not None else ""
            line.append(f"page {_counted(self.page)}{of}")
        elif self.offset:
            line.append(f"after the first {_counted(self.offset)}")
        _, info = self._asked()
        return joined(*line, "" if info is None else duration(info.elapsed))

    def _plural(self) -> str:
        """Returns what its hits are called."""
        asked, _ = self._asked()
        plurals = {hit._plural for hit in self.hits} or {"hits" if asked is None else asked.kind}
        return plurals.pop() if len(plurals) == 1 else "hits"

    def __repr__(self) -> str:
        """Returns a few lines: how many hits there are, and the first of them."""
        from scenario_search.display import lines  # noqa: PLC0415 - only when shown

        return lines.page_text(self._cards(lines.SHOWN_HITS))

    def _repr_html_(self) -> str:
        """Returns the page's gallery, for notebooks."""
        from scenario_search.display import gallery  # noqa: PLC0415 - only notebooks do

        return gallery.page_html(self._cards(gallery.SHOWN_HITS))


def _counted(value: object) -> str:
    return count(value) if isinstance(value, int) else clean(value, 20)
