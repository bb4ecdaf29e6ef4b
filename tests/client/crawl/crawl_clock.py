"""A loop whose clock stands still but for waiting, so that what waits costs is told exactly."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Where the loop would wait for a timer, its clock goes on at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(None if timeout is None else 0)
        if not found and timeout:
            self.now += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._waits = _Selector()
        super().__init__(self._waits)

    def time(self) -> float:
        return self._waits.now

    async def shutdown_default_executor(self, *_: object) -> None:
        """Waits for the threads without a limit, which this clock would reach immediately."""
        await super().shutdown_default_executor()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, on a clock of its own."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)
