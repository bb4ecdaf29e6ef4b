from __future__ import annotations

from typing import Any

from model_server import date

from scenario_search.crawl.cursor import Pending
from scenario_search.crawl.dates import Bound, Range
from scenario_search.crawl.ranked import Depth
from scenario_search.crawl.work import Dating, Work

CAP = 300
NEWEST_FIRST = Dating(cap=CAP)
AS_THEY_COME = Dating(in_order=False, cap=CAP)


def hits_of(first: int, last: int) -> list[Any]:
    """Returns hits, a millisecond apart, the newest first."""
    return [{"id": f"asset_{n}", "createdAt": date(n)} for n in range(last - 1, first - 1, -1)]


def read(work: Work, hits: list[Any]) -> None:
    work.take(work.reader.accept(hits))


def cut(work: Work) -> list[Work]:
    """Reads a full page near the cap, so that a window is cut; returns its parts."""
    read(work, hits_of(0, 100))
    return work.replace(Depth())


def test_committed_hits_move_what_is_pending_to_their_last_date() -> None:
    work = Work.of(Pending(Range()), NEWEST_FIRST, Depth())
    read(work, hits_of(0, 100))
    work.commit(work.hand_out())
    assert work.pending.range == Range(high=Bound(date(0)))
    assert work.pending.edge == ["asset_0"]


def test_portions_count_in_their_order() -> None:
    work = Work.of(Pending(Range()), NEWEST_FIRST, Depth())
    read(work, hits_of(100, 200))
    read(work, hits_of(1, 101))
    first, second = work.hand_out(), work.hand_out()
    work.commit(second)
    assert work.pending.range == Range()
    work.commit(first)
    assert work.pending.range == Range(high=Bound(date(1)))


def test_a_tie_that_goes_on_grows_the_edge() -> None:
    tie = [{"id": f"asset_{n}", "createdAt": date(5)} for n in range(150)]
    work = Work.of(Pending(Range()), NEWEST_FIRST, Depth())
    for page in (tie[:100], tie[:100], tie[99:]):
        read(work, page)
    while work.ready:
        work.commit(work.hand_out())
    assert sorted(work.pending.edge) == sorted(hit["id"] for hit in tie)


def test_a_window_in_order_holds_its_hits_back_until_it_is_read() -> None:
    window = Work.of(Pending(Range(), ranked=True), NEWEST_FIRST, Depth())
    read(window, hits_of(0, 50))
    assert not window.ready
    read(window, hits_of(0, 1))
    assert [len(portion.hits) for portion in window.ready] == [50]


def test_what_was_consumed_is_known_to_the_parts_of_parts() -> None:
    window = Work.of(Pending(Range(), ranked=True), AS_THEY_COME, Depth())
    read(window, hits_of(0, 100))
    portion = window.hand_out()
    parts = [smaller for part in cut(window) for smaller in cut(part)]
    window.commit(portion)
    assert len(parts) == 4
    assert all(len(part.pending.known) == 100 for part in parts)


def test_a_window_in_place_of_a_cursor_leaves_it_what_was_read() -> None:
    work = Work.of(Pending(Range()), NEWEST_FIRST, Depth())
    read(work, hits_of(100, 200))
    first = work.hand_out()
    (window,) = work.replace(Depth())
    assert window.pending.range == Range(high=Bound(date(100)))
    assert [left.range for left in work.left()] == [Range(low=Bound(date(100), inclusive=False))]
    work.commit(first)
    assert list(work.left()) == []
    assert "asset_100" in window.pending.known
