from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from fake_transport import FakeTransport, Page, correct_page, faked_client, hits
from hypothesis import given, strategies as st

from scenario_search import (
    AsyncScenario,
    InvalidParamsError,
    PaginationError,
    SearchAssetSearchParams,
    TruncatedResultsWarning,
)
from scenario_search.wire.hits import SearchAssetSearchResponse as Asset
from scenario_search.wire.pages import SearchHits
from scenario_search.wire.paging import (
    Position,
    Walk,
    first_position,
    next_position,
    page_position,
)

MODES = pytest.mark.parametrize(
    "mode", [{"limit": 10}, {"page": 1, "hits_per_page": 10}], ids=["offset", "page"]
)


def ids_from(first: int, count: int) -> list[str]:
    return [f"asset_{n}" for n in range(first, first + count)]


def start_of(body: dict[str, Any]) -> int:
    start: int = (body["page"] - 1) * body["hitsPerPage"] if "page" in body else body["offset"]
    return start


def lying(change: Callable[[dict[str, Any], Page], Page], count: int = 35) -> Any:
    """A server that answers correctly, but for what ``change`` makes of it."""
    ids = ids_from(0, count)
    return lambda body: change(body, correct_page(ids, body))


def totals(page: Page, hits_total: Any, size: int) -> Page:
    """Put another total into a page of either mode."""
    if "page" not in page:
        return page | {"estimatedTotalHits": hits_total}
    pages = -(-hits_total // size) if isinstance(hits_total, int) else hits_total
    return page | {"totalHits": hits_total, "totalPages": pages}


async def walk(client: AsyncScenario, **params: Any) -> list[str]:
    return [asset.id async for asset in client.search.asset_search(query="x", **params)]


def page_of(ids: list[str], **fields: Any) -> SearchHits[Asset]:
    return SearchHits(hits=[Asset(id=one) for one in ids], **fields)


# Where a request begins


@pytest.mark.parametrize(
    ("given_params", "one", "all_of_it"),
    [
        ({}, None, Position(False, 0, 100)),
        ({"limit": 7}, Position(False, 0, 7), Position(False, 0, 7)),
        ({"offset": 40}, Position(False, 40, 20), Position(False, 40, 100)),
        ({"offset": 40, "limit": 5}, Position(False, 40, 5), Position(False, 40, 5)),
        ({"page": 3}, Position(True, 3, 20), Position(True, 3, 20)),
        ({"hits_per_page": 50}, Position(True, 1, 50), Position(True, 1, 50)),
        ({"limit": 5.0}, Position(False, 0, 5), Position(False, 0, 5)),
    ],
)
def test_the_missing_half_of_a_position_is_completed(
    given_params: dict[str, Any], one: Position | None, all_of_it: Position
) -> None:
    params = SearchAssetSearchParams(query="x", **given_params)
    assert first_position(params, walk=False) == one
    assert first_position(params, walk=True) == all_of_it


@pytest.mark.parametrize("odd", [{"limit": "ten"}, {"limit": 5, "page": 1}, {"offset": 1.5}])
def test_what_is_no_position_cannot_be_walked(odd: dict[str, Any]) -> None:
    params = SearchAssetSearchParams(query="x", **odd)
    assert first_position(params, walk=False) is None
    with pytest.raises(InvalidParamsError, match="not a position"):
        first_position(params, walk=True)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"offset": 30, "limit": 5}, Position(False, 30, 5)),
        ({"page": 3, "hits_per_page": 5}, Position(True, 3, 5)),
        ({}, Position(False, 0, 20)),
        ({"offset": "x", "limit": -1}, Position(False, 0, 20)),
    ],
)
def test_a_page_that_was_asked_for_without_a_position_says_itself_where_it_is(
    fields: dict[str, Any], expected: Position
) -> None:
    assert page_position(None, page_of(["a"], **fields)) == expected


# A correct server


@given(count=st.integers(0, 230), size=st.integers(1, 100), paged=st.booleans(), seed=st.randoms())
def test_a_correct_server_is_walked_once_each_and_in_order(
    count: int, size: int, paged: bool, seed: Any
) -> None:
    ids = ids_from(0, count)
    seed.shuffle(ids)
    client, _ = faked_client(lambda body: correct_page(ids, body))
    mode = {"page": 1, "hits_per_page": size} if paged else {"limit": size}
    assert asyncio.run(walk(client, **mode)) == ids


