"""Synchronous calls from many threads, in running loops, across forks and at the end of all."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fake_transport import Page, correct_page
from open_sockets import linux, sockets_to
from plain_clients import IDS, client_of, faked
from raw_server import Answer, http
from raw_server_thread import PAGE, STALL, served_aside

from scenario_search import Scenario
from scenario_search.emulator import Emulator
from scenario_search.sync import portal

KEPT_PAGE = Answer(PAGE, then="keep")


async def test_a_synchronous_call_works_while_a_loop_runs_in_this_thread() -> None:
    client, _ = faked()
    assert len(client.search.asset_search(query="a").hits) == 20


def test_threads_may_share_one_iterator() -> None:
    client, _ = faked()
    for _ in range(20):
        hits = iter(client.search.asset_search(query="a", limit=1))
        with ThreadPoolExecutor(4) as threads:
            shares = threads.map(lambda _, hits=hits: [hit.id for hit in hits], range(4))
        assert sorted(one for share in shares for one in share) == IDS


def test_threads_may_share_one_iterator_over_pages() -> None:
    client, _ = faked()
    pages = client.search.asset_search(query="a", limit=1).iter_pages()
    with ThreadPoolExecutor(4) as threads:
        shares = threads.map(lambda _: [hit.id for page in pages for hit in page.hits], range(4))
    assert sorted(one for share in shares for one in share) == IDS


def test_all_clients_and_threads_share_one_portal() -> None:
    def search(_: int) -> int:
        client, _transport = faked()
        return len(client.search.asset_search(query="a", limit=7).hits)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(search, range(40))) == {7}
    assert sum(thread.name == "scenario-search" for thread in threading.enumerate()) == 1


def test_use_inside_of_its_own_loop_is_an_error_and_no_deadlock() -> None:
    client, transport = faked()
    failures: list[BaseException] = []

    def answer(body: dict[str, Any]) -> Page:
        try:
            client.search.asset_search(query="inner")
        except RuntimeError as error:
            failures.append(error)
        return correct_page(IDS, body)

    transport.answer = answer
    client.search.asset_search(query="outer")
    assert [str(error)[:27] for error in failures] == ["A synchronous client cannot"]


def test_a_callback_that_ends_the_interpreter_ends_the_call_and_not_the_portal() -> None:
    def leave(_: object) -> None:
        raise SystemExit(3)

    with Scenario.demo() as client:
        with pytest.raises(SystemExit):
            list(client.crawl.assets(progress=leave))
        assert client.search.asset_search(query="castle").hits


def test_a_call_that_ends_the_interpreter_ends_no_other_call() -> None:
    started, ended = threading.Event(), asyncio.Event()

    async def wait() -> str:
        started.set()
        await ended.wait()
        return "returned"

    async def leave() -> None:
        raise SystemExit(3)

    async def end() -> None:
        ended.set()

    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(portal.Caller().run, wait)
        started.wait()
        with pytest.raises(SystemExit):
            portal.Caller().run(leave)
        portal.Caller().run(end)
        assert other.result() == "returned"


def test_a_callback_that_no_thread_waits_for_runs_in_the_next_that_waits() -> None:
    caller = portal.Caller()
    done: list[tuple[str, int]] = []
    options: dict[str, Any] = {"progress": lambda sent: done.append((sent, threading.get_ident()))}
    caller.redirect_progress(options)

    async def send(value: str) -> None:
        options["progress"](value)

    portal.Caller().run(send, "early")
    assert done == []
    caller.run(send, "during")
    here = threading.get_ident()
    assert done == [("early", here), ("during", here)]


def test_a_callback_that_is_forgotten_does_not_run() -> None:
    caller = portal.Caller()
    done: list[str] = []
    options: dict[str, Any] = {"progress": done.append}
    caller.redirect_progress(options)

    async def send() -> None:
        options["progress"]("early")

    portal.Caller().run(send)
    caller.forget()
    caller.run(asyncio.sleep, 0)
    assert done == []


@linux
def test_a_thousand_calls_of_32_threads_leave_nothing_behind() -> None:
    with served_aside(KEPT_PAGE) as aside:
        threads_before = {t.name for t in threading.enumerate()} | {"scenario-search"}
        with client_of(aside.url, max_connections=16) as client:

            def search(number: int) -> int:
                return len(client.search.asset_search(query=f"a{number}").hits)

            with ThreadPoolExecutor(32) as threads:
                assert sum(threads.map(search, range(1000))) == 2000
            assert aside.server.connections <= 16
        assert {t.name for t in threading.enumerate()} <= threads_before
        assert portal.Caller().run(_tasks_beside_this) == 1
        assert sockets_to(aside.server.port) == set()


async def _tasks_beside_this() -> int:
    """Count the tasks of the portal's loop, its own main task among them."""
    return len(asyncio.all_tasks() - {asyncio.current_task()})


