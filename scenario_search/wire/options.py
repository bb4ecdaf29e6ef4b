"""Options: keywords of clients, crawls and downloads, each declared once.

An options class is an attrs class whose fields are made by :func:`option`. The signatures of the
methods that take the options, their help and their checks follow from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from scenario_search.messages import Message
from scenario_search.wire.rules import Rule

__all__ = ["option", "problems"]


def option(
    default: Any,
    doc: str,
    rule: Rule | None = None,
    *,
    converter: Callable[[Any], Any] | None = None,
    repr: bool = True,
) -> Any:
    """Declares an option.

    Args:
        default: Its default.
        doc: What the help says of it.
        rule: Returns what is wrong with a value; see :mod:`scenario_search.wire.rules`.
        converter: As for :func:`attrs.field`.
        repr: Likewise.
    """
    metadata = {"doc": doc, "rule": rule}
    return attrs.field(default=default, converter=converter, repr=repr, metadata=metadata)


def problems(options: Any) -> Iterator[Message]:
    """Yields what the rules rule out in an object of an options class."""
    for field in attrs.fields(type(options)):
        rule: Rule | None = field.metadata.get("rule")
        value = getattr(options, field.name)
        if rule is None or (value is None and field.default is None):
            continue
        if problem := rule(field.name, value):
            yield problem
