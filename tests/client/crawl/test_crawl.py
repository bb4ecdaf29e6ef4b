from __future__ import annotations

import asyncio
import multiprocessing
import pickle
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from crawl_engine import SPAN, START, Asset, TextEngine, clustered_assets, dated, timestamp
from fake_transport import faked_client
from plan_worker import crawl_piece

from scenario_search import (
    APIResponseValidationError,
    APIStatusError,
    AsyncScenario,
    CheckpointError,
    CrawlPiece,
    F,
    IncompleteCrawlError,
    InvalidFilterError,
    InvalidParamsError,
    Raw,
    SearchAssetSearchParams,
)
from scenario_search.concurrency import pacing
from scenario_search.crawl.crawl import AsyncCrawl
from scenario_search.emulator import Emulator
from scenario_search.http.transport import Answer

CAP = 150
COUNT = 1500
ASSETS = clustered_assets(COUNT, burst=CAP - 1)
IDS = sorted(asset["id"] for asset in ASSETS)
DATES = {asset["id"]: asset.get("createdAt", "") for asset in ASSETS}


@pytest.fixture(scope="module", params=[True, False], ids=["capped totals", "uncapped totals"])
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    with Emulator(result_cap=CAP, capped_totals=request.param) as emulator:
        emulator.load_sync(ASSETS)
        yield emulator


def client_of_emulator(emulator: Emulator) -> AsyncScenario:
    return AsyncScenario(
        base_url=emulator.url, api_key=emulator.api_key, api_secret=emulator.api_secret
    )


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[AsyncScenario]:
    async with client_of_emulator(emulator) as client:
        yield client


def crawl_of(engine: TextEngine, **options: Any) -> AsyncCrawl[Any]:
    client, _ = faked_client(engine)
    client._requester.sleep = no_sleep
    client._requester.chance = lambda: 0.0
    return client.crawl.assets(**options)


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


async def all_ids(crawl: AsyncCrawl[Any]) -> list[str]:
    async with crawl:
        return [hit.id async for hit in crawl]


# Every hit, once


@pytest.mark.parametrize("concurrency", [1, 8, 64])
async def test_every_id_comes_once(client: AsyncScenario, concurrency: int) -> None:
    crawl = client.crawl.assets(public=True, cap=CAP, concurrency=concurrency)
    assert sorted(await all_ids(crawl)) == IDS


async def test_bare_iteration_gives_every_id_once(client: AsyncScenario) -> None:
    crawl = client.crawl.assets(public=True, cap=CAP)
    assert sorted([hit.id async for hit in crawl]) == IDS


async def test_requests_stay_within_the_budget(client: AsyncScenario) -> None:
    async with client.crawl.assets(public=True, cap=CAP) as crawl:
        await all_ids(crawl)
    assert crawl.stats.requests <= 1.5 * len(ASSETS) / 100 + 200


@pytest.mark.parametrize("order", ["none", "rising", "falling"])
async def test_a_query_needs_few_requests_in_whatever_order_its_hits_come(order: str) -> None:
    assets = clustered_assets(8000, burst=99)
    if order != "none":
        assets.sort(key=lambda a: str(a.get("createdAt", "")), reverse=order == "falling")
    engine = TextEngine(assets)
    assert len(set(await all_ids(crawl_of(engine, query="thing")))) == 8000
    assert engine.requests <= 1.6 * 8000 / 100


async def test_at_the_end_the_statistics_are_exact(client: AsyncScenario) -> None:
    async with client.crawl.assets(public=True, cap=CAP) as crawl:
        await all_ids(crawl)
    stats = crawl.stats
    assert (stats.expected, stats.hits, stats.invalid, stats.finished) == (COUNT, COUNT, 0, True)


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_hits_come_in_order_and_undated_ones_last(client: AsyncScenario, order: Any) -> None:
    dates = [
        DATES[i] for i in await all_ids(client.crawl.assets(public=True, cap=CAP, order=order))
    ]
    undated = dates.count("")
    assert dates[-undated:] == [""] * undated
    assert dates[:-undated] == sorted(dates[:-undated], reverse=order == "newest")


async def test_a_cap_below_the_one_that_was_told_is_found_out(client: AsyncScenario) -> None:
    crawl = client.crawl.assets(public=True, cap=1000)
    assert sorted(await all_ids(crawl)) == IDS


