from __future__ import annotations

import random

from model_server import Doc, ModelServer, date

from scenario_search.crawl.dates import Range
from scenario_search.crawl.ranked import Depth, Window

CAP = 300


def shuffled(count: int) -> list[Doc]:
    docs = [{"id": f"asset_{number}", "createdAt": date(number)} for number in range(count)]
    random.Random(1).shuffle(docs)
    return docs


def read(window: Window, server: ModelServer) -> list[str]:
    """Reads until it ends, or is to be cut; returns the ids."""
    ids = []
    while not window.done and window.cut is None:
        ids += [hit["id"] for hit in window.accept(server.answer(window.request()))]
    return ids


def test_a_window_is_read_to_its_end_by_offset() -> None:
    docs = shuffled(250)
    window = Window(Range(), cap=CAP, depth=Depth())
    assert sorted(read(window, ModelServer(docs, cap=CAP))) == sorted(d["id"] for d in docs)
    assert window.gaps == []


def test_a_window_that_holds_too_many_is_cut_after_two_requests() -> None:
    server = ModelServer(shuffled(900), cap=CAP)
    window = Window(Range(), cap=CAP, depth=Depth())
    assert len(read(window, server)) == 100
    assert window.cut is not None
    assert server.requests == 2


def test_an_engine_whose_cap_is_lower_is_noticed_by_the_halves() -> None:
    window = Window(Range(), cap=1000, depth=Depth())
    read(window, ModelServer(shuffled(900), cap=CAP))
    assert window.cut is not None


def test_an_instant_with_as_many_hits_as_the_cap_is_a_gap() -> None:
    docs: list[Doc] = [{"id": str(number), "createdAt": date(5)} for number in range(400)]
    range_ = Range().split(1_704_067_200_005_000 + 1_000)[0].split(1_704_067_200_005_000)[1]
    window = Window(range_, cap=CAP, depth=Depth(), probe=True)
    read(window, ModelServer(docs, cap=CAP))
    assert [gap.range for gap in window.gaps] == [range_]


def test_a_window_goes_on_behind_the_hits_that_its_results_begin_with() -> None:
    docs = shuffled(250)
    server = ModelServer(docs, cap=CAP)
    prefix = [doc["id"] for doc in docs[:120]]
    window = Window(Range(), cap=CAP, depth=Depth(), known=frozenset(prefix), prefix=prefix)
    assert window.request().offset == 119
    assert sorted(read(window, server)) == sorted(doc["id"] for doc in docs[120:])
    assert window.sequence == [doc["id"] for doc in docs]
