"""The requests that an emulator has received, for tests to inspect."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from typing import Any, Final

import attrs
import orjson

__all__ = ["LARGEST_KEPT_BODY", "SeenRequest", "SeenRequests"]

LARGEST_KEPT_BODY: Final = 1024 * 1024
"""Bytes: a larger body is not kept."""

_MOST: Final = 1000
_MOST_BYTES: Final = 16 * 1024 * 1024


@attrs.define(kw_only=True)
class SeenRequest:
    """A request that the emulator has received.

    Attributes:
        method: The HTTP method.
        path: The URL's path.
        query: The URL's parameters; the last value of a repeated one.
        headers: The headers, with names in lower case and without credentials.
        body: The body's bytes, decompressed; empty if it was not read, or is above 1 MiB.
        status: The status of the response; None before it is sent, or if the connection broke.
        request_id: The ``x-request-id`` of the response.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    status: int | None = None
    request_id: str

    @property
    def json(self) -> Any:
        """The body as JSON, parsed anew on each access; None if it is empty or not JSON."""
        with contextlib.suppress(orjson.JSONDecodeError):
            return orjson.loads(self.body)
        return None

    @property
    def size(self) -> int:
        """The total size of the request's text, in bytes."""
        texts = [self.method, self.path]
        for pair in (*self.query.items(), *self.headers.items()):
            texts += pair
        return len(self.body) + sum(map(len, texts))


class SeenRequests:
    """The last requests seen: a thousand at most, and 16 MiB at most. The oldest go first.

    Threads may share it.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, SeenRequest] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def listed(self) -> list[SeenRequest]:
        """Returns all of them, oldest first."""
        with self._lock:
            return list(self._kept.values())

    def add(self, seen: SeenRequest) -> None:
        """Keeps a request, as the latest."""
        with self._lock:
            self._kept[seen.request_id] = seen
            self._bytes += seen.size
            self._let_go()

    def add_body(self, seen: SeenRequest, body: bytes) -> None:
        """Notes the body of a request, which is read later than the rest; not too large a one."""
        if len(body) > LARGEST_KEPT_BODY:
            return
        with self._lock:
            if seen.request_id in self._kept:
                self._bytes += len(body) - len(seen.body)
            seen.body = body
            self._let_go()

    def clear(self) -> None:
        """Clears all of them."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _let_go(self) -> None:
        while len(self._kept) > _MOST or self._bytes > _MOST_BYTES:
            self._bytes -= self._kept.popitem(last=False)[1].size
