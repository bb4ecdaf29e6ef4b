"""Pictures for the documentation, taken by a headless Chromium.

``python -m tests.screenshots`` shows a page of the demo emulator as a notebook would, the example
that searches as you type, and the moodboard, and keeps what is seen in ``docs/images``: light and
dark where the page knows both. It needs ``chromium`` on the path.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn
from PIL import Image, ImageChops

from scenario_search import AsyncScenario, F, Scenario
from tests.chromium import CHROMIUM, run_chromium

CALL = """client.search.asset_search(
    query="dragon", filter=(F.kind == "image") & F.nsfw.is_empty(), limit=10
)"""
SCHEMES = ("light", "dark")
WIDTH, HEIGHT, SCALE = 1200, 1600, 1.5
MARGIN = 24
COLOURS = 256

SERVICE_SIZE = 1000, 640
BOARD_SIZE = 1000, 700
QUALITY = 74

_DOCS = Path(__file__).parents[1] / "docs"
_IMAGES = _DOCS / "images"
_CELL = (
    "<style>pre{font:13px/1.5 ui-monospace,'DejaVu Sans Mono',monospace;margin:0 2px 18px;"
    "padding:10px 14px 10px 52px;position:relative;border-radius:8px;"
    "background:#f6f7f9;border:1px solid #e2e4eb}"
    "@media (prefers-color-scheme:dark){pre{background:#1d1f28;border-color:#323644}}"
    "pre b{font-weight:400;color:#8a8fa3;position:absolute;left:14px}</style>"
)


def shoot(
    address: str,
    scheme: str,
    picture: Path,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> None:
    """Show a page and keep a small picture of it: a PNG of few colours, or a WebP.

    Raises:
        CalledProcessError: Chromium failed.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        raw = Path(folder, "raw.png")
        run_chromium(
            address,
            f"--force-device-scale-factor={SCALE}",
            f"--window-size={size[0]},{size[1]}",
            f"--screenshot={raw}",
            scheme=scheme,
        )
        with Image.open(raw) as taken:
            whole = taken.convert("RGB")
        blank = Image.new("RGB", whole.size, whole.getpixel((0, 0)))
        _, _, _, end = ImageChops.difference(whole, blank).getbbox() or (0, 0, *whole.size)
        shown = whole.crop((0, 0, whole.width, min(end + int(MARGIN * SCALE), whole.height)))
        if picture.suffix == ".webp":
            shown.save(picture, quality=QUALITY, method=6)
        else:
            few = shown.quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE)
            few.save(picture, optimize=True)
    print(f"{picture.name}: {picture.stat().st_size / 1000:.0f} kB")


def example(name: str) -> ModuleType:
    """Import a program of docs/examples."""
    spec = importlib.util.spec_from_file_location(name, _DOCS / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an application, and give its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    listener = server.config.bind_socket()
    listener.listen()  # so that a browser that comes before the service has begun waits for it
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def shoot_gallery(folder: Path) -> None:
    """Show a page of hits as a notebook does."""
    with Scenario.demo() as client:
        shown = eval(CALL, {"client": client, "F": F}).to_html()
        # The picture is taken when all is loaded, which leaves out what may load late.
        shown = shown.replace(' loading="lazy" decoding="async"', "")
        cell = f"{_CELL}<pre><b>[2]</b>{escape(CALL)}</pre>"
        page = folder / "gallery.html"
        page.write_text(shown.replace("<body>", f"<body>{cell}"), encoding="utf-8")
        for scheme in SCHEMES:
            shoot(page.as_uri(), scheme, _IMAGES / f"gallery-{scheme}.png")


def shoot_service() -> None:
    """Show the page that searches as you type."""
    with served(example("search_service").make_app(AsyncScenario.demo)) as address:
        for scheme in SCHEMES:
            picture = _IMAGES / f"search-as-you-type-{scheme}.webp"
            shoot(f"{address}/?q=dragon", scheme, picture, SERVICE_SIZE)


def shoot_moodboard(folder: Path) -> None:
    """Show a moodboard, made as the page of the examples says."""
    program = str(_DOCS / "examples" / "moodboard.py")
    asked = [sys.executable, program, "--demo", "--tag", "castle", str(folder)]
    subprocess.run(asked, check=True)
    page = (folder / "index.html").as_uri()
    shoot(page, "light", _IMAGES / "moodboard.webp", BOARD_SIZE)


def main() -> int:
    """Take the pictures, unless there is no Chromium."""
    if CHROMIUM is None:
        print("skipped: there is no chromium on the path")
        return 0
    _IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shoot_gallery(Path(folder))
        shoot_service()
        shoot_moodboard(Path(folder, "board"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
