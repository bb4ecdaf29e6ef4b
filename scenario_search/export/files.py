"""Exports: hits to JSONL, CSV and Parquet files as they come.

JSONL holds each hit as the API sent it: equal values, with nulls and without what is absent, in the
same order of keys. CSV and Parquet have the columns of :mod:`scenario_search.export.frames`.

Hits are written about a thousand at a time, or after a second.

Without a checkpoint a file is there whole or not at all: it is written beside, then renamed.
With one, every hit is in it exactly once, however often the crawl was stopped and resumed: rows are
on the disk before the checkpoint knows that they were consumed, together with the file's length;
what is after that length is cut off when the crawl is resumed. A crawl that was killed asks again
for what was not written, one that was ended in another way for nothing. A file belongs to its
checkpoint: delete both to start anew.

Where a crawl ends with :class:`~scenario_search.IncompleteCrawlError`, all that could be read is
in the file.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

import attrs

from scenario_search.concurrency.threads import in_thread
from scenario_search.errors import CheckpointError, IncompleteCrawlError
from scenario_search.export import frames
from scenario_search.wire.document import hit_json, json_bytes
from scenario_search.wire.hits import Hit

__all__ = [
    "ExportBatch",
    "ExportSource",
    "check_place",
    "csv_lines",
    "csv_rows",
    "place_beside",
    "source_of",
    "to_csv",
    "to_jsonl",
]

H = TypeVar("H", bound=Hit)

HITS_TOGETHER = 1_000
"""Hits that are written, and committed, together. A thread and two fsyncs for each page of 100
would take more CPU than all else in a crawl."""

_SECONDS_TOGETHER = 1.0

_FORMULA_STARTS = (
    *"=+-@\t\r\n\0",
    *"\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}",
    *"\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}",
)
"""What makes a spreadsheet take text for a formula, or cut it into cells that may be one (OWASP,
CSV Injection)."""


class Progress(Protocol):
    """What an export asks of the checkpoint of a crawl."""

    @property
    def hits(self) -> int:
        """How many hits were consumed."""
        ...

    @property
    def finished(self) -> bool:
        """Whether all were."""
        ...

    @property
    def files(self) -> Mapping[str, int]:
        """How many bytes of each export are good, by its name."""
        ...

    def name_of(self, file: Path) -> str:
        """Returns the name of an export."""
        ...


@attrs.define(eq=False)
class ExportBatch(Generic[H]):
    """Some of the hits that are exported.

    Attributes:
        hits: The hits; none where only their JSON was asked for.
        json: The same hits as the server sent them, decoded.
    """

    hits: list[H]
    json: list[Any]


async def _commit_nothing(_: Any, __: Any) -> None: ...


@attrs.frozen
class ExportSource(Generic[H]):
    """What can be exported.

    Attributes:
        hit_class: The class of the hits.
        batches: The hits.
        checkpoint: Returns the checkpoint of a crawl that has one, once its batches have begun.
        commit: Notes that batches are safe in a file, by its name and its length.
    """

    hit_class: type[H]
    batches: AsyncGenerator[ExportBatch[H], None]
    checkpoint: Callable[[], Progress | None] = lambda: None
    commit: Callable[[Any, Mapping[str, int]], Awaitable[None]] = _commit_nothing


def source_of(hit_class: type[H], batches: AsyncIterator[list[H]]) -> ExportSource[H]:
    """Returns hits that come in batches, such as pages, as what can be exported."""

    async def each() -> AsyncGenerator[ExportBatch[H], None]:
        async for batch in batches:
            yield ExportBatch(batch, [hit_json(hit) for hit in batch])

    return ExportSource(hit_class, each())


async def to_jsonl(
    source: ExportSource[H], path: str | os.PathLike[str], *, instead: Path | None = None
) -> None:
    """Writes hits as lines of JSON, as they came.

    Args:
        source: The hits.
        path: The file.
        instead: A file that may stand in its place, once a resumed crawl has finished.

    Raises:
        CheckpointError: The file does not match the checkpoint.
        IncompleteCrawlError: Some hits cannot be reached. Raised at the end.
    """
    await _export(source, Path(path), b"", _json_lines, instead)


async def to_csv(source: ExportSource[H], path: str | os.PathLike[str]) -> None:
    """Writes hits as CSV (RFC 4180, UTF-8): a header, then one row per hit.

    Lists are JSON text, timestamps are as the API sends them. Text that a spreadsheet would take
    for a formula, because it begins with ``= + - @``, also full-width ones, with a tab, a line
    break or NUL, has an apostrophe before it; numbers stay numbers.

    Raises:
        CheckpointError: The file does not match the checkpoint.
        IncompleteCrawlError: Some hits cannot be reached. Raised at the end.
    """
    columns = frames.columns(source.hit_class)
    head = csv_lines([list(columns)])

    def encode(batches: list[ExportBatch[H]]) -> bytes:
        return b"".join([csv_lines(csv_rows(batch.hits, columns)) for batch in batches])

    await _export(source, Path(path), head, encode)


def _json_lines(batches: list[ExportBatch[Any]]) -> bytes:
    return b"".join([json_bytes(hit) + b"\n" for batch in batches for hit in batch.json])


def csv_lines(rows: list[list[Any]]) -> bytes:
    """Returns rows of values as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return frames.encodable(text.getvalue()).encode()


