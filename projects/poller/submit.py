"""One step: send the paid POST, at most once (promise P1), and write down what became of it."""

import logging

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection

from projects.images import BadImage
from projects.models import (
    BackEndReport,
    ForbiddenArrow,
    Gate,
    Lineup,
    LostLease,
    ModelOverride,
    Operation,
    State,
    Submission,
    SubmissionOutcome,
)
from projects.models.google import google_setup
from projects.poller.ending import write_down
from projects.poller.failpoints import failpoint
from projects.poller.google import Google
from projects.poller.leases import Hold
from projects.poller.recipe import described, recipe_of
from projects.poller.schedule import backoff, next_poll
from projects.veo.errors import VeoError
from projects.veo.types import Outcome, Verdict
from projects.video import VideoError

logger = logging.getLogger(__name__)

MOST_LIMITED_TRIES = 8
"""How often a clip comes back to a closed rate limit before it is given up."""
MOST_UNSENT_TRIES = 20
"""How often an unreachable Google is tried, about an hour: nobody wants a clip of last week sent today."""

CREDENTIAL_CODES = frozenset(
    {
        "key_invalid",
        "key_as_bearer",
        "key_restricted",
        "token_expired",
        "token_scope",
        "credential_revoked",
        "no_credential",
        "two_credentials",
        "role_missing",
        "api_disabled",
        "forbidden",
        "billing",
    }
)
"""Refusals that concern every clip of a back end, so that its page says so."""

_EVIDENCE = {
    Verdict.ACCEPTED: SubmissionOutcome.ACCEPTED,
    Verdict.REJECTED: SubmissionOutcome.REJECTED,
    Verdict.NOT_ACCEPTED: SubmissionOutcome.NOT_ACCEPTED,
    Verdict.AMBIGUOUS: SubmissionOutcome.AMBIGUOUS,
}


def submit(operation: Operation, google: Google, hold: Hold) -> None:
    """queued → submitting → running, or one of the exits of the outcome table.

    Where the answer is the video itself, the request stays open until it is made, and the operation goes on
    from running to its end in the same hand.
    """
    if refusal := _gone(operation):
        operation.reject("model_retired", refusal)
        return
    try:
        back_end = google.back_end(operation.back_end)
        recipe = recipe_of(operation)
        request, digest = described(back_end.request_body(recipe))
    except (OSError, BadImage, VideoError) as error:
        operation.reject("seed_missing", f"A file of this clip could not be read here: {error}")
        return
    except ValueError as error:
        operation.reject("bad_request", str(error))
        return
    except VeoError as error:
        operation.reject(error.code, error.message)
        return
    submission = operation.start_submitting(request, digest)
    failpoint("intent")
    if back_end.held and not connection.in_atomic_block:
        connection.close()  # nothing is asked of the database for minutes
    outcome = back_end.submit(recipe, lambda ref: _name_is_known(operation, submission, ref))
    failpoint("posted")
    keep_evidence(submission, outcome)
    failpoint("evidence")
    try:
        settle(operation, outcome)
    except LostLease:
        Operation.objects.wake(operation)
        raise
    failpoint("op_saved")


def _gone(operation: Operation) -> str:
    """Why Google would only answer that the model is gone, if it has said so already."""
    lineup = Lineup.now()
    model = lineup.get(operation.clip.model)
    return lineup.retirement(model) if model is not None and lineup.gone(model) else ""


def _name_is_known(operation: Operation, submission: Submission, ref: str) -> bool:
    """Commits the name of an operation whose request is still open. False: somebody else has the row."""
    try:
        submission.close(SubmissionOutcome.ACCEPTED, ref=ref, http_status=200)
        failpoint("ref_kept")
        operation.accepted(ref, next_in=None)
        failpoint("ref_saved")
    except (LostLease, ForbiddenArrow):
        Operation.objects.wake(operation)
        return False
    except IntegrityError:
        return False
    except DatabaseError:
        # The answer is still read to its end, and its evidence written then.
        logger.exception("operation %s: the name %s could not be saved yet", operation.pk, ref)
        connection.close()
    return True


def recover(operation: Operation, google: Google, hold: Hold) -> None:
    """submitting, and its holder is gone: go on from the evidence it left, never from a second POST."""
    left = operation.submissions.order_by("-ordinal")[0]
    if left.outcome == SubmissionOutcome.ACCEPTED:
        operation.accepted(left.remote_ref, next_in=0, note="Google's answer was found in our records")
    elif left.outcome == SubmissionOutcome.NOT_ACCEPTED:
        operation.wait_to_submit(
            next_in=0, reason="quota", sentence="Google did not accept the request then; nothing was charged."
        )
    elif left.outcome == SubmissionOutcome.REJECTED:
        operation.reject("rejected", "Google refused the request.", left.response_excerpt)
    else:
        operation.lose_answer(
            "The program stopped while the request was being sent, so its answer was never read."
        )


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
    match outcome.verdict:
        case Verdict.ACCEPTED:
            _accept(operation, outcome)
        case Verdict.REJECTED:
            _reject(operation, outcome)
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


def _accept(operation: Operation, outcome: Outcome) -> None:
    Gate.objects.opened(operation.back_end, operation.clip.model)
    BackEndReport.objects.worked(operation.back_end)
    first_check = next_poll(0, settings.POLL_SECONDS)
    if operation.state == State.SUBMITTING:
        try:
            operation.accepted(outcome.ref, next_in=None if outcome.progress else first_check)
        except IntegrityError:
            operation.lose_answer(
                f"Google answered with the name of another clip's operation ({outcome.ref}).",
                outcome.excerpt,
            )
            return
    elif outcome.progress is None:
        operation.put_back(next_in=first_check)
    if outcome.progress:
        write_down(operation, outcome.progress, polls=0)


def _reject(operation: Operation, outcome: Outcome) -> None:
    if outcome.code == "model_retired":
        told_by = google_setup().access(operation.back_end).base_url
        ModelOverride.objects.mark_retired(operation.clip.model, told_by, outcome.message)
    elif outcome.code in CREDENTIAL_CODES:
        BackEndReport.objects.failed(operation.back_end, outcome.message)
    operation.reject(outcome.code, outcome.message, outcome.excerpt)


def _wait_for_the_limit(operation: Operation, outcome: Outcome) -> None:
    """A 429 waits behind the gate; a token that had just run out is fetched anew, once."""
    if outcome.code == "token_expired" and operation.reason != "token_expired":
        operation.wait_to_submit(next_in=0, reason=outcome.code, sentence=outcome.message)
        return
    out_of_patience = operation.tries + 1 >= MOST_LIMITED_TRIES
    if outcome.code in ("quota_day", "token_expired") or out_of_patience:
        _reject(operation, outcome)
        return
    wait = Gate.objects.close_for(
        operation.back_end, operation.clip.model, outcome.retry_after, outcome.message
    )
    operation.wait_to_submit(
        next_in=wait, reason=outcome.code, sentence=outcome.message, google_text=outcome.excerpt
    )
