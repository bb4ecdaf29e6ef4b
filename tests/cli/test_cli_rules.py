"""What holds for every command: exit codes, streams, colours, signals, help, completion."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import PROCESS, Run, environment, invoke, on_terminal, start
from PIL import Image
from typer.main import get_command

from scenario_search.cli import app, main
from scenario_search.cli.examples import EXAMPLES
from scenario_search.emulator import Emulator

STYLE = "\x1b["
COLOUR = re.compile(r"\x1b\[(?:[\d;]*;)?(?:3[0-8]|9[0-7])(?:;[\d;]*)?m")
COMMANDS = sorted(filter(None, EXAMPLES))
terminals = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


@pytest.fixture
def run(scenario_emulator: Emulator) -> Run:
    def run(*arguments: str, **settings: Any) -> Any:
        return invoke(*arguments, env={**environment(scenario_emulator), **settings})

    return run


def commands_of(group: Any, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, f"{before}{name} ")
        else:
            yield before + name


def told(done: Any) -> str:
    """Give the one line in which an error is told."""
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    return str(line)


# Exit codes


@pytest.mark.parametrize(
    ("status", "code"), [(400, 1), (401, 5), (403, 5), (404, 1), (429, 1), (500, 1), (503, 1)]
)
@pytest.mark.parametrize("command", ["assets x --retries 0", "crawl models x --retries 0"])
def test_what_the_api_refuses_is_told_by_the_exit_code(
    command: str, status: int, code: int, run: Run, scenario_emulator: Emulator
) -> None:
    scenario_emulator.faults.add(status=status)
    done = run(*command.split())

    assert done.exit_code == code
    assert str(status) in told(done)


def test_the_request_can_be_named_to_the_support(run: Run, scenario_emulator: Emulator) -> None:
    scenario_emulator.faults.add(status=500, headers={"X-Request-Id": "req_7"})
    assert told(run("assets", "x", "--retries", "0")).endswith("[request req_7]")


def test_a_server_is_quoted_as_it_spoke(run: Run, scenario_emulator: Emulator) -> None:
    words = "project_id p has no max_items, nor a `query`"
    scenario_emulator.faults.add(status=400, body={"reason": words})
    assert words in told(run("assets", "x", "--retries", "0"))


def test_how_long_to_wait_is_told(run: Run, scenario_emulator: Emulator) -> None:
    scenario_emulator.faults.add(status=429, headers={"Retry-After": "90"})
    assert "wait for 90 s" in told(run("assets", "x", "--retries", "0"))


def test_without_a_server_it_is_exit_code_1() -> None:
    credentials = {"SCENARIO_SDK_API_KEY": "k", "SCENARIO_SDK_API_SECRET": "s"}
    done = invoke(
        *("assets", "x", "--retries", "0", "--base-url", "http://127.0.0.1:1"), env=credentials
    )
    assert done.exit_code == 1
    assert "The connection to http://127.0.0.1:1/search/assets failed" in told(done)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "No credentials: set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET"),
        ({"SCENARIO_SDK_API_KEY": "k"}, "SCENARIO_SDK_API_SECRET, which is missing"),
    ],
)
@pytest.mark.parametrize("command", ["assets x", "count models x", "crawl assets", "whoami"])
def test_without_credentials_nothing_is_asked(
    command: str, given: dict[str, str], missing: str
) -> None:
    done = invoke(*command.split(), env={"SCENARIO_BASE_URL": "http://127.0.0.1:1", **given})

    assert done.exit_code == 5
    assert missing in told(done)


def test_wrong_credentials_are_never_shown(run: Run) -> None:
    done = run("whoami", SCENARIO_SDK_API_KEY="hidden-1", SCENARIO_SDK_API_SECRET="hidden-2")

    assert done.exit_code == 5
    assert "look at SCENARIO_SDK_API_KEY" in told(done)
    assert "hidden" not in done.stderr


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("assets castle --fliter x", "--filter"),
        ("models x --smeantic 0.5", "--semantic"),
        ("asets castle", "'assets'"),
        ("filter chekc x", "'check'"),
        ("assets castle bridge", "put several words into quotes"),
        ("filter check a b", "put several words into quotes"),
        ("filter fields models", "write --kind in front of it"),
        ("demo assets", "Unexpected argument assets: leave it out"),
        ("--public assets castle", "options stand after the command"),
        ("assets castle --limit 500", "Limit exceeds maximum (100): --limit is 500"),
        ("assets castle --limit many", "--limit must be a whole number, not 'many'"),
        ("download castle --concurrency 0", "--concurrency"),
        ("assets castle --sort sideways", "--sort"),
        ("assets", "the query, --filter, --image"),
        ("assets x --body {", "--body is no JSON"),
        ("assets x --body [1]", "--body takes a JSON object"),
        ("assets x --body null", "--body takes a JSON object"),
        ("assets x --sort createdAt", "such as createdAt:desc, not 'createdAt'"),
        ("crawl assets --since 2025-13-01", "--since must be a date, such as 2025-01-31, or"),
        ("crawl assets --order up", "--order: 'up' is not one of 'newest', 'oldest'"),
        ("assets x --semantic lots", "--semantic must be a number, not 'lots'"),
        ("assets x --html", "'--html' requires an argument"),
        ("assets x --semantic 3 --limit 0", "--limit must be a whole number from 1 to 100, not 0"),
        ("assets x --semantic 3 --limit 0", "--semantic must be a number from 0 to 1, not 3.0"),
        ("assets x --limit 5 --page 2 --offset 0", "use --limit with --offset, or --page with"),
        ("assets x --image a --like b", "--image and --like and --unlike are mutually exclusive"),
        ("assets x --json --csv --ids", "--json, --csv and --ids exclude each other"),
        ("assets x --header nothing", "--header takes 'Name: value', not 'nothing'"),
        ("assets x --base-url http://api.example", "--allow-http"),
        ("assets x --proxy socks5://proxy.example", "--proxy must be the URL of an http or https"),
        ("assets x --proxy http://me:pass@proxy.example", "set HTTPS_PROXY instead"),
        ("crawl assets --since yesterday", "--since"),
        ("crawl assets --resume", "--resume and --checkpoint need a file: -o FILE.jsonl"),
        (
            "crawl assets --checkpoint a.ckpt",
            "--resume and --checkpoint need a file: -o FILE.jsonl",
        ),
        ("crawl pictures", "crawl assets pictures (try"),
        ("count castle tower", "count assets castle tower (try"),
    ],
)
def test_a_wrong_command_is_exit_code_2_with_a_hint(run: Run, command: str, hint: str) -> None:
    done = run(*command.split())

    assert done.exit_code == 2
    line = told(done)
    assert hint in line
    assert not any(words in line for words in ("Input should", "Value error", "unable to parse"))


def test_a_file_that_cannot_be_written_is_exit_code_1(run: Run, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "a.html"
    done = run("assets", "castle", "--html", str(nowhere))

    assert done.exit_code == 1
    assert told(done) == f"Error: {nowhere}: No such file or directory"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
def test_a_gallery_that_the_disk_has_no_room_for_is_named(run: Run) -> None:
    done = run("assets", "castle", "-n", "1", "--html", "/dev/full")

    assert done.exit_code == 1
    assert told(done) == "Error: /dev/full: No space left on device"


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_where_an_error_came_from(place: str) -> None:
    command = ["whoami"]
    command.insert(0 if place == "before" else 1, "--debug")
    done = invoke(*command)

    assert done.exit_code == 5
    assert done.stderr.startswith("Traceback (most recent call last)")
    assert "cli/connection.py" in done.stderr


# Streams and colours


def test_data_and_what_is_said_of_it_have_streams_of_their_own(run: Run) -> None:
    done = run("assets", "castle", "-n", "3")

    assert len(done.stdout.splitlines()) == 3
    assert re.fullmatch(r"3 of about 34 assets · [\d.]+ m?s; go on with .*--all\n", done.stderr)


def test_what_finds_nothing_prints_no_data(run: Run) -> None:
    done = run("assets", "zzqqx")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "No assets found.\n")
    assert run("assets", "castle", "--offset", "100").stderr == "No more assets.\n"


@pytest.mark.parametrize("command", ["assets castle", "assets --help", "filter fields", "demo"])
def test_there_is_no_colour_in_a_pipe(run: Run, command: str) -> None:
    done = run(*command.split(), TERM="xterm-256color")
    assert done.exit_code == 0
    assert STYLE not in done.stdout + done.stderr


@terminals
def test_a_terminal_has_colours_and_json_to_be_read(
    scenario_emulator: Emulator, tmp_path: Path
) -> None:
    shown = on_terminal(
        ["assets castle -n 1", "models style -n 1 --json", "count --help"],
        env=environment(scenario_emulator),
        columns=80,
        folder=tmp_path,
    )
    table, page, help = shown.split("$ scenario-search", 3)[1:]
    assert f"{STYLE}1mname" in table
    assert '{\n  "hits": [\n    {\n      "id": "model_' in page
    assert COLOUR.search(help)


@terminals
def test_no_color_is_obeyed_on_a_terminal(scenario_emulator: Emulator, tmp_path: Path) -> None:
    shown = on_terminal(
        ["assets castle -n 1", "assets --help", "demo", "whoami"],
        env={**environment(scenario_emulator), "NO_COLOR": "1"},
        columns=80,
        folder=tmp_path,
    )
    assert "asset_" in shown
    assert not COLOUR.search(shown)


@terminals
def test_an_error_is_broken_between_words_on_a_terminal(tmp_path: Path) -> None:
    shown = on_terminal(["whoami"], env={}, columns=40, folder=tmp_path)
    lines = shown.splitlines()[1:]

    assert len(lines) > 2
    assert max(map(len, lines)) <= 40
    assert "SCENARIO_SDK_API_SECRET" in " ".join(lines).split()


# Signals and pipes


@contextmanager
def closed_pipe() -> Iterator[int]:
    """Give what is written to with nobody to read it."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


