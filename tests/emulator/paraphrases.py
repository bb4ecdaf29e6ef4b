"""Prompts, and queries that mean the same in other words.

No query shares a content word with its own document (a test says so), so keyword search cannot
find it. `distractors` gives documents about other subjects in the same settings and styles.
"""

from __future__ import annotations

import random
import re

PAIRS: tuple[tuple[str, str], ...] = (
    (
        "Santa Claus riding a sleigh over snowy rooftops, warm lights, digital painting",
        "a man in red outfit for Christmas",
    ),
    (
        "ancient red dragon breathing fire over a burning village, epic fantasy art",
        "mythical wyvern with flames",
    ),
    (
        "medieval castle on a cliff at sunset, highly detailed, fantasy environment",
        "old fortress",
    ),
    (
        "cute kitten sleeping on a blue pillow, soft pastel illustration",
        "adorable baby cat napping",
    ),
    ("golden retriever puppy playing in the garden, cartoon style", "happy young dog outdoors"),
    (
        "haunted mansion with ghosts in the windows, moonlight, dark mood",
        "spooky house with spirits",
    ),
    ("pirate ship sailing through a storm, dramatic waves, concept art", "buccaneers' boat at sea"),
    ("race car drifting around a corner, motion blur, neon night", "fast automobile speeding"),
    ("astronaut floating above the earth, realistic render", "cosmonaut in orbit"),
    ("bowl of ramen with egg and pork, food icon, isometric", "Japanese noodle soup dish"),
    ("chest full of gold coins and jewels, game icon", "treasure box with money and gems"),
    (
        "knight in shining armor holding a sword, portrait, oil painting",
        "medieval warrior with blade",
    ),
    ("wizard casting a spell with a glowing staff, purple robe", "old sorcerer doing magic"),
    ("zombie crawling out of a grave, horror, gritty", "undead corpse rising"),
    ("mermaid sitting on a rock, long hair, underwater coral", "sea nymph with a fish tail"),
    ("bride in a white gown holding a bouquet, soft focus photo", "woman on her wedding day"),
    ("birthday cake with candles and frosting, pastel colors", "sweet dessert for a party"),
    (
        "scientist mixing chemicals in a laboratory, clean vector art",
        "researcher doing an experiment",
    ),
    ("doctor examining a patient with a stethoscope, flat illustration", "physician in a hospital"),
    ("firefighter rescuing a child from a building, heroic pose", "emergency worker saving a kid"),
    ("surfer riding a huge wave in the tropics, vibrant", "surfboard sport at the beach"),
    ("football player kicking a ball in a stadium, dynamic angle", "soccer match"),
    ("jazz musician playing saxophone in a smoky club, noir", "blues trumpet performer in a bar"),
    ("electric guitar with flames decal, product shot", "six strings rock instrument"),
    ("train crossing a steel bridge over a canyon, wide shot", "locomotive on railway tracks"),
    ("fighter jet taking off from an aircraft carrier, realistic", "military plane launching"),
    ("futuristic robot with glowing eyes, chrome body, sci-fi", "cyborg, metal android"),
    (
        "spaceship landing on an alien planet, two moons, matte painting",
        "UFO arriving at another world",
    ),
    ("vampire count in a black cape, gothic portrait", "Dracula, undead nobleman"),
    ("werewolf howling at the full moon on a hill", "lycanthrope, wolf man beast"),
    ("T-Rex roaring in a prehistoric jungle, cinematic", "huge tyrannosaurus dinosaur"),
    ("butterfly on a pink flower, macro photo", "colorful insect with delicate wings"),
    ("beehive with honey dripping, stylized game prop", "nectar from a bumblebee nest"),
    ("polar bear on melting ice, wildlife photography", "white arctic animal"),
    ("penguin family huddled in Antarctica, 3d render", "south pole birds"),
    ("camel caravan crossing the dunes, golden hour", "dromedaries in the Sahara desert"),
    ("lighthouse on rocky coast in fog, watercolor", "harbour beacon for boats"),
    ("windmill in a tulip field, Dutch countryside, impressionist", "Netherlands rural landscape"),
    ("Eiffel tower at night with fireworks, postcard", "Paris landmark celebration"),
    ("samurai under cherry blossoms, katana drawn, ukiyo-e", "Japanese swordsman in spring"),
    ("ninja throwing shurikens from a roof, black outfit", "stealthy Japanese assassin"),
    ("cowboy on horseback at dusk, western film still", "gunslinger of the wild frontier"),
    ("pharaoh mask and pyramids, Egyptian treasure, gold", "ancient king's tomb near the Nile"),
    ("viking longship with shields, nordic fjord", "Scandinavian raiders' vessel"),
    ("Greek temple with marble columns, ruins, sunny", "ancient shrine of Zeus in Athens"),
    ("volcano erupting with lava rivers, night scene", "mountain exploding with molten rock"),
    ("tornado tearing across farmland, dark clouds", "violent whirlwind storm"),
    ("northern lights above a frozen lake, long exposure", "aurora borealis in the sky"),
    ("waterfall in a lush rainforest, mist, photorealistic", "cascade in tropical woods"),
    ("autumn leaves on a park bench, cozy mood", "fall season foliage"),
    ("pumpkin with carved face and candle, trick or treat", "Halloween decoration"),
    ("health potion bottle, red liquid, RPG item", "flask with healing elixir"),
    ("wooden shield with iron rim, weapon asset, hand painted", "buckler for a medieval warrior"),
    ("bow and quiver of arrows, elven design, transparent background", "archery equipment"),
    (
        "goblin merchant with a big nose, backpack, character sheet",
        "small greedy monster selling goods",
    ),
    ("fairy with glowing wings in a mushroom forest, dreamy", "tiny magical pixie"),
    ("skull with roses tattoo design, black ink", "head of a skeleton with flowers"),
    ("old library with endless bookshelves, warm lamps", "room for reading full of novels"),
    ("classroom with blackboard and desks, anime background", "school where pupils learn"),
    ("supermarket aisle with shelves, isometric low poly", "grocery store interior"),
    ("cup of coffee with latte art on a table, top view", "hot espresso drink"),
    ("pepperoni pizza slice with melting cheese, sticker", "Italian fast food"),
    ("smartphone mockup on marble desk, minimal", "mobile device for calling"),
    ("king sitting on a throne, crown, velvet cape, oil painting", "monarch ruling a realm"),
)

