"""Reads which modules of the package import which, without importing any of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

PACKAGE = Path(__file__).parents[1] / "scenario_search"

Graph = dict[str, set[str]]


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Returns the file of each module, by its full name; a package is its ``__init__``."""
    names = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports(node: ast.AST, *, typing: bool = True) -> Iterator[str]:
    """Yields the full names that code imports, wherever the import stands.

    Args:
        node: The code.
        typing: Whether imports for type checkers count, too.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute here"
            module = child.module or ""
            yield from (f"{module}.{alias.name}" for alias in child.names)
        elif not typing and _is_for_type_checkers(child):
            for other in child.orelse:
                yield from imports(ast.Module([other], []), typing=False)
        else:
            yield from imports(child, typing=typing)


@cache
def tree_of(path: Path) -> ast.Module:
    """Returns the syntax tree of a file, which is parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported_by(path: Path, *, typing: bool = True) -> frozenset[str]:
    """Returns the full names that a file imports; see `imports`."""
    return frozenset(imports(tree_of(path), typing=typing))


def _is_for_type_checkers(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def import_graph(package: Path = PACKAGE, *, typing: bool = True) -> Graph:
    """Returns which modules of a package each of its modules imports.

    A name that is imported from a package counts as an import of the package's ``__init__``,
    unless it is a module of it.
    """
    files = modules(package)
    graph: Graph = {}
    for name, path in files.items():
        taken = {_module_of(full, files) for full in imported_by(path, typing=typing)}
        graph[name] = {other for other in taken if other and other != name}
    return graph


def _module_of(full: str, files: dict[str, Path]) -> str | None:
    while full and full not in files:
        full = full.rpartition(".")[0]
    return full or None


def circles(graph: Graph) -> list[set[str]]:
    """Returns the groups of modules that reach each other (strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[set[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph.get(name, ())):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            group = set(stack[stack.index(name) :])
            del stack[stack.index(name) :]
            if len(group) > 1:
                groups.append(group)

    for name in sorted(graph):
        if name not in index:
            visit(name)
    return groups
