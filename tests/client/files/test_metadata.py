from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from file_server import Server, answering, asset

from scenario_search import AsyncScenario, Scenario

DATASETS_PYTHON = os.environ.get("DATASETS_PYTHON", sys.executable)
"""A Python that has Hugging Face's ``datasets``, which needs more room than all else here."""

LOAD = """
import json, sys
from datasets import load_dataset
rows = load_dataset("imagefolder", data_dir=sys.argv[1], split="train", cache_dir=sys.argv[2])
print(json.dumps([
    {**{k: v for k, v in row.items() if k != "image"}, "size": row["image"].size} for row in rows
], default=str))
"""


def metadata(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "metadata.jsonl").read_bytes().splitlines()
    return sorted(map(orjson.loads, lines), key=lambda line: line["file_name"])


async def test_each_picture_has_a_line_with_what_is_known_of_it(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    known = {"prompt": "a castle", "width": 512.0, "seed": "7"}
    await client.download(
        [asset(i, f"{server.url}/a?Signature=secret", metadata=known) for i in range(2)], tmp_path
    )
    first, second = metadata(tmp_path)
    assert (first["file_name"], second["file_name"]) == ("asset_000000.png", "asset_000001.png")
    assert (first["id"], first["metadata.prompt"], first["metadata.width"]) == (
        "asset_000000",
        "a castle",
        512,
    )
    assert "secret" not in (tmp_path / "metadata.jsonl").read_text()


async def test_a_picture_that_was_there_already_has_one_line(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    for _ in range(2):
        await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert len(metadata(tmp_path)) == 1
    (tmp_path / "metadata.jsonl").unlink()
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert len(metadata(tmp_path)) == 1


async def test_other_files_and_failures_have_none(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    text = asset(1, f"{server.url}/a")
    text.mime_type = "text/plain"
    await client.download([text, asset(2, None)], tmp_path, on_error="skip")
    # The server says that the text is a picture, and it is one.
    assert [line["file_name"] for line in metadata(tmp_path)] == ["asset_000001.txt"]


async def test_a_picture_that_fails_later_loses_its_line(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    assets = [asset(i, f"{server.url}/a") for i in range(3)]
    await client.download(assets, tmp_path)
    (tmp_path / "asset_000001.png").unlink()
    server.respond = answering(404, 1, server.whole)
    await client.download(assets, tmp_path, on_error="skip")
    assert [line["id"] for line in metadata(tmp_path)] == ["asset_000000", "asset_000002"]
    await client.download(assets, tmp_path)
    assert len(metadata(tmp_path)) == 3


@pytest.mark.parametrize(
    ("value", "written"),
    [("512", None), (True, None), (512, 512), (1.5, 1.5), (2**70, float(2**70)), (None, None)],
)
async def test_a_number_is_a_number_or_nothing(
    server: Server, client: AsyncScenario, tmp_path: Path, value: object, written: object
) -> None:
    wanted = asset(1, f"{server.url}/a", metadata={"width": value, "prompt": 7})
    await client.download([wanted], tmp_path)
    (line,) = metadata(tmp_path)
    assert (line["metadata.width"], line["metadata.prompt"]) == (written, "7")


def test_datasets_load_a_folder_of_pictures(tmp_path: Path) -> None:
    has_datasets = subprocess.run(
        [DATASETS_PYTHON, "-c", "import datasets"], capture_output=True, check=False
    )
    if has_datasets.returncode:
        pytest.skip("needs datasets: set DATASETS_PYTHON to a Python that has it")
    folder = tmp_path / "files"
    with Scenario.demo() as client:
        # Pictures, and files that are none.
        page = client.search.asset_search(query="dragon castle", limit=40)
        kinds = {hit.metadata.kind for hit in page.hits}
        report = client.download(page.hits, folder, width=64, on_error="skip")
        client.download([hit for hit in page.hits if hit.metadata.kind == "text"], folder)
    pictures = [hit for hit in page.hits if str(hit.mime_type).startswith("image/")]
    assert report.downloaded == len(pictures) > 3
    assert len(kinds) > 1
    done = subprocess.run(
        [DATASETS_PYTHON, "-c", LOAD, str(folder), str(tmp_path / "cache")],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    rows = {row["id"]: row for row in orjson.loads(done.stdout)}
    assert rows.keys() == {hit.id for hit in pictures}
    for hit in pictures:
        assert rows[hit.id]["metadata.prompt"] == hit.metadata.prompt
        assert rows[hit.id]["tags"] == hit.tags
        assert rows[hit.id]["size"][0] == 64
