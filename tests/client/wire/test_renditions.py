from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from scenario_search import InvalidParamsError
from scenario_search.wire.renditions import Rendition, url_expires_at, url_path

RESOURCE = "https://cdn.cloud.scenario.com/assets-transform/asset_1?p=100*"


def policy(statement: Any) -> str:
    encoded = base64.b64encode(json.dumps({"Statement": [statement]}).encode()).decode()
    return encoded.translate(str.maketrans("+=/", "-_~"))


def signed(
    resource: str = RESOURCE, path: str = "/assets-transform/asset_1", until: Any = 1_767_139_200
) -> str:
    statement = {"Resource": resource, "Condition": {"DateLessThan": {"AWS:EpochTime": until}}}
    return (
        f"https://cdn.cloud.scenario.com{path}?p=100&Policy={policy(statement)}"
        "&Key-Pair-Id=K36FIAB9LE2OLR&Signature=aB-c~d_"
    )


def test_parameters_are_added_behind_the_signed_ones() -> None:
    url = Rendition(width=512, height=256, format="webp", quality=80, fit="contain").url(signed())
    assert url == signed() + "&width=512&height=256&quality=80&format=webp&fit=contain"


def test_without_parameters_the_url_stays_as_it_is() -> None:
    assert Rendition().url(signed()) == signed()


def test_a_rendition_of_a_rendition_replaces_its_parameters() -> None:
    first = Rendition(width=512, format="webp").url(signed())
    assert Rendition(width=64).url(first) == signed() + "&format=webp&width=64"


def test_a_fragment_is_dropped() -> None:
    assert Rendition(width=64).url(signed() + "#top") == signed() + "&width=64"


@pytest.mark.parametrize(
    "url",
    [
        signed(path="/assets/asset_1.png"),
        signed(path="/thumbnails/asset_1"),
        signed(resource=RESOURCE.removesuffix("*")),
        "https://cdn.cloud.scenario.com/assets-transform/asset_1?Expires=1767139200&Signature=a",
        "https://cdn.cloud.scenario.com/assets-transform/asset_1",
        signed().replace("Key-Pair-Id", "Other"),
        signed().replace("Policy=", "Policy=!"),
        signed().replace("https:", "ftp:"),
        signed().replace(".com/", ".com\\"),
        "",
        None,
        7,
    ],
)
def test_a_url_that_cannot_be_changed_has_no_rendition(url: object) -> None:
    assert Rendition(width=512).url(url) is None


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("width", 0, "`width` must be a whole number from 1, not 0"),
        ("width", 1.5, "`width` must be a whole number from 1, not 1.5"),
        ("height", "12&x=1", "`height` must be a whole number"),
        ("height", True, "`height` must be a whole number"),
        ("quality", 101, "`quality` must be a whole number from 1 to 100, not 101"),
        ("format", "gif", "`format` must be one of 'origin', 'auto', 'jpeg'"),
        ("format", "webp&width=9", "`format` must be one of"),
        ("fit", "crop", "`fit` must be one of 'cover', 'contain'"),
        ("fit", [], "`fit` must be one of"),
    ],
)
def test_a_value_that_the_cdn_does_not_know_is_refused(name: str, value: Any, problem: str) -> None:
    with pytest.raises(InvalidParamsError) as caught:
        Rendition(**{name: value}).url(signed())
    assert str(caught.value).startswith(problem)


def test_a_url_expires_when_its_policy_says() -> None:
    assert url_expires_at(signed()) == datetime(2025, 12, 31, tzinfo=UTC)


def test_a_url_of_the_older_kind_expires_when_it_says() -> None:
    url = "https://cdn.cloud.scenario.com/assets/a.png?Expires=1767139200&Signature=a"
    assert url_expires_at(url) == datetime(2025, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.cloud.scenario.com/thumbnails/a.png",
        "https://cdn.cloud.scenario.com/assets/a.png?Expires=soon",
        "https://cdn.cloud.scenario.com/assets/a.png?Expires=-1",
        "https://cdn.cloud.scenario.com/assets/a.png?Expires=999999999999999",
        "https://cdn.cloud.scenario.com/assets/a.png?Expires=" + "9" * 5000,
        signed(until="soon"),
        signed(until=None),
        signed(until=True),
        signed(until=10**18),
        signed(until=1e300),
        None,
    ],
)
def test_a_url_without_a_readable_time_has_no_expiry(url: object) -> None:
    assert url_expires_at(url) is None


@given(st.text())
def test_a_policy_of_anything_is_no_error(text: str) -> None:
    url = f"https://h/assets-transform/a?Policy={text}&Signature=a&Key-Pair-Id=b"
    assert Rendition(width=1).url(url) is None
    assert url_expires_at(url) is None


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_a_statement_of_anything_is_no_error(statement: Any) -> None:
    url = f"https://h/assets-transform/a?Policy={policy(statement)}&Signature=a&Key-Pair-Id=b"
    assert Rendition(width=1).url(url) is None
    assert url_expires_at(url) is None


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://h/assets/a%20b.png?x=/y", "/assets/a%20b.png"),
        ("http://[::1]:80/a", "/a"),
        ("https://h", ""),
        ("https://h\\x/a", ""),
        ("a", ""),
        (None, ""),
    ],
)
def test_the_path_of_a_url(url: object, path: str) -> None:
    assert url_path(url) == path
