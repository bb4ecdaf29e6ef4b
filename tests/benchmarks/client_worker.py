"""The measurements of one client, in a process of its own.

    python client_worker.py CLIENT

Each line of standard input asks for one, in JSON: ``task`` (``"walk"`` or ``"call"``), ``url``,
``count`` of hits or calls, page ``size``, and ``width``: how many pages ahead (0: page mode) or
calls at once. Each is answered by a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

KEYS: dict[str, Any] = {"api_key": "key", "api_secret": "secret"}
QUERY: dict[str, Any] = {"query": "castle"}
WARM_UP = 300


class Ours:
    """``AsyncScenario``."""

    def __init__(self, url: str) -> None:
        from scenario_search import AsyncScenario

        self._client = AsyncScenario(base_url=url, **KEYS)

    async def walk(self, size: int, hits: int, ahead: int) -> int:
        results = self._client.search.asset_search(**QUERY, limit=size, max_items=hits)
        count = 0
        if ahead > 1:
            async with results.prefetch(ahead) as found:
                async for _ in found:
                    count += 1
        else:
            async for _ in results:
                count += 1
        return count

    async def walk_pages(self, size: int, hits: int) -> int:
        """The same in page mode."""
        results = self._client.search.asset_search(
            **QUERY, page=1, hits_per_page=size, max_items=hits
        )
        return len([None async for _ in results])

    async def call(self, size: int) -> None:
        await self._client.search.asset_search(**QUERY, limit=size, offset=0)

    async def close(self) -> None:
        await self._client.close()


class OursSync:
    """``Scenario``, the sync facade."""

    def __init__(self, url: str) -> None:
        from scenario_search import Scenario

        self._client = Scenario(base_url=url, **KEYS)

    async def walk(self, size: int, hits: int, ahead: int) -> int:
        del ahead
        page = self._client.search.asset_search(**QUERY, limit=size, max_items=hits)
        return sum(1 for _ in page)

    async def call(self, size: int) -> None:
        self._client.search.asset_search(**QUERY, limit=size, offset=0)

    async def close(self) -> None:
        self._client.close()


class Official:
    """``scenario-sdk``, with either of its HTTP libraries."""

    def __init__(self, url: str, *, aiohttp: bool) -> None:
        import scenario_sdk

        options: dict[str, Any] = {"base_url": url, **KEYS}
        if aiohttp:
            options["http_client"] = scenario_sdk.DefaultAioHttpClient()
        self._client = scenario_sdk.AsyncScenario(**options)

    async def walk(self, size: int, hits: int, ahead: int) -> int:
        del ahead
        count = 0
        async for _ in self._client.search.asset_search(**QUERY, limit=size, offset=0):
            count += 1
            if count == hits:
                break
        return count

    async def call(self, size: int) -> None:
        await self._client.search.asset_search(**QUERY, limit=size, offset=0)

    async def close(self) -> None:
        await self._client.close()


class OfficialSync:
    """``scenario-sdk``'s sync client."""

    def __init__(self, url: str) -> None:
        import scenario_sdk

        self._client = scenario_sdk.Scenario(base_url=url, **KEYS)

    async def walk(self, size: int, hits: int, ahead: int) -> int:
        del ahead
        count = 0
        for _ in self._client.search.asset_search(**QUERY, limit=size, offset=0):
            count += 1
            if count == hits:
                break
        return count

    async def call(self, size: int) -> None:
        self._client.search.asset_search(**QUERY, limit=size, offset=0)

    async def close(self) -> None:
        self._client.close()


class Bare:
    """aiohttp and orjson to plain dicts: the floor."""

    def __init__(self, url: str) -> None:
        import aiohttp
        import orjson

        self._url = f"{url}/search/assets"
        self._loads, self._dumps = orjson.loads, orjson.dumps
        self._headers = {
            "Authorization": "Basic a2V5OnNlY3JldA==",
            "Content-Type": "application/json",
        }
        self._make = aiohttp.ClientSession
        self._session: Any = None

    async def _page(self, size: int, offset: int) -> Any:
        if self._session is None:
            self._session = self._make(headers=self._headers)
        body = self._dumps({**QUERY, "limit": size, "offset": offset})
        async with self._session.post(self._url, data=body) as response:
            return self._loads(await response.read())

    async def walk(self, size: int, hits: int, ahead: int) -> int:
        del ahead
        count = 0
        while count < hits:
            page = await self._page(size, count)
            for _ in page["hits"]:
                count += 1
        return count

    async def call(self, size: int) -> None:
        await self._page(size, 0)

    async def close(self) -> None:
        await self._session.close()


def make(name: str, url: str) -> Any:
    """The client of a name."""
    match name:
        case "ours":
            return Ours(url)
        case "ours sync":
            return OursSync(url)
        case "sdk httpx":
            return Official(url, aiohttp=False)
        case "sdk aiohttp":
            return Official(url, aiohttp=True)
        case "sdk sync":
            return OfficialSync(url)
        case "bare aiohttp":
            return Bare(url)
    raise SystemExit(f"no client {name!r}")


def megabytes() -> float:
    """The most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def timed(task: Callable[[], Awaitable[Any]]) -> tuple[float, float, Any]:
    """Give wall seconds, CPU seconds and the result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = await task()
    return time.perf_counter() - wall, time.process_time() - cpu, result


async def measure_walk(client: Any, size: int, hits: int, ahead: int) -> dict[str, Any]:
    """Hits a second, CPU a hit, memory; start-up left out."""
    walk = client.walk_pages if ahead == 0 else lambda s, h: client.walk(s, h, ahead)
    await walk(size, min(hits, max(WARM_UP, size)))
    wall, cpu, count = await timed(lambda: walk(size, hits))
    if count != hits:
        raise SystemExit(f"{count} hits instead of {hits}")
    return {"hits/s": hits / wall, "CPU us/hit": cpu / hits * 1e6, "peak MB": megabytes()}


async def measure_calls(client: Any, size: int, calls: int, concurrency: int) -> dict[str, Any]:
    """Milliseconds of single calls, and how late the loop is meanwhile."""
    times: list[float] = []
    lags: list[float] = []
    ended = False

    async def caller(share: int) -> None:
        for _ in range(share):
            began = time.perf_counter()
            await client.call(size)
            times.append((time.perf_counter() - began) * 1000)

    async def watch() -> None:
        while not ended:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append((time.perf_counter() - began - 0.005) * 1000)

    await caller(max(10, calls // 10))
    times.clear()
    watcher = asyncio.create_task(watch())
    await asyncio.gather(*(caller(calls // concurrency) for _ in range(concurrency)))
    ended = True
    await watcher
    times.sort()
    lags.sort()
    return {
        **{f"p{p} ms": times[min(len(times) - 1, len(times) * p // 100)] for p in (50, 95, 99)},
        "lag p99 ms": lags[min(len(lags) - 1, len(lags) * 99 // 100)],
    }


async def measure(name: str, told: dict[str, Any]) -> dict[str, Any]:
    """Make one measurement, with a client of its own."""
    client = make(name, told["url"])
    measurement = measure_walk if told["task"] == "walk" else measure_calls
    try:
        return await measurement(client, told["size"], told["count"], told["width"])
    finally:
        await client.close()


def main() -> None:
    """Measure what standard input asks for, line by line."""
    for line in sys.stdin:
        print(json.dumps(asyncio.run(measure(sys.argv[1], json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)  # what a client leaves behind at exit is not measured here
