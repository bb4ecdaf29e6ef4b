from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from command_line import invoke

from scenario_search import AsyncScenario, F

COMMAND = [sys.executable, "-W", "error", "-m", "scenario_search"]


@contextmanager
def emulating(
    *arguments: str, command: Sequence[str] = COMMAND
) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run the emulator: give the process, and the environment it tells a client to use."""
    process = subprocess.Popen(
        [*command, "emulate", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline().removeprefix("export ") for _ in range(4)]
        yield process, dict(line.strip().partition("=")[::2] for line in lines)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("columns", [80, 120])
def test_the_demo_fits_the_terminal_and_shows_every_step(columns: int) -> None:
    done = invoke("demo", columns=columns)

    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    assert max(map(len, done.stdout.splitlines())) <= columns
    for title in ("by text", "Filter and sort", "by meaning", "by picture", "every hit", "Crawl"):
        assert title in done.stdout
    assert "262 lines in public.jsonl" in done.stdout
    assert "Where to go next" in done.stdout


async def test_emulate_says_how_to_use_it_and_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    documents = tmp_path / "assets.jsonl"
    documents.write_text(
        "\n".join(
            json.dumps({"id": f"a{n}", "ownerId": "project_demo", "metadata": {"width": n}})
            for n in range(5)
        )
    )
    with emulating("--data", str(documents), "--db", str(tmp_path / "kept.db")) as (_, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        async with AsyncScenario() as client:
            found = [hit.id async for hit in client.search.asset_search(filter=F.width >= 2)]

    assert sorted(found) == ["a2", "a3", "a4"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_emulate_ends_in_order_when_it_is_told_to(how: signal.Signals) -> None:
    with emulating("--demo") as (process, _):
        process.send_signal(how)
        _, said = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "500 assets, 60 models, 12 workflows" in said
    assert said.endswith("Stopped.\n")


def test_emulate_ends_in_order_where_the_loop_takes_no_signals() -> None:
    code = (
        "import asyncio; from scenario_search.cli import main\n"
        "def refuse(*_): raise NotImplementedError  # as on Windows\n"
        "asyncio.SelectorEventLoop.add_signal_handler = refuse\n"
        "main()"
    )
    with emulating(command=(sys.executable, "-W", "error", "-c", code)) as (process, _):
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)

    assert process.returncode == 0
    assert said.endswith("Stopped.\n")


def test_emulate_names_a_file_that_is_not_there() -> None:
    done = invoke("emulate", "--data", "nowhere.jsonl")

    assert done.exit_code == 2
    assert "there is no file nowhere.jsonl" in done.stderr


def test_emulate_names_a_wrong_line_and_what_is_stored(tmp_path: Path) -> None:
    documents = tmp_path / "assets.jsonl"
    documents.write_text('{"id": "a"}\n\n{"name": "b"}\n')
    done = invoke("emulate", "--data", str(documents))

    assert done.exit_code == 1
    assert f'Error: {documents}:3: it needs a text "id"' in done.stderr
    assert done.stderr.endswith("0 documents before it are stored\n")


def test_emulate_names_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("no database at all " * 100)
    done = invoke("emulate", "--db", str(tmp_path / "notes.db"))

    assert done.exit_code == 1
    assert "notes.db can't be opened as a database" in done.stderr


def test_emulate_tells_of_the_files_it_loads(tmp_path: Path) -> None:
    (tmp_path / "assets.jsonl").write_text('{"id": "a"}\n')
    (tmp_path / "files").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "files" / name).write_bytes(b"x")
    options = ("--data", str(tmp_path / "assets.jsonl"), "--files", str(tmp_path / "files"))
    with emulating(*options) as (process, _):
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)

    assert "1 assets added, 0 updated" in said
    assert "1 files with them, 1 of no asset, 0 unreadable" in said


def test_emulate_takes_no_files_without_their_assets(tmp_path: Path) -> None:
    done = invoke("emulate", "--files", str(tmp_path))

    assert done.exit_code == 2
    assert "--files go with the assets of --data" in done.stderr


def test_emulate_ends_at_once_while_it_loads(tmp_path: Path) -> None:
    documents = tmp_path / "many.jsonl"
    documents.write_text("".join(f'{{"id": "{n}"}}\n' for n in range(100_000)))
    command = [*COMMAND, "emulate", "--port", "0", "--data", str(documents)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Loading")
        process.send_signal(signal.SIGINT)
        given, said = process.communicate(timeout=60)

    assert process.returncode == 0
    assert (given, said) == ("", "Stopped.\n")


def test_emulate_says_when_the_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = invoke("emulate", "--port", str(server.getsockname()[1]))

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: cannot listen: Address already in use; choose another")
    assert len(done.stderr.splitlines()) == 1


def test_a_private_project_is_crawled_loaded_and_searched(tmp_path: Path) -> None:
    """The first emulator stands for the service, whose documents name their project."""
    kinds = {"data": "assets", "models": "models", "workflows": "workflows"}
    served, loads = [], []
    for option, kind in kinds.items():
        documents = tmp_path / f"served_{kind}.jsonl"
        document = {"id": f"{kind}_1", "ownerId": "proj_Mine", "privacy": "private", "name": "Mill"}
        document |= {"createdAt": "2026-01-01T00:00:00Z", "metadata": {"name": "Mill"}}
        documents.write_text(f"{json.dumps(document)}\n")
        served += [f"--{option}", str(documents)]
        loads += [f"--{option}", str(tmp_path / f"{kind}.jsonl")]
    with emulating("--project", "proj_Mine", *served) as (_, service):
        for kind in kinds.values():
            done = invoke("crawl", kind, "-o", str(tmp_path / f"{kind}.jsonl"), env=service)
            assert done.exit_code == 0, done.stderr

    with emulating(*loads) as (process, elsewhere):
        done = invoke("assets", "mill", "--json", env=elsewhere)
        assert json.loads(done.stdout)["hits"] == []
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert "1 assets belong to the project proj_Mine and are not public" in said
    assert "start with --project proj_Mine" in said

    database = ("--db", str(tmp_path / "kept.db"), "--project", "proj_Mine")
    with emulating(*database, *loads) as (process, mirror):
        process.send_signal(signal.SIGTERM)
        assert "Warning" not in process.communicate(timeout=30)[1]
    with emulating(*database) as (_, mirror):
        for kind in kinds.values():
            done = invoke(kind, "mill", "--json", env=mirror)
            assert f'"{kind}_1"' in done.stdout, done.stderr


async def test_emulate_is_ready_once_all_is_loaded() -> None:
    with emulating("--demo") as (_, environment):
        url = environment["SCENARIO_BASE_URL"].replace("/v1", "/readyz")
        async with aiohttp.ClientSession() as session:
            ready = False
            while not ready:
                async with session.get(url) as response:
                    ready = response.status == 200
                    body = await response.json()
    assert body == {"status": "ready"}


def test_emulate_passes_its_options_on() -> None:
    options = ("--result-cap", "2", "--sort-first", "--allow-host", "emulator")
    options += ("--api-key", "ours", "--cors", "http://localhost:5173")
    with emulating("--demo", *options) as (_, environment):
        assert environment["SCENARIO_SDK_API_KEY"] == "ours"
        url = f"{environment['SCENARIO_BASE_URL']}/search/assets"
        body = {"query": "castle", "sortBy": ["createdAt:asc"], "public": True}
        headers = {"Origin": "http://localhost:5173", "Host": "emulator"}
        credentials = aiohttp.encode_basic_auth("ours", environment["SCENARIO_SDK_API_SECRET"])
        headers |= {"Authorization": credentials, "Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as response:
            page = json.loads(response.read())
            assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
    dates = [hit["createdAt"] for hit in page["hits"]]
    assert (page["estimatedTotalHits"], dates) == (2, sorted(dates))


@pytest.mark.parametrize("options", [("--cors", "*"), ("--allow-host", "http://emulator")])
def test_emulate_names_an_origin_or_host_name_that_is_none(options: tuple[str, str]) -> None:
    done = invoke("emulate", *options)

    assert done.exit_code == 2
    assert "must be" in done.stderr
    assert options[1] in done.stderr


@pytest.mark.parametrize("host", ["192.0.2.7", "no.such.host.invalid"])
def test_emulate_names_a_host_that_is_not_this_machine(host: str) -> None:
    done = invoke("emulate", "--port", "0", "--host", host)

    assert done.exit_code == 1
    assert f"this machine has no address '{host}' for --host" in done.stderr
