"""Sessions: ``python -m nox`` runs what CI runs; ``python -m nox -l`` lists all.

What takes minutes, or needs the machine or a service for itself, has two sessions: ``NAME`` is the
whole and runs only when asked for; ``NAME_short`` shows that it works and runs by default.
"""

import os
import shutil
import tempfile
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.14"
nox.options.sessions = [
    *("lint", "typing", "docs", "contract", "bench_short", "wheel", "tests_lowest"),
    *("soak_short", "browser_short", "cluster_short", "tests"),
]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"

# Many tests start processes, and each would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = nox.project.python_versions(PROJECT)
LOWEST = PYTHONS[0]

# What calls a library that is not ours: another version of it may behave differently.
LOWEST_TESTS = [
    *(f"tests/client/{name}" for name in ("http", "sync", "export", "files", "dask")),
    *(f"tests/client/wire/test_{name}.py" for name in ("codec", "hits", "images")),
    *(
        f"tests/client/test_{name}.py"
        for name in ("client", "converter", "lifecycle", "progress", "secrets")
    ),
    *("tests/cli", "tests/faults"),
    *(f"tests/emulator/{name}" for name in ("demo", "http", "likeness", "meaning", "vectors")),
    *(f"tests/emulator/test_{name}.py" for name in ("embedded", "emulator", "pytest_plugin")),
]
# What depends on how the package is installed.
WHEEL_TESTS = [
    *("tests/wheel", "tests/cli/test_cli.py"),
    *("tests/client/test_client.py", "tests/client/http/test_requester.py"),
    *("tests/emulator/test_embedded.py", "tests/emulator/test_pytest_plugin.py"),
]
SOAK, CLUSTER = "tests/soak", "tests/cluster"

# Tests differ a thousandfold in time: a worker that has done its share takes over another's.
ON_ALL_CORES = ("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")
TESTS = (*ON_ALL_CORES, f"--ignore={SOAK}", f"--ignore={CLUSTER}")


def group(*names: str) -> list[str]:
    """Returns the requirements of dependency groups."""
    return list(nox.project.dependency_groups(PROJECT, *names))


def oldest() -> list[str]:
    """Returns each dependency at the oldest version allowed, those of the extras included."""
    extras = PROJECT["project"]["optional-dependencies"]
    lines = [
        *PROJECT["project"]["dependencies"],
        *(line for name in extras for line in extras[name]),
    ]
    return [line.replace(">=", "==", 1) for line in lines if ">=" in line]


def run(session: nox.Session, *command: str, env: dict[str, str] | None = None) -> None:
    """Runs a module or a script with the Python of the environment that sessions share."""
    scripts = session.env_dir.parent / "environment" / ("Scripts" if os.name == "nt" else "bin")
    path = os.pathsep.join([str(scripts), os.environ.get("PATH", os.defpath)])
    session.run(str(scripts / "python"), *command, env={"PATH": path, **(env or {})})


SHARED = ("tests", "typing", "docs", "contract", "lint", "coverage")
IN_SHARED_ENVIRONMENT = {"venv_backend": "none", "requires": ["environment"]}


@nox.session(default=False)
def environment(session: nox.Session) -> None:
    """Makes the environment that most sessions share; each of them requires it."""
    session.install("-e", ".[all]", *group(*SHARED))