@pytest.mark.parametrize(
    "command",
    [
        "assets castle --jsonl",
        "assets castle",
        "crawl models",
        "count models x",
        "filter fields",
        "assets --help",
    ],
)
def test_a_reader_that_has_enough_ends_a_command_quietly(
    command: str, scenario_emulator: Emulator
) -> None:
    with closed_pipe() as pipe:
        process = start(*command.split(), env=environment(scenario_emulator), stdout=pipe)
        _, said = process.communicate(timeout=60)

    assert (process.returncode, said) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no such device")
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("count models x", "Error: standard output: No space left on device\n"),
        ("assets castle", "Error: standard output: No space left on device\n"),
        ("--version", "Error: No space left on device\n"),
        ("--help", "Error: No space left on device\n"),
    ],
)
def test_a_full_disk_is_told_in_a_line(
    command: str, told: str, scenario_emulator: Emulator
) -> None:
    with Path("/dev/full").open("w") as full:
        process = start(*command.split(), env=environment(scenario_emulator), stdout=full)
        _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert said.endswith(told)
    assert "Traceback" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such shell")
@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_a_stream_that_is_closed_is_no_error(closed: str, scenario_emulator: Emulator) -> None:
    command = f"{shlex.join([*PROCESS, 'assets', 'castle', '-n', '1', '--ids'])} {closed}"
    done = subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, **environment(scenario_emulator)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("" if "1>" in closed else "asset_")


