"""Whether to send a request again, and when. Pure: no clock, no I/O.

The waits grow: half a second, one, two, four, eight, each taken at random between nothing and
that and never more than the caller allows ("full jitter", so that many clients do not come back
at the same moment). What the server asks for with ``Retry-After`` wins over that; where it asks
for more than the caller allows, the wait is not begun. No wait that would outlast the time left
is begun either. So a call takes at most ``max_retries + 1`` timeouts and ``max_retries`` waits
of ``max_retry_wait``, and never more than its deadline.

Sources: RFC 9110, section 10.2.3 (``Retry-After``); "RateLimit header fields for HTTP" of the
IETF's HTTPAPI working group (``RateLimit``, and ``RateLimit-Reset`` in its first drafts).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import attrs

from scenario_search.errors import (
    APICertificateError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    QuotaExceededError,
)

__all__ = ["RetryPolicy", "retry_after_seconds"]

FIRST_WAIT = 0.5
"""Seconds: the upper bound of the first wait."""

LONGEST_WAIT = 8.0
"""Seconds: the upper bound of any wait that the server did not ask for."""

_RETRIED = {408, 409, 429}
_FIRST_MOMENT = 1e9
"""Seconds since 1970 (September 2001): no duration is as long, and no moment of now as early."""

_PARAMETER = re.compile(r";\s*([rt])\s*=\s*([0-9]{1,15})(?![^\s;])")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")


def _number(text: str | None) -> float | None:
    """Returns a plain non-negative decimal as a number; ``None`` for anything else."""
    if text is None or not _NUMBER.fullmatch(text := text.strip(" \t")):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def retry_after_seconds(
    headers: Mapping[str, str], now: datetime, *, limited: bool = False
) -> float | None:
    """Returns how many seconds the server asks to wait; ``None`` where it does not say.

    ``retry-after-ms`` (milliseconds) wins over ``Retry-After`` (seconds, or a date), and that over
    the headers of a rate limit. A date in the past is 0. What is no such thing is passed over.

    Args:
        headers: The response's headers; look-ups must ignore case.
        now: The current time, with a time zone.
        limited: Whether a rate limit is the reason. Many servers send the headers of rate limits
            with every response, where they ask for nothing.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    seconds = _retry_after(headers.get("retry-after"), now)
    return _until_reset(headers, now) if seconds is None and limited else seconds


def _retry_after(text: str | None, now: datetime) -> float | None:
    if text is None or not text.isascii():
        return None
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _until_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Returns the seconds until a rate limit is reset; ``None`` if unknown, or if that is now."""
    seconds = _of_exhausted_limits(headers.get("ratelimit") or "")
    for name in ("ratelimit-reset", "x-ratelimit-reset"):
        if seconds is None:
            seconds = _number(headers.get(name))
    if seconds is None:
        return None
    # Some servers send the moment, in seconds or milliseconds since 1970, in place of a duration.
    if seconds >= _FIRST_MOMENT * 1000:
        seconds /= 1000
    if seconds >= _FIRST_MOMENT:
        seconds -= now.timestamp()
    return seconds if seconds > 0 else None


def _of_exhausted_limits(text: str) -> float | None:
    """Returns the largest ``t=`` of ``"policy";r=0;t=30, ...``, of limits with nothing left."""
    waits = []
    for limit in text.split(","):
        parameters = dict(_PARAMETER.findall(limit))
        if float(parameters.get("r", 0)) == 0 and (seconds := parameters.get("t")):
            waits.append(float(seconds))
    return max(waits, default=None)


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often to send a request again, and how long to wait at most.

    Attributes:
        max_retries: How many times a failed attempt is repeated.
        max_retry_wait: Seconds that a single wait may take.
    """

    max_retries: int = 2
    max_retry_wait: float = 60.0

    def delay(
        self, error: APIError, attempt: int, *, chance: float, time_left: float | None = None
    ) -> float | None:
        """Returns the seconds to wait before the next attempt; ``None`` to give up.

        Args:
            error: How the attempt ended.
            attempt: Its number, from 0.
            chance: A random number from 0 to 1: the jitter.
            time_left: Seconds until the call's deadline; ``None`` without one.
        """
        if attempt >= self.max_retries or not is_retryable(error):
            return None
        if error.retry_after is not None:
            delay = error.retry_after
        else:
            longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt, 10), self.max_retry_wait)
            delay = chance * longest
        if delay > self.max_retry_wait or (time_left is not None and delay >= time_left):
            return None
        return delay


def is_retryable(error: APIError) -> bool:
    """Whether sending again may help: the connection, the load or the server failed."""
    if isinstance(error, APIConnectionError):
        return not isinstance(error, APICertificateError)
    if isinstance(error, QuotaExceededError) or error.status_code is None:
        return False
    if isinstance(error, APIResponseValidationError):
        return error.truncated
    status = error.status_code
    return status in _RETRIED or (500 <= status <= 599 and status != 501)