@MODES
async def test_no_request_is_spent_beyond_the_known_end(mode: dict[str, Any]) -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 30), body))
    assert len(await walk(client, **mode)) == 30
    assert len(sent.bodies) == 3


async def test_an_iteration_asks_for_the_largest_pages_the_api_allows() -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 150), body))
    assert len(await walk(client)) == 150
    assert [body["limit"] for body in sent.bodies] == [100, 100]


@MODES
async def test_the_next_position_goes_into_the_body_and_nothing_else_changes(
    mode: dict[str, Any],
) -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    await walk(client, filter="width > 1", **mode)
    position = ("offset", "limit") if "limit" in mode else ("page", "hitsPerPage")
    places = [tuple(body.pop(name) for name in position) for body in sent.bodies]
    first = (0, 10, 20, 30) if "limit" in mode else (1, 2, 3, 4)
    assert places == [(start, 10) for start in first]
    assert sent.bodies == [{"query": "x", "filter": "width > 1"}] * 4
    assert sent.queries == [{}] * 4


async def test_a_walk_begins_where_it_is_told_to() -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    assert await walk(client, offset=33) == ids_from(33, 2)
    assert await walk(client, page=4, hits_per_page=10) == ids_from(30, 5)


async def test_a_walk_that_begins_far_beyond_the_end_just_ends() -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    assert await walk(client, offset=5_000_000) == []
    assert await walk(client, page=900_000) == []
    assert len(sent.bodies) == 2


# Servers that do not advance


@MODES
async def test_an_echo_that_never_changes_ends_the_walk(mode: dict[str, Any]) -> None:
    def stuck(body: dict[str, Any], page: Page) -> Page:
        first = {"page": 1} if "page" in body else {"offset": 0}
        return page | first

    client, sent = faked_client(lying(stuck))
    with pytest.raises(PaginationError, match=r"Asked for (offset 10|page 2), but .* (0|1): it"):
        await walk(client, **mode)
    assert len(sent.bodies) == 2


@MODES
async def test_a_first_page_that_is_not_the_one_asked_for_is_refused(mode: dict[str, Any]) -> None:
    client, _ = faked_client(lying(lambda _, page: page | {"page": 7, "offset": 7}))
    with pytest.raises(PaginationError):
        await walk(client, **mode)


@MODES
@pytest.mark.parametrize("order", [1, -1], ids=["same order", "shuffled"])
async def test_the_same_ids_twice_running_end_the_walk(mode: dict[str, Any], order: int) -> None:
    calls = iter(range(100))

    def same(body: dict[str, Any], page: Page) -> Page:
        turn = order if next(calls) % 2 else 1
        return page | {"hits": hits(ids_from(0, 10)[::turn])}

    client, sent = faked_client(lying(same))
    with pytest.raises(PaginationError, match="same 10 hits twice running"):
        await walk(client, **mode)
    assert len(sent.bodies) == 2


@MODES
@pytest.mark.parametrize("rounds", [2, 3, 7, 40])
async def test_pages_that_come_round_again_and_again_end_the_walk_whatever_the_total(
    mode: dict[str, Any], rounds: int
) -> None:
    def circle(body: dict[str, Any]) -> Page:
        page = correct_page([], body)
        page |= {"hits": hits(ids_from(start_of(body) % (10 * rounds), 10))}
        return totals(page, 10**9, 10)

    client, sent = faked_client(circle)
    with pytest.raises(PaginationError, match="go round in a circle"):
        await walk(client, **mode)
    assert 3 * rounds <= len(sent.bodies) <= 8 * rounds


@given(before=st.integers(0, 60), rounds=st.integers(2, 60))
def test_a_circle_that_begins_late_is_noticed_too(before: int, rounds: int) -> None:
    endless = Walk(Position(paged=False, start=0, size=1))
    with pytest.raises(PaginationError, match="circle"):
        for number in range(8 * max(before, rounds)):
            place = number if number < before else before + (number - before) % rounds
            endless.accept(page_of([f"asset_{place}"], estimated_total_hits=10**9))


