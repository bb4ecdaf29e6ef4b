"""Retries of downloads: announced like those of searches, ended by closing, and without secrets."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from aiohttp import web
from fake_transport import client_of
from file_server import CONTENT, Server, answering, asset, no_sleep

from scenario_search import APIError, AsyncScenario, ConfigurationError


def secret_url(server: Server) -> str:
    """Returns a file's URL with a password and a signature."""
    return server.url.replace("://", "://me:hunter2pass@") + "/a.png?Signature=s1gned#fr4gment"


SECRETS = ("hunter2pass", "s1gned", "fr4gment")


async def broken(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def coded(_: web.Request) -> web.StreamResponse:
    return web.Response(body=CONTENT, headers={"Content-Encoding": "gzip"})


async def redirects_in_a_circle(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": str(request.url.with_user("hunter2pass"))})


@pytest.mark.parametrize("fault", [403, 404, 503, broken, coded, redirects_in_a_circle])
async def test_no_error_report_or_log_of_a_download_holds_a_secret_of_its_url(
    server: Server,
    client: AsyncScenario,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fault: object,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.respond = (
        answering(fault, 9, server.whole) if isinstance(fault, int) else fault  # type: ignore[assignment]
    )
    report = await client.download([asset(1, secret_url(server))], tmp_path, on_error="skip")
    (failed,) = report.failed
    assert "127.0.0.1" in str(failed.error)
    shown = f"{failed.error} {report!r} {caplog.text}"
    assert [secret for secret in SECRETS if secret in shown] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hunter2pass@cdn.example/a?Signature=s1gned",
        "https://me:hunter2pass@[::1/a",
        "https://me:hunter2pass@cdn.example:s1gned/a",
        "https://me:hunter2pass\u2100@cdn.example/a",
        "https://me:hunter2pass@cdn.example/a b?Signature=s1gned",
    ],
)
async def test_a_url_that_is_not_requested_is_shown_without_its_secrets(
    client: AsyncScenario, tmp_path: Path, url: str
) -> None:
    report = await client.download([asset(1, url)], tmp_path, on_error="skip")
    (failed,) = report.failed
    assert "hunter2pass" not in str(failed.error)
    assert "Signature" not in str(failed.error)


async def test_a_retry_of_a_download_is_logged_and_calls_on_retry(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "scenario_search")
    calls: list[tuple[int | None, int, float]] = []

    def on_retry(error: APIError, retry: int, wait: float) -> None:
        calls.append((error.status_code, retry, wait))

    server.respond = answering(500, 2, server.whole)
    async with client_of(f"{server.url}/v1", on_retry=on_retry) as client:
        client._requester.sleep = no_sleep
        client._requester.chance = lambda: 1.0
        await client.download([asset(1, secret_url(server))], tmp_path)
    assert calls == [(500, 1, 0.5), (500, 2, 1.0)]
    assert caplog.messages == [
        f"GET {server.url}/a.png failed (500): retry {retry} in {wait:.2f} s"
        for _, retry, wait in calls
    ]


@pytest.mark.parametrize("status", [500, 503])
async def test_closing_the_client_ends_a_wait_of_a_download(
    server: Server, tmp_path: Path, status: int
) -> None:
    waits = asyncio.Event()

    async def sleep(_: float) -> None:
        waits.set()
        await asyncio.Event().wait()

    server.respond = answering(status, 9, server.whole, **{"Retry-After": "9"})
    client = client_of(f"{server.url}/v1")
    client._requester.sleep = sleep
    task = asyncio.create_task(client.download([asset(1, f"{server.url}/a")], tmp_path))
    await waits.wait()
    await client.close()
    with pytest.raises(ConfigurationError, match="closed while a call waited"):
        await task
    assert len(server.requests) == 1
