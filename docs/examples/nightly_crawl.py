"""Bring home, each night, the public assets that are new since the night before.

    python docs/examples/nightly_crawl.py assets --demo

Each run has a folder of its own, with the new assets in ``assets.jsonl`` and a checkpoint that says
where the next run begins. A run that was interrupted is gone on with by the next one, so each asset
is in one of the files, once. Without ``--demo`` it needs credentials in the environment.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from scenario_search import AsyncScenario, ScenarioError

CHECKPOINT, ASSETS, FINISHED = "crawl.ckpt", "assets.jsonl", "finished"


def begin_run(folder: Path) -> tuple[Path, Path | None]:
    """Give the folder of this run, and the checkpoint of the last run that finished."""
    runs = sorted(folder.glob("run-*"))
    finished = [run for run in runs if (run / FINISHED).exists()]
    since = finished[-1] / CHECKPOINT if finished else None
    if len(runs) > len(finished):
        return runs[-1], since
    run = folder / f"run-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    run.mkdir(parents=True)
    return run, since


async def crawl_new(client: AsyncScenario, run: Path, since: Path | None) -> Path:
    """Crawl what is new; give the file."""
    crawl = client.crawl.assets(
        public=True, since=since, checkpoint=run / CHECKPOINT, concurrency=8
    )
    await crawl.to_jsonl(run / ASSETS)
    (run / FINISHED).touch()
    return run / ASSETS


async def run(folder: Path, *, demo: bool) -> int:
    async with AsyncScenario.demo() if demo else AsyncScenario() as client:
        found = await crawl_new(client, *begin_run(folder))
    print(f"{len(found.read_bytes().splitlines())} new assets in {found}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Crawl what is new since the last run.")
    parser.add_argument("folder", type=Path, help="where each run gets a folder of its own")
    parser.add_argument("--demo", action="store_true", help="crawl the embedded emulator")
    arguments = parser.parse_args()
    try:
        return asyncio.run(run(arguments.folder, demo=arguments.demo))
    except ScenarioError as error:
        print(f"Not finished, the next run goes on: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
