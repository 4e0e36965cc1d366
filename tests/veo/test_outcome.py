"""One test per row of the outcome table."""

import json
from functools import partial

import pytest

from projects.veo.credentials import ApiKey
from projects.veo.errors import CredentialRefused, Garbled, NoAnswer
from projects.veo.operations import read_accepted
from projects.veo.outcome import judge
from projects.veo.transport import Answer, Unanswered
from projects.veo.types import Phase, Verdict

KEY = ApiKey("AIza" + "SyTestKeyForOutcomes_0123456789abcdef")
NAME = "models/veo-3.1-generate-preview/operations/abc123"
ERROR = json.dumps({"error": {"code": 1, "message": "No.", "status": "SAID_NO"}}).encode()
HTML = b"<!doctype html><title>Sign in</title>"

verdict_of = partial(judge, read=partial(read_accepted, credentials=KEY), credentials=KEY)


def answer(http_status, body=b"", **headers):
    return Answer(http_status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def accepted(**more):
    return answer(200, json.dumps({"name": NAME} | more).encode())


def test_it_accepts_a_name():
    outcome = verdict_of(accepted())
    assert (outcome.verdict, outcome.ref, outcome.http_status) == (Verdict.ACCEPTED, NAME, 200)
    assert outcome.progress is None


def test_it_accepts_a_running_operation_with_metadata():
    assert verdict_of(accepted(metadata={"a": 1}, done=False)).progress is None


@pytest.mark.parametrize(
    ("final", "phase"),
    [
        (
            {"response": {"generateVideoResponse": {"generatedSamples": [{"video": {"uri": "files/x"}}]}}},
            Phase.SUCCEEDED,
        ),
        ({"response": {"generateVideoResponse": {"raiMediaFilteredReasons": ["No."]}}}, Phase.FILTERED),
        ({"error": {"code": 13, "message": "Broken."}}, Phase.FAILED),
        ({"response": {}}, Phase.EMPTY),
    ],
)
def test_it_accepts_an_answer_that_is_final_already(final, phase):
    outcome = verdict_of(accepted(done=True, **final))
    assert (outcome.verdict, outcome.ref) == (Verdict.ACCEPTED, NAME)
    assert outcome.progress is not None
    assert outcome.progress.phase is phase


def test_it_keeps_the_paid_name_when_the_result_beside_it_cannot_be_read():
    video = {"encodedVideo": "a"}
    outcome = verdict_of(accepted(done=True, response={"generatedSamples": [{"video": video}]}))
    assert (outcome.verdict, outcome.ref, outcome.progress) == (Verdict.ACCEPTED, NAME, None)


@pytest.mark.parametrize(
    "name",
    [
        None,
        7,
        "",
        "abc",
        "operations/",
        "models/veo/operations/",
        "https://evil.example/operations/a",
        "/operations/a",
        "models/../operations/a",
        "models/a..b/operations/c",
        "models/a/operations/..",
        "models/a/operations/b?key=c",
        "models/a/operations/b:cancel",
        "models/a/operations/b#c",
        "models/a/operations/b c",
        "models/a/operations/b\n",
        "models//operations/b",
        "operations/" + "a" * 500,
        "models/\u0430/operations/b",
    ],
)
def test_it_does_not_know_what_a_200_without_a_proper_name_means(name):
    outcome = verdict_of(answer(200, json.dumps({"name": name}).encode()))
    assert (outcome.verdict, outcome.ref, outcome.code) == (Verdict.AMBIGUOUS, "", "bad_name")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", HTML, b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"name": NaN}', b"1" * 5000],
)
def test_it_does_not_know_what_a_200_without_an_object_means(body):
    outcome = verdict_of(answer(200, body))
    assert (outcome.verdict, outcome.code) == (Verdict.AMBIGUOUS, "garbled")


@pytest.mark.parametrize("http_status", [400, 401, 402, 403, 404, 413, 422])
def test_it_takes_a_refusal_for_a_refusal(http_status):
    outcome = verdict_of(answer(http_status, ERROR))
    assert (outcome.verdict, outcome.http_status) == (Verdict.REJECTED, http_status)
    assert outcome.reason == "SAID_NO"
    assert outcome.excerpt == ERROR.decode()
    assert outcome.message


