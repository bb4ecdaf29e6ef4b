"""What workers import to get their credentials."""

from __future__ import annotations

from typing import Any


def load() -> dict[str, Any]:
    """Returns options of a client that are secret."""
    return {"bearer_auth": "header_canary0815"}
