r"""What reaches the terminal: data on standard output, the rest on standard error.

Servers' text may hold control characters, which a terminal obeys. Whatever is written here shows
them as ``\u001b``, in JSON too, whose meaning that does not change.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import orjson
from rich.console import Console

from scenario_search.text import escaped

__all__ = ["emit", "inert", "json_text", "named_output", "say", "say_as_it_is", "terminal"]


def inert(text: str, *, lines: bool = True) -> str:
    """Returns text that a terminal only shows.

    Args:
        text: Any text.
        lines: Whether line breaks and tabs may stay.
    """
    return escaped(text, keep="\n\t" if lines else "")


def json_text(value: Any, *, indented: bool = False) -> str:
    """Returns JSON whose strings a terminal only shows, in a line or indented."""
    option = orjson.OPT_INDENT_2 if indented else 0
    return escaped(orjson.dumps(value, option=option).decode(), keep="\n")


def emit(text: str) -> None:
    """Writes data to standard output, and flushes it.

    Raises:
        BrokenPipeError: Nobody reads it any more.
        OSError: It cannot be written, since the disk is full.
    """
    with named_output():
        sys.stdout.write(text)
        sys.stdout.flush()


@contextmanager
def named_output() -> Iterator[None]:
    """Names standard output in the error of what writes to it, when the disk is full."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from None


def say(text: str) -> None:
    """Writes a line to standard error; for a terminal it is broken between words."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        text = textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
    say_as_it_is(text)


def say_as_it_is(text: str) -> None:
    """Writes text to standard error, and leaves its lines as they are."""
    with suppress(OSError):  # what nobody reads is no reason to fail
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def terminal() -> Console:
    """Returns standard output as a console: plain unless it is a terminal without ``NO_COLOR``.

    Square brackets and colons in what is printed mean themselves.
    """
    return Console(highlight=False, markup=False, emoji=False)
