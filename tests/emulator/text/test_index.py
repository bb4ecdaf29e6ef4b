from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, strategies as st

from scenario_search.emulator.text.index import TextIndex
from scenario_search.emulator.text.segment import Text


def index_of(*texts: Text) -> TextIndex:
    """Documents 1, 2, 3 ... of one attribute."""
    index = TextIndex(["text"])
    index.update((number, [text]) for number, text in enumerate(texts, start=1))
    return index


def hits(index: TextIndex, query: str) -> list[int]:
    numbers: list[int] = index.search(query, limit=100).numbers.tolist()
    return numbers


@pytest.mark.parametrize(
    ("text", "query", "matches"),
    [
        ("castle", "castle", True),
        ("Castle", "cASTLE", True),
        ("café", "cafe", True),
        ("cafe", "café", True),
        ("castle", "cast", True),
        ("castle", "cast ", False),
        ("castle dragon", "cast dragon", False),
        ("castle", "astle", False),
        ("castle", "stl", False),
        ("castle", "castel ", True),
        ("castle", "kastle ", False),
        ("waterfall", "xaterfall ", True),
        ("waterfall", "xaterfal ", False),
        ("waterfall", "waetrfalll ", True),
        ("lion", "loin ", False),
        ("castle", "cestel ", False),
        ("fantasy castle", "fantasycastle", True),
        ("castle fantasy", "fantasycastle", False),
        ("sunflower", "sun flower", True),
        ("sunflowers", "sun flower", True),
        ("abc", "a b c", True),
        ("abcd", "a b c d ", False),
        ("sci-fi", "scifi", True),
        ("scifi", "sci-fi", True),
        ("sci-fi", "sci fi", True),
        ("seed 123456", "1234", True),
        ("big red castle", '"red castle"', True),
        ("red big castle", '"red castle"', False),
        ("red castles", '"red castle"', False),
        ("a red big castle", '"red big castle"', True),
        ("red big old big castle", '"red big castle"', False),
        ("red. castle", '"red castle"', False),
        ("castle dragon", "castle -dragon", False),
        ("castle dragons", "castle -dragon", True),
        ("castle red dragon", 'castle -"red dragon"', False),
        ("castle", "castle nowhere", True),
        ("nowhere", "castle nowhere", False),
        ("castle", 'castle "red dragon"', False),
    ],
)
def test_what_a_query_matches(text: str, query: str, matches: bool) -> None:
    assert (hits(index_of(text), query) == [1]) is matches


def test_words_after_the_tenth_are_not_looked_at() -> None:
    index = index_of("a b c d e f g h i j", "a b c d e f g h i j k")
    assert hits(index, "a b c d e f g h i j k") == [1, 2]


@pytest.mark.parametrize("query", ["", "  ", "!", '""'])
def test_a_query_without_words_finds_everything_in_order(query: str) -> None:
    index = TextIndex(["text"])
    index.update([(9, ["b"]), (4, ["a"])])
    found = index.search(query, limit=10)
    assert found.numbers.tolist() == [4, 9]
    assert found.total == 2


def test_only_excluded_words_find_the_rest() -> None:
    assert hits(index_of("castle", "dragon"), "-castle") == [2]


def test_candidates_limit_what_is_found_and_counted() -> None:
    index = index_of("castle", "castle", "castle", "dragon")
    found = index.search("castle", limit=10, candidates=np.array([2, 3, 4, 99]))
    assert found.numbers.tolist() == [2, 3]
    assert found.total == 2


def test_all_documents_as_candidates_are_the_same_as_none() -> None:
    index = index_of("castle", "dragon", "castle")
    ranks = np.array([2, 3, 1])
    for query in ("castle", "", "-dragon"):
        result = index.search(query, limit=10, candidates=index.numbers, sort_rank=ranks)
        without = index.search(query, limit=10, sort_rank=ranks)
        assert result.numbers.tolist() == without.numbers.tolist()
        assert result.numbers.tolist()[:2] == [3, 1]


def test_the_total_counts_beyond_the_limit() -> None:
    found = index_of(*["castle"] * 30).search("castle", limit=5)
    assert len(found.numbers) == 5
    assert found.total == 30


def test_the_total_counts_documents_with_the_first_word_alone() -> None:
    index = index_of("castle dragon", "castle", "dragon")
    assert index.search("castle dragon", limit=1).total == 2


def test_a_sort_belongs_to_the_candidates() -> None:
    index = index_of("castle", "castle", "castle")
    ranks = np.array([2, 1])
    found = index.search("castle", limit=3, candidates=np.array([1, 3]), sort_rank=ranks)
    assert found.numbers.tolist() == [3, 1]
    with pytest.raises(ValueError, match="sort_rank has 2 numbers for 3 candidates"):
        index.search("castle", limit=3, sort_rank=ranks)


