"""One search, ready to be sent for any of its pages."""

from __future__ import annotations

import threading
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson

from scenario_search.concurrency.pacing import Pause
from scenario_search.concurrency.threads import in_daemon_thread
from scenario_search.errors import InvalidParamsError, PermissionDeniedError
from scenario_search.messages import Message, named
from scenario_search.search.endpoints import Endpoint
from scenario_search.wire.hits import Hit
from scenario_search.wire.images import check_long_texts, is_long, reference_images, with_references
from scenario_search.wire.paging import POSITION_NAMES, Position
from scenario_search.wire.params import SearchParams, query_parameters
from scenario_search.wire.response import ResponseInfo
from scenario_search.wire.values import header_problem

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["PreparedSearch"]

H = TypeVar("H", bound=Hit)


class PreparedSearch(Generic[H]):
    """One search, ready to be sent for any of its pages.

    The body is encoded once; only the position is added for each page.

    Args:
        requester: Sends the requests.
        endpoint: What is searched.
        params: The request.

    Raises:
        InvalidParamsError: A header cannot be sent.
    """

    def __init__(
        self, requester: Requester, endpoint: Endpoint[Any, Any, Any, H], params: SearchParams
    ) -> None:
        self.requester = requester
        self.endpoint = endpoint
        self.params = params
        if problem := params.extra_headers and header_problem(params.extra_headers):
            raise InvalidParamsError(Message("{} {}", named("extra_headers"), problem))
        self.query = query_parameters(params, requester.project_id)
        self._start: bytes | None = None
        self._own_position: dict[str, Any] = {}
        self._encoding = threading.Lock()

    def encoded_start(self) -> bytes:
        """Returns the body but its position, without the closing brace; encoded once.

        Blocks while images are read. Pages that are fetched concurrently wait here for the first
        of them, because a file object can be read only once.

        Raises:
            InvalidParamsError: An image cannot be read, or a value has no JSON form.
        """
        with self._encoding:
            if self._start is None:
                self._start = self._encode_start()
            return self._start

    def _encode_start(self) -> bytes:
        max_bytes = self.requester.options.max_image_bytes
        params = with_references(self.params, max_bytes=max_bytes)
        if self.requester.options.validate:
            check_long_texts(params)
        body = self.requester.converter.unstructure(params)
        if not isinstance(body, dict):
            raise InvalidParamsError(
                f"The converter must make a dict of a {type(params).__name__}, not a "
                f"{type(body).__name__}"
            )
        self._own_position = {name: body[name] for name in POSITION_NAMES if name in body}
        return _json({name: body[name] for name in body if name not in POSITION_NAMES})[:-1]

    async def _body(self, position: Position | None) -> bytes:
        if self._start is not None:
            start = self._start
        elif _reads_images(self.params):
            # A pipe may never have anything to read: neither the deadline nor the end of the
            # process may have to wait for the thread.
            start = await in_daemon_thread(self.encoded_start)
        else:
            start = self.encoded_start()
        place = self._own_position if position is None else position.wire()
        if not place:
            return start + b"}"
        return b"".join((start, b"," if len(start) > 1 else b"", _json(place)[1:]))

    async def fetch_json(
        self, position: Position | None, *, pause: Pause | None = None
    ) -> tuple[dict[str, Any], ResponseInfo]:
        """Sends a request for the page at a position.

        Args:
            position: Which page; ``None`` for the one that the request itself names.
            pause: Shared by requests that should slow down together.

        Returns:
            The page as JSON, whose ``hits`` are not structured yet, and how the response
            arrived.

        Raises:
            InvalidParamsError: An image cannot be read, or a value has no JSON form.
            APIError: The request failed, after its retries, or the response is not a page.
        """
        try:
            return await self.requester.post(
                self.endpoint.path,
                partial(self._body, position),
                self.query,
                self.params,
                pause=pause,
            )
        except PermissionDeniedError as error:
            if self.endpoint.if_forbidden:
                error.add_hint(self.endpoint.if_forbidden)
            raise


def _json(data: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(data)
    except TypeError as error:
        raise InvalidParamsError(f"The request cannot be written as JSON: {error}") from error


def _reads_images(params: SearchParams) -> bool:
    """Whether there are images beyond short texts, which may take a while to read."""
    sources = chain.from_iterable(reference_images(params))
    return any(not isinstance(source, str) or is_long(source) for source in sources)
