"""What the emulator answers when it refuses: a status and ``{"error", "code", "details"}``.

The documented texts are literal (Search guide, Common Errors). The documentation names one code
only, ``QUOTA_EXCEEDED``; the others are the emulator's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

__all__ = ["EmulatorStoppedError", "RefusedError", "bad_request"]


class RefusedError(Exception):
    """A request is answered with this instead of with hits.

    Attributes:
        status: The HTTP status.
        message: The body's ``error``.
        code: The body's ``code``, upper case with underscores.
        details: The body's ``details``, left out when None.
        headers: Further response headers.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.details = details
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """The JSON body, as UTF-8."""
        content: dict[str, Any] = {"error": self.message, "code": self.code}
        if self.details is not None:
            content["details"] = dict(self.details)
        return orjson.dumps(content)


class EmulatorStoppedError(RuntimeError):
    """Long work was given up, since the emulator stops."""


def bad_request(
    message: str, code: str = "INVALID_PARAMETER", *, details: Mapping[str, Any] | None = None
) -> RefusedError:
    """A 400 with this text."""
    return RefusedError(400, message, code, details=details)
