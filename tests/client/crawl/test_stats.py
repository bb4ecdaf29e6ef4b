from __future__ import annotations

import time

import pytest

from scenario_search import CrawlStats


def stats(**values: float | bool) -> CrawlStats:
    """Returns the statistics of a run that has taken ten seconds so far."""
    return CrawlStats(**{"began": time.monotonic() - 10, "ended": time.monotonic()} | values)


def test_the_time_left_follows_from_the_rate_so_far() -> None:
    assert stats(hits=200, expected=500).time_left == pytest.approx(15)


def test_hits_of_earlier_runs_do_not_count_for_the_rate() -> None:
    assert stats(hits=200, earlier_hits=100, expected=500).time_left == pytest.approx(30)


def test_more_hits_than_expected_leave_no_time() -> None:
    assert stats(hits=200, expected=150).time_left == 0


def test_without_a_hit_or_an_expectation_the_time_left_is_unknown() -> None:
    assert stats(hits=200).time_left is None
    assert stats(hits=0, expected=500).time_left is None
    assert stats(hits=100, earlier_hits=100, expected=500).time_left is None


def test_a_finished_crawl_has_no_time_left() -> None:
    assert stats(hits=200, finished=True).time_left == 0


def test_the_clock_stops_once() -> None:
    running = CrawlStats()
    assert running.ended is None
    running.end()
    ended = running.ended
    running.end()
    assert running.ended == ended
    assert running.elapsed == running.elapsed
