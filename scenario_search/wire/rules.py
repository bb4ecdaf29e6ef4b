"""The rules of parameters and options: what cannot be used, for parameters in the API's words.

A rule takes a parameter's name and its value (never ``None``). It returns what is wrong, or
``None``. It never raises, whatever the value is. What holds between the parameters of a request
stands with its problems, in :mod:`scenario_search.wire.params`.

Source: the Search API's reference, Asset Search; the Search guide, Pagination and Sorting.
"Limit exceeds maximum (100)" is the API's own text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scenario_search.filters.tree import Filter
from scenario_search.messages import Message, Term, named
from scenario_search.wire.images import Images, image_problem, like_unlike
from scenario_search.wire.values import (
    MAX_EXACT_INTEGER,
    MAX_PAGE_SIZE,
    SHOWN,
    header_problem,
    is_real,
    is_whole,
    plain_value,
    query_problem,
)

__all__ = [
    "Rule",
    "boolean",
    "choice",
    "extra_body",
    "extra_headers",
    "extra_query",
    "filter_",
    "function",
    "identifier",
    "image",
    "images",
    "integer",
    "page_size",
    "progress",
    "ratio",
    "scalar",
    "sort",
    "text",
    "timeout",
    "wait",
]

Rule = Callable[[str, Any], Message | None]
"""Returns what is wrong with (name, value); ``None`` if nothing is."""


_SORT_EXAMPLE = Term("sort_by example", "['createdAt:desc']")


def _problem(name: str, text: str, *parts: object) -> Message:
    return Message(f"{{}} {text}", named(name), *parts)


def integer(minimum: int, maximum: int | None = None) -> Rule:
    """Returns the rule of a whole number from ``minimum`` on, up to ``maximum`` if there is one."""

    def rule(name: str, value: Any) -> Message | None:
        most = MAX_EXACT_INTEGER if maximum is None else maximum
        is_large = is_whole(value, most + 1)
        if is_whole(value, minimum) and not is_large:
            return None
        limits = f"from {minimum}" + (f" to {most}" if maximum or is_large else "")
        return _problem(name, "must be a whole number {}, not {}", limits, SHOWN.repr(value))

    return rule


def choice(*values: str | None) -> Rule:
    """Returns the rule of one of some words, or of ``None``."""

    def rule(name: str, value: Any) -> Message | None:
        if (value is None or isinstance(value, str)) and value in values:
            return None
        words = ", ".join(map(repr, values))
        return _problem(name, "must be one of {}, not {}", words, SHOWN.repr(value))

    return rule


_from_one_to_hundred = integer(1, MAX_PAGE_SIZE)


def page_size(name: str, value: Any) -> Message | None:
    """A whole number from 1 to 100."""
    if is_real(value) and MAX_PAGE_SIZE < value < math.inf:
        return Message(
            "Limit exceeds maximum ({}): {} is {}",
            MAX_PAGE_SIZE,
            named(name),
            SHOWN.repr(value),
        )
    return _from_one_to_hundred(name, value)


def ratio(name: str, value: Any) -> Message | None:
    """A number from 0 to 1."""
    if is_real(value) and 0 <= value <= 1:
        return None
    return _problem(name, "must be a number from 0 to 1, not {}", SHOWN.repr(value))


def boolean(name: str, value: Any) -> Message | None:
    """True or False; not 1, which JSON tells apart from true."""
    if isinstance(value, bool):
        return None
    return _problem(name, "must be True or False, not {}", SHOWN.repr(value))


def scalar(name: str, value: Any) -> Message | None:
    """A string, a number, True or False; nothing that holds other values."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return text(name, value)
    if is_real(value) and math.isfinite(value):
        return None
    return _problem(name, "must be True, False, a string or a number, not {}", SHOWN.repr(value))


def text(name: str, value: Any) -> Message | None:
    """A string that can be sent."""
    if not isinstance(value, str):
        return _problem(name, "must be a string, not {}", type(value).__name__)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return _problem(
            name, "holds a character that UTF-8 has no form for, at index {}", error.start
        )
    return None


