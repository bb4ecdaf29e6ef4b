"""Requests to the API: headers and credentials, attempts and retries, the limiter, the deadline."""

from __future__ import annotations

import asyncio
import logging
import platform
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import cache, partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from scenario_search._version import __version__
from scenario_search.concurrency.pacing import Pause
from scenario_search.concurrency.tasks import check_event_loop
from scenario_search.converter import default_converter
from scenario_search.errors import (
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
)
from scenario_search.http.bodies import accept_encoding
from scenario_search.http.credentials import Credentials
from scenario_search.http.destinations import file_url_problem
from scenario_search.http.options import (
    AsyncClientOptions,
    is_loopback,
    resolve_base_url,
    resolve_project_id,
)
from scenario_search.http.responses import error_context, response_info, status_error
from scenario_search.http.retries import RetryPolicy
from scenario_search.wire.codec import read_page
from scenario_search.wire.params import CallOptions
from scenario_search.wire.response import ResponseInfo
from scenario_search.wire.secrets import Secrets, secret_values

if TYPE_CHECKING:
    from scenario_search.http.transport import FileAnswer, Transport

__all__ = ["Page", "Request", "Requester"]

Page = tuple[dict[str, Any], ResponseInfo]
"""A page as JSON, whose ``hits`` are not structured yet, and how the response arrived."""

logger = logging.getLogger("scenario_search")

_NOTHING: nullcontext[None] = nullcontext()


@attrs.frozen
class Request:
    """A request to the API, ready to be sent.

    Attributes:
        path: The endpoint's path, after the base URL.
        body: The bytes to send.
        query: The query string's parameters; the client's ``default_query`` is added.
        options: What the caller wants otherwise than the client's options say.
    """

    path: str
    body: bytes = attrs.field(repr=False)
    query: Mapping[str, str]
    options: CallOptions


