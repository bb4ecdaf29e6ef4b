"""Every Python example of the README and the docs runs, against the emulator.

Examples of one page share their names and one event loop; ``await`` works at the top level. A
``text`` block after an example is what it prints.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import types
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser

from scenario_search.emulator import Emulator

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


class Reader:
    """Runs one page's examples, in order."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.printed = ""

    def run(self, example: Example) -> None:
        code = compile(
            "\n" * (example.line + 0) + example.parsed,
            example.path,
            "exec",
            flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        )
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            function = types.FunctionType(code, example.namespace)
            if code.co_flags & inspect.CO_COROUTINE:
                self.runner.run(function())
            else:
                function()
        self.printed = output.getvalue()

    def compare(self, example: Example) -> str | None:
        if self.printed and self.printed.strip() != example.parsed.strip():
            return f"printed:\n{self.printed}\nbut the page says:\n{example.parsed}"
        return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run(
    page: Path,
    scenario_emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("SCENARIO_BASE_URL", scenario_emulator.url)
    monkeypatch.setenv("SCENARIO_SDK_API_KEY", scenario_emulator.api_key)
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", scenario_emulator.api_secret)
    monkeypatch.chdir(tmp_path)
    reader = Reader()
    document = Document.parse(
        str(page),
        CodeBlockParser("python", reader.run),
        CodeBlockParser("text", reader.compare),
    )
    namespace: dict[str, Any] = document.namespace
    namespace["__name__"] = "example"
    with reader.runner:
        for example in document.examples():
            example.evaluate()
