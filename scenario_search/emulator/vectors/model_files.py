"""Files of models, which lie inside packages of the extra ``emulator``.

A file is used only if it is the one that is known here. So a package that was changed, on the
index or on the disk, is refused before anything reads the file.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import attrs

__all__ = ["ModelFile", "ModelUnavailableError"]


class ModelUnavailableError(RuntimeError):
    """A model can't run here. The message says why, and what to install."""

    def __init__(self, reason: str, package: str | None = None) -> None:
        extra = "" if package is None else f" '{package}'"
        super().__init__(f"{reason}. Run pip install 'scenario-search[emulator]'{extra}")


@attrs.frozen
class ModelFile:
    """A file inside a package.

    Args:
        package: The package.
        version: The version of it that has the file.
        path: The file's path inside of it.
        sha256: The file's digest, in hexadecimal.
    """

    package: str
    version: str
    path: str
    sha256: str

    def checked(self) -> Path:
        """Returns where the file is.

        Raises:
            ModelUnavailableError: The package is not installed, or its file is missing or another.
        """
        try:
            file = Path(str(distribution(self.package).locate_file(self.path)))
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
        except PackageNotFoundError:
            raise self._unavailable("is not installed") from None
        except OSError as error:
            raise self._unavailable(f"has no file that can be read: {error}") from None
        if digest != self.sha256:
            raise self._unavailable(f"has another {self.path} than is known (SHA-256 {digest})")
        return file

    def _unavailable(self, reason: str) -> ModelUnavailableError:
        return ModelUnavailableError(
            f"The package {self.package} {reason}", f"{self.package}=={self.version}"
        )
