from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scenario_search import (
    Images,
    InvalidParamsError,
    SearchAssetSearchParams,
    SearchWorkflowSearchParams,
)
from scenario_search.wire.images import (
    image_problem,
    image_reference,
    reference_images,
)


def encoded(kind: str, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (3, 2)).save(file, kind)
    return file.getvalue()


PNG = encoded("PNG")
PNG_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()


def content_of(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2], validate=True)


class CountingFile(io.RawIOBase):
    """A binary file that counts what is read of it, and gives ``chunk`` bytes at most at once."""

    def __init__(self, data: bytes, chunk: int = 2**20) -> None:
        self._data = io.BytesIO(data)
        self._chunk = chunk
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._data.read(min(len(buffer), self._chunk))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def refusal(source: Any, **options: Any) -> str:
    with pytest.raises(InvalidParamsError) as caught:
        image_reference(source, **options)
    return str(caught.value)


# Sources


@pytest.mark.parametrize("source", ["asset_abc123xyz", "asset-1.2:3", "a", PNG_URL])
def test_ids_and_data_urls_are_given_back_as_they_are(source: str) -> None:
    assert image_problem(source) is None
    assert image_reference(source, max_bytes=len(PNG)) is source


def class_name(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize(
    "source",
    [PNG, bytearray(PNG), memoryview(PNG), io.BytesIO(PNG), CountingFile(PNG)],
    ids=class_name,
)
def test_bytes_and_binary_files_become_data_urls(source: Any) -> None:
    assert image_problem(source) is None
    assert image_reference(source) == PNG_URL


def test_a_path_becomes_a_data_url(tmp_path: Path) -> None:
    path = tmp_path / "misnamed.jpg"
    path.write_bytes(PNG)
    assert image_problem(path) is None
    assert image_reference(path) == PNG_URL


def test_a_file_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(b"header" + PNG)
    file.seek(6)
    assert image_reference(file) == PNG_URL


@pytest.mark.parametrize("chunk", [1, 7])
def test_a_file_that_gives_little_at_once_is_read_to_its_end(chunk: int) -> None:
    file: Any = CountingFile(PNG, chunk)
    assert image_reference(file, max_bytes=2**20) == PNG_URL


@pytest.mark.parametrize(
    ("mode", "sent_as"),
    [
        ("1", "1"),
        ("L", "L"),
        ("LA", "LA"),
        ("P", "P"),
        ("RGB", "RGB"),
        ("RGBA", "RGBA"),
        ("I;16", "I;16"),
        ("La", "LA"),
        ("PA", "RGBA"),
        ("RGBa", "RGBA"),
        ("RGBX", "RGB"),
        ("CMYK", "RGB"),
        ("YCbCr", "RGB"),
        ("HSV", "RGB"),
        ("I", "I;16"),
    ],
)
def test_a_pillow_image_of_any_mode_is_sent_as_png(mode: str, sent_as: str) -> None:
    image = Image.new(mode, (3, 2))
    assert image_problem(image) is None
    url = image_reference(image)
    assert url.startswith("data:image/png;base64,")
    sent = Image.open(io.BytesIO(content_of(url)))
    assert (sent.format, sent.mode, sent.size) == ("PNG", sent_as, (3, 2))


def test_a_cmyk_image_keeps_its_colours() -> None:
    sent = Image.open(
        io.BytesIO(content_of(image_reference(Image.new("CMYK", (1, 1), (0, 255, 255, 0)))))
    )
    assert sent.getpixel((0, 0)) == (255, 0, 0)


def test_a_pillow_image_of_floats_has_to_be_converted_by_its_owner() -> None:
    assert "cannot write mode F as PNG" in refusal(Image.new("F", (3, 2)))


# MIME types


@pytest.mark.parametrize(
    ("kind", "mime_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("TIFF", "image/tiff"),
        ("BMP", "image/bmp"),
    ],
)
def test_mime_type_is_told_by_content(kind: str, mime_type: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(encoded(kind))
    url = image_reference(path)
    assert url.startswith(f"data:{mime_type};base64,")
    assert content_of(url) == encoded(kind)


@pytest.mark.parametrize(
    "data",
    [
        b"<html>not found</html>",
        b"%PDF-1.7",
        b"BMW is a car",
        b"\xef\xbb\xbf\x89PNG\r\n\x1a\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_what_is_no_picture_of_pixels_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    assert refusal(path) == f"Cannot use {path} as an image: its first bytes are {data[:12]!r}"


def test_nothing_is_no_picture() -> None:
    assert refusal(b"") == "Cannot use the bytes given as an image: it is empty"
    assert refusal(io.BytesIO()) == "Cannot use the file given as an image: it is empty"


# Size


TOO_LARGE = "it is larger than max_image_bytes (1,000 bytes)"


def test_a_picture_of_exactly_the_limit_is_taken() -> None:
    for source in (PNG, io.BytesIO(PNG), PNG_URL):
        assert image_reference(source, max_bytes=len(PNG)) == PNG_URL


def test_a_picture_of_a_byte_more_is_refused() -> None:
    for source in (PNG, io.BytesIO(PNG), PNG_URL):
        assert "larger than max_image_bytes" in refusal(source, max_bytes=len(PNG) - 1)


@pytest.mark.parametrize("chunk", [7, 2**20])
def test_no_more_than_a_byte_beyond_the_limit_is_read(chunk: int) -> None:
    file = CountingFile(PNG + bytes(5000), chunk)
    assert TOO_LARGE in refusal(file, max_bytes=1000)
    assert file.count == 1001


def test_no_more_of_a_path_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(PNG + bytes(5000))
    opened = CountingFile(path.read_bytes())
    monkeypatch.setattr("builtins.open", lambda *_: opened)
    assert TOO_LARGE in refusal(path, max_bytes=1000)
    assert opened.count == 1001


def test_a_pillow_image_is_held_to_the_limit_as_it_is_sent() -> None:
    noise = Image.effect_noise((100, 100), 80)
    assert TOO_LARGE in refusal(noise, max_bytes=1000)


# What cannot be read


def test_a_missing_file_is_refused_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.png"
    assert refusal(path) == f"Cannot use {path} as an image: No such file or directory"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith(f"Cannot use {tmp_path} as an image: ")


def test_a_path_that_no_system_has_is_refused() -> None:
    assert "null" in refusal(Path("a\0b.png"))


def test_a_file_in_text_mode_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(PNG)
    with path.open(encoding="latin-1") as file:
        assert image_problem(file) == "is a file in text mode: open it in binary mode"
        assert f"Cannot use {path} as an image: open it in binary mode" == refusal(file)


def test_a_file_that_must_be_awaited_is_refused() -> None:
    class UploadFile:
        async def read(self, size: int = -1) -> bytes:
            return PNG[:size]

    assert "UploadFile, which must be awaited" in str(image_problem(UploadFile()))


def test_a_file_that_fails_is_refused() -> None:
    class Failing(io.RawIOBase):
        def readinto(self, _: Any) -> int:
            raise OSError(5, "Input/output error")

    assert refusal(Failing()) == "Cannot use the file given as an image: Input/output error"


def test_a_closed_file_is_refused() -> None:
    file = io.BytesIO(PNG)
    file.close()
    assert "closed" in refusal(file)


def test_a_broken_pillow_image_is_refused() -> None:
    with Image.open(io.BytesIO(encoded("JPEG", "L"))) as image:
        image.fp = io.BytesIO()
        assert "truncated" in refusal(image)


# What can be told without reading


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,iVBORw0KGgo=",
        "DATA:image/PNG;BASE64,iVBORw0KGgo",
        "data:image/svg+xml,%3Csvg%3E",
        "data:image/png;charset=x;base64,AAAA",
        "data:image/x-icon;base64,AA==",
    ],
)
def test_valid_data_urls(url: str) -> None:
    assert image_problem(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "data:",
        "data:,",
        "data:image/png;base64,",
        "data:image/png;base64",
        "data:image/png;base64,iVBORw0KGgo...",
        "data:image/png;base64,AAAA\n",
        "data:image/png;base64,AA=A",
        "data:text/plain;base64,AAAA",
        "data:image;base64,AAAA",
        "Data:text/html,x",
    ],
)
def test_invalid_data_urls(url: str) -> None:
    assert str(image_problem(url)).startswith("is not a valid data URL, ")


@pytest.mark.parametrize(
    "url", ["http://example.com/a.png", "HTTPS://x/a?sig=CANARY", "s3://bucket/key", "ftp://x/y"]
)
def test_web_addresses_are_refused_with_a_hint(url: str) -> None:
    problem = str(image_problem(url))
    assert problem.endswith("not a web address: fetch the picture and pass its bytes")
    assert "CANARY" not in problem


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.png", "a.png"),
        ("A.JPG", "A.JPG"),
        ("./a", "./a"),
        ("~/pictures/a", "~/pictures/a"),
        ("C:\\a.webp", "C:\\a.webp"),
        ("file:///tmp/a.png", "/tmp/a.png"),
    ],
)
def test_file_names_are_refused_with_a_hint(text: str, path: str) -> None:
    expected = "must be an existing AssetId or a valid data URL; for a file pass "
    assert str(image_problem(text)) == f"{expected}Path({path!r})"


