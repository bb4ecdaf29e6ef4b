"""What a caller or a server writes stays what it is: a value, a name, a line of text."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest
from fake_transport import client_of, faked_client
from hypothesis import given, strategies as st
from raw_server import Answer as Sent, RawServer, http
from test_filters_properties import hostile, texts, trees

from scenario_search import (
    APIError,
    ConfigurationError,
    F,
    InvalidParamsError,
    SearchAssetSearchResponse,
)
from scenario_search.emulator.filter import parser as filter_parser
from scenario_search.emulator.filter.parser import parse_filter
from scenario_search.errors import InvalidFilterError
from scenario_search.export import files as export
from scenario_search.filters import Filter, parse
from scenario_search.filters.values import value_text
from scenario_search.http.transport import Answer
from scenario_search.search.pages import AsyncSearchHitsOffset

# Two parsers, one meaning


def _text(value: Any) -> str:
    """A value as the wire has it: the emulator's parser knows words and quoted text only."""
    return value if isinstance(value, str) else value_text(value)


def meaning(tree: Any) -> Any:
    """A filter of either parser as nested tuples."""
    name = type(tree).__name__
    match name:
        case "Not":
            return name, meaning(tree.term if hasattr(tree, "term") else tree.operand)
        case "And" | "Or":
            terms = tree.terms if hasattr(tree, "terms") else tree.operands
            return name, *map(meaning, terms)
        case "Comparison":
            return name, tree.field, tree.operator, _text(tree.value)
        case "Between":
            return name, tree.field, _text(tree.low), _text(tree.high)
        case "In":
            return name, tree.field, *map(_text, tree.values)
        case "Contains" | "Matches":
            return "Contains", tree.field, _text(tree.value)
        case "StartsWith":
            return name, tree.field, _text(tree.value)
        case _:
            return name, tree.field


@given(trees)
def test_both_parsers_read_the_same_in_a_filter(tree: Filter) -> None:
    wire = str(tree)
    assert meaning(parse_filter(wire)) == meaning(parse(wire)) == meaning(tree)


@given(texts)
def test_a_value_changes_no_tree(value: str) -> None:
    for wire, node in (
        (F.name == value, filter_parser.Comparison("name", "=", value)),
        (F.name > value, filter_parser.Comparison("name", ">", value)),
        (F.name.matches(value), filter_parser.Contains("name", value)),
        (F.name.contains(value), filter_parser.Contains("name", value)),
        (F.name.starts_with(value), filter_parser.StartsWith("name", value)),
        (F.name.between(value, value), filter_parser.Between("name", value, value)),
        (F.name.is_in([value, value]), filter_parser.In("name", (value, value))),
    ):
        assert parse_filter(str(wire)) == node


@given(hostile)
def test_a_value_made_of_the_languages_own_pieces_stays_within_its_condition(value: str) -> None:
    wire = str((F.kind == "image") & ((F.name == value) | ~(F.tags == value)))
    assert parse_filter(wire) == filter_parser.And(
        (
            filter_parser.Comparison("kind", "=", "image"),
            filter_parser.Or(
                (
                    filter_parser.Comparison("name", "=", value),
                    filter_parser.Not(filter_parser.Comparison("tags", "=", value)),
                )
            ),
        )
    )


@given(st.text(max_size=8) | hostile)
def test_a_field_name_changes_no_tree(name: str) -> None:
    try:
        wire = str((F[name] == "x") & F[name].exists())
    except InvalidFilterError:
        return
    assert parse_filter(wire) == filter_parser.And(
        (filter_parser.Comparison(name, "=", "x"), filter_parser.Exists(name))
    )


# What goes onto the wire


@given(st.text(), st.text())
def test_a_header_is_refused_or_is_one_line(name: str, value: str) -> None:
    client, _ = faked_client(lambda _: {"hits": []})
    try:
        client.search.asset_search(query="x", extra_headers={name: value})
    except InvalidParamsError:
        return
    assert not set(f"{name}{value}") & set("\r\n\0")
    assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name)


