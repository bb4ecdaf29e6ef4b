from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fsspec
import orjson
import pytest
from file_server import CONTENT, Server, asset

from scenario_search import AsyncScenario

URL = "memory://bucket/pictures"


@pytest.fixture
def store() -> Iterator[Any]:
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()


def lines_of(store: Any, name: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in store.cat_file(f"/bucket/{name}").splitlines()]


async def test_files_manifest_and_metadata_are_in_the_store(
    server: Server, client: AsyncScenario, store: Any
) -> None:
    report = await client.download([asset(i, f"{server.url}/a") for i in range(3)], URL)
    assert report.downloaded == 3
    assert store.cat_file("/bucket/pictures/asset_000001.png") == CONTENT
    ids = {f"asset_{index:06d}" for index in range(3)}
    assert {line["id"] for line in lines_of(store, "pictures/manifest.jsonl")} == ids
    names = {line["file_name"] for line in lines_of(store, "pictures/metadata.jsonl")}
    assert names == {f"{id_}.png" for id_ in ids}


async def test_what_is_in_the_store_is_not_fetched_again(
    server: Server, client: AsyncScenario, store: Any
) -> None:
    assets = [asset(i, f"{server.url}/a") for i in range(3)]
    await client.download(assets, URL)
    server.requests.clear()
    report = await client.download(assets, URL, verify=True)
    assert (report.downloaded, report.skipped, len(server.requests)) == (0, 3, 0)


@pytest.mark.parametrize("verify", [False, True])
async def test_what_differs_from_the_manifest_is_fetched_again(
    server: Server, client: AsyncScenario, store: Any, verify: bool
) -> None:
    assets = [asset(i, f"{server.url}/a") for i in range(3)]
    await client.download(assets, URL)
    changed = b"x" * len(CONTENT) if verify else b"x"
    store.pipe_file("/bucket/pictures/asset_000001.png", changed)
    report = await client.download(assets, URL, verify=verify)
    assert (report.downloaded, report.skipped) == (1, 2)
    assert store.cat_file("/bucket/pictures/asset_000001.png") == CONTENT


async def test_the_manifest_is_in_the_store_before_the_end(
    server: Server, client: AsyncScenario, store: Any
) -> None:
    there: list[bool] = []
    assets = [asset(i, f"{server.url}/a") for i in range(120)]
    await client.download(
        assets,
        URL,
        progress=lambda _: there.append(store.exists("/bucket/pictures/manifest.jsonl")),
    )
    assert not there[50]
    assert there[-1]


async def test_a_file_that_fails_is_in_the_manifest(
    server: Server, client: AsyncScenario, store: Any
) -> None:
    report = await client.download([asset(1, "nonsense")], URL, on_error="skip")
    assert len(report.failed) == 1
    assert lines_of(store, "pictures/manifest.jsonl")[0]["status"] == "failed"
