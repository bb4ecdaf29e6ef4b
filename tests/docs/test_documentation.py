"""Every Python example of the README and the docs runs, against the emulator.

Examples of one page share their names and one event loop; ``await`` works at the top level. A
``text`` block is what the example before it prints. Those of the README share nothing: each is run
by itself. An example that begins with the name of a file is kept in that file, to be imported. An
example that holds tests is run by pytest, and a ``console`` block that calls scenario-search by a
shell, 80 columns wide.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import contextlib
import importlib
import importlib.metadata
import inspect
import io
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import types
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import scenario_sdk
import scenario_sdk.pagination
import scenario_sdk.types
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser
from typer.testing import CliRunner

import scenario_search
from scenario_search import emulator as emulator_package
from scenario_search.cli import app
from scenario_search.emulator import Emulator

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
WORKFLOWS = ROOT / ".github" / "workflows"
PAGES = [
    README,
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
        if Path(example.path) == README:
            example.namespace.clear()
            example.namespace["__name__"] = "example"
        # As exec does, but not FunctionType; from Python 3.12 on, Class[int] may look for them.
        example.namespace["__builtins__"] = builtins
        if file := re.match(r"# (\w+\.py)\n", example.parsed):
            (self.folder / file[1]).write_text(example.parsed, encoding="utf-8")
            return
        if "\ndef test_" in example.parsed or "\nasync def test_" in example.parsed:
            self.tests.append(self.folder / f"test_line_{example.line}.py")
            self.tests[-1].write_text(example.parsed, encoding="utf-8")
            return
        code = compile(
            "\n" * example.line + example.parsed,
            example.path,
            "exec",
            flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
            dont_inherit=True,  # a reader's program has no future import that it does not show
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
        commands = [line[2:] for line in example.parsed.splitlines() if line.startswith("$ ")]
        if not any(re.search(r"(^|[|;&] ?)scenario-search ", command) for command in commands):
            return None
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


@pytest.mark.usefixtures("quick_demos")
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


def heading_anchor(heading: str) -> str:
    """Give what a link to a heading ends in, as GitHub makes it of the text."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [README, ROOT / "CHANGELOG.md"], ids=lambda page: page.stem)
def test_the_links_of_what_github_shows_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    targets = [link or source for link, source in links if "://" not in link]
    assert len(targets) > 2
    for target in targets:
        path, _, anchor = target.partition("#")
        file = ROOT / path if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(heading_anchor, headings), target


def test_the_readme_begins_with_one_example_of_six_lines() -> None:
    blocks = re.findall(
        r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (example,) = blocks
    assert len([line for line in example.splitlines() if line]) <= 6


def test_each_difference_from_the_official_sdk_names_what_shows_it() -> None:
    text = README.read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if re.match(r"\| .+ \| .+ \| .+ \|", line)][1:]
    table = [row for row in table if not row.startswith("| ---")]
    assert len(table) > 10
    unproved = [row for row in table if "](" not in row.split("|")[-2]]
    assert [row.split("|")[1].split()[0] for row in unproved] == ["The"]  # "The rest of the API"


def compared(row: str) -> tuple[str, str]:
    """Give what a row of the README's comparison says of the official SDK, and of this library."""
    text = README.read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {row} |")]
    theirs, ours = line.split(" | ")[1:3]
    return theirs, ours


def test_the_comparison_is_with_the_version_that_is_tried() -> None:
    assert f"version {scenario_sdk.__version__}:" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ("More than 1000 hits", ["crawl"]),
        ("Concurrent pages", ["prefetch", "crawl"]),
        ("Gallery, data frames", ["_repr_html_", "to_pandas", "to_polars"]),
        ("Files: JSONL, CSV, Parquet", ["to_jsonl", "to_csv", "to_parquet"]),
    ],
)
def test_what_the_official_sdk_does_not_have(row: str, names: list[str]) -> None:
    assert compared(row)[0] == "no"
    theirs = [scenario_sdk.Scenario, scenario_sdk.pagination.SyncSearchHitsOffset]
    ours = [scenario_search.Scenario, scenario_search.SyncSearchHitsOffset]
    for name in names:
        assert not any(hasattr(each, name) for each in theirs)
        assert any(hasattr(each, name) for each in ours)


def test_the_official_sdk_brings_no_command() -> None:
    assert compared("A command line") == ("no", "yes")
    brought = importlib.metadata.distribution("scenario-sdk").entry_points
    assert [entry for entry in brought if entry.group == "console_scripts"] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "scenario-search" in project["scripts"]


def test_the_official_sdk_takes_filters_as_text_and_no_files() -> None:
    hints = get_type_hints(scenario_sdk.types.SearchAssetSearchParams)
    assert compared("Filters")[0] == "text"
    assert compared("`image=`")[0] == "asset id or data URL"
    assert hints["filter"] is hints["image"] is str


def test_the_figures_of_the_readme_are_those_of_the_measurements() -> None:
    measured = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    figures = re.findall(r"\| ([\d,]+,\d{3}) ", README.read_text(encoding="utf-8"))
    assert len(figures) == 2
    assert [figure for figure in figures if figure not in measured] == []


