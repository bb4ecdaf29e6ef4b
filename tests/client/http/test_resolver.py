from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from fake_transport import client_of
from file_server import asset
from raw_server import Answer, RawServer, http

from scenario_search.http.destinations import LocalAddressError
from scenario_search.http.resolver import OutwardResolver

PAGE = Answer(http(b'{"hits": [{"id": "a"}]}'), "keep")
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)
LOCAL = "a server elsewhere must not lead to this machine"

Names = Callable[[Mapping[str, Sequence[str]]], None]


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Sets the addresses of names, in place of the operating system's resolver."""

    def resolve_as(addresses: Mapping[str, Sequence[str]]) -> None:
        async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
            return [
                (
                    socket.AF_INET6 if ":" in address else socket.AF_INET,
                    socket.SOCK_STREAM,
                    6,
                    "",
                    (address, port, 0, 0) if ":" in address else (address, port),
                )
                for address in addresses[host]
            ]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)

    return resolve_as


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "169.254.169.254", "::ffff:127.0.0.1"]
)
async def test_a_name_with_local_addresses_only_is_refused(names: Names, address: str) -> None:
    names({"cdn.example": [address]})
    with pytest.raises(LocalAddressError):
        await OutwardResolver(()).resolve("cdn.example", 443)


async def test_local_addresses_among_others_are_left_out(names: Names) -> None:
    names({"cdn.example": ["127.0.0.1", "93.184.216.34", "169.254.1.1", "2606:2800::1"]})
    addresses = await OutwardResolver(()).resolve("cdn.example", 443)
    assert [address["host"] for address in addresses] == ["93.184.216.34", "2606:2800::1"]


@pytest.mark.parametrize("host", ["api.example", "API.example", "api.example."])
async def test_a_trusted_name_may_have_local_addresses(names: Names, host: str) -> None:
    names({host: ["127.0.0.1"]})
    (address,) = await OutwardResolver({"api.example"}).resolve(host, 443)
    assert address["host"] == "127.0.0.1"


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254"])
async def test_a_download_does_not_reach_a_name_that_leads_here(
    names: Names, tmp_path: Path, address: str
) -> None:
    names({"cdn.example": [address]})
    async with (
        RawServer(http(PICTURE)) as server,
        client_of("https://api.example/v1", allow_http=True) as client,
    ):
        urls = [f"http://me:hunter2@cdn.example:{server.port}/{n}?Signature=s" for n in range(3)]
        files = [asset(number, url) for number, url in enumerate(urls)]
        report = await client.download(files, tmp_path, on_error="skip")
        assert sorted(str(file.error) for file in report.failed) == [
            f"'http://cdn.example:{server.port}/{n}' is not fetched: {LOCAL}" for n in range(3)
        ]
        assert server.requests == []


async def test_the_api_itself_and_its_files_may_be_on_this_machine(
    names: Names, tmp_path: Path
) -> None:
    names({"api.example": ["127.0.0.1"]})
    async with RawServer(PAGE, http(PICTURE, "Content-Type: image/png")) as server:
        url = f"http://api.example:{server.port}"
        async with client_of(url, allow_http=True) as client:
            assert (await client.search.asset_search(query="x")).hits[0].id == "a"
            report = await client.download([asset(1, f"{url}/a")], tmp_path)
    assert report.downloaded == 1


async def test_an_api_on_this_machine_may_name_others_on_it(names: Names, tmp_path: Path) -> None:
    names({"cdn.example": ["127.0.0.1"]})
    async with (
        RawServer(http(PICTURE)) as server,
        client_of("http://127.0.0.1:9/v1", allow_http=True) as client,
    ):
        report = await client.download([asset(1, f"http://cdn.example:{server.port}/a")], tmp_path)
    assert report.downloaded == 1


async def test_a_proxy_may_be_on_this_machine(names: Names) -> None:
    names({"proxy.example": ["127.0.0.1"]})
    async with RawServer(PAGE) as proxy:
        url = f"http://proxy.example:{proxy.port}"
        async with client_of("http://api.example", allow_http=True, proxy=url) as client:
            assert (await client.search.asset_search(query="x")).hits[0].id == "a"