async def test_a_filter_is_joined_to_the_windows(client: AsyncScenario) -> None:
    crawl = client.crawl.assets(public=True, cap=CAP, filter=F.prompt.matches("thing 5"))
    expected = [a["id"] for a in ASSETS if "thing 5" in a["metadata"]["prompt"]]
    assert sorted(await all_ids(crawl)) == sorted(expected)


@pytest.mark.parametrize("blank", ["", "  ", Raw(" ")])
async def test_a_blank_filter_is_none(client: AsyncScenario, blank: Any) -> None:
    assert await client.crawl.assets(public=True, cap=CAP, filter=blank).count() == COUNT


async def test_a_text_filter_with_or_keeps_its_meaning(client: AsyncScenario) -> None:
    crawl = client.crawl.assets(public=True, cap=CAP, filter="width = 1 OR width = 512")
    assert sorted(await all_ids(crawl)) == IDS


async def test_a_crawl_of_a_query_is_whole(client: AsyncScenario) -> None:
    crawl = client.crawl.assets(query="thing", public=True, cap=CAP)
    assert sorted(await all_ids(crawl)) == IDS


async def test_a_crawl_of_a_query_is_in_order(client: AsyncScenario) -> None:
    crawl = client.crawl.assets(query="thing", public=True, cap=CAP, order="oldest")
    dates = [date for i in await all_ids(crawl) if (date := DATES[i])]
    assert dates == sorted(dates)


async def test_models_are_crawled() -> None:
    with Emulator.demo() as emulator:
        async with client_of_emulator(emulator) as client:
            found = [model.id async for model in client.crawl.models(public=True, cap=20)]
            assert (
                len(found)
                == len(set(found))
                == await client.search.model_search(
                    filter=F.privacy == "public", public=True
                ).count()
            )


@pytest.mark.parametrize("ratio", [0.5, 1])
async def test_a_crawl_by_meaning_is_whole(ratio: float) -> None:
    with Emulator(result_cap=40) as emulator:
        emulator.load_sync(ASSETS[:150])
        async with client_of_emulator(emulator) as client:
            crawl = client.crawl.assets(
                query="a thing", query_semantic_ratio=ratio, public=True, cap=40
            )
            found = await all_ids(crawl)
    assert sorted(found) == sorted(asset["id"] for asset in ASSETS[:150])


async def test_a_crawl_by_likeness_reads_its_picture_once(tmp_path: Path) -> None:
    engine = TextEngine(clustered_assets(600, burst=99), cap=100)
    client, transport = faked_client(engine)
    with (tmp_path / "x.png").open("w+b") as picture:
        picture.write(b"\x89PNG\r\n\x1a\n" + b"0" * 32)
        picture.seek(0)
        crawl = client.crawl.assets(image=picture, cap=100)
        assert await crawl.count() == 600
        assert len(await all_ids(crawl)) == 600
    assert len({body["image"] for body in transport.bodies}) == 1


# Dates as they may be


@pytest.mark.parametrize("capped", [True, False])
async def test_odd_dates_are_crawled_too(capped: bool) -> None:
    odd: list[Any] = ["unknown", "", "2025", "0000-01-01", None, 17, -1.5, "9999-12-31T23:59:59Z"]
    odd += ["1931-05-05T05:05:05.555Z", "2025-06-01T10:00:00+02:00", "2025-06-01T10:00:00.1234567Z"]
    assets = clustered_assets(500, burst=40)
    assets += [{**dated(1000 + i), "createdAt": date} for i, date in enumerate(odd * 9)]
    with Emulator(result_cap=50, capped_totals=capped) as emulator:
        for asset in assets:
            asset["privacy"] = "public"
        emulator.load_sync(assets)
        async with client_of_emulator(emulator) as client:
            found = await all_ids(client.crawl.assets(public=True, cap=50))
    assert sorted(found) == sorted(asset["id"] for asset in assets)


@pytest.mark.parametrize("start", [-60 * 365 * 86_400_000, 0, 50 * 365 * 86_400_000])
async def test_dates_far_from_now_are_reached(start: int) -> None:
    engine = TextEngine([dated(i, start + i % 400) for i in range(2500)], cap=CAP)
    assert len(set(await all_ids(crawl_of(engine, cap=CAP)))) == 2500


async def test_dates_in_seconds_are_crawled() -> None:
    assets = [{"id": str(i), "createdAt": f"2025-01-01T00:00:{i // 20:02d}Z"} for i in range(1000)]
    engine = TextEngine(assets, cap=100)
    assert len(set(await all_ids(crawl_of(engine, cap=100)))) == 1000


