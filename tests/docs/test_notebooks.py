from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from notebooks import NOTEBOOKS, executed, read, shown

# In a kernel, where nothing can be patched from outside.
START = """
import pathlib, sys
sys.path.insert(0, {tests!r})
from prepared_demo import demo_from
sys.path.pop(0)
from scenario_search.emulator import Emulator
Emulator.demo = demo_from(lambda: pathlib.Path({copy!r}))
"""


def by_name(path: Path) -> str:
    return path.stem


def test_there_is_a_notebook_for_each_thing_to_be_shown() -> None:
    assert [path.stem[3:] for path in NOTEBOOKS] == [
        "first_search",
        "filters",
        "likeness",
        "crawl_to_dataframe",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_a_notebook_runs_in_a_kernel_and_shows_what_is_read(
    path: Path, demo_copy: Callable[[], Path | None]
) -> None:
    copy = demo_copy()
    start = copy and START.format(tests=str(Path(__file__).parents[1]), copy=str(copy))
    now, before = shown(executed(path, before=start or "")), shown(read(path))
    assert len(now) == len(before)
    for cell, (here, there) in enumerate(zip(now, before, strict=True)):
        assert here == there, f"code cell {cell}: run python -m nox -s notebooks"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_what_is_kept_depends_on_no_server(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"127\.0\.0\.1:\d|localhost|(src|href|poster)=.{1,2}http", text)
    assert "Signature=" not in text
    assert len(text) < 500_000


@pytest.mark.parametrize("path", [NOTEBOOKS[0], NOTEBOOKS[2]], ids=by_name)
def test_galleries_are_kept_with_their_pictures(path: Path) -> None:
    pictures = re.findall(r'<img src=\\"data:image/webp;base64,', path.read_text(encoding="utf-8"))
    assert len(pictures) > 10
    assert "<img loading" not in path.read_text(encoding="utf-8")


def test_the_crawl_is_kept_with_two_plots() -> None:
    outputs = [output for cell in read(NOTEBOOKS[3]).cells for output in cell.get("outputs", ())]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=by_name)
def test_no_cell_failed_or_warned(path: Path) -> None:
    for cell in read(path).cells:
        for output in cell.get("outputs", ()):
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
