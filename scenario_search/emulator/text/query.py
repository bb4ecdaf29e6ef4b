"""A query as the words and phrases to look for, and the ways to read them.

The rules are Meilisearch's: at most ten words or phrases; the last word, when nothing follows it,
is the start of a word; ``"..."`` is a phrase, ``-word`` and ``-"..."`` must not be in a document;
two or three neighbouring words may be written as one, and one word as two.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from scenario_search.emulator.text.segment import IntArray
from scenario_search.emulator.text.snapshot import Snapshot
from scenario_search.emulator.text.tokens import MAX_WORD_BYTES, query_tokens
from scenario_search.emulator.text.typos import typo_words, typos_allowed

__all__ = ["Node", "Pattern", "Query", "Term", "parse_query", "query_nodes"]

MAX_QUERY_TERMS = 10
MAX_JOINED_TERMS = 3
MAX_PREFIX_WORDS = 1000
MAX_REMEMBERED_READINGS = 1024
_COMMON_PREFIX_BYTES = 4
_COMMON_PREFIX_WORDS = 100


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase of the query and its positions in it, both ends included."""

    words: tuple[str, ...]
    start: int
    end: int
    is_phrase: bool = False
    is_prefix: bool = False


@dataclass(slots=True)
class Query:
    """A query taken apart; without `terms` every document matches that is not excluded."""

    terms: list[Term] = field(default_factory=list)
    excluded: list[tuple[str, ...]] = field(default_factory=list)


def parse_query(text: str) -> Query:
    """Takes a query apart; any text will do."""
    query = Query()
    tokens = query_tokens(text)
    position = -1
    phrase: list[tuple[str, int]] | None = None
    phrase_excluded = exclude_next = False
    after_space = True

    def end_phrase() -> None:
        if not phrase:
            return
        words = tuple(word for word, _ in phrase)
        if phrase_excluded:
            query.excluded.append(words)
        else:
            query.terms.append(Term(words, phrase[0][1], phrase[-1][1], is_phrase=True))

    for i, token in enumerate(tokens):
        if len(query.terms) >= MAX_QUERY_TERMS:
            phrase = None
            break
        if token.kind == "word":
            position += 1
            if phrase is not None:
                phrase.append((token.text, position))
            elif exclude_next:
                query.excluded.append((token.text,))
                exclude_next = False
            else:
                is_last = i == len(tokens) - 1
                query.terms.append(Term((token.text,), position, position, is_prefix=is_last))
        else:
            if token.kind == "hard":
                position += 7
                if phrase is not None:
                    end_phrase()
                    phrase = []
            if token.text == '"':
                if phrase is None:
                    phrase_excluded, phrase = exclude_next, []
                else:
                    end_phrase()
                    phrase_excluded, phrase = False, None
            exclude_next = phrase is None and token.text == "-" and after_space
        after_space = token.text[-1].isspace()
    end_phrase()
    return query


