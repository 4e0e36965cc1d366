"""Accounts of Google Cloud against a real token server on this machine."""

import datetime as dt
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import _exponential_backoff, jwt

from projects.veo import oauth
from projects.veo.accounts import application_default, from_file
from projects.veo.credentials import SCOPE, Redact, redact
from projects.veo.errors import CredentialRefused, Garbled, NoAnswer
from tests.veo.conftest import Reply, Server, as_json

EMAIL = "studio@demo-project.iam.example"
REFRESH_TOKEN = "1//" + "0gTestRefreshTokenOfNobody_0123456789"
CLIENT_SECRET = "GOCSPX-" + "TestClientSecretOfNobody"


@pytest.fixture(scope="session")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def service(server: Server, private_key: str) -> dict[str, Any]:
    return {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key": private_key,
        "private_key_id": "k1",
        "token_uri": f"{server.url}/token",
    }


@pytest.fixture
def user(server: Server) -> dict[str, Any]:
    return {
        "type": "authorized_user",
        "client_id": "studio.apps.example",
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "token_uri": f"{server.url}/token",
        "quota_project_id": "pays-by-file",
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "google.json"


@pytest.fixture
def opened(path: Path):
    """Writes a credentials file and opens it."""

    def opened(info: Any, **more: Any) -> oauth.GoogleCredentials:
        path.write_text(info if isinstance(info, str) else json.dumps(info))
        return from_file(str(path), **more)

    return opened


def token(number: int, *, seconds: int = 3600, **more: Any) -> Reply:
    return as_json({"access_token": text(number), "expires_in": seconds, "token_type": "Bearer"} | more)


def text(number: int) -> str:
    return f"ya29.test-token-{number}"


def bearer(number: int) -> dict[str, str]:
    return {"authorization": f"Bearer {text(number)}"}


def test_a_service_account_signs_for_its_first_token(server, service, opened, private_key):
    account = opened(service)
    assert server.seen == []
    server.will(token(1))
    assert account.headers() == bearer(1)
    [seen] = server.seen
    form = parse_qs(seen.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    claims = jwt.decode(form["assertion"][0], verify=False)
    assert (claims["iss"], claims["scope"]) == (EMAIL, SCOPE)
    assert "x-goog-api-key" not in seen.headers
    assert "authorization" not in seen.headers


def test_a_logged_in_person_is_renewed_and_pays_by_the_files_quota_project(server, user, opened):
    account = opened(user)
    server.will(token(1))
    assert account.headers() == bearer(1) | {"x-goog-user-project": "pays-by-file"}
    form = parse_qs(server.seen[0].body.decode())
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], [REFRESH_TOKEN])


def test_the_settings_quota_project_comes_first(server, user, opened):
    account = opened(user, quota_project="pays-by-setting")
    server.will(token(1))
    assert account.headers()["x-goog-user-project"] == "pays-by-setting"


def test_a_token_serves_until_shortly_before_its_end(server, service, opened):
    account = opened(service)
    server.will(token(1), token(2, seconds=200), token(3))
    assert [account.headers() for _ in range(3)] == [bearer(1)] * 3
    account._account.expiry = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(seconds=200)
    assert account.headers() == bearer(2)
    assert account.headers() == bearer(3)
    assert len(server.seen) == 3


def test_eight_threads_make_one_exchange(server, service, opened):
    account = opened(service)
    server.will(token(1), token(2))
    server.script[0].delay = 0.1
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda _: account.headers(), range(8))) == [bearer(1)] * 8
        assert list(threads.map(lambda _: account.renew(bearer(1)), range(8))) == [True] * 8
    assert account.headers() == bearer(2)
    assert len(server.seen) == 2


def test_a_refused_token_is_renewed_once_and_then_believed_to_be_good(server, service, opened):
    account = opened(service)
    server.will(token(1), token(2))
    account.headers()
    assert account.renew(bearer(1))
    assert account.headers() == bearer(2)
    assert not account.renew(bearer(2))
    assert len(server.seen) == 2


def test_a_token_that_cannot_be_renewed_after_a_401_says_why_at_the_next_request(server, service, opened):
    account = opened(service)
    server.will(token(1), as_json({"error": "invalid_grant", "error_description": "Gone."}, 400))
    account.headers()
    assert not account.renew(bearer(1))
    server.will(as_json({"error": "invalid_grant", "error_description": "Gone."}, 400))
    with pytest.raises(CredentialRefused, match="Gone"):
        account.headers()


