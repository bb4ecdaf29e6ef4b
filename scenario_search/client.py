"""The asynchronous client: options in, searches, crawls and downloads out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn, Self

import attrs

from scenario_search.concurrency.tasks import check_event_loop
from scenario_search.emulator.embedded import DemoEmulator
from scenario_search.errors import ConfigurationError
from scenario_search.files.options import DownloadOptions, DownloadReport
from scenario_search.http.credentials import take_credentials
from scenario_search.http.options import AsyncClientOptions
from scenario_search.http.requester import Requester
from scenario_search.search.methods import AsyncSearch
from scenario_search.wire.hits import SearchAssetSearchResponse
from scenario_search.wire.signatures import makes, returns_same, takes, takes_beside_two

if TYPE_CHECKING:
    from scenario_search.crawl.crawler import AsyncCrawler
    from scenario_search.files.download import DownloadSource

__all__ = ["AsyncScenario"]

_OF_THE_CONNECTIONS = {"session", "max_connections", "trace_configs", "proxy", "trust_env", "ssl"}
"""Options that a copy of a client cannot change, since it shares the connections."""


class AsyncScenario:
    """A client of Scenario's Search API for asyncio.

    Use it as an async context manager, or call :meth:`close` at the end. You may create it outside
    of an event loop. It opens connections on first use, in the loop that runs then.

    Args:
        options: The keyword arguments of :class:`~scenario_search.AsyncClientOptions`, which
            ``__init__`` lists. None is required if the environment holds the credentials.

    Raises:
        ConfigurationError: The credentials, the base URL or another option cannot be used.
    """

    @takes(AsyncClientOptions)
    def __init__(self, **options: Any) -> None:
        """Creates a client. It opens no connection yet."""
        credentials = take_credentials(options)
        self._requester = Requester(AsyncClientOptions(**options), credentials)
        self._demo: DemoEmulator | None = None

    @makes(AsyncClientOptions)
    @classmethod
    def demo(cls, **options: Any) -> Self:
        """Returns a client of an embedded emulator with demo data.

        The emulator starts in about half a second, in a separate thread. It stops when the
        client is closed or garbage-collected, or when the interpreter exits. It needs no
        account and no network.

        Args:
            options: The options of the client, except the base URL and the credentials: the
                emulator sets those.

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
        emulator.end_with(client._requester.transport)
        client._demo = emulator
        return client

    @property
    def search(self) -> AsyncSearch:
        """The searches: assets, models, workflows."""
        return AsyncSearch(self._requester)

    @property
    def crawl(self) -> AsyncCrawler:
        """The crawls: every hit, past the engine's result cap."""
        from scenario_search.crawl.crawler import AsyncCrawler  # noqa: PLC0415 - few programs crawl

        return AsyncCrawler(self._requester)

    @takes_beside_two(DownloadOptions)
    async def download(
        self, assets: DownloadSource, directory: str | os.PathLike[str], **options: Any
    ) -> DownloadReport:
        """Downloads the files of assets into a folder.

        The client names each file after its asset's id and writes a line for it into
        ``manifest.jsonl``. Pictures also get a line in ``metadata.jsonl``, which Hugging Face's
        ``datasets`` loads. The client skips files that match the manifest, so an interrupted
        download resumes. It replaces expired URLs. The client's ``max_retries`` applies to files
        too; its ``limiter`` and ``deadline`` do not.

        With ``width``, ``height``, ``format``, ``quality`` or ``fit``, the client downloads
        renditions instead of the pictures. Their names show which: ``asset_1.w512.webp``.

        The client commits each batch of a crawl when the downloads of its files have ended. If
        the crawl has a checkpoint, it retries the files that failed in an earlier run.

        Args:
            assets: A page, results, a crawl, or any iterable of assets.
            directory: The folder; created if it does not exist. Only one download at a time
                can write to it.
            options: The options.

        Returns:
            A report of the downloaded, skipped and failed files.

        Raises:
            InvalidParamsError: An argument cannot be used, or another download into the folder
                is running.
            APIError: A file cannot be downloaded, after retries.
            OSError: A file cannot be written.
            ImportError: ``progress`` is ``True`` and tqdm is not installed.
        """
        from scenario_search.files.download import download  # noqa: PLC0415 - few programs do

        return await download(self._requester, assets, directory, DownloadOptions(**options))

    async def refresh(
        self, hits: Iterable[SearchAssetSearchResponse]
    ) -> list[SearchAssetSearchResponse]:
        """Returns assets with fresh URLs, in their order.

        The client searches for assets by their creation dates, about a hundred per request.
        It omits assets that no longer exist and assets without a date.

        Args:
            hits: The assets, such as a page's ``hits``.

        Raises:
            InvalidParamsError: One of the hits is not an asset.
            APIError: A request failed, after retries.
        """
        from scenario_search.files.refresh import refresh  # noqa: PLC0415 - few programs do

        return await refresh(self._requester, hits)

    @property
    def base_url(self) -> str:
        """The base URL of the API, without a trailing slash."""
        return self._requester.base_url

    @property
    def options(self) -> AsyncClientOptions:
        """The options, without the credentials."""
        return self._requester.options

    @returns_same(AsyncClientOptions)
    def with_options(self, **changes: Any) -> Self:
        """Returns a copy with other options that shares the connections.

        Closing any of the copies closes the connections of all.

        Raises:
            ConfigurationError: An option cannot be used, or belongs to the connections.
        """
        fixed = _OF_THE_CONNECTIONS & changes.keys()
        if fixed:
            raise ConfigurationError(
                f"{', '.join(sorted(fixed))} cannot be changed in a copy: make a new client"
            )
        secret = {"api_key", "api_secret", "bearer_auth"} & changes.keys()
        credentials = take_credentials(changes) if secret else self._requester.credentials
        copy = object.__new__(type(self))
        copy._requester = self._requester.with_options(
            attrs.evolve(self.options, **changes), credentials
        )
        copy._demo = self._demo
        return copy

    async def close(self) -> None:
        """Closes the connections. Closing again does nothing."""
        await self._requester.transport.close()
        if self._demo is not None:
            await self._demo.stop()

    if not TYPE_CHECKING:  # type checkers say it themselves

        def __enter__(self) -> NoReturn:
            raise TypeError(
                f"{type(self).__name__} is asynchronous: write 'async with', or use Scenario"
            )

        def __exit__(self, *_: object) -> None: ...

    async def __aenter__(self) -> Self:
        check_event_loop()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return self._shown_as(type(self).__name__)

    def _shown_as(self, name: str) -> str:
        # A traceback's locals also show a client that could not be made.
        if not hasattr(self, "_requester"):
            return f"<{name}, which could not be made>"
        requester = self._requester
        state = " closed" if requester.transport.closed else ""
        return f"<{name} {self.base_url} with {requester.credentials.kind} credentials{state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} cannot be pickled: make a client in each process (a page holds "
            "its client: pickle its hits)"
        )
