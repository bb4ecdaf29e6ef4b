"""What can be loaded: JSONL files, dicts, and hits of the client."""

from __future__ import annotations

import gzip
import zlib
from bisect import bisect_right
from collections.abc import Generator, Iterable, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import attrs

__all__ = ["ClientHit", "Documents", "JsonLines", "Source", "unpacked"]

_GZIP = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class ClientHit(Protocol):
    """A hit of the client."""

    def to_dict(self) -> dict[str, Any]:
        """The hit with the API's names."""
        ...


@attrs.frozen
class JsonLines:
    """Lines that hold a JSON object each.

    Attributes:
        name: What they are called in errors.
        lines: The lines.
    """

    name: str
    lines: Iterable[bytes]


Source: TypeAlias = Path | str | JsonLines | Iterable[Mapping[str, Any] | ClientHit]


class Documents:
    """The documents of a source, one by one, and where each stands.

    Iterating gives dicts, or the JSON of an object as it stands in the file; blank lines and a
    byte order mark are passed over.

    Args:
        source: The path of a JSONL file, compressed by gzip or not, whatever its name says; or
            lines; or dicts or hits.

    Raises:
        TypeError: It is none of these; while iterating: one of its documents is neither.
        OSError: While iterating: the file can't be read.
    """

    def __init__(self, source: Source) -> None:
        if isinstance(source, Mapping | bytes) or not (
            isinstance(source, str | Path | JsonLines) or hasattr(source, "__iter__")
        ):
            kind = type(source).__name__
            raise TypeError(f"load() takes a path or an iterable of documents, not one {kind}")
        self._source = source
        self._name: str | None = None
        self._after_blanks = [0]
        self._blanks = [0]

    def place(self, position: int) -> str | None:
        """What the place of a document that was read is called: ``assets.jsonl:12``.

        Args:
            position: How many documents were read before it.

        Returns:
            None where documents have no lines.
        """
        if self._name is None:
            return None
        blanks = self._blanks[bisect_right(self._after_blanks, position) - 1]
        return f"{self._name}:{position + blanks + 1}"

    def __iter__(self) -> Generator[Mapping[str, Any] | bytes, None, None]:
        source = self._source
        if isinstance(source, str | Path):
            with Path(source).open("rb") as file:
                yield from self._of_lines(str(source), unpacked(file))
        elif isinstance(source, JsonLines):
            yield from self._of_lines(source.name, source.lines)
        else:
            for number, document in enumerate(source):
                if isinstance(document, Mapping):
                    yield document
                elif hasattr(document, "to_dict"):
                    yield document.to_dict()
                else:
                    what = type(document).__name__
                    raise TypeError(f"Document {number} must be a dict or a hit, not {what}")

    def _of_lines(self, name: str, lines: Iterable[bytes]) -> Generator[bytes, None, None]:
        self._name = name
        position = number = 0
        try:
            for number, line in enumerate(lines):
                text = line.removeprefix(_BYTE_ORDER_MARK) if number == 0 else line
                if not text or text.isspace():
                    self._after_blanks.append(position)
                    self._blanks.append(number - position + 1)
                else:
                    position += 1
                    yield text
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise OSError(
                f"{name}: after line {number + 1} the gzip data is damaged: {error}"
            ) from error


def unpacked(file: BufferedReader) -> Iterable[bytes]:
    """Returns the lines of a file, which may be compressed by gzip."""
    return gzip.open(file) if file.peek(len(_GZIP)).startswith(_GZIP) else file
