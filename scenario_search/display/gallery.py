"""Galleries: cards as HTML for notebooks, and as a document of their own.

Nothing is fetched here, no script is written, and every value is escaped: what a server sends
can become text, the URL of a picture or a file (``http``, ``https``, or a picture's ``data:``
URL), or the number of an aspect ratio, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from scenario_search.display.cards import Card, CardPage, listed
from scenario_search.display.style import ROOT, STYLE
from scenario_search.text import clean, count

__all__ = ["MAX_DATA", "SHOWN_HITS", "card_html", "page_document", "page_html", "picture_url"]

SHOWN_HITS = 100
"""How many hits a notebook shows of a page."""

MAX_DATA = 262_144
"""The most characters of a picture's data URL."""

_MOST_TAGS = 4
_MOST_NAMED = 20
_MOST_URL = 4_096

_WEB = re.compile(r"https?://[A-Za-z0-9\[][!#-;=?-\[\]_a-z~%]*", re.IGNORECASE)
_DATA = re.compile(
    r"data:image/(?:png|jpeg|gif|webp|avif|bmp);base64,[A-Za-z0-9+/]+={0,2}", re.IGNORECASE
)
_PICTURE_KINDS = {"image", "image-hdr", "canvas"}


def web_url(value: object) -> str:
    """Returns a URL that may be linked to or played, ``""`` for anything else."""
    if isinstance(value, str) and len(value) <= _MOST_URL and _WEB.fullmatch(value):
        return value
    return ""


def picture_url(value: object) -> str:
    """Returns a URL that may be shown as a picture, ``""`` for anything else."""
    if isinstance(value, str) and len(value) <= MAX_DATA and _DATA.fullmatch(value):
        return value
    return web_url(value)


