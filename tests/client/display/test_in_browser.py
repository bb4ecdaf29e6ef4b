"""Galleries in a real browser."""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path
from urllib.request import urlopen

import pytest
from chromium import CHROMIUM, run_chromium

from scenario_search import F, Metadata, Scenario, SearchAssetSearchResponse as Asset
from scenario_search.emulator import Emulator
from scenario_search.wire.pages import SearchHits

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the path"),
]

COLOURS = {
    "light": ("rgb(255, 255, 255)", "rgb(20, 20, 20)"),
    "dark": ("rgb(20, 20, 20)", "rgb(238, 238, 238)"),
}
ATTACKS = [
    "<script>document.title='pwned'</script>",
    "</style><script>document.title='pwned'</script>",
    '"><img src=x onerror="document.title=\'pwned\'">',
    "javascript:document.title='pwned'",
    "'-alert(1)-'",
]


@pytest.fixture
def client(scenario_emulator: Emulator) -> Scenario:
    return Scenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
    )


def gallery(client: Scenario) -> str:
    with client:
        page = client.search.asset_search(
            query="dragon", filter=(F.kind == "image") & F.nsfw.is_empty(), limit=10
        )
        # What may load late would not be loaded in a browser that nobody scrolls.
        return page._repr_html_().replace(' loading="lazy" decoding="async"', "")


def says(markup: str, script: str, folder: Path, scheme: str = "light") -> str:
    """Returns what a script of the page says, once the page is loaded."""
    page = folder / "page.html"
    page.write_text(
        f'<!DOCTYPE html><meta charset="utf-8">{markup}<pre id="said"></pre>'
        f"<script>onload = () => {{ said.textContent = {script} }}</script>",
        encoding="utf-8",
    )
    dom = run_chromium(page.as_uri(), "--dump-dom", scheme=scheme)
    said = re.search(r'<pre id="said">(.*?)</pre>', dom, re.DOTALL)
    assert said is not None
    return unescape(said[1])


@pytest.mark.parametrize("page", ["light", "dark"])
@pytest.mark.parametrize("system", ["light", "dark"])
def test_text_has_the_colour_of_the_page_whatever_the_system_prefers(
    client: Scenario, page: str, system: str, tmp_path: Path
) -> None:
    back, front = COLOURS[page]
    styled = f'<body style="background:{back};color:{front}">{gallery(client)}'
    script = """[...new Set([...document.querySelectorAll(
        ".scenario-search div, .scenario-search a, .ss-tag")].map(
        each => getComputedStyle(each).color))].join()"""
    assert says(styled, script, tmp_path, system) == front


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_is_wider_than_the_page(client: Scenario, width: int, tmp_path: Path) -> None:
    words = "an-endless-name-" * 30
    hits = SearchHits(hits=[Asset(id=words, tags=[words], metadata=Metadata(prompt=words))])
    inner = gallery(client) + hits._repr_html_() + hits.hits[0]._repr_html_()
    frame = f'<iframe srcdoc="{escape(inner)}" style="width:{width}px;border:0"></iframe>'
    script = "frames[0].document.documentElement.scrollWidth"
    assert says(frame, script, tmp_path) == str(width)


def test_texts_stay_apart_without_styles(client: Scenario, tmp_path: Path) -> None:
    plain = re.sub(r"<style>.*?</style>", "", gallery(client), flags=re.DOTALL)
    plain = re.sub(r' (style|class)="[^"]*"', "", plain)
    lines = says(plain, "document.body.innerText", tmp_path).splitlines()
    assert "query: dragon" in lines
    assert any(re.fullmatch(r"dragon boss.*", line) for line in lines)


def test_every_picture_is_shown_and_all_weigh_a_tenth_of_the_files(
    client: Scenario, tmp_path: Path
) -> None:
    markup = gallery(client)
    shown = says(markup, "[...document.images].map(each => each.naturalHeight).join()", tmp_path)
    assert shown == ",".join(["400"] * 10)
    small = [unescape(url) for url in re.findall(r'<img src="([^"]*)"', markup)]
    files = [url.partition("&height=")[0] for url in small]
    before, after = (sum(len(urlopen(url).read()) for url in urls) for urls in (files, small))
    assert after < before / 10


@pytest.mark.parametrize("styled", [True, False])
def test_hostile_hits_run_nothing(styled: bool, tmp_path: Path) -> None:
    hits = [
        Asset(id=text, url=text, tags=[text], nsfw=nsfw, metadata=Metadata(name=text, kind=kind))
        for text in ATTACKS
        for nsfw in ([], [text])
        for kind in ("image", "video", "audio", "text", text)
    ]
    markup = SearchHits(hits=hits)._repr_html_() + "".join(hit._repr_html_() for hit in hits)
    if not styled:
        markup = re.sub(r"<style>.*?</style>", "", markup, flags=re.DOTALL)
    script = "document.title + document.scripts.length + document.images.length"
    assert says(markup, script, tmp_path) == "10"
