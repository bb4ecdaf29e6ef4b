"""Seeded documents and queries that look like those of the Search API's assets."""

# ruff: noqa: SIM905 - word lists read best as text
from __future__ import annotations

import bisect
import itertools
import random
from dataclasses import dataclass

KINDS = ("join", "number", "other", "padded", "phrase", "prefix", "split", "typo", "word", "words")
"""The kinds of queries."""

ATTRIBUTES = ("name", "prompt", "description", "caption", "tags", "seed")

_SUBJECTS = (
    "castle dragon knight forest sunflower robot spaceship village portrait warrior wizard "
    "mountain river temple ruins city street market garden lighthouse waterfall island desert "
    "bridge tower samurai pirate mermaid phoenix unicorn griffin goblin elf dwarf vampire zombie "
    "skeleton potion sword shield armor crown throne treasure chest scroll lantern campfire cabin "
    "mushroom crystal meteor galaxy nebula planet astronaut rover helmet motorcycle car train "
    "airship submarine whale octopus jellyfish turtle butterfly owl raven wolf fox bear tiger lion "
    "elephant horse cat dog rabbit frog snake spider beetle flower rose lotus cherry blossom"
).split()
_STYLES = (
    "fantasy realistic cartoon anime watercolor pixel isometric cinematic gothic baroque noir "
    "cyberpunk steampunk minimalist surreal abstract vintage retro neon pastel dramatic moody "
    "ethereal whimsical detailed intricate stylized painterly photorealistic futuristic medieval "
    "ancient modern sci-fi low-poly hand-drawn café naïve"
).split()
_JOINING = "a the of in with and on at under over near beside by for from to".split()
_COMPOUNDS = ("sun flower", "water fall", "light house", "camp fire", "fantasy castle",
              "dragon scale", "star light", "moon light", "sand storm")  # fmt: skip
# White space of all kinds: what breaks words and, from the no-break space on, what does not.
_BLANKS = (" ", "  ", "\t", "\n", "\r\n", "\u2009", "\u3000", "\u00a0", "\u202f", "\x0b")
_SYLLABLES = (
    "ba be bi bo bu ca ce ci co cu da de di do du fa fe fi fo ga ge gi go ha he hi ho ja jo ka ke "
    "ki ko la le li lo lu ma me mi mo mu na ne ni no nu pa pe pi po ra re ri ro ru sa se si so su "
    "ta te ti to tu va ve vi vo wa we wi za ze zo ran ter lin mor dal ven tis gar"
).split()


@dataclass(frozen=True)
class TextDocument:
    """One asset's searchable texts in the order of `ATTRIBUTES`."""

    number: int
    texts: tuple[str | list[str], ...]


def make_documents(count: int, *, seed: int = 7) -> list[TextDocument]:
    """Documents numbered from 0, the same for the same seed; about 55 words each."""
    rng = random.Random(seed)
    coined = sorted({"".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))) for _ in range(3000)})
    rng.shuffle(coined)
    vocabulary = [*_JOINING, *_SUBJECTS, *_STYLES, *coined]
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(vocabulary))))

    def words(low: int, high: int) -> list[str]:
        found = [
            vocabulary[bisect.bisect(weights, rng.random() * weights[-1])]
            for _ in range(rng.randint(low, high))
        ]
        if rng.random() < 0.08:
            found[rng.randrange(len(found))] = rng.choice(_COMPOUNDS)
        if rng.random() < 0.04:
            found[rng.randrange(len(found))] = rng.choice(_COMPOUNDS).replace(" ", "")
        return found

    def prompt(low: int, high: int) -> str:
        text = ""
        for word in words(low, high):
            text += word + rng.choices((" ", ", ", " - ", "/"), (80, 15, 1, 1))[0]
        return text.strip(" ,-/")

    documents = []
    for number in range(count):
        subject, style = rng.choice(_SUBJECTS), rng.choice(_STYLES)
        name = rng.choice((f"{style} {subject}", f"{subject} {rng.randint(1, 99)}", subject))
        description = f"A {style} picture of a {subject}. {prompt(8, 25).capitalize()}."
        tags = [rng.choice(_STYLES), rng.choice(_SUBJECTS), *words(1, 3)][: rng.randint(0, 5)]
        texts: tuple[str | list[str], ...] = (
            name.title() if rng.random() < 0.5 else name,
            prompt(8, 40),
            description if rng.random() < 0.7 else "",
            prompt(5, 15) if rng.random() < 0.5 else "",
            tags,
            str(rng.randrange(10**9)),
        )
        documents.append(TextDocument(number, texts))
    return documents


