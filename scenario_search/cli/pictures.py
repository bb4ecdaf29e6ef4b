"""Reference pictures as they are named on a command line: a file, an asset's id, a web address."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import typer

from scenario_search.http.options import is_loopback
from scenario_search.text import clean, without_signature

__all__ = ["picture"]

_MOST_BYTES = 20 * 2**20
_TIMEOUT = 30.0
_FILE_NAME = re.compile(r"[/\\]|\.[A-Za-z0-9]{2,4}$")


def picture(text: str, proxy: str | None = None) -> str | Path | bytes:
    """Returns what a search takes as a reference picture.

    A web address is fetched here, with no credentials, since the API takes none: up to 20 MiB
    within 30 seconds. Its bytes show whether it is a picture when it is sent.

    Args:
        text: A data URL, a web address, the name of a file or of a pipe, ``-`` for standard
            input, or else an asset's id. A file that is there comes before an id of that name.
        proxy: The URL of a proxy to fetch a web address through; else the environment's.

    Raises:
        typer.BadParameter: The file is not there, or the address could not be fetched.
    """
    if text == "-":
        return _read(sys.stdin.buffer, "standard input")
    if text[:5].lower() == "data:":
        return text
    if re.match(r"https?://", text, re.IGNORECASE):
        return _fetched(text, proxy)
    if not text:
        return text
    path = Path(text)
    with suppress(RuntimeError):  # ~ and a name that no user has
        path = path.expanduser()
    try:
        if path.is_file():
            return path
        if path.is_dir():
            raise typer.BadParameter(f"{text} is a folder: name a picture in it")
        if path.exists():  # a pipe, such as a shell's <(command)
            with path.open("rb") as pipe:
                return _read(pipe, text)
    except OSError as error:
        raise typer.BadParameter(f"cannot read {clean(text)}: {error.strerror}") from None
    if _FILE_NAME.search(text):
        raise typer.BadParameter(f"there is no file {text}")
    return text


def _read(stream: BinaryIO, name: str) -> bytes:
    """Reads a picture that can be read only once."""
    data = stream.read(_MOST_BYTES + 1)
    if not data:
        raise typer.BadParameter(f"{name} holds no picture: it is empty")
    return data


def _fetched(url: str, proxy: str | None) -> bytes:
    import urllib.error  # noqa: PLC0415 - few searches need it
    import urllib.request  # noqa: PLC0415

    shown = without_signature(url)
    try:
        if urlsplit(url).username is not None:
            raise typer.BadParameter("a picture's address must hold no user name or password")
        request = urllib.request.Request(url, headers={"User-Agent": "scenario-search"})  # noqa: S310
        proxies = None if proxy is None else {"http": proxy, "https": proxy}
        if proxy is None and is_loopback(urlsplit(url).hostname or ""):
            proxies = {}  # the environment's proxy would not find what is on this machine
        opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
        with opener.open(request, timeout=_TIMEOUT) as answer:
            data: bytes = answer.read(_MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise typer.BadParameter(f"cannot fetch {shown}: {error.code} {error.reason}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise typer.BadParameter(f"cannot fetch {shown}: {reason}") from None
    if len(data) > _MOST_BYTES:
        raise typer.BadParameter(f"{shown} is larger than {_MOST_BYTES // 2**20} MiB")
    return data
