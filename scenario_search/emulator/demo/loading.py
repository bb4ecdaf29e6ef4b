"""What brings the demo into an emulator: its documents, and the files behind their URLs."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

from scenario_search.emulator.contract.fields import Kind
from scenario_search.emulator.demo import drawing
from scenario_search.emulator.demo.data import DEMO_PROJECT, demo_documents
from scenario_search.emulator.demo.drawing.pictures import draw_asset, draw_thumbnail
from scenario_search.emulator.demo.media import media_bytes
from scenario_search.emulator.engine.library import Library
from scenario_search.emulator.store.files import STORED_ORIGIN

__all__ = ["DemoFiles", "load_demo"]


class DemoFiles:
    """Draws the files of the demo's documents; see `DrawnFiles`."""

    @property
    def version(self) -> bytes:
        """The digest of the code that draws."""
        return _drawing_digest()

    def media(self, document: Mapping[str, Any]) -> tuple[bytes, str]:
        """Returns the file of an asset and its media type."""
        return media_bytes(document)

    def picture(self, document: Mapping[str, Any], max_side: int) -> bytes:
        """Returns the picture of an asset, small; a JPEG would lose what tells it from others."""
        return draw_asset({**document, "mimeType": "image/png"}, max_side=max_side)

    def thumbnail(self, document: Mapping[str, Any], max_side: int = 512) -> bytes:
        """Returns a WebP preview of an asset."""
        return draw_thumbnail(document, max_side=max_side)


@functools.cache
def _drawing_digest() -> bytes:
    digest = hashlib.sha256()
    for file in sorted(resources.files(drawing).iterdir(), key=lambda file: file.name):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.digest()


def load_demo(library: Library, seed: int, project_id: str) -> None:
    """Adds the demo's documents, unless they are there.

    Args:
        library: Where to.
        seed: Which demo data.
        project_id: The project that the demo's own documents shall belong to.
    """
    data = demo_documents(seed, base_url=STORED_ORIGIN)
    kinds: tuple[tuple[Kind, list[dict[str, Any]]], ...] = (
        ("assets", data.assets),
        ("models", data.models),
        ("workflows", data.workflows),
    )
    for kind, documents in kinds:
        for document in documents:
            if document["ownerId"] == DEMO_PROJECT:
                document["ownerId"] = project_id
        library.add_missing(kind, documents)
