from __future__ import annotations

import inspect
import pickle
from typing import Any

import pytest

import scenario_search
from scenario_search import errors
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
    UnprocessableEntityError,
    status_error_class,
)

BASES: dict[type[Exception], tuple[type[Exception], ...]] = {
    ScenarioError: (Exception,),
    ConfigurationError: (ScenarioError, ValueError),
    InvalidParamsError: (ScenarioError, ValueError),
    InvalidFilterError: (InvalidParamsError,),
    PaginationError: (ScenarioError,),
    CheckpointError: (ScenarioError,),
    IncompleteCrawlError: (ScenarioError,),
    APIError: (ScenarioError,),
    APIConnectionError: (APIError,),
    APICertificateError: (APIConnectionError,),
    APITimeoutError: (APIConnectionError,),
    APIResponseValidationError: (APIError,),
    APIStatusError: (APIError,),
    BadRequestError: (APIStatusError,),
    AuthenticationError: (APIStatusError,),
    PermissionDeniedError: (APIStatusError,),
    NotFoundError: (APIStatusError,),
    ConflictError: (APIStatusError,),
    UnprocessableEntityError: (APIStatusError,),
    RateLimitError: (APIStatusError,),
    QuotaExceededError: (RateLimitError,),
    InternalServerError: (APIStatusError,),
    errors.TruncatedResultsWarning: (UserWarning,),
    errors.IgnoredParameterWarning: (UserWarning,),
}


@pytest.mark.parametrize(("error", "bases"), BASES.items(), ids=str)
def test_hierarchy_is_the_documented_one(
    error: type[Exception], bases: tuple[type[Exception], ...]
) -> None:
    assert error.__bases__ == bases


def test_every_error_is_in_the_table_above() -> None:
    defined = {
        item
        for item in vars(errors).values()
        if inspect.isclass(item) and issubclass(item, Exception)
    }
    assert defined == set(BASES)


@pytest.mark.parametrize("error", BASES)
def test_every_error_stands_in_the_drawing(error: type[Exception]) -> None:
    assert error.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("error", BASES)
def test_every_error_is_importable_from_the_package(error: type[Exception]) -> None:
    assert getattr(scenario_search, error.__name__) is error
    assert error.__name__ in scenario_search.__all__


CONTEXT: dict[str, Any] = {
    "status_code": 429,
    "code": "TOO_MANY",
    "details": {"actionName": "search", "actionLimit": 5},
    "request_id": "req_1",
    "retry_after": 1.5,
    "body": {"error": "slow down"},
    "retries_taken": 2,
}

MADE: list[ScenarioError] = [
    *(
        error("what was wrong", **CONTEXT)
        for error in BASES
        if issubclass(error, APIError) and error is not APIResponseValidationError
    ),
    APIResponseValidationError("what was wrong", paths=("$.hits[3].tags",), **CONTEXT),
    InvalidFilterError("what was wrong", text="a = = b", position=4),
    IncompleteCrawlError("what was wrong", instants=(("2024", "2025"),)),
    *(
        error("what was wrong")
        for error in (ScenarioError, ConfigurationError, InvalidParamsError, PaginationError)
    ),
    CheckpointError("what was wrong"),
]


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_pickling_keeps_class_text_and_attributes(error: ScenarioError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == "what was wrong" == copy.message
    assert vars(copy) == vars(error)
    assert copy.args == error.args


def test_api_error_carries_what_the_answer_said() -> None:
    error = RateLimitError("429: slow down", **CONTEXT)
    assert {name: getattr(error, name) for name in CONTEXT} == CONTEXT


def test_what_an_answer_did_not_say_is_none() -> None:
    error = APIConnectionError("no answer")
    nothing = {**dict.fromkeys(CONTEXT), "retries_taken": 0}
    assert {name: getattr(error, name) for name in CONTEXT} == nothing


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, APIStatusError),
        (304, APIStatusError),
        (400, BadRequestError),
        (401, AuthenticationError),
        (402, APIStatusError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (405, APIStatusError),
        (408, APIStatusError),
        (409, ConflictError),
        (418, APIStatusError),
        (422, UnprocessableEntityError),
        (429, RateLimitError),
        (499, APIStatusError),
        (500, InternalServerError),
        (501, InternalServerError),
        (503, InternalServerError),
        (599, InternalServerError),
        (600, APIStatusError),
    ],
)
def test_class_of_a_status(status: int, expected: type[APIStatusError]) -> None:
    assert status_error_class(status, None) is expected
    assert status_error_class(status, "SOMETHING") is expected


@pytest.mark.parametrize("status", [302, 400, 402, 403, 429, 500])
def test_quota_exceeded_is_told_by_its_code_whatever_the_status(status: int) -> None:
    assert status_error_class(status, "QUOTA_EXCEEDED") is QuotaExceededError
