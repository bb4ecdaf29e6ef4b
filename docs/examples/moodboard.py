"""A moodboard: assets that look like the pictures of a folder, as a page of HTML.

    python docs/examples/moodboard.py FOLDER board
    python docs/examples/moodboard.py --demo board

The second takes three of the demo's pictures in place of a folder; the emulator first looks at all
pictures it has, for some ten seconds. ``board/index.html`` is the page, and the pictures lie beside
it, for the URLs in an answer expire. Without ``--demo`` it needs credentials in the environment.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from html import escape
from pathlib import Path
from urllib.parse import quote

from scenario_search import AsyncScenario, F, Images, ScenarioError, SearchAssetSearchResponse

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif"}
MOST_REFERENCES = 10

TOP = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Moodboard</title>
<style>
  body { margin: 1rem; font: 14px system-ui; background: #18181b; color: #d4d4d8 }
  main { columns: 14rem; column-gap: 1rem }
  figure { margin: 0 0 1rem; break-inside: avoid; overflow-wrap: anywhere }
  img { width: 100%; border-radius: .5rem; display: block }
</style>
<h1>Moodboard</h1>
<main>
"""


async def make_board(
    client: AsyncScenario, references: list[Path], board: Path, *, most: int, tag: str | None = None
) -> int:
    """Find, download and show the assets most like the references; give how many there are."""
    wanted = (F.kind == "image") & F.nsfw.is_empty()
    results = client.search.asset_search(
        images=Images(like=references[:MOST_REFERENCES]),
        filter=wanted if tag is None else wanted & (F.tags == tag),
        max_items=most,
    )
    found = [asset async for asset in results]
    await client.download(found, board / "files", on_error="skip")
    files = {path.name.partition(".")[0]: path for path in sorted((board / "files").iterdir())}
    shown = [asset for asset in found if asset.id in files]
    figures = [figure(asset, files[asset.id].relative_to(board)) for asset in shown]
    (board / "index.html").write_text(TOP + "".join(figures) + "</main>\n", encoding="utf-8")
    return len(shown)


def figure(asset: SearchAssetSearchResponse, file: Path) -> str:
    name = escape(asset.metadata.name or asset.id)
    source = escape(quote(file.as_posix()))
    return f'<figure><img src="{source}" alt="{name}"><figcaption>{name}</figcaption></figure>\n'


async def demo_pictures(client: AsyncScenario, folder: Path) -> list[Path]:
    """Download three castles, to have something to begin with."""
    castles = F.name.contains("castle") & (F.kind == "image")
    page = await client.search.asset_search(filter=castles, limit=3)
    await client.download(page.hits, folder)
    return pictures_of(folder)


def pictures_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)


async def run(
    folder: Path | None, board: Path, *, most: int, tag: str | None = None, demo: bool = False
) -> int:
    async with AsyncScenario.demo() if demo else AsyncScenario() as client:
        if folder is None:
            references = await demo_pictures(client, board / "references")
        else:
            references = pictures_of(folder)
        if not references:
            print(f"There is no picture in {folder}", file=sys.stderr)
            return 1
        print(f"Looking for what is like {len(references)} pictures", file=sys.stderr)
        shown = await make_board(client, references, board, most=most, tag=tag)
    print(f"{shown} pictures like {len(references)} of yours: {board / 'index.html'}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Make a moodboard of a folder of pictures.")
    parser.add_argument("folder", type=Path, nargs="?", help="pictures to be like")
    parser.add_argument("board", type=Path, help="the folder to write to")
    parser.add_argument("--most", type=int, default=24, help="how many pictures at most")
    parser.add_argument("--tag", help="only assets that have this tag")
    parser.add_argument("--demo", action="store_true", help="search the embedded emulator")
    arguments = parser.parse_args()
    if arguments.folder is None and not arguments.demo:
        parser.error("name a folder of pictures, or --demo")
    if arguments.folder is not None and not arguments.folder.is_dir():
        parser.error(f"there is no folder {arguments.folder}")
    arguments.board.mkdir(parents=True, exist_ok=True)
    try:
        return asyncio.run(
            run(
                arguments.folder,
                arguments.board,
                most=arguments.most,
                tag=arguments.tag,
                demo=arguments.demo,
            )
        )
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
