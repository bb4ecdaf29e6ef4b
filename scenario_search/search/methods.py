"""The searches of a client: endpoints, declared once."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, overload

import attrs

from scenario_search.caller_warnings import warn_caller
from scenario_search.errors import IgnoredParameterWarning
from scenario_search.hidden import hide_secrets
from scenario_search.search.pages import AsyncSearchResults, PreparedSearch
from scenario_search.search.signatures import docstring, signature_of
from scenario_search.wire.hits import (
    Hit,
    SearchAssetSearchResponse,
    SearchModelSearchResponse,
    SearchWorkflowSearchResponse,
)
from scenario_search.wire.params import (
    CallOptions,
    SearchAssetSearchParams,
    SearchModelSearchParams,
    SearchParams,
    SearchWorkflowSearchParams,
    ignored_parameters,
    validate,
)

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["ASSETS", "ENDPOINTS", "MODELS", "WORKFLOWS", "AsyncSearch", "Endpoint", "SearchMethod"]

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


class Endpoint(Generic[P, O, Q, H]):
    """One search of the API: a path, a request class, a class of hits.

    As a class attribute it is a method with the full signature of the request class.
    """

    def __init__(
        self,
        path: str,
        params_class: Callable[P, Q],
        options_class: Callable[O, CallOptions],
        hit_class: type[H],
        summary: str,
    ) -> None:
        self.path = path
        self.params_class: Any = params_class
        self.options_class: Any = options_class
        self.hit_class = hit_class
        self.summary = summary
        self.name = ""
        self._function: Any = None

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name
        self._function = self.method(
            owner,
            lambda search, params: AsyncSearchResults(search._prepare(self, params)),
            returns=f"AsyncSearchResults[{self.hit_class.__name__}]",
        )

    def method(
        self, owner: type[Any], call: Callable[[Any, SearchParams], Any], *, returns: str
    ) -> Any:
        """Make the function that stands for this endpoint in a class."""

        def search(self_: Any, params: Any = None, /, **keywords: Any) -> Any:
            hide_secrets(keywords)
            return call(self_, self.request(params, keywords))

        search.__name__ = self.name
        search.__qualname__ = f"{owner.__qualname__}.{self.name}"
        search.__module__ = owner.__module__
        search.__doc__ = docstring(f"{self.summary}\n\n{_RAISES}", self.params_class)
        described: Any = search
        described.__signature__ = signature_of(self.params_class, returns=returns)
        return search

    def request(self, params: Any, keywords: dict[str, Any]) -> SearchParams:
        """Make the request of a call: a request object with options, or keywords."""
        if params is None:
            try:
                made: SearchParams = self.params_class(**keywords)
            except TypeError as error:
                raise TypeError(
                    str(error).replace(f"{self.params_class.__name__}.__init__", self.name)
                ) from None
            return made
        if not isinstance(params, self.params_class):
            raise TypeError(
                f"{self.name}() takes keywords, such as query=..., or one "
                f"{self.params_class.__name__}, not {type(params).__name__}"
            )
        options = {field.name for field in attrs.fields(self.options_class)}
        if wrong := sorted(keywords.keys() - options):
            raise TypeError(
                f"{self.name}() takes {', '.join(wrong)} in the request object, not beside it"
            )
        evolved: SearchParams = attrs.evolve(params, **keywords)
        return evolved

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Any: ...
    @overload
    def __get__(
        self, instance: AsyncSearch, owner: type[Any]
    ) -> SearchMethod[P, O, Q, AsyncSearchResults[H]]: ...
    def __get__(self, instance: AsyncSearch | None, owner: type[Any]) -> Any:
        if instance is None:
            return self._function
        return types.MethodType(self._function, instance)


ASSETS = Endpoint(
    "/search/assets",
    SearchAssetSearchParams,
    CallOptions,
    SearchAssetSearchResponse,
    "Search for assets by text, meaning, likeness and filter.",
)
MODELS = Endpoint(
    "/search/models",
    SearchModelSearchParams,
    CallOptions,
    SearchModelSearchResponse,
    "Search for models by text, meaning, likeness and filter.",
)
WORKFLOWS = Endpoint(
    "/search/workflows",
    SearchWorkflowSearchParams,
    CallOptions,
    SearchWorkflowSearchResponse,
    "Search for workflows by text, meaning and filter.",
)

_ALL: tuple[Endpoint[Any, Any, Any, Any], ...] = (ASSETS, MODELS, WORKFLOWS)
ENDPOINTS = {endpoint.params_class.kind: endpoint for endpoint in _ALL}
"""Each search, by what it is for: "assets", "models" or "workflows"."""


class AsyncSearch:
    """The searches of a client. Await a call for one page, or iterate over every hit."""

    asset_search = ASSETS
    model_search = MODELS
    workflow_search = WORKFLOWS

    def __init__(self, requester: Requester) -> None:
        self._requester = requester

    def __repr__(self) -> str:
        names = ", ".join(name for name in dir(self) if name.endswith("_search"))
        return f"<{type(self).__name__} of {self._requester.base_url}: {names}>"

    def _prepare(
        self, endpoint: Endpoint[Any, Any, Any, H], params: SearchParams
    ) -> PreparedSearch[H]:
        if self._requester.options.validate:
            validate(params)
            for warning in ignored_parameters(params):
                warn_caller(warning, IgnoredParameterWarning)
        return PreparedSearch(self._requester, endpoint, params)