class Requester:
    """Sends requests to the API, with one set of options and credentials.

    A client makes one; searches, crawls and downloads hold it. A copy of a client has a requester
    of its own, over the same transport.

    Args:
        options: The client's options, without the credentials.
        credentials: What authenticates the requests.
        transport: The connections, where they are shared; by default new ones.
        sleep: Waits, for so many seconds.
        chance: Returns a random number from 0 to 1: the jitter of a wait.

    Attributes:
        base_url: The base URL of the API, without a trailing slash.
        project_id: The project to search in, where a request names none.
        policy: Whether to send a request again, and when.
        converter: Makes pages and hits of JSON, and JSON of requests.

    Raises:
        ConfigurationError: The base URL or another option cannot be used.
    """

    def __init__(
        self,
        options: AsyncClientOptions,
        credentials: Credentials,
        transport: Transport | None = None,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.options = options
        self.credentials = credentials
        self.base_url = resolve_base_url(options.base_url, allow_http=options.allow_http)
        self.project_id = resolve_project_id(options.project_id)
        self.transport = transport or _transport(options, self.base_url)
        self.transport.trust(self.base_url)
        self._is_at_home = is_loopback(urlsplit(self.base_url).hostname or "")
        self.policy = RetryPolicy(
            max_retries=options.max_retries, max_retry_wait=options.max_retry_wait
        )
        self.converter = options.converter or default_converter()
        self.sleep = sleep
        self.chance = chance
        self._proxy_secrets = self.transport.secrets
        self._own_secrets = self._secrets_of(credentials, options.default_headers or {})
        # A function's token differs from request to request, so its headers are not kept.
        self._own_headers = {} if credentials.may_change else self._merge_headers(credentials, {})

    def with_options(self, options: AsyncClientOptions, credentials: Credentials) -> Requester:
        """Returns a requester with other options and credentials over the same transport.

        Raises:
            ConfigurationError: The base URL or another option cannot be used.
        """
        return Requester(options, credentials, self.transport, sleep=self.sleep, chance=self.chance)

    def headers(
        self, credentials: Credentials, extra: Mapping[str, str] | None
    ) -> Mapping[str, str]:
        """Returns the headers of a request. They hold the credentials.

        Args:
            credentials: What authenticates it.
            extra: Headers to send beside, or in place of, the client's.
        """
        if credentials is self.credentials and not extra:
            return self._own_headers
        return self._merge_headers(credentials, extra or {})

    def _merge_headers(
        self, credentials: Credentials, extra: Mapping[str, str]
    ) -> Mapping[str, str]:
        own = {
            "Accept": "application/json",
            **accept_encoding(),
            "Content-Type": "application/json",
            "User-Agent": _user_agent(),
            "Authorization": credentials.authorization(),
        }
        # In one case, so that a name replaces the same name in another case.
        return {
            name.title(): value
            for headers in (own, self.options.default_headers or {}, extra)
            for name, value in headers.items()
        }

    def file_url_problem(self, url: str) -> str | None:
        """Returns why a file's URL must not, or cannot, be requested; ``None`` if it can."""
        return file_url_problem(url, self.base_url, allow_http=self.options.allow_http)

    def get_file(
        self, url: str, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[FileAnswer]:
        """Requests a file. See :meth:`scenario_search.http.transport.Transport.get_file`.

        Args:
            url: A URL that has no :meth:`file_url_problem`.
            headers: The headers.
        """
        # A server on this machine may name others on it, by any name.
        if self._is_at_home:
            self.transport.trust(url)
        return self.transport.get_file(url, headers=headers, timeout=self.options.timeout)

    async def post(
        self,
        path: str,
        body: Callable[[], Awaitable[bytes]],
        query: Mapping[str, str],
        options: CallOptions,
        *,
        pause: Pause | None = None,
    ) -> Page:
        """Sends a request for a page until it succeeds, or until the retry policy gives up.

        Args:
            path: The endpoint's path, after the base URL.
            body: Returns the bytes to send. It is awaited once.
            query: The query string's parameters; the client's ``default_query`` is added.
            options: What the caller wants otherwise than the client's options say.
            pause: Shared by requests that should slow down together.

        Raises:
            APIError: The last attempt's error, or :class:`APITimeoutError` at the deadline,
                which bounds all of it: making the body, attempts, waits, the limiter, a free
                connection.
            ConfigurationError: The client was closed.
        """
        check_event_loop()
        seconds = self.options.deadline if options.deadline is None else options.deadline
        deadline = None if seconds is None else asyncio.timeout(seconds)
        policy = self._policy(options)
        attempt, may_renew = 0, self.credentials.may_change
        try:
            async with deadline or _NOTHING:
                request = Request(path, await body(), query, options)
                credentials = await self.credentials.current()
                while True:
                    if pause is not None:
                        await pause.wait(self.wait)
                    try:
                        return await self._attempt(request, credentials, attempt)
                    except APIError as error:
                        error.retries_taken = attempt
                        if may_renew and isinstance(error, AuthenticationError):
                            may_renew = False
                            credentials = await self.credentials.current()
                            continue
                        delay = policy.delay(
                            error, attempt, chance=self.chance(), time_left=_time_left(deadline)
                        )
                        if delay is None:
                            raise
                        await self.announce_retry("POST", path, error, delay, pause)
                    await self.wait(delay)
                    attempt += 1
        except TimeoutError:
            if deadline is None or not deadline.expired():
                raise
            raise APITimeoutError(
                f"The deadline of {seconds:g} s has passed", retries_taken=attempt
            ) from None

    async def wait(self, seconds: float) -> None:
        """Waits before another attempt. Closing the client ends the wait.

        Raises:
            ConfigurationError: The client was closed meanwhile.
        """
        await self.transport.wait(self.sleep, seconds)

    def _policy(self, options: CallOptions) -> RetryPolicy:
        if options.max_retries is None and options.max_retry_wait is None:
            return self.policy
        names = ("max_retries", "max_retry_wait")
        values = {name: getattr(options, name) for name in names}
        return attrs.evolve(self.policy, **{k: v for k, v in values.items() if v is not None})

    async def _attempt(
        self, request: Request, credentials: Credentials, retries_taken: int
    ) -> Page:
        options, extra_headers = self.options, request.options.extra_headers
        timeout = options.timeout if request.options.timeout is None else request.options.timeout
        default_query = options.default_query
        async with _NOTHING if options.limiter is None else options.limiter:
            answer = await self.transport.post(
                f"{self.base_url}{request.path}",
                request.body,
                headers=partial(self.headers, credentials, extra_headers),
                query={**default_query, **request.query} if default_query else request.query,
                timeout=timeout,
                max_bytes=options.max_response_bytes,
            )
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("POST %s: %d in %.3f s", request.path, answer.status, answer.elapsed)
        secrets = self._secrets(credentials, extra_headers)
        info = response_info(answer, retries_taken, secrets)
        failure: APIError
        if 200 <= answer.status < 300:
            try:
                return read_page(answer.body, secrets, **error_context(info)), info
            except APIResponseValidationError as error:
                failure = error.with_traceback(None)
                failure.__context__ = None  # a JSONDecodeError, which quotes the body
        else:
            failure = status_error(answer, secrets)
        # Raised out here, so that no frame of its traceback holds the body as it came.
        raise failure

    def _secrets(self, credentials: Credentials, extra: Mapping[str, str] | None) -> Secrets:
        """Returns what no response to a request may hand back."""
        if credentials is self.credentials and not extra:
            return self._own_secrets
        return self._secrets_of(
            credentials, {**(self.options.default_headers or {}), **(extra or {})}
        )

    def _secrets_of(self, credentials: Credentials, headers: Mapping[str, str]) -> Secrets:
        return Secrets([*credentials.secrets(), *self._proxy_secrets, *secret_values(headers)])

    async def announce_retry(
        self, method: str, path: str, error: APIError, delay: float, pause: Pause | None
    ) -> None:
        """Logs a retry, calls ``on_retry``, and slows down requests that share a pause.

        Args:
            method: The request's method.
            path: The endpoint's path, or a file's URL without what may be secret in it.
            error: How the last attempt ended, with the number of retries before it.
            delay: Seconds until the next attempt.
            pause: Shared by requests that should slow down together.
        """
        if pause is not None and error.status_code in (429, 503):
            pause.extend(delay)
        retry = error.retries_taken + 1
        logger.info(
            "%s %s failed (%s): retry %d in %.2f s",
            method,
            path,
            error.status_code or type(error).__name__,
            retry,
            delay,
            extra={
                "scenario_path": path,
                "scenario_status": error.status_code,
                "scenario_retry": retry,
                "scenario_delay": delay,
                "scenario_request_id": error.request_id,
            },
        )
        if self.options.on_retry is not None:
            called = self.options.on_retry(error, retry, delay)
            if isawaitable(called):
                await called


@cache
def _user_agent() -> str:
    from scenario_search.http.transport import AIOHTTP_VERSION  # noqa: PLC0415 - see `_transport`

    python = platform.python_version()
    return f"scenario-search/{__version__} python/{python} aiohttp/{AIOHTTP_VERSION}"


def _transport(options: AsyncClientOptions, base_url: str) -> Transport:
    """Returns the connections of a new client.

    Raises:
        ConfigurationError: The session or a trace configuration cannot be used.
    """
    # aiohttp takes longer to import than all else together. The command's help, and every run of
    # pytest where the package is installed, import the package without making a client.
    from scenario_search.http.transport import Transport  # noqa: PLC0415

    of_session = {"trace_configs", "proxy", "ssl"} if options.session is not None else set()
    if refused := sorted(name for name in of_session if getattr(options, name)):
        raise ConfigurationError(
            f"`{refused[0]}` belongs to the session: pass it to the session that you make"
        )
    return Transport(
        owner=f"A client of {base_url}",
        max_connections=options.max_connections,
        session=options.session,
        trace_configs=options.trace_configs,
        proxy=options.proxy,
        trust_env=options.trust_env,
        ssl=options.ssl,
    )


def _time_left(deadline: asyncio.Timeout | None) -> float | None:
    ends = None if deadline is None else deadline.when()
    return None if ends is None else ends - asyncio.get_running_loop().time()
