"""What type checkers see of the client for plain code. Checked, never run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_type

from scenario_search import (
    Batch,
    ClientOptions,
    CrawlPiece,
    CrawlStats,
    DownloadReport,
    F,
    PageInfo,
    ResponseInfo,
    Scenario,
    SearchAssetSearchParams,
    SearchAssetSearchResponse,
    SearchModelSearchResponse,
    SearchWorkflowSearchResponse,
    SyncCrawl,
    SyncPrefetch,
    SyncSearchHitsOffset,
    track,
)


def clients() -> None:
    client = Scenario(api_key="key", api_secret="secret", timeout=5, strict=True)
    assert_type(client, Scenario)
    assert_type(client.with_options(max_retries=0), Scenario)
    assert_type(Scenario.demo(timeout=5), Scenario)
    assert_type(client.options, ClientOptions)
    with client as entered:
        assert_type(entered, Scenario)
    client.close()
    Scenario(timeout="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Scenario(session=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Scenario.demo(sesion=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.with_options(sesion=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def pages(client: Scenario) -> None:
    page = client.search.asset_search(query="castle", filter=F.width >= 1024, limit=20)
    assert_type(page, SyncSearchHitsOffset[SearchAssetSearchResponse])
    assert_type(page.hits, list[SearchAssetSearchResponse])
    assert_type(page.hits[0].url, str)
    assert_type(page.estimated_total_hits, int | None)
    assert_type(page.get_next_page(), SyncSearchHitsOffset[SearchAssetSearchResponse])
    assert_type(page.iter_pages(), Iterator[SyncSearchHitsOffset[SearchAssetSearchResponse]])
    assert_type(page.has_next_page(), bool)
    assert_type(page.next_page_info(), PageInfo | None)
    assert_type(page.count(), int)
    assert_type(page.response, ResponseInfo)
    for hit in page:
        assert_type(hit, SearchAssetSearchResponse)
    page.to_jsonl("assets.jsonl")
    page.to_csv("assets.csv", all_pages=True)
    assert_type(page.to_html(embed=True), str)
    assert_type(page.to_dicts(all_pages=True), list[dict[str, Any]])
    page.to_parquet("assets.parquet")
    with page.prefetch(4) as hits:
        assert_type(hits, SyncPrefetch[SearchAssetSearchResponse])
        for hit in hits:
            assert_type(hit, SearchAssetSearchResponse)


def searches(client: Scenario) -> None:
    assert_type(
        client.search.model_search(query="anime"), SyncSearchHitsOffset[SearchModelSearchResponse]
    )
    assert_type(
        client.search.workflow_search(query="relight", max_items=3),
        SyncSearchHitsOffset[SearchWorkflowSearchResponse],
    )
    params = SearchAssetSearchParams(query="castle")
    assert_type(
        client.search.asset_search(params, timeout=5),
        SyncSearchHitsOffset[SearchAssetSearchResponse],
    )
    client.search.asset_search(qery="castle")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.search.asset_search(limit="20")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    client.search.workflow_search(image="a")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def crawls(client: Scenario) -> None:
    with client.crawl.assets(public=True, concurrency=8, checkpoint="public.ckpt") as crawl:
        assert_type(crawl, SyncCrawl[SearchAssetSearchResponse])
        for asset in crawl:
            assert_type(asset, SearchAssetSearchResponse)
    assert_type(crawl.stats, CrawlStats)
    assert_type(crawl.batches(), Iterator[Batch[SearchAssetSearchResponse]])
    assert_type(crawl.count(), int)
    assert_type(client.crawl.models(query="anime"), SyncCrawl[SearchModelSearchResponse])
    assert_type(client.crawl.plan(of="models"), list[CrawlPiece])
    with client.crawl.models() as models:
        client.download(models, "files")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.crawl.assets(concurency=8)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def downloads(client: Scenario, crawl: SyncCrawl[SearchAssetSearchResponse]) -> None:
    page = client.search.asset_search(query="castle")
    for assets in (page, page.hits, crawl, track(page), (asset for asset in page)):
        assert_type(client.download(assets, "files"), DownloadReport)
    assert_type(client.refresh(page.hits), list[SearchAssetSearchResponse])
    with page.prefetch(2) as hits:
        client.download(hits, "files", progress=lambda report: print(report.downloaded))
