"""Filter tree to parameterised SQL over the tables of the store.

What a condition means (Meilisearch's semantics, but for `IS EMPTY`, which follows the Search
guide: "empty/null"):

- Text is compared in the form `fields.folded` gives it: without case, trimmed, its first 468
  bytes. Ranges compare text by code points, so ISO dates compare as dates, partial ones too.
- A literal that reads as a number, quoted or not, stands for that number and for its text:
  `seed = 123` finds `"123"` and `123`, `width = "1024.0"` finds `1024`. Numbers are compared
  with numbers, text with text, whatever the documented type of the field.
- `true` and `false` find JSON booleans, which compare as those words.
- On a list, a condition holds when it holds for any element.
- `field = x`, ranges, `TO`, `IN`, `CONTAINS` and `STARTS WITH` never match a document that lacks
  the field or holds null there. `!=`, `NOT ...`, `NOT IN`, `NOT CONTAINS` and the like are the
  exact complements of their positive forms, so they do match such documents.
- `CONTAINS`, `field:value` and `STARTS WITH` look at text, not at numbers.
- `TO` includes both ends; it compares numbers when both ends read as numbers.
- `EXISTS`: the document has the key, null included. `IS NULL`: it has it, and holds null.
- `IS EMPTY`: the document lacks the key or holds null, `""`, `[]` or `{}`.
"""
# Table and column names come from the declarations in fields.py, never from outside, and values
# are always bound:
# ruff: noqa: S608

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, TypeAlias

import orjson

from scenario_search.emulator.contract.fields import (
    Kind,
    Scalar,
    filterable_field,
    folded,
    has_column,
)
from scenario_search.emulator.filter.parser import (
    And,
    Between,
    Comparison,
    Condition,
    Contains,
    Exists,
    FilterSyntaxError,
    In,
    IsEmpty,
    IsNull,
    Node,
    Not,
    Or,
    StartsWith,
    UnknownFieldError,
)

__all__ = ["compile_filter"]

Parameter: TypeAlias = float | int | str

MAX_CONDITIONS: Final = 5_000
"""SQLite's time grows with the square of the conditions: so many take about two seconds. The `=`
and `IN` of one field that stand in one OR count as one condition, however many they are."""

MAX_PARAMETERS: Final = 32_000
"""SQLite binds 32,766 parameters to a statement in its default build."""

_GROUP: Final = 50
"""So many terms are joined side by side; more are joined in groups of groups, since SQLite
refuses an expression tree deeper than 1,000."""

_MAX_PARENTHESES: Final = 6
"""What is nested deeper becomes a common table expression: SQLite's parser has a stack of 100."""

_TRIGRAMS: Final = 30

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class FilterSql:
    """A filter as SQL.

    Attributes:
        tables: The common table expressions, `WITH ...` and a blank, or nothing.
        condition: A condition on a row of `{kind}_fields`; `1` when there is no filter.
        parameters: The values of `:v1`, `:v2` and so on in both. No value is part of the text.
    """

    tables: str
    condition: str
    parameters: tuple[Parameter, ...]

    def bindings(self) -> dict[str, Parameter]:
        """Returns the parameters by name, as `sqlite3` takes them.

        Python 3.12.1 deprecates a sequence for `?1` as well as for `:v1`.
        """
        return {f"v{number}": value for number, value in enumerate(self.parameters, 1)}


def compile_filter(kind: Kind, tree: Node | None) -> FilterSql:
    """The SQL for a filter on documents of `kind`; None stands for no filter.

    Raises:
        UnknownFieldError: The filter names a field that can't be filtered by.
        FilterSyntaxError: It has more conditions or values than the limits.
    """
    if tree is None:
        return FilterSql("", "1", ())
    compiler = _Compiler(kind)
    condition = compiler.node(tree, negated=False).sql
    tables = ", ".join(
        f"t{number}(doc) AS (SELECT doc FROM {kind}_fields WHERE {body})"
        for number, body in enumerate(compiler.tables)
    )
    return FilterSql(f"WITH {tables} " if tables else "", condition, tuple(compiler.parameters))


def number_of(literal: str) -> float | None:
    """The finite number a literal reads as, or None."""
    if _NUMBER.fullmatch(literal) is None:
        return None
    number = float(literal)
    return number if math.isfinite(number) else None


@dataclass(frozen=True, slots=True)
class _Sql:
    sql: str
    parentheses: int


