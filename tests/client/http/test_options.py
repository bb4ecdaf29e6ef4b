from __future__ import annotations

import asyncio
import pickle
import ssl
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import aiohttp
import pytest

from scenario_search import AsyncScenario, ConfigurationError, Scenario
from scenario_search.http.options import (
    DEFAULT_BASE_URL,
    AsyncClientOptions,
    resolve_base_url,
    resolve_project_id,
)

CANARY = "CANARY123"


# Secrets


def test_options_do_not_show_secrets() -> None:
    options = AsyncClientOptions(
        api_key=CANARY,
        api_secret=CANARY,
        bearer_auth=CANARY,
        base_url=f"https://u:{CANARY}@example.com",
        default_headers={"X-Token": CANARY},
        default_query={"token": CANARY},
    )
    assert CANARY not in repr(options)
    assert CANARY not in str(options)


@pytest.mark.parametrize(
    "given", [{"api_key": CANARY, "api_secret": CANARY}, {"bearer_auth": CANARY}]
)
def test_a_client_does_not_show_or_keep_secrets_in_its_options(given: dict[str, Any]) -> None:
    client = AsyncScenario(**given)
    assert CANARY not in repr(client) + str(client) + repr(client.options) + repr(client.search)
    assert CANARY not in repr(client.search.asset_search(query="x"))
    assert client.options.api_key is client.options.api_secret is client.options.bearer_auth is None


def test_a_client_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(AsyncScenario(bearer_auth=CANARY))


# Base URL


def base_url(given: str | None, *, allow_http: bool = False) -> str:
    return resolve_base_url(given, allow_http=allow_http)


def test_base_url_is_that_given_or_the_environments_or_the_public_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert base_url(None) == DEFAULT_BASE_URL == "https://api.cloud.scenario.com/v1"
    monkeypatch.setenv("SCENARIO_BASE_URL", "https://env.example.com/v1/")
    assert base_url(None) == "https://env.example.com/v1"
    assert base_url("https://given.example.com") == "https://given.example.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/api/v2",
        "HTTPS://Example.com",
        "https://[2001:db8::1]:8443/v1",
        "http://localhost:8000",
        "http://LOCALHOST",
        "http://api.localhost:8000/v1",
        "http://127.0.0.1:8000",
        "http://127.8.9.10",
        "http://[::1]:8000/v1",
    ],
)
def test_https_and_loopback_http_are_taken(url: str) -> None:
    assert base_url(url) == base_url(url + "/") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0:8000",
        "http://192.168.0.1",
        "http://[2001:db8::1]",
        "http://10.0.0.1:80/v1",
        "http://2130706433",
    ],
)
def test_other_http_is_refused_unless_allowed(url: str) -> None:
    with pytest.raises(ConfigurationError, match="would send credentials unencrypted"):
        base_url(url)
    assert base_url(url, allow_http=True) == url


UNREADABLE: list[Any] = [
    "example.com",
    "//example.com",
    "ftp://example.com",
    "https://",
    "https:/example.com",
    "https://exa mple.com",
    "https://local\thost",
    "https://example.com\n",
    "https://example.com\\@localhost",
    "https://[::1",
    "https://example.com:0",
    "https://example.com:99999",
    "https://example.com:port",
    "  ",
    5,
    b"https://example.com",
    f"u:{CANARY}@example.com",
    f"https://u:{CANARY}@",
    f"https://u:{CANARY}@example.com:port",
    f"https://u:{CANARY[:3]}/{CANARY[3:]}@example.com",
    f"example.com?token={CANARY}",
]


@pytest.mark.parametrize("url", UNREADABLE)
@pytest.mark.parametrize("allow_http", [False, True])
def test_what_is_no_absolute_url_is_refused(url: Any, allow_http: bool) -> None:
    with pytest.raises(ConfigurationError, match="must be an absolute https URL") as caught:
        base_url(url, allow_http=allow_http)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("allow_http", [False, True])
@pytest.mark.parametrize(
    "url",
    [
        f"https://u:{CANARY}@example.com",
        f"https://{CANARY}@example.com",
        f"http://:{CANARY}@localhost",
        f"https://example.com/v1?token={CANARY}",
        f"https://example.com/v1#{CANARY}",
        "https://example.com?",
        "https://example.com#",
    ],
)
def test_user_names_queries_and_fragments_are_refused_unseen(url: str, allow_http: bool) -> None:
    with pytest.raises(ConfigurationError, match="no user name, query or fragment") as caught:
        AsyncScenario(bearer_auth="t", base_url=url, allow_http=allow_http)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


# Project


def test_project_is_that_given_or_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_project_id(None) is None
    monkeypatch.setenv("SCENARIO_PROJECT_ID", "env")
    assert resolve_project_id(None) == "env"
    assert resolve_project_id("given") == "given"


# Other options


def test_defaults_are_the_documented_ones() -> None:
    options = AsyncClientOptions()
    shown = {
        "timeout": 60.0,
        "deadline": None,
        "max_retries": 2,
        "max_retry_wait": 60.0,
        "max_connections": 100,
        "max_response_bytes": 8_388_608,
        "max_image_bytes": 20_971_520,
        "validate": True,
        "strict": False,
        "allow_http": False,
        "proxy": None,
        "trust_env": True,
        "ssl": None,
        "limiter": None,
        "session": None,
        "trace_configs": None,
        "default_headers": None,
        "default_query": None,
    }
    assert {name: getattr(options, name) for name in shown} == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", 0.1),
        ("timeout", 5),
        ("deadline", None),
        ("deadline", 3600),
        ("max_retries", 0),
        ("max_retry_wait", 0),
        ("max_connections", 1),
        ("max_response_bytes", 1),
        ("max_image_bytes", 1),
        ("default_headers", {"X-A": "é\t1"}),
        ("default_query", {"a": ""}),
        ("project_id", "p"),
        ("limiter", asyncio.Semaphore(1)),
        ("trace_configs", ()),
        ("validate", False),
        ("trust_env", False),
        ("proxy", "http://proxy.example"),
        ("proxy", "https://me:p%40ss@[::1]:3128/"),
        ("ssl", ssl.create_default_context()),
    ],
)
def test_values_at_the_edge_are_taken(name: str, value: Any) -> None:
    assert getattr(AsyncClientOptions(**{name: value}), name) == value


