from __future__ import annotations

import asyncio
import contextvars
import gc
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_transport import Page, correct_page, faked_client
from plain_clients import IDS, client_of, faked
from raw_server import Answer
from raw_server_thread import PAGE, served_aside

from scenario_search import (
    AsyncScenario,
    BadRequestError,
    ConfigurationError,
    IgnoredParameterWarning,
    InvalidParamsError,
    PaginationError,
    Scenario,
    SearchAssetSearchParams,
    SearchAssetSearchResponse,
    SyncSearchHitsOffset,
    TruncatedResultsWarning,
)
from scenario_search.emulator import Emulator

KEPT_PAGE = Answer(PAGE, then="keep")


@pytest.fixture
def client(scenario_emulator: Emulator) -> Iterator[Scenario]:
    with Scenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
    ) as client:
        yield client


# Searches and pages


@pytest.mark.parametrize("name", ["asset_search", "model_search", "workflow_search"])
def test_a_search_gives_the_page_that_the_asynchronous_client_gives(
    name: str, client: Scenario, scenario_emulator: Emulator
) -> None:
    async def awaited() -> Any:
        async with AsyncScenario(
            base_url=scenario_emulator.url,
            api_key=scenario_emulator.api_key,
            api_secret=scenario_emulator.api_secret,
        ) as other:
            return await getattr(other.search, name)(query="a", limit=3)

    page = getattr(client.search, name)(query="a", limit=3)
    expected = asyncio.run(awaited())
    assert type(page) is SyncSearchHitsOffset
    assert page.hits
    # The pictures' URLs are signed anew each time.
    assert [hit.id for hit in page.hits] == [hit.id for hit in expected.hits]
    for field in ("limit", "offset", "estimated_total_hits", "page", "total_hits"):
        assert getattr(page, field) == getattr(expected, field)


def test_a_search_takes_a_request_object_and_options_beside_it() -> None:
    client, transport = faked()
    page = client.search.asset_search(SearchAssetSearchParams(query="castle"), timeout=3)
    assert transport.bodies == [{"query": "castle"}]
    assert transport.timeouts == [3]
    assert len(page.hits) == 20


def test_a_search_is_one_request() -> None:
    client, transport = faked()
    client.search.asset_search(query="a", limit=10)
    assert len(transport.bodies) == 1


def test_iterating_over_a_page_goes_on_to_the_last_hit() -> None:
    client, _ = faked()
    page = client.search.asset_search(query="a", limit=100)
    assert [hit.id for hit in page] == IDS


def test_iterating_starts_at_the_page_itself() -> None:
    client, transport = faked()
    page = client.search.asset_search(query="a", limit=100, offset=100)
    assert [hit.id for hit in page] == IDS[100:]
    assert [body["offset"] for body in transport.bodies] == [100, 200]


def test_iterating_again_gives_the_same() -> None:
    client, _ = faked()
    page = client.search.asset_search(query="a", limit=100)
    assert list(page) == list(page)


def test_a_page_is_asked_for_when_its_first_hit_is_wanted() -> None:
    client, transport = faked()
    hits = iter(client.search.asset_search(query="a", limit=100))
    for _ in range(100):
        next(hits)
    assert len(transport.bodies) == 1
    next(hits)
    assert len(transport.bodies) == 2


@pytest.mark.parametrize("most", [0, 1, 99, 100, 101, 250, 999])
def test_max_items_ends_an_iteration(most: int) -> None:
    client, _ = faked()
    page = client.search.asset_search(query="a", limit=100, max_items=most)
    assert [hit.id for hit in page] == IDS[:most]


def test_iter_pages_gives_the_page_itself_first() -> None:
    client, _ = faked()
    page = client.search.asset_search(query="a", limit=100)
    pages = list(page.iter_pages())
    assert pages[0] is page
    assert [len(each.hits) for each in pages] == [100, 100, 50]
    assert {type(each) for each in pages} == {SyncSearchHitsOffset}


def test_one_may_step_from_page_to_page() -> None:
    client, _ = faked()
    page = client.search.asset_search(query="a", limit=100, offset=100)
    assert page.has_next_page()
    information = page.next_page_info()
    assert information is not None
    last = page.get_next_page()
    assert last.offset == 200
    assert not last.has_next_page()
    assert last.next_page_info() is None
    with pytest.raises(PaginationError, match="last page"):
        last.get_next_page()


def test_count_asks_with_one_small_request() -> None:
    client, transport = faked()
    page = client.search.asset_search(query="a")
    assert page.count() == 250
    assert transport.bodies[-1] == {"query": "a", "page": 1, "hitsPerPage": 1}


def test_response_tells_how_the_page_arrived() -> None:
    client, _ = faked()
    response = client.search.asset_search(query="a").response
    assert (response.status_code, response.request_id, response.retries_taken) == (200, "r", 0)


