from __future__ import annotations

import json
from typing import Any

import pytest

from scenario_search.errors import APIResponseValidationError
from scenario_search.wire import bounds, codec
from scenario_search.wire.bounds import DenseError
from scenario_search.wire.codec import read_page
from scenario_search.wire.secrets import Secrets

SECRETS = Secrets(["canarytoken"])
MIB = 2**20


def page_with(values: bytes, *, size: int = 0) -> bytes:
    """Returns a page with an array of values, padded to a size."""
    body = b'{"hits":[],"x":[%b]}' % values
    return body + b" " * (size - len(body))


def values(number: int, value: bytes) -> bytes:
    return b",".join([value] * number)


def failure(body: bytes) -> str:
    with pytest.raises(APIResponseValidationError) as raised:
        read_page(body, SECRETS)
    return raised.value.message


# Arrays and objects


@pytest.mark.parametrize(
    "inner",
    [
        values(15_000, b"[],[[]],{}"),
        values(500, b"[" * 500 + b"]" * 500),
        values(500, b'{"":' * 500 + b"0" + b"}" * 500),
        b'"' + b"x" * 200_000 + b'",' + values(60_000, b"[]"),
        values(60_000, b"[]") + b',"' + b"x" * 200_000 + b'"',
        values(60_000, b'{},"x"'),
    ],
    ids=["side by side", "lists in lists", "objects in objects", "late", "early", "apart"],
)
def test_too_many_arrays_and_objects_are_refused_before_they_are_decoded(
    inner: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = page_with(inner)
    assert body.count(b",") <= bounds.MAX_COMMAS
    monkeypatch.setattr(codec, "read_json", None)
    assert "arrays and objects, which no page of hits has" in failure(body)


@pytest.mark.parametrize(
    ("size", "limit"), [(0, 20_000), (MIB - 1, 20_000), (MIB, 40_000), (3 * MIB, 80_000)]
)
@pytest.mark.parametrize("value", [b"[]", b"{}"])
def test_so_many_arrays_and_objects_are_read_for_each_mebibyte(
    size: int, limit: int, value: bytes
) -> None:
    # With the three around them.
    most = page_with(values(limit - 3, value), size=size)
    assert len(read_page(most)["x"]) == limit - 3
    assert f"more than {limit:,} arrays and objects" in failure(
        page_with(values(limit - 2, value), size=size)
    )


# Commas


@pytest.mark.parametrize("digit", [b"0", b'""'])
def test_too_many_commas_are_refused_before_they_are_decoded(
    digit: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(read_page(page_with(values(200_000, digit)))["x"]) == 200_000
    monkeypatch.setattr(codec, "read_json", None)
    assert "more than 200,000 commas" in failure(page_with(values(200_001, digit)))


def test_commas_in_a_text_count_too() -> None:
    text = "," * 200_001 + "x" * 200_000
    assert "more than 200,000 commas" in failure(json.dumps({"hits": [], "x": text}).encode())


def test_commas_of_a_text_that_is_shorter_than_as_many_values_do_not_count() -> None:
    text = "," * 200_001
    assert read_page(json.dumps({"hits": [], "x": text}).encode())["x"] == text


@pytest.mark.parametrize("blank", [b"", b" "])
def test_too_many_keys_are_refused_before_they_are_decoded(
    blank: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keys(number: int) -> bytes:
        return b"{%b}" % b",".join(b'"%d"%b:0' % (n, blank) for n in range(number))

    # With the two around them.
    assert len(read_page(page_with(keys(39_998)))["x"][0]) == 39_998
    monkeypatch.setattr(codec, "read_json", None)
    assert "more than 40,000 colons" in failure(page_with(keys(39_999)))


# Bodies that Python goes through


ODD = {
    "a long integer": (b"123456789012345678901234567890", 123456789012345678901234567890),
    "a lone surrogate": (rb'"\ud800"', "\ud800"),
    "an echo": (b'"canarytoken"', "[hidden]"),
    "an escaped echo": (rb'"canary\u0074oken"', "[hidden]"),
}


DENSE = [(b"0", 39_900), (b"[]", 7_950), (b'{"":0}', 5_690)]
ESCAPED = (b'"\\u0041"', 13_280)


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [
        *((name, *dense) for name in ODD for dense in DENSE),
        *((name, *ESCAPED) for name in ODD if "echo" in name),
    ],
)
def test_a_body_with_something_odd_may_have_fewer_values(
    name: str, value: bytes, most: int
) -> None:
    odd, expected = ODD[name]
    for size in (0, 2 * MIB):
        times = 1 + size // MIB
        page = read_page(page_with(values(most * times, value) + b"," + odd, size=size), SECRETS)
        assert page["x"][-1] == expected
        too_many = page_with(values(int(most * times * 1.02), value) + b"," + odd, size=size)
        assert f"more than {40_000 * times:,} values beside" in failure(too_many)


def test_other_bodies_may_have_more() -> None:
    page = page_with(values(19_900, b"[]") + b"," + values(100_000, b"0"))
    assert len(read_page(page, SECRETS)["x"]) == 119_900


@pytest.mark.parametrize("check", [bounds.check, bounds.check_to_reread])
def test_what_is_usual_passes(check: Any) -> None:
    hit = json.dumps({"id": "a", "metadata": {"prompt": "x" * 1000}, "tags": ["a", "b"], "x": []})
    for number in (0, 20, 100, 1000):
        check(page_with(values(number, hit.encode())))


def test_what_is_refused_is_a_value_error() -> None:
    """Then bodies of errors are shown as text."""
    assert issubclass(DenseError, ValueError)
