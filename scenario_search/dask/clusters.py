"""Which cluster a job runs on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from distributed import Client

from scenario_search.errors import InvalidParamsError

__all__ = ["client_of"]


@contextmanager
def client_of(cluster: Any) -> Iterator[Client]:
    """Yields a client of the cluster, or of one that is made for the time of the block.

    Raises:
        InvalidParamsError: It is an asynchronous client.
    """
    if isinstance(cluster, Client):
        if cluster.asynchronous:
            raise InvalidParamsError(
                "`cluster` is an asynchronous client: pass its cluster or its scheduler's address"
            )
        yield cluster
        return
    if cluster is None:
        try:
            current = Client.current()
        except ValueError:
            current = None
        if current is not None:
            yield current
            return
    with Client(cluster, set_as_default=False) as client:
        yield client
