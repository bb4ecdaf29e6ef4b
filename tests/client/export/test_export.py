from __future__ import annotations

import asyncio
import csv
import itertools
import json
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from crawl_engine import Asset, TextEngine, clustered_assets, dated
from fake_transport import faked_client

from scenario_search import (
    APIResponseValidationError,
    AsyncScenario,
    CheckpointError,
    IncompleteCrawlError,
    InvalidParamsError,
    SearchAssetSearchResponse,
)
from scenario_search.converter import structure
from scenario_search.crawl.checkpoint import Checkpoint
from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.emulator import Emulator
from scenario_search.export import files as export_files, frames
from scenario_search.export.files import _GrowingFile, source_of, to_jsonl
from scenario_search.export.parquet import to_parquet
from scenario_search.http.transport import Answer
from scenario_search.wire.codec import PageDecoder

CAP = 150
ASSETS = clustered_assets(1000, burst=CAP - 1)
RICH: list[Asset] = [
    dated(
        1,
        1,
        url="https://cdn.example/1.png?Signature=x",
        tags=["a, b", 'c"d'],
        score=0.5,
        metadata={"kind": "image", "prompt": 'line\n"two"', "width": 512, "unheard": {"of": [1]}},
        newField=[True, None, 1.5],
        thumbnail={"assetId": "asset_t", "url": "https://cdn.example/t"},
    ),
    {"id": "asset_000002", "createdAt": None, "tags": None, "metadata": None},
    dated(3, 3, metadata={"width": "wide", "prompt": "=1+1"}, description="@me"),
    {"id": "-4", "createdAt": "unknown", "metadata": {"height": -1}},
]


def crawl_of(assets: list[Asset], **options: Any) -> AsyncCrawl[SearchAssetSearchResponse]:
    client, _ = faked_client(TextEngine(assets, cap=CAP))
    return client.crawl.assets(**{"cap": CAP} | options)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {"path": tmp_path / "x.jsonl", "checkpoint": tmp_path / "x.ckpt"}


def lines(path: Path) -> list[Asset]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# JSONL


async def test_jsonl_holds_every_hit_once(tmp_path: Path) -> None:
    await crawl_of(ASSETS).to_jsonl(tmp_path / "x.jsonl")
    assert sorted(a["id"] for a in lines(tmp_path / "x.jsonl")) == sorted(a["id"] for a in ASSETS)


async def test_jsonl_decodes_to_equal_hits(tmp_path: Path) -> None:
    await crawl_of(RICH).to_jsonl(tmp_path / "x.jsonl")
    decoded = [structure(line, SearchAssetSearchResponse) for line in lines(tmp_path / "x.jsonl")]
    assert decoded == [hit async for hit in crawl_of(RICH)]
    assert [hit.extra for hit in decoded if hit.extra] == [{"newField": [True, None, 1.5]}]


async def test_jsonl_loads_into_the_emulator_and_comes_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    assets = [{**asset, "privacy": "public"} for asset in RICH]
    await crawl_of(assets).to_jsonl(path)
    with Emulator() as emulator:
        emulator.load_sync(path)
        async with AsyncScenario(
            base_url=emulator.url, api_key=emulator.api_key, api_secret=emulator.api_secret
        ) as client:
            loaded = [hit async for hit in client.crawl.assets(public=True)]
    original = [hit async for hit in crawl_of(assets)]
    assert sorted(loaded, key=lambda hit: hit.id) == sorted(original, key=lambda hit: hit.id)


async def test_what_is_no_crawl_is_exported_too(tmp_path: Path) -> None:
    hits = [structure(asset, SearchAssetSearchResponse) for asset in RICH]

    async def batches() -> Any:
        yield hits[:3]
        yield hits[3:]

    await to_jsonl(source_of(SearchAssetSearchResponse, batches()), tmp_path / "x.jsonl")
    assert [line["id"] for line in lines(tmp_path / "x.jsonl")] == [hit.id for hit in hits]