def test_every_extra_that_a_page_names_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    groups = re.findall(r"(?:scenario-search|-e '\.)\[([\w,]+)\]", text)
    named = {name for group in groups for name in group.split(",")}
    assert {"cli", "emulator", "pandas"} <= named
    assert named <= set(project["optional-dependencies"])


def test_the_commands_of_the_pages_name_what_is_there() -> None:
    """Installing, serving and measuring are run by no test; what they name is looked for."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    files = re.findall(r"\b(?:python|pytest) ((?:docs|tests)/[\w./]+)", text)
    assert len(files) > 5
    assert [file for file in files if not (ROOT / file).exists()] == []
    sessions = set(re.findall(r"python -m nox -s (\w+)", text))
    assert len(sessions) > 3
    tasks = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert [name for name in sessions if f"\ndef {name}(session" not in tasks] == []


def test_the_options_of_the_commands_of_the_pages_are_there() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    shown = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    commands = re.findall(r"^scenario-search (.+)$", shown, re.MULTILINE)
    assert commands
    for command in commands:
        result = CliRunner().invoke(app, [*shlex.split(command), "--help"])
        assert result.exit_code == 0, result.output


def test_the_architecture_names_modules_that_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "scenario_search"
    names = re.findall(r"`([\w/]+(?:\.py|/))`", text)
    places = (package, package / "emulator", package / "cli", ROOT)
    missing = [name for name in names if not any((place / name).exists() for place in places)]
    assert missing == []
    folders = {f"{path.parent.name}/" for path in package.rglob("__init__.py")} - {
        "scenario_search/"
    }
    assert folders - {"drawing/"} <= {*names}


@pytest.mark.skipif(not WORKFLOWS.exists(), reason="an sdist has no workflows")
def test_the_workflows_pin_each_action_by_its_commit() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in WORKFLOWS.glob("*.yml"))
    used = re.findall(r"uses: (.+)", text)
    assert len(used) > 5
    pinned = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [action for action in used if not pinned.fullmatch(action)] == []


@pytest.mark.skipif(not WORKFLOWS.exists(), reason="an sdist has no workflows")
def test_the_workflows_run_the_default_sessions_and_each_python() -> None:
    text = (WORKFLOWS / "ci.yml").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    tasks = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    (default,) = re.findall(r"nox\.options\.sessions = (\[.*?\n\])", tasks, re.DOTALL)
    (matrix,) = re.findall(r"session:\n((?: +- \w+\n)+)", text)
    assert sorted(re.findall(r"\w+", matrix)) == sorted(re.findall(r'"(\w+)"', default))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    classifiers = [name.rpartition(" ")[2] for name in project["classifiers"]]
    pythons = [name for name in classifiers if name.startswith("3.")]
    assert sorted(set(re.findall(r'"(3\.\d+)"', text))) == sorted(pythons)


@pytest.mark.skipif(not WORKFLOWS.exists(), reason="an sdist has no workflows")
def test_the_sessions_that_workflows_name_are_there() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in WORKFLOWS.glob("*.yml"))
    tasks = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    sessions = re.findall(r'-s "?([a-z_]+)', text)
    assert len(sessions) > 2
    assert [name for name in sessions if f"\ndef {name}(session" not in tasks] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_ci_runs_the_command_of_the_readme(tmp_path: Path) -> None:
    """With a python that only shows how it was called."""
    (tmp_path / "python").write_text('#!/bin/sh\necho "python $*"\n')
    (tmp_path / "python").chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", ROOT / ".ci" / "run", "-s", "tests-3.12"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path},
    )
    shown, *called = done.stdout.splitlines()
    blocks = re.findall(
        r"^```sh\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert shown == f"+ {blocks[1].strip()} -s tests-3.12"
    assert called == ["python -m pip install nox[uv]", "python -m nox -s tests-3.12"]


# The reference


def told_by_the_reference(public: Any) -> bool:
    """Whether a directive of the reference takes in a public class or object."""
    pages = sorted((ROOT / "docs" / "reference").glob("*.md"))
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    pattern = r"^\.\. auto(\w+):: (\S+)\n((?:   :.*\n)*)"
    for directive, target, options in re.findall(pattern, text, re.MULTILINE):
        if directive != "module":
            if pkgutil.resolve_name(target) is public:
                return True
            continue
        home = importlib.import_module(target)
        members = {name for name, value in vars(home).items() if value is public}
        chosen = re.findall(r":(members|exclude-members): (.*)", options)
        if not chosen or chosen[0][0] == "exclude-members":
            of_the_module = getattr(public, "__module__", target) == target
            members &= set(getattr(home, "__all__", members if of_the_module else ()))
        for kind, names in chosen:
            named = set(names.split(", "))
            members = members & named if kind == "members" else members - named
        if members:
            return True
    return False


@pytest.mark.parametrize(
    ("package", "name"),
    [
        *((scenario_search, name) for name in scenario_search.__all__ if name != "__version__"),
        *((emulator_package, name) for name in emulator_package.__all__),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_the_reference_tells_of_every_public_name(package: Any, name: str) -> None:
    assert told_by_the_reference(getattr(package, name))
