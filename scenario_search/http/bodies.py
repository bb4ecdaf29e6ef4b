"""Reading and unpacking what a server answers, and never more of it than it may be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from scenario_search.errors import APIResponseValidationError
from scenario_search.http.codings import unpacker

if TYPE_CHECKING:
    import aiohttp

__all__ = ["read_body"]

_AS_IT_IS = ("", "identity")

_PACKING = 2**16
"""Bytes by which a packed body may be larger than what is in it."""

_LARGEST_ERROR_BODY = 2**20
"""Bytes: what is kept of the body of an answer that is no success."""


async def read_body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Read and unpack a body, and stop as soon as it is larger than it may be.

    It is unpacked here, since most versions of aiohttp unpack a received piece whole, a thousand
    times its size if need be. An answer that is no success is cut instead of refused: its status
    says more than its length. What follows the end of a packed body is passed over.

    Args:
        response: The answer to a request whose answer aiohttp is told not to unpack.
        max_bytes: How large the body may be, packed or not.

    Raises:
        APIResponseValidationError: It is larger, or packed in a way that nobody asked for.
        EOFError: It ends too early; one of the unpacking errors where it is broken.
    """
    succeeded = 200 <= response.status < 300
    most = max_bytes if succeeded else min(max_bytes, _LARGEST_ERROR_BODY)
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    unpacking = unpacker(coding)
    pieces: list[bytes] = []
    size = received = 0
    while chunk := await response.content.readany():
        received += len(chunk)
        found: Iterable[bytes] = (chunk,)
        if unpacking is not None:
            found = () if unpacking.ended else unpacking.pieces(chunk)
        for piece in found:
            pieces.append(piece)
            size += len(piece)
            if size > most:
                break
        if size > most or received > most + _PACKING:
            response.close()
            if not succeeded:
                return b"".join(pieces)[:most]
            raise _refusal(
                response, f"The answer is larger than max_response_bytes ({max_bytes:,} bytes)"
            )
    if unpacking and received and not unpacking.ended:
        raise EOFError(f"the {coding} body ends too early")
    if succeeded and unpacking is None and coding not in _AS_IT_IS:
        raise _refusal(response, "The answer's Content-Encoding is one that was not asked for")
    return b"".join(pieces)


def _refusal(response: aiohttp.ClientResponse, what: str) -> APIResponseValidationError:
    return APIResponseValidationError(
        what, status_code=response.status, request_id=response.headers.get("x-request-id")
    )
