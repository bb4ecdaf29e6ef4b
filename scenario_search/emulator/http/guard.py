"""Which requests are answered at all: those for this host, and not from web pages.

A browser sends requests to a loopback address for a page of any site. The page can't read the
answers, unless the site lets its own host name resolve to that address meanwhile (DNS rebinding):
page and emulator then have one origin. Two headers that no page can change tell: ``Host`` has the
name that the browser connected to, and ``Origin`` names the page of a request across origins.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from scenario_search.emulator.contract.arguments import address_of, is_loopback
from scenario_search.emulator.contract.refusals import RefusedError
from scenario_search.emulator.engine.options import EmulatorOptions
from scenario_search.emulator.http.errors import REQUEST_ID, refused_response

__all__ = ["CONTROL_PREFIX", "Guard"]

CONTROL_PREFIX: Final = "/__emulator__"
"""The start of the control plane's paths, which are for no web page at all."""

_EXPOSED: Final = (
    f"{REQUEST_ID}, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"
)


class Guard:
    """Refuses requests by their ``Host`` and ``Origin``, and answers preflights (Fetch, 3.3).

    Args:
        options: The host, and the names and origins that are allowed.
    """

    def __init__(self, options: EmulatorOptions) -> None:
        self._options = options
        self._names = {each.removesuffix(".") for each in options.allowed_hosts}
        self._origins = set(options.cors_origins)
        self._listens_beyond = not is_loopback(options.host)

    def protect(self, app: web.Application) -> None:
        """Puts itself in front of all other handlers of an application."""
        app.middlewares.insert(0, self._guarded)
        app.on_response_prepare.append(self._add_headers)

    @web.middleware
    async def _guarded(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        try:
            self._check(request)
        except RefusedError as error:
            return refused_response(error)
        return web.Response(status=204) if _is_preflight(request) else await handler(request)

    def _check(self, request: web.Request) -> None:
        host = _name(request.headers.get(hdrs.HOST, "localhost"))
        if not self._is_allowed(host):
            raise _refused(f"Unknown host name {host[:100]!r}", "allowed_hosts or --allow-host")
        is_control = request.path.startswith(CONTROL_PREFIX)
        if hdrs.ORIGIN in request.headers:
            if is_control:
                raise _refused("The control plane is not for web pages")
            if not self._is_from_allowed_page(request):
                raise _refused("Web pages of this origin are refused", "cors_origins or --cors")
        if is_control and self._listens_beyond:
            self.authenticate(request)

    def authenticate(self, request: web.Request) -> None:
        """Checks the credentials of a request.

        Raises:
            RefusedError: A 401: they are missing or wrong.
        """
        options = self._options
        scheme, _, credentials = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() == "basic":
            expected = f"{options.api_key}:{options.api_secret}".encode()
            try:
                received = base64.b64decode(credentials.strip(), validate=True)
            except (binascii.Error, ValueError):
                received = b""
        else:
            expected = options.bearer_auth.encode()
            is_bearer = scheme.lower() == "bearer"
            received = credentials.strip().encode("utf-8", "surrogateescape") if is_bearer else b""
        if not received or not hmac.compare_digest(received, expected):
            raise RefusedError(
                401,
                "Invalid or missing credentials",
                "UNAUTHORIZED",
                headers={hdrs.WWW_AUTHENTICATE: 'Basic realm="scenario-search emulator"'},
            )

    def _is_allowed(self, host: str) -> bool:
        if is_loopback(host) or host in self._names:
            return True
        # A page has no power over an address, as it has over what its own name resolves to.
        return self._listens_beyond and address_of(host) is not None

    def _is_from_allowed_page(self, request: web.Request) -> bool:
        return request.headers.get(hdrs.ORIGIN, "").lower() in self._origins

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        if not self._origins:
            return
        response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        if not self._is_from_allowed_page(request):
            return
        headers = response.headers
        headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = request.headers[hdrs.ORIGIN]
        headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED
        if _is_preflight(request):
            headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = "GET, POST"
            headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = request.headers.get(
                hdrs.ACCESS_CONTROL_REQUEST_HEADERS, ""
            )
            headers["Access-Control-Allow-Private-Network"] = "true"


def _name(host: str) -> str:
    """Returns the name or address in a ``Host`` header, without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().removesuffix(".")


def _is_preflight(request: web.Request) -> bool:
    return (
        request.method == hdrs.METH_OPTIONS
        and hdrs.ORIGIN in request.headers
        and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    )


def _refused(message: str, cure: str | None = None) -> RefusedError:
    details = None if cure is None else {"allow": cure}
    return RefusedError(403, message, "FORBIDDEN", details=details)
