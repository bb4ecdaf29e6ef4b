"""The options of a crawl, and pieces of one for other machines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

import attrs

from scenario_search.crawl.dates import EARLIEST, Bound, Range, instant
from scenario_search.crawl.stats import CrawlStats
from scenario_search.errors import InvalidParamsError
from scenario_search.filters import Filter, Raw, parse
from scenario_search.messages import Message, Term, named
from scenario_search.wire.paging import ENGINE_CAP
from scenario_search.wire.params import (
    Conditions,
    ImageConditions,
    ModelConditions,
    SearchParams,
    validate,
)
from scenario_search.wire.values import as_int, is_whole

__all__ = [
    "SINCE",
    "CrawlAssetsParams",
    "CrawlModelsParams",
    "CrawlOptions",
    "CrawlPiece",
    "CrawlPlanParams",
    "CrawlWorkflowsParams",
    "RunOptions",
    "check",
    "joined",
    "overlap_seconds",
    "search_params",
    "since_instant",
]


SINCE = Term("since forms", "a datetime, ISO 8601 text or the checkpoint of a finished crawl")
_OF_CRAWLS = {"filter", "sortBy", "offset", "limit", "page", "hitsPerPage"}


def _option(default: Any, doc: str, converter: Callable[[Any], Any] | None = None) -> Any:
    return attrs.field(default=default, converter=converter, metadata={"doc": doc})


@attrs.frozen(kw_only=True, slots=False)
class RunOptions:
    """How a crawl is run."""

    concurrency: int | None = _option(
        None, "How many requests may be in flight: 8 inside async with, else 1.", as_int
    )
    checkpoint: str | os.PathLike[str] | None = _option(
        None, "A file to keep the progress in, and to resume from."
    )
    order: Literal["newest", "oldest"] | None = _option(
        "newest",
        "Which hits come first; None for hits as they come, which is quickest.",
    )
    cap: int = _option(ENGINE_CAP, "How many hits the engine returns for one search.", as_int)
    on_invalid: Literal["raise", "skip"] = _option(
        "raise", "Whether a hit that cannot be decoded is an error, or is left out and counted."
    )
    max_requests: int | None = _option(
        None,
        "How many requests this run may send, retries included. Then the crawl ends, and its "
        "checkpoint goes on later.",
        as_int,
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
        "since a finished crawl (the path of its checkpoint). Hits without a date are left out.",
    )
    overlap: timedelta | float = _option(
        300.0,
        "Seconds before the newest hit that a later crawl with since= asks for again, for what the "
        "server indexed late. The checkpoint keeps the ids of that time.",
    )
    by: Literal["created", "updated"] = _option(
        "created",
        "The date to crawl by. With 'updated', hits come in the order of their last change, oldest "
        "first, and one that is changed meanwhile comes again.",
    )


@attrs.frozen(kw_only=True, slots=False)
class CrawlAssetsParams(CrawlOptions, ImageConditions):
    """A crawl of assets."""


@attrs.frozen(kw_only=True, slots=False)
class CrawlModelsParams(CrawlOptions, ModelConditions):
    """A crawl of models."""


@attrs.frozen(kw_only=True, slots=False)
class CrawlWorkflowsParams(CrawlOptions, Conditions):
    """A crawl of workflows."""


@attrs.frozen(kw_only=True, slots=False)
class CrawlPlanParams(CrawlOptions, ModelConditions):
    """A crawl that is to be shared out."""

    of: Literal["assets", "models", "workflows"] = _option("assets", "What is crawled.")
    shards: int = _option(8, "How many pieces to cut it into.", as_int)


@attrs.frozen
class CrawlPiece:
    """A piece of a crawl that another process can read with ``client.crawl.run(piece)``.

    Attributes:
        params: What is searched for.
        by: The date that it is crawled by.
        low: The earliest date, which the piece holds; ``None`` for no bound.
        high: The first date that is too late; ``None`` for no bound.
        undated: Whether it is the piece of the hits without a date.
        expected: How many hits it may hold.
        known: The keys of hits that are not wanted, for an earlier crawl had them.
    """

    params: SearchParams
    by: Literal["created", "updated"] = "created"
    low: str | None = None
    high: str | None = None
    undated: bool = False
    expected: int = 0
    known: frozenset[str] = frozenset()

    @property
    def _range(self) -> Range:
        high = None if self.high is None else Bound(self.high, inclusive=False)
        low = EARLIEST if self.low is None else Bound(self.low)
        return Range(low, high, self.undated)

    def __str__(self) -> str:
        return f"about {self.expected:,} {self.params.kind} {self._range}"


def search_params(
    conditions: Conditions, params_class: type[SearchParams], *, valid: bool
) -> SearchParams:
    """Returns the search that all requests of a crawl have in common.

    A filter that is plain text is parsed here, so that it can be joined to a range of dates
    without changing its meaning.

    Args:
        conditions: What is searched for.
        params_class: The class of the search.
        valid: Whether a filter that cannot be parsed is refused; else it is sent as it is.

    Raises:
        InvalidParamsError: The API's documentation rules the search out.
    """
    names = {field.name for field in attrs.fields(params_class)}
    values = {
        field.name: value
        for field in attrs.fields(type(conditions))
        if field.name in names and (value := getattr(conditions, field.name)) is not None
    }
    own = values.get("filter")
    if isinstance(own, str) and own.strip():
        values["filter"] = parse(own) if valid else Raw(own)
    return params_class(**values)


def joined(own: str | Filter | None, dates: Filter) -> Filter:
    """Returns a crawl's own filter joined to that of a range of dates."""
    if isinstance(own, str):
        own = Raw(own)
    if own is None or own.is_blank:
        return dates
    return own & dates


