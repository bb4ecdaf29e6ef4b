"""The fault matrix: what goes wrong on a network, and how a search ends then.

The table is what ``test_fault_matrix.py`` tries, row by row. Run as a program, this module writes
``docs/fault-matrix.md`` from it.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs
import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

from broken_servers import (
    DrippingServer,
    HalfClosingServer,
    MakeScene,
    certified,
    deaf_behind_https,
    elsewhere,
    emulated,
    flood,
    nameless,
    nobody,
    plain_behind_https,
    raw,
    unaccepting,
    unread,
)
from raw_server import Answer, http

DOCUMENT = Path(__file__).parents[2] / "docs" / "fault-matrix.md"
PAGE = "a page"

CONNECTION, TIMEOUT = "APIConnectionError", "APITimeoutError"
UNTRUSTED = "APICertificateError"
INVALID, STATUS = "APIResponseValidationError", "APIStatusError"
SERVER, LIMITED = "InternalServerError", "RateLimitError"


@attrs.frozen
class Row:
    """One fault.

    Attributes:
        group: What part of the exchange goes wrong.
        fault: What goes wrong.
        scene: Brings it about.
        ends_in: The name of the error's class, or ``PAGE``.
        attempts: How often the request is sent, or tried to be, with two retries allowed.
        reused: Whether the last connection goes back to the pool, as one that is in order.
        free: How many of the attempts cost no retry.
    """

    group: str
    fault: str
    scene: MakeScene
    ends_in: str
    attempts: int = 3
    reused: bool = False
    free: int = 0


OK = orjson.dumps({"hits": [{"id": "a"}], "offset": 0, "limit": 20, "estimatedTotalHits": 1})
CHUNKED = "Transfer-Encoding: chunked"
GZIP = "Content-Encoding: gzip"


def kept(body: bytes, *headers: str, status: str = "200 OK") -> MakeScene:
    """A server that gives the same answer to each request, and keeps its connections."""
    return raw(Answer(http(body, *headers, status=status), "keep"))


def stalled(data: bytes) -> MakeScene:
    return raw(Answer(data, "stall"), timeout=0.1)


def bomb() -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    return b"".join(squeeze.compress(b" " * 2**20) for _ in range(64)) + squeeze.flush()


BOMB = bomb()


PACKED = gzip.compress(gzip.compress(OK))


def total(number: bytes) -> bytes:
    return b'{"hits": [{"id": "a"}], "estimatedTotalHits": %s}' % number


CONNECTING = [
    ("nobody listens", nobody, CONNECTION),
    ("the host name is unknown", nameless, CONNECTION),
    ("nobody accepts the connection", unaccepting, TIMEOUT),
]
TLS = [
    ("a certificate of another host", certified("other.example", answer=http(OK)), UNTRUSTED, 1),
    (
        "an expired certificate",
        certified("127.0.0.1", answer=http(OK), expired=True),
        UNTRUSTED,
        1,
    ),
    (
        "a certificate of an unknown authority",
        certified("127.0.0.1", answer=http(OK), trusted=False),
        UNTRUSTED,
        1,
    ),
    (
        "a certificate that is right",
        certified("127.0.0.1", answer=http(OK)),
        PAGE,
        1,
        True,
    ),
    ("a server that does not speak TLS", plain_behind_https, CONNECTION),
    ("a server that falls silent in the handshake", deaf_behind_https, TIMEOUT),
]
CHUNKS = http(b"", CHUNKED)
ENDLESS: dict[str, Any] = {"length": 10**12}
FLOODS = [
    (
        "headers",
        flood(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        CONNECTION,
    ),
    (
        "provisional answers (1xx)",
        flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n", timeout=0.3),
        TIMEOUT,
    ),
    (
        "chunks of one byte",
        flood(CHUNKS, b"1\r\n \r\n", max_response_bytes=2**16),
        INVALID,
        1,
    ),
    (
        "an extension of a chunk",
        flood(CHUNKS + b"5;", b"x", timeout=0.3),
        TIMEOUT,
    ),
    (
        "the size of a chunk, in zeros",
        flood(CHUNKS, b"0", timeout=0.3),
        TIMEOUT,
    ),
    (
        "trailers after the last chunk",
        flood(CHUNKS + b"0\r\n", b"X: y\r\n"),
        CONNECTION,
    ),
    (
        "the name of a file in gzip",
        flood(
            http(b"\x1f\x8b\x08\x08\0\0\0\0\0\3", GZIP, **ENDLESS),
            b"n",
            timeout=0.3,
        ),
        TIMEOUT,
    ),
    (
        "empty blocks of gzip",
        flood(
            http(b"\x1f\x8b\x08\x00\0\0\0\0\0\3", GZIP, **ENDLESS),
            b"\0\0\0\xff\xff",
            timeout=0.3,
        ),
        TIMEOUT,
    ),
    (
        "what follows the end of gzip",
        flood(http(gzip.compress(OK), GZIP, **ENDLESS), b"x"),
        CONNECTION,
    ),
    (
        "the body of a 503",
        flood(http(b"", status="503 x", **ENDLESS), b"x"),
        SERVER,
    ),
]
BROKEN_OFF = [
    ("closed before the answer", raw(b""), CONNECTION),
    ("reset before the answer", raw(Answer(b"", "reset")), CONNECTION),
    ("reset by the emulator", emulated({"reset": True}), CONNECTION),
    ("closed inside the status line", raw(b"HTTP/1.1 2"), CONNECTION),
    ("closed inside the headers", raw(b"HTTP/1.1 200 OK\r\nContent-"), CONNECTION),
    ("reset inside the headers", raw(Answer(b"HTTP/1.1 200 OK\r\nX", "reset")), CONNECTION),
    ("half-closed before the answer", raw(b"", server=HalfClosingServer), CONNECTION),
    (
        "half-closed inside the body",
        raw(http(OK[:9], length=len(OK)), server=HalfClosingServer),
        CONNECTION,
    ),
    ("a body shorter than its length", raw(http(OK, length=len(OK) + 1)), CONNECTION),
    ("reset inside the body", raw(Answer(http(OK[:9], length=len(OK)), "reset")), CONNECTION),
    ("cut off by the emulator", emulated({"truncate": 100}), CONNECTION),
    ("a chunked body without its end", raw(http(b"9\r\n" + OK[:9] + b"\r\n", CHUNKED)), CONNECTION),
    ("a chunked body cut inside a chunk", raw(http(b"ff\r\n" + OK[:9], CHUNKED)), CONNECTION),
]
SILENT = [
    ("the request is not read", unread(2**24, timeout=0.3), TIMEOUT),
    (
        "the request is not read, but refused",
        unread(2**24, http(b"{}", status="413 Too Large")),
        STATUS,
        1,
    ),
    ("before the answer", stalled(b""), TIMEOUT),
    ("before the answer, by the emulator", emulated({"stall": True}, timeout=0.2), TIMEOUT),
    ("inside the headers", stalled(b"HTTP/1.1 200 OK\r\nContent-"), TIMEOUT),
    ("inside the body", stalled(http(OK[:9], length=len(OK))), TIMEOUT),
    ("inside a chunk", stalled(http(b"ff\r\n" + OK[:9], CHUNKED)), TIMEOUT),
    ("between two chunks", stalled(http(b"9\r\n" + OK[:9] + b"\r\n", CHUNKED)), TIMEOUT),
    (
        "inside the body, by the emulator",
        emulated({"stall": True, "truncate": 100}, timeout=0.2),
        TIMEOUT,
    ),
    (
        "never quite: a byte now and then",
        raw(Answer(http(b"", length=10**6), "keep"), server=DrippingServer, timeout=0.2),
        TIMEOUT,
    ),
    (
        "a slow answer, later than the deadline of the call",
        raw(Answer(b"", "stall"), deadline=0.1),
        TIMEOUT,
        1,
    ),
]
NO_HTTP = [
    ("another protocol", raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), CONNECTION),
    ("a status that is no number", raw(b"HTTP/1.1 abc OK\r\n\r\n"), CONNECTION),
    ("a header without a colon", raw(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"), CONNECTION),
    ("a header of 70,000 characters", raw(http(OK, "X-Long: " + "x" * 70_000)), CONNECTION),
    ("a header of a megabyte", raw(http(OK, "X-Long: " + "x" * 2**20)), CONNECTION),
    ("100,000 headers", raw(http(OK, *[f"X-{n}: y" for n in range(100_000)])), CONNECTION),
    ("a length of 400 digits", raw(http(OK, "Content-Length: " + "9" * 400)), CONNECTION),
    (
        "a chunk of more than 64 bits",
        raw(http(b"1" + b"0" * 16 + b"\r\n" + OK, CHUNKED)),
        CONNECTION,
    ),
    ("two different lengths", raw(http(OK, "Content-Length: 3")), CONNECTION),
    ("a negative length", raw(http(OK, length=-5)), CONNECTION),
    (
        "a length and chunks at once",
        raw(http(b"0\r\n\r\n", "Content-Length: 5", CHUNKED)),
        CONNECTION,
    ),
    ("a body longer than its length", raw(http(OK, length=9)), CONNECTION),
    ("a chunk size that is no number", raw(http(b"zz\r\n" + OK, CHUNKED)), CONNECTION),
    ("gzip that is none", kept(OK, GZIP), CONNECTION),
]
ODD_BODIES = [
    ("an empty body", kept(b""), INVALID, 1, True),
    ("HTML with status 200", kept(b"<html>Welcome</html>"), INVALID, 1, True),
    ("JSON cut in half, by the emulator", emulated({"malformed_json": True}), INVALID, 3, True),
    ("JSON that is no object", kept(b"[1, 2]"), INVALID, 1, True),
    ("hits that are no list", kept(b'{"hits": {}}'), INVALID, 1, True),
    ("an encoding nobody knows", kept(OK[::-1], "Content-Encoding: rot13"), INVALID, 1, True),
    ("gzip cut off", kept(gzip.compress(OK)[:-12], GZIP), INVALID, 3, True),
    ("gzip in gzip, said", kept(PACKED, "Content-Encoding: gzip, gzip"), INVALID, 1, True),
    ("gzip in gzip, not said", kept(PACKED, GZIP), INVALID, 1, True),
    ("not UTF-8", kept(b'{"hits": [{"id": "\xff"}]}'), INVALID, 1, True),
    ("NaN", kept(b'{"hits": [{"id": "a", "width": NaN}]}'), INVALID, 1, True),
    ("a lone surrogate", kept(b'{"hits": [{"id": "\\ud800"}]}'), PAGE, 1, True),
    ("100,000 levels of nesting", kept(b"[" * 10**5 + b"]" * 10**5), INVALID, 1, True),
    (
        "100,000 levels in an unknown field",
        kept(b'{"hits": [], "x": ' + b"[" * 10**5 + b"]" * 10**5 + b"}"),
        INVALID,
        1,
        True,
    ),
    ("a number beyond a double", kept(total(b"1e400")), INVALID, 1, True),
    ("an integer of 400 digits", kept(total(b"1" * 400)), PAGE, 1, True),
    ("an integer beyond 64 bits", kept(total(b"36893488147419103232")), PAGE, 1, True),
    ("a negative total", kept(total(b"-5")), PAGE, 1, True),
    ("a total of 10 to the 308th", kept(total(b"1e308")), PAGE, 1, True),
    ("duplicate keys", kept(b'{"hits": [], "hits": [{"id": "a"}]}'), PAGE, 1, True),
    (
        "a compressed bomb",
        raw(Answer(http(BOMB, GZIP, length=10**9), "stall"), max_response_bytes=2**20),
        INVALID,
        1,
    ),
    (
        "a body above max_response_bytes",
        raw(Answer(http(b" " * 2**21, length=10**9), "stall"), max_response_bytes=2**20),
        INVALID,
        1,
    ),
]
REDIRECTS = [
    ("to another host", elsewhere("{url}/v1", "302 Found"), STATUS, 1, True),
    ("permanently, keeping the method", elsewhere("{url}/v1", "308 x"), STATUS, 1, True),
    ("in a loop", elsewhere("/v1/search/assets", "307 x"), STATUS, 1, True),
    ("to another scheme", elsewhere("file:///etc/passwd", "302 Found"), STATUS, 1, True),
    ("to nonsense", elsewhere("http://[", "302 Found"), STATUS, 1, True),
]
STATUSES = [
    ("502 in HTML", kept(b"<html>Bad gateway</html>", status="502 x"), SERVER, 3, True),
    ("503 for ever, by the emulator", emulated({"status": 503}), SERVER, 3, True),
    ("503 once, by the emulator", emulated({"status": 503, "times": 1}), PAGE, 2, True),
    ("501", kept(b"", status="501 x"), SERVER, 1, True),
    ("429 for ever", kept(b"{}", status="429 x"), LIMITED, 3, True),
    (
        "429 that asks for no wait, twice",
        emulated({"status": 429, "headers": {"Retry-After": "0"}, "times": 2}),
        PAGE,
        3,
        True,
    ),
    (
        "429 that asks for an hour",
        emulated({"status": 429, "headers": {"Retry-After": "3600"}}),
        LIMITED,
        1,
        True,
    ),
    (
        "429 that asks for 10 to the 308th seconds",
        kept(b"{}", "Retry-After: 1" + "0" * 308, status="429 x"),
        LIMITED,
        1,
        True,
    ),
    (
        "429 that asks for no number",
        kept(b"{}", "Retry-After: 1e308", status="429 x"),
        LIMITED,
        3,
        True,
    ),
    (
        "429 that asks for a wait in the past",
        kept(b"{}", "Retry-After: -5", status="429 x"),
        LIMITED,
        3,
        True,
    ),
    ("a status that nobody knows", kept(b"{}", status="999 x"), STATUS, 1, True),
    (
        "429 of an exhausted quota",
        kept(b'{"error": "Quota exceeded for search", "code": "QUOTA_EXCEEDED"}', status="429 x"),
        "QuotaExceededError",
        1,
        True,
    ),
    (
        "400",
        kept(b'{"error": "Invalid filter syntax"}', status="400 x"),
        "BadRequestError",
        1,
        True,
    ),
    ("401", emulated({"status": 401}), "AuthenticationError", 1, True),
]
POOL = [
    (
        "a connection that died in the pool",
        raw(Answer(http(b"{}", status="503 x"), "keep"), b"", Answer(http(OK), "keep")),
        PAGE,
        3,
        True,
        1,
    ),
    (
        "the server closes after each answer",
        raw(http(b"{}", "Connection: close", status="503 x")),
        SERVER,
    ),
]


GROUPS: Sequence[tuple[str, Sequence[tuple[Any, ...]]]] = [
    ("Connecting", CONNECTING),
    ("TLS", TLS),
    ("The connection breaks", BROKEN_OFF),
    ("The server falls silent", SILENT),
    ("The server does not come to an end of", FLOODS),
    ("No HTTP", NO_HTTP),
    ("A success that is no page", ODD_BODIES),
    ("Redirects", REDIRECTS),
    ("Statuses", STATUSES),
    ("Kept connections", POOL),
]
ROWS = [Row(group, *fault) for group, faults in GROUPS for fault in faults]

_HEAD = """\
<!-- Written by `python -m nox -s fault_matrix` from tests/faults/fault_matrix.py. -->

# The fault matrix

What goes wrong on a network, and how a search ends then. Every row is a test: it brings the fault
about over a real socket (a raw server, or the emulator), makes one search with the default of two
retries, and looks at what came of it.

- **Ends in**: the error's class, or a page.
- **Attempts**: how often the request was sent, or tried to be.
- **Pooled**: whether the connection goes back to the pool. One that is out of order never does.

No row leaves anything behind: once the client is closed, this process has no socket to the server
and no task more than before. No error is chained to one of the HTTP library, whose objects hold
the request's headers.
"""


def document() -> str:
    """Write the matrix as Markdown."""
    lines = [_HEAD]
    for group, rows in groupby(ROWS, key=lambda row: row.group):
        lines += [f"## {group}", "", "| fault | ends in | attempts | pooled |"]
        lines.append("| --- | --- | --- | --- |")
        for row in rows:
            end = row.ends_in if row.ends_in == PAGE else f"`{row.ends_in}`"
            reused = "yes" if row.reused else "no"
            lines.append(f"| {row.fault} | {end} | {row.attempts} | {reused} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
