"""Reads filters back: `parse` returns the tree of a filter's text, `format_error` shows a mistake.

``parse(str(filter)) == filter`` for every tree, so no value, however hostile, changes what a filter
means. The grammar is the one of the Search guide ("Filter Syntax") and of Meilisearch ("Filter
expression reference").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple, cast

import attrs

from scenario_search.errors import InvalidFilterError
from scenario_search.filters.advice import advice
from scenario_search.filters.tree import (
    MAX_NESTING,
    And,
    Between,
    Comparison,
    Condition,
    Contains,
    Exists,
    Filter,
    In,
    IsEmpty,
    IsNull,
    Matches,
    Not,
    Operator,
    Or,
    StartsWith,
    join,
)
from scenario_search.filters.values import KEYWORDS, Scalar, check_field_name, read_number
from scenario_search.text import terminal_width

__all__ = ["format_error", "parse"]

_TOKEN = re.compile(
    r"""[ \t\r\n]*+
    (?: (?P<word>   [A-Za-z0-9_.-]++ )
      | (?P<quoted> "(?:[^"\\]|\\.)*+" | '(?:[^'\\]|\\.)*+' )
      | (?P<symbol> == | != | <> | >= | <= | && | \|\| | [=<>:()\[\],] )
      | (?P<end>    \Z )
      | (?P<other>  . )
    )""",
    re.VERBOSE | re.DOTALL,
)
_FIELD = "a field, NOT or '('"
_OPERATORS = ("=", "!=", ">", ">=", "<", "<=")


class _Token(NamedTuple):
    sort: str
    text: str
    start: int

    def __str__(self) -> str:
        return "the end" if self.sort == "end" else repr(self.text[:40])

    def is_word(self, keyword: str) -> bool:
        return self.sort == "word" and self.text == keyword

    def is_symbol(self, *symbols: str) -> bool:
        return self.sort == "symbol" and self.text in symbols

    def is_value(self) -> bool:
        return self.sort == "quoted" or (self.sort == "word" and self.text not in KEYWORDS)


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while match := _TOKEN.match(text, position):
        sort = cast(str, match.lastgroup)
        yield _Token(sort, match[sort], match.start(sort))
        # Nothing is read past a wrong character: looking for the end of each quote that is never
        # closed would take time in the square of the text.
        if sort in ("end", "other"):
            return
        position = match.end()


@attrs.define
class _Level:
    """The terms read since a parenthesis: those of OR, of the current AND, and pending NOTs."""

    opened_at: int
    ors: list[Filter] = attrs.field(factory=list)
    ands: list[Filter] = attrs.field(factory=list)
    nots: int = 0

    def add(self, term: Filter) -> None:
        for _ in range(self.nots):
            term = Not(term)
        self.ands.append(term)
        self.nots = 0

    def end_and(self) -> None:
        self.ors.append(join(And, self.ands))
        self.ands = []

    def end(self) -> Filter:
        self.end_and()
        return join(Or, self.ors)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.index = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.index]

    def take(self) -> _Token:
        token = self.token
        self.index += 1
        return token

    def take_word(self, keyword: str) -> bool:
        matches = self.token.is_word(keyword)
        self.index += matches
        return matches

    def take_symbol(self, symbol: str) -> bool:
        matches = self.token.is_symbol(symbol)
        self.index += matches
        return matches

    def error(self, message: str, token: _Token | None = None) -> InvalidFilterError:
        position = (token or self.token).start
        return InvalidFilterError(
            f"Invalid filter syntax at position {position}: {message}",
            text=self.text,
            position=position,
        )

    def expected(self, expected: str) -> InvalidFilterError:
        token = self.token
        before = self.tokens[self.index - 1].start if self.index else None
        if token.sort == "other" and token.text in "\"'":
            hint: str | None = "this quote is never closed"
        else:
            hint = advice(self.text, token.start, before)
        return self.error(f"expected {expected}, found {token}{f' ({hint})' if hint else ''}")

    def filter(self) -> Filter:
        """Reads the whole text. A loop, not a recursion: the caller's own stack may be deep."""
        level = _Level(opened_at=0)
        outer: list[_Level] = []
        nesting = 0
        while True:
            if self.token.is_word("NOT") or self.token.is_symbol("("):
                nesting += 1
                if nesting > MAX_NESTING:
                    raise self.error(f"nested more than {MAX_NESTING} levels deep")
                if self.take().text == "NOT":
                    level.nots += 1
                else:
                    outer.append(level)
                    level = _Level(opened_at=self.tokens[self.index - 1].start)
                continue
            term = self.condition()
            while True:
                nesting -= level.nots
                level.add(term)
                if not (outer and self.take_symbol(")")):
                    break
                term = level.end()
                level = outer.pop()
                nesting -= 1
            if self.take_word("OR"):
                level.end_and()
            elif not self.take_word("AND"):
                break
        if self.token.sort != "end":
            raise self.expected("AND, OR, ')' or the end" if outer else "AND, OR or the end")
        if outer:
            raise self.error(
                f"expected ')' for the '(' at position {level.opened_at}, found the end"
            )
        return level.end()

    def condition(self) -> Filter:
        field = self.field()
        token = self.token
        if token.is_symbol(*_OPERATORS):
            self.take()
            return Comparison(field, cast(Operator, token.text), self.value())
        if self.take_symbol(":"):
            return Matches(field, self.value())
        if token.is_value() and self.tokens[self.index + 1].is_word("TO"):
            low = self.value()
            self.take()
            return Between(field, low, self.value())
        if self.take_word("IS"):
            negated = self.take_word("NOT")
            if self.take_word("NULL"):
                return _negated(IsNull(field), negated)
            if self.take_word("EMPTY"):
                return _negated(IsEmpty(field), negated)
            raise self.expected("NULL or EMPTY" if negated else "NULL, EMPTY or NOT")
        negated = self.take_word("NOT")
        if self.take_word("EXISTS"):
            return _negated(Exists(field), negated)
        if self.take_word("IN"):
            return _negated(In(field, self.values()), negated)
        if self.take_word("CONTAINS"):
            return _negated(Contains(field, self.value()), negated)
        if self.take_word("STARTS"):
            if not self.take_word("WITH"):
                raise self.expected("WITH")
            return _negated(StartsWith(field, self.value()), negated)
        words = "IN, EXISTS, CONTAINS or STARTS WITH"
        raise self.expected(words if negated else f"{' '.join(_OPERATORS)} : TO IS, {words}")

    def field(self) -> str:
        if not self.token.is_value():
            raise self.expected(_FIELD)
        token = self.take()
        name = _unquoted(token.text) if token.sort == "quoted" else token.text
        try:
            return check_field_name(name)
        except InvalidFilterError as error:
            raise self.error(error.message, token) from None

    def value(self) -> Scalar:
        if not self.token.is_value():
            raise self.expected("a value")
        token = self.take()
        if token.sort == "quoted":
            return _unquoted(token.text)
        if token.text in ("true", "false"):
            return token.text == "true"
        number = read_number(token.text)
        return token.text if number is None else number

    def values(self) -> list[Scalar]:
        if not self.take_symbol("["):
            raise self.expected("'['")
        values: list[Scalar] = []
        while not self.take_symbol("]"):
            values.append(self.value())
            if not self.take_symbol(",") and not self.token.is_symbol("]"):
                raise self.expected("',' or ']'")
        return values


