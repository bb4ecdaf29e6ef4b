"""Reads response bodies, and never more of one than is allowed."""

from __future__ import annotations

import asyncio
import functools
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scenario_search.errors import APIResponseValidationError

if TYPE_CHECKING:
    import aiohttp

__all__ = ["accept_encoding", "read_body"]

_PIECE = 2**18
"""Bytes per read. aiohttp decompresses in bounded steps only for a reader that names a size.
asyncio receives as much at a time, so what is not compressed is neither cut nor copied."""

_TURN = 2**20
"""Bytes after which other tasks get a turn."""

_CODINGS = {"", "identity", "gzip", "deflate", "br", "zstd"}
"""The content codings that aiohttp decompresses, or does not need to."""

_LARGEST_ERROR_BODY = 2**17
"""Bytes read of the body of a response that is not a success."""


@functools.cache
def accept_encoding() -> Mapping[str, str]:
    """Returns the header to send where aiohttp would offer what it cannot decompress.

    It offers ``br`` with any release of Brotli, but decompresses with a bound, which only releases
    from 1.2 on can do. Otherwise its own offer, of what is installed, is right.
    """
    for name in ("brotlicffi", "brotli"):  # aiohttp's order
        try:
            brotli = importlib.import_module(name)
        except ImportError:
            continue
        if not hasattr(brotli.Decompressor, "can_accept_more_data"):
            return {"Accept-Encoding": "gzip, deflate"}
        break
    return {}


async def read_body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Reads a whole body, and stops as soon as it exceeds its bound.

    The body of an error response is cut instead of refused: its status says more than its length.

    Args:
        response: A response that aiohttp decompresses.
        max_bytes: The largest body to accept, in bytes, after decompression.

    Raises:
        APIResponseValidationError: The body is larger, or has a content coding that the client
            did not offer.
        aiohttp.ClientError: The connection broke, or the body cannot be decompressed.
    """
    succeeded = 200 <= response.status < 300
    if succeeded and _coding(response) not in _CODINGS:
        response.close()
        raise _refusal(response, "The response has a Content-Encoding that was not asked for")
    bound = max_bytes if succeeded else min(max_bytes, _LARGEST_ERROR_BODY)
    pieces: list[bytes] = []
    size, next_turn = 0, _TURN
    async for piece in response.content.iter_chunked(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > bound:
            response.close()
            if succeeded:
                raise _refusal(
                    response,
                    f"The response is larger than max_response_bytes ({max_bytes:,} bytes)",
                )
            return b"".join(pieces)[:bound]
        if size >= next_turn:
            # A piece that is already in the buffer is read, and the next one decompressed,
            # without a turn of the event loop, so a small compressed body could hold it.
            next_turn = size + _TURN
            await asyncio.sleep(0)
    return b"".join(pieces)


def _coding(response: aiohttp.ClientResponse) -> str:
    return response.headers.get("Content-Encoding", "").strip().lower()


def _refusal(response: aiohttp.ClientResponse, message: str) -> APIResponseValidationError:
    return APIResponseValidationError(
        message, status_code=response.status, request_id=response.headers.get("x-request-id")
    )
