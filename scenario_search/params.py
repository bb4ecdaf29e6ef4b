"""The requests: every parameter of the Search API, written once.

Each parameter stands with its wire name, its place (query string or body), its rule and its
description. Everything else follows from here: the signatures of both clients, the wire form,
the validation, and the reference page.

Making a request object never raises. The client validates it before anything is sent
(:func:`validate`), unless it was told not to.

Source: the Search API's reference, Asset Search and Model Search; workflows as in
scenario-sdk 2.4.0. "Limit exceeds maximum (100)" and "Must provide at least one search
parameter" are the API's own words.
"""

from __future__ import annotations

import difflib
import enum
import math
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypedDict

import attrs

from scenario_search.errors import InvalidParamsError
from scenario_search.filters import Filter, check_fields
from scenario_search.images import ImageSource, image_problem

__all__ = [
    "CallOptions",
    "Images",
    "ImagesDict",
    "SearchAssetSearchParams",
    "SearchModelSearchParams",
    "SearchParams",
    "SearchWorkflowSearchParams",
    "body_parameters",
    "ignored_parameters",
    "query_parameters",
    "validate",
]

Rule = Callable[[str, Any, "SearchParams"], str | None]
"""Says what is wrong with (name, value, request); ``None`` if nothing is."""

MAX_PAGE_SIZE = 100
"""The most hits a page may hold (Search guide, Pagination)."""


class Place(enum.Enum):
    """Where a parameter travels."""

    QUERY = "query string"
    BODY = "body"
    POSITION = "body, set anew for each page"
    IMAGES = "body, once pictures have become references"
    CALL = "nowhere: it is for the client"


@attrs.frozen
class Parameter:
    """What is known of a parameter beside its Python name, type and default."""

    wire: str
    place: Place
    doc: str
    rule: Rule | None = None


def _param(wire: str, place: Place, doc: str, rule: Rule | None = None) -> Any:
    return attrs.field(default=None, metadata={"parameter": Parameter(wire, place, doc, rule)})


