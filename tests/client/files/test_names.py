from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from scenario_search.files.names import file_name


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


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({}, "a.png"),
        ({"width": 512}, "a.w512.png"),
        ({"width": 512, "height": 256, "fit": "contain"}, "a.w512-h256-contain.png"),
        ({"quality": 80, "format": "jpeg"}, "a.q80.jpg"),
        ({"format": "jpg"}, "a.converted.jpg"),
        ({"format": "webp"}, "a.converted.webp"),
        ({"format": "tif"}, "a.converted.tiff"),
        ({"format": "origin"}, "a.converted.png"),
        ({"width": 9, "format": "origin"}, "a.w9.png"),
    ],
)
def test_the_name_of_a_rendition_says_which(parameters: dict[str, object], name: str) -> None:
    assert file_name("a", "image/png", "", parameters) == name
