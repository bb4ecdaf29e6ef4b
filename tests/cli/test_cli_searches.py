from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from anyio.from_thread import start_blocking_portal
from command_line import PROCESS, Run, environment, invoke
from forward_proxy import ForwardProxy
from raw_server import RawServer, http
from rich.cells import cell_len

from scenario_search.cli.options import VOCABULARY
from scenario_search.emulator import Emulator
from scenario_search.wire.params import (
    SearchAssetSearchParams,
    SearchModelSearchParams,
    SearchWorkflowSearchParams,
)

CYRILLIC_AND_CJK = "Замок " + "城堡在山上" * 12
GIF = b"GIF89a\x01\x00\x01\x00\x80\x01\x00\x00\x00\x00\xff\xff\xff,"
HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\r\nnext"


@pytest.fixture
def run(scenario_emulator: Emulator) -> Run:
    def run(*arguments: str, **settings: Any) -> Any:
        return invoke(*arguments, env=environment(scenario_emulator), **settings)

    return run


@pytest.fixture(scope="module")
def own_emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        emulator.load_sync(
            [
                {
                    "id": f"asset_{n:04}",
                    "ownerId": "project_demo",
                    "createdAt": f"2025-01-01T00:{n // 60:02}:{n % 60:02}.000Z",
                    "url": f"https://cdn.example/{n}.png?sig=1",
                    "metadata": {"name": CYRILLIC_AND_CJK if n == 0 else HOSTILE, "width": n},
                }
                for n in range(1100)
            ],
            "assets",
        )
        yield emulator


@pytest.fixture
def run_own(own_emulator: Emulator) -> Run:
    def run(*arguments: str, **settings: Any) -> Any:
        return invoke(*arguments, env=environment(own_emulator), **settings)

    return run


def bodies(emulator: Emulator) -> list[Any]:
    return [request.json for request in emulator.requests]


@pytest.mark.parametrize(
    ("command", "params_class"),
    [
        ("assets", SearchAssetSearchParams),
        ("models", SearchModelSearchParams),
        ("workflows", SearchWorkflowSearchParams),
    ],
)
def test_every_parameter_is_an_option(command: str, params_class: Any) -> None:
    options = invoke(command, "--help", columns=200).output
    for name in attrs.fields_dict(params_class):
        shown = VOCABULARY[name]
        assert shown.replace("the query", "QUERY").split(" and ")[0] in options, name


def test_options_become_the_request(run: Run, scenario_emulator: Emulator) -> None:
    options = "assets castle --filter width>=512 --semantic 0.5 --sort createdAt:desc --public"
    more = "--limit 7 --offset 3 --project project_demo --original-assets"
    done = run(*options.split(), *more.split(), "--body", '{"x": 1}', "--ids")

    assert done.exit_code == 0, done.stderr
    request = scenario_emulator.requests[-1]
    assert request.json == {
        "query": "castle",
        "filter": "width>=512",
        "querySemanticRatio": 0.5,
        "sortBy": ["createdAt:desc"],
        "public": True,
        "limit": 7,
        "offset": 3,
        "x": 1,
    }
    assert request.query == {"projectId": "project_demo", "originalAssets": "true"}


def test_a_page_with_a_limit_is_page_mode(run: Run, scenario_emulator: Emulator) -> None:
    run("models", "style", "--page", "2", "--limit", "3", "--ids")

    assert bodies(scenario_emulator)[-1] == {"query": "style", "page": 2, "hitsPerPage": 3}


def test_pictures_are_ids_files_and_data_urls(
    run: Run, scenario_emulator: Emulator, tmp_path: Path
) -> None:
    picture = tmp_path / "a.gif"
    picture.write_bytes(GIF)
    data_url = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    known = run("assets", "castle", "-f", "kind = image", "-n", "1", "--ids").stdout.strip()
    run("assets", "--like", known, "--like", data_url, "--unlike", str(picture), "-n", "1")

    images = bodies(scenario_emulator)[-1]["images"]
    assert images["like"] == [known, data_url]
    assert images["unlike"][0].startswith("data:image/gif;base64,")


