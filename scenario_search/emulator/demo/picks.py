"""Seeded choices for the demo data: picks, ids, signed URLs and timestamps."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

__all__ = ["SECONDS", "Pick", "iso_time", "stable_id", "thumbnail_of"]

T = TypeVar("T")

START = datetime(2024, 1, 1, tzinfo=UTC)
SECONDS = int((datetime(2026, 1, 1, tzinfo=UTC) - START).total_seconds())
"""Seconds in the two years that the demo's dates lie in."""
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Pick:
    """Choices from one seeded stream, made with `random()` alone so that they never change."""

    def __init__(self, *key: object) -> None:
        source = random.Random("/".join(map(str, key)))  # noqa: S311
        self.random = source.random

    def one(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(self.random() * len(options))]

    def number(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, share: float) -> bool:
        """True in `share` of the cases, a number from 0 to 1."""
        return self.random() < share

    def bytes(self, count: int) -> bytes:
        """`count` random bytes."""
        return bytes(int(self.random() * 256) for _ in range(count))

    def between(self, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        return low + self.random() * (high - low)

    def numbers(self, count: int, *ranges: tuple[float, float]) -> Iterator[Sequence[float]]:
        """`count` times a number from each range, chosen when it is asked for."""
        for _ in range(count):
            yield [self.between(*each) for each in ranges]

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """`count` different options, or all when there are fewer."""
        pool = list(dict.fromkeys(options))
        return [pool.pop(int(self.random() * len(pool))) for _ in range(min(count, len(pool)))]


def stable_id(prefix: str, *key: object) -> str:
    """Id such as `asset_GTrL3mq4SXWyMxkOHRxlpw`, a function of the prefix and the key alone."""
    number = int.from_bytes(hashlib.blake2b(repr((prefix, *key)).encode(), digest_size=16).digest())
    letters = []
    for _ in range(22):
        number, rest = divmod(number, 62)
        letters.append(ALPHABET[rest])
    return prefix + "_" + "".join(letters)


def thumbnail_of(base_url: str, asset_id: str) -> dict[str, str]:
    """A preview of the asset, whose own id is another one, as on the real service."""
    path = f"/thumbnails/{asset_id}.webp"
    return {"assetId": stable_id("asset", "thumbnail", asset_id), "url": base_url + path}


def iso_time(seconds: float) -> str:
    """Timestamp in the API's form, `seconds` after 2024-01-01 and never past 2025-12-31."""
    moment = START + timedelta(milliseconds=int(min(seconds, SECONDS - 1) * 1000))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
