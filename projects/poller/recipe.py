"""From a clip's frozen settings to what its back end is asked for. Reads files, asks nobody."""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from projects.images import clean
from projects.models import CONTINUE, EXTEND, Operation, Picture
from projects.veo.catalog import GEMINI_VEO
from projects.veo.errors import VeoError
from projects.veo.types import Picture as Sent
from projects.veo.types import Recipe, Source
from projects.video import last_frame

_ENCODED = frozenset({"bytesBase64Encoded", "data"})
"""Fields that carry a picture or a video inside a request."""


def recipe_of(operation: Operation) -> Recipe:
    """What its part of the clip is made from, pictures cut to the clip's ratio.

    Raises OSError, BadImage, VideoError, and VeoError where what it goes on from is no longer to be had.
    """
    clip, part = operation.clip, operation.part
    begins = part.position == 0
    if part.method == CONTINUE:
        seed_image = _last_frame(_made_before(operation), clip.aspect_ratio)
    else:
        seed_image = _as_sent(clip.seed_picture, clip.aspect_ratio) if begins else None
    return Recipe(
        operation_id=str(operation.pk),
        model=clip.model,
        prompt=part.prompt,
        negative_prompt=clip.negative_prompt,
        aspect_ratio=clip.aspect_ratio,
        resolution=clip.resolution,
        duration_seconds=part.seconds,
        seed_image=seed_image,
        last_frame=_as_sent(clip.last_picture, clip.aspect_ratio) if begins else None,
        references=tuple(_uncut(picture) for picture in clip.reference_pictures) if begins else (),
        seed=clip.seed,
        audio=clip.audio,
        task=clip.task if begins else EXTEND if part.method == EXTEND else "",  # type: ignore[arg-type]
        source=_source_of(operation),
    )


def _source_of(operation: Operation) -> Source | None:
    """What is extended or edited: the part before, or the clip that this one works on."""
    clip, part = operation.clip, operation.part
    if part.position > 0:
        if part.method != EXTEND:
            return None
        earlier = _made_before(operation)
        if operation.back_end == GEMINI_VEO and not earlier.at_google:
            raise VeoError(
                "source_gone",
                f"Google no longer keeps part {part.number - 1}, and extends only what it keeps.",
            )
    elif not clip.task:
        return None
    elif clip.source is None or not clip.source.ready:
        raise VeoError("source_missing", "The clip that this one was to work on is no longer here.")
    else:
        earlier = clip.source.made
    return Source(ref=earlier.remote_ref, uri=earlier.output_uri, file=Path(earlier.file.path))


def _made_before(operation: Operation) -> Operation:
    made = operation.clip.parts.get(position=operation.part.position - 1).made
    if made is None:
        raise VeoError("source_missing", "The part that this one goes on from is not there.")
    return made


def _last_frame(made: Operation, aspect_ratio: str) -> Sent:
    with TemporaryDirectory() as folder:
        target = Path(folder, "last.png")
        last_frame(Path(made.file.path), target)
        cut = clean(target.read_bytes(), aspect_ratio=aspect_ratio)
    return Sent(cut.data, cut.mime_type)


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
