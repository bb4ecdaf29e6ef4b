from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from scenario_search.emulator import Emulator, LoadReport
from scenario_search.files.names import file_name


def asset(id_: str) -> dict[str, Any]:
    return {"id": id_, "url": f"https://cdn.test/{len(id_)}"}


async def served(emulator: Emulator, id_: str) -> bytes | str:
    """The file behind an asset's URL; the URL where it leads elsewhere."""
    headers = {"Authorization": f"Bearer {emulator.bearer_auth}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        body = {"query": "", "filter": "createdAt NOT EXISTS", "limit": 100}
        async with session.post(f"{emulator.url}/search/assets", json=body) as response:
            hits = {hit["id"]: hit for hit in (await response.json())["hits"]}
        url = hits[id_]["url"]
        if not url.startswith(emulator.url.removesuffix("/v1")):
            return str(url)
        async with session.get(url) as response:
            assert response.status == 200
            return await response.read()


async def test_the_report_tells_what_became_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("a.png", "deep/b.webp", "deep/nobodys.png", "manifest.jsonl"):
        (tmp_path / name).write_bytes(name.encode())
    async with Emulator() as emulator:
        await emulator.load([asset("b")])
        report = await emulator.load([asset("a"), asset("b"), asset("c")], files=tmp_path)
        assert report == LoadReport(
            added=2,
            updated=1,
            files_matched=2,
            files_unmatched=(Path("deep/nobodys.png"), Path("manifest.jsonl")),
        )
        assert await served(emulator, "b") == b"deep/b.webp"


async def test_a_file_that_can_not_be_read_is_told_and_its_asset_keeps_its_url(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.png").write_bytes(b"a")
    (tmp_path / "b.png").write_bytes(b"b")

    def documents() -> Iterator[dict[str, Any]]:
        (tmp_path / "a.png").unlink()
        yield from (asset("a"), asset("b"))

    async with Emulator() as emulator:
        report = await emulator.load(documents(), files=tmp_path)
        assert (report.added, report.files_matched) == (2, 1)
        assert report.files_unreadable == (Path("a.png"),)
        assert report.files_unmatched == ()
        assert await served(emulator, "a") == "https://cdn.test/1"


@pytest.mark.parametrize("id_", ["plain", "a b", "a.b", "a/b: ä?", "con", "x" * 200])
@pytest.mark.parametrize("media_type", ["image/png", None])
async def test_a_download_has_the_names_that_are_looked_for(
    tmp_path: Path, id_: str, media_type: str | None
) -> None:
    (tmp_path / file_name(id_, media_type, "")).write_bytes(b"its file")
    async with Emulator() as emulator:
        report = await emulator.load([asset(id_)], files=tmp_path)
        assert report.files_matched == 1
        assert await served(emulator, id_) == b"its file"


async def test_a_wrong_document_is_refused_as_without_files(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": "a"}\n[]\n')
    async with Emulator() as emulator:
        with pytest.raises(ValueError, match=f"{path}:2: it must be a JSON object"):
            await emulator.load(path, files=tmp_path)


async def test_files_are_of_assets_only(tmp_path: Path) -> None:
    async with Emulator() as emulator:
        with pytest.raises(ValueError, match="files go with assets, not with models"):
            await emulator.load([], "models", files=tmp_path)
