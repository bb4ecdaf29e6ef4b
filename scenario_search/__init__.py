"""An asyncio-first client for Scenario's Search API, with an embedded emulator of it."""

import importlib
from typing import TYPE_CHECKING, Any

from scenario_search._version import __version__
from scenario_search.client import AsyncScenario
from scenario_search.configuration import ClientOptions
from scenario_search.errors import (
    APICertificateError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    CheckpointError,
    ConfigurationError,
    ConflictError,
    IgnoredParameterWarning,
    IncompleteCrawlError,
    InternalServerError,
    InvalidFilterError,
    InvalidParamsError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    ScenarioError,
    TruncatedResultsWarning,
    UnprocessableEntityError,
)
from scenario_search.images import ImagesDict, ImageSource
from scenario_search.paging import PageInfo
from scenario_search.params import (
    Images,
    SearchAssetSearchParams,
    SearchModelSearchParams,
    SearchWorkflowSearchParams,
)
from scenario_search.prefetch import AsyncPrefetch
from scenario_search.responses import (
    ComplianceMetadata,
    Concept,
    Hit,
    Metadata,
    MetadataThumbnail,
    ResponseInfo,
    SearchAssetSearchResponse,
    SearchHits,
    SearchModelSearchResponse,
    SearchWorkflowSearchResponse,
    Thumbnail,
)
from scenario_search.search_results import AsyncSearchHitsOffset, AsyncSearchResults

if TYPE_CHECKING:
    from scenario_search.crawl import AsyncCrawl, Piece
    from scenario_search.crawl_params import CrawlStats, CrawlWindow
    from scenario_search.download import DownloadReport, DownloadSource
    from scenario_search.download_files import DownloadedFile
    from scenario_search.filters import F, Filter, Raw
    from scenario_search.progress import ProgressBar, track
    from scenario_search.sync import Scenario, SyncPrefetch, SyncSearchHitsOffset
    from scenario_search.sync_crawl import SyncCrawl

__all__ = [
    "APICertificateError",
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncCrawl",
    "AsyncPrefetch",
    "AsyncScenario",
    "AsyncSearchHitsOffset",
    "AsyncSearchResults",
    "AuthenticationError",
    "BadRequestError",
    "CheckpointError",
    "ClientOptions",
    "ComplianceMetadata",
    "Concept",
    "ConfigurationError",
    "ConflictError",
    "CrawlStats",
    "CrawlWindow",
    "DownloadReport",
    "DownloadSource",
    "DownloadedFile",
    "F",
    "Filter",
    "Hit",
    "IgnoredParameterWarning",
    "ImageSource",
    "Images",
    "ImagesDict",
    "IncompleteCrawlError",
    "InternalServerError",
    "InvalidFilterError",
    "InvalidParamsError",
    "Metadata",
    "MetadataThumbnail",
    "NotFoundError",
    "PageInfo",
    "PaginationError",
    "PermissionDeniedError",
    "Piece",
    "ProgressBar",
    "QuotaExceededError",
    "RateLimitError",
    "Raw",
    "ResponseInfo",
    "Scenario",
    "ScenarioError",
    "SearchAssetSearchParams",
    "SearchAssetSearchResponse",
    "SearchHits",
    "SearchModelSearchParams",
    "SearchModelSearchResponse",
    "SearchWorkflowSearchParams",
    "SearchWorkflowSearchResponse",
    "SyncCrawl",
    "SyncPrefetch",
    "SyncSearchHitsOffset",
    "Thumbnail",
    "TruncatedResultsWarning",
    "UnprocessableEntityError",
    "__version__",
    "track",
]

_LATER = {
    "AsyncCrawl": "crawl",
    "CrawlStats": "crawl_params",
    "CrawlWindow": "crawl_params",
    "DownloadReport": "download",
    "DownloadSource": "download",
    "DownloadedFile": "download_files",
    "F": "filters",
    "Filter": "filters",
    "Piece": "crawl",
    "ProgressBar": "progress",
    "Raw": "filters",
    "Scenario": "sync",
    "SyncCrawl": "sync_crawl",
    "SyncPrefetch": "sync",
    "SyncSearchHitsOffset": "sync",
    "track": "progress",
}
"""In which module a name is that is loaded when it is first asked for: a web service never does."""

if not TYPE_CHECKING:  # a type checker must not believe that every name exists

    def __getattr__(name: str) -> Any:
        """Load a name that not every program needs."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = importlib.import_module(f"{__name__}.{_LATER[name]}")
        globals()[name] = getattr(module, name)
        return globals()[name]


def __dir__() -> list[str]:
    return sorted(__all__)
