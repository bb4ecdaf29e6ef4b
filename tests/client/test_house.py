"""The drawing of the architecture page: each part of the package above all that it imports.

``PYTHONPATH=tests python tests/client/test_house.py`` writes it into the page anew.
"""

from __future__ import annotations

import re

from client.test_layering import LAYERS, layer
from import_graph import PACKAGE, Graph, import_graph

APART = ("emulator.embedded", "emulator.pytest_plugin")
"""What of the emulator others load without the rest of it."""

PAGE = PACKAGE.parent / "docs" / "architecture.md"


def floors(graph: Graph) -> list[list[str]]:
    """Returns the rows of the table floor by floor, from the top.

    Each row stands on the lowest floor that is above all it imports. The emulator is one row, but
    for what others load without the rest of it.
    """

    def row(module: str) -> str:
        name = layer(module)
        inside = name.startswith("emulator.") and name not in APART
        return "emulator" if inside else name

    below: dict[str, set[str]] = {}
    for module, others in graph.items():
        below.setdefault(row(module), set()).update(map(row, others))
    heights: dict[str, int] = {}
    for name in sorted(below, key=LAYERS.index):
        heights[name] = 1 + max((heights[other] for other in below[name] - {name}), default=0)
    numbers = sorted(set(heights.values()), reverse=True)
    return [[name for name in heights if heights[name] == number] for number in numbers]


def drawing(graph: Graph) -> str:
    """Returns the drawing of the architecture page."""
    lines = [" · ".join(name or "scenario_search" for name in names) for names in floors(graph)]
    width = max(map(len, lines))
    ceiling = f"\n├{'─' * (width + 2)}┤\n"
    body = ceiling.join(f"│ {line.center(width)} │" for line in lines)
    return f"┌{'─' * (width + 2)}┐\n{body}\n└{'─' * (width + 2)}┘\n"


def test_the_architecture_page_shows_the_house_as_it_is() -> None:
    house = drawing(import_graph())
    assert house in PAGE.read_text(encoding="utf-8"), f"The page has another one than\n{house}"


def test_a_house_has_a_floor_for_each_step_of_its_imports() -> None:
    graph = {
        "scenario_search.text": set(),
        "scenario_search.errors": {"scenario_search.text"},
        "scenario_search.names": set(),
        "scenario_search.emulator.store": {"scenario_search.emulator.contract"},
        "scenario_search.emulator.contract": {"scenario_search.errors"},
        "scenario_search": {"scenario_search.errors", "scenario_search.emulator.store"},
    }
    assert floors(graph) == [[""], ["emulator"], ["errors"], ["text", "names"]]


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(re.sub("┌.*┘\n", drawing(import_graph()), page, flags=re.DOTALL), "utf-8")
