"""Files whose server goes wrong: what cannot be had whole is never taken for whole."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from pathlib import Path

import pytest
from broken_servers import certified
from fake_transport import client_of
from raw_server import RawServer, http

from scenario_search import APICertificateError, SearchAssetSearchResponse
from scenario_search.emulator import Emulator
from scenario_search.files.options import DownloadReport

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100
PACKED = gzip.compress(PICTURE)


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


async def downloaded(answer: bytes, directory: Path) -> DownloadReport:
    """What becomes of one file."""
    async with RawServer(answer) as server, client_of(server.url, max_retries=0) as client:
        client._requester.sleep = no_sleep
        asset = SearchAssetSearchResponse(id="a", url=f"{server.url}/a.png")
        return await client.download([asset], directory, on_error="skip")


@pytest.mark.parametrize("coding", ["aws-chunked", "identity"])
async def test_a_content_coding_that_changes_nothing_is_accepted(
    coding: str, tmp_path: Path
) -> None:
    report = await downloaded(http(PICTURE, f"Content-Encoding: {coding}"), tmp_path)
    assert (report.downloaded, report.failed) == (1, [])
    assert (tmp_path / "a.png").read_bytes() == PICTURE


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", PACKED),
        ("gzip", PACKED[:-9]),
        ("gzip", b""),
        ("gzip", PICTURE),
        ("gzip", gzip.compress(bytes(30_000_000), 1)),
        ("deflate", zlib.compress(PICTURE)),
        ("br", PICTURE),
    ],
    ids=["complete", "cut off", "empty", "not packed", "bomb", "deflate", "br"],
)
async def test_a_coded_file_is_not_saved(coding: str, data: bytes, tmp_path: Path) -> None:
    report = await downloaded(http(data, f"Content-Encoding: {coding}"), tmp_path)
    (failed,) = report.failed
    assert f"was sent with Content-Encoding '{coding}'" in str(failed.error)
    assert report.bytes == 0
    assert not (tmp_path / "a.png").exists()


async def test_a_file_is_not_taken_from_a_server_that_is_not_trusted(tmp_path: Path) -> None:
    scene = certified("other.example", answer=http(PICTURE))
    async with scene(Emulator()) as there, client_of(there.url) as client:
        asset = SearchAssetSearchResponse(id="a", url=f"{there.url}/a.png")
        with pytest.raises(APICertificateError, match=r"certificate of https://127\.0\.0\.1"):
            await client.download([asset], tmp_path)
