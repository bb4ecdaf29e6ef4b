"""Run by ``nox -s wheel``, away from the checkout."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

import scenario_search

PACKAGE = Path(scenario_search.__file__).parent

if (PACKAGE.parent / "pyproject.toml").exists():
    pytest.skip("this is a checkout", allow_module_level=True)


def test_the_package_is_the_installed_one() -> None:
    files = distribution("scenario-search").files or []
    assert PACKAGE / "client.py" in {Path(str(file.locate())) for file in files}


def test_type_checkers_may_read_it() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_the_command_is_installed() -> None:
    command = Path(sys.executable).with_name("scenario-search")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"scenario-search {scenario_search.__version__}\n"


def test_the_metadata_tell_the_version_and_the_extras() -> None:
    metadata = distribution("scenario-search").metadata
    assert metadata["Version"] == scenario_search.__version__
    assert set(metadata.get_all("Provides-Extra") or []) >= {"cli", "emulator", "pandas", "all"}
