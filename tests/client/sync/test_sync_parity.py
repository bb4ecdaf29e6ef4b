"""Both clients offer the same: names, parameters, defaults, types, words."""

from __future__ import annotations

import inspect
import re
from typing import Any

import attrs
import pytest

from scenario_search import AsyncScenario, AsyncSearchHitsOffset, Scenario, SyncSearchHitsOffset
from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.crawl.crawler import AsyncCrawler
from scenario_search.http.options import AsyncClientOptions, ClientOptions
from scenario_search.search.methods import AsyncSearch
from scenario_search.search.pages import AsyncPrefetch
from scenario_search.sync.crawl import SyncCrawl, SyncCrawler
from scenario_search.sync.scenario import SyncPrefetch, SyncSearch

TWINS: list[tuple[type[Any], type[Any]]] = [
    (AsyncScenario, Scenario),
    (AsyncSearch, SyncSearch),
    (AsyncSearchHitsOffset, SyncSearchHitsOffset),
    (AsyncPrefetch, SyncPrefetch),
    (AsyncCrawler, SyncCrawler),
    (AsyncCrawl, SyncCrawl),
]
NOT_ON_BOTH = {"session", "stats"}
"""A caller's session belongs to a loop; ``AsyncCrawl.stats`` is an attribute of the instance."""

SYNC_WORDS = [
    # A synchronous search returns what awaiting the results returns.
    (r"\bAsyncSearchResults\b", "SyncSearchHitsOffset"),
    (r"\bAsyncIterator\b", "Iterator"),
    (r"\bAsyncGenerator\[(.*), None\]", r"Iterator[\1]"),
    (r"\bAsyncScenario\b", "Scenario"),
    (r"\bAsyncClientOptions\b", "ClientOptions"),
    (r"\bAsync(?=[A-Z])", "Sync"),
]


def public(cls: type[Any]) -> set[str]:
    return {name for name in dir(cls) if not name.startswith("_")} - NOT_ON_BOTH


def method(cls: type[Any], name: str) -> Any:
    attribute = inspect.getattr_static(cls, name)
    if isinstance(attribute, property):
        return attribute.fget
    if isinstance(attribute, classmethod):
        return attribute.__func__
    return attribute if inspect.isfunction(attribute) else getattr(cls, name)


def parameters(function: Any) -> list[tuple[str, Any, Any, Any]]:
    values = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, p.default, p.annotation) for p in values if p.name not in NOT_ON_BOTH]


def returned(function: Any) -> str:
    annotation = inspect.signature(function).return_annotation
    if annotation is inspect.Signature.empty:
        annotation = inspect.get_annotations(function)["return"]
    return str(annotation)


def in_sync_words(text: str) -> str:
    for pattern, word in SYNC_WORDS:
        text = re.sub(pattern, word, text)
    return text


METHODS = [
    pytest.param(method(one, name), method(other, name), id=f"{other.__name__}.{name}")
    for one, other in TWINS
    for name in sorted(public(one) & public(other))
    if callable(method(one, name))
]


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_both_sides_have_the_same_names(one: type[Any], other: type[Any]) -> None:
    assert public(other) == public(one)


@pytest.mark.parametrize(("one", "other"), METHODS)
def test_a_method_takes_the_same_with_the_same_defaults_and_types(one: Any, other: Any) -> None:
    expected = parameters(one)
    if one.__qualname__ in ("PageFrames.to_dicts", "PageFrames.to_pandas", "PageFrames.to_polars"):
        expected.append(("all_pages", inspect.Parameter.KEYWORD_ONLY, False, "bool"))
    assert parameters(other) == expected


@pytest.mark.parametrize(("one", "other"), METHODS)
def test_a_method_returns_the_same_type_without_await(one: Any, other: Any) -> None:
    assert returned(other) == in_sync_words(returned(one))


@pytest.mark.parametrize(("one", "other"), METHODS)
def test_a_method_is_documented_and_plain(one: Any, other: Any) -> None:
    assert inspect.getdoc(other)
    assert not inspect.iscoroutinefunction(other)


def test_crawls_say_on_each_side_what_they_return() -> None:
    names = ("assets", "models", "workflows", "run")
    for cls, prefix in ((AsyncCrawler, "AsyncCrawl["), (SyncCrawler, "SyncCrawl[")):
        for name in names:
            annotations = inspect.get_annotations(method(cls, name))
            assert annotations["return"].startswith(prefix)


def test_the_constructors_differ_by_the_session_alone() -> None:
    assert parameters(Scenario.__init__) == parameters(AsyncScenario.__init__)
    own = set(attrs.fields_dict(AsyncClientOptions)) - set(attrs.fields_dict(ClientOptions))
    assert own == {"session"}
    assert "session" not in inspect.signature(Scenario).parameters


def test_both_kinds_of_page_have_the_same_fields() -> None:
    def fields(cls: type[Any]) -> dict[str, Any]:
        return {f.name: f.type for f in attrs.fields(cls) if not f.name.startswith("_")}

    assert fields(SyncSearchHitsOffset) == fields(AsyncSearchHitsOffset)


@pytest.mark.parametrize("name", sorted(public(SyncSearch)))
def test_the_help_of_a_search_is_the_same(name: str) -> None:
    assert inspect.getdoc(getattr(SyncSearch, name)) == inspect.getdoc(getattr(AsyncSearch, name))
