"""Cards: what is shown of a hit or of a page, as values that know nothing of where they came from.

Values may be a server's own: what writes cards as text or as HTML cleans and escapes each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import attrs

from scenario_search.text import clean, number

__all__ = [
    "Card",
    "CardPage",
    "Facts",
    "described",
    "dimensions",
    "first_text",
    "joined",
    "listed",
    "minute",
    "ratio",
]

Facts = tuple[tuple[str, str], ...]
"""Names and values, without what is missing."""


@attrs.frozen(kw_only=True)
class Card:
    """What is shown of one hit.

    Attributes:
        of: The name of its class.
        id: Its id.
        title: The name people know it by.
        kind: What it is, such as ``"image"``, or a model's type.
        summary: What tells most of it beside its title and kind.
        about: A line about it.
        tooltip: What a pointer on its title shows.
        record: Whose it is and how old: privacy, date.
        details: What its text shows line by line.
        facts: What its HTML shows line by line.
        tags: Its tags, each once.
        url: The URL of its file.
        ratio: Its width divided by its height; ``None`` where its picture is a mere preview.
        pictures: The URLs of pictures that show it, the best first.
        before_after: The URLs of what goes in and of what comes out.
        player: ``"video"`` or ``"audio"`` where its file is played, ``"text"`` where its words
            are shown in place of a picture.
        words: Those words.
        missing: What is shown in place of a picture.
        unsafe: The labels of unsafe content.
    """

    of: str
    id: str
    title: str
    kind: str
    summary: tuple[str, ...] = ()
    about: str = ""
    tooltip: str = ""
    record: tuple[str, ...] = ()
    details: Facts = ()
    facts: Facts = ()
    tags: tuple[str, ...] = ()
    url: str = ""
    ratio: float | None = None
    pictures: tuple[str | None, ...] = ()
    before_after: tuple[str, str] | None = None
    player: str = ""
    words: str = ""
    missing: str = "no preview"
    unsafe: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class CardPage:
    """What is shown of a page of hits.

    Attributes:
        of: The name of its class.
        total: A line that says how many hits it holds, and of how many.
        conditions: What was searched for.
        cards: The hits that are shown.
        more: How many hits it holds beside those.
        note: What else is to be said of it.
    """

    of: str
    total: str
    conditions: Facts
    cards: Sequence[Card]
    more: int = 0
    note: str = ""


def described(*pairs: tuple[str, object], most: int = 400) -> Facts:
    """Returns the pairs of a name and a value as clean text, without those of no value."""
    return tuple((what, text) for what, value in pairs if (text := clean(value, most)))


def first_text(*values: object, most: int = 80) -> str:
    """Returns the first of some values that is not blank, as clean text."""
    return next((text for value in values if (text := clean(value, most))), "")


def joined(*texts: str) -> str:
    """Returns the texts that are not empty, with a dot between them."""
    return " · ".join(filter(None, texts))


def listed(values: Iterable[object], most: int = 40) -> str:
    """Returns values as clean text, with commas between them."""
    return ", ".join(clean(value, most) for value in values)


def dimensions(width: object, height: object) -> str:
    """Returns width and height, ``""`` where one of them is missing."""
    wide, high = number(width), number(height)
    return f"{wide:g} × {high:g}" if wide and high else ""  # noqa: RUF001 - a real times sign


def ratio(width: object, height: object, otherwise: float) -> float:
    """Returns width divided by height, within bounds that keep cards readable."""
    wide, high = number(width), number(height)
    return min(max(wide / high, 0.8), 2.0) if wide and high else otherwise


def minute(timestamp: object) -> str:
    """Returns an ISO 8601 timestamp to the minute; anything else as clean text."""
    text = clean(timestamp, 40)
    if re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", text):
        return f"{text[:10]} {text[11:16]} UTC"
    return text
