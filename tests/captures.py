"""What the commands show on a terminal of 80 and of 120 columns, for the documentation.

``python tests/captures.py`` runs them on a pseudo-terminal, against the demo emulator, and keeps
what the terminal shows in ``docs/captures``.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from command_line import environment, on_terminal

from scenario_search.emulator import Emulator

__all__ = ["COLUMNS", "captured", "kept", "without_times"]

COLUMNS = (80, 120)
COMMANDS = (
    "assets castle --limit 6",
    "models style",
    "workflows sketch",
    "assets dragon --filter 'kind = image' --limit 3 --ids",
    "assets nothing-like-that",
    "count assets --filter 'width >= 1920'",
    "crawl assets --public -o public.jsonl",
    "crawl assets --public -o public.jsonl",
    "download castle --max 3 -o pictures",
    "filter check 'width >= 1024 AND tags = dragon'",
    "filter check 'width >= 1024 AND widht < 5'",
    "assets --filter 'width > > 3'",
    "filter fields --kind workflows",
    "assets castle --limit 500",
    "whoami",
)
# A bar is as long as its times let it be.
_BAR = re.compile(r"(?:\|\S+ *\| (\d+/\d+)|(\d+)it) \[.*\]")
_CAPTURES = Path(__file__).parents[1] / "docs" / "captures"
_PORT = re.compile(r"(127\.0\.0\.1):\d{4,5}")
_STYLE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# How many requests a crawl takes depends on whose answer comes first.
_TIMES = re.compile(r"\b[\d.,]+ ?m?(s|/s|requests)\b")


def captured(emulator: Emulator, columns: int) -> str:
    """Give what a terminal shows of the commands.

    Args:
        emulator: A demo emulator, which the commands talk to.
        columns: The width of the terminal.
    """
    env = {**environment(emulator), "NO_COLOR": "1"}
    with tempfile.TemporaryDirectory() as folder:
        shown = on_terminal(COMMANDS, env=env, columns=columns, folder=Path(folder))
    return _as_seen(_PORT.sub(r"\1:8711", shown))


def _as_seen(text: str) -> str:
    """Give lines as they look in the end: a line that was begun anew is written over."""
    lines = [line.rpartition("\r")[2] for line in text.split("\n")]
    return "\n".join(_STYLE.sub("", line).rstrip() for line in lines).strip() + "\n"


def without_times(text: str) -> str:
    """Give a capture without what differs from run to run."""
    return _TIMES.sub(r"0 \1", _BAR.sub(r"\1\2", text))


def kept(columns: int) -> Path:
    """Give the file in which the documentation keeps a capture."""
    return _CAPTURES / f"terminal-{columns}.txt"


def _main() -> None:
    _CAPTURES.mkdir(exist_ok=True)
    with Emulator.demo() as emulator:
        for columns in COLUMNS:
            kept(columns).write_text(captured(emulator, columns), encoding="utf-8")


if __name__ == "__main__":
    _main()
