"""Text for people: harmless, in the columns of a terminal, with numbers that read well.

The one table of characters that must not reach a terminal, a notebook or a log as they are
stands here; :func:`clean` removes them and :func:`escaped` shows them.
"""

from __future__ import annotations

import itertools
import json
import re
import unicodedata

__all__ = [
    "clean",
    "count",
    "duration",
    "escaped",
    "file_size",
    "fit",
    "number",
    "one_line",
    "shown_url",
    "terminal_width",
    "without_signature",
]

# What moves, hides or reverses the text beside it: C0 and C1 controls, line and paragraph
# separators, the marks and overrides of Unicode's bidirectional algorithm (UAX #9), invisible
# characters but for the joiners that scripts and emoji need, lone surrogates, noncharacters.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff]"
)
_BLANK = r"[\s\x1c-\x1f\x85\u2028\u2029]"
_BLANKS = re.compile(f"{_BLANK}+")
_EACH_BLANK = re.compile(_BLANK)

# Slashes may be escaped, as some servers write them in JSON. It matches any URL, even one without
# a query string, so that no part of a long text is searched twice.
_URL = re.compile(r"(https?:\\*/\\*/)([^\s?'\"]*)(\?[^\s'\"]*)?", re.IGNORECASE)
# Escaped more than once, they have more backslashes. A pattern for these would match a run of them
# again from each place in it, which takes hours.
_ESCAPED_QUESTION_MARK = re.compile(r"\\u003f", re.IGNORECASE)
_ESCAPED_AT = "\\u0040"
_START_OF_URL = re.compile(
    r"\A((?:[a-z][a-z0-9+.-]*:(?=[/\\]))?[/\\]*)([^/\\?#]*)([^?#]*)", re.IGNORECASE
)


def terminal_width(text: str) -> int:
    """Returns how many columns of a terminal text takes.

    Wide and full-width characters take two (Unicode's UAX #11), marks and joiners none.
    """
    return len(text) if text.isascii() else sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def without_signature(text: str) -> str:
    """Returns text whose URLs have lost what may be secret: query strings, user names, passwords.

    The text may be JSON whose slashes, question marks and at signs are escaped.
    """
    return _URL.sub(_harmless_url, text)


def _harmless_url(match: re.Match[str]) -> str:
    start, address, query = match[1], match[2].replace(_ESCAPED_AT, "@"), match[3] or ""
    address, *escaped_query = _ESCAPED_QUESTION_MARK.split(address, maxsplit=1)
    if escaped_query:
        address, query = address.rstrip("\\"), f"?{escaped_query[0]}{query}"
    authority, slash, path = address.partition("/")
    host = _without_user(authority, f"{slash}{path}{query}")
    return f"{start}..." if host is None else f"{start}{host}{slash}{path}{'?...' if query else ''}"


def shown_url(url: str) -> str:
    """Returns a URL, or what should be one, without query string, user name and password."""
    match = _START_OF_URL.match(url)
    if match is None:  # it matches any text
        return ""
    start, authority, path = match.groups()
    host = _without_user(authority, url[match.end(2) :])
    return f"{start}..." if host is None else f"{start}{host}{path}"


def _without_user(authority: str, rest: str) -> str | None:
    """Returns the host and the port of a URL.

    Args:
        authority: What stands between the slashes and the next ``/``, ``?`` or ``#``.
        rest: What follows it.

    Returns:
        ``None`` if a password seems to go on in the rest: it should have these characters escaped,
        but may have been pasted as it is.
    """
    host = authority.rpartition("@")[2]
    port = host.rpartition(":")[2].rstrip("\\") if ":" in host else ""
    is_cut = rest[:1] in ("?", "#") or not (port.isdigit() or port.endswith("]") or not port)
    return None if "@" in rest and is_cut else host


def clean(value: object, most: int = 200) -> str:
    """Returns a server's value as one line of harmless text, ``""`` for ``None``.

    A URL in it loses its query string, which may be a signature.

    Args:
        value: Text or a number; anything else is written as Python does.
        most: How many characters are kept; ``…`` stands for the rest.
    """
    if value is None:
        return ""
    # Cut first, with room for what is removed: a value may be megabytes long.
    text = str(value)[: 4 * most + 64]
    text = _UNSAFE.sub("", _BLANKS.sub(" ", text)).strip()
    text = without_signature(text)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def fit(value: object, most: int) -> str:
    """Returns a value as :func:`clean` does, in at most so many columns of a terminal too."""
    text = clean(value, most)
    if terminal_width(text) <= most:
        return text
    columns = itertools.accumulate(map(terminal_width, text))
    end = next(at for at, taken in enumerate(columns) if taken >= most)
    return text[:end].rstrip() + "…"


def escaped(text: str, *, keep: str = "") -> str:
    r"""Returns text whose unsafe characters are shown as JSON writes them, such as ``\u001b``.

    The meaning of JSON that is already encoded does not change.

    Args:
        text: Any text.
        keep: Unsafe characters that may stay, such as line breaks.
    """
    return _UNSAFE.sub(lambda match: match[0] if match[0] in keep else _escape(match[0]), text)


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]


def one_line(text: str) -> str:
    """Returns text as one harmless line: blanks become spaces, the rest is :func:`escaped`."""
    return escaped(_EACH_BLANK.sub(" ", text))


def number(value: object) -> float | None:
    """Returns a measure, ``None`` for what cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value < 1e18 else None


def count(value: int) -> str:
    """Returns a number with its thousands separated."""
    return f"{value:,}"


def file_size(value: object) -> str:
    """Returns a number of bytes in powers of 1000, ``""`` where it is not a number."""
    size = number(value)
    if size is None:
        return ""
    if size < 1000:
        return f"{size:.0f} B"
    unit = "kB"
    for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007 - the last one is used
        size /= 1000
        if size < 999.5:
            break
    return f"{size:.0f} {unit}" if size >= 10 else f"{size:.1f} {unit}"


def duration(seconds: float) -> str:
    """Returns a number of seconds as people write it: ``12 ms``, ``1.5 s``, ``2:05``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
