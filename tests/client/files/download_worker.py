"""A process of its own that downloads files, to be killed: ``download_worker.py URL FOLDER N``."""

from __future__ import annotations

import asyncio
import sys

from scenario_search import AsyncScenario, SearchAssetSearchResponse


async def main(url: str, folder: str, files: int) -> None:
    assets = [
        SearchAssetSearchResponse(id=f"a{i}", url=f"{url}/{i}?Signature=s", mime_type="image/png")
        for i in range(files)
    ]
    async with AsyncScenario(base_url=f"{url}/v1", api_key="key", api_secret="secret") as client:
        report = await client.download(assets, folder, concurrency=3, on_error="skip")
    print(report.downloaded, report.skipped, len(report.failed))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
