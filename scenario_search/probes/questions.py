"""How probes ask, and how they judge the replies.

The searches are for public assets, of which a service has enough. Conditions are tried on one or
on few hits, so that neither the result cap nor what an account holds changes an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from scenario_search.probes.checks import EVERYTHING
from scenario_search.probes.probe import Ask, Finding
from scenario_search.probes.service import Reply, Service, UnansweredError
from scenario_search.wire.renditions import Rendition, url_expires_at, url_path

__all__ = [
    "all_filterable",
    "cap",
    "error",
    "error_fields",
    "foreign_project",
    "further_filterable",
    "lifetime",
    "limit_headers",
    "matches",
    "matches_sample",
    "only_unlike",
    "page_totals",
    "past_the_end",
    "policy",
    "privacy",
    "reference_among_hits",
    "rendition",
    "searched_text",
    "sort_beside_meaning",
    "sort_beside_query",
    "status",
    "totals",
    "trailing_blank",
]

USUAL_CAP: Final = 1000
"""Meilisearch's ``maxTotalHits``, if nobody changes it."""


async def _public(service: Service, **body: Any) -> Reply:
    return await service.search(public=True, **body)


async def _hit_at(service: Service, place: int, **body: Any) -> dict[str, Any] | None:
    """Returns the hit at a place, the oldest being at 0; None past the end."""
    order = {"filter": EVERYTHING, "sortBy": ["createdAt:asc"], "offset": place, "limit": 1}
    hits = (await _public(service, **order, **body)).hits
    return hits[0] if hits else None


async def _samples(service: Service) -> list[dict[str, Any]]:
    """Returns up to a hundred pictures with a date, the newest first."""
    newest = {"sortBy": ["createdAt:desc"], "offset": 0, "limit": 100}
    pictures = (await _public(service, filter="kind = image", **newest)).hits
    dated = [hit for hit in pictures if isinstance(hit.get("createdAt"), str)]
    if not dated:
        raise UnansweredError("there are no public pictures with a date")
    return dated


