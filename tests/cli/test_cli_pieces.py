from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from command_line import Run, environment, invoke

from scenario_search.emulator import Emulator

COUNT = 2500
IDS = [f"asset_{n:04}" for n in range(COUNT)]


@pytest.fixture(scope="module")
def many() -> Iterator[Emulator]:
    with Emulator() as emulator:
        assets = [
            {
                "id": f"asset_{n:04}",
                "ownerId": "project_demo",
                "createdAt": f"2025-01-{1 + n % 28:02}T{n // 28 % 24:02}:{n // 672:02}:00.000Z",
            }
            for n in range(COUNT)
        ]
        emulator.load_sync(assets, "assets")
        yield emulator


@pytest.fixture
def run(many: Emulator) -> Iterator[Run]:
    many.reset_sync()
    yield lambda *arguments, **settings: invoke(
        *map(str, arguments), env=environment(many), **settings
    )
    many.faults.clear()


@pytest.fixture
def plan(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "plan.jsonl"
    path.write_text(run("plan", "assets", "--shards", 4).stdout)
    return path


def ids(folder: Path) -> list[str]:
    lines = [line for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    return sorted(json.loads(line)["id"] for line in lines)


def results(done: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_pieces_of_a_plan_hold_every_hit_once(run: Run, plan: Path, tmp_path: Path) -> None:
    done = run("run", plan, "-o", tmp_path / "out")
    assert done.exit_code == 0
    assert ids(tmp_path / "out") == IDS
    assert sum(result["hits"] for result in results(done)) == COUNT
    assert all(result["finished"] for result in results(done))


def test_each_line_can_be_read_by_itself(run: Run, plan: Path, tmp_path: Path) -> None:
    for number in range(1, 1 + len(plan.read_text().splitlines())):
        assert run("run", plan, "--line", number, "-o", tmp_path / "out").exit_code == 0
    assert ids(tmp_path / "out") == IDS


def test_pieces_come_from_standard_input_too(run: Run, plan: Path, tmp_path: Path) -> None:
    first = plan.read_text().splitlines()[0]
    done = run("run", "-o", tmp_path / "out", input=first + "\n\n")
    (result,) = results(done)
    assert result["name"] == json.loads(first)["name"]
    assert Path(result["file"]).name == f"{result['name']}.jsonl"


def test_finished_pieces_are_not_read_again(
    run: Run, plan: Path, tmp_path: Path, many: Emulator
) -> None:
    run("run", plan, "-o", tmp_path / "out")
    many.reset_sync()
    assert run("run", plan, "-o", tmp_path / "out").exit_code == 0
    assert len(many.requests) == 0
    assert ids(tmp_path / "out") == IDS


def test_a_piece_whose_requests_are_spent_goes_on_later(
    run: Run, plan: Path, tmp_path: Path
) -> None:
    stopped = run("run", plan, "-o", tmp_path / "out", "--max-requests", 3)
    assert stopped.exit_code == 3
    assert not all(result["finished"] for result in results(stopped))
    assert run("run", plan, "-o", tmp_path / "out").exit_code == 0
    assert ids(tmp_path / "out") == IDS


def test_an_error_says_that_the_command_can_be_repeated(
    run: Run, plan: Path, tmp_path: Path, many: Emulator
) -> None:
    many.faults.add(status=400)
    failed = run("run", plan, "-o", tmp_path / "out")
    assert failed.exit_code == 1
    assert "the same command goes on" in failed.stderr


def test_parquet_is_written_too(run: Run, plan: Path, tmp_path: Path) -> None:
    run("run", plan, "-o", tmp_path / "out", "--format", "parquet")
    tables = [pyarrow.parquet.read_table(path) for path in (tmp_path / "out").glob("*.parquet")]
    assert sum(table.num_rows for table in tables) == COUNT


@pytest.mark.parametrize(
    ("text", "arguments", "problem"),
    [
        ("nonsense\n", [], "line 1: Not a piece"),
        ("", ["--line", "1"], "has no line 1"),
        ('{"format": 1}\n', ["--line", "2"], "has no line 2"),
    ],
)
def test_what_is_not_a_plan_is_refused(
    text: str, arguments: list[str], problem: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "plan.jsonl"
    path.write_text(text)
    done = run("run", path, "-o", tmp_path / "out", *arguments)
    assert done.exit_code == 2
    assert problem in " ".join(done.stderr.split())
