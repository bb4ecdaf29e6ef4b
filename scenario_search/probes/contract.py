"""All probes: what the documentation of the Search API leaves open, asked read-only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from scenario_search.probes.checks import CHECKS, EVERYTHING
from scenario_search.probes.probe import Probe
from scenario_search.probes.questions import (
    all_filterable,
    cap,
    error,
    error_fields,
    foreign_project,
    further_filterable,
    lifetime,
    limit_headers,
    matches,
    matches_sample,
    only_unlike,
    page_totals,
    past_the_end,
    policy,
    privacy,
    reference_among_hits,
    rendition,
    searched_text,
    sort_beside_meaning,
    sort_beside_query,
    status,
    totals,
    trailing_blank,
)

__all__ = ["PROBES"]

ASSET_FIELDS: Final = (
    *("kind", "width", "height", "size", "aspectRatio", "mimeType", "name", "prompt", "text"),
    *("negativePrompt", "seed", "modelId", "baseModelId", "modelType", "numInferenceSteps"),
    *("guidance", "scheduler", "tags", "collectionIds", "nsfw", "privacy", "createdAt"),
    *("updatedAt", "authorId", "ownerId"),
)
MODEL_FIELDS: Final = (
    *("name", "type", "source", "capabilities", "trainingImagesNumber", "concepts", "tags"),
    *("parentModelId", "exampleAssetIds", "collectionIds", "privacy", "createdAt", "updatedAt"),
    *("authorId", "ownerId", "complianceMetadata.modelProvider", "complianceMetadata.maintainer"),
    "complianceMetadata.subProcessor",
)
"""The guide's tables of filterable fields."""


def _options(answers: Mapping[str, str]) -> Callable[[str], str | None]:
    return answers.get


def _of_cap(answer: str) -> str | None:
    return f"result_cap={answer}" if answer.isdigit() else None


_ONE: Final[dict[str, Any]] = {"filter": EVERYTHING, "offset": 0, "limit": 1}
_LACKING: Final = "kind = image AND seed NOT EXISTS"

