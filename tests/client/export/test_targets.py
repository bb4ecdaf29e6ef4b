from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow.parquet
import pytest
from crawl_engine import TextEngine, dated
from fake_transport import faked_client

from scenario_search import APIError, IncompleteCrawlError
from scenario_search.http.transport import Answer

IDS = [f"asset_{index:06d}" for index in range(250)]


@pytest.fixture
def store() -> Iterator[Any]:
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()


def engine(**options: Any) -> TextEngine:
    return TextEngine([dated(index, index * 1000) for index in range(250)], **options)


def ids_of(lines: bytes) -> list[str]:
    return sorted(json.loads(line)["id"] for line in lines.splitlines())


async def test_a_crawl_is_written_to_a_store(store: Any) -> None:
    client, _ = faked_client(engine())
    await client.crawl.assets().to_jsonl("memory://bucket/all.jsonl")
    assert ids_of(store.cat_file("/bucket/all.jsonl")) == IDS


async def test_a_search_and_a_page_are_written_to_a_store(store: Any) -> None:
    client, _ = faked_client(engine())
    results = client.search.asset_search(filter="createdAt EXISTS")
    await results.to_csv("memory://bucket/all.csv")
    rows = list(csv.DictReader(io.StringIO(store.cat_file("/bucket/all.csv").decode())))
    assert sorted(row["id"] for row in rows) == IDS
    page = await client.search.asset_search(filter="createdAt EXISTS", limit=20)
    await page.to_parquet("memory://bucket/page.parquet")
    with store.open("/bucket/page.parquet") as file:
        assert pyarrow.parquet.read_table(file).num_rows == len(page.hits)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
async def test_every_form_is_written_to_a_file_object(form: str) -> None:
    client, _ = faked_client(engine())
    buffer = io.BytesIO(b"")
    await getattr(client.crawl.assets(), f"to_{form}")(buffer)
    assert not buffer.closed
    text = buffer.getvalue()
    if form == "parquet":
        assert pyarrow.parquet.read_table(io.BytesIO(text)).num_rows == 250
    else:
        assert len(text.splitlines()) == 250 + (form == "csv")


async def test_a_crawl_with_a_checkpoint_goes_on_beside_it(store: Any, tmp_path: Path) -> None:
    broken = Answer(400, {}, b'{"error": "no"}', 0.0)
    server = engine(before=lambda number: broken if number == 3 else None)
    client, _ = faked_client(server)
    checkpoint = tmp_path / "all.ckpt"
    first = client.crawl.assets(checkpoint=checkpoint, concurrency=1)
    with pytest.raises(APIError):
        await first.to_jsonl("memory://bucket/all.jsonl")
    assert not store.exists("/bucket/all.jsonl")
    assert (tmp_path / "all.ckpt.export.jsonl").stat().st_size > 0

    await client.crawl.assets(checkpoint=checkpoint).to_jsonl("memory://bucket/all.jsonl")
    assert ids_of(store.cat_file("/bucket/all.jsonl")) == IDS
    # What is finished is copied again, and not asked for.
    requests = server.requests
    await client.crawl.assets(checkpoint=checkpoint).to_jsonl("memory://bucket/again.jsonl")
    assert ids_of(store.cat_file("/bucket/again.jsonl")) == IDS
    assert server.requests == requests


async def test_what_can_be_reached_is_written_before_a_crawl_is_incomplete(store: Any) -> None:
    tied = TextEngine([*(dated(index, 5) for index in range(150)), dated(200, 1)], cap=100)
    client, _ = faked_client(tied)
    with pytest.raises(IncompleteCrawlError):
        await client.crawl.assets(cap=100).to_jsonl("memory://bucket/all.jsonl")
    assert "asset_000200" in ids_of(store.cat_file("/bucket/all.jsonl"))


async def test_a_failed_export_writes_nothing() -> None:
    client, _ = faked_client(engine(before=lambda _: Answer(400, {}, b"{}", 0.0)))
    buffer = io.BytesIO()
    with pytest.raises(APIError):
        await client.crawl.assets().to_jsonl(buffer)
    assert buffer.getvalue() == b""


@pytest.mark.parametrize(
    ("target", "error", "problem"),
    [
        (io.StringIO(), TypeError, "mode 'wb'"),
        (5, TypeError, "file object open for writing bytes, not int"),
        ("nonsense://bucket/a", ValueError, "nonsense"),
    ],
)
async def test_what_cannot_be_written_to_is_refused_before_a_request(
    target: Any, error: type[Exception], problem: str
) -> None:
    server = engine()
    client, _ = faked_client(server)
    with pytest.raises(error, match=problem):
        await client.crawl.assets().to_jsonl(target)
    assert server.requests == 0


async def test_without_fsspec_a_url_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
    client, _ = faked_client(engine())
    with pytest.raises(ImportError, match=r"scenario-search\[cloud\]"):
        await client.crawl.assets().to_jsonl("s3://bucket/all.jsonl")
