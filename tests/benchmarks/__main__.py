"""Run the benchmarks: ``python tests/benchmarks [--short] [--json FOLDER] [NAME ...]``.

A name is a script's, without ``bench_`` and ``.py``. With ``--short`` each only shows that it
works; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run what is asked for, one script after the other."""
    names = [path.stem.removeprefix("bench_") for path in sorted(HERE.glob("bench_*.py"))]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--short", action="store_true", help="only show that they work")
    parser.add_argument("--json", type=Path, help="a folder to write the figures to")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(names):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}: choose of {', '.join(names)}")
    failed = []
    for name in arguments.names or names:
        command = [sys.executable, str(HERE / f"bench_{name}.py")]
        if arguments.short:
            command.append("--short")
        if arguments.json:
            arguments.json.mkdir(parents=True, exist_ok=True)
            command += ["--json", str(arguments.json / f"{name}.json")]
        print(f"\n== {name}", flush=True)
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