@pytest.mark.parametrize("text", ["", " ", "a b", "asset_1 ", "asset_1\n", "ässet", "\ud800"])
def test_other_texts_are_no_asset_ids(text: str) -> None:
    expected = f"must be an existing AssetId or a valid data URL, not {text!r}"
    assert str(image_problem(text)) == expected


@pytest.mark.parametrize("source", [None, 5, ["a"], {"a": 1}, object(), Image], ids=class_name)
def test_other_objects_are_refused(source: object) -> None:
    assert str(image_problem(source)).endswith(f"not {type(source).__name__}")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ((), (), ())),
        ({"image": "a"}, (("a",), (), ())),
        ({"images": Images(like=["b"])}, ((), ["b"], ())),
        ({"image": b"a", "images": {"unlike": ["c"]}}, ((b"a",), (), ["c"])),
        ({"images": {"like": "asset_a", "unlike": b"b"}}, ((), ("asset_a",), (b"b",))),
        ({"images": {"like": Path("a.png"), "unlike": None}}, ((), (Path("a.png"),), ())),
    ],
)
def test_the_reference_images_of_a_search(given: Any, expected: Any) -> None:
    assert reference_images(SearchAssetSearchParams(**given)) == expected


def test_a_search_that_takes_no_images_has_none() -> None:
    assert reference_images(SearchWorkflowSearchParams(query="x")) == ((), (), ())
