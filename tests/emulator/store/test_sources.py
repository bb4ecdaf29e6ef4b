from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from scenario_search.emulator import Emulator, InvalidDocumentError
from scenario_search.emulator.store.sources import Documents

WHOLE = b'{"id": "a"}\n\n{"id": "b"}\n'


def read(path: Path | str) -> list[Any]:
    return list(Documents(path))


@pytest.mark.parametrize("name", ["assets.jsonl", "assets.jsonl.gz"])
@pytest.mark.parametrize("packed", [True, False])
def test_the_content_tells_whether_a_file_is_compressed(
    tmp_path: Path, name: str, packed: bool
) -> None:
    (tmp_path / name).write_bytes(gzip.compress(WHOLE) if packed else WHOLE)
    assert read(tmp_path / name) == [b'{"id": "a"}\n', b'{"id": "b"}\n']


def test_a_byte_order_mark_is_no_part_of_a_document(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + WHOLE)
    assert read(tmp_path / "a.jsonl")[0] == b'{"id": "a"}\n'


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    assert read(tmp_path / "a.jsonl") == []


def test_places_are_lines_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n1\n2\n \n\n3\n")
    documents = Documents(path)
    read = list(documents)
    places = [documents.place(position) for position in range(len(read))]
    assert places == [f"{path}:{line}" for line in (2, 3, 6)]


def test_documents_without_lines_have_no_place() -> None:
    documents = Documents([{"id": "a"}])
    assert list(documents) == [{"id": "a"}]
    assert documents.place(0) is None


def test_damaged_gzip_data_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(WHOLE)[:-8])
    with pytest.raises(OSError, match=r"a\.jsonl\.gz: after line 3 the gzip data is damaged"):
        read(path)


@pytest.mark.parametrize("source", [5, None, {"id": "x"}, b"{}"])
def test_what_is_no_source_is_refused(source: Any) -> None:
    with pytest.raises(TypeError, match="a path or an iterable of documents, not one"):
        Documents(source)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"id": "x",', "it is not JSON: unexpected end of data at character 12"),
        (b"{'id': 'x'}", "it is not JSON"),
        (b'{"id": "x", "n": NaN}', "it is not JSON"),
        (b'{"id": "\xe9"}', "it is not UTF-8: invalid continuation byte at byte 9"),
        (b"\xff\xfe{\x00", "it is not UTF-8: invalid start byte at byte 1"),
        (b'[{"id": "x"}]', "it must be a JSON object, not an array"),
        (b"null", "it must be a JSON object, not null"),
        (b"{}", 'it needs a text "id", not empty and without U+0000 and U+FFFD, but has none'),
        (b'{"id": 7}', "but has 7"),
        (b'{"id": ""}', "but has ''"),
        (b'{"id": "a\\u0000b"}', "but has"),
    ],
)
async def test_a_wrong_line_is_named_by_file_and_number(
    tmp_path: Path, line: bytes, problem: str
) -> None:
    path = tmp_path / "assets.jsonl"
    path.write_bytes(b'\n{"id": "before"}\n' + line + b'\n{"id": "after"}\n')
    async with Emulator() as emulator:
        with pytest.raises(InvalidDocumentError) as caught:
            await emulator.load(path)
        assert emulator.counts()["assets"] == 0
    assert str(caught.value).startswith(f"{path}:3: ")
    assert problem in str(caught.value)
    assert str(caught.value).endswith("; 0 documents before it are stored")
    assert caught.value.position == 1


async def test_a_wrong_line_leaves_the_whole_batches_before_it(tmp_path: Path) -> None:
    path = tmp_path / "assets.jsonl"
    path.write_bytes(b"".join(b'{"id": "%d"}\n' % n for n in range(2500)) + b"{\n")
    async with Emulator() as emulator:
        with pytest.raises(InvalidDocumentError, match=f"{path}:2501: ") as caught:
            await emulator.load(path)
        assert caught.value.stored == emulator.counts()["assets"] == 2000


async def test_a_wrong_line_sent_over_http_is_named_too() -> None:
    import aiohttp

    async with Emulator() as emulator, aiohttp.ClientSession() as session:
        url = emulator.url.replace("/v1", "/__emulator__/documents/assets")
        async with session.post(url, data=b'{"id": "a"}\n\nno json\n') as response:
            assert response.status == 400
            answer = await response.json()
    assert answer["error"].startswith("body:3: it is not JSON")
    assert answer["details"] == {"stored": 0}
