"""What type checkers must infer of the public API, and what they must refuse.

Nothing here runs: ``nox -s typing`` checks it with mypy (strict, so that an ignore that is not
needed is an error) and pyright.
"""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path
from typing import Any, assert_type

from cattrs import BaseConverter, Converter
from PIL import Image

from scenario_search import (
    AsyncClientOptions,
    AsyncCrawl,
    AsyncPrefetch,
    AsyncScenario,
    AsyncSearchHitsOffset,
    AsyncSearchResults,
    Batch,
    ComplianceMetadata,
    Concept,
    CrawlEstimate,
    CrawlPiece,
    CrawlStats,
    DownloadedFile,
    DownloadReport,
    DownloadSource,
    F,
    Filter,
    Hit,
    Images,
    ImagesDict,
    ImageSource,
    Metadata,
    MetadataThumbnail,
    PageInfo,
    Raw,
    ResponseInfo,
    Scenario,
    SearchAssetSearchParams,
    SearchAssetSearchResponse,
    SearchHits,
    SearchModelSearchParams,
    SearchModelSearchResponse,
    SearchWorkflowSearchParams,
    SearchWorkflowSearchResponse,
    Thumbnail,
    __version__,
    make_converter,
    track,
)
from scenario_search.emulator import Emulator
from scenario_search.filters import Field


async def assets(client: AsyncScenario) -> None:
    results = client.search.asset_search(query="castle", limit=20)
    client.search.asset_search(query="castle", sort_by=F.created_at.desc())
    client.search.asset_search(query="castle", sort_by=[F.created_at.desc(), "width:asc"])
    assert_type(results, AsyncSearchResults[SearchAssetSearchResponse])
    page = await results
    assert_type(page, AsyncSearchHitsOffset[SearchAssetSearchResponse])
    assert_type(page.hits, list[SearchAssetSearchResponse])
    async for asset in results:
        assert_type(asset, SearchAssetSearchResponse)
    async for each in results.pages():
        assert_type(each, AsyncSearchHitsOffset[SearchAssetSearchResponse])
    assert_type(await results.count(), int)


def renditions(asset: SearchAssetSearchResponse) -> None:
    assert_type(asset.rendition(width=512, height=512, format="webp"), str | None)
    asset.rendition(quality=80, fit="inside")
    asset.rendition(format="gif")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(asset.url_expires_at, datetime | None)


async def models(client: AsyncScenario) -> None:
    results = client.search.model_search(filter=F.capabilities == "img2img", public=True)
    assert_type(results, AsyncSearchResults[SearchModelSearchResponse])
    assert_type(await results, AsyncSearchHitsOffset[SearchModelSearchResponse])
    async for model in results:
        assert_type(model, SearchModelSearchResponse)
    async for page in results.pages():
        assert_type(page, AsyncSearchHitsOffset[SearchModelSearchResponse])
    assert_type(await results.count(), int)


async def workflows(client: AsyncScenario) -> None:
    results = client.search.workflow_search(query="upscale")
    assert_type(results, AsyncSearchResults[SearchWorkflowSearchResponse])
    assert_type(await results, AsyncSearchHitsOffset[SearchWorkflowSearchResponse])
    async for workflow in results:
        assert_type(workflow, SearchWorkflowSearchResponse)
        assert_type(workflow.before, Thumbnail | None)
        assert_type(workflow.status, str)


async def pages(page: AsyncSearchHitsOffset[SearchModelSearchResponse]) -> None:
    assert_type(page.limit, int | None)
    assert_type(page.offset, int | None)
    assert_type(page.estimated_total_hits, int | None)
    assert_type(page.hits_per_page, int | None)
    assert_type(page.page, int | None)
    assert_type(page.total_hits, int | None)
    assert_type(page.total_pages, int | None)
    assert_type(page.total, int | None)
    assert_type(page.has_next_page(), bool)
    assert_type(page.next_page_info(), PageInfo | None)
    assert_type(await page.get_next_page(), AsyncSearchHitsOffset[SearchModelSearchResponse])
    assert_type(await page.count(), int)
    assert_type(page.response, ResponseInfo)
    assert_type(page.response.request_id, str | None)
    async for following in page.iter_pages():
        assert_type(following, AsyncSearchHitsOffset[SearchModelSearchResponse])
    async for model in page:
        assert_type(model, SearchModelSearchResponse)


