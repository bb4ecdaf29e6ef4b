from __future__ import annotations

from rich.cells import cell_len

from scenario_search import SearchAssetSearchResponse, SearchHits
from scenario_search.wire.hits import Metadata

MOUNTAIN = "城堡在山上"


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
