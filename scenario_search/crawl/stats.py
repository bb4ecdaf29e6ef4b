"""What a crawl has done so far, and how far it is."""

from __future__ import annotations

import time

import attrs

__all__ = ["CrawlEstimate", "CrawlStats"]


@attrs.define
class CrawlStats:
    """The statistics of a crawl so far. With a checkpoint, they cover all of its runs."""

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
        """Seconds since this run began, or its duration once it has ended."""
        return (time.monotonic() if self.ended is None else self.ended) - self.began

    @property
    def time_left(self) -> float | None:
        """Estimated remaining seconds, from the density of hits so far; ``None`` if unknown."""
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
    """An estimate of the number of hits of a crawl, and of its requests.

    Attributes:
        low: The minimum number of hits, which were counted.
        likely: The number of hits, extrapolated from the mean of the measured densities.
        high: The number of hits, extrapolated from the highest measured density. Hits come in
            bursts, so there may be even more.
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