async def test_more_than_the_cap_in_one_millisecond_is_told_at_the_end() -> None:
    burst = [dated(i, 5) for i in range(150)]
    engine = TextEngine(burst + [dated(200 + i, i * 1000) for i in range(200)], cap=100)
    crawl = crawl_of(engine, cap=100)
    with pytest.raises(IncompleteCrawlError, match=r"2024-01-01T00:00:00\.005Z") as caught:
        await all_ids(crawl)
    assert crawl.stats.hits == 300
    assert caught.value.instants == ("2024-01-01T00:00:00.005Z",)


async def test_exactly_the_cap_less_one_in_one_millisecond_is_whole() -> None:
    engine = TextEngine([dated(i, 5) for i in range(99)] + [dated(200, 6)], cap=100)
    assert len(set(await all_ids(crawl_of(engine, cap=100)))) == 100


async def test_a_server_without_the_undated_filter_leaves_them_out_and_says_so() -> None:
    engine = TextEngine([dated(1, 1), dated(2)], refuses_undated=400)
    crawl = crawl_of(engine)
    assert await all_ids(crawl) == ["asset_000001"]
    assert crawl.stats.undated_left_out


@pytest.mark.parametrize("status", [400, 403, 404, 422, 500, 501, 503])
@pytest.mark.parametrize("concurrency", [1, 8])
async def test_a_refused_undated_request_is_not_the_end_of_a_crawl(
    status: int, concurrency: int
) -> None:
    engine = TextEngine([dated(1, 1), dated(2)], refuses_undated=status)
    crawl = crawl_of(engine, max_retries=0, concurrency=concurrency)
    async with crawl:
        assert await all_ids(crawl) == ["asset_000001"]
    assert crawl.stats.undated_left_out
    assert crawl.stats.finished


async def test_a_refused_search_is_an_error_though_the_undated_filter_may_be() -> None:
    engine = TextEngine([], before=lambda _: Answer(400, {}, b'{"error": "no"}', 0.0))
    with pytest.raises(APIStatusError, match="no"):
        await all_ids(crawl_of(engine))


async def test_hits_outside_of_their_window_are_dropped_there() -> None:
    engine = TextEngine(
        [dated(i, i) for i in range(150)], cap=100, leaks=frozenset({"asset_000005"})
    )
    crawl = crawl_of(engine, cap=100)
    found = await all_ids(crawl)
    assert (len(found), len(set(found)), crawl.stats.expected) == (150, 150, 150)


# Hits that cannot be decoded


def with_broken(assets: list[Asset], every: int) -> list[Asset]:
    return [{**a, "tags": 7} if i % every == 0 else a for i, a in enumerate(assets)]


async def test_a_hit_that_cannot_be_decoded_is_an_error() -> None:
    with pytest.raises(APIResponseValidationError, match="tags"):
        await all_ids(crawl_of(TextEngine(with_broken(ASSETS[:50], 10))))


