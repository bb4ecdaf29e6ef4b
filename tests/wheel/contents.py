"""What is in the wheel and the sdist: ``python contents.py DIST OF_CHECKOUT``.

``DIST`` holds an sdist and the wheel that was built of it; the other folder the wheel that was
built of the checkout. It prints the sizes, and ends with 1 where something is wrong.
"""

from __future__ import annotations

import hashlib
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

CORE_LIMIT = 150_000
PACKAGE = "scenario_search/"
PARTS = {"emulator": f"{PACKAGE}emulator/", "command line": f"{PACKAGE}cli/"}


def sizes(wheel: zipfile.ZipFile) -> dict[str, int]:
    """Give the compressed bytes of each part; the core is what is in no folder of an extra."""
    found = dict.fromkeys(("core", *PARTS, "metadata"), 0)
    for entry in wheel.infolist():
        name = entry.filename
        parts = [part for part, folder in PARTS.items() if name.startswith(folder)]
        parts.append("core" if name.startswith(PACKAGE) else "metadata")
        found[parts[0]] += entry.compress_size
    return found


def strangers(wheel: zipfile.ZipFile) -> list[str]:
    """Give what does not belong into a wheel: all but modules, ``py.typed`` and the metadata."""
    return [
        name
        for name in wheel.namelist()
        if not (name.startswith(PACKAGE) and PurePosixPath(name).suffix == ".py")
        and name != f"{PACKAGE}py.typed"
        and not name.partition("/")[0].endswith(".dist-info")
    ]


def digests(wheel: zipfile.ZipFile) -> dict[str, str]:
    """Give a digest of each file."""
    return {name: hashlib.sha256(wheel.read(name)).hexdigest() for name in wheel.namelist()}


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
        said += [f"{name} does not belong into the wheel" for name in strangers(wheel)]
        if digests(wheel) != digests(other):
            said.append("the sdist builds another wheel than the checkout")
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    needed = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "noxfile.py")
    needed += (f"{PACKAGE}__init__.py", "tests/conftest.py", "docs/index.md")
    said += [f"the sdist has no {name}" for name in needed if name not in names]
    return said


if __name__ == "__main__":
    found = wrong(*map(Path, sys.argv[1:]))
    sys.exit("\n".join(found) or None)
