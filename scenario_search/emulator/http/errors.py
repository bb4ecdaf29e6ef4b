"""Errors as HTTP answers: JSON of one shape, whoever refuses."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from scenario_search.emulator.contract.refusals import RefusedError

__all__ = ["REQUEST_ID", "error_response", "framework_error", "refused_response"]

REQUEST_ID: Final = "x-request-id"
"""The header that each answer has."""

_CODES: Final[Mapping[int, str]] = {
    400: "BAD_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "PAYLOAD_TOO_LARGE",
    417: "EXPECTATION_FAILED",
}


def error_response(error: RefusedError) -> web.Response:
    """The answer for an error."""
    return web.Response(
        status=error.status,
        body=error.body(),
        content_type="application/json",
        headers=error.headers,
    )


def refused_response(error: RefusedError) -> web.Response:
    """Returns the response for an error that no handler has seen, with an id of its own."""
    response = error_response(error)
    response.headers[REQUEST_ID] = uuid.uuid4().hex
    return response


def framework_error(error: web.HTTPException) -> RefusedError:
    """The API's form of what the web framework refuses by itself."""
    allow = error.headers.get("Allow")
    code = _CODES.get(error.status, "BAD_REQUEST")
    return RefusedError(
        error.status, error.reason, code, headers={"Allow": allow} if allow else None
    )
