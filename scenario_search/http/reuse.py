"""Tells whether a request went out over a connection that had been idle in the pool."""

from __future__ import annotations

from types import SimpleNamespace

import aiohttp
import attrs

__all__ = ["DEAD", "Sending", "reuse_trace"]

DEAD = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionResetError)
"""What is raised where a connection has died before a response began."""


@attrs.define
class Sending:
    """What is known of a request that is being sent. It is its ``trace_request_ctx``.

    Attributes:
        reused: Whether it goes out over a connection that had been idle in the pool. Not known
            of a caller's session, whose hooks are its own.
        answered: Whether a response has begun.
    """

    reused: bool = False
    answered: bool = False


def reuse_trace() -> aiohttp.TraceConfig:
    """Returns the hook that notes it. aiohttp says it in no other way."""
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note)
    return trace


async def _note(
    _: aiohttp.ClientSession, context: SimpleNamespace, __: aiohttp.TraceConnectionReuseconnParams
) -> None:
    if isinstance(sending := context.trace_request_ctx, Sending):
        sending.reused = True
