"""What a service does where the documentation leaves it open, beside what the emulator chose.

The same probes are asked of an emulator, here and in CI, and of the live service by ``nox -s
live``, which also writes a report. They only search, at most 60 times.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from scenario_search import AsyncScenario
from scenario_search.emulator import Emulator
from scenario_search.http.credentials import CREDENTIAL_VARIABLES
from scenario_search.http.options import BASE_URL, PROJECT_ID
from scenario_search.probes.contract import PROBES
from scenario_search.probes.probe import Finding, Probe, ask_all
from scenario_search.probes.report import matching_options, report
from scenario_search.probes.service import MOST_SEARCHES, Service

REPORT = os.environ.get("SCENARIO_LIVE_REPORT")
"""Where ``nox -s live`` wants the report; without it the live service is left alone."""

# Read now: tests run with these taken out of the environment.
ENVIRONMENT = {
    name: os.environ[name]
    for name in (*CREDENTIAL_VARIABLES, BASE_URL, PROJECT_ID)
    if name in os.environ
}

MORE_THAN_THE_CAP = [
    {
        "id": f"asset_more_{number}",
        "ownerId": "project_other",
        "privacy": "public",
        "createdAt": f"2023-{1 + number % 12:02}-01T00:00:00.{number // 12:03}Z",
        "metadata": {"kind": "image", "width": 640},
    }
    for number in range(1_000)
]


async def ask(client: AsyncScenario, probes: Iterable[Probe]) -> tuple[dict[str, Finding], int]:
    async with client:
        service = Service(client._requester)
        findings = await ask_all(probes, service)
    return findings, service.searches


def ask_emulator(
    probes: Iterable[Probe] = PROBES, **options: Any
) -> tuple[dict[str, Finding], int]:
    with Emulator.demo(**options) as emulator:
        emulator.load_sync(MORE_THAN_THE_CAP)
        return asyncio.run(ask(AsyncScenario(**emulator.client_options), probes))


def differing(findings: dict[str, Finding]) -> dict[str, str | None]:
    """Returns the answers that are not those of an emulator with its default options."""
    return {
        probe.name: findings[probe.name].answer
        for probe in PROBES
        if probe.name in findings
        and probe.emulator is not None
        and findings[probe.name].answer != probe.emulator
    }


def test_the_emulator_answers_as_its_probes_say() -> None:
    findings, searches = ask_emulator()
    assert differing(findings) == {}
    assert len(PROBES) - 5 <= searches <= MOST_SEARCHES


@pytest.mark.parametrize(
    ("options", "answers"),
    [
        ({"result_cap": 50}, {"result cap": "50"}),
        ({"capped_totals": False}, {"totals": "not capped"}),
        (
            {"result_cap": 50, "capped_totals": False},
            {"result cap": "50", "totals": "not capped"},
        ),
        ({"sort_first": True}, {"sortBy beside a query": "first"}),
    ],
)
def test_an_option_that_is_turned_is_seen(options: dict[str, Any], answers: dict[str, str]) -> None:
    turned = [
        probe for probe in PROBES if probe.name in ("result cap", "totals", "sortBy beside a query")
    ]
    findings, _ = ask_emulator(turned, **options)
    assert differing(findings) == answers
    matching = matching_options(turned, findings)
    assert matching == [f"{name}={value}" for name, value in options.items()]


def test_the_report_names_what_differs_and_the_options_that_match() -> None:
    findings = {probe.name: Finding(probe.emulator) for probe in PROBES}
    findings["result cap"] = Finding("500")
    findings["ENDS WITH"] = Finding("refused with 500", "500: a | b")
    text = report(PROBES, findings, service="https://api.example.com/v1")
    assert "`Emulator(result_cap=500)`" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| ENDS WITH")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[2:] == ["-", "refused with 400", "refused with 500", "500: a / b", "differs"]
    assert text.count("differs |") == 2


@pytest.mark.skipif(REPORT is None, reason="nox -s live asks the service")
def test_the_service_answers_as_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    if not any(name in ENVIRONMENT for name in CREDENTIAL_VARIABLES):
        pytest.skip(f"set {' and '.join(CREDENTIAL_VARIABLES[:2])} to ask the live service")
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    client = AsyncScenario()
    findings, searches = asyncio.run(ask(client, PROBES))
    assert REPORT is not None
    Path(REPORT).write_text(report(PROBES, findings, service=client.base_url), encoding="utf-8")
    assert searches <= MOST_SEARCHES
    known = {name: answer for name, answer in differing(findings).items() if answer is not None}
    assert known == {}, f"see {REPORT}"
