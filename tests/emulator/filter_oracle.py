"""What a filter means, said a second time in plain Python: slow, and with no SQL in it.

Only the tree of `filter_parser` is shared with the code under test. Documents are walked as they
stand, and every rule is written here as the Search guide and Meilisearch's documentation give it.
"""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from scenario_search.emulator.contract.fields import FIELDS, Kind
from scenario_search.emulator.filter.parser import (
    And,
    Between,
    Comparison,
    Contains,
    Exists,
    In,
    IsEmpty,
    IsNull,
    Node,
    Not,
    Or,
    StartsWith,
)

MISSING = object()
ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def matches(kind: Kind, tree: Node | None, document: dict[str, Any]) -> bool:
    """Whether the document matches the filter."""
    match tree:
        case None:
            return True
        case And(operands):
            return all(matches(kind, operand, document) for operand in operands)
        case Or(operands):
            return any(matches(kind, operand, document) for operand in operands)
        case Not(operand):
            return not matches(kind, operand, document)
        case Comparison(name, "!=", value):
            return not matches(kind, Comparison(name, "=", value), document)
        case Exists(name):
            return value_of(kind, name, document) is not MISSING
        case IsNull(name):
            return value_of(kind, name, document) is None
        case IsEmpty(name):
            value = value_of(kind, name, document)
            return value is MISSING or value is None or value in ("", [], {})
        case _:
            return any(holds(tree, value) for value in scalars(kind, tree.field, document))


def holds(tree: Node, value: float | str) -> bool:
    """Whether a condition holds for one number or one text."""
    match tree:
        case Comparison(_, "=", literal):
            return value in meanings(literal)
        case Comparison(_, symbol, literal):
            return any(
                type(meaning) is type(value) and ORDERINGS[symbol](value, meaning)
                for meaning in meanings(literal)
            )
        case In(_, literals):
            return any(value in meanings(literal) for literal in literals)
        case Between(_, low, high):
            if isinstance(value, str):
                return text(low) <= value <= text(high)
            first, last = number(low), number(high)
            return first is not None and last is not None and first <= value <= last
        case Contains(_, literal):
            return isinstance(value, str) and text(literal) in value
        case StartsWith(_, literal):
            return isinstance(value, str) and value.startswith(text(literal))
    raise AssertionError(tree)


def value_of(kind: Kind, name: str, document: dict[str, Any]) -> Any:
    (field,) = [field for field in FIELDS[kind] if field.name == name]
    value: Any = document
    for key in field.path:
        if not isinstance(value, dict) or key not in value:
            return MISSING
        value = value[key]
    return value


def scalars(kind: Kind, name: str, document: dict[str, Any]) -> Iterator[float | str]:
    value = value_of(kind, name, document)
    for element in value if isinstance(value, list) else [value]:
        inner = element
        if name == "concepts" and isinstance(value, list) and isinstance(element, dict):
            inner = element.get("modelId")
        if isinstance(inner, bool):
            yield str(inner).lower()
        elif isinstance(inner, str):
            yield text(inner)
        elif isinstance(inner, int | float):
            yield float(inner)


def meanings(literal: str) -> list[float | str]:
    as_number = number(literal)
    return [text(literal)] if as_number is None else [text(literal), as_number]


def number(literal: str) -> float | None:
    if not literal.isascii() or "_" in literal or literal != literal.strip():
        return None
    try:
        result = float(literal)
    except ValueError:
        return None
    return result if abs(result) < float("inf") else None


def text(value: str) -> str:
    value = unicodedata.normalize("NFKD", value.strip()).lower().replace("\0", "\ufffd")
    while len(value.encode()) > 468:
        value = value[:-1]
    return value
