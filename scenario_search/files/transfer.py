"""The transfer of one file: requests for it, until it is complete on the disk, or an error.

Nothing is sent to the servers of files but the signed URL: no credentials, no cookies.

What makes a file complete:

- The server says how long it is, or how the body ends, and that is what came. Where the API says
  how long an original is, it has that length.
- It came without a content coding. Files are requested with ``Accept-Encoding: identity``: a coded
  body has no length that can be compared, may break off without a trace, and may be a thousand
  times as large once it is decoded. A server that sends one all the same is an error.
- What should be a picture begins like one; a rendition in a format begins like that format.
- It is not larger than ``max_file_bytes``.

A file that broke off is continued with ``Range`` and ``If-Range`` (RFC 9110, sections 13.1.5 and
14.2), and only where the server gives a strong ETag, and gives the same again with the rest.
Otherwise it is fetched whole.

``timeout`` is how long a server may send nothing. Beyond that, a body has to arrive with
``MIN_RATE`` on average, so each transfer ends. Of the client's options ``max_retries`` and
``max_retry_wait`` hold too; the count of retries starts again after an attempt that was faster
than this rate, waits included.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import attrs

from scenario_search.concurrency.pacing import Pause
from scenario_search.concurrency.threads import in_thread
from scenario_search.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    status_error_class,
)
from scenario_search.files.parts import PartialFile
from scenario_search.http.retries import retry_after_seconds
from scenario_search.text import file_size, shown_url
from scenario_search.wire.image_types import picture_type

if TYPE_CHECKING:
    from scenario_search.http.requester import Requester
    from scenario_search.http.transport import FileAnswer

__all__ = ["MIN_RATE", "Expected", "ExpiredUrl", "Transfers"]

MIN_RATE = 1024
"""Bytes per second."""

_MAX_REDIRECTS = 5
_EXPIRED = {401, 403, 410}
_EXPIRED_CODES = re.compile(rb"<Code>\s*(?:ExpiredToken|TokenRefreshRequired)\s*</Code>")
_ERROR_BYTES = 4096
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_CODINGS = {"", "identity", "aws-chunked"}
"""Values of ``Content-Encoding`` that change nothing. S3 keeps ``aws-chunked`` of an upload."""

_PICTURES_OF_FORMATS = {"jpg": "image/jpeg", "tif": "image/tiff"}


class ExpiredUrl(Exception):  # noqa: N818 - not an error until no other URL can be had
    """The server refuses a URL, whose time may be over.

    Attributes:
        error: What to raise if there is no other URL.
    """

    def __init__(self, error: APIError) -> None:
        super().__init__(str(error))
        self.error = error


@attrs.frozen
class Expected:
    """What is known of a file before it is requested.

    Attributes:
        size: Its length in bytes; ``None`` if nobody knows.
        is_picture: Whether it has to be a picture.
        format: The format that a rendition has to have; ``None`` for any.
    """

    size: int | None = None
    is_picture: bool = False
    format: str | None = None

    def problem(self, part: PartialFile) -> str | None:
        """Returns why a file is not what was expected; ``None`` if it is."""
        if self.size is not None and part.size != self.size:
            return f"is {part.size:,} bytes long, but {self.size:,} according to the API"
        kind = picture_type(part.head)
        if self.format is not None:
            expected = _PICTURES_OF_FORMATS.get(self.format, f"image/{self.format}")
            return None if kind == expected else f"is {kind or 'no picture'}, not {expected}"
        if self.is_picture and kind is None:
            return f"is not a picture: it begins with {part.head[:24]!r}"
        return None


@attrs.frozen
class Transfers:
    """Transfers of files, with the options of a client.

    Attributes:
        requester: Has the connections and the options.
        max_file_bytes: The largest file to accept.
        received: Called with the number of bytes of each piece that came.
        pause: Makes all transfers wait where a server asks one to.
    """

    requester: Requester
    max_file_bytes: int
    received: Callable[[int], object]
    pause: Pause = attrs.field(factory=Pause)

    async def fetch(self, url: str, part: PartialFile, expected: Expected) -> str | None:
        """Fetches a file, or the rest of it, with retries.

        Returns:
            The MIME type: of a picture what it is, otherwise what the server says.

        Raises:
            ExpiredUrl: The server refuses the URL.
            APIError: The file cannot be had.
            ConfigurationError: The client was closed meanwhile.
        """
        policy, now = self.requester.policy, asyncio.get_running_loop().time
        attempt, furthest, since = 0, part.size, now()
        while True:
            await self.pause.wait(self.requester.wait)
            try:
                content_type = await self._attempt(url, part, expected)
            except APIError as error:
                if part.size - furthest > MIN_RATE * (now() - since):
                    attempt, furthest = 0, part.size
                since = now()
                error.retries_taken = attempt
                delay = policy.delay(error, attempt, chance=self.requester.chance())
                if delay is None:
                    raise
                await self.requester.announce_retry("GET", shown_url(url), error, delay, self.pause)
            else:
                if (problem := expected.problem(part)) is not None:
                    await in_thread(part.start_anew, None)
                    raise _unexpected(url, problem)
                return picture_type(part.head) or content_type
            await self.requester.wait(delay)
            attempt += 1

    async def _attempt(self, url: str, part: PartialFile, expected: Expected) -> str | None:
        """Requests what is missing of a file, and appends it; returns its content type."""
        self._check_url(url)
        for _ in range(_MAX_REDIRECTS + 1):
            headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
            if part.size and part.etag is not None:
                headers |= {"Range": f"bytes={part.size}-", "If-Range": part.etag}
            async with self.requester.get_file(url, headers) as answer:
                location = answer.headers.get("location")
                if answer.status in (301, 302, 303, 307, 308) and location:
                    url = _redirected(url, location)
                    self._check_url(url)
                    continue
                if "Range" in headers and answer.status in (206, 416):
                    if not _continues(answer, part):
                        await in_thread(part.start_anew, None)
                        continue
                elif answer.status == 200:
                    if part.size:
                        await in_thread(part.start_anew, None)
                    # Without a wait before the first read: if the connection breaks meanwhile,
                    # aiohttp drops what it has received.
                    part.etag = _strong_etag(answer)
                else:
                    raise await self._refusal(url, answer)
                await self._receive(url, answer, part, expected)
                return answer.headers.get("content-type")
        raise APIConnectionError(f"{shown_url(url)}: no file after {_MAX_REDIRECTS} redirects")

    def _check_url(self, url: str) -> None:
        """Raises an error for a URL that must not, or cannot, be requested."""
        if problem := self.requester.file_url_problem(url):
            raise _bad_url(url, problem)

    async def _refusal(self, url: str, answer: FileAnswer) -> Exception:
        """Returns the error for a response that has no file."""
        error = status_error_class(answer.status, None)(
            f"{answer.status} from {shown_url(url)}",
            status_code=answer.status,
            retry_after=retry_after_seconds(answer.headers, datetime.now(UTC)),
        )
        if answer.status in _EXPIRED:
            return ExpiredUrl(error)
        if answer.status == 400:
            # S3 answers so where the token that a URL was signed with has expired.
            start = b""
            with suppress(TimeoutError, APIError):  # a 400 in any case
                async with asyncio.timeout(self.requester.options.timeout):
                    pieces = answer.pieces()
                    while len(start) < _ERROR_BYTES and (piece := await anext(pieces, b"")):
                        start += piece
            if _EXPIRED_CODES.search(start):
                return ExpiredUrl(error)
        return error

    async def _receive(
        self, url: str, answer: FileAnswer, part: PartialFile, expected: Expected
    ) -> None:
        """Appends a body to a file, and compares the length."""
        if (coding := answer.headers.get("content-encoding", "").strip().lower()) not in _CODINGS:
            raise _unexpected(
                url,
                f"was sent with Content-Encoding {coding!r}, though not asked for: the client "
                "cannot tell whether it is complete",
            )
        total = _total(answer, part.size)
        if total is None and expected.size is None and not _ends_visibly(answer):
            raise _unexpected(url, "was sent without a length: it may be incomplete")
        if total is not None and expected.size not in (None, total):
            raise _unexpected(
                url, f"is {total:,} bytes long, but {expected.size:,} according to the API"
            )
        if total is not None:
            self._check_size(url, total)
        bound = asyncio.timeout(self.requester.options.timeout)
        try:
            async with bound:
                async for piece in answer.pieces():
                    self.received(len(piece))
                    self._check_size(url, part.size + len(piece))
                    await in_thread(part.append, piece)
                    bound.reschedule((bound.when() or 0) + len(piece) / MIN_RATE)
        except TimeoutError:
            if not bound.expired():
                raise
            raise APITimeoutError(
                f"{shown_url(url)} came slower than {MIN_RATE:,} bytes per second"
            ) from None
        if total is not None and part.size != total:
            size = part.size
            if size > total:
                await in_thread(part.start_anew, None)
            raise APIConnectionError(f"{shown_url(url)}: {size:,} bytes came of {total:,}")

    def _check_size(self, url: str, size: int) -> None:
        if size > self.max_file_bytes:
            raise _unexpected(
                url, f"is larger than `max_file_bytes`, which is {file_size(self.max_file_bytes)}"
            )


def _unexpected(url: str, problem: str) -> APIResponseValidationError:
    return APIResponseValidationError(f"The file {shown_url(url)} {problem}")


def _bad_url(url: str, problem: str) -> APIResponseValidationError:
    return APIResponseValidationError(f"{shown_url(url)!r} {problem}", paths=("$.url",))


def _strong_etag(answer: FileAnswer) -> str | None:
    """Returns the ETag, if equal ETags mean equal bytes (RFC 9110, section 8.8.3)."""
    etag = answer.headers.get("etag", "")
    return etag if re.fullmatch(r'"[\x21\x23-\x7e]{1,200}"', etag) else None


def _continues(answer: FileAnswer, part: PartialFile) -> bool:
    """Whether a response holds the bytes that follow those of a file.

    A server that does not know ``If-Range`` sends the rest of another content, too.
    """
    match = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    starts_there = match is not None and int(match[1]) == part.size
    return answer.status == 206 and starts_there and _strong_etag(answer) == part.etag


def _total(answer: FileAnswer, have: int) -> int | None:
    """Returns the length of the whole file; ``None`` where the response does not say."""
    if answer.status == 206:
        # A response may hold less than was asked for (RFC 9110, section 15.3.7).
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
        if match is not None and match[2] != "*":
            return int(match[2])
    length = answer.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return None
    return int(length) + (have if answer.status == 206 else 0)


def _ends_visibly(answer: FileAnswer) -> bool:
    """Whether the end of a body can be told from a connection that breaks."""
    return "chunked" in answer.headers.get("transfer-encoding", "").lower()


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location  # not a URL, which is then reported