@dataclass(slots=True)
class Spellings:
    """Ways to spell a pattern with a certain number of typos.

    `runs` are ranges of word indexes, `phrases` words that must stand together.
    """

    runs: list[tuple[int, int]] = field(default_factory=list)
    phrases: list[tuple[str, ...]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Pattern:
    """What to look for in the index for a word or a phrase.

    `spellings[t]` are those with `t` typos (a split in two counts as one), `most_typos` is how
    many there may be. `exact` are the words that match to the letter. `prefix_run` are the words
    of a very common prefix: Meilisearch keeps such prefixes apart, and looks for them only behind
    the word before.
    """

    spellings: tuple[Spellings, Spellings, Spellings]
    exact: tuple[str, ...] = ()
    is_phrase: bool = False
    most_typos: int = 0
    prefix_run: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One way to read the terms `first` to `last` of a query: a term, or some joined to a word.

    `start` and `end` are its positions in the query. Equal words share a pattern.
    """

    first: int
    last: int
    start: int
    end: int
    pattern: Pattern

    @property
    def size(self) -> int:
        """How many terms it covers."""
        return self.last - self.first + 1

    @property
    def terms(self) -> list[int]:
        """The numbers of the terms it covers."""
        return list(range(self.first, self.last + 1))


def query_nodes(snapshot: Snapshot, terms: list[Term]) -> list[Node]:
    """Every way to read each term, and two or three neighbours as one word."""
    nodes = []
    patterns: dict[tuple[object, ...], Pattern] = snapshot.readings
    if len(patterns) >= MAX_REMEMBERED_READINGS:
        patterns = snapshot.readings = {}
    for last, term in enumerate(terms):
        for first in range(last, max(last - MAX_JOINED_TERMS, -1), -1):
            joined = terms[first : last + 1]
            if len(joined) > 1 and not _can_be_joined(joined):
                break
            words = tuple(t.words for t in joined)
            key = (words, term.is_phrase, term.is_prefix)
            if key not in patterns:
                patterns[key] = (
                    _phrase_pattern(term) if term.is_phrase else _word_pattern(snapshot, joined)
                )
            nodes.append(Node(first, last, joined[0].start, term.end, patterns[key]))
    return nodes


def _can_be_joined(terms: list[Term]) -> bool:
    return not any(term.is_phrase for term in terms) and all(
        left.end + 1 == right.start for left, right in itertools.pairwise(terms)
    )


def _phrase_pattern(term: Term) -> Pattern:
    exact = Spellings(phrases=[term.words])
    return Pattern((exact, Spellings(), Spellings()), exact=term.words, is_phrase=True)


def _word_pattern(snapshot: Snapshot, joined: list[Term]) -> Pattern:
    words = tuple(term.words[0] for term in joined)
    word = "".join(words)
    pattern = Pattern((Spellings(), Spellings(), Spellings()))
    if len(word.encode()) > MAX_WORD_BYTES:
        return pattern
    zero, one, two = pattern.spellings
    typos = max(0, typos_allowed(word) - len(joined) + 1)
    pattern.most_typos = max(typos, 1)
    index = snapshot.find(word)
    if index >= 0:
        zero.runs.append((index, index + 1))
        pattern.exact = words if len(joined) == 1 else ()
    prefix = joined[-1].is_prefix
    if prefix:
        low, high = snapshot.prefix_range(word)
        if len(word.encode()) <= _COMMON_PREFIX_BYTES and high - low >= _COMMON_PREFIX_WORDS:
            pattern.prefix_run = (low, high)
        else:
            # The word itself comes first in the range and is not counted.
            zero.runs[:] = [(low, min(high, low + MAX_PREFIX_WORDS + (index >= 0)))]
    with_one, with_two = typo_words(snapshot, word, typos, prefix=prefix)
    one.runs.extend(_runs(with_one))
    two.runs.extend(_runs(with_two))
    halves = _best_split(snapshot, word)
    if halves and halves != words:
        one.phrases.append(halves)
    return pattern


def _runs(indexes: IntArray) -> list[tuple[int, int]]:
    """Rising numbers as ranges."""
    if not indexes.size:
        return []
    gaps = np.flatnonzero(np.diff(indexes) > 1)
    starts = indexes[np.concatenate([[0], gaps + 1])]
    ends = indexes[np.concatenate([gaps, [len(indexes) - 1]])] + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _best_split(snapshot: Snapshot, word: str) -> tuple[str, str] | None:
    """The two parts of a word that stand next to each other in the most documents."""
    best: tuple[str, str] | None = None
    most = 0
    for i in range(1, len(word)):
        left, right = word[:i], word[i:]
        if snapshot.find(left) < 0 or snapshot.find(right) < 0:
            continue
        documents = len(snapshot.slots_within(left, right, 1))
        if documents > most:
            best, most = (left, right), documents
    return best
