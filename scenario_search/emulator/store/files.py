"""The pictures and media behind the documents' URLs.

A document made for the emulator has URLs under `STORED_ORIGIN`, which stands for whatever address
the emulator has when it answers. They become what the service's CDN has: signed URLs of originals
(``/assets``) and of pictures that can be transformed (``/assets-transform``), and public ones of
thumbnails.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

import orjson

from scenario_search.emulator.contract.refusals import RefusedError
from scenario_search.emulator.store.signatures import Signer
from scenario_search.emulator.store.store import Store
from scenario_search.emulator.store.transforms import Transform

__all__ = ["FOLDERS", "ORIGINALS", "STORED_ORIGIN", "DrawnFiles", "Files", "file_blob"]

STORED_ORIGIN = "http://emulator.invalid"
"""The origin of the emulator's own URLs in stored documents; ``.invalid`` is never a real host."""

ORIGINALS, TRANSFORMED, THUMBNAILS = FOLDERS = ("assets", "assets-transform", "thumbnails")
"""The first part of the paths under which there are files."""

_STORED_URL = re.compile(re.escape(STORED_ORIGIN.encode()) + rb'(/[^"?\\]*)(?:\?[^"]*)?')
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_CACHE_BYTES = 64 * 1024 * 1024


class DrawnFiles(Protocol):
    """Draws the files of documents whose URLs are under `STORED_ORIGIN`, when asked for them."""

    @property
    def version(self) -> bytes:
        """What changes with how documents are drawn."""
        ...

    def media(self, document: Mapping[str, Any]) -> tuple[bytes, str]:
        """Returns the file of an asset and its media type."""
        ...

    def picture(self, document: Mapping[str, Any], max_side: int) -> bytes:
        """Returns the picture of an image as a file, in pixels that are true to it."""
        ...

    def thumbnail(self, document: Mapping[str, Any], max_side: int = 512) -> bytes:
        """Returns a WebP preview of an asset."""
        ...


