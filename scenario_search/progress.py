"""Progress of long walks: a bar in the terminal or the notebook, and nothing anywhere else.

::

    for asset in track(page): ...
    async for asset in track(client.search.asset_search(query="castle")): ...
    async with client.crawl.assets(public=True, progress=True) as crawl: ...

A terminal's bar is one line of standard error, written over and over. It is silent where standard
error is no terminal, and standard output is never touched.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sized
from html import escape
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TextIO, TypeVar, overload

from scenario_search.search.pages import AsyncPrefetch, AsyncSearchHitsOffset
from scenario_search.search.results import AsyncSearchResults
from scenario_search.text import clean, duration
from scenario_search.wire.hits import SearchHits
from scenario_search.wire.paging import whole_number

if TYPE_CHECKING:
    from scenario_search.crawl.params import CrawlStats

__all__ = ["ProgressBar", "track"]

T = TypeVar("T")

_INTERVAL = 0.1
_BAR_WIDTH = 24


class Screen(Protocol):
    """Where a bar is shown."""

    def show(self, state: State) -> None:
        """Show the bar as it is now, in the place of what was shown before."""

    def end(self, state: State) -> None:
        """Show the bar for the last time, and leave its place."""


class State:
    """How far it is.

    Args:
        label: What is under way.
        done: How many items are done.
        total: How many there are, as far as is known.
        fresh: How many of the done ones were done since the bar began.
        seconds: How long that took.
        ended: Whether this is all.
    """

    def __init__(
        self,
        label: str,
        done: int,
        total: int | None,
        *,
        fresh: int,
        seconds: float,
        ended: bool,
    ) -> None:
        self.label = clean(label, 60)
        self.done = done
        # A total is an estimate: it never is less than what is there.
        self.total = None if total is None else max(total, done)
        self.rate = fresh / seconds if seconds > 0 else 0.0
        self.seconds = seconds
        self.ended = ended

    @property
    def share(self) -> float | None:
        """How much is done, from 0 to 1, where the total is known."""
        if self.total is None:
            return None
        return self.done / self.total if self.total else 1.0

    def count(self) -> str:
        """Give how many are done, and of how many."""
        of = "" if self.total is None else f" of {self.total:,}"
        return f"{self.done:,}{of}"

    def timing(self) -> str:
        """Give the rate, and the time left, or at the end the time it took."""
        said = [f"{self.rate:,.0f}/s"] if self.rate else []
        if self.ended:
            said.append(f"in {duration(self.seconds)}")
        elif self.total is not None and self.rate and self.total > self.done:
            said.append(f"{duration(math.ceil((self.total - self.done) / self.rate))} left")
        return ", ".join(said)


class TerminalLine:
    """One line of a terminal, written over and over, without escape codes."""

    def __init__(self, stream: TextIO, columns: Callable[[], int] | None = None) -> None:
        self._stream = stream
        self._columns = columns or (lambda: shutil.get_terminal_size().columns)
        self._shown = 0
        encoding = getattr(stream, "encoding", None) or "ascii"
        try:
            "█░".encode(encoding)
        except (UnicodeEncodeError, LookupError):
            self._full, self._empty, self._encoding = "#", ".", encoding
        else:
            self._full, self._empty, self._encoding = "█", "░", encoding

    def show(self, state: State) -> None:
        """Write over the line."""
        line = self._line(state)
        self._write("\r" + line + " " * (self._shown - len(line)))
        self._shown = len(line)

    def end(self, state: State) -> None:
        """Write over the line, and go to the next."""
        self.show(state)
        self._write("\n")

    def _line(self, state: State) -> str:
        parts = [state.label, self._bar(state), state.count(), state.timing()]
        line = "  ".join(filter(None, parts))
        # Room for the cursor: a full line would wrap, and could not be written over.
        line = line[: max(self._columns() - 1, 10)]
        return line.encode(self._encoding, "replace").decode(self._encoding)

    def _bar(self, state: State) -> str:
        if state.share is None:
            return ""
        full = int(state.share * _BAR_WIDTH)
        return f"{self._full * full}{self._empty * (_BAR_WIDTH - full)} {state.share:4.0%}"

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # A terminal that went away is no reason to end a crawl.
            return


class NotebookCell:
    """A bar in a notebook's output, updated in its place."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._handle: Any = None

    def show(self, state: State) -> None:
        """Show the bar, or update it."""
        parts = filter(None, (state.label, state.count(), state.timing()))
        text = " · ".join(parts)
        value = "" if state.share is None else f' max="1" value="{state.share:.4f}"'
        bar = f'<progress{value} style="width:240px;vertical-align:middle"></progress>'
        if state.ended and state.share is None:
            bar = ""
        words = '<span style="font-variant-numeric:tabular-nums;margin-left:8px">'
        shown = {
            "text/plain": text,
            "text/html": f"<div>{bar}{words}{escape(text)}</span></div>",
        }
        if self._handle is None:
            self._handle = self._display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)

    def end(self, state: State) -> None:
        """Show the bar for the last time."""
        self.show(state)


