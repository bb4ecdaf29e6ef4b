"""Tasks that end with what started them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from scenario_search.errors import ConfigurationError

__all__ = ["cancel_tasks", "check_event_loop"]


def check_event_loop() -> None:
    """Raises where no asyncio event loop runs, which asyncio itself would say less clearly.

    Raises:
        ConfigurationError: None does: this is trio, or plain code that drives a coroutine.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise ConfigurationError(
            "AsyncScenario needs a running asyncio event loop, and there is none: under trio, use "
            "Scenario in a thread, as in await trio.to_thread.run_sync(search)"
        ) from None


async def cancel_tasks(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancels tasks and waits until they have ended. Their errors are not raised."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
