from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from broken_servers import Scene
from fault_matrix import DOCUMENT, PAGE, ROWS, Row, document
from open_sockets import linux, open_sockets, sockets_to

from scenario_search import APIError, AsyncScenario
from scenario_search.emulator import Emulator

pytestmark = pytest.mark.usefixtures("collected_garbage")


class Attempts(aiohttp.TraceConfig):
    """Counts what aiohttp was asked to send."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.on_request_start.append(self._note)

    async def _note(self, *_: Any) -> None:
        self.number += 1


def client_of(scene: Scene, attempts: Attempts) -> AsyncScenario:
    options = {"api_key": "key", "api_secret": "secret", **scene.options}
    client = AsyncScenario(base_url=scene.url, trace_configs=[attempts], **options)
    client._requester.chance = lambda: 0.0
    return client


async def outcome_of(client: AsyncScenario, scene: Scene) -> tuple[str, int, BaseException | None]:
    """How a search ends: in what, after how many retries, and the error."""
    try:
        page = await client.search.asset_search(**scene.search)
    except APIError as error:
        return type(error).__name__, error.retries_taken, error
    return PAGE, page.response.retries_taken, None


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that it was raised from or after."""
    if error is not None:
        yield error
        yield from chain_of(error.__cause__)
        yield from chain_of(error.__context__)


def connections_of(client: AsyncScenario) -> tuple[int, int]:
    """How many connections a client has in use, and idle in its pool."""
    session = client._requester.transport._sessions._own
    if session is None:
        return 0, 0
    connector: Any = session.connector
    return len(connector._acquired), sum(map(len, connector._conns.values()))


@linux
@pytest.mark.parametrize("row", ROWS, ids=[f"{row.group}: {row.fault}" for row in ROWS])
async def test_a_fault_ends_as_the_matrix_says(row: Row, scenario_emulator: Emulator) -> None:
    tasks, attempts = asyncio.all_tasks(), Attempts()
    async with row.scene(scenario_emulator) as scene:
        port = urlsplit(scene.url).port
        before = sockets_to(port) if port else open_sockets()
        async with client_of(scene, attempts) as client:
            ends_in, retries, error = await outcome_of(client, scene)
            assert (ends_in, attempts.number) == (row.ends_in, row.attempts)
            assert retries == row.attempts - 1 - row.free
            assert connections_of(client) == (0, int(row.reused))
        assert [one for one in chain_of(error) if type(one).__module__.startswith("aiohttp")] == []
        assert scene.bystander is None or scene.bystander.connections == 0
        # A closed socket of the selector loop is given back in the loop's next round.
        await asyncio.sleep(0)
        gc.collect()
        assert (sockets_to(port) if port else open_sockets()) - before == set()
    assert asyncio.all_tasks() == tasks


def test_the_matrix_in_the_documentation_is_the_one_tested() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run: nox -s fault_matrix"


def test_each_row_stands_for_a_fault_of_its_own() -> None:
    names = [(row.group, row.fault) for row in ROWS]
    assert len(set(names)) == len(names)
