"""Crawls: every hit of a search, past the engine's result cap, once, and resumable.

The engine gives at most 1000 hits for a search. A crawl cuts ``createdAt`` into windows until
each holds fewer, and reads each window whole:

- The request that counts a window asks for 100 hits, so it brings its first page too.
- The pages after it overlap by one hit. Where the last hit of one is not the first of the
  next, the index has changed in between, and the window is read again.
- A window is done when the distinct hits that came are as many as the engine counts. Otherwise
  it is read again, then split.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar

import anyio.to_thread
import attrs

from scenario_search.checkpoint import Checkpoint
from scenario_search.crawl_params import (
    CrawlStats,
    CrawlWindow,
    RunOptions,
    joined,
    since_moment,
)
from scenario_search.errors import (
    APIError,
    APIResponseValidationError,
    BadRequestError,
    IncompleteCrawlError,
    InvalidParamsError,
)
from scenario_search.images import image_reference
from scenario_search.pacing import Pause
from scenario_search.paging import Position, whole_number
from scenario_search.params import MAX_PAGE_SIZE, Images, SearchParams, like_unlike
from scenario_search.responses import Hit
from scenario_search.search import PreparedSearch
from scenario_search.windows import UNDATED, Sample, Window, gaps, milliseconds

if TYPE_CHECKING:
    from scenario_search.client import AsyncScenario
    from scenario_search.search import Endpoint

__all__ = ["AsyncCrawl", "Piece"]

H = TypeVar("H", bound=Hit)

_DEFAULT_CONCURRENCY = 8
_DEFAULT_RETRIES = 8
_READINGS = 3
_HORIZON_START = milliseconds("2020-01-01T00:00:00Z") or 0
_DAY = 86_400_000


@attrs.frozen
class _Page(Generic[H]):
    """What a request brought: the ids of all its hits, and those that could be decoded."""

    ids: list[object]
    hits: list[H]
    total: int


@attrs.define
class Piece(Generic[H]):
    """A window that was read, with its hits.

    Attributes:
        window: The window.
        hits: Its hits, in the crawl's order.
        total: How many the engine counts in it.
        invalid: How many of them could not be decoded.
        problem: Why they may not be all, or ``None``.
    """

    window: Window
    hits: list[H]
    total: int
    invalid: int = 0
    problem: str | None = None


@attrs.define(eq=False)
class _Slot(Generic[H]):
    """A window's place in the order, and the task that reads it."""

    window: Window
    first: _Page[H] | None = None
    task: asyncio.Task[Piece[H] | None] | None = None


