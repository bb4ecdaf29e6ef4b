from __future__ import annotations

from collections.abc import Callable

import pytest

from scenario_search.emulator.filter.parser import parse_filter
from scenario_search.filters import parse

MISTAKES = {
    "kind = image and width > 1": "write AND",
    "kind = image Or width > 1": "write OR",
    "not kind = image": "write NOT",
    "kind = image AND not tags = elf": "write NOT",
    "width 512 to 1024": "write TO",
    "tags not in [elf]": "write NOT IN",
    "nsfw is not empty": "write IS NOT EMPTY",
    "name starts with Castle": "write STARTS WITH",
    "createdAt >= 2024-01-01T00:00:00Z": 'goes in quotes: "2024-01-01T00:00:00Z"',
    "createdAt >= 2024-01-01 10:00 AND width > 1": 'goes in quotes: "2024-01-01 10:00"',
    "createdAt > 2024/01/01": 'goes in quotes: "2024/01/01"',
    "createdAt 2024-01-01T00:00Z TO 2025-01-01T00:00Z": 'goes in quotes: "2024-01-01T00:00Z"',
    "width > 1 OR (aspectRatio = 16:9)": 'goes in quotes: "16:9"',
    "aspectRatio IN [16:9, 4:3]": 'goes in quotes: "16:9"',
    "aspectRatio:16:9": 'goes in quotes: "16:9"',
    "name = my asset": 'goes in quotes: "my asset"',
    "name = my asset and width > 1": 'goes in quotes: "my asset"',
    "name = caf\u00e9": 'goes in quotes: "caf\u00e9"',
    "name = a\\b": 'goes in quotes: "a\\\\b"',
    "name = foo width > 3": "AND or OR is missing before 'width'",
    "name = foo prompt:dragon": "AND or OR is missing before 'prompt:dragon'",
    "name = foo seed EXISTS": "AND or OR is missing before 'seed'",
    "width => 3": "write >=",
    "width =< 3": "write <=",
    "kind == image": "write =",
    "kind <> image": "write !=",
    "kind = image && width > 1": "write AND",
    "kind = image || width > 1": "write OR",
    "!kind = image": "write NOT",
    "tags = elf, orc": "several values are written IN [a, b]",
    "tags IN (elf, orc)": "write the values between [ and ]",
    "name = \u201celf\u201d": "quotes are straight ones",
    "kind = AND": 'goes in quotes: "AND"',
}


@pytest.mark.parametrize("read", [parse, parse_filter])
@pytest.mark.parametrize(("text", "what"), MISTAKES.items())
def test_an_error_says_what_to_write(text: str, what: str, read: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match="Invalid filter syntax") as caught:
        read(text)
    assert str(caught.value).partition(" (at position")[0].rstrip(")").endswith(what)


@pytest.mark.parametrize("read", [parse, parse_filter])
@pytest.mark.parametrize(
    "text",
    [
        "AND kind = image",
        "kind = image AND",
        "kind",
        "kind = image AND OR x = 1",
        "tags IN a",
        "a = 'b' c = d",
    ],
)
def test_no_advice_is_better_than_a_wrong_one(text: str, read: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match="found") as caught:
        read(text)
    assert not any(word in str(caught.value) for word in ("write", "quotes", "missing"))
