"""What a process leaves that is killed at its work: whole batches, right answers."""

from __future__ import annotations

import base64
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import killed_worker
import orjson
import pytest
from killed_worker import ASSETS, BATCH, NAMES, Words, documents, picture, write_pictures

from scenario_search.emulator import Emulator
from scenario_search.emulator.contract.requests import read_search
from scenario_search.emulator.engine.library import Library

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of the old documents and pictures, prepared; and one that is not."""
    folder = tmp_path_factory.mktemp("before")
    (folder / "pictures").mkdir()
    write_pictures(folder / "pictures", "old")
    with Library(folder / "plain.db", Words()) as library:
        library.load(documents("old"), folder=folder / "pictures")
    shutil.copy(folder / "plain.db", folder / "prepared.db")
    with Library(folder / "prepared.db", Words()) as library:
        library.prepare(texts=True, pictures=True)
    return folder


def killed(database: Path, folder: Path, what: str, point: str, number: int) -> None:
    done = subprocess.run(
        [sys.executable, killed_worker.__file__, database, folder, what, point, str(number)],
        check=False,
        capture_output=True,
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b""), done.stderr.decode()


def ids(emulator: Emulator, **body: object) -> list[str]:
    request = read_search("assets", orjson.dumps({"limit": 100, **body}), {})
    return [orjson.loads(hit)["id"] for hit in emulator._running().search(request).hits]


def check_answers(emulator: Emulator) -> int:
    """Each document, its file, its words, its meaning and its looks are of one version.

    Returns:
        How many are new.
    """
    library = emulator._running().library
    versions = {
        d["id"]: d["tags"][0] for d in library.store.get("assets", map(str, range(ASSETS))).values()
    }
    assert len(versions) == ASSETS
    for id_, version in versions.items():
        assert library.files.loaded({"id": id_}) == picture(version, int(id_))
    for version, name in NAMES.items():
        those = {id_ for id_ in versions if versions[id_] == version}
        assert set(ids(emulator, filter=f"tags = {version}")) == those
        assert set(ids(emulator, query=name)) == those
        near = ids(emulator, query=name, querySemanticRatio=1)
        assert set(near[: len(those)]) == those
        assert len(near) == ASSETS
    for id_ in ("0", "9", "10", "24"):
        shown = base64.b64encode(picture(versions[id_], int(id_))).decode()
        alike = ids(emulator, image=f"data:image/png;base64,{shown}", imageSemanticRatio=0)
        assert alike[0] == id_
        assert len(alike) == ASSETS
    return sum(version == "new" for version in versions.values())


@pytest.mark.parametrize(
    ("point", "number", "new"),
    [
        ("reading a file", BATCH, 0),
        ("reading a file", BATCH + 1, BATCH),
        ("a transaction", 2, BATCH),
        ("indexing texts", 1, ASSETS),
        ("embedding", 1, ASSETS),
    ],
)
def test_killed_while_it_loads_with_files(
    before: Path, tmp_path: Path, point: str, number: int, new: int
) -> None:
    database = shutil.copy(before / "prepared.db", tmp_path / "a.db")
    write_pictures(tmp_path, "new")
    killed(database, tmp_path, "load", point, number)
    with Emulator(database, embedder=Words()) as emulator:
        assert check_answers(emulator) == new
        emulator.load_sync(documents("new"), files=tmp_path)
        assert check_answers(emulator) == ASSETS


@pytest.mark.parametrize(
    ("point", "number"), [("embedding", 1), ("looking at a picture", 17), ("a transaction", 1)]
)
def test_killed_while_it_prepares(before: Path, tmp_path: Path, point: str, number: int) -> None:
    database = shutil.copy(before / "plain.db", tmp_path / "a.db")
    killed(database, tmp_path, "prepare", point, number)
    with Emulator(database, embedder=Words()) as emulator:
        assert check_answers(emulator) == 0


def test_killed_while_it_deletes(before: Path, tmp_path: Path) -> None:
    database = shutil.copy(before / "prepared.db", tmp_path / "a.db")
    killed(database, tmp_path, "delete", "a transaction", 2)
    with Library(database, Words()) as library:
        assert library.counts()["assets"] == 0
        library.load(documents("new"))
        assert library.files.loaded({"id": "0"}) is None


def test_of_many_pictures_those_looked_at_in_time_are_kept(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = shutil.copy(before / "plain.db", tmp_path / "a.db")
    killed(database, tmp_path, "prepare", "looking at a picture", 17)
    looks = []
    with Library(database, Words()) as library:
        look = library.likenesses._look
        monkeypatch.setattr(library.likenesses, "_look", lambda each: looks.append(1) or look(each))
        library.prepare(texts=False, pictures=True)
    assert len(looks) == ASSETS - 10
