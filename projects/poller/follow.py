"""One step: ask Google where a generation stands, or look for one whose answer was lost. Reads only."""

import datetime as dt

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from projects.images import BadImage
from projects.models import BackEndReport, Operation, State, SubmissionOutcome
from projects.poller.ending import write_down
from projects.poller.failpoints import failpoint
from projects.poller.google import Google
from projects.poller.leases import Hold
from projects.poller.recipe import recipe_of
from projects.poller.schedule import backoff
from projects.veo.errors import CredentialRefused, NotFound, VeoError
from projects.veo.types import Found
from projects.video import VideoError

LOST_AFTER_TRIES = 5
LOST_AFTER = dt.timedelta(minutes=10)
"""Only a "not found" that stays for this long and this often is believed: Google has answered 404 and 403 to
accepted work that finished well."""
SILENCE = dt.timedelta(hours=24)
"""How long after the retention a Google that says nothing at all is still asked."""
CLOCK_SKEW = dt.timedelta(seconds=60)


def follow(operation: Operation, google: Google, hold: Hold) -> None:
    """running → downloading, filtered, failed or expired; or running still. A failed check fails no clip."""
    try:
        progress = google.back_end(operation.back_end).poll(operation.remote_ref)
    except VeoError as error:
        if isinstance(error, CredentialRefused):
            BackEndReport.objects.failed(operation.back_end, error.message)
        _not_this_time(operation, error)
        return
    failpoint("polled")
    write_down(operation, progress)
    failpoint("done_saved")


def _not_this_time(operation: Operation, error: VeoError) -> None:
    now = timezone.now()
    assert operation.expires_at is not None  # noqa: S101
    since = operation.trouble_since if operation.reason == error.code else None
    unknown = (
        isinstance(error, NotFound)
        and operation.tries >= LOST_AFTER_TRIES - 1
        and since is not None
        and now - since >= LOST_AFTER
    )
    if unknown or now > operation.expires_at + SILENCE:
        operation.expire(
            "lost", "Google does not know this generation any more.", error.detail or error.message
        )
        return
    operation.meet_trouble(
        next_in=backoff(operation.tries, first=settings.POLL_SECONDS, longest=30 * settings.POLL_SECONDS),
        reason=error.code,
        sentence=error.message,
        google_text=error.detail,
    )


def look_for(operation: Operation, google: Google, hold: Hold) -> None:
    """unconfirmed → running when our records, or Google's list, name the operation; else look again later.

    Google's list is believed when exactly one operation on it fits, and it lies where only ours is put, or no
    other clip of ours could claim it. What fits but is not certain is shown to the person.
    """
    ref, listed = _named_in_our_records(operation), []
    if not ref:
        try:
            found = _listed_at_google(operation, google)
        except (VeoError, OSError, BadImage, VideoError) as error:
            operation.look_again_later([], str(error))
            return
        listed = [one.ref for one in found]
        certain = len(found) == 1 and (found[0].certain or not _rivals(operation))
        ref = listed[0] if certain else ""
    if not ref:
        operation.look_again_later(listed)
        return
    try:
        operation.accepted(ref, next_in=0, note="Found at Google without sending anything")
    except IntegrityError:
        operation.look_again_later([])


def _named_in_our_records(operation: Operation) -> str:
    named = operation.submissions.exclude(remote_ref="").order_by("ordinal").first()
    return named.remote_ref if named else ""


def _rivals(operation: Operation) -> bool:
    """Whether another clip waits for an operation of the same model."""
    others = Operation.objects.filter(
        state=State.UNCONFIRMED, back_end=operation.back_end, clip__model=operation.clip.model
    )
    return others.exclude(pk=operation.pk).exists()


def _listed_at_google(operation: Operation, google: Google) -> list[Found]:
    """Operations that Google lists for the time of our request and that no clip here has.

    Raises what keeps us from asking.
    """
    lost = operation.submissions.filter(outcome=SubmissionOutcome.AMBIGUOUS).order_by("-ordinal").first()
    if lost is None or lost.sent_at is None:
        return []
    found = google.back_end(operation.back_end).locate(recipe_of(operation))
    start, end = lost.sent_at - CLOCK_SKEW, (lost.closed_at or timezone.now()) + CLOCK_SKEW
    fitting = [one for one in found if one.certain or _made_within(one, start, end)]
    refs = [one.ref for one in fitting]
    known = set(Operation.objects.filter(remote_ref__in=refs).values_list("remote_ref", flat=True))
    return [one for one in fitting if one.ref not in known]


def _made_within(found: Found, start: dt.datetime, end: dt.datetime) -> bool:
    try:
        created = parse_datetime(found.created_at)
    except ValueError:
        return False
    return created is not None and timezone.is_aware(created) and start <= created <= end