def test_a_dying_token_serves_while_the_token_server_is_out_of_reach(server, service, opened):
    account = opened(service)
    server.will(token(1, seconds=200), Reply(drop=True), token(2))
    assert [account.headers() for _ in range(3)] == [bearer(1), bearer(1), bearer(2)]


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        ("invalid_grant: Invalid JWT Signature.", "credential_revoked", "Make a new key for this service"),
        (
            "invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes) ... iat and exp",
            "credential_revoked",
            "clock is wrong",
        ),
        ("invalid_scope: Unknown.", "token_scope", SCOPE),
        ("unauthorized_client: Client is unauthorized.", "token_scope", SCOPE),
    ],
)
def test_a_service_account_that_is_refused_names_file_and_fix(
    server, service, opened, path, error, code, words
):
    account = opened(service)
    word, _, description = error.partition(": ")
    server.will(as_json({"error": word, "error_description": description}, 400))
    with pytest.raises(CredentialRefused, match="GOOGLE_APPLICATION_CREDENTIALS") as refused:
        account.headers()
    assert (refused.value.code, refused.value.reason) == (code, word)
    assert words in refused.value.message
    assert str(path) in refused.value.message


def test_a_person_who_took_back_the_consent_is_told_to_log_in(server, user, opened):
    account = opened(user)
    server.will(as_json({"error": "invalid_grant", "error_description": "Token has been revoked."}, 400))
    with pytest.raises(CredentialRefused, match="gcloud auth application-default login") as refused:
        account.headers()
    assert refused.value.code == "credential_revoked"


@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(reset=True, drop=True)])
def test_a_network_that_is_down_is_no_refusal(server, service, opened, reply):
    account = opened(service)
    server.will(reply)
    with pytest.raises(NoAnswer, match="No access token for GOOGLE_APPLICATION_CREDENTIALS"):
        account.headers()
    server.will(token(1))
    assert account.headers() == bearer(1)


def test_a_token_server_in_trouble_is_asked_again_and_is_no_refusal(server, service, opened, monkeypatch):
    monkeypatch.setattr(_exponential_backoff.time, "sleep", lambda seconds: None)
    account = opened(service)
    server.will(*[Reply(503, b"<html>busy</html>")] * 3)
    with pytest.raises(NoAnswer, match="trouble of its own"):
        account.headers()
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    "said",
    [
        {"access_token": "two words", "expires_in": 3600},
        {"access_token": "line\r\nX-Evil: 1", "expires_in": 3600},
        {"access_token": None, "expires_in": 3600},
        {"access_token": "ya29.x", "expires_in": "soon"},
        ["access_token"],
        "access_token",
    ],
)
def test_what_is_no_token_is_never_sent(server, service, opened, said):
    account = opened(service)
    server.will(as_json(said), token(1))
    with pytest.raises((Garbled, CredentialRefused)):
        account.headers()
    assert account.headers() == bearer(1)


def test_a_redirect_of_the_token_server_is_not_followed(server, stranger, service, opened):
    account = opened(service)
    server.will(Reply(302, headers={"Location": f"{stranger.url}/token"}))
    with pytest.raises(CredentialRefused):
        account.headers()
    assert stranger.seen == []


