"""The interpreter ends, whatever still holds a synchronous client, and whatever it does there."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest
from plain_clients import client_of
from raw_server import Answer, http
from raw_server_thread import PAGE, STALL, ServedAside, served_aside

from scenario_search import Scenario, SearchAssetSearchResponse
from scenario_search.sync import portal

MORE_PAGES = http(b'{"hits":[{"id":"a"}],"offset":0,"limit":1,"estimatedTotalHits":9}')
GUARD = 60.0
"""Seconds after which a child process that hangs is killed, and fails its test."""

PRELUDE = """
import contextlib, sys, threading, time
from scenario_search import Scenario

def new_client(**options):
    return Scenario(base_url=sys.argv[1], api_key="k", api_secret="s", **options)

def search(client):
    return client.search.asset_search(query="a", limit=1)

def hits():
    with new_client() as client:
        yield from search(client)

def prefetched():
    with new_client() as client, search(client).prefetch(2) as hits:
        yield from hits

def crawled():
    with new_client() as client, client.crawl.assets(concurrency=2) as hits:
        yield from hits

@contextlib.contextmanager
def block():
    with new_client() as client:
        yield client

def started(iterator):
    next(iterator)
    return iterator

def entered(block):
    search(block.__enter__())
    return block

class Holder:
    def __init__(self, held=None):
        self.held = held

def in_a_cycle(held):
    holder = Holder(held)
    holder.itself = holder

class Closing:
    def __init__(self):
        self.client = new_client()
        search(self.client)

    def __del__(self):
        self.client.close()
"""


def run_child(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=GUARD,
        check=False,
    )


@pytest.fixture
def aside() -> Iterator[ServedAside]:
    with served_aside(Answer(MORE_PAGES, then="keep")) as aside:
        yield aside


OPEN = [
    "started(hits())",
    "started(prefetched())",
    "started(crawled())",
    "entered(block())",
    "in_a_cycle(started(hits()))",
    "in_a_cycle(started(prefetched()))",
    "in_a_cycle(Closing())",
    "Closing()",
]


@pytest.mark.parametrize("client", OPEN)
def test_a_client_that_a_module_holds_open(client: str, aside: ServedAside) -> None:
    child = run_child(f"held = {client}", aside.url)
    assert (child.returncode, child.stdout, child.stderr) == (0, "", "")


@pytest.mark.parametrize("client", OPEN)
def test_a_client_that_the_frame_of_an_uncaught_exception_holds_open(
    client: str, aside: ServedAside
) -> None:
    code = f"""
        def main():
            held = {client}
            raise LookupError("uncaught")

        main()
    """
    child = run_child(code, aside.url)
    assert child.returncode == 1
    assert child.stderr.endswith("\nLookupError: uncaught\n")
    assert child.stderr.count("Traceback") == 1


def test_a_demo_client_that_a_module_holds_open() -> None:
    code = """
        def hits():
            with Scenario.demo() as client:
                yield from search(client)

        held = started(hits())
    """
    child = run_child(code)
    assert (child.returncode, child.stdout, child.stderr) == (0, "", "")


USES = {
    "a search": "search(self.held)",
    "the first search of all": "search(self.held)",
    "an iteration": "next(self.held)",
    "a download": "self.held.download([], 'nowhere')",
}


@pytest.mark.parametrize("use", USES)
def test_a_client_that_is_used_while_the_interpreter_shuts_down(
    use: str, aside: ServedAside
) -> None:
    held = {
        "an iteration": "started(iter(search(new_client())))",
        "the first search of all": "new_client()",
    }.get(use, "entered(new_client())")
    code = f"""
        class Using(Holder):
            def __del__(self):
                {USES[use]}

        held = Using({held})
    """
    child = run_child(code, aside.url)
    assert child.returncode == 0
    assert "RuntimeError: The interpreter is shutting down" in child.stderr
    assert child.stderr.count("Error") == 1


def test_an_iterator_for_which_a_daemon_thread_waits() -> None:
    code = """
        class Using(Holder):
            def __del__(self):
                next(self.held)

        hits = iter(search(new_client()))
        next(hits)
        held = Using(hits)
        threading.Thread(target=next, args=(hits,), daemon=True).start()
        sys.stdin.read()
    """
    command = [sys.executable, "-c", PRELUDE + textwrap.dedent(code)]
    with (
        served_aside(Answer(MORE_PAGES, then="keep"), STALL) as aside,
        subprocess.Popen([*command, aside.url], stdin=subprocess.PIPE, stderr=-1) as process,
    ):
        assert process.stdin is not None
        aside.when_asked(2, process.stdin.close).result(GUARD)
        assert process.wait(GUARD) == 0


def test_a_hook_of_the_caller_that_blocks_the_loop(aside: ServedAside) -> None:
    code = """
        blocked = threading.Event()

        class Limiter:
            async def __aenter__(self):
                blocked.set()
                threading.Event().wait()

            async def __aexit__(self, *_): ...

        held = entered(new_client())
        client = new_client(limiter=Limiter())
        threading.Thread(target=search, args=(client,), daemon=True).start()
        blocked.wait()
    """
    child = run_child(code, aside.url)
    assert (child.returncode, child.stderr) == (0, "")


def test_a_block_that_is_collected_in_the_clients_event_loop_closes_the_client() -> None:
    client: Scenario
    hits: list[Iterator[SearchAssetSearchResponse]] = []

    def search() -> Iterator[SearchAssetSearchResponse]:
        with client:
            yield from client.search.asset_search(query="a")

    async def collect() -> None:
        hits.clear()

    with served_aside(Answer(PAGE, then="keep")) as aside:
        client = client_of(aside.url)
        hits.append(search())
        next(hits[0])
        portal.Caller().run(collect)
        aside.all_gone()
