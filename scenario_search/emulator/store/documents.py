"""From what a caller hands in to the JSON the store keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from scenario_search.emulator.store.schema import file_error

__all__ = ["InvalidDocumentError", "LoadReport", "check_text", "decoded", "encode_document"]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The result of a load.

    Attributes:
        added: The number of new documents.
        updated: The number of documents that replaced one with the same id.
        invisible: The number of documents that no search finds: they belong to other projects than
            the credentials, and are not public.
        invisible_projects: Those projects; with one of them as the emulator's ``project_id``,
            searches find its documents.
        files_matched: The number of files stored with the assets that they are named after.
        files_unmatched: The files that are not named after a loaded asset, relative to the folder.
        files_unreadable: The files that could not be read; their assets keep the URL they had.
    """

    added: int
    updated: int
    invisible: int = 0
    invisible_projects: tuple[str, ...] = ()
    files_matched: int = 0
    files_unmatched: tuple[Path, ...] = ()
    files_unreadable: tuple[Path, ...] = ()


class InvalidDocumentError(ValueError):
    """A document can't be stored. The message names its position and the problem.

    Attributes:
        position: Its index in the input, from 0; blank lines do not count.
        place: The position in readable form: ``assets.jsonl:12`` is the twelfth line of a file.
        problem: The problem.
        stored: The number of documents before it that are stored, those of complete batches.
    """

    def __init__(
        self, position: int, problem: str, *, stored: int = 0, place: str | None = None
    ) -> None:
        self.position = position
        self.place = place or f"document {position} of the input"
        self.problem = problem
        self.stored = stored
        super().__init__(f"{self.place}: {problem}; {stored} documents before it are stored")


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
            character, or holds U+0000, or U+FFFD, which also stands for half a surrogate pair.
    """
    raw = b""
    try:
        if isinstance(document, bytes | bytearray | memoryview):
            raw = bytes(document).strip()
        else:
            raw = _json_of(dict(document))
        parsed = _parse(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidDocumentError(position, _json_problem(error, raw)) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDocumentError(position, f"it has no form in JSON: {error}") from error
    if not isinstance(parsed, dict):
        what = _JSON_NAMES.get(type(parsed), "a number")
        raise InvalidDocumentError(position, f"it must be a JSON object, not {what}")
    id_ = parsed.get("id")
    if not isinstance(id_, str) or not id_ or "\0" in id_ or "\ufffd" in id_:
        has = f"but has {id_!r:.50}" if "id" in parsed else "but has none"
        problem = f'it needs a text "id", not empty and without U+0000 and U+FFFD, {has}'
        raise InvalidDocumentError(position, problem)
    return id_, raw, parsed


_ESCAPE = re.compile(
    rb"\\(?:[^u]|u[dD][89abAB]..\\u[dD][c-fC-F]..|u([dD][89a-fA-F]..)?)", re.DOTALL
)
"""An escape of JSON; in its group, half a surrogate pair."""


def _parse(raw: bytes) -> Any:
    """Parses JSON. Half a surrogate pair, which JSON can hold and text cannot, is read as U+FFFD.

    Raises:
        orjson.JSONDecodeError: It is not JSON.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        text = _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], raw)
        if text == raw:
            raise
        return orjson.loads(text)


_JSON_NAMES = {list: "an array", str: "text", bool: "true or false", type(None): "null"}


def _json_problem(error: orjson.JSONDecodeError, raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as wrong:
        return f"it is not UTF-8: {wrong.reason} at byte {wrong.start + 1}"
    return f"it is not JSON: {error.msg} at character {error.pos + 1}"


def _json_of(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except TypeError as error:
        # Integers past 64 bits, which the standard library can write; it would also turn keys
        # that are no text into text.
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        if json.loads(text) != document:
            raise TypeError(str(error)) from error
        try:
            return text.encode()
        except UnicodeEncodeError:
            return json.dumps(document, allow_nan=False).encode()


def decoded(raw: bytes, path: Path) -> dict[str, Any]:
    """A stored document, parsed; a `StoreError` about the file at `path` if that can't be."""
    try:
        document: dict[str, Any] = _parse(raw)
    except orjson.JSONDecodeError as error:
        raise file_error(path, error) from error
    return document


def check_text(documents: Sequence[bytes], path: Path) -> None:
    """Raises a `StoreError` about the file at `path` if what was read is no text of JSON.

    SQLite has no checksums of what it keeps. To parse them all would take twice as long or more.
    """
    try:
        for raw in documents:
            # One by one, since a large text costs more than many small ones.
            if "\0" in str(raw, "utf-8"):
                raise ValueError("a document holds U+0000")
    except (TypeError, ValueError) as error:
        raise file_error(path, error) from error
