"""What text must not hold to reach a terminal or a notebook."""

from __future__ import annotations

import unicodedata


def assert_harmless(text: str) -> None:
    """Asserts that text keeps to its line and its direction, and can be written as UTF-8."""
    assert not {unicodedata.category(character) for character in text} & {"Cc", "Cs", "Zl", "Zp"}
    bidirectional = {unicodedata.bidirectional(character) for character in text}
    assert not bidirectional & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
