"""Crawls an emulator to a file in a process of its own, and writes a byte for every request.

Usage: crawl_worker.py URL KEY SECRET CAP CONCURRENCY CHECKPOINT FILE

The name of the file says its form: ``.jsonl``, ``.csv`` or ``.parquet``.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from scenario_search import AsyncScenario
from scenario_search.export import files

# So that a crawl which is killed after a few requests has written something.
files.HITS_TOGETHER = 1


async def main() -> None:
    url, key, secret, cap, concurrency, checkpoint, path = sys.argv[1:]

    def progress(_: object) -> None:
        sys.stdout.buffer.write(b".")
        sys.stdout.buffer.flush()

    async with (
        AsyncScenario(base_url=url, api_key=key, api_secret=secret) as client,
        client.crawl.assets(
            public=True,
            cap=int(cap),
            concurrency=int(concurrency),
            checkpoint=checkpoint,
            progress=progress,
        ) as crawl,
    ):
        await getattr(crawl, f"to_{Path(path).suffix[1:]}")(path)


asyncio.run(main())
