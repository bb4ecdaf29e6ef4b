"""One search: text, meaning, likeness, filter and sort, put together in one place.

What is searched is first cut to what the caller may see and what the filter matches, the
*candidates*. Then, depending on what the request holds:

- no text and no picture: the candidates in the order of ``sortBy``, or of insertion.
"""

from __future__ import annotations

from typing import Final

import attrs

from scenario_search.emulator.api_errors import ApiError, bad_request
from scenario_search.emulator.filter_parser import (
    Comparison,
    Exists,
    FilterSyntaxError,
    Node,
    Not,
    Or,
    UnknownFieldError,
    all_of,
    parse_filter,
)
from scenario_search.emulator.library import Library
from scenario_search.emulator.requests import SearchRequest
from scenario_search.emulator.store import Numbers

__all__ = ["RESULT_CAP", "Engine", "Found"]

RESULT_CAP: Final = 1000
"""How many hits of one search can be reached (Meilisearch's ``maxTotalHits``)."""


@attrs.frozen
class Found:
    """The answer to a search.

    Attributes:
        hits: The stored JSON of the hits on the page asked for.
        total: How many hits there are, as the API tells it.
    """

    hits: list[bytes]
    total: int


class Engine:
    """Searches one library.

    Args:
        library: What is searched.
        project_id: The project of the credentials.
        result_cap: How many hits of one search can be reached.
        capped_totals: Whether totals stop at the cap too, as Meilisearch's do.
    """

    def __init__(
        self,
        library: Library,
        *,
        project_id: str,
        result_cap: int = RESULT_CAP,
        capped_totals: bool = True,
        sort_first: bool = False,
    ) -> None:
        self._store = library.store
        self._texts = library.texts
        self._sort_first = sort_first
        self._project_id = project_id
        self._result_cap = result_cap
        self._capped_totals = capped_totals

    def search(self, request: SearchRequest) -> Found:
        """Answer a request.

        Raises:
            ApiError: The filter, a picture or the project is refused.
        """
        kind = request.kind
        if request.has_image or request.query_semantic_ratio > 0:
            raise ApiError(501, "Not supported yet", "NOT_IMPLEMENTED")
        candidates = self._candidates(request)
        start = min(request.offset, self._result_cap)
        end = min(request.offset + request.limit, self._result_cap)
        if request.query:
            sort_rank = (
                self._store.sort_ranks(kind, candidates, request.sort) if request.sort else None
            )
            result = self._texts[kind].search(
                request.query,
                limit=end,
                candidates=candidates,
                sort_rank=sort_rank,
                sort_first=self._sort_first,
            )
            numbers, total = result.numbers[start:end], result.total
        else:
            numbers = self._store.rank(kind, candidates, request.sort, end)[start:end]
            total = len(candidates)
        if self._capped_totals:
            total = min(total, self._result_cap)
        return Found(self._store.raw_documents(kind, numbers), total)

    def _candidates(self, request: SearchRequest) -> Numbers:
        if request.project_id not in {None, self._project_id}:
            raise ApiError(403, "These credentials have no access to this project", "FORBIDDEN")
        try:
            tree = parse_filter(request.filter) if request.filter else None
            return self._store.select_numbers(request.kind, all_of(self._visible(request), tree))
        except FilterSyntaxError as error:
            raise bad_request(
                error.message, "INVALID_FILTER", details={"position": error.position}
            ) from None
        except UnknownFieldError as error:
            raise bad_request(
                str(error),
                "INVALID_FILTER",
                details={"field": error.name, "position": error.position},
            ) from None

    def _visible(self, request: SearchRequest) -> Node:
        if request.public:
            return Comparison("privacy", "=", "public")
        # A document that names no owner was made by hand: it is everybody's.
        own = Comparison("ownerId", "=", self._project_id)
        return Or((own, Not(Exists("ownerId"))))
