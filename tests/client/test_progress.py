from __future__ import annotations

import asyncio
import gc
import io
import sys
import types
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from scenario_search import AsyncScenario, F, InvalidParamsError
from scenario_search.crawl.params import CrawlStats
from scenario_search.progress import (
    NotebookCell,
    ProgressBar,
    State,
    TerminalLine,
    here,
    track,
)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Record:
    """A screen that remembers what was shown on it."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, int | None]] = []
        self.ended: list[State] = []

    def show(self, state: State) -> None:
        self.shown.append((state.done, state.total))

    def end(self, state: State) -> None:
        self.ended.append(state)


class Terminal(io.StringIO):
    """A stream that is a terminal, 80 columns wide."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True

    @property
    def line(self) -> str:
        """What stands on the line now, without what was written over."""
        return self.getvalue().rpartition("\r")[2]


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Record:
    """Where bars are shown."""
    made = Record()
    monkeypatch.setattr("scenario_search.progress.here", lambda: made)
    return made


def bar_on(where: Any, **options: Any) -> tuple[ProgressBar, Clock]:
    clock = Clock()
    return ProgressBar("assets", screen=where, clock=clock, **options), clock


def line_of(columns: int = 80, encoding: str = "utf-8") -> tuple[Terminal, TerminalLine]:
    stream = Terminal(encoding)
    return stream, TerminalLine(stream, lambda: columns)


def test_a_line_tells_the_share_the_count_the_rate_and_the_time_left() -> None:
    stream, line = line_of()
    bar, clock = bar_on(line, total=4000)
    clock.now += 10
    bar.update(1000)
    assert (
        stream.line.rstrip()
        == "assets  ██████░░░░░░░░░░░░░░░░░░  25%  1,000 of 4,000  100/s, 30.0 s left"
    )


def test_the_last_line_tells_how_long_it_took_and_ends() -> None:
    stream, line = line_of()
    bar, clock = bar_on(line)
    clock.now += 90
    bar.update(1800)
    bar.close()
    assert stream.line == "assets  1,800  20/s, in 1:30\n"


def test_a_shorter_line_covers_the_longer_one_before() -> None:
    stream, line = line_of()
    bar, clock = bar_on(line, total=3000)
    clock.now += 1
    bar.update(100)
    before = len(stream.line)
    clock.now += 10**6
    bar.update(3000)
    assert len(stream.line) == before


def test_a_line_never_fills_the_terminal() -> None:
    stream, line = line_of(columns=40)
    bar, clock = bar_on(line, total=10**9)
    clock.now += 1
    bar.update(10**6)
    bar.close()
    assert max(map(len, stream.getvalue().replace("\n", "").split("\r"))) == 39


def test_a_terminal_that_cannot_write_blocks_gets_plain_signs() -> None:
    stream, line = line_of(encoding="ascii")
    bar, clock = bar_on(line, total=2)
    clock.now += 1
    bar.update(1)
    assert "############............  50%" in stream.line
    assert stream.line.isascii()


def test_no_escape_code_is_written() -> None:
    stream, line = line_of()
    bar = ProgressBar("\x1b[31mred\u202e", screen=line)
    bar.close()
    assert "\x1b" not in stream.getvalue()
    assert "\u202e" not in stream.getvalue()


def test_a_terminal_that_went_away_is_no_error() -> None:
    stream, line = line_of()
    bar, clock = bar_on(line)
    stream.close()
    clock.now += 1
    bar.update(1)
    bar.close()


def test_updates_are_throttled() -> None:
    record = Record()
    bar, clock = bar_on(record, interval=0.5)
    for done in range(1, 101):
        clock.now += 0.125
        bar.update(done)
    assert record.shown == [(0, None), *((done, None) for done in range(4, 101, 4))]


def test_a_total_below_what_is_done_is_raised() -> None:
    record = Record()
    bar, clock = bar_on(record, total=10)
    clock.now += 1
    bar.update(12)
    bar.close()
    assert record.shown[-1] == (12, 12)
    assert record.ended[0].share == 1.0


