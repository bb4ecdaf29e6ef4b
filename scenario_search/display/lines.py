"""What hits and pages say of themselves in words: clean text, names, sizes, and a few lines."""

from __future__ import annotations

import re
from typing import Any

from scenario_search.export.frames import unknown_fields
from scenario_search.text import clean, columns, count, duration, file_size, fit, number
from scenario_search.wire.hits import (
    Hit,
    SearchAssetSearchResponse,
    SearchHits,
    SearchModelSearchResponse,
    SearchWorkflowSearchResponse,
)
from scenario_search.wire.images import reference_images
from scenario_search.wire.params import SearchParams
from scenario_search.wire.response import ResponseInfo

__all__ = [
    "conditions",
    "facts",
    "hit_line",
    "hit_text",
    "kind",
    "model",
    "page_text",
    "pixels",
    "summary",
    "tags",
    "title",
    "totals",
]

_SHOWN_HITS = 5
_SHOWN_NAME = 30
_SHOWN_UNKNOWN = 5
_LINE = 80
"""Columns of a terminal."""


def pixels(hit: SearchAssetSearchResponse) -> str:
    """Give width and height, or ``""`` where the asset has no width and height."""
    width, height = number(hit.metadata.width), number(hit.metadata.height)
    return f"{width:g} × {height:g}" if width and height else ""  # noqa: RUF001 - a real times sign


def kind(hit: Hit) -> str:
    """Give what a hit is: an asset's kind, or the start of its MIME type; a model's type."""
    if isinstance(hit, SearchAssetSearchResponse):
        mime_type = clean(hit.mime_type, 40).partition("/")[0]
        return clean(hit.metadata.kind, 40) or {"model": "3d"}.get(mime_type, mime_type)
    if isinstance(hit, SearchModelSearchResponse):
        return clean(hit.type, 40)
    return clean(hit.status, 40) if isinstance(hit, SearchWorkflowSearchResponse) else ""


def title(hit: Hit) -> str:
    """Give the name people know a hit by: its own, else the start of its prompt, else its id."""
    if isinstance(hit, SearchAssetSearchResponse):
        own = [hit.metadata.name, hit.metadata.prompt, hit.description, hit.metadata.text]
    else:
        own = [getattr(hit, "name", None), getattr(hit, "short_description", None)]
    return next((text for value in own if (text := clean(value, 80))), "") or clean(hit.id, 80)


def model(hit: SearchAssetSearchResponse) -> str:
    """Name the model that made an asset, as well as the asset knows it."""
    metadata = hit.metadata
    for value in (metadata.model_type, metadata.base_model_id):
        if (text := clean(value, 60)) and text != "custom":
            return text
    return clean(metadata.base_model_id, 60) or clean(metadata.model_id, 60)


def facts(hit: Hit) -> list[tuple[str, str]]:
    """Give what is worth knowing of a hit, as (what, value), without what is missing."""
    made: list[tuple[str, object]] = [("id", hit.id)]
    if isinstance(hit, SearchAssetSearchResponse):
        data = hit.metadata
        made += [
            ("kind", " · ".join(filter(None, (kind(hit), clean(data.type, 60))))),
            ("size", " · ".join(filter(None, (pixels(hit), file_size(data.size))))),
            ("model", " · ".join(filter(None, (model(hit), clean(data.model_id, 60))))),
            ("prompt", data.prompt),
            ("not", data.negative_prompt),
            ("seed", data.seed),
            ("says", hit.transcription or data.text),
            ("caption", hit.description),
            ("unsafe", ", ".join(clean(label, 40) for label in hit.nsfw[:10])),
        ]
    elif isinstance(hit, SearchModelSearchResponse):
        trained = number(hit.training_images_number)
        made += [
            ("type", hit.type),
            ("does", ", ".join(clean(item, 40) for item in hit.capabilities[:12])),
            ("made by", hit.source),
            ("trained on", f"{trained:,.0f} images" if trained else ""),
            ("provider", hit.compliance_metadata and hit.compliance_metadata.model_provider),
            ("examples", len(hit.example_asset_ids) or ""),
        ]
    elif isinstance(hit, SearchWorkflowSearchResponse):
        made += [("status", hit.status), ("about", hit.description)]
    made += [("privacy", hit.privacy), ("created", _moment(hit.created_at))]
    return [(what, text) for what, value in made if (text := clean(value, 400))]


def _moment(value: object) -> str:
    text = clean(value, 40)
    return (
        f"{text[:10]} {text[11:16]} UTC" if re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", text) else text
    )


def summary(hit: Hit) -> list[str]:
    """Give what tells most of a hit beside its name and kind: sizes and model, capabilities."""
    if isinstance(hit, SearchAssetSearchResponse):
        size = " · ".join(filter(None, (pixels(hit), file_size(hit.metadata.size))))
        said = [size, model(hit)]
    elif isinstance(hit, SearchModelSearchResponse):
        said = [", ".join(clean(item, 30) for item in hit.capabilities[:3])]
    else:
        said = [_moment(hit.created_at)]
    return [text for text in said if text]


