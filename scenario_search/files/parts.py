"""Files on their way: under another name until they are complete."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import BinaryIO

import orjson

from scenario_search.files.lines import open_own, sync_folder
from scenario_search.files.names import PART
from scenario_search.wire.image_types import HEAD

__all__ = ["PartialFile", "file_digest", "file_length"]

_READ_SIZE = 2**20
_NOTED_EVERY = 2**24
"""Bytes that may have to be fetched again after a crash."""


class PartialFile:
    """A file that is written as ``<name>.part``, and renamed when it is complete.

    A file whose server gives it an ETag can be continued, by this run or a later one. Beside it
    then stands a note: the ETag, where the bytes came from, and how many of them are known to be
    on the disk. No byte counts that the note does not vouch for, so that a part never holds the
    bytes of two contents, nor what a crash has left of a file. All methods block.

    Args:
        path: The file.
        source: Where it comes from: what another source has left is not continued.

    Attributes:
        size: The number of bytes that are there.
        etag: The strong ETag of what they are part of; ``None`` where they cannot be continued.
        head: The first bytes.
    """

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._source = source
        self._part = path.with_name(f"{path.name}{PART}")
        self._note = path.with_name(f"{path.name}{PART}.json")
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None
        self._noted = 0
        self.size = 0
        self.etag: str | None = None
        self.head = b""

    def open(self) -> None:
        """Opens it, and reads what an earlier run has left, if that can be continued."""
        if self._part.exists() and self._part.stat().st_nlink > 1:
            self._part.unlink()  # what is written here would be in another file too
        self._file = open_own(self._part)
        self.etag, vouched = self._read_note()
        while self.size < vouched:
            piece = self._file.read(min(_READ_SIZE, vouched - self.size))
            if not piece:
                break
            self._take(piece)
        self._noted = self.size
        if self.size:
            self._file.seek(self.size)
            self._file.truncate()
        else:
            self.start_anew(None)

    def _read_note(self) -> tuple[str | None, int]:
        if not self._note.exists():
            return None, 0
        try:
            with open_own(self._note) as file:
                note = orjson.loads(file.read())
            etag, size, source = note["etag"], note["bytes"], note["source"]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            return None, 0
        usable = isinstance(etag, str) and isinstance(size, int) and source == self._source
        return (etag, size) if usable else (None, 0)

    def _write_note(self) -> None:
        """Vouches for what is there, once it is on the disk."""
        if self.etag is None or self._noted == self.size:
            return
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())
        note = {"etag": self.etag, "bytes": self.size, "source": self._source}
        new = self._note.with_name(f"{self._note.name}.new")
        new.unlink(missing_ok=True)
        with new.open("xb") as written:
            written.write(orjson.dumps(note))
        new.replace(self._note)
        self._noted = self.size

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError(f"{self._part} is not open")
        return self._file

    def _take(self, piece: bytes) -> None:
        self._digest.update(piece)
        self.size += len(piece)
        if len(self.head) < HEAD:
            self.head += piece[: HEAD - len(self.head)]

    def start_anew(self, etag: str | None) -> None:
        """Drops what is there.

        Args:
            etag: The ETag of the content that comes now.
        """
        file = self._opened()
        if self._note.exists() or self._note.is_symlink():
            # Durable before the first byte of the new content: see the class.
            self._note.unlink()
            sync_folder(self._note.parent)
        file.seek(0)
        file.truncate(0)
        self._digest = hashlib.sha256()
        self._noted = self.size = 0
        self.head = b""
        self.etag = etag

    def append(self, piece: bytes) -> None:
        """Adds bytes at the end."""
        self._opened().write(piece)
        self._take(piece)
        if self.size - self._noted >= _NOTED_EVERY:
            self._write_note()

    def finish(self) -> str:
        """Gives the file its name, and returns the SHA-256 digest of its content.

        Raises:
            OSError: It cannot be written, or a folder has its name.
        """
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())
        file.close()
        self._part.replace(self._path)
        self._note.unlink(missing_ok=True)
        return self._digest.hexdigest()

    def close(self) -> None:
        """Closes it. What can be continued stays, for this run or another."""
        if self._file is None or self._file.closed:
            return
        if self.size and self.etag is not None:
            self._write_note()
            self._file.close()
        else:
            self._file.close()
            self._part.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)


def file_length(path: Path) -> int | None:
    """Returns the length of a regular file; ``None`` if there is none, but a link for example."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def file_digest(path: Path) -> str:
    """Returns the SHA-256 digest of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
