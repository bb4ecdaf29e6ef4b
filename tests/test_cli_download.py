from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_download_brings_the_files_and_a_manifest_and_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    command = [sys.executable, "-W", "error", "-m", "scenario_search", "download", "castle"]
    command += ["--demo", "--max", "3", "-o", str(folder)]

    first = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert first.returncode == 0, first.stderr
    assert "3 files" in first.stderr

    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    assert len(lines) == 3
    assert all((folder / line["path"]).stat().st_size == line["bytes"] for line in lines)
