"""What can be loaded: JSONL files, dicts, and hits of the client."""

from __future__ import annotations

import gzip
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

__all__ = ["Hit", "Source", "read_documents"]


class Hit(Protocol):
    """A hit of the client."""

    def to_dict(self) -> dict[str, Any]:
        """The hit with the API's names."""
        ...


Source: TypeAlias = Path | str | Iterable[Mapping[str, Any] | Hit]


def read_documents(source: Source) -> Generator[Mapping[str, Any] | bytes, None, None]:
    """Read documents one by one.

    Args:
        source: The path of a JSONL file, compressed when its name ends in ``.gz``, or dicts or
            hits. Blank lines are passed over.

    Yields:
        Dicts, or the JSON of an object as it stands in the file.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            yield from (line for line in lines if not line.isspace())
        return
    if isinstance(source, Mapping | bytes):
        kind = type(source).__name__
        raise TypeError(f"load() takes a path or an iterable of documents, not one {kind}")
    for number, document in enumerate(source):
        if isinstance(document, Mapping):
            yield document
        elif hasattr(document, "to_dict"):
            yield document.to_dict()
        else:
            what = type(document).__name__
            raise TypeError(f"document {number} should be a dict or a hit, but is {what}")
