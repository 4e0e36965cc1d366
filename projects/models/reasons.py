"""What a clip's trouble means to the person who asked for it: what happened, what it cost, what comes next.

One table turns reason codes into sentences. Codes come from `projects.veo.errors` and from the poller. A code
that is not in the table keeps the sentence that came with it. Nothing here promises what Google did not say.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format

from projects import figures
from projects.models.states import State, SubmissionOutcome

if TYPE_CHECKING:
    from projects.models.chains import Chain
    from projects.models.clips import Clip
    from projects.models.operations import Operation
    from projects.models.parts import Part


@dataclass(frozen=True)
class Explanation:
    """Sentences for a person; `google` holds Google's own words, verbatim."""

    what: str
    cost: str
    next: str
    google: str = ""


@dataclass(frozen=True)
class Reason:
    """`what` replaces the sentence that came with the code. `next` is for a clip that has ended, `meanwhile`
    for one that is tried again by itself, `onward` for a part of a long clip with a video before it."""

    what: str = ""
    next: str = ""
    meanwhile: str = ""
    onward: str = ""


_ADMIN = "An administrator must check the credential in .env; then try again."
_ADMIN_MEANWHILE = "An administrator must check the credential in .env."
_CHANGE = "Change the wording or the picture and try again."
_CHANGE_PART = "Change part {number} and go on"
_AGAIN = "Try again, or reuse the settings for a new clip."
_OTHER_MODEL = "Reuse the settings with another model."
_GONE = "Reuse the settings to make it anew; that is charged again."

