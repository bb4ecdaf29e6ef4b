"""How wide text is on a terminal."""

from __future__ import annotations

import unicodedata

__all__ = ["columns"]


def columns(text: str) -> int:
    """Give how many columns of a terminal text takes.

    Wide and full-width characters take two (Unicode's UAX #11), marks and joiners none.
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
