"""Documents whose values have other types than documented: kept, searched, and never a 500."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import given, settings, strategies as st
from killed_worker import Words
from PIL import Image

from scenario_search.emulator import Emulator
from scenario_search.emulator.contract.fields import FIELDS, KINDS, Kind
from scenario_search.emulator.contract.requests import read_search
from scenario_search.emulator.store.files import STORED_ORIGIN

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.text(max_size=8) | st.sampled_from(["castle", "a", "1024", "2024-01-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
NAMES = sorted(
    {field.path[-1] for fields in FIELDS.values() for field in fields}
    | {"url", "thumbnail", "description", "shortDescription", "exampleAssetIds", "concepts"}
)
VALUES = st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=6)
DOCUMENTS = st.builds(
    lambda own, metadata, compliance: {
        **own,
        "id": "a",
        "metadata": metadata,
        "complianceMetadata": compliance,
    },
    VALUES,
    VALUES | ANYTHING,
    VALUES | ANYTHING,
)


def gif() -> str:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "GIF")
    return f"data:image/gif;base64,{base64.b64encode(out.getvalue()).decode()}"


def bodies(kind: Kind) -> Iterator[dict[str, Any]]:
    yield {"query": "castle"}
    yield {"query": "castle", "querySemanticRatio": 0.5}
    if kind != "workflows":
        yield {"image": gif(), "query": "castle"}
    conditions = ["= 1", "!= castle", "> 512", "1 TO 9", "IN [a, 1]", "CONTAINS a", "STARTS WITH a"]
    conditions += ["EXISTS", "IS NULL", "IS EMPTY", ":a"]
    names = [field.name for field in FIELDS[kind] if field.filterable]
    yield {"filter": " OR ".join(f"{name} {each}" for name in names for each in conditions)}
    yield {
        "filter": "createdAt EXISTS OR createdAt NOT EXISTS",
        "sortBy": [f"{field.name}:desc" for field in FIELDS[kind] if field.sortable],
    }


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(bearer_auth="t", embedder=Words()) as emulator:
        yield emulator


@settings(max_examples=25)
@given(DOCUMENTS)
def test_any_document_can_be_searched(emulator: Emulator, document: dict[str, Any]) -> None:
    for kind in KINDS:
        emulator.load_sync([document], kind)
        for body in bodies(kind):
            emulator._running().search(read_search(kind, orjson.dumps(body), {}))


LIES: list[dict[str, Any]] = [
    {"ownerId": ["project_demo"]},
    {"ownerId": {"a": 1}},
    {"privacy": []},
    {"mimeType": {"a": 1}},
    {"mimeType": "image/png\r\nX-Other: 1"},
    {"mimeType": "image"},
    {"metadata": None},
    {"metadata": "text"},
    {"metadata": {"width": "abc", "height": [], "prompt": {}, "kind": 5, "seed": None}},
    {"metadata": {"width": 10**9, "height": 10**9}},
    {"metadata": {"width": -5, "height": 0}},
    {"tags": 5, "description": ["x"], "createdAt": 7},
]


@pytest.mark.parametrize("lie", LIES, ids=str)
@pytest.mark.parametrize("own_url", [True, False])
async def test_the_picture_of_any_document_is_asked_for_without_a_500(
    emulator: Emulator, lie: dict[str, Any], own_url: bool, tmp_path: Path
) -> None:
    """Both as a file that was loaded and as one that would be drawn."""
    headers = {"Authorization": "Bearer t"}
    document = {"id": "a", "url": f"{STORED_ORIGIN}/assets/a.png", **lie}
    document["thumbnail"] = {"url": f"{STORED_ORIGIN}/thumbnails/a.webp"}
    if not own_url:
        (tmp_path / "a.png").write_bytes(b"no picture")
    await emulator.delete(["a"])
    async with aiohttp.ClientSession(headers=headers) as session:
        await emulator.load([document], files=None if own_url else tmp_path)
        model = {"id": "m", "exampleAssetIds": ["a", 5, {"x": 1}, None]}
        await emulator.load([model, {"id": "n", "exampleAssetIds": 5}], "models")
        for kind in ("assets", "models"):
            for image in ("a", gif()):
                body = {"image": image, "public": False}
                async with session.post(f"{emulator.url}/search/{kind}", json=body) as response:
                    assert response.status in {200, 400}, await response.text()
        body = {"filter": "createdAt EXISTS OR createdAt NOT EXISTS", "public": False}
        async with session.post(f"{emulator.url}/search/assets", json=body) as response:
            hits = (await response.json())["hits"]
        for hit in hits:
            for url in (hit["url"], hit["thumbnail"]["url"]):
                async with session.get(url) as response:
                    assert response.status in {200, 404}, await response.text()
