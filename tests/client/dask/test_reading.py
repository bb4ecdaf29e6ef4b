"""A task, without a cluster: what becomes of a piece for each thing that a server may do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from crawl_engine import TextEngine, dated
from fake_transport import faked_client

from scenario_search import (
    AuthenticationError,
    CrawlPiece,
    SearchAssetSearchParams,
)
from scenario_search.dask.pieces import Outcome, PieceFiles, Reading
from scenario_search.dask.stores import Store
from scenario_search.http.transport import Answer

PIECE = CrawlPiece(SearchAssetSearchParams(public=True, max_retries=0))
QUOTA = Answer(429, {}, b'{"error": "Quota exceeded", "code": "QUOTA_EXCEEDED"}', 0.0)


@attrs.define
class FakeGate:
    """Lets every request pass, and notes that the job was stopped."""

    stopped: bool = False
    requests: int = 0

    async def stop(self) -> None:
        self.stopped = True

    async def close(self) -> None: ...


@attrs.define
class Task:
    """Attempts at a piece, one after the other."""

    folder: Path
    engine: TextEngine
    piece: CrawlPiece = PIECE
    gate: FakeGate = attrs.field(factory=FakeGate)
    now: float = 0.0

    def client(self, _: Any) -> Any:
        return faked_client(self.engine)[0]

    async def run(self, max_requests: int | None = None, save_every: int = 150) -> Outcome:
        job: Any = self
        gate: Any = self.gate
        files = PieceFiles(Store(str(self.folder), {}), self.piece)
        reading = Reading(
            job, self.piece, gate, files, max_requests, save_every, clock=lambda: self.now
        )
        return await reading.run()

    @property
    def saved(self) -> list[Path]:
        return sorted(self.folder.glob("_crawl/*/*.parquet"))


@pytest.fixture
def task(tmp_path: Path) -> Callable[..., Task]:
    return lambda **options: Task(
        tmp_path, TextEngine([dated(i, i * 1000) for i in range(500)], **options)
    )


async def test_a_piece_is_read_once(task: Callable[..., Task]) -> None:
    attempts = task()
    done = await attempts.run()
    assert (done.hits, done.finished, done.problem, done.stopped) == (500, True, None, None)
    requests = attempts.engine.requests
    assert (await attempts.run()).hits == 500
    assert attempts.engine.requests == requests


@pytest.mark.parametrize("answer", [Answer(500, {}, b"{}", 0.0), QUOTA])
async def test_what_was_read_before_an_error_is_kept(
    answer: Answer, task: Callable[..., Task]
) -> None:
    attempts = task(before=lambda number: answer if number == 5 else None)
    failed = await attempts.run(save_every=10_000)
    assert not failed.finished
    assert failed.problem is not None
    assert (failed.stopped == "quota") == attempts.gate.stopped == (answer is QUOTA)
    assert len(attempts.saved) == 1
    assert (await attempts.run()).hits == 500
    assert attempts.engine.requests <= 9
    assert attempts.saved == []


async def test_refused_credentials_end_the_job(task: Callable[..., Task]) -> None:
    attempts = task(before=lambda _: Answer(401, {}, b"{}", 0.0))
    with pytest.raises(AuthenticationError):
        await attempts.run()
    assert attempts.gate.stopped


async def test_every_run_with_few_requests_comes_further(task: Callable[..., Task]) -> None:
    attempts = task()
    outcomes = [await attempts.run(max_requests=1) for _ in range(8)]
    assert {outcome.stopped for outcome in outcomes} <= {"budget", None}
    assert (outcomes[-1].finished, outcomes[-1].hits) == (True, 500)


@pytest.mark.parametrize(
    ("save_every", "seconds", "saves"), [(150, 0.0, 2), (10_000, 31.0, 3), (10_000, 0.0, 1)]
)
async def test_rows_are_saved_after_so_many_hits_and_after_some_time(
    save_every: int, seconds: float, saves: int, task: Callable[..., Task]
) -> None:
    attempts = task()

    def fails_at_last(number: int) -> Answer | None:
        attempts.now += seconds
        return Answer(500, {}, b"{}", 0.0) if number == 5 else None

    attempts.engine.before = fails_at_last
    await attempts.run(save_every=save_every)
    assert len(attempts.saved) == saves


async def test_what_cannot_be_reached_is_told_and_the_rest_is_kept(tmp_path: Path) -> None:
    engine = TextEngine([*(dated(i, 5) for i in range(1100)), dated(2000, 1)])
    attempts = Task(tmp_path, engine)
    done = await attempts.run(save_every=5000)
    assert done.finished
    assert "could not be read whole" in str(done.problem)
    assert done.hits >= 1000
    assert (await attempts.run()).problem == done.problem


async def test_a_server_that_refuses_hits_without_a_date_is_told_of(tmp_path: Path) -> None:
    piece = attrs.evolve(PIECE, undated=True)
    attempts = Task(tmp_path, TextEngine([dated(1)], refuses_undated=400), piece)
    done = await attempts.run()
    assert (done.finished, done.hits) == (True, 0)
    assert "without a date" in str(done.problem)
