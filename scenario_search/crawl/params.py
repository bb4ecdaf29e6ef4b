"""The options of a crawl, and pieces of one for other machines."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import attrs

from scenario_search.crawl.dates import Range, instant
from scenario_search.crawl.stats import CrawlStats
from scenario_search.errors import InvalidParamsError
from scenario_search.filters import Filter, Raw, parse
from scenario_search.filters.fields import Kind
from scenario_search.messages import Message, Term, named
from scenario_search.wire import rules
from scenario_search.wire.options import option, problems
from scenario_search.wire.paging import ENGINE_CAP
from scenario_search.wire.params import (
    Conditions,
    ImageConditions,
    ModelConditions,
    SearchParams,
    validate,
)
from scenario_search.wire.values import as_int

__all__ = [
    "CRAWLS",
    "SINCE",
    "CrawlAssetsParams",
    "CrawlModelsParams",
    "CrawlOptions",
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


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike) and bool(value) and bool(os.fspath(value))


def _path(name: str, value: Any) -> Message | None:
    if _is_path(value):
        return None
    return Message("{} must be the path of a file, not {!r}", named(name), value)


def _since(name: str, value: Any) -> Message | None:
    if isinstance(value, datetime) and value.tzinfo is None:
        return Message("{} needs a time zone: datetime(..., tzinfo=UTC)", named(name))
    if isinstance(value, datetime) or _is_path(value):
        return None
    return Message("{} must be {}, not {!r}", named(name), SINCE, value)


def _overlap(name: str, value: Any) -> Message | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if (isinstance(value, timedelta) or is_number) and overlap_seconds(value) >= 0:
        return None
    return Message("{} must be a timedelta or seconds from 0, not {!r}", named(name), value)


@attrs.frozen(kw_only=True, slots=False)
class RunOptions:
    """How a crawl is run."""

    concurrency: int | None = option(
        None,
        "How many requests may be in flight: 8 inside async with, else 1.",
        rules.integer(1),
        converter=as_int,
    )
    checkpoint: str | os.PathLike[str] | None = option(
        None, "A file to keep the progress in, and to resume from.", _path
    )
    order: Literal["newest", "oldest"] | None = option(
        "newest",
        "Which hits come first; None for hits as they come, which is quickest.",
        rules.choice("newest", "oldest", None),
    )
    cap: int = option(
        ENGINE_CAP,
        "How many hits the engine returns for one search.",
        rules.integer(2),
        converter=as_int,
    )
    on_invalid: Literal["raise", "skip"] = option(
        "raise",
        "Whether a hit that cannot be decoded is an error, or is left out and counted.",
        rules.choice("raise", "skip"),
    )
    max_requests: int | None = option(
        None,
        "How many requests this run may send, retries included. Then the crawl ends, and its "
        "checkpoint goes on later.",
        rules.integer(1),
        converter=as_int,
    )
    progress: bool | Callable[[CrawlStats], object] | None = option(
        None,
        "Called with the statistics after every page; True for a bar, in terminals and notebooks.",
        rules.progress,
    )


@attrs.frozen(kw_only=True, slots=False)
class CrawlOptions(RunOptions):
    """What a crawl takes beside what is searched for."""

    since: datetime | str | os.PathLike[str] | None = option(
        None,
        "Only what was created from this moment on (a datetime or ISO text), or what is new "
        "since a finished crawl (the path of its checkpoint). Hits without a date are left out.",
        _since,
    )
    overlap: timedelta | float = option(
        300.0,
        "Seconds before the newest hit that a later crawl with since= asks for again, for what the "
        "server indexed late. The checkpoint keeps the ids of that time.",
        _overlap,
    )
    by: Literal["created", "updated"] = option(
        "created",
        "The date to crawl by. With 'updated', hits come in the order of their last change, oldest "
        "first, and one that is changed meanwhile comes again.",
        rules.choice("created", "updated"),
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


CRAWLS: dict[str, type[CrawlOptions]] = {
    "assets": CrawlAssetsParams,
    "models": CrawlModelsParams,
    "workflows": CrawlWorkflowsParams,
}
"""What each crawl takes, by what is crawled."""


@attrs.frozen(kw_only=True, slots=False)
class CrawlPlanParams(CrawlOptions, ModelConditions):
    """A crawl that is to be shared out."""

    of: Kind = option("assets", "What is crawled.", rules.choice(*get_args(Kind)))
    shards: int = option(8, "How many pieces to cut it into.", rules.integer(1), converter=as_int)


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
    wrong = [
        Message("{} cannot set {}: a crawl does", named("extra_body"), name)
        for name in sorted(taken)
    ]
    wrong += problems(options)
    if isinstance(options, CrawlPlanParams) and options.max_items is not None:
        wrong.append(Message("{} cannot be shared out: leave it out of a plan", named("max_items")))
    if wrong:
        raise InvalidParamsError(*wrong)


def overlap_seconds(overlap: Any) -> float:
    """Returns an overlap in seconds."""
    return overlap.total_seconds() if isinstance(overlap, timedelta) else float(overlap)


def since_instant(since: datetime | str | os.PathLike[str] | None) -> int | None:
    """Returns ``since`` in microseconds since 1970; ``None`` if it is a path."""
    if isinstance(since, datetime):
        return instant(since.isoformat())
    return instant(since)
