"""An asyncio-first client for Scenario's Search API, with an embedded emulator of it.

A name is loaded with its module when it is first asked for, so that importing the package costs
next to nothing. So are the modules: ``scenario_search.filters`` is there without an import.
"""

import importlib
from typing import TYPE_CHECKING, Any

from scenario_search._version import __version__

if TYPE_CHECKING:
    from scenario_search.client import AsyncScenario
    from scenario_search.converter import make_converter
    from scenario_search.crawl.crawl import AsyncCrawl, Piece
    from scenario_search.crawl.params import CrawlStats, CrawlWindow
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
    from scenario_search.files.download import DownloadReport, DownloadSource
    from scenario_search.files.files import DownloadedFile
    from scenario_search.filters import F, Filter, Raw
    from scenario_search.http.options import ClientOptions
    from scenario_search.progress import track
    from scenario_search.search.pages import AsyncPrefetch, AsyncSearchHitsOffset
    from scenario_search.search.results import AsyncSearchResults
    from scenario_search.sync.crawl import SyncCrawl
    from scenario_search.sync.scenario import Scenario, SyncPrefetch, SyncSearchHitsOffset
    from scenario_search.wire.hits import (
        ComplianceMetadata,
        Concept,
        Hit,
        Metadata,
        MetadataThumbnail,
        SearchAssetSearchResponse,
        SearchModelSearchResponse,
        SearchWorkflowSearchResponse,
        Thumbnail,
    )
    from scenario_search.wire.images import Images, ImagesDict, ImageSource
    from scenario_search.wire.pages import SearchHits
    from scenario_search.wire.paging import PageInfo
    from scenario_search.wire.params import (
        SearchAssetSearchParams,
        SearchModelSearchParams,
        SearchWorkflowSearchParams,
    )
    from scenario_search.wire.response import ResponseInfo

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
    "make_converter",
    "track",
]

_HOMES = {
    "APICertificateError": "errors",
    "APIConnectionError": "errors",
    "APIError": "errors",
    "APIResponseValidationError": "errors",
    "APIStatusError": "errors",
    "APITimeoutError": "errors",
    "AsyncCrawl": "crawl.crawl",
    "AsyncPrefetch": "search.pages",
    "AsyncScenario": "client",
    "AsyncSearchHitsOffset": "search.pages",
    "AsyncSearchResults": "search.results",
    "AuthenticationError": "errors",
    "BadRequestError": "errors",
    "CheckpointError": "errors",
    "ClientOptions": "http.options",
    "ComplianceMetadata": "wire.hits",
    "Concept": "wire.hits",
    "ConfigurationError": "errors",
    "ConflictError": "errors",
    "CrawlStats": "crawl.params",
    "CrawlWindow": "crawl.params",
    "DownloadReport": "files.download",
    "DownloadSource": "files.download",
    "DownloadedFile": "files.files",
    "F": "filters",
    "Filter": "filters",
    "Hit": "wire.hits",
    "IgnoredParameterWarning": "errors",
    "ImageSource": "wire.images",
    "Images": "wire.images",
    "ImagesDict": "wire.images",
    "IncompleteCrawlError": "errors",
    "InternalServerError": "errors",
    "InvalidFilterError": "errors",
    "InvalidParamsError": "errors",
    "Metadata": "wire.hits",
    "MetadataThumbnail": "wire.hits",
    "NotFoundError": "errors",
    "PageInfo": "wire.paging",
    "PaginationError": "errors",
    "PermissionDeniedError": "errors",
    "Piece": "crawl.crawl",
    "QuotaExceededError": "errors",
    "RateLimitError": "errors",
    "Raw": "filters",
    "ResponseInfo": "wire.response",
    "Scenario": "sync.scenario",
    "ScenarioError": "errors",
    "SearchAssetSearchParams": "wire.params",
    "SearchAssetSearchResponse": "wire.hits",
    "SearchHits": "wire.pages",
    "SearchModelSearchParams": "wire.params",
    "SearchModelSearchResponse": "wire.hits",
    "SearchWorkflowSearchParams": "wire.params",
    "SearchWorkflowSearchResponse": "wire.hits",
    "SyncCrawl": "sync.crawl",
    "SyncPrefetch": "sync.scenario",
    "SyncSearchHitsOffset": "sync.scenario",
    "Thumbnail": "wire.hits",
    "TruncatedResultsWarning": "errors",
    "UnprocessableEntityError": "errors",
    "make_converter": "converter",
    "track": "progress",
}
"""In which module a name is."""

if not TYPE_CHECKING:  # a type checker must not believe that every name exists

    def __getattr__(name: str) -> Any:
        """Load a name, or a module of the package."""
        home = f"{__name__}.{_HOMES.get(name, name)}"
        if not name.startswith("_"):
            try:
                module = importlib.import_module(home)
            except ModuleNotFoundError as error:
                if error.name != home:
                    raise
            else:
                globals()[name] = getattr(module, name) if name in _HOMES else module
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
