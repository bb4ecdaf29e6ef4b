"""Assets with clustered dates, and an engine in memory that gives a crawl what real ones may."""

from __future__ import annotations

import operator
import random
import re
from collections.abc import Callable
from typing import Any

import attrs

from scenario_search.crawl import dates
from scenario_search.http.transport import Answer

Asset = dict[str, Any]

START = (dates.instant("2024-01-01T00:00:00Z") or 0) // 1000
SPAN = 2 * 365 * 86_400_000


def timestamp(milliseconds: int) -> str:
    """Returns the timestamp of a millisecond since 1970, as the API writes it."""
    return dates.timestamp(milliseconds * 1000)


def dated(index: int, moment: int | None = None, **fields: Any) -> Asset:
    """Make an asset of a millisecond, counted from the first of 2024."""
    asset: Asset = {"id": f"asset_{index:06d}", "privacy": "public", **fields}
    if moment is not None:
        asset["createdAt"] = timestamp(START + moment)
    return asset


def clustered_assets(count: int, *, burst: int, seed: int = 1) -> list[Asset]:
    """Make assets over two years: bursts of one millisecond, a busy day, some without a date."""
    chance = random.Random(seed)
    assets = []
    for index in range(count):
        moment: int | None = chance.randrange(SPAN)
        if index % 500 == 499:
            moment = None
        elif index < min(6 * burst, count // 2):
            moment = (index // burst + 1) * SPAN // 8
        elif index < 3 * count // 5:
            moment = int(chance.gauss(0.5, 0.001) * SPAN)
        assets.append(
            dated(
                index,
                moment,
                ownerId="project_demo",
                metadata={"kind": "image", "prompt": f"thing {index % 97}", "width": 512},
                tags=["a"],
            )
        )
    chance.shuffle(assets)
    return assets


BOUND = re.compile(r"(createdAt|updatedAt) (>=|<=|<|>) \"([^\"]+)\"")
_COMPARE = {">=": operator.ge, "<=": operator.le, "<": operator.lt, ">": operator.gt}


@attrs.define
class TextEngine:
    """Answers searches for ranges of dates: compares dates as text, and gives what its cap lets it.

    Attributes:
        assets: What there is, in the order of insertion.
        cap: How many hits of one search can be reached.
        capped_totals: Whether totals stop there too.
        refuses_undated: The status with which it refuses the filter for hits without a date; 0 for
            not at all.
        refusal: The body of that response.
        before: Called with the number of the request, from 1, before it is answered; what it
            returns is answered in place of a page.
        leaks: Ids that every range gives, whatever their date.
    """

    assets: list[Asset]
    cap: int = 1000
    capped_totals: bool = True
    refuses_undated: int = 0
    refusal: bytes = b'{"error": "Refused"}'
    before: Callable[[int], Answer | Exception | None] = lambda _: None
    leaks: frozenset[str] = frozenset()
    requests: int = 0

    def __call__(self, body: dict[str, Any]) -> Asset | Answer | Exception:
        self.requests += 1
        scripted = self.before(self.requests)
        if scripted is not None:
            return scripted
        undated = "NOT" in body["filter"]
        if undated and self.refuses_undated:
            return Answer(self.refuses_undated, {}, self.refusal, 0.0)
        bounds = BOUND.findall(body["filter"])
        found = [a for a in self.assets if self._matches(a, bounds, undated=undated)]
        for sort in body.get("sortBy", ()):
            field, _, order = sort.partition(":")
            found.sort(key=lambda a: str(a.get(field) or ""), reverse=order == "desc")
        paged = "page" in body
        size = body["hitsPerPage" if paged else "limit"]
        start = (body["page"] - 1) * size if paged else body["offset"]
        total = min(len(found), self.cap) if self.capped_totals else len(found)
        page: Asset = {"hits": found[start : min(start + size, self.cap)]}
        if paged:
            page |= {"page": body["page"], "hitsPerPage": size, "totalHits": total}
            return page | {"totalPages": -(-total // size)}
        return page | {"offset": start, "limit": size, "estimatedTotalHits": total}

    def _matches(self, asset: Asset, bounds: list[tuple[str, str]], *, undated: bool) -> bool:
        if str(asset["id"]) in self.leaks:
            return not undated
        inside = all(
            isinstance(date := asset.get(field), str) and _COMPARE[name](date, bound)
            for field, name, bound in bounds
        )
        return inside != undated
