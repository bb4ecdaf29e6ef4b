"""Progress bars of long walks, in terminals and notebooks, by tqdm.

::

    for asset in track(page): ...
    async for asset in track(client.search.asset_search(query="castle")): ...
    async with client.crawl.assets(public=True, progress=True) as crawl: ...

A terminal's bar is on standard error. Where that is not a terminal, there is no bar; a notebook
has one in any case, as a widget where ipywidgets is installed. For a bar of your own, pass a
function as a crawl's ``progress``, or use tqdm.
"""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any, TypeVar, overload

from scenario_search.text import clean

__all__ = ["ProgressBar", "track"]

T = TypeVar("T")


@functools.cache
def _bar_class() -> type[Any]:
    """Returns tqdm's class for this place: a notebook, or a terminal.

    Raises:
        ImportError: tqdm is not installed.
    """
    try:
        from tqdm import TqdmWarning  # noqa: PLC0415 - it is behind an extra
    except ImportError as error:
        raise ImportError(
            "Progress bars need tqdm: pip install 'scenario-search[progress]'", name="tqdm"
        ) from error
    with warnings.catch_warnings():
        # In a notebook without ipywidgets tqdm warns, and then writes its bar as text.
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm  # noqa: PLC0415

    class Bar(tqdm):  # type: ignore[misc]
        """A bar that learns its total on the way, and needs no thread to watch it."""

        monitor_interval = 0
        expected: Callable[[], int | None] | None = None

        def _learn(self) -> None:
            total = None if self.expected is None else self.expected()
            if total is not None:
                # It is an estimate, but never less than what is there.
                self.total = max(total, self.n)

        def update(self, n: float | None = 1) -> bool | None:
            self._learn()
            changed: bool | None = super().update(n)
            return changed

        def close(self) -> None:
            self._learn()
            super().close()

        def __repr__(self) -> str:
            return str(self)

    return Bar


def _in_notebook() -> bool:
    ipython: Any = sys.modules.get("IPython")
    shell = getattr(ipython, "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def _bar(label: str, items: object = None, total: int | None = None) -> Any:
    bar_class = _bar_class()
    if _in_notebook():
        # Where there are no widgets: a notebook shows standard error as if something were wrong.
        stream, hidden = sys.stdout, False
    else:
        stream = sys.stderr
        hidden = stream is None or not stream.isatty() or os.environ.get("TERM") == "dumb"
    return bar_class(
        items,
        desc=clean(label, 60) or None,
        total=total,
        file=stream,
        disable=hidden,
        # The clock alone decides when a bar is shown again.
        miniters=1,
        mininterval=0.1,
    )


class ProgressBar:
    """A bar for work that reports how far it is.

    Args:
        label: What is under way.

    Raises:
        ImportError: tqdm is not installed.
    """

    def __init__(self, label: str) -> None:
        self._bar = _bar(label)
        self._started = False

    def update(self, done: int, total: int | None = None, detail: str = "") -> None:
        """Shows how many items are done.

        Args:
            done: The number of items done. What is done at the first call was done before, by an
                earlier run, and does not count for the rate.
            total: The number of items there are, as far as is known now.
            detail: A few words to show behind the rate.
        """
        bar = self._bar
        if not self._started:
            self._started = True
            bar.initial = bar.n = done
        if total is not None:
            bar.total = max(total, done)
        if detail:
            bar.set_postfix_str(clean(detail, 40), refresh=False)
        bar.update(done - bar.n)

    def close(self) -> None:
        """Shows the bar for the last time. Closing again does nothing."""
        self._bar.close()


@overload
def track(
    items: AsyncIterable[T], label: str = "", *, total: int | None = None
) -> AsyncIterator[T]: ...
@overload
def track(items: Iterable[T], label: str = "", *, total: int | None = None) -> Iterable[T]: ...
def track(items: Any, label: str = "", *, total: int | None = None) -> Any:
    """Returns the same items, with a bar that shows how far the iteration is.

    Args:
        items: A page, results, a crawl, or anything else to iterate over, with ``for`` or
            ``async for``.
        label: What is under way.
        total: The number of items. By default what the page, the results or the crawl expect,
            or the length of a list.

    Raises:
        TypeError: ``items`` cannot be iterated over.
        ImportError: tqdm is not installed.
    """
    if not isinstance(items, Iterable | AsyncIterable):
        raise TypeError(
            "`items` of track() must be something to iterate over, with 'for' or 'async for', "
            f"not {type(items).__name__}"
        )
    expected = getattr(items, "_expected_items", None) if total is None else None
    if expected is not None:
        total = expected()
    bar = _bar(label, items if isinstance(items, Iterable) else aiter(items), total)
    bar.expected = expected
    return bar