def _is_real(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _integer(minimum: int, maximum: int | None = None) -> Rule:
    def rule(name: str, value: Any, _: SearchParams) -> str | None:
        if not _is_real(value) or value % 1:
            return f"`{name}` must be a whole number, not {value!r}"
        if maximum is not None and value > maximum:
            return f"Limit exceeds maximum ({maximum}): `{name}` is {value!r}"
        if value < minimum:
            return f"`{name}` must be at least {minimum}, not {value!r}"
        return None

    return rule


def _ratio(name: str, value: Any, _: SearchParams) -> str | None:
    if _is_real(value) and 0 <= value <= 1:
        return None
    return f"`{name}` must be a number from 0 to 1, not {value!r}"


def _boolean(name: str, value: Any, _: SearchParams) -> str | None:
    return None if isinstance(value, bool) else f"`{name}` must be True or False, not {value!r}"


def _text(name: str, value: Any, _: SearchParams) -> str | None:
    if not isinstance(value, str):
        return f"`{name}` must be a string, not {type(value).__name__}"
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"`{name}` holds a character that UTF-8 has no form for, at index {error.start}"
    return None


def _id(name: str, value: Any, params: SearchParams) -> str | None:
    blank = isinstance(value, str) and not value.strip()
    return f"`{name}` must not be blank" if blank else _text(name, value, params)


def _filter(name: str, value: Any, params: SearchParams) -> str | None:
    return None if isinstance(value, Filter) else _text(name, value, params)


def _sort(name: str, value: Any, params: SearchParams) -> str | None:
    example = "such as ['createdAt:desc']"
    if isinstance(value, str) or not isinstance(value, Sequence):
        return f"`{name}` must be a list of strings, {example}"
    for item in value:
        field, _, order = item.partition(":") if isinstance(item, str) else ("", "", "")
        if not field or order not in ("asc", "desc"):
            return f"`{name}` takes a field, a colon and asc or desc, {example}, not {item!r}"
        if params.sortable and field not in params.sortable:
            near = difflib.get_close_matches(_camel(field), params.sortable, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else f"use {', '.join(params.sortable)}"
            return f'`{name}`: "{field}" is not a sortable field: {hint}'
    return None


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _image(name: str, value: Any, params: SearchParams) -> str | None:
    if getattr(params, "images", None) is not None:
        return "`image` and `images` are mutually exclusive"
    problem = image_problem(value)
    return f"`{name}` {problem}" if problem else None


def _images(name: str, value: Any, _: SearchParams) -> str | None:
    if isinstance(value, Mapping):
        unknown = sorted(map(str, value.keys() - {"like", "unlike"}))
        if unknown:
            return f"`{name}` has `like` and `unlike`, not {', '.join(unknown)}"
    elif not isinstance(value, Images):
        return f"`{name}` must be Images(like=[...], unlike=[...]), not {type(value).__name__}"
    for side, sources in zip(("like", "unlike"), like_unlike(value), strict=True):
        if isinstance(sources, (str, bytes)) or not isinstance(sources, Sequence):
            return f"`{name}.{side}` must be a list of images, not {type(sources).__name__}"
        for index, source in enumerate(sources):
            if problem := image_problem(source):
                return f"`{name}.{side}[{index}]` {problem}"
    return None


def _mapping(name: str, value: Any, _: SearchParams) -> str | None:
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return None
    return f"`{name}` must be a dict with string keys, not {type(value).__name__}"


def _extra_body(name: str, value: Any, params: SearchParams) -> str | None:
    if problem := _mapping(name, value, params):
        return problem
    position = sorted(value.keys() & {"limit", "offset", "page", "hitsPerPage"})
    if position:
        return f"`{name}` must not hold {', '.join(position)}: pass the parameter of that name"
    return None


def _timeout(name: str, value: Any, _: SearchParams) -> str | None:
    if _is_real(value) and 0 < value < math.inf:
        return None
    return f"`{name}` must be a number of seconds above 0, not {value!r}"


@attrs.frozen(kw_only=True)
class Images:
    """Pictures that results should be like, and pictures they should not be like."""

    like: Sequence[ImageSource] = ()
    """References to come close to: asset ids, data URLs, paths, bytes, files, Pillow images."""
    unlike: Sequence[ImageSource] = ()
    """References to stay away from."""


class ImagesDict(TypedDict, total=False):
    """The same as :class:`Images`, as a plain dict."""

    like: Sequence[ImageSource]
    unlike: Sequence[ImageSource]


def like_unlike(
    images: Images | Mapping[str, Any],
) -> tuple[Sequence[ImageSource], Sequence[ImageSource]]:
    """Give both lists of an ``images`` parameter."""
    if isinstance(images, Images):
        return images.like, images.unlike
    return images.get("like", ()), images.get("unlike", ())


@attrs.frozen(kw_only=True, slots=False)
class CallOptions:
    """What every call takes beside the API's search parameters."""

    project_id: str | None = _param(
        "projectId", Place.QUERY, "The project to search in; None for the client's.", _id
    )
    extra_headers: Mapping[str, str] | None = _param(
        "", Place.CALL, "Headers to send beside, or in place of, the client's.", _mapping
    )
    extra_query: Mapping[str, str] | None = _param(
        "", Place.CALL, "Query-string parameters to add.", _mapping
    )
    extra_body: Mapping[str, Any] | None = _param(
        "", Place.CALL, "JSON fields to add to the body; they win over parameters.", _extra_body
    )
    timeout: float | None = _param(
        "", Place.CALL, "Seconds one attempt may take; None for the client's.", _timeout
    )
    max_retries: int | None = _param(
        "",
        Place.CALL,
        "How many times a failed attempt is repeated; None for the client's.",
        _integer(0),
    )
    max_items: int | None = _param(
        "", Place.CALL, "The most hits an iteration gives; None for all.", _integer(0)
    )


@attrs.frozen(kw_only=True, slots=False)
class Conditions(CallOptions):
    """What is searched for: the parameters that searches and crawls share."""

    kind: ClassVar[Literal["assets", "models", "workflows"]]
    sortable: ClassVar[tuple[str, ...]] = ()

    query: str | None = _param("query", Place.BODY, "The text to search for.", _text)
    filter: str | Filter | None = _param(
        "filter",
        Place.BODY,
        "Conditions on fields: F.width >= 1024, or text in the filter language.",
        _filter,
    )
    query_semantic_ratio: float | None = _param(
        "querySemanticRatio",
        Place.BODY,
        "From 0 (words, the API's default) to 1 (meaning).",
        _ratio,
    )
    public: bool | None = _param(
        "public",
        Place.BODY,
        "Search what everybody made public (True) or the own project (the API's default).",
        _boolean,
    )
    original_assets: bool | None = _param(
        "originalAssets",
        Place.QUERY,
        "Give the original files, without transformation.",
        _boolean,
    )


@attrs.frozen(kw_only=True, slots=False)
class ImageConditions(Conditions):
    """What is searched for, where pictures can be a reference."""

    image: ImageSource | None = _param(
        "image",
        Place.IMAGES,
        "A picture to find likenesses of: an asset id, a data URL, a path, bytes, a file or a "
        "Pillow image.",
        _image,
    )
    images: Images | ImagesDict | None = _param(
        "images", Place.IMAGES, "Pictures to be like and unlike, in place of image.", _images
    )
    image_semantic_ratio: float | None = _param(
        "imageSemanticRatio",
        Place.BODY,
        "From 0 (image features: near duplicates) to 1 (subject and mood, the API's default).",
        _ratio,
    )


@attrs.frozen(kw_only=True, slots=False)
class ModelConditions(ImageConditions):
    """What is searched for among models."""

    original_models: object | None = _param(
        "originalModels", Place.QUERY, "Give the original models, without transformation."
    )


@attrs.frozen(kw_only=True, slots=False)
class SearchParams(Conditions):
    """A search: conditions, an order, and which page."""

    sort_by: Sequence[str] | None = _param(
        "sortBy", Place.BODY, "Fields, each with an order: ['createdAt:desc'].", _sort
    )
    limit: int | None = _param(
        "limit",
        Place.POSITION,
        "Offset mode: hits a page, 1 to 100. Unset: 20 for a page, 100 when iterating.",
        _integer(1, MAX_PAGE_SIZE),
    )
    offset: int | None = _param(
        "offset", Place.POSITION, "Offset mode: how many hits to skip, from 0.", _integer(0)
    )
    page: int | None = _param(
        "page", Place.POSITION, "Page mode: the page's number, from 1.", _integer(1)
    )
    hits_per_page: int | None = _param(
        "hitsPerPage",
        Place.POSITION,
        "Page mode: hits a page, 1 to 100 (default 20).",
        _integer(1, MAX_PAGE_SIZE),
    )


@attrs.frozen(kw_only=True, slots=False)
class SearchAssetSearchParams(ImageConditions, SearchParams):
    """A search for assets."""

    kind = "assets"
    sortable = ("createdAt", "updatedAt", "width", "height", "score")


@attrs.frozen(kw_only=True, slots=False)
class SearchModelSearchParams(ModelConditions, SearchParams):
    """A search for models."""

    kind = "models"
    sortable = ("createdAt", "updatedAt", "width", "height", "score")


@attrs.frozen(kw_only=True, slots=False)
class SearchWorkflowSearchParams(SearchParams):
    """A search for workflows. It takes no images."""

    kind = "workflows"


def parameters(cls: type[Any]) -> Iterator[tuple[str, Parameter]]:
    """Give (Python name, parameter) for each parameter of a request class, options last."""
    options = {field.name for field in attrs.fields(CallOptions)}
    fields = sorted(attrs.fields(cls), key=lambda field: field.name in options)
    for field in fields:
        yield field.name, field.metadata["parameter"]


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _holds_images(images: Any) -> bool:
    return isinstance(images, (Images, Mapping)) and any(map(bool, like_unlike(images)))


def problems(params: SearchParams) -> Iterator[str]:
    """Say, one by one, what the documentation rules out in a request."""
    searched = [params.query, params.filter, getattr(params, "image", None)]
    has_images = _holds_images(getattr(params, "images", None))
    extra = params.extra_body if isinstance(params.extra_body, Mapping) else {}
    searched += [extra.get(name) for name in ("query", "filter", "image", "images")]
    if all(_is_blank(value) for value in searched) and not has_images:
        yield "Must provide at least one search parameter: query, filter, image or images"
    for name, parameter in parameters(type(params)):
        value = getattr(params, name)
        if value is not None and parameter.rule and (what := parameter.rule(name, value, params)):
            yield what
    offset_mode = [n for n in ("limit", "offset") if getattr(params, n) is not None]
    page_mode = [n for n in ("page", "hits_per_page") if getattr(params, n) is not None]
    if offset_mode and page_mode:
        names = "` and `".join([offset_mode[0], page_mode[0]])
        yield (
            f"`{names}` do not go together: use `limit` with `offset`, or `page` with "
            "`hits_per_page`"
        )


def validate(params: SearchParams) -> None:
    """Refuse a request that the API's documentation rules out.

    Raises:
        InvalidFilterError: The filter names a field that cannot be filtered by.
        InvalidParamsError: Anything else is wrong; one message names all of it.
    """
    if isinstance(params.filter, Filter):
        check_fields(params.filter, params.kind)
    if found := list(problems(params)):
        raise InvalidParamsError("; ".join(found))


def ignored_parameters(params: SearchParams) -> Iterator[str]:
    """Say which parameters the API will ignore beside the others, and what to do."""
    if params.sort_by and params.query_semantic_ratio:
        yield (
            "sort_by is ignored while query_semantic_ratio is above 0: "
            "leave one out, or sort the hits yourself"
        )
    if isinstance(params, ImageConditions):
        no_image = _is_blank(params.image) and not _holds_images(params.images)
        if params.image_semantic_ratio is not None and no_image:
            yield "image_semantic_ratio is ignored without image or images: leave it out"
    if params.query_semantic_ratio and _is_blank(params.query):
        yield "query_semantic_ratio is ignored without query: leave it out"


def _json_value(value: Any) -> Any:
    match value:
        case Filter():
            return str(value)
        case bool() | str() | int() | float():
            return value
        case numbers.Integral():
            return int(value)
        case numbers.Real():
            return float(value)
        case Sequence():
            return list(value)
        case _:
            return value


def query_parameters(params: SearchParams, project_id: str | None) -> dict[str, str]:
    """Give the query string's parameters, under their wire names; what is unset is left out.

    Args:
        params: The request.
        project_id: The client's own project, where the request names none.
    """
    result: dict[str, str] = {}
    for name, parameter in parameters(type(params)):
        value = getattr(params, name)
        if parameter.place is Place.QUERY and value is not None:
            result[parameter.wire] = str(value).lower() if isinstance(value, bool) else str(value)
    if project_id is not None:
        result.setdefault("projectId", project_id)
    return result | {str(k): str(v) for k, v in (params.extra_query or {}).items()}


def body_parameters(params: SearchParams) -> dict[str, Any]:
    """Give the body's parameters but the position and the images; what is unset is left out."""
    return {
        parameter.wire: _json_value(value)
        for name, parameter in parameters(type(params))
        if parameter.place is Place.BODY
        and (value := getattr(params, name)) is not None
        and not (name == "filter" and _is_blank(value))
    }
