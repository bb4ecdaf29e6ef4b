"""Fixtures for tests of code that searches Scenario: a real server, no account, no network.

pytest finds this module by itself where scenario-search is installed, and loads it at the start of
each run. That costs little: aiohttp, and all else that the fixtures need
(``pip install 'scenario-search[emulator]'``), is imported when a test first asks for one of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from scenario_search.emulator.emulator import Emulator

__all__ = [
    "scenario_base_url",
    "scenario_emulator",
    "scenario_emulator_of_session",
    "scenario_emulator_options",
]


class _Served:
    """One emulator for all tests, and another one once a test has stopped or changed it.

    Args:
        make: Makes an emulator.
    """

    def __init__(self, make: Callable[[], Emulator]) -> None:
        self._make = make
        self._emulator: Emulator | None = None
        self._attributes: dict[str, Any] = {}

    def begin(self) -> Emulator:
        """Returns a running emulator."""
        if self._emulator is None:
            self._emulator = self._make()
            self._emulator.start_sync()
            self._attributes = vars(self._emulator).copy()
        return self._emulator

    def end(self, *, keep: bool) -> None:
        """Restores the emulator, or stops it where it is not as it was or not to be kept."""
        emulator = self._emulator
        if emulator is None:
            return
        now, before = vars(emulator), self._attributes
        same = now.keys() == before.keys() and all(now[name] is before[name] for name in now)
        if keep and same:
            emulator.reset_sync(documents=True)
        else:
            # A test may have put something else in the place of the method.
            type(emulator).stop_sync(emulator)
            self._emulator = None


@pytest.fixture(scope="session")
def scenario_emulator_options() -> dict[str, Any]:
    """The options of `scenario_emulator`, to override in a ``conftest.py``.

    They are those of `Emulator`. With a ``path``, the fixture serves a copy of that database in
    place of the demo data.
    """
    return {}


@pytest.fixture(scope="session")
def scenario_emulator_of_session(
    scenario_emulator_options: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Iterator[_Served]:
    """What `scenario_emulator` is taken from."""
    try:
        from scenario_search.emulator import Emulator  # noqa: PLC0415 - not before it is asked for
    except ImportError as error:
        pytest.fail(str(error), pytrace=False)
    options = dict(scenario_emulator_options)
    database = options.pop("path", None)
    if (cache := getattr(pytestconfig, "cache", None)) is not None:
        options.setdefault("cache", cache.mkdir("scenario-search"))

    def make() -> Emulator:
        if database is None:
            return Emulator.demo(**options)
        if not Path(database).is_file():
            pytest.fail(f"scenario_emulator_options: there is no database {database}", False)
        return Emulator(shutil.copy(database, tmp_path_factory.mktemp("scenario")), **options)

    served = _Served(make)
    yield served
    served.end(keep=False)


@pytest.fixture
def scenario_emulator(scenario_emulator_of_session: _Served) -> Iterator[Emulator]:
    """A running emulator with the demo data, for plain and for async tests.

    One emulator serves the whole session. Each test begins without faults and without requests
    seen, and with the same documents. After a test that has stopped it or has set an attribute of
    it, the next one gets another.
    """
    yield scenario_emulator_of_session.begin()
    scenario_emulator_of_session.end(keep=True)


@pytest.fixture
def scenario_base_url(scenario_emulator: Emulator) -> str:
    """The base URL of `scenario_emulator`."""
    return scenario_emulator.url
