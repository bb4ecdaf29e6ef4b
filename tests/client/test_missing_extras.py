"""What is used without its extra says what to install; ``nox -s wheel`` tries it for real."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BARE = Path(__file__).parents[1] / "wheel" / "bare.py"
NEEDED = {
    "the command": "cli",
    "Emulator": "emulator",
    "Scenario.demo": "emulator",
    "AsyncScenario.demo": "emulator",
    "page.to_pandas": "pandas",
    "page.to_polars": "polars",
    "page.to_parquet": "parquet",
    "track": "progress",
    "crawl progress": "progress",
    "crawl.to_pandas": "pandas",
    "crawl.to_polars": "polars",
    "crawl.to_parquet": "parquet",
}


@pytest.fixture(scope="module")
def told() -> Any:
    path = {"PYTHONPATH": str(BARE.parents[2])}
    done = subprocess.run(
        [sys.executable, BARE, "--block"], capture_output=True, text=True, env=path, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("use", NEEDED)
def test_what_needs_an_extra_names_it(told: Any, use: str) -> None:
    assert f"pip install 'scenario-search[{NEEDED[use]}]'" in told["said"][use]


def test_every_use_is_looked_at(told: Any) -> None:
    assert set(told["said"]) == set(NEEDED)
    assert told["there"] == []


def test_without_extras_pages_are_decoded_walked_crawled_and_shown(told: Any) -> None:
    ids = ["asset_0", "asset_1", "asset_2"]
    assert [told[name] for name in ("ids", "walked", "crawled")] == [ids, ids, ids]
    assert told["widths"] == [0, 10, 20]
    assert (told["csv_rows"], told["html"]) == (4, True)


@pytest.mark.parametrize("command", ["assets x --demo", "demo", "emulate", "count models x --demo"])
def test_commands_without_the_emulators_extra_are_exit_code_2(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = (
        "import sys; sys.modules['numpy'] = None; sys.argv[0] = 'scenario-search';"
        "from scenario_search.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command.split()],
        capture_output=True,
        text=True,
        cwd=BARE.parents[2],
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "Error: The emulator needs numpy: pip install 'scenario-search[emulator]'\n"
    )
