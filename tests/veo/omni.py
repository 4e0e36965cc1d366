"""Interactions, and the events that tell them, as Google writes them."""

import base64

from projects.veo.types import Picture, Recipe
from tests.veo.conftest import MP4

ID = "v1_ChdhYmM"
MODEL = "gemini-omni-1.2-flash"
URI = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"
LONG = base64.b64encode(MP4 * 4).decode()
PNG = Picture(b"\x89PNG", "image/png")
JPEG = Picture(b"\xff\xd8", "image/jpeg")
USAGE = {
    "total_tokens": 46430,
    "total_input_tokens": 20,
    "total_output_tokens": 46340,
    "total_thought_tokens": 70,
    "output_tokens_by_modality": [{"modality": "video", "tokens": 46336}],
}
COST = round(20 * 1.5 + 46336 * 12 + (4 + 70) * 9)
TWO_CREDENTIALS = {
    "error": {
        "code": "invalid_request",
        "message": "Multiple authentication credentials received. Please pass only one.",
    }
}


def recipe(**changes):
    given = {
        "model": MODEL,
        "prompt": "A marble rolls.",
        "aspect_ratio": "9:16",
        "resolution": "720p",
        "duration_seconds": 8,
        "operation_id": "0b1f8c9e-0000-4000-8000-000000000001",
    }
    return Recipe(**given | changes)


def created(status="in_progress", **more):
    about = {"id": ID, "object": "interaction", "status": status, "model": MODEL}
    return {"event_type": "interaction.created", "interaction": about | more}


def completed(**more):
    return created("completed", **{"usage": USAGE} | more) | {"event_type": "interaction.completed"}


def delta(index=0, **part):
    return {"event_type": "step.delta", "index": index, "delta": part}


def start(index=0, kind="model_output", **more):
    return {"event_type": "step.start", "index": index, "step": {"type": kind} | more}


VIDEO = delta(type="video", mime_type="video/mp4", uri=URI)
INSIDE = delta(type="video", data=LONG)


def interaction(status="completed", *content, **more):
    steps = [
        {"type": "thought", "signature": "c2ln"},
        {"type": "model_output", "content": list(content)},
    ]
    return {"id": ID, "object": "interaction", "status": status, "model": MODEL, "steps": steps} | more


def part(**more):
    return {"type": "video", "mime_type": "video/mp4"} | more


def text(words):
    return {"type": "text", "text": words}
