from __future__ import annotations

import re
import sys

import numpy as np
import pytest
from paraphrases import PAIRS, RIDDLES, content_words, distractors

from scenario_search.emulator.meaning import embedding
from scenario_search.emulator.meaning.embedding import (
    MiniLMEmbedder,
    ModelUnavailableError,
    normalised,
    opening,
)


@pytest.fixture(scope="module")
def embedder() -> MiniLMEmbedder:
    return MiniLMEmbedder(threads=2)


def nearest(embedder: MiniLMEmbedder, query: str, documents: list[str]) -> str:
    similarities = embedder.embed(documents) @ embedder.embed([query])[0]
    return documents[int(similarities.argmax())]


def test_paraphrases_share_no_content_word_with_their_document() -> None:
    assert len(PAIRS) >= 50
    for document, query in PAIRS + RIDDLES:
        assert not content_words(document) & content_words(query)


def test_distractors_hold_no_word_of_a_query() -> None:
    asked = set().union(*(content_words(query) for _, query in PAIRS))
    assert not asked & set().union(*map(content_words, distractors(100)))


def test_nine_of_ten_paraphrases_find_their_document_first(embedder: MiniLMEmbedder) -> None:
    documents = [document for document, _ in PAIRS] + distractors(150)
    similarities = embedder.embed([query for _, query in PAIRS]) @ embedder.embed(documents).T
    found = similarities.argmax(axis=1) == np.arange(len(PAIRS))
    assert found.mean() >= 0.9


def test_a_man_in_red_for_christmas_is_santa(embedder: MiniLMEmbedder) -> None:
    documents = ["Santa Claus with a sleigh", "fire truck in a street", "man reading a book"]
    assert nearest(embedder, "a man in red outfit for Christmas", documents) == documents[0]


def test_vectors_have_length_one_and_the_stated_shape(embedder: MiniLMEmbedder) -> None:
    vectors = embedder.embed(["a dragon", "castle at night, oil painting"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (2, embedder.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("text", ["", "  \n", "!?,", "\x00", "1234567890"])
def test_a_text_without_meaning_is_zero(embedder: MiniLMEmbedder, text: str) -> None:
    assert not embedder.embed([text, "dragon"])[0].any()


def test_no_texts_give_no_rows(embedder: MiniLMEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_a_vector_does_not_depend_on_its_neighbours(embedder: MiniLMEmbedder) -> None:
    texts = ["red dragon over a village", "cute cat", "a very long tale " * 50, "ship"]
    together = embedder.embed(texts)
    fresh = MiniLMEmbedder(threads=1)
    alone = np.concatenate([fresh.embed([text]) for text in reversed(texts)])[::-1]
    assert np.allclose(together, alone, atol=1e-4)


def test_case_and_accents_do_not_matter(embedder: MiniLMEmbedder) -> None:
    one, other = embedder.embed(["Château ENCHANTÉ", "château enchanté"])
    assert one @ other > 0.999


@pytest.mark.parametrize(
    "text",
    ["愛 と 平和 の 城", "a" * 200_000, "🐉" * 50, "\ud800 lone surrogate", "e\u0301" * 4000],
)
def test_strange_texts_are_embedded(embedder: MiniLMEmbedder, text: str) -> None:
    assert np.isfinite(embedder.embed([text])).all()


def test_words_past_the_opening_count(embedder: MiniLMEmbedder) -> None:
    start = "portrait, highly detailed, digital painting, soft light, dark background, " * 2
    near, far = embedder.embed([start + "dragon", start + "teapot"]) @ embedder.embed(["wyvern"])[0]
    assert near > far


def test_forgetting_changes_no_vector(
    embedder: MiniLMEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["red dragon", "blue castle", "green forest path", "red castle"]
    expected = embedder.embed(texts)
    monkeypatch.setattr(embedding, "MAX_REMEMBERED", 2)
    forgetful = MiniLMEmbedder(threads=1)
    for _ in range(2):
        assert np.allclose(forgetful.embed(texts), expected, atol=1e-5)


def test_an_opening_is_six_words_in_lower_case() -> None:
    assert opening("A Red\n Dragon, " + "far " * 20) == "a red dragon, " + "far " * 2 + "far"
    assert opening("1024 2048") == ""


def test_normalising_keeps_zero_rows() -> None:
    assert normalised(np.array([[3, 4], [0, 0]], dtype=np.float32)).tolist() == [
        [pytest.approx(0.6), pytest.approx(0.8)],
        [0, 0],
    ]


@pytest.mark.parametrize("module", ["onnxruntime", "tokenizers"])
def test_a_missing_module_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ModelUnavailableError, match=re.escape("pip install 'scenario-search[emulator]'")
    ) as raised:
        MiniLMEmbedder().embed(["x"])
    assert module in str(raised.value)
