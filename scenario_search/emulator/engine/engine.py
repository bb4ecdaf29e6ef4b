"""One search: text, meaning, likeness, filter and sort, put together in one place.

First the documents are cut to the *candidates*: those the caller may see that match the filter.
What ranks them depends on what the request holds.

=====================  ===========================================================================
nothing                 The order of ``sortBy``, then of insertion.
a query, ratio 0        Meilisearch's ranking rules; ``sortBy`` is one of them.
a query, ratio above 0  Meilisearch's hybrid: keyword hits weighted by 1 - ratio and meaning hits
                        weighted by ratio, in one list. ``sortBy`` is ignored.
pictures                Likeness (`scenario_search.emulator.likeness.likeness`), then ``sortBy``.
pictures and a query    The mean of likeness and of the query's score, which is the larger of both
                        kinds of score, weighted as above. What one of them does not find counts 0
                        there. ``sortBy`` as above.
=====================  ===========================================================================

Of this the guide documents what each parameter is for, and that ``sortBy`` is ignored beside
``querySemanticRatio`` has been seen on the real service. Hybrid ranking is Meilisearch's. How the
real service joins pictures and text is not known: that is the emulator's choice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from scenario_search.emulator.contract.refusals import (
    EmulatorStoppedError,
    RefusedError,
    bad_request,
)
from scenario_search.emulator.contract.requests import SearchRequest
from scenario_search.emulator.engine.library import Library
from scenario_search.emulator.engine.options import EmulatorOptions
from scenario_search.emulator.filter.parser import (
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
from scenario_search.emulator.store.store import Numbers, StoreError
from scenario_search.emulator.text.index import TextResult
from scenario_search.emulator.vectors.index import (
    Vectors,
    best,
    merge_hybrid,
    text_similarity_score,
)

__all__ = ["Engine", "SearchResult"]

_logger = logging.getLogger("scenario_search.emulator")


@attrs.frozen
class SearchResult:
    """The answer to a search.

    Attributes:
        hits: The stored JSON of the hits on the page asked for.
        total: How many hits there are, as the API tells it.
    """

    hits: list[bytes]
    total: int


@attrs.frozen
class _Ranking:
    """The best documents, best first, and how many there are in all."""

    numbers: Numbers
    total: int


class Engine:
    """Searches one library. All methods block; threads may share it.

    Args:
        library: What is searched.
        beside: Threads in which meaning is looked for while words are.
        options: Whose data it is, and how it is ranked and cut.
    """

    def __init__(self, library: Library, beside: Executor, options: EmulatorOptions) -> None:
        self._library = library
        self._beside = beside
        self._store = library.store
        self._options = options

    def search(self, request: SearchRequest, left: threading.Event | None = None) -> SearchResult:
        """Answers a request.

        Args:
            request: The request.
            left: Once set, a filter that takes long, and work on pictures, is given up.

        Raises:
            RefusedError: The filter, a picture or the project is refused.
            StoreError: The database file is damaged, or can't be read.
            CancelledError: It was given up.
        """
        candidates = self._candidates(request, left)
        start = min(request.offset, self._options.result_cap)
        end = min(request.offset + request.limit, self._options.result_cap)
        ranking = self._rank(request, candidates, end, left)
        total = (
            min(ranking.total, self._options.result_cap)
            if self._options.capped_totals
            else ranking.total
        )
        return SearchResult(
            self._store.raw_documents(request.kind, ranking.numbers[start:end]), total
        )

    def _candidates(self, request: SearchRequest, left: threading.Event | None) -> Numbers:
        if request.project_id not in {None, self._options.project_id}:
            raise RefusedError(403, "These credentials have no access to this project", "FORBIDDEN")
        try:
            tree = parse_filter(request.filter) if request.filter else None
            where = all_of(self._visible(request), tree)
            return self._store.select_numbers(request.kind, where, left)
        except FilterSyntaxError as error:
            place: dict[str, Any] = {"position": error.position}
            raise bad_request(error.message, "INVALID_FILTER", details=place) from None
        except UnknownFieldError as error:
            place = {"field": error.name, "position": error.position}
            raise bad_request(str(error), "INVALID_FILTER", details=place) from None

    def _visible(self, request: SearchRequest) -> Node:
        if request.public:
            return Comparison("privacy", "=", "public")
        # A document that names no owner was made by hand: it is everybody's.
        own = Comparison("ownerId", "=", self._options.project_id)
        return Or((own, Not(Exists("ownerId"))))

    def _rank(
        self,
        request: SearchRequest,
        candidates: Numbers,
        end: int,
        left: threading.Event | None,
    ) -> _Ranking:
        if request.has_image:
            return self._alike(request, candidates, end, left)
        if request.query is None:
            numbers = self._store.rank(request.kind, candidates, request.sort, end)
            return _Ranking(numbers, len(candidates))
        if request.query_semantic_ratio > 0:
            return self._hybrid(request, request.query, candidates, end)
        keyword = self._keyword(request, request.query, candidates, end)
        return _Ranking(keyword.numbers, keyword.total)

    def _alike(
        self,
        request: SearchRequest,
        candidates: Numbers,
        end: int,
        left: threading.Event | None,
    ) -> _Ranking:
        likenesses = self._library.likenesses
        looked_for = likenesses.looked_for(request.like, request.unlike, self._may_see, left)
        known, cosines = likenesses.scores(
            request.kind, looked_for, request.image_semantic_ratio, candidates, left
        )
        numbers, scores = known, (1 + cosines.astype(np.float64)) / 2
        if request.query is not None:
            matching, of_query = self._query_scores(request, request.query, candidates)
            numbers = np.union1d(known, matching)
            of_likeness = scores
            scores = np.zeros(len(numbers))
            scores[np.searchsorted(numbers, known)] += of_likeness / 2
            scores[np.searchsorted(numbers, matching)] += of_query / 2
        keys: list[NDArray[Any]] = [numbers, -scores]
        if request.sort and not (request.query and request.query_semantic_ratio):
            ranks = self._store.sort_ranks(request.kind, numbers, request.sort)
            keys.insert(len(keys) if self._options.sort_first else 1, ranks)
        return _Ranking(numbers[np.lexsort(keys)][:end], len(numbers))

    def _may_see(self, asset: Mapping[str, Any]) -> bool:
        return asset.get("privacy") == "public" or asset.get("ownerId") in (
            None,
            self._options.project_id,
        )

    def _query_scores(
        self, request: SearchRequest, query: str, candidates: Numbers
    ) -> tuple[Numbers, NDArray[np.float64]]:
        """What the query finds, rising, and its scores, 0 to 1.

        Of the keyword hits as many count as can be reached, so that all pages agree.
        """
        ratio = request.query_semantic_ratio
        scores: dict[int, float] = {}
        if ratio < 1:
            keyword = self._keyword(request, query, candidates, self._options.result_cap)
            weighted = (1 - ratio) * keyword.scores
            scores.update(zip(keyword.numbers.tolist(), weighted.tolist(), strict=True))
        if ratio > 0:
            known, cosines = self._similarities(request, query, candidates)
            for number, cosine in zip(known.tolist(), cosines.tolist(), strict=True):
                score = ratio * text_similarity_score(cosine)
                scores[number] = max(scores.get(number, 0.0), score)
        numbers = np.array(sorted(scores), np.int64)
        ordered = np.array([scores[number] for number in numbers.tolist()], np.float64)
        return numbers, ordered / max(ratio, 1 - ratio)

    def _keyword(
        self, request: SearchRequest, query: str, candidates: Numbers, end: int
    ) -> TextResult:
        sort_rank = None
        if request.sort and not request.query_semantic_ratio:
            sort_rank = self._store.sort_ranks(request.kind, candidates, request.sort)
        return self._library.texts[request.kind].search(
            query,
            limit=end,
            candidates=candidates,
            sort_rank=sort_rank,
            sort_first=self._options.sort_first,
        )

    def _hybrid(
        self, request: SearchRequest, query: str, candidates: Numbers, end: int
    ) -> _Ranking:
        """Merges what words and what meaning find, each down to the end of the page."""
        ratio = request.query_semantic_ratio
        if ratio == 1:
            known, cosines = self._similarities(request, query, candidates)
            return _Ranking(best(known, cosines, limit=end)[0], len(known))
        # The model and the comparison of vectors leave Python free for the words meanwhile.
        similar = self._beside.submit(self._similarities, request, query, candidates)
        keyword = self._keyword(request, query, candidates, end)
        known, cosines = similar.result()
        total = len(known)
        if total < len(candidates):
            # Some have no vector; for the total, all that the words find are needed too.
            keyword = self._keyword(request, query, candidates, len(candidates))
            total = len(np.union1d(keyword.numbers, known))
        nearest, scores = best(known, cosines, limit=end)
        semantic = [
            (number, text_similarity_score(cosine))
            for number, cosine in zip(nearest.tolist(), scores.tolist(), strict=True)
        ]
        ranked = zip(keyword.numbers[:end].tolist(), keyword.scores[:end].tolist(), strict=True)
        merged = merge_hybrid(ranked, semantic, ratio)
        return _Ranking(np.array([number for number, _ in merged[:end]], np.int64), total)

    def _similarities(
        self, request: SearchRequest, query: str, candidates: Numbers
    ) -> tuple[Numbers, Vectors]:
        """The candidates with a vector, rising, and their cosines with the query.

        Where the embedder fails there are none, unless nothing else is asked for
        (Meilisearch's rule).
        """
        try:
            return self._library.meanings.similarities(request.kind, query, candidates)
        except (EmulatorStoppedError, StoreError):
            raise
        except Exception as error:
            if request.query_semantic_ratio == 1:
                raise RefusedError(
                    500, f"The embedder failed: {error}", "EMBEDDER_FAILED"
                ) from error
            _logger.warning("the embedder failed, keyword hits serve: %s", error)
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
