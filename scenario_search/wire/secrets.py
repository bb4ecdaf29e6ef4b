"""Erases what a response hands back of a request's secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import orjson

from scenario_search.hidden import HiddenText

__all__ = ["Secrets", "rewrite", "secret_values"]

_LEAST_ERASED = 8
"""Characters. A shorter secret may be a word of a response, so it is not erased there."""

_HIDDEN = "[hidden]"

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
        r"""Returns a text without the secrets, also as JSON may write them (``\u003d``, ``\/``)."""
        if "\\" in text and self._texts:
            return self._escaped.sub(_HIDDEN, text)
        for secret in self._texts:
            text = text.replace(secret, _HIDDEN)
        return text

    def start_of(self, body: bytes, size: int) -> str:
        """Returns the start of a body as text without the secrets, for an error to quote.

        Args:
            body: Bytes that may not be text.
            size: How many bytes are wanted. A secret that begins among them is erased whole.
        """
        longest = max(map(len, self._texts), default=0)
        # A character that is escaped takes six bytes.
        return self.erased(body[: size + 6 * longest].decode("utf-8", "replace"))

    def erase(self, data: Any, body: bytes) -> Any:
        """Erases the secrets from decoded JSON, in place, from keys and from texts.

        Args:
            data: The JSON.
            body: What it was decoded from.

        Returns:
            The JSON, which is another object only if it was a single text.
        """
        return rewrite(data, self.erased) if self._may_be_in(data, body) else data

    def _may_be_in(self, data: Any, body: bytes) -> bool:
        """Whether erasing may change something. Takes a fraction of the time of decoding."""
        if not self._texts:
            return False
        if any(secret in body for secret in self._encoded):
            return True
        if b"\\" not in body or (b"\\u00" not in body and b"\\/" not in body):
            return False
        # Written anew, only what must be escaped is. Some servers escape "&" or every "/".
        try:
            body = orjson.dumps(data)
        except TypeError:  # a lone surrogate, or an integer beyond 64 bits
            return True
        return any(secret in body for secret in self._encoded)

    @cached_property
    def _encoded(self) -> tuple[bytes, ...]:
        # One that contains another, as a header contains its token, is only where that is.
        texts = [
            text for text in self._texts if not any(o in text for o in self._texts if o != text)
        ]
        return tuple(HiddenBytes(json.dumps(text)[1:-1].encode()) for text in texts)

    @cached_property
    def _escaped(self) -> re.Pattern[str]:
        return re.compile("|".join(map(_pattern, self._texts)))

    def __repr__(self) -> str:
        return f"<{len(self._texts)} secrets>"


def rewrite(data: Any, change: Callable[[str], str]) -> Any:
    """Changes every text of decoded JSON, in place, keys too.

    Args:
        data: The JSON, of any depth.
        change: Returns what a text is replaced by.

    Returns:
        The JSON, which is another object only if it was a single text.
    """

    def changed(value: Any) -> Any:
        return change(value) if value.__class__ is str else value

    root = [data]
    containers: list[Any] = [root]
    while containers:
        container = containers.pop()
        if container.__class__ is dict:
            items = {change(key): changed(value) for key, value in container.items()}
            container.clear()
            container.update(items)
            values: Iterable[Any] = items.values()
        else:
            container[:] = values = list(map(changed, container))
        containers += [value for value in values if value.__class__ in (dict, list)]
    return root[0]


class HiddenBytes(bytes):
    """Bytes whose ``repr`` does not show them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"


def _pattern(secret: str) -> str:
    """Returns a regular expression of a secret whose characters may be escaped, even twice."""
    return "".join(_character_patterns(secret))


def _character_patterns(secret: str) -> Iterator[str]:
    for place, character in enumerate(secret):
        code = "".join(
            f"[{digit}{digit.upper()}]" if digit.isalpha() else digit
            for digit in f"{ord(character):02x}"
        )
        plain = re.escape(character)
        if place or character in '"\\/':
            plain = rf"\\{{0,8}}{plain}"
        yield rf"(?:{plain}|\\{{1,8}}u00{code})"
