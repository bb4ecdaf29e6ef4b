"""The searches: endpoints, declared once, and what they give: results and pages."""

from __future__ import annotations

import types
import warnings
from collections.abc import AsyncIterator, Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, Protocol, TypeVar, overload

import anyio.to_thread
import attrs
import orjson

from scenario_search.codec import decode_page
from scenario_search.errors import (
    APIResponseValidationError,
    IgnoredParameterWarning,
    InvalidParamsError,
    PaginationError,
    TruncatedResultsWarning,
)
from scenario_search.images import image_reference
from scenario_search.pacing import Pause
from scenario_search.paging import (
    ENGINE_CAP,
    PageInfo,
    Position,
    Walk,
    first_position,
    next_position,
)
from scenario_search.params import (
    CallOptions,
    SearchAssetSearchParams,
    SearchModelSearchParams,
    SearchParams,
    SearchWorkflowSearchParams,
    body_parameters,
    ignored_parameters,
    like_unlike,
    parameters,
    query_parameters,
    validate,
)
from scenario_search.responses import (
    Hit,
    ResponseInfo,
    SearchAssetSearchResponse,
    SearchHits,
    SearchModelSearchResponse,
    SearchWorkflowSearchResponse,
)
from scenario_search.signatures import signature_of

if TYPE_CHECKING:
    from scenario_search.client import AsyncScenario

__all__ = ["AsyncSearch", "AsyncSearchHitsOffset", "AsyncSearchResults"]

P = ParamSpec("P")
O = ParamSpec("O")  # noqa: E741 - the options beside P, the parameters
Q_contra = TypeVar("Q_contra", bound=SearchParams, contravariant=True)
Q = TypeVar("Q", bound=SearchParams)
R_co = TypeVar("R_co", covariant=True)
H = TypeVar("H", bound=Hit)


class PreparedSearch(Generic[H]):
    """One search, ready to be asked for any of its pages.

    The body is encoded once; only the position is added for each page.
    """

    def __init__(
        self, client: AsyncScenario, endpoint: Endpoint[Any, Any, Any, H], params: SearchParams
    ) -> None:
        self.client = client
        self.endpoint = endpoint
        self.params = params
        self._query = query_parameters(params, client._project_id)
        self._start: bytes | None = None

    async def _encode_start(self) -> bytes:
        """Encode the body but its position, without the closing brace."""
        body = body_parameters(self.params)
        image = getattr(self.params, "image", None)
        images = getattr(self.params, "images", None)
        if image is not None:
            (body["image"],) = await self._references([image])
        if images is not None:
            like, unlike = like_unlike(images)
            references = await self._references([*like, *unlike])
            body["images"] = {"like": references[: len(like)], "unlike": references[len(like) :]}
            body["images"] = {side: found for side, found in body["images"].items() if found}
        body.update(self.params.extra_body or {})
        try:
            return orjson.dumps(body)[:-1]
        except TypeError as error:
            raise InvalidParamsError(f"The request cannot be written as JSON: {error}") from error

    async def _references(self, sources: list[Any]) -> list[str]:
        limit = self.client.options.max_image_bytes

        def read() -> list[str]:
            return [image_reference(source, max_bytes=limit) for source in sources]

        if all(isinstance(source, str) for source in sources):
            return read()
        return await anyio.to_thread.run_sync(read)

    async def fetch(
        self,
        position: Position | None,
        *,
        invalid: list[tuple[int, Any]] | None = None,
        pause: Pause | None = None,
    ) -> AsyncSearchHitsOffset[H]:
        """Ask for the page at a position; ``None`` lets the API's defaults hold.

        Args:
            position: Which page.
            invalid: Where hits go that do not fit, as (index, JSON); else they are an error.
            pause: Shared by requests that should slow down together.
        """
        if self._start is None:
            self._start = await self._encode_start()
        body = self._start
        if position is not None:
            body += b"," if len(body) > 1 else b""
            body += orjson.dumps(position.wire())[1:-1]
        params = self.params
        content, info = await self.client._post(
            self.endpoint.path,
            body + b"}",
            self._query,
            extra_headers=params.extra_headers,
            timeout=params.timeout,
            max_retries=params.max_retries,
            pause=pause,
        )
        page: AsyncSearchHitsOffset[H] = decode_page(
            content,
            AsyncSearchHitsOffset,
            self.endpoint.hit_class,
            strict=self.client.options.strict,
            invalid=invalid,
            status_code=info.status,
            request_id=info.request_id,
            retries_taken=info.retries_taken,
        )
        page._came_from(self, position, info)
        return page

    async def pages(
        self, walk: Walk, first: AsyncSearchHitsOffset[H] | None = None
    ) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Give the pages of a walk, one after the other.

        Args:
            walk: The walk, at its first position.
            first: The page of that position, where it is there already.
        """
        while walk.position is not None:
            page = await self.fetch(walk.position) if first is None else first
            first = None
            warning = walk.accept(page)
            if page.hits:
                yield page
            if warning is not None:
                warnings.warn(warning, TruncatedResultsWarning, stacklevel=3)

    async def count(self) -> int:
        """Ask for the total, by way of page mode."""
        page = await self.fetch(Position(paged=True, start=1, size=1))
        total = page.total_hits if page.total_hits is not None else page.total_pages
        if total is None:
            total = page.estimated_total_hits
        if not isinstance(total, int):
            raise APIResponseValidationError(
                "The answer has no totalHits to count by",
                paths=("$.totalHits",),
                status_code=page.response.status,
                request_id=page.response.request_id,
            )
        if total == ENGINE_CAP:
            warnings.warn(
                f"The engine counts to {ENGINE_CAP:,} at most, so there may be more: "
                "client.crawl counts all of them",
                TruncatedResultsWarning,
                stacklevel=3,
            )
        return total


@attrs.define(kw_only=True, repr=False)
class AsyncSearchHitsOffset(SearchHits[H]):
    """A page of hits. Iterating goes on from this page's first hit to the last page's last."""

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

    def _no_request(self) -> NoReturn:
        raise PaginationError("This page was not made by a client's search")

    def _origin(self) -> tuple[PreparedSearch[H], Position]:
        search = self._search or self._no_request()
        position = self._position or Position(
            paged=False, start=self.offset or 0, size=self.limit or len(self.hits)
        )
        return search, position

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
            PaginationError: There is none; ask ``has_next_page()`` first.
        """
        search, position = self._origin()
        walk = Walk(position)
        walk.accept(self)
        if walk.position is None:
            raise PaginationError("This is the last page: ask has_next_page() first")
        page = await search.fetch(walk.position)
        walk.accept(page)
        return page

    async def iter_pages(self) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Give this page, then the ones after it."""
        search, position = self._origin()
        async for page in search.pages(Walk(position), self):
            yield page

    async def __aiter__(self) -> AsyncIterator[H]:
        search, _ = self._origin()
        async for hit in _hits(self.iter_pages(), search.params.max_items):
            yield hit

    async def count(self) -> int:
        """Count all hits of this page's search, as :meth:`AsyncSearchResults.count` does."""
        search, _ = self._origin()
        return await search.count()


