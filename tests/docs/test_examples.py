"""The programs of docs/examples do what their docstrings say, against the emulator."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import uvicorn
from chromium import CHROMIUM, run_chromium
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient

from scenario_search import AsyncScenario, F
from scenario_search.emulator import Emulator

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples"
COMMANDS = re.findall(
    r"^python docs/examples/(\w+)\.py (.+)\n```\n(?:\n```{code-block} text\n([^`]*)```\n)?",
    (DOCS / "examples.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
Make = Callable[[], AsyncScenario]


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def make_client(scenario_emulator: Emulator) -> Make:
    """A function that makes a client of the demo emulator, without retries."""
    return lambda: AsyncScenario(
        base_url=scenario_emulator.url,
        api_key=scenario_emulator.api_key,
        api_secret=scenario_emulator.api_secret,
        max_retries=0,
    )


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, make_client: Make) -> Callable[..., int]:
    """Run an example as from the command line; its ``--demo`` is the demo emulator."""

    def run(name: str, *arguments: str) -> int:
        module: Any = example(name)
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        monkeypatch.setattr(module.AsyncScenario, "demo", make_client)
        return int(module.main() or 0)

    return run


# The service


@contextmanager
def served(make_client: Make) -> Iterator[TestClient]:
    with TestClient(example("search_service").make_app(make_client)) as browser:
        yield browser


def test_the_service_finds_pictures(make_client: Make):
    with served(make_client) as browser:
        answer = browser.get("/search", params={"q": "castle"}).json()
    assert answer["total"] == 28
    assert answer["hits"][0]["name"] == "Castle"
    assert answer["hits"][0]["size"] == "1024 \u00d7 1024"
    assert answer["hits"][0]["picture"].startswith("http://127.0.0.1:")
    assert answer["hits"][0]["url"].startswith("http://127.0.0.1:")


def test_the_service_remembers_what_was_asked(make_client: Make, scenario_emulator: Emulator):
    with served(make_client) as browser:
        first = browser.get("/search", params={"q": "Castle "}).json()
        assert browser.get("/search", params={"q": "castle"}).json() == first
    assert len(scenario_emulator.requests) == 1


def test_the_service_sends_nothing_for_a_blank(make_client: Make, scenario_emulator: Emulator):
    with served(make_client) as browser:
        assert browser.get("/search", params={"q": " "}).json() == {"total": 0, "hits": []}
    assert scenario_emulator.requests == []


def test_the_service_hands_a_rate_limit_on(make_client: Make, scenario_emulator: Emulator):
    scenario_emulator.faults.add(status=429, headers={"Retry-After": "61"})
    with served(make_client) as browser:
        answer = browser.get("/search", params={"q": "castle"})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "61"


def test_the_service_calls_any_other_failure_a_bad_gateway(
    make_client: Make, scenario_emulator: Emulator
):
    scenario_emulator.faults.add(status=500, headers={"Retry-After": "0"})
    with served(make_client) as browser:
        assert browser.get("/search", params={"q": "castle"}).status_code == 502


TYPING = """<iframe src="/" onload="type(this.contentDocument)"></iframe><p id="seen"></p>
<script>
  async function type(page) {
    const hits = page.getElementById("hits"), words = page.getElementById("words");
    new MutationObserver(() => {
      seen.textContent = [...hits.querySelectorAll("img")].map(each => each.alt).join(", ");
    }).observe(hits, {childList: true});
    for (const text of ["g", "gl", "gloomy", "gloomy c", "gloomy castle"]) {
      words.value = text;
      words.dispatchEvent(new Event("input"));
      await new Promise(done => setTimeout(done, 50));
    }
  }
</script>"""


def shown_by_chromium(app: Any, path: str) -> str:
    """Serve the app, and give the page as it is once its scripts have run."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none"))
    listener = server.config.bind_socket()
    listener.listen()  # so that a browser that comes before the service has begun waits for it
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}{path}"
        return run_chromium(address, "--dump-dom")
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the path")
def test_the_page_of_the_service_shows_what_is_found(make_client: Make):
    app = example("search_service").make_app(make_client)
    shown = shown_by_chromium(app, "/?q=gloomy+castle")
    assert 'alt="Gloomy Castle"' in shown
    assert "found</p>" in shown


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the path")
def test_the_page_of_the_service_searches_once_the_typing_rests(
    make_client: Make, scenario_emulator: Emulator
):
    app = example("search_service").make_app(make_client)
    app.get("/typing", response_class=HTMLResponse)(lambda: TYPING)
    shown = shown_by_chromium(app, "/typing")
    assert '<p id="seen">Gloomy Castle' in shown
    asked = [seen.json["query"] for seen in scenario_emulator.requests if seen.json]
    assert asked == ["gloomy castle"]


# The nightly crawl