def make_queries(documents: list[TextDocument], *, seed: int = 11) -> dict[str, list[str]]:
    """Returns queries for each of `KINDS`, most of them taken from the documents and then bent."""
    rng = random.Random(seed)

    def some_words(count: int, shortest: int = 1) -> list[str]:
        while True:
            words = str(rng.choice(documents).texts[1]).replace(",", "").split()
            words = [word for word in words if len(word) >= shortest]
            if len(words) >= count:
                start = rng.randrange(len(words) - count + 1)
                return words[start : start + count]

    def misspell(word: str) -> str:
        i = rng.randrange(1, len(word) - 1)
        return rng.choice(
            (
                word[:i] + word[i + 1 :],
                word[:i] + rng.choice("aeiorst") + word[i:],
                word[:i] + rng.choice("aeiorst") + word[i + 1 :],
                word[:i] + word[i + 1] + word[i] + word[i + 2 :],
            )
        )

    def cut(words: list[str]) -> str:
        return " ".join([*words[:-1], words[-1][: max(2, len(words[-1]) // 2)]])

    def padded(query: str) -> str:
        blanks = rng.choices(_BLANKS, k=3)
        middle = query.replace(" ", blanks[1]) if rng.random() < 0.3 else query
        return rng.choice((f"{middle}{blanks[2]}", f"{blanks[0]}{middle}", middle + 2 * blanks[2]))

    queries = {
        "word": [rng.choice(_SUBJECTS) for _ in range(6)] + [some_words(1)[0] for _ in range(4)],
        "prefix": [cut(some_words(rng.randint(1, 2), 4)) for _ in range(10)],
        "typo": [misspell(some_words(1, 5)[0]) for _ in range(6)]
        + [" ".join(misspell(w) for w in some_words(2, 5)) for _ in range(6)]
        + ["fantsy castel", "dargon"],
        "split": [compound.replace(" ", "") for compound in _COMPOUNDS],
        "join": [*_COMPOUNDS[:5], "low poly", "scifi", "sci-fi", "lowpoly castle"],
        "phrase": [f'"{" ".join(some_words(2))}"' for _ in range(5)]
        + [f'{some_words(1)[0]} "{" ".join(some_words(2))}"' for _ in range(3)],
        "number": [str(rng.choice(documents).texts[5]) for _ in range(3)]
        + [str(rng.choice(documents).texts[5])[:4] for _ in range(3)]
        + [f"{rng.choice(_SUBJECTS)} {rng.randint(1, 99)}" for _ in range(3)],
        "words": [" ".join(some_words(2)) for _ in range(6)]
        + [" ".join(some_words(rng.randint(3, 6))) for _ in range(8)]
        + [f"{rng.choice(_STYLES)} {rng.choice(_SUBJECTS)}" for _ in range(6)]
        + [" ".join([*some_words(3), "nowhere"]) for _ in range(2)],
        "other": ["naive", "cafe dragon", "castle -dragon", 'knight -"a castle"', "castle ",
                  "a picture of a dragon, in the forest"],
    }  # fmt: skip
    every = [query for some in queries.values() for query in some]
    return {**queries, "padded": [padded(rng.choice(every)) for _ in range(204)]}
