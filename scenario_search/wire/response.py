"""How a response arrived, beside what it holds."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["ResponseInfo"]


@attrs.frozen(kw_only=True, eq=False)
class ResponseInfo:
    """Metadata of a response."""

    status_code: int
    """The HTTP status."""
    headers: Mapping[str, str] = attrs.field(repr=False)
    """The response's headers; look-ups ignore case."""
    request_id: str | None
    """The server's id of the request, for a support ticket."""
    elapsed: float
    """Seconds from sending the last attempt to its last byte."""
    retries_taken: int
    """How many times the request was sent again."""
