from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from date_server import DateServer
from distributed import Client

from scenario_search.dask import FilesReport, crawl_to_parquet, download
from scenario_search.errors import InvalidParamsError

CONDITION = 'createdAt >= "2024-09-15T00:00:00.000Z"'


@pytest.fixture
def dataset(server: DateServer, client: Client, tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    crawl_to_parquet(str(folder), cluster=client, shards=3, filter=CONDITION)
    return folder


def ids_of(dataset: Path) -> list[str]:
    tables = [pyarrow.parquet.read_table(path) for path in dataset.glob("*.parquet")]
    return sorted(id_ for table in tables for id_ in table["id"].to_pylist())


def run(dataset: Path, to: Path, client: Client, **options: Any) -> FilesReport:
    return download(str(dataset), str(to), cluster=client, lease=2.0, **options)


def manifest(to: Path) -> list[dict[str, Any]]:
    tables = [pyarrow.parquet.read_table(path) for path in (to / "_manifest").glob("*.parquet")]
    return [line for table in tables for line in table.to_pylist()]


def test_every_file_is_stored_in_the_subfolder_of_its_partition(
    server: DateServer, client: Client, dataset: Path, tmp_path: Path
) -> None:
    ids, to = ids_of(dataset), tmp_path / "files"
    report = run(dataset, to, client)
    assert (report.downloaded, report.skipped, report.failed) == (len(ids), 0, 0)
    assert len(ids) > 100
    lines = manifest(to)
    assert sorted(line["id"] for line in lines) == ids
    for line in lines:
        content = (to / line["path"]).read_text()
        assert content == f"This is {line['id']}."
        assert line["bytes"] == len(content)
    folders = {path.stem for path in dataset.glob("*.parquet")}
    assert {line["path"].partition("/")[0] for line in lines} <= folders
    assert report.bytes == sum(line["bytes"] for line in lines)


def test_a_rerun_fetches_only_what_failed(
    server: DateServer, client: Client, dataset: Path, tmp_path: Path
) -> None:
    ids, to = ids_of(dataset), tmp_path / "files"
    server.broken = set(ids[:3])
    first = run(dataset, to, client, concurrency=2)
    assert (first.downloaded, first.failed) == (len(ids) - 3, 3)
    assert {line["id"] for line in manifest(to) if line["status"] == "failed"} == server.broken

    server.files, server.broken = [], set()
    second = run(dataset, to, client)
    assert (second.downloaded, second.skipped, second.failed) == (3, len(ids) - 3, 0)
    assert sorted(set(server.files)) == ids[:3]
    assert {line["status"] for line in manifest(to)} == {"downloaded"}


def test_what_a_dead_worker_has_stored_is_not_fetched_again(
    server: DateServer, client: Client, dataset: Path, tmp_path: Path
) -> None:
    to = tmp_path / "files"
    run(dataset, to, client)
    for path in (to / "_manifest").glob("*.parquet"):
        # As it is before a partition is done: its lines lie in a folder beside.
        progress = to / "_manifest" / path.stem
        progress.mkdir()
        path.rename(progress / "0.parquet")
        (progress / "1.parquet").write_bytes(b"PAR1 torn")
    server.files = []
    assert run(dataset, to, client).downloaded == 0
    assert server.files == []
    assert len(manifest(to)) == len(ids_of(dataset))


def test_options_that_cannot_be_used_are_refused_before_there_is_a_cluster(tmp_path: Path) -> None:
    with pytest.raises(InvalidParamsError, match="concurrency"):
        download(str(tmp_path), str(tmp_path / "files"), concurrency=0)
    assert not (tmp_path / "files").exists()