def test_nothing_of_nothing_is_all() -> None:
    record = Record()
    bar, _ = bar_on(record, total=0)
    bar.close()
    assert record.ended[0].share == 1.0


def test_closing_again_does_nothing() -> None:
    record = Record()
    bar, _ = bar_on(record)
    bar.close()
    bar.close()
    bar.update(5)
    assert len(record.ended) == 1


def test_what_was_done_before_does_not_count_for_the_rate() -> None:
    record = Record()
    bar, clock = bar_on(record)
    stats = CrawlStats(hits=5000, expected=6000)
    bar(stats)
    clock.now += 10
    stats.hits = 5100
    bar(stats)
    bar.close()
    assert (record.ended[0].rate, record.ended[0].count()) == (10.0, "5,100 of 6,000")


def test_a_crawl_that_has_counted_nothing_yet_does_not_look_done() -> None:
    record = Record()
    bar, _ = bar_on(record)
    bar(CrawlStats(expected=0))
    bar.close()
    assert record.ended[0].share is None


def test_a_sync_iteration_is_counted(record: Record) -> None:
    assert list(track([1, 2, 3])) == [1, 2, 3]
    assert [(state.done, state.total) for state in record.ended] == [(3, 3)]


def test_leaving_a_loop_ends_the_bar_at_once(record: Record) -> None:
    for _ in track(iter(range(9)), total=9):
        break
    gc.collect()
    assert [(state.done, state.total) for state in record.ended] == [(1, 9)]


def test_an_error_in_the_iteration_ends_the_bar(record: Record) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ConnectionError

    items = track(failing())
    next(items)
    with pytest.raises(ConnectionError):
        next(items)
    assert [state.done for state in record.ended] == [1]


async def numbers(upto: int) -> AsyncIterator[int]:
    for number in range(upto):
        yield number


async def test_an_async_iteration_is_counted(record: Record) -> None:
    assert [number async for number in track(numbers(4))] == [0, 1, 2, 3]
    assert [state.done for state in record.ended] == [4]


async def test_leaving_an_async_loop_ends_the_bar_before_the_next_line(record: Record) -> None:
    async for _ in track(numbers(4)):
        break
    assert [state.done for state in record.ended] == [1]


async def test_cancelling_ends_the_bar(record: Record) -> None:
    class Waiting:
        def __aiter__(self) -> Waiting:
            return self

        async def __anext__(self) -> int:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await anext(track(Waiting()))
    assert len(record.ended) == 1


def test_what_cannot_be_iterated_over_is_refused() -> None:
    with pytest.raises(TypeError, match="not int"):
        track(3)  # type: ignore[call-overload]


async def test_results_tell_their_total_with_the_first_page(
    demo_client: AsyncScenario, record: Record
) -> None:
    results = demo_client.search.asset_search(filter=F.kind == "video", limit=10)
    hits = [hit async for hit in track(results)]
    assert [(state.done, state.total) for state in record.ended] == [(len(hits), len(hits))]


async def test_max_items_bounds_the_total(demo_client: AsyncScenario, record: Record) -> None:
    results = demo_client.search.asset_search(filter=F.kind == "image", limit=10, max_items=15)
    assert len([hit async for hit in track(results)]) == 15
    assert [(state.done, state.total) for state in record.ended] == [(15, 15)]


async def test_a_total_of_the_callers_own_is_kept(
    demo_client: AsyncScenario, record: Record
) -> None:
    results = demo_client.search.asset_search(filter=F.kind == "video", limit=10)
    _ = [hit async for hit in track(results, total=1000)]
    assert record.ended[0].total == 1000


@pytest.mark.parametrize("position", [{"offset": 10, "limit": 5}, {"page": 3, "hits_per_page": 5}])
async def test_a_page_counts_from_itself_on(
    demo_client: AsyncScenario, record: Record, position: dict[str, Any]
) -> None:
    page = await demo_client.search.asset_search(filter=F.kind == "video", **position)
    hits = [hit async for hit in track(page)]
    assert [(state.done, state.total) for state in record.ended] == [(len(hits), len(hits))]
    assert len(hits) == (page.total or 0) - 10


