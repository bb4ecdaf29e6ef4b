"""Signed URLs of files, as the service's CDN has them.

A URL is signed by ``Policy``, ``Signature`` and ``Key-Pair-Id``. The policy says until when it
holds, and for which URLs: its ``Resource`` ends in a wildcard, so that further parameters may be
added. Sources: "Content Delivery Network" in Scenario's documentation; "Create a signed URL using
a custom policy" in Amazon CloudFront's.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import functools
import hmac
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from scenario_search.emulator.contract.refusals import RefusedError

__all__ = ["SIGNATURE", "Signer", "rolling_expiry"]

SIGNATURE = ("Policy", "Signature", "Key-Pair-Id")
"""The parameters that sign a URL."""

_KEY_PAIR_ID = b"KEMULATOR"
_DAY = 24 * 60 * 60
_TO_URL = bytes.maketrans(b"+=/", b"-_~")
_FROM_URL = bytes.maketrans(b"-_~", b"+=/")


def rolling_expiry(now: float) -> int:
    """Returns when a URL expires that is signed now, by the service's calendar.

    That is the end of the 14th, the 21st, the month's last day or the next month's 7th: at least
    six days later, and the same for all URLs of a week, so that they can be cached.

    Args:
        now: Seconds since 1970.
    """
    return _expiry_of_day(int(now // _DAY))


@functools.lru_cache(maxsize=8)
def _expiry_of_day(day: int) -> int:
    today = datetime.fromtimestamp(day * _DAY, UTC).replace(hour=23, minute=59, second=59)
    if today.day > 21:
        until = (today.replace(day=28) + timedelta(days=4)).replace(day=7)
    elif today.day > 14:
        until = today.replace(day=calendar.monthrange(today.year, today.month)[1])
    else:
        until = today.replace(day=14 if today.day <= 7 else 21)
    return int(until.timestamp())


class Signer:
    """Signs URLs, and checks those that come back.

    Args:
        lifetime: Seconds until a URL expires; None for the service's calendar.
        clock: Returns the time in seconds since 1970.
    """

    def __init__(self, lifetime: float | None, clock: Callable[[], float] = time.time) -> None:
        self._lifetime = lifetime
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def expire(self) -> None:
        """Makes every URL signed so far a 403."""
        self._key = secrets.token_bytes(32)

    def signed(self, url: bytes) -> bytes:
        """Returns a URL without a query string with its signature."""
        policy = b'{"Statement":[{"Resource":"%s*","Condition":{"DateLessThan":' % url
        policy += b'{"AWS:EpochTime":%d}}}]}' % self._until()
        values = _encoded(policy), self._signature(policy), _KEY_PAIR_ID
        return b"%s?Policy=%s&Signature=%s&Key-Pair-Id=%s" % (url, *values)

    def check(self, path: str, query_string: str) -> None:
        """Accepts a URL as it was answered, also with further parameters.

        Args:
            path: Its path, as it is quoted.
            query_string: Its parameters.

        Raises:
            RefusedError: A 403: the signature is missing, changed or expired.
        """
        values = parse_qs(query_string)
        if any(len(values.get(name, ())) != 1 for name in SIGNATURE):
            raise _refused("The URL is not signed")
        policy, signature, key = (values[name][0] for name in SIGNATURE)
        try:
            text = base64.b64decode(policy.encode("ascii").translate(_FROM_URL), validate=True)
        except (UnicodeEncodeError, binascii.Error):
            raise _refused("The URL's policy cannot be read") from None
        expected = self._signature(text), _KEY_PAIR_ID
        sent = (each.encode(errors="surrogatepass") for each in (signature, key))
        if not all(map(hmac.compare_digest, sent, expected)):
            raise _refused("The URL's signature does not match")
        (statement,) = orjson.loads(text)["Statement"]  # our own, since its signature is
        # Clients differ in what they quote.
        if unquote(urlsplit(statement["Resource"]).path) != f"{unquote(path)}*":
            raise _refused("The URL's signature is that of another file")
        if statement["Condition"]["DateLessThan"]["AWS:EpochTime"] <= self._clock():
            raise _refused("The URL has expired")

    def _until(self) -> int:
        now = self._clock()
        if self._lifetime is None:
            return rolling_expiry(now)
        # Rounded, so that pages that follow each other have the same URLs.
        step = max(1, int(self._lifetime) // 24)
        return int(now) // step * step + step + int(self._lifetime)

    def _signature(self, policy: bytes) -> bytes:
        return _encoded(hmac.digest(self._key, policy, "sha256"))


def _encoded(data: bytes) -> bytes:
    return base64.b64encode(data).translate(_TO_URL)


def _refused(message: str) -> RefusedError:
    return RefusedError(403, message, "ACCESS_DENIED")
