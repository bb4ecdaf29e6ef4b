from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given, strategies as st
from multidict import CIMultiDict

from scenario_search.errors import (
    APICertificateError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    QuotaExceededError,
    status_error_class,
)
from scenario_search.http.retries import RetryPolicy, is_retryable, retry_after_seconds

NOW = datetime(2026, 8, 1, 12, 0, 0, tzinfo=UTC)


def asked_wait(**headers: str) -> float | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return retry_after_seconds(CIMultiDict(named), NOW)


def status_error(status: int, retry_after: float | None = None) -> APIError:
    return status_error_class(status, None)("x", status_code=status, retry_after=retry_after)


RETRIED = {408, 409, 429, *range(500, 600)} - {501}


@pytest.mark.parametrize("status", range(300, 600))
def test_which_statuses_are_retried(status: int) -> None:
    assert is_retryable(status_error(status)) is (status in RETRIED)


@pytest.mark.parametrize("status", [402, 403, 429, 500, 503])
def test_an_exhausted_quota_is_never_retried(status: int) -> None:
    error = status_error_class(status, "QUOTA_EXCEEDED")("x", status_code=status, retry_after=0)
    assert isinstance(error, QuotaExceededError)
    assert RetryPolicy().delay(error, 0, chance=0.5) is None


@pytest.mark.parametrize("kind", [APIConnectionError, APITimeoutError])
def test_a_failed_connection_is_retried(kind: type[APIError]) -> None:
    assert RetryPolicy().delay(kind("x"), 0, chance=0.5) == 0.25


def test_a_certificate_that_is_not_trusted_is_not_retried() -> None:
    assert RetryPolicy().delay(APICertificateError("x"), 0, chance=0.5) is None


def test_an_answer_that_does_not_fit_is_not_retried() -> None:
    error = APIResponseValidationError("x", status_code=200)
    assert RetryPolicy().delay(error, 0, chance=0.5) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("5", 5),
        (" 5 ", 5),
        ("1.5", 1.5),
        (".5", 0.5),
        ("007", 7),
        ("31536000", 31536000),
        ("1" + "0" * 300, 1e300),
        # Not a number of seconds, and no date either
        ("-1", None),
        ("+1", None),
        ("nan", None),
        ("inf", None),
        ("-inf", None),
        ("Infinity", None),
        ("1e3", None),
        ("0x10", None),
        ("1_000", None),
        ("9" * 400, None),
        ("", None),
        (" ", None),
        ("soon", None),
        ("5 seconds", None),
        ("5, 10", None),
        ("\u0665", None),
        ("\uff11\uff12", None),
        ("\u00b2", None),
        ("1\x00", None),
        # Dates, in each form of RFC 9110
        ("Sat, 01 Aug 2026 12:00:30 GMT", 30),
        ("Saturday, 01-Aug-26 12:00:30 GMT", 30),
        ("Sat Aug  1 12:00:30 2026", 30),
        ("Sat, 01 Aug 2026 14:00:30 +0200", 30),
        ("Sat, 01 Aug 2026 12:00:30 -0000", 30),
        ("Sat, 01 Aug 2026 11:59:00 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Sat, 99 Aug 2026 12:00:30 GMT", None),
        ("Sat, 01 Aug 99999 12:00:30 GMT", None),
        ("Sat, 01 Aug \u0662\u0660\u0662\u0666 12:00:30 GMT", None),
    ],
)
def test_retry_after(value: str, expected: float | None) -> None:
    assert asked_wait(Retry_After=value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1500", 1.5), ("0", 0), ("0.5", 0.0005), ("-1", 7), ("nan", 7), ("inf", 7), ("x", 7)],
)
def test_milliseconds_win_over_seconds_where_they_are_a_number(value: str, expected: float) -> None:
    assert asked_wait(Retry_After="7", retry_after_ms=value) == expected


def test_without_the_headers_the_server_asks_for_nothing() -> None:
    assert asked_wait() is None


@given(st.text())
@example("Sun, 06 Nov 1994 08:49:37 +9999")
@example("1 Jan 0001 00:00:00 +2359")
def test_no_header_breaks_the_reader(value: str) -> None:
    for wait in (asked_wait(Retry_After=value), asked_wait(retry_after_ms=value)):
        assert wait is None or (wait >= 0 and math.isfinite(wait))


