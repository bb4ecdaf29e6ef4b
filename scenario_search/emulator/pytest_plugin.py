"""Fixtures for tests of code that searches Scenario: a real server, no account, no network.

pytest finds this module by itself where scenario-search is installed, and loads it at the start of
each run. That costs little: aiohttp, and all else that the fixtures need
(``pip install 'scenario-search[emulator]'``), is imported when a test first asks for one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scenario_search.emulator.emulator import Emulator

__all__ = ["scenario_base_url", "scenario_emulator"]


@pytest.fixture(scope="session")
def _scenario_emulator_of_the_session() -> Iterator[Emulator]:
    try:
        from scenario_search.emulator import Emulator  # noqa: PLC0415 - not before it is asked for
    except ImportError as error:
        pytest.fail(str(error), pytrace=False)

    with Emulator.demo() as emulator:
        yield emulator


@pytest.fixture
def scenario_emulator(_scenario_emulator_of_the_session: Emulator) -> Iterator[Emulator]:
    """A running emulator with the demo data, for plain and for async tests.

    One emulator serves the whole session; each test begins and ends without faults and without
    requests seen, and with the demo's data if the test before it has changed that.
    """
    emulator = _scenario_emulator_of_the_session
    emulator.reset_sync()
    revisions = emulator._running().library.revisions
    before = revisions()
    yield emulator
    emulator.reset_sync(documents=revisions() != before)


@pytest.fixture
def scenario_base_url(scenario_emulator: Emulator) -> str:
    """The base URL of `scenario_emulator`."""
    return scenario_emulator.url