def csv_rows(hits: list[H], columns: dict[str, str]) -> list[list[Any]]:
    """Returns hits as rows of values for a spreadsheet: see :func:`to_csv`.

    Args:
        hits: The hits.
        columns: The columns of their class, as
            :func:`scenario_search.export.frames.columns` returns them.
    """
    values = []
    for hit, row in zip(hits, frames.rows(hits), strict=True):
        for name, what in columns.items():
            if what == "timestamp":
                row[name] = getattr(hit, name)
        values.append([_cell(row[name]) for name in columns])
    return values


def _cell(value: Any) -> Any:
    if isinstance(value, list | dict | bool):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


async def _export(
    source: ExportSource[H],
    path: Path,
    head: bytes,
    encode: Callable[[list[ExportBatch[H]]], bytes],
    instead: Path | None = None,
) -> None:
    """Writes a head, then batches; see the module's docstring for what holds at each moment."""
    await in_thread(check_place, path)
    export = _Export(source, path, head, encode)
    incomplete: IncompleteCrawlError | None = None
    try:
        try:
            async with aclosing(source.batches) as batches:
                async for batch in batches:
                    await export.add(batch)
        except IncompleteCrawlError as error:
            incomplete = error
        finally:
            await export.write()
        checkpoint = source.checkpoint()
        if checkpoint is None or not checkpoint.finished or not _stands_for(instead, path):
            await export.finish()
    finally:
        await export.close()
    if incomplete is not None:
        raise incomplete


class _Export(Generic[H]):
    """Writes batches to a file, several together.

    Args:
        source: Where the batches come from.
        path: The file.
        head: What the file begins with.
        encode: Returns the rows of batches.
    """

    def __init__(
        self,
        source: ExportSource[H],
        path: Path,
        head: bytes,
        encode: Callable[[list[ExportBatch[H]]], bytes],
    ) -> None:
        self._source = source
        self._path = path
        self._head = head
        self._encode = encode
        self._file: _GrowingFile | None = None
        self._checkpoint: Progress | None = None
        self._waiting: list[ExportBatch[H]] = []
        self._written_at = time.monotonic()

    async def add(self, batch: ExportBatch[H]) -> None:
        """Takes a batch, and writes what waits if that is enough."""
        await self._open()
        self._waiting.append(batch)
        hits = sum(len(batch.json) for batch in self._waiting)
        if hits >= HITS_TOGETHER or time.monotonic() >= self._written_at + _SECONDS_TOGETHER:
            await self.write()

    async def write(self) -> None:
        """Writes what waits, and notes that it is safe."""
        batches, self._waiting = self._waiting, []
        checkpoint = self._source.checkpoint()
        # Where another iteration over the crawl has begun, the checkpoint and the file are its own.
        if not batches or checkpoint is not self._checkpoint:
            return
        file = await self._open()
        size = await in_thread(lambda: file.append(self._encode(batches)))
        if checkpoint is not None:
            await self._source.commit(batches, {checkpoint.name_of(self._path): size})
        self._written_at = time.monotonic()

    async def _open(self) -> _GrowingFile:
        if self._file is None:
            self._checkpoint = checkpoint = self._source.checkpoint()
            good = _good_length(self._path, checkpoint)
            self._file = _GrowingFile(self._path, good, resumable=checkpoint is not None)
            await in_thread(self._file.open, self._head)
        return self._file

    async def finish(self) -> None:
        """Puts the file in its place, whole."""
        await in_thread((await self._open()).finish)

    async def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            await in_thread(self._file.close)


