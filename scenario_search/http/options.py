"""The options of a client."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import attrs

from scenario_search.converter import converter_problem
from scenario_search.errors import APIError, ConfigurationError
from scenario_search.hidden import HiddenText, hidden_values
from scenario_search.messages import Message, Term, named
from scenario_search.wire import rules
from scenario_search.wire.options import option, problems
from scenario_search.wire.values import as_int

if TYPE_CHECKING:
    from ssl import SSLContext

    import aiohttp
    import cattrs

__all__ = [
    "BASE_URL",
    "DEFAULT_BASE_URL",
    "PROJECT_ID",
    "AsyncClientOptions",
    "ClientOptions",
    "is_loopback",
    "proxy_problem",
    "resolve_base_url",
    "resolve_project_id",
]

DEFAULT_BASE_URL = "https://api.cloud.scenario.com/v1"

BASE_URL, PROJECT_ID = "SCENARIO_BASE_URL", "SCENARIO_PROJECT_ID"
"""Names of environment variables."""


def _shown_again(value: Any) -> Any:
    return str(value) if isinstance(value, HiddenText) else value


def _hidden(value: Any) -> Any:
    return HiddenText(value) if isinstance(value, str) else value


def _context_manager(name: str, value: Any) -> Message | None:
    if isinstance(value, AbstractAsyncContextManager):
        return None
    kind = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
    return Message(
        "{} must be an asynchronous context manager, such as asyncio.Semaphore(8), not {}",
        named(name),
        kind,
    )


def _list(name: str, value: Any) -> Message | None:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return None
    return Message("{} must be a list, not {}", named(name), type(value).__name__)


def _converter(name: str, value: Any) -> Message | None:
    problem = converter_problem(value)
    return Message("{} {}", named(name), problem) if problem else None


def _proxy(name: str, value: Any) -> Message | None:
    if problem := rules.text(name, value):
        return problem
    reason = proxy_problem(value)
    return Message("{} {}", named(name), reason) if reason else None


def _ssl_context(name: str, value: Any) -> Message | None:
    from ssl import SSLContext  # noqa: PLC0415 - who passes one has it loaded

    if isinstance(value, SSLContext):
        return None
    return Message(
        "{} must be an ssl.SSLContext, such as ssl.create_default_context(cafile=...), not {}",
        named(name),
        type(value).__name__,
    )


@attrs.frozen(kw_only=True, eq=False, slots=False)
class ClientOptions:
    """The options that both clients accept. The client keeps the credentials elsewhere."""

    api_key: str | None = option(
        None, "The API key; else ``SCENARIO_SDK_API_KEY``. Goes with ``api_secret``.", repr=False
    )
    api_secret: str | None = option(
        None, "The API secret; else ``SCENARIO_SDK_API_SECRET``.", repr=False
    )
    bearer_auth: str | Callable[[], str | Awaitable[str]] | None = option(
        None,
        "A token, in place of key and secret; else ``SCENARIO_SDK_JWT``. Or a function that "
        "returns one, asynchronous or not (then called in a thread). The client calls it for each "
        "page, and once more after a 401.",
        repr=False,
    )
    base_url: str | None = option(
        None,
        "The base URL of the API; else ``SCENARIO_BASE_URL``, else the public service.",
        converter=_shown_again,
        repr=False,
    )
    project_id: str | None = option(
        None,
        "The project to search in; else ``SCENARIO_PROJECT_ID``, else the key's own.",
        rules.text,
    )
    timeout: float = option(
        60.0,
        "Timeout of one attempt, in seconds, without the wait for a free connection.",
        rules.timeout,
    )
    deadline: float | None = option(
        None,
        "Time limit of a whole call, in seconds: attempts, and waits for the next attempt, the "
        "limiter or a free connection. Each page is one call. ``None``: no limit.",
        rules.timeout,
    )
    max_retries: int = option(
        2,
        "The maximum number of retries after a failed attempt.",
        rules.integer(0),
        converter=as_int,
    )
    max_retry_wait: float = option(
        60.0,
        "The longest wait before a retry, in seconds. If the required wait is longer, the client "
        "raises immediately.",
        rules.wait,
    )
    on_retry: Callable[[APIError, int, float], object] | None = option(
        None,
        "A function, asynchronous or not, that the client calls before each retry with the error, "
        "the number of the retry from 1, and the seconds until then. An exception ends the call.",
        rules.function,
        repr=False,
    )
    max_connections: int = option(
        100,
        "The maximum number of open connections.",
        rules.integer(1),
        converter=as_int,
    )
    max_response_bytes: int = option(
        8 * 2**20,
        "The largest response to accept, in bytes once decompressed.",
        rules.integer(1),
        converter=as_int,
    )
    max_image_bytes: int = option(
        20 * 2**20,
        "The largest reference image to send, in bytes.",
        rules.integer(1),
        converter=as_int,
    )
    default_headers: Mapping[str, str] | None = option(
        None,
        "Headers to send with every request. If a response repeats one of their values, the client "
        "replaces it with ``[hidden]``.",
        rules.extra_headers,
        converter=hidden_values,
        repr=False,
    )
    default_query: Mapping[str, str] | None = option(
        None,
        "Query-string parameters to send with every request.",
        rules.extra_query,
        converter=hidden_values,
        repr=False,
    )
    validate: bool = option(True, "Whether to check requests before sending them.", rules.boolean)
    strict: bool = option(
        False, "Whether a response that differs from the documentation is an error.", rules.boolean
    )
    allow_http: bool = option(
        False,
        "Whether credentials may travel over plain http to a host that is not this machine.",
        rules.boolean,
    )
    proxy: str | None = option(
        None,
        "The URL of an http or https proxy for every request, with its user name and password if "
        "it requires them; else that of the environment. SOCKS is not supported.",
        _proxy,
        converter=_hidden,
        repr=False,
    )
    trust_env: bool = option(
        True,
        "Whether ``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY`` and the system's settings choose "
        "the proxy if ``proxy`` is not set. The client reads them when it is created. A request to "
        "this machine never goes through their proxy.",
        rules.boolean,
    )
    ssl: SSLContext | None = option(
        None,
        "The TLS context that verifies servers and an https proxy. To trust your own authority, "
        'pass ``ssl.create_default_context(cafile="company.pem")``.',
        _ssl_context,
        repr=False,
    )
    limiter: AbstractAsyncContextManager[Any] | None = option(
        None,
        "A rate limiter that the client enters for every attempt, such as "
        "``aiolimiter.AsyncLimiter`` or a semaphore.",
        _context_manager,
        repr=False,
    )
    converter: cattrs.BaseConverter | None = option(
        None,
        "Structures hits and unstructures requests: a converter of :func:`make_converter` with "
        "hooks of your own.",
        _converter,
        repr=False,
    )
    trace_configs: Sequence[aiohttp.TraceConfig] | None = option(
        None, "aiohttp's tracing hooks.", _list, repr=False
    )

    def __attrs_post_init__(self) -> None:
        if wrong := list(problems(self)):
            raise ConfigurationError(*wrong)


@attrs.frozen(kw_only=True, eq=False, slots=False)
class AsyncClientOptions(ClientOptions):
    """The options of an asynchronous client."""

    session: aiohttp.ClientSession | None = option(
        None,
        "Your own session. The client uses it for all requests and never closes it.",
        repr=False,
    )


def resolve_base_url(base_url: str | None, *, allow_http: bool) -> str:
    """Returns the base URL, without a slash at its end.

    Args:
        base_url: The option; ``None`` for the environment's, or else the public service.
        allow_http: Whether plain http to another machine is allowed.

    Raises:
        ConfigurationError: It is not an absolute http(s) URL, or plain http to another machine.
    """
    # Hidden until it is known to hold no password, since an error may be shown with all locals.
    base_url = HiddenText(base_url or os.environ.get(BASE_URL) or DEFAULT_BASE_URL)
    if problem := _base_url_problem(str(base_url), allow_http=allow_http):
        raise ConfigurationError(problem)
    return str(base_url).rstrip("/")


def _base_url_problem(url: str, *, allow_http: bool) -> Message | None:
    base_url = Term("base_url", "base_url")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    # What urlsplit drops or reads otherwise than others do must not decide who is trusted.
    unclear = not url.isprintable() or set(url) & set(" \\")
    if unclear or parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return Message("{} must be an absolute https URL, not {!r}", base_url, _shown(url))
    if parts.username is not None or "?" in url or "#" in url:
        return Message(
            "{} must have no user name, query or fragment: credentials go into {}",
            base_url,
            Term("credentials", "api_key and api_secret"),
        )
    if parts.scheme == "http" and not allow_http and not is_loopback(parts.hostname):
        return Message(
            "{} {!r} would send credentials unencrypted: use https, or pass {} if that is meant",
            base_url,
            url,
            Term("allow_http", "allow_http=True"),
        )
    return None


def _shown(url: str) -> str:
    """Returns a URL that could not be parsed, without what may be a password or a token."""
    return url.rpartition("@")[2].partition("?")[0].partition("#")[0]


def proxy_problem(url: str) -> str | None:
    """Returns what is wrong with the URL of a proxy, or ``None``. Shows no credentials of it."""
    url = str(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    unclear = not url.isprintable() or set(url) & set(" \\?#") or parts.path not in ("", "/")
    if unclear or parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return (
            "must be the URL of an http or https proxy, such as http://proxy.example:3128, not "
            f"{_shown(url)!r}: SOCKS is not supported, and special characters in a user name or a "
            "password must be percent-encoded"
        )
    if ":" in unquote(parts.username or ""):
        return "must have a user name without a colon (RFC 7617)"
    return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def resolve_project_id(project_id: str | None) -> str | None:
    """Returns the client's project: its own option, or the environment's."""
    return project_id or os.environ.get(PROJECT_ID) or None
