"""The names of downloaded files."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
from collections.abc import Mapping

from scenario_search.wire.renditions import url_path

__all__ = ["LOCK", "MANIFEST", "METADATA", "PART", "file_name"]

MANIFEST, METADATA, LOCK = "manifest.jsonl", "metadata.jsonl", ".scenario-search.lock"
PART = ".part"
"""The last suffix of a file that is not complete."""

_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}", re.ASCII)
_SAFE_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d|manifest|metadata", re.IGNORECASE)
_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "model/gltf-binary": ".glb",
    "text/plain": ".txt",
}
_FORMATS = {"jpeg": ".jpg", "jpg": ".jpg", "tif": ".tiff"}
_SHORT = {"width": "w", "height": "h", "quality": "q"}


def file_name(
    asset_id: object, mime_type: object, url: object, rendition: Mapping[str, object] | None = None
) -> str:
    """Returns the name of an asset's file: its id, the rendition, and the suffix of its type.

    The name is safe in any folder, whatever a server sends: letters, digits, ``_`` and ``-``
    before the first dot, and no name that an operating system or the download itself reserves.
    An id that is not such a name gets a digest, so that two of them never share a file.

    Args:
        asset_id: The asset's id.
        mime_type: Its MIME type, or anything.
        url: The URL of its file, whose suffix serves where the type has none.
        rendition: The parameters of a rendition. ``{"width": 512, "format": "webp"}`` makes
            ``asset_1.w512.webp``: an id has no dot, so the names of renditions are their own.
    """
    text = str(asset_id)
    stem = text
    if not _SAFE_NAME.fullmatch(text) or _RESERVED.fullmatch(text):
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        stem = f"{_UNSAFE.sub('_', text)[:60].strip('_') or 'asset'}-{digest}"
    if not rendition:
        return stem + _suffix(mime_type, url)
    format = str(rendition.get("format", "origin"))
    suffix = _suffix(mime_type, url) if format == "origin" else _FORMATS.get(format, f".{format}")
    others = {name: value for name, value in rendition.items() if name != "format"}
    variant = "-".join(f"{_SHORT.get(name, '')}{value}" for name, value in others.items())
    return f"{stem}.{variant or 'converted'}{suffix}"


def _suffix(mime_type: object, url: object) -> str:
    bare = mime_type.partition(";")[0].strip().lower() if isinstance(mime_type, str) else ""
    known = _SUFFIXES.get(bare) or mimetypes.guess_extension(bare)
    suffix = known or os.path.splitext(url_path(url))[1]  # noqa: PTH122 - of a URL
    suffix = suffix.lower()
    return suffix if _SAFE_SUFFIX.fullmatch(suffix) and suffix != PART else ""