def test_no_secret_is_in_any_text(server, user, service, opened, private_key, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = [private_key, REFRESH_TOKEN, CLIENT_SECRET, text(1), text(2)]
    for info in (service, user):
        account = opened(info)
        repeated = {"error": "invalid_grant", "error_description": " ".join([*secrets, account.secret])}
        server.will(token(1), token(2), as_json(repeated, 400))
        account.headers()
        assert account.renew(bearer(1))
        account._account.token = None
        with pytest.raises(CredentialRefused) as refused:
            account.headers()
        error = refused.value
        said = f"{account!r} {error!r} {error.message} {error.detail} {account.fingerprint} {caplog.text}"
        assert not [secret for secret in secrets if secret in said]
    assert (
        redact(f"a {private_key.strip()} b {text(1)} {text(2)} {REFRESH_TOKEN}", account)
        == "a *** b *** *** ***"
    )


def test_the_logs_filter_knows_a_key_by_its_form(private_key):
    entry = logging.LogRecord("x", logging.INFO, __file__, 1, "sent %s", (private_key,), None)
    Redact().filter(entry)
    assert entry.getMessage().strip() == "sent ***"


def test_an_account_keeps_its_fingerprint_when_its_token_changes(server, service, user, opened):
    account = opened(service)
    before = account.fingerprint
    server.will(token(1))
    account.headers()
    assert account.fingerprint == before
    assert opened(user).fingerprint != before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not the JSON"),
        ("[]", "not the JSON"),
        ('{"type": "odd"}', "type odd"),
        ("{}", "type None"),
        ('{"type": "service_account", "client_email": "a@b"}', "lacks private_key, token_uri"),
        ('{"type": "authorized_user", "client_id": "a"}', "lacks client_secret, refresh_token"),
        (
            '{"type": "service_account", "client_email": "a", "private_key": "no key", "token_uri": "https://t"}',
            "damaged",
        ),
        (
            '{"type": "service_account", "client_email": "a", "private_key": "k", "token_uri": "http://t.example/"}',
            "not https",
        ),
        (
            '{"type": "impersonated_service_account", "service_account_impersonation_url": "http://i.example/"}',
            "not https",
        ),
        (
            '{"type": "impersonated_service_account", "service_account_impersonation_url": "https://i.example/"}',
            "damaged",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named_at_opening(opened, path, content, words):
    with pytest.raises(ValueError, match="GOOGLE_APPLICATION_CREDENTIALS") as error:
        opened(content)
    assert words in str(error.value)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_is_named_at_opening(path):
    with pytest.raises(
        ValueError, match=r"GOOGLE_APPLICATION_CREDENTIALS \(.*google.json\) names a file that is"
    ):
        from_file(str(path))
    with pytest.raises(ValueError, match="cannot be read"):
        from_file(str(path.parent))


def test_a_persons_file_cannot_send_the_refresh_token_to_a_foreign_server(user, opened):
    account = opened(user | {"token_uri": "https://evil.example/token"})
    assert account._account.token_uri == "https://oauth2.googleapis.com/token"


def test_a_workload_identity_exchanges_the_machines_own_token(server, opened, tmp_path):
    subject = tmp_path / "subject"
    subject.write_text("token-of-the-cluster")
    account = opened(
        {
            "type": "external_account",
            "audience": "//iam.example/pools/p/providers/x",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{server.url}/sts",
            "credential_source": {"file": str(subject)},
        }
    )
    assert server.seen == []
    server.will(token(1, issued_token_type="x"))
    assert account.headers() == bearer(1)
    assert parse_qs(server.seen[0].body.decode())["subject_token"] == ["token-of-the-cluster"]


def test_an_account_that_acts_for_another_gets_that_ones_token(server, service, opened):
    url = f"{server.url}/v1/projects/-/serviceAccounts/other@example:generateAccessToken"
    account = opened(
        {
            "type": "impersonated_service_account",
            "service_account_impersonation_url": url,
            "source_credentials": service,
        }
    )
    # The library believes no file about this address.
    account._account._iam_endpoint_override = url
    expires = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    server.will(token(1), as_json({"accessToken": text(2), "expireTime": expires}))
    assert account.headers() == bearer(2)
    denied = {"error": {"message": "Permission 'iam.serviceAccounts.getAccessToken' denied"}}
    account._account.token = None
    server.will(as_json(denied, 403))
    with pytest.raises(CredentialRefused, match="Service Account Token Creator"):
        account.headers()


def test_application_default_credentials_are_gclouds_file(server, user, tmp_path, monkeypatch):
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    file = tmp_path / "application_default_credentials.json"
    file.write_text(json.dumps(user))
    server.will(token(1))
    account = application_default()
    assert account.headers()["authorization"] == f"Bearer {text(1)}"
    assert account.source == f"the application-default credentials ({file})"
    file.write_text("{")
    with pytest.raises(ValueError, match=r"application_default_credentials\.json"):
        application_default()


def test_without_gclouds_file_the_machines_own_account_is_asked_when_it_is_needed(
    server, tmp_path, monkeypatch
):
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("GCE_METADATA_HOST", server.url.removeprefix("http://"))
    account = application_default(quota_project="pays")
    assert server.seen == []
    server.will(token(1))
    assert account.headers() == bearer(1) | {"x-goog-user-project": "pays"}
    assert server.seen[0].headers["metadata-flavor"] == "Google"
    assert server.seen[0].path.startswith(
        "/computeMetadata/v1/instance/service-accounts/default/token?scopes="
    )
    account._account.token = None
    server.will(Reply(404), Reply(drop=True))
    with pytest.raises(CredentialRefused, match="HTTP 404"):
        account.headers()
    with pytest.raises(NoAnswer):
        account.headers()


def test_where_there_is_no_account_at_all_it_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:9")
    with pytest.raises(CredentialRefused, match="gcloud auth application-default login") as refused:
        application_default().headers()
    assert refused.value.code == "no_credential"
