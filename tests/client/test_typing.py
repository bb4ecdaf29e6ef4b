"""What ``help()`` and notebooks see; what type checkers see is in ``tests/typing``."""

from __future__ import annotations

import inspect
from typing import Any

import attrs
import pytest

from scenario_search import (
    AsyncScenario,
    SearchAssetSearchParams,
    SearchModelSearchParams,
    SearchWorkflowSearchParams,
)
from scenario_search.http.options import AsyncClientOptions

SEARCHES: dict[str, type[Any]] = {
    "asset_search": SearchAssetSearchParams,
    "model_search": SearchModelSearchParams,
    "workflow_search": SearchWorkflowSearchParams,
}


@pytest.fixture
def client() -> AsyncScenario:
    return AsyncScenario(bearer_auth="t")


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_shows_every_parameter_as_a_keyword(name: str, client: AsyncScenario) -> None:
    shown = inspect.signature(getattr(client.search, name)).parameters
    keywords = {n: p for n, p in shown.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert set(keywords) == set(attrs.fields_dict(SEARCHES[name]))
    assert all(parameter.default is None for parameter in keywords.values())


@pytest.mark.parametrize("name", SEARCHES)
def test_the_help_of_a_search_describes_every_parameter(name: str, client: AsyncScenario) -> None:
    text = inspect.getdoc(getattr(client.search, name)) or ""
    missing = [n for n in attrs.fields_dict(SEARCHES[name]) if f"\n    {n}: " not in text]
    assert missing == []


def test_a_search_shows_what_it_gives(client: AsyncScenario) -> None:
    signature = inspect.signature(client.search.asset_search)
    assert signature.return_annotation == "AsyncSearchResults[SearchAssetSearchResponse]"


def test_a_client_and_its_copies_show_every_option(client: AsyncScenario) -> None:
    options = set(attrs.fields_dict(AsyncClientOptions))
    assert set(inspect.signature(AsyncScenario).parameters) == options
    assert set(inspect.signature(client.with_options).parameters) == options


def test_a_wrong_keyword_is_refused_by_the_name_of_the_search(client: AsyncScenario) -> None:
    with pytest.raises(TypeError, match=r"asset_search\(\).*unexpected keyword argument 'qeury'"):
        client.search.asset_search(qeury="x")  # type: ignore[call-overload]
