"""How help looks: flags without a type, options by what they are for, whole words when narrow."""

from __future__ import annotations

import shlex
import shutil
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["Command", "Group"]

_PANELS = ("Search", "Pages", "Crawl", "Download", "Output", "Request", "Connection")
_NARROW = 60
"""Columns below which panels would cut the options' names."""


def _place(param: Any) -> int:
    panel = getattr(param, "rich_help_panel", None)
    return _PANELS.index(panel) if panel in _PANELS else -1


class _Help:
    rich_markup_mode: Any

    def get_params(self, ctx: Any) -> list[Any]:
        """Returns the parameters in the order of the help."""
        params: list[Any] = sorted(super().get_params(ctx), key=_place)  # type: ignore[misc]
        panels = [param.rich_help_panel for param in params if _place(param) >= 0]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
            if param.name == "help" and panels:
                param.rich_help_panel = panels[-1]
        return params

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help."""
        before, columns = self.rich_markup_mode, shutil.get_terminal_size().columns
        if columns < _NARROW:
            self.rich_markup_mode = None
            formatter.width = columns
        try:
            super().format_help(ctx, formatter)  # type: ignore[misc]
        finally:
            self.rich_markup_mode = before

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - click passes it
        """Writes the examples, a line each."""
        formatter.write_paragraph()
        for line in self.epilog.splitlines():  # type: ignore[attr-defined]
            formatter.write_text(line)


class Command(_Help, TyperCommand):
    """A command. An argument too many is refused with what to write instead."""

    allow_extra_args = True

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the command line.

        Raises:
            typer.BadParameter: There are more arguments than the command takes.
        """
        unread = super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            takes = {param.name: param.param_type_name for param in self.params}
            if "argument" in takes.values():
                instead = "put several words into quotes"
            else:
                instead = "write --kind in front of it" if "kind" in takes else "leave it out"
            raise typer.BadParameter(
                f"Unexpected argument {' '.join(ctx.args)}: {instead}", ctx=ctx
            )
        return unread


class Group(_Help, TyperGroup):
    """Commands under one name. A query in place of a command's name is answered with one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Returns the command that the arguments name, with what follows its name.

        Raises:
            typer.BadParameter: They name no command of a group of searches.
        """
        if "assets" in self.commands and ctx.parent is not None and args[0] not in self.commands:
            kinds = ", ".join(self.commands)
            raise typer.BadParameter(
                f"Which hits: {kinds}? Write {ctx.command_path} assets {shlex.join(args)}", ctx=ctx
            )
        return super().resolve_command(ctx, args)
