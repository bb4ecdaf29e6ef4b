from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

MODULE = "scenario_search.emulator.pytest_plugin"
INSTALLED = any(point.value == MODULE for point in entry_points(group="pytest11"))
OPTIONS = (
    *("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"),
    *(() if INSTALLED else ("-p", MODULE)),
)


def test_pytest_starts_without_what_only_clients_and_emulators_need() -> None:
    code = (
        f"import pytest, sys; before = {{*sys.modules}}; import {MODULE};"
        "print(*sorted({*sys.modules} - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "scenario_search" in loaded
    assert loaded & {"aiohttp", "cattrs", "numpy", "onnxruntime", "PIL", "sqlite3"} == set()
    assert "scenario_search.emulator.emulator" not in done.stdout.split()


def test_without_the_extra_only_its_fixtures_fail_and_say_what_to_install(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest("import sys; sys.modules['numpy'] = None")
    pytester.makepyfile(
        """
        def test_of_theirs():
            pass

        def test_of_ours(scenario_base_url):
            pass
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("The emulator needs numpy: pip install 'scenario-search?emulator?'")
    result.stdout.no_fnmatch_line("*Traceback*")


def test_plain_tests_and_async_tests_share_one_emulator(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import urllib.request

        def test_plain(scenario_emulator):
            plain.append(scenario_emulator)

        async def test_async(scenario_emulator, scenario_base_url):
            assert plain == [scenario_emulator]
            assert scenario_base_url == scenario_emulator.url

        plain = []
        """
    )
    result = pytester.runpytest_inprocess(*OPTIONS)
    result.assert_outcomes(passed=2)


def test_a_test_begins_without_what_the_one_before_left(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_one(scenario_emulator):
            scenario_emulator.faults.add(status=500)
            scenario_emulator.load_sync([{"id": "asset_1"}])

        def test_two(scenario_emulator):
            assert len(scenario_emulator.faults) == 0
            assert not scenario_emulator.requests
            assert scenario_emulator.counts()["assets"] == 500
        """
    )
    pytester.runpytest_inprocess(*OPTIONS).assert_outcomes(passed=2)


def test_strict_mode_and_unittest_have_it_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import unittest

        import pytest

        @pytest.mark.asyncio
        async def test_marked(scenario_emulator):
            await scenario_emulator.load([{"id": "asset_1"}])

        class TestPlain(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _emulator(self, scenario_emulator):
                self.emulator = scenario_emulator

            def test_plain(self):
                assert self.emulator.counts()["assets"] == 500

        class TestAsync(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            def _emulator(self, scenario_emulator):
                self.emulator = scenario_emulator

            async def test_async(self):
                await self.emulator.load([{"id": "asset_1"}])
                assert self.emulator.counts()["assets"] == 501
        """
    )
    strict = ("-o", "asyncio_mode=strict", "-W", "error")
    pytester.runpytest_inprocess(*OPTIONS, *strict).assert_outcomes(passed=3)


def test_a_fixture_of_wider_scope_has_an_emulator_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from scenario_search.emulator import Emulator

        @pytest.fixture(scope="session")
        def ours():
            with Emulator() as emulator:
                emulator.load_sync([{"id": "asset_ours"}])
                yield emulator

        def test_one(ours, scenario_emulator):
            assert ours.url != scenario_emulator.url
            scenario_emulator.faults.add(status=500)
            assert len(ours.faults) == 0

        def test_two(ours):
            assert ours.counts()["assets"] == 1
        """
    )
    pytester.runpytest_inprocess(*OPTIONS).assert_outcomes(passed=2)


def test_a_test_that_fails_leaves_the_next_one_whole(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_one(scenario_emulator):
            scenario_emulator.faults.add(stall=True)
            scenario_emulator.delete_sync([f"{n}" for n in range(3)])
            scenario_emulator.load_sync([{"id": "asset_1"}])
            raise RuntimeError("out of order")

        def test_two(scenario_emulator):
            assert (len(scenario_emulator.faults), scenario_emulator.counts()["assets"]) == (0, 500)
        """
    )
    pytester.runpytest_inprocess(*OPTIONS).assert_outcomes(passed=1, failed=1)
