"""The words of the demo data: what game artists ask for, and how a captioner would put it.

Prompts and captions of one subject deliberately share few words, so that a search by meaning has
something to find that a search by words cannot.
"""

from __future__ import annotations

from typing import NamedTuple

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


SUBJECTS: dict[str, Subject] = {
    "castle": Subject(
        ("castle", "castle", "castle keep"),
        ("fortress", "citadel", "stronghold"),
        ("architecture", "medieval", "landscape"),
        ("on a hill", "with tall spires", "behind a moat", "with banners on the towers"),
        ("crowns a grassy rise", "raises its turrets over the valley", "guards the old road"),
    ),
    "dragon": Subject(
        ("dragon", "dragon", "drake"),
        ("winged beast", "fire-breathing reptile", "winged serpent"),
        ("creature", "boss", "character"),
        ("spreading its wings", "breathing fire", "guarding its hoard", "flying over ruins"),
        ("opens huge leathery pinions", "soars above the land", "snarls with glowing eyes"),
    ),
    "forest": Subject(
        ("forest", "pine forest", "woods"),
        ("woodland", "evergreen thicket", "dense stand of conifers"),
        ("environment", "nature", "landscape"),
        ("with a winding path", "full of fireflies", "with mossy rocks", "with shafts of light"),
        ("fades into haze row after row", "closes around a narrow trail", "stretches far away"),
    ),
    "knight": Subject(
        ("knight", "paladin", "armored knight"),
        ("warrior clad in plate", "soldier in steel mail", "helmeted champion"),
        ("character", "warrior", "medieval"),
        ("raising a banner", "in shining armor", "with a red plume", "standing guard"),
        ("stands ready with a lance", "faces the viewer", "holds the line alone"),
    ),
    "wizard": Subject(
        ("wizard", "sorcerer", "old wizard"),
        ("bearded mage", "spell caster in a robe", "enchanter with a pointed hat"),
        ("character", "magic", "npc"),
        ("casting a spell", "holding a glowing staff", "with a long white beard", "reading runes"),
        ("gathers light in one hand", "leans on a gnarled staff", "mutters an incantation"),
    ),
    "ship": Subject(
        ("ship", "pirate ship", "galleon"),
        ("sailing vessel", "three-masted boat", "windjammer"),
        ("vehicle", "sea", "pirate"),
        ("under full sail", "riding the waves", "with a torn flag", "leaving the harbor"),
        ("cuts through choppy water", "drifts with billowing canvas", "heads for open sea"),
    ),
    "spaceship": Subject(
        ("spaceship", "starfighter", "space cruiser"),
        ("interstellar craft", "rocket-driven hull", "orbital shuttle"),
        ("vehicle", "scifi", "space"),
        ("with burning thrusters", "crossing a nebula", "in deep space", "leaving orbit"),
        ("glides among distant suns", "fires its engines", "races through the void"),
    ),
    "robot": Subject(
        ("robot", "mech", "battle robot"),
        ("android", "humanoid machine", "automaton"),
        ("character", "scifi", "mecha"),
        ("with a glowing visor", "with rusty joints", "saluting", "on a factory floor"),
        ("looks up with lit lenses", "stands on metal feet", "waits for orders"),
    ),
    "sword": Subject(
        ("sword", "magic sword", "longsword"),
        ("blade", "steel weapon with a cross guard", "rapier"),
        ("weapon", "item", "icon"),
        ("with a jeweled hilt", "with glowing runes", "with a leather grip", "of legend"),
        ("gleams along its sharp edge", "points to the sky", "rests on a plain backdrop"),
    ),
    "potion": Subject(
        ("potion", "potion bottle", "magic potion"),
        ("flask of elixir", "corked vial", "glass phial with liquid"),
        ("item", "icon", "alchemy"),
        ("with bubbles inside", "with a cork", "glowing from within", "on a wooden shelf"),
        ("holds a fizzing brew", "shimmers behind thick glass", "is filled to the neck"),
    ),
    "mountain": Subject(
        ("mountain", "mountain range", "snowy mountain"),
        ("alpine summit", "jagged peak", "craggy ridge"),
        ("environment", "nature", "landscape"),
        ("with snow caps", "above a lake", "with a steep cliff", "behind green hills"),
        ("towers above the plain", "catches the light on its slopes", "rises past the clouds"),
    ),
    "city": Subject(
        ("city", "cyberpunk city", "city skyline"),
        ("metropolis", "cluster of high-rises", "sprawl of skyscrapers"),
        ("architecture", "scifi", "environment"),
        ("with lit windows", "full of billboards", "with flying cars", "seen from the river"),
        ("glitters with countless panes", "hums with traffic", "fills the horizon"),
    ),
    "cat": Subject(
        ("cat", "kitten", "black cat"),
        ("feline", "whiskered pet", "furry tabby"),
        ("animal", "character", "cute"),
        ("wearing hat", "with green eyes", "with striped fur", "sitting on a cushion"),
        ("gazes with round eyes", "pricks its ears", "waits to be petted"),
    ),
    "tavern": Subject(
        ("tavern", "cozy tavern", "village tavern"),
        ("timber-framed inn", "thatched cottage", "half-timbered lodge"),
        ("architecture", "medieval", "building"),
        ("with a hanging sign", "with smoke from the chimney", "with warm windows", "by the road"),
        ("welcomes travelers with lit panes", "sits beside the lane", "smells of stew and ale"),
    ),
    "island": Subject(
        ("floating island", "floating island", "sky island"),
        ("levitating rock", "airborne islet", "hovering chunk of land"),
        ("environment", "fantasy", "landscape"),
        ("with waterfalls", "among clouds", "with hanging roots", "with a lonely palm"),
        ("hangs in the air", "spills water into the void", "drifts past cloud banks"),
    ),
    "crystal": Subject(
        ("crystal", "crystal cluster", "magic crystal"),
        ("faceted gem", "quartz shard", "prismatic mineral"),
        ("item", "icon", "resource"),
        ("with sharp facets", "growing from rock", "glowing in a cave", "full of mana"),
        ("refracts the light", "juts out of dark stone", "sparkles on every side"),
    ),
    "tree": Subject(
        ("tree", "ancient tree", "giant oak tree"),
        ("gnarled trunk with a broad crown", "venerable elm", "leafy giant"),
        ("environment", "nature", "prop"),
        ("with a hollow trunk", "with falling leaves", "with lanterns in its branches", "alone"),
        ("spreads boughs over the meadow", "shades a patch of grass", "has stood for centuries"),
    ),
    "mushroom": Subject(
        ("mushroom", "giant mushroom", "glowing mushroom"),
        ("toadstool", "spotted fungus", "fungal cap"),
        ("prop", "nature", "cute"),
        ("with a red cap", "with white dots", "releasing spores", "in a fairy ring"),
        ("pokes out of damp soil", "wears a domed top", "grows beside a smaller one"),
    ),
    "shield": Subject(
        ("shield", "round shield", "tower shield"),
        ("buckler", "defensive disc with rivets", "heraldic escutcheon"),
        ("weapon", "item", "icon"),
        ("with a golden rim", "with a lion crest", "covered in scratches", "with iron studs"),
        ("shows a bold emblem", "bears the marks of battle", "shines in its metal frame"),
    ),
    "chest": Subject(
        ("treasure chest", "treasure chest", "wooden chest"),
        ("coffer", "iron-bound strongbox", "trunk of gold"),
        ("item", "prop", "loot"),
        ("full of gold coins", "with a heavy lock", "half open", "covered in barnacles"),
        ("overflows with riches", "stands unlatched", "promises a reward"),
    ),
    "planet": Subject(
        ("planet", "ringed planet", "alien planet"),
        ("gas giant", "celestial globe", "distant world with a halo"),
        ("scifi", "space", "environment"),
        ("with wide rings", "with two moons", "covered in clouds", "seen from orbit"),
        ("turns in the blackness", "fills the view", "is banded with cloud"),
    ),
    "lighthouse": Subject(
        ("lighthouse", "lighthouse", "coastal lighthouse"),
        ("beacon tower", "signal lantern on a cliff", "striped pharos"),
        ("architecture", "sea", "landscape"),
        ("on a rocky cliff", "with a sweeping beam", "in heavy surf", "with red stripes"),
        ("warns sailors of the reef", "throws its ray over the water", "braves the spray"),
    ),
    "slime": Subject(
        ("slime", "slime monster", "cute slime"),
        ("gelatinous blob", "jelly critter", "wobbly ooze"),
        ("creature", "monster", "cute"),
        ("with a happy face", "with bubbles inside", "dripping goo", "bouncing"),
        ("jiggles on the spot", "smiles with a wide mouth", "is nearly see-through"),
    ),
    "car": Subject(
        ("car", "race car", "sports car"),
        ("automobile", "speeding coupe", "roadster"),
        ("vehicle", "racing", "prop"),
        (
            "drifting around a corner",
            "with flame decals",
            "on an empty road",
            "with bright headlights",
        ),
        ("hugs the asphalt", "roars past the camera", "shows its polished side"),
    ),
}

