"""The proxy that a request goes through: the client's, or the environment's."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping
from urllib.parse import unquote, unquote_to_bytes, urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs

from scenario_search.errors import ConfigurationError
from scenario_search.hidden import HiddenText
from scenario_search.http.options import is_loopback, proxy_problem

__all__ = ["Proxies", "Proxy"]


@attrs.frozen
class Proxy:
    """A proxy. Shows no credentials.

    Attributes:
        url: Its URL, without a user name and a password.
        headers: What it is sent with each request: the credentials, if its URL had some.
        secrets: The password of these, and what is sent, which no response may hand back.
    """

    url: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)

    @classmethod
    def of(cls, url: str) -> Proxy:
        """Returns the proxy of a URL that may hold a user name and a password."""
        parts = urlsplit(url)
        credentials, at, address = parts.netloc.rpartition("@")
        headers = {}
        secrets: tuple[str, ...] = ()
        if at:
            user, _, password = credentials.partition(":")
            pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
            basic = HiddenText(base64.b64encode(pair).decode())
            headers["Proxy-Authorization"] = HiddenText(f"Basic {basic}")
            secrets = tuple(map(HiddenText, (basic.rstrip("="), password, unquote(password))))
        return cls(f"{parts.scheme}://{address}", headers, secrets)


class Proxies:
    """Chooses the proxy for a URL.

    The environment is what :mod:`urllib.request` reads: ``HTTPS_PROXY``, ``HTTP_PROXY`` and
    ``NO_PROXY``, else the settings of Windows or macOS. It is read once, here.

    Args:
        proxy: The URL of a proxy for every request.
        trust_env: Whether the environment chooses where no proxy is given.
    """

    def __init__(self, proxy: str | None = None, *, trust_env: bool = False) -> None:
        self._proxy = None if proxy is None else Proxy.of(proxy)
        self._of_environment = {
            scheme: HiddenText(url)
            for scheme, url in (getproxies().items() if proxy is None and trust_env else ())
            if scheme in ("http", "https")
        }
        # On Windows this may ask a name server.
        self._is_bypassed = functools.cache(proxy_bypass)

    @property
    def urls(self) -> list[str]:
        """The URLs of all proxies that may be chosen. Those of the environment are not checked."""
        if self._proxy is not None:
            return [self._proxy.url]
        return [_with_scheme(url) for url in self._of_environment.values()]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no response may hand back, of all proxies that can be used."""
        usable = [url for url in self.urls if proxy_problem(url) is None]
        proxies = [self._proxy] if self._proxy is not None else map(Proxy.of, usable)
        return tuple(secret for proxy in proxies for secret in proxy.secrets)

    def for_url(self, url: str) -> Proxy | None:
        """Returns the proxy to request a URL through, or ``None`` for a direct connection.

        The environment's proxy never sees a request to this machine.

        Raises:
            ConfigurationError: The environment names a proxy that cannot be used.
        """
        if self._proxy is not None or not self._of_environment:
            return self._proxy
        parts = urlsplit(url)
        proxy = self._of_environment.get(parts.scheme)
        host = parts.netloc.rpartition("@")[2]
        if proxy is None or is_loopback(parts.hostname or "") or self._is_bypassed(host):
            return None
        proxy = _with_scheme(proxy)
        if problem := proxy_problem(proxy):
            raise ConfigurationError(
                f"The environment's proxy for {parts.scheme} {problem}; set "
                f"{parts.scheme.upper()}_PROXY to another one, or pass `trust_env=False` to "
                "ignore it"
            )
        return Proxy.of(proxy)


def _with_scheme(url: HiddenText) -> HiddenText:
    return url if "://" in url else HiddenText(f"http://{url}")
