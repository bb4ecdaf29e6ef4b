"""What type checkers see of the errors: what each carries, and which is caught by which."""

from __future__ import annotations

from typing import Any, assert_type

from scenario_search import (
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
    Scenario,
    ScenarioError,
    TruncatedResultsWarning,
    UnprocessableEntityError,
)


def carried(client: Scenario) -> None:
    try:
        client.search.asset_search(query="castle")
    except RateLimitError as error:
        assert_type(error.status_code, int)
        assert_type(error.retry_after, float | None)
    except APIResponseValidationError as error:
        assert_type(error.paths, tuple[str, ...])
    except APIError as error:
        assert_type(error.status_code, int | None)
        assert_type(error.code, str | None)
        assert_type(error.details, Any)
        assert_type(error.request_id, str | None)
        assert_type(error.body, Any)
        assert_type(error.retries_taken, int)
    except InvalidFilterError as error:
        assert_type(error.text, str | None)
        assert_type(error.position, int | None)
    except ScenarioError as error:
        assert_type(error.message, str)


STATUS: list[type[APIStatusError]] = [
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    UnprocessableEntityError,
]
CONNECTION: list[type[APIConnectionError]] = [APICertificateError, APITimeoutError]
OTHERS: list[type[ScenarioError]] = [CheckpointError, IncompleteCrawlError, PaginationError]
VALUES: list[type[ValueError]] = [ConfigurationError, InvalidParamsError]
WARNINGS: list[type[UserWarning]] = [IgnoredParameterWarning, TruncatedResultsWarning]
QUOTA: type[RateLimitError] = QuotaExceededError
WRONG: type[APIConnectionError] = RateLimitError  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
