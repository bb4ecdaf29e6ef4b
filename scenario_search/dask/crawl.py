"""A crawl on a Dask cluster, into a folder of Parquet files.

The calling process plans, hands out pieces and waits; the workers send the requests and write. The
folder holds a file for each piece that is finished, and beside them ``_crawl``: the plan, the lease
of the job, and what unfinished pieces have so far. A rerun takes the plan that is there and reads
what is missing.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal

import attrs
from distributed import Client, as_completed
from distributed.scheduler import KilledWorker

from scenario_search.crawl.params import CrawlPlanParams, check, search_params
from scenario_search.crawl.pieces import CrawlPiece, check_not_secret
from scenario_search.crawl.sampling import EXTRA_SAMPLES
from scenario_search.dask.clusters import client_of
from scenario_search.dask.jobs import Job, new_job
from scenario_search.dask.leases import Lease
from scenario_search.dask.pieces import PROGRESS, Outcome, read_piece
from scenario_search.dask.stores import Store
from scenario_search.errors import CheckpointError, InvalidParamsError
from scenario_search.messages import Message, named
from scenario_search.search.endpoints import ASSETS, ENDPOINTS
from scenario_search.text import count, duration
from scenario_search.wire.document import json_bytes

__all__ = ["CrawlReport", "crawl_to_parquet"]

logger = logging.getLogger("scenario_search")

_PLAN = f"{PROGRESS}/plan.jsonl"
_LEASES = f"{PROGRESS}/lease"
_LOG_EVERY = 10.0
_HITS_PER_REQUEST = 90
_REQUESTS_BESIDE = 5


@attrs.frozen
class CrawlReport:
    """What a crawl on a cluster has done.

    Attributes:
        hits: Number of hits in the finished files, those of earlier runs included.
        requests: Number of requests that this run has sent, plan and retries included, but those of
            workers that have died.
        partitions: Number of finished files.
        pieces: Number of files when all is finished.
        failed: What went wrong with pieces, by their names. That of a finished one is that some of
            its hits cannot be reached.
        stopped: Why the run ended before all was read: ``"quota"`` or ``"max_requests"``; ``None``
            if it did not.
    """

    hits: int
    requests: int
    partitions: int
    pieces: int
    failed: Mapping[str, str]
    stopped: Literal["quota", "max_requests"] | None = None

    @property
    def finished(self) -> bool:
        """Whether everything was read."""
        return self.partitions == self.pieces


def crawl_to_parquet(
    path: str | os.PathLike[str],
    *,
    of: Literal["assets", "models", "workflows"] = "assets",
    shards: int = 100,
    cluster: Any = None,
    credentials: Callable[[], Mapping[str, Any]] | str | None = None,
    client_options: Mapping[str, Any] | None = None,
    storage_options: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | str | None = None,
    requests_per_second: float | None = None,
    max_requests: int | None = None,
    save_every: int = 5_000,
    lease: float = 30.0,
    **search: Any,
) -> CrawlReport:
    """Crawls on a Dask cluster into a folder of Parquet files, one for each piece of time.

    A rerun with the same search finishes what is missing, and reads nothing again that is there.
    A folder has one job at a time.

    Args:
        path: The folder: a path that all workers see, or a URL of fsspec, such as
            ``s3://bucket/assets``.
        of: What is crawled.
        shards: How many pieces to cut it into, beside the one for hits without a date. A folder
            that has a plan keeps it.
        cluster: A Dask cluster, the address of its scheduler, or a client. ``None`` for the
            current client, or else a cluster of this machine for the time of the call.
        credentials: A function that workers can import, or its name,
            ``"package.module:function"``. It returns options that are secret, ``{"api_key": ...,
            "api_secret": ...}``. ``None`` for what the environment of the workers holds.
        client_options: Further options of the workers' clients, none of them secret.
        storage_options: Options of the file system, none of them secret, or a function as for
            ``credentials``.
        requests_per_second: How many requests all workers together send in a second.
        max_requests: How many requests all workers together send, plan and retries included. Then
            the run ends, and a rerun goes on. What a worker sent before it died comes on top.
        save_every: After how many hits a worker saves what it has read of a piece.
        lease: Seconds after which a job that shows no sign of life counts as dead.
        search: What is searched for, as for ``client.crawl.plan``.

    Raises:
        InvalidParamsError: An argument cannot be used, or may be secret.
        CheckpointError: The folder belongs to another search, or to a job that is running.
        APIError: The plan failed, or the credentials were refused.
    """
    options = CrawlPlanParams(of=of, shards=shards, **search)
    valid = bool((client_options or {}).get("validate", True))
    _check(options, requests_per_second, max_requests, save_every, lease, valid=valid)
    job = new_job(path, credentials, client_options, storage_options, requests_per_second)
    store = job.store()
    store.make_folder(_LEASES)
    with Lease(store, _LEASES, lease) as own, client_of(cluster) as client:
        run = _Run(job, client, own, store, max_requests, save_every)
        return run.run({"of": of, "shards": shards, **search})


def _check(
    options: CrawlPlanParams,
    requests_per_second: float | None,
    max_requests: int | None,
    save_every: int,
    lease: float,
    *,
    valid: bool,
) -> None:
    """Refuses what cannot be done, before there is a cluster.

    Raises:
        InvalidParamsError: Something cannot be used.
    """
    numbers = {
        "requests_per_second": requests_per_second,
        "max_requests": max_requests,
        "save_every": save_every,
        "lease": lease,
    }
    for name, value in numbers.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (is_number and 0 < value < math.inf):
            raise InvalidParamsError(
                Message("{} must be a number above 0, not {!r}", named(name), value)
            )
    check_not_secret(options)
    endpoint: Any = ENDPOINTS.get(options.of, ASSETS)  # the check refuses any other
    check(search_params(options, endpoint.params_class, valid=valid), options, valid=valid)


def make_plan(job: Job, search: Mapping[str, Any]) -> tuple[list[str], int]:
    """Returns the pieces of a crawl as JSON, and how many requests that took: a task."""

    async def plan() -> list[CrawlPiece]:
        async with job.client(gate) as client:
            try:
                return await client.crawl.plan(**search)
            finally:
                await gate.close()

    gate = job.gate()
    pieces = asyncio.run(plan())
    return [piece.to_json() for piece in pieces], gate.requests


@attrs.define
class _Run:
    """One run of a crawl."""

    job: Job
    client: Client
    lease: Lease
    store: Store
    max_requests: int | None
    save_every: int
    requests: int = 0
    outcomes: dict[str, Outcome] = attrs.field(factory=dict)
    began: float = attrs.field(factory=time.monotonic)
    logged: float = -math.inf

    def run(self, search: Mapping[str, Any]) -> CrawlReport:
        """Reads what is missing.

        Raises:
            CheckpointError: The folder belongs to another search, or was taken over.
            APIError: The plan failed, or the credentials were refused.
        """
        stop = self.job.create_shared_state(self.client)
        try:
            pieces = self._plan(search)
            self._hand_out(pieces)
        finally:
            # Where this ends early, workers send no further request.
            with suppress(OSError):
                stop.set()
        return self._report(len(pieces))

    def _plan(self, search: Mapping[str, Any]) -> list[CrawlPiece]:
        asked = self._asked(search)
        try:
            planned, *lines = self.store.read(_PLAN).decode().splitlines()
        except FileNotFoundError:
            self._check_budget(search["shards"])
            task = self.client.submit(
                make_plan, self.job, search, key=f"scenario-plan-{self.job.id}", pure=False
            )
            lines, self.requests = task.result()
            with self.store.replacing(_PLAN, PROGRESS) as file:
                file.write("\n".join([asked, *lines]).encode())
        else:
            if planned != asked:
                raise CheckpointError(
                    f"{self.store.path('')} belongs to a crawl with another search ({planned}): "
                    "repeat that crawl, or use another folder"
                )
        return [CrawlPiece.from_json(line) for line in lines]

    def _asked(self, search: Mapping[str, Any]) -> str:
        """Returns what the folder holds, to recognise another crawl by."""
        options = self.job.client_options
        whose = {name: options[name] for name in ("base_url", "project_id") if name in options}
        said = {name: str(value) for name, value in {**search, **whose}.items() if name != "shards"}
        return json_bytes(dict(sorted(said.items()))).decode()

    def _check_budget(self, shards: int) -> None:
        if self.max_requests is not None and self.max_requests < shards + EXTRA_SAMPLES:
            raise InvalidParamsError(
                Message(
                    "{} must be at least {}, since the plan of {} pieces may take so many",
                    named("max_requests"),
                    shards + EXTRA_SAMPLES,
                    shards,
                )
            )

    def _hand_out(self, pieces: list[CrawlPiece]) -> None:
        """Lets the workers read pieces, until all are read or no request may be sent."""
        waiting = deque(pieces)
        running = as_completed(loop=self.client.loop)
        granted: dict[str, tuple[CrawlPiece, int | None]] = {}
        number = 0
        while True:
            while waiting and (grant := self._grant(waiting[0], granted)) != 0:
                piece = waiting.popleft()
                number += 1
                key = f"scenario-crawl-{piece.name}-{self.job.id}-{number}"
                granted[key] = piece, grant
                arguments = (self.job, piece.to_json(), grant, self.save_every)
                running.add(self.client.submit(read_piece, *arguments, key=key, pure=False))
            if not granted:
                return
            future = next(running)
            piece, _ = granted.pop(future.key)
            outcome = self._outcome(future, piece)
            self.requests += outcome.requests
            self.outcomes[piece.name] = outcome
            if self.lease.lost.is_set():
                raise CheckpointError(
                    f"Another job has taken over {self.store.path('')}, since this one did not "
                    "renew its lease in time"
                )
            if outcome.stopped == "budget":
                waiting.append(piece)
            elif outcome.stopped is not None:
                waiting.clear()
            self._log(len(pieces))

    def _grant(self, piece: CrawlPiece, granted: Mapping[str, Any]) -> int | None:
        """Returns how many requests a piece may send; ``None`` for as many as it takes."""
        if self.max_requests is None:
            return None
        running = sum(grant or 0 for _, grant in granted.values())
        left = self.max_requests - self.requests - running
        return max(0, min(left, piece.expected // _HITS_PER_REQUEST + _REQUESTS_BESIDE))

    def _outcome(self, future: Any, piece: CrawlPiece) -> Outcome:
        """Returns what became of a piece.

        Raises:
            ScenarioError: No other piece can be read either.
        """
        try:
            outcome: Outcome = future.result()
        except KilledWorker as error:
            return Outcome(piece.name, problem=f"KilledWorker: {error}")
        finally:
            future.release()
        return outcome

    def _finished(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes.values() if outcome.finished]

    def _log(self, pieces: int) -> None:
        now = time.monotonic()
        if now - self.logged < _LOG_EVERY and len(self.outcomes) < pieces:
            return
        self.logged = now
        finished, elapsed = self._finished(), max(0.001, now - self.began)
        logger.info(
            "%s of %s partitions, %s hits, %s requests in %s (%.1f per second)",
            count(len(finished)),
            count(pieces),
            count(sum(outcome.hits for outcome in finished)),
            count(self.requests),
            duration(elapsed),
            self.requests / elapsed,
        )

    def _report(self, pieces: int) -> CrawlReport:
        finished = self._finished()
        stopped = {outcome.stopped for outcome in self.outcomes.values()}
        why: Literal["quota", "max_requests"] | None = None
        if "quota" in stopped:
            why = "quota"
        elif len(finished) < pieces and self.max_requests is not None:
            why = "max_requests"
        return CrawlReport(
            hits=sum(outcome.hits for outcome in finished),
            requests=self.requests,
            partitions=len(finished),
            pieces=pieces,
            failed={
                outcome.name: outcome.problem
                for outcome in self.outcomes.values()
                if outcome.problem is not None and outcome.stopped is None
            },
            stopped=why,
        )
