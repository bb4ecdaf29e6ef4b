"""Options derived from the request classes, so that each parameter stays written once.

A parameter's option has its name, with dashes, its type and its description. Where users know it
by another name, or give it in another form on a command line, the table below says so.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Annotated, Any, Literal

import attrs
import orjson
import typer

from scenario_search.cli.completion import completing
from scenario_search.cli.examples import examples_of
from scenario_search.cli.help import Command
from scenario_search.cli.pictures import picture
from scenario_search.crawl.params import CrawlOptions
from scenario_search.files.options import DownloadOptions
from scenario_search.filters import Filter
from scenario_search.http.credentials import API_KEY, API_SECRET
from scenario_search.wire.images import Images
from scenario_search.wire.params import (
    CallOptions,
    SearchAssetSearchParams,
    SearchModelSearchParams,
    fields_as_shown,
)
from scenario_search.wire.signatures import description

__all__ = [
    "VOCABULARY",
    "add_command",
    "arguments",
    "keywords_of",
    "option",
]

SEARCH, PAGES, REQUEST, CRAWL = "Search", "Pages", "Request", "Crawl"


def _pair(flag: str, separator: str, example: str) -> Callable[[list[str]], dict[str, str]]:
    def read(texts: list[str]) -> dict[str, str]:
        pairs = [text.partition(separator) for text in texts]
        if wrong := next((text for text, pair in zip(texts, pairs, strict=True) if not pair[1]), 0):
            raise typer.BadParameter(f"{flag} takes {example}, not {wrong!r}")
        return {name.strip(): value.strip() for name, _, value in pairs}

    return read


def _json_object(text: str) -> Any:
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter(f"--body is no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise typer.BadParameter("""--body takes a JSON object, such as '{"name": 1}'""")
    return fields


def _same(value: Any) -> Any:
    return value


@attrs.frozen
class Option:
    """How a value is passed on a command line.

    Attributes:
        flags: Its flags, where they are not its name with dashes.
        type: Its type on the command line, where that differs from Python's.
        read: Turns a value of that type into Python's.
        settings: Further arguments of :class:`typer.Option`.
    """

    flags: tuple[str, ...]
    type: Any
    read: Callable[[Any], Any]
    settings: Mapping[str, Any]


def _as(
    *flags: str, type: Any = None, read: Callable[[Any], Any] = _same, **settings: Any
) -> Option:
    return Option(flags, type, read, settings)


def option(default: Any, help: str, *flags: str, **settings: Any) -> Any:
    """Returns a field of a group of options: an attrs class that may have a ``panel``.

    Args:
        default: Its value where the option is not passed.
        help: What the help says of it.
        flags: As for :class:`Option`.
        settings: Likewise.
    """
    return attrs.field(default=default, metadata={"option": _as(*flags, help=help, **settings)})


def _sort_orders(incomplete: str) -> list[str]:
    orders = [
        f"{name}:{order}" for name in SearchAssetSearchParams.sortable for order in ("desc", "asc")
    ]
    return completing(incomplete, orders)


_TEXTS = list[str] | None
_TEXT = str | None
_PICTURE = "FILE|ID|URL"

_OPTIONS = {
    "query": _as(help="Text to search for.", metavar="QUERY"),
    "filter": _as(
        *("--filter", "-f"),
        type=_TEXT,
        help="Conditions, such as 'tags = dragon AND privacy = public'; see filter fields.",
        metavar="TEXT",
    ),
    "query_semantic_ratio": _as("--semantic", metavar="RATIO"),
    "public": _as(
        "--public/--own", help="Public hits, or those of your own project.", show_default="own"
    ),
    "image": _as(
        type=_TEXT,
        help="Reference image: a file, an asset's id, or a web address; - for standard input.",
        metavar=_PICTURE,
    ),
    "like": _as(
        type=_TEXTS,
        help="Image to be similar to, as for --image; repeatable.",
        metavar=_PICTURE,
    ),
    "unlike": _as(
        type=_TEXTS,
        help="Image to be dissimilar to, as for --image; repeatable.",
        metavar=_PICTURE,
    ),
    "image_semantic_ratio": _as("--image-semantic", metavar="RATIO"),
    "sort_by": _as(
        "--sort",
        type=_TEXTS,
        help="Order, such as createdAt:desc; repeatable.",
        metavar="ORDER",
        autocompletion=_sort_orders,
    ),
    "limit": _as("--limit", "-n", help="Hits per page, from 1 to 100.", show_default="20"),
    "offset": _as(help="Number of hits to skip."),
    "page": _as(help="Page number, from 1."),
    "hits_per_page": _as(help="Hits per page, with --page.", show_default="20"),
    "project_id": _as("--project", help="Project to search in.", metavar="ID"),
    "extra_headers": _as(
        "--header",
        type=_TEXTS,
        read=_pair("--header", ":", "'Name: value'"),
        help="Header to send, such as 'Name: value'; repeatable.",
        metavar="NAME:VALUE",
    ),
    "extra_query": _as(
        "--param",
        type=_TEXTS,
        read=_pair("--param", "=", "name=value"),
        help="Parameter to add to the query string, such as name=value; repeatable.",
        metavar="NAME=VALUE",
    ),
    "extra_body": _as(
        "--body",
        type=_TEXT,
        read=_json_object,
        help="JSON object of fields to add to the request body.",
        metavar="JSON",
    ),
    "timeout": _as(help="Timeout per attempt, in seconds.", metavar="SECONDS", show_default="60"),
    "deadline": _as(
        help="Deadline for each page, in seconds, retries included.",
        metavar="SECONDS",
        show_default="none",
    ),
    "max_retry_wait": _as(
        "--retry-wait",
        help="Longest wait before a retry, in seconds.",
        metavar="SECONDS",
        show_default="60",
    ),
    "max_retries": _as("--retries", help="Maximum number of retries.", show_default="2"),
    "max_items": _as("--max", help="Maximum number of hits, from as many pages as needed."),
    "original_models": _as(type=bool | None),
    "concurrency": _as(help="How many requests are under way at once; 8 if unset."),
    "cap": _as(help="The most hits that the engine gives for one search."),
    "on_invalid": _as(
        help="What a hit that cannot be decoded is: an error, or left out and counted."
    ),
    "order": _as(
        type=Literal["newest", "oldest", "any"],
        help="Which hits come first; any is as they come, which is quickest.",
    ),
    "max_requests": _as(
        help="Maximum number of requests, retries included; then the crawl ends with exit code 3, "
        "and --resume goes on.",
    ),
    "overlap": _as(
        type=float,
        help="Seconds before the newest hit that a later --since asks for again.",
        metavar="SECONDS",
    ),
    "max_file_bytes": _as(metavar="BYTES", show_default="2 GiB"),
    "format": _as(metavar="FORMAT"),
    "fit": _as(metavar="FIT"),
    "since": _as(
        type=_TEXT,
        help="Only what was created from a date on (2025-01-31), or what is new since a finished "
        "crawl (its checkpoint file).",
        metavar="DATE|FILE",
    ),
}
_SIDES = ("like", "unlike")


def _option_of(name: str) -> Option:
    return _OPTIONS.get(name) or _as()


def _flags(name: str, option: Option) -> tuple[str, ...]:
    return option.flags or ("--" + name.replace("_", "-"),)


def _metavar(type_: Any) -> str | None:
    """Returns what stands for a whole number, or for one of several words."""
    types = [each for each in (typing.get_args(type_) or [type_]) if each is not NoneType]
    types = [word for each in types for word in (typing.get_args(each) or [each])]
    if types == [int]:
        return "N"
    return "|".join(types) if all(isinstance(each, str) for each in types) else None


def _keyword(
    name: str, option: Option, type_: Any, default: Any, panel: str | None, doc: str = ""
) -> inspect.Parameter:
    type_ = option.type or type_
    settings = {"help": doc.replace("``", ""), "metavar": _metavar(type_), **option.settings}
    info: Any
    if name == "query":
        info = typer.Argument(**settings, show_default=False)
    else:
        settings.setdefault("show_default", default not in (None, ()))
        info = typer.Option(*_flags(name, option), rich_help_panel=panel, **settings)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=Annotated[type_, info])


def _panel(name: str) -> str:
    if name in ("limit", "offset", "page", "hits_per_page", "max_items"):
        return PAGES
    if name in attrs.fields_dict(CrawlOptions):
        return CRAWL
    return REQUEST if name in attrs.fields_dict(CallOptions) else SEARCH


def arguments(
    params_class: type[Any], *, without: tuple[str, ...] = (), panel: str | None = None
) -> list[inspect.Parameter]:
    """Returns the options of the parameters of a search, a crawl or a download, the query first.

    Args:
        params_class: The class of the parameters.
        without: Parameters that are left out.
        panel: Where the help shows them; by default each where its name belongs.
    """
    hints = typing.get_type_hints(params_class, localns={"Filter": Filter})
    return [
        _keyword(
            name,
            _option_of(name),
            hints.get(name),
            field.default,
            panel or _panel(name),
            description(field),
        )
        for field in fields_as_shown(params_class)
        for name in (_SIDES if field.name == "images" else (field.name,))
        if name not in without
    ]


def _fields_of(group: type[Any]) -> list[inspect.Parameter]:
    hints, panel = typing.get_type_hints(group), getattr(group, "panel", None)
    return [
        _keyword(field.name, field.metadata["option"], hints[field.name], field.default, panel)
        for field in attrs.fields(group)
    ]


def add_command(
    app: typer.Typer,
    name: str,
    doc: str,
    command: Callable[..., None],
    *options: type[Any] | list[inspect.Parameter],
) -> None:
    """Adds a command with its options and examples.

    Args:
        app: The group that the command belongs to.
        name: Its name, after that of its group.
        doc: What the help says of it.
        command: Called with an object of each group of options, and the others as keywords.
        options: Groups of options, whose fields are made by :func:`option`, and other options.
    """
    groups = [group for group in options if isinstance(group, type)]
    declared = [
        parameter
        for each in options
        for parameter in (_fields_of(each) if isinstance(each, type) else each)
    ]

    def run(**values: Any) -> None:
        taken = [
            group(**{field.name: values.pop(field.name) for field in attrs.fields(group)})
            for group in groups
        ]
        command(*taken, **values)

    described: Any = run
    described.__signature__ = inspect.Signature(declared)
    described.__annotations__ = {each.name: each.annotation for each in declared}
    described.__doc__ = doc
    register = app.command(name.rpartition(" ")[2], cls=Command, epilog=examples_of(name))
    register(run)


def keywords_of(values: Mapping[str, Any], *, proxy: str | None = None) -> dict[str, Any]:
    """Returns the keywords of a search for the options of a command line.

    Args:
        values: The options and their values.
        proxy: What to fetch a picture's web address through; else the environment's.

    Raises:
        typer.BadParameter: Something is not of the form that its option asks for.
    """
    passed = {name: value for name, value in values.items() if value not in (None, [], ())}
    sides = {side: [picture(text, proxy) for text in passed.pop(side, ())] for side in _SIDES}
    if "image" in passed:
        passed["image"] = picture(passed["image"], proxy)
    keywords = {name: _option_of(name).read(value) for name, value in passed.items()}
    if any(sides.values()):
        keywords["images"] = Images(**sides)
    # --page says which mode it is; people write --limit beside it all the same.
    if "page" in keywords and "limit" in keywords and "offset" not in keywords:
        keywords.setdefault("hits_per_page", keywords.pop("limit"))
    return keywords


VOCABULARY: dict[str, str] = {
    name: _flags(name, _option_of(name))[0].partition("/")[0]
    for params_class in (
        SearchAssetSearchParams,
        SearchModelSearchParams,
        CrawlOptions,
        DownloadOptions,
    )
    for name in attrs.fields_dict(params_class)
} | {
    "query": "the query",
    "images": "--like and --unlike",
    "images.like": "--like",
    "images.unlike": "--unlike",
    "image reference": "a file, an asset's id or a web address",
    "sort_by example": "createdAt:desc",
    "since forms": "a date, such as 2025-01-31, or the checkpoint of a finished crawl",
    "crawl": "scenario-search crawl",
    "directory": "--output",
    "base_url": "The base URL",
    "allow_http": "--allow-http",
    "credentials": f"{API_KEY} and {API_SECRET}",
}
"""How the command line says the terms of messages."""