class _Compiler:
    def __init__(self, kind: Kind) -> None:
        self._kind: Kind = kind
        self._conditions = 0
        self.tables: list[str] = []
        self.parameters: list[Parameter] = []
        self._bound: dict[tuple[type, Parameter], str] = {}

    def node(self, node: Node, *, negated: bool) -> _Sql:
        # NOT moves down to the conditions: there it becomes IS NOT TRUE, which is right for
        # NULL too, and the nesting stays that of AND and OR.
        while isinstance(node, Not):
            node = node.operand
            negated = not negated
        if not isinstance(node, And | Or):
            sql = self._condition(node)
            return _Sql(f"({sql}) IS NOT TRUE" if negated else f"({sql})", 2)
        either = isinstance(node, Or) != negated
        operands = _merged(node) if isinstance(node, Or) else node.operands
        parts = [self.node(operand, negated=negated) for operand in operands]
        return self._joined(" OR " if either else " AND ", parts)

    def _joined(self, word: str, parts: list[_Sql]) -> _Sql:
        parts = [self._shallow(part) for part in parts]
        while len(parts) > 1:
            groups = [parts[at : at + _GROUP] for at in range(0, len(parts), _GROUP)]
            parts = [
                _Sql(
                    f"({word.join(part.sql for part in group)})",
                    max(part.parentheses for part in group) + 1,
                )
                for group in groups
            ]
        return parts[0]

    def _shallow(self, part: _Sql) -> _Sql:
        if part.parentheses < _MAX_PARENTHESES:
            return part
        self.tables.append(part.sql)
        return _Sql(f"doc IN (SELECT doc FROM t{len(self.tables) - 1})", 1)

    def _bind(self, value: Parameter, position: int) -> str:
        key = (type(value), value)
        name = self._bound.get(key)
        if name is None:
            if len(self.parameters) >= MAX_PARAMETERS:
                raise FilterSyntaxError(f"more than {MAX_PARAMETERS} different values", position)
            self.parameters.append(value)
            name = self._bound[key] = f":v{len(self.parameters)}"
        return name

    def _condition(self, node: Condition) -> str:
        numbered = filterable_field(self._kind, node.field)
        if numbered is None:
            raise UnknownFieldError(node.field, node.position)
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise FilterSyntaxError(f"more than {MAX_CONDITIONS} conditions", node.position)
        number, field = numbered
        mask = 1 << number
        match node:
            case Exists():
                return f"present & {mask}"
            case IsNull():
                return f"nulls & {mask}"
            case IsEmpty():
                return f"NOT filled & {mask}"
            case Comparison(operator="!="):
                equal = Comparison(node.field, "=", node.value, position=node.position)
                return f"({self._condition(equal)}) IS NOT TRUE"
        in_list = (
            f"doc IN (SELECT doc FROM {self._kind}_elements WHERE field = {number}"
            f" AND ({self._test(node, 'value')}))"
        )
        if not has_column(field):
            return in_list
        in_column = self._test(node, _quoted(field.name))
        if field.prose and isinstance(node, Contains | StartsWith):
            in_column = f"{self._trigrams(node)}{in_column}"
        return f"{in_column} OR {in_list}"

    def _trigrams(self, node: Contains | StartsWith) -> str:
        """A condition that leaves few documents for the true one to look at."""
        part = folded(node.value)
        trigrams = dict.fromkeys(part[at : at + 3] for at in range(len(part) - 2))
        if not trigrams:
            return ""
        quoted = (trigram.replace('"', '""') for trigram in islice(trigrams, _TRIGRAMS))
        query = self._bind(" AND ".join(f'"{trigram}"' for trigram in quoted), node.position)
        table = f"{self._kind}_trigrams"
        return f"doc IN (SELECT rowid FROM {table} WHERE {table} MATCH {query}) AND "

    def _test(self, node: Comparison | Between | In | Contains | StartsWith, column: str) -> str:
        """The condition on one value, which is NULL, a number or folded text.

        SQLite orders NULL, numbers, text: so `column < ''` keeps a range of numbers from
        taking in all text, and `column >= ''` one of text from taking in numbers.
        """
        at = node.position
        match node:
            case Contains() | StartsWith():
                part = self._bind(folded(node.value), at)
                where = "= 1" if isinstance(node, StartsWith) else "> 0"
                return f"{column} >= '' AND instr({column}, {part}) {where}"
            case In():
                return self._is_one_of(node, column)
            case Between():
                low, high = self._bind(folded(node.low), at), self._bind(folded(node.high), at)
                text = f"{column} BETWEEN {low} AND {high}"
                first, last = number_of(node.low), number_of(node.high)
                if first is None or last is None:
                    return text
                return (
                    f"{column} BETWEEN {self._bind(first, at)} AND {self._bind(last, at)} OR {text}"
                )
        text = self._bind(folded(node.value), at)
        value = number_of(node.value)
        number = None if value is None else self._bind(value, at)
        if node.operator == "=":
            return f"{column} = {text}" if number is None else f"{column} IN ({text}, {number})"
        if node.operator in ("<", "<="):
            below = f"{column} >= '' AND {column} {node.operator} {text}"
            return below if number is None else f"{column} {node.operator} {number} OR {below}"
        above = f"{column} {node.operator} {text}"
        if number is None:
            return above
        return f"{column} {node.operator} {number} AND {column} < '' OR {above}"

    def _is_one_of(self, node: In, column: str) -> str:
        values: list[Scalar | int] = []
        bound: list[str] = []
        for literal in node.values:
            values.append(folded(literal))
            number = number_of(literal)
            if number is None:
                continue
            if number.is_integer() and abs(number) < 2**53:
                values.append(int(number))
            else:
                # JSON text to float and back is exact in Python but not in every SQLite.
                bound.append(self._bind(number, node.position))
        listed = self._bind(orjson.dumps(values).decode(), node.position)
        in_json = f"{column} IN (SELECT value FROM json_each({listed}))"
        return f"{in_json} OR {column} IN ({', '.join(bound)})" if bound else in_json


def _merged(node: Or) -> list[Node]:
    """The operands, with several `=` and `IN` of a field made one `IN`, as most wide ORs are."""
    alike: dict[str, list[Comparison | In]] = {}
    others: list[Node] = []
    for operand in node.operands:
        if isinstance(operand, In) or (isinstance(operand, Comparison) and operand.operator == "="):
            alike.setdefault(operand.field, []).append(operand)
        else:
            others.append(operand)
    for field, equals in alike.items():
        if len(equals) == 1:
            others.append(equals[0])
            continue
        values = chain.from_iterable(
            one.values if isinstance(one, In) else (one.value,) for one in equals
        )
        others.append(In(field, tuple(values), position=equals[0].position))
    return others


def _quoted(name: str) -> str:
    return f'"{name}"'
