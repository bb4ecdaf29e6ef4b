"""A crawl's checkpoint: a small JSON file that says which windows are done.

It is replaced as a whole each time (written beside, then renamed), so that any exit, even
``kill -9``, leaves the last one or the one before.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import orjson

from scenario_search.errors import CheckpointError
from scenario_search.windows import UNDATED, Window, merged, milliseconds

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
        newest_ids: The ids of the hits that have it.
        finished: Whether all windows are done.
        files: How many bytes of each export are good, by its path.
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

    def mark(
        self,
        window: Window,
        created: Sequence[tuple[str, str | None]],
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
        ids = [id_ for id_, date in created if date == newest]
        self.newest_ids = ids if newest != self.newest else [*self.newest_ids, *ids]
        self.newest = newest

    @property
    def undated_done(self) -> bool:
        """Whether the window of hits without a date is done."""
        return UNDATED in self.done

    def save(self, path: Path) -> None:
        """Write it, in place of what is there.

        Raises:
            CheckpointError: It cannot be written there.
        """
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
        beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError as error:
            _remove(beside)
            reason = error.strerror or error
            raise CheckpointError(f"Cannot write the checkpoint {path}: {reason}") from error
        except BaseException:
            _remove(beside)
            raise

    @classmethod
    def read(cls, path: Path, digest: str, whole: Window | None = None) -> Checkpoint | None:
        """Read a checkpoint of a request; ``None`` where there is no file.

        Args:
            path: The file.
            digest: What request it must belong to.
            whole: What its windows must be pieces of; ``None`` for anything.

        Raises:
            CheckpointError: It cannot be read, or belongs to another request.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CheckpointError(f"Cannot read the checkpoint {path}: {error.strerror}") from error
        try:
            checkpoint = cls._from_json(orjson.loads(data))
        except (ValueError, TypeError, KeyError, LookupError) as error:
            raise CheckpointError(
                f"{path} is no checkpoint of this version ({error!r}): delete it to start anew"
            ) from error
        if checkpoint.digest != digest or whole not in (None, checkpoint.whole):
            raise CheckpointError(
                f"{path} belongs to a crawl with another request: use the same query, filter and "
                "options as then, or another checkpoint file"
            )
        return checkpoint

    @classmethod
    def _from_json(cls, data: Any) -> Checkpoint:
        if data["format"] != _FORMAT:
            raise ValueError(f"its format is {data['format']!r}")
        done = [Window(start, end) for start, end in data["done"]]
        return cls(
            digest=data["digest"],
            whole=Window(*data["whole"]),
            done=done + [UNDATED] * bool(data["undatedDone"]),
            hits=data["hits"],
            newest=data["newest"],
            newest_ids=list(data["newestIds"]),
            finished=data["finished"],
            files=dict(data["files"]),
            cap=data["cap"],
        )


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
