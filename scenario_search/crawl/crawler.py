"""``client.crawl``: crawls of assets and of models, and crawls shared out over machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.crawl.params import (
    CrawlAssetsParams,
    CrawlModelsParams,
    CrawlOptions,
    CrawlPlanParams,
    CrawlWindow,
    RunOptions,
    check,
    search_params,
)
from scenario_search.search.endpoints import ASSETS, ENDPOINTS, MODELS, Endpoint
from scenario_search.search.signatures import takes, takes_beside
from scenario_search.wire.hits import (
    Hit,
    SearchAssetSearchResponse,
    SearchModelSearchResponse,
)
from scenario_search.wire.params import ImageConditions

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["AsyncCrawler"]

H = TypeVar("H", bound=Hit)


class AsyncCrawler:
    """The crawls of a client: every hit, past the engine's cap, once, and resumable."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester

    def __repr__(self) -> str:
        return self._shown_as(type(self).__name__)

    def _shown_as(self, name: str) -> str:
        return f"<{name} of {self._requester.base_url}: assets, models, plan, run>"

    @takes(CrawlAssetsParams)
    def assets(self, **keywords: Any) -> AsyncCrawl[SearchAssetSearchResponse]:
        """Crawl assets. With nothing to search for, all of them.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
        """
        made = CrawlAssetsParams(**keywords)
        return self._crawl(ASSETS, made, made)

    @takes(CrawlModelsParams)
    def models(self, **keywords: Any) -> AsyncCrawl[SearchModelSearchResponse]:
        """Crawl models. With nothing to search for, all of them.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
        """
        made = CrawlModelsParams(**keywords)
        return self._crawl(MODELS, made, made)

    @takes(CrawlPlanParams)
    async def plan(self, **keywords: Any) -> list[CrawlWindow]:
        """Cut a crawl into windows for many machines, and count each, without reading them.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
            IncompleteCrawlError: More than the cap were created in one millisecond.
        """
        made = CrawlPlanParams(**keywords)
        # What is no kind is told by the check that follows.
        endpoint: Endpoint[Any, Any, Any, Any] = ENDPOINTS.get(str(made.of)) or ASSETS
        crawl: AsyncCrawl[Any] = self._crawl(endpoint, made, made)
        return await crawl.plan()

    @takes_beside(RunOptions)
    def run(self, window: CrawlWindow, **options: Any) -> AsyncCrawl[Any]:
        """Fetch one window of a plan.

        Args:
            window: What :meth:`plan` gave, in this process or another.
            options: As for :meth:`assets`: concurrency, checkpoint, order, cap, on_invalid,
                progress.
        """
        made = RunOptions(**options)
        check(window.params, made, valid=False)
        endpoint = ENDPOINTS[window.params.kind]
        return AsyncCrawl(self._requester, endpoint, window.params, made, window=window)

    def _crawl(
        self,
        endpoint: Endpoint[Any, Any, Any, H],
        made: ImageConditions,
        options: CrawlOptions,
    ) -> AsyncCrawl[H]:
        valid = self._requester.options.validate
        params = search_params(made, endpoint.params_class, valid=valid)
        check(params, options, valid=valid)
        return AsyncCrawl(self._requester, endpoint, params, options)