@given(st.integers(0, 10**9))
def test_seconds_and_a_date_say_the_same(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert asked_wait(Retry_After=date) == asked_wait(Retry_After=str(seconds)) == seconds


@given(attempt=st.integers(0, 10_000), chance=st.floats(0, 1))
def test_the_jitter_stays_within_its_bounds(attempt: int, chance: float) -> None:
    policy = RetryPolicy(max_retries=10_001)
    delay = policy.delay(status_error(500), attempt, chance=chance)
    longest = min(8.0, 0.5 * 2.0 ** min(attempt, 20))
    assert delay == pytest.approx(chance * longest)


def test_the_longest_waits_double_up_to_eight_seconds() -> None:
    policy = RetryPolicy(max_retries=7)
    waits = [policy.delay(status_error(500), attempt, chance=1) for attempt in range(7)]
    assert waits == [0.5, 1, 2, 4, 8, 8, 8]


@pytest.mark.parametrize("max_retries", [0, 1, 5])
def test_the_retries_are_counted(max_retries: int) -> None:
    policy = RetryPolicy(max_retries=max_retries)
    delays = [policy.delay(status_error(500), attempt, chance=1) for attempt in range(7)]
    assert [delay is not None for delay in delays] == [n < max_retries for n in range(7)]


@pytest.mark.parametrize(
    ("retry_after", "expected"), [(0, 0), (59.9, 59.9), (60, 60), (60.1, None), (1e300, None)]
)
def test_a_wait_above_the_longest_allowed_is_not_begun(
    retry_after: float, expected: float | None
) -> None:
    error = status_error(429, retry_after)
    assert RetryPolicy(max_retry_wait=60).delay(error, 0, chance=0.5) == expected


@given(chance=st.floats(0, 1), most=st.floats(0, 10), attempt=st.integers(0, 5))
def test_our_own_waits_keep_within_the_longest_allowed(
    chance: float, most: float, attempt: int
) -> None:
    policy = RetryPolicy(max_retries=9, max_retry_wait=most)
    delay = policy.delay(status_error(500), attempt, chance=chance)
    assert delay is not None
    assert 0 <= delay <= most


@pytest.mark.parametrize(
    ("time_left", "expected"), [(None, 5), (5.1, 5), (5, None), (0, None), (-1, None)]
)
def test_a_wait_that_outlasts_the_time_left_is_not_begun(
    time_left: float | None, expected: float | None
) -> None:
    error = status_error(503, 5)
    assert RetryPolicy().delay(error, 0, chance=0.5, time_left=time_left) == expected


# Where Retry-After is absent


def until_reset(**headers: str) -> float | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return retry_after_seconds(CIMultiDict(named), NOW, limited=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"RateLimit": '"default";r=0;t=30'}, 30),
        ({"ratelimit": '"default"; t=30 ; r=0'}, 30),
        ({"RateLimit": '"default";t=30'}, 30),
        ({"RateLimit": '"burst";r=0;t=1, "day";r=900;t=80000'}, 1),
        ({"RateLimit": '"burst";r=0;t=1, "day";r=0;t=80000'}, 80000),
        ({"RateLimit": '"day";r=5;t=80000', "RateLimit_Reset": "4"}, 4),
        ({"RateLimit_Reset": "12"}, 12),
        ({"X_RateLimit_Reset": "12"}, 12),
        ({"X_RateLimit_Reset": "1.5"}, 1.5),
        ({"X_RateLimit_Reset": f"{NOW.timestamp() + 25:.0f}"}, 25),
        ({"X_RateLimit_Reset": f"{(NOW.timestamp() + 25) * 1000:.0f}"}, 25),
        ({"RateLimit_Reset": "5", "X_RateLimit_Reset": "7"}, 5),
        ({"RateLimit": '"default";r=0;t=3', "RateLimit_Reset": "5"}, 3),
        ({"Retry_After": "2", "RateLimit": '"default";r=0;t=30'}, 2),
        ({"Retry_After": "0", "RateLimit": '"default";r=0;t=30'}, 0),
        ({"Retry_After": "soon", "RateLimit_Reset": "5"}, 5),
        ({"retry_after_ms": "500", "RateLimit_Reset": "5"}, 0.5),
    ],
)
def test_the_headers_of_a_rate_limit(headers: dict[str, str], seconds: float) -> None:
    assert until_reset(**headers) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "headers",
    [
        {"RateLimit": ""},
        {"RateLimit": '"default";r=0'},
        {"RateLimit": '"default";r=0;t=-3'},
        {"RateLimit": '"default";r=0;t=3x'},
        {"RateLimit": '"default";r=0;test=3'},
        {"RateLimit": '"default";r=1;t=30'},
        {"RateLimit_Reset": "0"},
        {"RateLimit_Reset": "tomorrow"},
        {"X_RateLimit_Reset": f"{NOW.timestamp():.0f}"},
        {"X_RateLimit_Reset": "1000000000"},
    ],
)
def test_headers_of_a_rate_limit_that_ask_for_no_wait(headers: dict[str, str]) -> None:
    assert until_reset(**headers) is None


def test_the_headers_of_a_rate_limit_count_only_where_it_is_the_reason() -> None:
    assert asked_wait(RateLimit_Reset="30") is None


@given(st.text(max_size=40))
def test_no_header_of_a_rate_limit_raises(text: str) -> None:
    for name in ("RateLimit", "RateLimit_Reset", "X_RateLimit_Reset"):
        wait = until_reset(**{name: text})
        assert wait is None or 0 < wait < math.inf


@pytest.mark.parametrize("truncated", [True, False])
def test_a_page_is_requested_again_where_it_was_cut_off(truncated: bool) -> None:
    error = APIResponseValidationError("x", status_code=200, truncated=truncated)
    assert is_retryable(error) is truncated
