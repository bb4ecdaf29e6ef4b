"""Downloads: the files behind the signed URLs of assets, streamed to disk.

Nothing is sent to the servers of files but the signed URL: no credentials, no cookies. A file that
is there whole is not asked for again; one that broke off is gone on with, where the server can
(RFC 9110, section 14), or else is fetched whole. A URL that has expired is replaced by searching
for the asset's ``createdAt`` and picking its id, since ``id`` is no field to filter by.

Of the client's options ``max_retries`` and ``max_retry_wait`` hold for files too: an attempt that
fails is repeated, and the count begins anew once more of the file is there than ever before.
``timeout`` is how long a server may send nothing. ``limiter`` and ``deadline`` are for requests
to the API.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

import attrs

from scenario_search.concurrency.pacing import Pause
from scenario_search.concurrency.tasks import cancel_tasks
from scenario_search.concurrency.threads import in_thread
from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    InvalidParamsError,
    PaginationError,
    status_error_class,
)
from scenario_search.files.files import DownloadedFile, Manifest, PartialFile, file_name
from scenario_search.filters import F
from scenario_search.http.options import is_loopback
from scenario_search.http.retries import retry_after_seconds
from scenario_search.messages import Message, named
from scenario_search.search.methods import AsyncSearch
from scenario_search.wire.hits import SearchAssetSearchResponse
from scenario_search.wire.values import is_whole

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester
    from scenario_search.http.transport import FileAnswer

__all__ = ["DownloadReport", "DownloadSource", "download"]

DownloadSource = AsyncIterable[SearchAssetSearchResponse] | Iterable[SearchAssetSearchResponse]
"""What a download takes: a page, results, a crawl, or anything else that gives assets."""

MANIFEST = "manifest.jsonl"

_MOST_REDIRECTS = 5
_EXPIRED = {401, 403, 410}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@attrs.define
class DownloadReport:
    """Progress of a download, and its result.

    Attributes:
        downloaded: Number of files downloaded.
        skipped: Number of files that were already there.
        failed: The files that could not be downloaded, with the reason.
        bytes: Number of bytes received.
        refreshed: Number of expired URLs that were replaced.
    """

    downloaded: int = 0
    skipped: int = 0
    failed: list[DownloadedFile] = attrs.field(factory=list)
    bytes: int = 0
    refreshed: int = 0
    began: float = attrs.field(factory=time.monotonic, repr=False)
    ended: float | None = attrs.field(default=None, repr=False)

    @property
    def elapsed(self) -> float:
        """Seconds since it began, or that it took."""
        return (self.ended or time.monotonic()) - self.began

    def __copy__(self) -> DownloadReport:
        return attrs.evolve(self, failed=[*self.failed])

    def _count(self, file: DownloadedFile) -> None:
        if file.status == "downloaded":
            self.downloaded += 1
        elif file.status == "skipped":
            self.skipped += 1
        else:
            self.failed.append(file)


async def download(
    requester: Requester,
    assets: DownloadSource,
    directory: str | os.PathLike[str],
    *,
    concurrency: int = 8,
    on_error: Literal["raise", "skip"] = "raise",
    progress: Callable[[DownloadReport], object] | None = None,
) -> DownloadReport:
    """Download the files of assets. See :meth:`scenario_search.AsyncScenario.download`."""
    if not is_whole(concurrency, 1):
        raise InvalidParamsError(
            Message("{} must be a whole number from 1, not {!r}", named("concurrency"), concurrency)
        )
    if on_error not in ("raise", "skip"):
        raise InvalidParamsError(
            Message("{} must be 'raise' or 'skip', not {!r}", named("on_error"), on_error)
        )
    folder = Path(directory)
    manifest = Manifest(folder / MANIFEST)
    report = DownloadReport()
    try:
        await in_thread(manifest.open)
        run = _Download(requester, folder, manifest, report, on_error == "skip", progress)
        if isinstance(assets, AsyncCrawl):
            # A window is marked once its files are there, so a crawl that goes on misses none.
            async with aclosing(assets._portions()) as portions:
                async for hits, mark in portions:
                    failed = len(report.failed)
                    await run.all(_each(hits), concurrency)
                    if mark is not None and len(report.failed) == failed:
                        await mark({})
        else:
            await run.all(_each(assets), concurrency)
    finally:
        report.ended = time.monotonic()
        await in_thread(manifest.close)
    return report


async def _each(assets: DownloadSource) -> AsyncIterator[SearchAssetSearchResponse]:
    if isinstance(assets, AsyncIterable):
        async for asset in assets:
            yield asset
    else:
        for asset in assets:
            yield asset


class _Expired(Exception):  # noqa: N818 - it never leaves this module
    """The server refuses a URL, whose time may be over."""

    def __init__(self, error: APIError) -> None:
        self.error = error


@attrs.define
class _Download:
    """One download of many files."""

    requester: Requester
    folder: Path
    manifest: Manifest
    report: DownloadReport
    skips_errors: bool
    progress: Callable[[DownloadReport], object] | None
    names: set[str] = attrs.field(factory=set)
    pause: Pause = attrs.field(factory=Pause)

    async def all(self, assets: AsyncIterator[SearchAssetSearchResponse], concurrency: int) -> None:
        """Download the files of assets, so many at once, and none of them twice."""
        running: set[asyncio.Task[None]] = set()
        try:
            async for asset in assets:
                if len(running) >= concurrency:
                    await _first_done(running)
                running.add(asyncio.get_running_loop().create_task(self.one(asset)))
            while running:
                await _first_done(running)
        finally:
            await cancel_tasks(running)

    async def one(self, asset: SearchAssetSearchResponse) -> None:
        """Download the file of an asset, if it is not there, and add its line."""
        given: object = asset.url
        url = given if isinstance(given, str) else ""
        name = file_name(asset.id, asset.mime_type, url)
        if name in self.names:
            return
        self.names.add(name)
        try:
            file = await self._already_there(asset, name) or await self._fetched(asset, url, name)
        except (APIError, PaginationError) as error:  # the latter of the search for a fresh URL
            if not self.skips_errors:
                raise
            file = DownloadedFile(str(asset.id), status="failed", error=str(error))
        if file.status != "skipped" or self.manifest.length(file.id, name) is None:
            await in_thread(self.manifest.add, file)
        self.report._count(file)
        if self.progress is not None:
            self.progress(self.report)

    async def _already_there(
        self, asset: SearchAssetSearchResponse, name: str
    ) -> DownloadedFile | None:
        """Find a file that is there whole: as long as the manifest, or else the API, says."""
        known = self.manifest.length(str(asset.id), name)
        size = asset.metadata.size if known is None else known
        found = await in_thread(_length, self.folder / name)
        if found is None or found != size:
            return None
        return DownloadedFile(str(asset.id), name, found, mime=asset.mime_type, status="skipped")

    async def _fetched(
        self, asset: SearchAssetSearchResponse, url: str, name: str
    ) -> DownloadedFile:
        """Fetch a file, with retries, and once more with a new URL where it has expired."""
        if not url:
            raise APIResponseValidationError(f"{asset.id} has no url", paths=("$.url",))
        part = PartialFile(self.folder / name)
        try:
            await in_thread(part.open)
            try:
                mime = await self._with_retries(url, part)
            except _Expired as expired:
                fresh = await self._fresh_url(asset)
                if fresh is None or fresh == url:
                    raise expired.error from None
                self.report.refreshed += 1
                try:
                    mime = await self._with_retries(fresh, part)
                except _Expired as again:
                    raise again.error from None
            size = part.size
            digest = await in_thread(part.finish)
            return DownloadedFile(str(asset.id), name, size, digest, mime)
        finally:
            await in_thread(part.close)

    async def _with_retries(self, url: str, part: PartialFile) -> str | None:
        policy = self.requester.policy
        attempt, furthest = 0, part.size
        while True:
            await self.pause.wait(self.requester.sleep)
            try:
                return await self._attempt(url, part)
            except APIError as error:
                error.retries_taken = attempt
                if part.size > furthest:
                    attempt, furthest = 0, part.size  # it goes forward
                delay = policy.delay(error, attempt, chance=self.requester.chance())
                if delay is None:
                    raise
                if error.status_code in (429, 503):
                    self.pause.extend(delay)
            await self.requester.sleep(delay)
            attempt += 1

    async def _attempt(self, url: str, part: PartialFile) -> str | None:
        """Ask for what is missing of a file, and append it. Gives the MIME type.

        Where the server cannot give that, it is asked for all of the file.
        """
        self._check_url(url)
        for _ in range(_MOST_REDIRECTS + 1):
            headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
            if part.size:
                headers["Range"] = f"bytes={part.size}-"
            timeout = self.requester.options.timeout
            async with self.requester.transport.get_file(
                url, headers=headers, timeout=timeout
            ) as answer:
                location = answer.headers.get("location")
                if answer.status in (301, 302, 303, 307, 308) and location:
                    url = _redirected(url, location)
                    self._check_url(url)
                    continue
                if part.size and _is_elsewhere(answer, part.size):
                    if answer.headers.get("content-range") == f"bytes */{part.size}":
                        return answer.headers.get("content-type")  # it is there whole
                    await in_thread(part.start_anew)
                    continue
                return await self._take(url, answer, part)
        raise APIConnectionError(f"{_shown(url)}: no file after {_MOST_REDIRECTS} redirects")

    def _check_url(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            _ = parts.port
        except ValueError as error:
            raise APIResponseValidationError(
                f"{_shown(url)!r} is no URL: {error}", paths=("$.url",)
            ) from None
        # A server elsewhere has no business with this machine's own.
        at_home = is_loopback(urlsplit(self.requester.base_url).hostname or "")
        plain = self.requester.options.allow_http or (at_home and is_loopback(host))
        if not host or parts.scheme not in (("https", "http") if plain else ("https",)):
            raise APIResponseValidationError(
                f"{_shown(url)!r} is not fetched: only https is", paths=("$.url",)
            )

    async def _take(self, url: str, answer: FileAnswer, part: PartialFile) -> str | None:
        if answer.status not in (200, 206):
            error = status_error_class(answer.status, None)(
                f"{answer.status} from {_shown(url)}",
                status_code=answer.status,
                retry_after=retry_after_seconds(answer.headers, datetime.now(UTC)),
            )
            if answer.status in _EXPIRED:
                raise _Expired(error)
            raise error
        if answer.status == 200 and part.size:
            await in_thread(part.start_anew)
        expected = _expected(answer, part.size)
        async for piece in answer.pieces():
            self.report.bytes += len(piece)
            await in_thread(part.append, piece)
        if expected is not None and part.size != expected:
            size = part.size
            if size > expected:
                await in_thread(part.start_anew)
            raise APIConnectionError(f"{_shown(url)} gave {size:,} bytes in place of {expected:,}")
        return answer.headers.get("content-type")

    async def _fresh_url(self, asset: SearchAssetSearchResponse) -> str | None:
        """Search for an asset, for a URL that has not expired. ``None`` if it is not found."""
        if not isinstance(asset.created_at, str):
            return None
        public = asset.privacy == "public"
        for wanted in (public, not public):
            found = AsyncSearch(self.requester).asset_search(
                filter=F["createdAt"] == asset.created_at, public=wanted, limit=100
            )
            async for hit in found:
                if hit.id == asset.id:
                    return hit.url
        return None


async def _first_done(running: set[asyncio.Task[None]]) -> None:
    """Wait for the first task to end, take it out, and raise its error, if it has one."""
    done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    running -= done
    # All are asked, for one whose error nobody looks at is told of on standard error.
    errors = [error for task in done if (error := task.exception()) is not None]
    if errors:
        raise errors[0]


def _length(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _expected(answer: FileAnswer, have: int) -> int | None:
    """Give how long the file will be once the answer is read; ``None`` where it does not say."""
    if answer.headers.get("content-encoding"):
        return None
    # A server may give less of a file than was asked for (RFC 9110, section 15.3.7).
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    if answer.status == 206 and found is not None and found[2] != "*":
        return int(found[2])
    length = answer.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return None
    return int(length) + (have if answer.status == 206 else 0)


def _is_elsewhere(answer: FileAnswer, have: int) -> bool:
    """Say whether an answer to a request for the rest of a file does not begin where it ends."""
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    begins = int(found[1]) if found is not None else None
    return answer.status == 416 or (answer.status == 206 and begins != have)


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location  # no URL, which is then told


def _shown(url: str) -> str:
    """Give a URL without its query string, which is a signature."""
    return url.partition("?")[0]
