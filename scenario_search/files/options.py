"""What a download takes, for the signatures of both clients, and what it reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

import attrs

from scenario_search.errors import InvalidParamsError
from scenario_search.files.manifest import DownloadedFile
from scenario_search.messages import Message, named
from scenario_search.wire import rules
from scenario_search.wire.options import option
from scenario_search.wire.renditions import Rendition

__all__ = ["DownloadOptions", "DownloadReport"]


@attrs.define
class DownloadReport:
    """Progress of a download, and its result.

    Attributes:
        downloaded: Number of files downloaded.
        skipped: Number of files that were already there.
        failed: The files that could not be downloaded, with the reason.
        bytes: Number of bytes received, those of attempts that failed included.
        refreshed: Number of expired URLs that were replaced.
    """

    downloaded: int = 0
    skipped: int = 0
    failed: list[DownloadedFile] = attrs.field(factory=list)
    bytes: int = 0
    refreshed: int = 0
    began: float = attrs.field(factory=time.monotonic, repr=False)
    ended: float | None = attrs.field(default=None, repr=False)

    @property
    def elapsed(self) -> float:
        """Seconds since the download began, or its duration once it has ended."""
        return (self.ended or time.monotonic()) - self.began

    def __copy__(self) -> DownloadReport:
        return attrs.evolve(self, failed=[*self.failed])


@attrs.frozen(kw_only=True, slots=False)
class DownloadOptions(Rendition):
    """How files are downloaded, and which renditions in place of the pictures.

    Raises:
        InvalidParamsError: An option cannot be used.
    """

    concurrency: int = option(8, "How many files are fetched concurrently.", rules.integer(1))
    on_error: Literal["raise", "skip"] = option(
        "raise",
        "Whether a file that cannot be downloaded raises, or is skipped and listed in the report "
        "and in the manifest.",
        rules.choice("raise", "skip"),
    )
    progress: bool | Callable[[DownloadReport], object] | None = option(
        None,
        "True for a bar (it needs tqdm: the extra progress), or a function that is called with "
        "the report after every file.",
        rules.progress,
    )
    verify: bool = option(
        False,
        "Whether files that are there are read and compared with the digests in the manifest. "
        "Those that differ are fetched again.",
        rules.boolean,
    )
    max_file_bytes: int = option(
        2 * 2**30,
        "The largest file to accept, in bytes. A larger one is an error.",
        rules.integer(1),
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.format == "auto":
            # The CDN would choose by the headers of the request, and the name would not tell.
            raise InvalidParamsError(
                Message(
                    "{} must be a format of its own in a download, such as 'webp', not 'auto'",
                    named("format"),
                )
            )
