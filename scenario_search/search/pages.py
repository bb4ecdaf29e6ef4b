"""What a search gives: results, to await or to iterate over, and pages of hits."""

from __future__ import annotations

import abc
import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

import attrs
import orjson

from scenario_search.caller_warnings import warn_caller
from scenario_search.concurrency.pacing import Pause
from scenario_search.concurrency.threads import in_thread
from scenario_search.errors import (
    APIResponseValidationError,
    InvalidParamsError,
    PaginationError,
    TruncatedResultsWarning,
)
from scenario_search.export.frames import Columns, library, rows
from scenario_search.search.prefetch import AsyncPrefetch
from scenario_search.wire.codec import decode_in_turns
from scenario_search.wire.hits import Hit, SearchHits
from scenario_search.wire.images import read_references, reference_images
from scenario_search.wire.paging import (
    ENGINE_CAP,
    PageInfo,
    Position,
    Walk,
    first_position,
    next_position,
    page_position,
    position_parameters,
    whole_number,
)
from scenario_search.wire.params import SearchParams, body_parameters, query_parameters
from scenario_search.wire.response import ResponseInfo
from scenario_search.wire.rules import header_problem

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from scenario_search.export.files import ExportSource
    from scenario_search.http.requester import Requester
    from scenario_search.search.methods import Endpoint

__all__ = ["AsyncSearchHitsOffset", "AsyncSearchResults", "PreparedSearch", "SearchExports"]

H = TypeVar("H", bound=Hit)


