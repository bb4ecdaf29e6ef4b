from __future__ import annotations

from typing import Any

import attrs
import pytest

from scenario_search.search.endpoints import ASSETS, ENDPOINTS, MODELS, WORKFLOWS
from scenario_search.search.methods import AsyncSearch
from scenario_search.sync.scenario import SyncSearch

BOTH = [AsyncSearch, SyncSearch]


def test_endpoints_are_named_by_what_they_search_for() -> None:
    assert ENDPOINTS == {"assets": ASSETS, "models": MODELS, "workflows": WORKFLOWS}


def test_an_endpoint_does_not_change() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ASSETS.path = "/elsewhere"  # type: ignore[misc]


@pytest.mark.parametrize("owner", BOTH)
@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)
def test_each_endpoint_is_a_method_of_both_clients(endpoint: Any, owner: type[Any]) -> None:
    method = getattr(owner, endpoint.name)
    assert method.__qualname__ == f"{owner.__name__}.{endpoint.name}"
    assert method.__module__ == owner.__module__
    assert method.__doc__.startswith(endpoint.summary)


@pytest.mark.parametrize("owner", BOTH)
def test_a_client_searches_nothing_that_is_no_endpoint(owner: type[Any]) -> None:
    methods = {name for name in dir(owner) if not name.startswith("_")}
    assert methods == {endpoint.name for endpoint in ENDPOINTS.values()}
