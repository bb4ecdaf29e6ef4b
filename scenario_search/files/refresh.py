"""Fresh URLs for assets: those of a hit expire."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from scenario_search.errors import InvalidParamsError
from scenario_search.filters import F
from scenario_search.filters.tree import Filter, Or
from scenario_search.messages import Message, named
from scenario_search.search.methods import AsyncSearch
from scenario_search.wire.hits import SearchAssetSearchResponse
from scenario_search.wire.renditions import ORIGINALS, url_path
from scenario_search.wire.values import MAX_PAGE_SIZE

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["FreshUrls", "refresh"]

_DATE = re.compile(r"[0-9TZ:. +-]{4,40}", re.IGNORECASE)

Assets = dict[str, SearchAssetSearchResponse]


async def refresh(
    requester: Requester, hits: Iterable[SearchAssetSearchResponse]
) -> list[SearchAssetSearchResponse]:
    """Returns assets anew. See :meth:`scenario_search.AsyncScenario.refresh`.

    ``id`` is not a field to filter by, so assets are searched for by the dates they were created
    at, as many together as a page holds.
    """
    assets = list(hits)
    for asset in assets:
        if not isinstance(asset, SearchAssetSearchResponse):
            raise InvalidParamsError(
                Message("{} must hold assets, not {}", named("hits"), type(asset).__name__)
            )
    fresh: Assets = {}
    for original in (False, True):
        wanted = {
            asset.id: asset
            for asset in assets
            if _has_date(asset) and url_path(asset.url).startswith(ORIGINALS) is original
        }
        public = {id for id, asset in wanted.items() if asset.privacy == "public"}
        for is_public, ids in ((True, public), (False, wanted.keys() - public)):
            for searched_as in (is_public, not is_public):  # it may have been published since
                missing = [wanted[id] for id in wanted if id in ids and id not in fresh]
                for batch in _batches(missing):
                    await _search(requester, batch, fresh, public=searched_as, original=original)
    return [fresh[asset.id] for asset in assets if asset.id in fresh]


class FreshUrls:
    """Fresh URLs for the files of a download, which expire at about the same time.

    Those that are asked for while a search is running are searched for together.
    """

    def __init__(self, requester: Requester) -> None:
        self._requester = requester
        self._turn = asyncio.Lock()
        self._wanted: Assets = {}
        self._fresh: Assets = {}

    async def of(self, asset: SearchAssetSearchResponse) -> SearchAssetSearchResponse | None:
        """Returns an asset with a fresh URL; ``None`` if it does not exist any more.

        Raises:
            APIError: A search failed, after retries.
        """
        self._wanted[asset.id] = asset
        async with self._turn:
            if asset.id in self._wanted:
                wanted, self._wanted = self._wanted, {}
                for hit in await refresh(self._requester, wanted.values()):
                    self._fresh[hit.id] = hit
            return self._fresh.pop(asset.id, None)


def _has_date(asset: SearchAssetSearchResponse) -> bool:
    date: object = asset.created_at  # whatever a server sends
    return isinstance(date, str) and _DATE.fullmatch(date) is not None


def _batches(
    assets: Collection[SearchAssetSearchResponse],
) -> Iterator[list[SearchAssetSearchResponse]]:
    remaining = iter(assets)
    while batch := list(islice(remaining, MAX_PAGE_SIZE)):
        yield batch


async def _search(
    requester: Requester,
    batch: Collection[SearchAssetSearchResponse],
    fresh: Assets,
    *,
    public: bool,
    original: bool,
) -> None:
    """Searches for assets, and adds those that there are to ``fresh``."""
    missing = {asset.id for asset in batch}
    dates = dict.fromkeys(asset.created_at for asset in batch)
    conditions = [F.created_at == date for date in dates]
    dated: Filter = conditions[0] if len(conditions) == 1 else Or(tuple(conditions))
    results = AsyncSearch(requester).asset_search(
        filter=dated, public=public, limit=MAX_PAGE_SIZE, original_assets=original or None
    )
    async for page in results.pages():
        fresh.update({hit.id: hit for hit in page.hits if hit.id in missing})
        missing -= fresh.keys()
        if not missing:
            return