def identifier(name: str, value: Any) -> Message | None:
    """A string that is not blank."""
    blank = isinstance(value, str) and not value.strip()
    return _problem(name, "must not be blank") if blank else text(name, value)


def filter_(name: str, value: Any) -> Message | None:
    """A filter, or text in the filter language, which is left to the server."""
    if isinstance(value, Filter):
        return None
    if isinstance(value, str):
        return text(name, value)
    return _problem(
        name, "must be a filter, such as F.width >= 1024, or a string, not {}", type(value).__name__
    )


def sort(name: str, value: Any) -> Message | None:
    """``field:asc`` or ``field:desc``, or a list of them."""
    if isinstance(value, bytes) or not isinstance(value, Sequence):
        return _problem(
            name,
            "must be a string or a list of strings, such as {}, not {}",
            _SORT_EXAMPLE,
            SHOWN.repr(value),
        )
    for item in (value,) if isinstance(value, str) else value:
        field, _, order = item.partition(":") if isinstance(item, str) else ("", "", "")
        if not field or order not in ("asc", "desc"):
            return _problem(
                name,
                "takes a field, a colon and asc or desc, such as {}, not {}",
                _SORT_EXAMPLE,
                SHOWN.repr(item),
            )
    return None


def function(name: str, value: Any) -> Message | None:
    """A function."""
    if callable(value):
        return None
    return _problem(name, "must be a function, not {}", SHOWN.repr(value))


def progress(name: str, value: Any) -> Message | None:
    """Whether there is a bar, or a function that is called with the progress."""
    if isinstance(value, bool) or callable(value):
        return None
    return _problem(name, "must be True, False or a function, not {}", SHOWN.repr(value))


def image(name: str, value: Any) -> Message | None:
    """A reference image."""
    problem = image_problem(value)
    return _problem(name, "{}", problem) if problem else None


def images(name: str, value: Any) -> Message | None:
    """Lists of reference images."""
    if isinstance(value, Mapping):
        unknown = sorted(map(str, value.keys() - {"like", "unlike"}))
        if unknown:
            return _problem(name, "has `like` and `unlike`, not {}", ", ".join(unknown))
    elif not isinstance(value, Images):
        return _problem(
            name, "must be Images(like=[...], unlike=[...]), not {}", type(value).__name__
        )
    for side, sources in zip(("like", "unlike"), like_unlike(value), strict=True):
        if isinstance(sources, (str, bytes)) or not isinstance(sources, Sequence):
            return Message(
                "{} must be a list of images, not {}",
                named(f"{name}.{side}"),
                type(sources).__name__,
            )
        for index, source in enumerate(sources):
            if problem := image_problem(source):
                return Message("{} {}", named(f"{name}.{side}", f"[{index}]"), problem)
    return None


def extra_headers(name: str, value: Any) -> Message | None:
    """Headers that can be sent."""
    problem = header_problem(value)
    return _problem(name, "{}", problem) if problem else None


def extra_query(name: str, value: Any) -> Message | None:
    """Query-string parameters that can be sent."""
    problem = query_problem(value)
    return _problem(name, "{}", problem) if problem else None


def extra_body(name: str, value: Any) -> Message | None:
    """JSON fields, but none that says which page: a walk sets those."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        return _problem(name, "must be a dict whose keys are strings")
    position = sorted(value.keys() & {"limit", "offset", "page", "hitsPerPage"})
    if position:
        return _problem(
            name, "must not hold {}: pass the parameter of that name", ", ".join(position)
        )
    try:
        plain_value(value)
    except ValueError as error:
        return _problem(name, "cannot be sent: {}", error)
    except RecursionError:
        return _problem(name, "cannot be sent: it is nested too deeply")
    return None


def timeout(name: str, value: Any) -> Message | None:
    """Seconds above 0."""
    if is_real(value) and 0 < value < math.inf:
        return None
    return _problem(name, "must be a number of seconds above 0, not {}", SHOWN.repr(value))


def wait(name: str, value: Any) -> Message | None:
    """Seconds from 0."""
    if is_real(value) and 0 <= value < math.inf:
        return None
    return _problem(name, "must be a number of seconds from 0, not {}", SHOWN.repr(value))