class AsyncCrawl(Generic[H]):
    """All hits of a search: iterate over it, inside ``async with`` to have requests run at once.

    Made by ``client.crawl``.

    Attributes:
        stats: What it has done so far.
    """

    def __init__(
        self,
        client: AsyncScenario,
        endpoint: Endpoint[Any, Any, Any, H],
        params: SearchParams,
        options: RunOptions,
        *,
        window: Window | None = None,
    ) -> None:
        self.stats = CrawlStats()
        self._client = client
        self._endpoint = endpoint
        self._options = options
        self._given = window
        self._since = getattr(options, "since", None)
        retries = _DEFAULT_RETRIES if params.max_retries is None else params.max_retries
        self._params = attrs.evolve(params, max_retries=retries)
        self._ranked = _is_ranked(params)
        self._cap = options.cap
        self._capped = False
        self._counting = False
        self._counted = 0
        self._entered = False
        self._slots: list[_Slot[H]] = []
        self._running = asyncio.Semaphore(1)
        self._pause = Pause()
        self._incomplete: list[Piece[H]] = []
        self._checkpoint: Checkpoint | None = None
        self._known: tuple[str, frozenset[str]] | None = None
        self._horizon = (_HORIZON_START, int(time.time() * 1000) + _DAY)

    @property
    def _newest_first(self) -> bool:
        return self._options.order == "newest"

    @property
    def _concurrency(self) -> int:
        if self._options.concurrency is not None:
            return self._options.concurrency
        return _DEFAULT_CONCURRENCY if self._entered else 1

    # Life

    async def __aenter__(self) -> Self:
        self._entered = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered = False
        await _cancelled([slot.task for slot in self._slots if slot.task is not None])

    def __aiter__(self) -> AsyncIterator[H]:
        return self._hits(self._batches())

    async def _hits(self, batches: AsyncIterator[list[H]]) -> AsyncIterator[H]:
        async for batch in batches:
            for hit in batch:
                yield hit

    def _batches(self) -> AsyncIterator[list[H]]:
        """Give the hits, those of a window at once. A window is marked when the next is asked for.

        Raises:
            TypeError: It would run tasks, and is not inside ``async with``.
        """
        if self._concurrency > 1 and not self._entered:
            raise TypeError(
                "A crawl with concurrency above 1 runs tasks: write "
                "'async with client.crawl....(...) as crawl' and iterate inside"
            )
        return self._marked_batches()

    async def _marked_batches(self) -> AsyncIterator[list[H]]:
        left = self._params.max_items
        if left == 0:
            return
        async for piece in self.pieces():
            yield piece.hits[:left]
            if left is not None and (left := left - len(piece.hits)) <= 0:
                return
            await self.mark(piece)

    async def pieces(self) -> AsyncIterator[Piece[H]]:
        """Give window after window, each with its hits. Call :meth:`mark` after each.

        Raises:
            IncompleteCrawlError: At the end, where windows could not be read whole.
            CheckpointError: The checkpoint belongs to another request.
            APIError: A request failed, after its retries.
        """
        self.stats = CrawlStats()
        self._running = asyncio.Semaphore(self._concurrency)
        self._incomplete = []
        await self._begin()
        while self._slots:
            self._schedule()
            slot = self._slots[0]
            piece = await (self._read(slot) if slot.task is None else slot.task)
            if piece is None:
                continue
            del self._slots[0]
            self._account(piece)
            yield piece
        self.stats.ended = time.monotonic()
        if self._incomplete:
            self._raise_incomplete()
        self.stats.expected = self._counted
        if self._checkpoint is not None and not self._checkpoint.finished:
            self._checkpoint.finished = True
            await self._save()

    def _account(self, piece: Piece[H]) -> None:
        self._counted += piece.total
        self.stats.hits += len(piece.hits)
        self.stats.invalid += piece.invalid
        if piece.problem is None:
            self.stats.windows += 1
        else:
            self._incomplete.append(piece)
        if self._capped:
            self.stats.expected = self._counted

    def _raise_incomplete(self) -> NoReturn:
        shown = "; ".join(f"{piece.window}: {piece.problem}" for piece in self._incomplete[:5])
        more = f"; and {len(self._incomplete) - 5} more" if len(self._incomplete) > 5 else ""
        raise IncompleteCrawlError(
            f"{len(self._incomplete)} windows could not be read whole: {shown}{more}",
            windows=tuple(piece.window for piece in self._incomplete),
        )

    # Where to begin, and how far it came

    async def mark(self, piece: Piece[H], files: dict[str, int] | None = None) -> None:
        """Say that a window's hits have been consumed, so that a resumed crawl passes it over.

        Args:
            piece: The window.
            files: How many bytes of each export are good now, by its path.
        """
        if self._checkpoint is None or piece.problem is not None:
            return
        self._checkpoint.mark(piece.window, [(hit.id, hit.created_at) for hit in piece.hits])
        self._checkpoint.files.update(files or {})
        await self._save()

    async def _save(self) -> None:
        if self._checkpoint is not None and self._options.checkpoint is not None:
            path = Path(self._options.checkpoint)
            await anyio.to_thread.run_sync(self._checkpoint.save, path)

    async def _begin(self) -> None:
        """Read the checkpoint, and cut what is left to do into the first windows."""
        limit = self._client.options.max_image_bytes
        self._params = await anyio.to_thread.run_sync(_with_references, self._params, limit)
        whole = await self._whole()
        self._checkpoint = done = await self._read_checkpoint(whole)
        self._slots = []
        if done is not None:
            self.stats.hits = self._counted = done.hits
            if done.finished:
                return
        fresh = done is None or not done.done
        if not whole.undated:
            for gap in self._ordered(gaps(whole, () if done is None else done.done)):
                self._slots += await self._first_slots(gap) if fresh else [_Slot(gap)]
        wanted = whole.undated or (whole == Window() and self._given is None)
        if wanted and not (done is not None and done.undated_done):
            self._slots.append(_Slot(UNDATED))

    async def _whole(self) -> Window:
        """Give the window that all others are pieces of."""
        if self._given is not None:
            return self._given
        if self._since is None:
            return Window()
        moment = since_moment(self._since)
        if moment is None:
            moment = await self._known_since(Path(self._since))
        return Window(start=moment)

    async def _known_since(self, path: Path) -> int | None:
        """Read the finished checkpoint that ``since`` names: the newest moment it knows."""
        digest = await self._digest(Window())
        found = await anyio.to_thread.run_sync(Checkpoint.read, path, digest)
        if found is None:
            raise InvalidParamsError(f"`since` is no moment, and there is no checkpoint {path}")
        if not found.finished:
            raise InvalidParamsError(f"`since`: finish the crawl of the checkpoint {path} first")
        if found.newest is None:
            return None
        self._known = (found.newest, frozenset(found.newest_ids))
        return milliseconds(found.newest)

    async def _read_checkpoint(self, whole: Window) -> Checkpoint | None:
        if self._options.checkpoint is None:
            return None
        digest = await self._digest(whole)
        path = Path(self._options.checkpoint)
        found = await anyio.to_thread.run_sync(Checkpoint.read, path, digest)
        return found or Checkpoint(digest)

    async def _digest(self, whole: Window) -> str:
        search = PreparedSearch(self._client, self._endpoint, self._params)
        bounds = f"{self._params.kind} {whole.start} {whole.end} {whole.undated} "
        project = f"{search.query} "
        return hashlib.sha256((bounds + project).encode() + search.encoded_start()).hexdigest()

    # Windows

    def _ordered(self, windows: Iterable[Window]) -> list[Window]:
        """Put windows that come oldest first into the crawl's order."""
        return list(windows)[:: -1 if self._newest_first else 1]

    def _schedule(self) -> None:
        """Start tasks for the first windows, as many as may be in memory at once."""
        if not self._entered:
            return
        for slot in self._slots[: self._concurrency + 2]:
            if slot.task is None:
                slot.task = asyncio.get_running_loop().create_task(self._read(slot))

    async def _first_slots(self, whole: Window) -> list[_Slot[H]]:
        """Count the whole and its halves: this tells whether the engine caps its totals.

        A whole that is less than the sum of its halves is capped, and tells the cap. Halves of
        which one is empty tell nothing, so they are cut further.
        """
        page = await self._page(whole, 0)
        before: list[_Slot[H]] = []
        after: list[_Slot[H]] = []
        total = page.total
        while page.total >= MAX_PAGE_SIZE:
            at = await self._cut(whole, page)
            if at is None:
                break
            halves = self._ordered(whole.split(at))
            first, second = await self._gather([self._page(half, 0) for half in halves])
            slots: list[_Slot[H]] = [_Slot(halves[0], first), _Slot(halves[1], second)]
            if first.total and second.total:
                if total < first.total + second.total:
                    self._capped = True
                    self._cap = min(self._cap, total)
                    total = 0
                self.stats.expected = total or None
                return [*before, *slots, *after]
            if second.total:
                before.append(slots[0])
                whole, page = halves[1], second
            else:
                after.insert(0, slots[1])
                whole, page = halves[0], first
        self.stats.expected = total
        return [*before, _Slot(whole, page), *after]

    async def _read(self, slot: _Slot[H]) -> Piece[H] | None:
        """Read a slot's window whole; where it is too full, put its halves in its place."""
        window, problem = slot.window, ""
        for reading in range(1, _READINGS + 1):
            try:
                page = slot.first or await self._page(window, 0)
            except BadRequestError:
                if not window.undated:
                    raise
                self.stats.undated_left_out = True
                return Piece(window, [], 0)
            slot.first = None
            if page.total >= self._cap:
                problem = f"{page.total:,} hits or more, of which the engine gives {self._cap:,}"
                break
            if self._counting:
                return Piece(window, [], page.total)
            ids, hits = await self._rest(window, page)
            if len(ids) == page.total:
                return Piece(window, self._kept(window, hits), page.total, page.total - len(hits))
            problem = f"it changed while it was read, {reading} times"
        at = await self._cut(window, page)
        if at is None:
            hits = [] if self._counting else await self._what_there_is(window, page.total)
            return Piece(window, self._kept(window, hits), page.total, problem=problem)
        index = self._slots.index(slot)
        self._slots[index : index + 1] = [_Slot(half) for half in self._ordered(window.split(at))]
        self._schedule()
        return None

    async def _cut(self, window: Window, page: _Page[H]) -> int | None:
        """Find where to cut a window, with a look into its middle where that may help."""
        dates = _dates(page.hits)
        if not dates:
            return window.cut(Sample(), self._horizon)
        if self._ranked:
            return window.cut(Sample(inside=sorted(dates)[len(dates) // 2]), self._horizon)
        sample = Sample(newest=dates[0]) if self._newest_first else Sample(oldest=dates[0])
        if MAX_PAGE_SIZE < page.total < 4 * self._cap:
            middle = await self._page(window, min(page.total, self._cap) // 2, size=1)
            sample = attrs.evolve(sample, inside=next(iter(_dates(middle.hits)), None))
        return window.cut(sample, self._horizon)

    async def _rest(self, window: Window, first: _Page[H]) -> tuple[set[object], list[H]]:
        """Read the pages after the first, each from the last hit of the one before.

        Returns:
            The distinct ids and the hits; no ids where something moved in between.
        """
        step = MAX_PAGE_SIZE - 1
        offsets = range(step, first.total - 1, step)
        rest = await self._gather([self._page(window, offset) for offset in offsets])
        pages = [first, *rest]
        for page, following in zip(pages, rest, strict=False):
            if page.ids[-1:] != following.ids[:1]:
                return set(), []
        ids = first.ids + [id_ for page in rest for id_ in page.ids[1:]]
        self.stats.duplicates += len(ids) - len(set(ids))
        return set(ids), _distinct(pages)

    async def _what_there_is(self, window: Window, total: int) -> list[H]:
        """Read as much of a window as the engine gives."""
        offsets = range(0, min(total, self._cap), MAX_PAGE_SIZE)
        return _distinct(await self._gather([self._page(window, offset) for offset in offsets]))

    def _kept(self, window: Window, hits: list[H]) -> list[H]:
        """Give the hits that belong to a window, in order, without those already known."""
        kept = [hit for hit in hits if window.holds(hit.created_at)]
        self.stats.duplicates += len(hits) - len(kept)
        if self._known is not None:
            newest, ids = self._known
            kept = [hit for hit in kept if hit.created_at != newest or hit.id not in ids]
        if self._ranked:
            kept.sort(key=lambda hit: str(hit.created_at or ""), reverse=self._newest_first)
        return kept

    # Requests

    async def _page(self, window: Window, offset: int, *, size: int = MAX_PAGE_SIZE) -> _Page[H]:
        """Ask for hits of a window; the first page in page mode, whose total is exact."""
        start = offset or 1
        position = Position(paged=not offset, start=start, size=size)
        invalid: list[tuple[int, Any]] | None = [] if self._options.on_invalid == "skip" else None
        params = attrs.evolve(self._params, filter=joined(self._params.filter, window.filter()))
        if not self._ranked:
            order = "desc" if self._newest_first else "asc"
            params = attrs.evolve(params, sort_by=[f"createdAt:{order}"])
        search = PreparedSearch(self._client, self._endpoint, params)
        retries = 0
        try:
            async with self._running:
                page = await search.fetch(position, invalid=invalid, pause=self._pause)
            retries = page.response.retries_taken
        except APIError as error:
            retries = error.retries_taken
            raise
        finally:
            self.stats.requests += 1 + retries
            self.stats.retries += retries
        if self._options.progress is not None:
            self._options.progress(self.stats)
        total = whole_number(page.total)
        if total is None:
            raise APIResponseValidationError(
                "The answer has no totalHits, so a crawl cannot know what to expect",
                paths=("$.totalHits",),
                status_code=page.response.status,
                request_id=page.response.request_id,
            )
        ids: list[object] = [hit.id for hit in page.hits]
        for index, data in invalid or ():
            ids.insert(index, data.get("id", object()) if isinstance(data, dict) else object())
        return _Page(ids, page.hits, total)

    async def _gather(self, calls: Iterable[Coroutine[Any, Any, _Page[H]]]) -> list[_Page[H]]:
        """Await all calls: at once inside ``async with``, else one after the other."""
        calls = list(calls)
        if not self._entered:
            try:
                return [await call for call in calls]
            finally:
                for call in calls:
                    call.close()
        tasks = [asyncio.get_running_loop().create_task(call) for call in calls]
        try:
            return await asyncio.gather(*tasks)
        finally:
            await _cancelled(tasks)

    # Without reading

    async def count(self) -> int:
        """Count the hits exactly, past the engine's cap. A checkpoint makes no difference.

        Raises:
            IncompleteCrawlError: More than the cap were created in one millisecond.
        """
        return sum([window.expected for window in await self.plan()])

    async def plan(self) -> list[CrawlWindow]:
        """Cut the crawl into windows, and count each, without reading them.

        Raises:
            IncompleteCrawlError: More than the cap were created in one millisecond.
        """
        options = attrs.evolve(self._options, checkpoint=None)
        counting = AsyncCrawl(
            self._client, self._endpoint, self._params, options, window=self._given
        )
        counting._counting = True
        async with counting:
            pieces = [piece async for piece in counting.pieces()]
        return [CrawlWindow(counting._params, piece.window, piece.total) for piece in pieces]


async def _cancelled(tasks: list[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _is_ranked(params: SearchParams) -> bool:
    """Say whether the engine ranks the hits, so that it does not sort them by date."""
    image, images = getattr(params, "image", None), getattr(params, "images", None)
    return bool(params.query) or image is not None or images is not None


def _with_references(params: SearchParams, max_bytes: int) -> SearchParams:
    """Turn reference images into what is sent, once for all windows."""
    changes: dict[str, Any] = {}
    image, images = getattr(params, "image", None), getattr(params, "images", None)
    if image is not None:
        changes["image"] = image_reference(image, max_bytes=max_bytes)
    if images is not None:
        like, unlike = (
            [image_reference(source, max_bytes=max_bytes) for source in side]
            for side in like_unlike(images)
        )
        changes["images"] = Images(like=like, unlike=unlike)
    return attrs.evolve(params, **changes)


def _distinct(pages: Iterable[_Page[H]]) -> list[H]:
    return list({hit.id: hit for page in pages for hit in page.hits}.values())


def _dates(hits: Iterable[Hit]) -> list[int]:
    found = (milliseconds(hit.created_at) for hit in hits)
    return [date for date in found if date is not None]