def conditions(params: SearchParams) -> list[tuple[str, str]]:
    """Give what was searched for, as (what, value): the query, the filter, reference images."""
    made: list[tuple[str, object]] = [("query", params.query)]
    sides = zip(("like", "like", "unlike"), reference_images(params), strict=True)
    made += [(what, ", ".join(map(_reference, side))) for what, side in sides]
    made.append(("filter", params.filter))
    if params.sort_by:
        made.append(("sorted by", ", ".join(map(str, params.sort_by))))
    return [(what, text) for what, value in made if (text := clean(value, 300))]


def _reference(source: object) -> str:
    """Name a reference image: an asset's id or a file's name, never its content."""
    if isinstance(source, str):
        return "a picture" if source.startswith("data:") else clean(source, 60)
    name = getattr(source, "name", None) or getattr(source, "filename", None)
    if isinstance(name, str) and name:
        return clean(name.replace("\\", "/").rpartition("/")[2], 60)
    return "a picture"


def totals(page: SearchHits[Any], info: ResponseInfo | None) -> str:
    """Give how many hits a page holds, of how many, which page it is, and how long it took."""
    said = [count(len(page.hits))]
    if page.total_hits is not None:
        said[0] += f" of {_counted(page.total_hits)}"
    elif page.estimated_total_hits is not None and page.estimated_total_hits != len(page.hits):
        said[0] += f" of about {_counted(page.estimated_total_hits)}"
    name = _name_of_all(page)
    counted = len(page.hits) if page.total is None else page.total
    said[0] += f" {name.removesuffix('s') if counted == 1 else name}"
    if page.page is not None:
        of = f" of {_counted(page.total_pages)}" if page.total_pages is not None else ""
        said.append(f"page {_counted(page.page)}{of}")
    elif page.offset:
        said.append(f"after the first {_counted(page.offset)}")
    if info is not None:
        said.append(duration(info.elapsed))
    return " · ".join(said)


def _counted(value: object) -> str:
    return count(value) if isinstance(value, int) else clean(value, 20)


def _name_of_all(page: SearchHits[Any]) -> str:
    classes: set[type[Hit] | None] = {type(hit) for hit in page.hits} or {page._hit_class()}
    names: dict[type[Hit] | None, str] = {
        SearchAssetSearchResponse: "assets",
        SearchModelSearchResponse: "models",
        SearchWorkflowSearchResponse: "workflows",
    }
    return names.get(classes.pop(), "hits") if len(classes) == 1 else "hits"


def page_text(page: SearchHits[Any]) -> str:
    """Give a page in a few lines: how many hits, what was asked for, and the first of them."""
    asked, info = page._asked()
    lines = [f"{type(page).__name__}: {totals(page, info)}"]
    lines += [_line(*condition) for condition in (conditions(asked) if asked is not None else ())]
    shown = page.hits[:_SHOWN_HITS]
    names = [fit(title(hit), _SHOWN_NAME) for hit in shown]
    width = max(map(columns, names), default=0)
    for hit, name in zip(shown, names, strict=True):
        words = " · ".join(filter(None, (kind(hit), *summary(hit))))
        blanks = " " * (width - columns(name))
        lines.append(f"  {name}{blanks}  {fit(words, _LINE - width - 4)}".rstrip())
    if more := len(page.hits) - len(shown):
        lines.append(f"  and {count(more)} more")
    return "\n".join(lines)


def hit_text(hit: Hit) -> str:
    """Give a hit in a few lines: what tells most of it, and every field that is unknown."""
    lines = [fit(f"{type(hit).__name__}: {title(hit)}", _LINE)]
    which = [clean(hit.id, 40), clean(hit.privacy, 20), _moment(hit.created_at)]
    what = [word for word in (kind(hit), *summary(hit)) if word not in which]
    texts = (" · ".join(filter(None, words)) for words in (which, what))
    lines += [f"  {fit(text, _LINE - 2)}" for text in texts if text]
    said: list[tuple[str, object]]
    if isinstance(hit, SearchAssetSearchResponse):
        data = hit.metadata
        said = [
            ("prompt", data.prompt),
            ("says", hit.transcription or data.text),
            ("caption", "" if data.prompt else hit.description),
            ("content", hit.content),
            ("unsafe", ", ".join(clean(label, 40) for label in hit.nsfw[:10])),
        ]
    else:
        line = getattr(hit, "short_description", None) or getattr(hit, "description", None)
        said = [("about", line)]
    said += [("tags", ", ".join(tags(hit))), ("url", getattr(hit, "url", None))]
    unknown = list(unknown_fields(hit).items())
    said += [(f"extra {name}", repr(value)) for name, value in unknown[:_SHOWN_UNKNOWN]]
    said += [("extra", ", ".join(name for name, _ in unknown[_SHOWN_UNKNOWN:]))]
    lines += [_line(name, value) for name, value in said if clean(value)]
    return "\n".join(lines)


def hit_line(hit: Hit) -> str:
    """Give a hit in a line, for lists of hits."""
    words = filter(None, (title(hit), kind(hit), *summary(hit)))
    which = clean(hit.id, 40)
    # Room for a list's brackets and commas.
    return f"<{which}: {fit(' · '.join(words), _LINE - columns(which) - 8)}>"


def _line(what: str, value: object) -> str:
    name = clean(what, 40)
    return f"  {name}: {fit(value, _LINE - columns(name) - 4)}"


def tags(hit: Hit) -> list[str]:
    """Give a hit's tags, cleaned, each once."""
    return list(dict.fromkeys(filter(None, (clean(tag, 40) for tag in hit.tags[:40]))))