async def test_an_export_runs_requests_at_once_and_leaves_no_task(tmp_path: Path) -> None:
    await crawl_of(ASSETS, concurrency=4).to_jsonl(tmp_path / "x.jsonl")
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_failed_export_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("before")
    engine = TextEngine(ASSETS, cap=CAP, before=lambda n: ValueError("no") if n > 9 else None)
    client, _ = faked_client(engine)
    with pytest.raises(ValueError, match="no"):
        await client.crawl.assets(cap=CAP).to_jsonl(path)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["x.jsonl"]  # noqa: PTH208 - names are what counts


async def test_max_items_ends_an_export(tmp_path: Path) -> None:
    await crawl_of(ASSETS, max_items=310).to_jsonl(tmp_path / "x.jsonl")
    assert len(lines(tmp_path / "x.jsonl")) == 310


async def test_an_export_of_no_items_is_an_empty_file(tmp_path: Path) -> None:
    await crawl_of(ASSETS, max_items=0).to_jsonl(tmp_path / "x.jsonl")
    assert (tmp_path / "x.jsonl").read_bytes() == b""


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_max_items_count_hits_of_a_date_that_is_not_whole(
    files: dict[str, Path], order: str
) -> None:
    assets = [*ASSETS, *(dated(5000 + i, 7) for i in range(CAP + 20))]
    crawl = crawl_of(assets, checkpoint=files["checkpoint"], max_items=900, order=order)
    await crawl.to_jsonl(files["path"])
    assert len(lines(files["path"])) == 900


@pytest.mark.parametrize("form", ["jsonl", "csv"])
async def test_hits_are_encoded_in_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    threads: set[threading.Thread] = set()
    json_bytes, rows = export_files.json_bytes, frames.rows

    def noting(function: Any) -> Any:
        def noted(*arguments: Any) -> Any:
            threads.add(threading.current_thread())
            return function(*arguments)

        return noted

    monkeypatch.setattr(export_files, "json_bytes", noting(json_bytes))
    monkeypatch.setattr(frames, "rows", noting(rows))
    crawl = crawl_of(RICH)
    await getattr(crawl, f"to_{form}")(tmp_path / f"x.{form}")
    assert threads
    assert threading.current_thread() not in threads


async def test_an_incomplete_crawl_is_exported_as_far_as_it_can_be(tmp_path: Path) -> None:
    assets = [*ASSETS, *(dated(5000 + i, 7) for i in range(CAP + 20))]
    crawl = crawl_of(assets)
    with pytest.raises(IncompleteCrawlError):
        await crawl.to_jsonl(tmp_path / "x.jsonl")
    assert len(lines(tmp_path / "x.jsonl")) == 1000 + CAP


ODD: list[bytes] = [
    b'{"id": "a", "createdAt": "2025-01-01T00:00:00.000Z", "tags": null, "new": {"b": [], "a": 1}}',
    b'{"id": "b", "createdAt": "2024-01-01T00:00:00.000Z", "size": 123456789012345678901234567890}',
    b'{"id": "c", "createdAt": "2023-01-01T00:00:00.000Z", "name": "\\ud800", "metadata": null}',
    b'{"createdAt": "2022-01-01T00:00:00.000Z", "id": "d", "score": 1.0, "isPublic": false}',
]


async def odd_lines(export: Any, tmp_path: Path) -> None:
    """Exports what a server sends, and compares the JSON."""
    await export.to_jsonl(tmp_path / "x.jsonl")
    written = [json.loads(line) for line in (tmp_path / "x.jsonl").read_bytes().splitlines()]
    sent = [json.loads(line) for line in ODD]
    assert written == sent
    assert [list(hit) for hit in written] == [list(hit) for hit in sent]
    assert [type(hit["score"]) for hit in written if "score" in hit] == [float]


def odd_answer(body: dict[str, Any]) -> Answer:
    is_first = body.get("offset", 0) == 0 and "<=" not in str(body.get("filter"))
    hits = ODD if is_first and "NOT" not in str(body.get("filter")) else []
    if body.get("sortBy") == ["createdAt:asc"]:
        hits = hits[::-1]
    start = str(body["offset"]).encode()
    return Answer(200, {}, b'{"offset": ' + start + b', "hits": [' + b",".join(hits) + b"]}", 0.0)