@pytest.mark.parametrize("form", ["--json", "--csv", "--jsonl"])
def test_what_is_piped_is_utf_8_whatever_the_locale(form: str) -> None:
    name = "\N{CASTLE}\N{LATIN SMALL LETTER E WITH ACUTE}\u57ce"
    with Emulator() as emulator:
        document = {"id": "a", "ownerId": "project_demo", "metadata": {"name": name, "width": 1}}
        emulator.load_sync([document], "assets")
        env = {**environment(emulator), "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
        process = start("assets", "-f", "width = 1", form, env=env, encoding="utf-8")
        shown, _ = process.communicate(timeout=60)

    assert name in shown


def test_ctrl_c_ends_a_search_in_one_line(scenario_emulator: Emulator) -> None:
    scenario_emulator.faults.add(stall=True)
    process = start("assets", "castle", env=environment(scenario_emulator))
    while not scenario_emulator.requests:
        subprocess.run(["true"], check=True)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)

    assert (process.returncode, out, said) == (130, "", "Interrupted.\n")


def test_ctrl_c_is_one_line_while_modules_are_imported() -> None:
    code = (
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting)\n"
        "from scenario_search.__main__ import _run\n"
        "_run()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")


# Help and completion


@pytest.mark.parametrize(
    "command", ["--version", "--help", "filter check width>5", "filter fields"]
)
def test_what_asks_no_server_starts_light(command: str) -> None:
    code = (
        "import sys; from scenario_search.cli import app; sys.argv[0] = 'scenario-search'\n"
        "try: app()\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command.split()], capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    heavy = {"aiohttp", "numpy", "onnxruntime", "pandas", "polars", "pyarrow", "PIL", "rapidfuzz"}
    assert done.stdout
    assert "scenario_search.cli.failures" in loaded
    assert loaded & (heavy | {"scenario_search.emulator.emulator"}) == set()


def test_every_command_has_examples() -> None:
    assert set(commands_of(get_command(app))) == set(COMMANDS)


def test_every_example_runs(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (8, 8), colour).save(name)
    examples = [line for command in COMMANDS for line in EXAMPLES[command]]
    first = [line for line in examples if " crawl " in line]
    for line in [*first, *(line for line in examples if line not in first)]:
        program, *arguments = shlex.split(line)
        if "--from" in arguments:  # making all the demo's pictures would take a minute
            crawled = Path("all.jsonl").read_text().splitlines()
            Path("all.jsonl").write_text("\n".join(crawled[:2]))
        if arguments[0] == "emulate":  # it would serve until it is told to stop
            arguments.append("--help")
        *arguments, redirection, output = arguments if ">" in arguments else [*arguments, "", ""]
        done = run(*arguments)
        assert (program, done.exit_code) == ("scenario-search", 0), line + done.stderr
        if redirection:
            Path(output).write_text(done.stdout)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_the_terminal_and_ends_with_examples(command: str, columns: int) -> None:
    done = invoke(*command.split(), "--help", columns=columns)

    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert max(map(len, lines)) <= columns
    for example in EXAMPLES[command]:
        assert f"$ {example}" in map(str.strip, lines)


@pytest.mark.parametrize("group", ["count", "crawl", "filter", "plan"])
def test_the_help_of_a_group_has_an_example_of_each_of_its_commands(group: str) -> None:
    shown = invoke(group, "--help").stdout
    examples = [lines[0] for name, lines in EXAMPLES.items() if name.startswith(group)]
    assert len(examples) > 1
    assert [example for example in examples if f"$ {example}" not in shown] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_no_types_of_python(command: str) -> None:
    shown = invoke(*command.split(), "--help").stdout.replace("<str>", "", 1)
    assert re.findall(r"<\w.*?>", shown) == []


def test_help_names_the_variable_that_sets_the_base_url() -> None:
    shown = invoke("whoami", "--help", columns=120).stdout
    assert re.search(r"--base-url .* \[default: \(SCENARIO_BASE_URL\)\]", shown)


def test_help_goes_from_what_is_searched_for_to_how_it_is_sent() -> None:
    shown = invoke("crawl", "assets", "--help").stdout
    panels = re.findall(r"╭─ (\w+) ─", shown)
    assert panels == ["Arguments", "Search", "Pages", "Crawl", "Request", "Connection"]


@pytest.mark.parametrize("columns", [40, 50])
def test_help_on_a_narrow_terminal_has_whole_words(columns: int) -> None:
    shown = invoke("crawl", "assets", "--help", columns=columns).stdout
    flags = set(re.findall(r"--[a-z-]+", invoke("crawl", "assets", "--help", columns=200).stdout))

    assert max(map(len, shown.splitlines())) <= columns
    assert [flag for flag in flags if not re.search(rf"{flag}(?![a-z-])", shown)] == []
    assert "…" not in shown


def test_without_a_command_there_is_help_with_the_exit_codes() -> None:
    done = invoke()
    assert "Usage: " in done.output
    for told in ("1 the API or a file failed", "2 the command is wrong", "4 the result is incompl"):
        assert told in " ".join(done.output.split())


Completed = Callable[..., str]


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Completed:
    """Run the command as a shell does that completes: give what it prints."""

    def completed(**environment: str) -> str:
        monkeypatch.setattr(sys, "argv", ["scenario-search"])
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        return capsys.readouterr().out

    return completed


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ass", "assets"),
        ("assets --sem", "--semantic"),
        ("assets castle --sort created", "createdAt:desc"),
        ("filter fields --kind mod", "models"),
    ],
)
def test_the_shell_completes(typed: str, found: str, completed: Completed) -> None:
    words = f"scenario-search {typed}"
    shown = completed(
        _SCENARIO_SEARCH_COMPLETE="complete_bash",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split()) - 1),
    )
    assert found in shown.splitlines()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_complete_words_with_colons(shell: str, completed: Completed) -> None:
    shown = completed(
        _SCENARIO_SEARCH_COMPLETE=f"complete_{shell}",
        _TYPER_COMPLETE_ARGS="scenario-search assets castle --sort createdAt:d",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )
    assert "createdAt:desc" in shown.replace("\\", "")
    assert "asc" not in shown.replace("desc", "")


