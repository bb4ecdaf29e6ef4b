"""What a download takes, for the signatures of both clients, and what it reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

import attrs

from scenario_search.errors import InvalidParamsError
from scenario_search.files.manifest import DownloadedFile
from scenario_search.messages import Message, named
from scenario_search.wire.renditions import Fit, Format, check_rendition, rendition
from scenario_search.wire.values import is_whole

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
        """Seconds since it began, or that it took."""
        return (self.ended or time.monotonic()) - self.began

    def __copy__(self) -> DownloadReport:
        return attrs.evolve(self, failed=[*self.failed])


def _option(default: Any, doc: str) -> Any:
    return attrs.field(default=default, metadata={"doc": doc})


@attrs.frozen(kw_only=True, slots=False)
class DownloadOptions:
    """How files are downloaded.

    Raises:
        InvalidParamsError: An option cannot be used.
    """

    concurrency: int = _option(8, "How many files are fetched concurrently.")
    on_error: Literal["raise", "skip"] = _option(
        "raise",
        "Whether a file that cannot be downloaded raises, or is skipped and listed in the report "
        "and in the manifest.",
    )
    progress: bool | Callable[[DownloadReport], object] | None = _option(
        None,
        "True for a bar (it needs tqdm: the extra progress), or a function that is called with "
        "the report after every file.",
    )
    verify: bool = _option(
        False,
        "Whether files that are there are read and compared with the digests in the manifest. "
        "Those that differ are fetched again.",
    )
    max_file_bytes: int = _option(
        2 * 2**30, "The largest file to accept, in bytes. A larger one is an error."
    )
    width: int | None = _option(None, "The width of the renditions, in pixels.")
    height: int | None = _option(None, "Their height, in pixels.")
    format: Format | None = _option(None, "Their format.")
    quality: int | None = _option(None, "Their quality, from 1 to 100.")
    fit: Fit | None = _option(None, "How they are fitted into width and height.")

    def __attrs_post_init__(self) -> None:
        for name in ("concurrency", "max_file_bytes"):
            if not is_whole(value := getattr(self, name), 1):
                raise _invalid(name, "a whole number from 1", value)
        if self.on_error not in ("raise", "skip"):
            raise _invalid("on_error", "'raise' or 'skip'", self.on_error)
        if not isinstance(self.verify, bool):
            raise _invalid("verify", "True or False", self.verify)
        if not isinstance(self.progress, bool | None) and not callable(self.progress):
            raise _invalid("progress", "True, False or a function", self.progress)
        if self.format == "auto":
            # The CDN would choose by the headers of the request, and the name would not tell.
            raise _invalid("format", "a format of its own in a download, such as 'webp'", "auto")
        _ = self.rendition

    def rendition_url(self, url: str) -> str | None:
        """Returns the URL of a picture's rendition; ``None`` if it has none."""
        return rendition(url, **self.rendition)

    @property
    def rendition(self) -> dict[str, Any]:
        """The parameters of the rendition; empty for the files as they are."""
        return check_rendition(
            width=self.width,
            height=self.height,
            format=self.format,
            quality=self.quality,
            fit=self.fit,
        )


def _invalid(name: str, expected: str, value: object) -> InvalidParamsError:
    return InvalidParamsError(Message("{} must be {}, not {!r}", named(name), expected, value))
