"""The first ten probes: whether searches work from here, and what the credentials may search."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from scenario_search.errors import (
    APICertificateError,
    APIConnectionError,
    APITimeoutError,
    RateLimitError,
)
from scenario_search.http.credentials import API_KEY, API_SECRET, BEARER_AUTH
from scenario_search.http.options import BASE_URL, PROJECT_ID
from scenario_search.http.proxies import Proxies
from scenario_search.probes.probe import Ask, Finding, Probe
from scenario_search.probes.service import Reply, Service, UnansweredError
from scenario_search.text import clean, duration, shown_url

__all__ = ["CHECKS", "EVERYTHING"]

EVERYTHING: Final = 'createdAt >= "2000-01-01"'
"""A filter that all hits pass: a search has to search for something."""

_LARGEST_SKEW = 60
"""Seconds by which a clock may be wrong: a signed URL holds for a day at least."""


async def _own(service: Service) -> Reply:
    return await service.search(filter=EVERYTHING, offset=0, limit=1)


async def _credentials(service: Service) -> Finding:
    kind = service.requester.credentials.kind
    names = (BEARER_AUTH,) if kind == "bearer" else (API_KEY, API_SECRET)
    present = [name for name in names if os.environ.get(name)]
    return Finding(kind, f"{kind}, from {' and '.join(present)}" if present else kind)


async def _address(service: Service) -> Finding:
    url = service.requester.base_url
    where = f" (from {BASE_URL})" if os.environ.get(BASE_URL) == url else ""
    return Finding(urlsplit(url).scheme, f"{shown_url(url)}{where}")


async def _proxy(service: Service) -> Finding:
    options = service.requester.options
    proxies = Proxies(options.proxy, trust_env=options.trust_env)
    proxy = proxies.for_url(service.requester.base_url)
    if proxy is None:
        unused = "; the environment's proxy is not for this address" if proxies.urls else ""
        return Finding("none", f"none: a direct connection{unused}")
    return Finding("used", f"through {shown_url(proxy.url)}")


async def _connection(service: Service) -> Finding:
    host = urlsplit(service.requester.base_url).hostname
    try:
        reply = await _own(service)
    except RateLimitError as error:
        return Finding("answers", f"answers: {error.message}")
    except APICertificateError as error:
        advice = (
            "The certificate is not trusted. Behind a proxy that opens TLS, set SSL_CERT_FILE to "
            "your company's certificates, or pass them as ssl="
        )
        return Finding(None, error.message, advice, is_last=True)
    except APITimeoutError as error:
        advice = f"{host} does not answer: look at the network, the proxy and the firewall"
        return Finding(None, error.message, advice, is_last=True)
    except APIConnectionError as error:
        advice = f"{host} cannot be reached: look at the address, the network and the proxy"
        return Finding(None, error.message, advice, is_last=True)
    secure = "over TLS" if service.requester.base_url.startswith("https:") else "without TLS"
    took = f", in {duration(reply.elapsed)}" if reply.elapsed else ""
    return Finding("answers", f"answers {secure}{took}")


async def _accepted(service: Service) -> Finding:
    reply = await _own(service)
    if not reply.error:
        return Finding("accepted", f"accepted, {_about(reply)} of your own")
    answer = f"refused with {reply.status}" if reply.status != 200 else "not a page"
    return Finding(answer, f"{answer}: {reply.error}", _advice(reply.status), is_last=True)


def _advice(status: int) -> str:
    """Returns what to do about the status of a search that should bring a page."""
    if status == 401:
        return f"The credentials are refused: look at {API_KEY} and {API_SECRET}, or {BEARER_AUTH}"
    if status == 403:
        return f"The credentials are of another project: look at {PROJECT_ID}, or leave it out"
    if status < 400 or status in (404, 405):
        return f"This is not the address of the API: look at {BASE_URL}, which ends in /v1"
    if status >= 500:
        return "The service, or a proxy before it, fails: try again later"
    return "The service refuses a search that its documentation allows"


async def _clock(service: Service) -> Finding:
    reply = await _own(service)
    try:
        server = parsedate_to_datetime(reply.headers["date"])
    except (KeyError, ValueError):
        return Finding(None, "the service names no time")
    skew = (datetime.now(UTC) - server.astimezone(UTC)).total_seconds()
    if abs(skew) <= _LARGEST_SKEW:
        return Finding("right")
    wrong = f"{duration(abs(skew))} {'ahead of' if skew > 0 else 'behind'} the service's"
    return Finding("wrong", wrong, "Set the clock: signed URLs and waits go by it")


async def _project(service: Service) -> Finding:
    reply = await _own(service)
    owner = clean(reply.hits[0].get("ownerId")) if reply.hits else None
    if service.project_id:
        return Finding("named", service.project_id)
    return Finding("the credentials'", f"the credentials' own{f', {owner}' if owner else ''}")


def _about(reply: Reply) -> str:
    """Returns how many hits there are, as far as the service says."""
    if not reply.hits:
        return "none yet"
    try:
        return f"about {reply.total:,}"
    except UnansweredError:
        return "some"


def _may_search(kind: str, *, is_public: bool = False) -> Ask:
    async def ask(service: Service) -> Finding:
        scope: dict[str, Any] = {"public": True} if is_public else {}
        reply = await service.search(kind, filter=EVERYTHING, offset=0, limit=1, **scope)
        if reply.error:
            refused = f"refused with {reply.status}"
            advice = "" if reply.status == 403 else "Try again later: it is not the credentials"
            return Finding(refused, f"{refused}: {reply.error}", advice)
        return Finding("allowed", f"allowed, {_about(reply)}")

    return ask


CHECKS: Final = (
    Probe(name="credentials", question="Which credentials are used?", ask=_credentials),
    Probe(name="address", question="Where is the API?", ask=_address),
    Probe(name="proxy", question="Does a proxy stand between?", ask=_proxy),
    Probe(name="connection", question="Does the API answer?", ask=_connection),
    Probe(
        name="access",
        question="Are the credentials accepted?",
        documented="accepted",
        emulator="accepted",
        ask=_accepted,
    ),
    Probe(name="clock", question="Is this machine's clock right?", ask=_clock),
    Probe(name="project", question="Which project is searched?", ask=_project),
    Probe(
        name="public assets",
        question="May public assets be searched?",
        documented="allowed",
        emulator="allowed",
        ask=_may_search("assets", is_public=True),
    ),
    Probe(
        name="models",
        question="May models be searched?",
        documented="allowed",
        emulator="allowed",
        ask=_may_search("models"),
    ),
    Probe(
        name="workflows",
        question="May workflows be searched?",
        emulator="allowed",
        ask=_may_search("workflows"),
    ),
)
"""What ``scenario-search doctor`` asks: four searches."""
