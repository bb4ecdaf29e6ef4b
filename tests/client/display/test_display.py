from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from harmless_text import assert_harmless
from hypothesis import given, strategies as st
from IPython.lib.pretty import pretty

from scenario_search import (
    AsyncScenario,
    AsyncSearchHitsOffset,
    F,
    Metadata,
    PaginationError,
    Scenario,
    SearchAssetSearchParams,
    SearchAssetSearchResponse as Asset,
    SearchModelSearchResponse as Model,
    SearchWorkflowSearchResponse as Workflow,
    SyncSearchHitsOffset,
    Thumbnail,
)
from scenario_search.converter import structure
from scenario_search.display.gallery import picture_url, web_url
from scenario_search.display.lines import card_line
from scenario_search.display.style import STYLE
from scenario_search.emulator import Emulator
from scenario_search.wire.hits import Hit
from scenario_search.wire.pages import SearchHits

ELEMENTS = {"a", "audio", "div", "img", "p", "span", "style", "video"}
ATTRIBUTES = {
    "alt",
    "class",
    "controls",
    "decoding",
    "href",
    "loading",
    "poster",
    "preload",
    "referrerpolicy",
    "rel",
    "src",
    "style",
    "target",
    "title",
    "width",
}
URLS = {"href", "poster", "src"}
VOID = {"img"}


