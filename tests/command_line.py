"""The command line in tests: in this process against an emulator, or as a process of its own."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
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


def invoke(
    *arguments: str,
    env: dict[str, str] | None = None,
    columns: int = 80,
    terminal: bool = False,
    input: str | None = None,
) -> Result:
    """Run a command in this process, as if its output went to a pipe or to a plain terminal."""
    settings: dict[str, str | None] = {"COLUMNS": str(columns), "TERM": "dumb", **(env or {})}
    if terminal:
        # Rich takes the first for a terminal, and a dumb terminal for 80 columns without LINES.
        settings |= {"FORCE_COLOR": "1", "NO_COLOR": "1", "LINES": "25"}
    return CliRunner().invoke(app, list(arguments), input=input, env=settings)


def start(*arguments: str, env: dict[str, str] | None = None, **pipes: Any) -> Any:
    """Start a command as a process, with its output to be read as text."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes}
    settings = {**os.environ, "COLUMNS": "80", **(env or {})}
    return subprocess.Popen([*PROCESS, *arguments], env=settings, text=True, **streams)


# In one process for all commands, since most of a command's time is for its imports.
_ON_TERMINAL = """
import shlex, sys
from scenario_search.cli import app
for number, command in enumerate(sys.argv[1:]):
    print(end="" if number == 0 else "\\n")
    print("$ scenario-search", command, flush=True)
    app(shlex.split(command), standalone_mode=False, prog_name="scenario-search")
"""


def on_terminal(commands: Sequence[str], *, env: dict[str, str], columns: int, folder: Path) -> str:
    """Run commands on a pseudo-terminal: give all that it is sent, with what was typed."""
    import fcntl  # not on Windows
    import termios

    controller, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    unset = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    settings = {name: value for name, value in os.environ.items() if name not in unset}
    settings |= {"TERM": "xterm", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", _ON_TERMINAL, *commands],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**settings, "PYTHONIOENCODING": "utf-8", **env},
        cwd=folder,
    ):
        os.close(terminal)
        return _all_of(controller).decode().replace("\r\n", "\n")


def _all_of(controller: int) -> bytes:
    chunks = []
    with open(controller, "rb", buffering=0) as stream:
        while True:
            try:
                chunk = stream.read(65536)
            except OSError:  # how Linux tells that the other end is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
    return b"".join(chunks)
