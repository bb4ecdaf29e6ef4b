"""An asyncio-first client for Scenario's Search API, with an embedded emulator of it."""

from scenario_search._version import __version__
from scenario_search.client import AsyncScenario
from scenario_search.converter import make_converter
from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.crawl.pieces import CrawlPiece
from scenario_search.crawl.run import Batch
from scenario_search.crawl.stats import CrawlEstimate, CrawlStats
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
from scenario_search.files.download import DownloadSource
from scenario_search.files.manifest import DownloadedFile
from scenario_search.files.options import DownloadReport
from scenario_search.filters import F, Filter, Raw
from scenario_search.http.options import AsyncClientOptions, ClientOptions
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
    "AsyncClientOptions",
    "AsyncCrawl",
    "AsyncPrefetch",
    "AsyncScenario",
    "AsyncSearchHitsOffset",
    "AsyncSearchResults",
    "AuthenticationError",
    "BadRequestError",
    "Batch",
    "CheckpointError",
    "ClientOptions",
    "ComplianceMetadata",
    "Concept",
    "ConfigurationError",
    "ConflictError",
    "CrawlEstimate",
    "CrawlPiece",
    "CrawlStats",
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
