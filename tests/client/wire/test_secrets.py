from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from scenario_search.errors import APIResponseValidationError
from scenario_search.wire.codec import read_page
from scenario_search.wire.secrets import Secrets, secret_values

SECRET = 'canary=/"\\secret'
SECRETS = Secrets([SECRET, "canarytoken"])


def page_with(text: str) -> bytes:
    return b'{"hits": [{"id": "a", "metadata": {"prompt": ' + text.encode() + b"}}]}"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(f"you sent {SECRET}!"),
        r'"you sent canary\u003d\u002f\u0022\u005csecret!"',
        r'"you sent canary\u003D\/\"\\secret!"',
        r'"you sent \u0063anary=/\"\\secret!"',
    ],
)
def test_a_page_has_no_secret_however_json_writes_it(text: str) -> None:
    prompt = read_page(page_with(text), SECRETS)["hits"][0]["metadata"]["prompt"]
    assert prompt == "you sent [hidden]!"


def test_a_secret_is_erased_from_keys_too_and_the_order_stays() -> None:
    body = b'{"hits": [{"id": "a", "canarytoken": 1, "b": ["x canarytoken", {"c": null}]}]}'
    hit = read_page(body, SECRETS)["hits"][0]
    assert list(hit.items()) == [("id", "a"), ("[hidden]", 1), ("b", ["x [hidden]", {"c": None}])]


@pytest.mark.parametrize(
    "body",
    [
        page_with(r'"a \/ b \u0026 c"'),
        page_with('"a"'),
        b'{"hits": [{"id": "\\ud800 \\u0026", "n": 123456789012345678901234567890}]}',
    ],
)
def test_a_page_without_one_is_read_as_it_came(body: bytes) -> None:
    assert read_page(body, SECRETS) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>canarytoken",
        b'{"hits": [canarytoken',
        b'{"hits": ["canarytoken"',
        b'"canarytoken"',
        rb"<html>canary\u0074oken",
        b'{"hits": "canarytoken"}',
        b'{"hits": "canary\\u0074oken"}',
        b"x" * 195 + b"canarytoken",
        b"x" * 795 + b"canarytoken",
    ],
)
def test_an_error_quotes_no_secret(body: bytes) -> None:
    with pytest.raises(APIResponseValidationError) as raised:
        read_page(body, SECRETS)
    assert "canar" not in str(raised.value)


def test_a_secret_that_is_longer_than_what_is_quoted_is_not_quoted_in_part() -> None:
    token = "canary" * 500
    with pytest.raises(APIResponseValidationError) as raised:
        read_page(b"<p>" + token.encode(), Secrets([token]))
    assert "canar" not in str(raised.value)


@pytest.mark.parametrize("size", range(1, 40))
@pytest.mark.parametrize("text", ["https://a.example/?x={} canarytoken {} canarytoken", "{}{}"])
def test_the_start_of_a_body_ends_inside_of_no_secret(text: str, size: int) -> None:
    body = text.format("y" * 20, "canarytoken" * 3).encode()
    start = Secrets(["canarytoken"]).start_of(body, size)
    assert len(start) <= size
    assert "canar" not in start


@pytest.mark.parametrize(
    "text",
    [
        r"you sent canary\\/token",
        r"you sent canary\\\\u002ftoken!",
        r"you sent \\u0063anary\\u002Ftoken!",
        r"c\\a\\n\\a\\r\\y\\/\\t\\o\\k\\e\\n",
    ],
)
def test_a_text_that_quotes_json_with_a_secret_is_hidden(text: str) -> None:
    page = read_page(page_with(f'"{text}"'), Secrets(["canary/token"]))
    assert page["hits"][0]["metadata"]["prompt"] == "[hidden]"


@pytest.mark.parametrize("secret", ["\\" * 10, r"\u0061" * 3, "\\" * 7 + "abcdefg"])
def test_a_secret_of_backslashes_hides_no_other_text(secret: str) -> None:
    assert Secrets([secret]).erased(f"a {secret} b") == "a [hidden] b"
    other = r"castle \ \u0061 \/"
    assert Secrets([secret]).erased(other) == other


def test_a_short_secret_may_be_a_word() -> None:
    assert Secrets(["castle"]).erased("a castle") == "a castle"


def test_the_longest_is_erased_first() -> None:
    assert Secrets(["canarytoken", "canarytoken-two"]).erased("canarytoken-two") == "[hidden]"


def test_secrets_do_not_show() -> None:
    SECRETS.erase({"a": r"canarytoken \\"}, b"canarytoken")
    assert repr(SECRETS) == "<2 secrets>"
    assert "canary" not in repr(vars(SECRETS)).replace("canary\\\\", "")


@given(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), min_size=8), st.data()
)
def test_a_secret_that_is_escaped_in_any_way_is_erased(secret: str, data: st.DataObject) -> None:
    escaped = "".join(
        f"\\u{ord(character):04x}" if character in '"\\' or data.draw(st.booleans()) else character
        for character in secret
    )
    page = read_page(page_with(f'"{escaped}"'), Secrets([secret]))
    assert page["hits"][0]["metadata"]["prompt"] == "[hidden]"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("x canarytoken canarytoken"),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["canarytoken", "b"]), inner)
    ),
)


@given(JSON)
def test_all_of_a_page_is_kept_but_its_secrets(value: Any) -> None:
    body = json.dumps({"hits": [value]})
    expected = json.loads(body.replace("canarytoken", "[hidden]"))
    page = read_page(body.encode(), Secrets(["canarytoken"]))
    assert json.dumps(page) == json.dumps(expected)


DEEP = 900


def test_json_of_any_depth_is_searched() -> None:
    body = b'{"hits": ' + b"[" * DEEP + b'"canarytoken"' + b"]" * DEEP + b"}"
    value: Any = read_page(body, SECRETS)["hits"]
    while isinstance(value, list):
        (value,) = value
    assert value == "[hidden]"


@pytest.mark.parametrize(
    ("headers", "secrets"),
    [
        ({"X-Token": "canary"}, {"canary"}),
        ({"Authorization": "Bearer canary=="}, {"Bearer canary==", "Bearer", "canary"}),
        ({"Cookie": "a=one; b=two"}, {"a=one; b=two", "a=one", "one", "b=two", "two"}),
        ({"ACCEPT": "image/png", "User-Agent": "mine", "X-Request-Id": "1"}, set()),
    ],
)
def test_what_may_be_secret_in_headers(headers: dict[str, str], secrets: set[str]) -> None:
    assert {value for value in secret_values(headers) if value.strip("=")} == secrets


def test_a_body_with_a_secret_is_read_like_any_other() -> None:
    data = {"hits": [{"id": "a", "n": [1.5, None, True, {"b": []}]}], "total": 3}
    body = orjson.dumps({**data, "echo": "canarytoken"})
    assert read_page(body, SECRETS) == {**data, "echo": "[hidden]"}
