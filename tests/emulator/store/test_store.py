from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from scenario_search.emulator.contract.fields import KINDS, parse_sort
from scenario_search.emulator.contract.refusals import EmulatorStoppedError
from scenario_search.emulator.filter.parser import parse_filter
from scenario_search.emulator.store import connections as store_connections, schema as store_schema
from scenario_search.emulator.store.store import (
    Changes,
    InvalidDocumentError,
    LoadReport,
    Store,
    StoreError,
)


@pytest.fixture
def store() -> Iterator[Store]:
    with Store() as store:
        yield store


def asset(id_: str, **metadata: Any) -> dict[str, Any]:
    return {"id": id_, "metadata": metadata}


def ids(
    store: Store, text: str = "", sort_by: tuple[str, ...] = (), top: int | None = None
) -> list[str]:
    matching = store.select_numbers("assets", parse_filter(text))
    ranked = store.rank("assets", matching, parse_sort("assets", sort_by), top)
    return [document["id"] for document in store.documents("assets", ranked)]


# Loading


def test_loading_reports_what_is_new_and_what_is_replaced(store: Store) -> None:
    assert store.upsert("assets", [asset("a"), asset("b")]) == LoadReport(2, 0)
    assert store.upsert("assets", [asset("b"), asset("c"), asset("c")]) == LoadReport(1, 2)
    assert store.count("assets") == 3


def test_a_batch_is_one_revision(store: Store) -> None:
    store.upsert("assets", (asset(f"{n}") for n in range(25)), batch=10)
    assert store.revision("assets") == 3
    assert store.count("assets") == 25


def test_an_update_keeps_the_number_and_replaces_every_field(store: Store) -> None:
    store.upsert("assets", [asset("a", prompt="dragon", width=1) | {"tags": ["x"]}, asset("b")])
    before = store.numbers_of("assets", ["a"])
    store.upsert("assets", [asset("a", prompt="castle") | {"tags": ["y"]}])
    assert store.numbers_of("assets", ["a"]) == before
    assert ids(store) == ["a", "b"]
    for gone in ("prompt:dragon", "tags = x", "width EXISTS"):
        assert ids(store, gone) == []
    assert ids(store, "prompt:castle AND tags = y") == ["a"]


def test_kinds_are_apart(store: Store) -> None:
    for kind in KINDS:
        store.upsert(kind, [{"id": "same", "name": kind}])
    store.delete("models", ["same"])
    assert [store.count(kind) for kind in KINDS] == [1, 0, 1]
    assert store.get("workflows", ["same"]) == {"same": {"id": "same", "name": "workflows"}}


def test_json_handed_in_is_kept_to_the_byte(store: Store) -> None:
    raw = b'{"id":"a", "n": 123456789012345678901234567890, "f": 1.50, "new": {"\\u00e9": null}}'
    store.upsert("assets", [b" " + raw + b"\n"])
    assert store.raw_documents("assets", [1]) == [raw]


def test_mappings_keep_fields_nobody_knows(store: Store) -> None:
    document = {"id": "a", "x": {"y": [1, 2.5, "é", None, True]}, "big": 2**64 - 1}
    store.upsert("assets", [document])
    assert store.get("assets", ["a"]) == {"a": document}


def test_integers_past_64_bits_are_kept(store: Store) -> None:
    store.upsert("assets", [asset("a", seed=2**80)])
    assert b"1208925819614629174706176" in store.raw_documents("assets", [1])[0]
    assert ids(store, f"seed = {2**80}") == ["a"]


HALVES = b'{"id": "a", "tags": ["\\ud800 \\\\ud800"], "\\uDC00": ["\\ud83d\\ude00\\uDE00"]}'


@pytest.mark.parametrize("document", [HALVES, json.loads(HALVES)])
def test_halves_of_surrogate_pairs_are_kept(store: Store, document: Any) -> None:
    store.upsert("assets", [document])
    assert json.loads(store.raw_documents("assets", [1])[0]) == json.loads(HALVES)
    assert ids(store, 'tags = "\ufffd \\\\ud800"') == ["a"]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"id": None},
        {"id": 7},
        {"id": ""},
        {"id": "a\0b"},
        {"id": "a", "x": object()},
        {"id": "a", 1: 2},
        {"id": "\ud800"},
        b'{"id": "\\ud800"}',
        b"[]",
        b"{",
        b'{"id": "a", "x": NaN}',
        b"",
    ],
)
def test_what_is_no_document_is_named_by_its_place(store: Store, document: Any) -> None:
    with pytest.raises(InvalidDocumentError, match="document 3 of the input") as caught:
        store.upsert("assets", [asset("0"), asset("1"), asset("2"), document], batch=2)
    assert caught.value.position == 3
    assert ids(store) == ["0", "1"]