# Documents of PAIRS again, described rather than named: hard even for the whole model.
RIDDLES: tuple[tuple[str, str], ...] = (
    (
        "ancient red dragon breathing fire over a burning village, epic fantasy art",
        "giant winged reptile with flames",
    ),
    ("mermaid sitting on a rock, long hair, underwater coral", "half woman half fish creature"),
    ("vampire count in a black cape, gothic portrait", "blood-drinking creature of the night"),
    ("beehive with honey dripping, stylized game prop", "sweet golden syrup made by insects"),
    (
        "penguin family huddled in Antarctica, 3d render",
        "flightless black and white birds in the cold",
    ),
    ("camel caravan crossing the dunes, golden hour", "desert animals travelling over sand"),
    ("surfer riding a huge wave in the tropics, vibrant", "ocean sport athlete on a board"),
    (
        "ninja throwing shurikens from a roof, black outfit",
        "stealthy assassin with deadly metal stars",
    ),
    ("wooden shield with iron rim, weapon asset, hand painted", "defensive gear for battle"),
    ("electric guitar with flames decal, product shot", "rock and roll string instrument"),
    ("jazz musician playing saxophone in a smoky club, noir", "man performing a tune on brass"),
    ("T-Rex roaring in a prehistoric jungle, cinematic", "huge extinct dinosaur predator"),
    ("werewolf howling at the full moon on a hill", "man transformed into a wolf beast"),
    (
        "medieval castle on a cliff at sunset, highly detailed, fantasy environment",
        "old stone fortress",
    ),
)

