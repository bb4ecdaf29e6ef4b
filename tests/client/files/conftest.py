from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fake_transport import client_of
from file_server import Server, no_sleep

from scenario_search import AsyncScenario


@pytest.fixture
async def server(serve: Any) -> Server:
    made = Server()
    made.url = await serve(made.answer)
    return made


@pytest.fixture
async def client(server: Server) -> AsyncIterator[AsyncScenario]:
    async with client_of(f"{server.url}/v1") as client:
        client._requester.sleep = no_sleep
        client._requester.chance = lambda: 0.0
        yield client
