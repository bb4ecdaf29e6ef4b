"""What the soak loads: an emulator, and a server of prepared pages. Both fail now and then.
A forward proxy may stand before them.

Run as a script (``python servers.py emulator``, ``prepared`` or ``proxy``) it prints the options of
a client of the server, as JSON, and serves until standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from forward_proxy import ForwardProxy
from static_server import Handler

from scenario_search.emulator import Emulator

HITS = 100_000
"""How many hits the server of prepared pages says it has."""

_HEAD = b"HTTP/1.1 %b\r\ncontent-length: %d\r\n%b\r\n"


def add_faults(emulator: Emulator) -> None:
    """One request in twenty goes wrong, in each way the emulator knows."""
    searches: dict[str, Any] = {"path": "/v1/search/*"}
    emulator.faults.add(status=503, every=50, **searches)
    emulator.faults.add(status=429, headers={"Retry-After": "0"}, every=100, **searches)
    emulator.faults.add(reset=True, every=100, **searches)
    emulator.faults.add(truncate=200, every=200, **searches)
    emulator.faults.add(malformed_json=True, every=400, **searches)
    emulator.faults.add(latency=0.2, every=400, **searches)
    emulator.faults.add(stall=True, every=2000, **searches)


class FailingHandler(Handler):
    """Prepared pages, of which one in twenty goes wrong in the same ways."""

    requests = 0

    def _send(self, answer: bytes) -> None:
        FailingHandler.requests += 1
        number = FailingHandler.requests
        match number % 400:
            case rest if rest % 50 == 1:
                self._write(_HEAD % (b"503 Service Unavailable", 2, b"") + b"{}")
            case rest if rest % 100 == 2:
                self._write(_HEAD % (b"429 Too Many Requests", 2, b"retry-after: 0\r\n") + b"{}")
            case rest if rest % 100 == 3:
                self._transport.abort()
            case rest if rest % 200 == 4:
                self._write(answer[:-100])
                self._transport.close()
            case 5:
                self._write(_HEAD % (b"200 OK", 9, b"") + b'{"hits":[')
            case 6:
                asyncio.get_running_loop().call_later(0.2, self._write, answer)
            case 7 if number % 2000 == 7:
                pass  # says nothing, for ever
            case _:
                self._write(answer)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


def serve_emulator() -> None:
    with Emulator.demo() as emulator:
        add_faults(emulator)
        reach = {
            "base_url": emulator.url,
            "api_key": emulator.api_key,
            "api_secret": emulator.api_secret,
        }
        print(json.dumps(reach), flush=True)
        sys.stdin.read()


async def serve_prepared() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(FailingHandler, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/0/{HITS}/v1"
    print(json.dumps({"base_url": url, "bearer_auth": "token"}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


async def serve_proxy() -> None:
    credentials = "soak:secret"
    async with ForwardProxy({}, credentials=credentials) as proxy:
        print(json.dumps({"proxy": proxy.url_with(credentials)}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@attrs.frozen
class Elsewhere:
    """A server in a process of its own.

    Attributes:
        process: The process id.
        reach: The options of a client of it.
    """

    process: int
    reach: dict[str, Any]


@asynccontextmanager
async def elsewhere(name: str) -> AsyncIterator[Elsewhere]:
    """Run ``"emulator"``, ``"prepared"`` or ``"proxy"`` in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        name,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Elsewhere(process.pid, json.loads(await process.stdout.readline()))
    finally:
        process.stdin.close()
        await process.wait()


if __name__ == "__main__":
    if sys.argv[1] == "emulator":
        serve_emulator()
    else:
        asyncio.run(serve_proxy() if sys.argv[1] == "proxy" else serve_prepared())
