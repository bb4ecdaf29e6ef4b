"""The folder of a download in a store, by way of a folder of this machine.

Each file is downloaded and checked on this machine, then copied to the store and deleted here. The
manifest and the metadata grow here, and are copied after every hundred files and at the end: so a
download that was killed fetches at most those again. Stores have no locks: two downloads to one
folder lose lines of each other's manifest.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scenario_search.export.targets import store_of
from scenario_search.files.folder import Folder
from scenario_search.files.manifest import DownloadedFile
from scenario_search.files.names import MANIFEST, METADATA
from scenario_search.wire.hits import SearchAssetSearchResponse

__all__ = ["StoreFolder"]

_COPY_EVERY = 100
_BLOCK = 2**20


class StoreFolder(Folder):
    """A folder in a store. Its methods block.

    Args:
        url: Its URL.

    Raises:
        ImportError: fsspec, or what it needs for this kind of URL, is not installed.
        ValueError: fsspec does not know this kind of URL.
    """

    def __init__(self, url: str) -> None:
        self._files, root = store_of(url)
        self._root = root.rstrip("/")
        self._here = TemporaryDirectory()
        self._sizes: dict[str, int] = {}
        self._copying = threading.Lock()
        self._recorded = 0
        super().__init__(Path(self._here.name))

    def _name(self, name: str) -> str:
        return f"{self._root}/{name}"

    def open(self) -> None:
        """Reads what the folder holds.

        Raises:
            OSError: The store cannot be reached.
        """
        self._files.makedirs(self._root, exist_ok=True)
        self._files.invalidate_cache()
        entries: list[dict[str, Any]] = self._files.ls(self._root, detail=True)
        for entry in entries:
            if entry["type"] == "file":
                self._sizes[entry["name"].rpartition("/")[2]] = entry["size"]
        for name in (MANIFEST, METADATA):
            if name in self._sizes:
                self._files.get_file(self._name(name), str(self.path / name))
        super().open()

    def length(self, name: str) -> int | None:
        """Returns the length of a file; ``None`` if it is not there."""
        return self._sizes.get(name)

    def digest(self, name: str) -> str:
        """Returns the SHA-256 digest of a file's content, in hexadecimal."""
        digest = hashlib.sha256()
        with self._files.open(self._name(name), "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def record(self, file: DownloadedFile, asset: SearchAssetSearchResponse) -> None:
        """Moves a file into the store, and adds what became of it."""
        if file.status == "downloaded" and file.path is not None:
            local = self.path / file.path
            self._files.put_file(str(local), self._name(file.path))
            self._sizes[file.path] = file.bytes or 0
            local.unlink()
        super().record(file, asset)
        self._recorded += 1
        if self._recorded % _COPY_EVERY == 0:
            self.sync()

    def sync(self) -> None:
        """Copies the manifest and the metadata into the store."""
        with self._copying:
            super().sync()
            self._copy_lists()

    def _copy_lists(self) -> None:
        for name in (MANIFEST, METADATA):
            if (self.path / name).exists():
                self._files.put_file(str(self.path / name), self._name(name))

    def close(self) -> None:
        """Copies the manifest and the metadata, and deletes what is left on this machine."""
        try:
            super().close()
            self._copy_lists()
        finally:
            with suppress(OSError):
                self._here.cleanup()
