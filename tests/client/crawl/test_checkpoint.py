from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from scenario_search import CheckpointError
from scenario_search.crawl.checkpoint import Checkpoint
from scenario_search.crawl.windows import UNDATED, Window, milliseconds, timestamp

NOON = milliseconds("2025-01-16T12:00:00Z") or 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crawl.ckpt"


def test_what_was_saved_is_read(path: Path) -> None:
    checkpoint = Checkpoint("digest", Window(1, None), cap=500)
    checkpoint.mark(Window(1, 2), [("a", timestamp(1))])
    checkpoint.mark(UNDATED, [("b", None)])
    checkpoint.files["out.jsonl"] = 17
    checkpoint.finished = True
    checkpoint.save(path)
    assert Checkpoint.read(path, "digest") == checkpoint


def test_no_file_is_no_checkpoint(path: Path) -> None:
    assert Checkpoint.read(path, "digest") is None


@pytest.mark.parametrize("digest", ["other", ""])
def test_a_checkpoint_of_another_request_is_refused(path: Path, digest: str) -> None:
    Checkpoint("digest").save(path)
    with pytest.raises(CheckpointError, match="another request"):
        Checkpoint.read(path, digest)


def test_a_checkpoint_of_another_time_is_refused(path: Path) -> None:
    Checkpoint("digest", Window(1)).save(path)
    with pytest.raises(CheckpointError, match="another request"):
        Checkpoint.read(path, "digest", Window(2))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"{}", "it has no 'format'"),
        (b'{"format": 99}', "its format is 99, not 1"),
        (b"[]", "a value in it is of the wrong type"),
        (b'"x"', "a value in it is of the wrong type"),
        (b"null", "a value in it is of the wrong type"),
    ],
)
def test_what_is_no_checkpoint_is_refused(path: Path, content: bytes, why: str) -> None:
    path.write_bytes(content)
    told = f"{path} is no checkpoint of this version ({why}): delete it to start anew"
    with pytest.raises(CheckpointError, match=f"^{re.escape(told)}$"):
        Checkpoint.read(path, "digest")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Cannot read"):
        Checkpoint.read(tmp_path, "digest")


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Cannot write"):
        Checkpoint("digest").save(tmp_path / "none" / "x")


def test_a_failed_save_leaves_the_one_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Checkpoint("digest").save(path)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CheckpointError, match="No space left"):
        Checkpoint("digest", finished=True).save(path)
    assert Checkpoint.read(path, "digest") == Checkpoint("digest")
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208 - names are what counts


def test_marked_windows_are_joined() -> None:
    checkpoint = Checkpoint("digest")
    for window in (Window(5, 6), Window(1, 2), UNDATED, Window(2, 5)):
        checkpoint.mark(window, [("a", None)])
    assert checkpoint.done == [Window(1, 6), UNDATED]
    assert checkpoint.hits == 4


def test_the_newest_hits_are_remembered() -> None:
    checkpoint = Checkpoint("digest")
    checkpoint.mark(Window(5), [("a", timestamp(6)), ("b", timestamp(7)), ("c", timestamp(7))])
    checkpoint.mark(Window(1, 5), [("d", timestamp(2))])
    assert (checkpoint.newest, checkpoint.newest_ids) == (timestamp(7), ["b", "c"])


def test_the_newest_hits_of_two_windows_add_up() -> None:
    checkpoint = Checkpoint("digest", newest=timestamp(7), newest_ids=["a"])
    checkpoint.mark(Window(5), [("b", timestamp(7))])
    assert checkpoint.newest_ids == ["a", "b"]


@pytest.mark.parametrize("mistake", ["unknown", "9999-01-01T00:00:00.000Z", None])
def test_mistaken_dates_are_not_the_newest(mistake: str | None) -> None:
    checkpoint = Checkpoint("digest")
    checkpoint.mark(Window(), [("a", timestamp(NOON)), ("b", mistake)], latest=NOON + 1)
    assert checkpoint.newest_ids == ["a"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", 2),
        ("done", [["a", "b"]]),
        ("done", [[1]]),
        ("whole", ["x", None, False]),
        ("hits", "3"),
        ("newest", 5),
        ("newestIds", [["a"]]),
        ("finished", "yes"),
        ("undatedDone", None),
        ("files", ["a"]),
        ("files", {"a": "b"}),
        ("cap", 1.5),
    ],
)
def test_a_checkpoint_that_somebody_changed_is_refused(path: Path, name: str, value: Any) -> None:
    Checkpoint("digest").save(path)
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), name: value}))
    with pytest.raises(CheckpointError, match="no checkpoint of this version"):
        Checkpoint.read(path, "digest")


def test_what_another_crawl_wrote_meanwhile_is_not_overwritten(path: Path) -> None:
    Checkpoint("digest").save(path)
    one, other = Checkpoint.read(path, "digest"), Checkpoint.read(path, "digest")
    assert one is not None
    assert other is not None
    other.hits = 7
    other.save(path)
    with pytest.raises(CheckpointError, match="Another crawl has written"):
        one.save(path)
    assert Checkpoint.read(path, "digest") == other


def test_a_checkpoint_that_was_deleted_meanwhile_is_written_again(path: Path) -> None:
    checkpoint = Checkpoint("digest")
    checkpoint.save(path)
    path.unlink()
    checkpoint.save(path)
    assert Checkpoint.read(path, "digest") == checkpoint


def test_files_are_known_by_their_way_from_the_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    checkpoint = Checkpoint("digest")
    checkpoint.save(tmp_path / "to" / "crawl.ckpt")
    assert checkpoint.name_of(tmp_path / "to" / "x.jsonl") == "x.jsonl"
    assert checkpoint.name_of(tmp_path / "x.jsonl") == "../x.jsonl"


def test_ids_that_are_no_text_are_remembered(path: Path) -> None:
    checkpoint = Checkpoint("digest")
    checkpoint.mark(Window(5), [(["a"], timestamp(7)), ('["a"]', timestamp(7))])
    checkpoint.save(path)
    found = Checkpoint.read(path, "digest")
    assert found is not None
    assert len(set(found.newest_ids)) == 2
