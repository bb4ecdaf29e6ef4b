"""A loop whose clock stands still but for waiting, so that what waits costs is told exactly."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

import attrs
from fake_transport import FakeTransport

from scenario_search.transport import Answer

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


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, on a clock of its own."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)


@attrs.define(slots=False)
class SlowTransport(FakeTransport):
    """Each answer takes a second of the loop's clock.

    Attributes:
        sent_at: When each request was sent.
    """

    sent_at: list[float] = attrs.Factory(list)

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Callable[[], Mapping[str, str]],
        query: Mapping[str, str],
        timeout: float,
        max_bytes: int,
    ) -> Answer:
        self.sent_at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(1)
        return await super().post(
            url, body, headers=headers, query=query, timeout=timeout, max_bytes=max_bytes
        )
