from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_five_seconds_of_mixed_load_leave_nothing_behind() -> None:
    """The whole is ``nox -s soak``; this shows that it works, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "tests/soak/soak.py", "--seconds", "5"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "calls ended: as asked" in done.stdout
    assert "WRONG" not in done.stdout
    assert done.stderr == ""
