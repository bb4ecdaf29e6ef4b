"""The command line in tests: in this process against an emulator, or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from typer.testing import CliRunner, Result

from scenario_search.cli import app
from scenario_search.emulator import Emulator

PROCESS = [sys.executable, "-W", "error", "-m", "scenario_search"]

Run = Callable[..., Result]


def environment(emulator: Emulator) -> dict[str, str]:
    """Give the environment in which a command finds an emulator."""
    return {
        "SCENARIO_BASE_URL": emulator.url,
        "SCENARIO_SDK_API_KEY": emulator.api_key,
        "SCENARIO_SDK_API_SECRET": emulator.api_secret,
    }


def invoke(*arguments: str, env: dict[str, str] | None = None, columns: int = 80) -> Result:
    """Run a command in this process."""
    settings: dict[str, str | None] = {"COLUMNS": str(columns), "TERM": "dumb", **(env or {})}
    return CliRunner().invoke(app, list(arguments), env=settings)


def start(*arguments: str, env: dict[str, str] | None = None, **pipes: Any) -> Any:
    """Start a command as a process, with its output to be read as text."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes}
    settings = {**os.environ, "COLUMNS": "80", **(env or {})}
    return subprocess.Popen([*PROCESS, *arguments], env=settings, text=True, **streams)
