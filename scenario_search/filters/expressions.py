"""Filters: `F` to write them, `Raw` for text of your own, `parse` to read them back.

``F.width >= 1024`` is a `Filter`; filters are joined with ``&``, ``|`` and ``~``; ``str(filter)``
is the text that goes to the API, and ``parse(str(filter)) == filter``, so that no value, however
hostile, can change what a filter means::

    str((F.tags == "dragon") & ~F.nsfw.is_in(["nudity"]) & (F.created_at >= date(2024, 1, 1)))
    # tags = dragon AND nsfw NOT IN [nudity] AND createdAt >= "2024-01-01"

The language is the one of the Search guide ("Filter Syntax") and of Meilisearch, on which the API
runs ("Filter expression reference" in its docs). What cannot be a filter raises an
`InvalidFilterError`; what Python itself would get wrong (``and``, ``or``, ``not``, ``in``, chained
comparisons, a missing parenthesis) raises a TypeError.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple, NoReturn, cast

import attrs

from scenario_search.display.columns import columns
from scenario_search.errors import InvalidFilterError
from scenario_search.filters.fields import FIELDS, DocumentedFields, Kind, nearest
from scenario_search.filters.tree import (
    KEYWORDS,
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
    Raw,
    Scalar,
    StartsWith,
    Value,
    check_field_name,
    join,
    read_number,
    walk,
)

__all__ = ["F", "Field", "Filter", "Raw", "Value", "check_fields", "format_error", "parse"]


@attrs.frozen(eq=False, repr=False)
class Field:  # noqa: PLW1641 - == is a filter, so a field is no key
    """A field of a hit, to be compared. Made by `F`, never by hand.

    ``!=`` and ``~`` also match hits that lack the field (Meilisearch docs, "Filter expression
    reference"). On a list, ``==`` asks for an element.
    """

    name: str = attrs.field(converter=check_field_name)
    documented: bool = False

    __array_ufunc__ = None  # numpy numbers on the left leave the comparison to us

    def __eq__(self, value: Value) -> Filter:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._compare("=", value)

    def __ne__(self, value: Value) -> Filter:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._compare("!=", value)

    def __gt__(self, value: Value) -> Filter:
        return self._compare(">", value)

    def __ge__(self, value: Value) -> Filter:
        return self._compare(">=", value)

    def __lt__(self, value: Value) -> Filter:
        return self._compare("<", value)

    def __le__(self, value: Value) -> Filter:
        return self._compare("<=", value)

    def _compare(self, operator: Operator, value: Value) -> Filter:
        return Comparison(self.name, operator, value, documented=self.documented)

    def between(self, low: Value, high: Value) -> Filter:
        """``low TO high``, both ends included."""
        return Between(self.name, low, high, documented=self.documented)

    def is_in(self, values: Iterable[Value]) -> Filter:
        """Equal to one of ``values``; with none it matches nothing."""
        return In(self.name, values, documented=self.documented)

    def contains(self, value: Value) -> Filter:
        """``CONTAINS``: ``value`` stands somewhere in the text."""
        return Contains(self.name, value, documented=self.documented)

    def matches(self, value: Value) -> Filter:
        """``field:value``, the guide's own "contains"."""
        return Matches(self.name, value, documented=self.documented)

    def startswith(self, value: Value) -> Filter:
        """``STARTS WITH``: the text begins with ``value``."""
        return StartsWith(self.name, value, documented=self.documented)

    def exists(self) -> Filter:
        """The hit has the field, be it null; ``~`` for those that lack it."""
        return Exists(self.name, documented=self.documented)

    def is_null(self) -> Filter:
        """The field is there and null."""
        return IsNull(self.name, documented=self.documented)

    def is_empty(self) -> Filter:
        """``IS EMPTY``: empty text or an empty list; by the guide, null as well."""
        return IsEmpty(self.name, documented=self.documented)

    def is_not_empty(self) -> Filter:
        """``IS NOT EMPTY``: the opposite of `is_empty`."""
        return Not(self.is_empty())

    def __repr__(self) -> str:
        return f'F["{self.name}"]'

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} has no truth value: compare it, or write .exists() or .is_not_empty(), and"
            " join filters with & | ~ in place of and, or, not"
        )

    def __contains__(self, item: object) -> NoReturn:
        raise TypeError(f"`in {self!r}` is no filter: write .contains(...), or == for an element")

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError(
            f"{self!r} is a field, not a filter: compare it, and put each comparison in"
            " parentheses, for & | ~ bind tighter than == and <"
        )

    __and__ = __rand__ = __or__ = __ror__ = __invert__ = _refuse


class _Fields(DocumentedFields[Field]):
    """What `F` is: each documented field as an attribute, any other as ``F["any.field"]``."""

    def __getitem__(self, name: str) -> Field:
        return Field(name)


