"""An asyncio-first client for Scenario's Search API, with an embedded emulator of it."""

from typing import TYPE_CHECKING, Any

from scenario_search._version import __version__
from scenario_search.client import AsyncScenario
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
from scenario_search.filters import F, Raw
from scenario_search.params import (
    Images,
    SearchAssetSearchParams,
    SearchModelSearchParams,
    SearchWorkflowSearchParams,
)
from scenario_search.responses import (
    ComplianceMetadata,
    Concept,
    Metadata,
    MetadataThumbnail,
    SearchAssetSearchResponse,
    SearchModelSearchResponse,
    SearchWorkflowSearchResponse,
    Thumbnail,
)
from scenario_search.search import AsyncSearchHitsOffset, AsyncSearchResults

if TYPE_CHECKING:
    from scenario_search.sync import Scenario, SyncSearchHitsOffset

__all__ = [
    "APICertificateError",
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncScenario",
    "AsyncSearchHitsOffset",
    "AsyncSearchResults",
    "AuthenticationError",
    "BadRequestError",
    "CheckpointError",
    "ComplianceMetadata",
    "Concept",
    "ConfigurationError",
    "ConflictError",
    "F",
    "IgnoredParameterWarning",
    "Images",
    "IncompleteCrawlError",
    "InternalServerError",
    "InvalidFilterError",
    "InvalidParamsError",
    "Metadata",
    "MetadataThumbnail",
    "NotFoundError",
    "PaginationError",
    "PermissionDeniedError",
    "QuotaExceededError",
    "RateLimitError",
    "Raw",
    "Scenario",
    "ScenarioError",
    "SearchAssetSearchParams",
    "SearchAssetSearchResponse",
    "SearchModelSearchParams",
    "SearchModelSearchResponse",
    "SearchWorkflowSearchParams",
    "SearchWorkflowSearchResponse",
    "SyncSearchHitsOffset",
    "Thumbnail",
    "TruncatedResultsWarning",
    "UnprocessableEntityError",
    "__version__",
]

_SYNC = ("Scenario", "SyncSearchHitsOffset")

if not TYPE_CHECKING:  # a type checker must not believe that every name exists

    def __getattr__(name: str) -> Any:
        """Load the client for plain code when it is first asked for: a web service never does."""
        if name not in _SYNC:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from scenario_search import sync  # noqa: PLC0415 - see above

        globals().update({each: getattr(sync, each) for each in _SYNC})
        return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_SYNC})
