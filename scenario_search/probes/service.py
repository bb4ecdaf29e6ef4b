"""A search service as probes see it: requests in, replies out, whatever their status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import orjson

from scenario_search.errors import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    RateLimitError,
)
from scenario_search.http.requester import Requester
from scenario_search.search.endpoints import ENDPOINTS
from scenario_search.wire.params import CallOptions

__all__ = ["MOST_SEARCHES", "Reply", "Service", "UnansweredError"]

MOST_SEARCHES = 60
"""Searches count against an account's quota: no more than these are sent."""

_ONCE = CallOptions(max_retries=0)


class UnansweredError(Exception):
    """A question has no answer here; the text says why."""


@attrs.frozen(kw_only=True)
class Reply:
    """What a search brought.

    Attributes:
        status: The HTTP status.
        body: The decoded JSON; of an error that is none, its text.
        error: What an error says, or why a success is not a page; empty for a page.
        headers: The headers of a page; look-ups ignore case.
        elapsed: Seconds from sending the request to the last byte of a page.
    """

    status: int
    body: Any
    error: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    elapsed: float = 0.0

    @property
    def hits(self) -> list[dict[str, Any]]:
        """The hits of a page.

        Raises:
            UnansweredError: The service refused the search.
        """
        if self.error:
            raise UnansweredError(f"a search was refused: {self.error}")
        return [hit for hit in self.body["hits"] if isinstance(hit, dict)]

    @property
    def ids(self) -> list[object]:
        """The ids of the hits, in their order."""
        return [hit.get("id") for hit in self.hits]

    @property
    def total(self) -> int:
        """The total that a page claims, of either kind of pagination.

        Raises:
            UnansweredError: The service refused the search, or gave no total.
        """
        _ = self.hits
        total = self.body.get("totalHits", self.body.get("estimatedTotalHits"))
        if not isinstance(total, int):
            raise UnansweredError("a page had no total")
        return total


class Service:
    """Sends searches, each of them once, and counts them.

    Args:
        requester: A client's.
        project_id: The project to search in, if not the client's.
        most: How many searches may be sent.

    Attributes:
        requester: The requester.
        project_id: The project that is searched; None for that of the credentials.
        searches: How many searches were sent.
    """

    def __init__(
        self, requester: Requester, *, project_id: str | None = None, most: int = MOST_SEARCHES
    ) -> None:
        self.requester = requester
        self.project_id = project_id or requester.project_id
        self.searches = 0
        self._most = most
        self._replies: dict[bytes, Reply] = {}
        self._end: Exception | None = None

    async def search(
        self, kind: str = "assets", project_id: str | None = None, **body: Any
    ) -> Reply:
        """Returns the reply to a search, or that to an equal one before.

        Args:
            kind: "assets", "models" or "workflows".
            project_id: The project to search in, if not the usual one.
            body: The request's JSON, sent as it is.

        Raises:
            APIError: No reply arrived, or the service wants no more requests. All later searches
                raise the same.
            UnansweredError: As many searches as may be were sent.
        """
        key = orjson.dumps([kind, project_id, body], option=orjson.OPT_SORT_KEYS)
        if key not in self._replies:
            if self._end is not None:
                raise self._end
            if self.searches >= self._most:
                raise UnansweredError(f"the {self._most} searches are used up")
            self.searches += 1
            self._replies[key] = await self._send(kind, project_id, body)
        return self._replies[key]

    async def _send(self, kind: str, project_id: str | None, body: dict[str, Any]) -> Reply:
        async def content() -> bytes:
            return orjson.dumps(body)

        project = project_id or self.project_id
        query = {"projectId": project} if project else {}
        try:
            page, info = await self.requester.post(ENDPOINTS[kind].path, content, query, _ONCE)
        except (APIConnectionError, RateLimitError) as error:
            self._end = error
            raise
        except APIResponseValidationError as error:
            return Reply(status=200, body=None, error=error.message)
        except APIStatusError as error:
            said = error.message.removeprefix(f"{error.status_code}: ")
            return Reply(status=error.status_code, body=error.body, error=said)
        return Reply(status=info.status_code, body=page, headers=info.headers, elapsed=info.elapsed)
