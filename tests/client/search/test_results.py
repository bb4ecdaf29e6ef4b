"""Results and pages: what they are, and what they write to files and frames."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
import warnings
import weakref
from pathlib import Path
from typing import Any

import orjson
import pytest
from fake_transport import Page, correct_page, faked_client

from scenario_search import (
    APIResponseValidationError,
    AsyncScenario,
    PaginationError,
    PermissionDeniedError,
    SearchAssetSearchResponse,
    SearchModelSearchResponse,
    TruncatedResultsWarning,
)
from scenario_search.converter import structure
from scenario_search.http.transport import Answer
from scenario_search.search.pages import AsyncSearchHitsOffset

IDS = [f"asset_{n}" for n in range(35)]


def correct(ids: list[str] = IDS, **options: Any) -> tuple[AsyncScenario, Any]:
    return faked_client(lambda body: correct_page(ids, body), **options)


def lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def ids_in(path: Path) -> list[str]:
    return [line["id"] for line in lines(path)]


# Results


async def test_results_show_what_they_are() -> None:
    client, _ = correct()
    assert repr(client.search.asset_search(query="x")) == (
        "<AsyncSearchResults of asset_search: await it, use 'async for', or pass its first_page() "
        "to create_task()>"
    )


async def test_a_task_takes_the_first_page_and_says_so_where_it_is_given_the_results() -> None:
    client, sent = correct()
    results = client.search.asset_search(query="x", limit=5)
    async with asyncio.TaskGroup() as group:
        with pytest.raises(TypeError, match=r"first_page\(\) to create_task\(\)"):
            group.create_task(results)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        task = group.create_task(results.first_page())
    assert [hit.id for hit in task.result().hits] == IDS[:5]
    assert len(sent.bodies) == 1


async def test_a_refused_search_for_workflows_says_that_it_may_not_be_offered() -> None:
    client, _ = faked_client(lambda _: Answer(403, {}, b'{"error": "Forbidden"}', 0.0))
    with pytest.raises(PermissionDeniedError, match="403: Forbidden; the service may not offer"):
        await client.search.workflow_search(query="x")
    with pytest.raises(PermissionDeniedError, match=r"403: Forbidden$"):
        await client.search.asset_search(query="x")


async def test_an_iteration_keeps_no_page_while_it_fetches_the_next() -> None:
    yielded: list[weakref.ref[SearchAssetSearchResponse]] = []
    kept: list[int] = []

    def page(body: dict[str, Any]) -> Page:
        kept.append(sum(hit() is not None for hit in yielded))
        return correct_page(IDS, body)

    client, _ = faked_client(page)
    async for hit in client.search.asset_search(query="x", limit=10):
        yielded += [weakref.ref(hit)]
    # The caller's own variable holds the last one.
    assert kept == [0, 1, 1, 1]


# Pages


async def test_hits_are_of_the_searchs_own_class() -> None:
    client, _ = correct()
    assert isinstance(
        (await client.search.asset_search(query="x")).hits[0], SearchAssetSearchResponse
    )
    assert isinstance(
        (await client.search.model_search(query="x")).hits[0], SearchModelSearchResponse
    )


async def test_a_page_that_does_not_fit_says_how_it_arrived() -> None:
    client, _ = faked_client(lambda _: Answer(201, {"x-request-id": "r"}, b"[]", 0.0))
    with pytest.raises(APIResponseValidationError) as raised:
        await client.search.asset_search(query="x")
    assert (raised.value.status_code, raised.value.request_id) == (201, "r")


async def test_strict_clients_refuse_what_lacks_documented_fields() -> None:
    client, _ = correct(strict=True)
    with pytest.raises(APIResponseValidationError, match=r"\$\.hits\[0\]\.metadata is missing"):
        await client.search.asset_search(query="x")


def test_a_page_made_by_hand_has_no_search_to_go_on_with() -> None:
    page: AsyncSearchHitsOffset[SearchAssetSearchResponse] = AsyncSearchHitsOffset(hits=[])
    assert not page.has_next_page()
    for use in (lambda: page.response, page.iter_pages, page.__aiter__):
        with pytest.raises(PaginationError, match="not returned by a client's search"):
            use()


async def test_a_page_compares_and_prints_by_what_it_holds() -> None:
    client, _ = correct()
    first = await client.search.asset_search(query="x", limit=2)
    assert first == await client.search.asset_search(query="y", limit=2)
    assert "asset_1" in repr(first)
    assert orjson.loads(first.to_json())["estimatedTotalHits"] == 35


# Files


async def test_results_write_the_hits_of_all_pages(tmp_path: Path) -> None:
    client, sent = correct()
    await client.search.asset_search(query="x", limit=10).to_jsonl(tmp_path / "x.jsonl")
    assert ids_in(tmp_path / "x.jsonl") == IDS
    assert [body["offset"] for body in sent.bodies] == [0, 10, 20, 30]


@pytest.mark.parametrize("method", ["to_jsonl", "to_csv", "to_parquet"])
async def test_a_page_writes_its_own_hits_and_sends_no_request(method: str, tmp_path: Path) -> None:
    client, sent = correct()
    page = await client.search.asset_search(query="x", limit=10, offset=10, max_items=3)
    await getattr(page, method)(tmp_path / "x")
    assert written_ids(tmp_path / "x", method) == IDS[10:20] == [hit.id for hit in page.hits]
    assert len(sent.bodies) == 1


@pytest.mark.parametrize("method", ["to_jsonl", "to_csv", "to_parquet"])
async def test_a_page_goes_on_to_the_last_page_where_it_shall(method: str, tmp_path: Path) -> None:
    client, sent = correct()
    page = await client.search.asset_search(query="x", limit=10, offset=10)
    await getattr(page, method)(tmp_path / "x", all_pages=True)
    assert written_ids(tmp_path / "x", method) == IDS[10:]
    assert [body["offset"] for body in sent.bodies] == [10, 20, 30]


def written_ids(path: Path, method: str) -> list[str]:
    if method == "to_jsonl":
        return ids_in(path)
    if method == "to_csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [row["id"] for row in csv.DictReader(file)]
    ids: list[str] = pytest.importorskip("pyarrow.parquet").read_table(path)["id"].to_pylist()
    return ids


async def test_a_line_of_jsonl_is_the_hit_as_the_api_sent_it(tmp_path: Path) -> None:
    asset = {"id": "a", "createdAt": "soon", "metadata": {"width": 1, "new": [2]}, "newField": {}}
    client, _ = faked_client(lambda _: {"hits": [asset], "estimatedTotalHits": 1})
    results = client.search.asset_search(query="x")
    await results.to_jsonl(tmp_path / "x.jsonl")
    assert lines(tmp_path / "x.jsonl")[0].items() >= asset.items()
    decoded = structure(lines(tmp_path / "x.jsonl")[0], SearchAssetSearchResponse)
    assert [decoded] == [hit async for hit in results]


async def test_csv_has_a_row_for_each_hit_of_all_pages(tmp_path: Path) -> None:
    client, _ = correct()
    await client.search.model_search(query="x", limit=10).to_csv(tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == IDS
    assert "capabilities" in rows[0]


async def test_parquet_has_a_row_for_each_hit_of_all_pages(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    client, _ = correct()
    await client.search.workflow_search(query="x", limit=10).to_parquet(tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet")
    assert table.column("id").to_pylist() == IDS
    assert "status" in table.column_names


@pytest.mark.parametrize("most", [0, 7, 10, 33])
async def test_max_items_ends_a_file(most: int, tmp_path: Path) -> None:
    client, sent = correct()
    results = client.search.asset_search(query="x", limit=10, max_items=most)
    await results.to_jsonl(tmp_path / "x.jsonl")
    assert ids_in(tmp_path / "x.jsonl") == IDS[:most]
    assert len(sent.bodies) == -(-most // 10)


@pytest.mark.parametrize(("method", "rows"), [("to_jsonl", 0), ("to_csv", 1)])
async def test_a_search_without_hits_gives_a_file_without_rows(
    method: str, rows: int, tmp_path: Path
) -> None:
    client, _ = correct([])
    await getattr(client.search.asset_search(query="x"), method)(tmp_path / "x")
    assert len((tmp_path / "x").read_text().splitlines()) == rows


@pytest.mark.parametrize("method", ["to_jsonl", "to_csv", "to_parquet"])
async def test_a_walk_that_fails_leaves_the_file_that_was_there(
    method: str, tmp_path: Path
) -> None:
    if method == "to_parquet":
        pytest.importorskip("pyarrow")

    def failing(body: dict[str, Any]) -> Page | Exception:
        return ValueError("no") if body["offset"] == 20 else correct_page(IDS, body)

    client, _ = faked_client(failing)
    path = tmp_path / "x"
    path.write_text("before")
    with pytest.raises(ValueError, match="no"):
        await getattr(client.search.asset_search(query="x", limit=10), method)(path)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["x"]  # noqa: PTH208 - names are what counts


async def test_a_file_that_ends_at_the_engines_cap_warns_at_the_callers_line(
    tmp_path: Path,
) -> None:
    client, _ = correct([f"asset_{n}" for n in range(1000)])
    with pytest.warns(TruncatedResultsWarning, match=r"client\.crawl") as caught:
        await client.search.asset_search(query="x").to_jsonl(tmp_path / "x.jsonl")
    assert [one.filename for one in caught] == [__file__]
    assert len(ids_in(tmp_path / "x.jsonl")) == 1000


async def test_where_warnings_are_errors_a_truncated_file_is_none(tmp_path: Path) -> None:
    client, _ = correct([f"asset_{n}" for n in range(1000)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TruncatedResultsWarning):
            await client.search.asset_search(query="x").to_jsonl(tmp_path / "x.jsonl")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are what counts


async def test_a_page_made_by_hand_writes_no_file(tmp_path: Path) -> None:
    page = AsyncSearchHitsOffset(hits=[SearchAssetSearchResponse(id="a")])
    with pytest.raises(PaginationError, match="not returned by a client's search"):
        await page.to_jsonl(tmp_path / "x.jsonl")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are what counts


# Frames


@pytest.mark.parametrize("library", ["pandas", "polars"])
async def test_a_frame_of_results_has_the_hits_of_all_pages(library: str) -> None:
    pytest.importorskip(library)
    client, _ = correct()
    frame = await getattr(client.search.asset_search(query="x", limit=10), f"to_{library}")()
    assert list(frame["id"]) == IDS


@pytest.mark.parametrize("library", ["pandas", "polars"])
async def test_a_frame_without_hits_has_the_columns_of_its_kind(library: str) -> None:
    pytest.importorskip(library)
    client, _ = correct([])
    frame = await getattr(client.search.model_search(query="x"), f"to_{library}")()
    assert frame.shape[0] == 0
    assert "capabilities" in frame.columns


@pytest.mark.parametrize(
    ("method", "module", "extra"),
    [
        ("to_parquet", "pyarrow", "parquet"),
        ("to_pandas", "pandas", "pandas"),
        ("to_polars", "polars", "polars"),
    ],
)
async def test_without_its_extra_nothing_is_sent_and_the_extra_is_named(
    method: str, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (module, "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    client, sent = correct()
    arguments = [tmp_path / "x"] if method == "to_parquet" else []
    with pytest.raises(ImportError, match=rf"pip install 'scenario-search\[{extra}\]'"):
        await getattr(client.search.asset_search(query="x"), method)(*arguments)
    assert sent.bodies == []
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are what counts


# What is forgotten


def test_a_forgotten_await_is_told() -> None:
    client, _ = faked_client(lambda body: correct_page([], body))
    results = client.search.asset_search(query="a")
    with pytest.raises(AttributeError, match=r"the page's, which 'await' gives: .*\.hits$"):
        results.hits  # noqa: B018
    with pytest.raises(AttributeError, match=r"has no attribute 'hitz'$"):
        results.hitz  # noqa: B018


def test_a_forgotten_async_before_with_is_told() -> None:
    client, _ = faked_client(lambda body: correct_page([], body))
    with pytest.raises(TypeError, match="write 'async with', or use Scenario"), client:
        pass


# A hit with what UTF-8 and 64 bits have no room for

ODD = {
    "id": "a",
    "description": "smile \ud83d",
    "metadata": {"prompt": "\udc00!", "size": 2**70},
    "tags": ["t\ud83d", "\U0001f600"],
    "new": "\ud83d",
}


def odd(**options: Any) -> AsyncScenario:
    body = json.dumps({"hits": [{"id": "before"}, ODD], "estimatedTotalHits": 2}).encode()
    return faked_client(lambda _: Answer(200, {}, body, 0.0), **options)[0]


async def test_one_odd_hit_loses_no_line_of_jsonl(tmp_path: Path) -> None:
    await odd().search.asset_search(query="x").to_jsonl(tmp_path / "hits.jsonl")
    written = (tmp_path / "hits.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in written] == [{"id": "before"}, ODD]


async def test_one_odd_hit_loses_no_row_of_csv(tmp_path: Path) -> None:
    await odd().search.asset_search(query="x").to_csv(tmp_path / "hits.csv")
    with (tmp_path / "hits.csv").open(encoding="utf-8", newline="") as file:
        before, row = csv.DictReader(file)
    assert before["id"] == "before"
    assert (row["description"], row["metadata.prompt"]) == ("smile \ufffd", "\ufffd!")
    assert json.loads(row["tags"]) == ["t\ufffd", "\U0001f600"]


async def test_one_odd_hit_loses_no_row_of_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    await odd().search.asset_search(query="x").to_parquet(tmp_path / "hits.parquet")
    before, row = parquet.read_table(tmp_path / "hits.parquet").to_pylist()
    assert before["id"] == "before"
    assert (row["description"], row["metadata.prompt"]) == ("smile \ufffd", "\ufffd!")
    assert row["tags"] == ["t\ufffd", "\U0001f600"]
    # What a column has no room for, and what has no column.
    assert json.loads(row["extra"]) == {"new": "\ud83d", "metadata.size": 2**70}


@pytest.mark.parametrize("library", ["pandas", "polars"])
async def test_one_odd_hit_loses_no_row_of_a_frame(library: str) -> None:
    pytest.importorskip(library)
    frame = await getattr(odd().search.asset_search(query="x"), f"to_{library}")()
    assert list(frame["id"]) == ["before", "a"]
    assert frame["description"][1] == "smile \ufffd"
    assert list(frame["tags"][1]) == ["t\ufffd", "\U0001f600"]
    assert json.loads(frame["extra"][1]) == {"new": "\ud83d"}
