"""Who writes a function around the clients finds the types of its signature in one place."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

import scenario_search

TYPED_CALLS = Path(__file__).parents[1] / "typing"
FOUND_ELSEWHERE = {
    "AsyncCrawler",  # client.crawl and client.search are gone through, not handed on
    "AsyncSearch",
    "SyncCrawler",
    "SyncSearch",
    "Checkpoint",  # what an export asks of a crawl
    "ExportTarget",  # a path, a URL or a file object
    "SearchParams",
    "RunOptions",
    "Fit",  # literals, of wire.renditions
    "Format",
    "PillowImage",  # a part of ImageSource, which cattrs resolves if a converter was made before
}


def own_names() -> set[str]:
    """The classes and aliases that any module of the client declares."""
    found: set[str] = set()
    for module in pkgutil.walk_packages(scenario_search.__path__, "scenario_search."):
        if module.name.split(".")[1] not in ("__main__", "cli", "emulator"):
            loaded = importlib.import_module(module.name)
            found |= {name for name in getattr(loaded, "__all__", ()) if name[0].isupper()}
    return found


def annotations(cls: type[Any]) -> set[str]:
    """The names in the annotations of a class's public methods, properties and fields."""
    texts: list[Any] = []
    if attrs.has(cls):
        texts += [field.type for field in attrs.fields(cls) if not field.name.startswith("_")]
    for name, member in inspect.getmembers_static(cls):
        if name.startswith("_"):
            continue
        function = member.fget if isinstance(member, property) else getattr(cls, name)
        if callable(function):
            signature = inspect.signature(function)
            texts.append(signature.return_annotation)
            texts += [parameter.annotation for parameter in signature.parameters.values()]
    return {name for text in texts for name in re.findall(r"\b[A-Z]\w+", str(text))}


@pytest.mark.parametrize("name", scenario_search.__all__)
def test_each_public_name_is_there(name: str) -> None:
    assert getattr(scenario_search, name) is not None
    assert name in dir(scenario_search)


def test_type_checkers_are_shown_each_public_name() -> None:
    """Imported there is not enough: it is used, where ``nox -s typing`` looks."""
    trees = [ast.parse(path.read_text()) for path in TYPED_CALLS.glob("*.py")]
    used = {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert [name for name in scenario_search.__all__ if name not in used] == []


def test_what_a_public_method_takes_or_gives_is_public() -> None:
    public = [getattr(scenario_search, name) for name in scenario_search.__all__]
    classes = [v for v in public if inspect.isclass(v) and not issubclass(v, Exception | dict)]
    named = set().union(*map(annotations, classes))
    assert {"CrawlStats", "DownloadReport", "PageInfo"} <= named
    assert (named & own_names()) - FOUND_ELSEWHERE <= set(scenario_search.__all__)


def test_a_name_that_is_not_there_is_told_as_python_does() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Scenarioo'"):
        scenario_search.Scenarioo  # type: ignore[attr-defined]  # noqa: B018


def loaded_by(code: str) -> set[str]:
    """The modules that a program has loaded at its end; this package's without its name."""
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.removeprefix("scenario_search.") for name in done.stdout.split()}


def test_the_package_loads_nothing_that_not_every_program_needs() -> None:
    loaded = loaded_by("from scenario_search import *")
    assert "sync.scenario" in loaded
    late = {"aiohttp", "cattrs", "display.gallery", "emulator.emulator", "http.transport"}
    assert loaded & late == set()


def test_modules_are_there_without_an_import() -> None:
    code = "import scenario_search as s; print(s.filters.parse('a = 1'), s.errors.APIError)"
    assert "filters" in loaded_by(code)