SWITCHES = ("validate", "strict", "allow_http", "trust_env")
BAD_PROXIES: list[Any] = [
    *(5, "", "proxy.example:3128", "http://", "http:///x", "http://proxy.example:0"),
    *("socks5://proxy.example:1080", "http://proxy.example:port", "http://proxy.example/path"),
    *("http://proxy.example?x", "http://proxy.example#x", "http://me:p#ss@proxy.example"),
    *("http://proxy .example", "http://proxy.example\r\n", "http://a%3Ab:c@proxy.example"),
]
BAD_SECONDS: list[Any] = [-1, "5", True, float("nan"), float("inf"), [1]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("timeout", bad) for bad in [*BAD_SECONDS, 0, None]),
        *(("deadline", bad) for bad in [*BAD_SECONDS, 0]),
        *(("max_retry_wait", bad) for bad in [*BAD_SECONDS, False, None]),
        *(("max_retries", bad) for bad in (-1, 1.5, "1", True, None)),
        *(("max_connections", bad) for bad in (0, 1.5, True)),
        *(("max_response_bytes", bad) for bad in (0, 1.5)),
        *(("max_image_bytes", bad) for bad in (0, None)),
        *(("default_headers", bad) for bad in ("x", {"a b": "x"}, {"a": "x\r\n"}, {"a": 1})),
        *(("default_query", bad) for bad in ("x", {"a": 1}, {1: "a"})),
        ("project_id", 5),
        *(("limiter", bad) for bad in (5, asyncio.Semaphore, nullcontext)),
        *(("trace_configs", bad) for bad in (5, "x", aiohttp.TraceConfig())),
        *(("proxy", bad) for bad in BAD_PROXIES),
        *(("ssl", bad) for bad in (True, False, "company.pem", ssl.SSLContext)),
        *((name, bad) for name in SWITCHES for bad in ("no", 1, None)),
    ],
)
def test_other_values_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncClientOptions(**{name: value})
    assert str(caught.value).startswith(f"`{name}` ")


@pytest.mark.parametrize(
    "proxy",
    [
        f"socks5://me:{CANARY}@proxy.example",
        f"http://me:{CANARY}@proxy.example/path",
        f"http://me:{CANARY}#x@proxy.example",
        f"http://a%3Ab:{CANARY}@proxy.example",
        f"me:{CANARY}@proxy.example",
    ],
)
def test_credentials_of_a_proxy_are_not_shown(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^`proxy` must ") as caught:
        AsyncScenario(bearer_auth="t", proxy=proxy)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_values_of_headers_are_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncClientOptions(default_headers={"X-Token": f"{CANARY}\n"})
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("session", 5, "session takes an aiohttp.ClientSession, not int"),
        ("session", aiohttp.ClientSession, "session takes an aiohttp.ClientSession, not type"),
        ("trace_configs", [5], "trace_configs takes an aiohttp.TraceConfig, not int"),
    ],
)
def test_what_is_of_aiohttp_must_be_of_aiohttp(name: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncScenario(bearer_auth="t", **{name: value})
    assert str(caught.value) == message


def test_a_limiter_that_is_none_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncClientOptions(limiter=asyncio.Semaphore)  # type: ignore[arg-type]
    assert str(caught.value) == (
        "`limiter` must be an asynchronous context manager, such as asyncio.Semaphore(8), "
        "not the class Semaphore"
    )


MAKERS: dict[str, Callable[..., Any]] = {
    "AsyncScenario": lambda **options: AsyncScenario(bearer_auth="t", **options),
    "Scenario": lambda **options: Scenario(bearer_auth="t", **options),
    "AsyncScenario.demo": AsyncScenario.demo,
    "Scenario.demo": Scenario.demo,
    "AsyncScenario.with_options": AsyncScenario(bearer_auth="t").with_options,
    "Scenario.with_options": Scenario(bearer_auth="t").with_options,
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    ("option", "hint"), [("timeot", ": did you mean timeout?"), ("nothing_like_it", "")]
)
def test_an_unknown_option_is_refused_by_the_name_that_was_called(
    name: str, option: str, hint: str
) -> None:
    with pytest.raises(TypeError) as caught:
        MAKERS[name](**{option: 5})
    assert str(caught.value) == f"{name}() got an unexpected keyword argument {option!r}{hint}"


@pytest.mark.parametrize("name", ["Scenario", "Scenario.demo", "Scenario.with_options"])
def test_the_client_for_plain_code_takes_no_session(name: str) -> None:
    with pytest.raises(TypeError, match=r"Scenario takes no session.*: use AsyncScenario"):
        MAKERS[name](session=None)


@pytest.mark.parametrize("make", [AsyncScenario.demo, Scenario.demo])
def test_a_demo_client_has_the_address_and_the_credentials_of_its_emulator(
    make: Callable[..., Any],
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(api_key=CANARY, bearer_auth=CANARY, base_url="https://api.example")
    assert str(caught.value) == (
        "demo() takes no api_key, base_url, bearer_auth: a demo client has those of its emulator"
    )
