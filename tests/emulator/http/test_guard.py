from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import aiohttp
import pytest
from chromium import CHROMIUM, run_chromium
from emulator_calls import asset, basic

from scenario_search.emulator import Emulator

PAGE = "http://localhost:5173"
ROUTES = [
    ("POST", "/v1/search/assets"),
    ("POST", "/v1/search/models"),
    ("GET", "/v1/openapi.json"),
    ("GET", "/openapi.json"),
    ("GET", "/healthz"),
    ("GET", "/assets/asset_1.png"),
    ("GET", "/assets-transform/asset_1"),
    ("GET", "/thumbnails/asset_1.webp"),
    ("GET", "/__emulator__/status"),
    ("GET", "/__emulator__/requests"),
    ("POST", "/__emulator__/reset"),
    ("GET", "/nowhere"),
]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(cors_origins=[f"{PAGE}/"], allowed_hosts=["Emulator.test"]) as emulator:
        emulator.load_sync([asset(1)])
        yield emulator


@pytest.fixture(scope="module")
def beyond() -> Iterator[Emulator]:
    """An emulator that other machines can reach."""
    with Emulator(host="0.0.0.0", allowed_hosts=["emulator"]) as emulator:
        yield emulator


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def asked(
    session: aiohttp.ClientSession, emulator: Emulator, method: str, path: str, **headers: str
) -> tuple[int, dict[str, Any]]:
    url = emulator.url.removesuffix("/v1") + path
    body = b'{"query": "x"}' if method == "POST" else None
    every = {"Content-Type": "application/json"} | headers
    async with session.request(method, url, data=body, headers=every) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(("method", "path"), ROUTES)
class TestEveryRoute:
    async def test_refuses_another_host_name(
        self, emulator: Emulator, session: aiohttp.ClientSession, method: str, path: str
    ) -> None:
        credentials = basic(emulator.api_key, emulator.api_secret)
        for host in ("evil.test", "evil.test:80", "127.0.0.1.evil.test", "localhost.evil.test", ""):
            status, body = await asked(session, emulator, method, path, Host=host, **credentials)
            assert (status, body["code"]) == (403, "FORBIDDEN")

    async def test_refuses_a_page_of_another_origin(
        self, emulator: Emulator, session: aiohttp.ClientSession, method: str, path: str
    ) -> None:
        for origin in ("http://evil.test", "null", "http://localhost:5174", emulator.url[:-3]):
            status, body = await asked(session, emulator, method, path, Origin=origin)
            assert (status, body["code"]) == (403, "FORBIDDEN")