async def _hits(
    pages: AsyncIterator[AsyncSearchHitsOffset[H]], max_items: int | None
) -> AsyncIterator[H]:
    """Give the hits of pages, ``max_items`` at most."""
    left = max_items
    async for page in pages:
        hits = page.hits if left is None else page.hits[:left]
        for hit in hits:
            yield hit
        if left is not None:
            left -= len(hits)
            if left <= 0:
                return


class AsyncSearchResults(Generic[H]):
    """What a search call gives: await it for one page, or iterate over every hit.

    Nothing is sent until then. Each await, and each iteration, is a search of its own.
    """

    def __init__(self, search: PreparedSearch[H]) -> None:
        self._search = search

    def __await__(self) -> Generator[Any, None, AsyncSearchHitsOffset[H]]:
        search = self._search
        return search.fetch(first_position(search.params, walk=False)).__await__()

    async def __aiter__(self) -> AsyncIterator[H]:
        async for hit in _hits(self.pages(), self._search.params.max_items):
            yield hit

    async def pages(self) -> AsyncIterator[AsyncSearchHitsOffset[H]]:
        """Give the pages that hold a hit, in order; ``max_items`` ends it early.

        Raises:
            PaginationError: The server does not advance.
            APIError: A page could not be read.
        """
        params = self._search.params
        position = first_position(params, walk=True)
        left = params.max_items
        if left == 0 or position is None:
            return
        if left is not None and params.limit is None and not position.paged:
            position = attrs.evolve(position, size=min(position.size, left))
        async for page in self._search.pages(Walk(position)):
            yield page
            if left is not None:
                left -= len(page.hits)
                if left <= 0:
                    return

    async def count(self) -> int:
        """Count the hits with one small request. Exact below the engine's cap of 1000.

        At the cap there is a :class:`TruncatedResultsWarning`, for there may be more.
        """
        return await self._search.count()

    def __repr__(self) -> str:
        endpoint = self._search.endpoint
        return f"<{type(self).__name__} of {endpoint.name}: await it, or use 'async for'>"


