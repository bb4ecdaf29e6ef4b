"""Clients for plain code: of a raw server, and over a fake transport."""

from __future__ import annotations

from typing import Any

from fake_transport import FakeTransport, correct_page

from scenario_search import Scenario

IDS = [f"asset_{n:03}" for n in range(250)]


def client_of(url: str, **options: Any) -> Scenario:
    return Scenario(base_url=url, api_key="k", api_secret="s", **options)


def faked(**options: Any) -> tuple[Scenario, FakeTransport]:
    """A client whose server holds the ids above, and its transport."""
    client = client_of("https://api.example/v1", **options)
    transport = FakeTransport(lambda body: correct_page(IDS, body))
    client._client._requester.transport = transport  # type: ignore[assignment]
    return client, transport
