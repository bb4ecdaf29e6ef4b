"""The cattrs converter: how JSON becomes pages and hits, and how requests become JSON.

Every client has one, and decodes and encodes with nothing else. A program that wants its own
classes or types registers hooks for them and passes the converter to the client::

    converter = make_converter()
    converter.register_structure_hook(Metadata, lambda data, _: MyMetadata(**data))
    client = AsyncScenario(converter=converter)

A hook that is registered for a class holds for its subclasses too, as always with cattrs. To
have hits of a subclass, register the hook for exactly the class that the client asks for::

    converter.register_structure_hook_func(
        lambda cls: cls is SearchAssetSearchResponse,
        lambda data, _: converter.structure(data, MyAsset),
    )

Register hooks before the first search: a client asks for the hook of a class once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

from scenario_search.errors import InvalidParamsError
from scenario_search.filters import Filter
from scenario_search.wire.codec import PageDecoder
from scenario_search.wire.document import Document, json_object
from scenario_search.wire.hits import Concept
from scenario_search.wire.images import read_references
from scenario_search.wire.pages import SearchHits
from scenario_search.wire.paging import position_parameters
from scenario_search.wire.params import (
    Place,
    SearchParams,
    body_parameters,
    extra_body_fields,
    parameters,
)
from scenario_search.wire.schema import is_document
from scenario_search.wire.structuring import as_it_came, structure_hook
from scenario_search.wire.validation import SCALARS, Hook, describe, mismatches, validation_error

if TYPE_CHECKING:
    import cattrs

__all__ = ["converter_problem", "default_converter", "make_converter", "structure"]

D = TypeVar("D", bound=Document)


def make_converter(*, strict: bool = False) -> cattrs.Converter:
    """Returns a new converter for the classes of this library.

    It structures hits, the classes inside them and pages, such as
    ``SearchHits[SearchAssetSearchResponse]``, from JSON, and unstructures them to it. It coerces
    nothing: JSON strings, numbers and booleans stay as they came. What does not fit raises
    :class:`APIResponseValidationError`, whose paths begin at the object.

    Requests, such as :class:`SearchAssetSearchParams`, become the JSON body that a client sends,
    and can be made of one. Reference images are read and become data URLs.

    Args:
        strict: Whether a documented-required field that is missing, or any field of the wrong
            type, is an error. A client checks that itself, with its own option ``strict``.
    """
    import cattrs  # noqa: PLC0415 - a program may import this library and make no client

    converter = cattrs.Converter()
    for scalar in SCALARS:
        converter.register_structure_hook(scalar, as_it_came)

    # The annotations tell cattrs to pass the converter, which after a copy() is another one.
    def document_factory(cls: Any, converter: cattrs.BaseConverter) -> Hook:
        return structure_hook(cls, converter, strict=strict)

    def page_factory(kind: Any, converter: cattrs.BaseConverter) -> Hook:
        return _page_hook(kind, converter, strict=strict)

    def unstructure_document(_: Any, converter: cattrs.BaseConverter) -> Callable[[Any], Any]:
        return lambda document: json_object(document, converter.unstructure)

    def unstructure_request(_: Any, converter: cattrs.BaseConverter) -> Callable[[Any], Any]:
        return lambda params: converter.unstructure(_request_body(params))

    converter.register_structure_hook_factory(is_document, document_factory)
    converter.register_structure_hook_factory(_is_page_of_hits, page_factory)
    converter.register_structure_hook_func(_is_request, _structure_request)
    # Of a filter inside of extra_body; cattrs would write the fields of its tree.
    converter.register_unstructure_hook(Filter, str)
    converter.register_unstructure_hook_factory(is_document, unstructure_document)
    converter.register_unstructure_hook_factory(_is_request, unstructure_request)
    return converter


def _is_request(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, SearchParams)


def _request_body(params: SearchParams) -> dict[str, Any]:
    image, like, unlike = read_references(params, max_bytes=None)
    images = {name: side for name, side in (("like", like), ("unlike", unlike)) if side}
    return {
        **body_parameters(params),
        **({"image": image[0]} if image else {}),
        **({"images": images} if images else {}),
        **position_parameters(params),
        **extra_body_fields(params),
    }


def _structure_request(data: Any, cls: Any) -> Any:
    """Returns the request of a JSON body; what the API does not document is its ``extra_body``."""
    if not isinstance(data, dict):
        raise InvalidParamsError(f"A request's body must be an object, not {describe(data)}")
    names = {
        parameter.wire: name
        for name, parameter in parameters(cls)
        if parameter.place in (Place.BODY, Place.POSITION, Place.IMAGES)
    }
    extra = {wire: value for wire, value in data.items() if wire not in names}
    known = {names[wire]: value for wire, value in data.items() if wire in names}
    return cls(**known, extra_body=extra or None)


def _is_page_of_hits(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, SearchHits)


def _page_hook(kind: Any, converter: cattrs.BaseConverter, *, strict: bool) -> Hook:
    page_class: Any = get_origin(kind)
    (hit_class,) = get_args(kind)
    decoder = PageDecoder(converter, page_class, hit_class, strict=strict)

    def hook(data: Any, _: Any) -> Any:
        # Checks that there is an object with a list of hits.
        problems = list(mismatches(data, page_class, "$", strict=False))
        if problems:
            raise validation_error(problems)
        return decoder.page({"hits": [], **data})

    return hook


@functools.cache
def default_converter() -> cattrs.BaseConverter:
    """Returns the converter of the clients that have none of their own."""
    return make_converter()


def structure(data: Any, cls: type[D]) -> D:
    """Returns a response object of decoded JSON, made by the default converter.

    Raises:
        APIResponseValidationError: The data does not fit.
    """
    document: D = default_converter().structure(data, cls)
    return document


def converter_problem(converter: Any) -> str | None:
    """Returns why a client cannot use a converter; ``None`` if it can."""
    import cattrs  # noqa: PLC0415 - see above

    if not isinstance(converter, cattrs.BaseConverter):
        return f"must be a cattrs converter, not {type(converter).__name__}"
    # A converter without our hooks would look for Python names in the JSON and lose most of it.
    try:
        concept: Any = converter.structure({"modelId": "x"}, Concept)
    except Exception:  # noqa: BLE001 - a user's hook may refuse this; it is there then
        return None
    if isinstance(concept, Concept) and concept.model_id is None:
        return "must be made by scenario_search.make_converter(), which knows the API's names"
    return None
