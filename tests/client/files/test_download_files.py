from __future__ import annotations

import tracemalloc
from pathlib import Path

import orjson
import pytest
from hypothesis import given, strategies as st

from scenario_search.files.files import Manifest, file_name

# Names


@given(st.text() | st.none() | st.integers(), st.text() | st.none(), st.text())
def test_a_name_is_a_plain_name_whatever_a_server_says(
    asset_id: object, mime_type: object, path: str
) -> None:
    name = file_name(asset_id, mime_type, f"https://cdn.example/{path}")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
    assert not name.startswith(".")
    assert len(name) < 120
    assert Path(name).name == name


@pytest.mark.parametrize(
    "asset_id",
    [
        "../../etc/passwd",
        "..",
        ".",
        "",
        "/abs",
        "C:\\x",
        "con",
        "NUL",
        "a\0b",
        "x" * 999,
        "é",
        "a.",
    ],
)
def test_ids_that_are_no_names_are_told_apart_by_a_digest(asset_id: str) -> None:
    name = file_name(asset_id, "image/png", "")
    assert name != f"{asset_id}.png"
    assert name.endswith(".png")
    assert name != file_name(asset_id + "!", "image/png", "")


@pytest.mark.parametrize(
    ("mime_type", "url", "suffix"),
    [
        ("image/jpeg", "", ".jpg"),
        ("image/png; charset=x", "https://x/a.gif", ".png"),
        ("image/WEBP", "", ".webp"),
        ("model/gltf-binary", "", ".glb"),
        ("video/mp4", "", ".mp4"),
        ("x/../../../etc", "https://x/a.GIF?b=.exe", ".gif"),
        (None, "https://x/a", ""),
        (7, "https://x/a.b/../c.tar.gz", ".gz"),
        ("", "https://x/a.%2e%2e%2f", ""),
        (None, "https://x/a.part", ""),
    ],
)
def test_a_suffix_tells_the_type(mime_type: object, url: str, suffix: str) -> None:
    assert file_name("a", mime_type, url) == f"a{suffix}"


def test_no_file_takes_the_place_of_the_manifest() -> None:
    assert file_name("manifest", None, "https://x/a.jsonl") != "manifest.jsonl"


# The manifest


def manifest_of(path: Path, *lines: bytes) -> Manifest:
    path.write_bytes(b"\n".join(lines))
    made = Manifest(path)
    made.open()
    made.close()
    return made


DONE = b'{"id": "a", "path": "a.png", "bytes": 3, "status": "downloaded"}'


def test_a_manifest_with_other_json_is_read(tmp_path: Path) -> None:
    other = [b"7", b"[]", b'{"no": "id"}', b'{"id": [], "status": "downloaded"}', b'{"id": "b"}']
    made = manifest_of(tmp_path / "m", *other, DONE)
    assert (made.length("a", "a.png"), made.length("b", "b.png")) == (3, None)


def test_a_file_that_failed_after_it_was_done_is_not_known(tmp_path: Path) -> None:
    failed = b'{"id": "a", "status": "failed", "error": "403"}'
    assert manifest_of(tmp_path / "m", DONE, failed).length("a", "a.png") is None
    assert manifest_of(tmp_path / "m", failed, DONE).length("a", "a.png") == 3


def test_a_manifest_keeps_of_a_line_no_more_than_it_needs(tmp_path: Path) -> None:
    lines = [
        orjson.dumps({**orjson.loads(DONE), "id": f"asset_{n}", "sha256": "0" * 1000})
        for n in range(2000)
    ]
    tracemalloc.start()
    made = manifest_of(tmp_path / "m", *lines)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made.length("asset_1", "a.png") == 3
    assert held < 500 * len(lines)
