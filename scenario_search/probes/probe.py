"""A probe: a question to a service, how it is asked, and what answers are expected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import attrs

from scenario_search.errors import (
    APIConnectionError,
    ConfigurationError,
    RateLimitError,
    ScenarioError,
)
from scenario_search.probes.service import Service, UnansweredError

__all__ = ["Ask", "Finding", "Probe", "ask_all"]


@attrs.frozen
class Finding:
    """What a probe found out.

    Attributes:
        answer: The answer in a few words, the same for all services that do the same; None if
            there is none.
        detail: What was seen in this service, or why there is no answer.
        advice: What a user should do about it; empty where all is well.
        is_last: Whether no other question can be answered then.
    """

    answer: str | None
    detail: str = ""
    advice: str = ""
    is_last: bool = False


Ask = Callable[[Service], Awaitable[Finding]]


@attrs.frozen(kw_only=True)
class Probe:
    """A question to a service.

    Attributes:
        name: Its name, in the field's terms.
        question: The question.
        ask: Sends searches, and judges the replies.
        documented: The answer of the API's documentation; None where it has none.
        emulator: The answer of an emulator with its default options; None where answers depend on
            the account and cannot be compared.
        option: Returns the emulator's option that gives an answer, if there is one.
    """

    name: str
    question: str
    ask: Ask
    documented: str | None = None
    emulator: str | None = None
    option: Callable[[str], str | None] = lambda _: None


async def ask_all(probes: Iterable[Probe], service: Service) -> dict[str, Finding]:
    """Asks probes in their order.

    Returns:
        The findings by the probes' names.
    """
    findings: dict[str, Finding] = {}
    is_over = False
    for probe in probes:
        if is_over:
            findings[probe.name] = Finding(None, "not tried")
            continue
        try:
            finding = await probe.ask(service)
        except UnansweredError as error:
            finding = Finding(None, str(error))
        except ScenarioError as error:
            lasts = isinstance(error, (APIConnectionError, ConfigurationError, RateLimitError))
            finding = Finding(None, str(error), advice=str(error), is_last=lasts)
        findings[probe.name] = finding
        is_over = finding.is_last
    return findings