async def test_a_page_that_comes_once_more_is_no_circle() -> None:
    # As where hits are added while the walk goes on, a page's worth for each page.
    starts = [0, 10, 20, 10, 20, 30]
    client, sent = faked_client(
        lambda body: (
            correct_page(ids_from(0, 60), body)
            | {"hits": hits(ids_from(starts[body["offset"] // 10], 10))}
        )
    )
    assert len(await walk(client, limit=10)) == 60
    assert len(sent.bodies) == 6


@MODES
async def test_new_hits_without_end_end_by_the_length_the_first_page_promised(
    mode: dict[str, Any],
) -> None:
    mode = {name: 100 if value == 10 else value for name, value in mode.items()}

    def endless(body: dict[str, Any]) -> Page:
        page = correct_page([], body) | {"hits": hits(ids_from(start_of(body), 100))}
        return totals(page, 10**9 if start_of(body) else 200, 100)

    client, sent = faked_client(endless)
    with pytest.raises(PaginationError, match=r"more than 10,400 hits"):
        await walk(client, **mode)
    assert len(sent.bodies) == 105


@pytest.mark.parametrize("field", ["totalPages", "both"])
async def test_total_pages_that_grow_for_ever_end_the_walk(field: str) -> None:
    def growing(body: dict[str, Any]) -> Page:
        page = body["page"]
        made = {"hits": hits(ids_from(page * 100, 100)), "page": page, "totalPages": page + 1}
        return made | ({"totalHits": (page + 1) * 100} if field == "both" else {})

    client, sent = faked_client(growing)
    with pytest.raises(PaginationError, match="does not come to an end"):
        await walk(client, page=1, hits_per_page=100)
    assert len(sent.bodies) == 105


def test_without_any_total_a_walk_ends_at_a_fixed_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenario_search.wire.paging._LONGEST_WALK", 1000)
    endless = Walk(Position(paged=False, start=0, size=100))
    for number in range(10):
        endless.accept(page_of(ids_from(number * 100, 100)))
    with pytest.raises(PaginationError, match="more than 1,000 hits"):
        endless.accept(page_of(["one more"]))


@MODES
async def test_two_requests_that_bring_one_and_the_same_single_hit_end_the_walk(
    mode: dict[str, Any],
) -> None:
    client, _ = faked_client(lying(lambda body, page: page | {"hits": hits(["only"])}))
    with pytest.raises(PaginationError):
        await walk(client, **mode)


# Totals that cannot be relied on


@MODES
async def test_missing_totals_end_the_walk_at_an_empty_page(mode: dict[str, Any]) -> None:
    def bare(body: dict[str, Any], page: Page) -> Page:
        return {"hits": page["hits"]}

    client, sent = faked_client(lying(bare))
    assert await walk(client, **mode) == ids_from(0, 35)
    assert len(sent.bodies) == 5


@MODES
async def test_a_shrinking_total_loses_no_hit(mode: dict[str, Any]) -> None:
    client, _ = faked_client(
        lying(lambda body, page: totals(page, 35 if not start_of(body) else 12, 10))
    )
    assert await walk(client, **mode) == ids_from(0, 35)


@MODES
async def test_a_total_that_shrinks_to_what_was_reached_loses_no_hit(mode: dict[str, Any]) -> None:
    def change(body: dict[str, Any], page: Page) -> Page:
        reached = start_of(body) + 10
        return totals(page, min(reached, 35) if start_of(body) else 35, 10)

    client, _ = faked_client(lying(change))
    assert await walk(client, **mode) == ids_from(0, 35)


def test_a_walk_that_has_ended_takes_no_further_page() -> None:
    ended = Walk(Position(paged=False, start=0, size=10))
    assert ended.accept(page_of([], offset=0, estimated_total_hits=0)) is None
    with pytest.raises(PaginationError, match="has ended"):
        ended.accept(page_of(["a"], offset=0))


@MODES
async def test_a_growing_total_is_believed(mode: dict[str, Any]) -> None:
    client, _ = faked_client(
        lying(lambda body, page: totals(page, min(35, start_of(body) + 11), 10))
    )
    assert await walk(client, **mode) == ids_from(0, 35)


@MODES
@pytest.mark.parametrize("total", ["12", None, -1, True, [], {}])
async def test_a_total_that_is_no_count_is_passed_over(mode: dict[str, Any], total: Any) -> None:
    def change(body: dict[str, Any], page: Page) -> Page:
        # Containers where a scalar is documented are kept as they came, like other scalars.
        return page | dict.fromkeys(("estimatedTotalHits", "totalHits", "totalPages"), total)

    client, _ = faked_client(lying(change))
    assert await walk(client, **mode) == ids_from(0, 35)


@MODES
async def test_short_pages_are_no_end(mode: dict[str, Any]) -> None:
    def short(body: dict[str, Any]) -> Page:
        ids = ids_from(0, 35)
        start, size = start_of(body), 5
        if "page" in body:
            start = (body["page"] - 1) * size
            return {
                "hits": hits(ids[start : start + size]),
                "page": body["page"],
                "hitsPerPage": size,
                "totalHits": 35,
            }
        return {"hits": hits(ids[start : start + size]), "offset": start, "estimatedTotalHits": 35}

    client, _ = faked_client(short)
    assert await walk(client, **mode) == ids_from(0, 35)


async def test_more_hits_than_asked_for_move_the_offset_by_what_came() -> None:
    def generous(body: dict[str, Any]) -> Page:
        start = body["offset"]
        page = {"hits": hits(ids_from(0, 35)[start : start + 15])}
        return page | {"offset": start, "estimatedTotalHits": 35}

    client, sent = faked_client(generous)
    assert await walk(client, limit=10) == ids_from(0, 35)
    assert [body["offset"] for body in sent.bodies] == [0, 15, 30]


@pytest.mark.parametrize("odd_id", [3, 1.5, True, ["a"], {"a": 1}])
async def test_ids_that_are_no_strings_do_not_break_the_guards(odd_id: Any) -> None:
    page: Page = {"hits": [{"id": odd_id}], "offset": 0}
    client, _ = faked_client(lambda body: page | {"offset": body["offset"]})
    with pytest.raises(PaginationError, match="same 1 hits twice"):
        await walk(client, limit=1)


@MODES
async def test_a_full_page_beyond_a_too_low_estimate_goes_on(mode: dict[str, Any]) -> None:
    client, sent = faked_client(lying(lambda _, page: totals(page, 3, 10)))
    assert await walk(client, **mode) == ids_from(0, 35)
    assert len(sent.bodies) == 4


@MODES
async def test_a_short_page_beyond_a_too_low_estimate_is_the_last(mode: dict[str, Any]) -> None:
    client, sent = faked_client(lying(lambda _, page: totals(page, 3, 10), count=7))
    assert await walk(client, **mode) == ids_from(0, 7)
    assert len(sent.bodies) == 1


@MODES
async def test_a_page_beyond_a_too_low_estimate_has_a_next_one(mode: dict[str, Any]) -> None:
    client, _ = faked_client(lying(lambda _, page: totals(page, 3, 10)))
    page = await client.search.asset_search(query="x", **mode)
    assert page.has_next_page()
    assert [hit.id for hit in (await page.get_next_page()).hits] == ids_from(10, 10)


def short_pages(body: dict[str, Any]) -> Page:
    """A server that gives half of each page, and says nothing of it."""
    page = correct_page(ids_from(0, 35), body)
    return page | {"hits": page["hits"][: body["hitsPerPage"] // 2]}


@pytest.mark.parametrize(("first", "received"), [(1, "20 of the 35"), (2, "15 of the 25")])
async def test_short_pages_in_page_mode_warn(first: int, received: str) -> None:
    client, _ = faked_client(short_pages)
    with pytest.warns(
        TruncatedResultsWarning, match=rf"{received} hits .*`limit` .*`offset` .*client\.crawl"
    ):
        await walk(client, page=first, hits_per_page=10)


async def test_short_pages_that_hold_all_that_the_server_counts_do_not_warn() -> None:
    def without_one(body: dict[str, Any], page: Page) -> Page:
        kept = page["hits"][:-1] if body["page"] == 2 else page["hits"]
        return totals(page | {"hits": kept}, 34, 10)

    client, _ = faked_client(lying(without_one))
    assert len(await walk(client, page=1, hits_per_page=10)) == 34


async def test_short_pages_that_are_fetched_one_by_one_warn_too() -> None:
    client, _ = faked_client(short_pages)
    page = await client.search.asset_search(query="x", page=1, hits_per_page=10)
    for _ in range(2):
        page = await page.get_next_page()
    with pytest.warns(TruncatedResultsWarning, match="20 of the 35 hits"):
        await page.get_next_page()


# Truncation


def uncapped(body: dict[str, Any]) -> Page:
    """A server that holds 5,000 hits, says so, and gives the first 1,000."""
    page = correct_page(ids_from(0, 1000), body)
    return totals(page, 5000, body.get("limit") or body["hitsPerPage"])


@pytest.mark.parametrize("mode", [{"limit": 100}, {"limit": 70}, {"page": 1, "hits_per_page": 100}])
async def test_an_empty_page_under_a_huge_total_warns_of_the_crawl(mode: dict[str, Any]) -> None:
    client, _ = faked_client(uncapped)
    with pytest.warns(TruncatedResultsWarning, match=r"5,000 .* none at .*: use client\.crawl"):
        assert len(await walk(client, **mode)) == 1000


async def test_an_empty_page_under_many_pages_warns_without_a_total_of_hits() -> None:
    client, _ = faked_client(lambda body: {"hits": [], "page": 1, "totalPages": 40})
    with pytest.warns(TruncatedResultsWarning, match="counts 2,000 hits but returns none"):
        assert await walk(client, page=1, hits_per_page=50) == []


@pytest.mark.parametrize(
    "mode",
    [{}, {"limit": 7}, {"offset": 500}, {"page": 1, "hits_per_page": 30}],
)
async def test_a_walk_that_ends_at_exactly_the_cap_warns(mode: dict[str, Any]) -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 1000), body))
    with pytest.warns(TruncatedResultsWarning, match=r"exactly 1,000 .* client\.crawl"):
        assert (await walk(client, **mode))[-1] == "asset_999"


@pytest.mark.parametrize("mode", [{"offset": 1500}, {"page": 30, "hits_per_page": 50}])
async def test_a_walk_that_begins_beyond_the_cap_warns(mode: dict[str, Any]) -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 1000), body))
    with pytest.warns(TruncatedResultsWarning, match=r"no hits at .*cap of 1,000.*crawl"):
        assert await walk(client, **mode) == []