def test_a_picture_behind_a_web_address_is_fetched(run: Run, scenario_emulator: Emulator) -> None:
    found = run("assets", "castle", "-f", "kind = image", "-n", "1", "--json").stdout
    hit = json.loads(found)["hits"][0]
    again = run("assets", "--image", hit["url"], "--image-semantic", "0", "-n", "1", "--ids")

    assert again.stdout.strip() == hit["id"]
    fetched = [r for r in scenario_emulator.requests if r.path.startswith("/assets")]
    assert all("authorization" not in map(str.lower, r.headers) for r in fetched)


def test_a_picture_on_this_machine_is_fetched_without_the_environments_proxy(
    run: Run, scenario_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run("assets", "castle", "-f", "kind = image", "-n", "1", "--json").stdout
    hit = json.loads(found)["hits"][0]
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    again = run("assets", "--image", hit["url"], "--image-semantic", "0", "-n", "1", "--ids")
    assert again.stdout.strip() == hit["id"]


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_search_and_its_picture_go_through_a_proxy(
    by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    page = http(b'{"hits": [{"id": "a"}]}')
    with (
        start_blocking_portal() as loop,
        loop.wrap_async_context_manager(RawServer(http(GIF), page)) as server,
        loop.wrap_async_context_manager(ForwardProxy({"api.example": server.port})) as proxy,
    ):
        command = ["assets", "--image", "http://api.example/a.gif", "--ids", "--allow-http"]
        env = {
            "SCENARIO_BASE_URL": "http://api.example",
            "SCENARIO_SDK_API_KEY": "key",
            "SCENARIO_SDK_API_SECRET": "secret",
        }
        if by == "option":
            command += ["--proxy", proxy.url]
        else:
            env["HTTP_PROXY"] = proxy.url
        done = invoke(*command, env=env)

    assert done.stdout == "a\n", done.stderr
    assert proxy.asked == [
        "GET http://api.example/a.gif HTTP/1.1",
        "POST http://api.example/search/assets HTTP/1.1",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nothere.png", "there is no file nothere.png"),
        ("tests", "tests is a folder: name a picture in it"),
        ("/", "/ is a folder"),
        ("~nobody-of-that-name/a.png", "there is no file ~nobody-of-that-name/a.png"),
        (f"{'x' * 300}.png", "cannot read xxx"),
        (os.devnull, f"{os.devnull} holds no picture"),
        ("-", "standard input holds no picture"),
        ("", "--image must be a file, an asset's id or a web address"),
        ("http://127.0.0.1:1/a.png?sig=secret", "cannot fetch http://127.0.0.1:1/a.png?..."),
        ("https://user:word@cdn.example/a.png", "no user name or password"),
    ],
)
def test_a_picture_that_is_nowhere_is_named(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path)
    done = invoke("assets", "--image", text, "--demo")

    assert done.exit_code == 2
    assert told in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_picture_can_come_through_a_pipe(scenario_emulator: Emulator, tmp_path: Path) -> None:
    picture = tmp_path / "a.gif"
    picture.write_bytes(GIF)
    command = shlex.join([*PROCESS, "assets", "-n", "1", "--ids"])
    subprocess.run(
        ["bash", "-c", f"{command} --like <(cat {picture}) --unlike - < {picture}"],
        env={**os.environ, **environment(scenario_emulator)},
        check=False,  # the picture ends where its pixels would begin
        capture_output=True,
    )

    images = bodies(scenario_emulator)[-1]["images"]
    assert images["like"] == images["unlike"]
    assert images["like"][0].startswith("data:image/gif;base64,")


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 100, 120, 200])
@pytest.mark.parametrize("command", ["assets", "models", "workflows"])
def test_a_table_fits_the_terminal(run: Run, command: str, columns: int) -> None:
    done = run(command, "a", columns=columns, terminal=True)

    assert done.exit_code == 0, done.stderr
    assert max(map(cell_len, done.stdout.splitlines())) <= columns
    assert "\x1b" not in done.stdout


