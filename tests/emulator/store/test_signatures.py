from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import orjson
import pytest

from scenario_search.emulator.contract.refusals import RefusedError
from scenario_search.emulator.store.signatures import Signer, rolling_expiry

PATH = "/assets-transform/asset_1"
NOW = 1_700_000_000.0


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def signer(clock: Clock) -> Signer:
    return Signer(60, clock)


def query_string(signer: Signer) -> str:
    return signer.signed(b"http://h" + PATH.encode()).decode().partition("?")[2]


def refusal(signer: Signer, path: str, query_string: str) -> str:
    with pytest.raises(RefusedError) as caught:
        signer.check(path, query_string)
    assert (caught.value.status, caught.value.code) == (403, "ACCESS_DENIED")
    return caught.value.message


@pytest.mark.parametrize(
    ("today", "until"),
    [
        ("2026-01-01", "2026-01-14"),
        ("2026-01-07", "2026-01-14"),
        ("2026-01-08", "2026-01-21"),
        ("2026-01-14", "2026-01-21"),
        ("2026-01-15", "2026-01-31"),
        ("2026-02-21", "2026-02-28"),
        ("2028-02-21", "2028-02-29"),
        ("2026-01-22", "2026-02-07"),
        ("2026-01-31", "2026-02-07"),
        ("2026-12-31", "2027-01-07"),
    ],
)
def test_a_url_expires_by_the_documented_calendar(today: str, until: str) -> None:
    for time in ("00:00:00", "23:59:59"):
        now = datetime.fromisoformat(f"{today}T{time}+00:00").timestamp()
        assert str(datetime.fromtimestamp(rolling_expiry(now), UTC).date()) == until
        assert Signer(None, lambda now=now: now)._until() - now > 86_400


def test_the_policy_covers_every_url_that_begins_so(signer: Signer, clock: Clock) -> None:
    policy = query_string(signer).partition("Policy=")[2].partition("&")[0]
    plain = policy.translate(str.maketrans("-_~", "+=/"))
    (statement,) = orjson.loads(base64.b64decode(plain, validate=True))["Statement"]
    assert statement["Resource"] == f"http://h{PATH}*"
    assert statement["Condition"]["DateLessThan"]["AWS:EpochTime"] >= clock.now + 60


def test_a_signed_url_is_good_also_with_further_parameters(signer: Signer) -> None:
    signer.check(PATH, query_string(signer))
    signer.check(PATH, f"{query_string(signer)}&width=100")


def test_a_url_lives_as_long_as_was_said(signer: Signer, clock: Clock) -> None:
    text = query_string(signer)
    clock.now += 59
    signer.check(PATH, text)
    clock.now += 1000
    assert "expired" in refusal(signer, PATH, text)


def test_a_signature_is_for_one_file(signer: Signer) -> None:
    for path in ("/assets-transform/asset_2", f"{PATH}2", "/assets/asset_1.png"):
        refusal(signer, path, query_string(signer))


def test_quotes_in_the_path_do_not_matter(signer: Signer) -> None:
    text = signer.signed(b"http://h/assets/a%20b.png").decode().partition("?")[2]
    signer.check("/assets/%61%20b.png", text)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text.replace("Policy=e", "Policy=f"),
        lambda text: text.replace("Policy=", "Policy=!"),
        lambda text: text.replace("Policy=", "Policy=\N{LATIN SMALL LETTER E WITH ACUTE}"),
        lambda text: text.replace("Signature=", "Signature=\N{LATIN SMALL LETTER E WITH ACUTE}"),
        lambda text: text.replace("Signature=", "Signature=\ud800"),
        lambda text: text.replace("Key-Pair-Id=", "Key-Pair-Id=X"),
        lambda text: text + "&Policy=e30_",
    ],
)
def test_a_changed_signature_is_a_403(signer: Signer, change: Callable[[str], str]) -> None:
    refusal(signer, PATH, change(query_string(signer)))