_SUBJECTS = """
red sports bicycle; wooden barrel; crystal cave; city skyline; elven princess; steam engine clock;
hot air balloon; rubber duck; snow leopard; sailing yacht; orchid bouquet; chess board; grand piano;
tennis racket; leather boots; silver necklace; old typewriter; desk lamp; baby elephant;
barn owl; blue whale; jellyfish swarm; coral reef; bamboo grove; cactus in a pot; lavender field;
apple orchard; strawberry jam jar; sushi platter;
hamburger and fries; ice cream cone; avocado toast;
bakery window; flower shop; subway station; parking garage; office meeting; gym workout;
ballet dancer; opera singer; chef with a hat; police officer; farmer on a tractor;
construction crane;
cargo truck; motorbike rider; helicopter; submarine; satellite dish; radio telescope;
telescope dome;
magic mirror; enchanted tree; stone golem; unicorn; phoenix; griffin; kraken; cyclops; minotaur;
dwarf blacksmith; orc warlord; dark elf ranger; paladin with a hammer; alchemist table;
rune stone;
portal of light; floating island; sky temple; desert oasis; mountain pass; bamboo bridge;
river delta; rice terraces; beach umbrella; palm trees; swimming pool; water slide; carousel;
roller coaster; circus tent; theatre mask; paint brushes; marble bust; mosaic wall; stained glass;
kimono pattern; wool sweater; sneakers; sunglasses; perfume bottle; lipstick; wrist watch;
laptop; game controller; vr headset; drone; solar panels; wind turbine; power plant; oil rig;
gear and bolts; toolbox; paper map; compass rose; hourglass; quill and parchment; key and lock;
wooden door; brick wall texture; grass texture; rusty metal plate; leather texture; pixel heart;
energy bar icon; arrow cursor; banner ribbon; speech bubble; emoji faces; logo of a fox; eagle crest
"""
_SETTINGS = (
    "at dawn; under a starry sky; in heavy rain; on a plain background; in a misty valley; "
    "in a neon city; beside a calm river; on a wooden table; in a snowy field; at golden hour; "
    "in a dark room; surrounded by flowers; in space; in a dusty attic; on a hill; by the sea"
)
_STYLES = (
    "digital painting; oil painting; watercolor; pixel art; isometric game asset; "
    "low poly 3d render; "
    "anime style; flat vector illustration; photorealistic, 8k; concept art; comic book style; "
    "hand painted texture; pencil sketch; cinematic lighting; soft pastel colors; highly detailed"
)


_FUNCTION_WORDS = frozenset(
    (
        "a",
        "an",
        "the",
        "in",
        "on",
        "of",
        "for",
        "with",
        "and",
        "at",
        "to",
        "by",
        "from",
        "over",
        "under",
        "is",
        "it",
        "s",
    )
)


def content_words(text: str) -> set[str]:
    """The words of `text` that carry meaning, in lower case."""
    return set(re.findall(r"[a-z0-9]+", text.lower())) - _FUNCTION_WORDS


def distractors(count: int, *, seed: int = 7) -> list[str]:
    """`count` distinct prompts on other subjects; none holds a content word of any query,
    so that no document is a better or worse keyword hit than the wanted one."""
    subjects, settings, styles = (
        [part.strip() for part in text.replace("\n", " ").split(";")]
        for text in (_SUBJECTS, _SETTINGS, _STYLES)
    )
    asked = set().union(*(content_words(query) for _, query in PAIRS + RIDDLES))
    draw = random.Random(seed)
    prompts: dict[str, None] = {}
    while len(prompts) < count:
        prompt = (
            f"{draw.choice(subjects)} {draw.choice(settings)}, "
            f"{draw.choice(styles)}, {draw.choice(styles)}"
        )
        if not asked & content_words(prompt):
            prompts[prompt] = None
    return list(prompts)