FRAMING = {
    "content-length": "0",
    "Content-Length": "5",
    "TRANSFER-ENCODING": "chunked",
    "Content-Encoding": "gzip",
    "Connection": "Upgrade",
    "Keep-Alive": "timeout=5",
    "Upgrade": "h2c",
    "Expect": "100-continue",
    "TE": "trailers",
    "Trailer": "X",
    "Host": "other.example",
}


@pytest.mark.parametrize("name", FRAMING)
def test_no_header_says_where_a_request_goes_or_ends(name: str) -> None:
    """Or part of a body would be read as the next request, whose answer is somebody else's."""
    headers = {name: FRAMING[name]}
    client, _ = faked_client(lambda _: {"hits": []}, validate=False)
    with pytest.raises(InvalidParamsError, match=f"`extra_headers` must not hold {name}"):
        client.search.asset_search(query="x", extra_headers=headers)
    with pytest.raises(ConfigurationError, match=f"`default_headers` must not hold {name}"):
        client.with_options(default_headers=headers)


async def test_what_a_header_holds_stays_in_its_line() -> None:
    values = ["a: b", "a, b; c=d", "é", "\t", "a" * 4000, '"', "%0d%0aX: y"]
    async with (
        RawServer(http(b'{"hits": []}')) as server,
        client_of(server.url, allow_http=True) as client,
    ):
        for value in values:
            await client.search.asset_search(query="x", extra_headers={"X-Value": value})
    for request, value in zip(server.requests, values, strict=True):
        lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        sent = [line for line in lines if line.lower().startswith(b"x-value:")]
        assert [line.partition(b":")[2].strip().decode() for line in sent] == [value.strip()]
        assert not [line for line in lines if line.startswith(b"X:")]


async def test_what_a_query_string_holds_stays_in_its_place() -> None:
    values = ["a&b=c", "a b+c", "%26", "#x", "?x", "/../..", "é\u202e", "\r\nX: y", "a;b", "\0"]
    async with (
        RawServer(http(b'{"hits": []}')) as server,
        client_of(server.url + "/v1") as client,
    ):
        for value in values:
            await client.search.asset_search(query="x", extra_query={"q": value, value: "v"})
    for request, value in zip(server.requests, values, strict=True):
        method, target, version = request.partition(b"\r\n")[0].decode("ascii").split(" ")
        assert (method, version) == ("POST", "HTTP/1.1")
        parts = urlsplit(target)
        assert (parts.path, parts.fragment) == ("/v1/search/assets", "")
        assert parse_qsl(parts.query, keep_blank_values=True) == [("q", value), (value, "v")]


@given(st.text(max_size=30))
def test_a_project_is_refused_or_stays_in_the_query_string(project: str) -> None:
    client, _ = faked_client(lambda _: {"hits": []})
    try:
        search = client.search.asset_search(query="x", project_id=project)
    except InvalidParamsError:
        return
    assert search._search.query == {"projectId": project}


async def test_an_answer_nobody_asked_for_is_given_to_nobody() -> None:
    """A server that answers twice at once must not have its second answer taken for the next."""
    page, forged = (orjson.dumps({"hits": [{"id": one}]}) for one in ("asked", "forged"))
    twice = http(page) + http(forged)
    async with (
        RawServer(Sent(twice, "keep"), Sent(http(page), "keep")) as server,
        client_of(server.url) as client,
    ):
        client._requester.chance = lambda: 0.0
        for _ in range(3):
            found = await client.search.asset_search(query="x")
            assert [hit.id for hit in found.hits] == ["asked"]


async def test_a_server_elsewhere_has_no_download_ask_this_machine(tmp_path: Any) -> None:
    async with RawServer(http(b"x")) as own:
        asset = {"id": "a", "url": f"{own.url}/admin"}
        client, _ = faked_client(lambda _: {"hits": [asset]})
        page = await client.search.asset_search(query="x")
        with pytest.raises(APIError, match="only https is"):
            await client.download(page.hits, tmp_path)
        assert own.connections == 0


# What a server writes

EVIL = (
    "\x1b]0;title\x07\x1b[2J\x9b31m\r\n\b\0\u202egpj.exe\u2066\u200b"
    "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>=cmd|' /C calc'!A0"
)
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")


