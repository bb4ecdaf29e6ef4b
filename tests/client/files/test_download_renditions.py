from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from file_server import Server, asset, manifest, names
from PIL import Image

from scenario_search import AsyncScenario
from scenario_search.emulator import Emulator
from scenario_search.wire.renditions import Rendition

SIGNED = (
    "/assets-transform/a?Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiKiJ9XX0_"
    "&Key-Pair-Id=k&Signature=s"
)
"""Its policy is ``{"Statement":[{"Resource":"*"}]}``."""


@pytest.fixture
async def demo() -> AsyncIterator[tuple[AsyncScenario, Emulator]]:
    with Emulator.demo() as emulator:
        keys: Any = {"api_key": emulator.api_key, "api_secret": emulator.api_secret}
        async with AsyncScenario(base_url=emulator.url, **keys) as client:
            yield client, emulator


async def test_renditions_are_downloaded_under_names_that_say_which(
    demo: tuple[AsyncScenario, Emulator], tmp_path: Path
) -> None:
    client, _ = demo
    page = await client.search.asset_search(query="dragon", filter='kind = "image"', limit=2)
    await client.download(page.hits, tmp_path)
    parameters: Any = {"width": 64, "height": 48, "fit": "fill", "format": "webp"}
    await client.download(page.hits, tmp_path, **parameters)
    stem = page.hits[0].id
    assert f"{stem}.w64-h48-fill.webp" in names(tmp_path)
    assert len(names(tmp_path)) == 4
    with Image.open(tmp_path / f"{stem}.w64-h48-fill.webp") as picture:
        assert (picture.format, picture.size) == ("WEBP", (64, 48))
    kept = await client.download(page.hits, tmp_path, **parameters)
    assert kept.skipped == 2


async def test_a_rendition_of_an_expired_url_is_made_of_the_fresh_one(
    demo: tuple[AsyncScenario, Emulator], tmp_path: Path
) -> None:
    client, emulator = demo
    page = await client.search.asset_search(query="dragon", filter='kind = "image"', limit=2)
    emulator.expire_urls()
    report = await client.download(page.hits, tmp_path, width=64)
    assert (report.downloaded, report.refreshed) == (2, 2)
    assert {name.split(".")[1] for name in names(tmp_path)} == {"w64"}


async def test_what_has_no_rendition_is_one_line(
    demo: tuple[AsyncScenario, Emulator], tmp_path: Path
) -> None:
    client, _ = demo
    text = await client.search.asset_search(filter='kind = "text"', limit=1)
    original = await client.search.asset_search(
        filter='kind = "image"', limit=1, original_assets=True
    )
    hits = [*text.hits, *original.hits]
    report = await client.download(hits, tmp_path, width=64, on_error="skip")
    assert {file.id for file in report.failed} == {hit.id for hit in hits}
    assert all("has no renditions" in str(file.error) for file in report.failed)


async def test_a_server_that_sends_another_format_is_not_believed(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    wanted = asset(1, server.url + SIGNED)
    report = await client.download([wanted], tmp_path, format="webp", on_error="skip")
    (failed,) = report.failed
    assert "is image/png, not image/webp" in str(failed.error)


@pytest.mark.parametrize(("format", "suffix"), [("jpg", "jpg"), ("tif", "tiff"), ("avif", "avif")])
async def test_each_format_is_known_by_its_first_bytes(
    server: Server, client: AsyncScenario, tmp_path: Path, format: Any, suffix: str
) -> None:
    async def converted(request: web.Request) -> web.StreamResponse:
        assert request.query["format"] == format
        if format == "avif":  # which a Pillow before 11.3 cannot write
            return web.Response(body=b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf")
        body = io.BytesIO()
        Image.new("RGB", (4, 4)).save(body, {"jpg": "jpeg", "tif": "tiff"}[format])
        return web.Response(body=body.getvalue())

    server.respond = converted
    url = server.url + SIGNED
    assert Rendition(format=format).url(url) is not None
    await client.download([asset(1, url)], tmp_path, format=format)
    assert names(tmp_path) == {f"asset_000001.converted.{suffix}"}
    (line,) = manifest(tmp_path)
    assert line["mime"] == {"jpg": "image/jpeg", "tif": "image/tiff"}.get(format, "image/avif")
