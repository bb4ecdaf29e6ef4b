"""What goes wrong with files: each is as its source has it, or it is a line in the report."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from crawl_engine import TextEngine, dated
from fake_transport import client_of
from file_server import CONTENT, ETAG, Server, answering, asset, leave_part, manifest, names
from raw_server import RawServer

from scenario_search import (
    APIResponseValidationError,
    APITimeoutError,
    AsyncScenario,
    InvalidParamsError,
    SearchAssetSearchResponse,
)
from scenario_search.converter import structure

NAME = "asset_000001.png"
HTML = b"<html>Please log in</html>"


def original(server: Server, size: int | None = None, **fields: Any) -> SearchAssetSearchResponse:
    metadata = {} if size is None else {"size": size}
    return asset(1, f"{server.url}/assets/a?Signature=s", metadata=metadata, **fields)


async def failure(client: AsyncScenario, wanted: Any, folder: Path, **options: Any) -> str:
    """The one line of a report about an asset that cannot be downloaded."""
    report = await client.download([wanted], folder, on_error="skip", **options)
    (failed,) = report.failed
    assert (report.downloaded, names(folder)) == (0, set())
    return str(failed.error)


# One folder, several downloads


async def test_a_folder_has_one_download_at_a_time(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    requested, proceed = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        requested.set()
        await proceed.wait()
        return await server.whole(request)

    server.respond = slow
    first = asyncio.create_task(client.download([asset(1, f"{server.url}/a")], tmp_path))
    await requested.wait()
    with pytest.raises(InvalidParamsError, match="has a download running"):
        await client.download([asset(2, f"{server.url}/a")], tmp_path)
    proceed.set()
    assert (await first).downloaded == 1
    assert (await client.download([asset(2, f"{server.url}/a")], tmp_path)).downloaded == 1


async def test_a_download_that_failed_unlocks_its_folder(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    with pytest.raises(APIResponseValidationError):
        await client.download([asset(1, None)], tmp_path)
    assert (await client.download([asset(2, f"{server.url}/a")], tmp_path)).downloaded == 1


# Content that changes


async def test_a_part_of_other_content_is_not_continued(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    leave_part(tmp_path, bytes(5000), etag='"v0"')
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert server.requests[0].headers["If-Range"] == '"v0"'
    assert (tmp_path / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("etag", [ETAG, None], ids=["other ETag", "no ETag"])
async def test_a_server_that_ignores_if_range_does_not_mix_contents(
    server: Server, client: AsyncScenario, tmp_path: Path, etag: str | None
) -> None:
    async def ignores_if_range(request: web.Request) -> web.StreamResponse:
        start = request.http_range.start or 0
        headers = {} if etag is None else {"ETag": etag}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        return web.Response(status=206 if start else 200, body=CONTENT[start:], headers=headers)

    server.respond = ignores_if_range
    leave_part(tmp_path, bytes(5000), etag='"v0"')
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("etag", [None, 'W/"v1"'])
async def test_content_without_a_strong_etag_is_fetched_whole_each_time(
    server: Server, client: AsyncScenario, tmp_path: Path, etag: str | None
) -> None:
    async def breaks_off_once(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Length": str(len(CONTENT))} | ({} if etag is None else {"ETag": etag})
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        if len(server.requests) == 1:
            await response.write(bytes(300_000))
            assert request.transport is not None
            request.transport.close()
        else:
            await response.write(CONTENT)
        return response

    server.respond = breaks_off_once
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert "Range" not in server.requests[1].headers
    assert (tmp_path / NAME).read_bytes() == CONTENT


async def test_a_part_from_another_source_is_not_continued(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    leave_part(tmp_path, bytes(5000), source="/assets-transform/a")
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / NAME).read_bytes() == CONTENT


async def test_bytes_that_may_not_be_on_the_disk_are_not_continued(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    leave_part(tmp_path, CONTENT[:5000])
    with (tmp_path / f"{NAME}.part").open("ab") as file:
        file.write(bytes(3000))  # as after a power failure: the length is there, the data is not
    report = await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert report.bytes == len(CONTENT) - 5000
    assert (tmp_path / NAME).read_bytes() == CONTENT


async def test_a_file_that_came_from_another_source_is_fetched_again(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    await client.download([asset(1, f"{server.url}/assets-transform/a")], tmp_path)
    report = await client.download([asset(1, f"{server.url}/assets/a")], tmp_path)
    assert (report.downloaded, report.skipped) == (1, 0)


async def test_a_corrupt_file_of_the_same_length_is_noticed_by_verify(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    assets = [asset(1, f"{server.url}/a"), asset(2, f"{server.url}/a")]
    await client.download(assets, tmp_path)
    (tmp_path / NAME).write_bytes(bytes(len(CONTENT)))
    assert (await client.download(assets, tmp_path)).skipped == 2
    report = await client.download(assets, tmp_path, verify=True)
    assert (report.downloaded, report.skipped) == (1, 1)
    assert (tmp_path / NAME).read_bytes() == CONTENT


# What is not the file


async def test_a_login_page_is_not_an_original_of_another_length(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def login(_: web.Request) -> web.StreamResponse:
        return web.Response(body=HTML)

    server.respond = login
    text = original(server, 1000)
    text.mime_type = "text/plain"
    report = await client.download([text], tmp_path, on_error="skip")
    (failed,) = report.failed
    assert "is 26 bytes long, but 1,000 according to the API" in str(failed.error)
    assert (report.bytes, names(tmp_path)) == (0, set())


async def test_an_original_of_another_length_is_noticed_at_its_end_too(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def chunked(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(CONTENT)
        return response

    server.respond = chunked
    error = await failure(client, original(server, len(CONTENT) + 1), tmp_path)
    assert "bytes long, but" in error


async def test_a_login_page_is_not_a_picture(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def login(_: web.Request) -> web.StreamResponse:
        return web.Response(body=HTML, content_type="image/png")

    server.respond = login
    error = await failure(client, asset(1, f"{server.url}/assets-transform/a"), tmp_path)
    assert "is not a picture: it begins with b'<html>" in error


async def test_an_original_of_the_right_length_is_saved(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    report = await client.download([original(server, len(CONTENT))], tmp_path)
    assert report.downloaded == 1


async def test_a_transformed_file_may_have_another_length_than_its_original(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    wanted = asset(1, f"{server.url}/assets-transform/a", metadata={"size": 7})
    assert (await client.download([wanted], tmp_path)).downloaded == 1


async def test_a_body_without_a_length_may_be_cut_off(tmp_path: Path) -> None:
    body = b"HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n" + CONTENT[:5000]
    async with RawServer(body) as raw, client_of(raw.url) as client:
        error = await failure(client, asset(1, f"{raw.url}/a"), tmp_path)
    assert "was sent without a length" in error


async def test_a_chunked_body_has_an_end(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def chunked(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(CONTENT)
        return response

    server.respond = chunked
    assert (await client.download([asset(1, f"{server.url}/a")], tmp_path)).downloaded == 1


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_file_beyond_the_bound_is_not_kept(
    server: Server, client: AsyncScenario, tmp_path: Path, chunked: bool
) -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = len(CONTENT)
        await response.prepare(request)
        await response.write(CONTENT)
        return response

    server.respond = large
    wanted = asset(1, f"{server.url}/a")
    error = await failure(client, wanted, tmp_path, max_file_bytes=len(CONTENT) - 1)
    assert "is larger than `max_file_bytes`" in error
    report = await client.download([wanted], tmp_path, max_file_bytes=len(CONTENT))
    assert report.downloaded == 1


# Servers without end


async def test_a_body_that_drips_is_given_up(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def drips(request: web.Request) -> web.StreamResponse:
        start = server.start(request)
        headers = {"Content-Length": str(1_000_000 - start), "ETag": ETAG}
        if start:
            headers["Content-Range"] = f"bytes {start}-999999/1000000"
        response = web.StreamResponse(status=206 if start else 200, headers=headers)
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b"\x89")
            await asyncio.sleep(0.005)
        return response

    server.respond = drips
    async with asyncio.timeout(30):
        async with client.with_options(timeout=0.1) as copy:
            with pytest.raises(APITimeoutError):
                await copy.download([asset(1, f"{server.url}/a")], tmp_path)
    assert len(server.requests) == 1 + client.options.max_retries


async def test_headers_that_drip_are_given_up(tmp_path: Path) -> None:
    async def drips(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        try:
            while True:
                writer.write(b"X-A: b\r\n")
                await writer.drain()
                await asyncio.sleep(0.005)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(drips, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        async with asyncio.timeout(30), client_of(url, timeout=0.1, max_retries=0) as client:
            with pytest.raises(APITimeoutError):
                await client.download([asset(1, f"{url}/a")], tmp_path)


# URLs


@pytest.mark.parametrize("path", ["\\a", "/a\\b", "/a b", "/a\nb", "\\\\elsewhere/a"])
async def test_a_url_with_a_backslash_or_a_space_is_one_line(
    server: Server, client: AsyncScenario, tmp_path: Path, path: str
) -> None:
    assets = [asset(1, server.url + path), asset(2, f"{server.url}/a")]
    report = await client.download(assets, tmp_path, on_error="skip")
    assert (report.downloaded, [file.id for file in report.failed]) == (1, ["asset_000001"])
    assert [request.path for request in server.requests] == ["/a"]


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidRequest"])
async def test_an_expired_token_asks_for_a_fresh_url(
    server: Server, client: AsyncScenario, tmp_path: Path, code: str
) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        if request.query["Signature"] == "fresh":
            return await server.whole(request)
        return web.Response(status=400, text=f"<Error><Code>{code}</Code></Error>")

    server.respond = respond
    server.engine = TextEngine([dated(1, 1, url=f"{server.url}/a?Signature=fresh")])
    wanted = asset(1, f"{server.url}/a?Signature=old")
    report = await client.download([wanted], tmp_path, on_error="skip")
    assert report.refreshed == report.downloaded == (code == "ExpiredToken")
    assert len(report.failed) == (code != "ExpiredToken")


# Links and other names in the folder


@pytest.mark.parametrize(
    "name",
    [
        NAME,
        f"{NAME}.part",
        f"{NAME}.part.json",
        f"{NAME}.part.json.new",
        "manifest.jsonl",
        "metadata.jsonl",
    ],
)
@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
async def test_a_planted_link_is_not_followed(
    server: Server, client: AsyncScenario, tmp_path: Path, name: str, link: Any
) -> None:
    if link is os.link and name.endswith(".jsonl"):
        pytest.skip("a copy made of hard links has the same manifest")
    folder, victim = tmp_path / "files", tmp_path / "victim"
    folder.mkdir()
    victim.write_bytes(b"precious")
    link(victim, folder / name)
    server.respond = server.breaks_off  # so that there is a note, too
    await client.download([asset(1, f"{server.url}/a")], folder)
    assert victim.read_bytes() == b"precious"
    assert (folder / NAME).read_bytes() == CONTENT
    assert not (folder / NAME).is_symlink()


async def test_a_planted_link_in_place_of_the_lock_is_not_followed(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    folder, victim = tmp_path / "files", tmp_path / "victim"
    folder.mkdir()
    victim.write_bytes(b"precious")
    (folder / ".scenario-search.lock").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        await client.download([asset(1, f"{server.url}/a")], folder)
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("name", [f"{NAME}.part", NAME])
async def test_a_folder_in_place_of_a_file_is_one_line(
    server: Server, client: AsyncScenario, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    assets = [asset(1, f"{server.url}/a"), asset(2, f"{server.url}/a")]
    report = await client.download(assets, tmp_path, on_error="skip")
    assert (report.downloaded, [file.id for file in report.failed]) == (1, ["asset_000001"])
    assert "is a folder" in str(report.failed[0].error)


# The manifest


async def test_a_failure_that_stays_has_one_line_however_often_it_is_tried(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(404, 99, server.whole)
    for _ in range(3):
        await client.download([asset(1, f"{server.url}/a")], tmp_path, on_error="skip")
    assert [line["status"] for line in manifest(tmp_path)] == ["failed"]


async def test_the_manifest_is_on_the_disk_when_a_download_ends(
    server: Server, client: AsyncScenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: dict[int, int] = {}
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        status = os.fstat(descriptor)
        synced[status.st_ino] = status.st_size
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    for name in (NAME, "manifest.jsonl", "metadata.jsonl"):
        status = (tmp_path / name).stat()
        assert synced[status.st_ino] == status.st_size > 0


# Options


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("progress", 1, "`progress` must be True, False or a function, not 1"),
        ("progress", "yes", "`progress` must be True, False or a function, not 'yes'"),
        ("verify", "no", "`verify` must be True or False, not 'no'"),
        ("max_file_bytes", 0, "`max_file_bytes` must be a whole number from 1, not 0"),
        ("width", 0, "`width` must be a whole number from 1, not 0"),
        ("format", "gif", "`format` must be one of 'origin', 'auto', 'jpeg'"),
        ("format", "auto", "`format` must be a format of its own in a download"),
        ("fit", "crop", "`fit` must be one of 'cover'"),
    ],
)
async def test_an_option_that_cannot_be_used_is_refused(
    client: AsyncScenario, tmp_path: Path, option: str, value: Any, problem: str
) -> None:
    with pytest.raises(InvalidParamsError) as caught:
        await client.download([], tmp_path / "new", **{option: value})
    assert str(caught.value).startswith(problem)
    assert not (tmp_path / "new").exists()


# Crawls


def crawled(server: Server, hits: int) -> TextEngine:
    engine = TextEngine([dated(i, i, url=f"{server.url}/{i}") for i in range(hits)], cap=50)
    for hit in engine.assets:
        hit["mimeType"] = "image/png"
    server.engine = engine
    return engine


async def test_a_permanent_failure_does_not_keep_a_batch_from_being_committed(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    engine = crawled(server, 120)
    options: Any = {"cap": 50, "checkpoint": tmp_path / "x.ckpt"}

    async def one_is_gone(request: web.Request) -> web.StreamResponse:
        return web.Response(status=404) if request.path == "/7" else await server.whole(request)

    server.respond = one_is_gone
    folder = tmp_path / "files"
    first = await client.download(client.crawl.assets(**options), folder, on_error="skip")
    assert (first.downloaded, [file.id for file in first.failed]) == (119, ["asset_000007"])
    searches = engine.requests
    again = await client.download(client.crawl.assets(**options), folder, on_error="skip")
    assert [file.id for file in again.failed] == ["asset_000007"]
    server.respond = server.whole
    last = await client.download(client.crawl.assets(**options), folder)
    assert (last.downloaded, last.skipped, last.failed) == (1, 0, [])
    assert engine.requests == searches
    assert len(names(folder)) == 120


async def test_files_of_the_next_batch_do_not_wait_for_a_slow_one(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    crawled(server, 120)
    others = 0
    every_other = asyncio.Event()

    async def one_is_slow(request: web.Request) -> web.StreamResponse:
        nonlocal others
        if request.path == "/119":
            await every_other.wait()
        else:
            others += 1
            if others == 119:
                every_other.set()
        return await server.whole(request)

    server.respond = one_is_slow
    async with asyncio.timeout(60):
        report = await client.download(client.crawl.assets(cap=50), tmp_path, concurrency=2)
    assert report.downloaded == 120


async def test_a_batch_is_committed_once_its_files_are_on_the_disk(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    crawled(server, 120)
    options: Any = {"cap": 50, "checkpoint": tmp_path / "x.ckpt"}

    async def breaks(request: web.Request) -> web.StreamResponse:
        # One of the files never arrives; those that come after it are of later batches.
        return web.Response(status=404) if request.path == "/119" else await server.whole(request)

    server.respond = breaks
    with pytest.raises(Exception, match="404"):
        await client.download(client.crawl.assets(**options), tmp_path / "files")
    server.respond = server.whole
    report = await client.download(client.crawl.assets(**options), tmp_path / "files")
    assert report.downloaded >= 1
    assert len(names(tmp_path / "files")) == 120


async def test_an_asset_that_fails_is_kept_as_it_came(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(404, 1, server.whole)
    wanted = structure(
        {**dated(1), "url": f"{server.url}/a", "unknown": {"x": 2**70}}, SearchAssetSearchResponse
    )
    await client.download([wanted], tmp_path, on_error="skip")
    import json

    (line,) = (tmp_path / "manifest.jsonl").read_text().splitlines()
    assert json.loads(line)["asset"] == wanted.to_dict()


# Progress


@pytest.mark.parametrize("progress", [True, False])
async def test_a_bar_shows_files_of_all_files(
    server: Server,
    client: AsyncScenario,
    tmp_path: Path,
    progress: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assets = [asset(i, f"{server.url}/a") for i in range(4)] + [asset(9, None)]
    await client.download(assets, tmp_path, progress=progress, on_error="skip")
    last = capsys.readouterr().err.rpartition("\r")[2]
    assert ("files: 100%" in last and "5/5" in last and "1 failed" in last) is progress


def crawled_once(server: Server) -> TextEngine:
    """Makes a server of files that are there only for those who have a fresh signature."""
    engine = crawled(server, 3)
    for hit in engine.assets:
        hit["url"] = hit["url"].replace("//", "//user:canary@") + "?Signature=canary"
        hit["metadata"] = {"prompt": f"as on {hit['url']} and more"}

    async def one_fails(request: web.Request) -> web.StreamResponse:
        fails = (request.path, request.query["Signature"]) == ("/1", "canary")
        return web.Response(status=404) if fails else await server.whole(request)

    server.respond = one_fails
    return engine


async def test_the_manifest_keeps_no_signature_and_the_next_run_asks_for_a_fresh_one(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    hit = {**crawled_once(server).assets[1]}
    options: Any = {"cap": 50, "checkpoint": tmp_path / "x.ckpt"}
    folder = tmp_path / "files"
    first = await client.download(client.crawl.assets(**options), folder, on_error="skip")
    assert (first.downloaded, first.refreshed, len(first.failed)) == (2, 0, 1)
    assert first.failed[0].asset == hit
    (kept,) = [line["asset"] for line in manifest(folder) if line["status"] == "failed"]
    assert kept == {**hit, "url": f"{server.url}/1?..."}

    server.requests.clear()
    server.engine = lambda _: {"hits": [{**hit, "url": f"{server.url}/1?Signature=fresh"}]}
    second = await client.download(client.crawl.assets(**options), folder)
    assert (second.downloaded, second.refreshed, second.failed) == (1, 1, [])
    assert [request.query["Signature"] for request in server.requests] == ["fresh"]


async def test_a_failed_file_whose_asset_is_gone_stays_failed(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    crawled_once(server)
    options: Any = {"cap": 50, "checkpoint": tmp_path / "x.ckpt"}
    for _ in range(2):
        crawl = client.crawl.assets(**options)
        report = await client.download(crawl, tmp_path / "files", on_error="skip")
        server.engine = lambda _: {"hits": []}
    assert "has no URL any more" in str(report.failed[0].error)
