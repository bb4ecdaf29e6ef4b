"""Downloads: the files behind the signed URLs of assets, streamed to disk.

A folder has one download at a time. A file that is there as the manifest says is kept; any other
is fetched (:mod:`scenario_search.files.transfer`) under another name, and renamed once it is
complete. A URL that has expired is replaced by searching for the asset.

A crawl's batch is committed when all of its files have ended, as files or as failures in the
manifest, and both are on the disk. Files of the next batches start meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
)
from contextlib import AsyncExitStack, aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from scenario_search.concurrency.tasks import cancel_tasks
from scenario_search.concurrency.threads import in_thread
from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.errors import (
    APIError,
    APIResponseValidationError,
    IncompleteCrawlError,
    PaginationError,
)
from scenario_search.export.targets import is_url
from scenario_search.files.folder import Folder
from scenario_search.files.manifest import DownloadedFile, was_signed
from scenario_search.files.names import file_name
from scenario_search.files.options import DownloadOptions, DownloadReport
from scenario_search.files.parts import PartialFile
from scenario_search.files.refresh import FreshUrls
from scenario_search.files.transfer import Expected, ExpiredUrl, Transfers
from scenario_search.progress import ProgressBar
from scenario_search.text import count, file_size
from scenario_search.wire.hits import SearchAssetSearchResponse
from scenario_search.wire.renditions import (
    ORIGINALS,
    url_path,
)
from scenario_search.wire.values import is_whole

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["DownloadSource", "download"]

DownloadSource = AsyncIterable[SearchAssetSearchResponse] | Iterable[SearchAssetSearchResponse]
"""What a download takes: a page, results, a crawl, or anything else that yields assets."""


async def download(
    requester: Requester,
    assets: DownloadSource,
    directory: str | os.PathLike[str],
    options: DownloadOptions,
) -> DownloadReport:
    """Downloads the files of assets. See :meth:`scenario_search.AsyncScenario.download`."""
    folder = await in_thread(_folder, directory)
    # Before there is a folder, since tqdm may be missing.
    bar = ProgressBar("files") if options.progress is True else None
    report = DownloadReport()
    try:
        await in_thread(folder.open)
        run = _Download(requester, folder, options, report, _progress(assets, options, bar))
        if isinstance(assets, AsyncCrawl):
            await run.crawl(assets)
        else:
            await run.all(assets)
    finally:
        report.ended = time.monotonic()
        if bar is not None:
            bar.close()
        await in_thread(folder.close)
    return report


def _folder(directory: str | os.PathLike[str]) -> Folder:
    if is_url(directory):
        from scenario_search.files.store_folder import StoreFolder  # noqa: PLC0415 - few have one

        return StoreFolder(str(directory))
    return Folder(Path(directory))


def _progress(
    assets: DownloadSource, options: DownloadOptions, bar: ProgressBar | None
) -> Callable[[DownloadReport], object]:
    """Returns what is called with the report after every file."""
    if bar is None:
        return options.progress if callable(options.progress) else _no_progress
    expected: Callable[[], int | None] | None = getattr(assets, "_expected_items", None)
    length = len(assets) if isinstance(assets, list | tuple) else None

    def show(report: DownloadReport) -> None:
        failed = f", {count(len(report.failed))} failed" if report.failed else ""
        done = report.downloaded + report.skipped + len(report.failed)
        total = length if expected is None else expected()
        bar.update(done, total, f"{file_size(report.bytes)}{failed}")

    return show


@attrs.define
class _Batch:
    """Files that are committed together.

    Attributes:
        commit: Called once all of them have ended.
        running: The number of files that have not ended, and one while more may be added.
    """

    commit: Callable[[], Awaitable[object]]
    running: int = 1


@attrs.define
class _Download:
    """One download of many files."""

    requester: Requester
    folder: Folder
    options: DownloadOptions
    report: DownloadReport
    progress: Callable[[DownloadReport], object]
    tasks: set[asyncio.Task[None]] = attrs.field(factory=set)
    names: set[str] = attrs.field(factory=set)
    transfers: Transfers = attrs.field(init=False)
    fresh_urls: FreshUrls = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.fresh_urls = FreshUrls(self.requester)
        self.transfers = Transfers(self.requester, self.options.max_file_bytes, self._received)

    def _received(self, size: int) -> None:
        self.report.bytes += size

    # Many files

    async def all(self, assets: DownloadSource) -> None:
        """Downloads the files of assets."""
        try:
            async for asset in _each(assets):
                await self._start(asset)
            await self._drain()
        finally:
            await cancel_tasks(self.tasks)

    async def crawl(self, crawl: AsyncCrawl[Any]) -> None:
        """Downloads the files of a crawl, and commits its batches.

        Of a crawl with a checkpoint, files that failed in an earlier run are tried again: the
        batches they came in have been committed.
        """
        incomplete: IncompleteCrawlError | None = None
        async with AsyncExitStack() as stack:
            if not crawl._entered:
                await stack.enter_async_context(crawl)
            try:
                try:
                    await self._start_batches(crawl)
                except IncompleteCrawlError as error:
                    incomplete = error
                if crawl._options.checkpoint is not None:
                    await self._start_failed()
                await self._drain()
            finally:
                await cancel_tasks(self.tasks)
        if incomplete is not None:
            raise incomplete

    async def _start_batches(self, crawl: AsyncCrawl[Any]) -> None:
        async with aclosing(crawl.batches()) as batches:
            async for hits in batches:
                batch = _Batch(partial(crawl.commit, hits))
                for asset in hits.hits:
                    await self._start(asset, batch)
                await self._end(batch)

    async def _start_failed(self) -> None:
        for name, json in self.folder.manifest.failed():
            try:
                asset = self.requester.converter.structure(json, SearchAssetSearchResponse)
            except APIResponseValidationError:
                continue
            if self._name(asset) == name:
                await self._start(asset)

    async def _start(self, asset: SearchAssetSearchResponse, batch: _Batch | None = None) -> None:
        """Starts on a file, once there is room for it. None is fetched twice."""
        name = self._name(asset)
        if name in self.names:
            return
        self.names.add(name)
        while len(self.tasks) >= self.options.concurrency:
            await self._wait()
        if batch is not None:
            batch.running += 1
        self.tasks.add(asyncio.get_running_loop().create_task(self._one(asset, name, batch)))

    async def _drain(self) -> None:
        while self.tasks:
            await self._wait()

    async def _wait(self) -> None:
        """Waits for a task to end, takes it out, and raises its error, if it has one."""
        done, _ = await asyncio.wait(self.tasks, return_when=asyncio.FIRST_COMPLETED)
        self.tasks -= done
        # Each is asked: asyncio reports an error that nobody looks at.
        errors = [error for task in done if (error := task.exception()) is not None]
        if errors:
            raise errors[0]

    async def _end(self, batch: _Batch) -> None:
        """Notes that a file of a batch has ended; commits the batch after the last one."""
        batch.running -= 1
        if not batch.running:
            await in_thread(self.folder.sync)
            await batch.commit()

    # One file

    def _name(self, asset: SearchAssetSearchResponse) -> str:
        return file_name(asset.id, asset.mime_type, asset.url, self.options.parameters)

    async def _one(self, asset: SearchAssetSearchResponse, name: str, batch: _Batch | None) -> None:
        """Downloads the file of an asset, if it is not there, and records it."""
        try:
            file = await self._kept(asset, name) or await self._fetched(asset, name)
        except (APIError, PaginationError) as error:  # the latter of the search for a fresh URL
            if self.options.on_error == "raise":
                raise
            file = DownloadedFile(
                str(asset.id), name, status="failed", error=str(error), asset=asset.to_dict()
            )
        await in_thread(self.folder.record, file, asset)
        if file.status == "downloaded":
            self.report.downloaded += 1
        elif file.status == "skipped":
            self.report.skipped += 1
        else:
            self.report.failed.append(file)
        self.progress(self.report)
        if batch is not None:
            await self._end(batch)

    async def _kept(self, asset: SearchAssetSearchResponse, name: str) -> DownloadedFile | None:
        """Returns a file that is there as the manifest says."""
        entry = self.folder.manifest.entry(name)
        if entry is None:
            return None
        if url_path(asset.url) not in ("", entry.source):
            return None
        if await in_thread(self.folder.length, name) != entry.size:
            return None
        digest = entry.digest.hex()
        if self.options.verify and await in_thread(self.folder.digest, name) != digest:
            return None
        return DownloadedFile(
            str(asset.id), name, entry.size, digest, entry.mime, entry.source, "skipped"
        )

    async def _fetched(self, asset: SearchAssetSearchResponse, name: str) -> DownloadedFile:
        """Fetches a file, and once more with a fresh URL where its URL has expired."""
        url: object = asset.url
        if not isinstance(url, str) or not url:
            raise APIResponseValidationError(f"{asset.id} has no url", paths=("$.url",))
        if was_signed(url):
            fresh = await self.fresh_urls.of(asset)
            if fresh is None or not fresh.url:
                raise APIResponseValidationError(
                    f"{asset.id} has no URL any more: it failed in an earlier run, and a search "
                    "does not return it now",
                    paths=("$.url",),
                )
            self.report.refreshed += 1
            asset = fresh
            url = fresh.url
        source = url_path(url)
        part = PartialFile(self.folder.path / name, source)
        try:
            await in_thread(part.open)
            try:
                mime = await self._fetch(asset, part)
            except ExpiredUrl as expired:
                fresh = await self.fresh_urls.of(asset)
                if fresh is None or not fresh.url or fresh.url == asset.url:
                    raise expired.error from None
                self.report.refreshed += 1
                try:
                    mime = await self._fetch(fresh, part)
                except ExpiredUrl as again:
                    raise again.error from None
            size = part.size
            digest = await in_thread(part.finish)
        except IsADirectoryError as error:
            raise APIResponseValidationError(f"{error.filename} is a folder") from error
        finally:
            await in_thread(part.close)
        return DownloadedFile(str(asset.id), name, size, digest, mime, source)

    async def _fetch(self, asset: SearchAssetSearchResponse, part: PartialFile) -> str | None:
        """Fetches a file, or the rendition of a picture, from the URL that its asset has."""
        url = asset.url
        if self.options.parameters:
            changed = self.options.url(url) if _is_picture(asset) else None
            if changed is None:
                raise APIResponseValidationError(
                    f"{asset.id} has no renditions: it is not a picture, or its URL cannot be "
                    "changed (that of an original, for example)",
                    paths=("$.url",),
                )
            url = changed
        format = self.options.format
        expected = Expected(
            size=_size_of_original(asset, url),
            is_picture=_is_picture(asset),
            format=None if format == "origin" else format,
        )
        return await self.transfers.fetch(url, part, expected)


def _is_picture(asset: SearchAssetSearchResponse) -> bool:
    return str(asset.mime_type).lower().startswith("image/")


def _size_of_original(asset: SearchAssetSearchResponse, url: str) -> int | None:
    """Returns how long a file is according to the API; ``None`` for what is transformed."""
    size = asset.metadata.size
    is_known = size is not None and is_whole(size, 1) and url_path(url).startswith(ORIGINALS)
    return int(size) if size is not None and is_known else None


async def _each(assets: DownloadSource) -> AsyncIterator[SearchAssetSearchResponse]:
    if isinstance(assets, AsyncIterable):
        async for asset in assets:
            yield asset
    else:
        for asset in assets:
            yield asset


def _no_progress(_: DownloadReport) -> None: ...
