from __future__ import annotations

import asyncio
import gc
import io
import re
import sys
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from scenario_search import AsyncScenario, F, InvalidParamsError, Scenario
from scenario_search.emulator import Emulator
from scenario_search.progress import ProgressBar, track


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    @property
    def bars(self) -> list[str]:
        """What stands on each line that has ended, without what was written over."""
        lines = self.getvalue().split("\n")[:-1]
        return [line.rpartition("\r")[2] for line in lines]

    @property
    def bar(self) -> str:
        (bar,) = self.bars
        return bar


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error of the module, as a terminal: pytest puts its own into `sys` later."""
    stream = Terminal()
    here = SimpleNamespace(stderr=stream, stdout=None, modules=sys.modules)
    monkeypatch.setattr("scenario_search.progress.sys", here)
    monkeypatch.setenv("TERM", "xterm")
    return stream


async def numbers(upto: int) -> AsyncIterator[int]:
    for number in range(upto):
        yield number


def test_a_bar_shows_the_share_the_count_and_the_detail(terminal: Terminal) -> None:
    bar = ProgressBar("assets")
    bar.update(0)
    bar.update(1000, 4000, "2025-01-31")
    bar.close()
    assert re.match(r"assets:  25%\|\S* +\| 1000/4000 \[.*, 2025-01-31\]$", terminal.bar)


def test_what_was_done_before_does_not_count_for_the_rate(terminal: Terminal) -> None:
    bar = ProgressBar("assets")
    bar.update(5000, 6000)
    bar.close()
    assert "5000/6000" in terminal.bar
    assert re.search(r"\b0\.00it/s|\?it/s", terminal.bar)


def test_a_total_below_what_is_done_is_raised(terminal: Terminal) -> None:
    bar = ProgressBar("assets")
    bar.update(12, 10)
    bar.close()
    assert "100%" in terminal.bar
    assert "12/12" in terminal.bar


def test_without_a_total_a_bar_does_not_look_done(terminal: Terminal) -> None:
    bar = ProgressBar("assets")
    bar.update(0)
    bar.update(7)
    bar.close()
    assert terminal.bar.startswith("assets: 7it ")


def test_closing_again_does_nothing(terminal: Terminal) -> None:
    bar = ProgressBar("assets")
    bar.close()
    bar.close()
    assert len(terminal.bars) == 1


def test_no_escape_code_of_a_label_is_written(terminal: Terminal) -> None:
    bar = ProgressBar("\x1b[31mred\u202e")
    bar.update(1, 2, "\x1b[2J")
    bar.close()
    assert "\x1b" not in terminal.getvalue()
    assert "\u202e" not in terminal.getvalue()


def test_a_terminal_that_went_away_is_not_an_error(terminal: Terminal) -> None:
    bar = ProgressBar("assets")
    terminal.close()
    bar.update(1)
    bar.close()


def test_a_sync_iteration_is_counted(terminal: Terminal) -> None:
    assert list(track([1, 2, 3], "numbers")) == [1, 2, 3]
    assert terminal.bar.startswith("numbers: 100%")
    assert "3/3" in terminal.bar


def test_leaving_a_loop_ends_the_bar_before_the_next_line(terminal: Terminal) -> None:
    for _ in track(iter(range(9)), total=9):
        break
    gc.collect()
    assert len(terminal.bars) == 1


def test_an_error_in_the_iteration_ends_the_bar(terminal: Terminal) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ConnectionError

    with pytest.raises(ConnectionError):
        list(track(failing()))
    assert terminal.bar.startswith("1it ")


async def test_an_async_iteration_is_counted(terminal: Terminal) -> None:
    assert [number async for number in track(numbers(4))] == [0, 1, 2, 3]
    assert terminal.bar.startswith("4it ")


async def test_leaving_an_async_loop_ends_the_bar_before_the_next_line(terminal: Terminal) -> None:
    async for _ in track(numbers(4)):
        break
    assert terminal.bar.startswith("1it ")


async def test_cancelling_ends_the_bar(terminal: Terminal) -> None:
    class Waiting:
        def __aiter__(self) -> Waiting:
            return self

        async def __anext__(self) -> int:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await anext(track(Waiting()))
    assert len(terminal.bars) == 1


def test_a_bar_that_is_typed_shows_how_far_it_is(terminal: Terminal) -> None:
    assert repr(track([1, 2], "numbers")).startswith("numbers:   0%|")


def test_what_cannot_be_iterated_over_is_refused() -> None:
    with pytest.raises(TypeError, match="not int"):
        track(3)  # type: ignore[call-overload]


async def test_results_learn_their_total_with_the_first_page(
    demo_client: AsyncScenario, terminal: Terminal
) -> None:
    results = demo_client.search.asset_search(filter=F.kind == "video", limit=10)
    hits = [hit async for hit in track(results)]
    assert f" {len(hits)}/{len(hits)} " in terminal.bar


async def test_max_items_bounds_the_total(demo_client: AsyncScenario, terminal: Terminal) -> None:
    results = demo_client.search.asset_search(filter=F.kind == "image", limit=10, max_items=15)
    assert len([hit async for hit in track(results)]) == 15
    assert " 15/15 " in terminal.bar


async def test_a_total_of_the_callers_own_is_kept(
    demo_client: AsyncScenario, terminal: Terminal
) -> None:
    results = demo_client.search.asset_search(filter=F.kind == "video", limit=10)
    hits = [hit async for hit in track(results, total=1000)]
    assert f" {len(hits)}/1000 " in terminal.bar


@pytest.mark.parametrize("position", [{"offset": 10, "limit": 5}, {"page": 3, "hits_per_page": 5}])
async def test_a_page_counts_from_itself_on(
    demo_client: AsyncScenario, terminal: Terminal, position: dict[str, Any]
) -> None:
    page = await demo_client.search.asset_search(filter=F.kind == "video", **position)
    hits = [hit async for hit in track(page)]
    assert len(hits) == (page.total or 0) - 10
    assert f" {len(hits)}/{len(hits)} " in terminal.bar


async def test_prefetched_hits_are_counted(demo_client: AsyncScenario, terminal: Terminal) -> None:
    results = demo_client.search.asset_search(filter=F.kind == "video", limit=10)
    async with results.prefetch(2) as ahead:
        hits = [hit async for hit in track(ahead)]
    assert f" {len(hits)}/{len(hits)} " in terminal.bar


async def test_a_crawl_learns_its_total_as_it_goes(
    demo_client: AsyncScenario, terminal: Terminal
) -> None:
    crawl = demo_client.crawl.assets(filter=F.kind == "video")
    hits = [hit async for hit in track(crawl)]
    assert f" {len(hits)}/{len(hits)} " in terminal.bar


def test_a_sync_client_has_the_same_bars(scenario_emulator: Emulator, terminal: Terminal) -> None:
    with Scenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
    ) as client:
        page = client.search.asset_search(filter=F.kind == "video", limit=10)
        everything = list(track(page))
        with page.prefetch(2) as ahead:
            assert len(list(track(ahead))) == len(everything)
        with client.crawl.assets(filter=F.kind == "video") as crawl:
            assert len(list(track(crawl))) == len(everything)
    count = len(everything)
    assert [f" {count}/{count} " in bar for bar in terminal.bars] == [True] * 3


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_there_is_no_bar_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stream: io.StringIO | None,
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(track([1, 2])) == [1, 2]
    assert stream is None or stream.getvalue() == ""
    assert capsys.readouterr().out == ""


def test_there_is_no_bar_on_a_dumb_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert list(track([1, 2])) == [1, 2]
    assert terminal.getvalue() == ""


def test_standard_output_stays_for_data(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    list(track([1, 2], "assets"))
    assert "2/2" in terminal.bar
    assert capsys.readouterr() == ("", "")


async def test_a_crawl_shows_a_bar_of_its_own(
    demo_client: AsyncScenario, terminal: Terminal
) -> None:
    async with demo_client.crawl.assets(filter=F.kind == "video", progress=True) as crawl:
        hits = [hit async for hit in crawl]
    assert terminal.bar.startswith("assets: 100%")
    assert f" {len(hits)}/{len(hits)} " in terminal.bar


async def test_leaving_a_crawl_ends_its_bar(demo_client: AsyncScenario, terminal: Terminal) -> None:
    async with demo_client.crawl.assets(progress=True) as crawl:
        async for _ in crawl:
            break
        assert terminal.bars == []
    assert len(terminal.bars) == 1


async def test_counting_a_crawl_shows_no_bar(
    demo_client: AsyncScenario, terminal: Terminal
) -> None:
    assert await demo_client.crawl.assets(progress=True).count() > 0
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("progress", [False, None])
async def test_a_crawl_without_progress_shows_no_bar(
    demo_client: AsyncScenario, terminal: Terminal, progress: bool | None
) -> None:
    crawl = demo_client.crawl.assets(filter=F.kind == "video", progress=progress)
    assert [hit async for hit in crawl]
    assert terminal.getvalue() == ""


def test_a_progress_that_cannot_be_called_is_refused(demo_client: AsyncScenario) -> None:
    with pytest.raises(InvalidParamsError, match="`progress` must be True, False or a function"):
        demo_client.crawl.assets(progress="yes")  # type: ignore[arg-type]
