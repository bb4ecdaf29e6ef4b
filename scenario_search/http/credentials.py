"""Credentials: a key and a secret, or a token, from a client's options or the environment."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable, iscoroutinefunction
from typing import Any

from scenario_search.concurrency.threads import in_daemon_thread
from scenario_search.errors import ConfigurationError
from scenario_search.hidden import HiddenText

__all__ = [
    "API_KEY",
    "API_SECRET",
    "BEARER_AUTH",
    "CREDENTIAL_VARIABLES",
    "Credentials",
    "take_credentials",
]

API_KEY, API_SECRET, BEARER_AUTH = CREDENTIAL_VARIABLES = (
    "SCENARIO_SDK_API_KEY",
    "SCENARIO_SDK_API_SECRET",
    "SCENARIO_SDK_JWT",
)
"""Names of environment variables."""


class Credentials:
    """What goes into the ``Authorization`` header. It never appears in a ``repr``.

    Attributes:
        kind: "basic" or "bearer".
        may_change: Whether :meth:`current` may return others each time.
    """

    __slots__ = ("_parts", "_value", "kind")

    may_change = False

    def __init__(self, kind: str, value: str, parts: Sequence[str] = ()) -> None:
        self.kind = kind
        self._value = HiddenText(value)
        # Padding, which a server may leave out or escape, tells nothing.
        encoded = value.rpartition(" ")[2].rstrip("=")
        self._parts = tuple(HiddenText(part) for part in (encoded, *parts))

    async def current(self) -> Credentials:
        """Returns the credentials to send now."""
        return self

    def authorization(self) -> str:
        """Returns the header's value."""
        return self._value

    async def owner(self) -> str:
        """Returns whom the credentials belong to: the key, or the subject of a token that has one.

        Tokens expire, so that a new one of the same owner is as good. To be hashed, never shown.
        """
        identity = (await self.current()).authorization().rpartition(" ")[2]
        if self.kind == "basic":
            return base64.b64decode(identity).decode().partition(":")[0]
        return _token_subject(identity) or identity

    def secrets(self) -> tuple[str, ...]:
        """Returns the texts that no response may hand back."""
        return self._parts

    def __repr__(self) -> str:
        return f"<{self.kind} credentials>"

    def __reduce__(self) -> Any:
        raise TypeError("Credentials cannot be pickled: make a client in each process")


def _token_subject(token: str) -> str | None:
    """Returns the subject of a JSON Web Token (RFC 7519); ``None`` if it names none."""
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        subject = claims.get("sub")
    except (ValueError, AttributeError):
        return None
    return subject if isinstance(subject, str) and subject else None


class AskedCredentials(Credentials):
    """The token that a function returns, which is called each time.

    Args:
        function: A plain function is called in a thread, so it may block.
    """

    __slots__ = ("_function",)

    may_change = True

    def __init__(self, function: Callable[[], str | Awaitable[str]]) -> None:
        super().__init__("bearer", "")
        self._function = function

    async def current(self) -> Credentials:
        """Returns the credentials to send now.

        Raises:
            ConfigurationError: The function returned what cannot be a token.
        """
        function: Any = self._function
        # An object may have an asynchronous __call__.
        asynchronous = any(map(iscoroutinefunction, (function, type(function).__call__)))
        token = function() if asynchronous else await in_daemon_thread(function)
        token = _hidden(await token if isawaitable(token) else token)
        if isinstance(token, type):
            raise ConfigurationError(f"bearer_auth must return a string, not {token.__name__}")
        _check_credential("The token that bearer_auth returned", token)
        return Credentials("bearer", f"Bearer {token}", [token])

    def authorization(self) -> str:
        """Raises an error, since there is no token before :meth:`current` is awaited."""
        raise TypeError("bearer_auth has not been called yet")


def _hidden(token: object) -> Any:
    """Returns a token that does not show in tracebacks; of what is not text, only its class."""
    return HiddenText(token) if isinstance(token, str) else type(token)


def take_credentials(options: dict[str, Any]) -> Credentials:
    """Removes the credentials from a client's options, and returns them or the environment's.

    Explicit credentials beat the environment's. Key and secret come as a pair, from one source.

    Args:
        options: The client's keywords. The credentials are removed from them.

    Raises:
        ConfigurationError: There are none, half a pair, both kinds, or one cannot be sent.
    """
    values = [options.pop(name, None) for name in ("api_key", "api_secret", "bearer_auth")]
    names = ["api_key", "api_secret", "bearer_auth"]
    if not any(value is not None for value in values):
        names = list(CREDENTIAL_VARIABLES)
        values = [HiddenText(os.environ.get(name, "")) or None for name in names]
    present = [name for name, value in zip(names, values, strict=True) if value is not None]
    if not present:
        raise ConfigurationError(
            "No credentials: pass api_key and api_secret (or bearer_auth), or set "
            f"{API_KEY} and {API_SECRET} (or {BEARER_AUTH}). Without an account, make the "
            "client with AsyncScenario.demo() or Scenario.demo()"
        )
    if names[2] in present and len(present) > 1:
        raise ConfigurationError(
            f"Both kinds of credentials are given ({', '.join(present)}): "
            f"use {names[0]} and {names[1]}, or {names[2]}"
        )
    if len(present) == 1 and names[2] not in present:
        missing = names[1] if present == [names[0]] else names[0]
        raise ConfigurationError(f"{present[0]} comes as a pair with {missing}, which is missing")
    if callable(values[2]):
        function: Any = values[2]
        return AskedCredentials(function)
    for name, value in zip(names, values, strict=True):
        if value is not None:
            _check_credential(name, value)
    if ":" in (values[0] or ""):
        raise ConfigurationError(f"{names[0]} must not hold a colon")
    parts = [value for value in values if value is not None]
    if values[2] is not None:
        return Credentials("bearer", f"Bearer {values[2]}", parts)
    return Credentials("basic", _basic_authorization(*parts), parts)


def _basic_authorization(key: str, secret: str) -> str:
    """Returns the value of an ``Authorization`` header for HTTP Basic (RFC 7617, UTF-8)."""
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode("ascii")


def _check_credential(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be a string, not {type(value).__name__}")
    if not value:
        raise ConfigurationError(f"{name} is empty")
    if not all("!" <= character <= "~" for character in value):
        raise ConfigurationError(
            f"{name} holds a character that a credential cannot have (a space, a line break, "
            "or one beyond ASCII): copy it again"
        )
