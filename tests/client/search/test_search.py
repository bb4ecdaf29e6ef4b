from __future__ import annotations

import asyncio
import base64
import inspect
import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from fake_transport import correct_page, faked_client

from scenario_search import (
    APITimeoutError,
    AsyncScenario,
    F,
    IgnoredParameterWarning,
    Images,
    InvalidParamsError,
    PaginationError,
    SearchAssetSearchParams,
    SearchModelSearchParams,
)
from scenario_search.http.transport import Answer
from scenario_search.search.methods import AsyncSearch
from scenario_search.wire import images

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
PNG_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()
IDS = [f"asset_{n}" for n in range(35)]


def correct(**options: Any) -> tuple[AsyncScenario, Any]:
    return faked_client(lambda body: correct_page(IDS, body), **options)


class OnceReadable(io.BytesIO):
    """A file that notes each read, and the thread it was in."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.threads: list[int] = []
        self.may_be_read = threading.Event()
        self.may_be_read.set()

    def read(self, size: int | None = -1, /) -> bytes:
        self.threads.append(threading.get_ident())
        assert self.may_be_read.wait(timeout=30)
        return super().read(size)


# Images


async def test_an_image_is_read_once_and_sent_alike_with_every_page() -> None:
    client, sent = correct()
    file = OnceReadable(PNG)
    found = [asset async for asset in client.search.asset_search(image=file, limit=10)]
    assert len(found) == 35
    assert [body["image"] for body in sent.bodies] == [PNG_URL] * 4
    assert len(set(file.threads)) == 1


async def test_an_image_is_read_off_the_loop() -> None:
    client, _ = correct()
    file = OnceReadable(PNG)
    await client.search.asset_search(image=file)
    assert file.threads
    assert threading.get_ident() not in file.threads


async def test_pages_that_are_fetched_at_once_read_an_image_once() -> None:
    client, sent = correct()
    file = OnceReadable(PNG)
    file.may_be_read.clear()
    results = client.search.asset_search(image=file)
    pages = [asyncio.ensure_future(results) for _ in range(8)]
    for _ in range(1000):
        # Turns of the loop in which all eight could come to read.
        await asyncio.sleep(0)
    file.may_be_read.set()
    await asyncio.gather(*pages)
    assert [body["image"] for body in sent.bodies] == [PNG_URL] * 8
    assert len(set(file.threads)) == 1


async def test_a_reading_that_failed_is_tried_again(tmp_path: Path) -> None:
    client, sent = correct()
    path = tmp_path / "late.png"
    results = client.search.asset_search(image=path)
    with pytest.raises(InvalidParamsError, match=r"late\.png"):
        await results
    path.write_bytes(PNG)
    await results
    assert [body["image"] for body in sent.bodies] == [PNG_URL]


async def test_images_to_be_like_and_unlike_keep_their_order() -> None:
    client, sent = correct()
    images = Images(like=["asset_1", PNG], unlike=[PNG_URL, "asset_2"])
    await client.search.asset_search(images=images)
    assert sent.bodies == [
        {"images": {"like": ["asset_1", PNG_URL], "unlike": [PNG_URL, "asset_2"]}}
    ]


async def test_an_empty_side_is_left_out_and_so_is_an_empty_pair() -> None:
    client, sent = correct()
    await client.search.asset_search(images={"like": ["asset_1"], "unlike": []})
    await client.search.asset_search(query="x", images=Images())
    assert sent.bodies == [{"images": {"like": ["asset_1"]}}, {"query": "x"}]


async def test_an_image_above_the_limit_is_not_sent() -> None:
    client, sent = correct(max_image_bytes=len(PNG) - 1)
    with pytest.raises(InvalidParamsError, match="max_image_bytes"):
        await client.search.asset_search(image=PNG)
    assert sent.bodies == []


# The body


async def test_extra_body_wins_over_parameters() -> None:
    client, sent = correct()
    extra = {"query": "y", "showRankingScore": True, "image": "asset_9"}
    await client.search.asset_search(query="x", image=PNG, extra_body=extra)
    assert sent.bodies == [{"query": "y", "showRankingScore": True, "image": "asset_9"}]


@pytest.mark.parametrize(
    "params",
    [
        {"query": "x", "extra_body": {"a": object()}},
        {"query": "x", "extra_body": {"a": "\ud800"}},
        {"query": "x", "offset": 10**30},
    ],
)
async def test_what_json_cannot_hold_is_an_error_of_ours(params: dict[str, Any]) -> None:
    client, sent = correct(validate=False)
    with pytest.raises(InvalidParamsError, match="cannot be written as JSON"):
        await client.search.asset_search(**params)
    assert sent.bodies == []


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 500},
        {"limit": "ten"},
        {"limit": 5, "page": 2},
        {"offset": -1},
        {"hits_per_page": 0},
        {},
    ],
)
async def test_without_validation_a_request_is_sent_as_it_stands(params: dict[str, Any]) -> None:
    client, sent = correct(validate=False)
    sent.answer = lambda _: {"hits": []}
    await client.search.asset_search(**params)
    wire = {"hits_per_page": "hitsPerPage"}
    for name, value in params.items():
        assert sent.bodies[0][wire.get(name, name)] == value
    assert params or sent.sent == [b"{}"]


async def test_without_validation_a_walk_still_needs_a_position() -> None:
    client, sent = correct(validate=False)
    with pytest.raises(InvalidParamsError, match="not a position"):
        async for _ in client.search.asset_search(query="x", limit="ten"):  # type: ignore[call-overload]
            pass
    assert sent.bodies == []


async def test_a_page_size_of_nothing_ends_even_against_a_server_that_goes_on() -> None:
    counter = iter(range(10**6))
    client, _ = faked_client(
        lambda body: {"hits": [{"id": str(next(counter))}], "totalHits": 10}, validate=False
    )
    with pytest.raises(PaginationError):
        async for _ in client.search.asset_search(query="x", page=1, hits_per_page=0):
            pass


async def test_a_filter_goes_out_as_text() -> None:
    client, sent = correct()
    await client.search.asset_search(filter=(F.width >= 1024) & (F.tags == "sea"))
    assert sent.bodies == [{"filter": "width >= 1024 AND tags = sea"}]


@pytest.mark.parametrize("name", ["asset_search", "model_search", "workflow_search"])
async def test_each_search_has_an_address_of_its_own(name: str) -> None:
    client, sent = correct()
    urls: list[str] = []
    post = sent.post

    async def noting(url: str, *args: Any, **kwargs: Any) -> Answer:
        urls.append(url)
        answer: Answer = await post(url, *args, **kwargs)
        return answer

    sent.post = noting
    await getattr(client.search, name)(query="x")
    assert urls == [f"https://api.example/v1/search/{name.removesuffix('_search')}s"]


# Calls


async def test_a_request_object_with_options_beside_it() -> None:
    client, sent = correct()
    params = SearchAssetSearchParams(query="x", limit=5, max_items=30)
    found = [asset.id async for asset in client.search.asset_search(params, max_items=7)]
    assert found == IDS[:7]
    assert sent.bodies[0] == {"query": "x", "offset": 0, "limit": 5}
    assert params.max_items == 30


@pytest.mark.parametrize(
    ("name", "hint"), [("querry", "query"), ("filters", "filter"), ("sort", "sort_by")]
)
def test_a_misspelt_keyword_names_the_nearest_also_beside_a_request_object(
    name: str, hint: str
) -> None:
    client, _ = faked_client(lambda body: correct_page([], body))
    for params in ((), (SearchAssetSearchParams(query="x"),)):
        with pytest.raises(TypeError, match=rf"unexpected keyword .* did you mean {hint}\?"):
            client.search.asset_search(*params, **{name: "x"})


async def test_a_request_object_takes_no_parameters_beside_it() -> None:
    client, _ = correct()
    params = SearchAssetSearchParams(query="x")
    with pytest.raises(TypeError, match="takes limit, query in the request object"):
        client.search.asset_search(params, query="y", limit=5)  # type: ignore[call-overload]


async def test_a_request_object_of_another_search_is_refused() -> None:
    client, _ = correct()
    with pytest.raises(TypeError, match="one SearchAssetSearchParams, not SearchModelSearchParams"):
        client.search.asset_search(SearchModelSearchParams(query="x"))  # type: ignore[call-overload]


async def test_an_unknown_keyword_is_a_type_error_that_names_the_call() -> None:
    client, _ = correct()
    with pytest.raises(TypeError, match=r"asset_search\(\).*'colour'"):
        client.search.asset_search(colour="red")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"workflow_search\(\).*'image'"):
        client.search.workflow_search(image="asset_1")  # type: ignore[call-overload]


async def test_a_call_is_checked_at_once() -> None:
    client, sent = correct()
    with pytest.raises(InvalidParamsError, match="at least one search parameter"):
        client.search.asset_search()
    assert sent.bodies == []


async def test_a_warning_of_an_ignored_parameter_points_at_the_call() -> None:
    client, _ = correct()
    with pytest.warns(IgnoredParameterWarning) as caught:
        client.search.asset_search(query="x", query_semantic_ratio=0.5, sort_by=["width:asc"])
    assert [one.filename for one in caught] == [__file__]


def test_help_shows_every_parameter() -> None:
    signature = inspect.signature(AsyncSearch.asset_search)
    assert {"query", "filter", "image", "limit", "timeout", "max_items"} <= set(
        signature.parameters
    )
    assert all(
        name in str(AsyncSearch.asset_search.__doc__)
        for name in signature.parameters
        if name != "self"
    )
    assert AsyncSearch.asset_search.__name__ == "asset_search"
    assert "image" not in inspect.signature(AsyncSearch.workflow_search).parameters


@pytest.mark.parametrize(
    ("keyword", "hint"), [("qeury", ": did you mean query?"), ("nothing_like_it", "")]
)
def test_an_unknown_keyword_names_the_nearest_one(keyword: str, hint: str) -> None:
    client, _ = correct()
    unknown: dict[str, Any] = {keyword: "x"}
    with pytest.raises(TypeError) as raised:
        client.search.asset_search(**unknown)
    assert str(raised.value) == (
        f"asset_search() got an unexpected keyword argument {keyword!r}{hint}"
    )


# Images that take a while


async def test_the_deadline_includes_reading_an_image(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    client, sent = faked_client(lambda body: correct_page([], body))
    with pytest.raises(APITimeoutError, match="deadline"):
        await client.search.asset_search(image=pipe, deadline=0.05)
    assert sent.bodies == []
    os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))  # the thread goes on, and ends


def test_a_pipe_without_a_writer_does_not_keep_the_process_from_ending(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = f"""
import asyncio, pathlib
from scenario_search import APITimeoutError, AsyncScenario

