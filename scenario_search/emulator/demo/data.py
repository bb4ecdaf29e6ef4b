"""Seeded demo data: game art assets, models and workflows in the Search API's wire form.

The same arguments give the same documents, byte for byte, on every machine and on every day: all
choices come from `random.Random.random`, whose sequence Python promises to keep, and all dates
lie between 2024-01-01 and 2025-12-31. Documents are plain dicts with camelCase keys as the API
sends them; a few lack `teamId`, `description`, `score` or `thumbnail`, as real ones do.

The first n assets are the same whatever the number asked for, and new proper names and
compounds keep coming as the number grows.

`metadata.width`, `height` and `size` are those of the file that the emulator serves. Pictures are
only drawn when someone asks for them, so their files are padded up to `size`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from scenario_search.emulator.demo import words
from scenario_search.emulator.demo.models import (
    AUTHORS,
    COLLECTIONS,
    DEMO_PROJECT,
    OTHER_PROJECTS,
    TEAMS,
    ModelCard,
    finished_models,
    model_cards,
    workflow_documents,
)
from scenario_search.emulator.demo.picks import (
    SECONDS,
    Pick,
    iso_time,
    stable_id,
    thumbnail_of,
)
from scenario_search.emulator.demo.scenes import Idea, Scene, idea_of, scene_of, subject_of

__all__ = [
    "AUDIO_RATE",
    "DEMO_PROJECT",
    "OTHER_PROJECTS",
    "DemoData",
    "Document",
    "Scene",
    "demo_documents",
    "iter_assets",
    "scene_of",
    "subject_of",
]

Document = dict[str, Any]

AUDIO_RATE = 8000
"""Samples per second of the demo's audio files, which are 16-bit mono WAV."""
MESH_SIZE = 1916
"""Bytes of each demo mesh, as of its template."""

VIDEO_SIZES = {"16:9": 1359543, "1:1": 1390423}
"""Bytes of each demo video, whose samples are not compressed."""

# Of fifty assets in a row: 40 images, 3 videos, 3 audio, 2 3D and 2 texts.
SLOTS = (
    *["generated"] * 34, "canvas", "canvas", "uploaded", "uploaded", "training", "training",
    "video", "video", "video", "music", "speech", "music", "3d", "3d", "text", "text",
)  # fmt: skip
SIZES = (
    ("1:1", 1024, 1024), ("16:9", 1920, 1080), ("1:1", 1024, 1024), ("3:4", 768, 1024),
    ("1:1", 512, 512), ("4:3", 1152, 864), ("16:9", 1344, 756), ("9:16", 1080, 1920),
    ("1:1", 2048, 2048), ("2:3", 832, 1248), ("3:2", 1216, 811), ("1:1", 1024, 1024),
)  # fmt: skip
IMAGE_TYPES = (
    *["inference-txt2img"] * 12, "inference-img2img", "inference-img2img", "inference-inpaint",
    "inference-controlnet", "inference-txt2img-ip-adapter", "upscale", "background-removal",
    "pixelization",
)  # fmt: skip
MIME_TYPES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
# More than a drawn picture needs, with any version of the codecs: its file is padded up to `size`.
BYTES_PER_PIXEL = {"image/png": (1.3, 1.9), "image/jpeg": (0.2, 0.3), "image/webp": (0.15, 0.25)}
SCHEDULERS = {
    "flux.1-dev": ("euler", "flow-match-euler"),
    "stable-diffusion-xl": ("dpm++2m", "euler-a"),
    "stable-diffusion-v1-5": ("ddim", "euler-a"),
    "qwen-image": ("euler",),
}
NSFW = (["violence"], ["suggestive"], ["violence", "blood"], ["weapons"])
SPEECH = (
    "Halt! Nobody passes the {} without the king's seal.",
    "Hello, traveler. Have you seen the {} they all talk about?",
    "At last, the {} is ours. Let us go home before dawn.",
    "Long ago a {} stood here, and the children still sing of it.",
    "Hello and welcome! Choose your {} and begin the adventure.",
)
LORE = (
    "The {0} of {1} was made in the year of the two comets. Those who {2} it speak of {3}.",
    "Quest: find the {0} near {1}. Reward: 300 gold. Beware of those who {2} it for {3}.",
    "{1} is known for its {0}. Bards {2} it, and merchants sell {3} in its name.",
)


class DemoData(NamedTuple):
    """Documents of the three endpoints, in wire form."""

    assets: list[Document]
    models: list[Document]
    workflows: list[Document]


class _Models:
    """The demo's models, looked up by what an asset of a project needs."""

    def __init__(self, cards: Sequence[ModelCard]) -> None:
        self.by_subject: dict[tuple[str, str], list[ModelCard]] = defaultdict(list)
        self.general: dict[str, list[ModelCard]] = defaultdict(list)
        for card in cards:
            document = card.document
            for project in (DEMO_PROJECT, *OTHER_PROJECTS):
                visible = document["privacy"] == "public" or document["ownerId"] == project
                if card.subject and visible:
                    self.by_subject[project, card.subject].append(card)
            if not card.subject:
                for ability in document["capabilities"]:
                    self.general[ability].append(card)

    def choose(self, pick: Pick, project: str, ability: str, subject: str) -> ModelCard | None:
        trained = self.by_subject.get((project, subject), ()) if ability == "txt2img" else ()
        if trained and pick.chance(0.75):
            return pick.one(trained)
        general = self.general.get(ability)
        return pick.one(general) if general else None


