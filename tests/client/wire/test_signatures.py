"""What ``help()`` and notebooks show of the methods whose keywords are written once."""

from __future__ import annotations

import inspect
import pydoc
import re
from typing import Any

import attrs
import pytest

from scenario_search import AsyncScenario, Scenario
from scenario_search.crawl.crawler import AsyncCrawler
from scenario_search.search.methods import AsyncSearch
from scenario_search.sync.crawl import SyncCrawler
from scenario_search.sync.scenario import SyncSearch
from scenario_search.wire.signatures import docstring

METHODS = [
    pytest.param(getattr(cls, name), id=f"{cls.__name__}.{name}")
    for cls in (AsyncSearch, SyncSearch, AsyncCrawler, SyncCrawler)
    for name in sorted(dir(cls))
    if not name.startswith("_") and callable(getattr(cls, name))
]
CALL_OPTIONS = [
    *("project_id", "extra_headers", "extra_query", "extra_body", "timeout"),
    *("deadline", "max_retries", "max_retry_wait", "max_items"),
]


@attrs.frozen
class Told:
    first: int = attrs.field(default=1, metadata={"doc": "The first."})
    silent: int = 2


@pytest.mark.parametrize("method", METHODS)
def test_each_keyword_is_told_of(method: Any) -> None:
    keywords = list(inspect.signature(method).parameters)[1:]
    lines = inspect.getdoc(method).splitlines()
    assert len(keywords) > 6
    for keyword in keywords:
        (told,) = [line for line in lines if line.startswith(f"    {keyword}: ")]
        assert told.endswith(".")
    assert "options" not in keywords
    assert not any(line.startswith("    options:") for line in lines)


@pytest.mark.parametrize("method", [m for m in METHODS if "run" not in m.id])
def test_what_is_searched_for_is_shown_first_and_what_every_call_takes_last(method: Any) -> None:
    keywords = list(inspect.signature(method).parameters)[1:]
    assert keywords[:2] == ["query", "filter"]
    assert keywords[-len(CALL_OPTIONS) :] == CALL_OPTIONS


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Do it.", "Do it.\n\nArgs:\n    first: The first. Default: 1."),
        (
            "Do it.\n\n    Raises:\n        OSError: No.\n    ",
            "Do it.\n\nArgs:\n    first: The first. Default: 1.\n\nRaises:\n    OSError: No.",
        ),
        (
            "Do it.\n\n    Args:\n        a: A.\n        options: B,\n            C.\n    ",
            "Do it.\n\nArgs:\n    a: A.\n    first: The first. Default: 1.",
        ),
    ],
)
def test_arguments_stand_before_errors_in_place_of_options(text: str, wanted: str) -> None:
    assert docstring(text, Told) == wanted


@pytest.mark.parametrize("client", [AsyncScenario, Scenario])
def test_help_of_a_client_lists_every_option_with_its_default(client: type[Any]) -> None:
    text = pydoc.plain(pydoc.render_doc(client))
    options = [*inspect.signature(client.__init__).parameters.values()][1:]
    assert len(options) > 20
    for option in options:
        # A sentence; from Python 3.13 on, a long signature has a line for each parameter, too.
        (described,) = re.findall(rf"^[ |]+{option.name}: (\S.*\.)$", text, re.MULTILINE)
        if option.default is not None:
            shown = {8 * 2**20: "8 MiB", 20 * 2**20: "20 MiB", 60.0: "60"}
            default = shown.get(option.default, option.default)
            assert described.endswith(f" Default: {default}.")
        if option.default == 60.0:
            assert "in seconds" in described


def test_methods_that_make_such_an_object_do_not_list_its_keywords_again() -> None:
    for method in (AsyncScenario.demo, AsyncScenario.with_options):
        assert "max_retries:" not in (inspect.getdoc(method) or "")
        assert "max_retries" in inspect.signature(method).parameters
