"""The forms a search's result can have: a table, JSON, CSV, ids, addresses, a gallery."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from scenario_search.cli.tables import print_hits
from scenario_search.cli.writing import emit, inert, json_text, say, terminal
from scenario_search.search.endpoints import ENDPOINTS
from scenario_search.text import count
from scenario_search.wire.hits import Hit
from scenario_search.wire.pages import SearchHits

__all__ = ["Output", "write"]

_PANEL = "Output"


def _flag(name: str, help: str) -> Any:
    return Annotated[bool, typer.Option(name, help=help, rich_help_panel=_PANEL)]


@attrs.frozen(kw_only=True)
class Output:
    """What form the result has. Without any of these: a table."""

    as_json: _flag("--json", "JSON: the page, or with --all or --max the hits.") = False  # type: ignore[valid-type]
    as_jsonl: _flag("--jsonl", "JSON Lines: one line per hit.") = False  # type: ignore[valid-type]
    as_csv: _flag("--csv", "CSV: one row per hit.") = False  # type: ignore[valid-type]
    as_ids: _flag("--ids", "Ids, one per line.") = False  # type: ignore[valid-type]
    as_urls: _flag("--urls", "URLs of the files, or of models' previews, one per line.") = False  # type: ignore[valid-type]
    html: Annotated[
        Path | None,
        typer.Option(
            help="Gallery, as an HTML file; - for standard output.",
            metavar="FILE",
            dir_okay=False,
            allow_dash=True,
            rich_help_panel=_PANEL,
        ),
    ] = None

    @property
    def form(self) -> str:
        """The one form that was asked for.

        Raises:
            typer.BadParameter: More than one was asked for.
        """
        chosen = {
            "--json": self.as_json,
            "--jsonl": self.as_jsonl,
            "--csv": self.as_csv,
            "--ids": self.as_ids,
            "--urls": self.as_urls,
            "--html": self.html is not None,
        }
        forms = [name for name, is_chosen in chosen.items() if is_chosen]
        if len(forms) > 1:
            named = f"{', '.join(forms[:-1])} and {forms[-1]}"
            raise typer.BadParameter(f"{named} exclude each other: choose one")
        return forms[0] if forms else "table"


async def write(
    output: Output, pages: AsyncIterator[SearchHits[Any]], what: str, *, walked: bool
) -> None:
    """Writes pages as they come, or at the end where the form needs them all.

    Args:
        output: The form.
        pages: The pages.
        what: "assets", "models" or "workflows".
        walked: Whether it is more than one page that was asked for.
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
        await _write_whole(output, pages, what)


def _url_line(hit: Hit) -> str:
    url = getattr(hit, "url", None) or (hit.thumbnail and hit.thumbnail.url)
    return f"{inert(str(url), lines=False)}\n" if url else ""


_LINES: dict[str, Callable[[Hit], str]] = {
    "--jsonl": lambda hit: json_text(hit.to_dict()) + "\n",
    "--ids": lambda hit: inert(hit.id, lines=False) + "\n",
    "--urls": _url_line,
}


async def _write_json(pages: AsyncIterator[SearchHits[Any]], *, walked: bool) -> None:
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


async def _write_csv(pages: AsyncIterator[SearchHits[Any]], what: str) -> None:
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


async def _write_whole(output: Output, pages: AsyncIterator[SearchHits[Any]], what: str) -> None:
    """Writes a table or a gallery, which show one page as it is, and several as one."""
    first: SearchHits[Any] | None = None
    last: SearchHits[Any] | None = None
    hits: list[Hit] = []
    async for page in pages:
        first, last = first or page, page
        hits += page.hits
    if output.html is not None:
        shown = first if first is not None and first is last else SearchHits(hits=hits)
        _write_gallery(output.html, shown.to_html())
        say(f"{output.html}: {count(len(hits))} {what}")
        return
    if not hits:
        if last is None:
            say(f"0 {what}: --max is 0.")
        else:
            say(f"No more {what}." if last.total else f"No {what} found.")
        return
    print_hits(terminal(), hits, what)
    if last is None or first is not last:
        say(f"{count(len(hits))} {what}")
        return
    more = "; go on with --page or --offset, or take --all" if last.has_next_page() else ""  # type: ignore[attr-defined]
    say(last._total_line() + more)


def _write_gallery(file: Path, text: str) -> None:
    if file == Path("-"):
        emit(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from None
