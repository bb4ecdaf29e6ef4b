"""The words of the demo data, which ``words.toml`` lists by what they are for."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any, NamedTuple

__all__ = [
    "ADJECTIVES",
    "CAPTION_PALETTES",
    "CAPTION_TIMES",
    "CAPTION_WEATHERS",
    "COMPOUND_HEADS",
    "COMPOUND_TAILS",
    "NAME_HEADS",
    "NAME_TAILS",
    "NEGATIVES",
    "PALETTES",
    "QUALITIES",
    "STYLES",
    "SUBJECTS",
    "TIMES",
    "UNICODE_NAMES",
    "WEATHERS",
    "Subject",
]


class Subject(NamedTuple):
    """One thing the demo pictures show.

    Attributes:
        nouns: words for it in prompts; the first is the plainest.
        kin: words for it in captions.
        tags: what users tag it with.
        doing: what it does or where it is, in a prompt.
        seen: the same sort of thing as a caption would say it.
    """

    nouns: tuple[str, ...]
    kin: tuple[str, ...]
    tags: tuple[str, ...]
    doing: tuple[str, ...]
    seen: tuple[str, ...]


_WORDS: dict[str, Any] = tomllib.loads(
    resources.files("scenario_search.emulator.demo")
    .joinpath("words.toml")
    .read_text(encoding="utf-8")
)


def _lists(name: str) -> dict[str, tuple[str, ...]]:
    return {key: tuple(phrases) for key, phrases in _WORDS[name].items()}


SUBJECTS = {
    name: Subject(**{key: tuple(phrases) for key, phrases in subject.items()})
    for name, subject in _WORDS["subjects"].items()
}
TIMES, CAPTION_TIMES = _lists("times"), _lists("caption_times")
WEATHERS, CAPTION_WEATHERS = _lists("weathers"), _lists("caption_weathers")
PALETTES = _lists("palettes")
CAPTION_PALETTES: dict[str, str] = _WORDS["caption_palettes"]
STYLES: list[str] = _WORDS["styles"]
QUALITIES: list[str] = _WORDS["qualities"]
ADJECTIVES: list[str] = _WORDS["adjectives"]
NEGATIVES: list[str] = _WORDS["negatives"]
NAME_HEADS: list[str] = _WORDS["name_heads"]
NAME_TAILS: list[str] = _WORDS["name_tails"]
COMPOUND_HEADS: list[str] = _WORDS["compound_heads"]
COMPOUND_TAILS: list[str] = _WORDS["compound_tails"]
UNICODE_NAMES: list[str] = _WORDS["unicode_names"]
