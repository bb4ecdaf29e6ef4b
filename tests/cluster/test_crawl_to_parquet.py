from __future__ import annotations

import json
import os
import pickle
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from date_server import CANARY, HITS, DateServer
from distributed import Client

from scenario_search.dask import CrawlReport, crawl_to_parquet
from scenario_search.errors import AuthenticationError, CheckpointError

KILLS = int(os.environ.get("CLUSTER_KILLS", "1"))
WORKER_KILLS = int(os.environ.get("CLUSTER_WORKER_KILLS", "1"))
JOB = Path(__file__).with_name("crawl_job.py")
PIECES = 16


def ids(folder: Path) -> list[str]:
    tables = [pyarrow.parquet.read_table(path) for path in folder.glob("*.parquet")]
    return sorted(id_ for table in tables for id_ in table["id"].to_pylist())


def crawl(folder: Path, client: Client, **keywords: Any) -> CrawlReport:
    keywords = {"shards": PIECES, "public": True, **keywords}
    return crawl_to_parquet(str(folder), cluster=client, lease=2.0, **keywords)


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.parquet")}


def test_each_hit_is_in_the_folder_once_for_few_requests(
    server: DateServer, client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="scenario_search"):
        report = crawl(tmp_path, client)
    assert f"{PIECES + 1} of {PIECES + 1} partitions, {HITS:,} hits" in caplog.text
    assert ids(tmp_path) == server.ids
    assert (report.hits, report.partitions, report.failed) == (HITS, PIECES + 1, {})
    assert report.finished
    assert report.requests == len(server.times)
    # The cursor's pages overlap by a hit, and each piece ends with a page that is not full.
    assert report.requests <= HITS / 99 + 2 * (PIECES + 1) + PIECES + 20
    if HITS >= 50_000:
        assert report.requests <= 1.25 * HITS / 100

    before = times(tmp_path)
    again = crawl(tmp_path, client)
    assert (again.hits, again.requests, again.partitions) == (HITS, 0, PIECES + 1)
    assert times(tmp_path) == before
    assert sorted(path.name for path in (tmp_path / "_crawl").iterdir()) == ["lease", "plan.jsonl"]


def start(server: DateServer, folder: Path) -> subprocess.Popen[str]:
    keywords = json.dumps({"shards": PIECES, "save_every": 200, "lease": 2.0})
    return subprocess.Popen(
        [sys.executable, str(JOB), str(folder), keywords],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **server.environment},
    )


class Killer:
    """Kills a process when the server gets a request with a certain number."""

    def __init__(self, server: DateServer, number: int) -> None:
        self.server = server
        self.number = len(server.times) + number
        self.process = 0
        server.before = self

    def __call__(self, number: int) -> None:
        if number >= self.number and self.process:
            self.server.before = lambda _: None
            os.kill(self.process, signal.SIGKILL)


def test_a_job_that_is_killed_goes_on(server: DateServer, tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    for _ in range(KILLS):
        killer = Killer(server, chance.randrange(HITS // 100 // KILLS + PIECES))
        with start(server, tmp_path) as job:
            killer.process = job.pid
            job.communicate()
        assert job.returncode == -signal.SIGKILL
        before = times(tmp_path)
    with start(server, tmp_path) as job:
        _, report = job.communicate()[0].splitlines()
    assert json.loads(report)["hits"] == HITS
    assert ids(tmp_path) == server.ids
    assert before.items() <= times(tmp_path).items(), "a finished file was written again"


def test_a_worker_that_is_killed_is_replaced(server: DateServer, tmp_path: Path) -> None:
    chance = random.Random(WORKER_KILLS)
    for kill in range(WORKER_KILLS):
        folder = tmp_path / str(kill)
        killer = Killer(server, chance.randrange(HITS // 100) + PIECES)
        with start(server, folder) as job:
            assert job.stdout is not None
            killer.process = json.loads(job.stdout.readline())[0]
            report = json.loads(job.stdout.readline())
        assert (report["hits"], report["failed"]) == (HITS, {})
        assert ids(folder) == server.ids


def test_a_quota_error_ends_the_job_and_a_rerun_finishes_it(
    server: DateServer, client: Client, tmp_path: Path
) -> None:
    first = PIECES + 30
    refused = (429, {}, {"error": "Quota exceeded for search", "code": "QUOTA_EXCEEDED"})
    server.before = lambda number: refused if number >= first else None
    report = crawl(tmp_path, client)
    assert (report.stopped, report.finished, report.failed) == ("quota", False, {})
    assert len(server.times) <= first + 2 - 1, "more than one more request of a worker"

    server.before = lambda _: None
    assert crawl(tmp_path, client).finished
    assert ids(tmp_path) == server.ids


def test_so_many_requests_are_sent_by_all_together(
    server: DateServer, client: Client, tmp_path: Path
) -> None:
    most = PIECES + HITS // 100
    reports = [crawl(tmp_path, client, max_requests=most) for _ in range(4)]
    assert reports[0].stopped == "max_requests"
    assert reports[-1].finished
    assert all(report.requests <= most for report in reports)
    assert sum(report.requests for report in reports) == len(server.times)
    assert ids(tmp_path) == server.ids


def test_a_rate_limit_seen_by_one_worker_pauses_it_and_loses_nothing(
    server: DateServer, client: Client, tmp_path: Path
) -> None:
    limited = (429, {"Retry-After": "0"}, {"error": "Slow down"})
    server.before = lambda number: limited if number % 15 == 0 else None
    report = crawl(tmp_path, client, requests_per_second=1000)
    assert report.finished
    assert report.requests == len(server.times)
    assert ids(tmp_path) == server.ids


def test_refused_credentials_end_the_job(
    server: DateServer, client: Client, tmp_path: Path
) -> None:
    server.before = lambda number: (401, {}, {"error": "no"}) if number > PIECES + 20 else None
    with pytest.raises(AuthenticationError):
        crawl(tmp_path, client)
    assert len(server.times) <= PIECES + 20 + 2


def test_a_folder_of_another_search_is_refused(
    server: DateServer, client: Client, tmp_path: Path
) -> None:
    crawl(tmp_path, client, shards=1)
    with pytest.raises(CheckpointError, match="another search"):
        crawl(tmp_path, client, filter="width > 5")


def test_nothing_secret_is_sent_or_written(
    server: DateServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    submit = client.submit

    def recorded(function: Any, *arguments: Any, **options: Any) -> Any:
        sent.append(pickle.dumps((function, arguments, options)))
        return submit(function, *arguments, **options)

    monkeypatch.setattr(client, "submit", recorded)
    crawl(tmp_path, client, credentials="secret_options:load", save_every=100, max_requests=60)
    assert "Bearer header_canary0815" in server.headers.values()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 3
    contents = [*sent, *(path.read_bytes() for path in files)]
    assert not any(CANARY.encode() in content for content in contents)
