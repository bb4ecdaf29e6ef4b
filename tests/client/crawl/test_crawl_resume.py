"""Crawls that were ended, in any way, and go on."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from crawl_engine import SPAN, START, Asset, TextEngine, clustered_assets, dated, timestamp
from fake_transport import faked_client

from scenario_search import (
    CheckpointError,
    IncompleteCrawlError,
    InvalidParamsError,
    QuotaExceededError,
)
from scenario_search.crawl.checkpoint import Checkpoint
from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.emulator import Emulator
from scenario_search.http.transport import Answer

CAP = 150
ASSETS = clustered_assets(1000, burst=CAP - 1)
IDS = sorted(asset["id"] for asset in ASSETS)
KILLS = int(os.environ.get("CRAWL_KILLS", "3"))
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
async def test_after_break_only_the_last_batch_comes_again(checkpoint: Path, wanted: int) -> None:
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


@pytest.mark.parametrize("failing", range(1, 17, 3))
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


@pytest.mark.parametrize("wanted", [0, 1, 149, 250, 400])
async def test_a_checkpoint_holds_one_moment_however_slowly_it_is_written(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, wanted: int
) -> None:
    async def slow_thread(function: Any, *arguments: Any) -> Any:
        for _ in range(100):  # meanwhile the crawl reads on
            await asyncio.sleep(0)
        return function(*arguments)

    monkeypatch.setattr("scenario_search.crawl.run.in_thread", slow_thread)
    engine = TextEngine(ASSETS, cap=CAP)
    first: list[str] = []
    async with crawl_of(engine, checkpoint=checkpoint) as crawl:
        async for hit in crawl:
            first.append(hit.id)
            if len(first) > wanted:
                break
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


async def test_a_cap_that_is_lower_than_expected_makes_no_difference(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    first = await ids_of(crawl_of(engine, checkpoint=checkpoint, cap=1000, max_items=200))
    rest = await ids_of(crawl_of(engine, checkpoint=checkpoint, cap=1000))
    assert sorted({*first, *rest}) == IDS


async def test_batches_can_be_committed_concurrently_and_after_the_last(checkpoint: Path) -> None:
    async with crawl_of(TextEngine(ASSETS, cap=CAP), checkpoint=checkpoint) as crawl:
        batches = [batch async for batch in crawl.batches()]
        await asyncio.gather(*(crawl.commit(batch) for batch in reversed(batches)))
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
    with pytest.raises(CheckpointError, match=r"another (search|`since`|project)"):
        await ids_of(crawl_of(engine, checkpoint=checkpoint, **options))


async def test_two_crawls_on_one_checkpoint_do_not_mix(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    async with (
        crawl_of(engine, checkpoint=checkpoint) as one,
        crawl_of(engine, checkpoint=checkpoint) as other,
    ):
        hits = aiter(one)
        first = await anext(hits)
        with pytest.raises(CheckpointError, match="Another crawl holds"):
            [hit async for hit in other]
        assert sorted([first.id, *[hit.id async for hit in hits]]) == IDS
    assert await ids_of(crawl_of(engine, checkpoint=checkpoint)) == []


async def test_a_batch_is_committed_once_and_to_its_own_crawl(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    async with (
        crawl_of(engine, checkpoint=checkpoint) as one,
        crawl_of(engine) as other,
    ):
        batch = await anext(one.batches())
        await one.commit(batch)
        with pytest.raises(InvalidParamsError, match="each batch once"):
            await one.commit(batch)
        foreign = await anext(other.batches())
        with pytest.raises(InvalidParamsError, match="of another"):
            await one.commit(foreign)


async def test_what_was_not_committed_comes_again_and_nothing_else(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    committed: list[str] = []
    async with crawl_of(engine, checkpoint=checkpoint, order=None) as crawl:
        index = 0
        async for batch in crawl.batches():
            if index % 3:
                await crawl.commit(batch)
                committed += [hit.id for hit in batch.hits]
            index += 1
    rest = await ids_of(crawl_of(engine, checkpoint=checkpoint))
    assert set(committed) | set(rest) == set(IDS)
    assert len(rest) == len(set(rest))


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("order", ["newest", "oldest", None])
async def test_a_budget_of_requests_ends_a_crawl_which_goes_on_later(
    checkpoint: Path, concurrency: int, order: Any
) -> None:
    engine = TextEngine([dated(i, i * 1000) for i in range(3000)])
    found: list[str] = []
    runs = 0
    while True:
        crawl = crawl_of(
            engine,
            checkpoint=checkpoint,
            order=order,
            cap=1000,
            concurrency=concurrency,
            max_requests=8,
        )
        before = engine.requests
        found += await ids_of(crawl)
        runs += 1
        assert engine.requests - before <= 8
        if crawl.stats.finished:
            break
    assert len(found) == len(set(found)) == 3000
    assert runs <= (5 if concurrency == 1 else 10)
    assert crawl.stats.requests == engine.requests
    assert crawl.stats.hits == 3000


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_a_quota_of_searches_per_run_is_progress_all_the_same(
    checkpoint: Path, concurrency: int
) -> None:
    refused = Answer(429, {}, b'{"code": "QUOTA_EXCEEDED"}', 0.0)
    found: list[str] = []
    runs = 0
    engine = TextEngine([dated(i, i * 1000) for i in range(3000)])

    async def run() -> None:
        async with crawl_of(
            engine, checkpoint=checkpoint, cap=1000, concurrency=concurrency
        ) as crawl:
            async for hit in crawl:
                found.append(hit.id)  # noqa: PERF401 - what came before the error counts

    finished = False
    while not finished:
        last = engine.requests + 8
        engine.before = lambda number, last=last: refused if number > last else None  # type: ignore[misc]
        runs += 1
        try:
            await run()
            finished = True
        except QuotaExceededError:
            assert runs < 20
    assert len(found) == len(set(found)) == 3000
    assert runs <= (5 if concurrency == 1 else 10)


@pytest.mark.parametrize("order", ["newest", None])
@pytest.mark.parametrize("searches", [4, 8])
async def test_each_run_of_a_ranked_search_is_progress_under_any_quota(
    checkpoint: Path, order: Any, searches: int
) -> None:
    assets = [dated(i, i * 1000) for i in range(2000)]
    random.Random(1).shuffle(assets)
    engine = TextEngine(assets)
    found: list[str] = []
    finished, runs = False, 0
    while not finished:
        crawl = crawl_of(
            engine,
            query="x",
            checkpoint=checkpoint,
            order=order,
            cap=1000,
            concurrency=1,
            max_requests=searches,
        )
        found += await ids_of(crawl)
        finished = crawl.stats.finished
        runs += 1
        assert runs * searches < 80
    assert len(found) == len(set(found)) == 2000


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("status", [401, 503])
async def test_second_attempts_count_against_the_budget(status: int, concurrency: int) -> None:
    refused = Answer(status, {}, b"{}", 0.0)
    engine = TextEngine(ASSETS, cap=CAP, before=lambda n: refused if n in (2, 7) else None)
    secrets = {"api_key": None, "api_secret": None, "bearer_auth": lambda: "token_of_a_test"}
    client, _ = faked_client(engine, **secrets)
    client._requester.chance = lambda: 0.0
    async with client.crawl.assets(cap=CAP, max_requests=7, concurrency=concurrency) as crawl:
        hits = [hit async for hit in crawl]
    assert 0 < len(hits) <= 500
    assert engine.requests == crawl.stats.requests == 7
    assert not crawl.stats.finished


@pytest.mark.parametrize("body", [b"{}", b'{"code": "QUOTA_EXCEEDED"}'])
@pytest.mark.parametrize("concurrency", [1, 8])
async def test_undated_hits_that_a_limit_kept_back_come_later(
    checkpoint: Path, concurrency: int, body: bytes
) -> None:
    engine = TextEngine(ASSETS, cap=CAP, refuses_undated=429, refusal=body)
    options = {"checkpoint": checkpoint, "concurrency": concurrency, "max_retries": 0}
    limited = crawl_of(engine, **options)
    first = await ids_of(limited)
    assert sorted(first) == sorted(a["id"] for a in ASSETS if "createdAt" in a)
    assert (limited.stats.finished, limited.stats.undated_left_out) == (False, True)
    engine.refuses_undated = 0
    later = crawl_of(engine, **options)
    rest = await ids_of(later)
    assert sorted([*first, *rest]) == IDS
    assert (later.stats.finished, later.stats.undated_left_out) == (True, False)


async def test_max_items_count_over_all_runs(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    first = await ids_of(crawl_of(engine, checkpoint=checkpoint, max_items=130))
    again = await ids_of(crawl_of(engine, checkpoint=checkpoint, max_items=130))
    more = await ids_of(crawl_of(engine, checkpoint=checkpoint, max_items=300))
    rest = await ids_of(crawl_of(engine, checkpoint=checkpoint))
    assert (len(first), len(again), len(more)) == (130, 0, 170)
    assert sorted(first + more + rest) == IDS


@pytest.mark.parametrize("most", [1, 10, 99])
async def test_a_few_items_cost_two_requests(most: int) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    assert len(await ids_of(crawl_of(engine, max_items=most))) == most
    assert engine.requests <= 2


async def test_a_checkpoint_of_other_credentials_is_refused(checkpoint: Path) -> None:
    await ids_of(crawl_of(TextEngine(ASSETS, cap=CAP), checkpoint=checkpoint, max_items=10))
    client, _ = faked_client(TextEngine(ASSETS, cap=CAP), api_key="another", api_secret="b" * 20)
    with pytest.raises(CheckpointError, match="another credentials"):
        await ids_of(client.crawl.assets(cap=CAP, checkpoint=checkpoint))


async def test_a_crawl_goes_on_with_a_renewed_token(checkpoint: Path) -> None:
    def crawl_with(token: str, **options: Any) -> AsyncCrawl[Any]:
        credentials = {"api_key": None, "api_secret": None, "bearer_auth": token}
        client, _ = faked_client(TextEngine(ASSETS, cap=CAP), **credentials)
        return client.crawl.assets(cap=CAP, checkpoint=checkpoint, **options)

    before, after = "e30.eyJzdWIiOiAiYW5uIn0.1", "e30.eyJzdWIiOiAiYW5uIn0.2"  # of "ann"
    other = "e30.eyJzdWIiOiAiYmVuIn0.3"  # of "ben"
    first = await ids_of(crawl_with(before, max_items=130))
    with pytest.raises(CheckpointError, match="another credentials"):
        await ids_of(crawl_with(other))
    assert sorted(first + await ids_of(crawl_with(after))) == IDS


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
    assert engine.requests == 2


async def test_what_was_indexed_late_is_new_within_the_overlap(checkpoint: Path) -> None:
    engine = TextEngine([dated(i, i * 60_000) for i in range(300)])
    await ids_of(crawl_of(engine, checkpoint=checkpoint))
    late, too_late = dated(900, 296 * 60_000), dated(901, 290 * 60_000)
    engine.assets += [late, too_late]
    assert await ids_of(crawl_of(engine, since=checkpoint)) == [late["id"]]


async def test_the_overlap_is_that_of_the_crawl_which_wrote_the_checkpoint(
    checkpoint: Path,
) -> None:
    engine = TextEngine([dated(i, i * 60_000) for i in range(300)])
    await ids_of(crawl_of(engine, checkpoint=checkpoint, overlap=timedelta(minutes=20)))
    late = dated(901, 290 * 60_000)
    engine.assets.append(late)
    assert await ids_of(crawl_of(engine, since=checkpoint)) == [late["id"]]


# Changes


def changed(index: int, moment: int) -> Asset:
    return dated(index, index, updatedAt=timestamp(START + moment))


async def test_changes_come_oldest_first() -> None:
    engine = TextEngine([changed(i, 10_000 - i) for i in range(250)])
    found = await ids_of(crawl_of(engine, by="updated", since=timestamp(START + 9_900)))
    assert found == [f"asset_{i:06d}" for i in range(100, -1, -1)]


async def test_a_hit_that_changes_meanwhile_comes_again() -> None:
    assets = [changed(i, i) for i in range(250)]

    def change(request: int) -> None:
        if request == 3:
            assets[3] = changed(3, 500)

    found = await ids_of(crawl_of(TextEngine(assets, before=change), by="updated"))
    assert sorted(set(found)) == [f"asset_{i:06d}" for i in range(250)]
    assert found.count("asset_000003") == 2
    assert found[-1] == "asset_000003"


async def test_since_a_crawl_of_changes_gives_what_was_changed_since(checkpoint: Path) -> None:
    engine = TextEngine([changed(i, i) for i in range(250)])
    await ids_of(crawl_of(engine, by="updated", checkpoint=checkpoint))
    engine.assets[7] = changed(7, 900)
    found = await ids_of(crawl_of(engine, by="updated", since=checkpoint))
    assert found == ["asset_000007"]


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
    with pytest.raises(CheckpointError, match=r"another (search|`since`|project)"):
        await ids_of(crawl_of(engine, since=checkpoint, query="x"))


async def test_what_is_new_is_counted_exactly(checkpoint: Path) -> None:
    engine = TextEngine(list(ASSETS), cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint))
    engine.assets += [dated(9000 + i, SPAN + i) for i in range(5)]
    assert await crawl_of(engine, since=checkpoint).count() == 5


async def test_pieces_of_a_plan_know_what_is_not_new(checkpoint: Path) -> None:
    engine = TextEngine(list(ASSETS), cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint))
    engine.assets += [dated(9000 + i, SPAN + i) for i in range(5)]
    client, _ = faked_client(engine)
    plan = await client.crawl.plan(since=checkpoint)
    found = [hit.id for piece in plan for hit in [h async for h in client.crawl.run(piece)]]
    assert sorted(found) == [f"asset_{9000 + i:06d}" for i in range(5)]


# kill -9


def worker_of(emulator: Emulator) -> list[str]:
    """Returns the command that crawls an emulator, without the checkpoint and the file."""
    command = [sys.executable, str(WORKER), emulator.url, emulator.api_key]
    return [*command, emulator.api_secret, str(CAP), "8"]


def contents(path: Path) -> Any:
    """Returns what two files that hold the same have in common."""
    return pyarrow.parquet.read_table(path) if path.suffix == ".parquet" else path.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_killed_at_any_moment_the_file_comes_out_the_same(
    checkpoint: Path, tmp_path: Path, form: str
) -> None:
    path, whole = tmp_path / f"killed.{form}", tmp_path / f"whole.{form}"
    with Emulator(result_cap=CAP) as emulator:
        emulator.load_sync(ASSETS)
        command = worker_of(emulator)
        subprocess.run([*command, str(tmp_path / "whole.ckpt"), str(whole)], check=True)
        command += [str(checkpoint), str(path)]
        chance, kills = random.Random(form), 0
        while True:
            with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
                assert worker.stdout is not None
                requests = chance.randrange(3, 8) if kills < KILLS else 1_000
                if len(worker.stdout.read(requests)) == requests:
                    worker.kill()
                    kills += 1
                    continue
            # It has come to its end.
            assert worker.returncode == 0
            assert contents(path) == contents(whole)
            assert not path.with_name(f"{path.name}.partial.jsonl").exists()
            if kills == KILLS:
                break
            checkpoint.unlink()
            path.unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")
def test_a_second_process_on_a_checkpoint_is_refused_and_the_first_is_whole(
    checkpoint: Path, tmp_path: Path
) -> None:
    path = tmp_path / "first.jsonl"
    with Emulator(result_cap=CAP) as emulator:
        emulator.load_sync(ASSETS)
        command = [*worker_of(emulator), str(checkpoint)]
        with subprocess.Popen([*command, str(path)], stdout=subprocess.PIPE) as first:
            assert first.stdout is not None
            assert len(first.stdout.read(6)) == 6
            first.send_signal(signal.SIGSTOP)
            try:
                for other in (path, tmp_path / "second.jsonl"):
                    second = subprocess.run(
                        [*command, str(other)], check=False, capture_output=True, text=True
                    )
                    assert second.returncode
                    assert (
                        f"CheckpointError: Another crawl holds {checkpoint}.lock" in second.stderr
                    )
            finally:
                first.send_signal(signal.SIGCONT)
            first.stdout.read()
        assert first.returncode == 0
    assert sorted(json.loads(line)["id"] for line in path.read_bytes().splitlines()) == IDS
    assert not (tmp_path / "second.jsonl").exists()


async def test_a_date_that_could_not_be_read_whole_is_read_again(checkpoint: Path) -> None:
    engine = TextEngine([dated(i, 5) for i in range(CAP + 10)], cap=CAP)
    first: list[str] = []

    async def crawl() -> None:
        async for hit in crawl_of(engine, checkpoint=checkpoint):
            first.append(hit.id)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(IncompleteCrawlError):
        await crawl()
    engine.assets = engine.assets[20:]
    rest = await ids_of(crawl_of(engine, checkpoint=checkpoint))
    assert len(first) == CAP
    assert sorted(rest) == [f"asset_{i:06d}" for i in range(CAP, CAP + 10)]


async def test_a_date_that_could_not_be_read_whole_brings_no_hit_again(checkpoint: Path) -> None:
    burst = [dated(i, 5) for i in range(CAP + 10)]
    found: list[str] = []
    for before in ([], [dated(1000 + i, 5) for i in range(20)], []):
        engine = TextEngine([dated(5000, 9), *before, *burst, dated(5001, 1)], cap=CAP)
        with pytest.raises(IncompleteCrawlError):
            async for hit in crawl_of(engine, checkpoint=checkpoint):
                found.append(hit.id)  # noqa: PERF401 - what came before the error counts
    assert len(found) == len(set(found)) == CAP + 22


@pytest.mark.parametrize("wanted", [CAP - 20, CAP + 20])
async def test_a_date_that_could_not_be_read_whole_is_reported_after_an_interruption_too(
    checkpoint: Path, wanted: int
) -> None:
    burst, rest = [dated(i, 5) for i in range(CAP + 10)], [dated(1000 + i, -i) for i in range(500)]
    engine = TextEngine([*burst, *rest], cap=CAP)
    first: list[str] = []
    async for batch in crawl_of(engine, checkpoint=checkpoint)._batches():
        first += [hit.id for hit in batch]
        if len(first) > wanted:
            break
    crawl = crawl_of(engine, checkpoint=checkpoint)
    with pytest.raises(IncompleteCrawlError) as caught:
        await ids_of(crawl)
    assert not crawl.stats.finished
    assert caught.value.instants == ("2024-01-01T00:00:00.005Z",)
    assert crawl.stats.hits == CAP + 500


async def test_a_checkpoint_of_another_project_is_refused(checkpoint: Path) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    await ids_of(crawl_of(engine, checkpoint=checkpoint, project_id="project_a"))
    with pytest.raises(CheckpointError, match=r"another (search|`since`|project)"):
        await ids_of(crawl_of(engine, checkpoint=checkpoint, project_id="project_b"))