async def test_jsonl_of_a_crawl_holds_equal_json(tmp_path: Path) -> None:
    client, _ = faked_client(odd_answer)
    await odd_lines(client.crawl.assets(), tmp_path)


async def test_jsonl_of_a_search_holds_equal_json(tmp_path: Path) -> None:
    client, _ = faked_client(odd_answer)
    await odd_lines(client.search.asset_search(query="x"), tmp_path)


# JSONL with a checkpoint


async def failing_export(files: dict[str, Path], after: int, method: str = "to_jsonl") -> None:
    """Export until a request fails."""
    engine = TextEngine(ASSETS, cap=CAP, before=lambda n: ValueError("no") if n > after else None)
    client, _ = faked_client(engine)
    crawl = client.crawl.assets(cap=CAP, checkpoint=files["checkpoint"], concurrency=1)
    with pytest.raises(ValueError, match="no"):
        await getattr(crawl, method)(files["path"])


@pytest.mark.parametrize("after", range(0, 17, 2))
async def test_a_resumed_export_equals_an_undisturbed_one(
    files: dict[str, Path], tmp_path: Path, after: int
) -> None:
    await crawl_of(ASSETS).to_jsonl(tmp_path / "undisturbed")
    await failing_export(files, after)
    with files["path"].open("ab") as file:
        file.write(b'{"id": "torn')
    await crawl_of(ASSETS, checkpoint=files["checkpoint"]).to_jsonl(files["path"])
    assert files["path"].read_bytes() == (tmp_path / "undisturbed").read_bytes()


async def test_an_export_that_fails_keeps_all_that_was_read(files: dict[str, Path]) -> None:
    await failing_export(files, 9)
    kept = Checkpoint.read(files["checkpoint"])
    assert kept is not None
    assert kept.requests == 10
    assert kept.hits == len(files["path"].read_bytes().splitlines()) >= 500


@pytest.mark.parametrize(("seconds", "least", "most"), [(0, 3, 6), (1, 30, 40)])
async def test_hits_are_committed_a_thousand_at_a_time_or_after_a_second(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, seconds: int, least: int, most: int
) -> None:
    clock = itertools.count(0, seconds)
    monkeypatch.setattr(
        "scenario_search.export.files.time", SimpleNamespace(monotonic=lambda: next(clock))
    )
    writes: list[bytes] = []
    write = Checkpoint.write

    def noted(checkpoint: Checkpoint, path: Path, data: bytes) -> None:
        writes.append(data)
        write(checkpoint, path, data)

    monkeypatch.setattr(Checkpoint, "write", noted)
    assets = [dated(i, i) for i in range(3000)]
    await crawl_of(assets, checkpoint=files["checkpoint"]).to_jsonl(files["path"])
    assert least <= len(writes) <= most
    assert len(files["path"].read_bytes().splitlines()) == 3000


async def test_a_finished_export_resumed_makes_no_request_and_keeps_the_file(
    files: dict[str, Path],
) -> None:
    await crawl_of(ASSETS, checkpoint=files["checkpoint"]).to_jsonl(files["path"])
    before = files["path"].read_bytes()
    engine = TextEngine(ASSETS, cap=CAP)
    client, _ = faked_client(engine)
    crawl = client.crawl.assets(cap=CAP, checkpoint=files["checkpoint"])
    await crawl.to_jsonl(files["path"])
    assert (engine.requests, crawl.stats.hits) == (0, len(ASSETS))
    assert files["path"].read_bytes() == before


async def test_a_file_shorter_than_the_checkpoint_knows_is_refused(files: dict[str, Path]) -> None:
    await failing_export(files, 12)
    files["path"].write_bytes(files["path"].read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="was changed"):
        await crawl_of(ASSETS, checkpoint=files["checkpoint"]).to_jsonl(files["path"])


async def test_a_file_that_something_else_writes_to_ends_the_crawl(files: dict[str, Path]) -> None:
    def write(request: int) -> None:
        if request >= 8:  # more than once: a write of the crawl's own may be under way
            with files["path"].open("ab") as file:
                file.write(b"{}\n")

    client, _ = faked_client(TextEngine(ASSETS, cap=CAP, before=write))
    crawl = client.crawl.assets(cap=CAP, checkpoint=files["checkpoint"])
    with pytest.raises(CheckpointError, match=r"Something else has changed .*x\.jsonl"):
        await crawl.to_jsonl(files["path"])


