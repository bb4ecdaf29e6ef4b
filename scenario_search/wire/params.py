"""The requests: every parameter of the Search API, written once.

Each parameter stands with its place (query string or body), its description and its rule. Its wire
name follows from its Python name. Everything else follows from here: the signatures of both
clients, the wire form, the validation, and the reference page.

Constructing a request object never raises. The client validates it before anything is sent
(:func:`validate`), unless its option ``validate`` is off.

Source: the Search API's reference, Asset Search and Model Search; workflows as in
scenario-sdk 2.4.0. "Must provide at least one search parameter" is the API's own text.
"""

from __future__ import annotations

import difflib
import enum
import json
from collections.abc import Container, Iterator, Mapping, Sequence, Sized
from typing import Any, ClassVar

import attrs

from scenario_search.display.cards import Facts, described
from scenario_search.errors import InvalidParamsError
from scenario_search.filters import Filter, check_fields
from scenario_search.filters.fields import FIELDS, Kind
from scenario_search.hidden import HiddenText, hidden_values
from scenario_search.messages import Message, Term, named
from scenario_search.names import camel_case
from scenario_search.text import clean
from scenario_search.wire import rules
from scenario_search.wire.images import (
    Images,
    ImagesDict,
    ImageSource,
    like_unlike,
    reference_images,
)
from scenario_search.wire.values import SHOWN, plain_value

__all__ = [
    "CallOptions",
    "Conditions",
    "ImageConditions",
    "ModelConditions",
    "Place",
    "SearchAssetSearchParams",
    "SearchModelSearchParams",
    "SearchParams",
    "SearchWorkflowSearchParams",
    "body_parameters",
    "extra_body_fields",
    "fields_as_shown",
    "ignored_parameters",
    "parameter_values",
    "parameters",
    "query_parameters",
    "validate",
]


class Place(enum.Enum):
    """Where a parameter travels."""

    QUERY = "query string"
    BODY = "body"
    POSITION = "body, set anew for each page"
    IMAGES = "body, once pictures have become references"
    CALL = "nowhere: it is for the client"

    # Members are compared by identity; the hash of an Enum is a call of Python's own.
    __hash__ = object.__hash__


@attrs.frozen(eq=False, slots=False)
class Parameter:
    """What is declared of a parameter beside its Python name, type and default."""

    place: Place
    doc: str
    rule: rules.Rule | None = None
    wire: str = ""
    """Its name on the wire, which :func:`parameters` derives from its Python name."""

    def named(self, name: str) -> Parameter:
        """Returns it with its name on the wire, if it goes there."""
        return self if self.place is Place.CALL else attrs.evolve(self, wire=camel_case(name))


def _param(place: Place, doc: str, rule: rules.Rule | None = None, *, hides: bool = False) -> Any:
    return attrs.field(
        default=None,
        converter=hidden_values if hides else None,
        metadata={"parameter": Parameter(place, doc, rule)},
    )


