"""Galleries: hits and pages as HTML for notebooks, and as a document of their own.

Nothing is fetched here, no script is written, and every value is escaped: what a server sends
can become text, the URL of a picture or a file (``http``, ``https``, or a picture's ``data:``
URL), or the number of an aspect ratio, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from scenario_search.display.lines import (
    conditions,
    facts,
    kind,
    summary,
    tags,
    title,
    totals,
)
from scenario_search.display.style import ROOT, STYLE
from scenario_search.text import clean, count, number
from scenario_search.wire.hits import (
    Hit,
    SearchAssetSearchResponse,
    SearchHits,
    SearchModelSearchResponse,
    SearchWorkflowSearchResponse,
    Thumbnail,
)

__all__ = ["hit_html", "html", "page_html"]

_MOST_HITS = 100
_MOST_TAGS = 4
_MOST_URL = 4_096
_MOST_DATA = 262_144

_WEB = re.compile(r"https?://[A-Za-z0-9\[][!#-;=?-\[\]_a-z~%]*", re.IGNORECASE)
_DATA = re.compile(
    r"data:image/(?:png|jpeg|gif|webp|avif|bmp);base64,[A-Za-z0-9+/]+={0,2}", re.IGNORECASE
)
_PICTURES = {"image", "image-hdr", "canvas"}


def web_url(value: object) -> str:
    """Give a URL that may be linked to or played, ``""`` for anything else."""
    if isinstance(value, str) and len(value) <= _MOST_URL and _WEB.fullmatch(value):
        return value
    return ""


def picture_url(value: object) -> str:
    """Give a URL that may be shown as a picture, ``""`` for anything else."""
    if isinstance(value, str) and len(value) <= _MOST_DATA and _DATA.fullmatch(value):
        return value
    return web_url(value)


def html(
    shown: SearchHits[Any] | Iterable[Hit], *, heading: str = "Scenario search", most: int = 10_000
) -> str:
    """Give an HTML document that shows a page, or hits of any number of pages.

    Args:
        shown: The page, or the hits.
        heading: The title of the document.
        most: How many hits are shown; the rest is counted.
    """
    page = shown if isinstance(shown, SearchHits) else SearchHits(hits=list(shown))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src http: https: data:; media-src http: https:; style-src 'unsafe-inline'\">"
        f"<title>{_text(heading)}</title>"
        "<style>:root{color-scheme:light dark}body{margin:24px auto;max-width:1400px;"
        "padding:0 24px}</style>"
        f"</head><body>{page_html(page, most=most)}</body></html>\n"
    )


def page_html(page: SearchHits[Any], *, most: int = _MOST_HITS) -> str:
    """Give a page as a gallery: what was asked for, the total, the time, then the hits.

    Args:
        page: The page.
        most: How many hits are shown; the rest is counted.
    """
    asked, info = page._asked()
    head = _tag("div", "ss-total", _text(totals(page, info)))
    for what, value in conditions(asked) if asked is not None else ():
        css = "ss-asked ss-code" if what == "filter" else "ss-asked"
        head += _tag("div", css, _tag("span", "ss-what", _text(what)) + _text(value, 300))
    shown = page.hits[:most]
    in_rows = all(isinstance(hit, SearchAssetSearchResponse) for hit in shown)
    cards = "".join(_card(hit) for hit in shown)
    body = _tag("div", "ss-head", head)
    body += _tag("div", "ss-rows" if in_rows else "ss-grid", cards) if cards else ""
    if more := len(page.hits) - len(shown):
        body += _tag("div", "ss-more", _text(f"and {count(more)} more"))
    return _root(body)


def hit_html(hit: Hit) -> str:
    """Give one hit: its picture or player, and what is known of it."""
    side = _tag("div", "ss-title", _named(hit))
    for what, value in facts(hit):
        name = _tag("span", "ss-what", _text(what))
        css = "ss-value ss-code" if what in ("id", "seed") else "ss-value"
        side += _tag("div", "ss-fact", name + _tag("span", css, _text(value, 400)))
    side += _tags(hit, 20)
    ratio = f' style="--ss-ratio:{_ratio(hit):.3f}"'
    view = _tag("div", "ss-view", _view(hit), ratio)
    return _root(_tag("div", f"ss-one{_unsafe(hit)}", view + _tag("div", "ss-side", side)))


def _root(body: str) -> str:
    return f'<div class="{ROOT}"><style>{STYLE}</style>{body}</div>'


def _tag(name: str, css: str, content: str, attributes: str = "") -> str:
    return f'<{name} class="{css}"{attributes}>{content}</{name}>'


def _text(value: object, most: int = 200) -> str:
    return escape(clean(value, most))


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
    return f"<img{_attributes(src=url)} {fixed}{_attributes(alt=alt or 'picture')}>"


def _card(hit: Hit) -> str:
    words = _tag("div", "ss-name", _named(hit), _attributes(title=clean(_tooltip(hit), 400)))
    said = summary(hit)
    if not isinstance(hit, SearchAssetSearchResponse):
        said.insert(0, kind(hit))
    words += "".join(_tag("div", "ss-facts", _text(fact)) for fact in said if fact)
    about = clean(getattr(hit, "short_description", None), 160)
    words += _tag("div", "ss-about", escape(about)) if about else ""
    words += _tags(hit, _MOST_TAGS)
    view = _tag("div", "ss-view", _view(hit))
    style = f' style="--ss-ratio:{_ratio(hit):.3f}"'
    return _tag("div", f"ss-card{_unsafe(hit)}", view + _tag("div", "ss-words", words), style)


def _named(hit: Hit) -> str:
    return _link(web_url(getattr(hit, "url", None)), _text(title(hit)))


def _tooltip(hit: Hit) -> object:
    if isinstance(hit, SearchAssetSearchResponse):
        return hit.metadata.prompt or hit.description or title(hit)
    return title(hit)


def _tags(hit: Hit, most: int) -> str:
    names = tags(hit)[:most]
    return _tag("div", "ss-tags", "".join(_tag("span", "ss-tag", _text(n)) for n in names))


def _unsafe(hit: Hit) -> str:
    return " ss-unsafe" if isinstance(hit, SearchAssetSearchResponse) and hit.nsfw else ""


def _ratio(hit: Hit) -> float:
    """Give width by height within bounds that keep cards readable."""
    if not isinstance(hit, SearchAssetSearchResponse):
        return 1.0
    width, height = number(hit.metadata.width), number(hit.metadata.height)
    if not width or not height:
        return {"text": 1.4, "audio": 1.4}.get(kind(hit), 1.0)
    return min(max(width / height, 0.8), 2.0)


def _thumbnail(thumbnail: Thumbnail | None) -> str:
    return picture_url(thumbnail.url) if thumbnail is not None else ""


def _view(hit: Hit) -> str:
    """Give what is seen of a hit: a picture, a player, a text."""
    if isinstance(hit, SearchAssetSearchResponse):
        what = kind(hit)
        view = _views.get(what, _asset_picture)(hit)
        unsafe = f"unsafe: {clean(hit.nsfw[0], 30)}" if hit.nsfw else ""
        said = " · ".join(filter(None, (what if what not in _PICTURES else "", unsafe)))
        return view + (_tag("span", "ss-kind", _text(said.replace("3d", "3D"))) if said else "")
    if isinstance(hit, SearchWorkflowSearchResponse):
        before, after = _thumbnail(hit.before), _thumbnail(hit.after)
        if before and after and before != after:
            both = _tag("span", "ss-before", _picture(before, "before"))
            both += _tag("span", "ss-after", _picture(after, "after"))
            return _tag("div", "ss-pair", both)
    if url := _thumbnail(hit.thumbnail):
        return _picture(url, title(hit))
    empty = "no examples" if isinstance(hit, SearchModelSearchResponse) else "no preview"
    return _tag("span", "ss-none", empty)


def _asset_picture(hit: SearchAssetSearchResponse) -> str:
    """Show an image, or the thumbnail of what cannot be shown as it is."""
    own = hit.url if kind(hit) in _PICTURES else None
    picture = _thumbnail(hit.thumbnail) or picture_url(own)
    if not picture:
        return _tag("span", "ss-none", "no preview")
    return _link(web_url(hit.url), _picture(picture, title(hit)))


def _video(hit: SearchAssetSearchResponse) -> str:
    url, poster = web_url(hit.url), _thumbnail(hit.thumbnail)
    if not url:
        return _asset_picture(hit)
    # Without a poster the first frame has to serve, which takes the start of the file.
    preload = "none" if poster else "metadata"
    return f"<video controls{_attributes(preload=preload, poster=poster, src=url)}></video>"


def _audio(hit: SearchAssetSearchResponse) -> str:
    picture = _thumbnail(hit.thumbnail)
    said = _text(hit.transcription or hit.metadata.text or hit.metadata.prompt, 160)
    view = _picture(picture, title(hit)) if picture else _tag("p", "ss-text", said)
    url = web_url(hit.url)
    return view + (f'<audio controls preload="none"{_attributes(src=url)}></audio>' if url else "")


def _words(hit: SearchAssetSearchResponse) -> str:
    return _tag("p", "ss-text", _text(hit.content or hit.metadata.text or hit.description, 400))


_views: dict[str, Callable[[SearchAssetSearchResponse], str]] = {
    "video": _video,
    "audio": _audio,
    "text": _words,
}
