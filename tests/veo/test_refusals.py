import datetime as dt
import json
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.veo import errors
from projects.veo.catalog import CATALOG
from projects.veo.credentials import ApiKey, OAuthToken
from projects.veo.refusals import CONTENT_CODES, About, from_response, read_refusal
from projects.veo.said import LONGEST_WAIT

KEY = ApiKey("AIza" + "SyTestKeyForRefusals_0123456789abcde")
BEARER_KEY = ApiKey(KEY.key, style="bearer")
TOKEN = OAuthToken("ya29." + "test-token-for-refusals")


class File(OAuthToken):
    """Stands for a credential that renews itself."""

    renewable = True
    source = "GOOGLE_APPLICATION_CREDENTIALS (/srv/google.json)"
    remedy = "Make a new key for the service account."


FILE = File("ya29." + "test-token-of-a-file")
VERTEX = [{"reason": "SERVICE_DISABLED", "metadata": {"service": "aiplatform.googleapis.com"}}]
UNREGISTERED = (
    "Method doesn't allow unregistered callers (callers without established identity). "
    "Please use API Key or other form of API consumer identity to call this API."
)
EXPECTED_OAUTH = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
    "other valid authentication credential."
)


def body(message="", status="", reason="", **more):
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    error = {"message": message, "status": status, "details": details + more.pop("details", [])} | more
    return json.dumps({"error": error}).encode()


def quota(quota_id):
    return body(
        "You exceeded your current quota.",
        "RESOURCE_EXHAUSTED",
        details=[{"violations": [{"quotaId": quota_id}]}],
    )


