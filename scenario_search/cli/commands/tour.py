"""A tour of the client on the embedded emulator: each call, and what it returns."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from typing import Any

import attrs
from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from scenario_search.cli.tables import print_hits, print_rows
from scenario_search.client import AsyncScenario
from scenario_search.emulator import Emulator
from scenario_search.filters import F
from scenario_search.text import file_size, fit

__all__ = ["tour"]


@attrs.frozen
class Step:
    """A step of the tour.

    Attributes:
        title: What it shows.
        code: What is shown and run.
        show: Prints a variable that the code has assigned, and returns a line about it.
    """

    title: str
    code: str
    show: Callable[[Console, dict[str, Any]], str]


def _title(hit: Any) -> str:
    return fit(hit._card().title, 28)


def _show_page(console: Console, variables: dict[str, Any]) -> str:
    page = variables["page"]
    print_hits(console, page.hits, "assets")
    return f"{len(page.hits)} of about {page.estimated_total_hits} hits"


def _show_pages(console: Console, variables: dict[str, Any]) -> str:
    pages = variables["pages"]
    rows = [
        (
            f"{page.page} of {page.total_pages}",
            len(page.hits),
            _title(page.hits[0]),
            _title(page.hits[-1]),
        )
        for page in pages
    ]
    print_rows(console, ("page", "models", "first", "last"), rows, last_grows=False)
    return f"{pages[-1].total_hits} models in all"


def _show_kinds(console: Console, variables: dict[str, Any]) -> str:
    assets = variables["assets"]
    kinds: dict[str, list[Any]] = {}
    for asset in assets:
        kinds.setdefault(asset.metadata.kind, []).append(asset)
    rows = [
        (kind, len(each), file_size(sum(asset.metadata.size for asset in each)), _title(each[0]))
        for kind, each in sorted(kinds.items(), key=lambda item: -len(item[1]))
    ]
    print_rows(console, ("kind", "assets", "size", "for instance"), rows, last_grows=False)
    return f"{len(assets)} public assets in all"


_STEPS = (
    Step(
        "A text search, one page",
        'page = await client.search.asset_search(query="castle", limit=5)',
        _show_page,
    ),
    Step(
        "A filter that cannot be injected, sorted",
        'dragons = (F.tags == "dragon") | F.prompt.matches("dragon")\n'
        "page = await client.search.asset_search(\n"
        "    filter=dragons & (F.width >= 1024) & F.nsfw.is_empty(),\n"
        '    sort_by=["createdAt:desc"],\n'
        "    limit=5,\n"
        ")",
        _show_page,
    ),
    Step(
        "Page by page",
        "models = client.search.model_search(\n"
        '    filter=F.capabilities == "txt2img", page=1, hits_per_page=10\n'
        ")\n"
        "pages = [page async for page in models.pages()]",
        _show_pages,
    ),
    Step(
        "Every hit, whatever the number of pages",
        "results = client.search.asset_search(\n"
        '    filter=F.privacy == "public", public=True\n'
        ")\n"
        "assets = [asset async for asset in results]",
        _show_kinds,
    ),
)


async def tour(console: Console) -> None:
    """Starts the emulator, searches it in four ways, and prints each call with its result.

    Args:
        console: Where to print.
    """
    began = time.perf_counter()
    async with Emulator.demo() as emulator:
        ready = time.perf_counter() - began
        console.print(f"[bold]The emulator[/bold] runs at {emulator.url}, ready in {ready:.1f} s.")
        async with AsyncScenario(**emulator.client_options) as client:
            for step in _STEPS:
                await _take(step, console, client)
    console.print("\n[bold]That was the tour.[/bold] The README says where to go next.")


async def _take(step: Step, console: Console, client: AsyncScenario) -> None:
    console.print()
    console.rule(f"[bold]{step.title}", align="left", style="dim")
    syntax = Syntax(step.code, "python", theme="ansi_dark", background_color="default")
    console.print(Padding(syntax, (0, 2, 1, 2)))
    began = time.perf_counter()
    variables = await _run(step.code, client)
    elapsed = time.perf_counter() - began
    summary = step.show(console, variables)
    console.print(Padding(Text(f"{summary}, {elapsed * 1000:.0f} ms", style="dim"), (1, 2, 0, 2)))


async def _run(code: str, client: AsyncScenario) -> dict[str, Any]:
    """Runs code that awaits, as a notebook does, and returns its variables."""
    variables: dict[str, Any] = {"client": client, "F": F}
    compiled = compile(code, "<tour>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    await eval(compiled, variables)  # noqa: S307 - what runs is what is shown
    return variables
