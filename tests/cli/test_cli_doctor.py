from __future__ import annotations

import json
from typing import Any

import pytest
from command_line import Run, environment, invoke

from scenario_search.emulator import Emulator


@pytest.fixture
def run(scenario_emulator: Emulator) -> Run:
    def run(*arguments: str, **variables: str) -> Any:
        return invoke(*arguments, env={**environment(scenario_emulator), **variables}, columns=120)

    return run


def test_each_check_is_a_line(run: Run, scenario_emulator: Emulator) -> None:
    done = run("doctor")

    verdicts = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert [verdict for verdict, _ in verdicts] == ["ok"] * 10
    assert ["ok", f"address        {scenario_emulator.url} (from SCENARIO_BASE_URL)"] in verdicts
    assert scenario_emulator.api_secret not in done.output


def test_refused_credentials_are_a_problem_that_shows_no_secret(run: Run) -> None:
    done = run("doctor", SCENARIO_SDK_API_KEY="hidden-1", SCENARIO_SDK_API_SECRET="hidden-2")

    assert done.exit_code == 5
    assert "problem  access         refused with 401" in done.stdout
    assert "look at SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET" in done.stdout
    assert "hidden" not in done.output


def test_a_project_of_others_is_a_problem(run: Run) -> None:
    done = run("doctor", "--project", "project_of_others")
    assert done.exit_code == 5
    assert "leave it out" in done.stdout


def test_a_service_that_is_not_there_is_a_problem() -> None:
    credentials = {"SCENARIO_SDK_API_KEY": "k", "SCENARIO_SDK_API_SECRET": "s"}
    done = invoke("doctor", "--base-url", "http://127.0.0.1:1", env=credentials)
    assert done.exit_code == 1
    assert "127.0.0.1 cannot be reached" in done.stdout
    assert done.stdout.count("unknown  ") == 6


def test_without_credentials_there_is_one_line() -> None:
    done = invoke("doctor", env={"SCENARIO_BASE_URL": "http://127.0.0.1:1"})
    assert done.exit_code == 5
    assert done.stdout == ""
    assert done.stderr.startswith("Error: No credentials: set SCENARIO_SDK_API_KEY")


def test_as_json_each_check_is_an_object(run: Run) -> None:
    lines = [json.loads(line) for line in run("doctor", "--json").stdout.splitlines()]
    assert len(lines) == 10
    assert lines[4] == {
        "check": "access",
        "verdict": "ok",
        "answer": "accepted",
        "detail": "accepted, about 363 of your own",
        "advice": "",
    }
