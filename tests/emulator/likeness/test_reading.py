from __future__ import annotations

import base64
import struct
import zlib
from io import BytesIO
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st
from PIL import Image

from scenario_search.emulator.likeness.reading import (
    UnreadableImageError,
    read_data_url,
    read_image,
)

RED, BLUE = (255, 0, 0), (0, 0, 255)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def two_halves() -> Image.Image:
    image = Image.new("RGB", (40, 20), RED)
    image.paste(BLUE, (20, 0, 40, 20))
    return image


def png_of_size(width: int, height: int) -> bytes:
    """A PNG file that claims a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_supported_formats_are_read_as_rgb(kind: str) -> None:
    image = read_image(encoded(two_halves(), kind))
    assert (image.mode, image.size) == ("RGB", (40, 20))
    red, _, blue = image.getpixel((5, 10))  # type: ignore[misc]
    assert red > 200
    assert blue < 50


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "ICO"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(UnreadableImageError, match="no PNG, JPEG, WebP or GIF"):
        read_image(encoded(two_halves(), kind))


def test_the_first_frame_of_an_animation_is_read() -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in (RED, BLUE)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_image(data).getpixel((4, 4)) == RED


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = read_image(encoded(two_halves(), "JPEG", quality=95, exif=exif))
    assert image.size == (20, 40)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_grey(mode: str) -> None:
    if mode == "P":
        data = encoded(Image.new("P", (4, 4), 0), transparency=0)
    else:
        data = encoded(Image.new(mode, (4, 4), 0))
    assert read_image(data).getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_modes_without_colour_or_with_a_palette_are_read(mode: str) -> None:
    image = read_image(encoded(Image.new("L", (4, 4), 255).convert(mode)))
    assert image.getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bit_greys_keep_their_lightness() -> None:
    image = Image.new("I;16", (4, 4), 32768)
    assert read_image(encoded(image)).getpixel((0, 0)) == (128, 128, 128)


def test_cmyk_jpeg_is_read() -> None:
    assert read_image(encoded(two_halves().convert("CMYK"), "JPEG")).mode == "RGB"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_file_cut_short_is_refused(kind: str) -> None:
    noise = Image.effect_noise((200, 200), 80)
    data = encoded(noise, kind)
    with pytest.raises(UnreadableImageError):
        read_image(data[: len(data) // 2])


@pytest.mark.parametrize("size", [(8000, 7000), (12_000, 9000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(UnreadableImageError, match="pixels"):
        read_image(png_of_size(*size))


def test_the_limit_of_pixels_is_the_callers() -> None:
    data = encoded(two_halves())
    assert read_image(data, max_pixels=800).size == (40, 20)
    with pytest.raises(UnreadableImageError, match="40 x 20 pixels"):
        read_image(data, max_pixels=799)


def test_the_limit_of_bytes_is_the_callers() -> None:
    with pytest.raises(UnreadableImageError, match="larger than 10 bytes"):
        read_image(encoded(two_halves()), max_bytes=10)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"<svg/>", b"\x89PNG\r\n\x1a\n", png_of_size(0, 0)]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableImageError, match="the image"):
        read_image(data)


@given(st.data(), st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]))
def test_damage_gives_a_picture_or_our_error(data: st.DataObject, kind: str) -> None:
    content = bytearray(encoded(two_halves(), kind))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        image = read_image(bytes(content), max_pixels=100_000)
    except UnreadableImageError:
        return
    assert image.mode == "RGB"


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,aGVsbG8/",
        "DATA:Image/PNG;Base64,aGVsbG8/",
        "data:image/png;base64,aGVs\r\n bG8/",
        "data:image/png;base64,aGVsbG8%2F",
        "data:image/png;charset=utf-8;base64,aGVsbG8/",
        "data:image/png,hello%3F",
        "  data:image/png,hello?",
    ],
)
def test_forms_of_a_data_url(url: str) -> None:
    assert read_data_url(url) == (b"hello?", "image/png")


@pytest.mark.parametrize("padding", ["", "=", "=="])
def test_base64_may_lack_its_padding(padding: str) -> None:
    assert read_data_url(f"data:image/png;base64,aGVsbA{padding}")[0] == b"hell"


@given(st.binary())
def test_any_content_comes_back(content: bytes) -> None:
    text = base64.b64encode(content).decode()
    assert read_data_url(f"data:image/webp;base64,{text}") == (content, "image/webp")
    assert read_data_url(f"data:image/webp,{quote(content)}") == (content, "image/webp")


@pytest.mark.parametrize("media_type", ["", "text/plain", "image/svg+xml", "image/tiff", "image"])
def test_other_media_types_are_refused_by_name(media_type: str) -> None:
    with pytest.raises(UnreadableImageError) as raised:
        read_data_url(f"data:{media_type};base64,aGVsbG8=")
    assert (media_type or "(none)") in str(raised.value)
    assert "image/png" in str(raised.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("asset_123", "no data URL"),
        ("data:image/png;base64", "no data URL"),
        ("data:image/png;base64,a*b", "base64"),
        ("data:image/png;base64,abcde", "base64"),
        ("data:image/png;base64,caf\u00e9", "base64"),
    ],
)
def test_broken_data_urls_are_refused(url: str, message: str) -> None:
    with pytest.raises(UnreadableImageError, match=message):
        read_data_url(url)


@pytest.mark.parametrize("content", ["A" * 16, "A" * 10_000])
def test_a_data_url_over_the_limit_is_refused(content: str) -> None:
    with pytest.raises(UnreadableImageError, match="larger than 11 bytes"):
        read_data_url(f"data:image/png;base64,{content}", max_bytes=11)
