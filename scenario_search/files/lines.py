"""Files on disk that nobody else writes through, and files of JSON lines that only grow."""

from __future__ import annotations

import abc
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

import orjson

__all__ = ["JsonLines", "open_own", "sync_folder"]

_NO_FOLLOW = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)


def open_own(path: Path, *, append: bool = False) -> BinaryIO:
    """Opens a file to read and write, and creates it if it does not exist.

    A name that is a link, or not a regular file, may lead to what belongs to somebody else. It is
    removed, and a new file takes its place.

    Raises:
        OSError: It cannot be opened, or a folder has its name.
    """
    flags = os.O_RDWR | _NO_FOLLOW | (os.O_APPEND if append else 0)
    if not _is_regular(path):
        path.unlink(missing_ok=True)
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        descriptor = os.open(path, flags)
    return os.fdopen(descriptor, "a+b" if append else "r+b")


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return True


def sync_folder(path: Path) -> None:
    """Makes durable which names a folder holds, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class JsonLines(abc.ABC):
    """A file with one JSON object on each line, to which lines are added. All methods block.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._synced = True

    @abc.abstractmethod
    def _read(self, line: dict[str, Any]) -> None:
        """Takes an object that is in the file."""

    def open(self) -> None:
        """Opens the file and reads what is in it.

        A last line that broke off, when a process was killed, is removed. Other lines that are
        not objects stay, and are passed over.
        """
        self._file = open_own(self.path, append=True)
        complete = 0
        with self.path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    self._file.truncate(complete)
                    break
                complete += len(line)
                try:
                    value = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue
                if isinstance(value, dict):
                    self._read(value)

    def _append(self, line: bytes) -> None:
        """Adds an object's JSON."""
        if self._file is not None:
            self._synced = False
            self._file.write(line + b"\n")
            self._file.flush()

    def sync(self) -> None:
        """Makes all lines durable."""
        if self._file is not None and not self._synced:
            os.fsync(self._file.fileno())
            self._synced = True

    def close(self) -> None:
        """Makes all lines durable and closes the file. Closing again does nothing."""
        if self._file is None:
            return
        self.sync()
        self._file.close()
        self._file = None