def _metadata(hit: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = hit.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _alone(hit: Mapping[str, Any]) -> str:
    """Returns a filter that only a hit, or few with it, passes."""
    return f'createdAt = "{hit["createdAt"]}"'


async def _prompt(service: Service) -> tuple[dict[str, Any], str, str]:
    """Returns a hit with a long word of its prompt, in lower case, that stands there once."""
    for hit in await _samples(service):
        prompt = str(_metadata(hit).get("prompt") or "").lower()
        for word in prompt.replace(",", " ").split():
            if len(word) >= 8 and word.isascii() and word.isalpha() and prompt.count(word[:4]) == 1:
                return hit, prompt, word
    raise UnansweredError("no picture has a prompt with a word of eight letters")


# How many hits and what totals


async def _reached(service: Service) -> int | None:
    """Returns how many hits can be reached; None if they are more than `USUAL_CAP`."""
    if await _hit_at(service, USUAL_CAP) is not None:
        return None
    if await _hit_at(service, USUAL_CAP - 1) is not None:
        return USUAL_CAP
    reached, missing = 0, USUAL_CAP - 1
    total = await _total(service)
    if 0 < total < USUAL_CAP and await _hit_at(service, total - 1) is not None:
        return total
    while missing - reached > 1:
        middle = (reached + missing) // 2
        if await _hit_at(service, middle) is not None:
            reached = middle
        else:
            missing = middle
    return missing


async def _total(service: Service, filter: str = EVERYTHING) -> int:
    return (await _public(service, filter=filter, offset=0, limit=1)).total


async def _there_are_more(service: Service, than: int) -> bool:
    """Returns whether there are more hits than so many, which are all that can be reached."""
    middle = await _hit_at(service, than // 2)
    date = middle.get("createdAt") if middle else None
    older = await _total(service, f'createdAt < "{date}"')
    newer = await _total(service, f'createdAt >= "{date}"')
    return older + newer > than


async def cap(service: Service) -> Finding:
    """Finds how many hits can be reached."""
    reached = await _reached(service)
    if reached is None:
        return Finding(f"above {USUAL_CAP}")
    if not await _there_are_more(service, reached):
        raise UnansweredError(f"there are no more than {reached} public assets")
    return Finding(str(reached))


async def totals(service: Service) -> Finding:
    """Finds whether totals stop at the cap."""
    reached = await _reached(service)
    if reached is None:
        raise UnansweredError("the cap is above what is tried")
    total = await _total(service)
    if total > reached:
        return Finding("not capped", f"{total:,}")
    if not await _there_are_more(service, reached):
        raise UnansweredError(f"there are no more than {reached} public assets")
    return Finding("capped", f"{total:,}")


async def page_totals(service: Service) -> Finding:
    """Compares the totals of both kinds of pagination."""
    page = await _public(service, filter=EVERYTHING, page=1, hitsPerPage=1)
    estimated = await _total(service)
    same = page.total == estimated
    return Finding("the same" if same else "another", f"{page.total:,} and {estimated:,}")


async def past_the_end(service: Service) -> Finding:
    """Asks for a page far behind the last hit."""
    page = await _public(service, filter=EVERYTHING, page=10_001, hitsPerPage=100)
    if page.error:
        return Finding(f"refused with {page.status}", page.error)
    return Finding("hits" if page.hits else "an empty page")


# Statuses and errors


def status(**body: Any) -> Ask:
    """Returns a question that a status answers."""

    async def ask(service: Service) -> Finding:
        return _finding_of_status(await service.search(**{"public": True, **body}))

    return ask


def _finding_of_status(reply: Reply) -> Finding:
    if reply.error:
        return Finding(f"refused with {reply.status}", reply.error)
    return Finding("accepted")


def error(text: str, **body: Any) -> Ask:
    """Returns a question that an error with a documented text answers."""

    async def ask(service: Service) -> Finding:
        reply = await service.search(**{"public": True, **body})
        if not reply.error:
            return Finding("accepted")
        if not isinstance(reply.body, dict):
            return Finding(f"{reply.status}, not JSON", reply.error)
        words = "the documented text" if text in str(reply.body.get("error")) else "another text"
        return Finding(f"{reply.status}, {words}", reply.error)

    return ask


async def error_fields(service: Service) -> Finding:
    """Finds the fields of an error."""
    reply = await _public(service, filter="width >")
    names = sorted(reply.body) if isinstance(reply.body, dict) else []
    return Finding(", ".join(names) or "not JSON", reply.error)


# Filters


def matches(condition: str, *, among: str, yes: str = "yes", no: str = "no") -> Ask:
    """Returns whether any of some hits passes a condition."""

    async def ask(service: Service) -> Finding:
        if not (await _public(service, filter=among, offset=0, limit=1)).hits:
            raise UnansweredError(f"there are no hits with {among}")
        reply = await _public(service, filter=f"{among} AND {condition}", offset=0, limit=1)
        if reply.error:
            return Finding(f"refused with {reply.status}", reply.error)
        return Finding(yes if reply.hits else no)

    return ask


def matches_sample(condition: str, *, yes: str = "yes", no: str = "no") -> Ask:
    """Returns whether a picture passes a condition on its prompt.

    Args:
        condition: It may name a ``{word}`` of the prompt, its ``{inner}`` letters, the prompt's
            ``{start}`` and the picture's ``{width}``.
        yes: The answer if it does.
        no: The answer if not.
    """

    async def ask(service: Service) -> Finding:
        hit, prompt, word = await _prompt(service)
        start = prompt[:6].replace("\\", "").replace('"', "")
        width = _metadata(hit).get("width")
        words = condition.format(word=word, inner=word[2:6], start=start, width=width)
        reply = await _public(service, filter=f"{_alone(hit)} AND {words}", offset=0, limit=20)
        if reply.error:
            return Finding(f"refused with {reply.status}", reply.error)
        return Finding(yes if hit.get("id") in reply.ids else no, words)

    return ask


def all_filterable(kind: str, fields: Sequence[str]) -> Ask:
    """Returns a question for which of some fields can be filtered, one search if all can."""

    async def ask(service: Service) -> Finding:
        left = list(fields)
        refused: list[str] = []
        while left:
            text = " OR ".join(f"{name} = nothing" for name in left)
            reply = await service.search(kind, public=True, filter=text, offset=0, limit=1)
            if not reply.error:
                break
            named = [
                name for name in left if f'"{name}"' in reply.error or f"`{name}`" in reply.error
            ]
            if not named or len(refused) >= 3:
                return Finding("refused", reply.error)
            refused.append(named[0])
            left.remove(named[0])
        return Finding("all" if not refused else f"all but {', '.join(refused)}")

    return ask


def further_filterable(*names: str) -> Ask:
    """Returns a question for which of some fields can be filtered, a search for each."""

    async def ask(service: Service) -> Finding:
        replies = {
            name: await _public(service, filter=f"{name} = nothing", offset=0, limit=1)
            for name in names
        }
        return Finding(", ".join(name for name in names if not replies[name].error) or "none")

    return ask


# Texts and orders


async def trailing_blank(service: Service) -> Finding:
    """Compares the start of a word with and without a blank behind it."""
    hit, _, word = await _prompt(service)
    among = {"filter": _alone(hit), "offset": 0, "limit": 20}
    if hit.get("id") not in (await _public(service, query=word[:4], **among)).ids:
        raise UnansweredError("the start of a word does not find it")
    padded = (await _public(service, query=f"{word[:4]} ", **among)).ids
    return Finding(
        "trimmed" if hit.get("id") in padded else "ends the word", f"{word[:4]!r} of {word!r}"
    )


def searched_text(path: Sequence[str]) -> Ask:
    """Returns a question for whether a query finds a text that stands at a path of a hit."""

    async def ask(service: Service) -> Finding:
        for hit in await _samples(service):
            value: Any = hit
            for key in path:
                value = value.get(key) if isinstance(value, dict) else None
            if isinstance(value, str) and len(value) > 4:
                among = {"filter": _alone(hit), "offset": 0, "limit": 20}
                reply = await _public(service, query=f'"{value}"', **among)
                return Finding("yes" if hit.get("id") in reply.ids else "no")
        raise UnansweredError(f"no picture has a {path[-1]}")

    return ask


async def sort_beside_query(service: Service) -> Finding:
    """Compares the orders with and without ``sortBy`` beside a query."""
    search = {"query": "fantasy castle", "offset": 0, "limit": 50}
    plain = await _public(service, **search)
    ordered = await _public(service, **search, sortBy=["createdAt:asc"])
    if ordered.error:
        return Finding(f"refused with {ordered.status}", ordered.error)
    if len(plain.hits) < 10:
        raise UnansweredError("too few hits to see an order")
    if ordered.ids == plain.ids:
        return Finding("ignored")
    dates = [str(hit.get("createdAt")) for hit in ordered.hits]
    return Finding("first" if all(a <= b for a, b in pairwise(dates)) else "a tie-breaker")


async def sort_beside_meaning(service: Service) -> Finding:
    """Compares the orders with and without ``sortBy`` beside a search by meaning."""
    newest = (await _samples(service))[:20][-1]["createdAt"]
    search: dict[str, Any] = {
        "query": "castle",
        "querySemanticRatio": 0.5,
        "offset": 0,
        "limit": 20,
        "filter": f'kind = image AND createdAt >= "{newest}"',
    }
    plain = await _public(service, **search)
    ordered = await _public(service, **search, sortBy=["createdAt:asc"])
    if ordered.error:
        return Finding(f"refused with {ordered.status}", ordered.error)
    if len(plain.hits) < 5:
        raise UnansweredError("too few hits to see an order")
    return Finding("ignored" if ordered.ids == plain.ids else "counts")


async def reference_among_hits(service: Service) -> Finding:
    """Searches by the picture of a hit."""
    hit = (await _samples(service))[0]
    reply = await _public(service, image=hit.get("id"), filter=_alone(hit), offset=0, limit=20)
    if reply.error:
        return Finding(f"refused with {reply.status}", reply.error)
    return Finding("yes" if hit.get("id") in reply.ids else "no")


async def only_unlike(service: Service) -> Finding:
    """Searches for what is unlike a picture."""
    hit = (await _samples(service))[0]
    images = {"unlike": [hit.get("id")]}
    return _finding_of_status(
        await _public(service, images=images, filter=_alone(hit), offset=0, limit=1)
    )


async def foreign_project(service: Service) -> Finding:
    """Searches in a project that is not the credentials'."""
    return _finding_of_status(
        await service.search(filter=EVERYTHING, project_id="project_of_nobody", offset=0, limit=1)
    )


async def privacy(service: Service) -> Finding:
    """Collects the privacy of public hits."""
    seen = {str(hit.get("privacy")) for hit in await _samples(service)}
    return Finding(", ".join(sorted(seen)))


# Headers and files


async def limit_headers(service: Service) -> Finding:
    """Collects the names of headers that tell of a rate limit."""
    headers = (await service.search(filter=EVERYTHING, offset=0, limit=1)).headers
    names = sorted({name.lower() for name in headers if "ratelimit" in name.lower()})
    return Finding(", ".join(names) or "none")


async def policy(service: Service) -> Finding:
    """Reads the policy of a hit's URL."""
    url = (await _samples(service))[0].get("url")
    if not url_path(url):
        raise UnansweredError("a picture has no URL")
    if url_expires_at(url) is None:
        return Finding("not signed")
    covered = Rendition(width=64).url(url) is not None
    return Finding("covers parameters" if covered else "covers the URL alone", url_path(url))


async def lifetime(service: Service) -> Finding:
    """Reads when a hit's URL expires."""
    expires = url_expires_at((await _samples(service))[0].get("url"))
    if expires is None:
        raise UnansweredError("a picture's URL does not say")
    days = (expires - datetime.now(UTC)).total_seconds() / 86_400
    by_calendar = 1 <= days <= 17
    return Finding("1 to 17 days" if by_calendar else f"{days:.1f} days", f"{expires:%Y-%m-%d}")


async def rendition(service: Service) -> Finding:
    """Requests a smaller copy of a picture, which is not a search."""
    url = Rendition(width=64).url((await _samples(service))[0].get("url"))
    if url is None:
        raise UnansweredError("a picture's URL cannot be changed")
    requester = service.requester
    if problem := requester.file_url_problem(url):
        raise UnansweredError(problem)
    async with requester.get_file(url, {}) as answer:
        status = answer.status
    return Finding("served" if status == 200 else f"refused with {status}")
