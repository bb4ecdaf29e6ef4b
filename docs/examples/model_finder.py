"""Find a model for what you have in mind: by words, by a picture, or both.

    python docs/examples/model_finder.py --demo "ink drawings of castles"
    python docs/examples/model_finder.py "pixel art" --capability img2img --image sketch.png

Models are asked for by meaning, and, with a picture, by the likeness of their example assets; the
ranks in both lists are joined. How much a model is used is seen from the public assets it has
made. Without ``--demo`` it needs credentials in the environment.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import attrs

from scenario_search import (
    AsyncScenario,
    AsyncSearchResults,
    F,
    ScenarioError,
    SearchModelSearchResponse,
)

MOST = 20
RANK_SMOOTHING = 60  # of reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009)


@attrs.frozen
class Suggestion:
    """A model, how well it fits (more is better), and how many public assets it has made."""

    model: SearchModelSearchResponse
    fit: float
    assets: int


async def find_models(
    client: AsyncScenario,
    words: str,
    *,
    image: str | Path | None = None,
    capability: str | None = None,
    most: int = 5,
) -> list[Suggestion]:
    """Give the models that fit best, the best first."""
    filter = None if capability is None else F.capabilities == capability
    asked = [
        client.search.model_search(
            query=words, query_semantic_ratio=0.7, filter=filter, limit=MOST, public=public
        )
        for public in (False, True)
    ]
    if image is not None:
        asked += [
            client.search.model_search(image=image, filter=filter, limit=MOST, public=public)
            for public in (False, True)
        ]
    async with asyncio.TaskGroup() as group:
        pages = [group.create_task(hits_of(results)) for results in asked]
    models: dict[str, SearchModelSearchResponse] = {}
    fits: dict[str, float] = {}
    for page in pages:
        for rank, model in enumerate(page.result()):
            models[model.id] = model
            fits[model.id] = fits.get(model.id, 0.0) + 1 / (RANK_SMOOTHING + rank)
    best = sorted(fits, key=lambda model_id: (-fits[model_id], model_id))[:most]
    async with asyncio.TaskGroup() as group:
        counts = [group.create_task(count_assets(client, each)) for each in best]
    return [
        Suggestion(models[each], fits[each], count.result())
        for each, count in zip(best, counts, strict=True)
    ]


async def hits_of(
    results: AsyncSearchResults[SearchModelSearchResponse],
) -> list[SearchModelSearchResponse]:
    return (await results).hits


async def count_assets(client: AsyncScenario, model_id: str) -> int:
    return await client.search.asset_search(filter=F.model_id == model_id, public=True).count()


async def run(arguments: argparse.Namespace) -> int:
    async with AsyncScenario.demo() if arguments.demo else AsyncScenario() as client:
        found = await find_models(
            client,
            arguments.words,
            image=arguments.image,
            capability=arguments.capability,
            most=arguments.most,
        )
    if not found:
        print("No model fits: use other words, or leave the capability out", file=sys.stderr)
        return 1
    for each in found:
        print(f"{each.model.name}  ({each.model.type}, {each.assets} public assets)")
        print(f"    {each.model.id}  {', '.join(each.model.capabilities)}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Find a model for what you have in mind.")
    parser.add_argument("words", help="what it shall make")
    parser.add_argument("--image", type=Path, help="a picture its results shall look like")
    parser.add_argument("--capability", help="such as txt2img or img2img")
    parser.add_argument("--most", type=int, default=5, help="how many models at most")
    parser.add_argument("--demo", action="store_true", help="search the embedded emulator")
    try:
        return asyncio.run(run(parser.parse_args()))
    except* ScenarioError as errors:
        print(errors.exceptions[0], file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
