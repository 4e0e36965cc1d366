"""The pictures of a recipe as both Veo wires carry them.

They go as `bytesBase64Encoded`: `inlineData` was refused live (nodetool-ai/nodetool#4298).
"""

import base64
from typing import Any

from projects.veo.types import Picture, Recipe


def instance_pictures(recipe: Recipe) -> dict[str, Any]:
    """Fields of an instance. ValueError for reference images beside others, which no Veo takes."""
    found: dict[str, Any] = {}
    if recipe.seed_image:
        found["image"] = _encoded(recipe.seed_image)
    if recipe.last_frame:
        found["lastFrame"] = _encoded(recipe.last_frame)
    if recipe.references:
        if found:
            raise ValueError("Veo takes reference images only without a seed image or a last frame.")
        found["referenceImages"] = [
            {"image": _encoded(picture), "referenceType": "ASSET"} for picture in recipe.references
        ]
    return found


def _encoded(picture: Picture) -> dict[str, str]:
    return {"bytesBase64Encoded": base64.b64encode(picture.data).decode(), "mimeType": picture.mime_type}
