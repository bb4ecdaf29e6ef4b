from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest

from scenario_search import CheckpointError
from scenario_search.crawl.checkpoint import Checkpoint, CheckpointLock, Identity
from scenario_search.crawl.cursor import Pending
from scenario_search.crawl.dates import Bound, Range, timestamp

IDENTITY = Identity("https://api.example/v1", "project_1", "digest", "key_of_the_owner")
SECOND = 1_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crawl.ckpt"


def new(**changes: Any) -> Checkpoint:
    checkpoint = Checkpoint.new(IDENTITY, Range(), [Pending(Range()), Pending(Range(undated=True))])
    for name, value in changes.items():
        setattr(checkpoint, name, value)
    return checkpoint


def test_what_was_saved_is_read(path: Path) -> None:
    low, high = Bound(timestamp(5)), Bound(timestamp(7), inclusive=False)
    pending = [
        Pending(Range(low, high), known=frozenset({"a"}), edge=["b", "c"]),
        Pending(Range(undated=True), ranked=True, edge=["d"]),
    ]
    checkpoint = new(pending=pending, hits=3, newest=timestamp(6), recent={"b": timestamp(6)})
    checkpoint.files["out.jsonl"] = 17
    checkpoint.ends = [timestamp(0)]
    checkpoint.save(path)
    assert Checkpoint.read(path) == checkpoint


def test_no_file_is_not_a_checkpoint(path: Path) -> None:
    assert Checkpoint.read(path) is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"base_url": "https://other.example/v1"}, "server"),
        ({"project": None}, "project"),
        ({"search": "other"}, "search"),
        ({"owner": "key_of_another"}, "credentials"),
    ],
)
def test_a_checkpoint_of_another_crawl_is_refused(
    path: Path, change: dict[str, Any], named: str
) -> None:
    new().save(path)
    checkpoint = Checkpoint.read(path)
    assert checkpoint is not None
    checkpoint.check(IDENTITY, Range())
    with pytest.raises(CheckpointError, match=f"another {named}"):
        checkpoint.check(attrs.evolve(IDENTITY, **change), Range())


def test_a_checkpoint_of_another_range_is_refused() -> None:
    with pytest.raises(CheckpointError, match="another `since`"):
        new().check(IDENTITY, Range(Bound(timestamp(1))))


def test_the_owner_is_written_as_a_salted_hash(path: Path) -> None:
    new().save(path)
    first = path.read_text()
    new().save(path)
    assert "key_of_the_owner" not in first
    assert orjson.loads(first)["owner"] != orjson.loads(path.read_bytes())["owner"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not JSON"),
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"{}", "it has no 'format'"),
        (b'{"format": 99}', "its format is 99, not 2"),
        (b"[]", "a value in it is of the wrong type"),
        (b'"x"', "a value in it is of the wrong type"),
        (b"null", "a value in it is of the wrong type"),
    ],
)
def test_what_is_not_a_checkpoint_is_refused(path: Path, content: bytes, why: str) -> None:
    path.write_bytes(content)
    message = f"{path} is not a checkpoint of this version ({why}): delete it to start anew"
    with pytest.raises(CheckpointError, match=f"^{re.escape(message)}$"):
        Checkpoint.read(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Cannot read"):
        Checkpoint.read(tmp_path)


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Cannot write"):
        new().save(tmp_path / "none" / "x")
    with pytest.raises(CheckpointError, match="Cannot write"):
        CheckpointLock(tmp_path / "none" / "x").acquire()


def test_a_failed_save_leaves_the_one_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = new()
    checkpoint.save(path)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CheckpointError, match="No space left"):
        attrs.evolve(checkpoint, finished=True).save(path)
    assert Checkpoint.read(path) == checkpoint
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208 - names are what counts


def test_a_checkpoint_belongs_to_one_crawl_at_a_time(path: Path) -> None:
    one, other = CheckpointLock(path), CheckpointLock(path)
    one.acquire()
    with pytest.raises(CheckpointError, match="Another crawl holds"):
        other.acquire()
    one.release()
    other.acquire()
    other.release()


def test_the_newest_hits_are_remembered_for_the_overlap() -> None:
    checkpoint = new(overlap=2.0)
    checkpoint.see([("a", timestamp(9 * SECOND)), ("b", timestamp(7 * SECOND))])
    checkpoint.see([("c", timestamp(6 * SECOND)), ("d", timestamp(8 * SECOND))])
    assert (checkpoint.newest, set(checkpoint.recent)) == (timestamp(9 * SECOND), {"a", "b", "d"})
    checkpoint.see([("e", timestamp(10 * SECOND))])
    assert set(checkpoint.recent) == {"a", "d", "e"}


@pytest.mark.parametrize("mistake", ["unknown", "9999-01-01T00:00:00.000Z", None])
def test_mistaken_dates_are_not_the_newest(mistake: str | None) -> None:
    checkpoint = new()
    checkpoint.see([("a", timestamp(SECOND)), ("b", mistake)])
    assert checkpoint.newest == timestamp(SECOND)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", 3),
        ("pending", [["a", "b"]]),
        ("pending", [{"range": None}]),
        ("range", ["x", None, False]),
        ("hits", "3"),
        ("newest", 5),
        ("recent", {"a": 1}),
        ("finished", "yes"),
        ("undated_left_out", None),
        ("files", ["a"]),
        ("files", {"a": "b"}),
        ("ends", [1.5]),
    ],
)
def test_a_checkpoint_that_somebody_changed_is_refused(path: Path, name: str, value: Any) -> None:
    new().save(path)
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), name: value}))
    with pytest.raises(CheckpointError, match="not a checkpoint of this version"):
        Checkpoint.read(path)


def test_a_checkpoint_that_was_deleted_meanwhile_is_written_again(path: Path) -> None:
    checkpoint = new()
    checkpoint.save(path)
    path.unlink()
    checkpoint.save(path)
    assert Checkpoint.read(path) == checkpoint


def test_files_are_known_by_their_way_from_the_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    checkpoint = new()
    checkpoint.save(tmp_path / "to" / "crawl.ckpt")
    assert checkpoint.name_of(tmp_path / "to" / "x.jsonl") == "x.jsonl"
    assert checkpoint.name_of(tmp_path / "x.jsonl") == "../x.jsonl"


def test_ids_may_hold_lone_surrogates(path: Path) -> None:
    checkpoint = new(pending=[Pending(Range(), edge=["\ud800"])])
    checkpoint.save(path)
    assert Checkpoint.read(path) == checkpoint
