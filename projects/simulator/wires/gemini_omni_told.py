"""What an interaction tells of itself, from what is on record: its steps, its errors and its usage."""

import base64
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from projects.simulator.operations import Operation
from projects.simulator.tags import without_tags
from projects.simulator.wires.gemini_omni_body import Asked
from projects.simulator.wires.gemini_omni_stream import (
    CANCELLED,
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    Interaction,
)
from projects.simulator.wires.gemini_omni_usage import (
    PICTURE_TOKENS,
    THOUGHT_TOKENS,
    VIDEO_TOKENS,
    WATCHED_TOKENS,
    tokens_of,
    usage,
)
from projects.simulator.wires.wire import Ended
from projects.veo.catalog import EXTEND

WORDS = {
    3: "invalid_request",
    4: "deadline_exceeded",
    7: "permission_denied",
    8: "quota_exceeded",
    14: "service_unavailable",
}
"""Codes of interactions for gRPC codes; any other is an api_error."""

HELD_BACK = (
    "I can't generate that video because it may go against Google's policies. Please rephrase the prompt and "
    "try again."
)
"""What a refusal says; a guess in the manner of reports."""

THOUGHT = {"type": "thought", "signature": base64.b64encode(b"A thought of the simulator").decode()}

Part = Mapping[str, Any]


def interaction(
    operation: Operation,
    ended: Ended | None,
    video: Part | None,
    *,
    watched: int,
    given: Sequence[Part] | None,
) -> Interaction:
    """The interaction of an operation. `watched` is the length in seconds of what it works on, `given` its
    input, where that is to be told too."""
    errors = _errors(ended)
    parts = _parts(ended, video)
    steps: list[Part] = []
    if given is not None:
        steps.append({"type": "user_input", "content": list(given)})
    if ended and ended.code:
        steps.append({"type": "model_output", "error": {"code": ended.code, "message": ended.message}})
    elif parts:
        steps += [THOUGHT, {"type": "model_output", "content": parts}]
    return Interaction(
        id=operation.name,
        model=operation.model,
        created_at=operation.created_at,
        updated_at=operation.ready_at if ended else operation.created_at,
        status=_status(operation, ended),
        steps=tuple(steps),
        errors=errors,
        usage=_usage(operation, ended, watched) if ended and not errors else {},
        echo=operation.more.get("echo", {}),
    )


def video_part(operation: Operation, ended: Ended | None, base: str, *, inline: bool) -> Part | None:
    """The video as content: its bytes, or the address of its file."""
    if ended is None or not ended.clips:
        return None
    part = {"type": "video", "mime_type": "video/mp4"}
    if inline:
        return part | {"data": base64.b64encode(ended.clips[0].path.read_bytes()).decode()}
    return part | {"uri": f"{base}/v1beta/files/{operation.files[0]}:download?alt=media"}


def input_of(operation: Operation, picture: Callable[[str], Path | None]) -> list[Part]:
    """What a person gave: images and text."""
    names = [name for name in (operation.seed_image, operation.last_frame, *operation.references) if name]
    images = [_image(path) for path in map(picture, names) if path]
    return [*images, {"type": "text", "text": operation.prompt}]


def said(name: str, asked: Asked, now: dt.datetime) -> Interaction:
    """The text model's answer to anything."""
    answer = "OK"
    return Interaction(
        id=name,
        model=asked.model,
        created_at=now,
        updated_at=now,
        status=COMPLETED,
        steps=({"type": "model_output", "content": [{"type": "text", "text": answer}]},),
        usage=usage({"text": tokens_of(asked.prompt)}, {"text": tokens_of(answer)}),
    )


def _image(path: Path) -> Part:
    with Image.open(path) as image:
        media_type = Image.MIME[image.format or "PNG"]
    return {
        "type": "image",
        "mime_type": media_type,
        "data": base64.b64encode(path.read_bytes()).decode(),
    }


def _status(operation: Operation, ended: Ended | None) -> str:
    if operation.more.get("cancelled"):
        return CANCELLED
    if ended is None:
        return IN_PROGRESS
    return FAILED if ended.code else COMPLETED


def _errors(ended: Ended | None) -> tuple[dict[str, str], ...]:
    if ended is None or not ended.code:
        return ()
    return ({"code": WORDS.get(ended.code, "api_error"), "message": ended.message},)


def _parts(ended: Ended | None, video: Part | None) -> list[Part]:
    held_back = ended is not None and ended.held_back
    texts: list[Part] = [{"type": "text", "text": HELD_BACK}] if held_back else []
    return [video, *texts] if video else texts


def _usage(operation: Operation, ended: Ended, watched: int) -> dict[str, Any]:
    pictures = (operation.seed_image, operation.last_frame, *operation.references)
    made = operation.seconds - watched if operation.task == EXTEND else operation.seconds
    inputs = {
        "text": tokens_of(without_tags(operation.prompt)),
        "image": PICTURE_TOKENS * sum(1 for name in pictures if name),
        "video": WATCHED_TOKENS * watched,
    }
    outputs = {
        "video": VIDEO_TOKENS[operation.resolution] * made if ended.clips else 0,
        "text": tokens_of(HELD_BACK) if ended.held_back else 0,
    }
    return usage(inputs, outputs, thought=THOUGHT_TOKENS if any(outputs.values()) else 0)
