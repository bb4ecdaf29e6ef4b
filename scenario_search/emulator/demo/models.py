"""Demo models and workflows in the Search API's wire form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from scenario_search.emulator.demo import words
from scenario_search.emulator.demo.picks import SECONDS, Pick, iso_time, stable_id, thumbnail_of
from scenario_search.emulator.demo.scenes import SUBJECT_CYCLE

__all__ = [
    "AUTHORS",
    "COLLECTIONS",
    "DEMO_PROJECT",
    "OTHER_PROJECTS",
    "PLATFORM_PROJECT",
    "TEAMS",
    "ModelCard",
    "finished_models",
    "model_cards",
    "workflow_documents",
]

DEMO_PROJECT = "project_demo"
OTHER_PROJECTS = ("project_moonforge", "project_tinyworlds", "project_brushlab")
PLATFORM_PROJECT = "project_scenario"
TEAMS = {
    DEMO_PROJECT: "team_demo",
    "project_moonforge": "team_moonforge",
    "project_tinyworlds": "team_tinyworlds",
    "project_brushlab": "team_brushlab",
    PLATFORM_PROJECT: "team_scenario",
}
AUTHORS = {
    project: tuple(stable_id("user", project, at) for at in range(5 if at_home else 3))
    for project, at_home in ((name, name == DEMO_PROJECT) for name in TEAMS)
}
COLLECTIONS = {
    project: tuple(stable_id("col", project, at) for at in range(8)) for project in TEAMS
}


class _Base(NamedTuple):
    name: str
    type: str
    base: str
    capabilities: tuple[str, ...]
    provider: str
    about: str


BASES = (
    _Base("FLUX.1 Dev", "flux.1", "flux.1-dev", ("txt2img", "img2img"), "Black Forest Labs",
          "General image model that follows long prompts closely"),
    _Base("Stable Diffusion XL", "sd-xl", "stable-diffusion-xl", ("txt2img", "img2img"),
          "Stability AI", "Versatile image model with crisp detail"),
    _Base("Stable Diffusion 1.5", "sd-1_5", "stable-diffusion-v1-5", ("txt2img", "img2img"),
          "Stability AI", "Small and quick image model, the classic one"),
    _Base("Qwen Image", "qwen-image", "qwen-image", ("txt2img", "img2img"), "Alibaba",
          "Image model that writes legible lettering"),
    _Base("Reel Motion", "custom", "reel-motion", ("txt2video", "img2video"), "Reelworks",
          "Short clips from a sentence or a still picture"),
    _Base("Meshsmith", "custom", "meshsmith", ("txt23d", "img23d"), "Polyhedra",
          "Textured meshes from a sentence or one view"),
    _Base("Bard Music", "custom", "bard-music", ("txt2audio",), "Bardic",
          "Music, ambience and sound effects for games"),
    _Base("Herald Speech", "elevenlabs-voice", "herald-speech", ("txt2audio",), "ElevenLabs",
          "Spoken lines for game characters"),
    _Base("Lore Writer", "custom", "lore-writer", ("txt2txt",), "Scenario",
          "Item descriptions, quests and dialogue"),
    _Base("Caption Eye", "custom", "caption-eye", ("img2txt",), "Scenario",
          "Describes and analyses pictures in plain sentences"),
    _Base("Reel Restyle", "custom", "reel-restyle", ("video2video",), "Reelworks",
          "Gives a clip another look and keeps its motion"),
    _Base("Frame Picker", "custom", "frame-picker", ("video2img",), "Reelworks",
          "Takes the sharpest stills out of a clip"),
    _Base("Remesher", "custom", "remesher", ("3d23d",), "Polyhedra",
          "Clean topology and fewer polygons for a finished mesh"),
    _Base("Voice Swap", "custom", "voice-swap", ("audio2audio",), "Bardic",
          "Speaks a recording again with another voice"),
)  # fmt: skip
LORAS = {"flux.1": "flux.1-lora", "sd-xl": "sd-xl-lora", "sd-1_5": "sd-1_5-lora",
         "qwen-image": "qwen-image-lora"}  # fmt: skip
KITS = ("Pack", "Studio", "Generator", "Style", "Maker", "Atelier", "Kit", "Lab")


class ModelCard(NamedTuple):
    """A model before it has example assets.

    Attributes:
        document: the model in wire form.
        base: id of the base model, as assets carry it in `metadata.baseModelId`.
        subject: what it was trained on; None for a general model.
        style: its style; None for a general model.
    """

    document: dict[str, Any]
    base: str
    subject: str | None
    style: str | None


def _document(pick: Pick, model_id: str, project: str, privacy: str) -> dict[str, Any]:
    created = pick.random() * SECONDS * 0.6
    return {
        "id": model_id,
        "ownerId": project,
        "teamId": TEAMS[project],
        "authorId": pick.one(AUTHORS[project]),
        "privacy": privacy,
        "createdAt": iso_time(created),
        "updatedAt": iso_time(created + pick.random() * (SECONDS - created)),
        "collectionIds": pick.some(COLLECTIONS[project], pick.number(0, 2)),
        "concepts": [],
        "exampleAssetIds": [],
        "score": round(pick.between(5, 99.5), 1),
    }


def _base_card(seed: int, at: int) -> ModelCard:
    base = BASES[at]
    pick = Pick(seed, "base model", at)
    document = _document(pick, stable_id("model", seed, at), PLATFORM_PROJECT, "public") | {
        "name": base.name,
        "shortDescription": base.about,
        "type": base.type,
        "source": "import",
        "capabilities": list(base.capabilities),
        "tags": ["base", *sorted({ability.split("2")[-1] for ability in base.capabilities})],
        "trainingImagesNumber": 0,
        "complianceMetadata": {
            "subProcessor": pick.one(("Modal", "AWS", "Replicate")),
            "modelProvider": base.provider,
            "maintainer": pick.one(("Scenario", base.provider)),
            "licenseTerms": f"https://licenses.example/{base.base}",
            "dataProcessingComment": "Inputs are deleted after 30 days",
        },
    }
    return ModelCard(document, base.base, None, None)


def _trained_card(seed: int, at: int) -> ModelCard:
    pick = Pick(seed, "trained model", at)
    project = DEMO_PROJECT if at % 3 else OTHER_PROJECTS[at // 3 % len(OTHER_PROJECTS)]
    if project == DEMO_PROJECT:
        privacy = pick.one(("private", "private", "public", "unlisted"))
    else:
        privacy = "private" if at % 15 == 0 else "public"
    # The first four bases make images; the first of them is the most used one.
    parent = pick.one((0, 0, 0, 1, 1, 2, 3))
    base, subject, style = (
        BASES[parent],
        SUBJECT_CYCLE[at % len(SUBJECT_CYCLE)],
        pick.one(words.STYLES),
    )
    about = words.SUBJECTS[subject]
    imported = pick.chance(0.15)
    document = _document(pick, stable_id("model", seed, at), project, privacy) | {
        "name": f"{style} {about.nouns[0]} {pick.one(KITS)}".title(),
        "shortDescription": f"{pick.one(words.ADJECTIVES)} {about.nouns[0]} pictures, {style}, "
        f"{pick.one(words.QUALITIES)}".capitalize(),
        "type": LORAS[base.type],
        "source": "import" if imported else "training",
        "capabilities": ["txt2img", "img2img"] if pick.chance(0.8) else ["txt2img"],
        "tags": list(dict.fromkeys((subject, *about.tags, "fantasy")))[: pick.number(2, 5)],
        "trainingImagesNumber": 0 if imported else pick.number(5, 60),
        "parentModelId": stable_id("model", seed, parent),
    }
    if pick.chance(0.85):
        document["complianceMetadata"] = {
            "subProcessor": "Modal",
            "modelProvider": "Scenario",
            "maintainer": "Scenario",
        }
    if pick.chance(0.1):
        del document["teamId"]
    if pick.chance(0.1):
        del document["score"]
    return ModelCard(document, base.base, subject, style)


def model_cards(seed: int, models: int) -> list[ModelCard]:
    """`models` models: general ones of the platform first, then ones trained on a subject."""
    cards = [
        _base_card(seed, at) if at < len(BASES) else _trained_card(seed, at) for at in range(models)
    ]
    trained = [card for card in cards if card.subject]
    for at, card in enumerate(trained):
        if at % 6 == 5:  # a model blended from two others
            document = card.document
            document["concepts"] = [
                {"modelId": other.document["id"]} for other in (trained[at - 1], trained[at - 4])
            ]
            document["source"] = "composition"
            document["type"] = "flux.1-composition"
    return cards


def finished_models(
    cards: Sequence[ModelCard], examples: Mapping[str, Sequence[str]], base_url: str
) -> list[dict[str, Any]]:
    """The cards' documents with the examples (model id to asset ids) and their thumbnails."""
    documents = []
    for card in cards:
        document = dict(card.document)
        if shown := list(examples.get(document["id"], ())):
            document["exampleAssetIds"] = shown
            document["thumbnail"] = thumbnail_of(base_url, shown[0])
        documents.append(document)
    return documents