class SearchMethod(Protocol[P, O, Q_contra, R_co]):
    """A search: takes the parameters as keywords, or a request object with call options."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, params: Q_contra, /, *args: O.args, **kwargs: O.kwargs) -> R_co: ...


class Endpoint(Generic[P, O, Q, H]):
    """One search of the API: a path, a request class, a class of hits.

    As a class attribute it is a method with the full signature of the request class.
    """

    def __init__(
        self,
        path: str,
        params_class: Callable[P, Q],
        options_class: Callable[O, CallOptions],
        hit_class: type[H],
        summary: str,
    ) -> None:
        self.path = path
        self.params_class: Any = params_class
        self.options_class: Any = options_class
        self.hit_class = hit_class
        self.summary = summary
        self.name = ""
        self._function: Any = None

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name
        self._function = self.method(
            owner,
            lambda search, params: AsyncSearchResults(search._prepare(self, params)),
            returns=f"AsyncSearchResults[{self.hit_class.__name__}]",
        )

    def method(
        self, owner: type[Any], call: Callable[[Any, SearchParams], Any], *, returns: str
    ) -> Any:
        """Make the function that stands for this endpoint in a class."""

        def search(self_: Any, params: Any = None, /, **keywords: Any) -> Any:
            return call(self_, self.request(params, keywords))

        names = [name for name, _ in parameters(self.params_class)]
        search.__name__ = self.name
        search.__qualname__ = f"{owner.__qualname__}.{self.name}"
        search.__module__ = owner.__module__
        search.__doc__ = self._doc()
        described: Any = search
        described.__signature__ = signature_of(self.params_class, *names, returns=returns)
        return search

    def request(self, params: Any, keywords: dict[str, Any]) -> SearchParams:
        """Make the request of a call: a request object with options, or keywords."""
        if params is None:
            try:
                made: SearchParams = self.params_class(**keywords)
            except TypeError as error:
                raise TypeError(str(error).replace("__init__", self.name)) from None
            return made
        if not isinstance(params, self.params_class):
            raise TypeError(
                f"{self.name}() takes keywords, or one {self.params_class.__name__}, "
                f"not {type(params).__name__}"
            )
        options = {field.name for field in attrs.fields(self.options_class)}
        if wrong := sorted(keywords.keys() - options):
            raise TypeError(
                f"{self.name}() takes {', '.join(wrong)} in the request object, not beside it"
            )
        evolved: SearchParams = attrs.evolve(params, **keywords)
        return evolved

    def _doc(self) -> str:
        lines = [self.summary, "", "Args:"]
        lines += [f"    {name}: {item.doc}" for name, item in parameters(self.params_class)]
        lines += [
            "",
            "Raises:",
            "    InvalidParamsError: The API's documentation rules the request out.",
        ]
        return "\n".join(lines)

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Any: ...
    @overload
    def __get__(
        self, instance: AsyncSearch, owner: type[Any]
    ) -> SearchMethod[P, O, Q, AsyncSearchResults[H]]: ...
    def __get__(self, instance: AsyncSearch | None, owner: type[Any]) -> Any:
        if instance is None:
            return self._function
        return types.MethodType(self._function, instance)


class AsyncSearch:
    """The searches of a client. Await a call for one page, or iterate over every hit."""

    asset_search = Endpoint(
        "/search/assets",
        SearchAssetSearchParams,
        CallOptions,
        SearchAssetSearchResponse,
        "Search for assets by text, meaning, likeness and filter.",
    )
    model_search = Endpoint(
        "/search/models",
        SearchModelSearchParams,
        CallOptions,
        SearchModelSearchResponse,
        "Search for models by text, meaning, likeness and filter.",
    )
    workflow_search = Endpoint(
        "/search/workflows",
        SearchWorkflowSearchParams,
        CallOptions,
        SearchWorkflowSearchResponse,
        "Search for workflows by text, meaning and filter.",
    )

    def __init__(self, client: AsyncScenario) -> None:
        self._client = client

    def _prepare(
        self, endpoint: Endpoint[Any, Any, Any, H], params: SearchParams
    ) -> PreparedSearch[H]:
        if self._client.options.validate:
            validate(params)
            for warning in ignored_parameters(params):
                warnings.warn(warning, IgnoredParameterWarning, stacklevel=5)
        return PreparedSearch(self._client, endpoint, params)