def test_prefetch_gives_the_same_hits_in_order() -> None:
    client, transport = faked()
    page = client.search.asset_search(query="a", limit=10)
    with page.prefetch(4) as hits:
        assert [hit.id for hit in hits] == IDS
    assert len(transport.bodies) == 25


def test_prefetch_gives_pages_too() -> None:
    client, _ = faked()
    with client.search.asset_search(query="a", limit=100).prefetch(2) as hits:
        assert [len(page.hits) for page in hits.pages()] == [100, 100, 50]


def test_prefetch_outside_of_a_block_says_what_to_write() -> None:
    client, _ = faked()
    hits = client.search.asset_search(query="a").prefetch(4)
    with pytest.raises(TypeError, match=r"write 'with "):
        iter(hits)


@pytest.mark.parametrize("method", ["to_jsonl", "to_csv", "to_parquet"])
def test_a_page_writes_the_same_file_as_on_the_asynchronous_side(
    method: str, tmp_path: Path
) -> None:
    if method == "to_parquet":
        pytest.importorskip("pyarrow")
    client, _ = faked()
    page = client.search.asset_search(query="a", limit=10, offset=100)
    getattr(page, method)(tmp_path / "one", all_pages=True)

    other, transport = faked_client(lambda body: correct_page(IDS, body))
    results = other.search.asset_search(query="a", limit=10, offset=100)
    asyncio.run(getattr(results, method)(tmp_path / "two"))
    assert len(transport.bodies) == 15
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("method", ["to_dicts", "to_pandas", "to_polars"])
def test_a_pages_frame_holds_its_hits_or_those_of_all_pages(method: str) -> None:
    client, transport = faked()
    page = client.search.asset_search(query="a", limit=10, offset=100)
    assert len(getattr(page, method)()) == 10
    assert len(transport.bodies) == 1
    assert len(getattr(page, method)(all_pages=True)) == len(IDS) - 100


def test_a_page_that_no_client_made_writes_no_file(tmp_path: Path) -> None:
    page = SyncSearchHitsOffset(hits=[SearchAssetSearchResponse(id="a")])
    with pytest.raises(PaginationError, match="not returned by a client's search"):
        page.to_jsonl(tmp_path / "x.jsonl")


def test_a_page_that_no_client_made_says_so() -> None:
    page: SyncSearchHitsOffset[SearchAssetSearchResponse] = SyncSearchHitsOffset(hits=[])
    with pytest.raises(PaginationError, match="not returned by a client"):
        list(page)


# Errors and warnings


def test_errors_are_those_of_the_asynchronous_client(client: Scenario) -> None:
    with pytest.raises(BadRequestError, match="not a filterable field"):
        client.search.asset_search(filter='nonsense = "a"')


def test_what_the_documentation_rules_out_is_not_sent() -> None:
    client, transport = faked()
    with pytest.raises(InvalidParamsError):
        client.search.asset_search(query="a", limit=101)
    assert transport.bodies == []


def test_a_parameter_that_is_not_there_is_named() -> None:
    client, _ = faked()
    with pytest.raises(TypeError, match=r"asset_search.*qery"):
        client.search.asset_search(qery="a")  # type: ignore[call-overload]


def test_a_warning_of_the_request_points_at_the_callers_line() -> None:
    client, transport = faked()
    transport.answer = lambda body: {**correct_page(IDS, body), "totalHits": 1000}
    page = client.search.asset_search(query="a")
    with pytest.warns(TruncatedResultsWarning) as caught:
        page.count()
    assert caught[0].filename == __file__


def test_a_warning_of_the_parameters_points_at_the_callers_line() -> None:
    client, _ = faked()
    with pytest.warns(IgnoredParameterWarning) as caught:
        client.search.asset_search(query="a", query_semantic_ratio=0.5, sort_by=["createdAt:desc"])
    assert caught[0].filename == __file__


def test_a_warning_in_the_midst_of_an_iteration_points_at_the_callers_line() -> None:
    def capped(body: dict[str, Any]) -> Page:
        page = correct_page([f"asset_{n}" for n in range(1000)], body)
        return {**page, "estimatedTotalHits": 1000}

    client, transport = faked()
    transport.answer = capped
    page = client.search.asset_search(query="a", limit=100)
    with pytest.warns(TruncatedResultsWarning, match=r"client\.crawl") as caught:
        assert len(list(page)) == 1000
    assert caught[0].filename == __file__


def test_context_variables_reach_the_request() -> None:
    seen: list[str] = []
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")
    client, transport = faked()

    def answer(body: dict[str, Any]) -> Page:
        seen.append(variable.get())
        return correct_page(IDS, body)

    transport.answer = answer
    variable.set("of the caller")
    client.search.asset_search(query="a")
    assert seen == ["of the caller"]


