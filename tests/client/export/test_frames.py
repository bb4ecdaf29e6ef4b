from __future__ import annotations

import sys
import threading
import weakref
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import polars as pl
import pytest

from scenario_search import (
    AsyncScenario,
    AsyncSearchHitsOffset,
    Concept,
    F,
    Metadata,
    SearchAssetSearchResponse as Asset,
    SearchModelSearchResponse as Model,
    SearchWorkflowSearchResponse as Workflow,
    Thumbnail,
)
from scenario_search.converter import structure
from scenario_search.export.frames import Columns, columns, moment, rows, to_pandas, to_polars
from scenario_search.wire.hits import Hit

WIDE = Asset(
    id="a",
    created_at="2025-01-16T11:19:41.579Z",
    tags=["stone"],
    metadata=Metadata(width=1024, guidance=3.5, prompt="a castle"),
    thumbnail=Thumbnail(url="https://a/t.webp"),
)
BARE = Asset(id="b")


def test_a_row_is_flat_and_named_by_paths() -> None:
    (row,) = rows([WIDE])
    assert row["id"] == "a"
    assert row["metadata.width"] == 1024
    assert row["thumbnail.url"] == "https://a/t.webp"
    assert row["tags"] == ["stone"]
    assert row["created_at"] == datetime(2025, 1, 16, 11, 19, 41, 579000, tzinfo=UTC)


@pytest.mark.parametrize("hit", [BARE, Model(id="m"), Workflow(id="w")])
def test_the_columns_do_not_depend_on_what_a_hit_holds(hit: Hit) -> None:
    (row,) = rows([hit])
    assert list(row) == list(columns(type(hit)))
    present = {name: value for name, value in row.items() if value not in (None, [])}
    assert present == {"id": hit.id}


def test_every_field_of_the_documentation_has_a_column() -> None:
    assert {"metadata.negative_prompt_strength", "metadata.thumbnail.asset_id", "nsfw"} <= {
        *columns(Asset)
    }
    assert {"compliance_metadata.model_provider", "training_images_number"} <= {*columns(Model)}
    assert {"before.url", "after.url", "status"} <= {*columns(Workflow)}


def test_concepts_are_the_ids_of_models() -> None:
    (row,) = rows([Model(id="m", concepts=[Concept(model_id="x"), Concept(model_id="y")])])
    assert row["concepts"] == ["x", "y"]


def test_unknown_fields_are_kept_as_json() -> None:
    hit = structure({"id": "a", "new": {"é": 1}, "metadata": {"odd": [2]}}, Asset)
    assert rows([hit])[0]["extra"] == '{"new": {"é": 1}, "metadata": {"odd": [2]}}'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-16T12:00:00+02:00", datetime(2025, 1, 16, 10, tzinfo=UTC)),
        ("2025-01-16T12:00:00", datetime(2025, 1, 16, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00+10:00", None),
        ("yesterday", None),
        ("", None),
        (12, None),
        (None, None),
    ],
)
def test_timestamps_are_read_as_utc(text: Any, expected: datetime | None) -> None:
    assert moment(text) == expected


def test_pandas_keeps_integers_lists_and_utc() -> None:
    frame = to_pandas([WIDE, BARE])
    assert frame["metadata.width"].dtype == pd.Int64Dtype()
    assert frame["metadata.width"].tolist() == [1024, pd.NA]
    assert frame["metadata.guidance"].dtype == pd.Float64Dtype()
    assert str(frame["created_at"].dtype) == "datetime64[ms, UTC]"
    assert frame["created_at"][0] == datetime(2025, 1, 16, 11, 19, 41, 579000, tzinfo=UTC)
    assert frame["tags"].tolist() == [["stone"], []]
    assert frame["id"].tolist() == ["a", "b"]


def test_polars_keeps_integers_lists_and_utc() -> None:
    frame = to_polars([WIDE, BARE])
    assert frame.schema["metadata.width"] == pl.Int64
    assert frame["metadata.width"].to_list() == [1024, None]
    assert frame.schema["metadata.guidance"] == pl.Float64
    assert frame.schema["created_at"] == pl.Datetime("ms", "UTC")
    assert frame.schema["tags"] == pl.List(pl.String)
    assert frame["tags"].to_list() == [["stone"], []]


def test_both_frames_have_the_columns_of_the_rows() -> None:
    names = list(columns(Asset))
    assert list(to_pandas([WIDE]).columns) == to_polars([WIDE]).columns == names


