"""Tasks that end with what started them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

__all__ = ["cancel_tasks"]


async def cancel_tasks(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancels tasks and waits until they have ended. Their errors are not raised."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
