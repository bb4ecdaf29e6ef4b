from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from scenario_search import AsyncScenario
from scenario_search.emulator import Emulator


@pytest.fixture
async def client(scenario_emulator: Emulator) -> AsyncIterator[AsyncScenario]:
    async with AsyncScenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
    ) as client:
        yield client
