"""What the package does with its core dependencies alone.

``python bare.py`` tells as JSON what was decoded from a tiny server, and what each use of a missing
extra says. ``--block`` makes the extras missing where they are installed; ``--only-core`` fails
where they are installed, or where it is not the wheel that is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import io
import json
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXTRAS = {
    "cli": ("rich", "typer"),
    "emulator": ("numpy", "onnxruntime", "PIL", "tokenizers"),
    "pandas": ("pandas",),
    "polars": ("polars",),
    "parquet": ("pyarrow",),
    "progress": ("tqdm",),
}
ASSETS = [{"id": f"asset_{number}", "metadata": {"width": 10 * number}} for number in range(3)]


def block() -> None:
    """Make the modules of the extras fail to import."""
    for module in (module for modules in EXTRAS.values() for module in modules):
        sys.modules[module] = None  # type: ignore[assignment]


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request with one page, which has no next one."""
    while head := await _head(reader):
        size = next(
            int(line.partition(":")[2])
            for line in head.splitlines()
            if line.lower().startswith("content-length")
        )
        asked = json.loads(await reader.readexactly(size))
        dated = asked.get("filter", "").startswith("createdAt >= ")  # and no asset has a date
        hits = [] if asked.get("offset") or dated else ASSETS
        page = {"hits": hits, "limit": 20, "offset": 0, "estimatedTotalHits": len(hits)}
        body = json.dumps(page).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
    writer.close()


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return ""


async def _with_server(work: Callable[[str], Any]) -> Any:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        return await asyncio.to_thread(work, f"http://127.0.0.1:{port}")


def _said(use: Callable[[], object]) -> str:
    """Give what a use that must fail says."""
    try:
        use()
    except (ImportError, SystemExit) as error:
        return str(error)
    return "it worked"


def _decoded(url: str) -> dict[str, Any]:
    from scenario_search import AsyncScenario, Scenario, track

    async def walked() -> list[str]:
        async with AsyncScenario(base_url=url, api_key="k", api_secret="s") as client:
            return [hit.id async for hit in client.search.asset_search(query="x")]

    with Scenario(base_url=url, api_key="k", api_secret="s") as client:
        page = client.search.asset_search(query="x")
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a"
            crawl = client.crawl.assets(query="x")
            said = {
                "page.to_pandas": _said(page.to_pandas),
                "page.to_polars": _said(page.to_polars),
                "page.to_parquet": _said(lambda: page.to_parquet(path.with_suffix(".parquet"))),
                "track": _said(lambda: track(page)),
                "crawl progress": _said(
                    lambda: list(client.crawl.assets(query="x", progress=True))
                ),
                "crawl.to_pandas": _said(client.crawl.assets(query="x").to_pandas),
                "crawl.to_polars": _said(client.crawl.assets(query="x").to_polars),
                "crawl.to_parquet": _said(
                    lambda: client.crawl.assets(query="x").to_parquet(path.with_suffix(".parquet"))
                ),
            }
            crawled = [hit.id for hit in crawl]
            client.crawl.assets(query="x").to_csv(path.with_suffix(".csv"))
            rows = path.with_suffix(".csv").read_text().count("\n")
        return {
            "ids": [hit.id for hit in page],
            "widths": [hit.metadata.width for hit in page.hits],
            "walked": asyncio.run(walked()),
            "crawled": sorted(crawled),
            "csv_rows": rows,
            "html": "<style" in page._repr_html_(),
            "said": said,
        }


def _emulator() -> None:
    from scenario_search.emulator import Emulator

    Emulator()


def _demo() -> None:
    from scenario_search import Scenario

    Scenario.demo()


async def _async_demo() -> None:
    from scenario_search import AsyncScenario

    async with AsyncScenario.demo() as client:
        await client.search.asset_search(query="x")


def tell() -> dict[str, Any]:
    """Use the package, and tell what it did."""
    import scenario_search

    there = [
        module
        for modules in EXTRAS.values()
        for module in modules
        if sys.modules.get(module, ...) is not None and importlib.util.find_spec(module)
    ]
    told: dict[str, Any] = asyncio.run(_with_server(_decoded))
    told["said"] |= {
        "the command": _said(lambda: runpy.run_module("scenario_search", run_name="__main__")),
        "Emulator": _said(_emulator),
        "Scenario.demo": _said(_demo),
        "AsyncScenario.demo": _said(lambda: asyncio.run(_async_demo())),
    }
    return told | {"package": str(Path(scenario_search.__file__).parent), "there": there}


def only_core(told: dict[str, Any]) -> None:
    """See to it that this is the wheel, that its extras are missing, and that it says so.

    Raises:
        AssertionError: Something is not so.
    """
    assert "site-packages" in told["package"], told["package"]
    assert told["there"] == []
    assert all("pip install 'scenario-search[" in said for said in told["said"].values()), told
    assert told["ids"] == told["walked"] == told["crawled"] == [hit["id"] for hit in ASSETS]
    command = Path(sys.executable).with_name("scenario-search")
    done = subprocess.run([command, "demo"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "The command line needs typer and rich: pip install 'scenario-search[cli]'\n"
    )


if __name__ == "__main__":
    if "--block" in sys.argv:
        block()
    told = tell()
    if "--only-core" in sys.argv:
        only_core(told)
    print(json.dumps(told))