REASONS: dict[str, Reason] = {
    # the credential
    "key_invalid": Reason("Google refused the API key.", _ADMIN, _ADMIN_MEANWHILE),
    "key_as_bearer": Reason(
        "Google refused the credential: an API key came as a token.", _ADMIN, _ADMIN_MEANWHILE
    ),
    "token_expired": Reason("Google refused the OAuth token: it has expired.", _ADMIN, _ADMIN_MEANWHILE),
    "token_scope": Reason("The OAuth token may not be used for this.", _ADMIN, _ADMIN_MEANWHILE),
    "credential_revoked": Reason("Google refused the credential.", _ADMIN, _ADMIN_MEANWHILE),
    "role_missing": Reason(
        "",
        "An administrator must grant the role in the Google Cloud project; then try again.",
        "An administrator must grant the role in the Google Cloud project.",
    ),
    "quota_project": Reason(
        "",
        "An administrator must correct GOOGLE_CLOUD_QUOTA_PROJECT; then try again.",
        "An administrator must correct GOOGLE_CLOUD_QUOTA_PROJECT.",
    ),
    "set_up_wrong": Reason("", "An administrator must correct the settings; then try again."),
    "no_credential": Reason("No credential reached Google.", _ADMIN, _ADMIN_MEANWHILE),
    "two_credentials": Reason("Two credentials reached Google at once.", _ADMIN, _ADMIN_MEANWHILE),
    "key_restricted": Reason(
        "The API key is restricted and may not be used for this.", _ADMIN, _ADMIN_MEANWHILE
    ),
    "api_disabled": Reason(
        "The service is switched off in the credential's Google Cloud project.",
        "An administrator must switch it on; then try again.",
        "An administrator must switch it on.",
    ),
    "forbidden": Reason("Google does not allow this with our credential.", _ADMIN, _ADMIN_MEANWHILE),
    "billing": Reason(
        "Google wants billing put in order first.",
        "An administrator must check billing at Google; then try again.",
        "An administrator must check billing at Google.",
    ),
    "region": Reason("", "An administrator must run the studio where Google offers the service."),
    # the request
    "bad_request": Reason(
        "Google refused this request.", "Change the settings or the prompt and try again.", "", _CHANGE_PART
    ),
    "field_unsupported": Reason("", "Reuse the settings without it, or with another model."),
    "too_large": Reason("The request is too large for Google.", "Use smaller pictures and try again."),
    "model_retired": Reason("", _OTHER_MODEL),
    "model_unknown": Reason("", _OTHER_MODEL),
    "not_found": Reason("", _OTHER_MODEL),
    "prompt_blocked": Reason("Google refused the prompt or a picture.", _CHANGE, "", _CHANGE_PART),
    "filtered": Reason("Google's safety filter held this clip back.", _CHANGE, "", _CHANGE_PART),
    "seed_missing": Reason("A picture of this clip is no longer here.", "Upload it again in a new clip."),
    "source_missing": Reason("", "Choose another clip to work on."),
    "source_gone": Reason(
        "", "Continue from its last frame in a new clip.", "", "Go on with part {number} from the last frame"
    ),
    "rejected": Reason(
        "Google refused this request.", "Change the settings or the prompt and try again.", "", _CHANGE_PART
    ),
    "never_sent": Reason("", "Try again when the network works."),
    # limits and troubles that pass
    "quota": Reason("Google's limit is reached.", "Try again later."),
    "quota_day": Reason("Google's limit for today is reached.", "Try again tomorrow."),
    "server_trouble": Reason("Google had trouble of its own.", _AGAIN, "Nothing is lost."),
    "no_answer": Reason("Google did not answer.", _AGAIN, "We keep trying; nothing is lost."),
    "garbled": Reason("Google's answer could not be read.", _AGAIN, "We keep trying; nothing is lost."),
    "redirected": Reason("Google's answer pointed elsewhere and was not followed.", _AGAIN),
    "bad_name": Reason("Google's answer held no usable name for this work.", _AGAIN),
    "internal": Reason(
        "Something went wrong in the studio itself.",
        "An administrator finds the details in the log. Try again.",
        "An administrator finds the details in the log.",
    ),
    # after Google's work
    "failed": Reason("Google could not make this clip.", _AGAIN),
    "empty": Reason("Google finished without a video and without a reason.", _AGAIN),
    "expired": Reason("", _GONE),
    "not_ready": Reason("Google has made this clip and is still storing it.", _AGAIN, "Nothing is lost."),
    "file_gone": Reason("Google no longer gives out this clip's file.", _GONE),
    "lost": Reason("Google does not know this work any more.", _GONE),
    "operation_unknown": Reason("Google does not know this work any more.", _GONE),
    "bad_file": Reason("The file from Google was not a whole video.", _GONE, "We fetch it again."),
    "not_a_video": Reason("What came from Google is not a video.", _GONE, "We fetch it again."),
    "bad_range": Reason(
        "Google sent another part of the file than we asked for.", _AGAIN, "We fetch it again."
    ),
    "cut_off": Reason("The download was cut off.", _AGAIN, "It goes on where it stopped."),
    "range_refused": Reason(
        "The download could not go on where it stopped.", _AGAIN, "It starts from the beginning."
    ),
    "foreign_host": Reason(
        "", "An administrator must look at this address.", "An administrator must look at it."
    ),
    "not_joined": Reason(
        "This clip is saved, but could not be joined to what was there before.",
        "Its own video is in the list of parts; an administrator finds the details in the log.",
    ),
    "disk": Reason(
        "The clip is ready at Google but could not be saved here.",
        _GONE,
        "An administrator must make room on the server's disk.",
    ),
    # a person's decisions
    "cancelled": Reason("", "Reuse the settings to ask again."),
    "gave_up": Reason("", "Reuse the settings to ask again."),
    "unconfirmed": Reason("Google did not confirm this request. It may have been accepted."),
}

_CATEGORIES: dict[str, tuple[str, ...]] = {
    "a child": ("58061214", "17301594"),
    "likeness of a well-known person": ("29310472", "15236754"),
    "video safety": ("64151117", "42237218"),
    "dangerous content": ("62263041",),
    "hate": ("57734940", "22137204"),
    "prohibited content": ("89371032", "49114662", "63429089", "72817394", "60599140"),
    "content of third parties": ("35561574", "35561575"),
    "sexual content": ("90789179", "43188360"),
    "toxic language": ("78610348",),
    "violence": ("61493863", "56562880"),
    "vulgar language": ("32635315",),
    "another safety rule": ("74803281", "29578790", "42876398"),
}
CATEGORY_OF_CODE = {code: name for name, codes in _CATEGORIES.items() for code in codes}
"""Google's support codes (Vertex AI, responsible AI and usage guidelines)."""


