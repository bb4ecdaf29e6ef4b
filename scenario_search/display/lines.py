"""Cards as a few lines of text for a terminal."""

from __future__ import annotations

from scenario_search.display.cards import Card, CardPage, joined
from scenario_search.text import clean, count, fit, terminal_width

__all__ = ["SHOWN_HITS", "card_line", "card_text", "page_text"]

SHOWN_HITS = 5
"""How many hits the text of a page shows."""

_SHOWN_NAME = 30
_LINE = 80
"""Columns of a terminal."""


def page_text(page: CardPage) -> str:
    """Returns a page in a few lines: how many hits, what was searched for, and its cards."""
    lines = [clean(f"{page.of}: {page.total}")]
    lines += [_line(*condition) for condition in page.conditions]
    names = [fit(card.title, _SHOWN_NAME) for card in page.cards]
    width = max(map(terminal_width, names), default=0)
    for card, name in zip(page.cards, names, strict=True):
        blanks = " " * (width - terminal_width(name))
        words = fit(joined(card.kind, *card.summary), _LINE - width - 4)
        lines.append(f"  {name}{blanks}  {words}".rstrip())
    if page.more:
        lines.append(f"  and {count(page.more)} more")
    return "\n".join(lines)


def card_text(card: Card) -> str:
    """Returns a hit in a few lines: what tells most of it, and its details."""
    lines = [fit(f"{card.of}: {card.title}", _LINE)]
    record = [clean(card.id, 40), *card.record]
    summary = [word for word in (card.kind, *card.summary) if word not in record]
    texts = (joined(*record), joined(*summary))
    lines += [f"  {fit(text, _LINE - 2)}" for text in texts if text]
    lines += [_line(what, value) for what, value in card.details]
    return "\n".join(lines)


def card_line(card: Card) -> str:
    """Returns a hit in a line, for lists of hits."""
    which = clean(card.id, 40)
    # Room for a list's brackets and commas.
    most = _LINE - terminal_width(which) - 8
    return f"<{which}: {fit(joined(card.title, card.kind, *card.summary), most)}>"


def _line(what: str, value: str) -> str:
    name = clean(what, 40)
    return f"  {name}: {fit(value, _LINE - terminal_width(name) - 4)}"
