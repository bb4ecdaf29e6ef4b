from __future__ import annotations

import logging

import pytest
from killed_worker import Words

from scenario_search.emulator import Emulator
from scenario_search.emulator.contract.requests import read_search
from scenario_search.emulator.vectors.progress_log import ProgressLog

LOGGER = "scenario_search.emulator"


@pytest.fixture(autouse=True)
def _at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER)


def test_each_tenth_is_told(caplog: pytest.LogCaptureFixture) -> None:
    progress = ProgressLog("counting", 1005)
    for _ in range(1005):
        progress.add(1)
    assert caplog.messages[:2] == ["counting: 1,005 to do", "counting: 101 of 1,005 done"]
    assert caplog.messages[-1] == "counting: 1,005 of 1,005 done"
    assert len(caplog.messages) == 11


def test_little_work_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    ProgressLog("counting", 100).add(100)
    assert not caplog.messages


def test_the_first_search_by_meaning_says_so(caplog: pytest.LogCaptureFixture) -> None:
    request = read_search("assets", b'{"query": "castle", "querySemanticRatio": 1}', {})
    with Emulator(embedder=Words()) as emulator:
        emulator.load_sync({"id": f"{n}"} for n in range(300))
        assert not caplog.messages
        emulator._running().search(request)
        assert caplog.messages == [
            "embedding the texts of assets: 300 to do",
            "embedding the texts of assets: 250 of 300 done",
            "embedding the texts of assets: 300 of 300 done",
        ]
        emulator._running().search(request)
        assert len(caplog.messages) == 3


def test_preparing_pictures_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with Emulator() as emulator:
        emulator.load_sync({"id": f"{n}"} for n in range(101))
        emulator.prepare_sync(texts=False)
    assert caplog.messages[0] == "looking at the pictures of assets: 101 to do"
    assert caplog.messages[-1] == "looking at the pictures of assets: 101 of 101 done"
