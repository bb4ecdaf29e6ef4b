"""What no well-behaved client sends: each has an answer, none is a 500, and the next is served."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from scenario_search.emulator import Emulator
from scenario_search.emulator.contract.requests import MAX_QUERY

PATH = "/v1/search/assets"
QUERY = b'{"query": "castle"}'


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator(bearer_auth="t") as emulator:
        emulator.load_sync([{"id": "a", "metadata": {"name": "castle"}}])
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Iterator[Emulator]:
    yield running
    status, _, body = answer(running, request(QUERY))
    assert status == 200
    assert json.loads(body)["estimatedTotalHits"] == 1


def request(
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = PATH,
    version: str = "HTTP/1.1",
    close: bool = True,
    **headers: str | None,
) -> bytes:
    every = {
        "Host": "localhost",
        "Authorization": "Bearer t",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close" if close else None,
    }
    every |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}\r\n" for name, value in every.items() if value is not None]
    return f"{method} {path} {version}\r\n{''.join(lines)}\r\n".encode() + body


def sent(emulator: Emulator, data: bytes, *, half_closed: bool = False) -> bytes:
    """All that comes back until the connection ends."""
    port = int(emulator.url.split(":")[2].removesuffix("/v1"))
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(data)
        if half_closed:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


def answer(emulator: Emulator, data: bytes, **options: bool) -> tuple[int, str, bytes]:
    head, _, body = sent(emulator, data, **options).partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode("latin-1"), body


def assert_api_error(wanted: int, status: int, head: str, body: bytes) -> None:
    assert status == wanted
    assert "\r\nx-request-id: " in head.lower()
    assert "\r\ncontent-type: application/json" in head.lower()
    content = json.loads(body)
    assert content.keys() - {"details"} == {"error", "code"}


def refusal(emulator: Emulator, body: bytes, **headers: str | None) -> tuple[int, str]:
    status, _, content = answer(emulator, request(body, **headers))
    return status, json.loads(content)["code"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD"])
def test_another_method_is_a_405_that_names_the_right_one(emulator: Emulator, method: str) -> None:
    status, head, body = answer(emulator, request(QUERY, method=method))
    assert status == 405
    assert "\r\nAllow: POST" in head
    assert bool(body) == (method != "HEAD")


def test_http_1_0_is_answered_in_kind(emulator: Emulator) -> None:
    status, head, body = answer(emulator, request(QUERY, version="HTTP/1.0", close=False))
    assert status == 200
    assert head.startswith("HTTP/1.0")
    assert json.loads(body)["hits"]


def test_requests_sent_ahead_are_answered_in_order(emulator: Emulator) -> None:
    bodies = [json.dumps({"query": "x", "limit": size}).encode() for size in range(1, 51)]
    ahead = b"".join(request(body, close=False) for body in bodies[:-1])
    received = sent(emulator, ahead + request(bodies[-1]))
    assert received.count(b"HTTP/1.1 200 OK") == 50
    places = [received.index(b'"limit":%d,' % size) for size in range(1, 51)]
    assert places == sorted(places)


def test_a_body_in_chunks_is_read(emulator: Emulator) -> None:
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(QUERY), QUERY)
    data = request(chunks, Transfer_Encoding="chunked", Content_Length=None)
    assert answer(emulator, data)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Transfer_Encoding": "chunked"},
        {"Transfer_Encoding": "chunked", "Content_Length": None},
        {"content_length": "3"},
        {"Content_Length": "-1"},
        {"X": "y" * 100_000},
    ],
)
def test_wrong_http_is_a_400_of_the_api(emulator: Emulator, headers: dict[str, Any]) -> None:
    assert_api_error(400, *answer(emulator, request(QUERY, **headers)))


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\0\x01\0\r\n\r\n",
        b"hello\r\n\r\n",
        bytes(range(256)) + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/search/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["TLS", "a word", "bytes", "HTTP/2", "a path", "a long path"],
)
def test_what_is_no_http_is_a_400_of_the_api_and_not_logged(
    emulator: Emulator, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    status, head, body = answer(emulator, data)
    assert_api_error(400, status, head, body)
    assert json.loads(body)["details"]["reason"]
    assert caplog.records == []


@pytest.mark.parametrize("path", [PATH, "/nowhere"])
def test_an_expectation_nobody_knows_is_a_417(emulator: Emulator, path: str) -> None:
    data = request(QUERY, path=path, Expect="miracles")
    assert_api_error(417, *answer(emulator, data))


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_body_that_can_not_be_unpacked_is_a_400_and_not_logged(
    emulator: Emulator, coding: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert_api_error(400, *answer(emulator, request(QUERY, Content_Encoding=coding)))
    assert caplog.records == []


def test_a_client_that_sends_no_more_gets_its_response(emulator: Emulator) -> None:
    received = sent(emulator, request(QUERY, close=False), half_closed=True)
    assert received.startswith(b"HTTP/1.1 200 OK")


def test_a_body_that_ends_early_has_no_answer(emulator: Emulator) -> None:
    assert sent(emulator, request(QUERY, Content_Length="500"), half_closed=True) == b""


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ";;;", None])
def test_another_content_type_is_a_415(emulator: Emulator, kind: str | None) -> None:
    assert refusal(emulator, QUERY, Content_Type=kind) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"query": "\xff"}',
        '{"query": "x"}'.encode("utf-16"),
        b"\xef\xbb\xbf" + QUERY,
        b'{"query": "\\ud800"}',
        b'{"query":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"query":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"query": "x", "limit": 1e999}',
    ],
)
def test_a_body_that_is_no_json_is_a_400(emulator: Emulator, body: bytes) -> None:
    assert refusal(emulator, body) == (400, "INVALID_JSON")


def test_a_small_body_that_unpacks_to_a_large_one_is_a_413(emulator: Emulator) -> None:
    bomb = gzip.compress(b'{"query": "' + b"x" * 70_000_000 + b'"}', 1)
    assert refusal(emulator, bomb, Content_Encoding="gzip") == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "query",
    [
        "x" * 10_000_000,
        "castle " * 1_400_000,
        "-" * 100_000,
        '"' * 100_001,
        "龍" * 100_000,
        "e" + "\u0301" * 100_000,
        "a\0b",
    ],
    ids=["letters", "words", "signs", "quotes", "characters", "accents", "nul"],
)
def test_a_query_of_any_length_is_answered(emulator: Emulator, query: str) -> None:
    assert answer(emulator, request(json.dumps({"query": query}).encode()))[0] == 200


def test_of_a_long_query_the_beginning_is_read(emulator: Emulator) -> None:
    query = "castle" + " " * MAX_QUERY + "-castle"
    body = answer(emulator, request(json.dumps({"query": query}).encode()))[2]
    assert json.loads(body)["estimatedTotalHits"] == 1


@pytest.mark.parametrize(
    "filter",
    [
        "(" * 500_000,
        "NOT " * 200_000 + "width > 1",
        " OR ".join(["width > 1"] * 6000),
        "width > " + "é" * 100_000,
    ],
    ids=["parentheses", "not", "or", "letters"],
)
def test_a_filter_past_the_limits_is_a_400(emulator: Emulator, filter: str) -> None:
    assert refusal(emulator, json.dumps({"filter": filter}).encode()) == (400, "INVALID_FILTER")


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000)
    content = chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/png", png(20_000, 20_000)),
        ("image/png", png(2**31 - 1, 2**31 - 1)),
        ("image/png", png(0, 0)),
        ("image/png", png(1000, 1000)[:500]),
        ("image/png", b"\0\0\0\x1cftypavif"),
        ("image/avif", b"\0\0\0\x1cftypavif"),
        ("image/svg+xml", b"<svg/>"),
        ("image/jpeg", b"<svg/>"),
        ("image/jpeg", b"\xff\xd8\xff\xe0"),
        ("image/png", b"\0" * 21 * 1024 * 1024),
    ],
)
def test_a_picture_that_can_not_be_read_is_a_400(
    emulator: Emulator, media_type: str, content: bytes
) -> None:
    url = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    for body in ({"image": url}, {"images": {"like": [], "unlike": [url]}}):
        assert refusal(emulator, json.dumps(body).encode()) == (400, "INVALID_IMAGE")


@pytest.mark.parametrize(
    "url", ["data:image/png;base64", "data:image/png;base64,@@", "data:image/png" + ";" * 5000]
)
def test_a_data_url_that_is_none_is_a_400(emulator: Emulator, url: str) -> None:
    assert refusal(emulator, json.dumps({"image": url}).encode()) == (400, "INVALID_IMAGE")


@pytest.mark.parametrize("id_", ["a" * 1_000_000, "a\0b", "https://example.com/x.png", "é/../"])
def test_an_id_that_is_none_is_a_400(emulator: Emulator, id_: str) -> None:
    assert refusal(emulator, json.dumps({"image": id_}).encode()) == (400, "UNKNOWN_ASSET")
