"""The captures in the documentation are what the commands show now."""

from __future__ import annotations

import sys

import pytest

from scenario_search.emulator import Emulator

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from captures import COLUMNS, captured, kept, without_times


@pytest.mark.parametrize("columns", COLUMNS)
def test_a_terminal_shows_what_the_documentation_says(
    columns: int, scenario_emulator: Emulator
) -> None:
    shown = captured(scenario_emulator, columns)

    assert without_times(shown) == without_times(kept(columns).read_text(encoding="utf-8"))
    output = [line for line in shown.splitlines() if not line.startswith("$ ")]
    assert max(map(len, output)) <= columns


def test_only_times_and_numbers_of_requests_may_differ() -> None:
    shown = "6 of 34 · 18 ms; 262 of 262  1,182/s, in 1.5 s; 7 requests; 512 × 512"  # noqa: RUF001
    assert without_times(shown) == (
        "6 of 34 · 0 s; 262 of 262  0 /s, in 0 s; 0 requests; 512 × 512"  # noqa: RUF001
    )
