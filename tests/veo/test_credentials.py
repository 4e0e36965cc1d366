import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.veo.credentials import ApiKey, Credentials, OAuthToken, Redact, excerpt, redact

KEY = "AIza" + "SyD-abcdefghijklmnopqrstuvwxyz01234"
secrets = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+", min_size=8, max_size=60
)


def test_it_sends_a_key_in_googles_header_only():
    assert ApiKey(KEY).headers() == {"x-goog-api-key": KEY}


def test_it_sends_a_key_as_bearer_only_where_a_relay_wants_it():
    assert ApiKey(KEY, style="bearer").headers() == {"authorization": f"Bearer {KEY}"}


def test_it_sends_a_token_as_bearer_only():
    assert OAuthToken("ya29.token").headers() == {"authorization": "Bearer ya29.token"}


def test_it_sends_the_quota_project_beside_a_token():
    headers = OAuthToken("ya29.token", quota_project="studio-1").headers()
    assert headers == {"authorization": "Bearer ya29.token", "x-goog-user-project": "studio-1"}


@pytest.mark.parametrize("credentials", [ApiKey(KEY), OAuthToken(KEY)])
def test_it_hides_the_secret_in_every_text_form(credentials: Credentials):
    shown = f"{credentials!r} {credentials} {credentials.fingerprint}"
    assert KEY not in shown
    assert len(credentials.fingerprint) == 12


def test_it_tells_credentials_apart_by_fingerprint():
    assert (
        len({ApiKey("a" * 20).fingerprint, ApiKey("b" * 20).fingerprint, OAuthToken("a" * 20).fingerprint})
        == 3
    )


def test_it_forgives_blanks_around_a_pasted_key():
    assert ApiKey(f"  {KEY}\n").headers() == {"x-goog-api-key": KEY}


@pytest.mark.parametrize("kind", [ApiKey, OAuthToken])
@pytest.mark.parametrize("text", ["", "  ", "two words", "line\r\nX-Evil: 1", "clé-de-vidéo"])
def test_it_refuses_what_cannot_be_a_header_and_does_not_quote_it(kind, text):
    with pytest.raises(ValueError) as error:
        kind(text)
    assert not text.strip() or text not in str(error.value)


@given(before=st.text(max_size=30), secret=secrets, after=st.text(max_size=30))
def test_it_removes_the_secret_from_any_text(before, secret, after):
    for credentials in (ApiKey(secret), OAuthToken(secret)):
        assert secret not in redact(f"{before}{secret}{after}", credentials)


@given(st.text(), secrets)
def test_it_changes_nothing_when_redacting_twice(text, secret):
    once = redact(text, ApiKey(secret))
    assert redact(once, ApiKey(secret)) == once


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"key {KEY}.", "key ***."),
        (
            "Consumer 'api_key:AIzaSyA1234567890123456' has been suspended",
            "Consumer 'api_key:***' has been suspended",
        ),
        ("AQ." + "Ab8RN6Jabcdefghijklmnop was refused", "*** was refused"),
        ("Authorization: Bearer ya29.a0AfH6SMBx", "Authorization: Bearer ***"),
        ("Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.e30.x", "Authorization: Bearer ***"),
        ("https://g.example/f?alt=media&key=abc#x", "https://g.example/f?alt=media&key=***#x"),
        ("https://s.example/o?X-Goog-Signature=4af&b=1", "https://s.example/o?X-Goog-Signature=***&b=1"),
        ("https://s.example/o?token=t1&pageToken=t2", "https://s.example/o?token=***&pageToken=t2"),
        (
            r'{"uri":"https://g.example/f?a=1\u0026key=abc"}',
            r'{"uri":"https://g.example/f?a=1\u0026key=***"}',
        ),
        ("continue=https%3A%2F%2Fg.example%3Fkey%3Dabc", "continue=https%3A%2F%2Fg.example%3Fkey%3D***"),
        ("grant 1//0gAbCdEfGhIjKlMnOpQrSt done", "grant *** done"),
        ("client GOCSPX-AbCdEfGhIjKlMn.", "client ***."),
        ("jwt eyJhbGciOiJS.eyJpc3MiOiJz.c2lnbmF0dXJl!", "jwt ***!"),
        (
            "a -----BEGIN PRIVATE" + " KEY-----\nMIIE\nabc=\n-----END PRIVATE KEY----- b",
            "a *** b",
        ),
        ("cut -----BEGIN RSA PRIVATE" + " KEY-----\nMIIE\nabc", "cut ***"),
        ("The key to the bearer of tokens: AQ. AIza", "The key to the bearer of tokens: AQ. AIza"),
    ],
)
def test_it_removes_known_forms_without_knowing_the_secret(text, clean):
    assert redact(text) == clean


def test_it_removes_the_secret_as_urls_and_pages_write_it():
    credentials = OAuthToken("a/b+c&d<e>f")
    assert redact("a%2Fb%2Bc%26d%3Ce%3Ef a/b+c&amp;d&lt;e&gt;f", credentials) == "*** ***"


def test_it_redacts_before_it_cuts():
    assert excerpt(f"1234 {KEY}", limit=12) == "1234 ***"
    assert excerpt(b"x" * 1990 + KEY.encode(), ApiKey(KEY)) == "x" * 1990 + "***"


def test_it_leaves_out_what_a_database_refuses():
    assert excerpt("a\x00b\ud800c") == "ab?c"
    assert excerpt(b"\xff\xfe") == "\ufffd\ufffd"


@pytest.fixture
def record():
    def record(message, *args, **more):
        return logging.LogRecord(
            "test", logging.INFO, __file__, 1, message, args, more.get("exc_info"), sinfo=more.get("sinfo")
        )

    return record


class NoTokenYet(OAuthToken):
    secrets = ("", "refresh-secret")


def test_it_hides_all_secrets_of_a_credential_that_has_several():
    assert redact("a refresh-secret b", NoTokenYet("ya29.token")) == "a *** b"


def test_it_filters_messages_and_arguments(record):
    entry = record("sent %s and %s", "demo-secret", KEY)
    assert Redact(["demo-secret"]).filter(entry)
    assert logging.Formatter().format(entry) == "sent *** and ***"


def test_it_filters_tracebacks_and_stacks(record):
    try:
        raise RuntimeError("demo-secret")
    except RuntimeError:
        entry = record("failed", exc_info=sys.exc_info(), sinfo="stack demo-secret")
    Redact(["demo-secret", ""]).filter(entry)
    line = logging.Formatter().format(entry)
    assert "demo-secret" not in line
    assert "RuntimeError: ***" in line


def test_it_survives_a_log_call_with_wrong_arguments(record):
    entry = record("%d clips", "demo-secret")
    Redact(["demo-secret"]).filter(entry)
    assert logging.Formatter().format(entry) == "%d clips ('***',)"