@pytest.mark.parametrize("count", [999, 1001])
async def test_a_walk_that_ends_beside_the_cap_does_not_warn(count: int) -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, count), body))
    assert len(await walk(client)) == count


async def test_no_hit_is_lost_where_warnings_are_errors() -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 1000), body))
    found: list[str] = []

    async def gather() -> None:
        async for asset in client.search.asset_search(query="x"):
            found.append(asset.id)  # noqa: PERF401 - what came before the error counts

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TruncatedResultsWarning):
            await gather()
    assert found == ids_from(0, 1000)


async def test_the_warning_points_at_the_line_that_iterates() -> None:
    client, _ = faked_client(uncapped)
    with pytest.warns(TruncatedResultsWarning) as caught:
        await walk(client)
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 1000), body))
    with pytest.warns(TruncatedResultsWarning) as counted:
        await client.search.asset_search(query="x").count()
    assert [one.filename for one in (*caught, *counted)] == [__file__] * 2


# max_items


@pytest.mark.parametrize(
    ("most", "params", "expected_limits"),
    [
        (0, {}, []),
        (1, {}, [1]),
        (33, {}, [33]),
        (100, {}, [100]),
        (130, {}, [100, 100]),
        (10, {"limit": 10}, [10]),
        (11, {"limit": 10}, [10, 10]),
        (3.0, {}, [3]),
        (5, {"limit": 10}, [10]),
    ],
)
async def test_max_items_bounds_hits_and_requests(
    most: int, params: dict[str, int], expected_limits: list[int]
) -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 300), body))
    assert await walk(client, max_items=most, **params) == ids_from(0, int(most))
    assert [body["limit"] for body in sent.bodies] == expected_limits


