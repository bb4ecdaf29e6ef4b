"""The OpenAPI document of the emulator."""

from __future__ import annotations

from typing import Any

__all__ = ["openapi_document"]


def openapi_document(url: str) -> dict[str, Any]:
    """The document."""
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "servers": [{"url": url}]}