async def main():
    async with AsyncScenario(api_key="key", api_secret="secret") as client:
        try:
            await client.search.asset_search(image=pathlib.Path({str(pipe)!r}), deadline=0.05)
        except APITimeoutError:
            print("ended")

asyncio.run(main())
"""
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("ended\n", "")


LONG_DATA_URL = "data:image/png;base64," + "A" * 2**17


async def test_a_long_data_url_is_read_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    check = images.check_long_texts

    def noting(params: object) -> None:
        threads.append(threading.current_thread())
        check(params)

    monkeypatch.setattr("scenario_search.search.prepared.check_long_texts", noting)
    client, sent = faked_client(lambda body: correct_page([], body))
    await client.search.asset_search(image=LONG_DATA_URL)
    assert sent.bodies[0]["image"] == LONG_DATA_URL
    assert threading.current_thread() not in threads
    assert len(threads) == 1


async def test_a_long_data_url_is_measured_before_it_is_read() -> None:
    client, _ = faked_client(lambda body: correct_page([], body), max_image_bytes=2**16)
    with pytest.raises(InvalidParamsError, match="larger than max_image_bytes"):
        await client.search.asset_search(image=LONG_DATA_URL + "!")


async def test_a_long_data_url_that_is_not_valid_is_refused_before_it_is_sent() -> None:
    client, sent = faked_client(lambda body: correct_page([], body))
    with pytest.raises(InvalidParamsError, match="not a valid data URL"):
        await client.search.asset_search(image=LONG_DATA_URL + "!")
    assert sent.bodies == []
    unchecked = client.with_options(validate=False)
    unchecked._requester.transport = sent  # type: ignore[assignment]
    await unchecked.search.asset_search(image=LONG_DATA_URL + "!")
    assert len(sent.bodies) == 1


@pytest.mark.parametrize("text", ["data:image/png;base64,!", "data:text/plain,", "a/b", "x"])
def test_a_long_text_that_begins_as_no_image_is_refused_at_the_call(text: str) -> None:
    client, _ = faked_client(lambda body: correct_page([], body))
    with pytest.raises(InvalidParamsError, match="image"):
        client.search.asset_search(image=text + "A" * 2**17)
