"""A headless Chromium, for tests of pages and for the documentation's pictures."""

from __future__ import annotations

import shutil
import subprocess
import tempfile

__all__ = ["CHROMIUM", "run_chromium"]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
"""The path of a Chromium; ``None`` where there is none."""

_SCHEMES = {"light": 1, "dark": 0}


def run_chromium(address: str, *options: str, scheme: str = "light") -> str:
    """Opens a page once, waits until it rests, and returns what Chromium prints.

    Args:
        address: The page's URL.
        options: Further options, such as ``--dump-dom``.
        scheme: What the system prefers: ``"light"`` or ``"dark"``.

    Raises:
        CalledProcessError: Chromium failed.
    """
    if CHROMIUM is None:
        raise FileNotFoundError("there is no chromium on the path")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
            f"--blink-settings=preferredColorScheme={_SCHEMES[scheme]}",
            "--virtual-time-budget=15000",
            *options,
            address,
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        return done.stdout
