"""What the emulator answers when it refuses: a status and ``{"error", "code", "details"}``.

The documented texts are literal (Search guide, Common Errors). The documentation names one code
only, ``QUOTA_EXCEEDED``; the others are the emulator's own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError
from typing import Any

import orjson

__all__ = ["EmulatorStoppedError", "RefusedError", "bad_request", "check_wanted"]


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


def check_wanted(what: str, stopping: threading.Event, left: threading.Event | None = None) -> None:
    """Ends work that nobody waits for any more; for work that takes long, to call now and then.

    Args:
        what: What the emulator does, such as "embedded".
        stopping: Set when the emulator stops.
        left: Set when the client has disconnected.

    Raises:
        EmulatorStoppedError: The emulator stops.
        CancelledError: The client has disconnected.
    """
    if stopping.is_set():
        raise EmulatorStoppedError(f"The emulator was stopped while it {what}")
    if left is not None and left.is_set():
        raise CancelledError("The client of this search has disconnected")


def bad_request(
    message: str, code: str = "INVALID_PARAMETER", *, details: Mapping[str, Any] | None = None
) -> RefusedError:
    """A 400 with this text."""
    return RefusedError(400, message, code, details=details)
