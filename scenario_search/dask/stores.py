"""Files in a store of fsspec: a folder on a disk, or a bucket.

Stores have no locks, few can append, and of two writers the last one wins. So a file is written
whole under a name of its own, and then moved to its place. A move replaces what is there as a
whole, or not at all: on a disk it renames, elsewhere it copies what is complete already.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import fsspec

__all__ = ["Store"]


class Store:
    """A folder in a store. All methods block.

    Args:
        url: Its URL, such as ``s3://bucket/folder``, or a path.
        options: Options of its file system.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self._files, root = fsspec.core.url_to_fs(url, **options)
        self._root = root.rstrip("/")

    def path(self, name: str) -> str:
        """Returns the path of a file in its file system."""
        return f"{self._root}/{name}"

    def make_folder(self, name: str) -> None:
        """Makes a folder, where the store has such."""
        self._files.makedirs(self.path(name), exist_ok=True)

    def exists(self, name: str) -> bool:
        """Returns whether a file is there."""
        self._files.invalidate_cache()
        return bool(self._files.exists(self.path(name)))

    def names(self, folder: str) -> list[str]:
        """Returns the names of the files in a folder, in their order; none if it is not there."""
        self._files.invalidate_cache()
        try:
            paths = self._files.ls(self.path(folder), detail=False)
        except FileNotFoundError:
            return []
        names = (path.rstrip("/").rpartition("/")[2] for path in paths)
        return sorted(name for name in names if name)

    def read(self, name: str) -> bytes:
        """Returns a file's content.

        Raises:
            FileNotFoundError: It is not there.
        """
        data: bytes = self._files.cat_file(self.path(name))
        return data

    def open(self, name: str) -> IO[bytes]:
        """Opens a file to read parts of it."""
        file: IO[bytes] = self._files.open(self.path(name), "rb")
        return file

    def write(self, name: str, data: bytes) -> None:
        """Writes a file. A reader may see a part of it, where a disk is the store."""
        self._files.pipe_file(self.path(name), data)

    def create(self, name: str, data: bytes) -> bool:
        """Writes a file that is not there; returns ``False``, and writes nothing, if it is.

        Where two do so at the same moment, only one of them gets ``True``.
        """
        try:
            with self._files.open(self.path(name), "xb") as file:
                file.write(data)
        except FileExistsError:
            return False
        except OSError:
            # Stores word it differently that a condition of the request is not met.
            if not self.exists(name) or self.read(name) == data:
                raise
            return False
        return True

    def put(self, path: Path, name: str) -> None:
        """Copies a file of this machine into the store."""
        self._files.put_file(str(path), self.path(name))

    @contextmanager
    def replacing(self, name: str, folder: str) -> Iterator[IO[bytes]]:
        """Opens a file to write it; at the end of the block it takes its place.

        Args:
            name: Its name.
            folder: Where it is until then; a process that is killed leaves it there.
        """
        beside = f"{folder}/{uuid.uuid4().hex}.partial"
        try:
            with self._files.open(self.path(beside), "wb") as file:
                yield file
            self._files.mv(self.path(beside), self.path(name))
        except BaseException:
            self.delete(beside)
            raise

    def delete(self, name: str) -> None:
        """Deletes a file or a folder, if it is there."""
        with suppress(FileNotFoundError):
            self._files.rm(self.path(name), recursive=True)
