"""Credentials as objects, and the one place that knows how to hide them (promise P4).

A request carries exactly one credential, in a header. Google refuses two at once, and a key sent as a Bearer
token is answered with 401 (NousResearch/hermes-agent#62259).
"""

import hashlib
import html
import json
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from projects.veo.setup import KeyStyle

EXCERPT = 2_000
"""Characters of Google's text that we keep."""

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The one scope that everything here needs; `generative-language.video` does not exist."""

_MARK = "***"


class Credentials(ABC):
    """Who we are to Google. `repr` and every other text form hide the secret."""

    renewable = False
    """Whether a refused token can be exchanged for a fresh one without a person."""
    source = "the settings"
    """The variable, and the file, that it comes from: for sentences."""
    remedy = ""
    """What a person does when Google refuses it, as a sentence."""

    @property
    @abstractmethod
    def secret(self) -> str:
        """The bare text that travels and must never be shown; "" while there is none yet."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that must never be shown, also what does not travel to Google's services."""
        return (self.secret,)

    @abstractmethod
    def headers(self) -> dict[str, str]:
        """What to send, to the configured origin only. VeoError where a token must be fetched and is not."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Told that Google answered 401 to these headers. True when one more try makes sense; never raises.

        One refused token leads to one exchange, however many threads ask.
        """
        return False

    @property
    def fingerprint(self) -> str:
        """12 hex digits that tell two credentials apart in logs and gate keys, and lead to neither."""
        return hashlib.sha256(f"{type(self).__name__}:{self.secret}".encode()).hexdigest()[:12]


@dataclass(frozen=True)
class ApiKey(Credentials):
    """A key of Google AI Studio, of either form (`AIza…`, `AQ.…`). ValueError if it cannot be a header.

    `style` "bearer" is for relays that want `Authorization: Bearer KEY`; Google itself refuses that.
    """

    key: str = field(repr=False)
    style: KeyStyle = "header"

    source = "GEMINI_API_KEY"
    remedy = "Make a new key in Google AI Studio and put it in GEMINI_API_KEY."

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", header_value(self.key, "API key"))

    @property
    def secret(self) -> str:
        return self.key

    def headers(self) -> dict[str, str]:
        if self.style == "bearer":
            return {"authorization": f"Bearer {self.key}"}
        return {"x-goog-api-key": self.key}


@dataclass(frozen=True)
class OAuthToken(Credentials):
    """An access token, about one hour old at most. ValueError if it cannot be a header.

    `quota_project` is the Google Cloud project that pays (ai.google.dev/gemini-api/docs/oauth).
    """

    token: str = field(repr=False)
    quota_project: str = ""

    source = "GEMINI_OAUTH_TOKEN"
    remedy = "Put a fresh token in GEMINI_OAUTH_TOKEN, or use a credentials file, which renews itself."

    def __post_init__(self) -> None:
        object.__setattr__(self, "token", header_value(self.token, "OAuth token"))

    @property
    def secret(self) -> str:
        return self.token

    def headers(self) -> dict[str, str]:
        headers = {"authorization": f"Bearer {self.token}"}
        if self.quota_project:
            headers["x-goog-user-project"] = self.quota_project
        return headers


def header_value(text: str, name: str) -> str:
    """The text without outer blanks. ValueError, without quoting it, if it cannot be a header's value.

    Checked here because h11 quotes a bad header value in its error text.
    """
    value = text.strip()
    if not value:
        raise ValueError(f"The {name} is empty.")
    if not re.fullmatch(r"[!-~]+", value):
        raise ValueError(f"The {name} holds a blank, a line break or a letter that no {name} has.")
    return value


_KNOWN_FORMS = (
    re.compile(r"AIza[0-9A-Za-z_-]{16,}"),
    re.compile(r"\bAQ\.[0-9A-Za-z_.-]{16,}"),
    re.compile(r"\bya29\.[0-9A-Za-z_./+=-]{8,}"),
    re.compile(r"(?i)(?<=\bBearer )[0-9A-Za-z._~+/=-]{16,}"),
    # What a credentials file holds: a private key, a refresh token, a client's secret; and the signed JWT
    # that is exchanged for a token.
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\b1//[0-9A-Za-z_-]{20,}"),
    re.compile(r"\bGOCSPX-[0-9A-Za-z_-]{10,}"),
    re.compile(r"\beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}"),
    # In a URL's query, also as JSON, HTML or a quoted URL writes the separators.
    re.compile(
        r"(?i)(?P<keep>(?:[?&;]|\\u0026|%3F|%26)"
        r"(?:key|api_key|token|access_token|sig|signature|x-goog-signature|x-goog-credential)(?:=|%3D))"
        r"[^&\s\"'<>#\\]+"
    ),
)


def redact(text: str, credentials: Credentials | None = None) -> str:
    """The text without this credential, without anything that looks like a key, and without query secrets."""
    return _scrub(text, filter(None, credentials.secrets) if credentials else [])


def excerpt(text: str | bytes, credentials: Credentials | None = None, *, limit: int = EXCERPT) -> str:
    """The redacted start of a text, at most `limit` characters, that any database can store."""
    if isinstance(text, bytes):
        text = text[: limit * 32].decode("utf-8", "replace")
    return storable(redact(text, credentials))[:limit].strip()


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which PostgreSQL refuses."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _scrub(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], html.escape(secret)}
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, _MARK)
    for pattern in _KNOWN_FORMS:
        text = pattern.sub(_hide, text)
    return text


def _hide(match: re.Match[str]) -> str:
    return f"{match.groupdict().get('keep') or ''}{_MARK}"


class Redact(logging.Filter):
    """Removes secrets from a record: message, arguments, traceback and stack.

    Put it on handlers, not on loggers: a logger's filter does not see what its children log.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = [secret for secret in (text.strip() for text in secrets) if secret]

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = f"{record.msg} {record.args!r}"
        record.msg, record.args = _scrub(message, self._secrets), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = _scrub(record.exc_text, self._secrets)
        if record.stack_info:
            record.stack_info = _scrub(record.stack_info, self._secrets)
        return True