@pytest.fixture(scope="module")
def bash_function() -> str:
    """Give bash's completion function, as the command shows it."""
    detection = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"
    return subprocess.run(
        [*PROCESS, "--show-completion", "bash"],
        env={**os.environ, detection: "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def completed_by_bash(function: str, *words: str) -> list[str]:
    """Give what bash's completion function finds for words, as bash takes them apart."""
    # The function takes its command apart at line breaks.
    command = "\n".join(PROCESS)
    script = (
        f"{function}\nCOMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}\n"
        f"_scenario_search_completion {shlex.quote(command)}; printf '%s\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("assets", "castle", "--imag"), {"--image", "--image-semantic"}),
        (("assets", "--sort", "createdAt"), {"createdAt:desc", "createdAt:asc"}),
        (("assets", "--sort", "createdAt", ":"), {"desc", "asc"}),
        (("assets", "--sort", "createdAt", ":", "d"), {"desc"}),
        (("assets", "--sort", "createdAt", ":", "asc", "--jsonl"), {"--jsonl"}),
    ],
)
def test_bash_completes_words_with_colons(
    words: tuple[str, ...], found: set[str], bash_function: str
) -> None:
    assert set(completed_by_bash(bash_function, "scenario-search", *words)) == found


# --demo


@pytest.mark.parametrize("command", COMMANDS)
def test_demo_asks_the_emulator_whatever_the_environment_says(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if command == "emulate":
        pytest.skip("it serves until it is told to stop: tests/cli/test_cli.py")
    monkeypatch.chdir(tmp_path)
    own = {"filter check": ["width >= 5"], "download": ["castle", "--max", "1", "-o", "."]}
    elsewhere = {
        "SCENARIO_BASE_URL": "http://127.0.0.1:1",
        "SCENARIO_SDK_API_KEY": "k",
        "SCENARIO_SDK_API_SECRET": "s",
    }
    searched = ["style"] if command.endswith(("assets", "models", "workflows")) else []
    done = invoke(*command.split(), *own.get(command, searched), "--demo", env=elsewhere)

    assert (done.exit_code, "Error" in done.stderr) == (0, False), done.stderr


# whoami


def test_whoami_tells_where_and_for_whom_a_search_is(run: Run, scenario_emulator: Emulator) -> None:
    done = run("whoami")

    assert done.stdout.splitlines()[:4] == [
        f"api          {scenario_emulator.url}",
        "credentials  accepted (basic)",
        "project      project_demo",
        "team         team_demo",
    ]
    assert scenario_emulator.api_secret not in done.output


def test_whoami_as_json_names_the_project_that_was_given(run: Run) -> None:
    found = json.loads(run("whoami", "--json", "--project", "project_demo").stdout)
    assert found["project"] == "project_demo"
    assert found["credentials"] == "accepted (basic)"
