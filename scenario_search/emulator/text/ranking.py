"""Documents of a query in the order of Meilisearch's ranking rules.

Each rule cuts the buckets of the rules before it: words (fewer dropped), typo (fewer), proximity
(neighbouring words nearer), attribute (a more important one, then nearer to its start), sort,
exactness (the whole attribute, its start, more exact words). A document is judged by the readings
of the query that were best for it so far. Documents that can no longer be among the first `limit`
are left out before the next, dearer rule.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenario_search.emulator.text.matches import Matches, PatternPlaces
from scenario_search.emulator.text.query import Node, Pattern, Term
from scenario_search.emulator.text.segment import MAX_COUNTED_WORDS, POSITION_BITS, IntArray

__all__ = ["rank"]

BoolArray = NDArray[np.bool_]
Path = tuple[Node, ...]

FARTHEST = 4
"""Words this far apart in an attribute count as if they stood in two attributes."""

_POSITION_STEPS = np.array([0, 1, 4, 7, 11, 16, 24, 64, 256, 1024])
_MAX_POSITION_COST = 10
_UNREACHED = np.int64(1) << 40


@dataclass(frozen=True, slots=True)
class Ranked:
    """Slots of the best documents, best first, their scores (0 to 1), and how many match."""

    slots: IntArray
    scores: NDArray[np.float64]
    total: int


def rank(
    matches: Matches,
    terms: Sequence[Term],
    universe: BoolArray,
    limit: int,
    *,
    sort_rank: IntArray | None,
    sort_first: bool,
) -> Ranked:
    """The first `limit` documents of `universe` (a mask by slot) for a query with `terms`.

    `sort_rank` has a number for each slot, the smaller the earlier.
    """
    total = int(np.count_nonzero(_matching(matches, terms, universe)))
    if not total or limit <= 0:
        return Ranked(np.empty(0, np.int64), np.empty(0), total)
    needed = None if sort_first and sort_rank is not None else limit
    levels = _dropped_words(matches, terms, universe, needed)
    slots = np.flatnonzero(levels >= 0)
    buckets = _Buckets(matches, slots, levels[slots], limit)
    if sort_rank is not None and sort_first:
        buckets.cut_by_sort(sort_rank)
    _rank_words(buckets, terms)
    buckets.find_paths(_kept_terms(terms))
    _rank_typos(buckets)
    _rank_proximity(buckets)
    _rank_attribute(buckets)
    if sort_rank is not None and not sort_first:
        buckets.cut_by_sort(sort_rank)
        buckets.scoring = False
    _rank_exact_attribute(buckets)
    _rank_exact_words(buckets)
    return buckets.result(total)


def _kept_terms(terms: Sequence[Term]) -> list[list[int]]:
    """The terms that must match, with none dropped, with one, and so on.

    Words are dropped from the right; phrases never, nor the first word where there is no phrase.
    """
    droppable = [i for i, term in enumerate(terms) if not term.is_phrase]
    if len(droppable) == len(terms):
        droppable = droppable[1:]
    levels = [list(range(len(terms)))]
    for dropped in reversed(droppable):
        levels.append([i for i in levels[-1] if i != dropped])
    return levels


def _matching(matches: Matches, terms: Sequence[Term], universe: BoolArray) -> BoolArray:
    """The documents that hold what can't be dropped."""
    phrases = [i for i, term in enumerate(terms) if term.is_phrase]
    if phrases:
        return _holding(matches, phrases, universe)
    matching = np.zeros_like(universe)
    for node in matches.nodes:
        if node.first == 0:
            matching |= matches.of(node)
    return matching & universe


def _holding(matches: Matches, kept: list[int], universe: BoolArray) -> BoolArray:
    """The documents that match the kept terms, each by itself or joined to its neighbours."""
    up_to = [universe, *(np.zeros_like(universe) for _ in kept)]
    for i, term in enumerate(kept):
        for node in matches.starting_at(term):
            if kept[i : i + node.size] == node.terms:
                up_to[i + node.size] |= up_to[i] & matches.of(node)
    return up_to[-1]


def _dropped_words(
    matches: Matches, terms: Sequence[Term], universe: BoolArray, needed: int | None
) -> NDArray[np.int8]:
    """How many words must be dropped for each document to match; -1 where it is of no interest.

    Stops dropping when `needed` documents match.
    """
    levels = np.full(len(universe), -1, dtype=np.int8)
    matching = 0
    for level, kept in enumerate(_kept_terms(terms)):
        new = _holding(matches, kept, universe) & (levels < 0)
        levels[new] = level
        matching += int(np.count_nonzero(new))
        if needed is not None and matching >= needed:
            break
    return levels


