"""A server of the Search API with many assets that have nothing but an id and a date.

It sorts by date, honours bounds and offsets, and returns no more than the cap: enough for a crawl,
and quick with many hits.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

from scenario_search.crawl.dates import timestamp

CAP = 1000
HITS = int(os.environ.get("CLUSTER_HITS", "4000"))
CANARY = "canary0815"
_BOUND = re.compile(r"(createdAt) (>=|<=|<|>) \"([^\"]+)\"")
_START = 1_672_531_200_000_000
_SPAN = 2 * 365 * 86_400_000_000


def clustered_dates(count: int) -> list[str]:
    """Returns dates of two years: half of them within a day, some in ties."""
    chance = random.Random(1)
    moments = [
        _START
        + (
            int(chance.gauss(0.6, 0.001) * _SPAN)
            if index < count // 2
            else _SPAN // 3 + index // 30
            if index < count // 2 + 60
            else chance.randrange(_SPAN)
        )
        // 1000
        * 1000
        for index in range(count)
    ]
    return sorted(map(timestamp, moments))


class DateServer:
    """Serves in a thread, inside of its ``with`` block.

    Args:
        count: How many assets there are.

    Attributes:
        url: The base URL.
        ids: The ids of all assets, in their order.
        times: When each request came, on the monotonic clock.
        headers: Those of the last request.
        files: The ids of the files that were requested.
        broken: The ids of the files that are not there.
        before: Called with the number of the request, from 1; what it returns is answered in place
            of a page, as a status, headers and a body.
    """

    def __init__(self, count: int) -> None:
        self._dates = clustered_dates(count)
        self.ids = [f"asset_{index:06d}" for index in range(count)]
        self.reset()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def reset(self) -> None:
        """Forgets the requests and the script."""
        self.times: list[float] = []
        self.headers: dict[str, str] = {}
        self.files: list[str] = []
        self.broken: set[str] = set()
        self.before: Callable[[int], tuple[int, dict[str, str], Any] | None] = lambda _: None

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to find it."""
        return {
            "SCENARIO_BASE_URL": self.url,
            "SCENARIO_SDK_API_KEY": "key",
            "SCENARIO_SDK_API_SECRET": CANARY,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        app = web.Application()
        app.router.add_post("/v1/search/assets", self._search)
        app.router.add_get("/files/{id}", self._file)
        runner = web.AppRunner(app, access_log=None)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _search(self, request: web.Request) -> web.Response:
        self.times.append(time.monotonic())
        self.headers = dict(request.headers)
        scripted = self.before(len(self.times))
        if scripted is not None:
            status, headers, body = scripted
            return web.json_response(body, status=status, headers=headers)
        body = json.loads(await request.read())
        places = self._places(body["filter"], descending="desc" in str(body.get("sortBy")))
        start = body["offset"]
        page = places[start : min(start + body["limit"], CAP)]
        hits = [self._hit(place) for place in page]
        answer = {"hits": hits, "offset": start, "limit": body["limit"]}
        return web.json_response({**answer, "estimatedTotalHits": min(len(places), CAP)})

    def _hit(self, place: int) -> dict[str, str]:
        return {
            "id": self.ids[place],
            "createdAt": self._dates[place],
            "mimeType": "text/plain",
            "url": f"{self.url.removesuffix('/v1')}/files/{self.ids[place]}?Signature=s",
        }

    async def _file(self, request: web.Request) -> web.Response:
        self.files.append(request.match_info["id"])
        if request.match_info["id"] in self.broken:
            return web.Response(status=404)
        return web.Response(text=f"This is {request.match_info['id']}.")

    def _places(self, condition: str, *, descending: bool) -> range:
        low, high = 0, len(self._dates)
        if "NOT" in condition:
            return range(0)
        for _, sign, date in _BOUND.findall(condition):
            if sign in (">=", ">"):
                low = (bisect_left if sign == ">=" else bisect_right)(self._dates, date)
            else:
                high = (bisect_right if sign == "<=" else bisect_left)(self._dates, date)
        return range(high - 1, low - 1, -1) if descending else range(low, high)


def set_environment(variables: dict[str, str]) -> None:
    """Sets environment variables, of a worker for example."""
    os.environ.update(variables)
