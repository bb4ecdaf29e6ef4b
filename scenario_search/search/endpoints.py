"""The searches of the API, each declared once.

Source: the Search API's reference, Asset Search and Model Search; workflows as in
scenario-sdk 2.4.0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, cast

import attrs

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
)

__all__ = ["ASSETS", "ENDPOINTS", "MODELS", "WORKFLOWS", "Endpoint"]

P = ParamSpec("P")
O = ParamSpec("O")  # noqa: E741 - the options beside P, the parameters
Q = TypeVar("Q", bound=SearchParams)
H = TypeVar("H", bound=Hit)


@attrs.frozen(kw_only=True)
class Endpoint(Generic[P, O, Q, H]):
    """One search of the API.

    The classes of requests and options are declared as callables, because that is how a type
    checker learns the keywords of their constructors.
    """

    name: str
    """The name of its method."""
    path: str
    """The path after the base URL."""
    params: Callable[P, Q]
    """The class of its requests."""
    options: Callable[O, CallOptions]
    """The class of what a call takes beside a request object."""
    hit_class: type[H]
    """The class of its hits."""
    summary: str
    """The first line of its method's docstring."""
    if_forbidden: str | None = None
    """What a 403 may mean beside credentials that are not for it."""

    @property
    def params_class(self) -> type[Q]:
        """The class of its requests."""
        return cast(type[Q], self.params)

    @property
    def options_class(self) -> type[CallOptions]:
        """The class of what a call takes beside a request object."""
        return cast(type[CallOptions], self.options)

    @property
    def kind(self) -> str:
        """What it searches for: "assets", "models" or "workflows"."""
        return self.params_class.kind


ASSETS = Endpoint(
    name="asset_search",
    path="/search/assets",
    params=SearchAssetSearchParams,
    options=CallOptions,
    hit_class=SearchAssetSearchResponse,
    summary="Search for assets by text, meaning, likeness and filter.",
)
MODELS = Endpoint(
    name="model_search",
    path="/search/models",
    params=SearchModelSearchParams,
    options=CallOptions,
    hit_class=SearchModelSearchResponse,
    summary="Search for models by text, meaning, likeness and filter.",
)
WORKFLOWS = Endpoint(
    name="workflow_search",
    path="/search/workflows",
    params=SearchWorkflowSearchParams,
    options=CallOptions,
    hit_class=SearchWorkflowSearchResponse,
    summary="Search for workflows by text, meaning and filter.",
    if_forbidden="the service may not offer the search for workflows to this key: no other "
    "parameter changes that",
)

_ALL: tuple[Endpoint[Any, Any, Any, Any], ...] = (ASSETS, MODELS, WORKFLOWS)
ENDPOINTS = {endpoint.kind: endpoint for endpoint in _ALL}
"""Each search by what it is for: "assets", "models" or "workflows"."""
