"""The connections to the store's file: one that writes, several that read."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from scenario_search.emulator.contract.refusals import check_wanted
from scenario_search.emulator.store.schema import (
    StoreError,
    file_error,
    open_connection,
    prepare,
    prepare_originals,
)

__all__ = ["Connections", "given_up_at"]

READERS: Final = 8
"""So many reads run at the same time; further ones wait."""

_LOOK_EVERY: Final = 100_000
"""Instructions of SQLite's machine, some milliseconds."""

T = TypeVar("T")


class Connections:
    """Connections to one file, for any number of threads.

    Args:
        path: The file, made if it is not there. None for a temporary one, removed by `close`.

    Raises:
        StoreError: The file is no store, is of another version, or can't be opened.
    """

    def __init__(self, path: Path | str | None) -> None:
        if str(path) in {"", ".", ":memory:"} or str(path).startswith("file:"):
            raise StoreError(f"{str(path)!r} names no file: leave it out for a temporary one")
        if path is not None and os.access(path, os.F_OK) and not os.access(path, os.W_OK):
            raise StoreError(f"{path} can't be written; use a copy of it")
        self._directory = None if path is not None else _temporary_folder()
        self.path = Path(path if path is not None else f"{self._directory}/store.db")
        self._closed = False
        self._write_lock = threading.Lock()
        self._read_permits = threading.Semaphore(READERS)
        self._idle: list[sqlite3.Connection] = []
        try:
            self._writer = self._connect()
            try:
                self._writer.execute("PRAGMA cache_size = -65536")
                prepare(self._writer, self.path)
                prepare_originals(self._writer)
            except BaseException:
                self._writer.close()
                raise
        except BaseException:
            self._remove_directory()
            raise

    def close(self) -> None:
        """Waits for what is under way, then closes the file. May be called again."""
        with self._write_lock:
            if self._closed:
                return
            self._closed = True
            for _ in range(READERS):
                self._read_permits.acquire()
            for connection in [*self._idle, self._writer]:
                connection.close()
            self._idle.clear()
            self._read_permits.release(READERS)
        self._remove_directory()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, after those before it; an exception undoes it.

        Raises:
            StoreError: The file is damaged, or can't be read or written.
        """
        with self._write_lock:
            self._check_open()
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                if isinstance(error, sqlite3.DatabaseError):
                    raise file_error(self.path, error) from error
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A read transaction: all that is read in it is of one state.

        Raises:
            StoreError: The file is damaged, or can't be read.
        """
        with self._read_permits:
            self._check_open()
            # The connection used last has the warmest cache.
            connection = self._idle.pop() if self._idle else self._connect()
            try:
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
            except sqlite3.DatabaseError as error:
                raise file_error(self.path, error) from error
            finally:
                self._idle.append(connection)

    def _connect(self) -> sqlite3.Connection:
        return open_connection(self.path, durable=self._directory is None)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("The store is closed")

    def _remove_directory(self) -> None:
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)


def given_up_at(
    stopping: threading.Event,
    left: threading.Event | None,
    connection: sqlite3.Connection,
    read: Callable[[sqlite3.Connection], T],
) -> T:
    """Reads, which a large filter may make last for minutes.

    Args:
        stopping: Set when the emulator stops.
        left: Set when nobody waits for the answer any more.
        connection: What to read from.
        read: Reads.

    Raises:
        EmulatorStoppedError: The emulator stops.
        CancelledError: Nobody waits.
    """
    ends = [each for each in (stopping, left) if each is not None]
    connection.set_progress_handler(lambda: any(each.is_set() for each in ends), _LOOK_EVERY)
    try:
        return read(connection)
    except sqlite3.OperationalError:
        check_wanted("searched", stopping, left)
        raise
    finally:
        connection.set_progress_handler(None, 0)


def _temporary_folder() -> str:
    try:
        return tempfile.mkdtemp(prefix="scenario-")
    except OSError as error:
        raise StoreError(f"A temporary database could not be created: {error}") from error
