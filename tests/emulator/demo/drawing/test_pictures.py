from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from scenario_search.emulator.demo.data import demo_documents
from scenario_search.emulator.demo.drawing.backdrops import BACKDROPS
from scenario_search.emulator.demo.drawing.pictures import (
    DRAWERS,
    draw_asset,
    draw_thumbnail,
    picture_of,
)
from scenario_search.emulator.demo.words import PALETTES, SUBJECTS

DEMO = demo_documents(assets=200)


def asset(prompt: str, **metadata: Any) -> dict[str, Any]:
    shape = {"width": 96, "height": 96, "kind": "image"}
    return {
        "id": "asset_1",
        "mimeType": "image/png",
        "metadata": {"prompt": prompt, **shape, **metadata},
    }


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def brightness(image: Image.Image) -> float:
    return float(ImageStat.Stat(image.convert("L")).mean[0])


def distance(one: Image.Image, other: Image.Image) -> float:
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return sum(ImageStat.Stat(difference).mean)


def test_every_subject_has_a_drawer_and_a_backdrop() -> None:
    assert SUBJECTS.keys() | {"abstract"} == DRAWERS.keys() == BACKDROPS.keys()


@pytest.mark.parametrize("subject", [*SUBJECTS, "abstract"])
def test_a_subject_is_drawn_and_differs_from_all_others(subject: str) -> None:
    noun = SUBJECTS[subject].nouns[0] if subject in SUBJECTS else "nothing known"
    mine = picture_of(asset(f"{noun}, sunny day, natural colors"))
    for other in ("castle", "sword", "cat"):
        if other != subject:
            theirs = picture_of(asset(f"{other}, sunny day, natural colors"))
            assert distance(mine, theirs) > 20


def test_the_same_document_gives_the_same_bytes() -> None:
    assert draw_asset(asset("a castle")) == draw_asset(asset("a castle"))


def test_another_id_gives_another_picture_of_the_same_scene() -> None:
    prompt = "a castle, at night, icy blue palette"
    assert distance(picture_of(asset(prompt)), picture_of(asset(prompt) | {"id": "b"})) > 3


@pytest.mark.parametrize(
    ("mime_type", "format"),
    [("image/png", "PNG"), ("image/jpeg", "JPEG"), ("image/webp", "WEBP"), ("video/mp4", "PNG")],
)
def test_the_file_is_of_the_documented_type(mime_type: str, format: str) -> None:
    assert opened(draw_asset(asset("a ship") | {"mimeType": mime_type})).format == format


@pytest.mark.parametrize("size", [(1024, 1024), (1080, 1920), (512, 512), (1216, 811), (1, 1)])
def test_the_picture_is_as_large_as_documented(size: tuple[int, int]) -> None:
    assert picture_of(asset("a tree", width=size[0], height=size[1])).size == size


@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [((1920, 1080), 320, (320, 180)), ((100, 50), 320, (100, 50)), ((4096, 8), 64, (64, 1))],
)
def test_max_side_shrinks_and_never_enlarges(
    size: tuple[int, int], max_side: int, expected: tuple[int, int]
) -> None:
    document = asset("a robot", width=size[0], height=size[1])
    assert picture_of(document, max_side=max_side).size == expected


@pytest.mark.parametrize("side", [None, 0, -5, 10**9, "wide", float("nan"), True])
def test_a_size_that_is_none_becomes_1024(side: object) -> None:
    expected = 1 if side is True else 1024
    assert picture_of(asset("a cat", width=side, height=1024)).size == (expected, 1024)


def test_a_small_picture_shows_the_same_scene_as_the_large_one() -> None:
    document = asset("a castle, sunny day", width=1024, height=1024)
    large = picture_of(document).resize((128, 128), Image.Resampling.BOX)
    assert distance(large, picture_of(document, max_side=128)) < 12


def test_night_is_darker_than_day() -> None:
    day, night = (
        picture_of(asset(f"a castle, {time}, natural colors")) for time in ("sunny day", "at night")
    )
    assert brightness(night) < brightness(day) * 0.7


def test_palettes_look_different() -> None:
    pictures = [
        picture_of(asset(f"a castle, sunny day, {phrases[0]}")) for phrases in PALETTES.values()
    ]
    for at, one in enumerate(pictures):
        assert all(distance(one, other) > 10 for other in pictures[at + 1 :])


def test_an_icy_picture_is_bluer_than_a_warm_one() -> None:
    def blue_over_red(palette: str) -> float:
        red, _, blue = ImageStat.Stat(picture_of(asset(f"a tree, midday sun, {palette}"))).mean
        return float(blue / red)

    assert blue_over_red("icy blue palette") > 1.3 * blue_over_red("warm colors")


@pytest.mark.parametrize("weather", ["heavy rain", "falling snow", "thick fog", "lightning storm"])
def test_weather_shows(weather: str) -> None:
    dry, wet = (picture_of(asset(f"a castle, sunny day, {word}")) for word in ("calm", weather))
    assert distance(dry, wet) > 5


@pytest.mark.parametrize("kind", ["video", "3d", "audio"])
def test_a_thumbnail_shows_what_kind_of_asset_it_stands_for(kind: str) -> None:
    plain = opened(draw_thumbnail(asset("a dragon"), max_side=96))
    marked = opened(draw_thumbnail(asset("a dragon", kind=kind), max_side=96))
    assert marked.format == "WEBP"
    assert distance(plain, marked) > 10


@pytest.mark.parametrize(
    "document", [{}, {"id": None, "metadata": None, "mimeType": None}, {"metadata": "x"}]
)
def test_a_bare_document_is_drawn_too(document: dict[str, Any]) -> None:
    assert opened(draw_asset(document)).size == (1024, 1024)


def test_any_demo_asset_has_a_thumbnail() -> None:
    for document in DEMO.assets[::10]:
        assert max(opened(draw_thumbnail(document, max_side=64)).size) == 64
