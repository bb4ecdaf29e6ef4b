"""``client.crawl``: crawls of each kind, and crawls shared out over machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.crawl.params import (
    CrawlAssetsParams,
    CrawlModelsParams,
    CrawlPlanParams,
    CrawlWorkflowsParams,
    RunOptions,
    check,
    search_params,
)
from scenario_search.crawl.pieces import CrawlPiece
from scenario_search.search.endpoints import ASSETS, ENDPOINTS, MODELS, WORKFLOWS, Endpoint
from scenario_search.wire.hits import Hit
from scenario_search.wire.signatures import takes, takes_beside

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester

__all__ = ["AsyncCrawler"]

Options = CrawlAssetsParams | CrawlModelsParams | CrawlWorkflowsParams | CrawlPlanParams

H = TypeVar("H", bound=Hit)
P = ParamSpec("P")


def _crawls(
    endpoint: Endpoint[Any, Any, Any, H], options: Callable[P, Options]
) -> Callable[Concatenate[AsyncCrawler, P], AsyncCrawl[H]]:
    """Returns the method that crawls what an endpoint searches."""

    def crawl(self: AsyncCrawler, **keywords: Any) -> AsyncCrawl[H]:
        """Returns a crawl of {}: of all of them, unless you set a search condition.

        The crawl sends nothing until you iterate over it or call one of its methods.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
        """
        return self._crawl(endpoint, cast(Any, options)(**keywords))

    crawl.__name__ = endpoint.kind
    crawl.__qualname__ = f"AsyncCrawler.{endpoint.kind}"
    crawl.__doc__ = str(crawl.__doc__).format(endpoint.kind)
    crawl.__annotations__["return"] = f"AsyncCrawl[{endpoint.hit_class.__name__}]"
    return takes(options)(crawl)


class AsyncCrawler:
    """The crawls of a client. Each yields every hit once, past the engine's cap, and can resume."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester

    def __repr__(self) -> str:
        return self._shown_as(type(self).__name__)

    def _shown_as(self, name: str) -> str:
        return f"<{name} of {self._requester.base_url}: assets, models, workflows, plan, run>"

    assets = _crawls(ASSETS, CrawlAssetsParams)
    models = _crawls(MODELS, CrawlModelsParams)
    workflows = _crawls(WORKFLOWS, CrawlWorkflowsParams)

    @takes(CrawlPlanParams)
    async def plan(self, **keywords: Any) -> list[CrawlPiece]:
        """Returns pieces of a crawl, cut by time, for many machines. Read each with :meth:`run`.

        Raises:
            InvalidParamsError: The API's documentation rules the search out.
            APIError: A request failed, after its retries.
        """
        options = CrawlPlanParams(**keywords)
        # The check that follows refuses any other kind.
        endpoint: Endpoint[Any, Any, Any, Any] = ENDPOINTS.get(str(options.of)) or ASSETS
        crawl: AsyncCrawl[Any] = self._crawl(endpoint, options)
        return await crawl.plan(options.shards)

    @takes_beside(RunOptions)
    def run(self, piece: CrawlPiece, **options: Any) -> AsyncCrawl[Any]:
        """Returns the crawl of one piece of a plan.

        Args:
            piece: A piece that :meth:`plan` returned, in this process or another.
            options: Those of :meth:`assets`: concurrency, checkpoint, order, cap, on_invalid,
                max_requests, progress.
        """
        run_options = RunOptions(**options)
        check(piece.params, run_options, valid=False)
        endpoint = ENDPOINTS[piece.params.kind]
        return AsyncCrawl(self._requester, endpoint, piece.params, run_options, piece=piece)

    def _crawl(self, endpoint: Endpoint[Any, Any, Any, H], options: Options) -> AsyncCrawl[H]:
        valid = self._requester.options.validate
        params = search_params(options, endpoint.params_class, valid=valid)
        check(params, options, valid=valid)
        return AsyncCrawl(self._requester, endpoint, params, options)