class Files:
    """Reads, draws, transforms and keeps pictures, and signs the paths that lead to them.

    Args:
        store: Where documents and the pictures that were loaded are.
        lifetime: Seconds until a URL expires; None for the service's calendar.
        clock: Returns the time in seconds since 1970.
        drawn: Draws the files of documents that have none of their own; None if nothing does.
    """

    def __init__(
        self,
        store: Store,
        lifetime: float | None,
        clock: Callable[[], float] = time.time,
        drawn: DrawnFiles | None = None,
    ) -> None:
        self._store = store
        self._drawn = drawn
        self._signer = Signer(lifetime, clock)
        self._cache: OrderedDict[tuple[str, Transform], tuple[bytes, str]] = OrderedDict()
        self._cached_bytes = 0
        self._changes = 0
        self._lock = threading.Lock()

    def expire_urls(self) -> None:
        """Makes every signed URL that was answered so far a 403, as if its time were over."""
        self._signer.expire()

    def with_urls(self, document: bytes, origin: bytes, *, originals: bool = False) -> bytes:
        """A stored document's JSON with its own URLs made real and signed.

        Args:
            document: The JSON.
            origin: The scheme, host and port of the emulator.
            originals: Whether the URLs of assets lead to the originals.
        """
        if STORED_ORIGIN.encode() not in document:
            return document

        def real(match: re.Match[bytes]) -> bytes:
            path = match[1]
            if not path.startswith(b"/assets/"):
                return origin + path
            if not originals:
                path = b"/assets-transform/" + path[8:].rpartition(b".")[0]
            return self._signer.signed(origin + path)

        return _STORED_URL.sub(real, document)

    def read(self, path: str, query_string: str = "") -> tuple[bytes, str]:
        """Returns the content and the media type behind a URL.

        Args:
            path: Its path, as it is quoted.
            query_string: Its parameters.

        Raises:
            RefusedError: A 403 for a wrong signature, a 404 where no document has such a file, a
                400 where a picture cannot be transformed so.
        """
        _, folder, name = path.split("/", 2)
        if folder != THUMBNAILS:
            self._signer.check(path, query_string)
        transform = Transform()
        if folder == TRANSFORMED:
            transform = Transform.read(parse_qs(query_string, keep_blank_values=True))
            name += "."
        return self._cached(folder, unquote(name).rpartition(".")[0], transform)

    def _cached(self, folder: str, asset_id: str, transform: Transform) -> tuple[bytes, str]:
        key = f"{folder}/{asset_id}", transform
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
            changes = self._changes
        document = self._store.get("assets", [asset_id]).get(asset_id)
        content = None if document is None else self._content(folder, document, transform)
        if content is None:
            raise RefusedError(404, "No such file", "NOT_FOUND")
        with self._lock:
            # What was read before a change may be of the old document.
            if key not in self._cache and self._changes == changes:
                self._cache[key] = content
                self._cached_bytes += len(content[0])
            while self._cached_bytes > _CACHE_BYTES:
                _, (oldest, _) = self._cache.popitem(last=False)
                self._cached_bytes -= len(oldest)
        return content

    def clear_cache(self) -> None:
        """Drops what is cached, since documents or their files have changed."""
        with self._lock:
            self._cache.clear()
            self._cached_bytes = 0
            self._changes += 1

    def _content(
        self, folder: str, document: Mapping[str, Any], transform: Transform
    ) -> tuple[bytes, str] | None:
        drawn = self._drawn if _is_own(document) else None
        if folder == THUMBNAILS:
            return None if drawn is None else (drawn.thumbnail(document), "image/webp")
        loaded = self.loaded(document)
        if transform.changes and _is_picture(document):
            if loaded is None and drawn is not None:
                loaded = self._drawn_for(transform, document, drawn)
            return None if loaded is None else transform.applied(loaded)
        if loaded is not None:
            media_type = document.get("mimeType")
            known = isinstance(media_type, str) and _MEDIA_TYPE.fullmatch(media_type)
            return loaded, str(media_type) if known else "application/octet-stream"
        return None if drawn is None else drawn.media(document)

    @staticmethod
    def _drawn_for(transform: Transform, document: Mapping[str, Any], drawn: DrawnFiles) -> bytes:
        """Returns a picture of about the size that is needed: a small one is drawn sooner."""
        metadata = document.get("metadata")
        shape = metadata if isinstance(metadata, Mapping) else {}
        side = transform.longer_side(shape.get("width"), shape.get("height"))
        if side is None or transform.format == "origin":
            return drawn.media(document)[0]
        return drawn.picture(document, side)

    def loaded(self, document: Mapping[str, Any]) -> bytes | None:
        """The file that was loaded for an asset, or None."""
        name = file_blob(str(document["id"]))
        return self._store.blobs("assets", name).get(name)

    def recipe(self, document: Mapping[str, Any]) -> bytes:
        """Returns what `picture` makes its picture of: the file, or what is drawn and how."""
        loaded = self.loaded(document)
        if loaded is not None or self._drawn is None:
            return loaded or b""
        return self._drawn.version + orjson.dumps(document)

    def picture(self, document: Mapping[str, Any], side: int) -> bytes | None:
        """What an asset looks like, for likeness.

        Args:
            document: The asset. What is no image looks like its thumbnail.
            side: How many pixels the longer side of a drawn picture needs to have.

        Returns:
            An image file, or something else for media that were loaded; None where there is none.
        """
        loaded = self.loaded(document)
        if loaded is not None or self._drawn is None or not _is_own(document):
            return loaded
        if _is_picture(document):
            return self._drawn.picture(document, side)
        return self._drawn.thumbnail(document, side) if "thumbnail" in document else None


def file_blob(asset_id: str) -> str:
    """The name under which the store keeps the file of an asset."""
    return f"file/{asset_id}/"


def _is_own(document: Mapping[str, Any]) -> bool:
    """Returns whether the document's file is the emulator's own, not that of another server."""
    return str(document.get("url")).startswith(STORED_ORIGIN)


def _is_picture(document: Mapping[str, Any]) -> bool:
    return str(document.get("mimeType")).startswith("image/")