class _Buckets:
    """Documents that can still be among the first `limit`, and their order so far.

    A bucket holds the documents that all rules so far judge equal: the next rule only decides
    within it. `key` is the number of a document's bucket, from 0 for the best; `fits[p, d]` says
    that the reading `paths[p]` is among the best for document `d` by the rules so far.
    """

    def __init__(
        self, matches: Matches, slots: IntArray, levels: NDArray[np.int8], limit: int
    ) -> None:
        self.matches = matches
        self.slots = slots
        self.levels = levels
        self.limit = limit
        self.key = np.zeros(len(slots), dtype=np.int64)
        self.scoring = True
        self.paths: list[Path] = []
        self.path_levels = np.empty(0, dtype=np.int8)
        self.fits: BoolArray = np.zeros((0, len(slots)), dtype=bool)
        self._places: dict[Pattern, PatternPlaces] = {}
        self._ranks: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []

    def find_paths(self, kept_terms: list[list[int]]) -> None:
        """All readings that some document matches with the words it was given."""
        readings: list[tuple[Path, int, BoolArray]] = []
        for level in np.unique(self.levels).tolist():
            kept = kept_terms[level]
            for path, fits in self._readings(kept, 0, (), self.levels == level):
                readings.append((path, level, fits))
        self.paths = [path for path, _, _ in readings]
        self.path_levels = np.array([level for _, level, _ in readings], dtype=np.int8)
        self.fits = np.array([fits for _, _, fits in readings], dtype=bool)

    def _readings(
        self, kept: list[int], i: int, path: Path, fits: BoolArray
    ) -> Iterator[tuple[Path, BoolArray]]:
        if i == len(kept):
            yield path, fits
            return
        for node in self.matches.starting_at(kept[i]):
            if kept[i : i + node.size] == node.terms:
                still = fits & (self.matches.of(node)[self.slots])
                if still.any():
                    yield from self._readings(kept, i + node.size, (*path, node), still)

    def cut(self, cost: IntArray, most: int | IntArray) -> None:
        """Cuts the buckets by a rule's cost, 0 is best; `most` is the highest there could be."""
        # After the caller's order, rules only decide between its equals, which scores no more.
        if self.scoring:
            highest = np.ones(len(cost)) + most
            self._ranks.append((highest - cost, highest))
        if (cost == cost[0]).all():
            return  # equal costs split no bucket and change no order
        # Each bucket becomes one for each cost: the old number decides, then the cost.
        self._sharpen(self.key * (int(cost.max(initial=0)) + 1) + cost)

    def cut_by_sort(self, sort_rank: IntArray) -> None:
        """Cuts the buckets by the order the caller asked for, which does not score."""
        order = np.unique(sort_rank[self.slots], return_inverse=True)[1]
        self._sharpen(self.key * (int(order.max(initial=0)) + 1) + order)

    def _sharpen(self, key: IntArray) -> None:
        # The bucket that the last wanted document is in stays whole: which of its documents are
        # wanted is for the next rules to say. Then the buckets are numbered without gaps again.
        keep = np.ones(len(key), dtype=bool)
        if len(key) > self.limit:
            keep = key <= np.partition(key, self.limit - 1)[self.limit - 1]
        self.key = np.unique(key[keep], return_inverse=True)[1]
        if len(self.key) == len(key):
            return
        self.slots, self.levels = self.slots[keep], self.levels[keep]
        self._ranks = [(rank[keep], highest[keep]) for rank, highest in self._ranks]
        bits = self.matches.snapshot.place_bits
        self._places = {p: places.of_documents(keep, bits) for p, places in self._places.items()}
        self.fits = self.fits[:, keep]
        used = self.fits.any(axis=1)
        if not used.all():
            self.paths = [self.paths[p] for p in np.flatnonzero(used).tolist()]
            self.path_levels, self.fits = self.path_levels[used], self.fits[used]

    def cut_by_paths(self, costs: Callable[[Path], IntArray], most: Callable[[Path], int]) -> None:
        """Cuts by the cost of the best reading, and keeps only the best readings."""
        # A document costs what its cheapest reading costs, and only such readings judge it by the
        # next rules: otherwise one reading could win a rule and another one the next.
        best = np.full(len(self.slots), _UNREACHED)
        own = []
        for path, fits in zip(self.paths, self.fits, strict=True):
            own.append(costs(path)[fits])
            best[fits] = np.minimum(best[fits], own[-1])
        for fits, cost in zip(self.fits, own, strict=True):
            fits[fits] = cost == best[fits]
        highest = np.zeros(int(self.levels.max()) + 1, dtype=np.int64)
        np.maximum.at(highest, self.path_levels, [most(path) for path in self.paths])
        self.cut(best, highest[self.levels])

    def typos(self, node: Node) -> NDArray[np.uint8]:
        """The typos of each document for a node, `ABSENT` where it does not match."""
        return self.matches.typos_of(node.pattern)[self.slots]

    def places(self, pattern: Pattern) -> PatternPlaces:
        """Where a pattern stands in the documents."""
        if pattern not in self._places:
            self._places[pattern] = self.matches.places(pattern, self.slots)
        return self._places[pattern]

    def result(self, total: int) -> Ranked:
        """The first `limit` documents; equals keep the order of insertion."""
        order = np.lexsort((self.slots, self.key))[: self.limit]
        scores = np.ones(len(order))
        # Meilisearch's score: a rule's rank, of `highest` ones, and within it what the rules after
        # it say, from the last to the first.
        for ranks, highest in reversed(self._ranks):
            scores = np.maximum(ranks[order] - 1 + scores, 0) / highest[order]
        return Ranked(self.slots[order].astype(np.int64), scores, total)