def _json(data: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(data)
    except TypeError as error:
        raise InvalidParamsError(f"The request cannot be written as JSON: {error}") from error


def _reads_images(params: SearchParams) -> bool:
    """Say whether there are images beyond text, whose reading may take its time."""
    found = chain.from_iterable(reference_images(params))
    return any(not isinstance(source, str) for source in found)


class PreparedSearch(Generic[H]):
    """One search, ready to be asked for any of its pages.

    The body is encoded once; only the position is added for each page.
    """

    def __init__(
        self, requester: Requester, endpoint: Endpoint[Any, Any, Any, H], params: SearchParams
    ) -> None:
        self.requester = requester
        self.endpoint = endpoint
        self.params = params
        if problem := params.extra_headers and header_problem(params.extra_headers):
            raise InvalidParamsError(f"`extra_headers` {problem}")
        self.query = query_parameters(params, requester.project_id)
        self._start: bytes | None = None
        self._encoding = threading.Lock()

    def encoded_start(self) -> bytes:
        """Encode the body but its position, without the closing brace; once for all pages.

        Blocks where images are to be read. Pages that are fetched at the same time wait for the
        first of them here, for a file can be read only once.
        """
        with self._encoding:
            if self._start is None:
                self._start = self._encode_start()
            return self._start

    def _encode_start(self) -> bytes:
        body = body_parameters(self.params)
        most = self.requester.options.max_image_bytes
        image, like, unlike = read_references(self.params, max_bytes=most)
        if image:
            body["image"] = image[0]
        if sides := {name: side for name, side in (("like", like), ("unlike", unlike)) if side}:
            body["images"] = sides
        return _json({**body, **(self.params.extra_body or {})})[:-1]

    async def fetch(
        self,
        position: Position | None,
        *,
        invalid: list[tuple[int, Any]] | None = None,
        pause: Pause | None = None,
    ) -> AsyncSearchHitsOffset[H]:
        """Ask for the page at a position.

        Args:
            position: Which page; ``None`` for what the request says itself.
            invalid: Where hits go that do not fit, as (index, JSON); else they are an error.
            pause: Shared by requests that should slow down together.
        """
        if self._start is not None:
            body = self._start
        elif _reads_images(self.params):
            from anyio.to_thread import run_sync  # noqa: PLC0415 - for pictures only

            body = await run_sync(self.encoded_start)
        else:
            body = self.encoded_start()
        place = position_parameters(self.params) if position is None else position.wire()
        if place:
            body += b"," if len(body) > 1 else b""
            body += _json(place)[1:-1]
        params = self.params
        content, info = await self.requester.post(
            self.endpoint.path,
            body + b"}",
            self.query,
            extra_headers=params.extra_headers,
            timeout=params.timeout,
            max_retries=params.max_retries,
            pause=pause,
        )
        turns: Iterator[AsyncSearchHitsOffset[H] | None] = decode_in_turns(
            content,
            AsyncSearchHitsOffset,
            self.endpoint.hit_class,
            strict=self.requester.options.strict,
            invalid=invalid,
            status_code=info.status,
            request_id=info.request_id,
            retries_taken=info.retries_taken,
        )
        while (page := next(turns)) is None:  # noqa: ASYNC110 - others run, nothing is waited for
            await asyncio.sleep(0)
        page._came_from(self, position, info)
        return page

    async def pages(
        self,
        walk: Walk,
        first: AsyncSearchHitsOffset[H] | None = None,
        *,
        fetch: Callable[[Position], Awaitable[AsyncSearchHitsOffset[H]]] | None = None,
    ) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Give the pages of a walk that hold a hit, one after the other, up to ``max_items``.

        Args:
            walk: The walk, at its first position.
            first: The page of that position, where it is there already.
            fetch: Gives the page at a position, in place of a request for each in turn.
        """
        fetch = fetch or self.fetch
        left = self.max_items
        while walk.position is not None and (left is None or left > 0):
            page = await fetch(walk.position) if first is None else first
            first = None
            warning = walk.accept(page)
            if page.hits:
                yield page
            if left is not None:
                left -= len(page.hits)
            if warning is not None and (left is None or left > 0):
                warn_caller(warning, TruncatedResultsWarning)

    async def hits(self, pages: AsyncIterator[AsyncSearchHitsOffset[H]]) -> AsyncIterator[H]:
        """Give the hits of pages, ``max_items`` at most."""
        async for batch in self.batches(pages):
            for hit in batch:
                yield hit

    async def batches(
        self, pages: AsyncIterator[AsyncSearchHitsOffset[H]]
    ) -> AsyncIterator[list[H]]:
        """Give the hits of pages, those of a page at once, ``max_items`` at most."""
        left = self.max_items
        async for page in pages:
            yield page.hits[:left]
            if left is not None:
                left = max(0, left - len(page.hits))

    def export_source(self, pages: AsyncIterator[AsyncSearchHitsOffset[H]]) -> ExportSource[H]:
        """Give the hits of pages as what can be exported."""
        from scenario_search.export.files import source_of  # noqa: PLC0415 - few searches need it

        return source_of(self.endpoint.hit_class, self.batches(pages))

    @property
    def max_items(self) -> int | None:
        """The most hits an iteration gives."""
        return None if self.params.max_items is None else int(self.params.max_items)

    async def count(self) -> int:
        """Ask for the total, by way of page mode."""
        page = await self.fetch(Position(paged=True, start=1, size=1))
        totals = (page.total_hits, page.total_pages, page.estimated_total_hits)
        total = next((n for n in map(whole_number, totals) if n is not None), None)
        if total is None:
            raise APIResponseValidationError(
                "The answer has no totalHits to count by",
                paths=("$.totalHits",),
                status_code=page.response.status,
                request_id=page.response.request_id,
                retries_taken=page.response.retries_taken,
            )
        if total == ENGINE_CAP:
            warn_caller(
                f"The engine counts to {ENGINE_CAP:,} at most, so there may be more: "
                "client.crawl counts all of them",
                TruncatedResultsWarning,
            )
        return total


class SearchExports(abc.ABC, Generic[H]):
    """What writes to a file every hit that an iteration gives, page by page.

    That is all hits of results; of a page, its own and those of the pages after it. ``max_items``
    ends it early. The file is there whole or not at all, and what was there before is replaced.
    Past the engine's cap of 1000, export a crawl.
    """

    __slots__ = ()

    @abc.abstractmethod
    def _export_source(self) -> ExportSource[H]: ...

    async def to_jsonl(self, path: str | os.PathLike[str]) -> None:
        """Write the hits to a file, a line of JSON each, as the API sent them.

        Raises:
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: A page could not be read.
        """
        from scenario_search.export import files as export  # noqa: PLC0415 - few searches need it

        await export.to_jsonl(self._export_source(), path)

    async def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the hits to a CSV file: see :func:`scenario_search.export.files.to_csv`.

        Raises:
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: A page could not be read.
        """
        from scenario_search.export import files as export  # noqa: PLC0415 - few searches need it

        await export.to_csv(self._export_source(), path)

    async def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the hits to a Parquet file.

        Types and columns: :mod:`scenario_search.export.parquet`.

        Raises:
            ImportError: pyarrow is not installed.
            OSError: The file cannot be written.
            PaginationError: The server does not advance.
            APIError: A page could not be read.
        """
        from scenario_search.export import parquet as export_parquet  # noqa: PLC0415 - few searches need it

        await export_parquet.to_parquet(self._export_source(), path)


@attrs.define(kw_only=True, repr=False)
class AsyncSearchHitsOffset(SearchHits[H], SearchExports[H]):
    """A page of hits. Iterating goes on from this page's first hit to the last page's last.

    So do ``to_jsonl``, ``to_csv`` and ``to_parquet``; ``to_dicts``, ``to_pandas`` and
    ``to_polars`` give this page's hits, which need no request.
    """

    _search: PreparedSearch[H] | None = attrs.field(default=None, eq=False, init=False)
    _position: Position | None = attrs.field(default=None, eq=False, init=False)
    _info: ResponseInfo | None = attrs.field(default=None, eq=False, init=False)

    def _came_from(
        self, search: PreparedSearch[H], position: Position | None, info: ResponseInfo
    ) -> None:
        self._search, self._position, self._info = search, position, info

    @property
    def response(self) -> ResponseInfo:
        """How the page arrived: status, headers, request id, time, retries."""
        return self._info if self._info is not None else self._no_request()

    def _asked(self) -> tuple[SearchParams | None, ResponseInfo | None]:
        return (None if self._search is None else self._search.params), self._info

    def _no_request(self) -> NoReturn:
        raise PaginationError("This page was not made by a client's search")

    def _origin(self) -> PreparedSearch[H]:
        return self._search or self._no_request()

    def has_next_page(self) -> bool:
        """Say whether there is a page after this one, as far as this one tells."""
        return next_position(self._position, self) is not None

    def next_page_info(self) -> PageInfo | None:
        """Give what a request for the next page changes in the body; ``None`` at the end."""
        following = next_position(self._position, self)
        return None if following is None else PageInfo(following.wire())

    async def get_next_page(self) -> AsyncSearchHitsOffset[H]:
        """Ask for the page after this one.

        Raises:
            PaginationError: There is none (ask ``has_next_page()`` first), or the server gave
                this page again.
        """
        search = self._origin()
        walk = Walk(page_position(self._position, self))
        walk.accept(self)
        if walk.position is None:
            raise PaginationError("This is the last page: ask has_next_page() first")
        page = await search.fetch(walk.position)
        if warning := walk.accept(page):
            warn_caller(warning, TruncatedResultsWarning)
        return page

    def iter_pages(self) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Give this page, then the ones after it; ``max_items`` counts from this page on."""
        return self._origin().pages(Walk(page_position(self._position, self)), self)

    def __aiter__(self) -> AsyncIterator[H]:
        return self._origin().hits(self.iter_pages())

    def _export_source(self) -> ExportSource[H]:
        return self._origin().export_source(self.iter_pages())

    def _batches(self) -> AsyncIterator[list[H]]:
        return self._origin().batches(self.iter_pages())

    def prefetch(self, pages_ahead: int) -> AsyncPrefetch[H]:
        """Iterate on from this page with several pages under way at once.

        See :meth:`AsyncSearchResults.prefetch`.
        """
        walk = Walk(page_position(self._position, self))
        return AsyncPrefetch(self._origin(), walk, pages_ahead, self)

    async def count(self) -> int:
        """Count all hits of this page's search, as :meth:`AsyncSearchResults.count` does."""
        return await self._origin().count()


class AsyncSearchResults(SearchExports[H]):
    """What a search call gives: await it for one page, or iterate over every hit.

    Nothing is sent until then. Each await, and each iteration, is a search of its own.
    """

    def __init__(self, search: PreparedSearch[H]) -> None:
        self._search = search

    def __await__(self) -> Generator[Any, None, AsyncSearchHitsOffset[H]]:
        search = self._search
        return search.fetch(first_position(search.params, walk=False)).__await__()

    def __aiter__(self) -> AsyncIterator[H]:
        return self._search.hits(self.pages())

    if not TYPE_CHECKING:  # type checkers say it themselves

        def __getattr__(self, name: str) -> NoReturn:
            told = f"{type(self).__name__!r} object has no attribute {name!r}"
            if not name.startswith("_") and hasattr(AsyncSearchHitsOffset, name):
                told += f": it is the page's, which 'await' gives: (await ...).{name}"
            raise AttributeError(told)

    def pages(self) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Give the pages that hold a hit, in order; ``max_items`` ends it early.

        Iterating raises :class:`PaginationError` where the server does not advance, and
        :class:`APIError` where a page could not be read.
        """
        return self._search.pages(self._walk())

    def prefetch(self, pages_ahead: int) -> AsyncPrefetch[H]:
        """Give the same hits in the same order, with several pages under way at once.

        Args:
            pages_ahead: How many pages may be under way at once, from 1. The first is asked for
                alone, since it tells the end.

        Raises:
            InvalidParamsError: ``pages_ahead`` is no whole number from 1.
        """
        return AsyncPrefetch(self._search, self._walk(), pages_ahead)

    def _walk(self) -> Walk:
        search = self._search
        position = first_position(search.params, walk=True)
        most = search.max_items
        if most and search.params.limit is None and not position.paged:
            position = attrs.evolve(position, size=min(position.size, most))
        return Walk(position)

    async def count(self) -> int:
        """Count the hits with one small request. Exact below the engine's cap of 1000.

        At the cap there is a :class:`TruncatedResultsWarning`, for there may be more.
        """
        return await self._search.count()

    async def to_dicts(self) -> list[dict[str, Any]]:
        """Give every hit as a flat row. See :meth:`SearchHits.to_dicts`."""
        return await in_thread(rows, [hit async for hit in self])

    async def to_pandas(self) -> pd.DataFrame:
        """Give every hit as a row of a pandas frame. See :meth:`SearchHits.to_pandas`.

        Raises:
            ImportError: pandas is not installed.
        """
        await in_thread(library, "pandas")
        return await in_thread((await self._columns()).to_pandas)

    async def to_polars(self) -> pl.DataFrame:
        """Give every hit as a row of a polars frame. See :meth:`SearchHits.to_polars`.

        Raises:
            ImportError: polars is not installed.
        """
        await in_thread(library, "polars")
        return await in_thread((await self._columns()).to_polars)

    async def _columns(self) -> Columns:
        found = Columns(self._search.endpoint.hit_class)
        async for hits in self._search.batches(self.pages()):
            await in_thread(found.add, hits)
        return found

    def _export_source(self) -> ExportSource[H]:
        return self._search.export_source(self.pages())

    def __repr__(self) -> str:
        endpoint = self._search.endpoint
        return f"<{type(self).__name__} of {endpoint.name}: await it, or use 'async for'>"
