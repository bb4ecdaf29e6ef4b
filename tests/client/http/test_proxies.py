from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest
import trustme
from broken_servers import TLSServer
from fake_transport import client_of
from forward_proxy import ForwardProxy
from raw_server import Answer, RawServer, http

from scenario_search import (
    APICertificateError,
    APIConnectionError,
    APIStatusError,
    AsyncScenario,
    BadRequestError,
    ConfigurationError,
    Scenario,
    SearchAssetSearchResponse,
)
from scenario_search.http.proxies import Proxies, Proxy

PAGE = Answer(http(b'{"hits": [{"id": "a"}]}'), "keep")
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


# Which one


def proxy_for(url: str, proxy: str | None = None, *, trust_env: bool = True) -> str | None:
    found = Proxies(proxy, trust_env=trust_env).for_url(url)
    return found and found.url


def test_without_a_proxy_there_is_none() -> None:
    assert proxy_for("https://api.example/v1") is None


def test_the_client_has_one_for_every_url() -> None:
    for url in ("https://api.example/v1", "http://127.0.0.1:8000", "http://localhost"):
        assert proxy_for(url, "http://proxy.example:3128") == "http://proxy.example:3128"


def test_the_environment_has_one_for_each_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://a.example:1")
    monkeypatch.setenv("http_proxy", "http://b.example:2")
    monkeypatch.setenv("ALL_PROXY", "http://c.example:3")
    assert proxy_for("https://api.example") == "http://a.example:1"
    assert proxy_for("http://api.example") == "http://b.example:2"


def test_the_client_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://a.example:1")
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxy_for("https://api.example", "http://b.example:2") == "http://b.example:2"


def test_the_environment_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://a.example:1")
    assert proxy_for("https://api.example", trust_env=False) is None


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_proxied"),
    [
        ("api.example", "https://api.example/v1", False),
        ("example", "https://api.example/v1", False),
        (".example", "https://api.example/v1", False),
        ("other.example, api.example", "https://api.example/v1", False),
        ("api.example:8443", "https://api.example:8443/v1", False),
        ("api.example:8443", "https://api.example/v1", True),
        ("*", "https://api.example/v1", False),
        ("pi.example", "https://api.example/v1", True),
        ("", "https://api.example/v1", True),
    ],
)
def test_hosts_that_need_none(
    no_proxy: str, url: str, is_proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://a.example:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (proxy_for(url) is not None) == is_proxied


@pytest.mark.parametrize(
    "host", ["localhost", "emulator.localhost", "127.0.0.1:8000", "127.8.9.1", "[::1]:8000"]
)
def test_the_environment_has_none_for_this_machine(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://a.example:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://a.example:1")
    assert proxy_for(f"http://{host}/v1") is None
    assert proxy_for(f"https://{host}/v1") is None


def test_a_scheme_may_be_absent_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    assert proxy_for("https://api.example") == "http://proxy.example:3128"


def test_one_of_the_environment_that_cannot_be_used_is_an_error_when_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://me:hunter2@proxy.example:1080")
    proxies = Proxies(trust_env=True)
    assert proxies.for_url("http://127.0.0.1:8000") is None
    with pytest.raises(ConfigurationError, match=r"proxy for https .* SOCKS") as raised:
        proxies.for_url("https://api.example")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        ("", {}),
        ("me:secret@", {"Proxy-Authorization": "Basic bWU6c2VjcmV0"}),
        ("me@", {"Proxy-Authorization": "Basic bWU6"}),
        ("me:p%40%C3%A9:%2F@", {"Proxy-Authorization": "Basic bWU6cEDDqTov"}),
    ],
)
def test_credentials_of_a_url_are_a_header(credentials: str, header: dict[str, str]) -> None:
    proxy = Proxy.of(f"https://{credentials}proxy.example:3128/")
    assert proxy.url == "https://proxy.example:3128"
    assert proxy.headers == header
    assert "bWU6" not in repr(proxy) + repr(proxy.headers)


# Through one, over sockets


@attrs.frozen
class Network:
    """Servers whose names only a proxy knows, and whose certificates only a company trusts."""

    api: RawServer
    plain_api: RawServer
    cdn: RawServer
    servers: dict[str, int]
    trusting: ssl.SSLContext
    context: ssl.SSLContext

    def client(self, **options: Any) -> AsyncScenario:
        return client_of("https://api.example", ssl=self.trusting, max_retries=0, **options)


