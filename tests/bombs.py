"""Bombs: a few kilobytes that unpack to many megabytes, and what one does to a client.

Run as a program, this module searches once for a page and once for the bomb, in a process of its
own, and prints what the second search did to it as JSON.
"""

from __future__ import annotations

import asyncio
import gzip
import importlib
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).parent))

from raw_server import Answer, http
from raw_server_thread import PAGE, served_aside

from scenario_search import APIResponseValidationError, AsyncScenario

BLANKS = b" " * 2**20


def _module(*names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


BROTLI = _module("brotlicffi", "brotli")
ZSTD = _module("compression.zstd", "backports.zstd")

_LIBRARIES = {"gzip": gzip, "deflate": zlib, "br": BROTLI, "zstd": ZSTD}

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    coding: library.compress for coding, library in _LIBRARIES.items() if library is not None
}
"""What compresses by each content coding that is installed."""

DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    coding: library.decompress for coding, library in _LIBRARIES.items() if library is not None
}
"""What decompresses by each of them."""


def bomb(coding: str, megabytes: int) -> bytes:
    """Returns a bomb."""

    def compressed(squeeze: Any, compress: Callable[[bytes], bytes]) -> Iterator[bytes]:
        for _ in range(megabytes):
            yield compress(BLANKS)
        yield squeeze.finish() if coding == "br" else squeeze.flush()

    if coding == "br":
        squeeze = BROTLI.Compressor(quality=5)
        return b"".join(compressed(squeeze, squeeze.process))
    if coding == "zstd":
        squeeze = ZSTD.ZstdCompressor()
    else:
        squeeze = zlib.compressobj(9, wbits=31 if coding == "gzip" else 15)
    return b"".join(compressed(squeeze, squeeze.compress))


def explode(coding: str, megabytes: int) -> dict[str, Any]:
    """Searches a server that answers with a bomb, in another process.

    Returns:
        ``error``, the message of the error that the search ended in; ``grown``, the bytes by which
        the process's peak memory grew; ``held``, the seconds for which its event loop was held.
    """
    body = bomb(coding, megabytes)
    answers = (PAGE, http(body, f"Content-Encoding: {coding}"))
    with served_aside(*(Answer(data, "keep") for data in answers)) as served:
        done = subprocess.run(
            [sys.executable, __file__, served.url], check=True, stdout=subprocess.PIPE
        )
    outcome: dict[str, Any] = orjson.loads(done.stdout)
    return {"size": len(body), **outcome}


def _peak_memory() -> int:
    # Not getrusage(), whose peak a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


async def _search(url: str) -> dict[str, Any]:
    held = 0.0

    async def tick() -> None:
        nonlocal held
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            held, last = max(held, now - last), now

    options: dict[str, Any] = {"api_key": "key", "api_secret": "secret", "max_retries": 0}
    async with AsyncScenario(base_url=url, **options) as client:
        await client.search.asset_search(query="x")
        before = _peak_memory()
        ticking = asyncio.create_task(tick())
        try:
            await client.search.asset_search(query="x")
        except APIResponseValidationError as error:
            message = error.message
        ticking.cancel()
        return {"error": message, "grown": _peak_memory() - before, "held": held}


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(_search(sys.argv[1]))))
