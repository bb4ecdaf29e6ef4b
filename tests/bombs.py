"""Bombs: responses that take far more memory or time than their size, and what they do to a client.

Run as a program, this module searches for a small page, for a page of 100 hits, and for the bomb,
in a process of its own, and prints as JSON what the last two did to it.
"""

from __future__ import annotations

import asyncio
import gc
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


def _page(number: int, padding: int = 0) -> bytes:
    """Returns a page of hits as large as real ones, or larger."""
    (hit,) = orjson.loads((Path(__file__).parent / "samples/guide_assets.json").read_bytes())[
        "hits"
    ][:1]
    url = f"https://cdn.example/a?Policy={'x' * 600}&Signature={'y' * (300 + padding)}"
    hits = [{**hit, "id": f"asset_{n}", "url": url} for n in range(number)]
    return orjson.dumps({"hits": hits, "offset": 0, "limit": 100, "estimatedTotalHits": number})


def _with_hit(hit: bytes) -> bytes:
    return b'{"hits":[{"id":"a",' + hit + b"}]}"


_LARGEST = 8 * 2**20 - 1000
_ECHO = b'"echo":"a2V5OnNlY3JldA",'
"""What the search below sends as its credentials."""
_LONG = b'"long":123456789012345678901234567890,'
_SURROGATE = rb'"text":"\ud800",'


def _values(number: int, value: bytes) -> bytes:
    return b'"x":[%b0]' % (number * (value + b","))