async def test_max_items_leaves_the_page_size_of_page_mode_alone() -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 300), body))
    assert await walk(client, max_items=33, page=1, hits_per_page=20) == ids_from(0, 33)
    assert [body["hitsPerPage"] for body in sent.bodies] == [20, 20]


async def test_max_items_above_what_there_is_gives_all() -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    assert await walk(client, max_items=50) == ids_from(0, 35)


async def test_max_items_at_the_cap_is_what_was_asked_for_so_nothing_warns() -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 1000), body))
    assert len(await walk(client, max_items=1000)) == 1000


# Pages, single ones too


@MODES
async def test_pages_are_given_in_order_and_end_early(mode: dict[str, Any]) -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    lengths = [
        len(page.hits) async for page in client.search.asset_search(query="x", **mode).pages()
    ]
    assert lengths == [10, 10, 10, 5]
    sent.bodies.clear()
    async for _ in client.search.asset_search(query="x", **mode).pages():
        break
    assert len(sent.bodies) == 1


async def test_pages_end_once_max_items_are_given() -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 300), body))
    results = client.search.asset_search(query="x", limit=10, max_items=15)
    assert [len(page.hits) async for page in results.pages()] == [10, 10]
    assert len(sent.bodies) == 2


@MODES
async def test_going_on_from_a_page_in_the_middle(mode: dict[str, Any]) -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    later = {"offset": 10, "limit": 10} if "limit" in mode else mode | {"page": 2}
    page = await client.search.asset_search(query="x", **later)
    assert page.has_next_page()
    assert [asset.id async for asset in page] == ids_from(10, 25)
    assert [len(one.hits) async for one in page.iter_pages()] == [10, 10, 5]
    following = await page.get_next_page()
    assert [asset.id for asset in following.hits] == ids_from(20, 10)
    info = following.next_page_info()
    assert info is not None
    assert info.params == (
        {"offset": 30, "limit": 10} if "limit" in mode else {"page": 4, "hitsPerPage": 10}
    )


