from __future__ import annotations

import io

import pytest
from PIL import Image

from scenario_search.wire.image_types import HEAD, picture_type


@pytest.mark.parametrize(
    ("format", "kind"),
    [
        ("png", "image/png"),
        ("jpeg", "image/jpeg"),
        ("webp", "image/webp"),
        ("gif", "image/gif"),
        ("tiff", "image/tiff"),
        ("bmp", "image/bmp"),
        ("avif", "image/avif"),
        ("jpeg2000", "image/jp2"),
    ],
)
def test_a_picture_of_a_format_is_known(format: str, kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(file, format)
    assert picture_type(file.getvalue()[:HEAD]) == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -->\n<svg>", "image/svg+xml"),
        (b"#?RADIANCE\n", "image/vnd.radiance"),
        (b"v/1\x01\x02\0\0\0", "image/x-exr"),
        (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
        (b"\0\0\0 ftypheic\0\0\0\0", "image/heic"),
        (b"\0\0\0\x1cftypmif1", "image/heic"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"GIF87a", "image/gif"),
        (b"XXXX\x24\0\0\0WEBPVP8 ", None),
        (b"\xef\xbb\xbf\x89PNG\r\n\x1a\n", None),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", None),
        (b"<!DOCTYPE html><html><svg>", None),
        (b'{"error": "expired"}', None),
        (b"BMW is a car", None),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"\0\0\0 ftypisom", None),
        (b"\x89PNG", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_a_picture(head: bytes, kind: str | None) -> None:
    assert picture_type(head) == kind


def test_a_long_text_of_spaces_is_read_in_no_time() -> None:
    assert picture_type(b"<!--" * 128) is None
    assert picture_type(b" " * HEAD) is None