def here() -> Screen | None:
    """Give the place for a bar here: a notebook's cell, a terminal, or ``None``."""
    ipython: Any = sys.modules.get("IPython")
    if ipython is not None:
        shell = getattr(ipython, "get_ipython", lambda: None)()
        if shell is not None and getattr(shell, "kernel", None) is not None:
            from IPython.display import display  # noqa: PLC0415 - it is there, in a notebook

            return NotebookCell(display)
    stream = sys.stderr
    if stream is None or not stream.isatty() or os.environ.get("TERM") == "dumb":
        return None
    return TerminalLine(stream)


class ProgressBar:
    """A bar: total, rate and time left. Close it, or use it in a ``with`` block.

    It is also what a crawl's ``progress`` takes: a callable that is given the statistics.

    Args:
        label: What is under way.
        total: How many items there are, where that is known.
        start: How many of them are done already; they do not count for the rate.
        screen: Where it is shown. By default a notebook's cell, or standard error where that is
            a terminal, or nowhere.
        clock: Seconds that only grow.
        interval: Seconds between two updates, at least.
    """

    def __init__(
        self,
        label: str = "",
        *,
        total: int | None = None,
        start: int = 0,
        screen: Screen | None = None,
        clock: Callable[[], float] = time.monotonic,
        interval: float = _INTERVAL,
    ) -> None:
        self.label = label
        self.total = total
        self.done = start
        self.closed = False
        self._start = start
        self._clock = clock
        self._interval = interval
        self._screen = screen if screen is not None else here()
        self._began = self._shown = clock()
        self._called = False
        if self._screen is not None:
            self._screen.show(self._state(ended=False))

    def update(self, done: int, total: int | None = None) -> None:
        """Say how many items are done, and how many there are if that is better known now."""
        self.done = done
        if total is not None:
            self.total = total
        if self._screen is None or self.closed:
            return
        now = self._clock()
        if now - self._shown >= self._interval:
            self._shown = now
            self._screen.show(self._state(ended=False))

    def __call__(self, stats: CrawlStats) -> None:
        """Show a crawl's statistics."""
        if not self._called:
            # What a checkpoint says was done before is no part of this run's rate.
            self._start, self._called = stats.hits, True
        # Nothing expected yet is no total: an interrupted crawl would look done.
        self.update(stats.hits, stats.expected or None)

    def close(self) -> None:
        """Show the bar for the last time, and end its line. Closing again does nothing."""
        if self.closed:
            return
        self.closed = True
        if self._screen is not None:
            self._screen.end(self._state(ended=True))

    def _state(self, *, ended: bool) -> State:
        return State(
            self.label,
            self.done,
            self.total,
            fresh=max(self.done - self._start, 0),
            seconds=self._clock() - self._began,
            ended=ended,
        )

    def __repr__(self) -> str:
        state = self._state(ended=self.closed)
        words = filter(None, (state.label, state.count(), state.timing()))
        return f"<{type(self).__name__}: {' · '.join(words)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Tracked:
    """What counts items as they pass, and closes its bar at the end, on an error, and on leaving.

    It is no generator: one that is left by ``break`` inside ``async for`` ends late, and the bar
    would be closed after what is printed next.
    """

    def __init__(self, source: object, bar: ProgressBar) -> None:
        self._source = source
        self._bar = bar

    def _pass(self) -> None:
        # A crawl learns its total on the way.
        stats: CrawlStats | None = getattr(self._source, "stats", None)
        self._bar.update(self._bar.done + 1, None if stats is None else stats.expected or None)

    def __del__(self) -> None:
        self._bar.close()

    def __repr__(self) -> str:
        state = self._bar._state(ended=self._bar.closed)
        use = "async for" if isinstance(self, AsyncIterator) else "for"
        return f"<track, {state.count()} done: use it in '{use}'>"