def _owner(pick: Pick) -> tuple[str, str]:
    """Project and privacy: seven in ten assets are the demo's own."""
    if pick.chance(0.7):
        return DEMO_PROJECT, pick.one(("private",) * 6 + ("public",) * 3 + ("unlisted",))
    return pick.one(OTHER_PROJECTS), "private" if pick.chance(0.1) else "public"


def _series(index: int) -> int | None:
    """Number of the series an asset belongs to: four neighbours out of every forty."""
    block, at = divmod(index, 40)
    return block if at < 4 else None


def _created(seed: int, index: int, pick: Pick) -> float:
    """Seconds since 2024-01-01: people work in sessions of a dozen assets, more of them lately."""
    session = Pick(seed, "session", index // 12)
    start: float = session.random() ** 0.7 * (SECONDS - 7200)
    return start + pick.between(0, 84) ** 2  # two hours at most, denser at the start


def _image_metadata(
    pick: Pick, slot: str, idea: Idea, card: ModelCard | None, mime_type: str
) -> Document:
    ratio, width, height = pick.one(SIZES)
    metadata: Document = {
        "aspectRatio": ratio,
        "width": width,
        "height": height,
        "size": int(width * height * pick.between(*BYTES_PER_PIXEL[mime_type])),
    }
    if slot == "canvas":
        metadata |= {
            "type": "canvas",
            "thumbnail": {"assetId": stable_id("asset", "canvas", idea.prompt, pick.random())},
        }
    elif slot != "generated":
        metadata["type"] = "uploaded"
    else:
        metadata |= {"type": pick.one(IMAGE_TYPES), "prompt": idea.prompt}
        if card:
            metadata |= {
                "numInferenceSteps": pick.one((20, 24, 28, 30, 36, 50, 50, 60)),
                "guidance": pick.one((2.5, 3.5, 4, 5, 7, 7.5, 9)),
                "scheduler": pick.one(SCHEDULERS.get(card.base, ("euler",))),
            }
        if pick.chance(0.35):
            metadata["negativePrompt"] = ", ".join(pick.some(words.NEGATIVES, pick.number(2, 4)))
            if pick.chance(0.5):
                metadata["negativePromptStrength"] = pick.one((0.2, 0.5, 0.8, 1))
    return metadata


def _other_kind(pick: Pick, slot: str, idea: Idea, index: int) -> tuple[Document, Document, str]:
    """Top-level fields, metadata fields and MIME type of an asset that is no image."""
    noun = words.SUBJECTS[idea.scene.subject].nouns[0]
    if slot == "video":
        ratio, width, height = pick.one((("16:9", 1280, 720), ("1:1", 960, 960)))
        size = VIDEO_SIZES[ratio]
        kind = {"kind": "video", "type": pick.one(("txt2video", "txt2video", "img2video"))}
        shape = {"aspectRatio": ratio, "width": width, "height": height, "size": size}
        return {}, kind | shape | {"prompt": idea.prompt}, "video/mp4"
    if slot in ("music", "speech"):
        seconds = pick.number(2, 6)
        size = 44 + 2 * AUDIO_RATE * seconds
        sound: Document = {"kind": "audio", "type": "txt2audio", "size": size}
        if slot == "music":
            mood = pick.one(("calm harp", "heroic brass", "tense strings", "playful flute"))
            sound["prompt"] = f"{mood} theme for a {noun} scene, loopable"
            about = f"Instrumental piece with {mood.split()[1]}, {mood.split()[0]} in mood."
            return {"description": about}, sound, "audio/wav"
        line = pick.one(SPEECH).format(noun)
        sound["text"] = line
        about = "A single speaker delivers a line of game dialogue."
        return {"description": about, "transcription": line}, sound, "audio/wav"
    if slot == "3d":
        origin = pick.one(("txt23d", "img23d"))
        mesh: Document = {"kind": "3d", "type": origin, "size": MESH_SIZE, "prompt": idea.prompt}
        return {}, mesh, "model/gltf-binary"
    verb = pick.one(("seek", "praise", "fear", "guard"))
    spoils = pick.one(("silver and song", "old debts", "bright omens", "lost maps"))
    place = idea.name.split(" Of ")[-1] if " Of " in idea.name else "the old border"
    body = pick.one(LORE).format(noun, place, verb, spoils)
    prompt = f"short lore text about a {noun} for chapter {index % 90 + 1}"
    text: Document = {"kind": "text", "type": "txt2txt", "size": len(body.encode())}
    about = f"Background story that mentions the {noun}."
    return {"content": body, "description": about}, text | {"prompt": prompt}, "text/plain"


EXTENSIONS = {
    "video/mp4": "mp4",
    "audio/wav": "wav",
    "model/gltf-binary": "glb",
    "text/plain": "txt",
    **MIME_TYPES,
}
ABILITIES = {
    "video": "txt2video",
    "music": "txt2audio",
    "speech": "txt2audio",
    "3d": "txt23d",
    "text": "txt2txt",
}


def _asset(seed: int, index: int, models: _Models, base_url: str) -> Document:
    pick = Pick(seed, "asset", index)
    slot = SLOTS[index * 37 % len(SLOTS)]
    series = _series(index)
    if series is not None:
        slot = "generated"
    idea = idea_of(seed, index, series)
    project, privacy = _owner(pick if series is None else Pick(seed, "owner", series))
    asset_id = stable_id("asset", seed, index)
    created = _created(seed, index, pick)
    updated = created + pick.random() ** 3 * (SECONDS - created) if pick.chance(0.4) else created
    metadata: Document = {"name": idea.name, "kind": "image"}
    top: Document = {}
    mime_type = pick.one(("image/png", "image/png", "image/png", "image/jpeg", "image/webp"))
    generated = slot not in ("canvas", "uploaded", "training")
    ability = ABILITIES.get(slot, "txt2img")
    subject = idea.scene.subject
    card = models.choose(pick, project, ability, subject) if generated else None
    if slot in ABILITIES:
        top, extra, mime_type = _other_kind(pick, slot, idea, index)
        metadata |= extra
    else:
        metadata |= _image_metadata(pick, slot, idea, card, mime_type)
    if generated:
        metadata |= {
            "seed": str(pick.number(1, 2**32 - 1)),
            "parentJobId": stable_id("job", seed, index),
        }
    if card:
        metadata |= {
            "modelId": card.document["id"],
            "baseModelId": card.base,
            "modelType": card.document["type"],
        }
    if index % 40 == 17:
        metadata["name"] = words.UNICODE_NAMES[index // 40 % len(words.UNICODE_NAMES)]
    elif generated and pick.chance(0.15):
        del metadata["name"]
    document: Document = {
        "id": asset_id,
        "url": f"{base_url}/assets/{asset_id}.{EXTENSIONS[mime_type]}",
        "ownerId": project,
        "authorId": pick.one(AUTHORS[project]),
        "teamId": TEAMS[project],
        "privacy": privacy,
        "createdAt": iso_time(created),
        "updatedAt": iso_time(updated),
        "mimeType": mime_type,
        "metadata": metadata,
        "tags": idea.tags if pick.chance(0.92) else [],
        "collectionIds": pick.some(COLLECTIONS[project], pick.one((0, 0, 1, 1, 2))),
        "nsfw": list(pick.one(NSFW)) if pick.chance(0.05) else [],
    } | top
    if metadata["kind"] in ("image", "video", "3d") and (not generated or pick.chance(0.9)):
        document["description"] = idea.caption
    _vary_fields(pick, document, base_url)
    return document


def _vary_fields(pick: Pick, document: Document, base_url: str) -> None:
    """Adds the fields that most assets have, and takes one away that a few lack."""
    if pick.chance(0.9):
        document["score"] = round(pick.random() ** 2 * 100, 2)
    if document["metadata"]["kind"] in ("video", "3d", "audio") and pick.chance(0.93):
        document["thumbnail"] = thumbnail_of(base_url, document["id"])
    if pick.chance(0.06):
        del document["teamId"]


def iter_assets(
    seed: int = 0, n: int = 500, *, models: int = 60, base_url: str = ""
) -> Iterator[Document]:
    """`n` demo assets one by one, in constant memory; arguments as for `demo_documents`."""
    lookup = _Models(model_cards(seed, models))
    for index in range(n):
        yield _asset(seed, index, lookup, base_url)


def demo_documents(
    seed: int = 0,
    *,
    assets: int = 500,
    models: int = 60,
    workflows: int = 12,
    base_url: str = "",
) -> DemoData:
    """Demo documents of the three endpoints.

    Args:
        seed: other seeds give other data of the same sort.
        assets: number of assets; seven in ten belong to the project `DEMO_PROJECT`.
        models: number of models; from 14 on every documented capability is there.
        workflows: number of workflows.
        base_url: put before the paths `/assets/{asset id}.{extension}` and
            `/thumbnails/{asset id}.webp`; without it URLs are paths.
    """
    documents = list(iter_assets(seed, assets, models=models, base_url=base_url))
    cards = model_cards(seed, models)
    private = {card.document["id"] for card in cards if card.document["privacy"] != "public"}
    examples: dict[str, list[str]] = defaultdict(list)
    pictures: dict[str, list[str]] = defaultdict(list)
    for document in documents:
        metadata = document["metadata"]
        # What a public model or a workflow shows has to be public itself.
        public = document["privacy"] == "public" and not document["nsfw"]
        model = metadata.get("modelId")
        if model and len(examples[model]) < 6 and (public or model in private):
            examples[model].append(document["id"])
        if public and metadata["kind"] == "image":
            pictures[subject_of(document)].append(document["id"])
    return DemoData(
        documents,
        finished_models(cards, examples, base_url),
        workflow_documents(seed, workflows, pictures, base_url),
    )
