from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from scenario_search.emulator import Emulator

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


def test_a_test_that_stops_or_changes_the_emulator_spoils_no_later_one(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest

        def stop(emulator):
            emulator.stop_sync()

        def start_again(emulator):
            emulator.load_sync([{"id": "asset_1"}])
            emulator.stop_sync()
            emulator.start_sync()

        def set_a_method(emulator):
            emulator.reset_sync = emulator.stop_sync = None

        def set_an_attribute(emulator):
            emulator.faults = None

        def change_documents(emulator):
            emulator.delete_sync([emulator_ids[0]])
            emulator.load_sync([{"id": "asset_1"}, {"id": emulator_ids[1], "tags": ["changed"]}])
            emulator.expire_urls()

        emulator_ids = []

        @pytest.mark.parametrize("act", [stop, start_again, set_a_method, set_an_attribute,
                                         change_documents, lambda emulator: None])
        def test_each(scenario_emulator, act):
            from scenario_search import Scenario, Raw
            with Scenario(**scenario_emulator.client_options) as client:
                page = client.search.asset_search(filter=Raw("NOT tags = x"), limit=100)
                listed = [asset.id for asset in page.hits]
            emulator_ids[:] = emulator_ids or listed
            assert listed == emulator_ids
            assert scenario_emulator.counts()["assets"] == 500
            scenario_emulator.faults.add(status=503)
            act(scenario_emulator)
        """
    )
    pytester.runpytest_inprocess(*OPTIONS).assert_outcomes(passed=6)


def test_a_database_can_be_served_in_place_of_the_demo(pytester: pytest.Pytester) -> None:
    with Emulator(pytester.path / "gallery.db") as emulator:
        emulator.load_sync([{"id": "asset_1"}, {"id": "asset_2"}])
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def scenario_emulator_options():
            return {"path": "gallery.db", "project_id": "proj_ours"}
        """
    )
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("stops", [False, True, False])
        def test_each(scenario_emulator, stops):
            assert scenario_emulator.project_id == "proj_ours"
            assert scenario_emulator.counts()["assets"] == 2
            scenario_emulator.delete_sync(["asset_1"])
            scenario_emulator.load_sync([{"id": "asset_3"}])
            if stops:
                scenario_emulator.stop_sync()
        """
    )
    pytester.runpytest_inprocess(*OPTIONS).assert_outcomes(passed=3)
    with Emulator(pytester.path / "gallery.db") as emulator:
        assert emulator.counts()["assets"] == 2


def test_a_database_that_is_not_there_is_named(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def scenario_emulator_options():
            return {"path": "nowhere.db"}
        """
    )
    pytester.makepyfile("def test_one(scenario_emulator): pass")
    result = pytester.runpytest_inprocess(*OPTIONS)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("*there is no database nowhere.db*")


def test_the_next_session_looks_at_no_picture_again(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from scenario_search import F, Scenario
        from scenario_search.emulator.likeness.features import PictureReader

        def test_one(scenario_emulator, monkeypatch):
            looked = []
            usual = PictureReader.features
            monkeypatch.setattr(
                PictureReader, "features",
                lambda self, image: (looked.append(1), usual(self, image))[1]
            )
            with Scenario(**scenario_emulator.client_options) as client:
                dragons = F.name.contains("dragon") & (F.kind == "image")
                asked = client.search.asset_search(filter=dragons, limit=1).hits[0]
                page = client.search.asset_search(image=asked.id, filter=dragons)
            print("looked at", len(looked), "and found", [hit.id for hit in page.hits])
        """
    )
    first, second = (pytester.runpytest_inprocess(*OPTIONS, "-s").stdout.str() for _ in range(2))
    found = re.search(r"looked at (\d+) (and found \['asset_.*)", first)
    assert found is not None
    assert int(found[1]) > 5
    assert f"looked at 0 {found[2]}" in second
