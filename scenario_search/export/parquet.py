"""Exports to Parquet, by way of pyarrow.

The columns are those of :mod:`scenario_search.export.frames`, with types that do not depend on
what the hits hold: text as ``string``, numbers as ``double``, timestamps as ``timestamp[ms,
UTC]``, lists as ``list<string>``. A value of another type, or a whole number beyond 2**53, is in
the JSON of ``extra``, under its column's name.

A Parquet file cannot be appended to. With a checkpoint the hits are therefore collected in a JSONL
file beside (``<name>.partial.jsonl``), and the Parquet file is written at the end.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from scenario_search.concurrency.threads import in_thread
from scenario_search.converter import structure
from scenario_search.errors import IncompleteCrawlError
from scenario_search.export import frames
from scenario_search.export.files import ExportSource, check_place, place_beside, to_jsonl
from scenario_search.wire.codec import read_json
from scenario_search.wire.hits import Hit

__all__ = ["RowGroups", "collected_beside", "to_parquet"]

H = TypeVar("H", bound=Hit)

_ROW_GROUP = 2_000
"""Rows of a row group, at least: small ones make a file slow to read, large ones take memory."""


async def to_parquet(
    source: ExportSource[H], path: str | os.PathLike[str], *, resumable: bool = False
) -> None:
    """Writes hits as Parquet, in row groups as they come.

    Args:
        source: The hits.
        path: The file.
        resumable: Whether there is a checkpoint.

    Raises:
        ImportError: pyarrow is not installed.
        CheckpointError: The file does not match the checkpoint.
        IncompleteCrawlError: Some hits cannot be reached. Raised at the end.
    """
    _pyarrow()
    path = Path(path)
    await in_thread(check_place, path)
    if not resumable:
        await _stream(source, path)
        return
    collected = collected_beside(path)
    try:
        await to_jsonl(source, collected, instead=path)
    except IncompleteCrawlError:
        await in_thread(_convert, collected, path, source.hit_class)
        raise
    if not collected.exists():
        return
    await in_thread(_convert, collected, path, source.hit_class)
    checkpoint = source.checkpoint()
    if checkpoint is not None and checkpoint.finished:
        collected.unlink()


def collected_beside(path: str | os.PathLike[str]) -> Path:
    """Returns the file that the hits are collected in, where there is a checkpoint."""
    path = Path(path)
    return path.with_name(f"{path.name}.partial.jsonl")


def _pyarrow() -> Any:
    try:
        importlib.import_module("pyarrow.parquet")
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise ImportError(
            "This needs pyarrow: pip install 'scenario-search[parquet]'", name="pyarrow"
        ) from error


class RowGroups:
    """Writes hits as Parquet, in row groups as they come.

    Args:
        sink: A path, or a file object to write bytes to, which stays open.
        kind: The class of the hits.

    Attributes:
        schema: The columns and their types, always the same for a class.
        count: How many hits were added.

    Raises:
        ImportError: pyarrow is not installed.
    """

    def __init__(self, sink: Any, kind: type[Hit]) -> None:
        self._arrow = arrow = _pyarrow()
        self._columns = frames.columns(kind)
        types = {
            "text": arrow.string(),
            "number": arrow.float64(),
            "timestamp": arrow.timestamp("ms", tz="UTC"),
            "list": arrow.list_(arrow.string()),
        }
        self.schema = arrow.schema([(name, types[what]) for name, what in self._columns.items()])
        self.count = 0
        self._writer = arrow.parquet.ParquetWriter(sink, self.schema)
        self._waiting: list[dict[str, Any]] = []

    def write(self, hits: Iterable[Hit]) -> None:
        """Adds hits; they are written once there are enough for a row group."""
        hits = list(hits)
        rows = frames.rows(hits)
        for hit, row in zip(hits, rows, strict=True):
            _fit(hit, row, self._columns)
        self.count += len(rows)
        self._waiting += rows
        if len(self._waiting) >= _ROW_GROUP:
            self._write_group()

    def _write_group(self) -> None:
        arrays = [
            self._arrow.array([row[field.name] for row in self._waiting], field.type)
            for field in self.schema
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self.schema))
        self._waiting = []

    def finish(self, metadata: Mapping[bytes, bytes] | None = None) -> None:
        """Writes what is left, and the footer.

        Args:
            metadata: What to add to the footer.
        """
        if self._waiting:
            self._write_group()
        if metadata:
            self._writer.add_key_value_metadata(dict(metadata))
        self._writer.close()

    def drop(self) -> None:
        """Closes a file that is not finished."""
        with suppress(OSError):
            self._writer.close()


class _Writer:
    """Writes a Parquet file beside its place, and moves it there when it is whole."""

    def __init__(self, path: Path, kind: type[Hit], *, is_locked: bool = False) -> None:
        self._path = self._beside = path
        self._kind = kind
        self._is_locked = is_locked
        self._rows: RowGroups | None = None

    def open(self) -> None:
        """Creates the file."""
        self._path, self._beside = place_beside(self._path)
        if self._is_locked:
            # No other crawl writes there, and what a killed one left is written over.
            self._beside = self._path.with_name(f"{self._path.name}.partial")
        self._rows = RowGroups(self._beside, self._kind)

    def _opened(self) -> RowGroups:
        if self._rows is None:
            raise ValueError(f"{self._beside} is not open")
        return self._rows

    def write(self, hits: Iterable[Hit]) -> None:
        """Adds hits."""
        self._opened().write(hits)

    def finish(self) -> None:
        """Writes what is left, and puts the file in its place."""
        self._opened().finish()
        self._beside.replace(self._path)

    def drop(self) -> None:
        """Deletes the file, if it is not finished."""
        if self._rows is None:
            return
        self._rows.drop()
        with suppress(OSError):
            self._beside.unlink()


def _fit(hit: Hit, row: dict[str, Any], columns: dict[str, str]) -> None:
    """Makes a row's values fit the types of their columns."""
    odd: dict[str, Any] = {}
    for name, what in columns.items():
        value = row[name]
        if what == "timestamp":
            text = getattr(hit, name)
            if isinstance(value, datetime):
                row[name] = value.replace(microsecond=value.microsecond // 1000 * 1000)
            elif text is not None:
                odd[name] = text
        elif value is not None and not _fits(value, what):
            row[name] = None
            odd[name] = value
        elif what == "text" and value is not None:
            row[name] = frames.encodable(value)
        elif what == "list" and value is not None:
            row[name] = [*map(frames.encodable, value)]
    if odd:
        known = json.loads(row[frames.EXTRA]) if row[frames.EXTRA] else {}
        row[frames.EXTRA] = frames.json_text({**known, **odd})


def _fits(value: Any, what: str) -> bool:
    if what == "text":
        return isinstance(value, str)
    if what == "number":
        # pyarrow refuses whole numbers that a double may not hold exactly.
        whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 2**53
        return whole or isinstance(value, float)
    return all(isinstance(item, str) for item in value)


async def _stream(source: ExportSource[H], path: Path) -> None:
    """Writes hits as they come."""
    writer = _Writer(path, source.hit_class)
    try:
        await in_thread(writer.open)
        try:
            async with aclosing(source.batches) as batches:
                async for batch in batches:
                    await in_thread(writer.write, batch.hits)
        except IncompleteCrawlError:
            await in_thread(writer.finish)
            raise
        await in_thread(writer.finish)
    finally:
        await in_thread(writer.drop)


def _convert(collected: Path, path: Path, kind: type[H]) -> None:
    """Writes what was collected as JSONL to a Parquet file."""
    writer = _Writer(path, kind, is_locked=True)
    try:
        writer.open()
        with collected.open("rb") as lines:
            for batch in _batches(lines):
                writer.write([structure(read_json(line), kind) for line in batch])
        writer.finish()
    finally:
        writer.drop()


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _ROW_GROUP:
            yield batch
            batch = []
    yield batch
