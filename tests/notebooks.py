"""The notebooks of the documentation: run them, and keep what they show.

``python -m tests.notebooks`` runs all of them in a kernel and writes their output into the files.
Kept pictures are small copies inside the file, for the addresses of the emulator end with it.
"""

from __future__ import annotations

import base64
import io
import re
import sys
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

__all__ = ["NOTEBOOKS", "executed", "read", "shown"]

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs" / "notebooks").glob("*.ipynb"))

_LOCAL = re.compile(r' (src|href|poster)="(http://127\.0\.0\.1:\d+/[^"]*)"')
_HOST = re.compile(r"http://127\.0\.0\.1:\d+")
_WIDGET = "application/vnd.jupyter.widget-view+json"
_PICTURE_HEIGHT = 240


def executed(path: Path, *, before: str = "", keep_pictures: bool = False) -> Any:
    """Runs a notebook in a kernel of its own, and returns it with its output.

    Args:
        path: The notebook.
        before: Code that the kernel runs before the first cell.
        keep_pictures: Whether to put small copies of the emulator's pictures into the output.

    Raises:
        CellExecutionError: A cell failed.
    """
    untyped: Any = nbformat
    notebook = read(path)
    notebook.cells.insert(0, untyped.v4.new_code_cell(before))
    client = NotebookClient(
        notebook, timeout=180, kernel_name="python3", record_timing=False, coalesce_streams=True
    )
    # The last cell closes the client, and the emulator with it: pictures are fetched before.
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            if keep_pictures and index == len(notebook.cells) - 1:
                _embed(notebook)
            client.execute_cell(cell, index)
    del notebook.cells[0]
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index}"
        if cell.cell_type == "code":
            # A bar is a widget, which ends with the kernel.
            cell.outputs = [each for each in cell.outputs if _WIDGET not in each.get("data", {})]
        cell.metadata = {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def read(path: Path) -> Any:
    """Returns a notebook as it is kept."""
    untyped: Any = nbformat
    return untyped.read(path, as_version=4)


def _write(notebook: Any, path: Path) -> None:
    untyped: Any = nbformat
    untyped.write(notebook, path)


def _outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        yield from cell.get("outputs", ())


def _embed(notebook: Any) -> None:
    for output in _outputs(notebook):
        data = output.get("data", {})
        if "text/plain" in data:
            data["text/plain"] = _HOST.sub("http://127.0.0.1", data["text/plain"])
        if "text/html" in data:
            data["text/html"] = _LOCAL.sub(_embedded, data["text/html"])


def _embedded(match: re.Match[str]) -> str:
    attribute, url = match.groups()
    if attribute == "href" or not ("format=webp" in url or "/thumbnails/" in url):
        return ""
    return f' {attribute}="{_small_copy(url.replace("&amp;", "&"))}"'


@cache
def _small_copy(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        picture = Image.open(io.BytesIO(answer.read())).convert("RGB")
    picture.thumbnail((2 * _PICTURE_HEIGHT, _PICTURE_HEIGHT))
    data = io.BytesIO()
    picture.save(data, "WEBP", quality=60, method=6)
    return "data:image/webp;base64," + base64.b64encode(data.getvalue()).decode()


def shown(notebook: Any) -> list[list[tuple[str, str]]]:
    """Give what the outputs of each cell say, without what differs from run to run."""
    return [
        [said for output in cell.get("outputs", ()) for said in _said(output)]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _said(output: Any) -> Iterator[tuple[str, str]]:
    if output.output_type == "stream":
        yield output.name, _steady(output.text)
    for kind, content in sorted(output.get("data", {}).items()):
        if kind == "text/html":
            yield kind, _steady(_words(content))
        else:
            yield kind, "" if kind.startswith("image/") else _steady(content)


def _words(markup: str) -> str:
    without_style = re.sub(r"<style\b.*?</style>", "", markup, flags=re.DOTALL)
    return re.sub(r"<[^>]*>", " ", without_style)


def _steady(text: str) -> str:
    """Put signs in the place of times, rates, ports and addresses."""
    text = re.sub(r"\b\d+(\.\d+)? (ms|s)\b|(?<=in )\d+:\d\d\b", "TIME", text)
    text = re.sub(r"[\d,]+/s\b", "RATE/s", text)
    text = _HOST.sub("http://127.0.0.1", text)
    return re.sub(r"0x[0-9a-f]{6,}", "ADDRESS", text)


def main(names: list[str]) -> None:
    """Run the notebooks, or those whose names contain one of the words, and keep the output."""
    for path in NOTEBOOKS:
        if not names or any(name in path.name for name in names):
            notebook = executed(path, keep_pictures=True)
            _write(notebook, path)
            print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
