from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from soak import LEEWAY, Sample, Watch

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("options", [[], ["--proxy"]], ids=["direct", "through a proxy"])
def test_five_seconds_of_mixed_load_leave_nothing_behind(options: list[str]) -> None:
    """The whole is ``nox -s soak``; this shows that it works, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "tests/soak/soak.py", "--seconds", "5", *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "calls ended: as asked" in done.stdout
    assert "WRONG" not in done.stdout
    assert done.stderr == ""


FLAT = Sample(
    at=0.0,
    requests=0,
    memory=60.0,
    emulator_memory=80.0,
    files=10,
    sockets=30,
    strays=3,
    tasks=60,
    threads=3,
)


@pytest.mark.parametrize("name", LEEWAY)
def test_what_grows_is_told(name: str) -> None:
    flat, grown = Watch(0, 600), Watch(0, 600)
    for number in range(100):
        # As much as may be, and a little more, between the middles of the fifths compared.
        more = LEEWAY[name] * number / 60
        flat.samples.append(attrs.evolve(FLAT, **{name: getattr(FLAT, name) + 0.99 * more}))
        grown.samples.append(attrs.evolve(FLAT, **{name: getattr(FLAT, name) + 1.01 * more}))
    assert flat.growth() == []
    (told,) = grown.growth()
    assert told.startswith(f"{name} grew from ")
