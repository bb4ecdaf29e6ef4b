"""Crawls for plain code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scenario_search import Scenario
from scenario_search.emulator import Emulator


@pytest.fixture
def client(scenario_emulator: Emulator) -> Iterator[Scenario]:
    with Scenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
    ) as client:
        yield client


def test_a_crawl_in_a_block_gives_every_hit(client: Scenario) -> None:
    with client.crawl.assets(concurrency=4) as crawl:
        ids = [hit.id for hit in crawl]
    assert len(ids) == len(set(ids)) == crawl.count()
    assert crawl.stats.hits == len(ids)


def test_a_bare_crawl_gives_every_hit(client: Scenario) -> None:
    crawl = client.crawl.models()
    assert sum(1 for _ in crawl) == crawl.stats.hits == crawl.count()


def test_a_bare_crawl_with_concurrency_says_what_to_write(client: Scenario) -> None:
    with pytest.raises(TypeError, match=r"write 'with client"):
        iter(client.crawl.assets(concurrency=2))


def test_the_windows_of_a_plan_can_be_crawled_one_by_one(client: Scenario) -> None:
    windows = client.crawl.plan(of="models")
    ids = [hit.id for window in windows for hit in client.crawl.run(window)]
    assert len(set(ids)) == client.crawl.models().count()


def test_a_crawl_that_is_left_early_resumes_at_its_checkpoint(
    client: Scenario, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "crawl.ckpt"
    with client.crawl.assets(checkpoint=checkpoint) as crawl:
        for piece in crawl.pieces():
            first = {hit.id for hit in piece.hits}
            crawl.mark(piece)
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
