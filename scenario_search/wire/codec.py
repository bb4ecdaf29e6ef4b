"""From bytes to a page, in two steps: bytes to JSON, then JSON to a page of hits.

:func:`read_page` is the first step. It returns the page as plain JSON and raises every error that
a body can have by itself. :class:`PageDecoder` is the second: the converter's hooks make the page
and its hits. It leaves the JSON as it is, so a hit may be both written as it came and structured.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

import orjson

from scenario_search.errors import APIResponseValidationError
from scenario_search.text import without_signature
from scenario_search.wire.bounds import DenseError, check, check_to_reread
from scenario_search.wire.hits import Hit
from scenario_search.wire.pages import SearchHits
from scenario_search.wire.secrets import Secrets, holds
from scenario_search.wire.structuring import calls_users_hooks, hook_error, users_hooks
from scenario_search.wire.validation import (
    Problem,
    describe,
    fits_function,
    mismatches,
    refused,
    validation_error,
)

if TYPE_CHECKING:
    import cattrs

__all__ = ["PageDecoder", "read_json", "read_page"]

H = TypeVar("H", bound=Hit)
P = TypeVar("P", bound=SearchHits[Any])

MAX_HITS = 1_000
"""A page with more is refused. The API's largest page has 100."""

_SLICE = 100
_BODY_SHOWN = 200
# Bytes of a body that may be written anew, for which backslashes take longest.
_WRITTEN = 2**19
_NO_SECRETS = Secrets()

# Digits as 1 and what stands before a number as 0. All else is NUL, which is skipped fastest.
_KINDS = bytes(
    b"1"[0] if byte in b"0123456789" else b"0"[0] if byte in b":,[ \t\r\n" else 45 * (byte == 45)
    for byte in range(256)
)
# The shortest integers that do not fit into 64 bits have 19 digits.
_LONG_INTEGER_KINDS = (b"0" + b"1" * 19, b"0-" + b"1" * 19)
# How a JSON document that only Python reads may end.
_ENDS = [bytes([end]) for end in b'}]"0123456789']
_SURROGATE_PATTERN = rb"\\u[dD][89a-fA-F]"


def read_page(body: bytes, secrets: Secrets = _NO_SECRETS, **context: Any) -> dict[str, Any]:
    """Returns the JSON of a page: an object whose ``hits`` is an array of anything.

    Args:
        body: The body of a response.
        secrets: What is erased from the page, and from what an error quotes.
        context: What an error carries (``status_code``, ``request_id`` and so on).

    Raises:
        APIResponseValidationError: The body is not JSON, is not an object, its ``hits`` is not an
            array, it has more than 1,000 hits, or more values than :mod:`.bounds` allows.
    """
    try:
        check(body)
        data = read_json(body, before_rereading=check_to_reread)
        if data.__class__ is not dict:
            problem = f"should be a JSON object, but is {describe(data)}"
            _refuse("$", f"{problem}: {_quoted(body, secrets)}", context)
        hits = data.get("hits")
        if hits.__class__ is not list:
            problem = f"should be an array, but is {describe(hits)}"
            _refuse("$.hits", f"{problem}: {_quoted(body, secrets)}", context)
        if len(hits) > MAX_HITS:
            _refuse("$.hits", f"are {len(hits):,}, but at most {MAX_HITS:,} are read", context)
        page: dict[str, Any] = secrets.erase(data, body)
    except DenseError as error:
        raise APIResponseValidationError(
            f"The response has {error}, which no page of hits has: {_quoted(body, secrets)}",
            **context,
        ) from None
    except ValueError as error:
        raise APIResponseValidationError(
            f"The response is not JSON ({error}): {_quoted(body, secrets)}",
            truncated=_is_truncated(body, error),
            **context,
        ) from None
    return page


def _is_truncated(body: bytes, error: ValueError) -> bool:
    """Whether a body that is not JSON begins as an object, and ends before that does."""
    if body[:64].lstrip()[:1] != b"{":
        return False
    is_at_end = isinstance(error, json.JSONDecodeError) and error.pos >= len(error.doc) > 0
    return is_at_end or body[-64:].rstrip()[-1:] != b"}"


def _refuse(path: str, problem: str, context: dict[str, Any]) -> NoReturn:
    what = "The response" if path == "$" else "The response's 'hits'"
    raise APIResponseValidationError(f"{what} {problem}", problems=[(path, problem)], **context)


def read_json(body: bytes, *, before_rereading: Callable[[bytes], object] = lambda _: None) -> Any:
    """Decodes JSON. Integers may have any size, and texts may hold lone surrogates.

    Python's own decoder reads the few documents that orjson refuses or reads with a loss.

    Args:
        body: The JSON.
        before_rereading: Called with the body before Python's decoder reads it, which takes longer.

    Raises:
        ValueError: The body is not JSON.
    """
    data: Any = None
    refusal: ValueError | None = None
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        refusal = error
    if refusal is None and len(body) <= _WRITTEN and _is_written_as(data, body):
        return data
    if refusal is not None and body.rstrip()[-1:] not in _ENDS:
        raise refusal  # it was cut off: it need not be read again
    surrogates = refusal is not None and re.search(_SURROGATE_PATTERN, body) is not None
    if surrogates or _may_hold_a_long_integer(body):
        before_rereading(body)
        # Python has limits of its own, such as 4,300 digits, where orjson is heard again.
        with suppress(ValueError):
            return _read_slowly(body, accepted=refusal is None)
    if refusal is not None:
        raise refusal
    return data


