"""Filter text to tree.

The language is the Search guide's "Filter Syntax" with Meilisearch's further operators::

    filter     = or
    or         = and ("OR" and)*
    and        = not ("AND" not)*
    not        = "NOT" not | "(" or ")" | condition
    condition  = field ("=" | "!=" | ">" | ">=" | "<" | "<=") value
               | field ":" value                             contains
               | field value "TO" value                      both ends included
               | field ["NOT"] "IN" "[" [value ("," value)* [","]] "]"
               | field ["NOT"] "CONTAINS" value
               | field ["NOT"] "STARTS" "WITH" value
               | field ["NOT"] "EXISTS"
               | field "IS" ["NOT"] ("EMPTY" | "NULL")
    field, value = word | quoted
    word       = [A-Za-z0-9_.-]+, and no keyword
    quoted     = between ' or ", where a backslash stands before a quote or a backslash

Keywords are in upper case. `scenario_search.emulator.filter.sql` says what a condition means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from scenario_search.filters.advice import advice

__all__ = [
    "And",
    "Between",
    "Comparison",
    "Condition",
    "Contains",
    "Exists",
    "FilterSyntaxError",
    "In",
    "IsEmpty",
    "IsNull",
    "Node",
    "Not",
    "Or",
    "StartsWith",
    "UnknownFieldError",
    "all_of",
    "parse_filter",
]

MAX_DEPTH: Final = 200
"""The deepest nesting of parentheses and `NOT`."""

MAX_LENGTH: Final = 1024 * 1024
"""The longest filter, in characters."""

KEYWORDS: Final = frozenset(
    "AND OR NOT IN TO IS EMPTY NULL EXISTS CONTAINS STARTS ENDS WITH".split()  # noqa: SIM905
)

Operator: TypeAlias = Literal["=", "!=", ">", ">=", "<", "<="]


class FilterSyntaxError(ValueError):
    """The text is no filter.

    Attributes:
        message: What is wrong; it starts with the API's words `Invalid filter syntax`.
        position: Where, in characters from the start of the text, from 0.
    """

    def __init__(self, problem: str, position: int) -> None:
        self.message = f"Invalid filter syntax: {problem} (at position {position})"
        self.position = position
        super().__init__(self.message)


class UnknownFieldError(ValueError):
    """The filter names a field that can't be filtered by.

    Attributes:
        name: The name as written.
        position: Where it stands, in characters from the start of the text, from 0.
    """

    def __init__(self, name: str, position: int) -> None:
        self.name = name
        self.position = position
        super().__init__(f'"{name}" is not a filterable field')


@dataclass(frozen=True, slots=True, kw_only=True)
class _Positioned:
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison(_Positioned):
    """`field = value` and its like."""

    field: str
    operator: Operator
    value: str


@dataclass(frozen=True, slots=True)
class Between(_Positioned):
    """`field low TO high`, both ends included."""

    field: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class In(_Positioned):
    """`field IN [values]`."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contains(_Positioned):
    """`field CONTAINS value` and `field:value`."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class StartsWith(_Positioned):
    """`field STARTS WITH value`."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Exists(_Positioned):
    """`field EXISTS`."""

    field: str


@dataclass(frozen=True, slots=True)
class IsNull(_Positioned):
    """`field IS NULL`."""

    field: str


@dataclass(frozen=True, slots=True)
class IsEmpty(_Positioned):
    """`field IS EMPTY`."""

    field: str


@dataclass(frozen=True, slots=True)
class Not(_Positioned):
    """`NOT operand`, and the negative forms of conditions."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And(_Positioned):
    """All of two or more operands."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(_Positioned):
    """Any of two or more operands."""

    operands: tuple[Node, ...]


Condition: TypeAlias = Comparison | Between | In | Contains | StartsWith | Exists | IsNull | IsEmpty
Node: TypeAlias = Condition | Not | And | Or


