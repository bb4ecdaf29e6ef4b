"""Pictures of the gallery for the documentation, taken by a headless Chromium.

``python -m tests.screenshots`` shows a page of the demo emulator as a notebook would, light and
dark, and keeps both in ``docs/images``. It needs ``chromium`` on the path.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from PIL import Image, ImageChops

from scenario_search import F, Scenario
from scenario_search.display import html

CALL = """client.search.asset_search(
    query="dragon", filter=(F.kind == "image") & F.nsfw.is_empty(), limit=10
)"""
SCHEMES = {"light": 1, "dark": 0}
WIDTH, HEIGHT, SCALE = 1200, 1600, 1.5
MARGIN = 24
COLOURS = 256

_IMAGES = Path(__file__).parents[1] / "docs" / "images"
_CELL = (
    "<style>pre{font:13px/1.5 ui-monospace,'DejaVu Sans Mono',monospace;margin:0 2px 18px;"
    "padding:10px 14px 10px 52px;position:relative;border-radius:8px;"
    "background:#f6f7f9;border:1px solid #e2e4eb}"
    "@media (prefers-color-scheme:dark){pre{background:#1d1f28;border-color:#323644}}"
    "pre b{font-weight:400;color:#8a8fa3;position:absolute;left:14px}</style>"
)


def chromium() -> str | None:
    """Give the path of a Chromium."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


def shoot(browser: str, page: Path, scheme: str, picture: Path) -> None:
    """Show a page and keep a picture of it, in few enough colours to be small.

    Raises:
        CalledProcessError: Chromium failed.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        raw = Path(folder, "raw.png")
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                f"--user-data-dir={folder}/profile",
                f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
                f"--force-device-scale-factor={SCALE}",
                f"--window-size={WIDTH},{HEIGHT}",
                "--virtual-time-budget=15000",
                f"--screenshot={raw}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        with Image.open(raw) as taken:
            whole = taken.convert("RGB")
        blank = Image.new("RGB", whole.size, whole.getpixel((0, 0)))
        _, _, _, end = ImageChops.difference(whole, blank).getbbox() or (0, 0, *whole.size)
        shown = whole.crop((0, 0, whole.width, min(end + int(MARGIN * SCALE), whole.height)))
        few = shown.quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE)
        few.save(picture, optimize=True)


def main() -> int:
    """Take the pictures, unless there is no Chromium."""
    browser = chromium()
    if browser is None:
        print("skipped: there is no chromium on the path")
        return 0
    _IMAGES.mkdir(parents=True, exist_ok=True)
    with Scenario.demo() as client, tempfile.TemporaryDirectory() as folder:
        shown = html(eval(CALL, {"client": client, "F": F}))
        # The picture is taken when all is loaded, which leaves out what may load late.
        shown = shown.replace(' loading="lazy" decoding="async"', "")
        cell = f"{_CELL}<pre><b>[2]</b>{escape(CALL)}</pre>"
        page = Path(folder, "gallery.html")
        page.write_text(shown.replace("<body>", f"<body>{cell}"), encoding="utf-8")
        for scheme in SCHEMES:
            picture = _IMAGES / f"gallery-{scheme}.png"
            shoot(browser, page, scheme, picture)
            print(f"{picture.name}: {picture.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
