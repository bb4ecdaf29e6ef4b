from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len

from scenario_search import SearchAssetSearchResponse, SearchHits
from scenario_search.display.columns import columns
from scenario_search.display.lines import fit
from scenario_search.wire.hits import Metadata

MOUNTAIN = "城堡在山上"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("castle", 6),
        (MOUNTAIN, 10),
        ("\N{FULLWIDTH LATIN SMALL LETTER W}", 2),
        ("한국어 성", 9),
        ("Замок", 5),
        ("e\N{COMBINING ACUTE ACCENT}", 1),
        ("🏰", 2),
        ("", 0),
    ],
)
def test_columns_are_those_of_a_terminal(text: str, expected: int) -> None:
    assert columns(text) == expected == cell_len(text)


@given(st.text(), st.integers(1, 40))
def test_text_that_is_fitted_takes_no_more_columns(text: str, most: int) -> None:
    assert columns(fit(text, most)) <= most


def test_a_wide_character_is_not_cut_in_two() -> None:
    assert fit(MOUNTAIN, 10) == MOUNTAIN
    assert fit(MOUNTAIN, 9) == "城堡在山…"
    assert fit(MOUNTAIN, 8) == "城堡在…"


def asset(name: str) -> SearchAssetSearchResponse:
    return SearchAssetSearchResponse(id="a", metadata=Metadata(name=name, kind="image"))


def test_what_stands_beside_wide_names_is_aligned() -> None:
    names = [MOUNTAIN, "castle", "🏰 castle", MOUNTAIN * 9]
    lines = repr(SearchHits(hits=[asset(name) for name in names])).splitlines()[1:]

    starts = {cell_len(line.partition("image")[0]) for line in lines}
    assert len(lines) == len(names)
    assert len(starts) == 1


def test_lines_about_wide_characters_fit_80_columns() -> None:
    hit = asset(MOUNTAIN * 30)
    hit.metadata.prompt = MOUNTAIN * 30
    hit.tags = [MOUNTAIN] * 30

    texts = [repr(hit), repr(SearchHits(hits=[hit]))]
    assert max(cell_len(line) for text in texts for line in text.splitlines()) <= 80
