"""The folder of a download: its lock, and what is written about its files."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from scenario_search.errors import InvalidParamsError
from scenario_search.files.manifest import DownloadedFile, Manifest
from scenario_search.files.metadata import ImageFolderMetadata
from scenario_search.files.names import LOCK, MANIFEST, METADATA
from scenario_search.files.parts import file_digest, file_length
from scenario_search.messages import Message, named
from scenario_search.wire.hits import SearchAssetSearchResponse

__all__ = ["Folder"]


class Folder:
    """The folder of a download, which is locked while it is open. Its methods block.

    Args:
        path: The folder; created if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = Manifest(path / MANIFEST)
        self.metadata = ImageFolderMetadata(path / METADATA)
        self._lock = FileLock(path / LOCK, thread_local=False)

    def open(self) -> None:
        """Locks the folder and reads what it holds.

        Raises:
            InvalidParamsError: Another download into it is running.
            OSError: It cannot be written to.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise InvalidParamsError(
                Message(
                    "{} {} has a download running: wait for its end, or use another folder",
                    named("directory"),
                    self.path,
                )
            ) from None
        self.manifest.open()
        self.metadata.open()

    def length(self, name: str) -> int | None:
        """Returns the length of a file; ``None`` if it is not there."""
        return file_length(self.path / name)

    def digest(self, name: str) -> str:
        """Returns the SHA-256 digest of a file's content, in hexadecimal."""
        return file_digest(self.path / name)

    def record(self, file: DownloadedFile, asset: SearchAssetSearchResponse) -> None:
        """Adds what became of a file."""
        if file.path is None:
            return
        if file.status == "failed":
            self.metadata.remove(file.path)
        else:
            self.metadata.add(file.path, file.mime, asset)
        if file.status != "skipped":
            self.manifest.add(file)

    def sync(self) -> None:
        """Makes durable what was added."""
        self.metadata.sync()
        self.manifest.sync()

    def close(self) -> None:
        """Makes durable what was added, and unlocks the folder. Closing again does nothing."""
        try:
            self.metadata.close()
            self.manifest.close()
        finally:
            self._lock.release()
