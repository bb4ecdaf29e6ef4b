"""Database files that are not as they should be: each is named, with what to do."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from killed_worker import Words

from scenario_search.emulator import Emulator
from scenario_search.emulator.contract.requests import read_search
from scenario_search.emulator.store import connections
from scenario_search.emulator.store.schema import open_connection
from scenario_search.emulator.store.store import StoreError

PAGE = 8192
DOCUMENT = b'{"id":"3"'
BY_MEANING = {"query": "castle", "querySemanticRatio": 1}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "whole.db"
    with Emulator(path, embedder=Words()) as emulator:
        names = ("castle", "dragon")
        emulator.load_sync(
            {"id": f"{n}", "metadata": {"name": names[n % 2], "prompt": f"a {n}"}}
            for n in range(500)
        )
        emulator.prepare_sync(pictures=False)
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "copy.db"))


def opened(path: Path | str | None) -> None:
    with Emulator(path, embedder=Words()):
        pass


def first(emulator: Emulator, body: dict[str, Any]) -> str:
    hit = emulator._running().search(read_search("assets", orjson.dumps(body), {})).hits[0]
    return str(orjson.loads(hit)["id"])


def searched(emulator: Emulator, body: dict[str, Any]) -> tuple[int, Any]:
    """The status and the answer to a search over HTTP."""
    headers = {
        "Authorization": f"Bearer {emulator.bearer_auth}",
        "Content-Type": "application/json",
    }
    url = f"{emulator.url}/search/assets"
    with httpx.Client(headers=headers) as client:
        response = client.post(url, content=orjson.dumps(body))
    return response.status_code, response.json()


def changed(path: Path, statement: str, parameters: Sequence[Any] = ()) -> None:
    """Change a file behind the emulator's back."""
    connection = sqlite3.connect(path)
    connection.execute(statement, parameters)
    connection.commit()
    connection.close()


def overwrite(path: Path, text: bytes) -> None:
    """Write other bytes over the page of a file that holds a text, as a failing disk may."""
    content = bytearray(path.read_bytes())
    start = content.index(text) // PAGE * PAGE
    content[start : start + PAGE] = random.Random(1).randbytes(PAGE)
    path.write_bytes(content)


