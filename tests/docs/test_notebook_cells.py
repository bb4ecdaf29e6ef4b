"""What people do in a notebook, in a real kernel: Ctrl-C, threads, restarts, what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from jupyter_client.manager import start_new_kernel
from raw_server import Answer
from raw_server_thread import PAGE, STALL, served_aside

SECONDS = 60
KEPT_PAGE = Answer(PAGE, then="keep")


@attrs.frozen
class Output:
    """What a cell left behind.

    Attributes:
        printed: Its standard output, then its standard error.
        shown: What it showed, by MIME type, each as it was last.
        error: The name and message of its error.
    """

    printed: str
    shown: list[dict[str, str]]
    error: str


class Notebook:
    """A kernel, and cells that are run in it one after the other."""

    def __init__(self) -> None:
        self.manager, self._client = start_new_kernel(kernel_name="python3")

    def run(self, code: str) -> Output:
        """Run a cell to its end."""
        request = self._client.execute(code, allow_stdin=False)
        printed, error = "", ""
        shown: dict[Any, dict[str, str]] = {}
        while True:
            message = self._client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                printed += content["text"]
            elif kind in ("execute_result", "display_data", "update_display_data"):
                key = content.get("transient", {}).get("display_id", len(shown))
                shown[key] = content["data"]
            elif kind == "error":
                error = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                return Output(printed, list(shown.values()), error)

    def completed(self, code: str) -> list[str]:
        """Give what Tab offers after some code."""
        request = self._client.complete(code)
        while True:
            message = self._client.get_shell_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") == request:
                matches: list[str] = message["content"]["matches"]
                return matches

    def restart(self) -> None:
        """Restart the kernel, and wait until it hears and is heard again."""
        self.manager.restart_kernel(now=False)
        self._client.wait_for_ready(timeout=SECONDS)

    def close(self) -> None:
        self._client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def notebook() -> Iterator[Notebook]:
    notebook = Notebook()
    demo = """
        import threading
        from scenario_search import *
        demo = Scenario.demo()
        page = demo.search.asset_search(query="dragon", limit=5)
    """
    assert notebook.run(re.sub("^ {8}", "", demo, flags=re.MULTILINE)) == Output("", [], "")
    yield notebook
    notebook.close()


def client_of(url: str) -> str:
    return f'client = Scenario(base_url="{url}", api_key="k", api_secret="s", deadline={SECONDS})'


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ('client.search.asset_search(query="x")', "KeyboardInterrupt: "),
        ("list(client.crawl.assets())", "KeyboardInterrupt: "),
        (
            "with client.crawl.assets(concurrency=4, progress=True) as crawl: list(crawl)",
            "KeyboardInterrupt: ",
        ),
        ('client.download(client.crawl.assets(), "files")', "KeyboardInterrupt: "),
        ('client.download((a for a in client.crawl.assets()), "files")', "KeyboardInterrupt: "),
        # The kernel cancels a cell that awaits.
        (
            'async def find(): return client.search.asset_search(query="x")\nawait find()',
            "CancelledError: ",
        ),
    ],
    ids=["search", "crawl", "crawl with tasks", "download", "download of a generator", "await"],
)
def test_an_interrupted_cell_ends_and_the_next_one_runs(
    notebook: Notebook, cell: str, error: str, tmp_path: Any
) -> None:
    notebook.run(f"import os; os.chdir({str(tmp_path)!r})")
    with served_aside(STALL, KEPT_PAGE) as aside:
        notebook.run(client_of(aside.url))
        aside.when_asked(1, notebook.manager.interrupt_kernel)
        assert notebook.run(cell).error == error
        found = notebook.run('len(client.search.asset_search(query="x").hits)')
        assert found.shown[0]["text/plain"] == "2"
        notebook.run("client.close()")
        aside.all_gone()


def test_a_kernel_restarts_with_a_call_under_way_and_a_client_open(notebook: Notebook) -> None:
    other = Notebook()
    try:
        with served_aside(STALL) as aside:
            assert other.run(f"from scenario_search import *\n{client_of(aside.url)}").error == ""
            call = "import threading\nthreading.Thread(target=client.crawl.assets().count).start()"
            arrived = aside.when_asked(1, lambda: None)
            assert other.run(call).error == ""
            arrived.result(SECONDS)
            other.restart()
            aside.all_gone()
        assert other.run("1 + 1").shown[0]["text/plain"] == "2"
    finally:
        other.close()


def test_a_page_shows_itself_as_a_gallery_and_as_text(notebook: Notebook) -> None:
    (shown,) = notebook.run("page").shown
    assert shown["text/html"].count("<img ") == 5
    assert shown["text/plain"].startswith("SyncSearchHitsOffset: 5 of about 26 assets")


def test_hits_in_a_list_take_a_line_each(notebook: Notebook) -> None:
    (shown,) = notebook.run("page.hits").shown
    lines = shown["text/plain"].splitlines()
    assert len(lines) == 5
    assert all(re.match(r"[\[ ]<asset_\w+: .*>[,\]]$", line) for line in lines)
    assert all(len(line) <= 80 for line in lines)


def test_an_empty_page_shows_that_there_is_nothing(notebook: Notebook) -> None:
    (shown,) = notebook.run('demo.search.asset_search(filter=F.name == "nothing")').shown
    assert ">0 assets ·" in shown["text/html"]
    assert ": 0 assets ·" in shown["text/plain"]


def test_no_object_that_is_typed_shows_its_address(notebook: Notebook) -> None:
    names = (
        *("demo", "demo.search", "demo.crawl", "demo.crawl.assets()", "demo.search.asset_search"),
        *("page", "iter(page)", "page.iter_pages()", "page.prefetch(2)", "page.response"),
        *("page.hits[0]", "page.hits[0].metadata", "demo.options", "page.next_page_info()"),
        *("track(page)", "demo.crawl.assets().stats", "demo.crawl.plan(of='models')", "F.width"),
        "next(demo.crawl.models().batches())",
    )
    for name in names:
        output = notebook.run(name)
        assert output.error == ""
        assert " at 0x" not in output.shown[-1]["text/plain"]


def test_tab_offers_what_there_is_to_choose_from(notebook: Notebook) -> None:
    assert {"search", "crawl", "download", "demo"} <= {*notebook.completed("demo.")}
    assert notebook.completed("demo.search.") == ["asset_search", "model_search", "workflow_search"]
    assert {"hits", "iter_pages", "to_pandas"} <= {*notebook.completed("page.")}
    assert {"query=", "filter=", "limit="} <= {*notebook.completed("demo.search.asset_search(")}
    assert {"Scenario", "track", "F"} <= {*notebook.completed("import scenario_search as s\ns.")}


def test_help_shows_every_parameter(notebook: Notebook) -> None:
    text = notebook.run("help(demo.search.asset_search)").printed
    assert "query_semantic_ratio: 'float | None' = None" in text
    assert "sort_by: A field with an order, F.created_at.desc() or 'created_at:desc'" in text


def test_a_query_without_its_keyword_says_what_to_write(notebook: Notebook) -> None:
    assert "query=..." in notebook.run('demo.search.asset_search("dragon")').error


BARS = [
    'n = len(list(track(page, "dragons")))',
    "with demo.crawl.assets(query='dragon', progress=True) as crawl: n = len(list(crawl))",
    "t = threading.Thread(target=lambda: list(track(page)))\nt.start()\nt.join()",
]


def test_a_bar_is_a_widget_in_its_own_cell(notebook: Notebook) -> None:
    for cell in BARS:
        output = notebook.run(cell)
        (shown,) = output.shown
        assert "application/vnd.jupyter.widget-view+json" in shown
        assert (output.printed, output.error) == ("", "")


def test_without_widgets_a_bar_is_text_even_where_warnings_are_errors() -> None:
    notebook = Notebook()
    start = """
        import sys, threading, warnings
        sys.modules["ipywidgets"] = None
        warnings.simplefilter("error")
        from scenario_search import *
        demo = Scenario.demo()
        page = demo.search.asset_search(query="dragon", limit=5)
    """
    try:
        assert notebook.run(re.sub("^ {8}", "", start, flags=re.MULTILINE)).error == ""
        for cell in BARS:
            output = notebook.run(cell)
            assert (output.shown, output.error) == ([], "")
            assert "26/26" in output.printed
    finally:
        notebook.close()


def test_a_download_prints_into_its_own_cell(notebook: Notebook, tmp_path: Any) -> None:
    cell = f"demo.download(page.hits, {str(tmp_path)!r}, progress=lambda r: print(r.downloaded))"
    assert notebook.run(cell).printed.split() == ["1", "2", "3", "4", "5"]


def test_a_frame_without_its_library_says_what_to_install(notebook: Notebook) -> None:
    output = notebook.run('import sys\nsys.modules["polars"] = None\npage.to_polars()')
    assert output.error == "ImportError: This needs polars: pip install 'scenario-search[polars]'"
