"""What to write instead of the mistakes that people make most in filters.

Other languages write ``and``, ``==`` and ``IN (...)``, and a value such as ``16:9`` or
``2024-01-01T00:00:00Z`` looks like one word without being one here.
"""

from __future__ import annotations

import re

from scenario_search.filters.values import KEYWORDS

__all__ = ["advice"]

_SIGNS = {
    "==": "write =",
    "<>": "write !=",
    "=>": "write >=",
    "=<": "write <=",
    "&&": "write AND",
    "||": "write OR",
    "!": "write NOT",
    "\u201c": "quotes are straight ones",
    "\u201d": "quotes are straight ones",
    "ENDS": "the API fails on ENDS WITH",
    "_geo": "geo filters can be sent as Raw, but not read",
}
_SIGN = re.compile(r"==|<>|=>|=<|&&|\|\||!(?!=)|[\u201c\u201d]|ENDS(?=\s)|_geo(?=\w*\()")
_KEYWORD = rf"(?:{'|'.join(sorted(KEYWORDS))})(?![\w.-])"
_KEYWORDS = re.compile(rf"{_KEYWORD}(?:\s+{_KEYWORD})*", re.IGNORECASE)
_RANGE = re.compile(r"\S+\s+(to)\s", re.IGNORECASE)
_CHUNK = re.compile(r"\s*([^\s()\[\],\"']+)")
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_CONDITION = re.compile(r".*[=<>]|[A-Za-z_.]+:")
_OPERATOR = re.compile(r"\s*(?:[=<>:]|!=)")
_SHOWN = 60


def advice(text: str, at: int, before: int | None) -> str | None:
    """Returns what to write, if the mistake is a usual one.

    Args:
        text: The filter.
        at: Index in it of the token that cannot stand there.
        before: Index of the token before, if there is one.
    """
    start = at if before is None else before
    for sign in (_SIGN.match(text, at), _SIGN.match(text, start)):
        if sign and (sign.end() > at or sign[0] == "_geo"):
            return _SIGNS[sign[0]]
    after_value = before is not None and _expects_value(text[:before])
    if after_value and text[at - 1] in "\"'" and text[at : at + 1] not in {*"()[],:=<> \t\r\n", ""}:
        return f"a {text[start]} inside {text[start]} quotes is written \\{text[start]}"
    if text.startswith("(", at) and text[:at].rstrip().endswith("IN"):
        return "write the values between [ and ]"
    if text.startswith(",", at) and after_value:
        return "a value that holds a comma goes in quotes; several values are written IN [a, b]"
    word = _CHUNK.match(text, at)
    if word and word[1] in KEYWORDS:
        is_operand = _expects_value(text[:at]) or _OPERATOR.match(text, word.end())
        return (
            f'a keyword that is meant as a word goes in quotes: "{word[1]}"' if is_operand else None
        )
    if after_value:
        return _upper_case(text, at) or _one_value(text, start)
    if (range_ := _RANGE.match(text, at)) and range_[1] != "TO":
        return _upper_case(text, range_.start(1))
    return _upper_case(text, at) or _upper_case(text, start) or _quoted_word(text, at)


def _expects_value(head: str) -> bool:
    """Returns whether a value follows on the start of a filter."""
    head = head.rstrip()
    return head.endswith(("=", "<", ">", ":", ",", "[", " TO", " CONTAINS", " WITH"))


def _upper_case(text: str, at: int) -> str | None:
    match = _KEYWORDS.match(text, at)
    if match is None or match[0].isupper():
        return None
    return f"keywords are upper case: write {' '.join(match[0].upper().split())}"


def _one_value(text: str, start: int) -> str | None:
    """Returns that the words from `start` on are one value, or that they are two conditions."""
    if text[start] in "\"'":
        return None
    words: list[str] = []
    end = start
    while chunk := _CHUNK.match(text, end):
        word = chunk[1]
        if word.upper() in ("AND", "OR"):
            break
        if words and (word in KEYWORDS or _CONDITION.match(word)):
            field = words[-1] if word in KEYWORDS or word[0] in "=<>!" else word
            return f"AND or OR is missing before {field[:_SHOWN]!r}"
        words.append(word)
        end = chunk.end()
    return _in_quotes(text[start:end])


def _quoted_word(text: str, at: int) -> str | None:
    chunk = _CHUNK.match(text, at)
    if chunk is None or _WORD.fullmatch(chunk[1]) or chunk[1][0] in "=<>!:":
        return None
    return _in_quotes(chunk[1])


def _in_quotes(value: str) -> str | None:
    if _WORD.fullmatch(value):
        return None
    shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
    return f'this value goes in quotes: "{shown}"'.replace("\\", "\\\\")