@nox.session
def lint(session: nox.Session) -> None:
    """Checks style and formatting."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(**IN_SHARED_ENVIRONMENT)
def typing(session: nox.Session) -> None:
    """Checks types, of the package and of the public calls."""
    run(session, "-m", "mypy")
    run(session, "-m", "pyright")


@nox.session(**IN_SHARED_ENVIRONMENT)
def tests(session: nox.Session) -> None:
    """Runs the tests with the newest dependencies, on the Python that runs nox."""
    run(session, "-m", "pytest", *(session.posargs or TESTS))


def tests_on(session: nox.Session) -> None:
    """Runs the tests on a Python of choice."""
    session.install("-e", ".[all]", *group("tests"))
    session.run("pytest", *(session.posargs or TESTS))


@nox.session(default=False, **IN_SHARED_ENVIRONMENT)
def coverage(session: nox.Session) -> None:
    """Lists the modules with lines or branches that no test runs, in child processes either."""
    with tempfile.TemporaryDirectory() as folder:
        data = {"COVERAGE_FILE": str(Path(folder, "data"))}
        command = ("-m", "coverage", "run", "-m", "pytest", *(session.posargs or TESTS))
        run(session, *command, env=data)
        run(session, "-m", "coverage", "combine", "--quiet", env=data)
        run(session, "-m", "coverage", "report", env=data)


for version in PYTHONS:
    nox.session(tests_on, name=f"tests-{version}", python=version, default=False)


@nox.session(python=LOWEST)
def tests_lowest(session: nox.Session) -> None:
    """Runs the tests that touch other libraries with the oldest dependencies allowed."""
    session.install("-e", ".[all]", *oldest(), *group("client-tests"))
    session.run("pytest", *ON_ALL_CORES, *(session.posargs or LOWEST_TESTS))


@nox.session
def wheel(session: nox.Session) -> None:
    """Builds the sdist and the wheel, or takes those of a folder, and tries the wheel elsewhere.

    ``python -m nox -s wheel -- dist`` tries the distributions in ``dist`` as they are.
    """
    with tempfile.TemporaryDirectory() as folder:
        _try_wheel(session, Path(folder))


def _try_wheel(session: nox.Session, away: Path) -> None:
    given = [Path(word).resolve() for word in session.posargs if Path(word).is_dir()]
    built, other = (*given, away / "dist")[0], away / "of_checkout"
    session.install("build", *PROJECT["build-system"]["requires"])
    build = ("python", "-m", "build", "--no-isolation", "--outdir")
    if not given:
        session.run(*build, str(built))
    session.run(*build, str(other), "--wheel")
    session.run("python", "tests/wheel/contents.py", str(built), str(other))

    shutil.copytree("tests", away / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy("pyproject.toml", away)
    (path,) = built.glob("*.whl")
    session.run("python", "-m", "venv", str(away / "bare"))
    bare = str(away / "bare" / Path(session.bin).name / "python")
    with session.chdir(away):
        session.run(bare, "-m", "pip", "install", "-q", str(path), external=True)
        session.run(bare, "-m", "pip", "check", "-q", external=True)
        session.run(bare, "tests/wheel/bare.py", "--only-core", external=True)
        # Again, if this environment has it from an earlier run: the version is the same.
        session.install("--force-reinstall", "--no-deps", str(path))
        session.install(f"{path}[all]", *group("client-tests"))
        session.run("pytest", *ON_ALL_CORES, *WHEEL_TESTS)


@nox.session(**IN_SHARED_ENVIRONMENT)
def contract(session: nox.Session) -> None:
    """Lets schemathesis try the emulator by its own OpenAPI document."""
    run(session, "tests/contract/check.py", "--max-examples", "20", *session.posargs)


@nox.session(**IN_SHARED_ENVIRONMENT)
def docs(session: nox.Session) -> None:
    """Builds the pages; a warning is an error."""
    run(session, "-m", "sphinx", "-W", "-n", "-b", "html", "docs", "docs/_build/html")


@nox.session(default=False, **IN_SHARED_ENVIRONMENT)
def bench(session: nox.Session) -> None:
    """Measures, on a machine that does nothing else."""
    run(session, "tests/benchmarks", *session.posargs)


@nox.session(**IN_SHARED_ENVIRONMENT)
def bench_short(session: nox.Session) -> None:
    """Shows that the benchmarks work; their figures mean nothing."""
    run(session, "tests/benchmarks", "--short", *session.posargs)


@nox.session(default=False, **IN_SHARED_ENVIRONMENT)
def soak(session: nox.Session) -> None:
    """Puts ten minutes of mixed load with faults on a client: what it holds must stay flat."""
    run(session, "tests/soak/soak.py", *session.posargs)


@nox.session(**IN_SHARED_ENVIRONMENT)
def soak_short(session: nox.Session) -> None:
    """Puts five seconds of mixed load on a client, directly and through a proxy."""
    run(session, "-m", "pytest", SOAK, *session.posargs)


@nox.session(default=False)
def cluster(session: nox.Session) -> None:
    """Crawls 50,000 hits on a Dask cluster, killed at many moments, into files and into S3."""
    session.install("-e", ".[all]", *group("tests", "cluster"))
    kills = {"CLUSTER_HITS": "50000", "CLUSTER_KILLS": "10", "CLUSTER_WORKER_KILLS": "5"}
    session.run("pytest", *(session.posargs or [CLUSTER]), env=kills)


@nox.session(**IN_SHARED_ENVIRONMENT)
def cluster_short(session: nox.Session) -> None:
    """Crawls 4,000 hits on a Dask cluster of two workers, and kills the job and a worker once."""
    run(session, "-m", "pytest", CLUSTER, *session.posargs)


@nox.session(default=False)
def datasets(session: nox.Session) -> None:
    """Loads what a download has written with Hugging Face's datasets, and kills 20 downloads."""
    session.install("-e", ".[all]", *group("tests"), "datasets")
    files = ("tests/client/files/test_metadata.py", "tests/client/files/test_download_kills.py")
    session.run("pytest", *(session.posargs or files), env={"DOWNLOAD_KILLS": "20"})


