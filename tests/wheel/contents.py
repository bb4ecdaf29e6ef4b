"""What is in the wheel and the sdist: ``python contents.py DIST OF_CHECKOUT``.

``DIST`` holds an sdist and the wheel that was built of it; the other folder the wheel that was
built of the checkout. It prints the sizes, and ends with 1 where something is wrong.

There is one wheel, for the core and for all extras: what an extra adds are other packages. Its core
is each module but those of the command line, the emulator, clusters and the probes of a service,
which are folders of their own; also the modules for frames and Parquet belong to it. A size is what
the files take in the wheel, packed.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path, PurePosixPath

# Guards against pictures, weights or other data that get into the core by accident.
CORE_LIMIT = 250_000
PACKAGE = "scenario_search/"
SIZES = ("320x176", "176x320", "240x240")
PARTS = {
    f"{PACKAGE}emulator/": "emulator",
    f"{PACKAGE}cli/": "command line",
    f"{PACKAGE}probes/": "probes",
    f"{PACKAGE}dask/": "cluster",
    PACKAGE: "core",
    "": "metadata",
}
"""The part of each path by how it begins: the first that fits."""
TEMPLATES = ("README.md", "gem.glb", *(f"clip-{size}.mp4.boxes" for size in SIZES))
DATA = {
    f"{PACKAGE}emulator/{name}"
    for name in (
        *("store/schema.sql", "http/openapi.json", "demo/words.toml", "demo/drawing/figures.txt"),
        *(f"demo/templates/{name}" for name in TEMPLATES),
    )
}
"""What the emulator reads and is not a module."""


def sizes(wheel: zipfile.ZipFile) -> dict[str, int]:
    """Give the packed bytes of each part."""
    found = dict.fromkeys(PARTS.values(), 0)
    for entry in wheel.infolist():
        found[next(PARTS[start] for start in PARTS if entry.filename.startswith(start))] += (
            entry.compress_size
        )
    return found


def strangers(wheel: zipfile.ZipFile) -> list[str]:
    """Returns what does not belong in a wheel, such as pictures and weights."""
    return [
        name
        for name in wheel.namelist()
        if not (name.startswith(PACKAGE) and PurePosixPath(name).suffix == ".py")
        and name not in {f"{PACKAGE}py.typed", *DATA}
        and not name.partition("/")[0].endswith(".dist-info")
    ]


def digests(wheel: zipfile.ZipFile) -> dict[str, str]:
    """Give a digest of each file."""
    return {name: hashlib.sha256(wheel.read(name)).hexdigest() for name in wheel.namelist()}


def links(wheel: zipfile.ZipFile) -> list[str]:
    """Give what leads nowhere in the description, which a package index shows by itself."""
    (path,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    text = message_from_bytes(wheel.read(path)).get_payload()
    found = re.findall(r"\]\((?!https://)[^)]*\)|<img[^>]*>|install -e[^\n]*", str(text))
    return [f"the description leads nowhere: {link}" for link in found]


def wrong(dist: Path, of_checkout: Path) -> list[str]:
    """Say what is wrong with an sdist and its wheel, and print the sizes."""
    (sdist,), (path,), (other_path,) = (
        folder.glob(kind)
        for folder, kind in ((dist, "*.tar.gz"), (dist, "*.whl"), (of_checkout, "*.whl"))
    )
    said = []
    with zipfile.ZipFile(path) as wheel, zipfile.ZipFile(other_path) as other:
        parts = sizes(wheel)
        for part, size in parts.items():
            print(f"{part:<13} {size / 1000:6.1f} kB")
        print(f"{'wheel':<13} {path.stat().st_size / 1000:6.1f} kB")
        print(f"{'sdist':<13} {sdist.stat().st_size / 1000:6.1f} kB")
        if parts["core"] >= CORE_LIMIT:
            said.append(f"the core has {parts['core']} bytes: {CORE_LIMIT} are the limit")
        if f"{PACKAGE}py.typed" not in wheel.namelist():
            said.append("the wheel has no py.typed")
        said += [f"the wheel has no {name}" for name in sorted(DATA.difference(wheel.namelist()))]
        said += [f"{name} does not belong into the wheel" for name in strangers(wheel)]
        said += links(wheel)
        if digests(wheel) != digests(other):
            said.append("the sdist builds another wheel than the checkout")
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    needed = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "noxfile.py")
    needed += (".ci/run", ".github/workflows/ci.yml")
    needed += (f"{PACKAGE}__init__.py", "tests/conftest.py", "docs/index.md")
    said += [f"the sdist has no {name}" for name in needed if name not in names]
    return said


if __name__ == "__main__":
    found = wrong(*map(Path, sys.argv[1:]))
    sys.exit("\n".join(found) or None)
