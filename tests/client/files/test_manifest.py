from __future__ import annotations

import tracemalloc
from pathlib import Path

import orjson

from scenario_search.files.manifest import DownloadedFile, Manifest

DONE = DownloadedFile("a", "a.png", 3, "00" * 32, "image/png", "/a")
FAILED = DownloadedFile("a", "a.png", status="failed", error="404", asset={"id": "a"})


def manifest_of(path: Path, *lines: bytes) -> Manifest:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    manifest = Manifest(path)
    manifest.open()
    manifest.close()
    return manifest


def size_in(manifest: Manifest, path: str = "a.png") -> int | None:
    entry = manifest.entry(path)
    return None if entry is None else entry.size


def test_a_manifest_with_other_json_is_read(tmp_path: Path) -> None:
    other = [b"7", b"[]", b"{", b'{"no": "path"}', b'{"path": []}', b'{"path": "b.png"}']
    by_hand = b'{"path": "c.png", "bytes": 3, "sha256": "x", "source": "/c"}'
    manifest = manifest_of(tmp_path / "m", *other, by_hand, DONE.to_json())
    assert [size_in(manifest, path) for path in ("a.png", "b.png", "c.png")] == [3, None, None]


def test_the_last_line_about_a_file_counts(tmp_path: Path) -> None:
    done, failed = DONE.to_json(), FAILED.to_json()
    assert size_in(manifest_of(tmp_path / "m", done, failed)) is None
    after = manifest_of(tmp_path / "m", failed, done)
    assert (size_in(after), list(after.failed())) == (3, [])


def test_a_failure_keeps_the_asset_to_try_again(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path / "m", FAILED.to_json())
    assert list(manifest.failed()) == [("a.png", {"id": "a"})]


def test_a_failure_that_repeats_has_one_line(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "m")
    manifest.open()
    for error in ("404", "404", "500", "500"):
        manifest.add(DownloadedFile("a", "a.png", status="failed", error=error))
    manifest.close()
    lines = (tmp_path / "m").read_bytes().splitlines()
    assert [orjson.loads(line)["error"] for line in lines] == ["404", "500"]


def test_a_line_that_broke_off_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(DONE.to_json() + b"\n" + b'{"path": "tor')
    manifest = Manifest(path)
    manifest.open()
    manifest.add(FAILED)
    manifest.close()
    assert path.read_bytes() == DONE.to_json() + b"\n" + FAILED.to_json() + b"\n"


def test_a_manifest_keeps_of_a_line_no_more_than_it_needs(tmp_path: Path) -> None:
    lines = [
        orjson.dumps(
            {
                **orjson.loads(DONE.to_json()),
                "path": f"asset_{n}.png",
                "source": f"/assets-transform/asset_{n}",
                "other": "0" * 1000,
            }
        )
        for n in range(2000)
    ]
    tracemalloc.start()
    manifest = manifest_of(tmp_path / "m", *lines)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size_in(manifest, "asset_1.png") == 3
    assert held < 600 * len(lines)
