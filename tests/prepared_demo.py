"""The demo with what its searches by meaning and by likeness compute, made once for all workers."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from scenario_search.emulator import Emulator

__all__ = ["prepared_demo"]


def prepared_demo(folder: Path) -> Path:
    """Returns the demo's database in a folder, which the first worker to ask for it makes."""
    path = folder / "demo.db"
    with FileLock(folder / "demo.turn"):
        if not path.exists():
            unfinished = folder / "demo.unfinished"
            with Emulator.demo(path=unfinished) as emulator:
                emulator.prepare_sync()
            unfinished.rename(path)
    return path
