"""Downloads of processes that are killed, or that run side by side."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from file_server import manifest, names

WORKER = Path(__file__).with_name("download_worker.py")
FILES = 8
KILLS = int(os.environ.get("DOWNLOAD_KILLS", "4"))
"""The long form, before a release: ``DOWNLOAD_KILLS=20``."""

PIECE = 2**16


def content_of(file: int, version: int) -> bytes:
    size = 200_000 + 300_000 * (file % 3)
    return b"\x89PNG\r\n\x1a\n" + random.Random(f"{file} {version}").randbytes(size)


class Versions:
    """A server of files that change, which tells a process's killer how far it is."""

    def __init__(self) -> None:
        self.version = 0
        self.pieces = 0
        self.kill_at = -1
        self.reached = asyncio.Event()

    async def respond(self, request: web.Request) -> web.StreamResponse:
        file, version = int(request.path[1:]), self.version
        content, etag = content_of(file, version), f'"{version}"'
        start = 0
        if request.headers.get("If-Range") == etag:
            start = request.http_range.start or 0
        headers = {"ETag": etag, "Content-Length": str(len(content) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        await response.prepare(request)
        for at in range(start, len(content), PIECE):
            await response.write(content[at : at + PIECE])
            self.pieces += 1
            if self.pieces == self.kill_at:
                self.reached.set()
        return response


async def start_worker(url: str, folder: Path) -> asyncio.subprocess.Process:
    arguments = [str(WORKER), url, str(folder), str(FILES)]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def check(folder: Path, versions: int) -> None:
    """Each file is one of the contents that its source had, and the manifest says which."""
    assert names(folder) == {f"a{file}.png" for file in range(FILES)}
    digests = {line["path"]: line["sha256"] for line in manifest(folder)}
    for file in range(FILES):
        content = (folder / f"a{file}.png").read_bytes()
        assert content in [content_of(file, version) for version in range(versions)]
        assert hashlib.sha256(content).hexdigest() == digests[f"a{file}.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
async def test_files_are_whole_after_processes_were_killed(serve: Any, tmp_path: Path) -> None:
    versions = Versions()
    url = await serve(versions.respond)
    chance = random.Random(18)
    for kill in range(KILLS):
        versions.pieces, versions.kill_at = 0, chance.randrange(1, 12)
        versions.reached.clear()
        worker = await start_worker(url, tmp_path)
        ended = asyncio.create_task(worker.communicate())
        reached = asyncio.create_task(versions.reached.wait())
        await asyncio.wait({ended, reached}, return_when=asyncio.FIRST_COMPLETED)
        if worker.returncode is None:
            worker.kill()
        reached.cancel()
        await ended
        versions.version = kill // 2
    worker = await start_worker(url, tmp_path)
    output, errors = await worker.communicate()
    assert worker.returncode == 0, errors.decode()
    downloaded, skipped, failed = map(int, output.split())
    assert (downloaded + skipped, failed) == (FILES, 0)
    check(tmp_path, KILLS)


async def test_of_two_processes_one_downloads_and_the_other_says_so(
    serve: Any, tmp_path: Path
) -> None:
    versions = Versions()
    started, proceed = asyncio.Event(), asyncio.Event()

    async def waits(request: web.Request) -> web.StreamResponse:
        started.set()
        await proceed.wait()
        return await versions.respond(request)

    url = await serve(waits)
    first = await start_worker(url, tmp_path)
    await started.wait()
    second = await start_worker(url, tmp_path)
    _, errors = await second.communicate()
    assert second.returncode == 1
    assert f"`directory` {tmp_path} has a download running" in errors.decode()
    proceed.set()
    output, errors = await first.communicate()
    assert (output.split(), first.returncode) == ([b"8", b"0", b"0"], 0), errors.decode()
    check(tmp_path, 1)
