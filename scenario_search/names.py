"""How names are written on the wire."""

from __future__ import annotations

__all__ = ["camel_case"]


def camel_case(name: str) -> str:
    """Returns the JSON name of a Python name: ``created_at`` is ``createdAt`` on the wire."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
