"""``metadata.jsonl``: the pictures of a folder with what is known of them, as a data set.

It has the form that Hugging Face's ``datasets`` loads with ``load_dataset("imagefolder", ...)``:
one line for each picture, with its ``file_name`` and the columns of ``to_pandas()``. URLs are left
out, since signed URLs are secrets.

Source: "Create an image dataset" in the documentation of ``datasets``.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from scenario_search.export.frames import columns, rows
from scenario_search.files.lines import JsonLines
from scenario_search.wire.document import json_bytes
from scenario_search.wire.hits import SearchAssetSearchResponse

__all__ = ["ImageFolderMetadata"]

_PICTURES = {"image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"}
"""What ``datasets`` takes for a picture, and Pillow decodes everywhere."""

_COLUMNS = {
    name: kind
    for name, kind in columns(SearchAssetSearchResponse).items()
    if name != "extra" and not name.endswith("url")
}
_INT64 = range(-(2**63), 2**63)


class ImageFolderMetadata(JsonLines):
    """The file of a folder. All methods block.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._names: set[str] = set()
        self._gone: set[str] = set()

    def _read(self, line: dict[str, Any]) -> None:
        name = line.get("file_name")
        if isinstance(name, str):
            self._names.add(name)

    def add(self, name: str, mime: object, asset: SearchAssetSearchResponse) -> None:
        """Adds a picture that is in the folder, unless it has a line. Other files have none.

        Args:
            name: The file's name.
            mime: The MIME type of its content.
            asset: Its asset.
        """
        self._gone.discard(name)
        if name in self._names or mime not in _PICTURES:
            return
        self._names.add(name)
        self._append(json_bytes(_row(name, asset)))

    def remove(self, name: str) -> None:
        """Removes a picture that is not in the folder any more; takes effect on closing."""
        if name in self._names:
            self._gone.add(name)

    def close(self) -> None:
        """Makes what was added durable and closes the file. Closing again does nothing."""
        super().close()
        if self._gone:
            self._rewrite()
            self._gone = set()

    def _rewrite(self) -> None:
        path = self.path
        remaining = path.with_name(f".{path.name}.new")
        remaining.unlink(missing_ok=True)
        with path.open("rb") as old, remaining.open("xb") as new:
            for line in old:
                if _file_name(line) not in self._gone:
                    new.write(line)
            new.flush()
            os.fsync(new.fileno())
        remaining.replace(path)


def _file_name(line: bytes) -> object:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value.get("file_name") if isinstance(value, dict) else None


def _row(name: str, asset: SearchAssetSearchResponse) -> dict[str, Any]:
    """Returns a picture's line. A column has one type in all lines, whatever servers send."""
    (row,) = rows([asset])
    return {
        "file_name": name,
        **{column: _typed(row[column], _COLUMNS[column]) for column in _COLUMNS},
    }


def _typed(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    if kind == "list":
        return [str(item) for item in value]
    if kind == "text":
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if isinstance(value, int) and value not in _INT64 else value
