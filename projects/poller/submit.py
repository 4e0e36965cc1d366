"""One step: send the paid POST, at most once (promise P1), and write down what became of it."""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from projects.images import BadImage, clean
from projects.models import Gate, LostLease, Operation, Picture, Submission, SubmissionOutcome
from projects.poller.failpoints import failpoint
from projects.poller.google import Google
from projects.poller.leases import Hold
from projects.poller.schedule import backoff, next_poll
from projects.veo.errors import VeoError
from projects.veo.types import Outcome, Recipe, Verdict
from projects.veo.types import Picture as Sent

MOST_LIMITED_TRIES = 8
"""How often a clip comes back to a closed rate limit before it is given up."""
MOST_UNSENT_TRIES = 20
"""How often an unreachable Google is tried, about an hour: nobody wants a clip of last week sent today."""

_EVIDENCE = {
    Verdict.ACCEPTED: SubmissionOutcome.ACCEPTED,
    Verdict.REJECTED: SubmissionOutcome.REJECTED,
    Verdict.NOT_ACCEPTED: SubmissionOutcome.NOT_ACCEPTED,
    Verdict.AMBIGUOUS: SubmissionOutcome.AMBIGUOUS,
}


def submit(operation: Operation, google: Google, hold: Hold) -> None:
    """queued → submitting → running, or one of the exits of the outcome table."""
    try:
        back_end = google.back_end(operation.back_end)
        recipe = recipe_of(operation)
    except (OSError, BadImage) as error:
        operation.reject("seed_missing", f"The picture of this clip could not be read here: {error}")
        return
    except VeoError as error:
        operation.reject(error.code, error.message)
        return
    request, digest = described(back_end.request_body(recipe))
    submission = operation.start_submitting(request, digest)
    failpoint("intent")
    outcome = back_end.submit(recipe, lambda ref: True)
    failpoint("posted")
    keep_evidence(submission, outcome)
    failpoint("evidence")
    try:
        settle(operation, outcome)
    except LostLease:
        Operation.objects.wake(operation)
        raise
    failpoint("op_saved")


def recover(operation: Operation, google: Google, hold: Hold) -> None:
    """submitting, and its holder is gone: go on from the evidence it left, never from a second POST."""
    left = operation.submissions.order_by("-ordinal")[0]
    if left.outcome == SubmissionOutcome.ACCEPTED:
        operation.accepted(left.remote_ref, next_in=0, note="Google's answer was found in our records")
    elif left.outcome == SubmissionOutcome.NOT_ACCEPTED:
        operation.wait_to_submit(
            next_in=0, reason="quota", sentence="Google's limit was reached; nothing was charged."
        )
    elif left.outcome == SubmissionOutcome.REJECTED:
        operation.reject("rejected", "Google refused the request.", left.response_excerpt)
    else:
        operation.lose_answer(
            "The program stopped while the request was being sent, so its answer was never read."
        )


def recipe_of(operation: Operation) -> Recipe:
    """The clip's frozen settings with its pictures cut to its ratio. Raises OSError, BadImage."""
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
    )


def _as_sent(picture: Picture | None, aspect_ratio: str) -> Sent | None:
    if picture is None:
        return None
    with picture.file.open("rb") as file:
        cut = clean(file.read(), aspect_ratio=aspect_ratio)
    return Sent(cut.data, cut.mime_type)


def described(body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The request as it is kept: pictures as size and hash; and the SHA-256 of the whole as it is sent."""
    whole = json.dumps(body, sort_keys=True).encode()

    def without_pictures(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: _picture_note(inner) if key == "bytesBase64Encoded" else without_pictures(inner)
                for key, inner in value.items()
            }
        return [without_pictures(inner) for inner in value] if isinstance(value, list) else value

    kept: dict[str, Any] = without_pictures(body)
    return kept, hashlib.sha256(whole).hexdigest()


def _picture_note(encoded: str) -> str:
    digest = hashlib.sha256(encoded.encode()).hexdigest()
    return f"<{len(encoded):,} characters of base64, sha256 {digest[:16]}…>"


def keep_evidence(submission: Submission, outcome: Outcome) -> None:
    """Written before the operation moves: a holder that lost its lease still saves the paid name here."""
    if outcome.verdict in _EVIDENCE:
        submission.close(
            _EVIDENCE[outcome.verdict],
            ref=outcome.ref,
            http_status=outcome.http_status,
            excerpt=outcome.excerpt,
        )


def settle(operation: Operation, outcome: Outcome) -> None:
    model = operation.clip.model
    match outcome.verdict:
        case Verdict.ACCEPTED:
            Gate.objects.opened(operation.back_end, model)
            try:
                operation.accepted(outcome.ref, next_in=next_poll(0, settings.POLL_SECONDS))
            except IntegrityError:
                operation.lose_answer(
                    f"Google answered with the name of another clip's operation ({outcome.ref}).",
                    outcome.excerpt,
                )
        case Verdict.REJECTED:
            operation.reject(outcome.code, outcome.message, outcome.excerpt)
        case Verdict.NOT_ACCEPTED:
            _wait_for_the_limit(operation, outcome)
        case Verdict.NOT_SENT if operation.tries + 1 >= MOST_UNSENT_TRIES:
            operation.reject(
                "never_sent", f"{outcome.message} We tried for an hour, then stopped; nothing was sent."
            )
        case Verdict.NOT_SENT:
            wait = backoff(operation.tries, first=5, longest=300)
            operation.wait_to_submit(next_in=wait, reason=outcome.code, sentence=outcome.message)
        case Verdict.AMBIGUOUS:
            operation.lose_answer(outcome.message, outcome.excerpt)


def _wait_for_the_limit(operation: Operation, outcome: Outcome) -> None:
    if outcome.code == "quota_day" or operation.tries + 1 >= MOST_LIMITED_TRIES:
        operation.reject(outcome.code, outcome.message, outcome.excerpt)
        return
    wait = Gate.objects.close_for(
        operation.back_end, operation.clip.model, outcome.retry_after, outcome.message
    )
    operation.wait_to_submit(
        next_in=wait, reason=outcome.code, sentence=outcome.message, google_text=outcome.excerpt
    )
