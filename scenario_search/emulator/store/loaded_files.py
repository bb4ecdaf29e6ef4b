"""The files that a load brings along: pictures and media, each named by its asset's id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from scenario_search.emulator.store.files import ORIGINALS, STORED_ORIGIN, file_blob
from scenario_search.emulator.store.store import LoadReport
from scenario_search.files.names import file_name

__all__ = ["FilesOfLoad"]


class FilesOfLoad:
    """The files of one folder, for the documents of one load.

    A file belongs to the asset whose id is its name, with or without its suffix, or whose
    download has that name.

    Args:
        folder: Where they are, at any depth.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        self._by_name = {path.stem: path for path in self._files}
        self._by_name.update((path.name, path) for path in self._files)
        self._of_assets: dict[str, Path] = {}
        self._matched: set[Path] = set()
        self._unreadable: set[Path] = set()

    def pointed_to(
        self, documents: Iterable[Mapping[str, Any] | bytes]
    ) -> Iterator[Mapping[str, Any] | bytes]:
        """The same documents; the URLs of those that have a file point to the emulator."""
        for source in documents:
            document = _parsed(source) if isinstance(source, bytes) else source
            id_ = document.get("id")
            path = self._file_of(id_) if isinstance(id_, str) else None
            if not isinstance(id_, str) or path is None or not self._is_readable(path):
                yield source
                continue
            self._of_assets[id_] = path
            name = quote(f"{id_}{path.suffix or '.bin'}", safe="")
            yield {**document, "url": f"{STORED_ORIGIN}/{ORIGINALS}/{name}"}

    def blobs(self, id_: str) -> dict[str, bytes]:
        """The file of an asset as a named blob; none where it has none."""
        path = self._of_assets.get(id_)
        return {} if path is None else {file_blob(id_): path.read_bytes()}

    def completed(self, report: LoadReport) -> LoadReport:
        """Returns a report of the documents with what became of the files."""
        rest = (path for path in self._files if path not in self._matched | self._unreadable)
        return replace(
            report,
            files_matched=len(self._matched),
            files_unmatched=tuple(path.relative_to(self._folder) for path in rest),
            files_unreadable=tuple(
                path.relative_to(self._folder) for path in sorted(self._unreadable)
            ),
        )

    def _file_of(self, id_: str) -> Path | None:
        return self._by_name.get(id_) or self._by_name.get(file_name(id_, None, ""))

    def _is_readable(self, path: Path) -> bool:
        try:
            with path.open("rb") as file:
                file.read(1)
        except OSError:
            self._unreadable.add(path)
            return False
        self._matched.add(path)
        return True


def _parsed(raw: bytes) -> Mapping[str, Any]:
    """The object in this JSON; nothing where it is none, which is for the store to refuse."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
