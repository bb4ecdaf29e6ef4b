"""The rules of the request parameters: what the API's documentation rules out, in its words.

A rule takes a parameter's name, its value (never ``None``) and the whole request, and says what
is wrong, or gives ``None``. It never raises, whatever the value is.

Source: the Search API's reference, Asset Search; the Search guide, Pagination and Sorting.
"Limit exceeds maximum (100)" is the API's own text.
"""

from __future__ import annotations

import math
import numbers
import re
import reprlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from scenario_search.wire.images import Images, image_problem, like_unlike
from scenario_search.wire.names import camel_case

if TYPE_CHECKING:
    from scenario_search.filters.tree import Filter
    from scenario_search.wire.params import SearchParams

__all__ = ["MAX_PAGE_SIZE", "as_int", "header_problem", "is_filter", "is_whole", "query_problem"]

Rule = Callable[[str, Any, "SearchParams"], str | None]
"""Says what is wrong with (name, value, request); ``None`` if nothing is."""

MAX_PAGE_SIZE = 100
"""The most hits a page may hold (Search guide, Pagination)."""

MAX_EXACT_INTEGER = 2**53 - 1
"""The largest integer that JSON carries from one program to another exactly (RFC 8259, 6)."""

SHOWN = reprlib.Repr()
"""Shows a value in a message, shortened."""
SHOWN.maxstring = SHOWN.maxother = SHOWN.maxlong = 80


def _is_real(value: Any) -> bool:
    return type(value) is int or (isinstance(value, numbers.Real) and not isinstance(value, bool))


def is_whole(value: Any, minimum: float = -math.inf) -> bool:
    """Tell whole numbers, ``20.0`` and numpy's integers among them, but not ``True``."""
    return _is_real(value) and not value % 1 and value >= minimum


def as_int(value: int) -> int:
    """Give a whole number as an ``int``; anything else as it is, for a rule to refuse."""
    return int(value) if is_whole(value) else value


def integer(minimum: int) -> Rule:
    """Make the rule of a whole number from ``minimum`` on."""

    def rule(name: str, value: Any, _: SearchParams) -> str | None:
        if not is_whole(value):
            return f"`{name}` must be a whole number, not {SHOWN.repr(value)}"
        if value < minimum:
            return f"`{name}` must be at least {minimum}, not {SHOWN.repr(value)}"
        if value > MAX_EXACT_INTEGER:
            return f"`{name}` must be at most {MAX_EXACT_INTEGER}, not {SHOWN.repr(value)}"
        return None

    return rule


_from_one = integer(1)


def page_size(name: str, value: Any, params: SearchParams) -> str | None:
    """A whole number from 1 to 100."""
    if _is_real(value) and MAX_PAGE_SIZE < value < math.inf:
        return f"Limit exceeds maximum ({MAX_PAGE_SIZE}): `{name}` is {SHOWN.repr(value)}"
    return _from_one(name, value, params)


def ratio(name: str, value: Any, _: SearchParams) -> str | None:
    """A number from 0 to 1."""
    if _is_real(value) and 0 <= value <= 1:
        return None
    return f"`{name}` must be a number from 0 to 1, not {SHOWN.repr(value)}"


def boolean(name: str, value: Any, _: SearchParams) -> str | None:
    """True or False; not 1, which JSON tells apart from true."""
    if isinstance(value, bool):
        return None
    return f"`{name}` must be True or False, not {SHOWN.repr(value)}"


def text(name: str, value: Any, _: SearchParams) -> str | None:
    """A string that can be sent."""
    if not isinstance(value, str):
        return f"`{name}` must be a string, not {type(value).__name__}"
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"`{name}` holds a character that UTF-8 has no form for, at index {error.start}"
    return None


def identifier(name: str, value: Any, params: SearchParams) -> str | None:
    """A string that is not blank."""
    blank = isinstance(value, str) and not value.strip()
    return f"`{name}` must not be blank" if blank else text(name, value, params)


def is_filter(value: Any) -> TypeGuard[Filter]:
    """Tell filters from text and all else, without loading the filter language for it.

    Whoever has made a filter has loaded it.
    """
    filter_tree = sys.modules.get("scenario_search.filters.tree")
    return filter_tree is not None and isinstance(value, filter_tree.Filter)


def filter_(name: str, value: Any, params: SearchParams) -> str | None:
    """A filter, or text in the filter language, which is left to the server."""
    if is_filter(value):
        return None
    if isinstance(value, str):
        return text(name, value, params)
    return (
        f"`{name}` must be a filter, such as F.width >= 1024, or a string, "
        f"not {type(value).__name__}"
    )


