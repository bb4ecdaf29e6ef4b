"""onnxruntime, as the emulator opens it: late, and without a word to its maker."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

OPEN_A_MODEL = """
import os, sys
from scenario_search.emulator.likeness.efficientnet import EfficientNetLite0
assert "onnxruntime" not in sys.modules
EfficientNetLite0()
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "seen"), [({}, "1"), ({"ORT_DISABLE_TELEMETRY": "0"}, "0")]
)
def test_reports_are_off_unless_the_user_wants_them(environment: dict[str, str], seen: str) -> None:
    done = run(OPEN_A_MODEL, **environment)
    assert (done.returncode, done.stdout.strip()) == (0, seen), done.stderr


def test_without_onnxruntime_the_emulator_says_so_before_it_starts() -> None:
    done = run(
        "import sys; sys.modules['onnxruntime'] = None; import scenario_search.emulator as e\n"
        "try: e.Emulator\nexcept ImportError as error: print(error)"
    )
    assert done.stdout.strip() == (
        "The emulator needs onnxruntime: pip install 'scenario-search[emulator]'"
    ), done.stderr