async def test_prefetched_hits_are_counted(demo_client: AsyncScenario, record: Record) -> None:
    results = demo_client.search.asset_search(filter=F.kind == "video", limit=10)
    async with results.prefetch(2) as ahead:
        hits = [hit async for hit in track(ahead)]
    assert [(state.done, state.total) for state in record.ended] == [(len(hits), len(hits))]


async def test_a_crawl_tells_its_total_as_it_goes(
    demo_client: AsyncScenario, record: Record
) -> None:
    crawl = demo_client.crawl.assets(filter=F.kind == "video")
    hits = [hit async for hit in track(crawl)]
    assert [(state.done, state.total) for state in record.ended] == [(len(hits), len(hits))]


def no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", None)


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_there_is_no_bar_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None
) -> None:
    no_notebook(monkeypatch)
    monkeypatch.setattr(sys, "stderr", stream)
    assert here() is None


def test_there_is_no_bar_on_a_dumb_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    no_notebook(monkeypatch)
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert here() is None


def test_a_terminal_gets_its_line_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    no_notebook(monkeypatch)
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    list(track([1, 2], "assets"))
    assert stream.line.startswith("assets  ████████████████████████ 100%  2 of 2")
    assert stream.line.endswith("\n")
    assert capsys.readouterr().out == ""


class Handle:
    def __init__(self, shown: list[dict[str, str]]) -> None:
        self._shown = shown

    def update(self, shown: dict[str, str], *, raw: bool) -> None:
        assert raw
        self._shown[0] = shown


def notebook(shown: list[dict[str, str]]) -> Callable[..., Handle]:
    def display(data: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        shown.append(data)
        return Handle(shown)

    return display


def test_a_notebook_gets_one_output_that_is_updated_in_its_place() -> None:
    shown: list[dict[str, str]] = []
    bar = ProgressBar("<b>", total=2, screen=NotebookCell(notebook(shown)))
    bar.update(2)
    bar.close()
    (output,) = shown
    assert output["text/plain"].startswith("<b> · 2 of 2")
    assert "&lt;b&gt;" in output["text/html"]
    assert '<progress max="1" value="1.0000"' in output["text/html"]


def test_a_kernel_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = types.SimpleNamespace(kernel=object())
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]
    display = types.ModuleType("IPython.display")
    display.display = notebook([])  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    assert isinstance(here(), NotebookCell)


def test_ipython_in_a_terminal_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = types.SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert here() is None


async def test_a_crawl_shows_a_bar_of_its_own(demo_client: AsyncScenario, record: Record) -> None:
    async with demo_client.crawl.assets(filter=F.kind == "video", progress=True) as crawl:
        hits = [hit async for hit in crawl]
    (state,) = record.ended
    assert (state.label, state.done, state.total) == ("assets", len(hits), len(hits))


async def test_leaving_a_crawl_ends_its_bar(demo_client: AsyncScenario, record: Record) -> None:
    async with demo_client.crawl.assets(progress=True) as crawl:
        async for _ in crawl:
            break
        assert record.ended == []
    assert len(record.ended) == 1


async def test_counting_a_crawl_shows_no_bar(demo_client: AsyncScenario, record: Record) -> None:
    assert await demo_client.crawl.assets(progress=True).count() > 0
    assert record.shown == []


@pytest.mark.parametrize("progress", [False, None])
async def test_a_crawl_without_progress_shows_no_bar(
    demo_client: AsyncScenario, record: Record, progress: bool | None
) -> None:
    crawl = demo_client.crawl.assets(filter=F.kind == "video", progress=progress)
    assert [hit async for hit in crawl]
    assert record.shown == []


def test_a_progress_that_cannot_be_called_is_refused(demo_client: AsyncScenario) -> None:
    with pytest.raises(InvalidParamsError, match="`progress` must be True, False or a function"):
        demo_client.crawl.assets(progress="yes")  # type: ignore[arg-type]
