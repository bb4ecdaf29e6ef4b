"""Where an export goes: a file of this machine, a file of a store, or an object to write to.

A store such as S3 can neither append to a file nor cut off its end, and an object may not either.
So the export is written to a file of this machine, and copied when it is whole. A crawl with a
checkpoint keeps that file beside the checkpoint, to go on with: ``NAME.ckpt.export.jsonl``.
"""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeAlias

from scenario_search.concurrency.threads import in_thread
from scenario_search.errors import IncompleteCrawlError

__all__ = ["ExportTarget", "is_url", "local_file", "store_of"]

ExportTarget: TypeAlias = str | os.PathLike[str] | IO[bytes]
"""A path, a URL of fsspec such as ``"s3://bucket/hits.jsonl"``, or a binary file object."""


@asynccontextmanager
async def local_file(
    target: ExportTarget, form: str, checkpoint: str | os.PathLike[str] | None = None
) -> AsyncIterator[Path]:
    """Yields the file of this machine to write, and copies it where it goes at the end.

    That is done also if some hits cannot be reached, but not after any other error.

    Args:
        target: Where the export goes. A path is yielded as it is.
        form: The form of the export, such as ``"jsonl"``.
        checkpoint: The checkpoint of a crawl, which the file is to lie beside.

    Raises:
        ImportError: fsspec, or what it needs for this kind of URL, is not installed.
        TypeError: The object is not open for writing bytes.
        ValueError: fsspec does not know this kind of URL.
    """
    deliver = await in_thread(_delivery, target)
    if deliver is None:
        yield Path(_path_of(target))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"export.{form}"
        if checkpoint is not None:
            path = Path(f"{os.fspath(checkpoint)}.export.{form}")
        try:
            yield path
        except IncompleteCrawlError:
            await in_thread(deliver, path)
            raise
        await in_thread(deliver, path)


def _path_of(target: Any) -> str | os.PathLike[str]:
    path: str | os.PathLike[str] = target
    return path


def _delivery(target: ExportTarget) -> Callable[[Path], object] | None:
    """Returns what copies a file to where it goes; ``None`` if that is a path."""
    if is_url(target):
        files, path = store_of(str(target))
        return partial(_put, files, path)
    if isinstance(target, str | os.PathLike):
        return None
    write = getattr(target, "write", None)
    if write is None:
        raise TypeError(
            "An export goes to a path, a URL or a file object open for writing bytes, not "
            f"{type(target).__name__}"
        )
    try:
        write(b"")
    except TypeError:
        raise TypeError("The file object must be open for bytes: use mode 'wb'") from None
    return partial(_copy, target)


def is_url(target: object) -> bool:
    """Returns whether a target is a URL, and not a path or an object."""
    return isinstance(target, str) and "://" in target


def store_of(url: str) -> tuple[Any, str]:
    """Returns the file system of a URL, and the path in it.

    Raises:
        ImportError: fsspec, or what it needs for this kind of URL, is not installed.
        ValueError: fsspec does not know this kind of URL.
    """
    try:
        core = importlib.import_module("fsspec.core")
    except ImportError as error:
        raise ImportError(
            "A URL needs fsspec: pip install 'scenario-search[cloud]'", name="fsspec"
        ) from error
    files, path = core.url_to_fs(url)
    return files, str(path)


def _put(files: Any, path: str, local: Path) -> None:
    files.put_file(str(local), path)


def _copy(file: IO[bytes], path: Path) -> None:
    with path.open("rb") as source:
        shutil.copyfileobj(source, file)
