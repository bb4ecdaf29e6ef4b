"""The migration guide covers every public name of scenario-sdk that a search can meet."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import scenario_sdk
from scenario_sdk import pagination, types

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "migrating.md"
SEARCHES = ("search_asset_search", "search_model_search", "search_workflow_search")


def public(names: object) -> set[str]:
    return {name for name in dir(names) if not name.startswith("_")}


def classes_of(module: ModuleType) -> Iterator[type]:
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield value


def told() -> set[str]:
    """Give each word that the page holds between backquotes."""
    text = PAGE.read_text(encoding="utf-8")
    return set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", text))))


def test_the_names_of_the_package_are_told():
    assert set(scenario_sdk.__all__) - told() <= {"__version__", "__title__"}


def test_the_names_of_the_searches_are_told():
    client = scenario_sdk.Scenario(api_key="key", api_secret="secret")
    assert public(client.search) - told() == set()
    client.close()


def test_the_types_of_the_searches_are_told():
    names = {name for name in public(types) if name.startswith("Search")}
    for search in SEARCHES:
        for end in ("params", "response"):
            names |= {each.__name__ for each in classes_of(getattr(types, f"{search}_{end}"))}
    assert len(names) > 10
    assert names - told() == set()


def test_the_names_of_a_page_are_told():
    page = pagination.SyncSearchHitsOffset
    names = public(page) - public(scenario_sdk.BaseModel) | set(page.model_fields)
    names |= {"SyncSearchHitsOffset", "AsyncSearchHitsOffset", "to_dict", "to_json"}
    assert names - told() == set()


def test_the_options_of_a_client_are_told():
    for call in (scenario_sdk.Scenario, scenario_sdk.Scenario.copy):
        options = set(inspect.signature(call).parameters) - {"self", "_extra_kwargs"}
        assert options - told() == set()


def test_what_an_error_holds_is_told():
    held = inspect.get_annotations(scenario_sdk.APIError)
    held |= inspect.get_annotations(scenario_sdk.APIStatusError)
    assert set(held) - told() == set()


def test_the_variables_of_the_environment_are_told():
    source = inspect.getsource(scenario_sdk.Scenario.__init__)
    variables = set(re.findall(r'environ\.get\("(\w+)"', source))
    assert len(variables) > 3
    assert variables - told() == set()
