"""What a crawl is told, and what it tells: options, statistics, windows for other machines."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal

import attrs

from scenario_search.crawl.windows import Known, Window, milliseconds
from scenario_search.errors import InvalidParamsError
from scenario_search.filters import Filter, Raw, parse
from scenario_search.wire.paging import ENGINE_CAP
from scenario_search.wire.params import (
    ImageConditions,
    ModelConditions,
    SearchParams,
    validate,
)
from scenario_search.wire.values import as_int, is_whole

__all__ = [
    "CrawlAssetsParams",
    "CrawlModelsParams",
    "CrawlOptions",
    "CrawlPlanParams",
    "CrawlStats",
    "CrawlWindow",
    "RunOptions",
    "check",
    "joined",
    "search_params",
    "since_moment",
]


@attrs.define
class CrawlStats:
    """What a crawl has done so far."""

    expected: int | None = None
    """How many hits there are at least, as far as is known; exact at the end."""
    hits: int = 0
    """How many hits the windows read so far held, those before a resumption included."""
    duplicates: int = 0
    """How many hits came more than once, or outside of their window, and were dropped."""
    invalid: int = 0
    """How many hits could not be decoded and were left out."""
    windows: int = 0
    """How many windows were read whole."""
    requests: int = 0
    """How many requests were answered or given up, retries included."""
    retries: int = 0
    """How many of them were retries."""
    undated_left_out: bool = False
    """Whether hits without ``createdAt`` are left out.

    They are where the server cannot ask for them, and where ``since`` gives a moment to begin at.
    """
    began: float = attrs.field(factory=time.monotonic, repr=False)
    """When it began, on the monotonic clock."""
    ended: float | None = attrs.field(default=None, repr=False)
    """When it ended, on the monotonic clock."""

    @property
    def elapsed(self) -> float:
        """Seconds since the crawl began, or that it took."""
        return (self.ended or time.monotonic()) - self.began

    def end(self) -> None:
        """Stop the clock, if it runs."""
        if self.ended is None:
            self.ended = time.monotonic()


@attrs.frozen
class CrawlWindow:
    """A piece of a crawl that another process can fetch with ``client.crawl.run(window)``.

    Attributes:
        params: What is searched for.
        window: The piece of time.
        expected: How many hits it held when it was counted.
        cap: How many hits the engine gives for one search, as far as that was found out.
        known: Hits that are not wanted, since an earlier crawl gave them.
    """

    params: SearchParams
    window: Window
    expected: int
    cap: int
    known: Known | None = None

    def __str__(self) -> str:
        return f"{self.expected} {self.params.kind} {self.window}"


_OF_WINDOWS = {"filter", "sortBy", "offset", "limit", "page", "hitsPerPage"}


def _option(default: Any, doc: str, converter: Callable[[Any], Any] | None = None) -> Any:
    return attrs.field(default=default, converter=converter, metadata={"doc": doc})


@attrs.frozen(kw_only=True, slots=False)
class RunOptions:
    """How a crawl goes about it."""

    concurrency: int | None = _option(
        None, "How many requests are under way at once: 8 inside the crawl's block, else 1.", as_int
    )
    checkpoint: str | os.PathLike[str] | None = _option(
        None, "A file to keep the progress in, and to go on from."
    )
    order: Literal["newest", "oldest"] = _option("newest", "Which hits come first.")
    cap: int = _option(
        ENGINE_CAP,
        "How many hits the engine gives for one search. An engine that gives fewer is found out at "
        "the start, unless all that is found then was created in one millisecond: where you know "
        "the number, give it.",
        as_int,
    )
    on_invalid: Literal["raise", "skip"] = _option(
        "raise", "Whether a hit that cannot be decoded is an error, or is left out and counted."
    )
    progress: bool | Callable[[CrawlStats], object] | None = _option(
        None,
        "Called with the statistics after every page; True for a bar, in terminals and notebooks.",
    )


@attrs.frozen(kw_only=True, slots=False)
class CrawlOptions(RunOptions):
    """What a crawl takes beside what is searched for."""

    since: datetime | str | os.PathLike[str] | None = _option(
        None,
        "Only what was created from this moment on (a datetime or ISO text), or what is new "
        "since a finished crawl (the path of its checkpoint). Hits without createdAt are left out.",
    )


@attrs.frozen(kw_only=True, slots=False)
class CrawlAssetsParams(CrawlOptions, ImageConditions):
    """A crawl of assets."""


@attrs.frozen(kw_only=True, slots=False)
class CrawlModelsParams(CrawlOptions, ModelConditions):
    """A crawl of models."""


@attrs.frozen(kw_only=True, slots=False)
class CrawlPlanParams(CrawlOptions, ModelConditions):
    """A crawl that is to be shared out."""

    of: Literal["assets", "models"] = _option("assets", "What is crawled.")


def search_params(
    made: ImageConditions, params_class: type[SearchParams], *, valid: bool
) -> SearchParams:
    """Give the search that all windows of a crawl have in common.

    A filter that is plain text is read here, so that it can be joined to the windows' own
    without changing their meaning.

    Args:
        made: What was asked for.
        params_class: The class of the search.
        valid: Whether a filter that is no filter is refused; else it is sent as it is.

    Raises:
        InvalidParamsError: The API's documentation rules the search out.
    """
    names = {field.name for field in attrs.fields(params_class)}
    values = {
        field.name: value
        for field in attrs.fields(type(made))
        if field.name in names and (value := getattr(made, field.name)) is not None
    }
    given = values.get("filter")
    if isinstance(given, str) and given.strip():
        values["filter"] = parse(given) if valid else Raw(given)
    return params_class(**values)


def joined(given: str | Filter | None, window: Filter) -> Filter:
    """Join a crawl's own filter and a window's."""
    if isinstance(given, str):
        given = Raw(given)
    if given is None or given.is_blank:
        return window
    return given & window


def check(params: SearchParams, options: RunOptions, *, valid: bool) -> None:
    """Refuse a crawl that cannot be done.

    Args:
        params: What is searched for; it may be nothing, for a window is always there.
        options: How.
        valid: Whether what is searched for is checked too.

    Raises:
        InvalidParamsError: It cannot be done; all that is wrong is named, in one message.
    """
    if valid:
        validate(attrs.evolve(params, filter=joined(params.filter, Window().filter())))
    taken = _OF_WINDOWS & (params.extra_body or {}).keys()
    found = [f"`extra_body` cannot set {name}: a crawl does" for name in sorted(taken)]
    found += _problems(options)
    if found:
        raise InvalidParamsError(*found)


def _problems(options: RunOptions) -> Iterator[str]:
    if options.concurrency is not None and not is_whole(options.concurrency, 1):
        yield f"`concurrency` must be a whole number from 1, not {options.concurrency!r}"
    if not is_whole(options.cap, 2):
        yield f"`cap` must be a whole number from 2, not {options.cap!r}"
    if options.order not in ("newest", "oldest"):
        yield f"`order` must be 'newest' or 'oldest', not {options.order!r}"
    if options.on_invalid not in ("raise", "skip"):
        yield f"`on_invalid` must be 'raise' or 'skip', not {options.on_invalid!r}"
    if not isinstance(options.progress, bool | None) and not callable(options.progress):
        yield f"`progress` must be True, False or a function, not {options.progress!r}"
    if not (options.checkpoint is None or _is_path(options.checkpoint)):
        yield f"`checkpoint` must be the path of a file, not {options.checkpoint!r}"
    since = getattr(options, "since", None)
    if not (since is None or isinstance(since, datetime) or _is_path(since)):
        yield f"`since` must be a datetime, ISO text or the path of a checkpoint, not {since!r}"
    if isinstance(since, datetime) and since.tzinfo is None:
        yield "`since` needs a time zone: datetime(..., tzinfo=UTC)"
    if isinstance(options, CrawlPlanParams):
        if options.of not in ("assets", "models"):
            yield f"`of` must be 'assets' or 'models', not {options.of!r}"
        if options.max_items is not None:
            yield "`max_items` cannot be shared out: give a plan none"


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike) and bool(value) and bool(os.fspath(value))


def since_moment(since: datetime | str | os.PathLike[str] | None) -> int | None:
    """Read ``since`` as a moment, in milliseconds since 1970; ``None`` where it is a path."""
    if isinstance(since, datetime):
        return milliseconds(since.isoformat())
    return milliseconds(since)
