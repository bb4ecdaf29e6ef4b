from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pyarrow.dataset
import pytest
import s3fs
from date_server import HITS, DateServer, set_environment
from distributed import Client
from moto.server import ThreadedMotoServer

from scenario_search.dask import crawl_to_parquet, download
from scenario_search.dask.leases import Lease
from scenario_search.dask.stores import Store
from scenario_search.errors import CheckpointError


@pytest.fixture(scope="module")
def options() -> Iterator[dict[str, Any]]:
    """The options of a store that speaks S3, and holds an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "key")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        options = {"client_kwargs": {"endpoint_url": f"http://{host}:{port}"}}
        s3fs.S3FileSystem(**options).mkdir("bucket")
        yield options
    server.stop()


def test_a_crawl_and_its_files_go_to_s3(
    server: DateServer, client: Client, options: dict[str, Any]
) -> None:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    client.run(set_environment, {name: os.environ[name] for name in names})
    keywords: dict[str, Any] = {"cluster": client, "storage_options": options, "lease": 2.0}
    url = "s3://bucket/assets"
    stopped = crawl_to_parquet(url, shards=4, save_every=200, max_requests=40, **keywords)
    assert (stopped.stopped, stopped.finished) == ("max_requests", False)
    report = crawl_to_parquet(url, shards=4, save_every=200, **keywords)
    assert (report.hits, report.finished, report.failed) == (HITS, True, {})

    files = s3fs.S3FileSystem(**options)
    paths = files.glob("bucket/assets/*.parquet")
    table = pyarrow.dataset.dataset(paths, filesystem=files).to_table(columns=["id"])
    assert sorted(table["id"].to_pylist()) == server.ids

    smallest = min(paths, key=files.size)
    done = download(f"s3://{smallest}", "s3://bucket/files", **keywords)
    rows = pyarrow.dataset.dataset(smallest, filesystem=files).count_rows()
    assert (done.downloaded, done.failed, done.problems) == (rows, 0, {})


def test_s3_creates_a_file_once(options: dict[str, Any]) -> None:
    store = Store("s3://bucket/created", options)
    assert store.create("one", b"1")
    assert not store.create("one", b"2")
    assert store.read("one") == b"1"


def test_a_lease_in_s3_keeps_a_second_job_away(options: dict[str, Any]) -> None:
    store = Store("s3://bucket/leased", options)
    first = Lease(store, "lease", 30.0)
    first.acquire()
    second = Lease(store, "lease", 30.0, sleep=lambda _: first.renew())
    with pytest.raises(CheckpointError, match="Another job"):
        second.acquire()
    first.release()
    second.acquire()
