"""The files of a download: their names, what is there already, and the manifest.

A file is written as ``<name>.part``, then renamed, so that a name without ``.part`` is a whole
file. The manifest has a line of JSON for each file, in the order they were finished.
"""

from __future__ import annotations

import builtins
import hashlib
import mimetypes
import os
import re
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import attrs
import orjson

__all__ = ["DownloadedFile", "Manifest", "PartialFile", "file_name"]

_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}", re.ASCII)
_SAFE_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d|manifest", re.IGNORECASE)
_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "model/gltf-binary": ".glb",
    "text/plain": ".txt",
}
_READ_AT_ONCE = 2**20
_PART = ".part"


def file_name(asset_id: object, mime_type: object, url: str) -> str:
    """Give the name of an asset's file: its id, and a suffix that tells its type.

    It is safe in any folder, whatever a server says: letters, digits, ``_`` and ``-`` before the
    suffix, and no name that an operating system or the download itself reserves. An id that is
    no such name is told from others by a digest.

    Args:
        asset_id: The asset's id.
        mime_type: Its MIME type, or anything.
        url: The URL of its file, whose suffix serves where the type tells none.
    """
    text = str(asset_id)
    stem = text
    if not _SAFE_NAME.fullmatch(text) or _RESERVED.fullmatch(text):
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        stem = f"{_UNSAFE.sub('_', text)[:60].strip('_') or 'asset'}-{digest}"
    return stem + _suffix(mime_type, url)


def _suffix(mime_type: object, url: str) -> str:
    bare = mime_type.partition(";")[0].strip().lower() if isinstance(mime_type, str) else ""
    known = _SUFFIXES.get(bare) or mimetypes.guess_extension(bare)
    suffix = known or os.path.splitext(_path(url))[1]  # noqa: PTH122 - of a URL
    suffix = suffix.lower()
    return suffix if _SAFE_SUFFIX.fullmatch(suffix) and suffix != _PART else ""


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


@attrs.frozen
class DownloadedFile:
    """A file that was downloaded, or was there already, or could not be downloaded.

    Attributes:
        id: The asset's id.
        path: Its path, from the folder on; ``None`` where there is none.
        bytes: Its length.
        sha256: The SHA-256 digest of its content, in hexadecimal.
        mime: The MIME type that the server told.
        status: ``"downloaded"``, ``"skipped"`` for one that was there already, or ``"failed"``.
        error: Why it failed.
    """

    id: str
    path: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    mime: str | None = None
    status: str = "downloaded"
    error: str | None = None

    def to_json(self) -> builtins.bytes:
        """Give the manifest's line."""
        fields = {name: value for name, value in attrs.asdict(self).items() if value is not None}
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE, default=str)


class Manifest:
    """A file with a line of JSON for each file of a folder. Reading and writing block.

    Args:
        path: The file. What is in it already is read: the last line about an asset counts, and
            a line that was cut off is passed over.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done: dict[str, tuple[str, int]] = {}
        self._file: BinaryIO | None = None

    def open(self) -> None:
        """Read what is there, and be ready for more. The folder is made if it is not there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+b")
        self._file.seek(0)
        last = b"\n"
        for line in self._file:
            last = line
            try:
                entry = orjson.loads(line)
                self._done.pop(entry["id"], None)
                if entry["status"] == "downloaded":
                    self._done[entry["id"]] = entry["path"], entry["bytes"]
            except (orjson.JSONDecodeError, TypeError, KeyError):
                continue
        if not last.endswith(b"\n"):
            self._file.write(b"\n")

    def length(self, asset_id: str, path: str) -> int | None:
        """Give the length of an asset's file, if it was finished under this name."""
        finished_as, size = self._done.get(asset_id, (None, None))
        return size if finished_as == path else None

    def add(self, file: DownloadedFile) -> None:
        """Add a line."""
        if self._file is not None:
            self._file.write(file.to_json())
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class PartialFile:
    """A file that is on its way, under another name until it is whole. All methods block.

    What an earlier run left is gone on with.

    Args:
        path: Where it will be.

    Attributes:
        size: How many bytes are there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}{_PART}")
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None
        self.size = 0

    def open(self) -> None:
        """Open it, and read what is there."""
        self._file = self._part.open("a+b")
        self._file.seek(0)
        while piece := self._file.read(_READ_AT_ONCE):
            self._digest.update(piece)
            self.size += len(piece)

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError(f"{self._part} is not open")
        return self._file

    def start_anew(self) -> None:
        """Forget what is there."""
        self._opened().truncate(0)
        self._digest = hashlib.sha256()
        self.size = 0

    def append(self, piece: bytes) -> None:
        """Add to the end."""
        self._opened().write(piece)
        self._digest.update(piece)
        self.size += len(piece)

    def finish(self) -> str:
        """Give it its name, and the SHA-256 digest of its content."""
        self._opened().close()
        self._part.replace(self._path)
        return self._digest.hexdigest()

    def close(self) -> None:
        """Close it, and leave it for another run; delete it where there is nothing in it."""
        if self._file is None:
            return
        self._file.close()
        if not self.size:
            self._part.unlink(missing_ok=True)