ACCEPTED: dict[str, Callable[[], bytes]] = {
    "1,000 hits, 8 MiB": lambda: _page(1000, 6500),
    "8 MiB of one text": lambda: _with_hit(b'"x":"%b"' % (b"y" * _LARGEST)),
    "8 MiB of escapes": lambda: _with_hit(b'"x":"%b"' % (rb"\u00e9" * (_LARGEST // 6))),
    "8 MiB of lone surrogates": lambda: _with_hit(b'"x":"%b"' % (rb"\ud800" * (_LARGEST // 6))),
    "1,000 hits, a lone surrogate": lambda: _page(1000, 6500).replace(b"yyyyyy", rb"\ud800", 1),
    "8 MiB of long integers": lambda: _with_hit(_values(199_000, b"1234567890" * 4)),
    "8 MiB of blanks": lambda: b'{"hits":[' + b" " * _LARGEST + b"]}",
    "8 MiB of lists": lambda: _with_hit(_values(159_990, b"[]" + b" " * 49)),
    "8 MiB of backslashes, an echo": lambda: _with_hit(
        _ECHO + b'"x":"%b"' % (rb"\\" * (_LARGEST // 2 - 20))
    ),
    "8 MiB of texts, an echo": lambda: _with_hit(_ECHO + _values(190_000, b'"%b"' % (b"y" * 41))),
    "8 MiB of escaped escapes, an echo": lambda: _with_hit(
        _ECHO + b'"x":"%b"' % ((rb"\\u0061" + b"y" * 48) * 150_000)
    ),
    "20,000 lists": lambda: _with_hit(_values(19_990, b"[]")),
    "20,000 lists in lists": lambda: _with_hit(_values(22, b"[" * 900 + b"]" * 900)),
    "20,000 lists, 180,000 numbers": lambda: _with_hit(
        _values(19_900, b"[]")[:-2] + b"0," * 180_000 + b"0]"
    ),
    "20,000 objects": lambda: _with_hit(_values(19_990, b'{"":0}')),
    "8,000 lists, an echo": lambda: _with_hit(_ECHO + _values(7_950, b"[]")),
    "5,000 objects, an echo, a long integer": lambda: _with_hit(
        _ECHO + _LONG + _values(5_600, b'{"":0}')
    ),
    "200,000 numbers": lambda: _with_hit(_values(199_990, b"0")),
    "200,000 fractions": lambda: _with_hit(_values(199_990, b"0.5")),
    "40,000 fractions, a lone surrogate": lambda: _with_hit(_SURROGATE + _values(39_900, b"0.5")),
    "40,000 fractions, an echo, a long integer": lambda: _with_hit(
        _ECHO + _LONG + _values(39_900, b"0.5")
    ),
    "40,000 texts, an echo, a long integer": lambda: _with_hit(
        _ECHO + _LONG + _values(39_900, b'"12345678"')
    ),
    "13,000 keys, an echo, a long integer": lambda: _with_hit(
        _ECHO + _LONG + b",".join(b'"key%05d":"12345678"' % n for n in range(13_200))
    ),
    "20,000 escaped escapes, an echo": lambda: _with_hit(
        _ECHO + b'"x":"%b"' % (rb"\\u0061" * 19_900)
    ),
    "40,000 keys": lambda: _with_hit(b",".join(b'"%05d":0' % n for n in range(39_900))),
    "190,000 keys, 7 MiB": lambda: _with_hit(
        b",".join(b'"%05d":"%b"' % (n, b"y" * 26) for n in range(190_000))
    ),
}
"""Bodies that a client reads, though no server of the API would send them. Some are as dense as
they may be."""

REFUSED: dict[str, Callable[[], bytes]] = {
    "800,000 empty hits": lambda: b'{"hits":[' + b"{}," * 800_000 + b"{}]}",
    "349,000 empty hits": lambda: b'{"hits":[' + b"{}," * 349_000 + b"{}]}",
    "100,000 lists": lambda: _with_hit(_values(100_000, b"[]")),
    "200,000 numbers, an echo": lambda: _with_hit(_ECHO + _values(199_000, b"0")),
    "60,000 fractions, a long integer": lambda: _with_hit(_LONG + _values(60_000, b"0.5")),
    "41,000 keys": lambda: _with_hit(b",".join(b'"%05d":0' % n for n in range(41_000))),
    "2,000,000 lists": lambda: _with_hit(b'"x":[%b0]' % (b"[]," * 2_000_000)),
    "4,000,000 lists in lists": lambda: _with_hit(
        b'"x":[%b0]' % ((b"[" * 900 + b"]" * 900 + b",") * 4600)
    ),
    "1,300,000 objects in objects": lambda: _with_hit(
        b'"x":[%b0]' % ((b'{"":' * 900 + b"0" + b"}" * 900 + b",") * 1500)
    ),
    "1,000 hits of 197 lists": lambda: (
        b'{"hits":[' + b",".join([b'{"id":"a","x":[%b0]}' % (b"[]," * 197)] * 1000) + b"]}"
    ),
    "a lone surrogate, then cut": lambda: _page(1000, 6500).replace(b"yyyyyy", rb"\ud800", 1)[:-9],
}
"""Bodies that a client refuses, each below its bound on size."""


def explode(coding: str, megabytes: int) -> dict[str, Any]:
    """Searches a server that answers with a bomb of blanks. See :func:`receive`."""
    return receive(bomb(coding, megabytes), coding)


def receive(body: bytes, coding: str = "identity") -> dict[str, Any]:
    """Searches a server that answers with a body, in another process.

    Returns:
        ``error``, the message of the error that the search ended in, or ``None``; ``grown``, the
        bytes by which the process's peak memory grew; ``held``, the seconds for which its event
        loop was held; ``page_held``, the same for a page of 100 hits; ``size``, the bytes sent.
    """
    answers = (PAGE, http(_page(100)), http(body, f"Content-Encoding: {coding}"))
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
        # The thread's own time: others may want the processor.
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            held, last = max(held, now - last), now

    options: dict[str, Any] = {"api_key": "key", "api_secret": "secret", "max_retries": 0}
    async with AsyncScenario(base_url=url, **options) as client:
        await client.search.asset_search(query="x")
        ticking = asyncio.create_task(tick())
        await client.search.asset_search(query="x")
        await asyncio.sleep(0)
        page_held = held
        # Else the collector may choose the next moments to go through all that was imported.
        gc.collect()
        await asyncio.sleep(0)
        held, message = 0.0, None
        before = _peak_memory()
        try:
            await client.search.asset_search(query="x")
        except APIResponseValidationError as error:
            message = error.message
        await asyncio.sleep(0)
        grown = _peak_memory() - before
        ticking.cancel()
        return {"error": message, "grown": grown, "held": held, "page_held": page_held}


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(_search(sys.argv[1]))))
