"""The asynchronous client: options, credentials, attempts and retries."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, TypeVar

import attrs
import orjson

from scenario_search._version import __version__
from scenario_search.concurrency.pacing import Pause
from scenario_search.emulator.embedded import DemoEmulator
from scenario_search.errors import (
    APIError,
    APITimeoutError,
    ConfigurationError,
    status_error_class,
)
from scenario_search.http.codings import ACCEPTED
from scenario_search.http.options import (
    ClientOptions,
    Credentials,
    resolve_base_url,
    resolve_project_id,
    take_credentials,
)
from scenario_search.http.retries import RetryPolicy, retry_after_seconds
from scenario_search.http.transport import (
    AIOHTTP_VERSION,
    Answer,
    Transport,
    ready_headers,
)
from scenario_search.search.methods import AsyncSearch
from scenario_search.search.signatures import makes, returns_same, takes
from scenario_search.wire.hits import ResponseInfo

if TYPE_CHECKING:
    from scenario_search.crawl.crawler import AsyncCrawler
    from scenario_search.files.download import DownloadReport, DownloadSource

__all__ = ["AsyncScenario"]

logger = logging.getLogger("scenario_search")

C = TypeVar("C", bound="AsyncScenario")

_USER_AGENT = (
    f"scenario-search/{__version__} python/{platform.python_version()} aiohttp/{AIOHTTP_VERSION}"
)
_NOTHING: nullcontext[None] = nullcontext()
_MESSAGE_SHOWN = 500
_QUOTED_AT_MOST = 1024


class AsyncScenario:
    """A client of Scenario's Search API for asyncio.

    Use it as an async context manager, or call :meth:`close` at the end. It may be made outside
    of an event loop; its connections are made on first use, in the loop that is running then.

    Args:
        options: See :class:`~scenario_search.http.options.ClientOptions`: all are keywords,
            none is required where the environment holds the credentials.

    Raises:
        ConfigurationError: The credentials, the base URL or another option cannot be used.
    """

    @takes(ClientOptions)
    def __init__(self, **options: Any) -> None:
        credentials = take_credentials(options)
        self._configure(ClientOptions(**options), credentials, None)

    @makes(ClientOptions)
    @classmethod
    def demo(cls, **options: Any) -> Self:
        """Give a client of an embedded emulator with demo data, which ends with the client.

        The emulator starts at once, in half a second, and serves from a thread of its own, until
        the client is closed or collected or the interpreter ends. No account, no network.

        Args:
            options: As for the client; the base URL and the credentials are the emulator's.

        Raises:
            ImportError: The extra ``emulator`` is not installed.
            ConfigurationError: An option cannot be used.
        """
        if own := sorted(DemoEmulator.OWN_OPTIONS & options.keys()):
            raise ConfigurationError(
                f"demo() takes no {', '.join(own)}: a demo client has those of its emulator"
            )
        emulator = DemoEmulator()
        try:
            client = cls(**emulator.client_options(), **options)
        except BaseException:
            emulator.end()
            raise
        emulator.end_with(client._transport)
        client._demo = emulator
        return client

    def _configure(
        self, options: ClientOptions, credentials: Credentials, shared: Transport | None
    ) -> None:
        if options.session is not None and options.trace_configs:
            raise ConfigurationError("trace_configs belong to the session: give them to yours")
        self._options = options
        self._credentials = credentials
        self._base_url = resolve_base_url(options.base_url, allow_http=options.allow_http)
        self._project_id = resolve_project_id(options.project_id)
        self._transport = shared or Transport(
            owner=f"A client of {self._base_url}",
            max_connections=options.max_connections,
            session=options.session,
            trace_configs=options.trace_configs,
        )
        self._policy = RetryPolicy(
            max_retries=options.max_retries, max_retry_wait=options.max_retry_wait
        )
        # Merged once; its values do not show themselves.
        self._merged_headers = ready_headers(self._merge_headers({}))
        self._demo: DemoEmulator | None = None
        self._sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
        self._chance: Callable[[], float] = random.random

    @property
    def search(self) -> AsyncSearch:
        """The searches: assets, models, workflows."""
        return AsyncSearch(self)

    @property
    def crawl(self) -> AsyncCrawler:
        """The crawls: every hit, past the engine's result cap."""
        from scenario_search.crawl.crawler import AsyncCrawler  # noqa: PLC0415 - few programs crawl

        return AsyncCrawler(self)

    async def download(
        self,
        assets: DownloadSource,
        directory: str | os.PathLike[str],
        *,
        concurrency: int = 8,
        on_error: Literal["raise", "skip"] = "raise",
        progress: Callable[[DownloadReport], object] | None = None,
    ) -> DownloadReport:
        """Download the files of assets into a folder.

        Each file is named by its asset's id, and has a line in ``manifest.jsonl``. What is there
        is not fetched again, so a download that was ended goes on. Expired URLs are replaced. The
        client's ``max_retries`` holds for files too; its ``limiter`` and ``deadline`` do not.

        Args:
            assets: A page, results, a crawl (inside ``async with``, to have its requests run at
                once), or anything that gives assets.
            directory: The folder, made if it is not there.
            concurrency: How many files are fetched at once.
            on_error: Whether a file that cannot be downloaded is an error, or is left out: it is
                then in the report and in the manifest.
            progress: Called with the report after every file.

        Raises:
            InvalidParamsError: An argument cannot be used.
            APIError: A file cannot be downloaded, after retries.
            OSError: A file cannot be written.
        """
        from scenario_search.files.download import download  # noqa: PLC0415 - few programs do

        return await download(
            self,
            assets,
            directory,
            concurrency=concurrency,
            on_error=on_error,
            progress=progress,
        )

    @property
    def base_url(self) -> str:
        """Where the API is, without a slash at the end."""
        return self._base_url

    @property
    def options(self) -> ClientOptions:
        """The options, without the credentials."""
        return self._options

    @returns_same(ClientOptions)
    def with_options(self, **changes: Any) -> Self:
        """Give a copy with other options that shares the connections.

        Closing any of the copies closes the connections of all.

        Raises:
            ConfigurationError: An option cannot be used, or belongs to the connections.
        """
        fixed = {"session", "max_connections", "trace_configs"} & changes.keys()
        if fixed:
            raise ConfigurationError(
                f"{', '.join(sorted(fixed))} cannot be changed in a copy: make a new client"
            )
        secret = {"api_key", "api_secret", "bearer_auth"} & changes.keys()
        credentials = take_credentials(changes) if secret else self._credentials
        copy = object.__new__(type(self))
        copy._configure(attrs.evolve(self._options, **changes), credentials, self._transport)
        copy._demo, copy._sleep, copy._chance = self._demo, self._sleep, self._chance
        return copy

    async def close(self) -> None:
        """Close the connections. Closing again does nothing."""
        await self._transport.close()
        if self._demo is not None:
            await self._demo.stop()

    if not TYPE_CHECKING:  # type checkers say it themselves

        def __enter__(self) -> NoReturn:
            raise TypeError(
                f"{type(self).__name__} is asynchronous: write 'async with', or use Scenario"
            )

        def __exit__(self, *_: object) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        name = type(self).__name__
        if not hasattr(self, "_transport"):
            return f"<{name}, which could not be made>"
        state = " closed" if self._transport.closed else ""
        return f"<{name} {self._base_url} with {self._credentials.kind} credentials{state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} cannot be pickled: make a client in each process (a page holds "
            "its client: pickle its hits)"
        )

    def _headers(self, extra: Mapping[str, str] | None) -> Mapping[str, str]:
        return self._merge_headers(extra) if extra else self._merged_headers

    def _merge_headers(self, extra: Mapping[str, str]) -> dict[str, str]:
        own = {
            "Accept": "application/json",
            "Accept-Encoding": ACCEPTED,
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            "Authorization": self._credentials.authorization(),
        }
        # In one case, so that a name replaces the same name in another case.
        return {
            name.title(): value
            for headers in (own, self._options.default_headers or {}, extra)
            for name, value in headers.items()
        }

    async def _post(
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
        """Send a request until it succeeds, or until the retry policy gives up.

        Raises:
            APIError: The last attempt's error, or :class:`APITimeoutError` at the deadline,
                which bounds all of it: attempts, waits, the limiter, a free connection.
        """
        options = self._options
        policy = self._policy
        if max_retries is not None:
            policy = attrs.evolve(policy, max_retries=int(max_retries))
        timeout = options.timeout if timeout is None else timeout
        attempt = 0
        deadline = None if options.deadline is None else asyncio.timeout(options.deadline)
        try:
            async with deadline or _NOTHING:
                while True:
                    if pause is not None:
                        await pause.wait(self._sleep)
                    try:
                        answer = await self._attempt(path, body, query, extra_headers, timeout)
                    except APIError as error:
                        error.retries_taken = attempt
                        delay = policy.delay(
                            error, attempt, chance=self._chance(), time_left=_time_left(deadline)
                        )
                        if delay is None:
                            raise
                        self._log_retry(path, error, attempt, delay)
                        if pause is not None and error.status_code in (429, 503):
                            pause.extend(delay)
                    else:
                        return answer.body, ResponseInfo(
                            status=answer.status,
                            headers=answer.headers,
                            request_id=answer.headers.get("x-request-id"),
                            elapsed=answer.elapsed,
                            retries_taken=attempt,
                        )
                    await self._sleep(delay)
                    attempt += 1
        except TimeoutError:
            if deadline is None or not deadline.expired():
                raise
            raise APITimeoutError(
                f"The deadline of {options.deadline:g} s has passed", retries_taken=attempt
            ) from None

    async def _attempt(
        self,
        path: str,
        body: bytes,
        query: Mapping[str, str],
        extra_headers: Mapping[str, str] | None,
        timeout: float,
    ) -> Answer:
        options = self._options
        async with options.limiter or _NOTHING:
            answer = await self._transport.post(
                f"{self._base_url}{path}",
                body,
                headers=partial(self._headers, extra_headers),
                query={**options.default_query, **query} if options.default_query else query,
                timeout=timeout,
                max_bytes=options.max_response_bytes,
            )
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("POST %s: %d in %.3f s", path, answer.status, answer.elapsed)
        if 200 <= answer.status < 300:
            # An error quotes no more than the start of a page.
            start = answer.body[:_QUOTED_AT_MOST]
            if self._credentials.erased(start) == start:
                return answer
        answer = attrs.evolve(answer, body=self._credentials.erased(answer.body))
        if not 200 <= answer.status < 300:
            raise status_error(answer)
        return answer

    def _log_retry(self, path: str, error: APIError, attempt: int, delay: float) -> None:
        logger.info(
            "POST %s failed (%s): retry %d in %.2f s",
            path,
            error.status_code or type(error).__name__,
            attempt + 1,
            delay,
            extra={
                "scenario_path": path,
                "scenario_status": error.status_code,
                "scenario_retry": attempt + 1,
                "scenario_delay": delay,
                "scenario_request_id": error.request_id,
            },
        )


def _time_left(deadline: asyncio.Timeout | None) -> float | None:
    ends = None if deadline is None else deadline.when()
    return None if ends is None else ends - asyncio.get_running_loop().time()


def status_error(answer: Answer) -> APIError:
    """Make the error for an answer that is not a success, with what its body says."""
    body: Any
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = answer.body.decode("utf-8", "replace") or None
    fields: Mapping[str, Any] = body if isinstance(body, dict) else {}
    texts = [fields.get("error"), fields.get("message"), answer.body.decode("utf-8", "replace")]
    said = (text.strip() for text in texts if isinstance(text, str))
    message = next(filter(None, said), "the answer has no body")[:_MESSAGE_SHOWN]
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
