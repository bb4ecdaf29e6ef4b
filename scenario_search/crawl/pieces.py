"""Pieces of a crawl, which other processes and other machines read."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

import attrs

from scenario_search.crawl.dates import EARLIEST, Bound, Range, instant
from scenario_search.errors import InvalidParamsError
from scenario_search.filters import Raw
from scenario_search.messages import Message, named
from scenario_search.search.endpoints import ENDPOINTS
from scenario_search.wire.codec import read_json
from scenario_search.wire.document import json_bytes
from scenario_search.wire.images import Images, like_unlike
from scenario_search.wire.params import CallOptions, SearchParams, parameter_values
from scenario_search.wire.values import plain_value

__all__ = ["CrawlPiece", "check_not_secret", "for_pieces"]

_FORMAT = 1
_MAY_BE_SECRET = ("extra_headers", "extra_query")


@attrs.frozen
class CrawlPiece:
    """A piece of a crawl that another process can read with ``client.crawl.run(piece)``.

    You can pickle it or write it as JSON. It holds the search parameters, but no credentials and
    no headers.

    Attributes:
        params: The search parameters.
        by: The date to crawl by.
        low: The earliest date, inclusive; ``None`` for no bound.
        high: The latest date, exclusive; ``None`` for no bound.
        undated: Whether it is the piece of the hits without a date.
        expected: The estimated number of hits.
        known: The keys of hits to omit, because an earlier crawl yielded them.
    """

    params: SearchParams
    by: Literal["created", "updated"] = "created"
    low: str | None = None
    high: str | None = None
    undated: bool = False
    expected: int = 0
    known: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """A name for files. Equal pieces have the same name, and it is unique within a plan.

        Names sort by date: ``assets-20250116T111941579Z`` begins at that date.
        """
        if self.undated:
            start = "undated"
        else:
            start = re.sub(r"[^0-9A-Za-z]", "", self.low or EARLIEST.text)
        return f"{self.params.kind}-{start}"

    @property
    def _range(self) -> Range:
        high = None if self.high is None else Bound(self.high, inclusive=False)
        low = EARLIEST if self.low is None else Bound(self.low)
        return Range(low, high, self.undated)

    def __str__(self) -> str:
        return f"about {self.expected:,} {self.params.kind} {self._range}"

    def to_json(self) -> str:
        """Returns the piece as a line of JSON, without a line break at its end.

        Raises:
            InvalidParamsError: The search has extra headers or query parameters, which may be
                secret.
        """
        search = {
            name: _plain(name, value)
            for name, _, value in parameter_values(for_pieces(self.params))
        }
        data = {
            "format": _FORMAT,
            "name": self.name,
            "of": self.params.kind,
            "by": self.by,
            "search": search,
            "low": self.low,
            "high": self.high,
            "undated": self.undated,
            "expected": self.expected,
            "known": sorted(self.known),
        }
        return json_bytes(data).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Returns the piece that :meth:`to_json` wrote.

        Raises:
            InvalidParamsError: The text is not a piece.
        """
        try:
            return cls._from_json(read_json(text.encode() if isinstance(text, str) else text))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            shown = text[:60]
            raise InvalidParamsError(
                f"Not a piece of a crawl, which CrawlPiece.to_json() returns: {shown!r} "
                f"({type(error).__name__}: {error})"
            ) from None

    @classmethod
    def _from_json(cls, data: Any) -> Self:
        if data["format"] != _FORMAT:
            raise ValueError(f"its format is {data['format']!r}, not {_FORMAT}")
        search = {str(name): value for name, value in data["search"].items()}
        if "filter" in search:
            search["filter"] = Raw(search["filter"])
        if "images" in search:
            search["images"] = Images(**search["images"])
        if wrong := search.keys() & _MAY_BE_SECRET:
            raise ValueError(f"it holds {', '.join(sorted(wrong))}")
        for name in ("low", "high"):
            if data[name] is not None and instant(data[name]) is None:
                raise ValueError(f"{name} is not a timestamp: {data[name]!r}")
        if data["by"] not in ("created", "updated") or not isinstance(data["undated"], bool):
            raise ValueError("by or undated has another value")
        if not all(isinstance(key, str) for key in data["known"]):
            raise TypeError("a known key is not a string")
        return cls(
            ENDPOINTS[data["of"]].params_class(**search),
            data["by"],
            data["low"],
            data["high"],
            data["undated"],
            int(data["expected"]),
            frozenset(data["known"]),
        )


def check_not_secret(options: CallOptions) -> None:
    """Refuses extra headers and query parameters.

    Raises:
        InvalidParamsError: There are some.
    """
    secret = [name for name in _MAY_BE_SECRET if getattr(options, name)]
    if secret:
        raise InvalidParamsError(
            Message(
                "{} cannot be part of a plan, whose pieces may be written to files: set "
                "default_{} on the clients that read the pieces",
                named(secret[0]),
                secret[0].removeprefix("extra_"),
            )
        )


def for_pieces(params: SearchParams) -> SearchParams:
    """Returns a search as pieces hold it: with a filter that is text.

    Raises:
        InvalidParamsError: It has extra headers or query parameters.
    """
    check_not_secret(params)
    if params.filter is None or isinstance(params.filter, Raw):
        return params
    return attrs.evolve(params, filter=Raw(str(params.filter)))


def _plain(name: str, value: Any) -> Any:
    if name == "filter":
        return str(value)
    if name == "images":
        like, unlike = like_unlike(value)
        return {"like": list(like), "unlike": list(unlike)}
    return plain_value(value)
