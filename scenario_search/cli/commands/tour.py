"""A tour of the client on the embedded emulator: each call, and what it gives."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from scenario_search.client import AsyncScenario
from scenario_search.emulator import Emulator
from scenario_search.filters import F
from scenario_search.wire.hits import SearchAssetSearchResponse

__all__ = ["tour"]

_ROWS = 5
_WIDTHS = {
    "name": 20,
    "size": 11,
    "made": 10,
    "page": 6,
    "models": 6,
    "kind": 8,
    "assets": 6,
    "megabytes": 9,
}


async def tour(console: Console) -> None:
    """Starts the emulator, searches it in four ways, and prints each call with its result.

    Args:
        console: Where to print.
    """
    began = time.perf_counter()
    async with Emulator.demo() as emulator:
        ready = time.perf_counter() - began
        console.print(
            f"[bold]The emulator[/bold] answers at {emulator.url}, ready in {ready:.1f} s."
        )
        async with AsyncScenario(**emulator.client_options) as client:
            await _text_search(console, client)
            await _filtered(console, client)
            await _page_walk(console, client)
            await _whole(console, client)
    console.print("\n[bold]That was the tour.[/bold] The README says where to go next.")


async def _text_search(console: Console, client: AsyncScenario) -> None:
    _show_call(
        console,
        "A text search, one page",
        'page = await client.search.asset_search(query="castle", limit=5)',
    )
    page = await client.search.asset_search(query="castle", limit=_ROWS)
    _show_assets(console, page.hits)
    _say(
        console,
        f"{len(page.hits)} of about {page.estimated_total_hits} hits "
        f"in {page.response.elapsed * 1000:.0f} ms",
    )


async def _filtered(console: Console, client: AsyncScenario) -> None:
    _show_call(
        console,
        "A filter that cannot be injected, sorted",
        'dragons = (F.tags == "dragon") | F.prompt.matches("dragon")\n'
        "page = await client.search.asset_search(\n"
        "    filter=dragons & (F.width >= 1024) & F.nsfw.is_empty(),\n"
        '    sort_by=["createdAt:desc"],\n'
        "    limit=5,\n"
        ")",
    )
    dragons = (F.tags == "dragon") | F.prompt.matches("dragon")
    page = await client.search.asset_search(
        filter=dragons & (F.width >= 1024) & F.nsfw.is_empty(),
        sort_by=["createdAt:desc"],
        limit=_ROWS,
    )
    _show_assets(console, page.hits)
    _say(console, f"{len(page.hits)} of about {page.estimated_total_hits} hits, newest first")


async def _page_walk(console: Console, client: AsyncScenario) -> None:
    _show_call(
        console,
        "Page by page",
        "async for page in client.search.model_search(\n"
        '    filter=F.capabilities == "txt2img", page=1, hits_per_page=10\n'
        ").pages(): ...",
    )
    table = _table("page", "models", "first", "last")
    models = client.search.model_search(
        filter=F.capabilities == "txt2img", page=1, hits_per_page=10
    )
    total: int | None = None
    async for page in models.pages():
        table.add_row(
            f"{page.page} of {page.total_pages}",
            str(len(page.hits)),
            page.hits[0].name,
            page.hits[-1].name,
        )
        total = page.total_hits
    _show(console, table)
    _say(console, f"{total} models in all")


async def _whole(console: Console, client: AsyncScenario) -> None:
    _show_call(
        console,
        "Every hit, whatever the number of pages",
        "async for asset in client.search.asset_search(\n"
        '    filter=F.privacy == "public", public=True\n'
        "): ...",
    )
    began = time.perf_counter()
    kinds: dict[str, list[SearchAssetSearchResponse]] = {}
    async for asset in client.search.asset_search(filter=F.privacy == "public", public=True):
        kinds.setdefault(asset.metadata.kind or "unknown", []).append(asset)
    elapsed = time.perf_counter() - began
    table = _table("kind", "assets", "megabytes", "for instance")
    for kind, assets in sorted(kinds.items(), key=lambda item: -len(item[1])):
        size = sum(asset.metadata.size or 0 for asset in assets)
        table.add_row(kind, str(len(assets)), f"{size / 1e6:.1f}", _name(assets[0]))
    _show(console, table)
    count = sum(map(len, kinds.values()))
    _say(console, f"{count} public assets in {elapsed:.2f} s")


def _show_call(console: Console, title: str, code: str) -> None:
    console.print()
    console.rule(f"[bold]{title}", align="left", style="dim")
    syntax = Syntax(code, "python", theme="ansi_dark", background_color="default")
    console.print(Padding(syntax, (0, 2)))


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=True)
    for column in columns:
        right = column in ("size", "models", "assets", "megabytes")
        table.add_column(
            column,
            no_wrap=True,
            justify="right" if right else "left",
            width=_WIDTHS.get(column),
            ratio=None if column in _WIDTHS else 1,
        )
    return table


def _show(console: Console, table: Table) -> None:
    console.print(Padding(table, (1, 2)))


def _show_assets(console: Console, assets: Iterable[SearchAssetSearchResponse]) -> None:
    table = _table("name", "size", "made", "prompt")
    for asset in assets:
        metadata = asset.metadata
        size = f"{metadata.width} x {metadata.height}" if metadata.width else (metadata.kind or "")
        prompt = Text(metadata.prompt or asset.description or "")
        table.add_row(Text(_name(asset)), size, (asset.created_at or "")[:10], prompt)
    _show(console, table)


def _name(asset: SearchAssetSearchResponse) -> str:
    return asset.metadata.name or asset.id


def _say(console: Console, text: str) -> None:
    console.print(Padding(Text(text, style="dim"), (0, 2)))