def explain(clip: "Clip") -> Explanation | None:
    """None when all is well: the clip is ready and whole, or at work without trouble."""
    chain = clip.chain
    if clip.ready:
        return _cut_short(chain) if chain.unfinished else None
    operation = clip.operation
    if clip.stranded:
        return Explanation(_stranded(clip), _cost(chain, operation), _leave_demo(clip), operation.google_text)
    if clip.active and not operation.reason:
        return None
    reason = REASONS.get(operation.reason, Reason())
    return Explanation(
        what=_of_its_part(_what(operation, reason), chain, operation),
        cost=_cost(chain, operation),
        next=" ".join(_steps(chain, operation, reason)),
        google=operation.google_text,
    )


def time_left(operation: "Operation") -> str:
    """How long Google still keeps what is not saved here, as a sentence; "" where nothing is kept."""
    kept = (*State.TO_FETCH, State.CANCELLED, State.EXPIRED)
    if operation.expires_at is None or operation.state not in kept:
        return ""
    left = (operation.expires_at - timezone.now()).total_seconds()
    if left <= 0:
        return "Google may have deleted it already."
    return f"Google deletes it in {figures.seconds(left)}."


def doubtful_micros(operation: "Operation") -> int:
    """What requests whose answer was lost may have cost, by the price a person agreed to."""
    return sum(
        submission.price_micros
        for submission in operation.submissions.all()
        if submission.outcome == SubmissionOutcome.AMBIGUOUS
    )


def _what(operation: "Operation", reason: Reason) -> str:
    what = reason.what or operation.sentence or "This clip did not work out."
    if operation.state != State.FILTERED:
        return what
    codes = re.findall(r"\b\d{8}\b", operation.google_text)
    names = list(dict.fromkeys(CATEGORY_OF_CODE[code] for code in codes if code in CATEGORY_OF_CODE))
    return f"{what.rstrip('.')}: {', '.join(names)}." if names else what


def _cut_short(chain: "Chain") -> Explanation:
    made, count = len(chain.made), len(chain.parts)
    go_on = f"Go on with part {made + 1}, or leave it as it is."
    return Explanation(f"Stopped after part {made} of {count}.", "", go_on)


def _of_its_part(what: str, chain: "Chain", operation: "Operation") -> str:
    """Of a long clip: "Part 3 of 6: Google's safety filter held it back." """
    if not chain.long:
        return what
    for words, short in (("this clip's", "its"), ("this clip", "it"), ("This clip", "It")):
        what = what.replace(words, short)
    return f"Part {operation.part.number} of {len(chain.parts)}: {what}"


def _cost(chain: "Chain", operation: "Operation") -> str:
    before = [part for part in chain.made if part.position < operation.part.position]
    if chain.clip.simulated:
        sentence = "Nothing was paid: this clip is simulated."
        return f"{sentence} {_counted(before)} can be watched." if before else sentence
    doubtful = doubtful_micros(operation)
    sentence = _own_cost(operation, doubtful, f" for part {operation.part.number}" if before else "")
    if doubtful and operation.state != State.UNCONFIRMED and operation.reason != "gave_up":
        sentence += f" An earlier request that was never confirmed may have cost {figures.usd(doubtful)}."
    if before:
        paid = sum(part.made.charged_micros or 0 for part in before if part.made)
        sentence += f" {_counted(before)} cost {figures.usd(paid)} and can be watched."
    return sentence


def _counted(parts: list["Part"]) -> str:
    """ "Part 1", "Parts 1 and 2", "Parts 1 to 3"."""
    if len(parts) == 1:
        return "Part 1"
    return f"Parts 1 {'and' if len(parts) == 2 else 'to'} {len(parts)}"


