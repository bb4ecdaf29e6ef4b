from __future__ import annotations

import asyncio
import gc
import hashlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from crawl_engine import TextEngine, dated
from fake_transport import client_of
from file_server import (
    CONTENT,
    ETAG,
    Server,
    answering,
    asset,
    leave_part,
    manifest,
    names,
)

from scenario_search import (
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    AsyncScenario,
    InternalServerError,
    InvalidParamsError,
    NotFoundError,
    PermissionDeniedError,
    Scenario,
    SearchAssetSearchResponse,
)
from scenario_search.converter import structure
from scenario_search.emulator import Emulator
from scenario_search.files.manifest import Manifest

# Files


async def test_a_file_is_saved_under_its_id(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    report = await client.download([asset(1, f"{server.url}/a?Signature=x")], tmp_path / "new")
    assert (tmp_path / "new" / "asset_000001.png").read_bytes() == CONTENT
    assert (report.downloaded, report.bytes, report.failed) == (1, len(CONTENT), [])


async def test_the_manifest_tells_of_each_file(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    await client.download([asset(i, f"{server.url}/a") for i in range(3)], tmp_path)
    assert sorted(manifest(tmp_path), key=lambda line: line["id"])[2] == {
        "id": "asset_000002",
        "path": "asset_000002.png",
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "mime": "image/png",
        "source": "/a",
        "status": "downloaded",
    }


async def test_an_empty_file_is_a_file(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def empty(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"")

    server.respond = empty
    text = structure(
        {**dated(1), "mimeType": "text/plain", "url": f"{server.url}/a"}, SearchAssetSearchResponse
    )
    await client.download([text], tmp_path)
    assert (tmp_path / "asset_000001.txt").read_bytes() == b""


async def test_the_url_is_sent_as_it_stands_and_without_credentials(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    query = "Signature=a%2Bb~%7E+c&Expires=1&x=%C3%A9"
    async with client.with_options(default_headers={"X-Secret": "1"}) as copy:
        await copy.download([asset(1, f"{server.url}/a%20b?{query}")], tmp_path)
    request = server.requests[0]
    assert request.raw_path == f"/a%20b?{query}"
    assert not {"authorization", "cookie", "x-secret"} & {name.lower() for name in request.headers}


async def test_a_callers_session_gives_no_credentials_away(server: Server, tmp_path: Path) -> None:
    import aiohttp

    async with aiohttp.ClientSession(
        headers={"Authorization": "Basic secret", "X-Secret": "1"}, cookies={"secret": "1"}
    ) as session:
        async with client_of(f"{server.url}/v1", session=session) as client:
            await client.download([asset(1, f"{server.url}/a")], tmp_path)
        assert not session.closed
    names_sent = {name.lower() for name in server.requests[0].headers}
    assert not {"authorization", "cookie", "x-secret"} & names_sent


async def test_files_are_fetched_at_once_but_no_more_than_told(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    under_way = most = 0
    three = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 3:
            three.set()
        await three.wait()
        under_way -= 1
        return await server.whole(request)

    server.respond = slow
    await client.download([asset(i, f"{server.url}/a") for i in range(9)], tmp_path, concurrency=3)
    assert most == 3


async def test_assets_come_from_an_async_source_too(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def source() -> AsyncIterator[SearchAssetSearchResponse]:
        for index in range(4):
            yield asset(index, f"{server.url}/a")

    assert (await client.download(source(), tmp_path)).downloaded == 4


async def test_an_asset_that_comes_twice_is_fetched_once(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    await client.download([asset(1, f"{server.url}/a")] * 5, tmp_path)
    assert len(server.requests) == 1


async def test_progress_hears_of_every_file(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    heard: list[int] = []
    await client.download(
        [asset(i, f"{server.url}/a") for i in range(3)],
        tmp_path,
        progress=lambda report: heard.append(report.downloaded),
    )
    assert heard == [1, 2, 3]


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"on_error": "ignore"}])
async def test_arguments_that_make_no_sense_are_refused(
    client: AsyncScenario, tmp_path: Path, options: Any
) -> None:
    with pytest.raises(InvalidParamsError):
        await client.download([], tmp_path, **options)


# Going on


async def test_a_file_that_is_there_is_not_fetched_again(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    assets = [asset(i, f"{server.url}/a") for i in range(3)]
    await client.download(assets, tmp_path)
    report = await client.download(assets, tmp_path)
    assert (report.downloaded, report.skipped, len(server.requests)) == (0, 3, 3)
    assert len(manifest(tmp_path)) == 3


async def test_a_file_that_the_manifest_does_not_know_is_fetched(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    (tmp_path / "asset_000001.png").write_bytes(b"12345")
    await client.download([asset(1, f"{server.url}/a", metadata={"size": 5})], tmp_path)
    assert (tmp_path / "asset_000001.png").read_bytes() == CONTENT


async def test_a_file_of_another_length_is_fetched_again(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    (tmp_path / "asset_000001.png").write_bytes(b"cut off")
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / "asset_000001.png").read_bytes() == CONTENT


async def test_a_file_that_breaks_off_is_gone_on_with(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = server.breaks_off
    report = await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / "asset_000001.png").read_bytes() == CONTENT
    assert report.bytes == len(CONTENT)
    assert len(server.requests) > 2


async def test_a_server_that_gives_less_than_was_asked_for_is_asked_on(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def a_piece(request: web.Request) -> web.StreamResponse:
        start = server.start(request)
        if not start:
            return await server.breaks_off(request)
        piece = CONTENT[start : start + len(CONTENT) // 5 + 1]
        content_range = f"bytes {start}-{start + len(piece) - 1}/{len(CONTENT)}"
        headers = {"Content-Range": content_range, "ETag": ETAG}
        return web.Response(status=206, body=piece, headers=headers)

    server.respond = a_piece
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / "asset_000001.png").read_bytes() == CONTENT


async def test_a_part_of_an_earlier_run_is_gone_on_with(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    leave_part(tmp_path, CONTENT[:5000])
    report = await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / "asset_000001.png").read_bytes() == CONTENT
    assert report.bytes == len(CONTENT) - 5000
    assert manifest(tmp_path)[0]["sha256"] == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("have", [len(CONTENT), len(CONTENT) + 7])
async def test_a_part_that_is_all_or_too_much_comes_out_right(
    server: Server, client: AsyncScenario, tmp_path: Path, have: int
) -> None:
    leave_part(tmp_path, (CONTENT * 2)[:have])
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / "asset_000001.png").read_bytes() == CONTENT


async def test_a_server_that_breaks_off_and_knows_no_ranges_is_given_up(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        if "Range" in request.headers:
            return web.Response(status=416)
        return await server.breaks_off(request)

    server.respond = respond
    async with asyncio.timeout(30):
        with pytest.raises(APIConnectionError):
            await client.download([asset(1, f"{server.url}/a")], tmp_path)


@pytest.mark.parametrize("status", [206, 416])
async def test_what_cannot_be_resumed_is_fetched_whole_without_a_retry(
    server: Server, client: AsyncScenario, tmp_path: Path, status: int
) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        if "Range" in request.headers:
            return web.Response(status=status)
        return await server.whole(request)

    server.respond = respond
    leave_part(tmp_path, b"of another file")
    async with client.with_options(max_retries=0) as copy:
        await copy.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / "asset_000001.png").read_bytes() == CONTENT


async def test_without_ranges_a_file_is_begun_anew(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def no_ranges(_: web.Request) -> web.StreamResponse:
        return web.Response(body=CONTENT)

    server.respond = no_ranges
    leave_part(tmp_path, b"something else")
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / "asset_000001.png").read_bytes() == CONTENT


async def test_a_wrong_range_is_not_believed(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def wrong(request: web.Request) -> web.StreamResponse:
        if "Range" not in request.headers:
            return web.Response(body=CONTENT)
        return web.Response(
            status=206, body=CONTENT[9:], headers={"Content-Range": f"bytes 9-99/{len(CONTENT)}"}
        )

    server.respond = wrong
    leave_part(tmp_path, CONTENT[:5000])
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / "asset_000001.png").read_bytes() == CONTENT


async def test_a_cancelled_download_goes_on_later(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    begun = asyncio.Event()

    async def stalls(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(len(CONTENT))})
        await answer.prepare(request)
        await answer.write(CONTENT[:300_000])
        begun.set()
        await asyncio.Event().wait()
        return answer

    server.respond = stalls
    task = asyncio.create_task(client.download([asset(1, f"{server.url}/a")], tmp_path))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "asset_000001.png" not in names(tmp_path)
    server.respond = server.whole
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert (tmp_path / "asset_000001.png").read_bytes() == CONTENT


async def test_a_torn_manifest_is_gone_on_with(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    with (tmp_path / "manifest.jsonl").open("ab") as file:
        file.write(b'{"id": "torn')
    report = await client.download([asset(i, f"{server.url}/a") for i in (1, 2)], tmp_path)
    assert (report.skipped, report.downloaded) == (1, 1)
    with_torn = (tmp_path / "manifest.jsonl").read_bytes().splitlines()
    assert orjson.loads(with_torn[-1])["id"] == "asset_000002"


async def test_the_manifest_is_written_in_a_thread(
    server: Server, client: AsyncScenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[threading.Thread] = set()
    monkeypatch.setattr(Manifest, "add", lambda *_: threads.add(threading.current_thread()))
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert threads
    assert threading.current_thread() not in threads


# Failures


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failure_that_passes_is_retried(
    server: Server, client: AsyncScenario, tmp_path: Path, status: int
) -> None:
    server.respond = answering(status, 2, server.whole)
    assert (await client.download([asset(1, f"{server.url}/a")], tmp_path)).downloaded == 1


@pytest.mark.parametrize("retries", [0, 3])
async def test_a_failure_that_stays_is_an_error_after_the_clients_retries(
    server: Server, client: AsyncScenario, tmp_path: Path, retries: int
) -> None:
    server.respond = answering(500, 99, server.whole)
    async with client.with_options(max_retries=retries) as copy:
        with pytest.raises(InternalServerError, match="500 from"):
            await copy.download([asset(1, f"{server.url}/a?Signature=secret")], tmp_path)
    assert len(server.requests) == retries + 1


async def test_an_error_does_not_show_the_signature(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(404, 99, server.whole)
    with pytest.raises(NotFoundError) as caught:
        await client.download([asset(1, f"{server.url}/a?Signature=secret")], tmp_path)
    assert "secret" not in str(caught.value)


async def test_errors_can_be_skipped_and_are_told(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(404, 1, server.whole)
    assets = [asset(i, f"{server.url}/a") for i in range(3)] + [asset(9, None)]
    report = await client.download(assets, tmp_path, on_error="skip", concurrency=1)
    assert (report.downloaded, [file.id for file in report.failed]) == (
        2,
        ["asset_000000", "asset_000009"],
    )
    assert [line["status"] for line in manifest(tmp_path)] == [
        "failed",
        "downloaded",
        "downloaded",
        "failed",
    ]
    assert names(tmp_path) == {"asset_000001.png", "asset_000002.png"}


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "https://cdn.example:99999/a",
        "https://[x]/a",
        "https://a..b/",
        "https://\ud800/",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("mime", ["image/png", None])
async def test_an_unusable_url_is_the_files_own_error(
    client: AsyncScenario, tmp_path: Path, url: str, mime: str | None
) -> None:
    bad = structure({**dated(1), "url": url, "mimeType": mime}, SearchAssetSearchResponse)
    report = await client.download([bad], tmp_path, on_error="skip")
    assert [file.id for file in report.failed] == ["asset_000001"]


async def test_a_server_that_says_nothing_is_an_error_that_tells_how_long(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def says_nothing(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    server.respond = says_nothing
    async with client.with_options(timeout=0.05, max_retries=0) as copy:
        with pytest.raises(APITimeoutError, match=r"from http://127.* 0\.05 s"):
            await copy.download([asset(1, f"{server.url}/a")], tmp_path)


async def test_a_redirect_to_an_unusable_url_is_the_files_own_error(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(302, 1, server.whole, Location="http://[::1")
    report = await client.download([asset(1, f"{server.url}/a")], tmp_path, on_error="skip")
    assert [file.id for file in report.failed] == ["asset_000001"]


async def test_of_files_that_fail_together_no_error_is_left_unseen(
    client: AsyncScenario, tmp_path: Path
) -> None:
    unseen: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(context))
    with pytest.raises(APIResponseValidationError):
        await client.download([asset(i, None) for i in range(8)], tmp_path)
    gc.collect()
    assert unseen == []


async def test_after_an_error_nothing_is_under_way(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(404, 1, server.whole)
    before = asyncio.all_tasks()
    with pytest.raises(NotFoundError):
        await client.download([asset(i, f"{server.url}/a") for i in range(30)], tmp_path)
    own = [task for task in asyncio.all_tasks() - before if "one" in repr(task.get_coro())]
    assert own == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/a", "http://cdn.example/a", "//cdn/a", "a", "data:,x"]
)
async def test_only_https_is_fetched(client: AsyncScenario, tmp_path: Path, url: str) -> None:
    with pytest.raises(APIResponseValidationError, match="only https"):
        await client.download([asset(1, url)], tmp_path)


async def test_a_redirect_is_followed_without_credentials(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(302, 1, server.whole, Location="/b?Signature=%2B")
    await client.download([asset(1, f"{server.url}/a")], tmp_path)
    assert server.requests[-1].raw_path == "/b?Signature=%2B"
    assert "Authorization" not in server.requests[-1].headers


async def test_a_redirect_to_plain_http_elsewhere_is_not_followed(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(302, 1, server.whole, Location="http://cdn.example/b")
    with pytest.raises(APIResponseValidationError, match="only https"):
        await client.download([asset(1, f"{server.url}/a")], tmp_path)


async def test_redirects_in_a_circle_end(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(302, 999, server.whole, Location="/a")
    with pytest.raises(APIConnectionError, match="redirects"):
        await client.download([asset(1, f"{server.url}/a")], tmp_path)


async def test_a_disk_that_is_full_is_no_failure_of_the_server(
    server: Server, client: AsyncScenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, piece: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scenario_search.files.parts.PartialFile.append", fail)
    with pytest.raises(OSError, match="No space left"):
        await client.download([asset(1, f"{server.url}/a")], tmp_path, on_error="skip")


# Expired URLs


async def test_an_expired_url_is_replaced_by_searching_for_the_asset(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        fresh = request.query["Signature"] == "fresh"
        return await server.whole(request) if fresh else web.Response(status=403)

    server.respond = respond
    server.engine = TextEngine(
        [
            dated(i, 7, url=f"{server.url}/a?Signature={'fresh' if i == 7 else 'x'}")
            for i in range(9)
        ]
    )
    report = await client.download([asset(7, f"{server.url}/a?Signature=old")], tmp_path)
    assert (report.downloaded, report.refreshed) == (1, 1)


async def test_an_expired_url_of_what_is_gone_is_an_error(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(403, 99, server.whole)
    with pytest.raises(PermissionDeniedError):
        await client.download([asset(7, f"{server.url}/a")], tmp_path)


async def test_a_search_for_a_fresh_url_that_goes_nowhere_is_the_files_own_error(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.respond = answering(403, 1, server.whole)
    page = [dated(i, 7) for i in range(100)]
    server.engine = lambda _: {"hits": page, "limit": 100, "offset": 0, "estimatedTotalHits": 1000}
    assets = [asset(i, f"{server.url}/a") for i in (777, 1)]
    report = await client.download(assets, tmp_path, on_error="skip", concurrency=1)
    assert (report.downloaded, [file.id for file in report.failed]) == (1, ["asset_000777"])


async def test_urls_of_the_emulator_are_refreshed(tmp_path: Path) -> None:
    with Emulator.demo() as emulator:
        async with AsyncScenario(
            base_url=emulator.url, api_key=emulator.api_key, api_secret=emulator.api_secret
        ) as client:
            page = await client.search.asset_search(filter='kind = "text"', limit=5)
            emulator.expire_urls()
            report = await client.download(page.hits, tmp_path)
    assert report.downloaded == report.refreshed == len(page.hits) > 0


# Plain code


def test_plain_code_downloads_pages_crawls_and_lists(tmp_path: Path) -> None:
    with Emulator.demo() as emulator:
        keys: Any = {"api_key": emulator.api_key, "api_secret": emulator.api_secret}
        with Scenario(base_url=emulator.url, **keys) as client:
            page = client.search.asset_search(filter='kind = "text"', limit=2)
            some = client.download(page.hits, tmp_path / "list")
            all_of_them = client.download(page, tmp_path / "page")
            crawl = client.crawl.assets(filter='kind = "text"')
            crawled = client.download(crawl, tmp_path / "crawl")
    assert some.downloaded == 2
    assert all_of_them.downloaded == crawled.downloaded == page.estimated_total_hits


# Crawls


async def test_a_crawl_marks_what_was_downloaded(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.engine = TextEngine([dated(i, i, url=f"{server.url}/a") for i in range(120)], cap=50)
    options: Any = {"cap": 50, "checkpoint": tmp_path / "x.ckpt"}
    server.respond = answering(404, 1, server.whole)
    with pytest.raises(NotFoundError):
        await client.download(client.crawl.assets(**options), tmp_path / "files")
    async with client.crawl.assets(**options) as crawl:
        await client.download(crawl, tmp_path / "files")
    assert len(names(tmp_path / "files")) == 120


async def test_a_window_whose_files_failed_comes_again(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.engine = TextEngine([dated(i, i, url=f"{server.url}/a") for i in range(120)], cap=50)
    options: Any = {"cap": 50, "checkpoint": tmp_path / "x.ckpt"}
    server.respond = answering(404, 1, server.whole)
    crawl = client.crawl.assets(**options)
    first = await client.download(crawl, tmp_path / "files", on_error="skip")
    second = await client.download(client.crawl.assets(**options), tmp_path / "files")
    assert (first.downloaded, len(first.failed), second.downloaded) == (119, 1, 1)


async def test_max_items_of_a_crawl_count_for_its_files(
    server: Server, client: AsyncScenario, tmp_path: Path
) -> None:
    server.engine = TextEngine([dated(i, i, url=f"{server.url}/a") for i in range(120)], cap=50)
    report = await client.download(client.crawl.assets(cap=50, max_items=7), tmp_path)
    assert report.downloaded == 7
