"""Erases what a response hands back of a request's secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import orjson

from scenario_search.hidden import HiddenText
from scenario_search.wire.bounds import check_to_reread

__all__ = ["Secrets", "holds", "rewrite", "secret_values"]

_LEAST_ERASED = 8
"""Characters. A shorter secret may be a word of a response, so it is not erased there."""

_HIDDEN = "[hidden]"
_LONG = 2**19  # bytes

_ESCAPED_BYTE = re.compile(rb"\\u00[2-7]")
_ESCAPED_CHARACTER = re.compile(r"\\u00([2-7][0-9a-fA-F])")

_HARMLESS_HEADERS = {
    *("accept", "accept-charset", "accept-encoding", "accept-language", "baggage"),
    *("cache-control", "content-type", "idempotency-key", "origin", "pragma", "priority"),
    *("referer", "request-id", "te", "traceparent", "tracestate", "user-agent"),
    *("x-correlation-id", "x-request-id"),
}
"""Headers that hold no secret. Their values may be words of a page, such as a MIME type."""


def secret_values(headers: Mapping[str, str]) -> Iterator[str]:
    """Yields what may be secret in headers: each value, its words, and the values of cookies."""
    for name, value in headers.items():
        if name.lower() not in _HARMLESS_HEADERS:
            yield value
            for word in re.split(r"[\s;,]+", value):
                yield word.rstrip("=")
                yield word.partition("=")[2]


class Secrets:
    """What a request sent that no error, log or page may hold, even where a server sends it back.

    Args:
        texts: The secrets, of printable ASCII. Those below eight characters are passed over.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        unique = {HiddenText(text) for text in texts if len(text) >= _LEAST_ERASED}
        # The longest first, since one may be a part of another.
        self._texts = tuple(sorted(unique, key=lambda text: (-len(text), text)))

    def erased(self, text: str) -> str:
        r"""Returns a text without the secrets.

        One that holds a secret as JSON may write it (``\u003d``, ``\/``), once or more often
        escaped, is hidden as a whole: it is JSON, or nearly so, that something else has quoted.
        """
        for secret in self._texts:
            if secret in text:
                text = text.replace(secret, _HIDDEN)
        if "\\" in text:
            unescaped = _unescaped(text)
            if any(secret in unescaped for secret in self._unescaped):
                return _HIDDEN
        return text

    def start_of(self, body: bytes, size: int) -> str:
        """Returns the start of a body as text without the secrets, for an error to quote.

        Args:
            body: Bytes that may not be text.
            size: How many bytes are wanted. A secret that begins among them is erased whole.
        """
        start = body[:size].decode("utf-8", "replace")
        longest = max(map(len, self._texts), default=0)
        # A character that is escaped takes six bytes. What follows the start may end inside of a
        # secret, so it is cut off again: erased text is never longer.
        more = body[: size + 6 * longest].decode("utf-8", "replace")
        erased = self.erased(more)
        return erased[: max(0, len(erased) - len(more) + len(start))] if more != start else erased

    def erase(self, data: Any, body: bytes) -> Any:
        """Erases the secrets from decoded JSON, in place, from keys and from texts.

        Args:
            data: The JSON.
            body: What it was decoded from.

        Returns:
            The JSON, which is another object only if it was a single text.

        Raises:
            DenseError: There are secrets in it, and too many values to go through.
        """
        if not self._may_be_in(data, body):
            return data
        check_to_reread(body, escapes=True)
        return rewrite(data, self.erased)

    def _may_be_in(self, data: Any, body: bytes) -> bool:
        """Whether erasing may change something. Takes a fraction of the time of decoding."""
        if b"\\" in body and self._texts:
            if holds(body, b"\\u00") and _ESCAPED_BYTE.search(body):
                # Written anew, only what must be escaped is. What then is so was escaped twice.
                try:
                    body = orjson.dumps(data)
                except TypeError:  # a lone surrogate, or an integer beyond 64 bits
                    return True
                if _ESCAPED_BYTE.search(body):
                    return True
            # Replacing few is faster; deleting takes as long for many.
            is_long = len(body) > _LONG
            body = body.translate(None, b"\\") if is_long else body.replace(b"\\", b"")
        return any(holds(body, needle) for needle in self._needles)

    @cached_property
    def _needles(self) -> tuple[bytes, ...]:
        # One that contains another, as a header contains its token, is only where that is.
        texts = [
            text for text in self._texts if not any(o in text for o in self._texts if o != text)
        ]
        return tuple(HiddenBytes(_unescaped(text).encode()) for text in texts)

    @cached_property
    def _unescaped(self) -> tuple[str, ...]:
        unescaped = map(_unescaped, self._texts)
        return tuple(HiddenText(text) for text in unescaped if len(text) >= _LEAST_ERASED)

    def __repr__(self) -> str:
        return f"<{len(self._texts)} secrets>"


def rewrite(data: Any, change: Callable[[str], str]) -> Any:
    """Changes the texts of decoded JSON, in place, keys too.

    Args:
        data: The JSON, of any depth.
        change: Returns what a text is replaced by. It does not see texts below eight characters,
            which hold neither a secret nor a URL.

    Returns:
        The JSON, which is another object only if it was a single text.
    """
    root = [data]
    containers: list[Any] = [root]
    while containers:
        container = containers.pop()
        is_object = container.__class__ is dict
        if is_object:
            _rewrite_keys(container, change)
        for place, value in container.items() if is_object else enumerate(container):
            kind = value.__class__
            if kind is str:
                if len(value) >= _LEAST_ERASED:
                    container[place] = change(value)
            elif kind is dict or kind is list:
                containers.append(value)
    return root[0]


def _rewrite_keys(container: dict[str, Any], change: Callable[[str], str]) -> None:
    if any(len(key) >= _LEAST_ERASED and change(key) != key for key in container):
        items = {change(key): value for key, value in container.items()}
        container.clear()
        container.update(items)


class HiddenBytes(bytes):
    """Bytes whose ``repr`` does not show them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"


def _unescaped(text: str) -> str:
    r"""Returns a text without its backslashes, and with the Latin characters of ``\u0041``."""
    if "\\u00" in text:
        text = _ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), text)
    return text.replace("\\", "")


def holds(body: bytes, needle: bytes) -> bool:
    """Returns ``needle in body``, in a third of the time: from the end, CPython skips more."""
    return body.rfind(needle) >= 0