TIMES = {
    "day": ("bright daylight", "midday sun", "clear blue sky", "sunny day"),
    "sunset": ("at sunset", "golden hour", "at dusk", "sunset glow"),
    "dawn": ("at dawn", "sunrise light", "early dawn"),
    "night": ("at night", "moonlight", "starry night", "midnight"),
}
CAPTION_TIMES = {
    "day": ("in the noon brightness", "on a cloudless afternoon"),
    "sunset": ("in the last rays of evening", "as evening falls"),
    "dawn": ("in the first morning rays", "as morning breaks"),
    "night": ("after dark", "beneath countless stars"),
}
WEATHERS = {
    "clear": ("", "", "clear air", ""),
    "rain": ("heavy rain", "rain drops"),
    "snow": ("falling snow", "snowfall"),
    "fog": ("thick fog", "morning mist"),
    "storm": ("lightning storm", "thunderstorm"),
}
CAPTION_WEATHERS = {
    "clear": ("",),
    "rain": ("while it pours",),
    "snow": ("amid drifting flakes",),
    "fog": ("wrapped in haze",),
    "storm": ("under a thundering sky",),
}
PALETTES = {
    "warm": ("warm amber tones", "warm colors", "warm orange palette"),
    "icy": ("icy blue palette", "icy cold colors", "frozen icy tones"),
    "neon": ("neon magenta and cyan", "neon glow", "vivid neon lights"),
    "pastel": ("soft pastel colors", "pastel palette", "pastel pink and mint"),
    "dark": ("dark gothic mood", "dark desaturated tones", "dark grim palette"),
    "emerald": ("lush emerald tones", "emerald green palette"),
    "sepia": ("sepia parchment tones", "sepia ink wash"),
    "crimson": ("crimson and black", "crimson accents"),
    "violet": ("violet and gold", "deep violet palette"),
    "natural": ("natural colors", "natural light", "balanced natural palette"),
}
CAPTION_PALETTES = {
    "warm": "Oranges and yellows fill the frame.",
    "icy": "Cold blues fill the frame.",
    "neon": "Fluorescent pinks and turquoises fill the frame.",
    "pastel": "Gentle candy hues fill the frame.",
    "dark": "Somber grays fill the frame.",
    "emerald": "Rich greens fill the frame.",
    "sepia": "Faded browns fill the frame.",
    "crimson": "Blood reds fill the frame.",
    "violet": "Regal purples fill the frame.",
    "natural": "",
}
STYLES = (
    "digital painting", "concept art", "stylized 3d render", "hand painted", "flat vector art",
    "cel shaded", "watercolor", "isometric view", "low poly", "storybook illustration",
    "matte painting", "game icon", "anime style", "ink drawing", "oil painting", "retro poster",
    "character design", "mobile game art", "fantasy landscape art", "splash art",
)  # fmt: skip
QUALITIES = (
    "highly detailed", "sharp focus", "dramatic lighting", "soft rim light", "volumetric light",
    "clean silhouette", "centered composition", "white outline", "trending", "8k", "cinematic",
    "vibrant", "intricate details", "wide shot", "close-up", "game asset", "epic scale",
)  # fmt: skip
ADJECTIVES = (
    "ancient", "majestic", "ruined", "enchanted", "tiny", "colossal", "forgotten", "cursed",
    "golden", "haunted", "mystical", "battle-worn", "elegant", "crooked", "steampunk", "royal",
    "whimsical", "abandoned", "legendary", "sleepy", "fantasy", "medieval", "ornate", "weathered",
    "mighty", "lonely", "sacred", "gloomy", "radiant", "wild", "noble", "heroic",
)  # fmt: skip
NEGATIVES = (
    "blurry", "low quality", "watermark", "text", "deformed", "extra limbs", "jpeg artifacts",
    "cropped", "out of frame", "noise", "oversaturated", "duplicate", "ugly", "signature",
)  # fmt: skip
NAME_HEADS = (
    "Alder", "Bram", "Cael", "Dun", "Elder", "Fen", "Grim", "Hollow", "Iron", "Jor", "Keth",
    "Lorn", "Mor", "Nether", "Oak", "Pyr", "Quel", "Raven", "Storm", "Thorn", "Ulf", "Vel",
    "Wyn", "Xan", "Yarrow", "Zeph", "Ash", "Bright", "Cinder", "Dusk", "Ember", "Frost",
    "Glen", "Hazel", "Isen", "Kings", "Lumen", "Mist", "North", "Oster", "Pell", "Rime",
    "Sable", "Tarn", "Under", "Vesper", "Wolf", "Winter",
)  # fmt: skip
NAME_TAILS = (
    "moor", "vale", "gard", "fell", "mere", "hold", "wick", "crest", "haven", "stead", "var",
    "dell", "ford", "mark", "reach", "spire", "watch", "brook", "thal", "wyn", "dor", "heim",
    "loch", "barrow", "cairn", "shire", "gate", "march", "tor", "vik", "burg", "field", "den",
    "ridge", "run", "sund", "bury", "combe", "hythe", "ness",
)  # fmt: skip
COMPOUND_HEADS = (
    "moon", "star", "iron", "ember", "frost", "thorn", "silver", "blood", "storm", "shadow",
    "bone", "oak", "rune", "salt", "glass", "ash", "gold", "raven", "wolf", "moss", "copper",
    "jade", "soul", "spirit", "witch", "honey", "amber", "coral", "dust", "feather",
)  # fmt: skip
COMPOUND_TAILS = (
    "bound", "lit", "forged", "kissed", "woven", "born", "touched", "carved", "wreathed",
    "crowned", "marked", "sworn", "veiled", "shod", "laced", "swept", "worn", "scarred",
    "singed", "blessed", "haunted", "fed", "clad", "chased", "bright", "strewn", "bitten",
)  # fmt: skip
UNICODE_NAMES = (
    "Château de Brumelune", "Schloß Grauenfels", "龍の城", "Árbol milenario", "水晶の森",
    "Épée des brumes", "魔法药水", "Niño dragón", "Zamek we mgle", "冰雪山脉", "Ñandú mecánico",
    "Øya i skyene", "해골 기사", "Пиратский корабль", "Gâteau de slime", "Straße bei Nacht",
    "Crème brûlée tavern", "猫と月",
)  # fmt: skip
