from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from command_line import Run, environment, invoke, start

from scenario_search.crawl.checkpoint import Checkpoint
from scenario_search.emulator import Emulator

COUNT = 2500


@pytest.fixture(scope="module")
def many() -> Iterator[Emulator]:
    with Emulator() as emulator:
        emulator.load_sync(
            [
                {
                    "id": f"asset_{n:04}",
                    "ownerId": "project_demo",
                    "createdAt": f"2025-01-{1 + n % 28:02}T{n // 28 % 24:02}:{n // 672:02}:00.000Z",
                    "metadata": {"width": n},
                }
                for n in range(COUNT)
            ],
            "assets",
        )
        yield emulator


@pytest.fixture
def run(many: Emulator) -> Iterator[Run]:
    many.reset_sync()
    yield lambda *arguments: invoke(*map(str, arguments), env=environment(many))
    many.faults.clear()


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_every_hit_is_in_the_file_once(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    done = run("crawl", "assets", "-o", path)

    assert (done.exit_code, done.stdout) == (0, "")
    assert sorted(ids(path)) == [f"asset_{n:04}" for n in range(COUNT)]
    assert "2,500 assets in" in done.stderr
    assert f"--since {path}.ckpt" in done.stderr


def test_without_a_file_it_is_lines_of_json(run: Run) -> None:
    done = run("crawl", "assets", "-f", "width < 20", "--order", "oldest")

    hits = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(hits) == 20
    assert [hit["createdAt"] for hit in hits] == sorted(hit["createdAt"] for hit in hits)


def test_a_dash_is_standard_output(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("crawl", "assets", "-f", "width < 20", "-o", "-")

    assert len(done.stdout.splitlines()) == 20
    assert list(tmp_path.iterdir()) == []


def test_csv_and_parquet_are_told_by_the_name(run: Run, tmp_path: Path) -> None:
    table, frame = tmp_path / "a.csv", tmp_path / "a.PARQUET"
    run("crawl", "assets", "-f", "width < 20", "-o", table)
    run("crawl", "assets", "-f", "width < 20", "-o", frame)

    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["id"] for row in rows) == [f"asset_{n:04}" for n in range(20)]
    assert pyarrow.parquet.read_table(frame).num_rows == 20


def test_another_name_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("crawl", "assets", "-o", tmp_path / "a.xlsx")
    assert done.exit_code == 2
    assert "-o takes .jsonl, .csv, .parquet files" in done.stderr


def test_what_is_there_is_not_written_over(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text("precious")
    done = run("crawl", "assets", "-o", path)
    again = run("crawl", "assets", "-o", path, "--resume")

    assert (done.exit_code, again.exit_code, path.read_text()) == (2, 2, "precious")
    assert "is there already: add --resume" in done.stderr
    assert "has no checkpoint" in again.stderr


def test_a_finished_crawl_that_is_resumed_asks_for_nothing(
    run: Run, many: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "all.jsonl"
    run("crawl", "assets", "-f", "width < 20", "-o", path, "--resume")
    before, asked = path.read_bytes(), len(many.requests)
    done = run("crawl", "assets", "-f", "width < 20", "-o", path, "--resume")

    assert done.exit_code == 0
    assert (path.read_bytes(), len(many.requests)) == (before, asked)


def test_since_a_checkpoint_is_what_is_new(run: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    run("crawl", "assets", "-f", "width < 20", "-o", first)
    done = run("crawl", "assets", "-f", "width < 20", "-o", second, "--since", f"{first}.ckpt")

    assert (done.exit_code, second.read_text()) == (0, "")


def test_a_crawl_of_the_first_hits_goes_on_to_the_others(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    first = run("crawl", "assets", "-f", "width < 20", "-o", path, "--max", "1")
    then = run("crawl", "assets", "-f", "width < 20", "-o", path, "--resume")

    assert first.stderr.startswith(f"1 asset in {path}, ")
    assert first.stderr.endswith("For the others: --resume without --max\n")
    assert then.stderr.endswith(f"For what is new later: --since {path}.ckpt\n")
    assert len(ids(path)) == 20


def test_a_crawl_that_got_nothing_leaves_nothing(run: Run, many: Emulator, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    many.faults.add(status=401)
    done = run("crawl", "assets", "-o", path)

    assert done.exit_code == 5
    assert list(tmp_path.iterdir()) == []


def test_a_crawl_that_failed_names_its_checkpoint_in_the_same_line(
    run: Run, many: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "all.jsonl"
    many.faults.add(sequence=[None] * 20 + [{"status": 400}] * 100)
    done = run("crawl", "assets", "-o", path, "--concurrency", "1")

    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: 400: ")
    assert line.endswith(f"; the progress is kept in {path}.ckpt: add --resume to go on")


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_crawl_that_failed_goes_on_where_it_was(
    run: Run, many: Emulator, tmp_path: Path, form: str
) -> None:
    many.faults.add(sequence=[None] * 20 + [{"status": 400}] * 100)
    crawl = ["crawl", "assets", "-o", tmp_path / f"all.{form}", "--concurrency", "1"]
    failed = run(*crawl)
    kept = Checkpoint.read(tmp_path / f"all.{form}.ckpt")
    many.faults.clear()
    resumed = run(*crawl, "--resume")

    assert "the progress is kept in" in failed.stderr
    assert kept is not None
    assert kept.hits > 0
    assert resumed.exit_code == 0
    assert resumed.stderr.startswith(f"{COUNT:,} assets in ")


def test_a_checkpoint_that_cannot_be_written_is_exit_code_1(run: Run, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "a.ckpt"
    done = run("crawl", "assets", "-o", tmp_path / "all.jsonl", "--checkpoint", nowhere)

    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert str(nowhere) in done.stderr


def test_a_crawl_that_has_spent_its_requests_is_exit_code_3_and_goes_on(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "all.jsonl"
    command = ("crawl", "assets", "-o", str(path), "--max-requests", "10")
    first = run(*command)
    assert first.exit_code == 3
    assert "add --resume to go on" in first.stderr
    codes = [run(*command, "--resume").exit_code for _ in range(10)]
    assert codes[-1] == 0
    whole = tmp_path / "whole.jsonl"
    assert run("crawl", "assets", "-o", str(whole)).exit_code == 0
    assert sorted(path.read_bytes().splitlines()) == sorted(whole.read_bytes().splitlines())


def test_an_estimate_says_how_many_hits_and_requests(run: Run, tmp_path: Path) -> None:
    done = run("crawl", "assets", "--estimate", "-o", str(tmp_path / "x.jsonl"))
    assert done.exit_code == 0
    assert re.fullmatch(r"[\d,]+ assets, \d+ requests\n", done.stdout)
    assert list(tmp_path.iterdir()) == []


def test_workflows_are_crawled_in_any_order(run: Run) -> None:
    done = run("crawl", "workflows", "--order", "any")
    assert done.exit_code == 0


def test_since_a_date(run: Run) -> None:
    done = run("crawl", "assets", "-f", "width < 28", "--since", "2025-01-27")
    assert len(done.stdout.splitlines()) == 2


def test_a_checkpoint_of_another_query_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    run("crawl", "assets", "-f", "width < 20", "-o", path)
    done = run("crawl", "assets", "-f", "width < 30", "-o", path, "--resume")

    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert "belongs to a crawl with another request" in line


def test_a_crawl_that_is_interrupted_too_early_says_that_nothing_was_kept(
    many: Emulator, tmp_path: Path
) -> None:
    many.reset_sync()
    many.faults.add(stall=True)
    path = tmp_path / "all.jsonl"
    process: Any = start("crawl", "assets", "-o", str(path), env=environment(many))
    try:
        _wait_for_requests(many, 1, process)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=30)
    finally:
        process.kill()
        many.faults.clear()
    assert (process.returncode, out) == (130, "")
    assert said.splitlines()[-1] == "Interrupted; nothing was kept yet."
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_crawl_names_its_checkpoint_and_goes_on(
    many: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "all.jsonl"
    many.reset_sync()
    # The first windows are read; then nothing moves until the crawl is told to stop.
    many.faults.add(sequence=[None] * 20 + [{"stall": True}] * 100)
    process: Any = start(
        "crawl", "assets", "-o", str(path), "--concurrency", "1", env=environment(many)
    )
    try:
        _wait_for_requests(many, 21, process)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out) == (130, "")
    assert said.splitlines()[-1] == (
        f"Interrupted; the progress is kept in {path}.ckpt: add --resume to go on."
    )
    assert len(said.splitlines()) == 1

    many.faults.clear()
    done = invoke("crawl", "assets", "-o", str(path), "--resume", env=environment(many))
    assert done.exit_code == 0
    assert sorted(ids(path)) == [f"asset_{n:04}" for n in range(COUNT)]


def _wait_for_requests(emulator: Emulator, count: int, process: subprocess.Popen[str]) -> None:
    """Wait, without sleeping, until the emulator has got so many requests of a process."""
    while len(emulator.requests) < count:
        assert process.poll() is None, "it ended with fewer requests"
        subprocess.run(["true"], check=True)


def test_an_incomplete_crawl_is_exit_code_4(tmp_path: Path) -> None:
    same = "2025-01-01T00:00:00.000Z"
    with Emulator() as emulator:
        emulator.load_sync(
            [
                {"id": f"a{n}", "ownerId": "project_demo", "createdAt": same, "metadata": {}}
                for n in range(1001)
            ],
            "assets",
        )
        path = tmp_path / "all.jsonl"
        done = invoke("crawl", "assets", "-o", str(path), env=environment(emulator))

    assert done.exit_code == 4
    assert "could not be read whole" in done.stderr


def test_requests_that_were_sent_again_are_counted(run: Run, many: Emulator) -> None:
    many.faults.add(status=503, headers={"Retry-After": "0"}, times=1)
    done = run("crawl", "assets", "--max", "5")

    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 5)
    assert re.search(r"; \d requests; 1 of them again\.\n", done.stderr)


def test_where_the_limit_of_requests_is_reached_the_crawl_can_go_on(
    run: Run, many: Emulator, tmp_path: Path
) -> None:
    run("crawl", "assets", "--concurrency", "1")
    undated = len(many.requests)  # those without a date are asked for last
    many.reset_sync()
    many.faults.add(status=429, headers={"Retry-After": "3600"}, every=undated, times=1)
    path = tmp_path / "all.jsonl"
    done = run("crawl", "assets", "--concurrency", "1", "-o", path)

    assert done.exit_code == 3
    assert "The API's limit of requests is reached: add --resume to go on." in done.stderr
    assert len(ids(path)) == COUNT
    assert run("crawl", "assets", "-o", path, "--resume").exit_code == 0


def test_hits_that_cannot_be_read_are_left_out_if_so_asked(tmp_path: Path) -> None:
    owned = {"ownerId": "project_demo", "createdAt": "2025-01-01T00:00:00.000Z"}
    with Emulator() as emulator:
        emulator.load_sync(
            [{"id": "a", "metadata": {}, **owned}, {"id": "b", "metadata": 7, **owned}]
        )
        command = ("crawl", "assets", "--on-invalid", "skip")
        done = invoke(*command, env=environment(emulator))

    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 1)
    assert "; hits that could not be read and are left out: 1." in done.stderr


def test_an_estimate_of_many_hits_says_what_is_certain() -> None:
    with Emulator(result_cap=100) as emulator:
        days = [datetime(2010, 1, 1, tzinfo=UTC) + timedelta(n) for n in range(3000)]
        emulator.load_sync(
            {"id": f"a{n}", "ownerId": "project_demo", "createdAt": f"{day:%Y-%m-%dT%H:%M:%S.000Z}"}
            for n, day in enumerate(days)
        )
        command = ("crawl", "assets", "--cap", "100", "--estimate")
        done = invoke(*command, env=environment(emulator))

    hits = re.fullmatch(r"about (.+) assets \((.+) to (.+)\), \d+ requests\n", done.stdout)
    assert hits is not None
    likely, low, high = (int(number.replace(",", "")) for number in hits.groups())
    assert low <= likely <= high
    assert likely == pytest.approx(3000, rel=0.01)
