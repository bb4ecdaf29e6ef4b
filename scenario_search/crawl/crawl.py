"""Crawls: every hit of a search, past the engine's result cap, once, and resumable.

The engine gives at most 1000 hits for a search. A crawl cuts ``createdAt`` into windows until
each holds fewer, and reads each window whole (:mod:`scenario_search.crawl.reading`).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

import attrs

from scenario_search.concurrency.threads import in_thread
from scenario_search.crawl.checkpoint import Checkpoint
from scenario_search.crawl.params import CrawlStats, CrawlWindow, RunOptions, since_moment
from scenario_search.crawl.reading import Piece, Reading, ReadingPlan
from scenario_search.crawl.requests import WindowRequests
from scenario_search.crawl.windows import UNDATED, Known, Window, gaps, milliseconds
from scenario_search.errors import IncompleteCrawlError, InvalidParamsError
from scenario_search.export import files as export, frames, parquet as export_parquet
from scenario_search.messages import Message, Term, named
from scenario_search.progress import ProgressBar
from scenario_search.search.endpoints import Endpoint
from scenario_search.search.prepared import PreparedSearch
from scenario_search.wire.hits import Hit
from scenario_search.wire.images import Images, read_references, reference_images
from scenario_search.wire.params import SearchParams

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from scenario_search.http.requester import Requester

__all__ = ["AsyncCrawl", "Piece"]

H = TypeVar("H", bound=Hit)

_SINCE = Term("since forms", "a datetime, ISO 8601 text or the checkpoint of a finished crawl")
_DEFAULT_CONCURRENCY = 8
_DEFAULT_RETRIES = 8
_SHOWN = 5
_DAY = 86_400_000


class AsyncCrawl(Generic[H]):
    """All hits of a search: iterate over it, inside ``async with`` to have requests run at once.

    Made by ``client.crawl``. Each iteration is a crawl of its own, and ends the one before.

    Attributes:
        stats: What the current or last iteration has done.
    """

    def __init__(
        self,
        requester: Requester,
        endpoint: Endpoint[Any, Any, Any, H],
        params: SearchParams,
        options: RunOptions,
        *,
        window: CrawlWindow | None = None,
    ) -> None:
        self.stats = CrawlStats()
        self._requester = requester
        self._endpoint = endpoint
        self._options = options
        self._given = window
        self._since = getattr(options, "since", None)
        retries = _DEFAULT_RETRIES if params.max_retries is None else params.max_retries
        self._params = attrs.evolve(params, max_retries=retries)
        self._counting = False
        self._entered = False
        self._checkpoint: Checkpoint | None = None
        self._marking = asyncio.Lock()
        self._reading: Reading[H] | None = None
        self._bar: ProgressBar | None = None

    def __repr__(self) -> str:
        return self._shown_as(type(self).__name__, "async ")

    def _shown_as(self, name: str, prefix: str) -> str:
        """Returns the ``repr`` of a class whose keywords have a prefix."""
        stats = self.stats
        said = f"{stats.hits:,} of {stats.expected or 0:,} hits, {stats.windows:,} windows read"
        if not stats.requests:
            said = f"use '{prefix}for', inside '{prefix}with' to run requests concurrently"
        return f"<{name} of {self._params.kind}: {said}>"

    @property
    def _concurrency(self) -> int:
        if self._options.concurrency is not None:
            return self._options.concurrency
        return _DEFAULT_CONCURRENCY if self._entered else 1

    # Life

    async def __aenter__(self) -> Self:
        self._entered = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered = False
        await self._end_reading()

    async def _end_reading(self) -> None:
        self._end_bar()
        reading, self._reading = self._reading, None
        if reading is not None:
            self.stats.end()
            await reading.close()

    def _end_bar(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.update(self.stats.hits, self._expected_items())
            bar.close()

    def _show_bar(self, stats: CrawlStats) -> None:
        if self._bar is not None:
            self._bar.update(stats.hits, self._expected_items())

    def _expected_items(self) -> int | None:
        # Nothing expected yet is not a total: a crawl that begins would look done.
        return self.stats.expected or None

    def __aiter__(self) -> AsyncIterator[H]:
        return self._hits(self._batches())

    async def _hits(self, batches: AsyncIterator[list[H]]) -> AsyncIterator[H]:
        async for batch in batches:
            for hit in batch:
                yield hit

    def _batches(self) -> AsyncIterator[list[H]]:
        """Give the hits, those of a window at once. A window is marked when the next is asked for.

        Raises:
            TypeError: It would run tasks, and is not inside ``async with``.
        """
        self._check_entered()
        return self._marked_batches()

    def _check_entered(self, prefix: str = "async ") -> None:
        """Raises a :class:`TypeError` where tasks need a block, whose keyword has a prefix."""
        if self._concurrency > 1 and not self._entered:
            raise TypeError(
                "A crawl with concurrency above 1 runs tasks: write "
                f"'{prefix}with client.crawl....(...) as crawl' and iterate inside"
            )

    async def _marked_batches(self) -> AsyncGenerator[list[H], None]:
        async with aclosing(self._portions()) as portions:
            async for hits, mark in portions:
                yield hits
                if mark is not None:
                    await mark({})

    async def _portions(self) -> AsyncGenerator[tuple[list[H], export.Mark | None], None]:
        """Give the hits window by window, ``max_items`` at most, and what marks the window.

        There is nothing to mark where these may not be all of its hits.
        """
        left = self._params.max_items
        if left == 0:
            return
        async with aclosing(self.pieces()) as pieces:
            async for piece in pieces:
                if left is not None and len(piece.hits) >= left:
                    self.stats.hits -= len(piece.hits) - left
                    yield piece.hits[:left], None
                    return
                if left is not None:
                    left -= len(piece.hits)
                yield piece.hits, partial(self.mark, piece) if piece.problem is None else None

    def pieces(self) -> AsyncGenerator[Piece[H], None]:
        """Give window after window, each with its hits, for a sink of your own.

        Store a piece's hits, then await :meth:`mark`: what is marked is not read again by a
        crawl that is resumed. ``max_items`` makes no difference here.

        Iterating raises :class:`IncompleteCrawlError` at the end, where windows could not be
        read whole; :class:`CheckpointError` where the checkpoint belongs to another request;
        :class:`APIError` where a request failed, after its retries.

        Raises:
            TypeError: It would run tasks, and is not inside ``async with``.
        """
        self._check_entered()
        return self._pieces()

    async def _pieces(self) -> AsyncGenerator[Piece[H], None]:
        await self._end_reading()
        self.stats = stats = CrawlStats()
        if self._options.progress is True and not self._counting:
            self._bar = ProgressBar(self._params.kind)
        try:
            self._reading = reading = await self._begin(stats)
            async for piece in reading.pieces():
                yield piece
        finally:
            stats.end()
            self._end_bar()
        if reading.incomplete:
            _raise_incomplete(reading.incomplete)

    # Exports

    def _export_source(self) -> export.ExportSource[H]:
        hits = self._portions()
        return export.ExportSource(self._endpoint.hit_class, hits, lambda: self._checkpoint)

    async def to_jsonl(self, path: str | os.PathLike[str]) -> None:
        """Write all hits to a file, a line of JSON each, as the API sent them.

        With a checkpoint it can be ended and resumed at any time, and each hit is in the file
        once. It runs requests concurrently, inside the crawl's block or not.

        Raises:
            CheckpointError: The file is not the one that the checkpoint knows.
            IncompleteCrawlError: At the end, where windows could not be read whole.
        """
        async with self._running(path):
            await export.to_jsonl(self._export_source(), path)

    async def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write all hits to a CSV file: see :func:`scenario_search.export.files.to_csv`.

        Raises:
            CheckpointError: The file is not the one that the checkpoint knows.
            IncompleteCrawlError: At the end, where windows could not be read whole.
        """
        async with self._running(path):
            await export.to_csv(self._export_source(), path)

    async def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write all hits to a Parquet file. See :meth:`to_jsonl`.

        Types and columns: :mod:`scenario_search.export.parquet`.

        Raises:
            ImportError: pyarrow is not installed.
            CheckpointError: The file beside is not the one that the checkpoint knows.
            IncompleteCrawlError: At the end, where windows could not be read whole.
        """
        resumable = self._options.checkpoint is not None
        async with self._running(path, export_parquet.collected_beside(path)):
            source = self._export_source()
            await export_parquet.to_parquet(source, path, resumable=resumable)

    async def to_pandas(self) -> pd.DataFrame:
        """Give all hits as a pandas frame. Columns and types: :mod:`scenario_search.export.frames`.

        Raises:
            ImportError: pandas is not installed.
            InvalidParamsError: The crawl has a checkpoint.
        """
        await in_thread(frames.library, "pandas")
        return await in_thread((await self._columns()).to_pandas)

    async def to_polars(self) -> pl.DataFrame:
        """Give all hits as a polars frame. Columns and types: :mod:`scenario_search.export.frames`.

        Raises:
            ImportError: polars is not installed.
            InvalidParamsError: The crawl has a checkpoint.
        """
        await in_thread(frames.library, "polars")
        return await in_thread((await self._columns()).to_polars)

    async def _columns(self) -> frames.Columns:
        found = frames.Columns(self._endpoint.hit_class)
        async with self._running(), aclosing(self._marked_batches()) as batches:
            async for hits in batches:
                await in_thread(found.add, hits)
        return found

    @asynccontextmanager
    async def _running(self, *files: str | os.PathLike[str]) -> AsyncIterator[None]:
        """Enter the crawl, where it is not entered yet, to fill files or else a frame."""
        self._check_files(files)
        if self._entered:
            yield
            return
        async with self:
            yield

    def _check_files(self, files: tuple[str | os.PathLike[str], ...]) -> None:
        """Refuse an export that would lose hits, or the checkpoint."""
        if self._options.checkpoint is None:
            return
        if not files:
            raise InvalidParamsError(
                "A crawl with a checkpoint cannot give a frame, for a crawl that goes on would "
                "leave out what an earlier frame held: export to a file instead, with to_parquet, "
                "to_csv or to_jsonl"
            )
        checkpoint = Path(self._options.checkpoint).resolve()
        if any(Path(file).resolve() == checkpoint for file in files):
            raise InvalidParamsError(
                f"The export would overwrite its own checkpoint {checkpoint}: give `checkpoint` "
                "another path"
            )

    # Where to begin, and how far it came

    async def mark(self, piece: Piece[H], files: dict[str, int] | None = None) -> None:
        """Say that a window's hits have been consumed, so that a resumed crawl passes it over.

        Does nothing without a checkpoint, or for a window that could not be read whole.

        Args:
            piece: The window.
            files: How many bytes of each export are good now, by its path.

        Raises:
            CheckpointError: It cannot be written.
        """
        done, path = self._checkpoint, self._options.checkpoint
        if done is None or path is None or piece.problem is not None:
            return
        created = [(hit.id, hit.created_at) for hit in piece.hits]
        async with self._marking:
            done.mark(piece.window, created, latest=_tomorrow())
            # A file that was not written to misses these hits, so it is not one to go on with.
            done.files = dict(files or {})
            done.finished = not self._left(done.whole, done)
            if self._reading is not None:
                done.cap = self._reading.cap
            await in_thread(done.save, Path(path))

    async def _begin(self, stats: CrawlStats) -> Reading[H]:
        """Read the checkpoint, and tell what is left to do."""
        await self._read_images()
        whole, known = await self._whole()
        self._checkpoint = done = await self._read_checkpoint(whole, known)
        self._marking = asyncio.Lock()  # of this event loop, which need not be the last one's
        newest_first = self._options.order == "newest"
        windows: list[Window] = []
        if done is None or not done.finished:
            windows = self._left(whole, done, newest_first=newest_first)
        if done is not None:
            stats.hits = stats.expected = done.hits
        if self._since is not None and whole != Window():
            stats.undated_left_out = True
        cap = None if done is None else done.cap
        if self._given is not None:
            cap = self._given.cap if cap is None else min(cap, self._given.cap)
        ranked = _is_ranked(self._params)
        requests = WindowRequests(
            self._requester,
            self._endpoint,
            self._params,
            self._options,
            stats,
            progress=self._options.progress if callable(self._options.progress) else self._show_bar,
            concurrency=self._concurrency,
            ranked=ranked,
        )
        plan = ReadingPlan(
            windows=windows,
            newest_first=newest_first,
            ranked=ranked,
            cap=self._options.cap if cap is None else min(cap, self._options.cap),
            cap_is_known=cap is not None,
            # A window's pages are asked for at once, so fewer windows than requests keep busy.
            ahead=self._concurrency // 2 + 2 if self._entered else 0,
            first_parts=min(self._concurrency, 16),
            counting=self._counting,
            known=known,
            counted=0 if done is None else done.hits,
        )
        return Reading(requests, plan, stats)

    def _left(
        self, whole: Window, done: Checkpoint | None, *, newest_first: bool = True
    ) -> list[Window]:
        """Give what is left to do, in order; what has no date comes last."""
        windows: list[Window] = []
        if not whole.undated:
            windows = gaps(whole, () if done is None else done.done)
        if newest_first:
            windows.reverse()
        # In a plan, what has no date is a window of its own, also beside one without bounds.
        undated = whole.undated or (whole == Window() and self._given is None)
        if undated and not (done is not None and done.undated_done):
            windows.append(UNDATED)
        return windows

    async def _read_images(self) -> None:
        """Turn reference images into what is sent, once for all windows and iterations."""
        most = self._requester.options.max_image_bytes
        self._params = await in_thread(_with_references, self._params, most)

    async def _whole(self) -> tuple[Window, Known | None]:
        """Give the window that all others are pieces of, and the hits that are not wanted."""
        if self._given is not None:
            return self._given.window, self._given.known
        if self._since is None:
            return Window(), None
        moment = since_moment(self._since)
        if moment is not None:
            return Window(start=moment), None
        return await self._whole_since(Path(self._since))

    async def _whole_since(self, path: Path) -> tuple[Window, Known | None]:
        """Read the finished checkpoint that ``since`` names: the newest moment it knows."""
        found = await in_thread(Checkpoint.read, path, self._digest())
        if found is None:
            raise InvalidParamsError(
                Message("{} must be {}; not found: {}", named("since"), _SINCE, path)
            )
        if not found.finished or found.whole.end is not None or found.whole.undated:
            raise InvalidParamsError(
                Message("{}: the checkpoint {} is not of a finished crawl", named("since"), path)
            )
        moment = milliseconds(found.newest)
        if found.newest is None or moment is None:
            return Window(), None
        # A millisecond more, since text with other decimals than the window's bound may sort
        # before it.
        return Window(start=moment - 1), Known(found.newest, frozenset(found.newest_ids))

    async def _read_checkpoint(self, whole: Window, known: Known | None) -> Checkpoint | None:
        if self._options.checkpoint is None:
            return None
        digest = self._digest()
        path = Path(self._options.checkpoint)
        found = await in_thread(Checkpoint.read, path, digest, whole)
        if found is None:
            found = Checkpoint(digest, whole)
            if known is not None:
                found.newest, found.newest_ids = known.newest, sorted(known.ids)
            # Written at once, so that a place that cannot be written to is known at the start.
            await in_thread(found.save, path)
        return found

    def _digest(self) -> str:
        """Give what tells this request from others, whatever its windows are."""
        search = PreparedSearch(self._requester, self._endpoint, self._params)
        start = f"{self._params.kind} {search.query} ".encode()
        return hashlib.sha256(start + search.encoded_start()).hexdigest()

    # Without reading

    async def count(self) -> int:
        """Count the hits exactly, past the engine's cap. A checkpoint makes no difference.

        Raises:
            IncompleteCrawlError: More than the cap were created in one millisecond.
        """
        return sum([window.expected for window in await self.plan()])

    async def plan(self) -> list[CrawlWindow]:
        """Cut the crawl into windows, and count each, without reading them.

        Raises:
            IncompleteCrawlError: More than the cap were created in one millisecond.
        """
        await self._read_images()
        options = attrs.evolve(self._options, checkpoint=None)
        counting = AsyncCrawl(
            self._requester, self._endpoint, self._params, options, window=self._given
        )
        counting._counting = True
        async with counting:
            pieces = [piece async for piece in counting.pieces()]
            cap = self._options.cap if counting._reading is None else counting._reading.cap
        _, known = await self._whole()
        return [
            CrawlWindow(self._params, piece.window, piece.total, cap, known) for piece in pieces
        ]


def _raise_incomplete(pieces: list[Piece[Any]]) -> NoReturn:
    shown = "; ".join(f"{piece.window}: {piece.problem}" for piece in pieces[:_SHOWN])
    more = f"; and {len(pieces) - _SHOWN} more" if len(pieces) > _SHOWN else ""
    raise IncompleteCrawlError(
        f"{len(pieces)} windows could not be read whole: {shown}{more}",
        windows=tuple(piece.window for piece in pieces),
    )


def _tomorrow() -> int:
    return int(time.time() * 1000) + _DAY


def _is_ranked(params: SearchParams) -> bool:
    """Say whether the engine ranks the hits, so that it does not sort them by date."""
    return bool(params.query) or any(reference_images(params))


def _with_references(params: SearchParams, max_bytes: int) -> SearchParams:
    """Turn reference images into what is sent."""
    image, like, unlike = read_references(params, max_bytes=max_bytes)
    changes: dict[str, Any] = {"image": image[0]} if image else {}
    if like or unlike:
        changes["images"] = Images(like=like, unlike=unlike)
    return attrs.evolve(params, **changes)
