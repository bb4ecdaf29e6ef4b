"""From what a caller hands in to the JSON the store keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson


class InvalidDocumentError(ValueError):
    """A document that can't be stored.

    Attributes:
        position: Its place in the input, from 0.
    """

    def __init__(self, position: int, problem: str) -> None:
        self.position = position
        super().__init__(f"document {position} of the input {problem}")


def encode_document(
    position: int, document: Mapping[str, Any] | bytes
) -> tuple[str, bytes, dict[str, Any]]:
    """The id of a document, its JSON to keep, and the document as it will be read again.

    Args:
        position: Its place in the input, for the error.
        document: A mapping of JSON values, or the UTF-8 JSON of an object, which is kept as it
            stands but for white space around it.

    Raises:
        InvalidDocumentError: It is no JSON object, or its `id` is no text of at least one
            character, or holds U+0000.
    """
    try:
        if isinstance(document, bytes | bytearray | memoryview):
            raw = bytes(document).strip()
        else:
            raw = _json_of(dict(document))
        parsed = orjson.loads(raw)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDocumentError(position, f"is no JSON object: {error}") from error
    if not isinstance(parsed, dict):
        raise InvalidDocumentError(position, "is no JSON object")
    id_ = parsed.get("id")
    if not isinstance(id_, str) or not id_ or "\0" in id_:
        problem = f'needs a text "id", not empty and without U+0000, but has {id_!r:.50}'
        raise InvalidDocumentError(position, problem)
    return id_, raw, parsed


def _json_of(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except TypeError as error:
        # Integers past 64 bits, which the standard library can write; it would also turn keys
        # that are no text into text.
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        if json.loads(text) != document:
            raise TypeError(str(error)) from error
        return text.encode()