async def test_hits_that_cannot_be_decoded_are_skipped_and_counted() -> None:
    crawl = crawl_of(TextEngine(with_broken(ASSETS, 3), cap=CAP), on_invalid="skip", cap=CAP)
    assert len(await all_ids(crawl)) == COUNT - COUNT // 3
    assert (crawl.stats.invalid, crawl.stats.hits) == (COUNT // 3, COUNT - COUNT // 3)


async def test_hits_without_an_id_are_skipped_and_counted() -> None:
    assets = [{k: v for k, v in a.items() if k != "id"} for a in with_broken(ASSETS[:250], 1)]
    for asset, known in zip(assets, ASSETS, strict=False):
        asset["id_"] = known["id"]
    engine = TextEngine([{**a, "id": None, "tags": 7} for a in assets])
    crawl = crawl_of(engine, on_invalid="skip")
    assert await all_ids(crawl) == []
    assert crawl.stats.invalid == 250


async def test_ids_of_any_json_are_told_apart() -> None:
    engine = TextEngine([{**dated(i, i), "id": [i]} for i in range(120)])
    crawl = crawl_of(engine)
    async with crawl:
        assert len([hit async for hit in crawl]) == 120


async def test_strict_names_what_is_missing() -> None:
    client, _ = faked_client(TextEngine(ASSETS[:5]), strict=True)
    with pytest.raises(APIResponseValidationError, match="teamId"):
        await all_ids(client.crawl.assets())


@pytest.mark.parametrize("total", [None, "many", -5, 0, 10**9])
async def test_totals_make_no_difference(total: Any) -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    client, _ = faked_client(lambda body: {**engine(body), "estimatedTotalHits": total})
    assert sorted(await all_ids(client.crawl.assets(cap=CAP))) == IDS


@pytest.mark.parametrize(
    ("options", "message"), [({"of": "pictures"}, "`of`"), ({"max_items": 5}, "`max_items`")]
)
async def test_a_plan_that_makes_no_sense_is_refused(options: Any, message: str) -> None:
    client, transport = faked_client(TextEngine(ASSETS))
    with pytest.raises(InvalidParamsError, match=message):
        await client.crawl.plan(**options)
    assert transport.bodies == []


# Options


async def test_max_items_ends_it() -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    assert len(await all_ids(crawl_of(engine, max_items=225, cap=CAP))) == 225


@pytest.mark.parametrize("most", [1, 149, 225])
async def test_with_max_items_the_hits_that_were_given_are_counted(most: int) -> None:
    crawl = crawl_of(TextEngine(ASSETS, cap=CAP), max_items=most, cap=CAP)
    await all_ids(crawl)
    assert crawl.stats.hits == most


async def test_no_items_need_no_request() -> None:
    engine = TextEngine(ASSETS)
    assert await all_ids(crawl_of(engine, max_items=0)) == []
    assert engine.requests == 0


async def test_progress_hears_of_every_page() -> None:
    heard: list[int] = []
    engine = TextEngine(ASSETS, cap=CAP)
    await all_ids(crawl_of(engine, progress=lambda stats: heard.append(stats.requests), cap=CAP))
    assert len(heard) == engine.requests
    assert sorted(heard) == heard


async def test_what_is_expected_follows_from_the_density_of_hits() -> None:
    crawl = crawl_of(TextEngine([dated(i, i * 1000) for i in range(3000)]))
    seen = [crawl.stats.expected async for _ in crawl]
    assert all(2900 <= (expected or 0) <= 3100 for expected in seen[500:])
    assert (crawl.stats.expected, crawl.stats.time_left) == (3000, 0.0)


@pytest.mark.parametrize(
    "since",
    [
        datetime.fromtimestamp((START + SPAN // 2) / 1000, UTC),
        datetime.fromtimestamp((START + SPAN // 2) / 1000, timezone(timedelta(hours=5))),
        timestamp(START + SPAN // 2),
    ],
)
async def test_since_a_moment_gives_what_was_created_from_then_on(since: Any) -> None:
    found = await all_ids(crawl_of(TextEngine(ASSETS, cap=CAP), since=since, cap=CAP))
    assert sorted(found) == sorted(i for i in IDS if DATES[i] >= timestamp(START + SPAN // 2))


async def test_a_crawl_since_a_moment_says_that_it_leaves_undated_hits_out() -> None:
    crawl = crawl_of(TextEngine([dated(1, 1), dated(2)]), since=timestamp(START))
    assert await all_ids(crawl) == ["asset_000001"]
    assert crawl.stats.undated_left_out


async def test_since_neither_a_moment_nor_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidParamsError, match="the checkpoint of a finished crawl; not found"):
        await all_ids(crawl_of(TextEngine([]), since=tmp_path / "none.ckpt"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": 0}, "`concurrency`"),
        ({"concurrency": 2.5}, "`concurrency`"),
        ({"cap": 1}, "`cap`"),
        ({"extra_body": {"filter": "x = 1"}}, "`extra_body` cannot set filter"),
        ({"order": "random"}, "`order`"),
        ({"on_invalid": "ignore"}, "`on_invalid`"),
        ({"progress": 1}, "`progress`"),
        ({"checkpoint": 5}, "`checkpoint`"),
        ({"checkpoint": ""}, "`checkpoint`"),
        ({"since": 5}, "`since`"),
        ({"since": ""}, "`since`"),
        ({"since": datetime(2025, 1, 1)}, "time zone"),  # noqa: DTZ001 - which is the point
    ],
)
def test_options_that_make_no_sense_are_refused(options: Any, message: str) -> None:
    with pytest.raises(InvalidParamsError, match=message):
        crawl_of(TextEngine([]), **options)


def test_a_filter_that_is_none_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InvalidFilterError):
        crawl_of(TextEngine([]), filter="width = 1) OR (width = 2")


async def test_without_validation_any_filter_is_sent() -> None:
    client, transport = faked_client(TextEngine([]), validate=False)
    await all_ids(client.crawl.assets(filter="name ENDS WITH x"))
    assert transport.bodies[0]["filter"].startswith("(name ENDS WITH x) AND createdAt")


# Life


def tasks_of_crawls() -> set[asyncio.Task[Any]]:
    """Give the tasks but the test's own, and those in which the loop ends generators."""
    return {
        task
        for task in asyncio.all_tasks()
        if task is not asyncio.current_task() and "async_generator" not in repr(task)
    }


async def test_bare_iteration_with_concurrency_names_async_with() -> None:
    with pytest.raises(TypeError, match="async with"):
        aiter(crawl_of(TextEngine([]), concurrency=2))


async def test_leaving_early_leaves_no_task() -> None:
    async with crawl_of(TextEngine(ASSETS, cap=CAP), cap=CAP) as crawl:
        async for _ in crawl:
            break
        assert tasks_of_crawls()
    assert not tasks_of_crawls()


async def test_an_error_inside_leaves_no_task() -> None:
    async def fail() -> None:
        async with crawl_of(TextEngine(ASSETS, cap=CAP), cap=CAP) as crawl:
            async for _ in crawl:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert not tasks_of_crawls()


async def test_bare_iteration_runs_no_task() -> None:
    async for _ in crawl_of(TextEngine(ASSETS, cap=CAP), cap=CAP):
        assert not tasks_of_crawls()


async def test_the_clock_stops_where_a_block_is_left_early() -> None:
    async with crawl_of(TextEngine(ASSETS, cap=CAP), cap=CAP) as crawl:
        async for _ in crawl:
            break
    assert crawl.stats.ended is not None


async def test_the_clock_stops_at_max_items() -> None:
    crawl = crawl_of(TextEngine(ASSETS, cap=CAP), cap=CAP, max_items=1)
    await all_ids(crawl)
    assert crawl.stats.ended is not None


async def test_the_clock_stops_at_an_error() -> None:
    crawl = crawl_of(TextEngine([], before=lambda _: Answer(400, {}, b"{}", 0.0)))
    with pytest.raises(APIStatusError):
        await all_ids(crawl)
    assert crawl.stats.ended is not None


async def test_iterating_again_is_another_crawl_and_ends_the_first() -> None:
    async with crawl_of(TextEngine(ASSETS, cap=CAP), cap=CAP) as crawl:
        first = aiter(crawl)
        await anext(first)
        assert len([hit async for hit in crawl]) == crawl.stats.hits == COUNT
        with pytest.raises(RuntimeError, match="another iteration has started"):
            [hit async for hit in first]


async def test_an_iteration_that_outlives_its_block_says_so() -> None:
    async with crawl_of(TextEngine(ASSETS, cap=CAP), cap=CAP) as crawl:
        hits = aiter(crawl)
        await anext(hits)
    with pytest.raises(RuntimeError, match="its block was left"):
        [hit async for hit in hits]


async def test_hits_that_wait_for_their_turn_are_bounded() -> None:
    engine = TextEngine([dated(i, i * 1000) for i in range(9000)], cap=CAP)
    client, transport = faked_client(engine)
    async with client.crawl.assets(cap=CAP, concurrency=2) as crawl:
        async for _ in crawl:
            for _ in range(2000):
                await asyncio.sleep(0)
            break
    assert len(transport.bodies) <= 2 * 15 + 4 + 4


async def test_after_a_failed_request_the_crawl_can_be_iterated_again() -> None:
    engine = TextEngine(ASSETS, cap=CAP, before=lambda n: ValueError("no") if n == 20 else None)
    async with crawl_of(engine, cap=CAP) as crawl:
        with pytest.raises(ValueError, match="no"):
            [hit async for hit in crawl]
        assert len([hit async for hit in crawl]) == COUNT


# Politeness


@pytest.mark.parametrize("status", [429, 503])
async def test_one_that_asks_to_wait_holds_all_requests_back(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    sent: list[float] = []

    def answer(body: dict[str, Any]) -> Any:
        sent.append(now)
        if len(sent) == 30:
            return Answer(status, {"retry-after": "7"}, b"{}", 0.0)
        return engine(body)

    async def sleep(seconds: float) -> None:
        nonlocal now
        until = now + seconds
        for _ in range(50):  # what is not held back is sent meanwhile
            await asyncio.sleep(0)
        now = max(now, until)

    engine = TextEngine(ASSETS, cap=CAP)
    monkeypatch.setattr(pacing, "time", SimpleNamespace(monotonic=lambda: now))
    client, _ = faked_client(answer)
    client._requester.sleep = sleep
    assert len(await all_ids(client.crawl.assets(cap=CAP, concurrency=4))) == COUNT
    # The three that were under way with the one that was refused may still arrive.
    assert set(sent[:30]) == {0.0}
    assert sent[33:] == [7.0] * len(sent[33:])


async def test_retries_are_counted() -> None:
    refused = Answer(503, {}, b"{}", 0.0)
    engine = TextEngine(ASSETS[:50], before=lambda n: refused if n <= 2 else None)
    crawl = crawl_of(engine)
    await all_ids(crawl)
    assert (crawl.stats.retries, crawl.stats.requests) == (2, engine.requests)


# Counting and sharing out


async def test_count_is_exact_past_the_cap(client: AsyncScenario) -> None:
    assert await client.crawl.assets(public=True, cap=CAP).count() == COUNT


async def test_a_count_of_more_hits_than_the_cap_with_one_date_is_refused() -> None:
    engine = TextEngine([*(dated(i, 5) for i in range(150)), dated(200, 9)], cap=100)
    with pytest.raises(IncompleteCrawlError):
        await crawl_of(engine, cap=100).count()


async def test_the_pieces_of_a_plan_hold_about_as_many_hits_each() -> None:
    client, _ = faked_client(TextEngine([dated(i, i * 1000) for i in range(9000)]))
    plan = await client.crawl.plan(shards=4)
    sizes = [len([hit async for hit in client.crawl.run(piece)]) for piece in plan]
    assert len(plan) == 5
    assert sizes[-1] == 0
    assert all(2000 < size < 2500 for size in sizes[:4])


async def test_processes_share_out_a_plan(emulator: Emulator, client: AsyncScenario) -> None:
    plan = await client.crawl.plan(public=True, filter=F.width == 512, cap=CAP)
    options = {
        "base_url": emulator.url,
        "api_key": emulator.api_key,
        "api_secret": emulator.api_secret,
    }
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        jobs = [pool.submit(crawl_piece, piece, CAP, options) for piece in plan]
        found = [id_ for job in jobs for id_ in job.result()]
    assert sorted(found) == IDS


def test_a_piece_of_a_plan_names_itself() -> None:
    piece = CrawlPiece(SearchAssetSearchParams(), undated=True, expected=7)
    assert str(piece) == "about 7 assets without a date"
    assert pickle.loads(pickle.dumps(piece)).undated


async def test_checkpoints_cannot_lie_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Cannot write"):
        await all_ids(crawl_of(TextEngine([]), checkpoint=tmp_path / "none" / "x"))


async def test_a_piece_with_dates_that_is_refused_is_an_error() -> None:
    engine = TextEngine(ASSETS, cap=CAP)
    client, _ = faked_client(engine)
    piece = (await client.crawl.plan())[0]
    engine.before = lambda _: Answer(400, {}, b'{"error": "no"}', 0.0)
    with pytest.raises(APIStatusError, match="no"):
        [hit async for hit in client.crawl.run(piece)]


async def test_a_hit_that_the_engine_returns_twice_comes_once() -> None:
    crawl = crawl_of(TextEngine([dated(1, 5), dated(1, 5)]))
    assert [hit.id async for hit in crawl] == ["asset_000001"]


async def test_a_crawl_is_more_patient_than_a_search() -> None:
    refused = Answer(503, {}, b"{}", 0.0)
    engine = TextEngine(ASSETS[:5], before=lambda n: refused if n <= 8 else None)
    assert len(await all_ids(crawl_of(engine))) == 5


@pytest.mark.parametrize("checkpointed", [False, True])
async def test_the_pieces_of_a_small_plan_share_no_hit(tmp_path: Path, checkpointed: bool) -> None:
    client, _ = faked_client(TextEngine([dated(1, 1), dated(2)]))
    found = []
    for index, piece in enumerate(await client.crawl.plan()):
        options: Any = {"checkpoint": tmp_path / f"{index}.ckpt"} if checkpointed else {}
        found += [hit.id async for hit in client.crawl.run(piece, **options)]
        # What is finished is not read again.
        found += [hit.id async for hit in client.crawl.run(piece, **options)] * checkpointed
    assert sorted(found) == ["asset_000001", "asset_000002"]