def test_a_frame_without_rows_has_typed_columns() -> None:
    assert list(to_pandas([], kind=Model).columns) == list(columns(Model))
    assert str(to_pandas([], kind=Model)["created_at"].dtype) == "datetime64[ms, UTC]"
    assert to_polars([], kind=Model).schema["tags"] == pl.List(pl.String)


def test_a_number_that_is_text_makes_the_column_text() -> None:
    odd = Asset(id="c", metadata=Metadata(width="huge"))  # type: ignore[arg-type]
    assert to_pandas([WIDE, odd])["metadata.width"].tolist() == ["1024", "huge"]
    assert to_polars([WIDE, odd])["metadata.width"].to_list() == ["1024", "huge"]


@pytest.mark.parametrize("number", [2**70, 1e300, -1])
def test_numbers_of_any_size_fit(number: float) -> None:
    odd = Asset(id="c", metadata=Metadata(size=number))
    assert to_pandas([odd])["metadata.size"][0] == number
    assert to_polars([odd])["metadata.size"][0] == number


def test_text_that_is_no_text_is_written_as_json() -> None:
    odd = Asset(id="c", metadata=Metadata(seed=7), tags=["a", 1, None])  # type: ignore[arg-type,list-item]
    assert to_polars([odd])["metadata.seed"].to_list() == ["7"]
    assert to_polars([odd])["tags"].to_list() == [["a", "1", "null"]]


def test_hits_of_several_kinds_share_a_frame() -> None:
    frame = to_polars([WIDE, Model(id="m", name="Maker")])
    assert frame["name"].to_list() == [None, "Maker"]
    assert frame["metadata.width"].to_list() == [1024, None]


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_a_missing_library_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    page = AsyncSearchHitsOffset(hits=[WIDE])
    with pytest.raises(ImportError, match=rf"pip install 'scenario-search\[{name}\]'"):
        getattr(page, f"to_{name}")()


async def test_a_page_gives_its_own_hits(demo_client: AsyncScenario) -> None:
    page = await demo_client.search.asset_search(filter=F.kind == "image", limit=5)
    ids = [hit.id for hit in page.hits]
    assert page.to_pandas()["id"].tolist() == page.to_polars()["id"].to_list() == ids
    assert [row["id"] for row in page.to_dicts()] == ids


async def test_an_empty_page_knows_its_columns(demo_client: AsyncScenario) -> None:
    page = await demo_client.search.model_search(query="zzzzzzzz")
    assert page.hits == []
    assert list(page.to_pandas().columns) == page.to_polars().columns == list(columns(Model))


@pytest.mark.parametrize("name", ["to_pandas", "to_polars"])
@pytest.mark.parametrize("crawled", [False, True])
async def test_frames_are_made_in_a_thread(
    demo_client: AsyncScenario, monkeypatch: pytest.MonkeyPatch, name: str, crawled: bool
) -> None:
    threads: set[threading.Thread] = set()

    def noting(function: Any) -> Any:
        def noted(*arguments: Any) -> Any:
            threads.add(threading.current_thread())
            return function(*arguments)

        return noted

    for method in ("add", name):
        monkeypatch.setattr(Columns, method, noting(getattr(Columns, method)))
    found: Any = demo_client.search.asset_search(filter='kind = "text"')
    if crawled:
        found = demo_client.crawl.assets(filter='kind = "text"')
    assert len(await getattr(found, name)()) > 0
    assert threads
    assert threading.current_thread() not in threads


async def test_results_give_every_hit(demo_client: AsyncScenario) -> None:
    results = demo_client.search.asset_search(filter=F.kind == "video", limit=10)
    ids = [hit.id async for hit in results]
    assert len(ids) > 10
    assert (await results.to_pandas())["id"].tolist() == ids
    assert (await results.to_polars())["id"].to_list() == ids
    assert [row["id"] for row in await results.to_dicts()] == ids


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_frame_is_the_same_however_its_hits_come(size: int) -> None:
    odd = Asset(id="c", metadata=Metadata(width="wide", height=0.5))  # type: ignore[arg-type]
    hits: list[Hit] = [BARE, WIDE, Model(id="m"), odd, BARE]
    found = Columns()
    for start in range(0, len(hits), size):
        found.add(hits[start : start + size])
    pd.testing.assert_frame_equal(found.to_pandas(), to_pandas(hits))


def test_the_hits_of_a_frame_are_not_kept() -> None:
    hit = structure({"id": "a", "metadata": {"width": 5}}, Asset)
    gone = weakref.ref(hit)
    found = Columns()
    found.add([hit])
    del hit
    assert gone() is None
    assert list(found.to_polars()["metadata.width"]) == [5]