def test_a_failing_source_leaves_whole_batches(store: Store) -> None:
    def source() -> Iterator[dict[str, Any]]:
        yield from (asset(f"{n}") for n in range(5))
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        store.upsert("assets", source(), batch=2)
    assert ids(store) == ["0", "1", "2", "3"]


def test_documents_that_lie_about_types_are_kept(store: Store) -> None:
    lies: list[Any] = [None, "x", 1, [], {}, [[1]], {"a": {"b": []}}, True, 10**30, -1.5]
    documents = [
        {"id": f"{n}", **dict.fromkeys(("metadata", "tags", "createdAt", "score", "nsfw"), lie)}
        for n, lie in enumerate(lies)
    ]
    documents += [{"id": f"m{n}", "metadata": {"width": lie}} for n, lie in enumerate(lies)]
    store.upsert("assets", documents)
    kept = store.raw_documents("assets", store.select_numbers("assets"))
    assert [json.loads(raw) for raw in kept] == documents
    order = ("createdAt:desc", "score:asc", "width:desc")
    assert sorted(ids(store, sort_by=order)) == sorted(document["id"] for document in documents)


def test_ids_that_no_document_has_are_not_found(store: Store) -> None:
    store.upsert("assets", [asset("a"), asset("é")])
    assert store.get("assets", ["a\0b", "\ud800", "", "A"]) == {}
    assert store.numbers_of("assets", ["é", "b"]) == {"é": 2}


def test_an_empty_batch_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="`batch` must be at least 1, not 0"):
        store.upsert("assets", [asset("a")], batch=0)


# Deleting


def test_deleted_documents_are_gone_and_their_numbers_stay_unused(store: Store) -> None:
    store.upsert("assets", [asset("a", prompt="dragon") | {"tags": ["t"]}, asset("b")])
    assert store.delete("assets", ["a", "nobody"]) == 1
    assert store.get("assets", ["a"]) == {}
    assert ids(store, "prompt:dragon OR tags = t") == []
    store.upsert("assets", [asset("a")])
    assert store.numbers_of("assets", ["a"]) == {"a": 3}
    assert ids(store) == ["b", "a"]


@pytest.mark.parametrize("seed", range(20))
def test_restoring_undoes_whatever_was_changed(store: Store, seed: int) -> None:
    pick = random.Random(seed)
    words = ("dragon", "castle", "mill")

    def some() -> list[dict[str, Any]]:
        count = pick.randrange(1, 6)
        return [
            asset(f"{pick.randrange(12)}", prompt=pick.choice(words))
            | {"tags": [pick.choice(words)]}
            for _ in range(count)
        ]

    def file_of(id_: str) -> dict[str, bytes]:
        return {f"file/{id_}/": pick.randbytes(3)} if pick.random() < 0.5 else {}

    def state() -> list[Any]:
        every = store.select_numbers("assets")
        filters = [f"{form} {word}" for form in ("prompt CONTAINS", "tags =") for word in words]
        return [
            *(every.tolist(), store.raw_documents("assets", every), store.count("assets")),
            *(ids(store, text) for text in filters),
            store.blobs("assets", "file/"),
        ]

    store.upsert("assets", some() + some(), blobs=file_of)
    store.remember()
    before = state()
    for _ in range(3):
        covered = store.revision("assets")
        for _ in range(pick.randrange(1, 5)):
            if pick.random() < 0.5:
                store.upsert("assets", some(), blobs=file_of)
            else:
                gone = [each["id"] for each in some()]
                store.delete("assets", gone, [f"file/{id_}/" for id_ in gone])
        held = set(before[0]) | set(store.changed_since("assets", covered).changed.tolist())
        store.restore("assets")
        assert state() == before
        changes = store.changed_since("assets", covered)
        follows = (held - set(changes.deleted.tolist())) | set(changes.changed.tolist())
        assert sorted(follows) == before[0]


