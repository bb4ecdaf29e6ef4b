from __future__ import annotations

from typing import Any

import pytest
from model_server import Doc, ModelServer, date

from scenario_search.crawl.cursor import Cursor
from scenario_search.crawl.dates import Bound, Range

CAP = 1000


def doc(name: str, text: str) -> Doc:
    return {"id": name, "createdAt": text}


def even(count: int) -> list[Doc]:
    return [doc(f"asset_{number}", date(number)) for number in range(count)]


def cursor_of(range_: Range | None = None, **options: Any) -> Cursor:
    return Cursor(range_ or Range(), **{"newest_first": True, "cap": CAP} | options)


def read(cursor: Cursor, server: ModelServer) -> list[str]:
    """Reads to the end; returns the ids in their order."""
    ids = []
    while not cursor.done:
        ids += [hit["id"] for hit in cursor.accept(server.answer(cursor.request()))]
    return ids


def test_the_next_request_begins_at_the_date_of_the_last_hit() -> None:
    cursor = cursor_of()
    assert len(cursor.accept(ModelServer(even(150)).answer(cursor.request()))) == 100
    assert cursor.request().range == Range(high=Bound(date(50)))
    assert cursor.request().offset == 0


def test_hits_that_were_given_at_the_last_date_are_dropped() -> None:
    server = ModelServer(even(150))
    assert read(cursor_of(), server) == [f"asset_{number}" for number in range(149, -1, -1)]


def test_known_hits_are_dropped() -> None:
    ids = read(cursor_of(known=frozenset({"asset_3"})), ModelServer(even(5)))
    assert ids == ["asset_4", "asset_2", "asset_1", "asset_0"]


def test_the_oldest_first_is_the_other_way_round() -> None:
    cursor = cursor_of(newest_first=False)
    assert read(cursor, ModelServer(even(120)))[:2] == ["asset_0", "asset_1"]


def test_a_tie_larger_than_a_page_is_read_by_offset() -> None:
    server = ModelServer([doc(f"asset_{number}", date(5)) for number in range(350)])
    assert len(read(cursor_of(), server)) == 350
    assert server.requests <= 7


def test_a_far_end_that_is_moved_nearer_ends_it_there() -> None:
    cursor, server = cursor_of(), ModelServer(even(400))
    cursor.accept(server.answer(cursor.request()))
    cursor.move_far(Bound(date(250)))
    assert read(cursor, server)[-1] == "asset_250"


def test_hits_that_are_not_sorted_are_noticed() -> None:
    cursor = cursor_of()
    assert cursor.accept([doc("a", date(1)), doc("b", date(2)), doc("c", date(0))]) == []
    assert cursor.unsorted


def test_a_tie_of_the_cap_is_a_gap_and_what_follows_is_read() -> None:
    tie = [doc(f"asset_{number}", date(5)) for number in range(310)]
    cursor = cursor_of(cap=300)
    ids = read(cursor, ModelServer([*tie, *(doc(f"old_{n}", date(n)) for n in range(5))], cap=300))
    assert ids[-5:] == ["old_4", "old_3", "old_2", "old_1", "old_0"]
    (gap,) = cursor.gaps
    assert gap.range == Range(Bound(date(5)), Bound(date(5)))
    assert len(gap.known) == 300


def test_the_keys_of_a_gap_hold_what_was_known_before() -> None:
    tie = [doc(f"asset_{number}", date(5)) for number in range(310)]
    cursor = cursor_of(cap=300, known=frozenset({"gone"}))
    read(cursor, ModelServer(tie, cap=300))
    assert "gone" in cursor.gaps[0].known


@pytest.mark.parametrize("by_text", [True, False])
def test_one_instant_in_several_formats_is_read_whole_and_ends(by_text: bool) -> None:
    docs = [doc(f"asset_{number}", date(5, number % 4)) for number in range(250)]
    server = ModelServer(docs, by_text=by_text)
    ids = read(cursor_of(), server)
    assert len(ids) == len(set(ids)) == 250


def test_it_ends_where_a_server_answers_the_same_for_ever() -> None:
    page = [doc(f"asset_{number}", date(5)) for number in range(100)]
    cursor = cursor_of()
    requests = 0
    while not cursor.done:
        cursor.accept([doc(f"x{requests}", date(9)), *page] if requests % 2 else page[::-1])
        requests += 1
    assert requests < 1000
