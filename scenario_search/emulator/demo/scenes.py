"""What demo pictures show: scenes thought up from a seed, and read back off a document's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from scenario_search.emulator.demo import words
from scenario_search.emulator.demo.picks import Pick

__all__ = ["SUBJECT_CYCLE", "Idea", "Scene", "idea_of", "scene_of", "subject_of"]

# Castles and dragons come more often, so that the guide's own queries have hits to page through.
SUBJECT_CYCLE = (*words.SUBJECTS, "castle", "dragon")


class Scene(NamedTuple):
    """What a demo picture shows, read off a document's words.

    Attributes:
        subject: a key of `SUBJECTS`, or "abstract" when no word names one.
        time: "day", "sunset", "dawn" or "night".
        weather: "clear", "rain", "snow", "fog" or "storm".
        palette: a key of `PALETTES`.
    """

    subject: str
    time: str
    weather: str
    palette: str


def _phrase_patterns(phrases: Mapping[str, Sequence[str]]) -> tuple[re.Pattern[str], list[str]]:
    """One pattern of a group for each key, so that the group found names the key."""
    keys = list(phrases)
    groups = (
        "(" + "|".join(sorted(map(re.escape, phrases[key]), key=len, reverse=True)) + ")"
        for key in keys
    )
    return re.compile(rf"\b(?:{'|'.join(groups)})s?\b", re.IGNORECASE), keys


_SUBJECT_WORDS = _phrase_patterns(
    {key: [*subject.nouns, *subject.kin] for key, subject in words.SUBJECTS.items()}
    | {"island": [*words.SUBJECTS["island"].nouns, *words.SUBJECTS["island"].kin, "island"]}
    | {"chest": [*words.SUBJECTS["chest"].nouns, *words.SUBJECTS["chest"].kin, "chest"]}
    | {"tree": [*words.SUBJECTS["tree"].nouns, *words.SUBJECTS["tree"].kin, "oak tree"]}
    | {"crystal": [*words.SUBJECTS["crystal"].nouns, *words.SUBJECTS["crystal"].kin, "gem"]}
)
_TIME_WORDS = _phrase_patterns(
    {
        "night": ["night", "midnight", "moonlight", "starry", "after dark", "stars"],
        "sunset": ["sunset", "dusk", "golden hour", "evening", "twilight"],
        "dawn": ["dawn", "sunrise", "morning rays", "morning breaks"],
        "day": ["day", "daylight", "midday", "noon", "blue sky", "sunny", "afternoon"],
    }
)
_WEATHER_WORDS = _phrase_patterns(
    {
        "rain": ["rain", "rainy", "while it pours"],
        "snow": ["falling snow", "snowfall", "snowstorm", "drifting flakes"],
        "fog": ["fog", "foggy", "mist", "misty", "wrapped in haze"],
        "storm": ["storm", "thunderstorm", "lightning storm", "thundering"],
    }
)
_PALETTE_WORDS = _phrase_patterns(
    {
        "warm": ["warm amber", "warm colors", "warm orange", "oranges and yellows"],
        "icy": ["icy", "frozen", "cold blues"],
        "neon": ["neon", "cyberpunk", "fluorescent"],
        "pastel": ["pastel", "gentle candy"],
        "dark": ["dark gothic", "desaturated", "grim palette", "gothic", "somber"],
        "emerald": ["emerald", "rich greens"],
        "sepia": ["sepia", "faded browns"],
        "crimson": ["crimson", "blood reds"],
        "violet": ["violet", "regal purples"],
        "natural": ["natural"],
    }
)


def _first(patterns: tuple[re.Pattern[str], list[str]], texts: Sequence[str]) -> str | None:
    pattern, keys = patterns
    for text in texts:
        if (match := pattern.search(text)) and match.lastindex:
            return keys[match.lastindex - 1]
    return None


def _texts(document: Mapping[str, Any]) -> list[str]:
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    values = (
        metadata.get("prompt"),
        document.get("description"),
        document.get("shortDescription"),
        metadata.get("text"),
        metadata.get("content"),
        metadata.get("name"),
        document.get("name"),
    )
    return [value for value in values if isinstance(value, str)]


def subject_of(document: Mapping[str, Any]) -> str:
    """The subject of an asset, model or workflow: a key of `SUBJECTS`, else "abstract".

    The first subject word of the prompt decides; without one, that of the description, the
    spoken or written text, then the name.
    """
    return _first(_SUBJECT_WORDS, _texts(document)) or "abstract"


def scene_of(document: Mapping[str, Any]) -> Scene:
    """What to draw for a document, read off the same words as `subject_of`.

    Where the words leave time or palette open, the id settles them, so that a series of one
    prompt still shows variation; weather left open is clear.
    """
    texts = _texts(document)
    pick = Pick("scene", document.get("id"))
    time, palette = pick.one(list(words.TIMES)), pick.one(list(words.PALETTES))
    return Scene(
        _first(_SUBJECT_WORDS, texts) or "abstract",
        _first(_TIME_WORDS, texts) or time,
        _first(_WEATHER_WORDS, texts) or "clear",
        _first(_PALETTE_WORDS, texts) or palette,
    )


def _proper_name(pick: Pick, index: int) -> str:
    """An invented place name; the pool grows with the index of the asset."""
    pool = min(60 + index // 3, len(words.NAME_HEADS) * len(words.NAME_TAILS))
    at = int(pick.random() * pool) * 797  # spreads neighbours over the heads and tails
    head = words.NAME_HEADS[at % len(words.NAME_HEADS)]
    return head + words.NAME_TAILS[at // len(words.NAME_HEADS) % len(words.NAME_TAILS)]


def _compound(pick: Pick) -> str:
    return pick.one(words.COMPOUND_HEADS) + pick.one(words.COMPOUND_TAILS)


class Idea(NamedTuple):
    """What is shared by the assets of one series: the words and the scene, but not the seed."""

    scene: Scene
    prompt: str
    caption: str
    name: str
    tags: list[str]
    style: str


def idea_of(seed: int, index: int, series: int | None) -> Idea:
    """What the asset at `index` is to show; assets with the same `series` number share it."""
    pick = Pick(seed, "series", series) if series is not None else Pick(seed, "idea", index)
    at = index if series is None else series * 7
    subject = SUBJECT_CYCLE[(at * 11 + at // len(SUBJECT_CYCLE)) % len(SUBJECT_CYCLE)]
    scene = Scene(
        subject,
        pick.one(list(words.TIMES)),
        pick.one(("clear", "clear", "clear", "rain", "snow", "fog", "storm")),
        pick.one(list(words.PALETTES)),
    )
    about = words.SUBJECTS[subject]
    noun, doing, style = pick.one(about.nouns), pick.one(about.doing), pick.one(words.STYLES)
    adjective = _compound(pick) if pick.chance(0.35) else pick.one(words.ADJECTIVES)
    place = f" of {_proper_name(pick, index)}" if pick.chance(0.4) else ""
    time, palette = pick.one(words.TIMES[scene.time]), pick.one(words.PALETTES[scene.palette])
    weather = pick.one(words.WEATHERS[scene.weather])
    extras = ", ".join(pick.some(words.QUALITIES, pick.number(1, 3)))
    article = "an" if adjective[0] in "aeiou" else "a"
    parts = {
        0: (f"{adjective} {noun}{place} {doing}", style, time, weather, palette, extras),
        1: (f"{style} of {article} {adjective} {noun}{place} {doing}", palette, time, weather),
        2: (f"{article} {adjective} {noun}{place} {doing}, {time}", weather, palette, style),
        3: (noun, doing, time, weather, adjective, palette, style, extras),
    }[int(pick.random() * 4)]
    kin, seen = pick.one(about.kin), pick.one(about.seen)
    start = "An" if kin[0] in "aeiou" else "A"
    caption = " ".join(
        part
        for part in (
            f"{start} {kin} {seen}",
            pick.one(words.CAPTION_TIMES[scene.time]),
            pick.one(words.CAPTION_WEATHERS[scene.weather]),
        )
        if part
    )
    caption = f"{caption}. {words.CAPTION_PALETTES[scene.palette]}".strip()
    tags = [subject if pick.chance(0.8) else noun, *pick.some(about.tags, pick.number(1, 2))]
    tags += ["fantasy"] if pick.chance(0.35) and "scifi" not in about.tags else []
    # The guide's fifth example asks for all three.
    tags += ["character", "warrior"] if "fantasy" in tags and "warrior" in about.tags else []
    tags += [scene.time] if pick.chance(0.15) else []
    name = f"{adjective} {noun}{place}".title() if pick.chance(0.5) else f"{noun}{place}".title()
    prompt = ", ".join(part for part in parts if part)
    return Idea(scene, prompt, caption, name, list(dict.fromkeys(tags)), style)