def test_clearing_empties_one_kind_or_all(store: Store) -> None:
    for kind in KINDS:
        store.upsert(kind, [{"id": "a", "name": "dragon", "metadata": {"prompt": "dragon"}}])
        store.put_blobs(kind, {"index": b"1"})
    store.clear("assets")
    assert [store.count(kind) for kind in KINDS] == [0, 1, 1]
    assert store.blobs("assets") == {}
    assert ids(store, "prompt:dragon") == []
    store.clear()
    assert [store.count(kind) for kind in KINDS] == [0, 0, 0]
    store.upsert("assets", [asset("b", prompt="dragon")])
    assert ids(store, "prompt:dragon") == ["b"]


def test_the_trigrams_of_replaced_and_deleted_text_are_taken_out(store: Store) -> None:
    store.upsert("assets", [asset("a", prompt="dragon"), asset("b", prompt="dragon"), asset("c")])
    store.upsert("assets", [asset("a", prompt="castle")])
    store.delete("assets", ["b"])
    with store._connections.reading() as connection:
        found = "SELECT rowid FROM assets_trigrams WHERE assets_trigrams MATCH ?"
        assert connection.execute(found, ("dra",)).fetchall() == []
        assert connection.execute(found, ("cas",)).fetchall() == [(1,)]


# Changes


def changes(store: Store, revision: int) -> tuple[int, bool, list[int], list[int]]:
    found: Changes = store.changed_since("assets", revision)
    return found.revision, found.cleared, found.changed.tolist(), found.deleted.tolist()


def test_changes_since_a_revision_are_told(store: Store) -> None:
    assert changes(store, 0) == (0, False, [], [])
    store.upsert("assets", [asset("a"), asset("b"), asset("c")])
    store.upsert("assets", [asset("b")])
    store.delete("assets", ["a"])
    assert changes(store, 0) == (3, False, [2, 3], [1])
    assert changes(store, 1) == (3, False, [2], [1])
    assert changes(store, 2) == (3, False, [], [1])
    assert changes(store, 3) == (3, False, [], [])


def test_clearing_is_a_change(store: Store) -> None:
    store.upsert("assets", [asset("a")])
    store.clear("assets")
    store.upsert("assets", [asset("b")])
    assert changes(store, 1) == (3, True, [2], [])
    assert changes(store, 2) == (3, False, [2], [])


# Finding


def test_the_first_are_cut_from_the_whole_order(store: Store) -> None:
    store.upsert("assets", [asset(f"{n}", width=n % 3) for n in range(10)])
    whole = ids(store, sort_by=("width:desc",))
    assert whole == ["2", "5", "8", "1", "4", "7", "0", "3", "6", "9"]
    assert ids(store, sort_by=("width:desc",), top=7) == whole[:7]
    assert ids(store, top=3) == ["0", "1", "2"]
    assert ids(store, top=0) == []


def test_documents_without_the_sort_field_come_last_both_ways(store: Store) -> None:
    values: list[Any] = [None, 2, "text", [], 1, {}, "", "Text"]
    documents = [asset(f"{n}", width=value) for n, value in enumerate(values)]
    store.upsert("assets", [*documents, {"id": "missing"}])
    assert ids(store, sort_by=("width:asc",)) == ["4", "1", "6", "2", "7", "0", "3", "5", "missing"]
    assert ids(store, sort_by=("width:desc",)) == [
        "2",
        "7",
        "6",
        "1",
        "4",
        "0",
        "3",
        "5",
        "missing",
    ]


def test_later_sort_keys_part_ties_and_then_insertion(store: Store) -> None:
    rows = [("a", 1, 5), ("b", 2, 5), ("c", 1, 7), ("d", 2, 5), ("e", None, 9)]
    store.upsert("assets", [asset(id_, width=width, height=height) for id_, width, height in rows])
    assert ids(store, sort_by=("width:desc", "height:asc")) == ["b", "d", "a", "c", "e"]
    assert ids(store, sort_by=("height:desc", "width:asc")) == ["e", "c", "a", "b", "d"]