@attrs.frozen(kw_only=True, eq=False, slots=False, repr=False)
class CallOptions:
    """The options of every call, in addition to the API's search parameters."""

    project_id: str | None = _param(
        Place.QUERY, "The project to search in; None for the client's.", rules.identifier
    )
    extra_headers: Mapping[str, str] | None = _param(
        Place.CALL,
        "Headers to send beside, or in place of, the client's.",
        rules.extra_headers,
        hides=True,
    )
    extra_query: Mapping[str, str] | None = _param(
        Place.CALL, "Query-string parameters to add.", rules.extra_query, hides=True
    )
    extra_body: Mapping[str, Any] | None = _param(
        Place.CALL, "JSON fields to add to the body; they win over parameters.", rules.extra_body
    )
    timeout: float | None = _param(
        Place.CALL, "Seconds one attempt may take; None for the client's.", rules.timeout
    )
    deadline: float | None = _param(
        Place.CALL,
        "Seconds a whole call may take, each page being one; None for the client's.",
        rules.timeout,
    )
    max_retries: int | None = _param(
        Place.CALL,
        "How many times a failed attempt is repeated; None for the client's, or 8 in a crawl.",
        rules.integer(0),
    )
    max_retry_wait: float | None = _param(
        Place.CALL,
        "Seconds that a retry may wait; None for the client's.",
        rules.wait,
    )
    max_items: int | None = _param(
        Place.CALL, "The most hits that an iteration yields; None for all.", rules.integer(0)
    )

    def __repr__(self) -> str:
        """Shows what is set; of headers and query string only the names: values may be secret."""
        shown = []
        for field in attrs.fields(type(self)):
            value = getattr(self, field.name)
            if field.name in ("extra_headers", "extra_query") and isinstance(value, Mapping):
                value = dict.fromkeys(value, ...)
            if value is not None:
                shown.append(f"{field.name}={SHOWN.repr(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"


@attrs.frozen(kw_only=True, eq=False, slots=False, repr=False)
class Conditions(CallOptions):
    """The conditions that searches and crawls share."""

    kind: ClassVar[Kind]
    sortable: ClassVar[tuple[str, ...]] = ()

    query: str | None = _param(Place.BODY, "The text to search for.", rules.text)
    filter: str | Filter | None = _param(
        Place.BODY,
        "Conditions on fields: F.width >= 1024, or text in the filter language.",
        rules.filter_,
    )
    query_semantic_ratio: float | None = _param(
        Place.BODY, "From 0 (words, the API's default) to 1 (meaning).", rules.ratio
    )
    public: bool | None = _param(
        Place.BODY,
        "Search what everybody made public (True) or the own project (the API's default).",
        rules.boolean,
    )
    original_assets: bool | None = _param(
        Place.QUERY, "Give the original files, without transformation.", rules.boolean
    )


@attrs.frozen(kw_only=True, eq=False, slots=False, repr=False)
class ImageConditions(Conditions):
    """The conditions of a search that accepts reference pictures."""

    image: ImageSource | None = _param(
        Place.IMAGES,
        "A picture to find likenesses of: an asset id, a data URL, a path, bytes, a file or a "
        "Pillow image.",
        rules.image,
    )
    images: Images | ImagesDict | None = _param(
        Place.IMAGES, "Pictures to be like and unlike, in place of image.", rules.images
    )
    image_semantic_ratio: float | None = _param(
        Place.BODY,
        "From 0 (image features: near duplicates) to 1 (subject and mood, the API's default).",
        rules.ratio,
    )


@attrs.frozen(kw_only=True, eq=False, slots=False, repr=False)
class ModelConditions(ImageConditions):
    """The conditions of a search for models."""

    original_models: object | None = _param(
        Place.QUERY, "Give the original models, without transformation.", rules.scalar
    )


@attrs.frozen(kw_only=True, eq=False, slots=False, repr=False)
class SearchParams(Conditions):
    """A search: conditions, an order, and which page."""

    sort_by: str | Sequence[str] | None = _param(
        Place.BODY,
        "A field with an order, F.created_at.desc() or 'created_at:desc', or a list of them.",
        rules.sort,
    )
    limit: int | None = _param(
        Place.POSITION,
        "Offset mode: hits per page, 1 to 100. Unset: 20 for a page, 100 when iterating.",
        rules.page_size,
    )
    offset: int | None = _param(
        Place.POSITION, "Offset mode: how many hits to skip, from 0.", rules.integer(0)
    )
    page: int | None = _param(
        Place.POSITION, "Page mode: the page's number, from 1.", rules.integer(1)
    )
    hits_per_page: int | None = _param(
        Place.POSITION, "Page mode: hits per page, 1 to 100 (default 20).", rules.page_size
    )

    def _conditions(self) -> Facts:
        """Returns what is searched for, as it is shown: the query, the filter, the images."""
        sides = zip(("like", "like", "unlike"), reference_images(self), strict=True)
        return described(
            ("query", self.query),
            *((side, ", ".join(map(_image_name, images))) for side, images in sides),
            ("filter", self.filter),
            ("sorted by", ", ".join(map(str, sort_items(self) or ()))),
            most=300,
        )


def _image_name(source: object) -> str:
    """Returns the name of a reference image: an asset's id or a file's name, never its content."""
    if isinstance(source, str):
        return "a picture" if source.startswith("data:") else clean(source, 60)
    name = getattr(source, "name", None) or getattr(source, "filename", None)
    if isinstance(name, str) and name:
        return clean(name.replace("\\", "/").rpartition("/")[2], 60)
    return "a picture"


@attrs.frozen(kw_only=True, slots=False, repr=False)
class SearchAssetSearchParams(ImageConditions, SearchParams):
    """A search for assets."""

    kind = "assets"
    sortable = ("createdAt", "updatedAt", "width", "height", "score")


@attrs.frozen(kw_only=True, slots=False, repr=False)
class SearchModelSearchParams(ModelConditions, SearchParams):
    """A search for models."""

    kind = "models"
    sortable = ("createdAt", "updatedAt", "width", "height", "score")


@attrs.frozen(kw_only=True, slots=False, repr=False)
class SearchWorkflowSearchParams(SearchParams):
    """A search for workflows, which does not accept images."""

    kind = "workflows"


_parameters: dict[type[Any], tuple[tuple[str, Parameter], ...]] = {}
_placed: dict[tuple[type[Any], Place | None], tuple[tuple[str, Parameter], ...]] = {}


def parameters(cls: type[Any]) -> tuple[tuple[str, Parameter], ...]:
    """Returns (Python name, parameter) for each parameter of a request class, options last."""
    if cls not in _parameters:
        _parameters[cls] = tuple(
            (f.name, f.metadata["parameter"].named(f.name)) for f in fields_as_shown(cls)
        )
    return _parameters[cls]


def fields_as_shown(cls: type[Any]) -> list[attrs.Attribute[Any]]:
    """Returns the fields of a class in the order they are shown: call options come last."""
    options = {field.name for field in attrs.fields(CallOptions)}
    return sorted(attrs.fields(cls), key=lambda field: field.name in options)


def parameter_values(
    params: CallOptions, place: Place | None = None
) -> list[tuple[str, Parameter, Any]]:
    """Returns what a request sets, as (Python name, parameter, value); of one place, or of all."""
    cls = type(params)
    placed = _placed.get((cls, place))
    if placed is None:
        placed = tuple(
            (name, parameter)
            for name, parameter in parameters(cls)
            if place is None or parameter.place is place
        )
        _placed[cls, place] = placed
    values = vars(params)
    return [
        (name, parameter, value)
        for name, parameter in placed
        if (value := values[name]) is not None
    ]


def sort_items(params: SearchParams) -> list[Any] | None:
    """Returns the items of ``sort_by`` as they are sent, known fields under their wire names."""
    value: Any = params.sort_by
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, Sequence):
        return None
    known = {*params.sortable, *FIELDS[params.kind]}
    return [_sort_item(item, known) if isinstance(item, str) else item for item in value]


