from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from date_server import HITS, DateServer
from distributed import Client, LocalCluster

# Of the session `cluster` only.
collect_ignore = [] if find_spec("moto") and find_spec("s3fs") else ["test_s3.py"]


@pytest.fixture(scope="session")
def shared_server() -> Iterator[DateServer]:
    with DateServer(HITS) as server, pytest.MonkeyPatch.context() as environment:
        for name, value in server.environment.items():
            environment.setenv(name, value)
        yield server


@pytest.fixture
def server(shared_server: DateServer) -> DateServer:
    shared_server.reset()
    return shared_server


@pytest.fixture(scope="session")
def shared_client(shared_server: DateServer) -> Iterator[Client]:
    """Two workers, as processes that have the server and the credentials in their environment."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def client(server: DateServer, shared_client: Client) -> Client:
    return shared_client