def _rank_words(buckets: _Buckets, terms: Sequence[Term]) -> None:
    # No word of a phrase is ever dropped, but each of them counts in the scale of the score.
    phrase_words = sum(len(term.words) for term in terms if term.is_phrase)
    most = len(_kept_terms(terms)) - 1 + max(0, phrase_words - 1)
    buckets.cut(buckets.levels.astype(np.int64), most)


def _joined_cost(node: Node) -> int:
    return node.size if node.size > 1 else 0


def _rank_typos(buckets: _Buckets) -> None:
    buckets.cut_by_paths(
        lambda path: np.add.reduce(
            [buckets.typos(node).astype(np.int64) + _joined_cost(node) for node in path]
        ),
        lambda path: sum(node.pattern.most_typos + _joined_cost(node) for node in path),
    )


def _rank_proximity(buckets: _Buckets) -> None:
    bits = buckets.matches.snapshot.place_bits

    @functools.cache
    def pair(left: Pattern, right: Pattern) -> IntArray:
        """Cost of two neighbours: 0 to 2 by distance, one more in the wrong order, else 3."""
        cost = np.full(len(buckets.slots), FARTHEST - 1, dtype=np.int64)
        _nearest(cost, buckets.places(left).ends, buckets.places(right).beginnings, bits, -1)
        _nearest(cost, buckets.places(right).words, buckets.places(left).words, bits, 0)
        return cost

    def costs(path: Path) -> IntArray:
        cost = np.full(len(buckets.slots), sum(node.size - 1 for node in path), dtype=np.int64)
        for left, right in itertools.pairwise(path):
            if left.end + 1 == right.start:
                cost += pair(left.pattern, right.pattern)
        return cost

    def most(path: Path) -> int:
        near = sum(a.end + 1 == b.start for a, b in itertools.pairwise(path))
        return sum(node.size - 1 for node in path) + near * (FARTHEST - 1)

    buckets.cut_by_paths(costs, most)


def _nearest(cost: IntArray, first: IntArray, second: IntArray, bits: int, extra: int) -> None:
    """Lowers `cost` to the least distance from a `first` place on to a `second` one, + `extra`."""
    if not first.size or not second.size:
        return
    follower = np.searchsorted(second, first, side="right")
    follows = follower < second.size
    distance = second[follower[follows]] - first[follows]
    near = distance < FARTHEST
    np.minimum.at(cost, first[follows][near] >> bits, distance[near] + extra)


def _rank_attribute(buckets: _Buckets) -> None:
    bits = buckets.matches.snapshot.place_bits
    last = max(buckets.matches.snapshot.attributes - 1, 0)

    @functools.cache
    def attribute(node: Node) -> IntArray:
        at = buckets.places(node.pattern).beginnings
        best = np.full(len(buckets.slots), last, dtype=np.int64)
        np.minimum.at(best, at >> bits, (at & ((1 << bits) - 1)) >> POSITION_BITS)
        return best * node.size

    @functools.cache
    def position(node: Node) -> IntArray:
        at = buckets.places(node.pattern).beginnings
        distance = np.abs(_rounded_position(at & ((1 << POSITION_BITS) - 1)) - node.start)
        cost = sum(
            (np.searchsorted(_POSITION_STEPS, distance + i) for i in range(node.size)),
            start=np.zeros(len(at), dtype=np.int64),
        )
        best = np.full(len(buckets.slots), _MAX_POSITION_COST * node.size, dtype=np.int64)
        np.minimum.at(best, at >> bits, cost)
        return best

    def length(path: Path) -> int:
        return sum(node.size for node in path)

    buckets.cut_by_paths(
        lambda path: np.add.reduce([attribute(node) for node in path]),
        lambda path: last * length(path),
    )
    buckets.cut_by_paths(
        lambda path: np.add.reduce([position(node) for node in path]),
        lambda path: _MAX_POSITION_COST * length(path),
    )


