from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest

from scenario_search.dask.stores import Store


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = str(tmp_path) if request.param == "disk" else "memory://tests/folder"
    store = Store(url, {})
    store.make_folder("sub")
    yield store
    fsspec.filesystem("memory").store.clear()


def test_a_file_is_created_once(store: Store) -> None:
    assert store.create("sub/one", b"1")
    assert not store.create("sub/one", b"2")
    assert store.read("sub/one") == b"1"


def test_of_many_that_create_a_file_concurrently_one_does(tmp_path: Path) -> None:
    store = Store(str(tmp_path), {})
    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda n: store.create("one", b"%d" % n), range(50)))
    assert sum(created) == 1


def test_a_file_takes_its_place_whole(store: Store) -> None:
    store.write("one", b"before")
    with store.replacing("one", "sub") as file:
        file.write(b"after")
        assert store.read("one") == b"before"
    assert store.read("one") == b"after"
    assert (store.names(""), store.names("sub")) == (["one", "sub"], [])


def test_what_fails_on_the_way_leaves_the_file_alone(store: Store) -> None:
    store.write("one", b"before")
    with pytest.raises(ZeroDivisionError), store.replacing("one", "sub"):
        raise ZeroDivisionError
    assert store.read("one") == b"before"
    assert (store.names(""), store.names("sub")) == (["one", "sub"], [])


def test_names_are_sorted_and_none_where_there_is_no_folder(store: Store) -> None:
    for name in ("sub/b", "sub/a"):
        store.write(name, b"x")
    assert store.names("sub") == ["a", "b"]
    assert store.names("none") == []


def test_a_file_of_this_machine_is_copied(store: Store, tmp_path: Path) -> None:
    (tmp_path / "local").write_bytes(b"x")
    store.put(tmp_path / "local", "sub/copy")
    assert store.read("sub/copy") == b"x"


def test_deleting_what_is_not_there_does_nothing(store: Store) -> None:
    store.write("sub/a", b"x")
    store.delete("sub")
    store.delete("sub")
    assert not store.exists("sub/a")