def test_a_table_into_a_pipe_is_whole_and_separated_by_tabs(run_own: Run) -> None:
    done = run_own("assets", "-f", "width = 0", columns=40)

    (line,) = done.stdout.splitlines()
    name, kind, _, _, _, _, id = line.split("\t")
    assert name == "Замок " + "城堡在山上" * 12
    assert (kind, id) == ("", "asset_0000")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_wide_characters_fit_and_ids_stay_whole(run_own: Run, columns: int) -> None:
    done = run_own("assets", "-f", "width = 0", columns=columns, terminal=True)

    lines = done.stdout.splitlines()
    assert max(map(cell_len, lines)) <= columns
    assert lines[-1].startswith("Замок 城")
    assert lines[-1].rstrip().endswith("asset_0000")


@pytest.mark.parametrize("form", ["", "--json", "--jsonl", "--csv", "--ids", "--urls"])
def test_no_control_character_of_a_server_gets_through(run_own: Run, form: str) -> None:
    done = run_own("assets", "-f", "width = 5", *form.split())

    assert done.exit_code == 0
    assert "asset_0005" in done.stdout or "/5.png" in done.stdout
    assert not set(done.stdout) & set("\x1b\x07\x9b\u202e\r")


def test_json_means_what_the_server_said(run_own: Run) -> None:
    done = run_own("assets", "-f", "width = 5", "--json")

    page = json.loads(done.stdout)
    assert page["hits"][0]["metadata"]["name"] == HOSTILE
    assert (page["limit"], page["offset"], page["estimatedTotalHits"]) == (20, 0, 1)


def test_jsonl_is_a_hit_a_line(run: Run) -> None:
    lines = run("models", "style", "-n", "3", "--jsonl").stdout.splitlines()
    assert [set(json.loads(line)) >= {"id", "name"} for line in lines] == [True] * 3


def test_csv_is_a_hit_a_row(run: Run) -> None:
    done = run("assets", "castle", "-n", "3", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))

    assert len(rows) == 3
    assert rows[0]["metadata.name"] == "Castle"
    assert json.loads(rows[0]["tags"])


def test_csv_of_nothing_is_a_header(run: Run) -> None:
    done = run("assets", "-f", "width < 0", "--csv")
    assert done.stdout.startswith("id,")
    assert done.stdout.count("\n") == 1


def test_urls_are_whole(run_own: Run) -> None:
    assert run_own("assets", "-f", "width = 7", "--urls").stdout == (
        "https://cdn.example/7.png?sig=1\n"
    )


def test_a_gallery_is_a_file(run: Run, tmp_path: Path) -> None:
    gallery = tmp_path / "g.html"
    done = run("assets", "castle", "-f", "kind = image", "-n", "3", "--html", str(gallery))

    assert (done.exit_code, done.stdout) == (0, "")
    assert gallery.read_text().count("<img") == 3


def test_a_gallery_can_go_to_standard_output(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("assets", "castle", "-f", "kind = image", "-n", "3", "--html", "-")

    assert done.stdout.count("<img") == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "search", ["assets -f kind=image", "assets -f kind=video", "models style", "workflows sketch"]
)
def test_a_gallery_of_the_demo_holds_its_pictures(search: str, tmp_path: Path) -> None:
    gallery = tmp_path / "g.html"
    done = invoke(*search.split(), "--max", "2", "--html", str(gallery), "--demo")

    page = gallery.read_text()
    assert done.exit_code == 0, done.stderr
    assert page.count('<img src="data:image/webp;base64,') == page.count("<img ") >= 2
    assert "127.0.0.1" not in page


@pytest.mark.parametrize(("form", "told"), [("--urls", True), ("--ids", False)])
def test_addresses_of_the_demo_are_said_to_be_gone(form: str, told: bool) -> None:
    done = invoke("assets", "castle", "-n", "1", form, "--demo")
    assert ("one that stays: scenario-search emulate" in done.stderr) is told


def test_workflows_are_searched_for_by_conditions_that_they_have(run: Run) -> None:
    done = run("workflows")
    assert done.exit_code == 2
    assert "Must provide at least one search parameter: the query or --filter" in done.stderr
    assert run("workflows", "-f", "createdAt EXISTS").exit_code == 0


def test_all_workflows_are_counted_without_a_condition(run: Run) -> None:
    every = run("count", "workflows", "-f", "createdAt EXISTS")
    assert int(run("count", "workflows").stdout) == int(every.stdout) > 0


def test_none_at_all_can_be_asked_for(run: Run) -> None:
    done = run("assets", "castle", "--max", "0")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "0 assets: --max is 0.\n")


