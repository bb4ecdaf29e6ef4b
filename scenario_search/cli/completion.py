"""Completion of words with colons, such as ``--sort createdAt:desc``, in bash.

Bash takes a colon for the end of a word (its COMP_WORDBREAKS), and wants only what stands behind
it. zsh and fish don't.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

__all__ = ["completing", "join_at_colons"]

_WORDS, _INDEX, _BEFORE = "COMP_WORDS", "COMP_CWORD", "_SCENARIO_SEARCH_BEFORE"


def join_at_colons(environment: MutableMapping[str, str]) -> None:
    """Joins the words that bash has split at colons.

    Args:
        environment: What bash's completion gives: COMP_WORDS, a word a line, and COMP_CWORD, the
            place of the word that is completed.
    """
    if _WORDS not in environment or not environment.get(_INDEX, "").isdecimal():
        return
    joined: list[str] = []
    words = environment[_WORDS].split("\n")[: int(environment[_INDEX]) + 1]
    for word in words:
        if joined and (word == ":" or joined[-1].endswith(":")):
            joined[-1] += word
        else:
            joined.append(word)
    if len(joined) < len(words):
        before, colon, last = joined[-1].rpartition(":")
        joined[-1] = last
        environment.update(
            {_WORDS: "\n".join(joined), _INDEX: str(len(joined) - 1), _BEFORE: before + colon}
        )


def completing(incomplete: str, words: list[str]) -> list[str]:
    """Returns the words that begin so, in the form that the shell needs."""
    before = os.environ.get(_BEFORE, "")
    return [word[len(before) :] for word in words if word.startswith(before + incomplete)]
