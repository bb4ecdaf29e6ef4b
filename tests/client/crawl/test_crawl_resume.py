"""Crawls that were ended, in any way, and go on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from crawl_engine import SPAN, START, TextEngine, clustered_assets, dated
from fake_transport import faked_client

from scenario_search import CheckpointError, IncompleteCrawlError, InvalidParamsError
from scenario_search.crawl.checkpoint import Checkpoint
from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.crawl.windows import timestamp
from scenario_search.emulator import Emulator

CAP = 150
ASSETS = clustered_assets(1000, burst=CAP - 1)
IDS = sorted(asset["id"] for asset in ASSETS)
WORKER = Path(__file__).with_name("crawl_worker.py")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tmp_path / "crawl.ckpt"


def crawl_of(engine: TextEngine, **options: Any) -> AsyncCrawl[Any]:
    client, _ = faked_client(engine)
    return client.crawl.assets(**{"cap": CAP} | options)


async def ids_of(crawl: AsyncCrawl[Any]) -> list[str]:
    async with crawl:
        return [hit.id async for hit in crawl]


# Exits


@pytest.mark.parametrize("wanted", [0, 1, 149, 400, 999])
async def test_after_break_only_the_unfinished_window_comes_again(
    checkpoint: Path, wanted: int
) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    first: list[str] = []
    async with crawl_of(engine, checkpoint=checkpoint) as crawl:
        async for hit in crawl:
            first.append(hit.id)
            if len(first) > wanted:
                break
    rest = await ids_of(crawl_of(engine, checkpoint=checkpoint))
    assert sorted({*first, *rest}) == IDS
    assert len(first) + len(rest) < len(IDS) + CAP
    assert len(rest) == len(set(rest))


@pytest.mark.parametrize("failing", range(1, 30, 4))
async def test_after_a_failed_request_the_crawl_goes_on(checkpoint: Path, failing: int) -> None:
    engine = TextEngine(
        ASSETS, cap=CAP, before=lambda n: ValueError("no") if n == failing else None
    )
    first: list[str] = []

    async def crawl() -> None:
        async for hit in crawl_of(engine, checkpoint=checkpoint):
            first.append(hit.id)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(ValueError, match="no"):
        await crawl()
    rest = await ids_of(crawl_of(engine, checkpoint=checkpoint))
    assert sorted([*first, *rest]) == IDS


async def test_after_cancellation_the_crawl_goes_on(checkpoint: Path) -> None:
    first: list[str] = []
    enough = asyncio.Event()
    engine = TextEngine(ASSETS, cap=CAP)

    async def crawl() -> None:
        async with crawl_of(engine, checkpoint=checkpoint) as crawl:
            async for hit in crawl:
                first.append(hit.id)
                if len(first) == 300:
                    enough.set()
                await asyncio.sleep(0)

    task = asyncio.create_task(crawl())
    await enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    rest = await ids_of(crawl_of(engine, checkpoint=checkpoint))
    assert sorted({*first, *rest}) == IDS


async def test_a_crawl_with_the_other_order_goes_on_too(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    first = await ids_of(crawl_of(engine, checkpoint=checkpoint, max_items=500))
    rest = await ids_of(crawl_of(engine, checkpoint=checkpoint, order="oldest"))
    assert sorted({*first, *rest}) == IDS


async def test_a_resumed_crawl_counts_what_came_before(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint, max_items=500))
    crawl = crawl_of(engine, checkpoint=checkpoint)
    await ids_of(crawl)
    assert (crawl.stats.hits, crawl.stats.expected) == (1000, 1000)


async def test_a_resumed_crawl_remembers_the_cap_that_was_found_out(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    first = await ids_of(crawl_of(engine, checkpoint=checkpoint, cap=1000, max_items=200))
    rest = await ids_of(crawl_of(engine, checkpoint=checkpoint, cap=1000))
    assert sorted({*first, *rest}) == IDS


async def test_windows_can_be_marked_all_at_once_and_after_the_last(checkpoint: Path) -> None:
    crawl = crawl_of(TextEngine(ASSETS, cap=CAP), checkpoint=checkpoint)
    pieces = [piece async for piece in crawl.pieces()]
    await asyncio.gather(*(crawl.mark(piece) for piece in pieces))
    kept = Checkpoint.read(checkpoint)
    assert kept is not None
    assert (kept.hits, kept.finished) == (1000, True)


async def test_a_finished_crawl_resumed_makes_no_request(checkpoint: Path) -> None:
    await ids_of(crawl_of(TextEngine(ASSETS, cap=CAP), checkpoint=checkpoint))
    engine = TextEngine(ASSETS, cap=CAP)
    assert await ids_of(crawl_of(engine, checkpoint=checkpoint)) == []
    assert engine.requests == 0


@pytest.mark.parametrize(
    "options",
    [{"query": "x"}, {"filter": "width > 1"}, {"public": True}, {"since": timestamp(START)}],
)
async def test_a_checkpoint_of_another_request_is_refused(
    checkpoint: Path, options: dict[str, Any]
) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint, max_items=10))
    with pytest.raises(CheckpointError, match="another request"):
        await ids_of(crawl_of(engine, checkpoint=checkpoint, **options))


async def test_two_crawls_on_one_checkpoint_do_not_mix(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    async with (
        crawl_of(engine, checkpoint=checkpoint) as one,
        crawl_of(engine, checkpoint=checkpoint) as other,
    ):
        hits = aiter(one)
        await anext(hits)
        assert [hit async for hit in other]
        with pytest.raises(CheckpointError, match="Another crawl has written"):
            [hit async for hit in hits]
    assert await ids_of(crawl_of(engine, checkpoint=checkpoint)) == []


# Since


async def test_since_a_finished_crawl_gives_what_is_new(checkpoint: Path) -> None:
    engine = TextEngine(list(ASSETS), cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint))
    newest = max(asset.get("createdAt", "") for asset in ASSETS)
    new = [dated(9001, SPAN + 5), {"id": "same moment", "createdAt": newest}]
    engine.assets += new
    engine.requests = 0
    found = await ids_of(crawl_of(engine, since=checkpoint))
    assert sorted(found) == sorted(asset["id"] for asset in new)
    assert engine.requests == 1


async def test_since_knows_ids_that_are_no_text(checkpoint: Path) -> None:
    engine = TextEngine([{**dated(1, 5), "id": ["a"]}])
    await ids_of(crawl_of(engine, checkpoint=checkpoint))
    engine.assets.append({**dated(2, 5), "id": ["b"]})
    assert await ids_of(crawl_of(engine, since=checkpoint)) == [["b"]]


async def test_since_a_finished_crawl_says_that_new_undated_hits_are_left_out(
    checkpoint: Path,
) -> None:
    engine = TextEngine([dated(1, 5)])
    await ids_of(crawl_of(engine, checkpoint=checkpoint))
    engine.assets.append(dated(2))
    crawl = crawl_of(engine, since=checkpoint)
    assert await ids_of(crawl) == []
    assert crawl.stats.undated_left_out


async def test_since_can_be_chained(checkpoint: Path, tmp_path: Path) -> None:
    engine = TextEngine(list(ASSETS), cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint))
    before = checkpoint
    for day in range(3):
        after = tmp_path / f"{day}.ckpt"
        new = [dated(9000 + day, SPAN + day)] if day != 1 else []
        engine.assets += new
        found = await ids_of(crawl_of(engine, since=before, checkpoint=after))
        assert found == [asset["id"] for asset in new]
        before = after


async def test_since_an_unfinished_crawl_is_refused(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint, max_items=10))
    with pytest.raises(InvalidParamsError, match="finished"):
        await ids_of(crawl_of(engine, since=checkpoint))


async def test_since_a_crawl_of_another_request_is_refused(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint))
    with pytest.raises(CheckpointError, match="another request"):
        await ids_of(crawl_of(engine, since=checkpoint, query="x"))


async def test_what_is_new_is_counted_exactly(checkpoint: Path) -> None:
    engine = TextEngine(list(ASSETS), cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint))
    engine.assets += [dated(9000 + i, SPAN + i) for i in range(5)]
    assert await crawl_of(engine, since=checkpoint).count() == 5


async def test_windows_of_a_plan_know_what_is_not_new(checkpoint: Path) -> None:
    engine = TextEngine(list(ASSETS), cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint))
    engine.assets += [dated(9000 + i, SPAN + i) for i in range(5)]
    client, _ = faked_client(engine)
    plan = await client.crawl.plan(since=checkpoint)
    found = [hit.id for window in plan for hit in [h async for h in client.crawl.run(window)]]
    assert sorted(found) == [f"asset_{9000 + i:06d}" for i in range(5)]


# kill -9


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_at_any_moment_the_file_comes_out_the_same(checkpoint: Path, tmp_path: Path) -> None:
    path, whole = tmp_path / "killed.jsonl", tmp_path / "whole.jsonl"
    with Emulator(result_cap=CAP) as emulator:
        emulator.load_sync(ASSETS)
        command = [sys.executable, str(WORKER), emulator.url, emulator.api_key]
        command += [emulator.api_secret, str(CAP), "8"]
        subprocess.run([*command, str(tmp_path / "whole.ckpt"), str(whole)], check=True)
        for requests in (20, 28, 24):
            with subprocess.Popen(
                [*command, str(checkpoint), str(path)], stdout=subprocess.PIPE
            ) as worker:
                assert worker.stdout is not None
                assert len(worker.stdout.read(requests)) == requests
                worker.kill()
        subprocess.run([*command, str(checkpoint), str(path)], check=True)
    assert path.read_bytes() == whole.read_bytes()


async def test_a_window_that_could_not_be_read_whole_is_read_again(checkpoint: Path) -> None:
    engine = TextEngine([dated(i, 5) for i in range(CAP + 10)], cap=CAP)
    with pytest.raises(IncompleteCrawlError):
        await ids_of(crawl_of(engine, checkpoint=checkpoint))
    engine.assets = engine.assets[: CAP - 1]
    assert len(await ids_of(crawl_of(engine, checkpoint=checkpoint))) == CAP - 1


async def test_a_checkpoint_of_another_project_is_refused(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint, project_id="project_a"))
    with pytest.raises(CheckpointError, match="another request"):
        await ids_of(crawl_of(engine, checkpoint=checkpoint, project_id="project_b"))
