"""Synchronous downloads: the iterable and the progress run in the thread of the caller."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenario_search import DownloadReport, Scenario, SearchAssetSearchResponse
from scenario_search.emulator import Emulator
from scenario_search.files.manifest import Manifest


@pytest.fixture
def client(scenario_emulator: Emulator) -> Iterator[Scenario]:
    with Scenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
    ) as client:
        yield client


def test_each_asset_of_an_iterable_is_taken_when_it_is_wanted(
    client: Scenario, tmp_path: Path
) -> None:
    page = client.search.asset_search(filter='kind = "text"', limit=8)
    saved_before: list[int] = []

    def assets() -> Iterator[SearchAssetSearchResponse]:
        for asset in page.hits:
            saved_before.append(len(list(tmp_path.glob("*.txt"))))
            yield asset

    report = client.download(assets(), tmp_path, concurrency=1)
    assert report.downloaded == len(saved_before) == 8
    assert all(saved >= number - 1 for number, saved in enumerate(saved_before))


def test_an_iterable_may_use_the_client_in_the_callers_thread(
    client: Scenario, tmp_path: Path
) -> None:
    threads: set[int] = set()

    def assets() -> Iterator[SearchAssetSearchResponse]:
        for asset in client.search.asset_search(filter='kind = "text"', limit=5):
            threads.add(threading.get_ident())
            yield asset

    report = client.download(assets(), tmp_path)
    assert report.downloaded == client.crawl.assets(filter='kind = "text"').count() > 5
    assert threads == {threading.get_ident()}


def test_the_progress_of_a_download_is_called_in_the_callers_thread(
    client: Scenario, tmp_path: Path
) -> None:
    page = client.search.asset_search(filter='kind = "text"', limit=5)
    reports: list[tuple[int, int]] = []
    client.download(
        page.hits,
        tmp_path,
        progress=lambda report: reports.append((threading.get_ident(), report.downloaded)),
    )
    assert len(reports) == 5
    assert reports[-1] == (threading.get_ident(), 5)


def test_each_report_of_a_download_is_as_things_were_then(client: Scenario, tmp_path: Path) -> None:
    page = client.search.asset_search(filter='kind = "text"', limit=5)
    reports: list[DownloadReport] = []
    client.download(page.hits, tmp_path, progress=reports.append)
    assert [report.downloaded for report in reports] == [1, 2, 3, 4, 5]


def test_an_error_of_the_iterable_ends_the_download(client: Scenario, tmp_path: Path) -> None:
    page = client.search.asset_search(filter='kind = "text"', limit=5)

    def assets() -> Iterator[SearchAssetSearchResponse]:
        yield page.hits[0]
        raise LookupError("the third")

    with pytest.raises(LookupError, match="the third"):
        client.download(assets(), tmp_path)
    assert client.download(page.hits, tmp_path).downloaded >= 4


def test_an_error_of_the_progress_ends_the_download_and_then_is_raised(
    client: Scenario, tmp_path: Path
) -> None:
    page = client.search.asset_search(filter='kind = "text"', limit=5)
    closed: list[bool] = []

    def fail(_: object) -> None:
        raise LookupError("no screen")

    closes = Manifest.close

    def close(manifest: Manifest) -> None:
        closes(manifest)
        closed.append(True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Manifest, "close", close)
        with pytest.raises(LookupError, match="no screen"):
            client.download(page.hits, tmp_path, progress=fail, concurrency=1)
    assert closed == [True]


@pytest.mark.parametrize("error", [TimeoutError("no screen"), queue.Empty("no screen")])
def test_no_error_of_the_progress_is_taken_for_the_wait_for_it(
    client: Scenario, tmp_path: Path, error: Exception
) -> None:
    page = client.search.asset_search(filter='kind = "text"', limit=5)

    def fail(_: object) -> None:
        raise error

    with pytest.raises(type(error), match="no screen"):
        client.download(page.hits, tmp_path, progress=fail)


def test_a_download_of_prefetched_hits_stays_in_the_clients_loop(
    client: Scenario, tmp_path: Path
) -> None:
    with client.search.asset_search(filter='kind = "text"', limit=2).prefetch(3) as hits:
        report = client.download(hits, tmp_path)
    assert report.downloaded == client.crawl.assets(filter='kind = "text"').count()


def test_a_collection_that_ends_instead_of_beginning_is_an_error(
    client: Scenario, tmp_path: Path
) -> None:
    class Rows:
        def __iter__(self) -> Iterator[SearchAssetSearchResponse]:
            return iter([next(iter([]))])

    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        client.download(Rows(), tmp_path)


def test_an_error_of_the_iterable_keeps_its_words(client: Scenario, tmp_path: Path) -> None:
    class Rows:
        def __iter__(self) -> Iterator[SearchAssetSearchResponse]:
            raise TypeError("open AsyncEngine with 'async with'")

    with pytest.raises(TypeError, match=r"^open AsyncEngine with 'async with'$"):
        client.download(Rows(), tmp_path)


def test_a_crawl_can_be_downloaded_outside_of_its_block(client: Scenario, tmp_path: Path) -> None:
    crawl = client.crawl.assets(filter='kind = "text"', concurrency=2)
    assert client.download(crawl, tmp_path).downloaded == crawl.count() > 5


def test_what_is_no_collection_of_assets_is_refused(client: Scenario, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="not iterable"):
        client.download(5, tmp_path)  # type: ignore[arg-type]