def run_script(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program that imports the package, with every warning shown."""
    header = "import sys\nfrom scenario_search import Scenario\n" + textwrap.dedent("""
        url, key, secret = [*sys.argv[1:], "k", "s"][:3]
        client = Scenario(base_url=url, api_key=key, api_secret=secret)
        def search():
            return len(client.search.asset_search(query="a").hits)
    """)
    return subprocess.run(
        [sys.executable, "-W", "always", "-c", header + textwrap.dedent(text), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


@needs_fork
def test_a_fork_amid_calls_of_many_threads_harms_neither_process() -> None:
    script = """
        import gc, os, threading, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads
        counts, midway = [], threading.Event()
        def work():
            for _ in range(16):
                counts.append(search())
                if len(counts) > 200:
                    midway.set()
        threads = [threading.Thread(target=work) for _ in range(32)]
        for thread in threads:
            thread.start()
        midway.wait()
        child = os.fork()
        if child == 0:
            assert search() == search() == 2
            client.close()
            del client
            gc.collect()
            sys.exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        for thread in threads:
            thread.join()
        print(sum(counts), search())
        client.close()
    """
    with served_aside(KEPT_PAGE) as aside:
        done = run_script(script, aside.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["7", "1024", "2"]


@needs_fork
def test_a_fork_inside_of_a_block_leaves_the_parents_requests_alone() -> None:
    script = """
        import os, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads
        page = client.search.asset_search(query="a", limit=1)
        with page.prefetch(3) as hits:
            next(iter(hits))
            child = os.fork()
            if child == 0:
                sys.exit(5)  # leaves the block in the child
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), search())
        client.close()
    """
    total = http(b'{"hits":[{"id":"a"}],"offset":0,"limit":1,"estimatedTotalHits":2}')
    with served_aside(Answer(total, then="keep")) as aside:
        done = run_script(script, aside.url)
    assert (done.returncode, done.stdout.split()) == (0, ["5", "1"]), done.stderr


@needs_fork
def test_a_call_whose_progress_forks_goes_on_in_the_parent_alone(
    scenario_emulator: Emulator,
) -> None:
    script = """
        import os, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads
        children = []
        def progress(_):
            if not children:
                children.append(os.fork())
        try:
            count = len(list(client.crawl.models(progress=progress)))
        except RuntimeError as error:
            print(error, flush=True)
            sys.exit(5)
        print(os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]), count > 5)
        client.close()
    """
    emulator = scenario_emulator
    done = run_script(script, emulator.url, emulator.api_key, emulator.api_secret)
    assert (done.returncode, done.stderr) == (0, "")
    child, parent = done.stdout.splitlines()
    assert child.startswith("This call was started before this process was forked")
    assert parent == "5 True"


@needs_fork
@pytest.mark.parametrize(
    ("block", "use"),
    [
        ("client.crawl.assets(cap=100)", "next(iter(block))"),
        ("client.crawl.assets(cap=100)", "next(block.batches())"),
        ("client.crawl.assets(cap=100)", "block.count()"),
        ("client.crawl.assets(cap=100)", "block.to_pandas()"),
        ("client.crawl.assets(cap=100)", "block.__enter__()"),
        ("page.prefetch(3)", "next(iter(block))"),
        ("page.prefetch(3)", "next(block.pages())"),
        ("page.prefetch(3)", "next(hits)"),
    ],
)
def test_a_block_that_was_entered_before_a_fork_raises_in_the_child(
    block: str, use: str, scenario_emulator: Emulator
) -> None:
    script = f"""
        import os, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads
        page = client.search.asset_search(query="dragon", limit=5)
        with {block} as block:
            hits = iter(block)
            next(hits)
            child = os.fork()
            if child == 0:
                try:
                    {use}
                except RuntimeError as error:
                    print(error, flush=True)
                    sys.exit(5)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(list(hits)) > 5)
        client.close()
    """
    emulator = scenario_emulator
    done = run_script(script, emulator.url, emulator.api_key, emulator.api_secret)
    assert (done.returncode, done.stderr) == (0, "")
    said, of_parent = done.stdout.splitlines()
    assert re.fullmatch(
        "This (SyncCrawl was entered|SyncPrefetch was entered|iteration was started) before this "
        "process was forked, and goes on in its parent: start again here",
        said,
    )
    assert of_parent == "5 True"


@needs_fork
def test_a_crawl_without_tasks_starts_again_in_the_child(scenario_emulator: Emulator) -> None:
    script = """
        import os, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads
        crawl = client.crawl.assets()
        hits = iter(crawl)
        next(hits)
        child = os.fork()
        if child == 0:
            try:
                next(hits)
            except RuntimeError:
                print(crawl.count(), len(list(crawl)), flush=True)
                client.close()
                sys.exit(5)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 1 + len(list(hits)))
        client.close()
    """
    emulator = scenario_emulator
    done = run_script(script, emulator.url, emulator.api_key, emulator.api_secret)
    assert (done.returncode, done.stderr) == (0, "")
    child, parent = done.stdout.splitlines()
    assert child.split() == [parent.split()[1]] * 2
    assert parent.split()[0] == "5"


@needs_fork
def test_copies_of_the_parents_tasks_report_nothing_when_they_are_destroyed() -> None:
    script = """
        import asyncio, gc, os, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads
        from scenario_search.sync import portal
        tasks = []
        async def start():
            tasks.append(asyncio.create_task(asyncio.Event().wait()))
            await asyncio.sleep(0)
        async def end():
            tasks.pop().cancel()
        portal.Caller().run(start)
        child = os.fork()
        if child == 0:
            tasks.clear()
            gc.collect()
            os._exit(5)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        portal.Caller().run(end)
    """
    done = run_script(script, "https://api.example")
    assert (done.stdout, done.stderr) == ("5\n", "")


WITHOUT_DESCRIPTORS = """
    import errno, os, resource, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
    opened = []
    try:
        while True:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    try:
        search()
    except OSError as error:
        code = errno.errorcode[error.errno]
    for each in opened:
        os.close(each)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)