def test_ranks_are_equal_where_documents_tie(store: Store) -> None:
    store.upsert("assets", [asset(f"{n}", width=n // 2, height=1) for n in range(6)])
    numbers = np.array([6, 1, 2, 5, 99], np.int64)
    for sort_by in (["width:asc"], ["height:desc", "width:asc"]):
        ranks = store.sort_ranks("assets", numbers, parse_sort("assets", sort_by)).tolist()
        assert ranks[1] == ranks[2] < ranks[0] == ranks[3] < ranks[4]
    assert store.sort_ranks("assets", numbers, ()).tolist() == [0] * 5


def test_an_order_follows_updates_and_deletions(store: Store) -> None:
    store.upsert("assets", [asset("a", width=1), asset("b", width=2), asset("c", width=3)])
    assert ids(store, sort_by=("width:asc",)) == ["a", "b", "c"]
    store.upsert("assets", [asset("a", width=9)])
    store.delete("assets", ["b"])
    assert ids(store, sort_by=("width:asc",)) == ["c", "a"]
    assert ids(store, "width > 2") == ["a", "c"]
    store.clear("assets")
    assert ids(store, sort_by=("width:asc",)) == []


def test_random_orders_agree_with_sorting_in_python(store: Store) -> None:
    chance = random.Random(7)
    rows = [
        (n, chance.choice([None, *range(5)]), chance.choice([None, *"abc"])) for n in range(300)
    ]
    store.upsert(
        "assets",
        [asset(f"{n}", width=width) | {"createdAt": created} for n, width, created in rows],
    )
    rows.sort(
        key=lambda row: (row[1] is None, -(row[1] or 0), row[2] is None, row[2] or "", row[0])
    )
    expected = [str(row[0]) for row in rows]
    for top in (1, 10, 299, 300, 400):
        found = ids(store, sort_by=("width:desc", "createdAt:asc"), top=top)
        assert found == expected[:top]


def test_documents_come_in_the_order_asked_for(store: Store) -> None:
    store.upsert("assets", [asset("a"), asset("b"), asset("c")])
    wanted = [3, 99, 1, 3]
    assert [d["id"] for d in store.documents("assets", wanted)] == ["c", "a", "c"]
    raw = store.raw_documents("assets", np.array([2]))
    assert raw == [orjson.dumps(asset("b"))]


def test_numbers_found_are_read_only(store: Store) -> None:
    store.upsert("assets", [asset("a")])
    with pytest.raises(ValueError, match="read-only"):
        store.select_numbers("assets")[0] = 5


def test_an_unknown_kind_is_refused(store: Store) -> None:
    kind: Any = "assets; DROP TABLE assets"
    for call in (store.count, store.select_numbers, store.revision, store.clear, store.blobs):
        with pytest.raises(ValueError, match="Unknown kind"):
            call(kind)


# Blobs


def test_blobs_are_found_by_the_start_of_their_names(store: Store) -> None:
    store.put_blobs("assets", {"text/a": b"1", "text/b": b"", "vector": b"3", "text%": b"4"})
    store.put_blobs("models", {"text/a": b"other"})
    assert store.blobs("assets", "text/") == {"text/a": b"1", "text/b": b""}
    store.put_blobs("assets", {"text/a": None, "text/b": b"new", "absent": None})
    assert list(store.blobs("assets").items()) == [
        ("text%", b"4"),
        ("text/b", b"new"),
        ("vector", b"3"),
    ]


# Files


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "assets.db"
    with Store(path) as store:
        store.upsert("assets", [asset("a", prompt="red dragon")])
        store.put_blobs("assets", {"index": b"\0\xff"})
    with Store(str(path)) as store:
        assert store.path == path
        assert ids(store, "prompt:dragon") == ["a"]
        assert store.blobs("assets") == {"index": b"\0\xff"}
        assert store.revision("assets") == 1
        store.upsert("assets", [asset("b")])
        assert store.numbers_of("assets", ["b"]) == {"b": 2}


def test_two_stores_on_a_file_see_each_other(tmp_path: Path) -> None:
    with Store(tmp_path / "s.db") as one, Store(tmp_path / "s.db") as two:
        one.upsert("assets", [asset("a", width=1)])
        assert ids(two, "width = 1", ("width:asc",)) == ["a"]
        two.upsert("assets", [asset("b", width=1)])
        assert ids(one, "width = 1", ("width:asc",)) == ["a", "b"]


def test_a_long_filter_is_given_up_when_the_emulator_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_connections, "_LOOK_EVERY", 1)
    stopping = threading.Event()
    with Store(stopping=stopping) as store:
        store.upsert("assets", [asset("a", width=1)])
        stopping.set()
        with pytest.raises(EmulatorStoppedError, match="while it searched"):
            ids(store, "width = 1")
        # What is left to write at the end can still be read.
        assert store.changed_since("assets", 0).changed.tolist() == [1]


def test_a_long_filter_is_given_up_when_nobody_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_connections, "_LOOK_EVERY", 1)
    store.upsert("assets", [asset("a", width=1)])
    left = threading.Event()
    left.set()
    with pytest.raises(CancelledError, match="has disconnected"):
        store.select_numbers("assets", parse_filter("width = 1"), left)
    assert ids(store, "width = 1") == ["a"]


def test_a_temporary_file_goes_with_the_store() -> None:
    store = Store()
    assert store.path.exists()
    store.close()
    store.close()
    assert not store.path.parent.exists()
    with pytest.raises(StoreError, match="closed"):
        store.count("assets")
    with pytest.raises(StoreError, match="closed"):
        store.upsert("assets", [asset("a")])


def test_another_programs_files_are_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no database at all " * 100)
    with pytest.raises(StoreError, match="can't be opened as a database"):
        Store(text)
    assert text.read_text() == "no database at all " * 100
    database = tmp_path / "other.db"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE assets(x)")
    connection.close()
    content = database.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Store(database)
    assert database.read_bytes() == content
    with pytest.raises(StoreError, match="can't be opened"):
        Store(tmp_path / "nowhere" / "s.db")
    with pytest.raises(StoreError, match="can't be opened"):
        Store(tmp_path)


def test_another_layout_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path / "s.db").close()
    monkeypatch.setattr(store_schema, "SCHEMA_VERSION", 99)
    with pytest.raises(StoreError, match="has layout 2 and this version reads 99"):
        Store(tmp_path / "s.db")


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    with Store(path) as store:
        assert store.count("assets") == 0