def sort(name: str, value: Any, params: SearchParams) -> str | None:
    """A list of ``field:asc`` or ``field:desc``, of the request's sortable fields."""
    example = "such as ['createdAt:desc']"
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        return f"`{name}` must be a list of strings, {example}, not {SHOWN.repr(value)}"
    for item in value:
        field, _, order = item.partition(":") if isinstance(item, str) else ("", "", "")
        if not field or order not in ("asc", "desc"):
            return (
                f"`{name}` takes a field, a colon and asc or desc, {example}, "
                f"not {SHOWN.repr(item)}"
            )
        if params.sortable and field not in params.sortable:
            import difflib  # noqa: PLC0415 - for errors only

            near = difflib.get_close_matches(camel_case(field), params.sortable, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else f"use {', '.join(params.sortable)}"
            return f'`{name}`: "{field}" is not a sortable field: {hint}'
    return None


def image(name: str, value: Any, params: SearchParams) -> str | None:
    """A reference image, without ``images`` beside it."""
    if getattr(params, "images", None) is not None:
        return "`image` and `images` are mutually exclusive"
    problem = image_problem(value)
    return f"`{name}` {problem}" if problem else None


def images(name: str, value: Any, _: SearchParams) -> str | None:
    """Lists of reference images."""
    if isinstance(value, Mapping):
        unknown = sorted(map(str, value.keys() - {"like", "unlike"}))
        if unknown:
            return f"`{name}` has `like` and `unlike`, not {', '.join(unknown)}"
    elif not isinstance(value, Images):
        return f"`{name}` must be Images(like=[...], unlike=[...]), not {type(value).__name__}"
    for side, sources in zip(("like", "unlike"), like_unlike(value), strict=True):
        if isinstance(sources, (str, bytes)) or not isinstance(sources, Sequence):
            return f"`{name}.{side}` must be a list of images, not {type(sources).__name__}"
        for index, source in enumerate(sources):
            if problem := image_problem(source):
                return f"`{name}.{side}[{index}]` {problem}"
    return None


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


_FRAMING = {
    *("connection", "keep-alive", "upgrade", "te", "trailer", "transfer-encoding"),
    *("host", "content-length", "content-encoding", "expect"),
}
"""Headers that say where a request goes and where it ends. With another ``Content-Length``, what
is left of the body would be read as the next request on the connection, which is another's."""


def header_problem(headers: Any) -> str | None:
    """Say why something cannot be sent as headers; ``None`` if it can. Values are not shown.

    What names and values may hold is in RFC 9110, 5.1 and 5.5.
    """
    if not isinstance(headers, Mapping):
        return f"must be a dict of strings, not {type(headers).__name__}"
    for name, value in headers.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            return f"has a header name that cannot be sent: {SHOWN.repr(name)}"
        if name.lower() in _FRAMING:
            return f"must not hold {name}, which follows from the request: leave it out"
        if not isinstance(value, str) or _NOT_IN_A_HEADER.search(value):
            return f"has a value for {name} that is no string or holds a control character"
    return None


def query_problem(query: Any) -> str | None:
    """Say why something cannot be a query string; ``None`` if it can. Values are not shown."""
    if not isinstance(query, Mapping):
        return f"must be a dict of strings, not {type(query).__name__}"
    for name, value in query.items():
        if not isinstance(name, str) or not isinstance(value, str):
            return f"must be a dict of strings: {SHOWN.repr(name)} or its value is no string"
    return None


def extra_headers(name: str, value: Any, _: SearchParams) -> str | None:
    """Headers that can be sent."""
    problem = header_problem(value)
    return f"`{name}` {problem}" if problem else None


def extra_query(name: str, value: Any, _: SearchParams) -> str | None:
    """Query-string parameters that can be sent."""
    problem = query_problem(value)
    return f"`{name}` {problem}" if problem else None


def extra_body(name: str, value: Any, _: SearchParams) -> str | None:
    """JSON fields, but none that says which page: a walk sets those."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        return f"`{name}` must be a dict whose keys are strings"
    position = sorted(value.keys() & {"limit", "offset", "page", "hitsPerPage"})
    if position:
        return f"`{name}` must not hold {', '.join(position)}: pass the parameter of that name"
    return None


def timeout(name: str, value: Any, _: SearchParams) -> str | None:
    """Seconds above 0."""
    if _is_real(value) and 0 < value < math.inf:
        return None
    return f"`{name}` must be a number of seconds above 0, not {SHOWN.repr(value)}"