def check(params: SearchParams, options: RunOptions, *, valid: bool) -> None:
    """Refuses a crawl that cannot be done.

    Args:
        params: What is searched for. It may be nothing, for each request has a range of dates.
        options: How it is run.
        valid: Whether what is searched for is checked, too.

    Raises:
        InvalidParamsError: It cannot be done; one message names everything that is wrong.
    """
    if valid:
        validate(attrs.evolve(params, filter=joined(params.filter, Range().filter("createdAt"))))
    taken = _OF_CRAWLS & (params.extra_body or {}).keys()
    problems = [
        Message("{} cannot set {}: a crawl does", named("extra_body"), name)
        for name in sorted(taken)
    ]
    problems += _problems(options)
    if problems:
        raise InvalidParamsError(*problems)


def _problems(options: RunOptions) -> Iterator[Message]:
    for name, least in (("concurrency", 1), ("cap", 2), ("max_requests", 1), ("shards", 1)):
        value = getattr(options, name, None)
        if value is not None and not is_whole(value, least):
            yield Message("{} must be a whole number from {}, not {!r}", named(name), least, value)
    choices = {
        "order": ("newest", "oldest", None),
        "on_invalid": ("raise", "skip"),
        "by": ("created", "updated"),
        "of": ("assets", "models", "workflows"),
    }
    for name, values in choices.items():
        value = getattr(options, name, values[0])
        if value not in values:
            words = " or ".join(map(repr, values))
            yield Message("{} must be {}, not {!r}", named(name), words, value)
    if not isinstance(options.progress, bool | None) and not callable(options.progress):
        yield Message(
            "{} must be True, False or a function, not {!r}", named("progress"), options.progress
        )
    if not (options.checkpoint is None or _is_path(options.checkpoint)):
        yield Message(
            "{} must be the path of a file, not {!r}", named("checkpoint"), options.checkpoint
        )
    if isinstance(options, CrawlOptions):
        yield from _since_problems(options.since, options.overlap)
    if isinstance(options, CrawlPlanParams) and options.max_items is not None:
        yield Message("{} cannot be shared out: leave it out of a plan", named("max_items"))


def _since_problems(since: object, overlap: object) -> Iterator[Message]:
    if not (since is None or isinstance(since, datetime) or _is_path(since)):
        yield Message("{} must be {}, not {!r}", named("since"), SINCE, since)
    if isinstance(since, datetime) and since.tzinfo is None:
        yield Message("{} needs a time zone: datetime(..., tzinfo=UTC)", named("since"))
    is_number = isinstance(overlap, int | float) and not isinstance(overlap, bool)
    if not (isinstance(overlap, timedelta) or is_number) or overlap_seconds(overlap) < 0:
        yield Message(
            "{} must be a timedelta or seconds from 0, not {!r}", named("overlap"), overlap
        )


def overlap_seconds(overlap: Any) -> float:
    """Returns an overlap in seconds."""
    return overlap.total_seconds() if isinstance(overlap, timedelta) else float(overlap)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike) and bool(value) and bool(os.fspath(value))


def since_instant(since: datetime | str | os.PathLike[str] | None) -> int | None:
    """Returns ``since`` in microseconds since 1970; ``None`` if it is a path."""
    if isinstance(since, datetime):
        return instant(since.isoformat())
    return instant(since)
