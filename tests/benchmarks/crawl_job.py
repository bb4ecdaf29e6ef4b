"""Crawl an emulator in a process of its own, and say as JSON what it took.

Usage: crawl_job.py JSON, with the keys ``client``, ``crawl`` (options), ``bare``, and ``export``:
``jsonl`` to crawl into a file, ``aiohttp`` to do the same with bare aiohttp and orjson.
"""

from __future__ import annotations

import asyncio
import json
import math
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson

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


async def bare_cursor(client: dict[str, str], path: Path, most: float = math.inf) -> int:
    """Crawls by a cursor into a file, with nothing but aiohttp and orjson; returns the requests."""
    key = aiohttp.encode_basic_auth(client["api_key"], client["api_secret"])
    requests, bound, edge = 0, "", set()
    async with aiohttp.ClientSession(headers={"Authorization": key}) as session:
        with path.open("wb") as file:
            while True:
                condition = f'createdAt <= "{bound}"' if bound else "createdAt EXISTS"
                body = {"filter": condition, "sortBy": ["createdAt:desc"], "public": True}
                url = client["base_url"] + "/search/assets"
                data = orjson.dumps(body | {"limit": 100, "offset": 0})
                headers = {"Content-Type": "application/json"}
                async with session.post(url, data=data, headers=headers) as response:
                    hits = orjson.loads(await response.read())["hits"]
                requests += 1
                new = [hit for hit in hits if hit["id"] not in edge]
                if not new or requests >= most:
                    return requests
                file.write(b"".join([orjson.dumps(hit) + b"\n" for hit in new]))
                bound = hits[-1]["createdAt"]
                edge = {hit["id"] for hit in hits if hit["createdAt"] == bound}


async def exported(client: dict[str, str], path: Path, options: dict[str, Any]) -> int:
    """Crawls into a file with this library; returns the requests."""
    async with AsyncScenario(**client) as scenario:
        async with scenario.crawl.assets(public=True, **options) as crawled:
            await crawled.to_jsonl(path)
        return crawled.stats.requests


async def export(job: dict[str, Any]) -> dict[str, Any]:
    """Crawl into a file, and say what CPU time it took."""
    with tempfile.TemporaryDirectory() as folder:
        path, options = Path(folder) / "hits.jsonl", job["crawl"]
        has_checkpoint = options.pop("has_checkpoint", False)
        # Modules that are imported by the first request, and what is made once, are left out.
        await bare_cursor(job["client"], Path(folder) / "warm", most=1)
        if job["export"] != "aiohttp":
            await exported(job["client"], Path(folder) / "warm", {**options, "max_items": 1})
        if has_checkpoint:
            options["checkpoint"] = Path(folder) / "hits.ckpt"
        began, cpu = time.perf_counter(), time.process_time()
        if job["export"] == "aiohttp":
            requests = await bare_cursor(job["client"], path)
        else:
            requests = await exported(job["client"], path, options)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        ids = [json.loads(line)["id"] for line in path.read_bytes().splitlines()]
    return {
        "hits": len(ids),
        "distinct": len(set(ids)),
        "requests": requests,
        "seconds": seconds,
        "cpu": cpu,
    }


if __name__ == "__main__":
    task = json.loads(sys.argv[1])
    print(json.dumps(asyncio.run(export(task) if "export" in task else crawl(task))))
