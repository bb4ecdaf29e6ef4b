"""Which server a command talks to, and how its coroutine is run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

import attrs
import typer

from scenario_search.caller_warnings import PendingWarnings, collect_warnings
from scenario_search.cli.failures import set_debug
from scenario_search.cli.options import VOCABULARY, option
from scenario_search.cli.writing import say
from scenario_search.errors import ConfigurationError, TruncatedResultsWarning
from scenario_search.http.credentials import API_KEY, API_SECRET, BEARER_AUTH, CREDENTIAL_VARIABLES
from scenario_search.http.options import BASE_URL, proxy_problem, resolve_base_url
from scenario_search.messages import Message
from scenario_search.text import clean

if TYPE_CHECKING:
    from scenario_search.client import AsyncScenario

__all__ = ["Connection", "Debug", "Demo", "debug_option", "run"]

T = TypeVar("T")


_DEBUG = "Show where an error came from."
Debug = Annotated[bool, typer.Option("--debug", help=_DEBUG, callback=set_debug)]
Demo = Annotated[bool, typer.Option("--demo", hidden=True)]
"""Of commands that ask no server: all of them take ``--demo``."""


def debug_option() -> Any:
    """Returns the field of ``--debug``, for a group of options."""
    return option(False, _DEBUG, callback=set_debug)


@attrs.frozen(kw_only=True)
class Connection:
    """The server, and how it is asked.

    Credentials come from the environment alone: a command line is seen by all users of a machine.
    """

    panel: ClassVar = "Connection"

    demo: bool = option(False, "Use an emulator with demo data: no account.")
    base_url: str | None = option(
        None, "Base URL of the API.", metavar="URL", show_default=BASE_URL
    )
    allow_http: bool = option(False, "Allow plain http, which sends credentials unencrypted.")
    proxy: str | None = option(
        None, "HTTP or HTTPS proxy.", metavar="URL", show_default="the environment's"
    )
    no_validate: bool = option(False, "Send the request without validating it first.")
    debug: bool = debug_option()

    def client(self, **options: Any) -> AsyncScenario:
        """Returns a client.

        Raises:
            ConfigurationError: The credentials are missing, or cannot be used.
            typer.BadParameter: The base URL cannot be used.
        """
        from scenario_search.client import AsyncScenario  # noqa: PLC0415 - help needs none

        options["validate"] = not self.no_validate
        if self.demo:
            return AsyncScenario.demo(**options)
        try:
            resolve_base_url(self.base_url, allow_http=self.allow_http)
        except ConfigurationError as error:
            raise typer.BadParameter(error.worded(VOCABULARY)) from None
        if not any(map(os.environ.get, CREDENTIAL_VARIABLES)):
            raise ConfigurationError(
                f"No credentials: set {API_KEY} and {API_SECRET} (or {BEARER_AUTH}), or try it "
                "without an account, with --demo"
            )
        return AsyncScenario(
            base_url=self.base_url, allow_http=self.allow_http, proxy=self.proxy, **options
        )

    def __attrs_post_init__(self) -> None:
        if self.proxy is None:
            return
        if problem := proxy_problem(self.proxy):
            raise typer.BadParameter(f"--proxy {problem}")
        if "@" in self.proxy:
            raise typer.BadParameter(
                "--proxy must hold no user name and no password, since a command line is seen by "
                "all users of a machine: set HTTPS_PROXY instead"
            )


def run(work: Coroutine[Any, Any, T]) -> tuple[T, bool]:
    """Runs a command's coroutine, and writes its warnings at the end.

    Returns:
        What the coroutine returns, and whether the engine holds more hits than it returned.
    """
    pending: PendingWarnings = []
    try:
        with collect_warnings(pending):
            result = asyncio.run(work)
    finally:
        for message in dict.fromkeys(message for message, _ in pending):
            text = message.worded(VOCABULARY) if isinstance(message, Message) else message
            say(f"Warning: {clean(text, 500)}")
    return result, any(issubclass(kind, TruncatedResultsWarning) for _, kind in pending)