"""
"""The first call finds no descriptor for an event loop; afterwards there are enough."""


@needs_fork
def test_a_loop_that_cannot_be_made_is_an_error_and_the_next_call_makes_one() -> None:
    script = WITHOUT_DESCRIPTORS + "    print(code, search())\n    client.close()"
    with served_aside(KEPT_PAGE) as aside:
        done = run_script(script, aside.url)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["EMFILE", "2"], "")


@needs_fork
def test_a_fork_after_a_loop_could_not_be_made_passes_it_over() -> None:
    script = (
        WITHOUT_DESCRIPTORS
        + """
    child = os.fork()
    if child == 0:
        print(search(), flush=True)
        client.close()
        sys.exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    )
    with served_aside(KEPT_PAGE) as aside:
        done = run_script(script, aside.url)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["2", "7"], "")


def _search_in_worker(url: str) -> int:
    with client_of(url) as client:
        return len(client.search.asset_search(query="a").hits)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_each_worker_of_a_process_pool_may_have_a_client(method: str) -> None:
    script = f"""
        import multiprocessing, warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads
        sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[2])]!r}
        from test_portal import _search_in_worker
        if __name__ == "__main__":
            search()  # the portal runs before there are workers
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                print(pool.map(_search_in_worker, [sys.argv[1]] * 4))
            client.close()
    """
    with served_aside(KEPT_PAGE) as aside:
        done = run_script(script, aside.url)
    assert (done.returncode, done.stdout.strip()) == (0, "[2, 2, 2, 2]"), done.stderr


def test_the_interpreter_ends_amid_a_call_of_a_daemon_thread() -> None:
    script = """
        import sys, threading
        from scenario_search import Scenario
        client = Scenario(base_url=sys.argv[1], api_key="k", api_secret="s")
        call = lambda: client.search.asset_search(query="a")
        call()
        threading.Thread(target=call, daemon=True).start()
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with (
        served_aside(KEPT_PAGE, STALL) as aside,
        subprocess.Popen([*command, aside.url], stdin=subprocess.PIPE) as process,
    ):
        assert process.stdin is not None
        aside.when_asked(2, process.stdin.close).result(60)
        assert process.wait(60) == 0
        aside.all_gone()


def test_an_unclosed_client_warns_once_at_the_end_of_the_interpreter() -> None:
    with served_aside(KEPT_PAGE) as aside:
        done = run_script("search()", aside.url)
    assert done.returncode == 0
    assert done.stderr.count("was not closed: use 'with', or client.close()") == 1
    assert "Unclosed" not in done.stderr  # what aiohttp says of a session or a connector
