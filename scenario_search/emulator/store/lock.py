"""One emulator at a time for a database file.

Indexes are held in memory, and only whoever writes brings them up to date: two emulators on one
file would not see each other's documents, and would overwrite each other's vectors.
"""

from __future__ import annotations

from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from scenario_search.emulator.store.store import StoreError

__all__ = ["locked"]


def locked(path: Path) -> BaseFileLock:
    """Returns a lock on a database file, which ends with its process, however that ends.

    Args:
        path: The database file. The lock is a file beside it.

    Raises:
        StoreError: Another emulator has it, or there can be no file beside it.
    """
    beside = path.with_name(f"{path.name}-lock")
    lock = FileLock(beside, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise StoreError(
            f"{path} is open in another emulator: stop that one, or use a copy of the file"
        ) from None
    except OSError as error:
        raise StoreError(f"{beside} can't be locked: {error}") from error
    return lock
