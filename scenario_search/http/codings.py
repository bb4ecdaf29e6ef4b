"""Unpacking of compressed answers, a little at a time, so that a small one cannot fill the memory.

``gzip`` and ``deflate`` always; ``br`` with Brotli or brotlicffi from version 1.2, which can limit
what one call gives; ``zstd`` with Python 3.14 or ``backports.zstd``. The extra ``speedups``
installs what is missing.

Source: RFC 9110, section 8.4; RFC 8878 and RFC 9659 for Zstandard.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Protocol

__all__ = ["ACCEPTED", "UNPACKING_ERRORS", "Unpacker", "unpacker"]

_PIECE = 2**18
"""Bytes: what is unpacked at once, which is a usual page. Brotli may give twice as much."""

_ZLIB_OR_GZIP = 47
_LARGEST_WINDOW_LOG = 23
"""8 MB: the most memory that Zstandard on the web may ask of a reader (RFC 9659)."""


class Unpacker(Protocol):
    """Unpacks one body."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Take what was received next, and give what is in it, half a megabyte at most at a time.

        Raises:
            Exception: One of :data:`UNPACKING_ERRORS`: the data is not what it should be.
        """
        ...

    @property
    def ended(self) -> bool:
        """Whether the end has come. Nothing more may be given then."""
        ...


class _Zlib:
    def __init__(self) -> None:
        self._object = zlib.decompressobj(_ZLIB_OR_GZIP)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while piece := self._object.decompress(data, _PIECE):
            yield piece
            data = self._object.unconsumed_tail

    @property
    def ended(self) -> bool:
        return self._object.eof


class _Brotli:
    def __init__(self) -> None:
        self._object = _brotli.Decompressor()  # type: ignore[union-attr]

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while piece := self._object.process(data, output_buffer_limit=_PIECE):
            yield piece
            data = b""

    @property
    def ended(self) -> bool:
        ended: bool = self._object.is_finished()
        return ended


class _Zstandard:
    def __init__(self) -> None:
        window = _zstd.DecompressionParameter.window_log_max  # type: ignore[union-attr]
        self._object = _zstd.ZstdDecompressor(  # type: ignore[union-attr]
            options={window: _LARGEST_WINDOW_LOG}
        )

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while piece := self._object.decompress(data, _PIECE):
            yield piece
            if self._object.eof:
                return
            data = b""

    @property
    def ended(self) -> bool:
        ended: bool = self._object.eof
        return ended


def _first_of(*names: str) -> ModuleType | None:
    """Import the first of some modules that is there."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def _bounded_brotli() -> ModuleType | None:
    """Give a Brotli library that can limit what one call gives: one from version 1.2 on."""
    module: Any = _first_of("brotli", "brotlicffi")
    decompressor = getattr(module, "Decompressor", None)
    return module if hasattr(decompressor, "can_accept_more_data") else None


_brotli = _bounded_brotli()
_zstd = _first_of("compression.zstd", "backports.zstd")

_UNPACKERS: dict[str, Callable[[], Unpacker]] = {"gzip": _Zlib, "x-gzip": _Zlib, "deflate": _Zlib}
_errors: list[type[Exception]] = [zlib.error]
ACCEPTED = "gzip"
"""The value of ``Accept-Encoding``: what is best unpacked here."""
if _brotli is not None:
    _UNPACKERS["br"] = _Brotli
    _errors.append(_brotli.error)
    ACCEPTED += ", br"
if _zstd is not None:
    _UNPACKERS["zstd"] = _Zstandard
    _errors.append(_zstd.ZstdError)
    ACCEPTED += ", zstd"

UNPACKING_ERRORS: tuple[type[Exception], ...] = tuple(_errors)
"""What unpacking raises where the data is broken."""


def unpacker(coding: str) -> Unpacker | None:
    """Give what unpacks a body of a content coding; ``None`` for one that is not known here.

    Args:
        coding: The value of ``Content-Encoding``; case and blanks around it do not matter.
    """
    make = _UNPACKERS.get(coding.strip().lower())
    return None if make is None else make()
