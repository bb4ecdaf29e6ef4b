"""A whole number is told from other things in one way, wherever one is taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from fake_transport import correct_page, faked_client

from scenario_search import AsyncScenario, ScenarioError
from scenario_search.wire.values import is_whole

Taken = Callable[[AsyncScenario, Any], Any]

PLACES: dict[str, Taken] = {
    "max_retries": lambda client, n: client.with_options(max_retries=n).options.max_retries,
    "limit": lambda client, n: client.search.asset_search(query="x", limit=n) and None,
    "pages_ahead": lambda client, n: client.search.asset_search(query="x").prefetch(n)._pages_ahead,
    "concurrency": lambda client, n: client.crawl.assets(concurrency=n)._options.concurrency,
    "cap": lambda client, n: client.crawl.assets(cap=n)._options.cap,
}


@pytest.fixture
def client() -> AsyncScenario:
    return faked_client(lambda body: correct_page([], body))[0]


@pytest.mark.parametrize("value", [8, 8.0, Fraction(8)])
@pytest.mark.parametrize("place", PLACES)
def test_a_whole_number_of_any_type_is_taken_as_an_int(
    client: AsyncScenario, place: str, value: Any
) -> None:
    taken = PLACES[place](client, value)
    assert taken is None or (taken, type(taken)) == (8, int)


@pytest.mark.parametrize("value", [True, 8.5, -1, "8", math.nan, math.inf])
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_whole_number_is_refused(client: AsyncScenario, place: str, value: Any) -> None:
    with pytest.raises(ScenarioError, match=r"whole number|at least"):
        PLACES[place](client, value)


@pytest.mark.parametrize("value", [8.0, Fraction(8)])
async def test_a_download_takes_a_whole_number_of_any_type(
    client: AsyncScenario, value: Any, tmp_path: Path
) -> None:
    assert (await client.download([], tmp_path, concurrency=value)).downloaded == 0


def test_numbers_below_the_least_are_not_taken() -> None:
    assert is_whole(2.0, 2)
    assert not is_whole(1, 2)
