"""The demo with what its searches by meaning and by likeness compute, made once for all workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from scenario_search.emulator import Emulator

__all__ = ["demo_from", "prepared_demo"]


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


def demo_from(copy: Callable[[], Path | None]) -> Callable[..., Emulator]:
    """Returns ``Emulator.demo``, starting from a copy of the prepared demo.

    Args:
        copy: Returns the path of a copy; None computes everything anew.
    """
    demo = Emulator.demo

    def start(*arguments: Any, path: Path | None = None, **options: Any) -> Emulator:
        return demo(*arguments, path=path or copy(), **options)

    return start