def hits(asset: SearchAssetSearchResponse, model: SearchModelSearchResponse) -> None:
    assert_type(asset.id, str)
    assert_type(asset.url, str)
    assert_type(asset.team_id, str | None)
    assert_type(asset.tags, list[str])
    assert_type(asset.metadata, Metadata)
    assert_type(asset.metadata.width, float | None)
    assert_type(asset.metadata.prompt, str | None)
    assert_type(asset.thumbnail, Thumbnail | None)
    assert_type(asset.extra, dict[str, Any])
    assert_type(asset.to_dict(), dict[str, Any])
    assert_type(asset.to_json(), str)
    assert_type(model.concepts, list[Concept])
    assert_type(model.compliance_metadata, ComplianceMetadata | None)
    assert_type(model.training_images_number, float)
    asset.colour  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018


async def requests(client: AsyncScenario) -> None:
    search = client.search
    for_assets = SearchAssetSearchParams(query="castle")
    for_models = SearchModelSearchParams(query="castle", original_models=True)
    for_workflows = SearchWorkflowSearchParams(query="castle")
    assert_type(
        search.asset_search(for_assets, timeout=5.0, max_retries=0, project_id="p"),
        AsyncSearchResults[SearchAssetSearchResponse],
    )
    assert_type(
        await search.model_search(for_models, max_items=5, extra_headers={"X-A": "b"}),
        AsyncSearchHitsOffset[SearchModelSearchResponse],
    )
    assert_type(
        search.workflow_search(for_workflows, extra_body={"new": 1}, extra_query={"a": "b"}),
        AsyncSearchResults[SearchWorkflowSearchResponse],
    )


def images(client: AsyncScenario, picture: Image.Image, path: Path) -> None:
    search = client.search.asset_search
    search(image="asset_1")
    search(image=path)
    search(image=picture)
    search(image=b"...")
    with path.open("rb") as file:
        search(image=file)
    search(images=Images(like=[path, "asset_1"], unlike=[picture]))
    search(images={"like": ["asset_1"]})


def filters(client: AsyncScenario) -> None:
    assert_type(F.width, Field)
    assert_type(F["any.field"], Field)
    assert_type(F.width >= 1024, Filter)
    assert_type((F.width >= 1024) & ~(F.tags == "x") | F.nsfw.is_empty(), Filter)
    assert_type(F.compliance_metadata.model_provider == "Scenario", Filter)
    client.search.asset_search(filter=Raw("width > 1"))
    client.search.asset_search(filter="width > 1")


async def crawls(client: AsyncScenario) -> None:
    crawl = client.crawl.assets(public=True, concurrency=8)
    assert_type(crawl, AsyncCrawl[SearchAssetSearchResponse])
    assert_type(crawl.stats, CrawlStats)
    async for batch in crawl.batches():
        assert_type(batch, Batch[SearchAssetSearchResponse])
        assert_type(batch.hits, list[SearchAssetSearchResponse])
        await crawl.commit(batch)
    assert_type(await crawl.estimate(), CrawlEstimate)
    pieces = await client.crawl.plan(of="models", shards=4)
    assert_type(pieces, list[CrawlPiece])
    client.crawl.run(pieces[0], concurrency=4)
    assert_type(CrawlPiece.from_json(pieces[0].to_json()), CrawlPiece)
    assert_type(pieces[0].name, str)
    assert_type(client.crawl.workflows(max_requests=8), AsyncCrawl[SearchWorkflowSearchResponse])


