"""Text to words, for documents and for queries.

The rules are those of Meilisearch's tokenizer (charabia): punctuation and white space separate
words; a separator that ends a sentence or a clause ("hard": ``!``, ``;``, ``?``, and a comma or a
full stop before a space) puts 8 positions between its neighbours, any other ("soft") 1; words are
folded to lower case without accents. Chinese and Japanese text is cut into single characters,
where Meilisearch uses dictionaries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal, NamedTuple

__all__ = ["HARD_BREAK", "MAX_WORD_BYTES", "document_tokens", "query_tokens"]

HARD_BREAK = "\x01"
"""The token that stands for one or more hard separators between two words."""

MAX_WORD_BYTES = 250
"""Longer words take a position but are not indexed, as in Meilisearch."""

MAX_QUERY_TOKENS = 1000
"""Words and separators of a query that are looked at, as in Meilisearch."""

_SOFT = " "
_HARD_CHARACTERS = frozenset("!;?¡§¶¿՜՝՞։׃،؛؟۔।॥၊။჻።፣፤፥፦፧፨។៕៖៘៚᠀᠁᠂᠃᠄᠅᠈᠉⁏⸘⸮⹁※‽、。")  # noqa: RUF001
_SEPARATOR_CATEGORIES = frozenset({"Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Zl", "Zp", "Zs"})
_FURTHER_SEPARATORS = frozenset("`\t\n\r\x0b\x0c\x85")
_LIGATURES = {"æ": "ae", "œ": "oe", "ς": "\N{GREEK SMALL LETTER SIGMA}"}
_ACCENTS_KEPT = ("CYRILLIC", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "TAMIL", "TELUGU",
                 "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN", "HIRAGANA",
                 "KATAKANA")  # fmt: skip
_SINGLE_CHARACTER_SCRIPTS = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA", "KATAKANA")


def _is_separator(character: str) -> bool:
    return (
        character in _FURTHER_SEPARATORS or unicodedata.category(character) in _SEPARATOR_CATEGORIES
    )


class _FoldingTable(dict[int, str]):
    """What each character becomes, worked out the first time it is met."""

    def __missing__(self, codepoint: int) -> str:
        folded = self[codepoint] = _fold(chr(codepoint))
        return folded


def _fold(character: str) -> str:
    """A soft separator becomes a space, a hard one `HARD_BREAK`; the rest is folded."""
    if character == HARD_BREAK:
        return HARD_BREAK
    decomposed = unicodedata.normalize("NFKD", character)
    if _is_separator(character):
        if decomposed in _HARD_CHARACTERS:
            return HARD_BREAK
        # Decomposition comes before classification: an ellipsis is three dots, a word.
        return _SOFT if len(decomposed) == 1 else f" {decomposed} "
    if unicodedata.category(character) == "Cc":
        return ""
    name = unicodedata.name(character, "")
    if name.startswith(_ACCENTS_KEPT):
        kept = decomposed.lower()
    else:
        kept = "".join(c for c in decomposed.lower() if unicodedata.category(c) != "Mn")
    kept = "".join(_LIGATURES.get(c, c) for c in kept)
    if name.startswith(_SINGLE_CHARACTER_SCRIPTS):
        return f" {kept} "
    return kept


_FOLDING = _FoldingTable()


def _clean(text: str) -> str:
    """One character for each accented letter, and no mark of ours in the text."""
    return unicodedata.normalize("NFC", text).replace(HARD_BREAK, "")


def document_tokens(text: str | Sequence[str]) -> list[str]:
    """The words of one attribute in order, with `HARD_BREAK` where a hard separator stands.

    The elements of a list are kept apart by hard separators, as Meilisearch does.
    """
    if not isinstance(text, str):
        text = "".join(f"{element}. " for element in text)
    marked = _clean(text).replace(", ", HARD_BREAK).replace(". ", HARD_BREAK)
    return marked.translate(_FOLDING).replace(HARD_BREAK, f" {HARD_BREAK} ").split()


class QueryToken(NamedTuple):
    """A folded word, or a separator as it was written."""

    kind: Literal["word", "soft", "hard"]
    text: str


_QUERY_PIECE = re.compile(r", |\. |.", re.DOTALL)


def query_tokens(query: str) -> list[QueryToken]:
    """The words and separators of a query in order, at most `MAX_QUERY_TOKENS`."""
    tokens: list[QueryToken] = []
    word = ""
    for match in _QUERY_PIECE.finditer(_clean(query)):
        piece = match.group()
        folded = HARD_BREAK if len(piece) == 2 else _FOLDING[ord(piece)]
        if folded and folded[0] not in (_SOFT, HARD_BREAK):
            word += folded
            continue
        if folded:
            if word:
                tokens.append(QueryToken("word", word))
                word = ""
            if folded == HARD_BREAK:
                tokens.append(QueryToken("hard", piece))
            elif folded == _SOFT:
                tokens.append(QueryToken("soft", piece))
            else:
                tokens.extend(QueryToken("word", part) for part in folded.split())
        if len(tokens) >= MAX_QUERY_TOKENS:
            break
    if word:
        tokens.append(QueryToken("word", word))
    return tokens[:MAX_QUERY_TOKENS]
