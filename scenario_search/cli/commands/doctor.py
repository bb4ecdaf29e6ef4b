"""``doctor``: whether searches work from here, and what the credentials may search."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import typer

from scenario_search.cli.connection import Connection, run
from scenario_search.cli.failures import API, CREDENTIALS
from scenario_search.cli.options import add_command, option
from scenario_search.cli.writing import emit, inert, json_text
from scenario_search.probes.checks import CHECKS
from scenario_search.probes.probe import Finding, ask_all
from scenario_search.probes.service import Service

__all__ = ["add_doctor"]


_PATIENCE = 20.0
"""Seconds for a reply: who waits longer has found out what is wrong."""


@attrs.frozen(kw_only=True)
class DoctorOptions:
    """For which project, and in what form."""

    project_id: str | None = option(None, "Project to search in.", "--project", metavar="ID")
    json: bool = option(False, "As JSON: one line per check.")


def add_doctor(app: typer.Typer) -> None:
    """Adds the command."""
    doc = "Check credentials, connection, proxy, clock and access, with four searches."
    add_command(app, "doctor", doc, _doctor, DoctorOptions, Connection)


def _doctor(options: DoctorOptions, connection: Connection) -> None:
    findings, _ = run(_examine(connection, options.project_id))
    for check in CHECKS:
        finding = findings[check.name]
        if options.json:
            line = {"check": check.name, "verdict": _verdict(finding), **attrs.asdict(finding)}
            del line["is_last"]
            emit(json_text(line) + "\n")
            continue
        said = inert(finding.detail or finding.answer or "", lines=False)
        emit(f"{_verdict(finding):<8} {check.name:<14} {said}\n")
        if finding.advice not in ("", finding.detail):
            emit(f"{'':<24}{inert(finding.advice, lines=False)}\n")
    if any(finding.advice for finding in findings.values()):
        raise typer.Exit(CREDENTIALS if _is_refused(findings) else API)


async def _examine(connection: Connection, project_id: str | None) -> dict[str, Finding]:
    async with connection.client(timeout=_PATIENCE) as client:
        return await ask_all(CHECKS, Service(client._requester, project_id=project_id))


def _verdict(finding: Finding) -> str:
    if finding.advice:
        return "problem"
    if finding.answer is None:
        return "unknown"
    return "no" if finding.answer.startswith("refused") else "ok"


def _is_refused(findings: Mapping[str, Finding]) -> bool:
    return str(findings["access"].answer).startswith(("refused with 401", "refused with 403"))
