"""Text to words, for documents and for queries.

The rules are those of Meilisearch's tokenizer (charabia): punctuation and white space separate
words; a separator that ends a sentence or a clause ("hard": ``!``, ``;``, ``?``, and a comma or a
full stop before a space) puts 8 positions between its neighbours, any other ("soft") 1; a word
ends, too, where another script begins; words are folded to lower case without accents. Chinese and
Japanese text is cut into single characters, where Meilisearch uses dictionaries.
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

_SOFT = "\x02"  # not a space, which a word may hold: a no-break space folds to it
_ACROSS_SCRIPTS = "\x03"
_MARKS = re.compile(f"[{HARD_BREAK}{_SOFT}{_ACROSS_SCRIPTS}]")
_HARD_CHARACTERS = frozenset("!;?¡§¶¿՜՝՞։׃،؛؟۔।॥၊။჻።፣፤፥፦፧፨។៕៖៘៚᠀᠁᠂᠃᠄᠅᠈᠉⁏⸘⸮⹁※‽、。")  # noqa: RUF001
_SEPARATOR_CATEGORIES = frozenset({"Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Zl", "Zp", "Zs"})
_FURTHER_SEPARATORS = frozenset("`\t\n\r")
_BLANK_CONTROLS = frozenset("\x0b\x0c\x85")  # letters to charabia, which drops other controls
# Separators by their category, but not in charabia's table: spaces and hyphens that do not break a
# line, and what Unicode added lately. They are letters of the word they stand in.
_PARTS_OF_WORDS = frozenset(
    "\u00a0\u061d\u066b\u066c\u0f0c\u1b7d\u1b7e\u2011\u2028\u202f\u205f\u2e53\u2e54\u2e55"
    "\u2e56\u2e57\u2e58\u2e59\u2e5a\u2e5b\u2e5c\u2e5d"
)
_LIGATURES = {"æ": "ae", "œ": "oe", "ς": "\N{GREEK SMALL LETTER SIGMA}"}
_ACCENTS_KEPT = ("CYRILLIC", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "TAMIL", "TELUGU",
                 "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN", "HIRAGANA",
                 "KATAKANA")  # fmt: skip
_SINGLE_CHARACTER_SCRIPTS = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA", "KATAKANA")


# charabia's scripts, by blocks; the first that holds a character wins. Characters of no script are
# of the script before them. Full-width forms are Hangul there.
_SCRIPTS = {
    "Latin": "AZ az \u0080\u02af \u1d00\u1dbf \u1e00\u1eff \u2100\u214f"
    " \u2c60\u2c7f \ua720\ua7ff \uab30\uab6f",
    "Cyrillic": "\u0400\u0484 \u0487\u052f \u2de0\u2dff \ua640\ua69d \ua69f\ua69f",
    "Arabic": "\u0600\u06ff \u0750\u07ff \u08a0\u08ff \ufb50\ufdff \ufe70\ufeff"
    " \U00010e60\U00010e7f \U0001ee00\U0001eeff",
    "Devanagari": "\u0900\u097f \ua8e0\ua8ff \u1cd0\u1cff",
    "Hebrew": "\u0590\u05ff",
    "Ethiopic": "\u1200\u139f \u2d80\u2ddf \uab00\uab2f",
    "Georgian": "\u10a0\u10ff",
    "Bengali": "\u0980\u09ff",
    "Hangul": "\uac00\ud7ff \u1100\u11ff \u3130\u318f \u3200\u32ff \ua960\ua97f \uff00\uffef",
    "Chinese and Japanese": "\u3040\u30ff \u2e80\u2e99 \u2e9b\u2ef3 \u2f00\u2fd5 \u3005\u3005"
    " \u3007\u3007 \u3021\u3029 \u3038\u303b \u3400\u4db5 \u4e00\u9fcc \uf900\ufa6d \ufa70\ufad9",
    "Greek": "\u0370\u03ff",
    "Kannada": "\u0c80\u0cff",
    "Tamil": "\u0b80\u0bff",
    "Thai": "\u0e00\u0e7f",
    "Gujarati": "\u0a80\u0aff",
    "Gurmukhi": "\u0a00\u0a7f",
    "Telugu": "\u0c00\u0c7f",
    "Malayalam": "\u0d00\u0d7f",
    "Oriya": "\u0b00\u0b7f",
    "Myanmar": "\u1000\u109f",
    "Sinhala": "\u0d80\u0dff",
    "Khmer": "\u1780\u17ff \u19e0\u19ff",
}
_BEYOND_LATIN = re.compile(r"[^\0-\u036f]")  # accents and ASCII's signs are of no script


class _ScriptTable(dict[str, str | None]):
    """The script of each character, worked out the first time it is met."""

    def __missing__(self, character: str) -> str | None:
        script = self[character] = next(
            (
                name
                for name, blocks in _SCRIPTS.items()
                if any(block[0] <= character <= block[1] for block in blocks.split(" "))
            ),
            None,
        )
        return script


_SCRIPT_OF = _ScriptTable()


def _is_separator(character: str) -> bool:
    return character not in _PARTS_OF_WORDS and (
        character in _FURTHER_SEPARATORS or unicodedata.category(character) in _SEPARATOR_CATEGORIES
    )


class _FoldingTable(dict[int, str]):
    """What each character becomes, worked out the first time it is met."""

    def __missing__(self, codepoint: int) -> str:
        folded = self[codepoint] = _fold(chr(codepoint))
        return folded


def _fold(character: str) -> str:
    """A soft separator becomes `_SOFT`, a hard one `HARD_BREAK`; the rest is folded."""
    if character in (HARD_BREAK, _ACROSS_SCRIPTS):
        return character
    decomposed = unicodedata.normalize("NFKD", character)
    if _is_separator(character):
        if decomposed in _HARD_CHARACTERS:
            return HARD_BREAK
        # Decomposition comes before classification: an ellipsis is three dots, a word.
        return _SOFT if len(decomposed) == 1 else f"{_SOFT}{decomposed}{_SOFT}"
    if unicodedata.category(character) == "Cc":
        return character if character in _BLANK_CONTROLS else ""
    name = unicodedata.name(character, "")
    if name.startswith(_ACCENTS_KEPT):
        kept = decomposed.lower()
    else:
        kept = "".join(c for c in decomposed.lower() if unicodedata.category(c) != "Mn")
    kept = "".join(_LIGATURES.get(c, c) for c in kept)
    if name.startswith(_SINGLE_CHARACTER_SCRIPTS):
        return f"{_SOFT}{kept}{_SOFT}"
    return kept


_FOLDING = _FoldingTable()


def _clean(text: str) -> str:
    """Returns the text composed, with a mark where the script changes and no other mark of ours."""
    text = _MARKS.sub("", unicodedata.normalize("NFC", text))
    if not _BEYOND_LATIN.search(text):
        return text
    parts: list[str] = []
    current = None
    for character in text:
        script = _SCRIPT_OF[character]
        if script and script != current:
            if current:
                parts.append(_ACROSS_SCRIPTS)
            current = script
        parts.append(character)
    return "".join(parts)


def document_tokens(text: str | Sequence[str]) -> list[str]:
    """The words of one attribute in order, with `HARD_BREAK` where a hard separator stands.

    The elements of a list are kept apart by hard separators, as Meilisearch does.
    """
    if not isinstance(text, str):
        text = "".join(f"{element}. " for element in text)
    marked = _clean(text).replace(", ", HARD_BREAK).replace(". ", HARD_BREAK)
    folded = marked.translate(_FOLDING).replace(_ACROSS_SCRIPTS, _SOFT)
    pieces = folded.replace(HARD_BREAK, f"{_SOFT}{HARD_BREAK}{_SOFT}").split(_SOFT)
    return [piece for piece in pieces if piece and piece != " "]


class QueryToken(NamedTuple):
    """A folded word, or a separator as it was written."""

    kind: Literal["word", "soft", "hard"]
    text: str


_QUERY_PIECE = re.compile(r", |\. |.", re.DOTALL)


def query_tokens(query: str) -> list[QueryToken]:
    """The words and separators of a query in order, at most `MAX_QUERY_TOKENS`."""
    tokens: list[QueryToken] = []
    word = ""

    def end_word() -> None:
        nonlocal word
        if word:
            # A no-break space alone is a space once it is folded.
            tokens.append(QueryToken("soft" if word == " " else "word", word))
        word = ""

    for match in _QUERY_PIECE.finditer(_clean(query)):
        piece = match.group()
        folded = HARD_BREAK if len(piece) == 2 else _FOLDING[ord(piece)]
        if not folded or folded[0] not in (_SOFT, _ACROSS_SCRIPTS, HARD_BREAK):
            word += folded
            continue
        end_word()
        if folded == _ACROSS_SCRIPTS:
            continue
        if folded == HARD_BREAK:
            tokens.append(QueryToken("hard", piece))
        elif folded == _SOFT:
            tokens.append(QueryToken("soft", piece))
        else:
            tokens.extend(QueryToken("word", part) for part in folded.split(_SOFT) if part)
        if len(tokens) >= MAX_QUERY_TOKENS:
            break
    end_word()
    return tokens[:MAX_QUERY_TOKENS]
