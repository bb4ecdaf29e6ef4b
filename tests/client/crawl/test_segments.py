from __future__ import annotations

from typing import Any

import pytest
from model_server import UNDATED, WHOLE, Doc, ModelServer, date

from scenario_search.crawl.cursor import Pending, Request
from scenario_search.crawl.segments import BudgetSpentError, Segments
from scenario_search.errors import RateLimitError


def server_of(count: int) -> ModelServer:
    docs: list[Doc] = [{"id": f"asset_{n}", "createdAt": date(n)} for n in range(count)]
    return ModelServer(docs)


async def dates_of(segments: Segments) -> list[str]:
    return [hit["createdAt"] async for portion in segments.portions() for hit in portion.hits]


async def test_an_idle_worker_takes_the_far_part_of_a_piece() -> None:
    segments = await server_of(3000).segments([Pending(WHOLE)], concurrency=4)
    pieces = 0
    async for _ in segments.portions():
        pieces = max(pieces, len(segments.works))
    assert pieces > 1


@pytest.mark.parametrize("newest_first", [True, False])
async def test_hits_of_concurrent_pieces_come_in_order(newest_first: bool) -> None:
    server = server_of(3000)
    segments = await server.segments([Pending(WHOLE)], concurrency=4, newest_first=newest_first)
    dates = await dates_of(segments)
    assert dates == sorted(dates, reverse=newest_first)
    assert len(dates) == 3000


async def test_what_was_read_before_an_error_is_handed_out_first() -> None:
    server = server_of(1000)

    def fail(request: int) -> None:
        if request == 5:
            raise ValueError("no")

    server.before = fail
    segments = await server.segments([Pending(WHOLE)])
    hits: list[Any] = []
    with pytest.raises(ValueError, match="no"):
        async for portion in segments.portions():
            hits += portion.hits
    assert len(hits) == 100 + 2 * 99


async def test_a_spent_budget_ends_it_without_an_error() -> None:
    server = server_of(1000)

    def end(request: int) -> None:
        if request == 4:
            raise BudgetSpentError

    server.before = end
    segments = await server.segments([Pending(WHOLE)])
    assert len(await dates_of(segments)) == 199
    assert segments.stopped
    assert not segments.is_finished


async def test_a_limit_on_the_first_undated_request_postpones_undated_hits() -> None:
    server = server_of(50)

    async def ask(request: Request) -> list[Doc]:
        if request.range.undated:
            raise RateLimitError("Too many", status_code=429)
        return server.answer(request)

    segments = await server.segments([Pending(WHOLE), Pending(UNDATED)])
    segments._ask = ask
    async for portion in segments.portions():
        segments.commit(portion)
    assert [pending.range for pending in segments.pending()] == [UNDATED]
    assert segments.postponed is not None


async def test_what_is_committed_is_not_pending() -> None:
    segments = await server_of(250).segments([Pending(WHOLE)])
    async for portion in segments.portions():
        segments.commit(portion)
    assert segments.pending() == []
