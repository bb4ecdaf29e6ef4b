"""Bounds on how dense a body may be: how many values it holds for its size.

The event loop waits while a body is decoded, for a time that depends on the number of values more
than on the number of bytes. The bounds are far above any page of hits, and keep that time below
15 ms for each MiB begun.
"""

from __future__ import annotations

import random

__all__ = [
    "MAX_COLONS",
    "MAX_COMMAS",
    "MAX_CONTAINERS",
    "MAX_REREAD",
    "DenseError",
    "check",
    "check_to_reread",
]

MAX_COMMAS = 200_000
"""A body with more is refused before it is decoded: decoded, it could take a hundred times its
size. A page of 100 hits has about 5,000. A body of at most 400 kB has more only inside of texts."""

MAX_CONTAINERS = 20_000
"""Arrays and objects for each MiB begun. They may stand in one another without a comma: 8 MiB of
brackets would become 400 MB. In Python 3.11 the garbage collector runs while orjson makes them, and
goes through everything once they are a quarter of it. A page of 100 hits has about 1,000."""

MAX_COLONS = 40_000
"""Colons for each MiB begun. Each may follow a key of its own, which takes far longer than one that
comes again. A page of 100 hits has about 4,000."""

MAX_REREAD = 40_000
"""Values for each MiB begun of a body that Python has to go through, which takes ten times as long.
An array or an object counts as four more, a colon and an escaped Latin character as two. A page of
100 hits comes to about 18,000."""

_MIB = 2**20
_SAMPLED = 2**19
_STRIDES = (601, 613, 641, 653, 673, 701, 727, 751, 773, 797, 821, 839, 863, 887, 911, 937, 967)


class DenseError(ValueError):
    """A body has more values than any page of hits of its size."""


def check(body: bytes) -> None:
    """Checks a body that is about to be decoded.

    Raises:
        DenseError: It has too many values.
    """
    # Each array and object has two brackets, and each comma stands behind a value, so a short body
    # needs no counting.
    size, times = len(body), _mebibytes(body)
    if size > 2 * MAX_CONTAINERS * times and _may_be_dense(body):
        if _containers(body) > MAX_CONTAINERS * times:
            raise DenseError(f"more than {MAX_CONTAINERS * times:,} arrays and objects")
        if body.count(b":") > MAX_COLONS * times:
            raise DenseError(f"more than {MAX_COLONS * times:,} colons")
    if size > 2 * MAX_COMMAS and body.count(b",") > MAX_COMMAS:
        raise DenseError(f"more than {MAX_COMMAS:,} commas")


def check_to_reread(body: bytes, *, escapes: bool = False) -> None:
    """Checks a body that Python is about to go through value by value, beside orjson.

    Args:
        body: The body.
        escapes: Whether escapes in its texts are going to be undone once more.

    Raises:
        DenseError: It has too many values for that.
    """
    limit = MAX_REREAD * _mebibytes(body)
    doubled = body.count(b":") + (body.count(b"u00") if escapes else 0)
    if body.count(b",") + 4 * _containers(body) + 2 * doubled > limit:
        raise DenseError(
            f"more than {limit:,} values beside a long integer, a lone surrogate or an echo of "
            "the request"
        )


def _mebibytes(body: bytes) -> int:
    return 1 + len(body) // _MIB


def _containers(body: bytes) -> int:
    return body.count(b"[") + body.count(b"{")


def _may_be_dense(body: bytes) -> bool:
    """Returns whether brackets and colons have to be counted, which is half of decoding a page.

    It looks at some hundred bytes. A server cannot place what is counted around them, since both
    where they begin and how far they are apart is random: a body of 250 kB that holds the loop for
    15 ms has a bracket in every fifth byte, so some fifty are seen where five are enough.
    """
    if len(body) > _SAMPLED:
        return True
    stride = random.choice(_STRIDES)  # noqa: S311 - chooses samples, not keys
    sample = body[random.randrange(stride) :: stride]  # noqa: S311
    return 64 * _containers(sample) > len(sample) or 24 * sample.count(b":") > len(sample)