def check_place(path: Path) -> None:
    """Refuses a path that no file can be at, before a request is sent.

    Raises:
        OSError: It is a folder or a device, or the folder that it is in is not there.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        # A file that takes the place of /dev/null would stay there for all programs.
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "No such folder", str(path.parent))


def place_beside(path: Path) -> tuple[Path, Path]:
    """Returns the file that a path leads to, and the one that is written before it replaces it."""
    path = path.resolve()
    return path, path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.partial")


def _stands_for(instead: Path | None, path: Path) -> bool:
    return instead is not None and instead.exists() and not path.exists()


def _good_length(path: Path, checkpoint: Progress | None) -> int:
    """Returns how many bytes of a file the checkpoint knows of."""
    if checkpoint is None:
        return 0
    good = checkpoint.files.get(checkpoint.name_of(path))
    if good is None and checkpoint.hits:
        raise CheckpointError(
            f"The checkpoint's {checkpoint.hits:,} hits are not all in {path}: they were consumed "
            "elsewhere; use a checkpoint of its own for each file"
        )
    return good or 0


class _GrowingFile:
    """A file that is appended to. All methods block.

    Args:
        path: The file.
        good: How many bytes of it are to stay; what is after them is cut off.
        resumable: Whether it is to be gone on with; else it is written beside, and takes its
            place once it is whole.
    """

    def __init__(self, path: Path, good: int, *, resumable: bool) -> None:
        self._path = path
        self._good = good
        self._resumable = resumable
        self._written_to = path
        self._file: BinaryIO | None = None

    def open(self, head: bytes) -> None:
        """Opens it, and writes the head if it is new."""
        if not self._resumable:
            self._path, self._written_to = place_beside(self._path)
        size = self._path.stat().st_size if self._good and self._path.exists() else 0
        if size < self._good:
            raise CheckpointError(
                f"{self._path} has {size:,} bytes, but the checkpoint knows of {self._good:,}: it "
                "was changed; delete the checkpoint to start anew"
            )
        self._file = self._written_to.open("r+b" if self._good else "wb")
        if self._good:
            self._file.truncate(self._good)
            self._file.seek(self._good)
        else:
            self.append(head)

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError(f"{self._written_to} is not open")
        return self._file

    def append(self, data: bytes) -> int:
        """Appends data durably, and returns the length.

        What is written beside has to be durable only once it is renamed.
        """
        file = self._opened()
        if self._resumable and os.fstat(file.fileno()).st_size != file.tell():
            raise CheckpointError(
                f"Something else has changed {self._path} meanwhile: end one of the two crawls, "
                "and give each a checkpoint and a file of its own"
            )
        file.write(data)
        if self._resumable:
            self._flush()
        return file.tell()

    def _flush(self) -> None:
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())

    def finish(self) -> None:
        """Puts the complete file in its place."""
        self._flush()
        self._opened().close()
        if not self._resumable:
            self._written_to.replace(self._path)

    def close(self) -> None:
        """Closes it. What was written beside and is not finished is deleted."""
        if self._file is None:
            return
        # What could not be written, for the disk is full, cannot be written here either.
        with suppress(OSError):
            self._file.close()
        if not self._resumable:
            with suppress(OSError):
                self._written_to.unlink()
