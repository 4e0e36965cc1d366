"""Plain functions that make rows in the state a test needs, each with all that the database asks of it."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from projects.models import (
    CLIP_STATUS,
    Clip,
    ClipStatus,
    Operation,
    Picture,
    Project,
    State,
    Submission,
    SubmissionOutcome,
)

LITE = "veo-3.1-lite-generate-preview"
FAST = "veo-3.1-fast-generate-preview"
VEO_3 = "veo-3.0-generate-001"
VEO_2 = "veo-2.0-generate-001"
OMNI = "gemini-omni-1.2-flash"
VERTEX = "veo-3.1-generate-001"
VERTEX_LITE = "veo-3.1-lite-generate-001"

RECIPE: dict[str, Any] = {
    "prompt": "A paper boat in the rain",
    "negative_prompt": "",
    "model": LITE,
    "aspect_ratio": "16:9",
    "resolution": "720p",
    "duration_seconds": 4,
}
"""$0.20 by the list."""

_NAMED = (State.RUNNING, State.DOWNLOADING, State.VERIFYING, State.SUCCEEDED, State.EXPIRED, State.FILTERED)
_DONE = (State.DOWNLOADING, State.VERIFYING, State.SUCCEEDED, State.FILTERED)
_REASONS = {
    State.FAILED: "failed",
    State.REJECTED: "bad_request",
    State.EXPIRED: "expired",
    State.FILTERED: "filtered",
    State.UNCONFIRMED: "unconfirmed",
    State.CANCELLED: "cancelled",
}


def make_user(username: str, **fields: Any) -> Any:
    return get_user_model().objects.create_user(username=username, password="secret-enough", **fields)


def make_project(owner: Any, name: str = "The lighthouse") -> Project:
    return Project.objects.create(owner=owner, name=name)


def make_picture(project: Project, data: bytes, *, width: int = 320, height: int = 180) -> Picture:
    picture = Picture(project=project, mime_type="image/png", width=width, height=height)
    picture.file.save("x.png", ContentFile(data), save=False)
    picture.save(force_insert=True)
    return picture


def make_clip(
    project: Project,
    state: str = State.QUEUED,
    *,
    operation: dict[str, Any] | None = None,
    video: bytes = b"not really a film",
    poster: bytes = b"not really a picture",
    **fields: Any,
) -> Clip:
    """A clip with its operation in `state`. A succeeded one has a stored file of the given bytes."""
    recipe = RECIPE | {name: fields.pop(name) for name in list(fields) if name in RECIPE}
    asked_by = fields.pop("asked_by", project.owner)
    clip = Clip.objects.ask_for(project, asked_by, fields.pop("form_token", uuid.uuid4()), 1, recipe)[0]
    now = timezone.now()
    changes = _times(state, now) | {"state": state, "reason": _REASONS.get(state, "")}
    status = CLIP_STATUS[state]
    shown: dict[str, Any] = {"finished_at": now if status in ClipStatus.FINAL else None}
    if state == State.FILTERED:
        shown["cost_micros"] = 0
        changes["charged_micros"] = 0
    if state == State.SUCCEEDED:
        shown |= _file(clip, video, poster)
        changes |= {"file": shown["video"], "sha256": shown["sha256"], "seconds": shown["seconds"]}
        changes["charged_micros"] = clip.price_micros
    if state == State.UNCONFIRMED:
        clip.operation.submissions.update(outcome=SubmissionOutcome.AMBIGUOUS, closed_at=now, sent_at=now)
    elif state != State.QUEUED:
        _close(clip.operation.submissions.all(), state, now)
    Operation.objects.filter(clip=clip).update(**changes | (operation or {}))
    Clip.objects.filter(pk=clip.pk).update(status=status, **shown | fields)
    return Clip.objects.get(pk=clip.pk)


def post_data(**fields: Any) -> dict[str, Any]:
    """What the clip form sends when a person presses Generate."""
    return RECIPE | {"takes": 1, "token": str(uuid.uuid4())} | fields


def _times(state: str, now: dt.datetime) -> dict[str, Any]:
    times: dict[str, Any] = {"next_at": now if state in State.ACTIVE else None}
    if state in State.FINAL:
        times["finished_at"] = now
    if state in _NAMED:
        times |= {
            "remote_ref": f"models/veo/operations/{uuid.uuid4().hex}",
            "accepted_at": now - dt.timedelta(seconds=60),
            "expires_at": now + dt.timedelta(hours=40),
        }
    if state in _DONE:
        times["done_at"] = now - dt.timedelta(seconds=10)
    return times


def _file(clip: Clip, video: bytes, poster: bytes) -> dict[str, Any]:
    name = default_storage.save(f"clips/{clip.pk}.mp4", ContentFile(video))
    picture = default_storage.save(f"clips/{clip.pk}.jpg", ContentFile(poster)) if poster else ""
    return {
        "video": name,
        "poster": picture,
        "sha256": "ab" * 32,
        "size": len(video),
        "width": 1280,
        "height": 720,
        "seconds": 4.0,
        "facts": {"frames": 96, "fps": 24.0, "video": "h264", "audio": "aac"},
        "cost_micros": clip.price_micros,
    }


def _close(submissions: Iterable[Submission], state: str, now: dt.datetime) -> None:
    for submission in submissions:
        if state == State.SUBMITTING:
            continue
        rejected = state == State.REJECTED
        submission.outcome = SubmissionOutcome.REJECTED if rejected else SubmissionOutcome.ACCEPTED
        submission.remote_ref = "" if rejected else "models/veo/operations/x"
        submission.request = {"instances": [{"prompt": "A paper boat in the rain"}]}
        submission.sent_at = submission.closed_at = now
        submission.save()
