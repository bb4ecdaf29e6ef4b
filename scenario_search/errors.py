"""Every error and warning of this library.

::

    ScenarioError
    ├── ConfigurationError              (also ValueError)   credentials, base URL, options
    ├── InvalidParamsError              (also ValueError)   a request the API would refuse
    │   └── InvalidFilterError                              ... because of its filter
    ├── PaginationError                                     the server does not advance
    ├── CheckpointError                                     a crawl's checkpoint does not fit
    ├── IncompleteCrawlError                                some hits could not be reached
    └── APIError
        ├── APIConnectionError                              no whole answer arrived
        │   ├── APICertificateError                         ... from a server that can be trusted
        │   └── APITimeoutError                             ... in time
        ├── APIResponseValidationError                      an answer that is not what is documented
        └── APIStatusError                                  any status but 2xx, redirects included
            ├── BadRequestError                             400
            ├── AuthenticationError                         401
            ├── PermissionDeniedError                       403
            ├── NotFoundError                               404
            ├── ConflictError                               409
            ├── UnprocessableEntityError                    422
            ├── RateLimitError                              429
            │   └── QuotaExceededError                      code QUOTA_EXCEEDED, whatever the status
            └── InternalServerError                         5xx

    UserWarning
    ├── TruncatedResultsWarning                             the engine holds more than it gives
    └── IgnoredParameterWarning                             the API will ignore a parameter

Errors can be pickled, so they cross process pools, and hold no credential.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scenario_search.messages import Message
from scenario_search.text import one_line

__all__ = [
    "APICertificateError",
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "CheckpointError",
    "ConfigurationError",
    "ConflictError",
    "IgnoredParameterWarning",
    "IncompleteCrawlError",
    "InternalServerError",
    "InvalidFilterError",
    "InvalidParamsError",
    "NotFoundError",
    "PaginationError",
    "PermissionDeniedError",
    "QuotaExceededError",
    "RateLimitError",
    "ScenarioError",
    "TruncatedResultsWarning",
    "UnprocessableEntityError",
    "status_error_class",
]


def _rebuild(cls: type[ScenarioError], state: dict[str, Any]) -> ScenarioError:
    error = cls.__new__(cls)
    Exception.__init__(error, state["message"])
    error.__dict__.update(state)
    return error


class ScenarioError(Exception):
    """The base of every error this library raises.

    Attributes:
        message: What was wrong, where, and what to do.
    """

    def __init__(self, *messages: str | Message) -> None:
        self.message = "; ".join(map(str, messages))
        super().__init__(self.message)
        self._messages = messages

    def worded(self, vocabulary: Mapping[str, str]) -> str:
        """Returns the message with other words for parameters, by their names in Python."""
        return "; ".join(
            each.worded(vocabulary) if isinstance(each, Message) else each
            for each in self._messages
        )

    def add_hint(self, hint: str | Message) -> None:
        """Adds to the message what may be the reason, or what to do."""
        self._messages = (*self._messages, hint)
        self.message = "; ".join(map(str, self._messages))
        self.args = (self.message,)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.__dict__.copy())


class ConfigurationError(ScenarioError, ValueError):
    """A client cannot be created with these credentials, this base URL or these options."""


class InvalidParamsError(ScenarioError, ValueError):
    """The API's documentation does not allow the request. The client sent nothing."""


class InvalidFilterError(InvalidParamsError):
    """A filter cannot be built or parsed.

    Attributes:
        text: The filter's text, or None if there is none yet.
        position: The index in ``text``, from 0, at which parsing failed, or None.
    """

    def __init__(
        self, message: str, *, text: str | None = None, position: int | None = None
    ) -> None:
        super().__init__(message)
        self.text = text
        self.position = position


class PaginationError(ScenarioError):
    """The server does not advance from page to page, so the client ended the iteration."""


class CheckpointError(ScenarioError):
    """A crawl's checkpoint belongs to another request, or cannot be read."""


class IncompleteCrawlError(ScenarioError):
    """A crawl ended, but some hits could not be reached.

    Attributes:
        instants: The dates, or ranges of dates, that are not complete.
    """

    def __init__(self, message: str, *, instants: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.instants = instants


class APIError(ScenarioError):
    """A request failed, or its response could not be used.

    Attributes:
        status_code: The HTTP status, or None if no response arrived.
        code: The API's own code (such as ``"QUOTA_EXCEEDED"``), or None.
        details: The API's own details, unchanged, or None.
        request_id: The server's id of the request, for a support ticket, or None.
        retry_after: The wait that the server requests, in seconds, or None.
        body: The decoded JSON of the response, or its text if it is not JSON, or None.
        retries_taken: The number of retries before this error.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        code: str | None = None,
        details: Any = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        body: Any = None,
        retries_taken: int = 0,
    ) -> None:
        # A server's words may stand in it.
        super().__init__(one_line(message))
        self.status_code = status_code
        self.code = code
        self.details = details
        self.request_id = request_id
        self.retry_after = retry_after
        self.body = body
        self.retries_taken = retries_taken


class APIConnectionError(APIError):
    """The connection failed, or broke before the response was complete."""


class APICertificateError(APIConnectionError):
    """The server's certificate is not trusted. The client sent nothing; a retry does not help."""


class APITimeoutError(APIConnectionError):
    """The response did not arrive in time."""


class APIResponseValidationError(APIError):
    """The body of a successful response differs from the documentation.

    Attributes:
        problems: The first 20 problems of the body, each as its path and the reason, such as
            ``("$.hits[3].url", "is missing")``.
        paths: The paths of ``problems``.
        truncated: Whether the body is JSON that was cut off. The client retries such a request.
    """

    def __init__(
        self,
        message: str,
        *,
        problems: Sequence[tuple[str, str]] = (),
        paths: tuple[str, ...] = (),
        truncated: bool = False,
        **context: Any,
    ) -> None:
        super().__init__(message, **context)
        self.truncated = truncated
        self.problems = tuple(problems)
        self.paths = paths or tuple(path for path, _ in problems)


class APIStatusError(APIError):
    """The response's status is not a success. The client does not follow redirects."""

    status_code: int


class BadRequestError(APIStatusError):
    """400: the API rejects the request."""


class AuthenticationError(APIStatusError):
    """401: the credentials are missing or wrong."""


class PermissionDeniedError(APIStatusError):
    """403: the credentials are valid, but do not permit this."""


class NotFoundError(APIStatusError):
    """404: nothing exists at this address. Check the base URL."""


class ConflictError(APIStatusError):
    """409: the request conflicts with another one."""


class UnprocessableEntityError(APIStatusError):
    """422: the API understands the request but cannot process it."""


class RateLimitError(APIStatusError):
    """429: too many requests. ``retry_after`` holds the wait in seconds, if the server sent it."""


class QuotaExceededError(RateLimitError):
    """The plan's search quota is used up. A retry does not help."""


class InternalServerError(APIStatusError):
    """5xx: the server failed."""


class TruncatedResultsWarning(UserWarning):
    """The engine's result cap ended an iteration or a count. There may be more hits."""


class IgnoredParameterWarning(UserWarning):
    """The API ignores a parameter of the request in combination with the others."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error_class(status_code: int, code: str | None) -> type[APIStatusError]:
    """Returns the class for an HTTP status and the API's own error code."""
    if code == "QUOTA_EXCEEDED":
        return QuotaExceededError
    if 500 <= status_code <= 599:
        return InternalServerError
    return _BY_STATUS.get(status_code, APIStatusError)