CASES = {
    "key invalid": (
        400,
        body("API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT", "API_KEY_INVALID"),
        KEY,
        errors.CredentialRefused,
        "key_invalid",
        "GEMINI_API_KEY",
    ),
    "key expired": (
        400,
        body("API key expired. Please renew the API key.", "INVALID_ARGUMENT", "API_KEY_INVALID"),
        KEY,
        errors.CredentialRefused,
        "key_invalid",
        "expired",
    ),
    "key as Bearer": (
        401,
        body(EXPECTED_OAUTH, "UNAUTHENTICATED", "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        TOKEN,
        errors.CredentialRefused,
        "key_as_bearer",
        "Bearer",
    ),
    "damaged key": (
        401,
        body(EXPECTED_OAUTH, "UNAUTHENTICATED", "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        KEY,
        errors.CredentialRefused,
        "key_invalid",
        "damaged",
    ),
    "token expired": (
        401,
        body(EXPECTED_OAUTH, "UNAUTHENTICATED"),
        TOKEN,
        errors.CredentialRefused,
        "token_expired",
        "GEMINI_OAUTH_TOKEN",
    ),
    "key as Bearer by setting": (
        401,
        body(EXPECTED_OAUTH, "UNAUTHENTICATED", "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        BEARER_KEY,
        errors.CredentialRefused,
        "key_as_bearer",
        "VEOWEB_GEMINI_KEY_STYLE=header",
    ),
    "key at Vertex": (
        401,
        body("API keys are not supported by this API. Expected OAuth2 access token or other ..."),
        KEY,
        errors.CredentialRefused,
        "key_as_bearer",
        "takes no API key",
    ),
    "key refused by a relay": (
        401,
        body("Invalid token", "authentication"),
        BEARER_KEY,
        errors.CredentialRefused,
        "key_invalid",
        "GEMINI_API_KEY",
    ),
    "token of a file": (
        401,
        body(EXPECTED_OAUTH, "UNAUTHENTICATED"),
        FILE,
        errors.CredentialRefused,
        "token_expired",
        "/srv/google.json",
    ),
    "file without scope": (
        403,
        body("Request had insufficient authentication scopes.", "PERMISSION_DENIED"),
        FILE,
        errors.CredentialRefused,
        "token_scope",
        "/srv/google.json) lacks the scope https://www.googleapis.com/auth/cloud-platform",
    ),
    "role missing": (
        403,
        body("Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform…/m'", "…"),
        FILE,
        errors.Forbidden,
        "role_missing",
        "Vertex AI User (roles/aiplatform.user)",
    ),
    "role missing on the bucket": (
        403,
        body("studio@p.example does not have storage.objects.get access to the object."),
        FILE,
        errors.Forbidden,
        "role_missing",
        "Storage Object User",
    ),
    "no quota project": (
        403,
        body("The aiplatform.googleapis.com API requires a quota project.", "…", "SERVICE_DISABLED"),
        FILE,
        errors.Forbidden,
        "quota_project",
        "set-quota-project",
    ),
    "foreign quota project": (
        403,
        body("Caller does not have required permission to use project p.", "…", "USER_PROJECT_DENIED"),
        TOKEN,
        errors.Forbidden,
        "quota_project",
        "GOOGLE_CLOUD_QUOTA_PROJECT",
    ),
    "Vertex API off": (
        403,
        body("Not used before.", "PERMISSION_DENIED", details=VERTEX),
        FILE,
        errors.Forbidden,
        "api_disabled",
        "Vertex AI API",
    ),
    "token without scope": (
        403,
        body(
            "Request had insufficient authentication scopes.",
            "PERMISSION_DENIED",
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        ),
        TOKEN,
        errors.CredentialRefused,
        "token_scope",
        "cloud-platform",
    ),
    "no credential": (
        403,
        body(UNREGISTERED, "PERMISSION_DENIED"),
        None,
        errors.CredentialRefused,
        "no_credential",
        "No credential reached Google",
    ),
    "key lost on the way": (
        403,
        body("API has not been used in project 542708778979 before", "PERMISSION_DENIED"),
        KEY,
        errors.CredentialRefused,
        "no_credential",
        "proxy",
    ),
    "two credentials": (
        400,
        body("Multiple authentication credentials received. Please pass only one."),
        KEY,
        errors.BadRequest,
        "two_credentials",
        "two credentials",
    ),
    "key restricted": (
        403,
        body("Requests to this API are blocked.", "PERMISSION_DENIED", "API_KEY_SERVICE_BLOCKED"),
        KEY,
        errors.Forbidden,
        "key_restricted",
        "restricted",
    ),
    "API off": (
        403,
        body("Generative Language API has not been used", "PERMISSION_DENIED", "SERVICE_DISABLED"),
        KEY,
        errors.Forbidden,
        "api_disabled",
        "switched off",
    ),
    "billing": (
        400,
        body("Billing is not enabled.", "FAILED_PRECONDITION"),
        KEY,
        errors.BadRequest,
        "billing",
        "billing",
    ),
    "prepaid used up": (
        402,
        body("Payment required.", code="payment_required"),
        KEY,
        errors.BadRequest,
        "billing",
        "billing",
    ),
    "region": (
        400,
        body("User location is not supported for the API use.", "FAILED_PRECONDITION"),
        KEY,
        errors.BadRequest,
        "region",
        "region",
    ),
    "field": (
        400,
        body("`negativePrompt` isn't supported by this model. Please remove it."),
        KEY,
        errors.BadRequest,
        "field_unsupported",
        "the field negativePrompt",
    ),
    "bad value": (
        400,
        body("The value type for `durationSeconds` needs to be a number."),
        KEY,
        errors.BadRequest,
        "bad_request",
        "needs to be a number",
    ),
    "too large": (413, b"<html>413</html>", KEY, errors.BadRequest, "too_large", "smaller pictures"),
    "retired": (
        404,
        body(
            "This model models/veo-3.0-generate-001 is no longer available. "
            "Please update your code to use models/other."
        ),
        KEY,
        errors.ModelRetired,
        "model_retired",
        "Take veo-3.1-generate-preview instead",
    ),
    "retired, not ours": (
        404,
        body("This model models/x-1 is no longer available. Please use models/x-2."),
        KEY,
        errors.ModelRetired,
        "model_retired",
        "Take x-2 instead",
    ),
    "retired, Interactions": (
        404,
        body("gone", code="model_not_found"),
        KEY,
        errors.ModelRetired,
        "model_retired",
        "Choose another model",
    ),
    "retired, Vertex": (
        404,
        body("Publisher Model `projects/p/locations/l/publishers/google/models/x` was not found"),
        KEY,
        errors.ModelRetired,
        "model_retired",
        "the model x",
    ),
    "wrong region": (
        404,
        body(
            "Publisher Model `projects/p/locations/europe-west4/publishers/google/models/veo-x` "
            "was not found or your project does not have access to it."
        ),
        FILE,
        errors.ModelRetired,
        "model_retired",
        "in europe-west4: Google has switched it off, or GOOGLE_CLOUD_LOCATION is a region without it",
    ),
    "retired at both, by Vertex": (
        404,
        body(
            "Publisher Model `projects/p/locations/us-central1/publishers/google/models/veo-3.0-generate-001`"
        ),
        FILE,
        errors.ModelRetired,
        "model_retired",
        "Choose another model.",
    ),
    "no such object": (
        404,
        body("No such object: studio/clips/a.mp4"),
        FILE,
        errors.NotFound,
        "file_gone",
        "Cloud Storage",
    ),
    "previous work not finished": (
        400,
        body("The previous interaction is in progress.", code="failed_precondition"),
        KEY,
        errors.BadRequest,
        "bad_request",
        "in progress",
    ),
    "unknown model": (
        404,
        body("models/veo-9 is not found for API version v1beta, or is not supported for predictLongRunning."),
        KEY,
        errors.NotFound,
        "model_unknown",
        "veo-9",
    ),
    "minute quota": (
        429,
        quota("GenerateRequestsPerMinutePerProjectPerModel"),
        KEY,
        errors.RateLimited,
        "quota",
        "limit",
    ),
    "day quota": (
        429,
        quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
        KEY,
        errors.RateLimited,
        "quota_day",
        "midnight Pacific",
    ),
    "bare 429": (429, b"", KEY, errors.RateLimited, "quota", "limit"),
    "internal": (
        500,
        body("An internal error has occurred.", "INTERNAL"),
        KEY,
        errors.ServerTrouble,
        "server_trouble",
        "HTTP 500",
    ),
    "gateway page": (
        502,
        b"<html>Bad gateway</html>",
        KEY,
        errors.ServerTrouble,
        "server_trouble",
        "HTTP 502",
    ),
    "request timeout": (408, b"", KEY, errors.ServerTrouble, "server_trouble", "HTTP 408"),
    "teapot": (418, b"short and stout", KEY, errors.BadRequest, "bad_request", "refused"),
}


@pytest.mark.parametrize("case", CASES)
def test_it_names_each_refusal(case):
    http_status, content, credentials, kind, code, words = CASES[case]
    error = from_response(http_status, {}, content, about=About.SUBMIT, credentials=credentials)
    assert type(error) is kind
    assert (error.code, error.http_status) == (code, http_status)
    assert words in error.message


@pytest.mark.parametrize(
    ("http_status", "about", "kind", "code"),
    [
        (403, About.FILE, errors.Forbidden, "file_gone"),
        (404, About.FILE, errors.NotFound, "file_gone"),
        (403, About.OPERATION, errors.Forbidden, "forbidden"),
        (404, About.OPERATION, errors.NotFound, "operation_unknown"),
        (404, About.LIST, errors.NotFound, "not_found"),
    ],
)
def test_it_reads_the_same_status_by_what_was_asked(http_status, about, kind, code):
    content = body("You do not have permission to access the File abc or it may not exist.")
    error = from_response(http_status, {}, content, about=about, credentials=KEY)
    assert (type(error), error.code) == (kind, code)


@pytest.mark.parametrize("code", sorted(CONTENT_CODES))
def test_it_knows_the_words_for_a_prompt_that_may_not_be_used(code):
    error = from_response(400, {}, body("Try other words.", code=code), about=About.SUBMIT)
    assert (type(error), error.code, error.reason) == (errors.BadRequest, "prompt_blocked", code)
    assert "Google says: Try other words." in error.message


def test_it_does_not_take_a_vanished_file_for_a_retired_model():
    content = body("The file is no longer available.")
    assert from_response(404, {}, content, about=About.FILE).code == "file_gone"


def test_it_names_the_successor_of_every_retired_model():
    for model in (model for model in CATALOG.models if model.replaced_by):
        content = body(f"This model models/{model.id} is no longer available.")
        assert (
            f"Take {model.replaced_by} instead" in from_response(404, {}, content, about=About.SUBMIT).message
        )


@pytest.mark.parametrize(
    ("content", "detail", "structured"),
    [
        (b'{"error": {"message": "words"}}', "words", True),
        (b'[{"error": {"message": "words", "status": "INVALID_ARGUMENT"}}]', "words", True),
        (b'{"error": "words"}', "words", True),
        (
            b'{"error": {"message": null, "details": "none"}}',
            '{"error": {"message": null, "details": "none"}}',
            True,
        ),
        (b'{"error": {}}', '{"error": {}}', False),
        (b"<html>words</html>", "<html>words</html>", False),
        (b"words", "words", False),
        (b"[]", "[]", False),
        (b"", "", False),
        (b"\xff\xfe", "\ufffd\ufffd", False),
        (b"[" * 100_000, "[" * 2000, False),
    ],
)
def test_it_keeps_googles_own_words_from_a_body_of_any_shape(content, detail, structured):
    refusal = read_refusal(400, {}, content, about=About.SUBMIT)
    assert (refusal.detail, refusal.structured) == (detail, structured)


@given(st.binary(max_size=300), st.integers(400, 599), st.sampled_from(About))
def test_it_never_fails_on_a_body(content, http_status, about):
    assert from_response(http_status, {}, content, about=about).message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["error", "message", "status", "details", "reason", "violations", "retryDelay"]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_it_never_fails_on_json_of_a_strange_shape(data):
    assert from_response(429, {}, json.dumps({"error": data}).encode(), about=About.SUBMIT).message


def test_it_hides_the_credential_that_an_error_repeats():
    content = body(f"Consumer 'api_key:{KEY.key}' has been suspended.", KEY.key, KEY.key)
    error = from_response(403, {}, content, about=About.SUBMIT, credentials=KEY)
    assert KEY.key not in f"{error!r} {error.message} {error.detail} {error.reason}"
    assert "api_key:***" in error.detail


def test_it_keeps_googles_machine_word():
    content = body("…", "INVALID_ARGUMENT", "API_KEY_INVALID")
    assert from_response(400, {}, content, about=About.SUBMIT).reason == "API_KEY_INVALID"
    assert from_response(503, {}, body("…", "UNAVAILABLE"), about=About.SUBMIT).reason == "UNAVAILABLE"


NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("headers", "delay", "seconds"),
    [
        ({"retry-after": "7"}, None, 7),
        ({"retry-after": "0.5"}, None, 0.5),
        ({"retry-after": "7"}, "33s", 33),
        ({"retry-after": "40"}, "33.5s", 40),
        ({}, "33.5s", 33.5),
        ({}, None, 0),
        ({"retry-after": "soon"}, "later", 0),
        ({"retry-after": "-5"}, None, 0),
        ({"retry-after": "nan"}, "infs", 0),
        ({"retry-after": "9999999"}, None, LONGEST_WAIT),
        (
            {
                "retry-after": format_datetime(NOON + dt.timedelta(seconds=90), usegmt=True),
                "date": format_datetime(NOON, usegmt=True),
            },
            None,
            90,
        ),
        (
            {
                "retry-after": format_datetime(NOON, usegmt=True),
                "date": format_datetime(NOON + dt.timedelta(seconds=90), usegmt=True),
            },
            None,
            0,
        ),
        ({"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"}, None, LONGEST_WAIT),
    ],
)
def test_it_reads_how_long_to_wait(headers, delay, seconds):
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}] if delay else []
    error = from_response(429, headers, body("…", details=details), about=About.SUBMIT)
    assert error.retry_after == seconds
