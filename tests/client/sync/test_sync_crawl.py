"""Synchronous crawls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scenario_search import CrawlStats, Scenario
from scenario_search.emulator import Emulator


@pytest.fixture
def client(scenario_emulator: Emulator) -> Iterator[Scenario]:
    with Scenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
    ) as client:
        yield client


def test_a_crawl_in_a_block_yields_every_hit(client: Scenario) -> None:
    with client.crawl.assets(concurrency=4) as crawl:
        ids = [hit.id for hit in crawl]
    assert len(ids) == len(set(ids)) == crawl.count()
    assert crawl.stats.hits == len(ids)


def test_a_bare_crawl_yields_every_hit(client: Scenario) -> None:
    crawl = client.crawl.models()
    assert sum(1 for _ in crawl) == crawl.stats.hits == crawl.count()


def test_a_bare_crawl_with_concurrency_says_what_to_write(client: Scenario) -> None:
    with pytest.raises(TypeError, match=r"write 'with client"):
        iter(client.crawl.assets(concurrency=2))


def test_the_pieces_of_a_plan_can_be_crawled_one_by_one(client: Scenario) -> None:
    pieces = client.crawl.plan(of="models")
    ids = [hit.id for piece in pieces for hit in client.crawl.run(piece)]
    assert len(set(ids)) == client.crawl.models().count()


def test_a_crawl_that_is_left_early_resumes_at_its_checkpoint(
    client: Scenario, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "crawl.ckpt"
    with client.crawl.assets(checkpoint=checkpoint) as crawl:
        for batch in crawl.batches():
            first = {hit.id for hit in batch.hits}
            crawl.commit(batch)
            break
    with client.crawl.assets(checkpoint=checkpoint) as crawl:
        rest = {hit.id for hit in crawl}
    assert first
    assert not first & rest
    assert len(first | rest) == client.crawl.assets().count()


def test_a_crawl_is_exported(client: Scenario, tmp_path: Path) -> None:
    crawl = client.crawl.models()
    crawl.to_jsonl(tmp_path / "models.jsonl")
    assert len((tmp_path / "models.jsonl").read_text().splitlines()) == crawl.count()


def test_max_items_ends_a_crawl(client: Scenario) -> None:
    assert len(list(client.crawl.assets(max_items=7))) == 7


CRAWLS: dict[str, Callable[[Scenario, Path, Any], object]] = {
    "assets": lambda client, _, progress: list(client.crawl.assets(progress=progress)),
    "models": lambda client, _, progress: client.crawl.models(progress=progress).count(),
    "plan": lambda client, _, progress: client.crawl.plan(progress=progress),
    "run": lambda client, _, progress: list(
        client.crawl.run(client.crawl.plan(of="models")[0], progress=progress)
    ),
    "batches": lambda client, _, progress: list(client.crawl.assets(progress=progress).batches()),
    "estimate": lambda client, _, progress: client.crawl.assets(progress=progress).estimate(),
    "export": lambda client, folder, progress: client.crawl.assets(progress=progress).to_csv(
        folder / "assets.csv"
    ),
    "download": lambda client, folder, progress: client.download(
        client.crawl.assets(filter='kind = "text"', progress=progress), folder
    ),
}


@pytest.mark.parametrize("crawl", CRAWLS)
def test_the_progress_of_a_crawl_is_called_in_the_callers_thread(
    client: Scenario, tmp_path: Path, crawl: str
) -> None:
    threads: set[int] = set()

    def progress(_: CrawlStats) -> None:
        threads.add(threading.get_ident())

    CRAWLS[crawl](client, tmp_path, progress)
    assert threads == {threading.get_ident()}


def test_each_progress_call_gets_the_statistics_of_its_moment(client: Scenario) -> None:
    calls: list[CrawlStats] = []
    with client.crawl.assets(concurrency=4, progress=calls.append) as crawl:
        list(crawl)
    requests = [stats.requests for stats in calls]
    assert len(requests) > 1
    assert requests == sorted(requests)  # one that was sent meanwhile counts already
    assert len(set(requests)) > 1


def test_the_progress_of_a_crawl_may_use_the_client(client: Scenario) -> None:
    counts: list[int] = []

    def progress(_: CrawlStats) -> None:
        counts.append(len(client.search.asset_search(query="castle", limit=3).hits))

    with client.crawl.assets(concurrency=4, progress=progress) as crawl:
        assert sum(1 for _ in crawl) == crawl.count()
    assert set(counts) == {3}


def test_an_error_of_the_progress_ends_a_crawl(client: Scenario) -> None:
    def progress(_: CrawlStats) -> None:
        raise LookupError("no screen")

    with (
        pytest.raises(LookupError, match="no screen"),
        client.crawl.assets(concurrency=4, progress=progress) as crawl,
    ):
        list(crawl)
    assert client.crawl.models().count() > 0