# Threads and death


def test_a_read_does_not_wait_for_a_write(store: Store) -> None:
    store.upsert("assets", [asset("a")])
    with ThreadPoolExecutor(1) as pool, store._connections.writing() as connection:
        connection.execute("DELETE FROM assets_fields")
        assert pool.submit(ids, store, "kind NOT EXISTS").result(20) == ["a"]


def test_many_threads_write_and_read_at_once(store: Store) -> None:
    start = threading.Barrier(12)

    def write(writer: int) -> None:
        start.wait()
        for n in range(20):
            store.upsert("assets", [asset(f"{writer}-{n}-{i}", width=writer) for i in range(3)])

    def read(_: int) -> None:
        start.wait()
        for _ in range(20):
            found = store.select_numbers("assets", parse_filter("width >= 0"))
            ranked = store.rank("assets", found, parse_sort("assets", ["width:asc"]))
            assert len(found) % 3 == 0
            assert len(store.raw_documents("assets", ranked)) == len(found)

    with ThreadPoolExecutor(12) as pool:
        work = [pool.submit(write, n) for n in range(4)] + [pool.submit(read, n) for n in range(8)]
        for done in work:
            done.result(60)
    assert store.count("assets") == 240
    assert len(store.select_numbers("assets")) == 240


WRITER = """
import sys
from scenario_search.emulator.store.store import Store

store = Store(sys.argv[1])
for round in range(1000):
    store.upsert(
        "assets",
        [
            {"id": f"{n}", "round": round, "tags": [f"r{round}"], "metadata": {"width": round}}
            for n in range(round * 20, round * 20 + 60)
        ],
    )
    store.put_blobs("assets", {"a": b"%d" % round, "b": b"%d" % round})
    print(round, flush=True)
"""


def test_a_killed_writer_leaves_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    chance = random.Random(11)
    for _ in range(3):
        path.unlink(missing_ok=True)
        process = subprocess.Popen(  # the arguments are ours
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
        )
        with process:
            assert process.stdout is not None
            told = -1
            for _ in range(chance.randrange(2, 12)):
                told = int(process.stdout.readline())
            process.kill()
        check_whole(path, told)


def check_whole(path: Path, told: int) -> None:
    """What was told to be stored is there, and no batch is there in part."""
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute(
            "INSERT INTO assets_trigrams(assets_trigrams) VALUES ('integrity-check')"
        )
    connection.close()
    with Store(path) as store:
        numbers = store.select_numbers("assets")
        documents = store.documents("assets", numbers)
        last = max(document["round"] for document in documents)
        assert last >= told
        assert sum(document["round"] == last for document in documents) == 60
        assert store.count("assets") == len(documents) == len(numbers) == last * 20 + 60
        assert store.revision("assets") == last + 1
        assert len(ids(store, f"tags = r{last} AND width = {last}")) == 60
        blobs = store.blobs("assets")
        assert blobs["a"] == blobs["b"]
        assert last - int(blobs["a"]) in (0, 1)
        store.upsert("assets", [asset("after")])