def parse_filter(text: str) -> Node | None:
    """Reads a filter.

    Returns:
        The tree, whose nodes tell where in the text they start; None for blank text, which is
        no filter.

    Raises:
        FilterSyntaxError: The text is no filter, or is longer or nested deeper than the limits.
            No other error comes from any text.
    """
    if len(text) > MAX_LENGTH:
        raise FilterSyntaxError(f"the filter is longer than {MAX_LENGTH} characters", MAX_LENGTH)
    tokens = _tokens(text)
    if tokens[0].type == "end":
        return None
    return _Parser(text, tokens).filter()


def all_of(*conditions: Node | None) -> Node | None:
    """The tree that asks for all of the given ones; None stands for no condition."""
    present = tuple(condition for condition in conditions if condition is not None)
    return present[0] if len(present) == 1 else And(present) if present else None


@dataclass(frozen=True, slots=True)
class _Token:
    type: Literal["word", "quoted", "keyword", "sign", "end"]
    text: str
    position: int

    def __str__(self) -> str:
        if self.type == "end":
            return "the end of the filter"
        shown = self.text if len(self.text) <= 40 else self.text[:40] + "..."
        return repr(shown)


_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<word>[A-Za-z0-9_.\-]+)
      | (?P<quoted>"[^"\\]*(?:\\.[^"\\]*)*" | '[^'\\]*(?:\\.[^'\\]*)*')
      | (?P<sign>!=|>=|<=|[=<>:()\[\],])
      | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while not tokens or tokens[-1].type != "end":
        match = _TOKEN.match(text, at)
        if match is None:
            raise _wrong_character(text, at, tokens[-1].position if tokens else None)
        at = match.end()
        if (word := match["word"]) is not None:
            kind: Literal["keyword", "word"] = "keyword" if word in KEYWORDS else "word"
            tokens.append(_Token(kind, word, match.start("word")))
        elif (quoted := match["quoted"]) is not None:
            start = match.start("quoted")
            tokens.append(_Token("quoted", _unescaped(quoted[1:-1], start + 1), start))
        elif (sign := match["sign"]) is not None:
            tokens.append(_Token("sign", sign, match.start("sign")))
        else:
            tokens.append(_Token("end", "", match.start("end")))
    return tokens


def _wrong_character(text: str, at: int, before: int | None) -> FilterSyntaxError:
    while text[at].isspace():
        at += 1
    if text[at] in "\"'":
        return FilterSyntaxError(f"the quote {text[at]} is never closed", at)
    hint = advice(text, at, before) or "quote values that hold it"
    return FilterSyntaxError(f"unexpected character {text[at]!r}; {hint}", at)


def _unescaped(quoted: str, position: int) -> str:
    try:
        quoted.encode()
    except UnicodeEncodeError as error:
        raise FilterSyntaxError("the text is no valid Unicode", position + error.start) from None
    if "\\" not in quoted:
        return quoted
    for escape in _ESCAPE.finditer(quoted):
        if escape[1] not in "\"'\\":
            raise FilterSyntaxError(
                f"unknown escape {escape[0]!r}; write two backslashes for one",
                position + escape.start(),
            )
    return _ESCAPE.sub(r"\1", quoted)


class _Parser:
    """Recursive descent with two frames a level of nesting, so that `MAX_DEPTH` fits the stack."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._at = 0

    def filter(self) -> Node:
        tree = self._any_of(0)
        if self._token.type != "end":
            raise self._unexpected('"AND", "OR" or the end')
        return tree

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, text: str, type_: str = "keyword") -> bool:
        token = self._token
        if token.type == type_ and token.text == text:
            self._at += 1
            return True
        return False

    def _any_of(self, depth: int) -> Node:
        position = self._token.position
        alternatives: list[Node] = []
        while True:
            operands = [self._operand(depth)]
            while self._take("AND"):
                operands.append(self._operand(depth))
            start = operands[0].position
            alternatives.append(
                operands[0] if len(operands) == 1 else And(tuple(operands), position=start)
            )
            if not self._take("OR"):
                break
        if len(alternatives) == 1:
            return alternatives[0]
        return Or(tuple(alternatives), position=position)

    def _operand(self, depth: int) -> Node:
        negations: list[int] = []
        while self._token.type == "keyword" and self._token.text == "NOT":
            negations.append(self._token.position)
            self._at += 1
        depth += len(negations)
        opening = self._token
        grouped = self._take("(", "sign")
        depth += grouped
        if depth > MAX_DEPTH:
            raise FilterSyntaxError(f"nested deeper than {MAX_DEPTH} levels", opening.position)
        if grouped:
            node = self._any_of(depth)
            if not self._take(")", "sign"):
                raise self._unexpected(
                    f'"AND", "OR" or the ")" for the "(" at position {opening.position}'
                )
        else:
            node = self._condition()
        for position in reversed(negations):
            node = Not(node, position=position)
        return node

    def _condition(self) -> Node:
        position = self._token.position
        name = self._name()
        token = self._token
        if token.type == "sign":
            if token.text in ("=", "!=", ">", ">=", "<", "<="):
                self._at += 1
                operator: Operator = token.text  # type: ignore[assignment]
                return Comparison(name, operator, self._value(), position=position)
            if token.text == ":":
                self._at += 1
                return Contains(name, self._value(), position=position)
        if token.type in ("word", "quoted"):
            return self._between(name, position)
        if token.type == "keyword":
            if token.text == "IS":
                self._at += 1
                return self._state(name, position)
            negated = self._take("NOT")
            node = self._keyword_condition(name, position, negated=negated)
            return Not(node, position=position) if negated else node
        raise self._unexpected(f"an operator after {name!r}")

    def _keyword_condition(self, name: str, position: int, *, negated: bool) -> Condition:
        if self._take("IN"):
            return In(name, self._list(), position=position)
        if self._take("EXISTS"):
            return Exists(name, position=position)
        if self._take("CONTAINS"):
            return Contains(name, self._value(), position=position)
        if self._take("STARTS"):
            if not self._take("WITH"):
                raise self._unexpected('"WITH" after "STARTS"')
            return StartsWith(name, self._value(), position=position)
        if self._token.text == "ENDS" and self._token.type == "keyword":
            raise FilterSyntaxError('"ENDS WITH" is not supported', self._token.position)
        what = '"IN", "CONTAINS", "STARTS WITH" or "EXISTS" after "NOT"'
        raise self._unexpected(what if negated else f"an operator after {name!r}")

    def _state(self, name: str, position: int) -> Node:
        negated = self._take("NOT")
        node: Condition
        if self._take("EMPTY"):
            node = IsEmpty(name, position=position)
        elif self._take("NULL"):
            node = IsNull(name, position=position)
        else:
            raise self._unexpected('"EMPTY" or "NULL" after "IS"')
        return Not(node, position=position) if negated else node

    def _between(self, name: str, position: int) -> Condition:
        # A second bare value is only ever right before TO: say so about the first of the two.
        start = self._at
        low = self._value()
        if not self._take("TO"):
            self._at = start
            raise self._unexpected(f"an operator after {name!r}")
        return Between(name, low, self._value(), position=position)

    def _list(self) -> tuple[str, ...]:
        if not self._take("[", "sign"):
            raise self._unexpected('"[" after "IN"')
        values: list[str] = []
        while not self._take("]", "sign"):
            values.append(self._value())
            if not self._take(",", "sign") and self._token.text != "]":
                raise self._unexpected('"," or "]"')
        return tuple(values)

    def _name(self) -> str:
        token = self._token
        if token.type not in ("word", "quoted"):
            raise self._unexpected("a field name")
        self._at += 1
        return token.text

    def _value(self) -> str:
        token = self._token
        if token.type not in ("word", "quoted"):
            raise self._unexpected("a value")
        self._at += 1
        return token.text

    def _unexpected(self, what: str) -> FilterSyntaxError:
        token = self._token
        before = self._tokens[self._at - 1].position if self._at else None
        hint = advice(self._text, token.position, before)
        problem = f"expected {what}, found {token}"
        return FilterSyntaxError(f"{problem}; {hint}" if hint else problem, token.position)
