"""Crawls: every hit of a search, past the engine's result cap, once, and resumable."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import attrs

from scenario_search.concurrency.threads import in_thread
from scenario_search.crawl.dates import Range
from scenario_search.crawl.params import RunOptions
from scenario_search.crawl.pieces import CrawlPiece, for_pieces
from scenario_search.crawl.run import Batch, CrawlRun
from scenario_search.crawl.stats import CrawlEstimate, CrawlStats
from scenario_search.errors import InvalidParamsError
from scenario_search.export import files as export, frames, parquet as export_parquet
from scenario_search.export.targets import ExportTarget, local_file
from scenario_search.messages import Message, named
from scenario_search.progress import ProgressBar
from scenario_search.search.endpoints import Endpoint
from scenario_search.search.exports import AllFrames
from scenario_search.wire.hits import Hit
from scenario_search.wire.images import with_references
from scenario_search.wire.params import SearchParams

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["AsyncCrawl", "Batch"]

H = TypeVar("H", bound=Hit)

_DEFAULT_CONCURRENCY = 8
_DEFAULT_RETRIES = 8
_ESTIMATE_REQUESTS = 30


class AsyncCrawl(AllFrames, Generic[H]):
    """All hits of a search: iterate over it, inside ``async with`` to run requests concurrently.

    ``client.crawl`` creates it. Each iteration is a separate crawl, and ends the previous one.

    Attributes:
        stats: The statistics of the current or last iteration.
    """

    def __init__(
        self,
        requester: Requester,
        endpoint: Endpoint[Any, Any, Any, H],
        params: SearchParams,
        options: RunOptions,
        *,
        piece: CrawlPiece | None = None,
    ) -> None:
        self.stats = CrawlStats()
        self._requester = requester
        self._endpoint = endpoint
        self._options = options
        self._piece = piece
        retries = _DEFAULT_RETRIES if params.max_retries is None else params.max_retries
        self._params = attrs.evolve(params, max_retries=retries)
        self._entered = False
        self._run: CrawlRun[H] | None = None
        self._bar: ProgressBar | None = None

    def __repr__(self) -> str:
        return self._shown_as(type(self).__name__, "async ")

    def _shown_as(self, name: str, prefix: str) -> str:
        """Returns the ``repr`` of a class whose keywords have a prefix."""
        stats = self.stats
        state = f"{stats.hits:,} hits, {stats.requests:,} requests"
        if not stats.requests:
            state = f"use '{prefix}for', inside '{prefix}with' to run requests concurrently"
        return f"<{name} of {self._params.kind}: {state}>"

    @property
    def _concurrency(self) -> int:
        if self._options.concurrency is not None:
            return self._options.concurrency
        return _DEFAULT_CONCURRENCY if self._entered else 1

    # Life

    async def __aenter__(self) -> Self:
        self._entered = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._entered = False
        await self._end_run()

    async def _end_run(self) -> None:
        self._end_bar()
        run, self._run = self._run, None
        if run is not None:
            await run.close()

    def _end_bar(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.update(self.stats.hits, self._expected_items())
            bar.close()

    def _show_bar(self) -> None:
        if self._bar is not None:
            detail = (self.stats.reached or "")[:10]
            self._bar.update(self.stats.hits, self._expected_items(), detail)

    def _expected_items(self) -> int | None:
        # Nothing expected yet is not a total: a crawl that begins would look done.
        return self.stats.expected or None

    def _check_entered(self, prefix: str = "async ") -> None:
        """Raises a :class:`TypeError` where tasks need a block, whose keyword has a prefix."""
        if self._concurrency > 1 and not self._entered:
            raise TypeError(
                "A crawl with concurrency above 1 runs tasks: write "
                f"'{prefix}with client.crawl....(...) as crawl' and iterate inside"
            )

    # Iteration

    def __aiter__(self) -> AsyncIterator[H]:
        return self._hits(self._batches())

    async def _hits(self, batches: AsyncIterator[list[H]]) -> AsyncIterator[H]:
        async for batch in batches:
            for hit in batch:
                yield hit

    def _batches(self) -> AsyncIterator[list[H]]:
        """Yields hits in lists. A list is committed when the next one is asked for.

        Raises:
            TypeError: It would run tasks, and is not inside ``async with``.
        """
        self._check_entered()
        return self._committed_batches()

    async def _committed_batches(self) -> AsyncGenerator[list[H], None]:
        async with aclosing(self._run_batches()) as batches:
            async for batch in batches:
                yield batch.hits
                if self._run is batch._run:
                    await self.commit(batch)

    def batches(self) -> AsyncGenerator[Batch[H], None]:
        """Yields hits in batches, for you to store.

        Store the hits of a batch, then await :meth:`commit`. A resumed crawl yields only the
        uncommitted hits again.

        Iterating raises :class:`IncompleteCrawlError` at the end if some hits cannot be
        reached, :class:`CheckpointError` if the checkpoint belongs to another crawl, and
        :class:`APIError` if a request failed, after its retries.

        Raises:
            TypeError: The crawl needs tasks for concurrent requests, but is not inside
                ``async with``.
        """
        self._check_entered()
        return self._run_batches()

    async def _run_batches(self, *, only_json: bool = False) -> AsyncGenerator[Batch[H], None]:
        await self._end_run()
        self.stats = CrawlStats()
        if self._options.progress is True:
            self._bar = ProgressBar(self._params.kind)
        was_entered = self._entered
        self._run = run = await self._new_run(self._concurrency, self.stats)
        try:
            await run.open()
            async with aclosing(run.batches(only_json=only_json)) as batches:
                async for batch in batches:
                    yield batch
                    if self._run is not run:
                        raise RuntimeError(
                            "This iteration over the crawl has ended: "
                            + (
                                "its block was left"
                                if was_entered and not self._entered
                                else "another iteration has started"
                            )
                        )
                    self._show_bar()
        finally:
            # Inside a block the last batches can still be committed: the checkpoint stays locked.
            await (run.stop() if self._entered and self._run is run else run.close())
            if self._run is run:
                self._end_bar()

    async def _new_run(self, concurrency: int, stats: CrawlStats) -> CrawlRun[H]:
        # Once for all iterations: a file object can be read only once.
        max_bytes = self._requester.options.max_image_bytes
        self._params = await in_thread(partial(with_references, self._params, max_bytes=max_bytes))
        progress = self._options.progress
        return CrawlRun(
            requester=self._requester,
            endpoint=self._endpoint,
            params=self._params,
            options=self._options,
            stats=stats,
            concurrency=concurrency,
            piece=self._piece,
            progress=None if not callable(progress) else partial(progress, stats),
        )

    async def commit(self, batch: Batch[H]) -> None:
        """Records that the hits of a batch were consumed, so that a resumed crawl omits them.

        Args:
            batch: A batch of the current iteration. Commit each batch once.

        Raises:
            InvalidParamsError: The batch belongs to another iteration, or was committed before.
            CheckpointError: The checkpoint cannot be written.
        """
        await self._commit([batch])

    async def _commit(
        self, batches: Sequence[Batch[H]], files: Mapping[str, int] | None = None
    ) -> None:
        run = self._run
        if run is None or any(batch._run is not run for batch in batches):
            raise InvalidParamsError(
                "commit() takes a batch of this crawl's current iteration; this one is of another"
            )
        await run.commit(batches, files or {})

    # Exports

    def _export_source(self, *, only_json: bool = False) -> export.ExportSource[H]:
        return export.ExportSource(
            self._endpoint.hit_class,
            self._run_batches(only_json=only_json),
            lambda: None if self._run is None else self._run.checkpoint,
            self._commit,
        )

    async def to_jsonl(self, path: ExportTarget) -> None:
        """Writes all hits to a file, one line of JSON each, as the API sent them.

        With a checkpoint you can stop and resume the export at any time, and the file holds each
        hit once. The crawl sends requests concurrently, inside the crawl's block or not.

        Args:
            path: The file, an fsspec URL, or a file object open for bytes. The client writes to
                the last two when the export is complete. Until then it writes to a local file. If
                there is a checkpoint, that file is next to it and remains afterwards.

        Raises:
            CheckpointError: The file does not match the checkpoint.
            IncompleteCrawlError: Some hits cannot be reached. Raised at the end.
        """
        async with self._exporting(path, "jsonl") as file:
            await export.to_jsonl(self._export_source(only_json=True), file)

    async def to_csv(self, path: ExportTarget) -> None:
        """Writes all hits to a CSV file: see :func:`scenario_search.export.files.to_csv`.

        Raises:
            CheckpointError: The file does not match the checkpoint.
            IncompleteCrawlError: Some hits cannot be reached. Raised at the end.
        """
        async with self._exporting(path, "csv") as file:
            await export.to_csv(self._export_source(), file)

    async def to_parquet(self, path: ExportTarget) -> None:
        """Writes all hits to a Parquet file. See :meth:`to_jsonl`.

        Types and columns: :mod:`scenario_search.export.parquet`.

        Raises:
            ImportError: pyarrow is not installed.
            CheckpointError: The file does not match the checkpoint.
            IncompleteCrawlError: Some hits cannot be reached. Raised at the end.
        """
        resumable = self._options.checkpoint is not None
        async with self._exporting(path, "parquet") as file:
            # With a checkpoint the hits are collected as JSON first.
            source = self._export_source(only_json=resumable)
            await export_parquet.to_parquet(source, file, resumable=resumable)

    async def _columns(self) -> frames.Columns:
        columns = frames.Columns(self._endpoint.hit_class)
        async with self._running(), aclosing(self._committed_batches()) as batches:
            async for hits in batches:
                await in_thread(columns.add, hits)
        return columns

    @asynccontextmanager
    async def _exporting(self, target: ExportTarget, form: str) -> AsyncIterator[Path]:
        """Enters the crawl, and yields the file of this machine that is to be written."""
        async with local_file(target, form, self._options.checkpoint) as file:
            beside = [export_parquet.collected_beside(file)] if form == "parquet" else []
            async with self._running(file, *beside):
                yield file

    @asynccontextmanager
    async def _running(self, *files: str | os.PathLike[str]) -> AsyncIterator[None]:
        """Enters the crawl, if it is not entered yet, to fill files or else a frame."""
        self._check_files(files)
        if self._entered:
            yield
            return
        async with self:
            yield

    def _check_files(self, files: tuple[str | os.PathLike[str], ...]) -> None:
        """Refuses an export that would lose hits, or the checkpoint."""
        if self._options.checkpoint is None:
            return
        if not files:
            raise InvalidParamsError(
                "A crawl with a checkpoint cannot return a frame, because a resumed crawl would "
                "leave out what an earlier frame held: export to a file instead, with to_parquet, "
                "to_csv or to_jsonl"
            )
        checkpoint = Path(self._options.checkpoint).resolve()
        if any(Path(file).resolve() == checkpoint for file in files):
            raise InvalidParamsError(
                Message(
                    "The export would overwrite its own checkpoint {}: set {} to another path",
                    checkpoint,
                    named("checkpoint"),
                )
            )

    # Without reading

    async def count(self) -> int:
        """Returns the number of hits, past the engine's cap, with one request per 1,000 hits or so.

        The number is exact if the server sorts hits by date and no hit changes meanwhile. The count
        ignores a checkpoint.

        Raises:
            IncompleteCrawlError: As many hits as the cap share a date.
        """
        run = await self._new_run(1, CrawlStats())
        counting = await run.counting(None)
        if counting.known:
            # Which of the hits that do not count are still there is known only by reading.
            return await run.count_by_reading()
        return (await counting.estimate()).likely

    async def estimate(self) -> CrawlEstimate:
        """Returns an estimate of the crawl's hits and requests. Sends at most 30 requests.

        Up to about 30,000 hits, it counts all of them. Beyond that, it samples their density and
        extrapolates. Since hits come in bursts, the result may be far off.

        Raises:
            APIError: A request failed, after its retries.
        """
        run = await self._new_run(1, CrawlStats())
        return await (await run.counting(_ESTIMATE_REQUESTS)).estimate()

    async def plan(self, shards: int = 8) -> list[CrawlPiece]:
        """Returns pieces of the crawl, cut by time, that hold about as many hits each.

        It samples the dates, with at most 20 requests more than there are pieces. If hits come in
        bursts shorter than the time between two samples, a piece may hold more.

        Args:
            shards: The number of pieces, not counting the one for hits without a date.

        Raises:
            InvalidParamsError: The search has extra headers or query parameters.
            APIError: A request failed, after its retries.
        """
        run = await self._new_run(1, CrawlStats())
        params = for_pieces(run.params)
        range_, known = await run.planned()
        cuts = await run.sampling(range_).cuts(shards)
        low = None if range_ == Range() else range_.low.text
        pieces = []
        for newer, older in pairwise([*cuts, None]):
            piece = CrawlPiece(
                params,
                run.by,
                low=low if older is None else older.date,
                high=None if newer is None else newer.date,
                expected=0 if newer is None else newer.hits,
            )
            ids = (key for key, date in known.items() if not piece._range.excludes(date))
            pieces.append(attrs.evolve(piece, known=frozenset(ids)))
        if range_ == Range():
            pieces.append(CrawlPiece(params, run.by, undated=True))
        return pieces
