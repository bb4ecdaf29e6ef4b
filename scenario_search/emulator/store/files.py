"""The pictures and media behind the documents' URLs, and the signatures of these URLs.

A document made for the emulator has URLs under `STORED_ORIGIN`, which stands for whatever address
the emulator has when it answers. An answer gets the real address and a signature that expires, as
on a CDN (a signature that was changed, or is too old, is a 403).
"""

from __future__ import annotations

import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

from scenario_search.emulator.contract.refusals import RefusedError
from scenario_search.emulator.store.store import Store

__all__ = ["FOLDERS", "STORED_ORIGIN", "DrawnFiles", "Files", "file_blob"]

STORED_ORIGIN = "http://emulator.invalid"
"""The origin of the emulator's own URLs in stored documents; ``.invalid`` is never a real host."""

FOLDERS = ("files", "thumbnails")
"""The first part of the paths under which there are files."""

_STORED_URL = re.compile(re.escape(STORED_ORIGIN.encode()) + rb'(/[^"?\\]*)(?:\?[^"]*)?')
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_CACHE_BYTES = 64 * 1024 * 1024


class DrawnFiles(Protocol):
    """Draws the files of documents whose URLs are under `STORED_ORIGIN`, when asked for them."""

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
    """Reads, draws and keeps pictures, and signs the paths that lead to them.

    Args:
        store: Where documents and the pictures that were loaded are.
        lifetime: Seconds until a URL expires.
        clock: Returns the time in seconds since 1970.
        drawn: Draws the files of documents that have none of their own; None if nothing does.
    """

    def __init__(
        self,
        store: Store,
        lifetime: float,
        clock: Callable[[], float] = time.time,
        drawn: DrawnFiles | None = None,
    ) -> None:
        self._store = store
        self._drawn = drawn
        self._lifetime = lifetime
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._signed: dict[bytes, bytes] = {}
        self._signed_until = 0
        self._cache: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
        self._cached_bytes = 0
        self._changes = 0
        self._lock = threading.Lock()

    def expire_urls(self) -> None:
        """Makes every URL that was answered so far a 403, as if its time were over."""
        with self._lock:
            self._key = secrets.token_bytes(32)
            self._signed = {}

    def with_urls(self, document: bytes, origin: bytes) -> bytes:
        """A stored document's JSON with its own URLs made real and signed."""
        if STORED_ORIGIN.encode() not in document:
            return document
        return _STORED_URL.sub(lambda match: origin + self._signed_path(match[1]), document)

    def _signed_path(self, path: bytes) -> bytes:
        # Expiries are rounded, so that pages that follow each other have the same URLs and a
        # signature is computed once.
        step = max(1, int(self._lifetime) // 24)
        until = int(self._clock()) // step * step + step + int(self._lifetime)
        with self._lock:
            if until != self._signed_until:
                self._signed, self._signed_until = {}, until
            signed = self._signed.get(path)
            if signed is None:
                mark = self._signature(path.decode(), until)
                signed = path + f"?Expires={until}&Signature={mark}".encode()
                self._signed[path] = signed
            return signed

    def _signature(self, path: str, until: int) -> str:
        # Clients differ in what they quote.
        signed = f"{until} {unquote(path)}".encode(errors="surrogatepass")
        return hmac.digest(self._key, signed, "sha256").hex()

    def check_signature(self, path: str, query_string: str) -> None:
        """Accepts a URL as it was answered.

        Raises:
            RefusedError: A 403: the signature is missing, changed or expired.
        """
        values = parse_qs(query_string)
        expires, signature = values.get("Expires", [""])[0], values.get("Signature", [""])[0]
        known = (
            set(values) == {"Expires", "Signature"}
            and expires.isascii()
            and expires.isdigit()
            and len(expires) < 16
            and hmac.compare_digest(
                signature.encode("utf-8", "surrogateescape"),
                self._signature(path, int(expires)).encode(),
            )
        )
        if not known:
            raise RefusedError(403, "The URL's signature does not match", "ACCESS_DENIED")
        if int(expires) < self._clock():
            raise RefusedError(403, "The URL has expired", "ACCESS_DENIED")

    def read(self, path: str) -> tuple[bytes, str]:
        """The content of a file and its media type.

        Raises:
            RefusedError: A 404: no document has such a file.
        """
        with self._lock:
            if path in self._cache:
                self._cache.move_to_end(path)
                return self._cache[path]
            changes = self._changes
        _, folder, name = path.split("/", 2)
        asset_id = name.rpartition(".")[0]
        document = self._store.get("assets", [asset_id]).get(asset_id)
        content = None if document is None else self._content(folder, document)
        if content is None:
            raise RefusedError(404, "No such file", "NOT_FOUND")
        with self._lock:
            # What was read before a change may be of the old document.
            if path not in self._cache and self._changes == changes:
                self._cache[path] = content
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

    def _content(self, folder: str, document: Mapping[str, Any]) -> tuple[bytes, str] | None:
        drawn = self._drawn if _is_own(document) else None
        if folder == "thumbnails":
            return None if drawn is None else (drawn.thumbnail(document), "image/webp")
        loaded = self.loaded(document)
        if loaded is not None:
            media_type = document.get("mimeType")
            known = isinstance(media_type, str) and _MEDIA_TYPE.fullmatch(media_type)
            return loaded, str(media_type) if known else "application/octet-stream"
        return None if drawn is None else drawn.media(document)

    def loaded(self, document: Mapping[str, Any]) -> bytes | None:
        """The file that was loaded for an asset, or None."""
        name = file_blob(str(document["id"]))
        return self._store.blobs("assets", name).get(name)

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
        if str(document.get("mimeType")).startswith("image/"):
            return self._drawn.picture(document, side)
        return self._drawn.thumbnail(document, side) if "thumbnail" in document else None


def file_blob(asset_id: str) -> str:
    """The name under which the store keeps the file of an asset."""
    return f"file/{asset_id}/"


def _is_own(document: Mapping[str, Any]) -> bool:
    """Returns whether the document's file is the emulator's own, not that of another server."""
    return str(document.get("url")).startswith(STORED_ORIGIN)
