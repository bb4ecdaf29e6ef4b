from __future__ import annotations

from scenario_search.crawl.ties import OffsetWalk


def keys(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last)]


def read(walk: OffsetWalk, page: list[str], *, fresh: bool = True) -> None:
    assert walk.connects(page)
    walk.advance(page, fresh=fresh)


def test_each_page_begins_at_the_last_hit_of_the_page_before() -> None:
    walk = OffsetWalk(cap=1000)
    read(walk, keys(0, 100))
    assert walk.offset == 99
    read(walk, keys(99, 199))
    assert walk.offset == 198
    assert walk.sequence == keys(0, 199)


def test_a_page_that_repeats_no_hit_is_not_used_and_the_walk_steps_back_further_each_time() -> None:
    walk = OffsetWalk(cap=1000)
    read(walk, keys(0, 100))
    offsets = []
    for _ in range(4):
        assert not walk.connects(keys(150, 250))
        offsets.append(walk.offset)
    assert offsets == [98, 96, 92, 84]


def test_the_overlap_alone_ends_the_walk() -> None:
    walk = OffsetWalk(cap=1000)
    read(walk, keys(0, 100))
    assert not walk.ended
    read(walk, keys(99, 100), fresh=False)
    assert walk.ended
    assert walk.is_settled()


def test_the_cap_ends_the_walk() -> None:
    walk = OffsetWalk(cap=150)
    read(walk, keys(0, 100))
    read(walk, keys(99, 150))
    assert walk.ended
    assert walk.is_full


def test_pages_that_repeat_other_hits_are_read_again_until_two_passes_agree() -> None:
    walk = OffsetWalk(cap=1000)
    passes = 0
    while True:
        read(walk, keys(0, 100))
        read(walk, keys(98, 150))
        read(walk, ["149"], fresh=False)
        passes += 1
        if walk.is_settled():
            break
    assert not walk.is_in_order
    assert passes == 2


def test_an_order_that_never_agrees_is_given_up() -> None:
    walk = OffsetWalk(cap=1000)
    for number in range(20):
        last = str(99 - number % 7)
        read(walk, [*[key for key in keys(0, 100) if key != last], last])
        read(walk, [last, str(number), *keys(200, 250)], fresh=False)
        if walk.is_settled():
            break
    assert walk.gave_up
