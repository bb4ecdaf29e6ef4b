"""Reference images: anything a user has in hand, to an asset id or a data URL.

The API takes the id of an existing asset, or a data URL. Files, bytes and Pillow images are
turned into data URLs here; this reads and encodes, so the clients call it off the event loop.
"""

from __future__ import annotations

import base64
import io
import os
import re
from typing import Any, BinaryIO, Protocol, TypeAlias, runtime_checkable

from scenario_search.errors import InvalidParamsError

__all__ = ["ImageSource", "PillowImage", "image_problem", "image_reference", "sniff_mime_type"]


@runtime_checkable
class PillowImage(Protocol):
    """What is used of ``PIL.Image.Image``, so that Pillow need not be there."""

    @property
    def mode(self) -> str:
        """The pixel format, such as ``"RGB"``."""

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:
        """Write the picture to a file object."""


ImageSource: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | PillowImage
)
"""An asset id, a data URL, a path, bytes, an open binary file, or a Pillow image."""

_DATA_URL = re.compile(r"data:image/[\w.+-]+(;[\w.+-]+=[\w.+-]+)*(;base64)?,[^,]", re.IGNORECASE)
_FILE_NAME = re.compile(r"[/\\]|\.(png|jpe?g|gif|webp|bmp|tiff?|avif|heic)$", re.IGNORECASE)
_ASSET_ID = re.compile(r"[\w.:-]+")

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"BM", "image/bmp"),
)


def sniff_mime_type(data: bytes) -> str | None:
    """Tell a picture's MIME type by its first bytes; ``None`` where it is no known picture."""
    for offset, signature, mime_type in _SIGNATURES:
        if data.startswith(signature, offset):
            return mime_type
    return None


def image_problem(source: Any) -> str | None:
    """Say why something cannot be a reference image, without reading it; ``None`` if it can."""
    if isinstance(source, str):
        if source.startswith(("data:", "DATA:")):
            if _DATA_URL.match(source):
                return None
            return "is not a valid data URL: it should start like data:image/png;base64,"
        if re.match(r"https?://", source, re.IGNORECASE):
            return (
                "must be an existing AssetId or a valid data URL, not a web address: "
                "fetch the picture and pass its bytes"
            )
        if _FILE_NAME.search(source):
            return (
                "must be an existing AssetId or a valid data URL; "
                f"for a file pass pathlib.Path({source[:80]!r})"
            )
        if not _ASSET_ID.fullmatch(source):
            return f"must be an existing AssetId or a valid data URL, not {source[:80]!r}"
        return None
    if isinstance(source, (os.PathLike, bytes, bytearray, memoryview, PillowImage)):
        return None
    if hasattr(source, "read"):
        return None
    return (
        "must be an asset id, a data URL, a path, bytes, a binary file or a Pillow image, "
        f"not {type(source).__name__}"
    )


def image_reference(source: ImageSource, *, max_bytes: int | None = None) -> str:
    """Give the asset id or data URL that the API takes for a reference image.

    Args:
        source: An asset id or a data URL (given back as they are), a path, bytes, a binary file
            object (read from where it stands), or a Pillow image (sent as PNG).
        max_bytes: How large a picture may be; no more than that is read.

    Raises:
        InvalidParamsError: It cannot be read, is too large, or is no picture.
    """
    most = -1 if max_bytes is None else max_bytes + 1
    if isinstance(source, str):
        _check_size("the data URL given", len(source) * 3 // 4, max_bytes)
        return source
    if isinstance(source, (bytes, bytearray, memoryview)):
        data, what = bytes(source), "the bytes given"
    elif isinstance(source, os.PathLike):
        what = os.fspath(source)
        try:
            with open(source, "rb") as file:  # noqa: PTH123 - any os.PathLike is welcome
                data = file.read(most)
        except OSError as error:
            raise InvalidParamsError(f"Cannot read the image {what}: {error.strerror}") from error
    elif isinstance(source, PillowImage):
        encoded = io.BytesIO()
        source.save(encoded, format="PNG")
        data, what = encoded.getvalue(), "the Pillow image given"
    else:
        what = str(getattr(source, "name", "the file given"))
        data = source.read(most)
        if not isinstance(data, bytes):
            raise InvalidParamsError(f"Cannot use {what} as an image: open it in binary mode")
    _check_size(what, len(data), max_bytes)
    mime_type = sniff_mime_type(data)
    if mime_type is None:
        found = f"its first bytes are {data[:12]!r}" if data else "it is empty"
        raise InvalidParamsError(f"Cannot use {what} as an image: {found}")
    return _data_url(mime_type, data)


def _check_size(what: str, size: int, max_bytes: int | None) -> None:
    if max_bytes is not None and size > max_bytes:
        raise InvalidParamsError(
            f"Cannot use {what} as an image: it is larger than max_image_bytes "
            f"({max_bytes:,} bytes)"
        )


def _data_url(mime_type: str, data: bytes) -> str:
    return f"data:{mime_type};base64,{base64.b64encode(data).decode('ascii')}"
