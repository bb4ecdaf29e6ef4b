from __future__ import annotations

import base64
import copy
import json
import pickle
from typing import Any

import pytest

from scenario_search import ConfigurationError
from scenario_search.http.credentials import Credentials, take_credentials

CANARY = "CANARY123"
KEY, SECRET, JWT = "SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_SDK_JWT"


def authorization(**options: Any) -> str:
    """The header's value; of key and secret, what they are before they are encoded."""
    kind, _, value = take_credentials(options).authorization().partition(" ")
    return f"Basic {base64.b64decode(value).decode()}" if kind == "Basic" else f"{kind} {value}"


def refusal(**options: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        take_credentials(options)
    return str(caught.value)


def test_key_and_secret_make_basic_credentials() -> None:
    assert authorization(api_key="k", api_secret="s") == "Basic k:s"


def test_a_token_makes_bearer_credentials() -> None:
    assert authorization(bearer_auth="t") == "Bearer t"


def test_basic_authorization_is_that_of_rfc_7617() -> None:
    credentials = take_credentials({"api_key": "Aladdin", "api_secret": "opensesame"})
    assert credentials.authorization() == "Basic QWxhZGRpbjpvcGVuc2VzYW1l"


def test_key_and_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "k")
    monkeypatch.setenv(SECRET, "s")
    assert authorization() == "Basic k:s"


def test_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(JWT, "t")
    assert authorization() == "Bearer t"


def test_given_key_and_secret_beat_the_environments_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(JWT, "t")
    assert authorization(api_key="k", api_secret="s") == "Basic k:s"


def test_a_given_token_beats_the_environments_key_and_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY, "k")
    monkeypatch.setenv(SECRET, "s")
    assert authorization(bearer_auth="t") == "Bearer t"


@pytest.mark.parametrize(
    ("given", "missing"), [("api_key", "api_secret"), ("api_secret", "api_key")]
)
def test_half_a_pair_is_refused_and_not_completed_from_the_environment(
    given: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "k")
    monkeypatch.setenv(SECRET, "s")
    expected = f"{given} comes as a pair with {missing}, which is missing"
    assert refusal(**{given: CANARY}) == expected


@pytest.mark.parametrize(("given", "missing"), [(KEY, SECRET), (SECRET, KEY)])
def test_half_a_pair_in_the_environment_is_refused(
    given: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(given, CANARY)
    assert refusal() == f"{given} comes as a pair with {missing}, which is missing"


@pytest.mark.parametrize(
    "given",
    [{"api_key": CANARY, "api_secret": CANARY}, {"api_key": CANARY}, {"api_secret": CANARY}],
)
def test_both_kinds_at_once_are_refused(given: dict[str, str]) -> None:
    message = refusal(bearer_auth=CANARY, **given)
    assert message.startswith("Both kinds of credentials are given")
    assert CANARY not in message


def test_both_kinds_in_the_environment_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KEY, SECRET, JWT):
        monkeypatch.setenv(name, CANARY)
    assert refusal().startswith(f"Both kinds of credentials are given ({KEY}, {SECRET}, {JWT})")


def test_without_any_credentials_the_error_says_what_to_do() -> None:
    message = refusal()
    for name in ("api_key", "api_secret", "bearer_auth", KEY, SECRET, JWT, "Scenario.demo()"):
        assert name in message


def test_an_empty_variable_is_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (KEY, SECRET, JWT):
        monkeypatch.setenv(name, "")
    assert refusal().startswith("No credentials")


@pytest.mark.parametrize(
    "bad",
    [f"{CANARY}é", f"{CANARY}\n", f" {CANARY}", f"Bearer {CANARY}", f"{CANARY}\0", f"{CANARY}\x7f"],
)
@pytest.mark.parametrize("name", ["api_key", "api_secret", "bearer_auth"])
def test_characters_that_no_credential_has_are_refused_unseen(name: str, bad: str) -> None:
    pair = {} if name == "bearer_auth" else {"api_key": "k", "api_secret": "s"}
    message = refusal(**(pair | {name: bad}))
    assert message.startswith(f"{name} holds a character that a credential cannot have")
    assert CANARY not in message


@pytest.mark.parametrize("name", ["api_key", "api_secret", "bearer_auth"])
@pytest.mark.parametrize(
    ("value", "what"), [("", "is empty"), (b"CANARY123", "not bytes"), (5, "int")]
)
def test_what_is_no_text_is_no_credential(name: str, value: Any, what: str) -> None:
    pair = {} if name == "bearer_auth" else {"api_key": "k", "api_secret": "s"}
    message = refusal(**(pair | {name: value}))
    assert message.startswith(name)
    assert what in message
    assert CANARY not in message


def test_a_colon_ends_the_key_of_basic_credentials_so_a_key_has_none() -> None:
    assert refusal(api_key="a:b", api_secret="s") == "api_key must not hold a colon"
    assert authorization(api_key="k", api_secret="a:b") == "Basic k:a:b"


def token_of(claims: object) -> str:
    """Returns a JSON Web Token, unsigned."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.x"


async def owner(**options: Any) -> str:
    return await take_credentials(options).owner()


async def test_the_owner_of_a_key_is_the_key_whatever_its_secret() -> None:
    assert await owner(api_key="k", api_secret="s") == "k"


async def test_a_renewed_token_has_the_owner_of_the_one_before() -> None:
    before, after = token_of({"sub": "ann", "exp": 1}), token_of({"exp": 22, "sub": "ann"})
    assert await owner(bearer_auth=before) == await owner(bearer_auth=after) == "ann"
    assert await owner(bearer_auth=lambda: after) == "ann"


@pytest.mark.parametrize(
    "token",
    [
        "opaque",
        "two.parts",
        "a.!.c",
        "e30.bm90IEpTT04.x",  # not JSON
        token_of([1]),
        token_of({}),
        token_of({"sub": 7}),
        token_of({"sub": ""}),
    ],
)
async def test_a_token_that_names_no_subject_is_its_own_owner(token: str) -> None:
    assert await owner(bearer_auth=token) == token


def test_credentials_are_taken_out_of_the_options() -> None:
    options = {"api_key": "k", "api_secret": "s", "timeout": 5}
    take_credentials(options)
    assert options == {"timeout": 5}


def test_credentials_show_themselves_nowhere() -> None:
    credentials = take_credentials({"api_key": CANARY, "api_secret": CANARY})
    for shown in (repr(credentials), str(credentials), f"{credentials}", f"{[credentials]}"):
        assert shown.strip("[]") == "<basic credentials>"
    assert not hasattr(credentials, "__dict__")


@pytest.mark.parametrize("act", [pickle.dumps, copy.copy, copy.deepcopy])
def test_credentials_cannot_be_pickled_or_copied(act: Any) -> None:
    with pytest.raises(
        TypeError, match="cannot be pickled: make a client in each process"
    ) as caught:
        act(Credentials("bearer", CANARY))
    assert CANARY not in str(caught.value)