async def downloads(client: AsyncScenario, page: list[SearchAssetSearchResponse]) -> None:
    def show(report: DownloadReport) -> None:
        assert_type(report.downloaded, int)

    report = await client.download(page, "files", progress=show, verify=True)
    await client.download(page, "files", progress=True, width=512, format="webp", fit="inside")
    assert_type(await client.refresh(page), list[SearchAssetSearchResponse])
    assert_type(report, DownloadReport)
    assert_type(report.failed, list[DownloadedFile])


async def progress(client: AsyncScenario) -> None:
    results = client.search.asset_search(query="castle")
    assert_type(results.prefetch(4), AsyncPrefetch[SearchAssetSearchResponse])
    async for hit in track(results, "castles"):
        assert_type(hit, SearchAssetSearchResponse)
    for number in track([1, 2]):
        assert_type(number, int)


async def exports(
    results: AsyncSearchResults[SearchAssetSearchResponse],
    page: AsyncSearchHitsOffset[SearchModelSearchResponse],
    path: Path,
) -> None:
    await results.to_jsonl(path)
    await results.to_csv("assets.csv")
    await results.to_parquet(path)
    await page.to_jsonl("models.jsonl")
    await page.to_csv(path, all_pages=True)
    await page.to_parquet(path)
    assert_type(await page.to_html(path, embed=True, all_pages=True), str)
    await results.to_jsonl()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def any_hit(hit: Hit) -> None:
    assert_type(hit.id, str)


def any_page(page: SearchHits[SearchModelSearchResponse], canvas: MetadataThumbnail) -> None:
    assert_type(page.hits, list[SearchModelSearchResponse])
    assert_type(page.total, int | None)
    assert_type(canvas.asset_id, str)


async def of_callers(
    client: AsyncScenario, image: ImageSource, images: ImagesDict, files: DownloadSource
) -> None:
    client.search.asset_search(image=image, images=images)
    await client.crawl.assets(progress=print).to_jsonl("assets.jsonl")
    await client.download(files, "files")
    assert_type(len(__version__), int)


def converters() -> None:
    converter = make_converter(strict=True)
    assert_type(converter, Converter)
    client = AsyncScenario(converter=converter)
    assert_type(client.options.converter, BaseConverter | None)
    client.with_options(converter=None)
    Scenario(converter=BaseConverter())
    AsyncScenario(converter="orjson")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def clients() -> None:
    client = AsyncScenario(api_key="k", api_secret="s", timeout=5, strict=True)
    AsyncScenario(proxy="http://proxy.example:3128", trust_env=False)
    AsyncScenario(ssl=ssl.create_default_context())
    AsyncScenario(ssl=False)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(client, AsyncScenario)
    assert_type(client.with_options(timeout=5, max_retries=0), AsyncScenario)
    assert_type(client.base_url, str)
    assert_type(client.options, AsyncClientOptions)


async def contexts() -> None:
    async with AsyncScenario() as client:
        assert_type(client, AsyncScenario)


def emulators() -> None:
    assert_type(Emulator.demo(1, path=Path("a.db"), result_cap=50), Emulator)
    AsyncScenario(**Emulator.demo().client_options, timeout=5)
    Scenario(**Emulator.demo().client_options)
    Emulator.demo(result_cpa=50)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def wrong(client: AsyncScenario, params: SearchModelSearchParams) -> None:
    search = client.search
    search.asset_search(qeury="castle")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    search.asset_search("castle")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    search.asset_search(limit="20")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    search.asset_search(original_models=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    search.asset_search(params)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    search.model_search(params, query="castle")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    search.workflow_search(image="asset_1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    search.asset_search(images={"liek": ["asset_1"]})  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    SearchAssetSearchParams(qeury="castle")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SearchAssetSearchParams("castle")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    AsyncScenario(api_kye="k")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    AsyncScenario("k")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.with_options(timeuot=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    F.widht  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018
