from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import environment, invoke

from scenario_search.emulator import Emulator
from scenario_search.filters.fields import FIELDS


def test_a_good_filter_is_told_as_it_is_understood() -> None:
    done = invoke("filter", "check", "NOT (width>=5) AND tags='a'")
    assert (done.exit_code, done.stdout) == (0, "NOT width >= 5 AND tags = a\n")


def test_a_blank_filter_is_no_condition() -> None:
    assert invoke("filter", "check", " ").stdout == "(no condition)\n"


def test_a_wrong_filter_has_a_caret_below_the_place() -> None:
    done = invoke("filter", "check", "tags = a AND width >= AND")

    assert (done.exit_code, done.stdout) == (2, "")
    error, text, caret = done.stderr.splitlines()
    assert error.startswith("Error: Invalid filter syntax at position 22: expected a value")
    assert text == "  tags = a AND width >= AND"
    assert caret.index("^") - 2 == 22


def test_an_unknown_field_has_its_nearest_names_and_its_place() -> None:
    done = invoke("filter", "check", "name:x AND widht >= 5")

    assert done.exit_code == 2
    error, _, caret = done.stderr.splitlines()
    assert error == 'Error: "widht" is not a documented field of assets; did you mean width?'
    assert caret.index("^") - 2 == 11


def test_a_field_of_another_kind_is_told() -> None:
    assert invoke("filter", "check", "capabilities = img2img", "--kind", "models").exit_code == 0
    done = invoke("filter", "check", "capabilities = img2img")
    assert "it is a field of models" in done.stderr


@pytest.mark.parametrize("kind", ["assets", "models", "workflows"])
def test_the_fields_are_the_documented_ones(kind: str) -> None:
    lines = invoke("filter", "fields", "--kind", kind, "--json").stdout.splitlines()
    assert {json.loads(line)["name"] for line in lines} == set(FIELDS[kind])  # type: ignore[index]


@pytest.mark.parametrize("columns", [60, 100])
def test_the_fields_table_fits(columns: int) -> None:
    done = invoke("filter", "fields", columns=columns, terminal=True)
    assert max(map(len, done.stdout.splitlines())) <= columns
    assert "negativePrompt" in done.stdout


def test_a_search_with_a_wrong_filter_is_not_sent(scenario_emulator: Emulator) -> None:
    done = invoke("assets", "-f", "width >=", env=environment(scenario_emulator))

    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1] == " " * 10 + "^"
    assert scenario_emulator.requests == []


def test_no_validate_sends_it_anyway(scenario_emulator: Emulator) -> None:
    arguments = ("assets", "-f", "width >=", "--no-validate")
    done = invoke(*arguments, env=environment(scenario_emulator))

    assert done.exit_code == 1
    assert [request.status for request in scenario_emulator.requests] == [400]


@pytest.mark.parametrize("command", ["assets", "count assets", "crawl assets", "download -o x"])
def test_an_undocumented_field_is_refused_with_the_nearest_names(
    command: str, scenario_emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = (*command.split(), "-f", "height > 5 AND widht = 5")
    done = invoke(*arguments, env=environment(scenario_emulator))

    assert done.exit_code == 2
    assert "did you mean width?" in done.stderr
    assert done.stderr.splitlines()[-1] == " " * 17 + "^"
    assert scenario_emulator.requests == []


def test_a_field_of_another_kind_says_so(scenario_emulator: Emulator) -> None:
    done = invoke("models", "-f", "width >= 1024", env=environment(scenario_emulator))

    assert done.exit_code == 2
    assert "it is a field of assets" in done.stderr
