"""Words of the index that a misspelt query word may mean.

The rules are Meilisearch's: the distance is Levenshtein's with a swap of neighbours as one typo;
no typo below 5 bytes, one from 5, two from 9; a wrong first letter counts as two typos; at most
150 words with one typo and 50 with two, the first in the order of spelling.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from scenario_search.emulator.text.segment import IntArray
from scenario_search.emulator.text.snapshot import LETTERS, Snapshot, letters_of

__all__ = ["typo_words", "typos_allowed"]

ONE_TYPO_FROM = 5
TWO_TYPOS_FROM = 9
MAX_ONE_TYPO_WORDS = 150
MAX_TWO_TYPO_WORDS = 50


def typos_allowed(word: str) -> int:
    """How many typos a query word may hold, by its length in UTF-8 bytes."""
    size = len(word.encode())
    return 0 if size < ONE_TYPO_FROM else 1 if size < TWO_TYPOS_FROM else 2


def typo_words(
    snapshot: Snapshot, word: str, typos: int, *, prefix: bool
) -> tuple[IntArray, IntArray]:
    """Indexes of the words with exactly one, and exactly two typos, rising.

    With `prefix` a word counts by the part of it that is nearest to `word`.
    """
    nothing = np.empty(0, np.int64)
    if typos == 0:
        return nothing, nothing
    low, high = snapshot.prefix_range(word[0])
    one = two = nothing
    if low < high:
        candidates, letters = _candidates(snapshot, low, high, len(word), typos)
        distances = _distances(letters, word, typos, prefix)
        one = candidates[distances == 1]
        two = candidates[distances == 2] if typos == 2 else nothing
    if typos == 2:
        two = np.union1d(two, _wrong_first_letter(snapshot, word, prefix))
    return one[:MAX_ONE_TYPO_WORDS], two[:MAX_TWO_TYPO_WORDS]


def _candidates(
    snapshot: Snapshot, low: int, high: int, size: int, typos: int
) -> tuple[IntArray, NDArray[np.uint32]]:
    """Words of a range that may be near a word of `size` characters, and their characters."""
    width = size + typos + 1
    if width <= LETTERS:
        return np.arange(low, high), snapshot.letters(low, high)
    long = [i for i in range(low, high) if len(snapshot.words[i]) >= size - typos]
    letters = letters_of([snapshot.words[i] for i in long], width)
    return np.array(long, dtype=np.int64), letters


def _distances(
    letters: NDArray[np.uint32], word: str, limit: int, prefix: bool
) -> NDArray[np.uint8]:
    """Distance of each column of `letters` to `word`, `limit` + 1 where it is more.

    A table of distances, word by letters, is filled row by row for all columns together; only the
    cells within `limit` of its diagonal matter. Now and then the hopeless columns are left out.
    """
    too_far = limit + 1
    result = np.full(letters.shape[1], too_far, dtype=np.uint8)
    columns = np.arange(letters.shape[1])
    far = np.full(letters.shape[1], too_far, dtype=np.uint8)
    before: dict[int, NDArray[np.uint8]] = {}
    row = {j: np.full_like(far, j) for j in range(limit + 1)}
    codes = [ord(character) for character in word]
    for i, code in enumerate(codes, start=1):
        previous, row = row, {}
        for j in range(max(0, i - limit), i + limit + 1):
            if j == 0:
                row[0] = np.full_like(far, i)
                continue
            letter = letters[j - 1]
            cell = previous.get(j - 1, far) + (letter != code)
            if j in previous:
                cell = np.minimum(cell, previous[j] + 1)
            if j - 1 in row:
                cell = np.minimum(cell, row[j - 1] + 1)
            if i > 1 and j > 1 and j - 2 in before:
                swapped = (letter == codes[i - 2]) & (letters[j - 2] == code)
                cell = np.where(swapped, np.minimum(cell, before[j - 2] + 1), cell)
            row[j] = np.minimum(cell, too_far)
        before = previous
        if i % 3 == 0:
            # A swap still to come steps over a row, so the row before may save a word too.
            near = np.minimum.reduce(list(row.values())) <= limit
            near |= np.minimum.reduce(list(before.values())) < limit
            if near.mean() < 0.5:
                columns, letters, far = columns[near], letters[:, near], far[near]
                row = {j: cells[near] for j, cells in row.items()}
                before = {j: cells[near] for j, cells in before.items()}
        if not columns.size:
            return result
    if prefix:
        result[columns] = np.minimum.reduce(list(row.values()))
    else:
        length = (letters != 0).sum(axis=0)
        for j, cells in row.items():
            ends = length == j
            result[columns[ends]] = cells[ends]
    return result


def _wrong_first_letter(snapshot: Snapshot, word: str, prefix: bool) -> IntArray:
    """The words that are one typo away from `word` and begin with another letter."""
    words = snapshot.words
    first, rest = word[0], word[1:]
    spellings = {rest, rest[0] + first + rest[1:]}
    low = 0
    while low < len(words):
        letter = words[low][0]
        spellings |= {letter + rest, letter + word}
        low = bisect_left(words, letter + "\U0010ffff", low + 1)
    indexes: set[int] = set()
    for spelling in spellings:
        if spelling[0] == first:
            continue
        if prefix:
            indexes.update(range(*snapshot.prefix_range(spelling)))
        else:
            i = snapshot.find(spelling)
            if i >= 0:
                indexes.add(i)
    return np.array(sorted(indexes), dtype=np.int64)