class _TrackedIterator(_Tracked, Generic[T]):
    def __init__(self, source: Iterable[T], bar: ProgressBar) -> None:
        super().__init__(source, bar)
        self._items = iter(source)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        try:
            item = next(self._items)
        except BaseException:
            self._bar.close()
            raise
        self._pass()
        return item


class _TrackedAsyncIterator(_Tracked, Generic[T]):
    def __init__(self, source: object, items: AsyncIterator[T], bar: ProgressBar) -> None:
        super().__init__(source, bar)
        self._items = items

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            item = await anext(self._items)
        except BaseException:
            self._bar.close()
            raise
        self._pass()
        return item


@overload
def track(
    items: AsyncIterable[T], label: str = "", *, total: int | None = None
) -> AsyncIterator[T]: ...
@overload
def track(items: Iterable[T], label: str = "", *, total: int | None = None) -> Iterator[T]: ...
def track(
    items: Iterable[T] | AsyncIterable[T], label: str = "", *, total: int | None = None
) -> Iterator[T] | AsyncIterator[T]:
    """Give the same items, with a bar that shows how far it is.

    Args:
        items: A page, results, a crawl, or anything else to iterate over, with ``for`` or
            ``async for``.
        label: What is under way.
        total: How many items there are. By default what the page, the results or the crawl say,
            or the length of a list.

    Raises:
        TypeError: ``items`` cannot be iterated over.
    """
    if not isinstance(items, Iterable | AsyncIterable):
        raise TypeError(f"track() takes something to iterate over, not {type(items).__name__}")
    bar = ProgressBar(label, total=_total(items) if total is None else total)
    if isinstance(items, Iterable):
        return _TrackedIterator(items, bar)
    source: Any = items
    if isinstance(source, AsyncSearchResults | AsyncPrefetch) and total is None:
        hits = source._search.hits(_with_total(source.pages(), bar))
        return _TrackedAsyncIterator(source, hits, bar)
    return _TrackedAsyncIterator(source, aiter(items), bar)


async def _with_total(
    pages: AsyncIterator[AsyncSearchHitsOffset[Any]], bar: ProgressBar
) -> AsyncIterator[AsyncSearchHitsOffset[Any]]:
    """Give the same pages; the first one tells the total."""
    async for page in pages:
        if bar.total is None:
            bar.total = _left(page)
        yield page


def _total(items: object) -> int | None:
    """Give how many items there are, where that is known before the first."""
    if isinstance(items, Sized):
        return len(items)
    return _left(items) if isinstance(items, SearchHits) else None


def _left(page: SearchHits[Any]) -> int | None:
    """Give how many hits there are from a page on, ``max_items`` at most."""
    total = whole_number(page.total)
    if total is None:
        return None
    start, size = whole_number(page.page), whole_number(page.hits_per_page)
    before = (start - 1) * size if start and size else whole_number(page.offset) or 0
    left = max(total - before, len(page.hits))
    asked, _ = page._asked()
    return left if asked is None or asked.max_items is None else min(left, asked.max_items)
