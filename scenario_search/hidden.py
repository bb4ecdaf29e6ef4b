"""Text that shows itself nowhere: credentials, and headers and query strings, which may hold some.

Tracebacks with locals, debuggers, logs and the ``repr`` of whatever holds it show a placeholder.
On the wire, compared or formatted, it is the text it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from scenario_search.errors import ConfigurationError

__all__ = ["HiddenText", "hidden_values", "hide_secrets"]


class HiddenText(str):
    """A string whose ``repr`` does not show it; of a member of an enumeration, its value."""

    __slots__ = ()

    def __new__(cls, text: object) -> Self:
        """Returns the text of a string; of a subclass too, whatever ``str()`` makes of that."""
        return super().__new__(cls, str.__str__(text) if isinstance(text, str) else text)

    def __repr__(self) -> str:
        return "<hidden>"


def hidden_values(value: Any) -> Any:
    """Returns a mapping with the same values, where strings are hidden; else the value itself."""
    if value is None or not isinstance(value, Mapping):
        return value
    return {
        str.__str__(name) if isinstance(name, str) else name: HiddenText(text)
        if isinstance(text, str)
        else text
        for name, text in value.items()
    }


def hide_secrets(keywords: dict[str, Any]) -> None:
    """Hides what may be secret among the keywords of a call, in place.

    It comes first in whatever takes such keywords: an error that is raised later may be shown
    with the locals of all frames it went through.

    Raises:
        ConfigurationError: A credential is no string, nor a function that returns a token.
    """
    if _SECRET.isdisjoint(keywords):
        return
    for name in _CREDENTIALS:
        value = keywords.pop(name, None)
        if name == "bearer_auth" and callable(value):
            keywords[name] = value
            continue
        if value is not None and not isinstance(value, str):
            kind = type(value).__name__
            del value
            raise ConfigurationError(f"{name} must be a string, not {kind}")
        if value is not None:
            keywords[name] = HiddenText(value)
        del value
    for name in _URLS:
        if isinstance(keywords.get(name), str):
            keywords[name] = HiddenText(keywords[name])
    for name in _MAPPINGS & keywords.keys():
        keywords[name] = hidden_values(keywords[name])


_CREDENTIALS = ("api_key", "api_secret", "bearer_auth")
_MAPPINGS = {"default_headers", "default_query", "extra_headers", "extra_query"}
_URLS = ("base_url", "proxy")
_SECRET = _MAPPINGS | {*_CREDENTIALS, *_URLS}