def evil_page() -> dict[str, Any]:
    hit = {
        "id": EVIL,
        "url": f"javascript:{EVIL}",
        "name": EVIL,
        "type": EVIL,
        "kind": EVIL,
        "description": EVIL,
        "tags": [EVIL],
        "createdAt": EVIL,
        "mimeType": EVIL,
        "metadata": {"prompt": EVIL, "kind": EVIL, "type": EVIL, "thumbnail": {"url": EVIL}},
        EVIL: {EVIL: EVIL},
    }
    return {"hits": [hit], "offset": 0, "limit": 20, "estimatedTotalHits": 1}


class Tags(HTMLParser):
    """The tags and attributes of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


async def evil_answer(kind: str) -> AsyncSearchHitsOffset[Any]:
    client, _ = faked_client(lambda _: evil_page())
    search: Any = getattr(client.search, f"{kind}_search")
    page: AsyncSearchHitsOffset[Any] = await search(query=EVIL)
    return page


@pytest.mark.parametrize("kind", ["asset", "model", "workflow"])
async def test_no_terminal_escape_comes_out_of_a_page(kind: str) -> None:
    page = await evil_answer(kind)
    for thing in (page, page.hits, page.hits[0], page.response):
        for text in (repr(thing), str(thing)):
            assert FORBIDDEN.findall(text) == []


@pytest.mark.parametrize("kind", ["asset", "model", "workflow"])
async def test_no_tag_or_script_comes_out_of_a_page_in_a_notebook(kind: str) -> None:
    page = await evil_answer(kind)
    for thing in (page, page.hits[0]):
        seen = Tags()
        seen.feed(thing._repr_html_())
        assert "script" not in seen.tags
        assert [name for name, _ in seen.attributes if name.startswith("on")] == []
        assert [value for _, value in seen.attributes if "javascript:" in value.lower()[:20]] == []


@pytest.mark.parametrize("status", [200, 302, 400, 401, 429, 500])
@pytest.mark.parametrize(
    "body",
    [orjson.dumps({"error": EVIL, "code": EVIL, "details": EVIL}), EVIL.encode()],
    ids=["json", "text"],
)
async def test_no_terminal_escape_comes_out_of_an_error(status: int, body: bytes) -> None:
    client, _ = faked_client(lambda _: Answer(status, {"x-request-id": EVIL}, body, 0.0))
    client._requester.chance = lambda: 0.0
    with pytest.raises(APIError) as raised:
        await client.search.asset_search(query="x")
    for text in (str(raised.value), repr(raised.value), raised.value.message):
        assert FORBIDDEN.findall(text) == []
        assert "\n" not in text


@pytest.mark.parametrize(
    "data",
    [
        f"HTTP/1.1 {EVIL}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\n{EVIL}: x\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{EVIL}\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Encoding: {EVIL}\r\n\r\n",
        f"HTTP/1.1 302 Found\r\nLocation: {EVIL}\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["status", "header", "chunk", "encoding", "location"],
)
async def test_no_terminal_escape_comes_out_of_broken_http(
    data: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(1)
    async with (
        RawServer(data.encode()) as server,
        client_of(server.url, max_retries=1) as client,
    ):
        client._requester.chance = lambda: 0.0
        with pytest.raises(APIError) as raised:
            await client.search.asset_search(query="x")
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("scenario_search")]
    for text in (str(raised.value), repr(raised.value), *ours):
        assert FORBIDDEN.findall(text) == []


# Spreadsheets

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", '=HYPERLINK("x")']


@pytest.mark.parametrize("text", [*FORMULAS, EVIL])
async def test_no_formula_comes_out_of_a_csv_export(text: str, tmp_path: Any) -> None:
    hit = {"id": text, "url": text, "metadata": {"prompt": text}, "tags": [text], text: text}
    client, _ = faked_client(lambda _: {"hits": [hit], "offset": 0, "estimatedTotalHits": 1})
    target = tmp_path / "hits.csv"
    pages = client.search.asset_search(query="x").pages()
    batches = (page.hits async for page in pages)
    await export.to_csv(export.source_of(SearchAssetSearchResponse, batches), target)
    rows = list(csv.reader(io.StringIO(target.read_bytes().decode("utf-8-sig"), newline="")))
    cells = [cell for row in rows for cell in row]
    assert any(text.strip() in cell for cell in cells)
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
