"""A search request as it arrives: read, checked, and made into one plain value.

Rules and texts are the Search guide's (Search Methods, Pagination, Sorting, Common Errors) and the
reference's. Where they leave room, the emulator is strict about what is documented (a ``null``, or
``"20"`` for a number, is refused) and lenient about what is not (an unknown key is ignored).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import orjson

from scenario_search.emulator.contract.fields import (
    FIELDS,
    InvalidSortError,
    Kind,
    SortKey,
    parse_sort,
)
from scenario_search.emulator.contract.refusals import RefusedError, bad_request

__all__ = [
    "DEFAULT_PAGE_SIZE",
    "LARGEST_POSITION",
    "MAX_PAGE_SIZE",
    "MAX_QUERY",
    "SearchRequest",
    "read_search",
]

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
MAX_QUERY = 10_000  # characters; ten words are searched for, and an embedder reads no more
MAX_PICTURES = 16
_SEARCHED_BY_PICTURE: frozenset[Kind] = frozenset({"assets", "models"})
LARGEST_POSITION = 2**53 - 1  # the largest whole number every JSON reader holds exactly


@attrs.frozen(kw_only=True)
class SearchRequest:
    """A checked request.

    Attributes:
        kind: Which of the three endpoints it came to.
        query: The text, at most `MAX_QUERY` of it, or None where it is absent or blank. White
            space at its end stays: it ends the last word, which then is not the start of one.
        filter: The filter's text, or None where it is absent or blank.
        like: Reference pictures (asset ids or data URLs), from ``image`` or ``images.like``.
        unlike: The pictures of ``images.unlike``.
        query_semantic_ratio: 0 (keywords, default) to 1 (meaning).
        image_semantic_ratio: 0 (features) to 1 (subject and mood, default).
        sort: By what hits are sorted, most important first; each field once.
        public: Whether public documents of all projects are searched, not the caller's own.
        page_mode: Whether ``page`` and ``hitsPerPage`` were used.
        offset: How many hits are skipped, whatever the mode.
        limit: How many hits are answered at most, whatever the mode.
        page: The page asked for, from 1; 1 in offset mode.
        project_id: The project of the query string, or None.
    """

    kind: Kind
    query: str | None = None
    filter: str | None = None
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    query_semantic_ratio: float = 0.0
    image_semantic_ratio: float = 1.0
    sort: tuple[SortKey, ...] = ()
    public: bool = False
    page_mode: bool = False
    offset: int = 0
    limit: int = DEFAULT_PAGE_SIZE
    page: int = 1
    project_id: str | None = None
    original_assets: bool = False

    @property
    def has_image(self) -> bool:
        """Whether a reference picture is given."""
        return bool(self.like or self.unlike)

    @property
    def computes(self) -> bool:
        """Whether it is by meaning or likeness, of which the first ones take long."""
        return self.has_image or self.query_semantic_ratio > 0


def read_search(kind: Kind, body: bytes, query_string: Mapping[str, str]) -> SearchRequest:
    """Reads and checks one request.

    Args:
        kind: The endpoint.
        body: The JSON body as it came.
        query_string: The parameters of the URL.

    Raises:
        RefusedError: A 400 in the documented words.
    """
    values = _read_object(body)
    attributes: dict[str, Any] = {
        "query": _read(values, "query", _query),
        "filter": _read(values, "filter", _text),
        "query_semantic_ratio": _read(values, "querySemanticRatio", _ratio, 0.0),
        "public": _read(values, "public", _boolean, default=False),
        "sort": _read_sort(kind, values),
        "project_id": query_string.get("projectId", "").strip() or None,
        "original_assets": _flag(query_string, "originalAssets"),
        **_read_position(values),
    }
    # Elsewhere these keys are as unknown as any other.
    if kind in _SEARCHED_BY_PICTURE:
        attributes["like"], attributes["unlike"] = _read_images(values)
        attributes["image_semantic_ratio"] = _read(values, "imageSemanticRatio", _ratio, 1.0)
    request = SearchRequest(kind=kind, **attributes)
    if not (request.query or request.filter or request.has_image):
        raise bad_request("Must provide at least one search parameter", "MISSING_SEARCH_PARAMETER")
    return request


def _flag(query_string: Mapping[str, str], name: str) -> bool:
    text = query_string.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise bad_request(f'"{name}" must be true or false')
    return text == "true"


def _query(name: str, value: Any) -> str | None:
    return value[:MAX_QUERY] if _text(name, value) else None


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusedError(
            400,
            "Invalid JSON body",
            "INVALID_JSON",
            details={"reason": error.msg, "position": error.pos},
        ) from None
    if not isinstance(values, dict):
        raise bad_request("The body must be a JSON object", "INVALID_JSON")
    return values


def _read(
    values: Mapping[str, Any],
    name: str,
    read: Callable[[str, Any], Any],
    default: Any = None,
) -> Any:
    return read(name, values[name]) if name in values else default


def _text(name: str, value: Any) -> str | None:
    if not isinstance(value, str):
        raise bad_request(f'"{name}" must be a string')
    return value.strip() or None


def _boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise bad_request(f'"{name}" must be a boolean')
    return value


def _number(name: str, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_request(f'"{name}" must be a number')
    return value


def _ratio(name: str, value: Any) -> float:
    number = _number(name, value)
    if not 0 <= number <= 1:
        raise bad_request(f'"{name}" must be between 0 and 1')
    return float(number)


def _whole_number(name: str, value: Any, *, least: int, most: int) -> int:
    number = _number(name, value)
    if number > most:
        if most == MAX_PAGE_SIZE:
            raise bad_request(f"Limit exceeds maximum ({MAX_PAGE_SIZE})", "LIMIT_EXCEEDED")
        raise bad_request(f'"{name}" must be at most {most}')
    if number < least:
        raise bad_request(f'"{name}" must be at least {least}')
    if number != int(number):
        raise bad_request(f'"{name}" must be a whole number')
    return int(number)


def _read_position(values: Mapping[str, Any]) -> dict[str, Any]:
    by_offset = [name for name in ("offset", "limit") if name in values]
    by_page = [name for name in ("page", "hitsPerPage") if name in values]
    if by_offset and by_page:
        raise bad_request(f'"{by_offset[0]}" and "{by_page[0]}" cannot be used together')
    if by_page:
        page = _whole_number("page", values.get("page", 1), least=1, most=LARGEST_POSITION)
        size = _page_size("hitsPerPage", values)
        return {"page_mode": True, "page": page, "limit": size, "offset": (page - 1) * size}
    offset = _whole_number("offset", values.get("offset", 0), least=0, most=LARGEST_POSITION)
    return {"offset": offset, "limit": _page_size("limit", values)}


def _page_size(name: str, values: Mapping[str, Any]) -> int:
    value = values.get(name, DEFAULT_PAGE_SIZE)
    return _whole_number(name, value, least=1, most=MAX_PAGE_SIZE)


def _read_sort(kind: Kind, values: Mapping[str, Any]) -> tuple[SortKey, ...]:
    entries = values.get("sortBy", [])
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise bad_request('"sortBy" must be an array of strings')
    try:
        return parse_sort(kind, entries)
    except InvalidSortError as error:
        sortable = [field.name for field in FIELDS[kind] if field.sortable]
        details = {"sortableFields": sortable}
        raise bad_request(str(error), "INVALID_SORT", details=details) from None


def _read_images(values: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    image = _read(values, "image", _text)
    images = values.get("images", {})
    if not isinstance(images, dict):
        raise bad_request('"images" must be an object with "like" and "unlike"')
    like = _references("images.like", images.get("like", []))
    unlike = _references("images.unlike", images.get("unlike", []))
    if len(like) + len(unlike) > MAX_PICTURES:
        raise bad_request(f'"images" must have at most {MAX_PICTURES} pictures in all')
    if image and (like or unlike):
        raise bad_request('"image" and "images" are mutually exclusive')
    return ((image,) if image else like), unlike


def _references(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise bad_request(f'"{name}" must be an array of strings')
    return tuple(entry.strip() for entry in value if entry.strip())