F = _Fields(functools.partial(Field, documented=True))
"""Where filters begin: ``F.width >= 1024``, ``F.compliance_metadata.model_provider == "Scenario"``.

An attribute is a documented field, in snake_case or as on the wire, and AttributeError tells the
nearest names of one that is not. ``F["any.field"]`` takes any bare word or dotted path, and is
never held against the documentation.
"""


def check_fields(filter: Filter, kind: Kind) -> None:
    """Check the fields that were written as attributes of `F` against those ``kind`` documents.

    Args:
        filter: any filter; ``F["..."]``, `Raw` and what `parse` read are not looked at.
        kind: the endpoint it is meant for.

    Raises:
        InvalidFilterError: names the first field that ``kind`` cannot filter by, the names nearest
            to it, and the endpoints that have it.
    """
    known = FIELDS[kind]
    for node in walk(filter):
        if not isinstance(node, Condition) or not node.documented or node.field in known:
            continue
        hints = []
        if close := nearest(node.field, known):
            hints.append(f"did you mean {' or '.join(close)}?")
        if elsewhere := [other for other, fields in FIELDS.items() if node.field in fields]:
            hints.append(f"it is a field of {' and '.join(elsewhere)}")
        told = "".join(f"; {hint}" for hint in hints)
        raise InvalidFilterError(
            f'"{node.field}" is not a filterable field of {kind}{told}', text=str(filter)
        )


# --- The parser ---------------------------------------------------------------------------------

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
_VALUE = "a value"
_OPERATORS = ("=", "!=", ">", ">=", "<", "<=")
_HINTS = {
    "==": "write =",
    "<>": "write !=",
    "&&": "write AND",
    "||": "write OR",
    "\u201c": "quotes are straight ones",
    "\u201d": "quotes are straight ones",
    "ENDS": "the API fails on ENDS WITH",
}


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
    """What was read since a parenthesis: terms of OR, of the AND at hand, NOTs before the next."""

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
        found = self.token.is_word(keyword)
        self.index += found
        return found

    def take_symbol(self, symbol: str) -> bool:
        found = self.token.is_symbol(symbol)
        self.index += found
        return found

    def error(self, message: str, token: _Token | None = None) -> InvalidFilterError:
        position = (token or self.token).start
        return InvalidFilterError(
            f"Invalid filter syntax at position {position}: {message}",
            text=self.text,
            position=position,
        )

    def expected(self, expected: str) -> InvalidFilterError:
        hint = self.hint(expected)
        told = f" ({hint})" if hint else ""
        return self.error(f"expected {expected}, found {self.token}{told}")

    def hint(self, expected: str) -> str | None:
        token = self.token
        before = self.tokens[self.index - 1] if self.index else None
        if token.sort == "other" and token.text in "\"'":
            return "this quote is never closed"
        if token.sort != "quoted" and token.text in _HINTS:
            return _HINTS[token.text]
        if before and before.sort == "quoted" and token.sort in ("word", "quoted", "other"):
            quote = before.text[0]
            if token.start == before.start + len(before.text):
                return f"a {quote} inside {quote} quotes is written \\{quote}"
        for word in (token, before):
            if word and word.sort == "word" and word.text.upper() in KEYWORDS - {word.text}:
                return f"keywords are upper case: {word.text.upper()}"
        if token.text.startswith("_geo"):
            return "geo filters can be sent as Raw, but not read"
        if expected == _FIELD:
            return "write NOT" if token.text == "!" else None
        if token.sort == "word" and token.text in KEYWORDS and expected == _VALUE:
            return "a keyword that is meant as a value goes in quotes"
        if token.sort == "other" or token.is_symbol(":"):
            return "a value with more than letters, digits, _ . and - goes in quotes"
        return None

    def filter(self) -> Filter:
        """The whole text. A loop and not a recursion: a caller's own stack may be deep."""
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
            raise self.expected(_VALUE)
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
    """The filter whose text is ``text``; None when it is blank, for a blank filter is no filter.

    A bare number or ``true`` and ``false`` are read as such; other words, and all that is quoted,
    as text. The fields are not held against the documentation. What users wrote with `Raw` is
    read like any other text; geo filters and ``ENDS WITH`` are not.

    Raises:
        InvalidFilterError: with ``position``, the index in ``text`` where reading failed.
            `format_error` shows it.
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
    """The message of ``error`` and, where it has a position, its text with a caret below.

    Args:
        error: as raised by `parse`.
        width: of a terminal line, in columns; only that much of the text is shown.
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
    before = columns(line[: error.position - begin])
    return f"{error.message}\n  {line}\n  {' ' * before}^"
