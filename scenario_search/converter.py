"""The cattrs converter of the response classes, for programs that build on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args, get_origin

import cattrs

from scenario_search.wire.codec import MisfitError, structure, structure_function
from scenario_search.wire.document import is_document
from scenario_search.wire.hits import Document
from scenario_search.wire.misfits import hit_misfits, misfit_error
from scenario_search.wire.pages import SearchHits

__all__ = ["converter"]


def _structure_hook(cls: type[Document]) -> Callable[[Any, Any], Any]:
    return lambda data, _: structure(data, cls)


def _is_page_of_hits(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, SearchHits)


def _structure_page_hook(kind: Any) -> Callable[[Any, Any], Any]:
    page_class: Any = get_origin(kind)
    (hit_class,) = get_args(kind)

    def hook(data: Any, _: Any) -> Any:
        page = structure(data, page_class)
        try:
            page.hits = [structure_function(hit_class)(hit) for hit in page.hits]
        except (MisfitError, KeyError):
            raise misfit_error(hit_misfits(page.hits, hit_class, strict=False)) from None
        return page

    return hook


converter = cattrs.Converter()
"""The cattrs converter of all response classes, for those who build on it. What does not fit
raises :class:`APIResponseValidationError`."""
converter.register_structure_hook_factory(is_document, _structure_hook)
converter.register_structure_hook_factory(_is_page_of_hits, _structure_page_hook)
converter.register_unstructure_hook_func(is_document, lambda document: document.to_dict())
