"""Sphinx: ``python -m nox -s docs`` builds the pages into docs/_build."""

from typing import Any

from scenario_search import __version__

project = "scenario-search"
author = "The scenario-search developers"
copyright = "2026, The scenario-search developers"  # noqa: A001 - Sphinx's own name
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "notebooks", "examples"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"scenario-search {release}"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False

nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"scenario_search\..*\.(H|[A-Z])"),
    (r"py:.*", r"scenario_search\.responses\._ModelIdAlias"),
    (r"py:.*", r"(Path|Callable|Iterable|AsyncIterator|Iterator|Mapping|Sequence)"),
    # Type variables, and what other projects document: their pages cannot be asked from here.
    (r"py:.*", r"(typing|collections|asyncio|aiohttp|attrs?|anyio|numpy|PIL|pathlib|os|io|abc)\b.*"),
    (r"py:.*", r"(contextlib|datetime|decimal|enum|types|concurrent|np|pd|pl|pandas|polars)\b.*"),
    (r"py:.*", r"[A-Z](_co|_contra)?"),
    (r"py:.*", r"(ValueError|TypeError|RuntimeError|ImportError|OSError|AttributeError|Exception)"),
    (r"py:.*", r"(UserWarning|ResourceWarning|DeprecationWarning|KeyboardInterrupt)"),
    (r"py:.*", r"(str|int|float|bool|bytes|list|dict|tuple|set|None|object|type|Any|Self|optional)"),
]


def _keep_colons(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Keep napoleon from taking what stands before a colon for an attribute's type."""
    if what in {"attribute", "property", "data"} and lines:
        lines[0] = lines[0].replace(": ", "\\: ")


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", _keep_colons, priority=100)
