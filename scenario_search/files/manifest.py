"""The manifest of a folder: what was downloaded into it, and what could not be."""

from __future__ import annotations

import builtins
import copy
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs

from scenario_search.files.lines import JsonLines
from scenario_search.text import shown_url
from scenario_search.wire.document import json_bytes
from scenario_search.wire.secrets import rewrite

__all__ = ["DownloadedFile", "Manifest", "ManifestEntry", "was_signed"]

_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_LEFT_OUT = "?..."


@attrs.frozen
class DownloadedFile:
    """The result for one file: downloaded, skipped or failed.

    Attributes:
        id: The asset's id.
        path: Its path in the folder. A file that failed is not there.
        bytes: Its length.
        sha256: The SHA-256 digest of its content, in hexadecimal.
        mime: Its MIME type: for a picture the detected type, otherwise the server's.
        source: The path of the URL that it came from.
        status: ``"downloaded"``, ``"skipped"`` for one that was there already, or ``"failed"``.
        error: Why it failed.
        asset: The asset of a file that failed, as the API sent it, to try again. In the manifest
            its URLs have lost their signatures.
    """

    id: str
    path: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    mime: str | None = None
    source: str | None = None
    status: str = "downloaded"
    error: str | None = None
    asset: dict[str, Any] | None = attrs.field(default=None, repr=False)

    def to_json(self) -> builtins.bytes:
        """Returns the manifest's line."""
        fields = attrs.fields_dict(type(self))
        line = {name: value for name in fields if (value := getattr(self, name)) is not None}
        if self.asset is not None:
            line["asset"] = rewrite(copy.deepcopy(self.asset), _without_signature)
        return json_bytes(line)


def was_signed(url: str) -> bool:
    """Returns whether a URL in a manifest has lost its signature, so that it needs a fresh one."""
    return url.endswith(_LEFT_OUT)


def _without_signature(text: str) -> str:
    if _URL.fullmatch(text) is None:
        return text
    shown = shown_url(text)
    return text if shown == text else shown + _LEFT_OUT


@attrs.frozen
class ManifestEntry:
    """What the manifest says of a file that was downloaded.

    Attributes:
        size: Its length.
        digest: The SHA-256 digest of its content.
        source: The path of the URL that it came from.
        mime: Its MIME type.
    """

    size: int
    digest: bytes
    source: str
    mime: str | None


class Manifest(JsonLines):
    """A file with a line of JSON for each file of a folder. All methods block.

    The last line about a path counts. A line is added when a file was downloaded, and when it
    failed for the first time or for another reason, so a file has few.

    Args:
        path: The manifest.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._entries: dict[str, ManifestEntry] = {}
        self._failed: dict[str, dict[str, Any]] = {}

    def _read(self, line: dict[str, Any]) -> None:
        path = line.get("path")
        if not isinstance(path, str):
            return
        self._entries.pop(path, None)
        self._failed.pop(path, None)
        size, digest, source = (line.get(name) for name in ("bytes", "sha256", "source"))
        if line.get("status") == "failed":
            self._failed[path] = line
        elif isinstance(size, int) and isinstance(digest, str) and isinstance(source, str):
            mime = line.get("mime")
            mime = sys.intern(mime) if isinstance(mime, str) else None
            with suppress(ValueError):  # edited by hand: the file is not known
                entry = ManifestEntry(size, bytes.fromhex(digest), source, mime)
                self._entries[path] = entry

    def entry(self, path: str) -> ManifestEntry | None:
        """Returns what is known of a file that was downloaded."""
        return self._entries.get(path)

    def failed(self) -> Iterable[tuple[str, dict[str, Any]]]:
        """Returns the path and the asset's JSON of each file whose last attempt failed."""
        assets = [(path, line.get("asset")) for path, line in self._failed.items()]
        return [(path, asset) for path, asset in assets if isinstance(asset, dict)]

    def add(self, file: DownloadedFile) -> None:
        """Adds a line, unless the last one about the file says the same."""
        known = self._failed.get(file.path or "")
        if file.status == "failed" and known is not None and known.get("error") == file.error:
            return
        self._append(file.to_json())
        self._read(attrs.asdict(file))
