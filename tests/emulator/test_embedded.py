"""Demo clients: their emulator ends with them, however they end."""

from __future__ import annotations

import gc
import inspect
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenario_search import AsyncScenario, ConfigurationError, Scenario


def emulator_threads() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name.startswith("scenario-emulator")}


@pytest.fixture(autouse=True)
def _no_emulator_is_left() -> Iterator[None]:
    before = emulator_threads()
    yield
    for thread in emulator_threads() - before:
        thread.join(10)
        assert not thread.is_alive()


def test_a_plain_demo_client_has_something_to_find() -> None:
    with Scenario.demo() as client:
        assert type(client) is Scenario
        assert client.search.asset_search(query="castle").hits
        assert client.search.model_search(query="anime").hits


async def test_an_asynchronous_demo_client_has_something_to_find() -> None:
    async with AsyncScenario.demo() as client:
        assert type(client) is AsyncScenario
        assert (await client.search.asset_search(query="castle")).hits


def test_options_are_passed_on() -> None:
    with Scenario.demo(timeout=5, strict=True) as client:
        assert (client.options.timeout, client.options.strict) == (5, True)


def test_the_environment_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENARIO_BASE_URL", "https://api.example/v1")
    monkeypatch.setenv("SCENARIO_SDK_JWT", "token")
    monkeypatch.setenv("SCENARIO_PROJECT_ID", "project_elsewhere")
    with Scenario.demo() as client:
        assert client.search.asset_search(query="castle").hits


def test_a_wrong_option_leaves_no_emulator_running() -> None:
    before = emulator_threads()
    with pytest.raises(ConfigurationError, match="timeout"):
        Scenario.demo(timeout=-1)
    assert emulator_threads() == before


def test_closing_the_client_stops_the_emulator() -> None:
    before = emulator_threads()
    client = Scenario.demo()
    assert emulator_threads() > before
    client.close()
    assert emulator_threads() == before
    client.close()


async def test_closing_the_asynchronous_client_stops_the_emulator() -> None:
    before = emulator_threads()
    client = AsyncScenario.demo()
    await client.close()
    assert emulator_threads() == before


def test_the_emulator_lives_as_long_as_any_copy() -> None:
    client = Scenario.demo()
    copy = client.with_options(timeout=5)
    del client
    gc.collect()
    assert copy.search.asset_search(query="castle").hits
    copy.close()


def test_a_client_that_is_collected_stops_its_emulator() -> None:
    before = emulator_threads()
    client = Scenario.demo()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del client  # which was never used, and so has nothing to close
        gc.collect()
    assert emulator_threads() == before


def test_a_client_that_is_collected_in_another_thread_stops_its_emulator() -> None:
    before = emulator_threads()
    clients = [Scenario.demo()]
    (added,) = (each for each in emulator_threads() - before if each.name == "scenario-emulator")
    thread = threading.Thread(target=clients.clear)
    thread.start()
    thread.join()
    added.join(10)
    assert not added.is_alive()


def test_demo_shows_the_options_to_help() -> None:
    for cls in (AsyncScenario, Scenario):
        shown = list(inspect.signature(cls.demo).parameters)
        assert shown == list(inspect.signature(cls).parameters)


def run(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_without_the_extra_the_error_says_what_to_install() -> None:
    done = run("""
        import sys
        sys.modules["numpy"] = None
        from scenario_search import Scenario
        Scenario.demo()
    """)
    assert "ImportError: The emulator needs numpy" in done.stderr
    assert "pip install 'scenario-search[emulator]'" in done.stderr


@pytest.mark.parametrize("fork", [False, True])
def test_the_interpreter_ends_with_a_demo_client_open(fork: bool, tmp_path: Path) -> None:
    done = run(f"""
        import os, sys, tempfile, warnings
        warnings.simplefilter("ignore")
        from scenario_search import Scenario
        tempfile.tempdir = {str(tmp_path)!r}
        client = Scenario.demo()
        client.search.model_search(query="castle", query_semantic_ratio=0.5)
        if {fork} and os.fork() == 0:
            client.search.asset_search(query="castle")
            client.close()
            sys.exit()  # the parent's emulator goes on
        if {fork}:
            assert os.wait()[1] == 0
        assert client.search.asset_search(query="castle").hits
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []
