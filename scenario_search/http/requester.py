"""Requests to the API: headers and credentials, attempts and retries, the limiter, the deadline."""

from __future__ import annotations

import asyncio
import logging
import platform
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs
import orjson

from scenario_search._version import __version__
from scenario_search.concurrency.pacing import Pause
from scenario_search.concurrency.tasks import check_event_loop
from scenario_search.converter import default_converter
from scenario_search.errors import (
    APIError,
    APITimeoutError,
    ConfigurationError,
    status_error_class,
)
from scenario_search.http.bodies import accept_encoding
from scenario_search.http.credentials import Credentials
from scenario_search.http.options import (
    AsyncClientOptions,
    is_loopback,
    resolve_base_url,
    resolve_project_id,
)
from scenario_search.http.retries import RetryPolicy, retry_after_seconds
from scenario_search.messages import Message, Term
from scenario_search.text import clean
from scenario_search.wire.response import ResponseInfo

if TYPE_CHECKING:
    from scenario_search.http.transport import Answer, Transport

__all__ = ["Requester"]

logger = logging.getLogger("scenario_search")

_NOTHING: nullcontext[None] = nullcontext()
_MESSAGE_SHOWN = 500
_QUOTED_AT_MOST = 1024


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
        base_url: Where the API is, without a slash at the end.
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
        self.policy = RetryPolicy(
            max_retries=options.max_retries, max_retry_wait=options.max_retry_wait
        )
        self.converter = options.converter or default_converter()
        self.sleep = sleep
        self.chance = chance
        self._merged_headers = self._merge_headers({})

    def with_options(self, options: AsyncClientOptions, credentials: Credentials) -> Requester:
        """Returns a requester with other options and credentials over the same transport.

        Raises:
            ConfigurationError: The base URL or another option cannot be used.
        """
        return Requester(options, credentials, self.transport, sleep=self.sleep, chance=self.chance)

    def headers(self, extra: Mapping[str, str] | None) -> Mapping[str, str]:
        """Returns the headers of a request. They hold the credentials.

        Args:
            extra: Headers to send beside, or in place of, the client's.
        """
        return self._merge_headers(extra) if extra else self._merged_headers

    def file_url_problem(self, url: str) -> str | None:
        """Says why a file's URL must not, or cannot, be requested; ``None`` if it can."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            _ = parts.port
        except ValueError as error:
            return f"is not a URL: {error}"
        # Characters that one reader of a URL drops, and another takes for something else.
        if not url.isprintable() or set(url) & set(" \\"):
            return "is not a URL: it has a space, a backslash or a control character"
        # A server elsewhere has no business with this machine's own.
        at_home = is_loopback(urlsplit(self.base_url).hostname or "")
        plain = self.options.allow_http or (at_home and is_loopback(host))
        if not host or parts.scheme not in (("https", "http") if plain else ("https",)):
            return "is not fetched: only https is"
        return None

    def _merge_headers(self, extra: Mapping[str, str]) -> dict[str, str]:
        own = {
            "Accept": "application/json",
            **accept_encoding(),
            "Content-Type": "application/json",
            "User-Agent": _user_agent(),
            "Authorization": self.credentials.authorization(),
        }
        # In one case, so that a name replaces the same name in another case.
        return {
            name.title(): value
            for headers in (own, self.options.default_headers or {}, extra)
            for name, value in headers.items()
        }

    async def post(
        self,
        path: str,
        body: bytes,
        query: Mapping[str, str],
        *,
        extra_headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        pause: Pause | None = None,
    ) -> tuple[bytes, ResponseInfo]:
        """Sends a request until it succeeds, or until the retry policy gives up.

        Args:
            path: The endpoint's path, after the base URL.
            body: The bytes to send.
            query: The query string's parameters; the client's ``default_query`` is added.
            extra_headers: Headers to send beside, or in place of, the client's.
            timeout: Seconds for one attempt; ``None`` for the client's.
            max_retries: How many times a failed attempt is repeated; ``None`` for the client's.
            pause: Shared by requests that should slow down together.

        Returns:
            The response's body, unpacked, and how it arrived.

        Raises:
            APIError: The last attempt's error, or :class:`APITimeoutError` at the deadline,
                which bounds all of it: attempts, waits, the limiter, a free connection.
        """
        check_event_loop()
        policy = self.policy
        if max_retries is not None:
            policy = attrs.evolve(policy, max_retries=int(max_retries))
        seconds = self.options.deadline
        deadline = None if seconds is None else asyncio.timeout(seconds)
        attempt = 0
        try:
            async with deadline or _NOTHING:
                while True:
                    if pause is not None:
                        await pause.wait(self.sleep)
                    try:
                        answer = await self._attempt(path, body, query, extra_headers, timeout)
                    except APIError as error:
                        error.retries_taken = attempt
                        delay = policy.delay(
                            error, attempt, chance=self.chance(), time_left=_time_left(deadline)
                        )
                        if delay is None:
                            raise
                        _note_retry(path, error, delay, pause)
                    else:
                        return answer.body, _response_info(answer, attempt)
                    await self.sleep(delay)
                    attempt += 1
        except TimeoutError:
            if deadline is None or not deadline.expired():
                raise
            raise APITimeoutError(
                f"The deadline of {seconds:g} s has passed", retries_taken=attempt
            ) from None

    async def _attempt(
        self,
        path: str,
        body: bytes,
        query: Mapping[str, str],
        extra_headers: Mapping[str, str] | None,
        timeout: float | None,
    ) -> Answer:
        options = self.options
        timeout = options.timeout if timeout is None else timeout
        async with _NOTHING if options.limiter is None else options.limiter:
            answer = await self.transport.post(
                f"{self.base_url}{path}",
                body,
                headers=partial(self.headers, extra_headers),
                query={**options.default_query, **query} if options.default_query else query,
                timeout=timeout,
                max_bytes=options.max_response_bytes,
            )
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("POST %s: %d in %.3f s", path, answer.status, answer.elapsed)
        if 200 <= answer.status < 300:
            # An error quotes no more than the start of a page.
            start = answer.body[:_QUOTED_AT_MOST]
            if self.credentials.erased(start) == start:
                return answer
        answer = attrs.evolve(answer, body=self.credentials.erased(answer.body))
        if not 200 <= answer.status < 300:
            error = _status_error(answer)
            if 300 <= answer.status < 400:
                error.add_hint(self._redirection(answer.headers.get("location", "")))
            raise error
        return answer

    def _redirection(self, location: str) -> Message:
        """Returns where a redirect goes, without credentials and query string, and what to do."""
        location = re.sub(r"(?<=//)[^/]*@", "", re.split("[?#]", location, maxsplit=1)[0])
        shown = self.credentials.erased(location.encode()).decode()
        return Message(
            "redirects are not followed, and this one goes to {}: {} may have to be another",
            clean(shown) or "no address",
            Term("base_url", "base_url"),
        )


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
    if given := sorted(name for name in of_session if getattr(options, name)):
        raise ConfigurationError(
            f"`{given[0]}` belongs to the session: pass it to the session that you make"
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


def _response_info(answer: Answer, retries_taken: int) -> ResponseInfo:
    return ResponseInfo(
        status_code=answer.status,
        headers=answer.headers,
        request_id=answer.headers.get("x-request-id"),
        elapsed=answer.elapsed,
        retries_taken=retries_taken,
    )


def _note_retry(path: str, error: APIError, delay: float, pause: Pause | None) -> None:
    """Logs a retry, and has the other requests of a crawl wait too where the server is busy."""
    if pause is not None and error.status_code in (429, 503):
        pause.extend(delay)
    retry = error.retries_taken + 1
    logger.info(
        "POST %s failed (%s): retry %d in %.2f s",
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


def _time_left(deadline: asyncio.Timeout | None) -> float | None:
    ends = None if deadline is None else deadline.when()
    return None if ends is None else ends - asyncio.get_running_loop().time()


def _status_error(answer: Answer) -> APIError:
    """Returns the error for a response that is not a success, with what its body says."""
    body: Any
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = answer.body.decode("utf-8", "replace") or None
    fields: Mapping[str, Any] = body if isinstance(body, dict) else {}
    texts = [fields.get("error"), fields.get("message"), answer.body.decode("utf-8", "replace")]
    messages = (text.strip() for text in texts if isinstance(text, str))
    message = next(filter(None, messages), "the response has no body")[:_MESSAGE_SHOWN]
    code = fields.get("code")
    code = code if isinstance(code, str) else None
    return status_error_class(answer.status, code)(
        f"{answer.status}: {message}" + (f" ({code})" if code else ""),
        status_code=answer.status,
        code=code,
        details=fields.get("details"),
        request_id=answer.headers.get("x-request-id"),
        retry_after=retry_after_seconds(answer.headers, datetime.now(UTC)),
        body=body,
    )
