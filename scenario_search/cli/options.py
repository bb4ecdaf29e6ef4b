"""Options derived from the request classes, so that each parameter stays written once.

A parameter's option has its name, with dashes, its type and its description. Where users know it
by another name, or give it in another form on a command line, the table below says so.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import attrs
import orjson
import typer

from scenario_search.cli.completion import completing
from scenario_search.cli.pictures import picture
from scenario_search.crawl.params import CrawlOptions
from scenario_search.filters import Filter
from scenario_search.http.credentials import API_KEY, API_SECRET
from scenario_search.wire.images import Images
from scenario_search.wire.params import (
    CallOptions,
    SearchAssetSearchParams,
    SearchModelSearchParams,
    parameters,
)

__all__ = ["VOCABULARY", "arguments", "fields_of", "keywords_of", "with_signature"]

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
    """How a parameter is passed on a command line, where that differs from Python."""

    names: tuple[str, ...] = ()
    help: str = ""
    type: Any = None
    read: Callable[[Any], Any] = _same
    metavar: str | None = None
    complete: Callable[[str], list[str]] | None = None
    default: str = ""


def _sort_orders(incomplete: str) -> list[str]:
    orders = [
        f"{name}:{order}" for name in SearchAssetSearchParams.sortable for order in ("desc", "asc")
    ]
    return completing(incomplete, orders)


_TEXTS = list[str] | None
_PICTURE = "FILE|ID|URL"

_OPTIONS = {
    "query": Option(help="Text to search for.", metavar="QUERY"),
    "filter": Option(
        ("--filter", "-f"),
        "Conditions, such as 'width >= 1024 AND tags = dragon'; see scenario-search filter.",
        metavar="TEXT",
    ),
    "query_semantic_ratio": Option(("--semantic",), metavar="RATIO"),
    "public": Option(
        ("--public/--own",), "Public hits, or those of your own project.", default="own"
    ),
    "image": Option(
        ("--image",),
        "Reference image: a file, an asset's id, or a web address; - for standard input.",
        str | None,
        metavar=_PICTURE,
    ),
    "image_semantic_ratio": Option(("--image-semantic",), metavar="RATIO"),
    "sort_by": Option(
        ("--sort",),
        "Order, such as createdAt:desc; repeatable.",
        _TEXTS,
        metavar="ORDER",
        complete=_sort_orders,
    ),
    "limit": Option(("--limit", "-n"), "Hits per page, from 1 to 100.", metavar="N", default="20"),
    "offset": Option(help="Number of hits to skip.", metavar="N"),
    "page": Option(help="Page number, from 1.", metavar="N"),
    "hits_per_page": Option(help="Hits per page, with --page.", metavar="N", default="20"),
    "project_id": Option(("--project",), "Project to search in.", metavar="ID"),
    "extra_headers": Option(
        ("--header",),
        "Header to send, such as 'Name: value'; repeatable.",
        _TEXTS,
        _pair("--header", ":", "'Name: value'"),
        "NAME:VALUE",
    ),
    "extra_query": Option(
        ("--query-string",),
        "Query-string parameter to send, such as name=value; repeatable.",
        _TEXTS,
        _pair("--query-string", "=", "name=value"),
        "NAME=VALUE",
    ),
    "extra_body": Option(
        ("--body",), "JSON fields to add to the request's body.", str | None, _json_object, "JSON"
    ),
    "timeout": Option(help="Timeout per attempt, in seconds.", metavar="SECONDS", default="60"),
    "max_retries": Option(("--retries",), "Maximum number of retries.", metavar="N", default="2"),
    "max_items": Option(
        ("--max",), "Maximum number of hits, from as many pages as needed.", metavar="N"
    ),
    "original_models": Option(type=bool | None),
    "concurrency": Option(help="How many requests are under way at once; 8 if unset.", metavar="N"),
    "order": Option(metavar="newest|oldest"),
    "cap": Option(help="The most hits that the engine gives for one search.", metavar="N"),
    "on_invalid": Option(
        help="What a hit that cannot be decoded is: an error, or left out and counted.",
        metavar="raise|skip",
    ),
    "since": Option(
        help="Only what was created from a date on (2025-01-31), or what is new since a finished "
        "crawl (its checkpoint file).",
        type=str | None,
        metavar="DATE|FILE",
    ),
}
_UNCHANGED = Option()

_SIDES = {
    "like": Option(
        ("--like",),
        "Image to be similar to, as for --image; repeatable.",
        _TEXTS,
        metavar=_PICTURE,
    ),
    "unlike": Option(
        ("--unlike",),
        "Image to be dissimilar to, as for --image; repeatable.",
        _TEXTS,
        metavar=_PICTURE,
    ),
}


def _flags(name: str, option: Option) -> tuple[str, ...]:
    return option.names or ("--" + name.replace("_", "-"),)


def _keyword(name: str, option: Option, doc: str, type_: Any, default: Any, panel: str) -> Any:
    info: Any
    if name == "query":
        info = typer.Argument(help=option.help, metavar=option.metavar, show_default=False)
    else:
        info = typer.Option(
            *_flags(name, option),
            help=option.help or doc,
            metavar=option.metavar,
            rich_help_panel=panel,
            autocompletion=option.complete,
            show_default=option.default or default not in (None, ()),
        )
    annotation: Any = Annotated[option.type or type_, info]
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _panel(name: str) -> str:
    if name in ("limit", "offset", "page", "hits_per_page", "max_items"):
        return PAGES
    return REQUEST if name in attrs.fields_dict(CallOptions) else SEARCH


def arguments(params_class: type[Any], *, without: tuple[str, ...] = ()) -> list[inspect.Parameter]:
    """Returns the options of a request class, the query first.

    Args:
        params_class: A request class, or one of the classes of conditions.
        without: Parameters that are left out.
    """
    hints = typing.get_type_hints(params_class, localns={"Filter": Filter})
    options = []
    for name, parameter in parameters(params_class):
        if name == "images":
            options += [
                _keyword(side, option, "", None, None, SEARCH) for side, option in _SIDES.items()
            ]
        elif name not in without:
            option = _OPTIONS.get(name, _UNCHANGED)
            type_ = hints[name] if option.type is None else option.type
            type_ = str | None if name == "filter" else type_
            options.append(_keyword(name, option, parameter.doc, type_, None, _panel(name)))
    return options


def crawl_arguments(*, without: tuple[str, ...]) -> list[inspect.Parameter]:
    """Returns the options of a crawl beside what is searched for."""
    hints = typing.get_type_hints(CrawlOptions)
    return [
        _keyword(
            field.name,
            _OPTIONS.get(field.name, _UNCHANGED),
            field.metadata["doc"],
            hints[field.name],
            field.default,
            CRAWL,
        )
        for field in attrs.fields(CrawlOptions)
        if field.name not in without
    ]


def fields_of(group: type[Any]) -> list[inspect.Parameter]:
    """Returns the options of a group: an attrs class whose fields are annotated with options."""
    hints = typing.get_type_hints(group, include_extras=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(field.name, kind, default=field.default, annotation=hints[field.name])
        for field in attrs.fields(group)
    ]


def take(group: type[Any], values: dict[str, Any]) -> Any:
    """Returns a group made of the values of its fields, which are taken out of ``values``."""
    return group(**{field.name: values.pop(field.name) for field in attrs.fields(group)})


def with_signature(
    command: Callable[..., None], name: str, doc: str, *groups: list[inspect.Parameter]
) -> Callable[..., None]:
    """Returns a command with the options of the groups, which calls a function of keywords."""

    def run(**values: Any) -> None:
        command(**values)

    declared = [parameter for group in groups for parameter in group]
    described: Any = run
    described.__signature__ = inspect.Signature(declared)
    described.__annotations__ = {each.name: each.annotation for each in declared}
    run.__name__, run.__doc__ = name, doc
    return run


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
    keywords = {name: _OPTIONS.get(name, _UNCHANGED).read(value) for name, value in passed.items()}
    if any(sides.values()):
        keywords["images"] = Images(**sides)
    # --page says which mode it is; people write --limit beside it all the same.
    if "page" in keywords and "limit" in keywords and "offset" not in keywords:
        keywords.setdefault("hits_per_page", keywords.pop("limit"))
    return keywords


VOCABULARY: dict[str, str] = {
    name: _flags(name, _OPTIONS.get(name, _UNCHANGED))[0].partition("/")[0]
    for params_class in (SearchAssetSearchParams, SearchModelSearchParams, CrawlOptions)
    for name in attrs.fields_dict(params_class)
} | {
    "query": "the query",
    "images": "--like and --unlike",
    "images.like": "--like",
    "images.unlike": "--unlike",
    "one of assets": "a query, --filter, --image, --like or --unlike",
    "one of models": "a query, --filter, --image, --like or --unlike",
    "one of workflows": "a query or --filter",
    "image reference": "a file, an asset's id or a web address",
    "sort_by example": "createdAt:desc",
    "since forms": "a date, such as 2025-01-31, or the checkpoint of a finished crawl",
    "crawl": "scenario-search crawl",
    "base_url": "The base URL",
    "allow_http": "--allow-http",
    "credentials": f"{API_KEY} and {API_SECRET}",
}
"""How the command line says the terms of messages."""
