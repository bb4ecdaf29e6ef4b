from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import orjson
import pytest
from PIL import Image

from scenario_search.emulator import Emulator
from scenario_search.emulator.contract.refusals import RefusedError
from scenario_search.emulator.engine.library import Library
from scenario_search.emulator.store.files import STORED_ORIGIN, Files, file_blob
from scenario_search.emulator.store.store import Store

DOCUMENT = orjson.dumps(
    {"id": "asset_1", "url": f"{STORED_ORIGIN}/assets/asset_1.png?old=1", "mimeType": "image/png"}
)


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(clock: Clock) -> Iterator[Files]:
    with Store() as store:
        yield Files(store, lifetime=60, clock=clock)


def signed(files: Files, asset_id: str = "asset_1", *, originals: bool = False) -> tuple[str, str]:
    document = DOCUMENT.replace(b"asset_1", asset_id.encode())
    answered = files.with_urls(document, b"http://127.0.0.1:9", originals=originals)
    url = orjson.loads(answered)["url"]
    path, _, query_string = url.removeprefix("http://127.0.0.1:9").partition("?")
    return path, query_string


def store_file(files: Files, content: bytes) -> None:
    files._store.upsert("assets", [DOCUMENT], blobs=lambda id_: {file_blob(id_): content})
    files.clear_cache()


def test_a_url_as_it_was_answered_leads_to_the_file(files: Files) -> None:
    path, query_string = signed(files)
    assert path == "/assets-transform/asset_1"
    store_file(files, b"content")
    assert files.read(path, query_string)[0] == b"content"


def test_an_original_has_a_url_of_its_own(files: Files) -> None:
    path, query_string = signed(files, originals=True)
    assert path == "/assets/asset_1.png"
    store_file(files, b"content")
    assert files.read(path, query_string)[0] == b"content"


def test_a_url_of_another_host_stays_as_it_is(files: Files) -> None:
    document = orjson.dumps({"url": "https://cdn.test/x.png?Signature=abc"})
    assert files.with_urls(document, b"http://127.0.0.1:9") == document


def test_the_url_of_a_thumbnail_is_public(files: Files) -> None:
    both = {"url": f"{STORED_ORIGIN}/assets/a.mp4", "thumbnail": f"{STORED_ORIGIN}/thumbnails/b"}
    document = orjson.loads(files.with_urls(orjson.dumps(both), b"http://h"))
    assert document["url"].startswith("http://h/assets-transform/a?Policy=")
    assert document["thumbnail"] == "http://h/thumbnails/b"


@pytest.mark.parametrize("path", ["/assets/asset_1.png", "/assets-transform/asset_1"])
def test_a_file_without_its_signature_is_a_403(files: Files, path: str) -> None:
    with pytest.raises(RefusedError) as caught:
        files.read(path)
    assert caught.value.status == 403


def test_expiring_by_hand_ends_all_urls_so_far(files: Files) -> None:
    store_file(files, b"content")
    path, query_string = signed(files)
    files.expire_urls()
    with pytest.raises(RefusedError):
        files.read(path, query_string)
    files.read(*signed(files))


def test_a_picture_is_transformed_by_parameters_behind_the_signature(files: Files) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (8, 4), "red").save(picture, "PNG")
    store_file(files, picture.getvalue())
    path, query_string = signed(files)
    content, media_type = files.read(path, f"{query_string}&width=4&format=webp")
    assert media_type == "image/webp"
    assert Image.open(io.BytesIO(content)).size == (4, 2)
    assert files.read(path, query_string)[0] == picture.getvalue()


@pytest.fixture(scope="module")
def demo() -> Iterator[Emulator]:
    with Emulator.demo() as emulator:
        yield emulator


@pytest.fixture
async def session(demo: Emulator) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {demo.bearer_auth}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield session


async def first(emulator: Emulator, session: aiohttp.ClientSession, filter: str) -> dict[str, Any]:
    url, body = f"{emulator.url}/search/assets", {"filter": filter, "limit": 1}
    async with session.post(url, json=body) as response:
        hits = (await response.json())["hits"]
    assert hits
    return dict(hits[0])


async def test_an_image_is_a_picture_of_its_size(
    demo: Emulator, session: aiohttp.ClientSession
) -> None:
    hit = await first(demo, session, 'mimeType = "image/png" AND width < 1100')
    async with session.get(hit["url"]) as response:
        assert (response.status, response.content_type) == (200, "image/png")
        picture = Image.open(io.BytesIO(await response.read()))
    assert picture.size == (hit["metadata"]["width"], hit["metadata"]["height"])


@pytest.mark.parametrize("kind", ["video", "audio", "3d", "text"])
async def test_other_kinds_have_a_file_of_their_type(
    demo: Emulator, session: aiohttp.ClientSession, kind: str
) -> None:
    hit = await first(demo, session, f"kind = {kind}")
    async with session.get(hit["url"]) as response:
        assert (response.status, response.content_type) == (200, hit["mimeType"])
        assert await response.read()


