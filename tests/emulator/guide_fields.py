"""The Search guide's tables of fields, written down once more, for both tables of this project.

Types are the guide's: ``string``, ``number``, ``date`` and ``string[]``.
"""

from __future__ import annotations

FILTERABLE = {
    "assets": {
        # Asset metadata
        "kind": "string",
        "width": "number",
        "height": "number",
        "size": "number",
        "aspectRatio": "string",
        "mimeType": "string",
        "name": "string",
        # Generation parameters
        "prompt": "string",
        "text": "string",
        "negativePrompt": "string",
        "seed": "string",
        "modelId": "string",
        "baseModelId": "string",
        "modelType": "string",
        "numInferenceSteps": "number",
        "guidance": "number",
        "scheduler": "string",
        # Organization
        "tags": "string[]",
        "collectionIds": "string[]",
        "nsfw": "string[]",
        "privacy": "string",
        # Timestamps
        "createdAt": "date",
        "updatedAt": "date",
        # User and project
        "authorId": "string",
        "ownerId": "string",
    },
    "models": {
        # Model metadata
        "name": "string",
        "type": "string",
        "source": "string",
        "parentModelId": "string",
        # Capabilities and features
        "capabilities": "string[]",
        "tags": "string[]",
        "collectionIds": "string[]",
        "concepts": "string[]",
        # Training data
        "trainingImagesNumber": "number",
        "exampleAssetIds": "string[]",
        # Compliance
        "complianceMetadata.subProcessor": "string",
        "complianceMetadata.modelProvider": "string",
        "complianceMetadata.maintainer": "string",
        # Organization
        "privacy": "string",
        "ownerId": "string",
        "authorId": "string",
        # Timestamps
        "createdAt": "date",
        "updatedAt": "date",
    },
}

SORTABLE = {"createdAt", "updatedAt", "width", "height", "score"}
"""Of assets; models have "the same sorting"."""
