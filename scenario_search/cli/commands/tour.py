"""A tour of the client on the embedded emulator: each call, and what it returns."""

from __future__ import annotations

import ast
import inspect
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
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
from scenario_search.text import clean, file_size, fit

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


def _show_crawl(console: Console, variables: dict[str, Any]) -> str:
    stats = variables["crawl"].stats
    lines = Path("public.jsonl").read_text(encoding="utf-8").splitlines()
    start = clean(lines[0], console.width - 8)
    console.print(Padding(Text(start, style="dim"), (0, 2, 0, 2)))
    return f"{stats.hits} lines in public.jsonl, {stats.requests} requests"


_STEPS = (
    Step(
        "Search by text: one page",
        'page = await client.search.asset_search(query="castle", limit=5)',
        _show_page,
    ),
    Step(
        "Filter and sort, safe from any value",
        'dragons = (F.tags == "dragon") | F.prompt.matches("dragon")\n'
        "page = await client.search.asset_search(\n"
        "    filter=dragons & (F.width >= 1024) & F.nsfw.is_empty(),\n"
        "    sort_by=F.created_at.desc(),\n"
        "    limit=5,\n"
        ")",
        _show_page,
    ),
    Step(
        "Search by meaning: no asset contains this word",
        'scifi = (F.kind == "image") & (F.tags == "scifi")\n'
        "page = await client.search.asset_search(\n"
        '    query="spaceflight",\n'
        "    query_semantic_ratio=1,\n"
        "    filter=scifi,\n"
        "    limit=4,\n"
        ")",
        _show_page,
    ),
    Step(
        "Search by picture: the first hit above, and what looks like it",
        "page = await client.search.asset_search(\n"
        "    image=page.hits[0].id, filter=scifi, limit=4\n"
        ")",
        _show_page,
    ),
    Step(
        "Iterate over every hit of every page",
        "results = client.search.asset_search(\n"
        '    filter=F.privacy == "public", public=True\n'
        ")\n"
        "assets = [asset async for asset in results]",
        _show_kinds,
    ),
    Step(
        "Crawl into a file: no cap of 1,000 hits, and it resumes",
        "async with client.crawl.assets(\n"
        '    public=True, checkpoint="public.ckpt"\n'
        ") as crawl:\n"
        '    await crawl.to_jsonl("public.jsonl")',
        _show_crawl,
    ),
)

_NEXT = (
    ("your terminal", "scenario-search assets castle --demo"),
    ("python -m asyncio", "client = AsyncScenario.demo(), and the calls above"),
    ("a notebook", "Scenario.demo() needs no await and shows galleries"),
    ("your tests", "the pytest fixture scenario_emulator"),
    ("the real service", "AsyncScenario(), with an API key in the environment"),
)


async def tour(console: Console) -> None:
    """Starts an emulator, searches it in several ways, and prints each call with its result.

    Args:
        console: Where to print.
    """
    began = time.perf_counter()
    with TemporaryDirectory() as folder, chdir(folder):
        async with Emulator.demo() as emulator:
            ready = time.perf_counter() - began
            console.print(
                f"[bold]The emulator[/bold] runs at {emulator.url}, ready in {ready:.1f} s."
            )
            variables: dict[str, Any] = {"F": F}
            async with AsyncScenario(**emulator.client_options) as client:
                variables["client"] = client
                for step in _STEPS:
                    await _take(step, console, variables)
    console.print()
    console.rule("[bold]Where to go next", align="left", style="dim")
    width = max(len(where) for where, _ in _NEXT)
    for where, what in _NEXT:
        console.print(Text(f"  {where:{width}}  {what}"))


async def _take(step: Step, console: Console, variables: dict[str, Any]) -> None:
    console.print()
    console.rule(f"[bold]{step.title}", align="left", style="dim")
    syntax = Syntax(step.code, "python", theme="ansi_dark", background_color="default")
    console.print(Padding(syntax, (0, 2, 1, 2)))
    began = time.perf_counter()
    await _run(step.code, variables)
    elapsed = time.perf_counter() - began
    summary = step.show(console, variables)
    console.print(Padding(Text(f"{summary}, {elapsed * 1000:.0f} ms", style="dim"), (1, 2, 0, 2)))


async def _run(code: str, variables: dict[str, Any]) -> None:
    """Runs code that awaits, as a notebook does, and keeps what it assigns."""
    compiled = compile(code, "<tour>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if compiled.co_flags & inspect.CO_COROUTINE:
        await eval(compiled, variables)  # noqa: S307 - what runs is what is shown
    else:
        exec(compiled, variables)  # noqa: S102 - likewise
