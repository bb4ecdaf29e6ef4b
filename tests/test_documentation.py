"""Every Python example of the README and the docs runs, against the emulator.

Examples of one page share their names and one event loop; ``await`` works at the top level. A
``text`` block is what the example before it prints. An example that holds tests is run by pytest,
and a ``console`` block that calls scenario-search by a shell, 80 columns wide.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser

from scenario_search.emulator import Emulator

ROOT = Path(__file__).parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
]


class Reader:
    """Runs one page's examples, in order, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self.folder = folder
        self.printed = ""
        self.tests: list[Path] = []

    def run(self, example: Example) -> None:
        if "\ndef test_" in example.parsed or "\nasync def test_" in example.parsed:
            self.tests.append(self.folder / f"test_line_{example.line}.py")
            self.tests[-1].write_text(example.parsed, encoding="utf-8")
            return
        code = compile(
            "\n" * example.line + example.parsed,
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
        if self.printed.strip() != example.parsed.strip():
            return f"printed:\n{self.printed}\nbut the page says:\n{example.parsed}"
        return None

    def run_commands(self, example: Example) -> str | None:
        if "scenario-search" not in example.parsed:
            return None
        commands = [line[2:] for line in example.parsed.splitlines() if line.startswith("$ ")]
        shell = f'scenario-search() {{ "{sys.executable}" -m scenario_search "$@"; }}'
        run = subprocess.run(
            ["bash", "-c", "\n".join([shell, *commands])],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        )
        expected = [line for line in example.parsed.splitlines() if not line.startswith("$ ")]
        if run.stdout.splitlines() != expected:
            return f"printed:\n{run.stdout}\nbut the page says:\n" + "\n".join(expected)
        return None

    def run_tests(self) -> None:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["-o", "asyncio_mode=auto", *map(str, self.tests)]
        run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
        assert run.returncode == 0, run.stdout + run.stderr


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
    if page.stem == "cli" and shutil.which("bash") is None:
        pytest.skip("there is no bash on the path")
    reader = Reader(tmp_path)
    document = Document.parse(
        str(page),
        CodeBlockParser("python", reader.run),
        CodeBlockParser("text", reader.compare),
        CodeBlockParser("console", reader.run_commands),
    )
    namespace: dict[str, Any] = document.namespace
    namespace["__name__"] = "example"
    with reader.runner:
        for example in document.examples():
            example.evaluate()
    if reader.tests:
        reader.run_tests()


def test_the_links_of_the_readme_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    paths = [link or source for link, source in links if "://" not in link]
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []
