"""Downloads on a Dask cluster: the files of a dataset, into any store.

Each Parquet file of the dataset is a task, whose files go into a folder of its name. A worker
downloads them to its own disk, some at a time, checks them there as any download does, and then
puts them into the store. The manifest, ``_manifest``, has a Parquet file for each of the dataset;
until that is written, what a worker has stored is in a folder beside.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
from distributed import as_completed
from distributed.scheduler import KilledWorker
from pyarrow import parquet as pq

from scenario_search.concurrency.threads import in_thread
from scenario_search.converter import structure
from scenario_search.dask.clusters import client_of
from scenario_search.dask.gates import Gate, StoppedError
from scenario_search.dask.jobs import Job, absolute, new_job, store_of
from scenario_search.dask.leases import Lease
from scenario_search.dask.stores import Store
from scenario_search.errors import CheckpointError
from scenario_search.files.names import MANIFEST
from scenario_search.files.options import DownloadOptions
from scenario_search.text import count, file_size
from scenario_search.wire.codec import read_json
from scenario_search.wire.hits import SearchAssetSearchResponse

__all__ = ["FilesReport", "download"]

logger = logging.getLogger("scenario_search")

FOLDER = "_manifest"
_LEASES = f"{FOLDER}/lease"
_BATCH = 200
_COLUMNS = ["id", "url", "mime_type", "created_at", "metadata.size"]
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "path", "sha256", "mime", "source", "status")),
        ("bytes", pa.int64()),
        ("error", pa.string()),
    ]
)


@attrs.frozen
class FilesReport:
    """What a download on a cluster has done.

    Attributes:
        downloaded: Number of files stored by this run.
        skipped: Number of files that earlier runs had stored.
        failed: Number of files that could not be downloaded. The manifest says why, and a rerun
            tries them again.
        bytes: Number of bytes stored by this run.
        partitions: How many files of the dataset are done.
        problems: What ended the work on a file of the dataset, by its name.
    """

    downloaded: int = 0
    skipped: int = 0
    failed: int = 0
    bytes: int = 0
    partitions: int = 0
    problems: Mapping[str, str] = attrs.field(factory=dict)

    def __add__(self, other: FilesReport) -> FilesReport:
        return FilesReport(
            self.downloaded + other.downloaded,
            self.skipped + other.skipped,
            self.failed + other.failed,
            self.bytes + other.bytes,
            self.partitions + other.partitions,
            {**self.problems, **other.problems},
        )


def download(
    parquet: str | os.PathLike[str],
    to: str | os.PathLike[str],
    *,
    cluster: Any = None,
    credentials: Callable[[], Mapping[str, Any]] | str | None = None,
    client_options: Mapping[str, Any] | None = None,
    storage_options: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | str | None = None,
    requests_per_second: float | None = None,
    lease: float = 30.0,
    **options: Any,
) -> FilesReport:
    """Downloads the files of assets on a Dask cluster, into subfolders of a folder.

    A rerun downloads what is missing or has failed. What the manifest says is stored is not looked
    at again.

    Args:
        parquet: What :func:`crawl_to_parquet` wrote: the folder, or one of its files.
        to: The folder: a path that all workers see, or a URL of fsspec.
        cluster: As for :func:`crawl_to_parquet`.
        credentials: Likewise.
        client_options: Likewise.
        storage_options: Likewise, for both folders.
        requests_per_second: How many searches for fresh URLs all workers together send in a
            second. Files are not counted.
        lease: Seconds after which a job that shows no sign of life counts as dead.
        options: As for ``client.download``, for each worker: ``concurrency``, ``max_file_bytes``,
            and ``width``, ``height``, ``format``, ``quality`` or ``fit`` for renditions.

    Raises:
        InvalidParamsError: An argument cannot be used, or may be secret.
        CheckpointError: Another job writes to the folder.
    """
    DownloadOptions(**options)
    job = new_job(to, credentials, client_options, storage_options, requests_per_second)
    folder, names = _dataset(absolute(parquet), job)
    store = job.store()
    store.make_folder(_LEASES)
    own = Lease(store, _LEASES, lease)
    with own, client_of(cluster) as client:
        stop = job.create_shared_state(client)
        try:
            return _run(job, client, own, folder, names, options)
        finally:
            with suppress(OSError):  # workers are gone with a scheduler
                stop.set()


def _dataset(url: str, job: Job) -> tuple[str, list[str]]:
    """Returns the folder of a dataset, and the names of its files."""
    if url.endswith(".parquet"):
        folder, _, name = url.rpartition("/")
        return folder or ".", [name]
    names = store_of(url, job.storage_options).names("")
    return url, [name for name in names if name.endswith(".parquet")]


def _run(
    job: Job, client: Any, lease: Lease, folder: str, names: list[str], options: Mapping[str, Any]
) -> FilesReport:
    report = FilesReport()
    futures = {
        client.submit(
            download_part, job, folder, name, options, key=f"scenario-files-{name}-{job.id}"
        ): name
        for name in names
    }
    for future in as_completed(list(futures), loop=client.loop):
        try:
            report += future.result()
        except (KilledWorker, OSError) as error:
            report += FilesReport(problems={futures[future]: f"{type(error).__name__}: {error}"})
        if lease.lost.is_set():
            raise CheckpointError(f"Another job has taken over {job.folder}")
        logger.info(
            "%s of %s partitions, %s files, %s, %s failed",
            count(report.partitions),
            count(len(names)),
            count(report.downloaded),
            file_size(report.bytes),
            count(report.failed),
        )
    return report


@attrs.define
class _Part:
    """The files of one file of a dataset.

    Attributes:
        stored: The manifest's line of each asset, by its id.
    """

    job: Job
    gate: Gate
    source: Store
    store: Store
    name: str
    options: Mapping[str, Any]
    stored: dict[str, dict[str, Any]] = attrs.field(factory=dict)

    @property
    def _folder(self) -> str:
        return self.name.removesuffix(".parquet")

    def _read_manifest(self) -> None:
        progress = f"{FOLDER}/{self._folder}"
        names = [name for name in self.store.names(progress) if name.endswith(".parquet")]
        parts = [f"{progress}/{name}" for name in names]
        for name in [f"{FOLDER}/{self.name}", *parts]:
            if not self.store.exists(name):
                continue
            try:
                with self.store.open(name) as file:
                    lines = pq.read_table(file).to_pylist()
            except pa.ArrowInvalid:
                continue  # the worker died while it wrote this: the files come again
            for line in lines:
                if self.stored.get(line["id"], {}).get("status") != "downloaded":
                    self.stored[line["id"]] = line

    def _assets(self) -> Iterator[list[SearchAssetSearchResponse]]:
        with self.source.open(self.name) as file:
            data = pq.ParquetFile(file)
            for batch in data.iter_batches(_BATCH, columns=_COLUMNS):
                yield [_asset(row) for row in batch.to_pylist()]

    async def run(self) -> FilesReport:
        """Downloads what is missing."""
        report = FilesReport(partitions=1)
        await in_thread(self._read_manifest)
        batches = self._assets()
        async with self.job.client(self.gate) as client:
            while (batch := await in_thread(next, batches, None)) is not None:
                missing = [asset for asset in batch if not self._is_stored(asset)]
                report += FilesReport(skipped=len(batch) - len(missing))
                if missing:
                    await self.gate.check()
                    report += await self._download(client, missing)
        await in_thread(self._write_manifest)
        return report

    def _is_stored(self, asset: SearchAssetSearchResponse) -> bool:
        return self.stored.get(asset.id, {}).get("status") == "downloaded"

    async def _download(self, client: Any, assets: list[SearchAssetSearchResponse]) -> FilesReport:
        with tempfile.TemporaryDirectory() as folder:
            await client.download(assets, folder, on_error="skip", **self.options)
            return await in_thread(self._put, Path(folder))

    def _put(self, folder: Path) -> FilesReport:
        """Puts files into the store, and then what the manifest says of them."""
        lines = []
        self.store.make_folder(self._folder)
        for text in (folder / MANIFEST).read_bytes().splitlines():
            line = read_json(text)
            line.setdefault("status", "downloaded")
            if line["status"] == "downloaded":
                name = f"{self._folder}/{line['path']}"
                self.store.put(folder / line["path"], name)
                line["path"] = name
            lines.append({field: line.get(field) for field in _SCHEMA.names})
        self.store.make_folder(f"{FOLDER}/{self._folder}")
        name = f"{FOLDER}/{self._folder}/{uuid.uuid4().hex}.parquet"
        self.store.write(name, _table_bytes(lines))
        self.stored.update({line["id"]: line for line in lines})
        good = [line for line in lines if line["status"] == "downloaded"]
        return FilesReport(
            len(good), failed=len(lines) - len(good), bytes=sum(line["bytes"] for line in good)
        )

    def _write_manifest(self) -> None:
        progress = f"{FOLDER}/{self._folder}"
        self.store.make_folder(progress)
        with self.store.replacing(f"{FOLDER}/{self.name}", progress) as file:
            file.write(_table_bytes(list(self.stored.values())))
        self.store.delete(progress)


def _table_bytes(lines: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(lines, schema=_SCHEMA), sink)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _asset(row: Mapping[str, Any]) -> SearchAssetSearchResponse:
    """Returns what a download needs of an asset."""
    created, size = row["created_at"], row["metadata.size"]
    fields = {
        "id": row["id"],
        "url": row["url"],
        "mimeType": row["mime_type"],
        "createdAt": created and created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "metadata": {"size": None if size is None else int(size)},
    }
    return structure(fields, SearchAssetSearchResponse)


def download_part(job: Job, folder: str, name: str, options: Mapping[str, Any]) -> FilesReport:
    """Downloads the files of one file of a dataset: the task of a worker.

    Args:
        job: The job.
        folder: The URL of the dataset.
        name: The name of its file.
        options: Those of the download.
    """
    gate = job.gate()
    source = store_of(folder, job.storage_options)
    part = _Part(job, gate, source, job.store(), name, options)
    try:
        return asyncio.run(part.run())
    except StoppedError:
        return FilesReport(problems={name: "the job has ended"})