@nox.session(default=False, **IN_SHARED_ENVIRONMENT)
def live(session: nox.Session) -> None:
    """Asks the live service what its documentation leaves open: 60 searches, and a report."""
    wanted = {"SCENARIO_LIVE_REPORT": "live-report.md"}
    run(session, "-m", "pytest", "tests/live", *session.posargs, env=wanted)


@nox.session(default=False, **IN_SHARED_ENVIRONMENT)
def fuzz(session: nox.Session) -> None:
    """Tries the properties with twenty times the examples."""
    profile = {"HYPOTHESIS_PROFILE": "fuzz"}
    run(session, "-m", "pytest", "-m", "hypothesis", *session.posargs, env=profile)


GALLERIES, EXAMPLES = "tests/client/display/test_in_browser.py", "tests/docs/test_examples.py"
GUARD = "tests/emulator/http/test_guard.py"
BROWSER_SHORT = [
    f"{GALLERIES}::test_hostile_hits_run_nothing",
    f"{GALLERIES}::test_every_picture_is_shown_and_all_weigh_a_tenth_of_the_files",
    f"{EXAMPLES}::test_the_page_of_the_service_searches_once_the_typing_rests",
    GUARD,
]


@nox.session(default=False, **IN_SHARED_ENVIRONMENT)
def browser(session: nox.Session) -> None:
    """Tries galleries, the search service's page and a rebound one, where there is a Chromium."""
    needs_chromium(session)
    run(session, "-m", "pytest", GALLERIES, EXAMPLES, GUARD, "-m", "browser", *session.posargs)


@nox.session(**IN_SHARED_ENVIRONMENT)
def browser_short(session: nox.Session) -> None:
    """Tries the pages that matter most, where there is a Chromium."""
    needs_chromium(session)
    run(session, "-m", "pytest", *BROWSER_SHORT, "-m", "browser", *session.posargs)


def needs_chromium(session: nox.Session) -> None:
    """Skips a session where there is no Chromium."""
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        session.skip("there is no chromium on the path")


# What writes parts of the documentation


@nox.session(default=False, **IN_SHARED_ENVIRONMENT)
def notebooks(session: nox.Session) -> None:
    """Runs the notebooks of the documentation, and keeps what they show."""
    run(session, "-m", "tests.notebooks", *session.posargs)


@nox.session(default=False, **IN_SHARED_ENVIRONMENT)
def screenshots(session: nox.Session) -> None:
    """Takes the documentation's pictures of pages, where there is a Chromium."""
    needs_chromium(session)
    run(session, "-m", "tests.screenshots")


@nox.session(default=False, **IN_SHARED_ENVIRONMENT)
def captures(session: nox.Session) -> None:
    """Keeps what the commands show on terminals of 80 and 120 columns."""
    run(session, "tests/captures.py")


@nox.session(default=False, **IN_SHARED_ENVIRONMENT)
def fault_matrix(session: nox.Session) -> None:
    """Tries the fault matrix, and writes it into the documentation."""
    run(session, "-m", "pytest", "tests/faults", "-k", "not documentation", *session.posargs)
    run(session, "tests/faults/fault_matrix.py")


# What looks for weaknesses


@nox.session(default=False)
def audit(session: nox.Session) -> None:
    """Looks for known vulnerabilities in what the package depends on."""
    session.install("-e", ".[all]", "pip-audit")
    session.run("pip-audit", "--skip-editable", *session.posargs)


@nox.session(default=False)
def security(session: nox.Session) -> None:
    """Looks for what attackers use, with bandit's rules as ruff has them."""
    session.install(*group("lint"))
    session.run("ruff", "check", "--select", "S", "scenario_search")