def _is_written_as(data: Any, body: bytes) -> bool:
    """Returns whether orjson writes what it has read as it stood, so that nothing was lost.

    That takes a fifth of the time of reading, and half the time of searching the body for long
    integers. Most servers write JSON as orjson does: without blanks, nothing escaped needlessly.
    """
    try:
        return orjson.dumps(data) == body
    except TypeError:  # nested deeper than it writes
        return False


def _may_hold_a_long_integer(body: bytes) -> bool:
    """Returns whether orjson may have made a float of an integer, which it does past 64 bits."""
    kinds = body.translate(_KINDS)
    return any(holds(kinds, long_integer) for long_integer in _LONG_INTEGER_KINDS)


def _read_slowly(body: bytes, *, accepted: bool) -> Any:
    # What orjson accepts has no number too large for a float.
    parse_float = None if accepted else _finite
    try:
        return json.loads(body.decode(), parse_constant=_no_constant, parse_float=parse_float)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text} is too large")
    return number


def _quoted(body: bytes, secrets: Secrets) -> str:
    """Returns the start of a body, for an error message."""
    text = without_signature(secrets.start_of(body, _BODY_SHOWN * 4))
    return repr(text[:_BODY_SHOWN]) + (" ..." if len(text) > _BODY_SHOWN else "")


class PageDecoder(Generic[P, H]):
    """Makes pages of one class, with hits of one class, by the hooks of a converter.

    The converter is asked for its hooks once.

    Args:
        converter: A converter of :func:`scenario_search.converter.make_converter`.
        page_class: The class of the pages.
        hit_class: The class of the hits. A user's hook for it may return another.
        strict: Whether JSON that is not as documented is an error. That is a check of the JSON,
            whatever hooks there are.
    """

    def __init__(
        self,
        converter: cattrs.BaseConverter,
        page_class: type[P],
        hit_class: type[H],
        *,
        strict: bool,
    ) -> None:
        self._page_class, self._page_hook = page_class, converter.get_structure_hook(page_class)
        self._hit_class, self._hit_hook = hit_class, converter.get_structure_hook(hit_class)
        self._converter, self._users_hooks = converter, users_hooks(converter)
        self._strict = strict
        self._fits = fits_function(hit_class, strict=strict)

    def page(
        self, data: dict[str, Any], *, invalid: list[tuple[int, Any]] | None = None, **context: Any
    ) -> P:
        """Returns the page, in one go. See :meth:`in_slices`."""
        slices = self.in_slices(data, invalid=invalid, **context)
        return next(page for page in slices if page is not None)

    def in_slices(
        self, data: dict[str, Any], *, invalid: list[tuple[int, Any]] | None = None, **context: Any
    ) -> Iterator[P | None]:
        """Yields ``None`` after each hundred hits but the last, then the page.

        An event loop can do something else at each ``None``.

        Args:
            data: The JSON of the page, as :func:`read_page` returns it. It is not changed, but
                the page and the hits keep references into it.
            invalid: Where given, a hit that does not fit is not an error: it is left out, and
                added here as (its index, its JSON).
            context: What an error carries (``status_code``, ``request_id`` and so on).

        Raises:
            APIResponseValidationError: The page or a hit does not fit, or a hook failed.
        """
        raw = data["hits"]
        if self._strict:
            of_page = list(self._page_problems(data))
            if of_page:
                of_hits = () if invalid is not None else self._hit_problems(raw, 0)
                raise validation_error(chain(of_page, of_hits), **context)
        page: P = self._page_hook(data, self._page_class)
        page.hits = []
        for start in range(0, len(raw), _SLICE):
            if start:
                yield None
            page.hits += self.hits(raw, start, start + _SLICE, invalid=invalid, **context)
        yield page

    def hits(
        self,
        raw: list[Any],
        start: int = 0,
        end: int | None = None,
        *,
        invalid: list[tuple[int, Any]] | None = None,
        **context: Any,
    ) -> list[H]:
        """Returns the hits that stand in a list of JSON from one index up to another.

        An error names what is wrong up to the end of the list. See :meth:`in_slices`.
        """
        hook, cls, chosen = self._hit_hook, self._hit_class, raw[start:end]
        cause: BaseException | None = None
        try:
            if not self._strict or all(map(self._fits, chosen)):
                return [hook(hit, cls) for hit in chosen]
        except Exception as error:  # noqa: BLE001 - a user's hook may raise anything
            cause = error
        if invalid is None:
            problems = self._hit_problems(raw, start)
            otherwise = refused("$.hits", cause)
            raise validation_error(problems, otherwise=otherwise, **context) from hook_error(cause)
        hits = []
        for index, hit in enumerate(chosen, start):
            if any(self._problems_of(hit, "$")):
                invalid.append((index, hit))
            else:
                hits.append(hook(hit, cls))
        return hits

    def check_hits(self, raw: list[Any], *, invalid: list[tuple[int, Any]] | None = None) -> None:
        """Raises what :meth:`hits` would raise, and adds to ``invalid`` what it would add.

        It makes no hits, unless a hook of a user's has to be called for them.
        """
        if self._calls_users_hooks or not all(map(self._fits, raw)):
            self.hits(raw, invalid=invalid)

    @cached_property
    def _calls_users_hooks(self) -> bool:
        return calls_users_hooks(self._hit_class, self._converter)

    def _page_problems(self, data: dict[str, Any]) -> Iterator[Problem]:
        return mismatches({**data, "hits": []}, self._page_class, "$", strict=True)

    def _hit_problems(self, raw: list[Any], start: int) -> Iterator[Problem]:
        for index in range(start, len(raw)):
            yield from self._problems_of(raw[index], f"$.hits[{index}]")

    def _problems_of(self, hit: Any, path: str) -> Iterator[Problem]:
        return mismatches(
            hit, self._hit_class, path, strict=self._strict, hook_of=self._users_hooks
        )