class TestHosts:
    @pytest.mark.parametrize(
        "host",
        [
            *("localhost", "LOCALHOST:80", "localhost.", "api.localhost", "127.0.0.1", "127.1"),
            *("127.0.0.2:9", "2130706433", "0x7f.1", "[::1]:9", "[::ffff:127.0.0.1]"),
        ],
    )
    async def test_the_machine_itself_may_be_called_anything_it_is(
        self, emulator: Emulator, session: aiohttp.ClientSession, host: str
    ) -> None:
        for path in ("/healthz", "/__emulator__/status"):
            assert (await asked(session, emulator, "GET", path, Host=host))[0] == 200

    @pytest.mark.parametrize("host", ["192.168.1.1", "[2001:db8::1]:9", "0.0.0.0", "8.8.8.8"])
    async def test_on_loopback_no_other_address_is(
        self, emulator: Emulator, session: aiohttp.ClientSession, host: str
    ) -> None:
        assert (await asked(session, emulator, "GET", "/healthz", Host=host))[0] == 403

    async def test_one_may_be_allowed_by_name(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        for host in ("emulator.test", "EMULATOR.test.:80"):
            assert (await asked(session, emulator, "GET", "/healthz", Host=host))[0] == 200

    async def test_files_have_the_name_by_which_the_api_was_reached(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        with Emulator.demo(allowed_hosts=["emulator"]) as demo:
            headers = basic(demo.api_key, demo.api_secret) | {"Host": "emulator:99"}
            body = {"filter": "kind = image", "limit": 1}
            url = f"{demo.url}/search/assets"
            async with session.post(url, json=body, headers=headers) as response:
                (hit,) = (await response.json())["hits"]
            assert hit["url"].startswith("http://emulator:99/assets-transform/")
            own = hit["url"].replace("http://emulator:99", demo.url.removesuffix("/v1"))
            async with session.get(own) as response:
                assert response.status == 200


class TestBeyondLoopback:
    async def test_addresses_and_allowed_names_are_answered(
        self, beyond: Emulator, session: aiohttp.ClientSession
    ) -> None:
        hosts = {"localhost": 200, "172.17.0.2:8711": 200, "emulator:8711": 200, "evil.test": 403}
        for host, expected in hosts.items():
            assert (await asked(session, beyond, "GET", "/healthz", Host=host))[0] == expected

    async def test_the_control_plane_asks_for_credentials(
        self, beyond: Emulator, session: aiohttp.ClientSession
    ) -> None:
        path = "/__emulator__/status"
        status, body = await asked(session, beyond, "GET", path)
        assert (status, body["code"]) == (401, "UNAUTHORIZED")
        credentials = basic(beyond.api_key, beyond.api_secret)
        assert (await asked(session, beyond, "GET", path, **credentials))[0] == 200


class TestPages:
    async def test_one_of_an_allowed_origin_can_search(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        url, headers = f"{emulator.url}/search/assets", {"Origin": PAGE}
        preflight = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        async with session.options(url, headers=headers | preflight) as response:
            assert response.status == 204
            assert response.headers["Access-Control-Allow-Origin"] == PAGE
            assert "POST" in response.headers["Access-Control-Allow-Methods"]
            allowed = response.headers["Access-Control-Allow-Headers"]
            assert allowed == "authorization,content-type"
        headers |= basic(emulator.api_key, emulator.api_secret)
        async with session.post(url, json={"filter": "tags = all"}, headers=headers) as response:
            assert len((await response.json())["hits"]) == 1
            assert response.headers["Access-Control-Allow-Origin"] == PAGE
            assert "x-request-id" in response.headers["Access-Control-Expose-Headers"]
            assert response.headers["Vary"] == "Origin"

    async def test_it_sees_errors_and_faults_as_such(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        emulator.faults.add(status=503, times=1)
        url, headers = f"{emulator.url}/search/assets", {"Origin": PAGE}
        for status in (503, 401):
            async with session.post(url, json={"query": "x"}, headers=headers) as response:
                assert response.status == status
                assert response.headers["Access-Control-Allow-Origin"] == PAGE

    async def test_it_can_not_use_the_control_plane(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        status, _ = await asked(session, emulator, "GET", "/__emulator__/status", Origin=PAGE)
        assert status == 403

    async def test_preflights_are_no_requests_of_the_test(
        self, emulator: Emulator, session: aiohttp.ClientSession
    ) -> None:
        emulator.clear_requests()
        headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
        async with session.options(f"{emulator.url}/search/assets", headers=headers):
            assert emulator.requests == []

    async def test_a_file_is_no_page_of_the_emulator(
        self, session: aiohttp.ClientSession, tmp_path: Any
    ) -> None:
        (tmp_path / "asset_1.html").write_text("<script>fetch('/__emulator__/requests')</script>")
        with Emulator() as emulator:
            emulator.load_sync([asset(1, mimeType="text/html")], files=tmp_path)
            headers = basic(emulator.api_key, emulator.api_secret)
            url = f"{emulator.url}/search/assets"
            async with session.post(url, json={"filter": "tags = all"}, headers=headers) as reply:
                (hit,) = (await reply.json())["hits"]
            async with session.get(hit["url"]) as response:
                assert response.content_type == "text/html"
                assert response.headers["Content-Security-Policy"] == "sandbox"


REBINDING = """
const said = [];
const headers = {
    "Authorization": "Basic " + btoa("emulator-key:emulator-secret"),
    "Content-Type": "application/json",
};
const search = {method: "POST", headers, body: JSON.stringify({query: "castle"})};
for (const [path, options] of [
    ["/v1/search/assets", search], ["/openapi.json", {}], ["/healthz", {}],
    ["/__emulator__/requests", {}], ["/__emulator__/reset", {method: "POST"}],
]) {
    const response = await fetch(path, options);
    said.push(`${path} ${response.status} ${(await response.text()).includes("hits")}`);
}
document.body.textContent = said.join("|");
"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the path")
def test_a_page_whose_name_is_rebound_to_the_emulator_reads_nothing() -> None:
    """The page's own server gives its port to an emulator once the page is there."""
    is_open, is_rebound = Event(), Event()

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = self.path == "/go.js"
            if script:
                is_open.set()
                is_rebound.wait(60)
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html")
            self.end_headers()
            page = '<body><script type="module" src="/go.js"></script>'
            self.wfile.write((REBINDING if script else page).encode())

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    evil = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    evil.daemon_threads = True
    port = evil.server_address[1]
    Thread(target=evil.serve_forever, daemon=True).start()
    shown: list[str] = []

    def browse() -> None:
        rule = "--host-resolver-rules=MAP evil.test 127.0.0.1"
        shown.append(run_chromium(f"http://evil.test:{port}/", rule, "--dump-dom"))

    browser = Thread(target=browse)
    browser.start()
    assert is_open.wait(60)
    evil.shutdown()
    evil.server_close()
    with Emulator.demo(port=port) as emulator:
        is_rebound.set()
        browser.join(120)
        assert emulator.requests == []
    for path in ("/v1/search/assets", "/openapi.json", "/healthz", "/__emulator__/requests"):
        assert f"{path} 403 false" in shown[0]
