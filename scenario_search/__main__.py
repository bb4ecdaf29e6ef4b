"""``python -m scenario_search``."""

from __future__ import annotations

import sys


def _run() -> None:
    try:
        _run_command()
    except KeyboardInterrupt:  # before there is a command that could tell more
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


def _run_command() -> None:
    try:
        from scenario_search.cli import main  # noqa: PLC0415 - it may be missing
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        sys.exit("The command line needs typer and rich: pip install 'scenario-search[cli]'")
    main()


if __name__ == "__main__":
    _run()