async def test_a_checkpoint_of_another_file_is_refused(
    files: dict[str, Path], tmp_path: Path
) -> None:
    await failing_export(files, 12)
    with pytest.raises(CheckpointError, match="consumed elsewhere"):
        await crawl_of(ASSETS, checkpoint=files["checkpoint"]).to_jsonl(tmp_path / "other")


async def test_a_file_is_refused_once_hits_were_consumed_elsewhere(files: dict[str, Path]) -> None:
    await failing_export(files, 12)
    hits = [hit async for hit in crawl_of(ASSETS, checkpoint=files["checkpoint"])]
    assert hits
    with pytest.raises(CheckpointError, match="consumed elsewhere"):
        await crawl_of(ASSETS, checkpoint=files["checkpoint"]).to_jsonl(files["path"])


async def test_a_date_that_was_not_whole_is_read_again_when_resumed(
    files: dict[str, Path],
) -> None:
    burst = [dated(5000 + i, 7) for i in range(CAP + 20)]
    with pytest.raises(IncompleteCrawlError):
        await crawl_of([*ASSETS, *burst], checkpoint=files["checkpoint"]).to_jsonl(files["path"])
    assert len(lines(files["path"])) == 1000 + CAP
    await crawl_of([*ASSETS, *burst[30:]], checkpoint=files["checkpoint"]).to_jsonl(files["path"])
    found = [asset["id"] for asset in lines(files["path"])]
    assert sorted(found) == sorted(asset["id"] for asset in [*ASSETS, *burst])


async def test_an_export_that_was_moved_with_its_checkpoint_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await crawl_of(ASSETS).to_jsonl("undisturbed")
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    await failing_export({"path": before / "x.jsonl", "checkpoint": before / "x.ckpt"}, 12)
    before.rename(after)
    await crawl_of(ASSETS, checkpoint="after/x.ckpt").to_jsonl(after / "x.jsonl")
    assert (after / "x.jsonl").read_bytes() == (tmp_path / "undisturbed").read_bytes()


async def test_two_exports_to_one_file_do_not_mix(files: dict[str, Path], tmp_path: Path) -> None:
    await crawl_of(ASSETS).to_jsonl(tmp_path / "undisturbed")
    exports = [
        crawl_of(ASSETS, checkpoint=files["checkpoint"]).to_jsonl(files["path"]) for _ in range(2)
    ]
    ends = await asyncio.gather(*exports, return_exceptions=True)
    # The second is refused, or begins after the first has ended.
    assert None in ends
    assert all(end is None or isinstance(end, CheckpointError) for end in ends)
    assert files["path"].read_bytes() == (tmp_path / "undisturbed").read_bytes()


class FullDisk:
    """A file of which only the first bytes can be written."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, data: bytes) -> int:
        part = data[: self._room]
        self._room -= len(part)
        self._file.write(part)
        if len(part) < len(data):
            raise OSError(28, "No space left on device")
        return len(data)

    def close(self) -> None:
        self._file.close()
        if not self._room:
            raise OSError(28, "No space left on device")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def fill_disk(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Let every export file that is opened from now on have so much room."""
    original = _GrowingFile.open

    def open_full(file: _GrowingFile, head: bytes) -> None:
        original(file, head)
        file._file = FullDisk(file._file, room)  # type: ignore[assignment]

    monkeypatch.setattr(_GrowingFile, "open", open_full)


async def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch, 10_000)
    with pytest.raises(OSError, match="No space left"):
        await crawl_of(ASSETS).to_jsonl(tmp_path / "x.jsonl")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are what counts


