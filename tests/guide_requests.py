"""The requests that the search guide shows as examples, with places for real ids and pictures.

``{asset}``, ``{other}`` and ``{third}`` stand for ids of assets, ``{picture}`` for a data URL.
"""

from __future__ import annotations

import json
from typing import Any

ASSETS: list[dict[str, Any]] = [
    {"query": "fantasy castle"},
    {"image": "{picture}"},
    {"filter": "width >= 1024 AND tags = landscape"},
    {"query": "cat wearing hat"},
    {"query": "a man in red outfit for Christmas", "querySemanticRatio": 0.75},
    {"image": "{asset}", "imageSemanticRatio": 1.0},
    {"images": {"like": ["{asset}", "{other}"], "unlike": ["{third}"]}},
    {
        "query": "medieval architecture",
        "querySemanticRatio": 0.5,
        "image": "{asset}",
        "imageSemanticRatio": 0.8,
        "filter": "width >= 1024",
    },
    {"filter": "width >= 1920 AND height >= 1080 AND tags = landscape"},
    {"filter": "nsfw IS EMPTY"},
    {"filter": "modelId = model_abc123 AND kind = image"},
    {"filter": 'createdAt >= "2024-01-01" AND numInferenceSteps >= 50 AND guidance >= 7'},
    {"filter": "tags = fantasy AND tags = character"},
    {"filter": "tags = landscape AND NOT tags = nsfw"},
    {"filter": "(tags = dragon OR prompt:dragon) AND width >= 1024 AND nsfw IS EMPTY"},
    {"query": "castle", "offset": 0, "limit": 20},
    {"query": "castle", "offset": 20, "limit": 20},
    {"query": "castle", "page": 1, "hitsPerPage": 20},
    {"query": "fantasy landscape", "public": True, "limit": 50},
    {
        "query": "fantasy landscape",
        "querySemanticRatio": 0.7,
        "filter": "width >= 1024 AND nsfw IS EMPTY AND tags = landscape",
        "sortBy": ["score:desc"],
        "limit": 30,
    },
    {
        "images": {"like": ["{asset}"]},
        "imageSemanticRatio": 0.9,
        "filter": "kind = image",
        "limit": 20,
    },
    {
        "filter": 'numInferenceSteps >= 50 AND guidance >= 7 AND createdAt >= "2024-01-01"',
        "sortBy": ["createdAt:desc"],
        "limit": 50,
    },
    {
        "public": True,
        "query": "character design",
        "querySemanticRatio": 0.5,
        "filter": "nsfw IS EMPTY AND width >= 512",
        "sortBy": ["score:desc"],
        "page": 1,
        "hitsPerPage": 24,
    },
    {
        "filter": "tags = character AND tags = fantasy AND tags = warrior",
        "sortBy": ["createdAt:desc"],
        "limit": 40,
    },
    {
        "filter": "width >= 1024 AND nsfw IS EMPTY",
        "query": "dragon",
        "querySemanticRatio": 0.5,
    },
]

SORT_ALONE: list[dict[str, Any]] = [
    {"sortBy": ["createdAt:desc"]},
    {"sortBy": ["width:desc", "height:desc"]},
    {"sortBy": ["score:desc", "createdAt:desc"]},
]

MODELS: list[dict[str, Any]] = [
    {"query": "character"},
    {"image": "{asset}"},
    {"filter": "capabilities = img2img AND type = flux.1-lora"},
    {"filter": 'type = "flux.1-lora" AND capabilities = txt2img'},
    {"filter": "source = training AND trainingImagesNumber >= 20"},
    {"filter": "complianceMetadata.modelProvider = Scenario"},
    {"filter": "capabilities = txt2img AND capabilities = img2img"},
    {"public": True, "filter": "tags = character AND tags = fantasy"},
    {"public": True, "query": "fantasy", "filter": "capabilities = txt2img", "limit": 50},
    {
        "filter": "source = training AND trainingImagesNumber >= 15",
        "sortBy": ["createdAt:desc"],
        "limit": 20,
    },
    {"filter": "capabilities = img2img", "sortBy": ["score:desc"], "limit": 30},
    {
        "image": "{asset}",
        "imageSemanticRatio": 0.9,
        "filter": "capabilities = txt2img",
        "limit": 10,
    },
    {
        "public": True,
        "query": "character design",
        "filter": 'type = "flux.1-lora" AND capabilities = txt2img',
        "sortBy": ["score:desc"],
        "page": 1,
        "hitsPerPage": 24,
    },
]

ASSET_FIELDS = [
    "kind = image",
    "width >= 1024",
    "height <= 2048",
    "size < 1000000",
    'aspectRatio = "16:9"',
    'mimeType = "image/png"',
    'name = "my-asset"',
    "prompt:dragon",
    "text:hello",
    "negativePrompt:blurry",
    'seed = "1234567890"',
    'modelId = "model_abc123"',
    'baseModelId = "stable-diffusion-xl"',
    'modelType = "flux.1"',
    "numInferenceSteps >= 50",
    "guidance = 7.5",
    'scheduler = "euler"',
    "tags = landscape",
    "collectionIds = col_abc123",
    "nsfw IS EMPTY",
    "privacy = public",
    'createdAt >= "2024-01-01"',
    'updatedAt < "2024-12-31"',
    "authorId = user_abc123",
]

MODEL_FIELDS = [
    "name:character",
    'type = "flux.1-lora"',
    "source = training",
    "parentModelId = model_abc123",
    "capabilities = img2img",
    "tags = character",
    "collectionIds = col_abc123",
    "concepts = model_xyz789",
    "trainingImagesNumber >= 10",
    "exampleAssetIds = asset_abc123",
    "complianceMetadata.subProcessor = Modal",
    "complianceMetadata.modelProvider = Scenario",
    "complianceMetadata.maintainer = Scenario",
    "privacy = public",
    "authorId = user_abc123",
    'createdAt >= "2024-01-01"',
    'updatedAt < "2024-12-31"',
]

REQUESTS: list[tuple[str, dict[str, Any]]] = [
    *(("assets", body) for body in ASSETS + SORT_ALONE),
    *(("models", body) for body in MODELS),
]
"""Every request with the endpoint it goes to. Those of `SORT_ALONE` search for nothing."""

FILTERS: list[tuple[str, str]] = list(
    dict.fromkeys(
        [
            *(("assets", text) for text in ASSET_FIELDS),
            *(("models", text) for text in MODEL_FIELDS),
            *((kind, body["filter"]) for kind, body in REQUESTS if "filter" in body),
        ]
    )
)
"""Every filter with the kind it is for: of the tables of fields, and of the requests."""


def filled(body: dict[str, Any], real: dict[str, str]) -> Any:
    """A request with real ids and pictures in their places."""
    text = json.dumps(body)
    for place, value in real.items():
        text = text.replace(place, value)
    return json.loads(text)