async def test_max_items_counts_from_the_page_that_is_iterated() -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    page = await client.search.asset_search(query="x", offset=10, limit=10, max_items=12)
    assert [asset.id async for asset in page] == ids_from(10, 12)
    assert [len(one.hits) async for one in page.iter_pages()] == [10, 10]


async def test_a_single_page_lets_the_apis_defaults_hold_and_goes_on_from_there() -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    page = await client.search.asset_search(query="x")
    assert sent.bodies == [{"query": "x"}]
    assert len([asset async for asset in page]) == 35
    assert sent.bodies[1] == {"query": "x", "offset": 20, "limit": 20}


@MODES
async def test_the_last_page_has_no_next(mode: dict[str, Any]) -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 10), body))
    page = await client.search.asset_search(query="x", **mode)
    assert not page.has_next_page()
    assert page.next_page_info() is None
    with pytest.raises(PaginationError, match="has_next_page"):
        await page.get_next_page()
    assert len(sent.bodies) == 1


async def test_the_same_page_again_is_no_next_page() -> None:
    client, _ = faked_client(
        lambda body: correct_page(ids_from(0, 35), {}) | {"offset": body.get("offset", 0)}
    )
    page = await client.search.asset_search(query="x")
    with pytest.raises(PaginationError, match="twice running"):
        await page.get_next_page()


@MODES
@pytest.mark.parametrize("rounds", [2, 5])
async def test_stepping_through_pages_that_go_round_in_a_circle_ends(
    mode: dict[str, Any], rounds: int
) -> None:
    def circle(body: dict[str, Any]) -> Page:
        page = correct_page([], body)
        page |= {"hits": hits(ids_from(start_of(body) % (10 * rounds), 10))}
        return totals(page, 10**9, 10)

    client, sent = faked_client(circle)
    page = await client.search.asset_search(query="x", **mode)

    async def step_through() -> None:
        following = page
        while following.has_next_page() and len(sent.bodies) < 100:
            following = await following.get_next_page()

    with pytest.raises(PaginationError, match="go round in a circle"):
        await step_through()
    assert len(sent.bodies) <= 8 * rounds