async def test_after_a_full_disk_the_export_goes_on(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crawl_of(ASSETS).to_jsonl(tmp_path / "undisturbed")
    for _ in range(3):
        with monkeypatch.context() as full, pytest.raises(OSError, match="No space left"):
            fill_disk(full, 40_000)
            await crawl_of(ASSETS, checkpoint=files["checkpoint"]).to_jsonl(files["path"])
    await crawl_of(ASSETS, checkpoint=files["checkpoint"]).to_jsonl(files["path"])
    assert files["path"].read_bytes() == (tmp_path / "undisturbed").read_bytes()


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_cancelled_at_any_await_the_file_comes_out_the_same(
    files: dict[str, Path], tmp_path: Path, concurrency: int
) -> None:
    await crawl_of(ASSETS).to_jsonl(tmp_path / "undisturbed")
    turns = 1
    while True:
        export = asyncio.create_task(
            crawl_of(ASSETS, checkpoint=files["checkpoint"], concurrency=concurrency).to_jsonl(
                files["path"]
            )
        )
        for _ in range(turns):
            await asyncio.sleep(0)
        export.cancel()
        await asyncio.wait([export])
        assert asyncio.all_tasks() == {asyncio.current_task()}
        if not export.cancelled():
            export.result()
            break
        turns += 1 + turns // 3
    assert files["path"].read_bytes() == (tmp_path / "undisturbed").read_bytes()


# CSV


async def test_csv_has_a_header_and_a_row_for_each_hit(tmp_path: Path) -> None:
    await crawl_of(RICH).to_csv(tmp_path / "x.csv")
    row = next(row for row in read_csv(tmp_path / "x.csv") if row["id"] == "asset_000001")
    assert row["metadata.prompt"] == 'line\n"two"'
    assert row["metadata.width"] == "512"
    assert row["created_at"] == "2024-01-01T00:00:00.001Z"
    assert json.loads(row["tags"]) == ["a, b", 'c"d']
    assert json.loads(row["extra"])["metadata"] == {"unheard": {"of": [1]}}


async def test_csv_leaves_empty_what_is_missing(tmp_path: Path) -> None:
    await crawl_of(RICH).to_csv(tmp_path / "x.csv")
    row = next(row for row in read_csv(tmp_path / "x.csv") if row["id"] == "asset_000002")
    assert (row["metadata.prompt"], row["created_at"], row["tags"]) == ("", "", "[]")


async def test_csv_text_is_no_formula_and_numbers_are_numbers(tmp_path: Path) -> None:
    await crawl_of(RICH).to_csv(tmp_path / "x.csv")
    rows = read_csv(tmp_path / "x.csv")
    assert {row["metadata.prompt"] for row in rows} >= {"'=1+1"}
    assert {row["description"] for row in rows} >= {"'@me"}
    assert [row["metadata.height"] for row in rows if row["id"] == "'-4"] == ["-1"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b"])
async def test_csv_text_that_a_spreadsheet_may_run_has_an_apostrophe(
    start: str, tmp_path: Path
) -> None:
    await crawl_of([dated(1, 1, description=f"{start}1+1")]).to_csv(tmp_path / "x.csv")
    assert read_csv(tmp_path / "x.csv")[0]["description"] == f"'{start}1+1"


async def test_csv_keeps_a_timestamp_that_is_none(tmp_path: Path) -> None:
    await crawl_of(RICH).to_csv(tmp_path / "x.csv")
    assert "unknown" in {row["created_at"] for row in read_csv(tmp_path / "x.csv")}


async def test_csv_without_hits_is_a_header(tmp_path: Path) -> None:
    await crawl_of([]).to_csv(tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text().startswith("id,author_id,")
    assert read_csv(tmp_path / "x.csv") == []


async def test_a_resumed_csv_has_one_header(files: dict[str, Path], tmp_path: Path) -> None:
    await crawl_of(ASSETS).to_csv(tmp_path / "undisturbed")
    await failing_export(files, 12, "to_csv")
    await crawl_of(ASSETS, checkpoint=files["checkpoint"]).to_csv(files["path"])
    assert files["path"].read_bytes() == (tmp_path / "undisturbed").read_bytes()


# Parquet and frames


async def test_parquet_has_the_columns_and_types_of_the_documentation(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    await crawl_of(RICH).to_parquet(tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    assert types["created_at"] == "timestamp[ms, tz=UTC]"
    assert (types["metadata.width"], types["tags"]) == ("double", "list<element: string>")
    row = next(row for row in table.to_pylist() if row["id"] == "asset_000001")
    assert row["created_at"] == datetime(2024, 1, 1, 0, 0, 0, 1000, UTC)
    assert (row["metadata.width"], row["tags"]) == (512.0, ["a, b", 'c"d'])


async def test_parquet_keeps_values_of_other_types_in_extra(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    await crawl_of(RICH).to_parquet(tmp_path / "x.parquet")
    rows = {row["id"]: row for row in parquet.read_table(tmp_path / "x.parquet").to_pylist()}
    assert rows["asset_000003"]["metadata.width"] is None
    assert json.loads(rows["asset_000003"]["extra"]) == {"metadata.width": "wide"}
    assert json.loads(rows["-4"]["extra"]) == {"created_at": "unknown"}


async def test_parquet_is_written_in_row_groups(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    await crawl_of(clustered_assets(2500, burst=CAP - 1)).to_parquet(tmp_path / "x.parquet")
    file = parquet.ParquetFile(tmp_path / "x.parquet")
    assert (file.metadata.num_rows, file.metadata.num_row_groups) == (2500, 2)


async def test_parquet_without_hits_has_the_columns(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    await crawl_of([]).to_parquet(tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet")
    assert table.num_rows == 0
    assert "metadata.width" in table.column_names


async def test_a_resumed_parquet_holds_every_hit_once(
    files: dict[str, Path], tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    await failing_export(files, 12, "to_parquet")
    assert not files["path"].exists()
    for left_by_a_kill in ("x.jsonl.partial", "x.ckpt.tmp"):
        (tmp_path / left_by_a_kill).write_bytes(b"torn" * 10_000)
    for _ in range(2):  # the second finds all done
        await crawl_of(ASSETS, checkpoint=files["checkpoint"]).to_parquet(files["path"])
        found = parquet.read_table(files["path"]).column("id").to_pylist()
        assert sorted(found) == sorted(asset["id"] for asset in ASSETS)
    assert set(os.listdir(tmp_path)) == {"x.jsonl", "x.ckpt", "x.ckpt.lock"}  # noqa: PTH208 - names are what counts


@pytest.mark.parametrize("library", ["pandas", "polars"])
async def test_frames_have_a_row_for_each_hit(library: str) -> None:
    pytest.importorskip(library)
    frame = await getattr(crawl_of(ASSETS), f"to_{library}")()
    assert sorted(frame["id"]) == sorted(asset["id"] for asset in ASSETS)


@pytest.mark.parametrize(
    ("method", "module", "extra"),
    [
        ("to_parquet", "pyarrow", "parquet"),
        ("to_pandas", "pandas", "pandas"),
        ("to_polars", "polars", "polars"),
    ],
)
async def test_without_its_extra_an_export_names_it_and_sends_nothing(
    method: str, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (module, "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    engine = TextEngine(ASSETS)
    client, _ = faked_client(engine)
    arguments = [tmp_path / "x"] if method == "to_parquet" else []
    with pytest.raises(ImportError, match=rf"pip install 'scenario-search\[{extra}\]'"):
        await getattr(client.crawl.assets(), method)(*arguments)
    assert engine.requests == 0


@pytest.mark.parametrize("checkpoint", [None, "x.ckpt"])
@pytest.mark.parametrize("method", ["to_jsonl", "to_csv", "to_parquet"])
@pytest.mark.parametrize(
    ("place", "error"), [("", IsADirectoryError), ("missing/x", FileNotFoundError)]
)
async def test_a_place_that_no_file_can_be_at_is_refused_before_anything_is_sent(
    place: str,
    error: type[OSError],
    method: str,
    checkpoint: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if method == "to_parquet":
        pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    engine = TextEngine(ASSETS)
    client, _ = faked_client(engine)
    with pytest.raises(error):
        await getattr(client.crawl.assets(checkpoint=checkpoint), method)(tmp_path / place)
    assert engine.requests == 0
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are what counts


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes have names here")
@pytest.mark.parametrize("method", ["to_jsonl", "to_csv", "to_parquet"])
def test_what_is_no_regular_file_is_not_replaced(method: str, tmp_path: Path) -> None:
    if method == "to_parquet":
        pytest.importorskip("pyarrow")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    engine = TextEngine(ASSETS)
    client, _ = faked_client(engine)
    with pytest.raises(OSError, match="Not a regular file"):
        asyncio.run(getattr(client.crawl.assets(), method)(pipe))
    assert engine.requests == 0
    assert pipe.is_fifo()


@pytest.mark.parametrize("checkpoint", [None, "x.ckpt"])
@pytest.mark.parametrize("method", ["to_jsonl", "to_csv", "to_parquet"])
def test_a_link_stays_and_the_file_it_leads_to_is_written(
    method: str, checkpoint: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if method == "to_parquet":
        pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    link, file = tmp_path / "link", tmp_path / "folder" / "file"
    link.symlink_to(file)
    asyncio.run(getattr(crawl_of(ASSETS, checkpoint=checkpoint), method)(link))
    asyncio.run(getattr(crawl_of(ASSETS), method)(tmp_path / "plain"))
    assert link.readlink() == file
    assert file.read_bytes() == (tmp_path / "plain").read_bytes()


@pytest.mark.parametrize("method", ["to_pandas", "to_polars"])
async def test_a_crawl_with_a_checkpoint_gives_no_frame(method: str, tmp_path: Path) -> None:
    crawl = crawl_of(ASSETS, checkpoint=tmp_path / "x.ckpt")
    with pytest.raises(InvalidParamsError, match="export to a file instead"):
        await getattr(crawl, method)()
    assert not (tmp_path / "x.ckpt").exists()


@pytest.mark.parametrize(
    ("method", "checkpoint"),
    [
        ("to_jsonl", "x"),
        ("to_csv", "x"),
        ("to_parquet", "x"),
        ("to_parquet", "x.partial.jsonl"),
    ],
)
async def test_an_export_does_not_overwrite_its_checkpoint(
    method: str, checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    crawl = crawl_of(ASSETS, checkpoint=checkpoint)
    with pytest.raises(InvalidParamsError, match="its own checkpoint"):
        await getattr(crawl, method)(tmp_path / "x")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are what counts


@pytest.mark.parametrize("number", [2**53 + 1, -(2**63), 2**64 - 1])
async def test_parquet_keeps_numbers_too_large_for_a_double_in_extra(
    number: int, tmp_path: Path
) -> None:
    hits = [
        structure(dated(i, i, metadata={"size": n}), SearchAssetSearchResponse)
        for i, n in enumerate([2**53, number])
    ]

    async def batches() -> Any:
        yield hits

    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "x.parquet"
    await to_parquet(source_of(SearchAssetSearchResponse, batches()), path)
    small, large = parquet.read_table(path).to_pylist()
    assert small["metadata.size"] == 2**53
    assert large["metadata.size"] is None
    assert json.loads(large["extra"]) == {"metadata.size": number}


async def test_a_crawl_into_jsonl_makes_no_hits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(*_: Any, **__: Any) -> None:
        raise AssertionError("A hit was made")

    monkeypatch.setattr(PageDecoder, "hits", make)
    await crawl_of(RICH).to_jsonl(tmp_path / "hits.jsonl")
    assert len((tmp_path / "hits.jsonl").read_bytes().splitlines()) == len(RICH)


async def test_a_crawl_into_jsonl_refuses_or_skips_what_does_not_fit(tmp_path: Path) -> None:
    assets = [*RICH, dated(5, 5, tags=7)]
    with pytest.raises(APIResponseValidationError, match="tags"):
        await crawl_of(assets).to_jsonl(tmp_path / "refused.jsonl")
    crawl = crawl_of(assets, on_invalid="skip")
    await crawl.to_jsonl(tmp_path / "hits.jsonl")
    assert (crawl.stats.hits, crawl.stats.invalid) == (len(RICH), 1)
    lines = (tmp_path / "hits.jsonl").read_bytes().splitlines()
    assert {orjson.loads(line)["id"] for line in lines} == {asset["id"] for asset in RICH}
