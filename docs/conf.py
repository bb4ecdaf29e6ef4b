"""Sphinx: ``python -m nox -s docs`` builds the pages into docs/_build."""

import builtins
from typing import Any, cast

from docutils.nodes import Element
from sphinx.addnodes import pending_xref
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

from scenario_search import __version__

project = "scenario-search"
author = "The scenario-search developers"
copyright = "2026, The scenario-search developers"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "notebooks", "examples"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

highlight_language = "none"

html_theme = "furo"
html_title = f"scenario-search {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False

nitpicky = True
# Other projects' pages cannot be asked from here, so their names stay plain text; so do the names
# of type variables and of what only contributors meet.
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(typing|collections|asyncio|aiohttp|attrs?|anyio|numpy|PIL|pathlib|os|io|abc)\b.*",
    ),
    (r"py:.*", r"(contextlib|datetime|decimal|enum|types|concurrent|np|pd|pl|pandas)\b.*"),
    (r"py:.*", r"polars\b.*"),
    (r"py:.*", r"(scenario_search\..*\.)?[A-Z](_co|_contra)?"),
    (r"py:.*", r"(Any|Self|Path|Callable|Iterable|Iterator|AsyncIterator|Mapping|Sequence)"),
    (r"py:.*", r"AbstractAsyncContextManager|DownloadSource|optional"),
    (
        r"py:.*",
        r"(scenario_search\..*\.)?(PreparedSearch|ApiError|Checkpoint|JsonLines|Screen|_\w+)",
    ),
    (r"py:mod", r"scenario_search\..*"),
]
suppress_warnings = ["ref.python"]  # the annotation type[...] is no attribute "type"
_BUILTINS = set(dir(builtins))


def _without_type(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Give attributes' docstrings an empty type: napoleon takes text before a colon for one."""
    if what in {"attribute", "property", "data"} and lines:
        lines[0] = f": {lines[0]}"


def _found_by_last_name(
    app: object, env: BuildEnvironment, node: pending_xref, content: Element
) -> Element | None:
    """Resolve a name that docstrings write in short, where one documented object ends in it."""
    if node.get("refdomain") != "py":
        return None
    target: str = node["reftarget"]
    if target in _BUILTINS:
        return content
    python = env.domains["py"]
    found: set[tuple[str, str]] = set()
    for short in (target.removeprefix("scenario_search."), target.rpartition(".")[2]):
        found = found or {
            (document, anchor)
            for name, _, _, document, anchor, _ in python.get_objects()
            if name.endswith(f".{short}")
        }
    if len(found) != 1:
        return None
    document, anchor = found.pop()
    from_document = cast("str", node.get("refdoc", env.docname))
    return make_refnode(cast("Any", app).builder, from_document, document, anchor, content)


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", _without_type, priority=100)
    app.connect("missing-reference", _found_by_last_name)