def _rounded_position(position: IntArray) -> IntArray:
    """Positions as Meilisearch stores them: exact to 15, then 24, 32, 64 and so on."""
    rounded = position.copy()
    rounded[(position >= 16) & (position < 24)] = 24
    late = position >= 24
    rounded[late] = np.int64(1) << np.ceil(np.log2(position[late])).astype(np.int64)
    return rounded


def _rank_exact_attribute(buckets: _Buckets) -> None:
    """0 where an attribute is the query, 1 where one begins with it, else 2.

    A bucket is asked for the words that some document of it matches to the letter.
    """
    nodes = [node for node in buckets.matches.nodes if node.pattern.exact]
    asked = np.zeros(int(buckets.key.max(initial=-1)) + 1, dtype=np.int64)
    for n, node in enumerate(nodes):
        in_path = [node in path for path in buckets.paths]
        exact = buckets.fits[in_path].any(axis=0) & (buckets.typos(node) == 0)
        asked[buckets.key[exact]] |= 1 << n
    asked_here = asked[buckets.key]
    cost = np.full(len(buckets.slots), 2, dtype=np.int64)
    for signature in np.unique(asked_here).tolist():
        wanted = [node for n, node in enumerate(nodes) if signature >> n & 1]
        wanted.sort(key=lambda node: node.first)
        if not wanted or [node.first for node in wanted] != list(range(len(wanted))):
            continue
        here = asked_here == signature
        cost[here] = _whole_attribute(buckets.matches, wanted, buckets.slots[here])
    buckets.cut(cost, 2)


def _whole_attribute(matches: Matches, nodes: Sequence[Node], slots: IntArray) -> IntArray:
    snapshot = matches.snapshot
    place = np.full(len(snapshot), -1, dtype=np.int64)
    place[slots] = np.arange(len(slots))
    at_position = np.ones(len(slots), dtype=bool)
    in_attribute = np.ones((len(slots), snapshot.attributes), dtype=bool)

    @functools.cache
    def stands(word: str) -> tuple[IntArray, IntArray, IntArray]:
        """Document, attribute and position of each place of a word."""
        keys = snapshot.place_keys(word)
        document = place[keys >> snapshot.place_bits]
        keys, document = keys[document >= 0], document[document >= 0]
        attribute = (keys & ((1 << snapshot.place_bits) - 1)) >> POSITION_BITS
        return document, attribute, _rounded_position(keys & ((1 << POSITION_BITS) - 1))

    for node in nodes:
        for offset, word in enumerate(node.pattern.exact):
            document, attribute, position = stands(word)
            expected = _rounded_position(np.array([node.start + offset]))
            right = np.zeros(len(slots), dtype=bool)
            right[document[position == expected]] = True
            inside = np.zeros_like(in_attribute)
            inside[document, attribute] = True
            at_position &= right
            in_attribute &= inside
    words = sum(node.end - node.start + 1 for node in nodes)
    begins = at_position & in_attribute.any(axis=1)
    whole = np.zeros(len(slots), dtype=bool)
    if words <= MAX_COUNTED_WORDS:
        whole = (in_attribute & (snapshot.lengths[slots] == words)).any(axis=1)
    return np.where(begins, np.where(whole, 0, 1), 2).astype(np.int64)


def _rank_exact_words(buckets: _Buckets) -> None:
    @functools.cache
    def inexact(node: Node) -> IntArray:
        if not node.pattern.exact:
            return np.full(len(buckets.slots), node.size, dtype=np.int64)
        exact = buckets.typos(node) == 0
        if not node.pattern.is_phrase:
            exact &= buckets.matches.holding_word(node.pattern.exact[0])[buckets.slots]
        return np.where(exact, 0, node.size).astype(np.int64)

    buckets.cut_by_paths(
        lambda path: np.add.reduce([inexact(node) for node in path]),
        lambda path: sum(node.size for node in path),
    )