def test_a_sort_orders_a_query_without_words() -> None:
    found = index_of("a", "b", "c").search("", limit=2, sort_rank=np.array([3, 1, 2]))
    assert found.numbers.tolist() == [2, 3]


def test_an_update_replaces_and_a_removal_forgets() -> None:
    index = index_of("castle", "dragon")
    index.update([(1, ["knight"])])
    assert hits(index, "castle ") == []
    assert hits(index, "knight") == [1]
    index.remove([1, 77])
    assert hits(index, "knight") == []
    assert len(index) == 1


def test_a_document_needs_a_text_for_each_attribute() -> None:
    index = index_of("castle")
    with pytest.raises(ValueError, match="document 2 has 2 texts, the index 1 attributes"):
        index.update([(2, ["a", "b"])])
    assert hits(index, "") == [1]


def test_very_long_words_and_texts_are_not_indexed_but_take_their_place() -> None:
    index = index_of(f"castle {'x' * 300} dragon")
    assert hits(index, "x" * 300) == []
    assert hits(index, '"castle dragon"') == []
    assert hits(index, "castle dragon") == [1]
    assert hits(index_of("a " * 70_000 + "castle"), "castle ") == []


def test_bytes_bring_the_index_back() -> None:
    index = TextIndex(["name", "tags"])
    index.update([(1, ["Café castle", ["a", "b"]]), (2, ["dragon", []])])
    index.update([(3, ["日本 castle", []])])
    index.remove([2])
    again = TextIndex.from_bytes(index.to_bytes())
    assert again.attributes == ("name", "tags")
    assert again.numbers.tolist() == [1, 3]
    assert hits(again, "castle") == hits(index, "castle") == [1, 3]
    assert TextIndex.from_bytes(TextIndex(["x"]).to_bytes()).search("a", limit=1).total == 0


@pytest.mark.parametrize(
    "data", [b"", b"{}\n", b"[1]", b"garbage\xff\n\x00", index_of("castle").to_bytes()[:-9]]
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="index the documents again"):
        TextIndex.from_bytes(data)


WORDS = ("castle", "castel", "castles", "sun", "flower", "sunflower", "a", "b", "ab", "abc")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
CHANGES = st.lists(
    st.one_of(
        st.dictionaries(st.integers(0, 12), st.tuples(TEXTS, st.lists(TEXTS, max_size=2))),
        st.sets(st.integers(0, 12), max_size=5),
    ),
    max_size=8,
)


@given(CHANGES, st.lists(st.sampled_from([*WORDS, "cas", "sunflowr", '"sun flower"']), max_size=3))
def test_changes_give_what_a_fresh_index_gives(
    changes: list[dict[int, tuple[str, list[str]]] | set[int]], query: list[str]
) -> None:
    index = TextIndex(["text", "tags"])
    documents: dict[int, tuple[str, list[str]]] = {}
    for change in changes:
        if isinstance(change, set):
            index.remove(change)
            documents = {n: texts for n, texts in documents.items() if n not in change}
        else:
            index.update(change.items())
            documents |= change
    fresh = TextIndex(["text", "tags"])
    fresh.update(documents.items())
    found = index.search(" ".join(query), limit=20)
    wanted = fresh.search(" ".join(query), limit=20)
    assert found.numbers.tolist() == wanted.numbers.tolist()
    assert found.scores.tolist() == wanted.scores.tolist()
    assert found.total == wanted.total


MIXED = index_of("Castle, dragon. 123", "sci-fi “quoted” café", "日本 йод 🐉 c++", "", ["a", "b"])


@given(st.text() | st.text(st.sampled_from('castle dr"-!., 日é🐉')), st.integers(0, 5))
def test_any_text_can_be_searched(query: str, limit: int) -> None:
    found = MIXED.search(query, limit=limit)
    assert len(found.numbers) == len(found.scores) == min(limit, found.total)
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert TextIndex(["text"]).search(query, limit=limit).total == 0


def test_a_longer_list_begins_with_the_shorter() -> None:
    rng = np.random.default_rng(1)
    index = index_of(*(" ".join(rng.choice(WORDS, size=6).tolist()) for _ in range(300)))
    for query in ("castle sun", "sun flower a", "castle", "abc ab castle sunflower"):
        everything = index.search(query, limit=300)
        for limit in (1, 7, 50):
            few = index.search(query, limit=limit)
            assert few.numbers.tolist() == everything.numbers[:limit].tolist()


def test_searches_see_whole_updates_only() -> None:
    index = TextIndex(["text"])
    index.update((n, ["castle"]) for n in range(50))
    totals: set[int] = set()
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            totals.add(index.search("castle", limit=100).total)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for batch in range(1, 20):
        index.update((n, ["castle"]) for n in range(batch * 50, batch * 50 + 50))
    done.set()
    for thread in threads:
        thread.join()
    assert all(total % 50 == 0 for total in totals)
    assert index.search("castle", limit=1).total == 1000
