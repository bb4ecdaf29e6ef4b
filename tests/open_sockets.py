"""What this process has open, as Linux tells it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts sockets in /proc")


def open_sockets() -> set[str]:
    """The sockets of this process, each as ``socket:[inode]``."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        # The descriptor of this very listing is gone by now.
        with contextlib.suppress(OSError):
            found.add(str(descriptor.readlink()))
    return {one for one in found if one.startswith("socket:")}


def sockets_to(port: int) -> set[str]:
    """The sockets of this process that are connected, or connecting, to a port."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    leading = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(f":{port:04X}")}
    return leading & open_sockets()