def page_document(page: CardPage, *, heading: str = "Scenario search") -> str:
    """Returns an HTML document that shows a page.

    Args:
        page: The page.
        heading: The title of the document.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src http: https: data:; media-src http: https:; style-src 'unsafe-inline'\">"
        f"<title>{_text(heading)}</title>"
        "<style>:root{color-scheme:light dark}body{margin:24px auto;max-width:1400px;"
        "padding:0 24px}</style>"
        f"</head><body>{page_html(page)}</body></html>\n"
    )


def page_html(page: CardPage) -> str:
    """Returns a page as a gallery: the total, what was searched for, then the cards."""
    head = _tag("div", "ss-total", _text(page.total))
    for what, value in page.conditions:
        css = "ss-asked ss-code" if what == "filter" else "ss-asked"
        head += _tag("div", css, _what(what) + _text(value, 300))
    safe = [card for card in page.cards if not card.unsafe]
    in_rows = all(card.ratio is not None for card in safe)
    cards = "".join(map(_card, safe))
    body = _tag("div", "ss-head", head)
    body += _tag("div", "ss-rows" if in_rows else "ss-grid", cards) if cards else ""
    if page.more:
        body += _tag("div", "ss-more", _text(f"and {count(page.more)} more"))
    if page.note:
        body += _tag("div", "ss-more", _text(page.note))
    if len(safe) < len(page.cards):
        body += _tag("div", "ss-more", _text(_left_out(page), 2_000))
    return _root(body)


def _left_out(page: CardPage) -> str:
    """Returns which hits are not shown: a style that hides them would not reach every viewer."""
    unsafe = [card for card in page.cards if card.unsafe]
    named = [f"{clean(card.id, 40)} ({_labels(card)})" for card in unsafe[:_MOST_NAMED]]
    more = f" and {count(len(unsafe) - len(named))} more" if len(unsafe) > len(named) else ""
    return f"{count(len(unsafe))} not shown, labelled unsafe: {', '.join(named)}{more}"


def _labels(card: Card) -> str:
    return listed(card.unsafe[:3], 30)


def card_html(card: Card) -> str:
    """Returns one hit: its picture or player, and what is known of it."""
    side = _tag("div", "ss-title", _title(card))
    for what, value in card.facts:
        css = "ss-value ss-code" if what in ("id", "seed") else "ss-value"
        side += _tag("div", "ss-fact", _what(what) + _tag("span", css, _text(value, 400)))
    side += _tags(card, 20)
    view = _tag("div", "ss-view", _view(card), _ratio(card))
    return _root(_tag("div", "ss-one", view + _tag("div", "ss-side", side)))


def _root(body: str) -> str:
    return f'<div class="{ROOT}"><style>{STYLE}</style>{body}</div>'


def _tag(name: str, css: str, content: str, attributes: str = "") -> str:
    return f'<{name} class="{css}"{attributes}>{content}</{name}>'


def _text(value: object, most: int = 200) -> str:
    return escape(clean(value, most))


def _what(name: str) -> str:
    # Without the style, only the colon and the space tell a name from its value.
    return _tag("span", "ss-what", f"{_text(name)}:") + " "


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items() if value)


def _link(url: str, content: str) -> str:
    if not url:
        return content
    attributes = _attributes(href=url, target="_blank", rel="noopener noreferrer")
    return f"<a{attributes}>{content}</a>"


def _picture(url: str, alt: str) -> str:
    # Seen through a notebook server, the address of this page may hold a token: no referrer. The
    # width is for viewers that drop the style, such as code hosts'.
    fixed = 'loading="lazy" decoding="async" referrerpolicy="no-referrer" width="220"'
    return f"<img{_attributes(src=url)} {fixed}{_attributes(alt=clean(alt) or 'picture')}>"


def _card(card: Card) -> str:
    tooltip = _attributes(title=clean(card.tooltip or card.title, 400))
    words = _tag("div", "ss-name", _title(card), tooltip)
    lines = card.summary if card.ratio is not None else (card.kind, *card.summary)
    words += "".join(_tag("div", "ss-facts", _text(line)) for line in lines if line)
    about = _text(card.about, 160)
    words += _tag("div", "ss-about", about) if about else ""
    words += _tags(card, _MOST_TAGS)
    view = _tag("div", "ss-view", _view(card))
    return _tag("div", "ss-card", view + _tag("div", "ss-words", words), _ratio(card))


def _title(card: Card) -> str:
    return _link(web_url(card.url), _text(card.title))


def _tags(card: Card, most: int) -> str:
    tags = " ".join(_tag("span", "ss-tag", _text(tag)) for tag in card.tags[:most])
    return _tag("div", "ss-tags", tags)


def _ratio(card: Card) -> str:
    return f' style="--ss-ratio:{1.0 if card.ratio is None else card.ratio:.3f}"'


def _view(card: Card) -> str:
    """Returns what is seen of a hit: a picture, a player, a text."""
    if card.unsafe:
        return _tag("span", "ss-none", _text(f"not shown, labelled unsafe: {_labels(card)}"))
    if card.before_after is not None:
        before, after = map(picture_url, card.before_after)
        if before and after and before != after:
            both = _tag("span", "ss-before", _picture(before, "before")) + " "
            both += _tag("span", "ss-after", _picture(after, "after"))
            return _tag("div", "ss-pair", both)
    view = _PLAYERS.get(card.player, _still)(card)
    if card.ratio is None:
        return view
    badge = "" if card.kind in _PICTURE_KINDS else _text(card.kind.replace("3d", "3D"))
    return view + (" " + _tag("span", "ss-kind", badge) if badge else "")


def _best_picture(card: Card) -> str:
    return next(filter(None, map(picture_url, card.pictures)), "")


def _still(card: Card) -> str:
    picture = _best_picture(card)
    if not picture:
        return _tag("span", "ss-none", _text(card.missing))
    return _link(web_url(card.url), _picture(picture, card.title))


def _video(card: Card) -> str:
    url, poster = web_url(card.url), _best_picture(card)
    if not url:
        return _still(card)
    # Without a poster the first frame has to serve, which takes the start of the file.
    preload = "none" if poster else "metadata"
    return f"<video controls{_attributes(preload=preload, poster=poster, src=url)}></video>"


def _audio(card: Card) -> str:
    picture = _best_picture(card)
    words = _tag("p", "ss-text", _text(card.words, 160))
    view = _picture(picture, card.title) if picture else words
    url = web_url(card.url)
    return view + (f'<audio controls preload="none"{_attributes(src=url)}></audio>' if url else "")


def _words(card: Card) -> str:
    return _tag("p", "ss-text", _text(card.words, 400))


_PLAYERS: dict[str, Callable[[Card], str]] = {"video": _video, "audio": _audio, "text": _words}
