"""A crawl's checkpoint: a small JSON file that says which windows are done.

It is replaced as a whole each time (written beside, then renamed), so that any exit, even
``kill -9``, leaves the last one or the one before.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import orjson

from scenario_search.crawl.windows import UNDATED, Window, id_text, merged, milliseconds
from scenario_search.errors import CheckpointError

__all__ = ["Checkpoint"]

_FORMAT = 1


@attrs.define
class Checkpoint:
    """How far a crawl has come.

    Attributes:
        digest: What request it belongs to.
        whole: What all its windows are pieces of.
        done: The windows whose hits have all been consumed, joined where they touch.
        hits: How many hits those held.
        newest: The newest ``createdAt`` of them, or ``None``. What is no timestamp, or is in the
            future, does not count: nothing would be newer.
        newest_ids: The ids of the hits that have it, as
        :func:`~scenario_search.crawl.windows.id_text`
            gives them.
        finished: Whether all windows are done.
        files: How many bytes of each export are good, by its path from the checkpoint's folder on,
            so that both can be moved together.
        cap: How many hits the engine gives for one search, once that was found out.
    """

    digest: str
    whole: Window = Window()
    done: list[Window] = attrs.field(factory=list)
    hits: int = 0
    newest: str | None = None
    newest_ids: list[str] = attrs.field(factory=list)
    finished: bool = False
    files: dict[str, int] = attrs.field(factory=dict)
    cap: int | None = None
    _path: Path | None = attrs.field(default=None, init=False, eq=False, repr=False)
    _on_disk: tuple[int, ...] | None = attrs.field(default=None, init=False, eq=False, repr=False)

    def mark(
        self,
        window: Window,
        created: Sequence[tuple[object, str | None]],
        *,
        latest: int | None = None,
    ) -> None:
        """Say that a window is done.

        Args:
            window: The window.
            created: Its hits: (id, createdAt) of each.
            latest: Milliseconds since 1970: what is later is taken to be a mistake.
        """
        self.done = merged([*self.done, window])
        self.hits += len(created)
        dates = [
            date
            for _, date in created
            if (moment := milliseconds(date)) is not None and (latest is None or moment <= latest)
            if date is not None
        ]
        newest = max(dates, default=None)
        if newest is None or (self.newest is not None and newest < self.newest):
            return
        ids = [id_text(id_) for id_, date in created if date == newest]
        self.newest_ids = ids if newest != self.newest else [*self.newest_ids, *ids]
        self.newest = newest

    @property
    def undated_done(self) -> bool:
        """Whether the window of hits without a date is done."""
        return UNDATED in self.done

    def name_of(self, file: Path) -> str:
        """Give the name under which ``files`` knows a file, once this was saved or read."""
        whole = os.path.abspath(file)  # noqa: PTH100 - the name only: no link is followed
        if self._path is None:
            return whole
        try:
            return Path(os.path.relpath(whole, self._path.parent)).as_posix()
        except ValueError:
            return whole  # on another drive

    def save(self, path: Path) -> None:
        """Write it, in place of what is there.

        Raises:
            CheckpointError: It cannot be written there, or another crawl has written there since
                this one was read or written.
        """
        found = _identity(path)
        if found is not None and self._on_disk not in (None, found):
            raise CheckpointError(
                f"Another crawl has written to the checkpoint {path} meanwhile: end one of them, "
                "and give each a checkpoint and a file of its own"
            )
        data = orjson.dumps(
            {
                "format": _FORMAT,
                "digest": self.digest,
                "whole": [self.whole.start, self.whole.end, self.whole.undated],
                "finished": self.finished,
                "done": [[w.start, w.end] for w in self.done if not w.undated],
                "undatedDone": self.undated_done,
                "hits": self.hits,
                "newest": self.newest,
                "newestIds": self.newest_ids,
                "files": self.files,
                "cap": self.cap,
            },
            option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
        )
        beside = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.tmp")
        try:
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            self._path, self._on_disk = path, _identity(path)
        except OSError as error:
            _remove(beside)
            reason = error.strerror or error
            raise CheckpointError(f"Cannot write the checkpoint {path}: {reason}") from error
        except BaseException:
            _remove(beside)
            raise

    @classmethod
    def read(
        cls, path: Path, digest: str | None = None, whole: Window | None = None
    ) -> Checkpoint | None:
        """Read a checkpoint of a request; ``None`` where there is no file.

        Args:
            path: The file.
            digest: What request it must belong to; ``None`` for any.
            whole: What its windows must be pieces of; ``None`` for anything.

        Raises:
            CheckpointError: It cannot be read, or belongs to another request.
        """
        try:
            on_disk = _identity(path)
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CheckpointError(f"Cannot read the checkpoint {path}: {error.strerror}") from error
        try:
            checkpoint = cls._from_json(orjson.loads(data))
        except (CheckpointError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise CheckpointError(
                f"{path} is no checkpoint of this version ({_misfit(error)}): delete it to start "
                "anew"
            ) from error
        if digest not in (None, checkpoint.digest) or whole not in (None, checkpoint.whole):
            raise CheckpointError(
                f"{path} belongs to a crawl with another request: use the same query, filter and "
                "options as then, or another checkpoint file"
            )
        checkpoint._path, checkpoint._on_disk = path, on_disk
        return checkpoint

    @classmethod
    def _from_json(cls, data: Any) -> Checkpoint:
        if data["format"] != _FORMAT:
            raise CheckpointError(f"its format is {data['format']!r}, not {_FORMAT}")
        done = [Window(start, end) for start, end in data["done"]]
        checkpoint = cls(
            digest=data["digest"],
            whole=Window(*data["whole"]),
            done=done + [UNDATED] * _typed(data["undatedDone"], bool),
            hits=_typed(data["hits"], int),
            newest=_typed(data["newest"], str, type(None)),
            newest_ids=[_typed(one, str) for one in data["newestIds"]],
            finished=_typed(data["finished"], bool),
            files={name: _typed(size, int) for name, size in data["files"].items()},
            cap=_typed(data["cap"], int, type(None)),
        )
        for window in (checkpoint.whole, *done):
            for bound in (window.start, window.end):
                _typed(bound, int, type(None))
        return checkpoint


def _misfit(error: Exception) -> str:
    """Say in words why what a file holds is no checkpoint."""
    match error:
        case CheckpointError():
            return str(error)
        case orjson.JSONDecodeError():
            return "it is not JSON"
        case KeyError():
            return f"it has no {error}"
        case _:
            return "a value in it is of the wrong type"


def _typed(value: Any, *types: type) -> Any:
    if type(value) not in types:
        raise TypeError(f"{value!r} is of the wrong type")
    return value


def _identity(path: Path) -> tuple[int, ...] | None:
    """Give what tells a file from one that was put in its place; ``None`` where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
