from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import Run, environment, invoke, on_terminal

from scenario_search.emulator import Emulator


@pytest.fixture
def run(scenario_emulator: Emulator) -> Run:
    return lambda *arguments, **more: invoke(
        *map(str, arguments), env=environment(scenario_emulator), **more
    )


def manifest(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def test_download_brings_the_files_and_a_manifest(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    done = run("download", "castle", "--max", "3", "-o", folder)

    assert (done.exit_code, done.stdout) == (0, "")
    assert f"3 files fetched into {folder}, " in done.stderr
    lines = manifest(folder)
    assert len(lines) == 3
    assert all((folder / line["path"]).stat().st_size == line["bytes"] for line in lines)


def test_what_is_there_is_not_fetched_again(
    run: Run, scenario_emulator: Emulator, tmp_path: Path
) -> None:
    run("download", "castle", "--max", "2", "-o", tmp_path)
    asked = len(scenario_emulator.requests)
    done = run("download", "castle", "--max", "2", "-o", tmp_path)

    assert done.stderr == f"0 files fetched into {tmp_path}; 2 were there already.\n"
    assert len(scenario_emulator.requests) == asked + 1


@pytest.mark.parametrize("source", ["file", "-"])
def test_a_list_takes_the_place_of_a_search(
    source: str, run: Run, scenario_emulator: Emulator, tmp_path: Path
) -> None:
    lines = run("assets", "castle", "-n", "2", "--jsonl").stdout
    listed = tmp_path / "castles.jsonl"
    listed.write_text(lines)
    given = {"input": lines} if source == "-" else {}
    done = run("download", "--from", "-" if given else listed, "-o", tmp_path / "files", **given)

    assert done.exit_code == 0, done.stderr
    expected = {json.loads(line)["id"] for line in lines.splitlines()}
    assert {line["id"] for line in manifest(tmp_path / "files")} == expected


def test_a_list_can_be_taken_in_part(run: Run, tmp_path: Path) -> None:
    listed = tmp_path / "castles.jsonl"
    listed.write_text(run("assets", "castle", "-n", "3", "--jsonl").stdout)
    done = run("download", "--from", listed, "--max", "2", "-o", tmp_path / "files")

    assert done.exit_code == 0, done.stderr
    assert len(manifest(tmp_path / "files")) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(("term", "moves"), [("xterm", True), ("dumb", False)])
def test_the_progress_is_shown_where_a_terminal_can_write_over_it(
    term: str, moves: bool, scenario_emulator: Emulator, tmp_path: Path
) -> None:
    env = {**environment(scenario_emulator), "TERM": term}
    shown = on_terminal(["download castle --max 2 -o files"], env=env, columns=80, folder=tmp_path)
    assert "2 files fetched into files" in shown
    assert ("files: 100%" in shown) is moves


def test_a_line_that_is_no_asset_is_named(run: Run, tmp_path: Path) -> None:
    listed = tmp_path / "broken.jsonl"
    listed.write_text('{"name": "no id"}\n')
    done = run("download", "--from", listed, "-o", tmp_path / "files")

    assert done.exit_code == 2
    assert f"{listed}, line 1: " in done.stderr


def test_a_list_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    done = run("download", "--from", tmp_path / "none.jsonl", "-o", tmp_path / "files")
    assert done.exit_code == 1
    assert done.stderr == f"Error: {tmp_path}/none.jsonl: No such file or directory\n"
    assert list(tmp_path.iterdir()) == []


def test_crawl_goes_past_the_engines_cap(
    run: Run, scenario_emulator: Emulator, tmp_path: Path
) -> None:
    done = run("download", "castle", "-f", "kind = text", "--crawl", "-o", tmp_path)

    assert done.exit_code == 0, done.stderr
    assert len(manifest(tmp_path)) > 0
    assert "createdAt" in str([request.json for request in scenario_emulator.requests])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["castle", "--from", "a.jsonl"], "--from takes the place of a search"),
        (["castle", "--crawl", "--sort", "createdAt:desc"], "leave --sort out"),
        (["castle", "--concurrency", "0"], "--concurrency"),
        (["castle", "--width", "0"], "--width must be a whole number from 1, not 0"),
        (["castle", "--format", "gif"], "--format: 'gif' is not one of 'origin'"),
        ([], "Must provide at least one search parameter"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, arguments: list[str], told: str) -> None:
    done = run("download", "-o", "pictures", *arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_download_asks_for_a_folder(run: Run, scenario_emulator: Emulator) -> None:
    done = run("download", "castle")
    assert done.exit_code == 2
    assert "-o pictures" in done.stderr
    assert scenario_emulator.requests == []


def test_a_file_that_fails_is_named_and_the_others_are_fetched(
    run: Run, scenario_emulator: Emulator, tmp_path: Path
) -> None:
    lines = run("assets", "castle", "-n", "2", "--jsonl").stdout.splitlines()
    broken = json.loads(lines[0]) | {"url": "http://cdn.example/a.png"}
    listed = tmp_path / "castles.jsonl"
    listed.write_text(f"{json.dumps(broken)}\n{lines[1]}\n")
    done = run("download", "--from", listed, "-o", tmp_path / "files")

    assert done.exit_code == 4
    assert "1 file fetched into" in done.stderr
    assert f"Failed: {broken['id']}: " in done.stderr


def test_smaller_copies_are_downloaded_in_place_of_pictures(run: Run, tmp_path: Path) -> None:
    search = ("download", "castle", "-f", "kind = image", "--max", "2", "-o", tmp_path)
    done = run(*search, "--width", "64", "--format", "webp")
    assert done.exit_code == 0, done.stderr
    assert [line["path"].partition(".")[2] for line in manifest(tmp_path)] == ["w64.webp"] * 2


def test_verify_fetches_what_differs_from_its_digest(run: Run, tmp_path: Path) -> None:
    search = ("download", "castle", "-f", "kind = image", "--max", "2", "-o", tmp_path)
    run(*search)
    first = manifest(tmp_path)[0]
    (tmp_path / first["path"]).write_bytes(bytes(first["bytes"]))
    assert "0 files fetched" in run(*search).stderr
    assert "1 file fetched" in run(*search, "--verify").stderr


def test_a_file_beyond_the_bound_fails(run: Run, tmp_path: Path) -> None:
    search = ("download", "castle", "-f", "kind = image", "--max", "1", "-o", tmp_path)
    done = run(*search, "--max-file-bytes", "100")
    assert done.exit_code == 4
    assert "is larger than" in done.stderr
