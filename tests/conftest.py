from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, settings
from prepared_demo import demo_from, prepared_demo

from scenario_search import AsyncScenario
from scenario_search.emulator import Emulator

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]

# No deadlines: a busy machine is no failure. "fuzz" is for the nox session of that name.
settings.register_profile("default", deadline=None)
settings.register_profile(
    "fuzz", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# What CI says of a commit depends on the commit alone; to look further is what "fuzz" is for.
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default")
)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A job that a shell began in the background ignores Ctrl-C, and so would all it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Makes later garbage collections quick.

    Tests that look for leaks collect garbage, hundreds of times. The modules and the thousands of
    collected tests stay for the whole session: to look through them each time finds nothing.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve a handler on loopback: give the base URL."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", handler)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "API_SECRET", "JWT"):
        monkeypatch.delenv(f"SCENARIO_SDK_{name}", raising=False)
    for name in ("BASE_URL", "PROJECT_ID"):
        monkeypatch.delenv(f"SCENARIO_{name}", raising=False)


@pytest.fixture(scope="module")
def collected_garbage() -> None:
    """For modules whose tests collect garbage one by one: what was there before stays out of it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def demo_copy(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path | None]:
    """Returns a copy of the prepared demo's database, to start an emulator with.

    It is made where several workers share it. A run of a few tests in one process starts sooner
    without it, so there it is None.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return lambda: None
    shared = tmp_path_factory.getbasetemp().parent

    def copy() -> Path:
        return shutil.copy(prepared_demo(shared), tmp_path_factory.mktemp("demo") / "demo.db")

    return copy


@pytest.fixture(scope="session")
def scenario_emulator_options(demo_copy: Callable[[], Path | None]) -> dict[str, Any]:
    """The options of the emulator behind the plugin's fixtures."""
    return {} if (path := demo_copy()) is None else {"path": path}


@pytest.fixture
def quick_demos(demo_copy: Callable[[], Path | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the demos that the code under test starts begin with copies of the prepared one."""
    monkeypatch.setattr(Emulator, "demo", demo_from(demo_copy))


@pytest.fixture
async def demo_client(scenario_emulator: Emulator) -> AsyncIterator[AsyncScenario]:
    """A client of the demo emulator."""
    async with AsyncScenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
    ) as client:
        yield client
