"""Holds the pure half and the I/O half apart, by reading the imports."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

from import_graph import circles, import_graph

import scenario_search

PACKAGE = Path(scenario_search.__file__).parent
KNOWN_CIRCLES = [
    {"scenario_search.wire.params", "scenario_search.wire.rules"},
    {
        "scenario_search.display.gallery",
        "scenario_search.display.lines",
        "scenario_search.export.frames",
        "scenario_search.wire.hits",
    },
    {
        "scenario_search.emulator.http.control",
        "scenario_search.emulator.http.routes",
        "scenario_search.emulator.emulator",
    },
    {
        "scenario_search.client",
        "scenario_search.crawl.crawl",
        "scenario_search.crawl.reading",
        "scenario_search.crawl.requests",
        "scenario_search.crawl.crawler",
        "scenario_search.files.download",
        "scenario_search.search.prefetch",
        "scenario_search.progress",
        "scenario_search.search.methods",
        "scenario_search.search.pages",
    },
]
"""Circles that still have to be opened. A circle that is gone leaves this list."""


def test_no_modules_import_each_other_in_a_circle() -> None:
    there = circles(import_graph())
    assert sorted(map(sorted, there)) == sorted(map(sorted, KNOWN_CIRCLES))


def test_what_a_module_takes_of_another_is_in_its_list_of_names() -> None:
    modules = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
        for path in PACKAGE.rglob("*.py")
        if path.stem not in ("__init__", "__main__", "_version")
    }
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in modules.items()}
    hidden = [
        f"{name} takes {taken.name} of {node.module}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in modules
        for taken in node.names
        if taken.name not in getattr(importlib.import_module(node.module), "__all__", ())
    ]
    assert hidden == []
