"""Sessions: ``python -m nox`` runs what CI runs; ``python -m nox -l`` lists all."""

import os
import shutil
import tempfile
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = [
    *("lint", "typing", "docs", "contract", "wheel", "bench", "tests_lowest", "tests"),
]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = nox.project.python_versions(PROJECT)
LOWEST = PYTHONS[0]
CLIENT_TESTS = ["tests/client"]
EXTRAS_TESTS = [
    *("tests/cli", "tests/emulator/likeness", "tests/emulator/meaning"),
    "tests/emulator/test_demo_emulator.py",
]
WHEEL_TESTS = [
    *("tests/wheel", "tests/cli/test_cli.py", "tests/cli/test_cli_filters.py"),
    *("tests/client/test_client.py", "tests/client/export", "tests/client/sync/test_sync.py"),
    *("tests/emulator/test_demo_emulator.py", "tests/emulator/test_pytest_plugin.py"),
]

# Kernels and loads that want the machine for themselves.
BY_THEMSELVES = ["tests/docs/test_notebook_cells.py", "tests/docs/test_notebooks.py", "tests/soak"]

# The tests of a file stay together: they share what a module's fixtures have made.
ON_ALL_CORES = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")


def group(name: str) -> list[str]:
    """Give the requirements of a dependency group."""
    return list(nox.project.dependency_groups(PROJECT, name))


def oldest() -> list[str]:
    """Give the oldest version that is allowed of each dependency, those of the extras included."""
    extras = PROJECT["project"]["optional-dependencies"]
    lines = [
        *PROJECT["project"]["dependencies"],
        *(line for name in extras for line in extras[name]),
    ]
    return [line.replace(">=", "==", 1) for line in lines if ">=" in line]


@nox.session(python=LOWEST)
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(python=LOWEST)
def typing(session: nox.Session) -> None:
    """Check types, of the package and of the public calls."""
    # What is only read needs no bytecode, which takes as long as the rest of the installation.
    session.install("--no-compile", "-e", ".[all]", *group("typing"))
    session.run("mypy")
    session.run("pyright", "--pythonpath", f"{session.bin}/python")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests with the newest dependencies."""
    session.install("-e", ".[all]", *group("tests"))
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    session.run("pytest", *ON_ALL_CORES, *(f"--ignore={name}" for name in BY_THEMSELVES))
    session.run("pytest", *BY_THEMSELVES)


@nox.session(python=LOWEST)
def tests_lowest(session: nox.Session) -> None:
    """Run the tests of the client and the extras with the oldest dependencies allowed."""
    session.install("-e", ".[all]", *oldest(), *group("client-tests"))
    session.run("pytest", *ON_ALL_CORES, *CLIENT_TESTS, *EXTRAS_TESTS, *session.posargs)


@nox.session(python=LOWEST)
def wheel(session: nox.Session) -> None:
    """Build the sdist and the wheel, and try the wheel away from the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        _try_wheel(session, Path(folder))


def _try_wheel(session: nox.Session, away: Path) -> None:
    built, other = away / "dist", away / "of_checkout"
    session.install("build", *PROJECT["build-system"]["requires"])
    build = ("python", "-m", "build", "--no-isolation", "--outdir")
    session.run(*build, str(built))
    session.run(*build, str(other), "--wheel")
    session.run("python", "tests/wheel/contents.py", str(built), str(other))

    shutil.copytree("tests", away / "tests")
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
        session.run("pytest", *ON_ALL_CORES, *WHEEL_TESTS, *session.posargs)


@nox.session(python=LOWEST)
def contract(session: nox.Session) -> None:
    """Let schemathesis try the emulator by its own OpenAPI document."""
    session.install("-e", ".[emulator]", *group("contract"))
    session.run("python", "tests/contract/check.py", "--max-examples", "20", *session.posargs)


@nox.session(python=LOWEST)
def docs(session: nox.Session) -> None:
    """Build the pages; a warning is an error."""
    session.install("--no-compile", "-e", ".[cli,emulator]", *group("docs"))
    session.run("sphinx-build", "-W", "-n", "-b", "html", "docs", "docs/_build/html")


@nox.session(python=LOWEST, default=False)
def notebooks(session: nox.Session) -> None:
    """Run the notebooks of the documentation, and keep what they show."""
    session.install("-e", ".[all]", *group("tests"))
    session.run("python", "-m", "tests.notebooks", *session.posargs)


@nox.session(python=LOWEST, default=False)
def browser(session: nox.Session) -> None:
    """Try the page of the search service, where there is a Chromium."""
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        session.skip("there is no chromium on the path")
    session.install("-e", ".[all]", *group("tests"))
    session.run("pytest", "tests/docs/test_examples.py", "-m", "browser", *session.posargs)


@nox.session(python=LOWEST, default=False)
def screenshots(session: nox.Session) -> None:
    """Take the documentation's pictures of pages, where there is a Chromium."""
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        session.skip("there is no chromium on the path")
    session.install("-e", ".[all]", *group("tests"))
    session.run("python", "-m", "tests.screenshots")


@nox.session(python=LOWEST, default=False)
def captures(session: nox.Session) -> None:
    """Keep what the commands show on terminals of 80 and 120 columns."""
    session.install("-e", ".[all]")
    session.run("python", "tests/captures.py")


@nox.session(python=LOWEST, default=False)
def fuzz(session: nox.Session) -> None:
    """Try the properties with twenty times the examples."""
    session.install("-e", ".[all]", *group("tests"))
    session.run("pytest", "-m", "hypothesis", *session.posargs, env={"HYPOTHESIS_PROFILE": "fuzz"})


@nox.session(python=LOWEST, default=False)
def fault_matrix(session: nox.Session) -> None:
    """Try the fault matrix, and write it into the documentation."""
    session.install("-e", ".[all]", *group("tests"))
    session.run("pytest", "tests/faults", "-k", "not documentation", *session.posargs)
    session.run("python", "tests/faults/fault_matrix.py")


@nox.session(python=LOWEST, default=False)
def soak(session: nox.Session) -> None:
    """Ten minutes of mixed load with faults: memory, sockets and tasks must stay flat."""
    session.install("-e", ".[all]", *group("tests"))
    session.run("python", "tests/soak/soak.py", *session.posargs)


@nox.session(python=LOWEST, default=False)
def audit(session: nox.Session) -> None:
    """Look for known vulnerabilities in what the package depends on."""
    session.install("-e", ".[all]", "pip-audit")
    session.run("pip-audit", "--skip-editable", *session.posargs)


@nox.session(python=LOWEST, default=False)
def security(session: nox.Session) -> None:
    """Look for what attackers use, with bandit's rules as ruff has them."""
    session.install(*group("lint"))
    session.run("ruff", "check", "--select", "S", "scenario_search")


@nox.session(python=LOWEST)
def bench(session: nox.Session) -> None:
    """Measure. Short in CI, where it only shows that the benchmarks work."""
    session.install("-e", ".[all]", *group("tests"))
    short = ["--short"] if os.environ.get("CI") or not session.interactive else []
    session.run("python", "tests/benchmarks", *short, *session.posargs)
