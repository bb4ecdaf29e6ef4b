"""One emulator at a time for a database file.

Indexes are held in memory, and only whoever writes brings them up to date: two emulators on one
file would not see each other's documents, and would overwrite each other's vectors.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from scenario_search.emulator.store.store import StoreError

__all__ = ["FileLock"]


class FileLock:
    """A lock that ends with its process, however that ends.

    It is SQLite's own lock on an empty file beside the database, since that works alike on every
    system, between processes and within one.

    Args:
        path: The database file.

    Raises:
        StoreError: Another emulator has it, or there can be no file beside it.
    """

    def __init__(self, path: Path) -> None:
        beside = path.with_name(f"{path.name}-lock")
        try:
            self._connection = sqlite3.connect(
                beside, timeout=0, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise StoreError(f"{beside} can't be made: {error}") from error
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._connection.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise StoreError(
                    f"{path} is open in another emulator: stop that one, or use a copy of the file"
                ) from error
            raise StoreError(f"{beside} can't be locked: {error}") from error

    def release(self) -> None:
        """Lets another emulator have the file. May be called again."""
        self._connection.close()