STEPS = (
    ("Turnaround Sheet", "Draws a {} from four sides", "A {} goes in, four views come out."),
    ("Icon Set", "Makes inventory icons of a {}", "Cuts out each {}, adds an outline, resizes."),
    ("Day to Night", "Relights a {} picture", "Keeps the {} and moves the sun below the horizon."),
    ("Sketch to Render", "Finishes a rough {} sketch", "Cleans the lines of a {}, then paints it."),
    ("Seasons", "Shows a {} in four seasons", "Repeats the {} with snow, blossom and dry leaves."),
    ("Mesh Pipeline", "Turns a {} into a mesh", "Draws a {}, removes the background, builds 3D."),
)  # fmt: skip


def workflow_documents(
    seed: int, workflows: int, pictures: Mapping[str, Sequence[str]], base_url: str
) -> list[dict[str, Any]]:
    """`workflows` workflows; `pictures` maps a subject to asset ids that may be shown for it."""
    documents = []
    for at in range(workflows):
        pick = Pick(seed, "workflow", at)
        project = DEMO_PROJECT if at % 3 != 2 else pick.one(OTHER_PROJECTS)
        subject = SUBJECT_CYCLE[(at * 5 + 1) % len(SUBJECT_CYCLE)]
        noun = words.SUBJECTS[subject].nouns[0]
        title, short, full = STEPS[at % len(STEPS)]
        privacy = "public" if project != DEMO_PROJECT else pick.one(("private", "public"))
        document = _document(pick, stable_id("workflow", seed, at), project, privacy)
        del document["concepts"], document["exampleAssetIds"]
        document |= {
            "name": f"{noun} {title}".title(),
            "shortDescription": short.format(noun),
            "description": full.format(noun),
            "status": "draft" if at % 6 == 4 else "ready",
            "tags": [subject, title.split()[0].lower()],
        }
        if shown := pictures.get(subject):
            document["thumbnail"] = thumbnail_of(base_url, shown[0])
            document["before"] = thumbnail_of(base_url, shown[0])
            document["after"] = thumbnail_of(base_url, shown[-1])
        documents.append(document)
    return documents