PROBES: Final = (
    *CHECKS,
    Probe(
        name="result cap",
        question="How many hits of a search can be reached?",
        emulator="1000",
        ask=cap,
        option=_of_cap,
    ),
    Probe(
        name="totals",
        question="Do totals stop at the cap?",
        emulator="capped",
        ask=totals,
        option=_options({"not capped": "capped_totals=False"}),
    ),
    Probe(
        name="totals in page mode",
        question="Is totalHits the same as estimatedTotalHits?",
        emulator="the same",
        ask=page_totals,
    ),
    Probe(
        name="past the end",
        question="What comes after the last hit?",
        emulator="an empty page",
        ask=past_the_end,
    ),
    Probe(
        name="error of an empty search",
        question="What does a search for nothing bring?",
        documented="the documented text",
        emulator="400, the documented text",
        ask=error("Must provide at least one search parameter"),
    ),
    Probe(
        name="error of a filter",
        question="What does a filter that cannot be read bring?",
        documented="the documented text",
        emulator="400, the documented text",
        ask=error("Invalid filter syntax", filter="width >"),
    ),
    Probe(
        name="error of a field",
        question="What does a filter on a field that does not exist bring?",
        documented="the documented text",
        emulator="400, the documented text",
        ask=error('"noSuchField" is not a filterable field', filter="noSuchField = 1"),
    ),
    Probe(
        name="error of a page size",
        question="What does a limit of 101 bring?",
        documented="the documented text",
        emulator="400, the documented text",
        ask=error("Limit exceeds maximum (100)", filter=EVERYTHING, offset=0, limit=101),
    ),
    Probe(
        name="fields of an error",
        question="Which fields does an error have?",
        emulator="code, details, error",
        ask=error_fields,
    ),
    Probe(
        name="limit alone",
        question="Is limit accepted without offset?",
        documented="refused",
        emulator="accepted",
        ask=status(filter=EVERYTHING, limit=1),
    ),
    Probe(
        name="modes mixed",
        question="Are limit and page accepted together?",
        emulator="refused with 400",
        ask=status(filter=EVERYTHING, limit=1, page=1),
    ),
    Probe(
        name="number as text",
        question='Is "1" accepted for a number?',
        emulator="refused with 400",
        ask=status(filter=EVERYTHING, offset=0, limit="1"),
    ),
    Probe(
        name="unknown parameter",
        question="Is a parameter accepted that does not exist?",
        emulator="accepted",
        ask=status(**_ONE, noSuchParameter=1),
    ),
    Probe(
        name="unknown image",
        question="Is the id of an asset accepted that does not exist?",
        emulator="refused with 400",
        ask=status(**_ONE, image="asset_that_does_not_exist"),
    ),
    Probe(
        name="foreign project",
        question="May a project be named that is not the credentials'?",
        emulator="refused with 403",
        ask=foreign_project,
    ),
    Probe(
        name="filterable fields of assets",
        question="Which documented fields of assets can be filtered?",
        documented="all",
        emulator="all",
        ask=all_filterable("assets", ASSET_FIELDS),
    ),
    Probe(
        name="filterable fields of models",
        question="Which documented fields of models can be filtered?",
        documented="all",
        emulator="all",
        ask=all_filterable("models", MODEL_FIELDS),
    ),
    Probe(
        name="further filterable fields",
        question="Which of id, type, status and teamId can be filtered?",
        emulator="none",
        ask=further_filterable("id", "type", "status", "teamId"),
    ),
    Probe(
        name="EXISTS",
        question="Is EXISTS understood?",
        emulator="yes",
        ask=matches("width EXISTS", among="kind = image"),
    ),
    Probe(
        name="NOT",
        question="Does NOT match hits that lack the field?",
        emulator="yes",
        ask=matches("NOT seed = 1", among=_LACKING),
    ),
    Probe(
        name="!=",
        question="Does != match hits that lack the field?",
        emulator="yes",
        ask=matches("seed != 1", among=_LACKING),
    ),
    Probe(
        name="IS EMPTY",
        question="Does IS EMPTY match hits that lack the field?",
        documented="yes",
        emulator="yes",
        ask=matches("seed IS EMPTY", among=_LACKING),
    ),
    Probe(
        name="IS NOT EMPTY",
        question="Does IS NOT EMPTY match hits that lack the field?",
        documented="no",
        emulator="no",
        ask=matches("seed IS NOT EMPTY", among=_LACKING),
    ),
    Probe(
        name="case",
        question="Are texts compared without case?",
        emulator="yes",
        ask=matches("kind = IMAGE", among="kind = image"),
    ),
    Probe(
        name="IN and TO",
        question="Are IN and TO understood?",
        emulator="yes",
        ask=matches("kind IN [image, video] AND width 1 TO 100000", among="kind = image"),
    ),
    Probe(
        name="numbers in quotes",
        question="Does a number in quotes match the number?",
        emulator="yes",
        ask=matches_sample('width = "{width}"'),
    ),
    Probe(
        name="CONTAINS",
        question="Does CONTAINS look inside words?",
        emulator="yes",
        ask=matches_sample('prompt CONTAINS "{inner}"'),
    ),
    Probe(
        name="STARTS WITH",
        question="Is STARTS WITH understood?",
        emulator="yes",
        ask=matches_sample('prompt STARTS WITH "{start}"'),
    ),
    Probe(
        name="field:value",
        question="Does field:value look inside words?",
        emulator="yes",
        ask=matches_sample('prompt:"{inner}"'),
    ),
    Probe(
        name="ENDS WITH",
        question="Is ENDS WITH understood?",
        emulator="refused with 400",
        ask=status(filter='name ENDS WITH "x"', offset=0, limit=1),
    ),
    Probe(
        name="sortable fields",
        question="Can createdAt, updatedAt, width and height be sorted by?",
        documented="accepted",
        emulator="accepted",
        ask=status(**_ONE, sortBy=["createdAt:asc", "updatedAt:asc", "width:asc", "height:asc"]),
    ),
    Probe(
        name="score",
        question="Can assets be sorted by score?",
        documented="accepted",
        emulator="accepted",
        ask=status(**_ONE, sortBy=["score:desc"]),
    ),
    Probe(
        name="models by size",
        question="Can models be sorted by width?",
        documented="accepted",
        emulator="accepted",
        ask=status(kind="models", **_ONE, sortBy=["width:asc"]),
    ),
    Probe(
        name="unknown sort field",
        question="Can hits be sorted by a field that does not exist?",
        emulator="refused with 400",
        ask=status(**_ONE, sortBy=["noSuchField:asc"]),
    ),
    Probe(
        name="sortBy alone",
        question="Is sortBy enough to search for?",
        emulator="refused with 400",
        ask=status(sortBy=["createdAt:asc"], offset=0, limit=1),
    ),
    Probe(
        name="sortBy beside a query",
        question="What does sortBy do beside a query?",
        emulator="a tie-breaker",
        ask=sort_beside_query,
        option=_options({"first": "sort_first=True"}),
    ),
    Probe(
        name="sortBy beside meaning",
        question="What does sortBy do while querySemanticRatio is above 0?",
        emulator="ignored",
        ask=sort_beside_meaning,
    ),
    Probe(
        name="trailing blanks",
        question="What does a blank at the end of a query do?",
        emulator="ends the word",
        ask=trailing_blank,
    ),
    Probe(
        name="seeds as text",
        question="Does a query find seeds?",
        documented="yes",
        emulator="yes",
        ask=searched_text(("metadata", "seed")),
    ),
    Probe(
        name="descriptions as text",
        question="Does a query find descriptions?",
        documented="yes",
        emulator="yes",
        ask=searched_text(("description",)),
    ),
    Probe(
        name="reference among hits",
        question="Is the reference of a similarity search among its hits?",
        emulator="yes",
        ask=reference_among_hits,
    ),
    Probe(
        name="only unlike",
        question="Is images.unlike accepted without like?",
        emulator="accepted",
        ask=only_unlike,
    ),
    Probe(
        name="privacy of public hits",
        question="Which privacy do public hits have?",
        documented="public",
        emulator="public",
        ask=privacy,
    ),
    Probe(
        name="rate-limit headers",
        question="Which headers name a rate limit?",
        emulator="none",
        ask=limit_headers,
    ),
    Probe(
        name="CDN policy",
        question="Does a URL's signature allow further parameters?",
        documented="covers parameters",
        emulator="covers parameters",
        ask=policy,
    ),
    Probe(
        name="CDN lifetime",
        question="How long does a URL hold?",
        documented="1 to 17 days",
        emulator="1 to 17 days",
        ask=lifetime,
    ),
    Probe(
        name="CDN renditions",
        question="Is a smaller copy served?",
        documented="served",
        emulator="served",
        ask=rendition,
    ),
)
"""All probes, those of `CHECKS` first: at most `MOST_SEARCHES` searches."""