def _sort_item(item: str, known: Container[str]) -> str:
    field, colon, order = item.partition(":")
    wire = camel_case(field)
    return f"{wire}{colon}{order}" if wire in known else item


def _is_blank(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, Filter) and value.is_blank)


def _holds_images(images: Any) -> bool:
    if images is None or not isinstance(images, (Images, Mapping)):
        return False
    sides: tuple[Any, ...] = like_unlike(images)
    return any(isinstance(side, Sized) and len(side) > 0 for side in sides)


_SEARCHES = ("query", "filter", "image", "images")


def _searched_by(params: SearchParams) -> set[str]:
    """Returns which of query, filter, image and images are not blank, ``extra_body`` included."""
    values = vars(params)
    names = {name for name in ("query", "filter", "image") if not _is_blank(values.get(name))}
    if _holds_images(values.get("images")):
        names.add("images")
    extra = params.extra_body
    if isinstance(extra, Mapping):
        names |= {name for name in _SEARCHES if not _is_blank(extra.get(name))}
    return names


def problems(params: SearchParams) -> Iterator[Message]:
    """Yields what the documentation rules out in a request."""
    wrong = {
        name: what
        for name, parameter, value in parameter_values(params)
        if parameter.rule and (what := parameter.rule(name, value))
    }
    if not _searched_by(params) and wrong.keys().isdisjoint(_SEARCHES):
        choices = [name for name in _SEARCHES if name in attrs.fields_dict(type(params))]
        listed = ", ".join(["{}"] * (len(choices) - 1))
        yield Message(
            f"Must provide at least one search parameter: {listed} or {{}}",
            *(Term(name, name) for name in choices),
        )
    yield from wrong.values()
    yield from _conflicts(params)
    if "sort_by" not in wrong:
        yield from _unsortable(params)


