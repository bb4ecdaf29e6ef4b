"""Sphinx: ``python -m nox -s docs`` builds the pages into docs/_build."""

import builtins
from typing import Any, cast

import attrs
from docutils.nodes import Element
from sphinx.addnodes import pending_xref
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

from scenario_search import __version__
from scenario_search.wire.document import Document
from scenario_search.wire.signatures import docstring

project = "scenario-search"
author = "The scenario-search developers"
copyright = "2026, The scenario-search developers"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "notebooks", "examples"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

highlight_language = "none"

copybutton_prompt_text = "$ "  # copied without it; other lines of a console block are output
copybutton_exclude = ".linenos"

html_theme = "furo"
html_title = f"scenario-search {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
python_use_unqualified_type_names = True
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
    (r"py:.*", r"(contextlib|datetime|decimal|enum|ssl|types|concurrent)\b.*"),
    (r"py:.*", r"(cattrs|np|pd|pl|pandas)\b.*"),
    (r"py:.*", r"polars\b.*"),
    (r"py:.*", r"(scenario_search\..*\.)?[A-Z](_co|_contra)?"),
    (r"py:.*", r"(Any|Self|Path|Callable|Iterable|Iterator|AsyncIterator|Mapping|Sequence)"),
    (r"py:.*", r"AbstractAsyncContextManager|DownloadSource|SSLContext|timedelta|optional"),
    (
        r"py:.*",
        r"(scenario_search\..*\.)?(PreparedSearch|PagedSearch|SearchParams|Checkpoint|JsonLines|ClientHit|_\w+)",
    ),
    (r"py:.*", r"(scenario_search\..*\.)?(Screen|Walk|Known|Kind|PillowImage|Format|Fit)"),
    (r"py:mod", r"scenario_search\..*"),
]
suppress_warnings = ["ref.python"]  # the annotation type[...] is no attribute "type"
_BUILTINS = set(dir(builtins))

MADE_BY_CLIENTS = {
    *("AsyncSearch", "AsyncSearchResults", "AsyncSearchHitsOffset", "AsyncPrefetch"),
    *("SearchExports", "PageFrames", "SyncSearch", "SyncSearchHitsOffset", "SyncPrefetch"),
    *("AllFrames", "FetchedPage", "PageInfo"),
    *("AsyncCrawler", "AsyncCrawl", "SyncCrawler", "SyncCrawl", "CrawlStats"),
    *("Batch", "CrawlEstimate", "CrawlPiece", "ResponseInfo", "DownloadReport", "DownloadedFile"),
    *("Field", "Faults", "Limit", "Rule", "LoadReport", "SeenRequest", "Embedder"),
}
"""Classes that nobody makes by hand, so that how they are made is not shown."""


WRITTEN = {"<built-in function monotonic>": "time.monotonic", "NOTHING": "..."}
"""Defaults whose repr is not how they are written."""


def _told_by_fields(
    app: object, what: str, name: str, obj: Any, options: object, lines: list[str]
) -> None:
    """List the keywords of a request class, which are told of where they are declared."""
    if what == "class" and attrs.has(obj):
        lines[:] = docstring("\n".join(lines), obj).splitlines()


def _made_elsewhere(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Leave out what the constructor takes of what nobody makes by hand."""
    if what != "class" or name.rpartition(".")[2] not in MADE_BY_CLIENTS:
        return
    kept: list[str] = []
    dropped = False
    for line in lines:
        dropped = line.startswith((":param ", ":type ")) or (dropped and line.startswith(" "))
        if not dropped:
            kept.append(line)
    lines[:] = kept


def _shortened(
    app: object, what: str, name: str, obj: Any, options: object, signature: str | None, to: str
) -> tuple[str | None, str] | None:
    """Leave out of signatures what no caller writes, and what is told elsewhere."""
    short = name.rpartition(".")[2]
    if not signature:
        return None
    if what == "class" and (short in MADE_BY_CLIENTS or issubclass(obj, Document)):
        return "", to
    if ".pytest_plugin." in name:
        return "", to
    if what == "exception" and "__init__" not in vars(obj):
        return "", to
    if short in {"demo", "with_options"} and "Scenario." in name:
        return "(**options)", to
    for shown, written in WRITTEN.items():
        signature = signature.replace(shown, written)
    return signature, to


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
    app.connect("autodoc-process-docstring", _told_by_fields, priority=200)
    app.connect("autodoc-process-docstring", _made_elsewhere, priority=940)
    app.connect("autodoc-process-signature", _shortened)
    app.connect("missing-reference", _found_by_last_name)