def _negated(condition: Condition, negated: bool) -> Filter:
    return Not(condition) if negated else condition


def _unquoted(quoted: str) -> str:
    # Only the quote in use and the backslash are escaped: another backslash is itself.
    quote = quoted[0]
    return re.sub(rf"\\([\\{quote}])", r"\1", quoted[1:-1])


def parse(text: str) -> Filter | None:
    """Returns the filter tree of a text.

    A bare number and ``true`` or ``false`` are read as such; other words, and everything quoted,
    as text. Field names are not checked against the documentation. Geo filters and ``ENDS WITH``
    are refused.

    Args:
        text: A filter as the API takes it.

    Returns:
        The tree, or ``None`` for a blank text, which the API takes as no filter.

    Raises:
        InvalidFilterError: The text is not a filter; ``position`` is the index in ``text`` where
            reading failed. `format_error` shows it.
    """
    if not text.strip():
        return None
    parser = _Parser(text)
    try:
        return parser.filter()
    except InvalidFilterError as error:
        if error.position is not None:
            raise
        # Refused by the tree itself, such as a lone surrogate in a value.
        raise parser.error(error.message, parser.tokens[max(parser.index - 1, 0)]) from None


def format_error(error: InvalidFilterError, *, width: int = 80) -> str:
    """Returns the message of an error and, if it has a position, its text with a caret below.

    Args:
        error: As raised by `parse`.
        width: Width of a line, in columns; only that much of the text is shown.
    """
    if error.text is None or error.position is None:
        return error.message
    begin = error.text.rfind("\n", 0, error.position) + 1
    end = error.text.find("\n", error.position)
    # Room for "  " before the text, and for the caret itself.
    room = max(width - 3, 2)
    begin = max(begin, error.position - room // 2)
    line = error.text[begin : end if end >= 0 else None][:room]
    # One column for each control character, or the caret would not stand below its place.
    line = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in line)
    before = terminal_width(line[: error.position - begin])
    return f"{error.message}\n  {line}\n  {' ' * before}^"
