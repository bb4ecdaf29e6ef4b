"""A crawl's checkpoint: a JSON file that holds what is left to do.

It is replaced as a whole each time (written beside, then renamed), so that any exit, even
``kill -9``, leaves the last one or the one before. It is locked for the time of a crawl.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Iterable
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import attrs
from filelock import FileLock, Timeout

from scenario_search.crawl.cursor import Pending
from scenario_search.crawl.dates import Bound, Range, instant, timestamp
from scenario_search.errors import CheckpointError
from scenario_search.wire.codec import read_json
from scenario_search.wire.document import json_bytes

__all__ = ["Checkpoint", "CheckpointLock", "Identity", "delete_checkpoint"]

_FORMAT = 2
_DAY = 86_400_000_000
_SECOND = 1_000_000
_LOCK_TIMEOUT = 0.1
"""Seconds: a crawl in this process that was left a moment ago is still ending."""


@attrs.frozen
class Identity:
    """Who was asked, and for what.

    Attributes:
        base_url: The server.
        project: The project of the search, if one was named.
        search: A digest of the search and of the date it is crawled by.
        owner: The owner of the credentials. It is written as a salted hash only.
    """

    base_url: str
    project: str | None
    search: str
    owner: str = attrs.field(repr=False)

    def differences(self, checkpoint: Checkpoint) -> list[str]:
        """Returns what a checkpoint has of somebody or something else."""
        same = {
            "server": checkpoint.base_url == self.base_url,
            "project": checkpoint.project == self.project,
            "search": checkpoint.search == self.search,
            "credentials": checkpoint.owner == _salted(self.owner, checkpoint.salt),
        }
        return [name for name, is_same in same.items() if not is_same]


def _salted(owner: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}:{owner}".encode()).hexdigest()


@attrs.define
class Checkpoint:
    """How far a crawl has come.

    Attributes:
        base_url: The server that was asked.
        project: The project.
        search: A digest of the search.
        owner: A salted hash of the owner of the credentials.
        salt: The salt.
        range: The range of dates of the whole crawl.
        pending: What is left to consume.
        hits: Number of hits consumed.
        requests: Number of requests sent.
        retries: How many of them were retries.
        invalid: Number of hits left out, since they could not be decoded.
        undated_left_out: Whether hits without a date are left out.
        newest: The newest date consumed. Dates in the future are mistakes and do not count.
        recent: The date of each hit, by its key, from the overlap before the newest on.
        overlap: The overlap, in seconds.
        ends: The dates of the newest and the oldest hit when the crawl began.
        finished: Whether nothing is left.
        files: How many bytes of each export are good, by its path from the checkpoint's folder on,
            so that both can be moved together.
    """

    base_url: str
    project: str | None
    search: str
    owner: str
    salt: str
    range: Range
    pending: list[Pending]
    overlap: float = 300.0
    hits: int = 0
    requests: int = 0
    retries: int = 0
    invalid: int = 0
    undated_left_out: bool = False
    newest: str | None = None
    recent: dict[str, str] = attrs.field(factory=dict)
    ends: list[str] = attrs.field(factory=list)
    finished: bool = False
    files: dict[str, int] = attrs.field(factory=dict)
    _path: Path | None = attrs.field(default=None, init=False, eq=False, repr=False)

    @classmethod
    def new(cls, identity: Identity, range_: Range, pending: list[Pending]) -> Checkpoint:
        """Returns the checkpoint of a crawl that begins."""
        salt = secrets.token_hex(8)
        return cls(
            base_url=identity.base_url,
            project=identity.project,
            search=identity.search,
            owner=_salted(identity.owner, salt),
            salt=salt,
            range=range_,
            pending=pending,
        )

    def see(self, dated: Iterable[tuple[str, str | None]]) -> None:
        """Remembers the newest of the hits that were consumed.

        Args:
            dated: The key and the date of each hit.
        """
        latest = int(time.time() * _SECOND) + _DAY
        margin = int(self.overlap * _SECOND)
        newest = instant(self.newest)
        moved = False
        # To read a date takes long. Text that sorts before this one is older than the margin: a
        # week, since dates may have an offset, and one by weeks may name the year before its own.
        oldest = "" if newest is None else timestamp(newest - margin - 7 * _DAY)
        for key, date in dated:
            moment = None if date is None or date < oldest else instant(date)
            if date is None or moment is None:
                continue
            if moment <= latest and (newest is None or moment > newest):
                newest, self.newest, moved = moment, date, True
            if newest is None or moment >= newest - margin:
                self.recent[key] = date
        if moved and newest is not None:
            self.recent = {
                key: date
                for key, date in self.recent.items()
                if (instant(date) or 0) >= newest - margin
            }

    def name_of(self, file: Path) -> str:
        """Returns the name under which ``files`` has a file, once this was saved or read."""
        whole = os.path.abspath(file)  # noqa: PTH100 - the name only: no link is followed
        if self._path is None:
            return whole
        try:
            return Path(os.path.relpath(whole, self._path.parent)).as_posix()
        except ValueError:
            return whole  # on another drive

    def save(self, path: Path) -> None:
        """Writes it in place of what is there.

        Raises:
            CheckpointError: It cannot be written.
        """
        self.write(path, self.to_json())

    def write(self, path: Path, data: bytes) -> None:
        """Writes what :meth:`to_json` returned in place of what is there.

        Raises:
            CheckpointError: It cannot be written.
        """
        self._path = path
        # The lock keeps others away, and what a killed crawl left there is written over.
        beside = path.with_name(f"{path.name}.tmp")
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

    def to_json(self) -> bytes:
        """Returns what is written of it."""
        data = {
            "format": _FORMAT,
            **{name: getattr(self, name) for name in _PLAIN},
            "range": _range_json(self.range),
            "pending": [_pending_json(pending) for pending in self.pending],
        }
        return json_bytes(data) + b"\n"

    @classmethod
    def read(cls, path: Path) -> Checkpoint | None:
        """Returns the checkpoint in a file; ``None`` if there is no file.

        Raises:
            CheckpointError: It cannot be read.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CheckpointError(f"Cannot read the checkpoint {path}: {error.strerror}") from error
        try:
            checkpoint = cls._from_json(read_json(data))
        except (CheckpointError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise CheckpointError(
                f"{path} is not a checkpoint of this version ({_mismatch(error)}): delete it to "
                "start anew"
            ) from error
        checkpoint._path = path
        return checkpoint

    def check(self, identity: Identity, range_: Range) -> None:
        """Refuses to go on with another crawl.

        Raises:
            CheckpointError: The checkpoint belongs to another server, project, search or owner of
                credentials, or to another ``since``.
        """
        differences = identity.differences(self)
        if self.range != range_:
            differences.append("`since`")
        if differences:
            raise CheckpointError(
                f"The checkpoint {self._path} belongs to a crawl with another request (another "
                f"{', another '.join(differences)}): repeat that crawl, or use another checkpoint "
                "file"
            )

    @classmethod
    def _from_json(cls, data: Any) -> Checkpoint:
        if data["format"] != _FORMAT:
            raise CheckpointError(f"its format is {data['format']!r}, not {_FORMAT}")
        plain = {name: _typed(data[name], *types) for name, types in _PLAIN.items()}
        for values, kind in ((plain["recent"], str), (plain["files"], int)):
            for value in values.values():
                _typed(value, kind)
        for end in plain["ends"]:
            _typed(end, str)
        return cls(
            **plain,
            range=_range_from(data["range"]),
            pending=[_pending_from(pending) for pending in data["pending"]],
        )


_PLAIN: dict[str, tuple[type, ...]] = {
    "base_url": (str,),
    "project": (str, type(None)),
    "search": (str,),
    "owner": (str,),
    "salt": (str,),
    "finished": (bool,),
    "hits": (int,),
    "requests": (int,),
    "retries": (int,),
    "invalid": (int,),
    "undated_left_out": (bool,),
    "newest": (str, type(None)),
    "recent": (dict,),
    "overlap": (float, int),
    "ends": (list,),
    "files": (dict,),
}


def _range_json(range_: Range) -> dict[str, Any]:
    bounds = {"low": range_.low, "high": range_.high}
    return {
        name: None if bound is None else [bound.text, bound.inclusive]
        for name, bound in bounds.items()
    } | {"undated": range_.undated}


def _range_from(data: Any) -> Range:
    high = None if data["high"] is None else _bound_from(data["high"])
    return Range(_bound_from(data["low"]), high, _typed(data["undated"], bool))


def _bound_from(data: Any) -> Bound:
    text, inclusive = _typed(data, list)
    return Bound(_typed(text, str), _typed(inclusive, bool))


def _pending_json(pending: Pending) -> dict[str, Any]:
    return {
        "range": _range_json(pending.range),
        "ranked": pending.ranked,
        "known": sorted(pending.known),
        "edge": pending.edge,
    }


def _pending_from(data: Any) -> Pending:
    known, edge = ([_typed(key, str) for key in data[name]] for name in ("known", "edge"))
    return Pending(
        _range_from(data["range"]),
        ranked=_typed(data["ranked"], bool),
        known=frozenset(known),
        edge=edge,
    )


def delete_checkpoint(path: Path) -> None:
    """Deletes a checkpoint that no crawl uses, and what lies beside it."""
    for file in (path, Path(f"{path}.tmp"), Path(f"{path}.lock")):
        file.unlink(missing_ok=True)


class CheckpointLock:
    """Keeps others from a checkpoint for the time of a crawl.

    Args:
        path: The checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(f"{path}.lock", thread_local=False)

    def acquire(self) -> None:
        """Locks it.

        Raises:
            CheckpointError: Another crawl has it, or the lock cannot be written.
        """
        try:
            # The lock would make the folder.
            self._path.parent.stat()
            self._lock.acquire(timeout=_LOCK_TIMEOUT, poll_interval=0.02)
        except Timeout:
            raise CheckpointError(
                f"Another crawl holds {self._lock.lock_file}, the lock of the checkpoint "
                f"{self._path}: wait for its end, or give each a checkpoint and a file of its own"
            ) from None
        except OSError as error:
            reason = error.strerror or error
            raise CheckpointError(f"Cannot write the checkpoint {self._path}: {reason}") from error

    def release(self) -> None:
        """Unlocks it. Unlocking again does nothing."""
        self._lock.release(force=True)


def _mismatch(error: Exception) -> str:
    """Returns why what a file holds is not a checkpoint."""
    match error:
        case CheckpointError():
            return str(error)
        case JSONDecodeError() | UnicodeDecodeError():
            return "it is not JSON"
        case KeyError():
            return f"it has no {error}"
        case _:
            return "a value in it is of the wrong type"


def _typed(value: Any, *types: type) -> Any:
    if type(value) not in types:
        raise TypeError(f"{value!r} is of the wrong type")
    return value


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
