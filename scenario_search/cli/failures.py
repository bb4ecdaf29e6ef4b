"""How a command ends: its exit code, and the one line that says what was wrong."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from contextlib import suppress
from typing import Any

import typer

from scenario_search.cli.examples import EXAMPLES
from scenario_search.cli.help import Group
from scenario_search.cli.options import VOCABULARY
from scenario_search.cli.writing import inert, say, say_as_it_is
from scenario_search.errors import (
    APIError,
    AuthenticationError,
    CheckpointError,
    ConfigurationError,
    IncompleteCrawlError,
    InvalidFilterError,
    InvalidParamsError,
    PermissionDeniedError,
    ScenarioError,
)
from scenario_search.filters import format_error
from scenario_search.http.credentials import API_KEY, API_SECRET, BEARER_AUTH
from scenario_search.text import clean

__all__ = [
    "API",
    "BUDGET",
    "CREDENTIALS",
    "EXIT_CODES",
    "INCOMPLETE",
    "CommandError",
    "Commands",
    "set_debug",
]

API, USAGE, BUDGET, INCOMPLETE, CREDENTIALS, INTERRUPTED = 1, 2, 3, 4, 5, 130

EXIT_CODES = (
    "Exit codes: 0 all is well; 1 the API or a file failed; 2 the command is wrong; "
    "3 --max-requests or the API's limit is spent (--resume goes on); 4 the result is incomplete; "
    "5 the credentials are missing or refused; 130 Ctrl-C."
)

_DEBUG = "scenario_search.debug"
_SHOWN = 2_000


class CommandError(Exception):
    """What a command says of its own failure, in a line."""


def set_debug(context: typer.Context, value: bool) -> None:
    """Notes that tracebacks are wanted, wherever ``--debug`` stands on the command line."""
    if value:
        context.meta[_DEBUG] = True


def exit_code(error: BaseException) -> int:
    """Returns the exit code for an error."""
    if isinstance(error, (ConfigurationError, AuthenticationError, PermissionDeniedError)):
        return CREDENTIALS
    if isinstance(error, CheckpointError) and isinstance(error.__cause__, OSError):
        return API
    if isinstance(error, (InvalidParamsError, CheckpointError, ImportError)):
        return USAGE
    return INCOMPLETE if isinstance(error, IncompleteCrawlError) else API


def lines(error: BaseException, *, width: int = 80) -> list[str]:
    """Returns what was wrong in a line, and in two more the place where a filter is wrong."""
    place: list[str] = []
    if isinstance(error, InvalidFilterError) and error.position is not None:
        _, *place = format_error(error, width=width).rsplit("\n", 2)
    line = _line(error)
    if isinstance(error, AuthenticationError):
        line += f": look at {API_KEY} and {API_SECRET}, or {BEARER_AUTH}"
    if isinstance(error, APIError):
        if error.retry_after is not None:
            line += f"; the server says to wait for {error.retry_after:g} s"
        if error.request_id:
            line += f" [request {clean(error.request_id, 80)}]"
    # What a command knows of it, such as where the progress is kept.
    return ["; ".join([line, *(clean(note, _SHOWN) for note in notes(error))]), *place]


def notes(error: BaseException) -> list[str]:
    """Returns what commands noted of an error."""
    return getattr(error, "__notes__", [])


def _line(error: object) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return clean(f"{where}{error.strerror}", _SHOWN)
    if isinstance(error, ScenarioError):
        return clean(error.worded(VOCABULARY), _SHOWN)
    if isinstance(error, BaseException) and not isinstance(error, (ImportError, CommandError)):
        return clean(f"{type(error).__name__}: {error} (--debug shows where)", _SHOWN)
    return clean(error, _SHOWN)


class Commands(Group):
    """The commands. Every error is one line of standard error, and an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Returns the commands' names in the order of the help, which is that of the examples."""
        first = [command.partition(" ")[0] for command in EXAMPLES]
        return sorted(super().list_commands(ctx), key=first.index)

    def invoke(self, ctx: Any) -> Any:
        """Runs a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            say("; ".join(["Interrupted", *notes(error)]) + ".")
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            if isinstance(error, (typer.Exit, typer.Abort)) or hasattr(error, "format_message"):
                raise
            raise typer.Exit(_ended_by(error, debug=_DEBUG in ctx.meta)) from None

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Runs the command line. What was typed wrongly is one line of standard error, too."""
        try:
            result = super().main(*args, **{**extra, "standalone_mode": False})
        except typer.Abort:
            say("Interrupted.")
            result = INTERRUPTED
        except SystemExit as error:
            # Rich ends the program so, with 1, when nobody reads its output any more.
            if not isinstance(error.__context__, BrokenPipeError):
                raise
            result = 0
        except Exception as error:  # noqa: BLE001 - each becomes a line
            # Help and the version are shown before there is a command to invoke.
            mistyped = hasattr(error, "format_message")
            result = _mistyped(error) if mistyped else _ended_by(error, debug=False)
        if standalone_mode:
            sys.exit(result if isinstance(result, int) else 0)
        return result


def _mistyped(error: Any) -> int:
    """Writes what was typed wrongly, and returns the exit code."""
    context = getattr(error, "ctx", None)
    text = clean(_wrong_value(error) or error.format_message(), _SHOWN)
    if hasattr(error, "possibilities") and context is not None and not context.parent:
        text += ": options stand after the command"
    hint = f" (try: {context.command_path} --help)" if context is not None else ""
    if text:
        say(f"Error: {text}{hint}")
    return USAGE


def _wrong_value(error: Any) -> str | None:
    """Returns what is wrong with an option's value; ``None`` if that is not what is wrong.

    Commands name the option themselves. Of what typer refuses, pydantic knows the reason.
    """
    if not isinstance(error, typer.BadParameter):
        return None
    if error.param is None:
        return error.message
    reasons: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    if not reasons:
        return None
    flag, reason = error.param.opts[0], reasons[0]
    details = reason.get("ctx", {})
    if reason["type"] in _EXPECTED:
        expected = _EXPECTED[reason["type"]].format(**details)
        return f"{flag} must be {expected}, not {reason['input']!r}"
    return f"{flag}: {details.get('error', reason['msg'])}"


_EXPECTED = {
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
}


def _ended_by(error: Exception, *, debug: bool) -> int:
    """Writes what ended a command, and returns its exit code."""
    if isinstance(error, BrokenPipeError):
        _forget_output()
        return 0
    if debug:
        traced = "".join(map(inert, traceback.format_exception(error)))
        say_as_it_is(traced.rstrip())
    else:
        head, *place = lines(error, width=shutil.get_terminal_size().columns)
        say(f"Error: {head}")
        for line in place:
            say_as_it_is(line)
    return exit_code(error)


def _forget_output() -> None:
    """Discards what is left for a closed standard output, also when the interpreter ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
