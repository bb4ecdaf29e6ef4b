"""Crawl an emulator in a process of its own, and say as JSON what it took.

Usage: crawl_job.py JSON, with the keys ``client``, ``crawl`` (options) and ``bare``.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from scenario_search import AsyncScenario


def peak_bytes() -> int:
    """Give the most memory that this process has had so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage tells on Linux includes what the parent had when it started this one.
        text = status.read_text(encoding="ascii")
        return int(text.partition("VmHWM:")[2].split()[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


async def crawl(job: dict[str, Any]) -> dict[str, Any]:
    """Crawl, and count."""
    ids: set[str] = set()
    count = 0
    began = time.perf_counter()
    async with AsyncScenario(**job["client"]) as client:
        crawled = client.crawl.assets(public=True, **job["crawl"])
        if job.get("bare"):
            async for hit in crawled:
                count += 1
                ids.add(hit.id)
        else:
            async with crawled:
                async for hit in crawled:
                    count += 1
                    if not job.get("only_count"):
                        ids.add(hit.id)
    return {
        "hits": count,
        "distinct": len(ids),
        "requests": crawled.stats.requests,
        "retries": crawled.stats.retries,
        "seconds": time.perf_counter() - began,
        "peak": peak_bytes(),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(crawl(json.loads(sys.argv[1])))))
