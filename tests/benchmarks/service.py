"""A FastAPI service with one client for its life, which measures the lag of its own loop.

Run by ``bench_service.py`` as ``python service.py UPSTREAM CONNECTIONS``; prints its port.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from scenario_search import AsyncScenario

TICK = 0.002
"""Seconds between two looks at the clock."""


async def watch_lag(lags: list[float]) -> None:
    """Note by how much a sleep was too long: what any other task of this loop would have waited."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        lags.append(time.perf_counter() - began - TICK)


def make_service(upstream: str, connections: int) -> FastAPI:
    lags: list[float] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncScenario(
            base_url=upstream, api_key="key", api_secret="secret", max_connections=connections
        ) as client:
            app.state.client = client
            watching = asyncio.create_task(watch_lag(lags))
            yield
            watching.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.get("/nothing")
    async def nothing() -> list[str]:
        """What the service costs without a search."""
        return ["asset"] * 20

    @app.get("/search")
    async def search(q: str, limit: int = 20) -> list[str]:
        page = await app.state.client.search.asset_search(query=q, limit=limit)
        return [asset.id for asset in page.hits]

    @app.get("/walk")
    async def walk(q: str, ahead: int) -> int:
        """Ten pages of a hundred hits."""
        found = app.state.client.search.asset_search(query=q, limit=100, max_items=1000)
        async with found.prefetch(ahead) as hits:
            return len([asset.id async for asset in hits])

    @app.get("/lag")
    async def lag() -> dict[str, Any]:
        """Give what was measured since the last call, and begin anew."""
        noted = lags.copy()
        lags.clear()
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {"lags": noted, "cpu": used.ru_utime + used.ru_stime, "pid": os.getpid()}

    return app


async def serve(upstream: str, connections: int) -> None:
    app = make_service(upstream, connections)
    # Kept connections outlast the pauses between measurements.
    config = uvicorn.Config(app, port=0, log_level="error", timeout_keep_alive=600)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
