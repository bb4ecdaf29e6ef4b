"""What a process does with a piece of a plan; it imports no more than that needs."""

from __future__ import annotations

import asyncio
from typing import Any

from scenario_search import AsyncScenario, CrawlPiece


def crawl_piece(piece: CrawlPiece, cap: int, options: dict[str, Any]) -> list[str]:
    """Returns the ids of a piece's hits."""

    async def ids() -> list[str]:
        async with AsyncScenario(**options) as client, client.crawl.run(piece, cap=cap) as crawl:
            return [hit.id async for hit in crawl]

    return asyncio.run(ids())
