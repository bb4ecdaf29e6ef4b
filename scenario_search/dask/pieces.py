"""The work of one task: a piece of a crawl becomes a Parquet file in the store.

What was read so far is saved from time to time, as a Parquet file of rows that has the crawl's
checkpoint in its footer. The footer is written last, so a file is either whole or not a Parquet
file, and rows and checkpoint always belong together. Each names the one before it, and another
attempt at the same piece makes names of its own: so whatever two attempts do to each other, going
back from the last file gives rows that one crawl has read, each once.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
from pyarrow import parquet

from scenario_search.concurrency.threads import in_thread
from scenario_search.crawl.pieces import CrawlPiece
from scenario_search.dask.gates import Gate, StoppedError
from scenario_search.dask.jobs import Job
from scenario_search.dask.stores import Store
from scenario_search.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    IncompleteCrawlError,
    PermissionDeniedError,
    QuotaExceededError,
)
from scenario_search.export.parquet import RowGroups
from scenario_search.search.endpoints import ENDPOINTS
from scenario_search.wire.codec import read_json
from scenario_search.wire.document import json_bytes

__all__ = ["PROGRESS", "Outcome", "PieceFiles", "Reading", "read_piece"]

PROGRESS = "_crawl"
"""The folder of what a job needs beside its result. Readers of datasets leave such names out."""

_SAVE_EVERY = 30.0
"""Seconds after which a worker saves what it has read."""

_ROWS = 20_000
"""Rows of a row group of the result."""

_METADATA = b"scenario_search"

_HOPELESS = (AuthenticationError, PermissionDeniedError, BadRequestError)
"""What every other piece would be answered, too."""


@attrs.frozen
class Outcome:
    """What became of a piece.

    Attributes:
        name: Its name.
        hits: How many rows its file has; 0 while it is not finished.
        requests: How many requests this attempt sent.
        finished: Whether its file is written.
        stopped: Why it ended early, where that is no failure: ``"quota"``, ``"budget"`` or
            ``"stopped"``.
        problem: What went wrong.
    """

    name: str
    hits: int = 0
    requests: int = 0
    finished: bool = False
    stopped: str | None = None
    problem: str | None = None


@attrs.frozen
class Saved:
    """Where an attempt goes on.

    Attributes:
        files: The names of the files saved so far, in their order.
        checkpoint: The crawl's checkpoint.
    """

    files: list[str] = attrs.field(factory=list)
    checkpoint: bytes | None = None


class PieceFiles:
    """The files of a piece. All methods block.

    Args:
        store: The folder of the job.
        piece: The piece.
    """

    def __init__(self, store: Store, piece: CrawlPiece) -> None:
        self._store = store
        self._hit_class = ENDPOINTS[piece.params.kind].hit_class
        self.result = f"{piece.name}.parquet"
        self._folder = f"{PROGRESS}/{piece.name}"

    def finished(self) -> dict[str, Any] | None:
        """Returns what the result says of itself; ``None`` if it is not there."""
        if not self._store.exists(self.result):
            return None
        with self._store.open(self.result) as file:
            metadata = parquet.read_metadata(file)
        footer: dict[str, Any] = read_json((metadata.metadata or {}).get(_METADATA, b"{}"))
        return {"incomplete": None, **footer, "hits": metadata.num_rows}

    def rows(self) -> tuple[RowGroups, io.BytesIO]:
        """Returns what rows are written to, and where that writes them."""
        buffer = io.BytesIO()
        return RowGroups(buffer, self._hit_class), buffer

    def saved(self) -> Saved:
        """Returns where to go on."""
        names = [name for name in self._store.names(self._folder) if name.endswith(".parquet")]
        for name in reversed(names):
            footer = self._footer(name)
            if footer is None:
                continue
            files, last = [name], footer
            while footer is not None and (previous := footer["previous"]) is not None:
                files.insert(0, previous)
                footer = self._footer(previous)
            if footer is not None:
                return Saved(files, last["checkpoint"].encode())
        return Saved()

    def _footer(self, name: str) -> dict[str, Any] | None:
        """Returns what the footer of a saved file says; ``None`` if the file is not whole."""
        try:
            with self._store.open(f"{self._folder}/{name}") as file:
                metadata = parquet.read_metadata(file).metadata
            footer: dict[str, Any] = read_json(metadata[_METADATA])
        except (OSError, pa.ArrowInvalid, ValueError, LookupError, TypeError):
            return None
        return footer

    def save(self, saved: Saved, rows: RowGroups, buffer: io.BytesIO, checkpoint: bytes) -> Saved:
        """Saves rows and the checkpoint that knows of them; returns where to go on."""
        previous = saved.files[-1] if saved.files else None
        footer = {"previous": previous, "checkpoint": checkpoint.decode()}
        rows.finish({_METADATA: json_bytes(footer)})
        name = f"{len(saved.files):06d}-{uuid.uuid4().hex[:12]}.parquet"
        self._store.make_folder(self._folder)
        self._store.write(f"{self._folder}/{name}", buffer.getvalue())
        return Saved([*saved.files, name], checkpoint)

    def finish(self, saved: Saved, rows: RowGroups, buffer: io.BytesIO, footer: Any) -> int:
        """Writes the result of what was saved and of further rows; returns how many it has."""
        rows.finish()
        count = 0
        self._store.make_folder(self._folder)
        with self._store.replacing(self.result, self._folder) as file:
            writer = parquet.ParquetWriter(file, rows.schema)
            waiting: list[Any] = []
            for batch in self._batches(saved, buffer):
                waiting.append(batch)
                count += batch.num_rows
                if sum(one.num_rows for one in waiting) >= _ROWS:
                    writer.write_table(pa.concat_tables(waiting), row_group_size=_ROWS)
                    waiting = []
            if waiting:
                writer.write_table(pa.concat_tables(waiting), row_group_size=_ROWS)
            writer.add_key_value_metadata({_METADATA: json_bytes(footer)})
            writer.close()
        self._store.delete(self._folder)
        return count

    def _batches(self, saved: Saved, buffer: io.BytesIO) -> Any:
        for name in saved.files:
            with self._store.open(f"{self._folder}/{name}") as file:
                yield from self._groups(parquet.ParquetFile(file))
        buffer.seek(0)
        yield from self._groups(parquet.ParquetFile(buffer))

    @staticmethod
    def _groups(file: Any) -> Any:
        for index in range(file.num_row_groups):
            yield file.read_row_group(index)


@attrs.define
class Reading:
    """One attempt at a piece."""

    job: Job
    piece: CrawlPiece
    gate: Gate
    files: PieceFiles
    max_requests: int | None
    save_every: int
    clock: Callable[[], float] = time.monotonic

    async def run(self) -> Outcome:
        """Reads the piece, as far as the requests go."""
        done = await in_thread(self.files.finished)
        if done is not None:
            return Outcome(self.piece.name, done["hits"], finished=True, problem=done["incomplete"])
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome = await self._read(Path(folder) / "piece.ckpt")
            finally:
                await self.gate.close()
        return attrs.evolve(outcome, requests=self.gate.requests)

    async def _read(self, checkpoint: Path) -> Outcome:
        saved = await in_thread(self.files.saved)
        if saved.checkpoint is not None:
            await in_thread(checkpoint.write_bytes, saved.checkpoint)
        rows, buffer = self.files.rows()
        outcome = Outcome(self.piece.name)
        last_save, incomplete = self.clock(), None
        async with (
            self.job.client(self.gate) as client,
            client.crawl.run(
                self.piece, checkpoint=checkpoint, concurrency=1, max_requests=self.max_requests
            ) as crawl,
        ):
            try:
                async for batch in crawl.batches():
                    await in_thread(rows.write, batch.hits)
                    await crawl.commit(batch)
                    is_late = self.clock() - last_save >= _SAVE_EVERY
                    if rows.count >= self.save_every or is_late:
                        state = await in_thread(checkpoint.read_bytes)
                        saved = await in_thread(self.files.save, saved, rows, buffer, state)
                        rows, buffer = self.files.rows()
                        last_save = self.clock()
                if not crawl.stats.finished:
                    outcome = attrs.evolve(outcome, stopped="budget")
            except IncompleteCrawlError as error:
                incomplete = str(error)
            except StoppedError:
                outcome = attrs.evolve(outcome, stopped="stopped")
            except QuotaExceededError as error:
                await self.gate.stop()
                outcome = attrs.evolve(outcome, stopped="quota", problem=str(error))
            except _HOPELESS:
                await self.gate.stop()
                raise
            except APIError as error:
                outcome = attrs.evolve(outcome, problem=f"{type(error).__name__}: {error}")
        if crawl.stats.undated_left_out:
            incomplete = (
                "The server refuses to be asked for hits without a date: they are left out. Delete "
                f"{self.files.result} to try again"
            )
        if outcome.stopped is None and outcome.problem is None:
            footer = {"incomplete": incomplete, "requests": crawl.stats.requests}
            hits = await in_thread(self.files.finish, saved, rows, buffer, footer)
            return attrs.evolve(outcome, hits=hits, finished=True, problem=incomplete)
        if await in_thread(checkpoint.exists):
            state = await in_thread(checkpoint.read_bytes)
            if state != saved.checkpoint:
                await in_thread(self.files.save, saved, rows, buffer, state)
        return outcome


def read_piece(job: Job, piece: str, max_requests: int | None, save_every: int) -> Outcome:
    """Reads a piece into the store: the task of a worker.

    Args:
        job: The job.
        piece: The piece, as JSON.
        max_requests: How many requests it may send.
        save_every: After how many hits it saves what it has read.

    Raises:
        ScenarioError: No other piece can be read either.
    """
    read = CrawlPiece.from_json(piece)
    reading = Reading(
        job, read, job.gate(), PieceFiles(job.store(), read), max_requests, save_every
    )
    return asyncio.run(reading.run())