@pytest.fixture(scope="module")
def certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("api.example", "cdn.example", "127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return context, trusting


@pytest.fixture
async def network(
    certificates: tuple[ssl.SSLContext, ssl.SSLContext],
) -> AsyncIterator[Network]:
    context, trusting = certificates
    async with (
        TLSServer(context, PAGE) as api,
        RawServer(PAGE) as plain_api,
        TLSServer(context, http(PICTURE, "Content-Type: image/png")) as cdn,
    ):
        servers = {"api.example": api.port, "cdn.example": cdn.port, "plain": plain_api.port}
        yield Network(api, plain_api, cdn, servers, trusting, context)


@pytest.fixture(params=["http", "https"])
async def proxy(request: pytest.FixtureRequest, network: Network) -> AsyncIterator[ForwardProxy]:
    context = network.context if request.param == "https" else None
    async with ForwardProxy(network.servers, context=context) as running:
        yield running


async def test_a_search_goes_through_a_tunnel(network: Network, proxy: ForwardProxy) -> None:
    async with network.client(proxy=proxy.url) as client:
        for _ in range(2):
            assert (await client.search.asset_search(query="x")).hits[0].id == "a"
    assert proxy.asked == ["CONNECT api.example:443 HTTP/1.1"]
    assert len(network.api.requests) == 2


async def test_without_tls_the_proxy_forwards_the_request(
    network: Network, proxy: ForwardProxy
) -> None:
    options: dict[str, Any] = {"proxy": proxy.url, "ssl": network.trusting, "allow_http": True}
    async with client_of("http://plain", **options) as client:
        assert (await client.search.asset_search(query="x")).hits[0].id == "a"
    assert proxy.asked == ["POST http://plain/search/assets HTTP/1.1"]


@pytest.mark.parametrize("base_url", ["https://api.example", "http://plain"])
async def test_the_proxy_is_sent_its_credentials_and_nobody_else(
    base_url: str, network: Network
) -> None:
    async with ForwardProxy(network.servers, credentials="me:p@ss") as proxy:
        options: dict[str, Any] = {"ssl": network.trusting, "allow_http": True}
        async with client_of(base_url, proxy=proxy.url_with("me:p%40ss"), **options) as client:
            assert (await client.search.asset_search(query="x")).hits[0].id == "a"
    received = network.api.requests + network.plain_api.requests
    assert len(received) == 1
    assert b"proxy-authorization" not in received[0].lower()
    assert b"Authorization: Basic a2V5OnNlY3JldA==" in received[0]


@pytest.mark.parametrize("credentials", ["", "me:wrong-secret@"])
async def test_a_proxy_that_wants_other_credentials_is_asked_once(
    credentials: str, network: Network
) -> None:
    async with ForwardProxy(network.servers, credentials="me:secret") as proxy:
        url = proxy.url.replace("://", f"://{credentials}")
        client = client_of("https://api.example", ssl=network.trusting, proxy=url)
        async with client:
            with pytest.raises(ConfigurationError, match=r"credentials.*\(407\)") as raised:
                await client.search.asset_search(query="x")
        assert len(proxy.asked) == 1
    assert "wrong-secret" not in str(raised.value)


async def test_a_plain_request_that_the_proxy_refuses_is_a_status_error(network: Network) -> None:
    async with ForwardProxy(network.servers, credentials="me:secret") as proxy:
        options: dict[str, Any] = {"proxy": proxy.url, "allow_http": True}
        async with client_of("http://plain", **options) as client:
            with pytest.raises(APIStatusError) as raised:
                await client.search.asset_search(query="x")
    assert raised.value.status_code == 407


async def test_a_proxy_that_cannot_connect_says_so_and_is_asked_again(network: Network) -> None:
    async with ForwardProxy({}, refusal="502 Bad Gateway") as proxy:
        client = client_of("https://api.example", ssl=network.trusting, proxy=proxy.url)
        client._requester.chance = lambda: 0.0
        async with client:
            with pytest.raises(APIConnectionError, match=r"The proxy .* answered 502"):
                await client.search.asset_search(query="x")
        assert len(proxy.asked) == 3


@pytest.mark.parametrize("variable", [False, True], ids=["proxy=", "HTTP_PROXY"])
async def test_what_hands_back_a_proxys_credentials_shows_them_nowhere(
    *, variable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without TLS the proxy reads them from the request itself, and may quote it."""
    pair = base64.b64encode(b"me:hunter2+pass").decode()
    told = f"Proxy-Authorization: Basic {pair}, or me:hunter2+pass, or hunter2%2Bpass"
    echo = http(told.encode(), f"X-Request-Id: {pair}", status="400 Bad Request")
    async with RawServer(echo) as proxy:
        url = proxy.url.replace("//", "//me:hunter2%2Bpass@")
        options: dict[str, Any] = {"allow_http": True, "max_retries": 0}
        if variable:
            monkeypatch.setenv("HTTP_PROXY", url)
            monkeypatch.setenv("HTTPS_PROXY", "http://[not a url")
        else:
            options["proxy"] = url
        async with client_of("http://api.example", **options) as client:
            with pytest.raises(BadRequestError) as raised:
                await client.search.asset_search(query="x")
    shown = f"{raised.value} {vars(raised.value)}"
    assert "hunter2" not in shown
    assert pair.rstrip("=") not in shown


async def test_a_proxy_that_is_not_there_is_named_without_its_password(network: Network) -> None:
    async with ForwardProxy({}) as proxy:
        gone = proxy.url_with("me:hunter2")
    async with network.client(proxy=gone) as client:
        with pytest.raises(APIConnectionError) as raised:
            await client.search.asset_search(query="x")
        assert "hunter2" not in repr(client) + repr(client.options)
    assert raised.value.message == (
        f"The connection to the proxy 127.0.0.1:{proxy.port} failed: Connection refused"
    )


async def test_a_proxy_that_is_not_there_is_named_where_the_server_has_the_same_host() -> None:
    async with ForwardProxy({}) as proxy, RawServer() as server:
        pass
    async with client_of(server.url, proxy=proxy.url, max_retries=0) as client:
        with pytest.raises(APIConnectionError, match=rf"the proxy 127.0.0.1:{proxy.port} failed"):
            await client.search.asset_search(query="x")


async def test_a_proxy_whose_certificate_is_not_trusted_is_named(network: Network) -> None:
    async with ForwardProxy(network.servers, context=network.context) as proxy:
        async with client_of("https://api.example", proxy=proxy.url) as client:
            with pytest.raises(APICertificateError, match=f"proxy 127.0.0.1:{proxy.port} is not"):
                await client.search.asset_search(query="x")
    assert proxy.asked == []


async def test_a_server_behind_the_proxy_that_is_not_trusted_is_named(network: Network) -> None:
    async with (
        ForwardProxy(network.servers) as proxy,
        client_of("https://api.example", proxy=proxy.url) as client,
    ):
        with pytest.raises(APICertificateError, match=r"certificate of https://api\.example/"):
            await client.search.asset_search(query="x")


async def test_the_environments_proxy_is_used(
    network: Network, proxy: ForwardProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    async with network.client() as client:
        assert (await client.search.asset_search(query="x")).hits[0].id == "a"
    assert len(proxy.asked) == 1
    async with RawServer(PAGE) as here, client_of(here.url) as client:
        await client.search.asset_search(query="x")
    assert len(proxy.asked) == 1


async def test_a_synchronous_client_goes_through_it_too(
    network: Network, proxy: ForwardProxy
) -> None:
    def search() -> str:
        options: dict[str, Any] = {
            "api_key": "key",
            "api_secret": "secret",
            "ssl": network.trusting,
        }
        with Scenario(base_url="https://api.example", proxy=proxy.url, **options) as client:
            return client.search.asset_search(query="x").hits[0].id

    assert await asyncio.to_thread(search) == "a"
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("by", ["option", "environment"])
async def test_downloads_go_through_it_too(
    by: str, network: Network, proxy: ForwardProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "environment":
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    asset = SearchAssetSearchResponse(id="a", url="https://cdn.example/a.png?Signature=s")
    async with network.client(**{"proxy": proxy.url} if by == "option" else {}) as client:
        await client.download([asset], tmp_path)
    assert (tmp_path / "a.png").read_bytes() == PICTURE
    assert proxy.asked == ["CONNECT cdn.example:443 HTTP/1.1"]


# A caller's session


@pytest.mark.parametrize(
    ("name", "value"),
    [("proxy", "http://proxy.example:3128"), ("ssl", ssl.create_default_context())],
)
async def test_what_belongs_to_a_session_is_refused_beside_one(name: str, value: Any) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match=f"`{name}` belongs to the session"):
            client_of("https://api.example", session=session, **{name: value})


async def test_a_callers_session_chooses_its_own_proxy(
    network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asset = SearchAssetSearchResponse(id="a", url="https://cdn.example/a.png")
    async with ForwardProxy(network.servers) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        connector = aiohttp.TCPConnector(ssl=network.trusting)
        async with aiohttp.ClientSession(connector=connector, trust_env=True) as session:
            client = client_of("https://api.example", session=session)
            await client.search.asset_search(query="x")
            await client.download([asset], tmp_path)
        connector = aiohttp.TCPConnector(ssl=network.trusting)
        async with aiohttp.ClientSession(connector=connector) as session:
            client = client_of("https://api.example", session=session, max_retries=0)
            with pytest.raises(APIConnectionError):
                await client.search.asset_search(query="x")
    assert proxy.asked == [
        "CONNECT api.example:443 HTTP/1.1",
        "CONNECT cdn.example:443 HTTP/1.1",
    ]


async def test_credentials_in_netrc_replace_none_of_the_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(netrc))
    picture = http(PICTURE, "Content-Type: image/png")
    async with (
        RawServer(PAGE, picture) as server,
        aiohttp.ClientSession(trust_env=True) as session,
    ):
        client = client_of(server.url, session=session)
        await client.search.asset_search(query="x")
        asset = SearchAssetSearchResponse(id="a", url=f"{server.url}/a.png")
        await client.download([asset], tmp_path)
    search, file = server.requests
    assert search.lower().count(b"authorization:") == 1
    assert b"Authorization: Basic a2V5OnNlY3JldA==" in search
    assert b"authorization" not in file.lower()