class Reader(HTMLParser):
    """Reads a fragment: its elements with their attributes, its text, whether all is closed."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.others: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), "an attribute stands twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data.strip())

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def assert_only_ours(markup: str) -> None:
    reader = Reader(markup)
    assert reader.open == []
    assert reader.others == []
    for tag, attributes in reader.elements:
        assert tag in ELEMENTS
        assert attributes.keys() <= ATTRIBUTES
        for name in attributes.keys() & URLS:
            assert re.match(
                r"https?://|data:image/(png|jpeg|gif|webp|avif|bmp);", attributes[name] or ""
            )
        if "href" in attributes:
            assert attributes["rel"] == "noopener noreferrer"
            assert not (attributes["href"] or "").startswith("data:")
        if "style" in attributes:
            assert re.fullmatch(r"--ss-ratio:\d\.\d{3}", attributes["style"] or "")
        if "class" in attributes:
            assert re.fullmatch(
                r"(scenario-search|ss-[a-z]+)( ss-[a-z]+)?", attributes["class"] or ""
            )
    markup.encode()


HOSTILE = [
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    " javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml;base64,PHN2Zy8+",
    'https://a/"onload="alert(1)',
    "https://a/ onload=alert(1)",
    "https://a/\ud800",
    "https://a/\u202e",
    "//evil.example/x.png",
    "file:///etc/passwd",
    "vbscript:x",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "a\x00b\x7f\x9b",
    "x" * 100_000,
    "https://a/" + "x" * 100_000,
    "data:image/png;base64," + "A" * 1_000_000,
]
VALUES = st.one_of(
    st.none(),
    st.sampled_from(HOSTILE),
    st.text(max_size=60),
    st.sampled_from(["image", "video", "audio", "text", "3d", "https://a/b.png?x=1&y=2"]),
    st.integers(),
    st.floats(),
    st.booleans(),
)
LISTS = st.lists(VALUES, max_size=4)
THUMBNAILS = st.none() | st.builds(Thumbnail, url=VALUES, asset_id=VALUES)
ASSETS = st.builds(
    Asset,
    id=VALUES,
    url=VALUES,
    mime_type=VALUES,
    tags=LISTS,
    nsfw=LISTS,
    thumbnail=THUMBNAILS,
    content=VALUES,
    description=VALUES,
    transcription=VALUES,
    created_at=VALUES,
    privacy=VALUES,
    metadata=st.builds(
        Metadata,
        name=VALUES,
        kind=VALUES,
        type=VALUES,
        prompt=VALUES,
        negative_prompt=VALUES,
        width=VALUES,
        height=VALUES,
        size=VALUES,
        seed=VALUES,
        text=VALUES,
        model_id=VALUES,
        model_type=VALUES,
        base_model_id=VALUES,
    ),
)
MODELS = st.builds(
    Model,
    id=VALUES,
    name=VALUES,
    type=VALUES,
    source=VALUES,
    short_description=VALUES,
    capabilities=LISTS,
    tags=LISTS,
    training_images_number=VALUES,
    thumbnail=THUMBNAILS,
)
WORKFLOWS = st.builds(
    Workflow,
    id=VALUES,
    name=VALUES,
    status=VALUES,
    description=VALUES,
    short_description=VALUES,
    thumbnail=THUMBNAILS,
    before=THUMBNAILS,
    after=THUMBNAILS,
)
HITS: st.SearchStrategy[Hit] = ASSETS | MODELS | WORKFLOWS


@given(HITS)
def test_no_value_of_a_hit_becomes_markup(hit: Hit) -> None:
    assert_only_ours(hit._repr_html_())


@given(st.lists(HITS, max_size=4), VALUES, VALUES)
def test_no_value_of_a_page_becomes_markup(hits: list[Hit], total: Any, number: Any) -> None:
    page = SearchHits(hits=hits, total_hits=total, page=number, total_pages=number, offset=number)
    assert_only_ours(page._repr_html_())


@given(st.lists(HITS, max_size=4), VALUES)
def test_the_text_of_a_page_is_a_few_clean_lines(hits: list[Hit], total: Any) -> None:
    text = repr(SearchHits(hits=hits, estimated_total_hits=total))
    lines = text.split("\n")
    assert len(lines) == 1 + len(hits)
    assert all(len(line) <= 80 for line in lines)
    assert_harmless("".join(lines))


@given(HITS)
def test_the_text_of_a_hit_is_a_few_clean_lines(hit: Hit) -> None:
    hit.extra.update({"new": HOSTILE[0], "\x1b[31m": "\u202e", "more": {"a": ["\x9b"]}})
    lines = repr(hit).split("\n")
    assert 4 <= len(lines) <= 13
    assert all(len(line) <= 80 for line in [*lines, card_line(hit._card())])
    assert_harmless("".join([*lines, card_line(hit._card())]))


@pytest.mark.parametrize("value", HOSTILE)
def test_only_web_and_picture_urls_pass(value: str) -> None:
    assert web_url(value) == picture_url(value) == ""


@pytest.mark.parametrize(
    "value",
    ["http://127.0.0.1:80/a.png?Expires=1&Signature=ab~c_-", "https://[::1]/x", "HTTPS://a.b/%20"],
)
def test_web_urls_pass_unchanged(value: str) -> None:
    assert web_url(value) == picture_url(value) == value


def test_a_small_picture_may_be_a_data_url_but_no_link_is_one() -> None:
    small = "data:image/png;base64,iVBORw0KGgo="
    assert picture_url(small) == small
    assert web_url(small) == ""


def asset(**metadata: Any) -> Asset:
    return Asset(
        id="asset_1",
        url="https://cdn.example/a?Signature=s&Expires=1",
        tags=["stone", "tower"],
        metadata=Metadata(**{"name": "Keep", "kind": "image", **metadata}),
    )


def test_a_card_shows_name_size_model_and_tags() -> None:
    hit = asset(width=1024, height=768, size=913_856, model_type="flux.1")
    text = Reader(SearchHits(hits=[hit])._repr_html_()).text
    for shown in ("Keep", "1024 \N{MULTIPLICATION SIGN} 768", "914 kB", "flux.1", "stone", "tower"):
        assert shown in text


def test_text_is_shown_as_it_is() -> None:
    name = """a <b> & "c" 'd' &lt;"""
    assert name in Reader(SearchHits(hits=[asset(name=name)])._repr_html_()).words


def test_signed_urls_reach_the_picture_whole_and_no_text() -> None:
    hit = asset(prompt="see https://cdn.example/a?Signature=CANARY")
    reader = Reader(hit._repr_html_())
    assert [image["src"] for image in reader.of("img")] == [hit.url]
    assert "CANARY" not in reader.text
    assert "Signature" not in repr(SearchHits(hits=[hit]))


def test_pictures_load_late_and_tell_no_referrer() -> None:
    (image,) = Reader(asset()._repr_html_()).of("img")
    assert (image["loading"], image["referrerpolicy"]) == ("lazy", "no-referrer")


def test_a_video_has_a_player_that_loads_nothing_before_it_is_asked_to() -> None:
    hit = asset(kind="video")
    hit.thumbnail = Thumbnail(url="https://cdn.example/t.webp")
    (video,) = Reader(hit._repr_html_()).of("video")
    assert video == {
        "controls": None,
        "preload": "none",
        "poster": "https://cdn.example/t.webp",
        "src": hit.url,
    }


def test_a_video_without_a_poster_shows_its_first_frame() -> None:
    (video,) = Reader(asset(kind="video")._repr_html_()).of("video")
    assert video["preload"] == "metadata"


def test_a_sound_has_a_player_and_its_words() -> None:
    reader = Reader(SearchHits(hits=[asset(kind="audio", text="Halt!")])._repr_html_())
    (audio,) = reader.of("audio")
    assert audio["preload"] == "none"
    assert "Halt!" in reader.text


def test_a_3d_asset_shows_its_thumbnail_not_its_file() -> None:
    hit = asset(kind="3d")
    hit.thumbnail = Thumbnail(url="https://cdn.example/t.webp")
    reader = Reader(SearchHits(hits=[hit])._repr_html_())
    assert [image["src"] for image in reader.of("img")] == ["https://cdn.example/t.webp"]
    assert "3D" in reader.words


def test_a_text_asset_shows_its_text() -> None:
    hit = asset(kind="text")
    hit.content = "Beware of the\ndragon."
    assert "Beware of the dragon." in Reader(SearchHits(hits=[hit])._repr_html_()).text


def test_unsafe_hits_are_left_out_of_a_gallery_and_named() -> None:
    hit = asset()
    hit.nsfw = ["violence", "<b>"]
    markup = SearchHits(hits=[hit, Asset(id="asset_2")])._repr_html_()
    reader = Reader(markup)
    assert hit.url not in markup
    assert "Keep" not in reader.text
    assert "1 not shown, labelled unsafe: asset_1 (violence, <b>)" in reader.text
    assert "asset_2" in reader.text


def test_only_so_many_unsafe_hits_are_named() -> None:
    hits = [Asset(id=f"asset_{number}", nsfw=["violence"]) for number in range(25)]
    text = Reader(SearchHits(hits=hits)._repr_html_()).text
    assert "25 not shown" in text
    assert "asset_19 (violence) and 5 more" in text


@pytest.mark.parametrize("kind", ["image", "video", "audio", "text"])
def test_an_unsafe_hit_alone_shows_what_is_known_of_it_but_not_what_it_is(kind: str) -> None:
    hit = asset(kind=kind, text="Halt!")
    hit.nsfw, hit.content = ["violence"], "Halt!"
    reader = Reader(hit._repr_html_())
    assert not {"img", "video", "audio", "p"} & {tag for tag, _ in reader.elements}
    assert "not shown, labelled unsafe: violence" in reader.text
    assert "Keep" in reader.text


def test_texts_stay_apart_where_styles_are_stripped() -> None:
    page = SearchHits(hits=[asset(kind="video"), asset(kind="image")])
    inline = re.compile(r"<style>.*?</style>|</?(?:span|a|img|video|audio)\b[^>]*>", re.DOTALL)
    lines = [
        text.strip()
        for text in re.split(r"<[^>]*>", inline.sub("", page._repr_html_()))
        if text.strip()
    ]
    assert lines == ["2 assets", "video", "Keep", "stone tower", "Keep", "stone tower"]
    facts = re.split(r"<[^>]*>", inline.sub("", asset()._repr_html_()))
    assert {"id: asset_1", "kind: image"} <= set(facts)


def test_a_model_card_shows_its_picture_and_what_it_does() -> None:
    model = Model(
        id="model_1",
        name="Castle Maker",
        type="flux.1-lora",
        capabilities=["txt2img"],
        short_description="Whimsical castles",
        thumbnail=Thumbnail(url="https://cdn.example/t.webp"),
    )
    reader = Reader(SearchHits(hits=[model])._repr_html_())
    assert [image["src"] for image in reader.of("img")] == ["https://cdn.example/t.webp"]
    for shown in ("Castle Maker", "flux.1-lora", "txt2img", "Whimsical castles"):
        assert shown in reader.text


def test_a_workflow_shows_what_goes_in_and_what_comes_out() -> None:
    workflow = Workflow(
        id="w",
        name="Sketch to render",
        before=Thumbnail(url="https://cdn.example/before.webp"),
        after=Thumbnail(url="https://cdn.example/after.webp"),
    )
    images = Reader(workflow._repr_html_()).of("img")
    assert [image["alt"] for image in images] == ["before", "after"]


@pytest.mark.parametrize("hit", [Asset(id="x"), Model(id="x"), Workflow(id="x")])
def test_what_is_missing_is_never_written_as_none(hit: Hit) -> None:
    page = SearchHits(hits=[hit])
    for shown in (hit._repr_html_(), page._repr_html_(), repr(page)):
        assert "None" not in shown
        assert "nan" not in shown


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (SearchHits(hits=[asset()]), "1 asset"),
        (SearchHits(hits=[asset()], total_hits=1), "1 of 1 asset"),
        (SearchHits(hits=[asset()], estimated_total_hits=2), "1 of about 2 assets"),
        (SearchHits(hits=[asset()], estimated_total_hits=1), "1 asset"),
        (
            SearchHits(hits=[asset()], offset=5, estimated_total_hits=6),
            "1 of about 6 assets · after the first 5",
        ),
        (SearchHits(hits=[asset(), asset()]), "2 assets"),
        (SearchHits(hits=[asset(), Model(id="m")]), "2 hits"),
    ],
)
def test_hits_are_counted_as_people_do(page: SearchHits[Any], text: str) -> None:
    assert repr(page).startswith(f"SearchHits: {text}\n")


def test_an_empty_page_says_so() -> None:
    page: SearchHits[Asset] = SearchHits(hits=[], total_hits=0)
    assert "0 of 0 hits" in Reader(page._repr_html_()).text
    assert repr(page) == "SearchHits: 0 of 0 hits"


def test_a_notebook_shows_a_hundred_hits_and_counts_the_rest() -> None:
    page = SearchHits(hits=[asset() for _ in range(130)])
    reader = Reader(page._repr_html_())
    assert len(reader.of("img")) == 100
    assert "and 30 more" in reader.text


async def test_a_document_shows_every_hit_it_is_given() -> None:
    document = await AsyncSearchHitsOffset(hits=[asset() for _ in range(130)]).to_html()
    assert document.count("<img ") == 130
    assert "130 assets" in document


async def test_a_document_stands_alone_and_forbids_scripts() -> None:
    document = await AsyncSearchHitsOffset(hits=[asset()]).to_html(heading="<Castles>")
    assert document.startswith("<!DOCTYPE html>\n")
    assert "<title>&lt;Castles&gt;</title>" in document
    assert "default-src 'none'" in document
    assert "<script" not in document
    assert "@import" not in document


def test_no_style_leaves_the_gallery() -> None:
    selectors = [
        part for rule in re.findall(r"([^{}]+)\{[^{}]*\}", STYLE) for part in rule.split(",")
    ]
    assert len(selectors) > 40
    for selector in selectors:
        assert re.match(r"\.scenario-search\b", selector.strip())


async def test_an_empty_page_tells_what_it_has_none_of(demo_client: AsyncScenario) -> None:
    page = await demo_client.search.model_search(filter=F.name == "nothing")
    assert re.match("AsyncSearchHitsOffset: 0 models", repr(page))


async def test_a_page_tells_what_was_asked_for_and_how_long_it_took(
    demo_client: AsyncScenario,
) -> None:
    page = await demo_client.search.asset_search(
        query="castle <i>", filter=F.kind == "image", sort_by=["createdAt:desc"], limit=3
    )
    reader = Reader(page._repr_html_())
    assert f"3 of about {page.estimated_total_hits} assets" in reader.text
    assert re.search(r"\d ms|\d s", reader.text)
    for shown in ("castle <i>", "kind = image", "createdAt:desc"):
        assert shown in reader.words


async def test_a_demo_page_shows_the_picture_of_each_hit(demo_client: AsyncScenario) -> None:
    page = await demo_client.search.asset_search(filter=F.kind == "image", limit=20)
    assert [image["src"] for image in Reader(page._repr_html_()).of("img")] == [
        hit.rendition(height=400, format="webp", quality=80) for hit in page.hits if not hit.nsfw
    ]


def test_a_sync_page_shows_the_same_as_an_async_one(scenario_emulator: Emulator) -> None:
    with Scenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
    ) as client:
        page = client.search.asset_search(query="castle", limit=3)
    text = Reader(page._repr_html_()).text
    assert "castle" in text
    assert re.search(r"3 of about \d+ assets · [\d.]+ m?s", text)
    assert repr(page).startswith("SyncSearchHitsOffset: 3 of about")


async def test_a_reference_image_is_named_but_its_content_is_not_shown(
    demo_client: AsyncScenario,
) -> None:
    page = await demo_client.search.asset_search(query="castle", limit=1)
    assert page._search is not None
    page._search.params = type(page._search.params)(image=b"\x89PNG canary")  # type: ignore[call-arg]
    assert "a picture" in page._repr_html_()
    assert "canary" not in page._repr_html_() + repr(page)


async def test_the_text_of_a_page_is_short(demo_client: AsyncScenario) -> None:
    page = await demo_client.search.asset_search(query="dragon", limit=10)
    lines = repr(page).splitlines()
    assert re.match(r"AsyncSearchHitsOffset: 10 of about \d+ assets · \d+ ms", lines[0])
    assert lines[1] == "  query: dragon"
    assert lines[-1] == "  and 5 more"
    assert len(lines) == 8


def test_the_text_of_an_asset_tells_most_of_it() -> None:
    hit = asset(width=1024, height=768, size=913_856, model_type="flux.1", prompt="a keep")
    hit.privacy, hit.created_at = "public", "2025-01-16T11:19:41.579Z"
    assert repr(hit).splitlines() == [
        "SearchAssetSearchResponse: Keep",
        "  asset_1 · public · 2025-01-16 11:19 UTC",
        "  image · 1024 \N{MULTIPLICATION SIGN} 768 · 914 kB · flux.1",
        "  prompt: a keep",
        "  tags: stone, tower",
        "  url: https://cdn.example/a?...",
    ]


def test_the_text_of_a_model_tells_most_of_it() -> None:
    model = Model(id="m", name="Castle Maker", type="flux.1-lora", capabilities=["txt2img"])
    model.short_description = "Whimsical castles"
    assert repr(model).splitlines() == [
        "SearchModelSearchResponse: Castle Maker",
        "  m",
        "  flux.1-lora · txt2img",
        "  about: Whimsical castles",
    ]


def test_the_text_of_a_workflow_tells_most_of_it() -> None:
    workflow = Workflow(id="w", name="Upscaler", status="ready", description="Doubles it")
    workflow.created_at = "2025-01-16T11:19:41.579Z"
    assert repr(workflow).splitlines() == [
        "SearchWorkflowSearchResponse: Upscaler",
        "  w · 2025-01-16 11:19 UTC",
        "  ready",
        "  about: Doubles it",
    ]


def test_no_unknown_field_is_lost_from_view() -> None:
    hit = structure(
        {"id": "a", "metadata": {"odd": 1}, **{f"new{n}": n for n in range(8)}},
        Asset,
    )
    text = repr(hit)
    assert "extra new4: 4" in text
    assert "extra: new5, new6, new7, metadata" in text


def test_an_unknown_field_shows_no_signature() -> None:
    signed = "https://cdn.example/" + "a" * 40 + "?Signature=CANARY" + "b" * 400 + "CANARY"
    assert "CANARY" not in repr(structure({"id": "a", "new": [signed]}, Asset))


def test_ipython_shows_a_hit_among_others_in_a_line() -> None:
    hit = asset(width=8, height=8)
    assert pretty(hit) == repr(hit)
    assert pretty({"found": [hit, hit]}).count("<asset_1: Keep · image · 8") == 2


def test_importing_the_package_does_not_load_what_shows_hits() -> None:
    code = "import scenario_search, sys; print(*(m for m in sys.modules if 'display' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "scenario_search.display.gallery" not in done.stdout


def test_of_a_data_url_that_was_searched_with_nothing_is_shown() -> None:
    params = SearchAssetSearchParams(image="data:image/png;base64,iVBORw0KGgo=")
    assert params._conditions() == (("like", "a picture"),)


async def test_a_document_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    page = AsyncSearchHitsOffset(hits=[asset()])
    file = tmp_path / "castles.html"
    assert await page.to_html(file, heading="Castles") == file.read_text(encoding="utf-8")
    assert await page.to_html() != await page.to_html(heading="Castles")


def test_a_sync_page_has_a_document_too(tmp_path: Path) -> None:
    page = SyncSearchHitsOffset(hits=[asset()])
    assert page.to_html(tmp_path / "castles.html").startswith("<!DOCTYPE html>\n")
    assert (tmp_path / "castles.html").exists()


async def test_a_document_goes_on_to_the_last_page_where_it_shall(
    demo_client: AsyncScenario,
) -> None:
    page = await demo_client.search.model_search(query="dragon", limit=1)
    assert (await page.to_html()).count('class="ss-card"') == 1
    document = await page.to_html(all_pages=True)
    assert document.count('class="ss-card"') == page.estimated_total_hits == 2
    assert "dragon" in Reader(document.partition("<body>")[2].partition("</body>")[0]).words


class TestEmbedding:
    async def test_pictures_are_inside_and_urls_are_not(self, demo_client: AsyncScenario) -> None:
        page = await demo_client.search.asset_search(query="castle", limit=8)
        assert {"image", "video", "audio"} <= {hit.metadata.kind for hit in page.hits}
        document = await page.to_html(embed=True)
        sources = re.findall(r'src="([^"]*)"', document)
        assert len(sources) >= 5
        assert all(source.startswith("data:image/webp;base64,") for source in sources)
        assert "http" not in document.partition("<body>")[2]
        assert "Signature" not in document

    async def test_a_workflow_keeps_both_its_pictures(self, demo_client: AsyncScenario) -> None:
        page = await demo_client.search.workflow_search(filter=F.name.exists(), limit=1)
        document = await page.to_html(embed=True)
        assert document.count('src="data:image/webp') == 2

    async def test_what_cannot_be_fetched_is_left_out_and_counted(
        self, demo_client: AsyncScenario, scenario_emulator: Emulator
    ) -> None:
        page = await demo_client.search.asset_search(filter=F.kind == "image", limit=3)
        scenario_emulator.expire_urls()
        document = await page.to_html(embed=True)
        assert "<img" not in document
        assert "3 without a picture, which could not be fetched" in document

    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1:1/a.png",
            "http://example.invalid/a.png",
            "data:text/html;base64,AAAA",
            None,
        ],
    )
    async def test_no_url_that_a_download_refuses_is_fetched(
        self, demo_client: AsyncScenario, url: Any
    ) -> None:
        page = await demo_client.search.asset_search(filter=F.kind == "image", limit=1)
        page.hits[0].url = url
        assert "<img" not in await page.to_html(embed=True)

    async def test_what_is_no_small_picture_is_left_out(
        self, demo_client: AsyncScenario, scenario_emulator: Emulator
    ) -> None:
        page = await demo_client.search.asset_search(filter=F.kind == "image", limit=1)
        page.hits[0].nsfw = []
        path = "/assets-transform/*"
        for body in (b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n" + bytes(300_000)):
            scenario_emulator.faults.add(path=path, status=200, body=body, times=1)
            assert "<img" not in await page.to_html(embed=True)
        assert "<img" in await page.to_html(embed=True)

    async def test_an_unsafe_picture_is_not_even_fetched(
        self, demo_client: AsyncScenario, scenario_emulator: Emulator
    ) -> None:
        page = await demo_client.search.asset_search(filter=F.kind == "image", limit=1)
        page.hits[0].nsfw = ["violence"]
        await page.to_html(embed=True)
        assert scenario_emulator.requests[-1].method == "POST"

    async def test_a_page_without_a_client_cannot_fetch(self) -> None:
        with pytest.raises(PaginationError, match="not returned by a client"):
            await AsyncSearchHitsOffset(hits=[asset()]).to_html(embed=True)