@pytest.mark.parametrize("http_status", [400, 401, 402, 403, 404, 413, 422])
@pytest.mark.parametrize("body", [b"", HTML, b"{}", b"not found"])
def test_it_does_not_believe_a_refusal_that_is_not_googles(http_status, body):
    assert verdict_of(answer(http_status, body)).verdict is Verdict.AMBIGUOUS


@pytest.mark.parametrize("body", [ERROR, b"", HTML])
def test_it_may_send_again_after_429(body):
    outcome = verdict_of(answer(429, body, retry_after="12"))
    assert (outcome.verdict, outcome.retry_after, outcome.code) == (Verdict.NOT_ACCEPTED, 12, "quota")


def test_it_reads_the_wait_of_429_from_a_date_and_from_retry_info():
    dated = {"retry_after": "Sun, 01 Nov 2026 12:01:30 GMT", "date": "Sun, 01 Nov 2026 12:00:00 GMT"}
    assert verdict_of(answer(429, ERROR, **dated)).retry_after == 90
    info = json.dumps({"error": {"message": "…", "details": [{"retryDelay": "33s"}]}}).encode()
    assert verdict_of(answer(429, info)).retry_after == 33


@pytest.mark.parametrize("http_status", [408, 409, 425, 499, 500, 501, 502, 503, 504, 529, 599])
@pytest.mark.parametrize("body", [ERROR, b"", HTML])
def test_it_does_not_know_what_server_trouble_did(http_status, body):
    outcome = verdict_of(answer(http_status, body))
    assert (outcome.verdict, outcome.code) == (Verdict.AMBIGUOUS, "server_trouble")


@pytest.mark.parametrize(
    "http_status",
    [201, 202, 204, 206, 299, 300, 301, 302, 303, 304, 307, 308, 405, 406, 410, 411, 415, 418, 431, 451],
)
@pytest.mark.parametrize("body", [ERROR, json.dumps({"name": NAME}).encode()])
def test_it_does_not_know_what_any_other_status_means(http_status, body):
    outcome = verdict_of(answer(http_status, body))
    assert (outcome.verdict, outcome.code, outcome.ref) == (Verdict.AMBIGUOUS, "garbled", "")


def test_it_keeps_the_reason_of_a_well_formed_503():
    body = json.dumps({"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}).encode()
    assert verdict_of(answer(503, body)).reason == "UNAVAILABLE"


def test_it_may_send_again_what_was_never_sent():
    outcome = verdict_of(Unanswered(NoAnswer("no_answer", "Could not connect."), sent=False))
    assert outcome.verdict is Verdict.NOT_SENT
    assert outcome.message == "Could not connect. Nothing was sent."


def test_it_does_not_send_again_what_a_refused_account_could_not_send():
    refused = CredentialRefused("credential_revoked", "Google gives no access token.", http_status=401)
    outcome = verdict_of(Unanswered(refused, sent=False))
    assert (outcome.verdict, outcome.code) == (Verdict.REJECTED, "credential_revoked")
    assert outcome.message == "Google gives no access token. Nothing was sent."


def test_it_may_send_again_what_came_with_an_old_token():
    outcome = verdict_of(Answer(401, {}, ERROR, renewed=True))
    assert (outcome.verdict, outcome.code) == (Verdict.NOT_ACCEPTED, "token_expired")
    assert outcome.retry_after == 0
    assert verdict_of(Answer(401, {}, HTML, renewed=True)).verdict is Verdict.AMBIGUOUS


@pytest.mark.parametrize("error", [NoAnswer("no_answer", "It broke."), Garbled("garbled", "Too large.")])
@pytest.mark.parametrize("http_status", [None, 200, 400, 429])
def test_it_does_not_know_what_a_lost_answer_said(error, http_status):
    outcome = verdict_of(Unanswered(error, sent=True, http_status=http_status))
    assert (outcome.verdict, outcome.code, outcome.http_status) == (
        Verdict.AMBIGUOUS,
        error.code,
        http_status,
    )
    assert "may have been charged" in outcome.message


@pytest.mark.parametrize("http_status", [200, 302, 400, 429, 500])
def test_it_shows_the_secret_in_no_outcome(http_status):
    body = json.dumps({"name": "?", "error": {"message": KEY.key, "status": KEY.key}}).encode()
    assert KEY.key not in repr(verdict_of(answer(http_status, body)))