def _conflicts(params: SearchParams) -> Iterator[Message]:
    """Yields which parameters exclude each other."""
    if all(getattr(params, name, None) is not None for name in ("image", "images")):
        yield Message("{} and {} are mutually exclusive", named("image"), named("images"))
    offset_mode = [n for n in ("limit", "offset") if getattr(params, n) is not None]
    page_mode = [n for n in ("page", "hits_per_page") if getattr(params, n) is not None]
    if offset_mode and page_mode:
        names = (offset_mode[0], page_mode[0], "limit", "offset", "page", "hits_per_page")
        yield Message(
            "{} and {} do not go together: use {} with {}, or {} with {}", *map(named, names)
        )


def _unsortable(params: SearchParams) -> Iterator[Message]:
    """Yields what is no field to sort by, where the documentation lists the fields that are."""
    sortable = params.sortable
    for item in sort_items(params) or () if sortable else ():
        field = item.partition(":")[0]
        if field not in sortable:
            near = difflib.get_close_matches(camel_case(field), sortable, 1, 0.5)
            hint = f"did you mean {near[0]}?" if near else f"use {', '.join(sortable)}"
            yield Message('{}: "{}" is not a sortable field: {}', named("sort_by"), field, hint)


def validate(params: SearchParams) -> None:
    """Raises for a request that the API's documentation rules out.

    Raises:
        InvalidFilterError: The filter names a field that cannot be filtered by.
        InvalidParamsError: Anything else is wrong; one message names all of it.
    """
    if isinstance(params.filter, Filter):
        check_fields(params.filter, params.kind)
    if wrong := list(problems(params)):
        raise InvalidParamsError(*wrong)


def ignored_parameters(params: SearchParams) -> Iterator[Message]:
    """Yields which parameters the API will ignore beside the others, and what to do."""
    if params.sort_by and params.query_semantic_ratio:
        yield Message(
            "{} is ignored while {} is above 0: leave one out, or sort the hits yourself",
            named("sort_by"),
            named("query_semantic_ratio"),
        )
    image_ratio = getattr(params, "image_semantic_ratio", None)
    if image_ratio is None and not params.query_semantic_ratio:
        return
    searched = _searched_by(params)
    if image_ratio is not None and not searched & {"image", "images"}:
        yield Message(
            "{} is ignored without {} or {}: leave it out",
            *map(named, ("image_semantic_ratio", "image", "images")),
        )
    if params.query_semantic_ratio and "query" not in searched:
        yield Message(
            "{} is ignored without {}: leave it out", *map(named, ("query_semantic_ratio", "query"))
        )


def _json_value(name: str, value: Any) -> Any:
    if isinstance(value, Filter):
        return str(value)
    try:
        return plain_value(value)
    except ValueError as error:
        raise InvalidParamsError(Message("{} cannot be sent: {}", named(name), error)) from None


def _query_value(name: str, value: Any) -> str:
    plain = _json_value(name, value)
    as_json = isinstance(plain, (bool, int, float, dict, list))
    return json.dumps(plain, default=str) if as_json else str(plain)


def query_parameters(params: SearchParams, project_id: str | None) -> dict[str, str]:
    """Returns the query string's parameters under their wire names, without unset ones.

    Args:
        params: The request.
        project_id: The client's own project, where the request names none.

    Raises:
        InvalidParamsError: There is a number that has no text: NaN or an infinity.
    """
    result = {
        parameter.wire: _query_value(name, value)
        for name, parameter, value in parameter_values(params, Place.QUERY)
    }
    if project_id is not None:
        result.setdefault("projectId", _query_value("project_id", project_id))
    for name, value in (params.extra_query or {}).items():
        result[str(name)] = HiddenText(_query_value("extra_query", value))
    return result


def body_parameters(params: SearchParams) -> dict[str, Any]:
    """Returns the body's parameters but the position and the images, without unset ones.

    Raises:
        InvalidParamsError: There is a number that JSON has no form for: NaN or an infinity.
    """
    body = {
        parameter.wire: _json_value(name, value)
        for name, parameter, value in parameter_values(params, Place.BODY)
        if not (name == "filter" and _is_blank(value))
    }
    if (items := sort_items(params)) is not None:
        body["sortBy"] = _json_value("sort_by", items)
    return body


def extra_body_fields(params: SearchParams) -> dict[str, Any]:
    """Returns the JSON fields of ``extra_body``, which win over parameters.

    Raises:
        InvalidParamsError: There is a number that JSON has no form for: NaN or an infinity.
    """
    fields: dict[str, Any] = _json_value("extra_body", params.extra_body or {})
    return fields