def _own_cost(operation: "Operation", doubtful: int, part: str) -> str:
    """`part` is " for part 3" where parts before it cost something else, else ""."""
    price = figures.usd(operation.part.price_micros)
    match operation.state:
        case State.UNCONFIRMED:
            return f"It may have cost {figures.usd(doubtful or operation.part.price_micros)}."
        case State.CANCELLED if operation.reason == "gave_up":
            return f"Google may have charged {figures.usd(doubtful or operation.part.price_micros)}{part}."
        case State.CANCELLED if operation.remote_ref:
            return f"Google may still charge {price}{part}."
        case State.QUEUED | State.REJECTED | State.CANCELLED:
            return f"Nothing was charged{part}."
        case State.FILTERED | State.FAILED if operation.charged_micros is not None:
            return f"The cost{part} is recorded as {figures.usd(operation.charged_micros)}."
        case State.FILTERED | State.FAILED:
            return f"Google did not say whether it charged{part or ' for this'}."
        case State.EXPIRED if operation.done_at:
            return f"Google charged about {figures.usd(operation.cost)}{part}."
        case State.EXPIRED:
            return f"Google may have charged {price}{part}."
        case State.SUCCEEDED:
            return f"Google charged about {figures.usd(operation.cost)}{part}."
        case State.DOWNLOADING | State.VERIFYING:
            cost = figures.usd(operation.cost)
            return f"Google charged about {cost}{part}; fetching the file again costs nothing."
    return f"It costs {price} if Google finishes it."


def _steps(chain: "Chain", operation: "Operation", reason: Reason) -> Iterator[str]:
    if operation.state in State.ACTIVE:
        yield _next_try(operation)
        yield from filter(None, [reason.meanwhile])
        if operation.state in State.TO_FETCH:
            yield time_left(operation)
        return
    if operation.state == State.UNCONFIRMED:
        yield from _unconfirmed(operation)
        return
    if operation.state == State.CANCELLED and operation.remote_ref:
        yield f"You can fetch it after all. {time_left(operation)}".strip()
    elif operation.state == State.FILTERED and "audio" in operation.google_text.lower():
        yield "The filter for sound is often mistaken: the same settings may pass on another try."
    elif operation.state == State.SUCCEEDED or not chain.unfinished:
        yield reason.next or _AGAIN
    if chain.unfinished:
        yield _onward(len(chain.made) + 1, reason)


def _onward(number: int, reason: Reason) -> str:
    """What can be done for the rest of a clip that has a video already."""
    go_on = f"go on with part {number}"
    if reason.next == _OTHER_MODEL:
        return f"Keep what is there, or r{_OTHER_MODEL[1:]}"
    if reason.next.startswith("An administrator"):
        admin = reason.next.replace("try again", go_on).replace("Try again", go_on.capitalize())
        return f"{admin} You can also keep what is there."
    if reason.next.startswith("Try again ") and reason.next != _AGAIN:
        step = reason.next.removesuffix(".").replace("Try again", go_on.capitalize())
    else:
        step = reason.onward.format(number=number) or go_on.capitalize()
    return f"{step}, or keep what is there."


def _next_try(operation: "Operation") -> str:
    turn = f"{figures.ordinal(operation.tries + 1)} try"
    if operation.held or operation.next_at is None or operation.next_at <= timezone.now():
        return f"We are trying again now ({turn})."
    return f"We try again {_at(operation.next_at)} ({turn})."


def _unconfirmed(operation: "Operation") -> Iterator[str]:
    if operation.wants_an_answer:
        could_not = operation.answer.get("could_not_look")
        yield f"We could not look for it: {could_not}" if could_not else "We looked and found nothing."
        yield "Look again, attach the operation by its name, submit again, or give up."
    else:
        yield "We are looking for it at Google and do not send it again by ourselves."
        if operation.next_at and operation.next_at > timezone.now():
            yield f"The next look is {_at(operation.next_at)}."


def _at(moment: dt.datetime) -> str:
    local = timezone.localtime(moment)
    if local.date() == timezone.localdate():
        return f"at {date_format(local, 'H:i')}"
    return f"on {date_format(local, 'j F')} at {date_format(local, 'H:i')}"


def _stranded(clip: "Clip") -> str:
    if clip.simulated:
        return "This clip was asked for in demo mode, and the studio now works with Google."
    return "This clip was asked for at Google, and the studio now runs in demo mode."


def _leave_demo(clip: "Clip") -> str:
    mode = "demo mode is on" if clip.simulated else "demo mode is off"
    return f"It waits until {mode} again. You can also cancel it."
