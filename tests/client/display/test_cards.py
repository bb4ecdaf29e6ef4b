from __future__ import annotations

from typing import Any

import attrs
import pytest
from harmless_text import assert_harmless
from hypothesis import given, strategies as st

from scenario_search.display.cards import (
    Card,
    CardPage,
    described,
    dimensions,
    first_text,
    listed,
    minute,
    ratio,
)
from scenario_search.display.gallery import card_html, page_html
from scenario_search.display.lines import card_line, card_text, page_text

HOSTILE = "</div><script>alert(1)</script>\x1b[31m\u202e\nnext"
TEXTS = st.text() | st.just(HOSTILE)
FACTS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple)
MANY = st.lists(TEXTS, max_size=3).map(tuple)
STRATEGIES: dict[str, Any] = {
    "summary": MANY,
    "record": MANY,
    "details": FACTS,
    "facts": FACTS,
    "tags": MANY,
    "ratio": st.none() | st.floats(0.8, 2.0),
    "pictures": MANY,
    "before_after": st.none() | st.tuples(TEXTS, TEXTS),
    "player": st.sampled_from(["", "video", "audio", "text", "image"]),
    "unsafe": MANY,
}
CARDS = st.builds(
    Card, **{field.name: STRATEGIES.get(field.name, TEXTS) for field in attrs.fields(Card)}
)
PAGES = st.builds(
    CardPage,
    of=TEXTS,
    total=TEXTS,
    conditions=FACTS,
    cards=st.lists(CARDS, max_size=3),
    more=st.integers(0, 10**6),
)


@given(CARDS)
def test_whoever_makes_a_card_its_text_is_harmless_lines(card: Card) -> None:
    lines = [card_line(card), *card_text(card).split("\n")]
    assert len(lines) <= 4 + len(card.details)
    for line in lines:
        assert_harmless(line)


@given(PAGES)
def test_whoever_makes_a_page_its_text_is_harmless_lines(page: CardPage) -> None:
    lines = page_text(page).split("\n")
    assert len(lines) == 1 + len(page.conditions) + len(page.cards) + (page.more > 0)
    for line in lines:
        assert_harmless(line)


@given(PAGES)
def test_whoever_makes_a_card_its_html_holds_no_script(page: CardPage) -> None:
    markup = page_html(page) + "".join(map(card_html, page.cards))
    assert "<script" not in markup
    assert "\x1b" not in markup


def test_only_assets_without_previews_stand_in_rows() -> None:
    asset = Card(of="Asset", id="a", title="a", kind="image", ratio=1.5)
    model = Card(of="Model", id="m", title="m", kind="flux")
    assert 'class="ss-rows"' in page_html(_page(asset))
    assert 'class="ss-grid"' in page_html(_page(asset, model))


def _page(*cards: Card) -> CardPage:
    return CardPage(of="Page", total="1 hit", conditions=(), cards=cards)


def test_facts_without_a_value_are_left_out() -> None:
    pairs = (("id", "a"), ("size", None), ("seed", " \n"), ("examples", 3))
    assert described(*pairs) == (("id", "a"), ("examples", "3"))


def test_the_first_text_that_is_not_blank_is_taken() -> None:
    assert first_text(None, " \n", "a\nb", "c") == "a b"
    assert first_text(None) == ""


@pytest.mark.parametrize(
    ("width", "height", "size", "shape"),
    [
        (1024, 768, "1024 \N{MULTIPLICATION SIGN} 768", 1024 / 768),
        (9000, 10, "9000 \N{MULTIPLICATION SIGN} 10", 2.0),
        (10, 9000, "10 \N{MULTIPLICATION SIGN} 9000", 0.8),
        (0, 768, "", 1.4),
        (None, 768, "", 1.4),
        ("1024", 768, "", 1.4),
    ],
)
def test_a_shape_needs_both_its_sides(width: Any, height: Any, size: str, shape: float) -> None:
    assert (dimensions(width, height), ratio(width, height, 1.4)) == (size, shape)


def test_a_list_is_written_with_commas() -> None:
    assert listed(["stone", 3, "x" * 50], 5) == "stone, 3, xxxx…"


def test_a_timestamp_is_shown_to_the_minute_and_anything_else_as_it_is() -> None:
    assert minute("2025-01-16T11:19:41.579Z") == "2025-01-16 11:19 UTC"
    assert minute("yesterday") == "yesterday"
    assert minute(None) == ""