async def test_a_thumbnail_is_a_webp(demo: Emulator, session: aiohttp.ClientSession) -> None:
    hit = await first(demo, session, "kind = video")
    async with session.get(hit["thumbnail"]["url"]) as response:
        assert Image.open(io.BytesIO(await response.read())).format == "WEBP"


async def test_a_changed_url_is_a_403(demo: Emulator, session: aiohttp.ClientSession) -> None:
    hit = await first(demo, session, "kind = text")
    async with session.get(hit["url"] + "0") as response:
        assert response.status == 403
        assert (await response.json())["code"] == "ACCESS_DENIED"


async def test_the_file_of_a_deleted_asset_is_a_404(session: aiohttp.ClientSession) -> None:
    async with Emulator.demo(bearer_auth="emulator-token") as emulator:
        hit = await first(emulator, session, "kind = text")
        await emulator.delete([hit["id"]])
        async with session.get(hit["url"]) as response:
            assert response.status == 404


def test_what_was_read_as_it_changed_is_not_kept(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded_slowly(document: Mapping[str, Any]) -> bytes | None:
        found = loaded(document)
        store_file(files, b"new")
        return found

    store_file(files, b"old")
    loaded = files.loaded
    with monkeypatch.context() as patched:
        patched.setattr(files, "loaded", loaded_slowly)
        assert files.read(*signed(files))[0] == b"old"
    assert files.read(*signed(files))[0] == b"new"


def test_a_file_is_read_once_until_something_changes(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_file(files, b"content")
    files.read(*signed(files))
    monkeypatch.setattr(files, "loaded", lambda _: b"read again")
    assert files.read(*signed(files))[0] == b"content"
    files.clear_cache()
    assert files.read(*signed(files))[0] == b"read again"


class FailsLater:
    """An embedder whose first call is its last that succeeds."""

    name, dimensions = "fails later", 1
    calls = 0

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.calls += 1
        if self.calls > 1:
            raise OSError("the embedder is gone")
        return np.ones((len(texts), 1), np.float32)


def test_a_new_file_is_served_though_its_documents_embedding_fails(tmp_path: Path) -> None:
    with Library(None, FailsLater()) as library:
        (tmp_path / "a.txt").write_text("old")
        library.load([{"id": "a", "name": "castle"}], folder=tmp_path)
        library.prepare(texts=True, pictures=False)
        assert library.files.read(*signed(library.files, "a"))[0] == b"old"
        (tmp_path / "a.txt").write_text("new")
        with pytest.raises(OSError, match="gone"):
            library.load([{"id": "a", "name": "dragon"}], folder=tmp_path)
        assert library.files.read(*signed(library.files, "a"))[0] == b"new"


class TestLoadedFiles:
    async def test_an_assets_file_is_served_under_its_url(
        self, tmp_path: Path, session: aiohttp.ClientSession
    ) -> None:
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "asset 1.png").write_bytes(b"picture")
        asset = {"id": "asset 1", "mimeType": "image/png", "url": "https://cdn.test/gone"}
        async with Emulator() as emulator:
            await emulator.load([asset], files=tmp_path)
            hit = await first(emulator, session, "mimeType = 'image/png'")
            async with session.get(hit["url"]) as response:
                assert await response.read() == b"picture"
                assert response.content_type == "image/png"

    async def test_an_asset_without_a_file_keeps_its_url(
        self, tmp_path: Path, session: aiohttp.ClientSession
    ) -> None:
        asset = {"id": "asset_1", "tags": ["x"], "url": "https://cdn.test/there"}
        async with Emulator() as emulator:
            await emulator.load([asset], files=tmp_path)
            assert (await first(emulator, session, "tags = x"))["url"] == asset["url"]

    async def test_the_file_goes_with_the_asset(
        self, tmp_path: Path, session: aiohttp.ClientSession
    ) -> None:
        (tmp_path / "asset_1.png").write_bytes(b"picture")
        async with Emulator() as emulator:
            await emulator.load([{"id": "asset_1", "tags": ["x"]}], files=tmp_path)
            url = (await first(emulator, session, "tags = x"))["url"]
            await emulator.delete(["asset_1"])
            await emulator.load([{"id": "asset_1", "tags": ["x"]}])
            async with session.get(url) as response:
                assert response.status == 404


async def test_a_database_with_demo_data_has_its_pictures_in_a_plain_emulator_too(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with Emulator.demo(path=tmp_path / "demo.db"):
        pass
    async with Emulator(tmp_path / "demo.db") as emulator:
        hit = await first(emulator, session, "kind = video")
        async with session.get(hit["thumbnail"]["url"]) as response:
            assert (response.status, response.content_type) == (200, "image/webp")