# What is shown


def test_nothing_that_is_typed_in_a_notebook_shows_an_address() -> None:
    client, _ = faked()
    page = client.search.asset_search(query="a", limit=100)
    shown = {
        client: "<Scenario https://api.example/v1 with basic credentials>",
        client.search: "<SyncSearch of https://api.example/v1: asset_search, model_search, "
        "workflow_search>",
        client.crawl: "<SyncCrawler of https://api.example/v1: assets, models, workflows, plan, "
        "run>",
        client.crawl.models(): "<SyncCrawl of models: use 'for', inside 'with' to run requests "
        "concurrently>",
        page.prefetch(4): "<SyncPrefetch of asset_search, 4 pages ahead: use it in 'with'>",
        iter(page): "<An iteration over hits: use it in 'for'>",
        page.iter_pages(): "<An iteration over pages: use it in 'for'>",
        client.crawl.models().batches(): "<An iteration over batches: use it in 'for'>",
    }
    assert {repr(thing): text for thing, text in shown.items()} == {
        text: text for text in shown.values()
    }


async def test_nothing_of_the_asynchronous_side_shows_an_address() -> None:
    client = client_of("https://api.example/v1")._client
    results = client.search.asset_search(query="a")
    for thing, text in (
        (client.search, "<AsyncSearch of https://api.example/v1: asset_search"),
        (client.crawl, "<AsyncCrawler of https://api.example/v1: assets, models"),
        (client.crawl.assets(), "<AsyncCrawl of assets: use 'async for', inside 'async with'"),
        (results, "<AsyncSearchResults of asset_search: await it"),
        (results.prefetch(2), "<AsyncPrefetch of asset_search, 2 pages ahead: use it in 'async"),
    ):
        assert repr(thing).startswith(text)


def test_a_crawl_tells_how_far_it_is(client: Scenario) -> None:
    crawl = client.crawl.models()
    found = len(list(crawl))
    assert repr(crawl) == f"<SyncCrawl of models: {found} hits, {crawl.stats.requests} requests>"


# The client's life


def test_options_are_those_of_the_asynchronous_client() -> None:
    client = client_of("https://api.example/v1", timeout=7, strict=True)
    assert client.options.timeout == 7
    assert client.base_url == "https://api.example/v1"


def test_a_session_is_refused_with_the_reason() -> None:
    with pytest.raises(TypeError, match="event loop of its own"):
        Scenario(session=None)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="event loop of its own"):
        client_of("https://api.example").with_options(session=None)  # type: ignore[call-arg]


def test_without_credentials_there_is_no_client() -> None:
    with pytest.raises(ConfigurationError, match="No credentials"):
        Scenario()


def test_with_options_is_a_copy_that_shares_the_connections() -> None:
    with served_aside(KEPT_PAGE) as aside, client_of(aside.url) as client:
        copy = client.with_options(timeout=5)
        copy.search.asset_search(query="a")
        client.search.asset_search(query="a")
        assert (copy.options.timeout, client.options.timeout) == (5, 60)
        assert aside.server.connections == 1


def test_closing_closes_the_connections_and_may_be_done_again() -> None:
    with served_aside(KEPT_PAGE) as aside:
        client = client_of(aside.url)
        client.search.asset_search(query="a")
        client.close()
        aside.all_gone()
        client.close()
        with pytest.raises(ConfigurationError, match="closed"):
            client.search.asset_search(query="a")


def test_repr_tells_where_and_whether_closed_but_no_secret() -> None:
    client = client_of("https://api.example/v1", timeout=3)
    assert repr(client) == "<Scenario https://api.example/v1 with basic credentials>"
    client.close()
    assert repr(client).endswith("closed>")


def test_a_client_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="Scenario cannot be pickled: make a client in each"):
        pickle.dumps(client_of("https://api.example/v1"))


def test_a_client_that_is_not_closed_warns_once_and_lets_go_of_its_connections() -> None:
    with served_aside(KEPT_PAGE) as aside:
        client = client_of(aside.url)
        clients = [client, client.with_options(timeout=5)]
        for each in clients:
            each.search.asset_search(query="a")
        del client, each
        with pytest.warns(ResourceWarning, match=r"use 'with', or client\.close\(\)") as caught:
            clients.clear()
        assert len(caught) == 1
        aside.all_gone()


def test_a_client_that_was_never_used_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client_of("https://api.example/v1")
        gc.collect()


def test_trace_configs_and_limiter_work_in_the_clients_own_loop() -> None:
    class Limiter:
        entered = 0

        async def __aenter__(self) -> None:
            await asyncio.sleep(0)
            self.entered += 1

        async def __aexit__(self, *_: object) -> None: ...

    limiter = Limiter()
    client, _ = faked(limiter=limiter)
    client.search.asset_search(query="a")
    assert limiter.entered == 1
