"""A transport without sockets, and clients of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs
import orjson

from scenario_search import AsyncScenario
from scenario_search.http.transport import Answer

Page = dict[str, Any]


@attrs.define(slots=False)
class FakeTransport:
    """Answers without a socket: ``answer`` makes a page, an ``Answer`` or an error of a body.

    Each answer takes ``seconds`` of the loop's clock.
    """

    answer: Callable[[dict[str, Any]], Page | Answer | Exception]
    bodies: list[dict[str, Any]] = attrs.Factory(list)
    sent: list[bytes] = attrs.Factory(list)
    headers: list[Mapping[str, str]] = attrs.Factory(list)
    queries: list[Mapping[str, str]] = attrs.Factory(list)
    timeouts: list[float] = attrs.Factory(list)
    closed: bool = False
    secrets: tuple[str, ...] = ()
    seconds: float = 0
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
        self.sent.append(body)
        asked = orjson.loads(body)
        self.bodies.append(asked)
        self.headers.append(headers())
        self.queries.append(query)
        self.timeouts.append(timeout)
        self.sent_at.append(asyncio.get_running_loop().time())
        # What awaits the network lets others run.
        await asyncio.sleep(self.seconds)
        made = self.answer(asked)
        if isinstance(made, Exception):
            raise made
        if isinstance(made, Answer):
            return made
        return Answer(200, {"x-request-id": "r"}, orjson.dumps(made), 0.0)

    def trust(self, url: str) -> None: ...

    async def wait(self, sleep: Callable[[float], Awaitable[object]], seconds: float) -> None:
        await sleep(seconds)

    async def close(self) -> None:
        self.closed = True


def hits(ids: list[str]) -> list[dict[str, Any]]:
    return [{"id": one} for one in ids]


def correct_page(ids: list[str], body: dict[str, Any]) -> Page:
    """What a server without a fault answers that holds these ids, in either mode."""
    if "page" in body:
        page, size = body["page"], body["hitsPerPage"]
        return {
            "hits": hits(ids[(page - 1) * size : page * size]),
            "page": page,
            "hitsPerPage": size,
            "totalHits": len(ids),
            "totalPages": -(-len(ids) // size),
        }
    offset, limit = body.get("offset", 0), body.get("limit", 20)
    return {
        "hits": hits(ids[offset : offset + limit]),
        "offset": offset,
        "limit": limit,
        "estimatedTotalHits": len(ids),
    }


def faked_client(
    answer: Callable[[dict[str, Any]], Page | Answer | Exception], **options: Any
) -> tuple[AsyncScenario, FakeTransport]:
    """A client over a fake transport, and the transport. It never waits, and has no jitter."""
    client = AsyncScenario(
        **{"base_url": "https://api.example/v1", "api_key": "key", "api_secret": "secret"} | options
    )
    transport = FakeTransport(answer)
    client._requester.transport = transport  # type: ignore[assignment]
    return client, transport


def client_of(url: str, **options: Any) -> AsyncScenario:
    return AsyncScenario(base_url=url, api_key="key", api_secret="secret", **options)
