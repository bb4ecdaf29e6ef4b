"""An emulator that is loaded from a crawl's JSONL is a mirror: it answers as the server did."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from scenario_search import AsyncScenario
from scenario_search.emulator import Emulator

HUGE = 2**70
ABSENT = object()
VALUES: dict[str, list[Any]] = {
    "tags": [ABSENT, None, [], [""], ["a", None], ["a", "b"]],
    "collectionIds": [ABSENT, [], None, ["c"]],
    "description": [ABSENT, None, "", "é \N{CASTLE}", "half \ud800"],
    "nsfw": [ABSENT, [], None, ["x"]],
    "editCapabilities": [None, ABSENT, ["CROP"]],
    "unknown": [ABSENT, {"deep": [None, {}, []]}, HUGE, -HUGE, 1.0, 1e300, None, True],
}
METADATA: dict[str, list[Any]] = {
    "kind": ["image", ABSENT, None],
    "width": [ABSENT, None, 512, HUGE, 0, 1.5, "wide"],
    "prompt": [None, "a castle", "", ABSENT],
    "negativePrompt": [ABSENT, "", None],
    "seed": [ABSENT, None, "7", 7],
    "name": [ABSENT, None, "n"],
}
FIELDS = ("tags", "width", "prompt", "negativePrompt", "seed", "name", "kind", "nsfw", "createdAt")
FILTERS = [
    *(
        f"{field} {condition}"
        for field in FIELDS
        for condition in ("EXISTS", "IS NULL", "IS EMPTY")
    ),
    "NOT tags EXISTS AND prompt IS NOT EMPTY",
    "tags IS NOT NULL OR width IS NULL",
    "tags IS NOT EMPTY",
    "width NOT EXISTS",
]


def documents() -> list[dict[str, Any]]:
    """Returns assets whose fields are absent, null, empty or odd, in many combinations."""
    assets: list[dict[str, Any]] = []
    for number in range(330):
        asset: dict[str, Any] = {"id": f"asset_{number}", "ownerId": "project_demo"}
        if number % 7:
            asset["createdAt"] = f"2024-01-{1 + number % 28:02}T00:00:00.000Z"
        elif number % 2:
            asset["createdAt"] = None
        metadata = choices(METADATA, number)
        if number % 11:
            asset["metadata"] = metadata
        elif number % 2:
            asset["metadata"] = None
        assets.append(asset | choices(VALUES, number))
    return assets


def choices(values: dict[str, list[Any]], number: int) -> dict[str, Any]:
    """Returns one value of each list; those that are absent are left out."""
    chosen = {
        name: options[number * step // 5 % len(options)]
        for step, (name, options) in zip(itertools.count(3), values.items(), strict=False)
    }
    return {name: value for name, value in chosen.items() if value is not ABSENT}


async def crawled(emulator: Emulator, path: Path, order: Any) -> dict[str, list[str]]:
    """Crawls into a file; returns the ids of the hits of each filter."""
    answers = {}
    async with AsyncScenario(**emulator.client_options) as client:
        async with client.crawl.assets(order=order, checkpoint=f"{path}.ckpt") as crawl:
            await crawl.to_jsonl(path)
        for condition in FILTERS:
            hits = client.search.asset_search(filter=condition, limit=100)
            answers[condition] = [hit.id async for hit in hits]
    return answers


@pytest.mark.parametrize("order", ["newest", None])
async def test_a_mirror_gives_the_same_json_and_the_same_answers(
    tmp_path: Path, order: Any
) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    assets = documents()
    async with Emulator() as server:
        await server.load(assets)
        answers = await crawled(server, first, order)
    async with Emulator() as mirror:
        await mirror.load(first)
        mirrored = await crawled(mirror, second, order)
    lines = first.read_text(encoding="utf-8").splitlines()
    by_id = {asset["id"]: asset for asset in assets}
    assert len(lines) == len(assets)
    for line in lines:
        hit = json.loads(line)
        assert repr(hit) == repr(by_id[hit["id"]])  # which tells 1 from 1.0 and from True
    assert sorted(second.read_text(encoding="utf-8").splitlines()) == sorted(lines)
    assert {condition: sorted(ids) for condition, ids in mirrored.items()} == {
        condition: sorted(ids) for condition, ids in answers.items()
    }
    assert len({tuple(sorted(ids)) for ids in answers.values()}) >= 20
