"""The outcome table of the paid POST, as one pure function (promise P1).

Only what proves that Google did no work may be sent again. Everything that is not in the table is AMBIGUOUS.
"""

from collections.abc import Callable

from projects.veo.answers import Answer, Unanswered, json_object
from projects.veo.credentials import Credentials, excerpt
from projects.veo.errors import CredentialRefused, VeoError
from projects.veo.inline import Body
from projects.veo.refusals import About, Refusal, read_refusal
from projects.veo.types import Outcome, Progress, Verdict

REJECTIONS = frozenset({400, 401, 402, 403, 404, 413, 422})
"""Refused before any work, if the body is Google's error object; a bare 404 page may come from anyone."""

Reader = Callable[[Body], tuple[str, Progress | None]]
"""A back end's way to find in an accepted answer its operation's name and, when already done, the result.

Raises Garbled when the name is missing or ill-formed.
"""

_UNKNOWN = "We do not know whether Google accepted the request; it may have been charged."


def judge(answer: Answer | Unanswered, read: Reader, *, credentials: Credentials | None = None) -> Outcome:
    """What became of a paid POST. Never raises and asks nobody; `credentials` only tells what to hide.

    Of the answer's files only those of the result are left.
    """
    if isinstance(answer, Unanswered):
        return _unanswered(answer)
    if answer.http_status == 200:
        return _accepted(answer, read, credentials)
    if answer.http_status == 429 or answer.http_status in REJECTIONS:
        return _refused(answer, credentials)
    return _ambiguous(answer, credentials)


def _unanswered(answer: Unanswered) -> Outcome:
    said = answer.error
    if answer.sent:
        verdict, rest = Verdict.AMBIGUOUS, _UNKNOWN
    elif isinstance(said, CredentialRefused):
        verdict, rest = Verdict.REJECTED, "Nothing was sent."
    else:
        verdict, rest = Verdict.NOT_SENT, "Nothing was sent."
    return Outcome(
        verdict=verdict,
        http_status=answer.http_status,
        code=said.code,
        message=f"{said.message} {rest}",
        excerpt=said.detail,
    )


def _accepted(answer: Answer, read: Reader, credentials: Credentials | None) -> Outcome:
    try:
        ref, progress = read(json_object(answer, credentials))
    except VeoError as error:
        answer.files.discard()
        return Outcome(
            verdict=Verdict.AMBIGUOUS,
            http_status=200,
            code=error.code,
            message=f"{error.message} {_UNKNOWN}",
            excerpt=excerpt(answer.body, credentials),
        )
    return Outcome(
        verdict=Verdict.ACCEPTED,
        ref=ref,
        http_status=200,
        excerpt=excerpt(answer.body, credentials),
        progress=progress,
    )


def _refused(answer: Answer, credentials: Credentials | None) -> Outcome:
    refusal = read_refusal(
        answer.http_status, answer.headers, answer.body, about=About.SUBMIT, credentials=credentials
    )
    if answer.http_status == 429:
        verdict = Verdict.NOT_ACCEPTED
    elif refusal.structured and answer.renewed:
        return _asked_with_an_old_token(answer, refusal, credentials)
    elif refusal.structured:
        verdict = Verdict.REJECTED
    else:
        return _ambiguous(answer, credentials)
    return Outcome(
        verdict=verdict,
        http_status=answer.http_status,
        code=refusal.code,
        reason=refusal.reason,
        message=refusal.message,
        retry_after=refusal.retry_after,
        excerpt=excerpt(answer.body, credentials),
    )


def _asked_with_an_old_token(answer: Answer, refusal: Refusal, credentials: Credentials | None) -> Outcome:
    """Google looks at the token before it does any work, and a fresh one is at hand."""
    return Outcome(
        verdict=Verdict.NOT_ACCEPTED,
        http_status=answer.http_status,
        code="token_expired",
        reason=refusal.reason,
        message="The access token had expired, so Google did nothing. There is a fresh one now.",
        excerpt=excerpt(answer.body, credentials),
    )


def _ambiguous(answer: Answer, credentials: Credentials | None) -> Outcome:
    refusal = read_refusal(
        answer.http_status, answer.headers, answer.body, about=About.SUBMIT, credentials=credentials
    )
    ill = answer.http_status >= 500 or answer.http_status in (408, 409, 425, 499)
    return Outcome(
        verdict=Verdict.AMBIGUOUS,
        http_status=answer.http_status,
        code="server_trouble" if ill else "garbled",
        reason=refusal.reason,
        message=f"Google answered with HTTP {answer.http_status}. {_UNKNOWN}",
        retry_after=refusal.retry_after,
        excerpt=excerpt(answer.body, credentials),
    )