def test_forms_exclude_each_other(run: Run) -> None:
    done = run("assets", "x", "--ids", "--json")
    assert done.exit_code == 2
    assert "--json and --ids exclude each other" in done.stderr


def test_max_goes_on_to_as_many_pages_as_it_needs(run_own: Run) -> None:
    done = run_own("assets", "-f", "width >= 0", "--limit", "10", "--max", "25", "--ids")
    assert len(done.stdout.splitlines()) == 25


def test_all_as_json_is_one_object(run: Run) -> None:
    done = run("assets", "castle", "--all", "--limit", "7", "--json")
    hits = json.loads(done.stdout)["hits"]
    assert len({hit["id"] for hit in hits}) == len(hits) > 7


def test_all_as_a_table_ends_with_their_number(run: Run) -> None:
    done = run("assets", "castle", "--all", "--limit", "7")
    assert len(re.findall(r"\basset_\w{22}\b", done.stdout)) == 34
    assert done.stderr == "34 assets\n"


def test_all_as_a_gallery_is_one_page(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "all.html"
    done = run("assets", "castle", "--all", "--limit", "7", "--html", str(path))
    assert done.stderr == f"{path}: 34 assets\n"
    assert len(set(re.findall(r"\basset_\w{22}\b", path.read_text()))) == 34


def test_headers_and_query_parameters_are_sent(run: Run, scenario_emulator: Emulator) -> None:
    run("assets", "castle", "--header", "X-Team: red: blue", "--param", "trace=1")
    (request,) = scenario_emulator.requests
    assert request.headers["x-team"] == "red: blue"
    assert request.query["trace"] == "1"


def test_all_that_ends_at_the_engines_cap_is_incomplete(run_own: Run) -> None:
    done = run_own("assets", "-f", "width >= 0", "--all", "--ids")

    assert done.exit_code == 4
    assert len(done.stdout.splitlines()) == 1000
    assert "Warning: " in done.stderr
    assert "scenario-search crawl" in done.stderr


def test_a_count_is_one_request_below_the_cap(run: Run, scenario_emulator: Emulator) -> None:
    done = run("count", "assets", "castle")
    assert int(done.stdout) > 20
    assert len(scenario_emulator.requests) == 1


@pytest.mark.parametrize("conditions", [(), ("-f", "width >= 0")])
def test_a_count_is_exact_past_the_cap(run_own: Run, conditions: tuple[str, ...]) -> None:
    done = run_own("count", "assets", *conditions)
    assert (done.exit_code, done.stdout) == (0, "1100\n")


def test_a_count_without_conditions_that_no_crawl_can_make_is_an_error() -> None:
    same = {"ownerId": "project_demo", "createdAt": "2025-01-01T00:00:00.000Z"}
    with Emulator() as emulator:
        emulator.load_sync({"id": f"a{n}", **same} for n in range(1001))
        done = invoke("count", "assets", env=environment(emulator))

    assert (done.exit_code, done.stdout) == (4, "")
    assert "cannot be counted" in done.stderr


def test_workflows_can_be_counted(run: Run) -> None:
    assert int(run("count", "workflows", "a").stdout) > 0


def test_an_ignored_parameter_is_told_in_the_options_names(run: Run) -> None:
    done = run("assets", "x", "--semantic", "0.3", "--sort", "createdAt:desc", "--ids")
    assert done.exit_code == 0
    assert "Warning: --sort is ignored while --semantic is above 0" in done.stderr


def test_a_count_that_ends_at_the_engines_cap_is_incomplete(
    run_own: Run, own_emulator: Emulator
) -> None:
    own_emulator.load_sync([{"id": f"workflow_{n}"} for n in range(1001)], "workflows")

    done = run_own("count", "workflows", "-f", "status NOT EXISTS")

    assert (done.exit_code, done.stdout) == (4, "1000\n")


def test_no_validate_leaves_it_to_the_server_to_refuse(
    run: Run, scenario_emulator: Emulator
) -> None:
    done = run("assets", "castle", "--page", "1", "--limit", "500", "--no-validate")

    assert done.exit_code == 1
    assert [request.status for request in scenario_emulator.requests] == [400]