class TestTwoEmulators:
    def test_the_second_on_a_file_is_refused(self, path: Path) -> None:
        with Emulator(path, embedder=Words()) as one:
            with pytest.raises(StoreError, match=r"copy\.db is open in another emulator: stop"):
                opened(path)
            assert first(one, {"query": "dragon"}) == "1"
        opened(path)

    def test_one_in_another_process_counts(self, path: Path) -> None:
        code = (
            "import sys; from scenario_search.emulator import Emulator\n"
            "with Emulator(sys.argv[1]): print('ready', flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", code, str(path)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            with pytest.raises(StoreError, match="open in another emulator"):
                opened(path)
            process.kill()
        opened(path)

    def test_two_temporary_ones_are_apart(self) -> None:
        with Emulator(embedder=Words()), Emulator(embedder=Words()):
            pass


class TestDamage:
    @pytest.mark.parametrize("share", [0.0001, 0.3, 0.9])
    def test_a_file_cut_short_is_named(self, path: Path, share: float) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(StoreError, match=r"copy\.db can't be opened as a database"):
            opened(path)

    def test_a_file_with_damaged_pages_is_named(self, path: Path) -> None:
        chance = random.Random(1)
        content = bytearray(path.read_bytes())
        for at in range(8192, len(content) - 2000, 8192):
            content[at : at + 2000] = chance.randbytes(2000)
        path.write_bytes(content)
        with pytest.raises(StoreError, match=r"copy\.db is damaged: .* into a new file"):
            opened(path)
        assert path.read_bytes()[:100] == content[:100]

    def test_damage_found_by_a_search_is_a_500_that_says_what_to_do(
        self, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        overwrite(path, DOCUMENT)
        with Emulator(path, embedder=Words()) as emulator:
            status, content = searched(emulator, {"query": "dragon"})
            assert (status, content["code"]) == (500, "DATABASE_FAILED")
            assert re.fullmatch(
                rf"{path} is damaged: .*; load the documents into a new file", content["error"]
            )
            (record,) = caplog.records
            assert (record.getMessage(), record.exc_info) == (content["error"], None)

    def test_damage_found_by_a_search_by_meaning_is_not_the_embedders(self, path: Path) -> None:
        changed(path, "DELETE FROM blobs WHERE name LIKE 'meanings/%'")
        overwrite(path, DOCUMENT)
        with Emulator(path, embedder=Words()) as emulator:
            status, content = searched(emulator, BY_MEANING)
            assert (status, content["code"]) == (500, "DATABASE_FAILED")

    def test_damage_found_by_a_load_is_named(self, path: Path) -> None:
        overwrite(path, DOCUMENT)
        with Emulator(path, embedder=Words()) as emulator:
            with pytest.raises(StoreError, match=r"copy\.db is damaged: .* into a new file"):
                emulator.load_sync([{"id": "0"}])

    @pytest.mark.parametrize("content", ["x'00'", "x'ff'", "'text'", "7"])
    def test_a_document_that_is_none_is_damage(self, path: Path, content: str) -> None:
        """SQLite keeps it well; only the answer would be no JSON."""
        changed(path, f"UPDATE assets SET json = {content}")
        with Emulator(path, embedder=Words()) as emulator:
            status, body = searched(emulator, {"query": "dragon"})
            assert (status, body["code"]) == (500, "DATABASE_FAILED")

    @pytest.mark.parametrize("name", ["text index", "meanings/0001"])
    @pytest.mark.parametrize("content", [b"", b"{}\n", b"\0" * 100, b"[1]\n", b'{"maker": 1}'])
    def test_damaged_indexes_are_made_anew(self, path: Path, name: str, content: bytes) -> None:
        changed(path, "UPDATE blobs SET data = ? WHERE name = ?", (content, name))
        for _ in range(2):
            with Emulator(path, embedder=Words()) as emulator:
                assert first(emulator, {"query": "dragon"}) == "1"
                assert first(emulator, BY_MEANING) == "0"

    @pytest.mark.parametrize("version", [0, 1, 99])
    def test_a_file_of_another_version_is_named(self, path: Path, version: int) -> None:
        changed(path, f"PRAGMA user_version = {version}")
        with pytest.raises(StoreError, match=f"has layout {version} and this version reads"):
            opened(path)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets files that are opened grow no further, as where the disk is full."""

    def full(path: Path, *, durable: bool) -> sqlite3.Connection:
        connection = open_connection(path, durable=durable)
        connection.execute("PRAGMA max_page_count = 1")
        return connection

    monkeypatch.setattr(connections, "open_connection", full)


class TestFullDisk:
    def test_a_new_file_is_left_new(
        self, tmp_path: Path, full_disk: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "new.db"
        with pytest.raises(StoreError, match=r"new\.db can't be made a store: .*disk is full"):
            opened(path)
        monkeypatch.undo()
        opened(path)

    def test_a_load_is_undone(
        self, path: Path, full_disk: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Emulator(path, embedder=Words()) as emulator:
            with pytest.raises(StoreError, match=r"copy\.db can't be .* written: .*disk is full"):
                emulator.load_sync({"id": f"new{n}", "content": "x" * 5000} for n in range(500))
            assert first(emulator, {"query": "dragon"}) == "1"
        monkeypatch.undo()
        with Emulator(path, embedder=Words()) as emulator:
            assert emulator._running().library.counts()["assets"] == 500


class TestPlaces:
    @pytest.mark.parametrize("path", ["", ".", ":memory:", "file:a.db?mode=memory"])
    def test_what_names_no_file_is_refused(self, path: str) -> None:
        with pytest.raises(StoreError, match="names no file: leave it out"):
            opened(path)

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"nowhere/a\.db can't be opened"):
            opened(tmp_path / "nowhere" / "a.db")

    def test_no_place_for_a_temporary_file_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
        with pytest.raises(StoreError, match=r"database could not be created: .*nowhere"):
            opened(None)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may do anything")
    def test_a_folder_that_can_not_be_searched_is_named(self, path: Path) -> None:
        path.parent.chmod(0o000)
        try:
            with pytest.raises(StoreError, match=r"copy\.db can't be"):
                opened(path)
        finally:
            path.parent.chmod(0o755)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may do anything")
    def test_a_folder_that_can_not_be_written_is_named(self, path: Path) -> None:
        path.parent.chmod(0o555)
        try:
            for each in (path, path.with_name("new.db")):
                with pytest.raises(StoreError, match=f"{each.name}.*can't be"):
                    opened(each)
        finally:
            path.parent.chmod(0o755)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may do anything")
    def test_a_file_that_can_not_be_written_is_named(self, path: Path) -> None:
        path.chmod(0o444)
        with pytest.raises(StoreError, match=r"copy\.db can't be"):
            opened(path)
