"""What a crawl has done so far, and how far it is."""

from __future__ import annotations

import time

import attrs

__all__ = ["CrawlEstimate", "CrawlStats"]


@attrs.define
class CrawlStats:
    """What a crawl has done so far; with a checkpoint, in all of its runs."""

    hits: int = 0
    """Number of hits yielded."""
    requests: int = 0
    """Number of requests sent, retries included."""
    retries: int = 0
    """How many of them were retries."""
    invalid: int = 0
    """Number of hits that could not be decoded and were left out."""
    undated_left_out: bool = False
    """Whether hits without a date are left out.

    That is where the server refuses to be asked for them, and where ``since`` is set. Where it
    refuses because of a limit, a resumed crawl asks again.
    """
    finished: bool = False
    """Whether everything was read and consumed."""
    reached: str | None = None
    """The date of the last hit yielded, as the server sent it."""
    expected: int | None = None
    """Number of hits there may be, by the density seen so far; exact at the end."""
    earlier_hits: int = attrs.field(default=0, repr=False)
    """How many of the hits earlier runs yielded."""
    began: float = attrs.field(factory=time.monotonic, repr=False)
    """When this run began, on the monotonic clock."""
    ended: float | None = attrs.field(default=None, repr=False)
    """When this run ended, on the monotonic clock."""

    @property
    def elapsed(self) -> float:
        """Seconds since this run began, or that it took."""
        return (time.monotonic() if self.ended is None else self.ended) - self.began

    @property
    def time_left(self) -> float | None:
        """Seconds that the rest may take, by the density seen so far; ``None`` if unknown."""
        new = self.hits - self.earlier_hits
        if self.finished:
            return 0.0
        if self.expected is None or new <= 0:
            return None
        return self.elapsed * max(0, self.expected - self.hits) / new

    def end(self) -> None:
        """Stops the clock, if it runs."""
        if self.ended is None:
            self.ended = time.monotonic()


@attrs.frozen
class CrawlEstimate:
    """How many hits a crawl will bring, and how many requests it will send.

    Attributes:
        low: The number of hits there are at least.
        likely: The number by the density of hits where it was measured.
        high: The number if hits were everywhere as dense as in the densest place measured. Hits
            come in bursts, so there may be more all the same.
        requests: The number of requests for the likely number of hits.
        spent: The number of requests that this estimate took.
    """

    low: int
    likely: int
    high: int
    requests: int
    spent: int

    @property
    def is_exact(self) -> bool:
        """Whether every hit was counted."""
        return self.low == self.high
