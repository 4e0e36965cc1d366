"""From a clip's frozen settings to what its back end is asked for. Reads files, asks nobody."""

import hashlib
import json
from pathlib import Path
from typing import Any

from projects.images import clean
from projects.models import Clip, Operation, Picture
from projects.veo.errors import VeoError
from projects.veo.types import Picture as Sent
from projects.veo.types import Recipe, Source

_ENCODED = frozenset({"bytesBase64Encoded", "data"})
"""Fields that carry a picture or a video inside a request."""


def recipe_of(operation: Operation) -> Recipe:
    """The clip's frozen settings with its pictures cut to its ratio. Raises OSError, BadImage, VeoError."""
    clip = operation.clip
    return Recipe(
        operation_id=str(operation.pk),
        model=clip.model,
        prompt=clip.prompt,
        negative_prompt=clip.negative_prompt,
        aspect_ratio=clip.aspect_ratio,
        resolution=clip.resolution,
        duration_seconds=clip.duration_seconds,
        seed_image=_as_sent(clip.seed_picture, clip.aspect_ratio),
        last_frame=_as_sent(clip.last_picture, clip.aspect_ratio),
        references=tuple(_uncut(picture) for picture in clip.reference_pictures),
        seed=clip.seed,
        audio=clip.audio,
        task=clip.task,  # type: ignore[arg-type]
        source=_source_of(clip),
    )


def _source_of(clip: Clip) -> Source | None:
    if not clip.task:
        return None
    if clip.source is None or not clip.source.ready:
        raise VeoError("source_missing", "The clip that this one was to work on is no longer here.")
    earlier = clip.source.operation
    return Source(ref=earlier.remote_ref, uri=earlier.output_uri, file=Path(clip.source.video.path))


def _as_sent(picture: Picture | None, aspect_ratio: str) -> Sent | None:
    if picture is None:
        return None
    with picture.file.open("rb") as file:
        cut = clean(file.read(), aspect_ratio=aspect_ratio)
    return Sent(cut.data, cut.mime_type)


def _uncut(picture: Picture) -> Sent:
    """A reference shows what something looks like, so all of it is sent."""
    with picture.file.open("rb") as file:
        whole = clean(file.read())
    return Sent(whole.data, whole.mime_type)


def described(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The request as it is kept: pictures as size and hash; and the SHA-256 of the whole as it is sent."""
    whole = json.dumps(body, sort_keys=True).encode()
    kept: dict[str, Any] = _without_bytes(body)
    return kept, hashlib.sha256(whole).hexdigest()


def _without_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _note(inner) if key in _ENCODED and isinstance(inner, str) else _without_bytes(inner)
            for key, inner in value.items()
        }
    return [_without_bytes(inner) for inner in value] if isinstance(value, list) else value


def _note(encoded: str) -> str:
    digest = hashlib.sha256(encoded.encode()).hexdigest()
    return f"<{len(encoded):,} characters of base64, sha256 {digest[:16]}…>"
