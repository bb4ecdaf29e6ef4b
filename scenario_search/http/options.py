"""The options of a client."""

from __future__ import annotations

import ipaddress
import math
import numbers
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import attrs

from scenario_search.converter import converter_problem
from scenario_search.errors import APIError, ConfigurationError
from scenario_search.hidden import HiddenText, hidden_values
from scenario_search.messages import Message, Term
from scenario_search.wire.values import as_int, header_problem, is_whole, query_problem

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


def _is_seconds(value: Any) -> bool:
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    return 0 <= float(value) < math.inf


def _seconds(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not _is_seconds(value) or value == 0:
        raise ConfigurationError(f"{attribute.name} must be seconds above 0, not {value!r}")


def _optional_seconds(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None:
        _seconds(_, attribute, value)


def _wait(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not _is_seconds(value):
        raise ConfigurationError(f"{attribute.name} must be seconds from 0, not {value!r}")


def _whole(minimum: int) -> Any:
    def check(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not is_whole(value, minimum):
            raise ConfigurationError(
                f"{attribute.name} must be a whole number from {minimum}, not {value!r}"
            )

    return check


def _headers(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and (problem := header_problem(value)):
        raise ConfigurationError(f"{attribute.name} {problem}")


def _query(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and (problem := query_problem(value)):
        raise ConfigurationError(f"{attribute.name} {problem}")


def _shown_again(value: Any) -> Any:
    return str(value) if isinstance(value, HiddenText) else value


def _boolean(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    # A text "false" would be true, and allow_http is no place for that.
    if not isinstance(value, bool):
        raise ConfigurationError(f"{attribute.name} must be True or False, not {value!r}")


def _context_manager(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not isinstance(value, AbstractAsyncContextManager):
        kind = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
        raise ConfigurationError(
            f"{attribute.name} must be an asynchronous context manager, such as "
            f"asyncio.Semaphore(8), not {kind}"
        )


def _list(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and (isinstance(value, str) or not isinstance(value, Sequence)):
        raise ConfigurationError(f"{attribute.name} must be a list, not {type(value).__name__}")


def _converter(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and (problem := converter_problem(value)):
        raise ConfigurationError(f"{attribute.name} {problem}")


def _function(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not callable(value):
        raise ConfigurationError(f"{attribute.name} must be a function, not {type(value).__name__}")


def _text(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{attribute.name} must be a string, not {type(value).__name__}")


def _hidden(value: Any) -> Any:
    return HiddenText(value) if isinstance(value, str) else value


def _proxy(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    _text(_, attribute, value)
    if value is not None and (problem := proxy_problem(value)):
        raise ConfigurationError(f"{attribute.name} {problem}")


def _ssl_context(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if value is None:
        return
    from ssl import SSLContext  # noqa: PLC0415 - who passes one has it loaded

    if not isinstance(value, SSLContext):
        raise ConfigurationError(
            f"{attribute.name} must be an ssl.SSLContext, such as "
            f"ssl.create_default_context(cafile=...), not {type(value).__name__}"
        )


def _doc(text: str) -> dict[str, str]:
    """Returns the metadata of an option: what help() and the reference say of it."""
    return {"doc": text}


@attrs.frozen(kw_only=True, eq=False, slots=False)
class ClientOptions:
    """The options that both clients take. Credentials are taken out before one is made."""

    api_key: str | None = attrs.field(
        default=None,
        repr=False,
        metadata=_doc("The API key; else ``SCENARIO_SDK_API_KEY``. Goes with ``api_secret``."),
    )
    api_secret: str | None = attrs.field(
        default=None,
        repr=False,
        metadata=_doc("The API secret; else ``SCENARIO_SDK_API_SECRET``."),
    )
    bearer_auth: str | Callable[[], str | Awaitable[str]] | None = attrs.field(
        default=None,
        repr=False,
        metadata=_doc(
            "A token, in place of key and secret; else ``SCENARIO_SDK_JWT``. Or a function that "
            "returns one, asynchronous or not (then it is called in a thread): it is called for "
            "each page, and once more where the server answers 401."
        ),
    )
    base_url: str | None = attrs.field(
        default=None,
        repr=False,
        converter=_shown_again,
        metadata=_doc("Where the API is; else ``SCENARIO_BASE_URL``, else the public service."),
    )
    project_id: str | None = attrs.field(
        default=None,
        validator=_text,
        metadata=_doc(
            "The project to search in; else ``SCENARIO_PROJECT_ID``, else the key's own."
        ),
    )
    timeout: float = attrs.field(
        default=60.0,
        validator=_seconds,
        metadata=_doc(
            "Seconds that one attempt may take; waiting for a free connection is not counted."
        ),
    )
    deadline: float | None = attrs.field(
        default=None,
        validator=_optional_seconds,
        metadata=_doc(
            "Seconds that a whole call may take, each page being one: attempts, and waits for"
            " the next attempt, the limiter or a free connection. ``None``: no limit."
        ),
    )
    max_retries: int = attrs.field(
        default=2,
        converter=as_int,
        validator=_whole(0),
        metadata=_doc("How many times a failed attempt is repeated."),
    )
    max_retry_wait: float = attrs.field(
        default=60.0,
        validator=_wait,
        metadata=_doc(
            "Seconds that a retry may wait. Where it would have to wait longer, the client "
            "raises immediately."
        ),
    )
    on_retry: Callable[[APIError, int, float], object] | None = attrs.field(
        default=None,
        repr=False,
        validator=_function,
        metadata=_doc(
            "A function, asynchronous or not, called before each retry with the error, the number "
            "of the retry from 1, and the seconds until then. What it raises ends the call."
        ),
    )
    max_connections: int = attrs.field(
        default=100,
        converter=as_int,
        validator=_whole(1),
        metadata=_doc("How many connections may be open at the same time."),
    )
    max_response_bytes: int = attrs.field(
        default=8 * 2**20,
        converter=as_int,
        validator=_whole(1),
        metadata=_doc("The largest response to accept, in bytes once decompressed."),
    )
    max_image_bytes: int = attrs.field(
        default=20 * 2**20,
        converter=as_int,
        validator=_whole(1),
        metadata=_doc("The largest reference image to send, in bytes."),
    )
    default_headers: Mapping[str, str] | None = attrs.field(
        default=None,
        repr=False,
        converter=hidden_values,
        validator=_headers,
        metadata=_doc(
            "Headers to send with every request. A response that repeats one of their values gets "
            "``[hidden]`` in its place."
        ),
    )
    default_query: Mapping[str, str] | None = attrs.field(
        default=None,
        repr=False,
        converter=hidden_values,
        validator=_query,
        metadata=_doc("Query-string parameters to send with every request."),
    )
    validate: bool = attrs.field(
        default=True,
        validator=_boolean,
        metadata=_doc("Whether requests are checked before they are sent."),
    )
    strict: bool = attrs.field(
        default=False,
        validator=_boolean,
        metadata=_doc("Whether a response that differs from the documentation is an error."),
    )
    allow_http: bool = attrs.field(
        default=False,
        validator=_boolean,
        metadata=_doc(
            "Whether credentials may travel over plain http to a host that is not this machine."
        ),
    )
    proxy: str | None = attrs.field(
        default=None,
        repr=False,
        converter=_hidden,
        validator=_proxy,
        metadata=_doc(
            "The URL of an http or https proxy for every request, with its user name and "
            "password if it requires them; else that of the environment. SOCKS is not "
            "supported."
        ),
    )
    trust_env: bool = attrs.field(
        default=True,
        validator=_boolean,
        metadata=_doc(
            "Whether ``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY`` and the system's settings "
            "choose the proxy where ``proxy`` does not. They are read when the client is "
            "made; a request to this machine never goes through their proxy."
        ),
    )
    ssl: SSLContext | None = attrs.field(
        default=None,
        repr=False,
        validator=_ssl_context,
        metadata=_doc(
            "Which certificates are trusted, of servers and of an https proxy: for an "
            'authority of your own, ``ssl.create_default_context(cafile="company.pem")``.'
        ),
    )
    limiter: AbstractAsyncContextManager[Any] | None = attrs.field(
        default=None,
        repr=False,
        validator=_context_manager,
        metadata=_doc("Entered around every attempt: ``aiolimiter.AsyncLimiter`` or a semaphore."),
    )
    converter: cattrs.BaseConverter | None = attrs.field(
        default=None,
        repr=False,
        validator=_converter,
        metadata=_doc(
            "Structures hits and unstructures requests: a converter of :func:`make_converter`"
            " with hooks of your own."
        ),
    )
    trace_configs: Sequence[aiohttp.TraceConfig] | None = attrs.field(
        default=None,
        repr=False,
        validator=_list,
        metadata=_doc("aiohttp's tracing hooks."),
    )


@attrs.frozen(kw_only=True, eq=False, slots=False)
class AsyncClientOptions(ClientOptions):
    """The options of an asynchronous client."""

    session: aiohttp.ClientSession | None = attrs.field(
        default=None,
        repr=False,
        metadata=_doc(
            "A session of the caller's, used for all requests and never closed by the client."
        ),
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
