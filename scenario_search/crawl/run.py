"""One run of a crawl, from its checkpoint to its end."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import attrs

from scenario_search.concurrency.threads import in_thread
from scenario_search.converter import default_converter
from scenario_search.crawl.checkpoint import Checkpoint, CheckpointLock, Identity
from scenario_search.crawl.counting import Counting
from scenario_search.crawl.cursor import Pending, Request
from scenario_search.crawl.dates import Bound, Range, hit_date, instant, timestamp
from scenario_search.crawl.params import (
    SINCE,
    CrawlOptions,
    RunOptions,
    overlap_seconds,
    since_instant,
)
from scenario_search.crawl.pieces import CrawlPiece
from scenario_search.crawl.requests import CrawlRequests
from scenario_search.crawl.sampling import Sampling
from scenario_search.crawl.segments import BudgetSpentError, Segments
from scenario_search.crawl.stats import CrawlStats
from scenario_search.crawl.ties import PAGE
from scenario_search.crawl.work import Dating, Portion
from scenario_search.errors import CheckpointError, IncompleteCrawlError, InvalidParamsError
from scenario_search.export.files import ExportBatch
from scenario_search.messages import Message, named
from scenario_search.search.endpoints import Endpoint
from scenario_search.search.prepared import PreparedSearch
from scenario_search.wire.codec import PageDecoder
from scenario_search.wire.hits import Hit
from scenario_search.wire.images import reference_images
from scenario_search.wire.pages import SearchHits
from scenario_search.wire.params import SearchParams

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["Batch", "CrawlRun"]

H = TypeVar("H", bound=Hit)

_SECOND = 1_000_000
_SHOWN = 5

_RANKING = {"query", "query_semantic_ratio", "image", "images", "image_semantic_ratio"}
"""The parameters of a search by which the engine ranks."""


@attrs.define(eq=False, repr=False)
class Batch(ExportBatch[H]):
    """Hits of a crawl, for you to store and then commit.

    Attributes:
        hits: The hits.
        json: The same hits as the server sent them, decoded.
    """

    _run: CrawlRun[H]
    _portion: Portion
    _is_committed: bool = attrs.field(default=False, init=False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.json):,} hits>"


@attrs.define(kw_only=True, eq=False, repr=False)
class CrawlRun(Generic[H]):
    """One run of a crawl.

    Args:
        requester: Sends the requests.
        endpoint: What is searched.
        params: What is searched for.
        options: How the crawl is run.
        stats: Where it is counted what was done.
        concurrency: How many requests may be in flight.
        piece: The piece of a plan to read, in place of everything.
        progress: Called after every page.
    """

    requester: Requester
    endpoint: Endpoint[Any, Any, Any, H]
    params: SearchParams
    options: RunOptions
    stats: CrawlStats
    concurrency: int
    piece: CrawlPiece | None = None
    progress: Callable[[], object] | None = None
    checkpoint: Checkpoint | None = attrs.field(default=None, init=False)
    segments: Segments | None = attrs.field(default=None, init=False)
    _requests: CrawlRequests = attrs.field(init=False)
    _lock: CheckpointLock | None = attrs.field(default=None, init=False)
    _saving: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    _whole: int = attrs.field(default=0, init=False)

    # What is asked for

    @property
    def by(self) -> Literal["created", "updated"]:
        """The date that it is crawled by."""
        if self.piece is not None:
            return self.piece.by
        return self.options.by if isinstance(self.options, CrawlOptions) else "created"

    @property
    def field(self) -> str:
        """The field of the date, on the wire."""
        return "updatedAt" if self.by == "updated" else "createdAt"

    @property
    def _dating(self) -> Dating:
        is_by_change = self.by == "updated"
        return Dating(
            field=self.field,
            newest_first=self.options.order != "oldest" and not is_by_change,
            in_order=self.options.order is not None or is_by_change,
            cap=self.options.cap,
        )

    @property
    def is_ranked(self) -> bool:
        """Whether the engine ranks the hits, so that it does not sort them by date."""
        return bool(self.params.query) or any(reference_images(self.params))

    @property
    def _path(self) -> Path | None:
        return None if self.options.checkpoint is None else Path(self.options.checkpoint)

    async def _identity(self) -> Identity:
        search = PreparedSearch(self.requester, self.endpoint, self.params)
        start = f"{self.endpoint.kind} {self.by} {search.query} ".encode()
        body = await in_thread(search.encoded_start)
        return Identity(
            base_url=self.requester.base_url,
            project=search.query.get("projectId"),
            search=hashlib.sha256(start + body).hexdigest(),
            owner=await self.requester.credentials.owner(),
        )

    async def _range(self, identity: Identity | None) -> tuple[Range, Checkpoint | None]:
        """Returns the range to crawl, and the checkpoint that ``since`` names."""
        if self.piece is not None:
            return self.piece._range, None
        since = getattr(self.options, "since", None)
        if since is None:
            return Range(), None
        moment = since_instant(since)
        if moment is not None:
            return Range(Bound(timestamp(moment))), None
        path = Path(since)
        earlier = await in_thread(Checkpoint.read, path)
        if earlier is None:
            raise InvalidParamsError(
                Message("{} must be {}; not found: {}", named("since"), SINCE, path)
            )
        if differences := (identity or await self._identity()).differences(earlier):
            others = ", another ".join(differences)
            raise CheckpointError(
                Message(
                    "{}: the checkpoint {} belongs to a crawl with another request (another {})",
                    named("since"),
                    path,
                    others,
                )
            )
        if not earlier.finished or earlier.range.high is not None or earlier.range.undated:
            raise InvalidParamsError(
                Message("{}: the checkpoint {} is not of a finished crawl", named("since"), path)
            )
        newest = instant(earlier.newest)
        if newest is None:
            return Range(), earlier
        return Range(Bound(timestamp(newest - int(earlier.overlap * _SECOND)))), earlier

    # Begin and end

    async def open(self) -> None:
        """Reads the checkpoint and decides what is to be done.

        Raises:
            CheckpointError: The checkpoint belongs to another crawl, or another crawl is running
                on it.
            APIError: A request failed, after its retries.
        """
        identity = None if self._path is None else await self._identity()
        if self._path is not None:
            self._lock = CheckpointLock(self._path)
            await in_thread(self._lock.acquire)
        range_, earlier = await self._range(identity)
        pending = self._first_pending(range_, earlier)
        if identity is not None and self._path is not None:
            pending = await self._resume(self._path, identity, range_, pending, earlier)
        self._requests = CrawlRequests(
            self.requester,
            self.endpoint,
            self.params,
            self.field,
            self.stats,
            max_requests=self.options.max_requests,
            progress=self.progress,
        )
        if self.piece is None and range_ != Range() and not range_.undated:
            self.stats.undated_left_out = True
        await self._begin(range_, pending)

    def _first_pending(self, range_: Range, earlier: Checkpoint | None) -> list[Pending]:
        known = frozenset() if earlier is None else frozenset(earlier.recent)
        if self.piece is not None:
            known = self.piece.known
        pending = [Pending(range_, ranked=self.is_ranked, known=known)]
        if range_ == Range() and self.piece is None:
            pending.append(Pending(Range(undated=True)))
        return pending

    async def _resume(
        self,
        path: Path,
        identity: Identity,
        range_: Range,
        pending: list[Pending],
        earlier: Checkpoint | None,
    ) -> list[Pending]:
        checkpoint = await in_thread(Checkpoint.read, path)
        if checkpoint is None:
            checkpoint = Checkpoint.new(identity, range_, pending)
            if earlier is not None:
                checkpoint.newest, checkpoint.recent = earlier.newest, dict(earlier.recent)
            # A piece is no crawl that `since` can go on from, so no ids are kept for that.
            overlap = self.options.overlap if isinstance(self.options, CrawlOptions) else 0.0
            checkpoint.overlap = overlap_seconds(overlap)
            # Written now, so that a place that cannot be written to is known at the start.
            await in_thread(checkpoint.save, path)
        else:
            checkpoint.check(identity, range_)
        self.checkpoint, stats = checkpoint, self.stats
        stats.hits = stats.earlier_hits = checkpoint.hits
        stats.requests, stats.retries = checkpoint.requests, checkpoint.retries
        stats.invalid = checkpoint.invalid
        will_ask = any(one.range.undated for one in checkpoint.pending)
        stats.undated_left_out = checkpoint.undated_left_out and not will_ask
        return checkpoint.pending

    async def _begin(self, range_: Range, pending: list[Pending]) -> None:
        ends = [] if self.checkpoint is None else self.checkpoint.ends
        dating, other, whole = self._dating, None, None
        needs_ends = any(not one.ranked and not one.range.undated for one in pending)
        if needs_ends and not ends and self._left() != 0:
            try:
                hits = await self._requests.ask(Request(range_, not dating.newest_first, size=1))
            except BudgetSpentError:
                hits = []
            other = hits[0] if hits else None
            date = hit_date(other, self.field)
            ends = [] if date is None else [date]
            if self.checkpoint is not None:
                self.checkpoint.ends = ends
            if self.by == "created" and not dating.newest_first and date is not None:
                whole = range_
                pending = [self._bounded(one, Bound(date)) for one in pending]
                if self.checkpoint is not None:
                    self.checkpoint.pending = pending
        self.segments = Segments(
            pending,
            dating,
            self._requests.ask,
            concurrency=self._workers(),
            horizon=instant(ends[0]) if ends else None,
            other_end=other,
            whole=whole,
        )

    def _bounded(self, pending: Pending, newest: Bound) -> Pending:
        """Fixes the upper end of a crawl that goes from the oldest hit to the newest."""
        range_ = pending.range
        if pending.ranked or range_.undated or range_.high is not None:
            return pending
        return attrs.evolve(pending, range=attrs.evolve(range_, high=newest))

    def _left(self) -> int | None:
        """Returns how many hits are still to be yielded, by ``max_items``."""
        most = self.params.max_items
        return None if most is None else max(0, int(most) - self.stats.hits)

    def _workers(self) -> int:
        left = self._left()
        if self.by == "updated":
            return 1  # what is changed meanwhile moves to the end, so there is one end
        if left is None:
            return self.concurrency
        return max(1, min(self.concurrency, -(-left // (PAGE - 1))))

    async def stop(self) -> None:
        """Ends what runs."""
        self.stats.end()
        if self.segments is not None:
            await self.segments.close()

    async def close(self) -> None:
        """Ends what runs, and unlocks the checkpoint."""
        try:
            await self.stop()
        finally:
            if self._lock is not None:
                self._lock.release()

    # Batches

    async def batches(self, *, only_json: bool = False) -> AsyncGenerator[Batch[H], None]:
        """Yields hits in batches.

        Args:
            only_json: Whether the batches hold only the JSON of the hits. It is checked as if they
                were made.

        Raises:
            IncompleteCrawlError: At the end: some hits cannot be reached.
            APIError: A request failed, after its retries.
        """
        segments = self.segments
        if segments is None or self._left() == 0:
            return
        async with aclosing(segments.portions()) as portions:
            async for portion in portions:
                yield self._batch(portion, only_json=only_json)
                if self.checkpoint is None:
                    segments.drop(portion)
                if self._left() == 0:
                    return
        await self._end(segments)

    async def _end(self, segments: Segments) -> None:
        is_ended_early = segments.stopped or segments.postponed is not None
        incomplete = segments.incomplete
        self.stats.finished = segments.is_finished and not (is_ended_early or incomplete)
        self.stats.undated_left_out |= segments.postponed is not None
        if not is_ended_early:
            self.stats.expected = self.stats.hits
        await self._save({} if self.checkpoint is None else self.checkpoint.files)
        if segments.postponed is not None and self.piece is not None:
            # A machine that reads a piece of undated hits has to know that it must try again.
            raise segments.postponed
        if incomplete:
            shown = ", ".join(incomplete[:_SHOWN])
            more = len(incomplete) - _SHOWN
            raise IncompleteCrawlError(
                f"{len(incomplete):,} dates could not be read whole, since as many hits as the cap "
                f"of {self.options.cap:,} share one, or the order of those that do never agrees; "
                f"all other hits were yielded. Not whole: {shown}"
                + (f", and {more:,} more" if more > 0 else ""),
                instants=tuple(incomplete),
            )

    def _batch(self, portion: Portion, *, only_json: bool) -> Batch[H]:
        portion.hits = portion.hits[: self._left()]
        hits, json = self._decoded(portion.hits, only_json=only_json)
        self.stats.hits += len(json)
        self._show(portion.hits)
        return Batch(hits, json, self, portion)

    def _decoded(self, raw: list[Any], *, only_json: bool) -> tuple[list[H], list[Any]]:
        decoder = self._decoder
        invalid: list[tuple[int, Any]] | None = None if self.options.on_invalid == "raise" else []
        hits: list[H] = []
        if only_json:
            decoder.check_hits(raw, invalid=invalid)
        else:
            hits = decoder.hits(raw, invalid=invalid)
        if not invalid:
            return hits, raw
        self.stats.invalid += len(invalid)
        left_out = {index for index, _ in invalid}
        return hits, [hit for index, hit in enumerate(raw) if index not in left_out]

    @cached_property
    def _decoder(self) -> PageDecoder[SearchHits[Any], H]:
        options = self.requester.options
        return PageDecoder(
            options.converter or default_converter(),
            SearchHits,
            self.endpoint.hit_class,
            strict=options.strict,
        )

    def _show(self, raw: list[Any]) -> None:
        """Notes how far the crawl is, and how many hits there may be."""
        field = self.field
        first = next(filter(None, (hit_date(hit, field) for hit in raw)), None)
        if first is None or self.segments is None:
            return
        self.stats.reached = next(filter(None, (hit_date(hit, field) for hit in reversed(raw))))
        checkpoint = self.checkpoint
        newest, horizon = instant(first), self.segments.horizon
        if newest is None or horizon is None:
            return
        self._whole = max(self._whole, abs(newest - horizon))
        share = self.segments.share_left(self._whole)
        if share is not None and share < 1:
            read = self.stats.hits if checkpoint is None else max(self.stats.hits, checkpoint.hits)
            self.stats.expected = round(read / (1 - share))

    async def commit(self, batches: Sequence[Batch[H]], files: Mapping[str, int]) -> None:
        """Notes that the hits of batches were consumed.

        Args:
            batches: The batches.
            files: The good length of the file that they were written to, if any, by its name.

        Raises:
            InvalidParamsError: A batch was committed before.
            CheckpointError: The checkpoint cannot be written.
        """
        for batch in batches:
            if batch._is_committed:
                raise InvalidParamsError("commit() takes each batch once; this one was committed")
            batch._is_committed = True
            self._note(batch)
        # A file that was not written to lacks these hits, so it is not one to go on with.
        await self._save(files)

    def _note(self, batch: Batch[H]) -> None:
        segments, checkpoint = self.segments, self.checkpoint
        if segments is not None and checkpoint is not None:
            portion = batch._portion
            segments.commit(portion)
            checkpoint.see(zip(portion.keys, portion.dates, strict=True))
            checkpoint.hits += len(batch.json)

    async def _save(self, files: Mapping[str, int]) -> None:
        checkpoint, segments, path = self.checkpoint, self.segments, self._path
        if checkpoint is None or segments is None or path is None:
            return
        async with self._saving:
            checkpoint.pending = segments.pending()
            checkpoint.finished = not checkpoint.pending
            checkpoint.files = dict(files)
            checkpoint.requests, checkpoint.retries = self.stats.requests, self.stats.retries
            checkpoint.invalid = self.stats.invalid
            checkpoint.undated_left_out = self.stats.undated_left_out
            # Encoded here, since workers cut pieces in two while the thread writes: the near
            # part of a piece without the far one would lose hits.
            await in_thread(checkpoint.write, path, checkpoint.to_json())

    # Without consuming

    async def count_by_reading(self) -> int:
        """Returns the number of hits, and reads them all. A checkpoint makes no difference."""
        self.options = attrs.evolve(self.options, checkpoint=None)
        await self.open()
        if self.segments is None:
            return 0
        count = 0
        async for portion in self.segments.portions():
            count += len(portion.hits)
            self.segments.commit(portion)
        return count

    async def planned(self) -> tuple[Range, dict[str, str]]:
        """Returns the range of the whole crawl, and the dates of hits that are not wanted."""
        range_, earlier = await self._range(None)
        return range_, {} if earlier is None else dict(earlier.recent)

    def sampling(self, range_: Range) -> Sampling:
        """Returns what cuts a range into pieces.

        The hits of a ranked search are assumed to be spread as all hits are, since no order by
        date can be asked for.
        """
        params = self.params
        if self.is_ranked:
            unranked = dict.fromkeys(_RANKING & attrs.fields_dict(type(params)).keys())
            params = attrs.evolve(params, **unranked)
        ask = self._requests_of(params).ask
        return Sampling(ask=ask, range=range_, field=self.field, cap=self.options.cap)

    def _requests_of(self, params: SearchParams) -> CrawlRequests:
        return CrawlRequests(
            self.requester, self.endpoint, params, self.field, self.stats, progress=self.progress
        )

    async def counting(self, limit: int | None) -> Counting:
        """Returns what counts the hits of this crawl, in its whole range."""
        range_, earlier = await self._range(None)
        return Counting(
            ask=self._requests_of(self.params).ask,
            range=range_,
            field=self.field,
            cap=self.options.cap,
            ranked=self.is_ranked,
            undated=range_ == Range(),
            known=frozenset() if earlier is None else frozenset(earlier.recent),
            limit=limit,
        )
