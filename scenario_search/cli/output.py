"""The forms a search's result can have: a table, JSON, CSV, ids, addresses, a gallery."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, ClassVar

import attrs
import typer

from scenario_search.cli.options import option
from scenario_search.cli.tables import emit_hits, print_hits
from scenario_search.cli.writing import emit, inert, json_text, say, terminal
from scenario_search.search.endpoints import ENDPOINTS
from scenario_search.search.pages import AsyncSearchHitsOffset
from scenario_search.text import count
from scenario_search.wire.hits import Hit

__all__ = ["Output", "write"]


@attrs.frozen(kw_only=True)
class Output:
    """What form the result has. Without any of these: a table."""

    panel: ClassVar = "Output"

    json: bool = option(False, 'JSON: the page; with --all or --max, {"hits": [...]} of all pages.')
    jsonl: bool = option(False, "JSON Lines: one line per hit.")
    csv: bool = option(False, "CSV: one row per hit.")
    ids: bool = option(False, "Ids, one per line.")
    urls: bool = option(False, "URLs of the files, or of models' previews, one per line.")
    html: Path | None = option(
        None,
        "Gallery, as an HTML file; - for standard output.",
        metavar="FILE",
        dir_okay=False,
        allow_dash=True,
    )

    @property
    def form(self) -> str:
        """The one form that was asked for.

        Raises:
            typer.BadParameter: More than one was asked for.
        """
        forms = [f"--{name}" for name, value in attrs.asdict(self).items() if value]
        if len(forms) > 1:
            named = f"{', '.join(forms[:-1])} and {forms[-1]}"
            raise typer.BadParameter(f"{named} exclude each other: choose one")
        return forms[0] if forms else "table"


async def write(
    output: Output,
    pages: AsyncIterator[AsyncSearchHitsOffset[Any]],
    what: str,
    *,
    walked: bool,
    embed: bool,
) -> None:
    """Writes pages as they come, or at the end where the form needs them all.

    Args:
        output: The form.
        pages: The pages.
        what: "assets", "models" or "workflows".
        walked: Whether it is more than one page that was asked for.
        embed: Whether a gallery holds its pictures.
    """
    form = output.form
    if form == "--json":
        await _write_json(pages, walked=walked)
    elif form == "--csv":
        await _write_csv(pages, what)
    elif form in _LINES:
        async for page in pages:
            emit("".join(map(_LINES[form], page.hits)))
    else:
        await _write_whole(output, pages, what, embed=embed)


def _url_line(hit: Hit) -> str:
    url = getattr(hit, "url", None) or (hit.thumbnail and hit.thumbnail.url)
    return f"{inert(str(url), lines=False)}\n" if url else ""


_LINES: dict[str, Callable[[Hit], str]] = {
    "--jsonl": lambda hit: json_text(hit.to_dict()) + "\n",
    "--ids": lambda hit: inert(hit.id, lines=False) + "\n",
    "--urls": _url_line,
}


async def _write_json(pages: AsyncIterator[AsyncSearchHitsOffset[Any]], *, walked: bool) -> None:
    if not walked:
        async for page in pages:
            emit(json_text(page.to_dict(), indented=sys.stdout.isatty()) + "\n")
        return
    before = '{"hits":[\n'
    async for page in pages:
        for hit in page.hits:
            emit(before + json_text(hit.to_dict()))
            before = ",\n"
    emit("\n]}\n" if before == ",\n" else '{"hits":[]}\n')


async def _write_csv(pages: AsyncIterator[AsyncSearchHitsOffset[Any]], what: str) -> None:
    from scenario_search.export import files as export, frames  # noqa: PLC0415 - only for CSV

    columns = frames.columns(ENDPOINTS[what].hit_class)
    lines = export.csv_lines([list(columns)])
    async for page in pages:
        lines += export.csv_lines(export.csv_rows(page.hits, columns))
        _emit_csv(lines)
        lines = b""
    _emit_csv(lines)


def _emit_csv(lines: bytes) -> None:
    emit(inert(lines.decode().replace("\r\n", "\n")))


async def _write_whole(
    output: Output, pages: AsyncIterator[AsyncSearchHitsOffset[Any]], what: str, *, embed: bool
) -> None:
    """Writes a table or a gallery, which show one page as it is, and several as one."""
    first: AsyncSearchHitsOffset[Any] | None = None
    last: AsyncSearchHitsOffset[Any] | None = None
    hits: list[Hit] = []
    async for page in pages:
        first, last = first or page, page
        hits += page.hits
    if output.html is not None:
        shown = first or AsyncSearchHitsOffset(hits=hits)
        if shown is not last:
            shown = shown._with_hits(hits)
        _write_gallery(output.html, await shown.to_html(embed=embed and bool(hits)))
        say(f"{output.html}: {count(len(hits))} {what}")
        return
    if not hits:
        if last is None:
            say(f"0 {what}: --max is 0.")
        else:
            say(f"No more {what}." if last.total else f"No {what} found.")
        return
    console = terminal()
    if console.is_terminal:
        print_hits(console, hits, what)
    else:
        emit_hits(hits, what)
    if last is None or first is not last:
        say(f"{count(len(hits))} {what}")
        return
    more = "; go on with --page or --offset, or take --all" if last.has_next_page() else ""
    say(last._total_line() + more)


def _write_gallery(file: Path, text: str) -> None:
    if file == Path("-"):
        emit(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from None