async def test_a_page_has_the_same_next_page_each_time() -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    page = await client.search.asset_search(query="x", limit=10)
    second = await page.get_next_page()
    for _ in range(4):
        assert [hit.id for hit in (await second.get_next_page()).hits] == ids_from(20, 10)


async def test_stepping_over_the_cap_by_hand_warns_too() -> None:
    client, _ = faked_client(uncapped)
    page = await client.search.asset_search(query="x", offset=900, limit=100)
    with pytest.warns(TruncatedResultsWarning, match="crawl"):
        assert (await page.get_next_page()).hits == []


def test_an_empty_page_has_no_next_whatever_its_total() -> None:
    assert next_position(None, page_of([], offset=0, estimated_total_hits=900)) is None


async def test_two_iterations_are_two_searches() -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 5), body))
    results = client.search.asset_search(query="x")
    first = [asset.id async for asset in results]
    assert [asset.id async for asset in results] == first == ids_from(0, 5)
    assert len(sent.bodies) == 2


async def test_a_call_sends_nothing_until_it_is_awaited() -> None:
    client, sent = faked_client(lambda body: correct_page([], body))
    results = client.search.asset_search(query="x")
    results.pages()
    aiter(results)
    assert sent.bodies == []


async def test_leaving_by_break_leaves_no_task() -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    before = asyncio.all_tasks()
    async for _ in client.search.asset_search(query="x", limit=5):
        break
    assert asyncio.all_tasks() == before


# Counting


async def test_count_asks_for_one_hit_in_page_mode() -> None:
    client, sent = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    assert await client.search.asset_search(query="x", limit=5).count() == 35
    assert sent.bodies == [{"query": "x", "page": 1, "hitsPerPage": 1}]


async def test_a_page_counts_its_whole_search() -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 35), body))
    assert await (await client.search.asset_search(query="x", offset=30)).count() == 35


@pytest.mark.parametrize(("count", "warns"), [(999, False), (1000, True), (1001, False)])
async def test_count_warns_at_the_cap(count: int, warns: bool) -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, count), body))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert await client.search.asset_search(query="x").count() == count
    assert [one.category for one in caught] == [TruncatedResultsWarning] * warns


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"totalHits": 7.0}, 7),
        ({"totalPages": 7}, 7),
        ({"estimatedTotalHits": 7}, 7),
        ({"totalHits": "12", "totalPages": 7}, 7),
        ({"totalHits": 0, "totalPages": 1}, 0),
    ],
)
async def test_count_takes_the_most_exact_total_there_is(answer: Page, expected: int) -> None:
    client, _ = faked_client(lambda body: {"hits": [], "page": 1} | answer)
    assert await client.search.asset_search(query="x").count() == expected


@pytest.mark.parametrize("total", ["12", None, -1, True, []])
async def test_count_refuses_totals_that_are_no_count(total: Any) -> None:
    from scenario_search import APIResponseValidationError

    client, _ = faked_client(lambda body: {"hits": [], "totalHits": total})
    with pytest.raises(APIResponseValidationError, match="totalHits") as raised:
        await client.search.asset_search(query="x").count()
    assert raised.value.paths == ("$.totalHits",)
    assert (raised.value.request_id, raised.value.status_code) == ("r", 200)


def test_the_fake_server_reads_what_is_sent() -> None:
    # Guards the guard: an answer that ignored the body would make these tests vacuous.
    transport = FakeTransport(lambda body: correct_page(ids_from(0, 30), body))
    page = transport.answer(orjson.loads(b'{"offset": 10, "limit": 3}'))
    assert page == correct_page(ids_from(0, 30), {"offset": 10, "limit": 3})


def test_a_total_of_hits_alone_tells_the_last_page_too() -> None:
    page = page_of(ids_from(10, 10), page=2, hits_per_page=10, total_hits=20)
    assert next_position(Position(paged=True, start=2, size=10), page) is None


async def test_the_warning_of_a_count_names_the_crawl() -> None:
    client, _ = faked_client(lambda body: correct_page(ids_from(0, 1000), body))
    with pytest.warns(TruncatedResultsWarning, match=r"client\.crawl"):
        await client.search.asset_search(query="x").count()
