"""The methods that start searches, and how an endpoint becomes a method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

import attrs

from scenario_search.caller_warnings import warn_caller
from scenario_search.errors import IgnoredParameterWarning
from scenario_search.hidden import hide_secrets
from scenario_search.search.endpoints import ASSETS, MODELS, WORKFLOWS, Endpoint
from scenario_search.search.pages import PagedSearch
from scenario_search.search.results import AsyncSearchResults
from scenario_search.wire.hits import Hit
from scenario_search.wire.params import SearchParams, fields_as_shown, ignored_parameters, validate
from scenario_search.wire.signatures import check_keywords, docstring, signature_of

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["AsyncSearch", "SearchMethod", "Searches", "prepared_search", "search_method"]

P = ParamSpec("P")
O = ParamSpec("O")  # noqa: E741 - the options beside P, the parameters
Q_contra = TypeVar("Q_contra", bound=SearchParams, contravariant=True)
Q = TypeVar("Q", bound=SearchParams)
R_co = TypeVar("R_co", covariant=True)
H = TypeVar("H", bound=Hit)

_RAISES = """Raises:
    InvalidParamsError: The API's documentation rules the request out.
"""


class SearchMethod(Protocol[P, O, Q_contra, R_co]):
    """A search: takes the parameters as keywords, or a request object with call options."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(self, params: Q_contra, /, *args: O.args, **kwargs: O.kwargs) -> R_co: ...


def search_method(
    endpoint: Endpoint[P, O, Q, Any],
    call: Callable[[Any, SearchParams], R_co],
    *,
    owner: str,
    returns: str,
) -> SearchMethod[P, O, Q, R_co]:
    """Returns the function that stands for an endpoint in a class, with its full signature.

    Args:
        endpoint: The endpoint.
        call: Called with the object whose method it is and the request. It belongs to the
            module of the class.
        owner: The name of the class.
        returns: The name of the generic class that ``call`` returns an object of.
    """

    def search(self: Any, params: Any = None, /, **keywords: Any) -> Any:
        hide_secrets(keywords)
        return call(self, _request(endpoint, params, keywords))

    search.__name__ = endpoint.name
    search.__qualname__ = f"{owner}.{endpoint.name}"
    search.__module__ = call.__module__
    search.__doc__ = docstring(f"{endpoint.summary}\n\n{_RAISES}", endpoint.params_class)
    described: Any = search
    described.__signature__ = signature_of(
        endpoint.params_class, returns=f"{returns}[{endpoint.hit_class.__name__}]"
    )
    method: SearchMethod[P, O, Q, R_co] = described
    return method


def _request(
    endpoint: Endpoint[Any, Any, Any, Any], params: Any, keywords: dict[str, Any]
) -> SearchParams:
    """Returns the request of a call: its request object with the options, or of its keywords."""
    params_class: type[SearchParams] = endpoint.params_class
    names = [field.name for field in fields_as_shown(params_class)]
    check_keywords(endpoint.name, keywords, names)
    if params is None:
        return params_class(**keywords)
    if not isinstance(params, params_class):
        raise TypeError(
            f"{endpoint.name}() takes keywords, such as query=..., or one "
            f"{params_class.__name__}, not {type(params).__name__}"
        )
    options = {field.name for field in attrs.fields(endpoint.options_class)}
    if wrong := sorted(keywords.keys() - options):
        raise TypeError(
            f"{endpoint.name}() takes {', '.join(wrong)} in the request object, not beside it"
        )
    return attrs.evolve(params, **keywords)


def prepared_search(
    requester: Requester, endpoint: Endpoint[Any, Any, Any, H], params: SearchParams
) -> PagedSearch[H]:
    """Checks a request as the client's options say, and returns its search.

    Raises:
        InvalidParamsError: The API's documentation rules the request out.
    """
    if requester.options.validate:
        validate(params)
        for warning in ignored_parameters(params):
            warn_caller(warning, IgnoredParameterWarning)
    return PagedSearch(requester, endpoint, params)


def _method(endpoint: Endpoint[P, O, Q, H]) -> SearchMethod[P, O, Q, AsyncSearchResults[H]]:
    def call(search: AsyncSearch, params: SearchParams) -> AsyncSearchResults[H]:
        return AsyncSearchResults(prepared_search(search._requester, endpoint, params))

    return search_method(endpoint, call, owner="AsyncSearch", returns="AsyncSearchResults")


class Searches:
    """What the searches of both clients share: what they send requests with."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester

    def __repr__(self) -> str:
        names = ", ".join(name for name in dir(self) if name.endswith("_search"))
        return f"<{type(self).__name__} of {self._requester.base_url}: {names}>"


class AsyncSearch(Searches):
    """The searches of a client. Await a call for one page, or iterate over every hit."""

    asset_search = _method(ASSETS)
    model_search = _method(MODELS)
    workflow_search = _method(WORKFLOWS)
