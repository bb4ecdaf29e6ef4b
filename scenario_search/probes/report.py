"""What probes found out, as a page to read: documented, the emulator, this service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scenario_search.probes.probe import Finding, Probe
from scenario_search.text import clean

__all__ = ["matching_options", "report"]


def matching_options(probes: Iterable[Probe], findings: Mapping[str, Finding]) -> list[str]:
    """Returns the options of an emulator that answers as the service does, where there are some."""
    options = []
    for probe in probes:
        answer = findings[probe.name].answer
        if answer is not None and answer != probe.emulator and (option := probe.option(answer)):
            options.append(option)
    return options


def report(probes: Iterable[Probe], findings: Mapping[str, Finding], *, service: str) -> str:
    """Returns a Markdown page with a table of all answers.

    Args:
        probes: What was asked.
        findings: What was found out, by the probes' names.
        service: What was asked, such as its base URL.
    """
    probes = list(probes)
    rows = [
        (
            *(probe.name, probe.question, probe.documented or "-"),
            *(probe.emulator or "-", finding.answer or "unknown", clean(finding.detail)),
            _verdict(probe, finding),
        )
        for probe in probes
        for finding in (findings[probe.name],)
    ]
    heads = ("probe", "question", "documented", "emulator", "service", "seen", "")
    options = ", ".join(matching_options(probes, findings))
    lines = [
        f"# The Search API at {service}",
        "",
        *(_row(row) for row in (heads, ["---"] * len(heads), *rows)),
        "",
        f"An emulator that answers like it: `Emulator({options})`.",
        "It differs still where the last column says so and no option is named.",
    ]
    return "\n".join(lines) + "\n"


def _verdict(probe: Probe, finding: Finding) -> str:
    if finding.answer is None or probe.emulator in (None, finding.answer):
        return ""
    return "differs"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