def lines(folder: Path) -> list[str]:
    files = sorted(folder.glob("run-*/assets.jsonl"))
    return [json.loads(line)["id"] for file in files for line in file.read_text().splitlines()]


def test_the_nightly_crawl_brings_each_asset_once(
    main: Callable[..., int],
    tmp_path: Path,
    scenario_emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
):
    assert main("nightly_crawl", str(tmp_path), "--demo") == 0
    assert main("nightly_crawl", str(tmp_path), "--demo") == 0
    scenario_emulator.load_sync(
        [{"id": "asset_new", "privacy": "public", "createdAt": "2026-11-01T00:00:00.000Z"}]
    )
    assert main("nightly_crawl", str(tmp_path), "--demo") == 0
    told = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert told == ["262", "0", "1"]
    found = lines(tmp_path)
    assert len(found) == len(set(found)) == 263
    assert found[-1] == "asset_new"


def test_a_nightly_crawl_that_failed_is_gone_on_with(
    main: Callable[..., int], tmp_path: Path, scenario_emulator: Emulator
):
    scenario_emulator.faults.add(status=400)
    assert main("nightly_crawl", str(tmp_path), "--demo") == 1
    scenario_emulator.faults.clear()
    assert main("nightly_crawl", str(tmp_path), "--demo") == 0
    assert len(list(tmp_path.iterdir())) == 1
    assert len(set(lines(tmp_path))) == 262


# The moodboard


def test_a_moodboard_shows_files_that_are_there(main: Callable[..., int], tmp_path: Path):
    board = tmp_path / "board"
    assert main("moodboard", "--demo", "--tag", "castle", "--most", "5", str(board)) == 0
    page = (board / "index.html").read_text()
    assert page.count("<figure>") == 5
    for file in (board / "files").glob("asset_*"):
        assert f'src="files/{file.name}"' in page


def test_a_moodboard_of_no_picture_is_refused(
    main: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "mine").mkdir()
    assert main("moodboard", "--demo", str(tmp_path / "mine"), str(tmp_path / "board")) == 1
    assert "no picture" in capsys.readouterr().err


def test_a_moodboard_of_no_folder_is_refused(
    main: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        main("moodboard", "--demo", str(tmp_path / "mine"), str(tmp_path / "board"))
    assert f"there is no folder {tmp_path / 'mine'}" in capsys.readouterr().err


# The model finder


async def test_the_model_finder_puts_what_fits_first(make_client: Make):
    async with make_client() as client:
        found = await example("model_finder").find_models(client, "ink drawings of castles")
    assert found[0].model.name == "Ink Drawing Castle Studio"
    assert [each.fit for each in found] == sorted((each.fit for each in found), reverse=True)


async def test_the_model_finder_counts_what_a_model_has_made(make_client: Make):
    async with make_client() as client:
        (best,) = await example("model_finder").find_models(client, "castle", most=1)
        made = client.search.asset_search(filter=F.model_id == best.model.id, public=True)
        assert best.assets == len([asset async for asset in made])


async def test_the_model_finder_keeps_to_a_capability(make_client: Make):
    async with make_client() as client:
        found = await example("model_finder").find_models(
            client, "castle", capability="img2img", most=50
        )
    assert found
    assert all("img2img" in each.model.capabilities for each in found)


def test_the_model_finder_says_when_nothing_fits(
    main: Callable[..., int], capsys: pytest.CaptureFixture[str]
):
    assert main("model_finder", "--demo", "castle", "--capability", "none such") == 1
    assert "No model fits" in capsys.readouterr().err


# All of them


def test_each_program_has_a_command_in_the_page():
    assert sorted(name for name, _, _ in COMMANDS) == sorted(
        path.stem for path in EXAMPLES.glob("*.py")
    )


@pytest.mark.parametrize(
    ("name", "arguments", "shown"), COMMANDS, ids=[name for name, *_ in COMMANDS]
)
def test_the_commands_of_the_page_work(
    name: str,
    arguments: str,
    shown: str,
    main: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    served: list[Any] = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: served.append(app))
    monkeypatch.chdir(tmp_path)
    assert main(name, *shlex.split(arguments)) == 0
    assert served or name != "search_service"
    if shown:
        assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search_service", []),
        ("nightly_crawl", ["assets"]),
        ("moodboard", [".", "board"]),
        ("model_finder", ["castle"]),
    ],
)
def test_a_program_without_credentials_says_so_in_a_line(
    name: str,
    arguments: list[str],
    main: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    for variable in ("SCENARIO_SDK_API_KEY", "SCENARIO_SDK_API_SECRET", "SCENARIO_SDK_JWT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    try:
        ended = main(name, *arguments)
    except SystemExit as stop:
        ended = stop.code
    assert ended != 0
    assert "No credentials: " in capsys.readouterr().err.splitlines()[-1]
