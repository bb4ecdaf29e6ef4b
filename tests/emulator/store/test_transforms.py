from __future__ import annotations

from io import BytesIO
from urllib.parse import parse_qs

import pytest
from PIL import Image

from scenario_search.emulator.contract.refusals import RefusedError
from scenario_search.emulator.store.transforms import Transform


def picture(
    size: tuple[int, int] = (80, 40), colour: object = "red", mode: str = "RGB", format: str = "PNG"
) -> bytes:
    file = BytesIO()
    Image.new(mode, size, colour).save(file, format)
    return file.getvalue()


def transform(query_string: str) -> Transform:
    return Transform.read(parse_qs(query_string, keep_blank_values=True))


def applied(query_string: str, source: bytes | None = None) -> Image.Image:
    content, media_type = transform(query_string).applied(source or picture())
    image = Image.open(BytesIO(content))
    assert image.get_format_mimetype() == media_type
    return image


@pytest.mark.parametrize(
    ("query_string", "size"),
    [
        ("width=40", (40, 20)),
        ("height=20", (40, 20)),
        ("width=40&height=auto", (40, 20)),
        ("width=20&height=20", (20, 20)),
        ("width=20&height=20&fit=cover", (20, 20)),
        ("width=20&height=20&fit=contain", (20, 20)),
        ("width=20&height=20&fit=fill", (20, 20)),
        ("width=20&height=20&fit=inside", (20, 10)),
        ("width=20&height=20&fit=outside", (40, 20)),
        ("height=20&fit=inside", (40, 20)),
        ("rotate=90", (40, 80)),
        ("rotate=90&width=20", (20, 40)),
    ],
)
def test_a_picture_gets_the_size_that_is_asked_for(
    query_string: str, size: tuple[int, int]
) -> None:
    assert applied(query_string).size == size


@pytest.mark.parametrize(
    ("format", "kind"),
    [
        *(("origin", "PNG"), ("auto", "WEBP"), ("jpeg", "JPEG"), ("jpg", "JPEG")),
        *(("png", "PNG"), ("webp", "WEBP"), ("tiff", "TIFF"), ("tif", "TIFF")),
    ],
)
def test_a_picture_gets_the_format_that_is_asked_for(format: str, kind: str) -> None:
    assert applied(f"width=20&format={format}").format == kind


def test_avif_is_written_by_a_pillow_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    Image.init()
    if "AVIF" in Image.SAVE:
        assert applied("format=avif").format == "AVIF"
    source = picture()
    monkeypatch.setattr(Image, "SAVE", {})
    with pytest.raises(RefusedError, match="cannot write avif"):
        applied("format=avif", source)


def test_quality_makes_a_file_smaller() -> None:
    noise = BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(noise, "PNG")
    sizes = [
        len(transform(f"format=webp&quality={quality}").applied(noise.getvalue())[0])
        for quality in (5, 50, 100)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2] / 3


def test_cover_cuts_contain_pads_and_fill_stretches() -> None:
    halves = Image.new("RGB", (80, 40), "red")
    halves.paste("blue", (40, 0, 80, 40))
    file = BytesIO()
    halves.save(file, "PNG")
    corners = {
        fit: applied(f"width=20&height=20&fit={fit}&background=00ff00", file.getvalue())
        .convert("RGB")
        .getpixel((1, 1))
        for fit in ("cover", "contain", "fill")
    }
    assert corners == {"cover": (255, 0, 0), "contain": (0, 255, 0), "fill": (255, 0, 0)}


def test_what_is_transparent_stays_so_or_is_laid_over_the_background() -> None:
    clear = picture(colour=(255, 0, 0, 0), mode="RGBA")
    assert applied("width=20&format=webp", clear).mode == "RGBA"
    assert applied("flatten=true&background=0000ff", clear).getpixel((0, 0)) == (0, 0, 255)
    red, green, blue = applied("format=jpeg&background=0000ff", clear).getpixel((0, 0))
    assert blue > 250
    assert max(red, green) < 5


@pytest.mark.parametrize("colour", ["00f", "0000ff", "0000ff80"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "I;16"])
def test_a_background_of_any_length_fills_pictures_of_any_mode(colour: str, mode: str) -> None:
    source = picture(mode=mode, colour=0, format="TIFF" if mode == "CMYK" else "PNG")
    image = applied(f"rotate=45&format=png&background={colour}", source).convert("RGB")
    assert image.getpixel((0, 0)) == (0, 0, 255)


def test_colours_go_and_edges_soften() -> None:
    assert applied("greyscale=true").mode == "L"
    edge = Image.new("L", (40, 40))
    edge.paste(255, (20, 0, 40, 40))
    file = BytesIO()
    edge.save(file, "PNG")
    assert len(set(applied("blur=5", file.getvalue()).convert("L").tobytes())) > 10


@pytest.mark.parametrize(
    "query_string",
    [
        *("width=0", "width=8193", "width=-1", "width=1.5", "width=", "width=%C2%B2", "width=x"),
        *("quality=0", "quality=101", "format=gif", "fit=tile", "rotate=361", "blur=101"),
        *("greyscale=1", "flatten=", "background=red", "background=12", "size=3"),
        *("width=1&width=2", "width=" + "9" * 5000),
    ],
)
def test_a_value_that_is_not_documented_is_a_400(query_string: str) -> None:
    with pytest.raises(RefusedError) as caught:
        transform(query_string)
    assert (caught.value.status, caught.value.code) == (400, "INVALID_PARAMETER")


def test_the_signature_is_not_a_transform() -> None:
    assert not transform("Policy=a&Signature=b&Key-Pair-Id=c").changes


@pytest.mark.parametrize(
    "source",
    [b"no picture", picture()[:60], picture(format="GIF")[:20], b"\x89PNG\r\n\x1a\n" + b"\0" * 40],
)
def test_what_is_no_picture_is_a_400(source: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        transform("width=20").applied(source)
    assert caught.value.status == 400


def test_a_picture_too_large_is_refused_before_it_is_unpacked() -> None:
    with pytest.raises(RefusedError, match="too large"):
        transform("width=20").applied(picture((7100, 7100), mode="1", colour=0))


@pytest.mark.parametrize(
    ("query_string", "shape", "side"),
    [
        ("width=100", (200, 400), 200),
        ("height=100", (200, 400), 100),
        ("width=100&height=300", (200, 400), 300),
        ("width=900", (200, 400), 400),
        ("format=webp", (200, 400), None),
        ("width=100", (None, 400), None),
        ("width=100", (0, 400), None),
    ],
)
def test_how_large_a_drawing_needs_to_be(
    query_string: str, shape: tuple[int | None, int], side: int | None
) -> None:
    assert transform(query_string).longer_side(*shape) == side


@pytest.mark.parametrize(
    "query_string",
    [
        "width=8192&height=4096",
        "width=8192&height=8192&fit=contain",
        "width=8192&blur=100&format=avif",
        "height=4097&rotate=45",
    ],
)
def test_a_result_of_too_many_pixels_is_a_400(query_string: str) -> None:
    with pytest.raises(RefusedError, match="at most 16777216 in all can be made") as raised:
        transform(query_string).applied(picture())
    assert raised.value.status == 400
