"""Which states exist, which arrows lead between them, and what a clip shows for each.

`docs/states.md` draws the same arrows; a test keeps the two in step.
"""

from enum import nonmember

from django.db import models


class State(models.TextChoices):
    """Where one paid remote generation stands."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    RUNNING = "running"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected", "rejected before work"
    FILTERED = "filtered", "held back by the safety filter"
    UNCONFIRMED = "unconfirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired", "expired at Google"

    ACTIVE = nonmember(("queued", "submitting", "running", "downloading", "verifying"))
    AT_GOOGLE = nonmember(("submitting", "running"))
    TO_FETCH = nonmember(("downloading", "verifying"))
    STOPPABLE = nonmember(("queued", "running", "downloading"))
    FINAL = nonmember(("succeeded", "failed", "rejected", "filtered", "cancelled", "expired"))


class ClipStatus(models.TextChoices):
    """What a person sees; moves in the same transaction as the operation behind it."""

    QUEUED = "queued", "Queued"
    GENERATING = "generating", "Generating"
    DOWNLOADING = "downloading", "Downloading"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    FILTERED = "filtered", "Held back"
    UNCONFIRMED = "unconfirmed", "Not confirmed"
    CANCELLED = "cancelled", "Cancelled"

    ACTIVE = nonmember(("queued", "generating", "downloading"))
    FINAL = nonmember(("ready", "failed", "filtered", "cancelled"))


ARROWS: dict[str, frozenset[str]] = {
    State.QUEUED: frozenset({State.SUBMITTING, State.REJECTED, State.CANCELLED}),
    State.SUBMITTING: frozenset(
        {
            State.QUEUED,
            State.RUNNING,
            State.REJECTED,
            State.UNCONFIRMED,
        }
    ),
    State.RUNNING: frozenset(
        {State.DOWNLOADING, State.FILTERED, State.FAILED, State.EXPIRED, State.CANCELLED},
    ),
    State.DOWNLOADING: frozenset({State.VERIFYING, State.EXPIRED, State.CANCELLED}),
    State.VERIFYING: frozenset({State.SUCCEEDED, State.DOWNLOADING}),
    State.UNCONFIRMED: frozenset({State.RUNNING, State.QUEUED, State.CANCELLED}),
    State.CANCELLED: frozenset({State.RUNNING}),
    State.EXPIRED: frozenset({State.RUNNING}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.REJECTED: frozenset(),
    State.FILTERED: frozenset(),
}

CLIP_STATUS: dict[str, str] = {
    State.QUEUED: ClipStatus.QUEUED,
    State.SUBMITTING: ClipStatus.GENERATING,
    State.RUNNING: ClipStatus.GENERATING,
    State.DOWNLOADING: ClipStatus.DOWNLOADING,
    State.VERIFYING: ClipStatus.DOWNLOADING,
    State.SUCCEEDED: ClipStatus.READY,
    State.FAILED: ClipStatus.FAILED,
    State.REJECTED: ClipStatus.FAILED,
    State.EXPIRED: ClipStatus.FAILED,
    State.FILTERED: ClipStatus.FILTERED,
    State.UNCONFIRMED: ClipStatus.UNCONFIRMED,
    State.CANCELLED: ClipStatus.CANCELLED,
}


class SubmissionOutcome(models.TextChoices):
    """How one intent to pay ended. Only `open` may still be sent."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_ACCEPTED = "not_accepted", "not accepted, no work done (429)"
    AMBIGUOUS = "ambiguous", "answer lost"
    WITHDRAWN = "withdrawn", "withdrawn before it was sent"
