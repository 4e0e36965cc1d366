"""An error answer of Google, in any of its shapes, as one code and one sentence for a person.

Shapes met in the wild: an object with `error`, the same as a one-element list (Google's front end), string
codes (Interactions), an `error` that is only text (relays), HTML, plain text, nothing. Reasons and texts:
ai.google.dev/gemini-api/docs/api-errors, google.rpc.ErrorInfo, and threads named beside the rules.
"""

import datetime as dt
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from projects.veo import errors
from projects.veo.catalog import CATALOG
from projects.veo.credentials import Credentials, OAuthToken, excerpt

LONGEST_WAIT = 3600.0
"""Seconds. A longer wait is cut: to ask once an hour does no harm, and a mad header cannot stop the work."""


class About(Enum):
    """What was asked for. Google says 403 or 404 for many things, and only the question tells them apart."""

    SUBMIT = "submit"
    OPERATION = "operation"
    FILE = "file"
    LIST = "list"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What an error answer means. `structured` is False when the body was not an error object."""

    http_status: int
    code: str
    message: str
    reason: str
    detail: str
    retry_after: float
    structured: bool

    def error(self) -> errors.ApiError:
        return _class_of(self.code, self.http_status)(
            self.code,
            self.message,
            detail=self.detail,
            http_status=self.http_status,
            reason=self.reason,
            retry_after=self.retry_after,
        )


@dataclass(frozen=True, kw_only=True)
class _Said:
    """The body's facts before they are judged."""

    text: str = ""
    status: str = ""
    reason: str = ""
    details: list[Mapping[str, Any]] = field(default_factory=list)
    structured: bool = False

    def has(self, *words: str) -> bool:
        where = f"{self.text} {self.status} {self.reason}".lower()
        return any(word.lower() in where for word in words)

    @property
    def quote(self) -> str:
        return f"Google says: {self.text[:300]}" if self.text else "Google gave no reason."


def read_refusal(
    http_status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    about: About,
    credentials: Credentials | None = None,
) -> Refusal:
    """Never raises, whatever the body is. Header names are lower case."""
    said = _listen(body, credentials)
    code, message = _name(http_status, said, about, credentials)
    return Refusal(
        http_status=http_status,
        code=code,
        message=message,
        reason=said.reason or said.status,
        detail=said.text or excerpt(body, credentials),
        retry_after=_wait(headers, said),
        structured=said.structured,
    )


def from_response(
    http_status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    about: About,
    credentials: Credentials | None = None,
) -> errors.ApiError:
    """The same as an exception to raise."""
    return read_refusal(http_status, headers, body, about=about, credentials=credentials).error()


def _listen(body: bytes, credentials: Credentials | None) -> _Said:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return _Said()
    if isinstance(data, list) and data:
        data = data[0]
    error = data.get("error") if isinstance(data, dict) else None
    if isinstance(error, str) and error:
        return _Said(text=excerpt(error, credentials), structured=True)
    if not isinstance(error, dict) or not error:
        return _Said()
    details = error.get("details")
    details = [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []
    reasons = [str(item["reason"]) for item in details if item.get("reason")]
    return _Said(
        text=excerpt(str(error.get("message") or ""), credentials),
        # Interactions put their word in `code` and have no `status`.
        status=excerpt(str(error.get("status") or error.get("code") or ""), credentials, limit=100),
        reason=excerpt(reasons[0], credentials, limit=100) if reasons else "",
        details=details,
        structured=True,
    )


def _wait(headers: Mapping[str, str], said: _Said) -> float:
    """Seconds to wait: the longer of Retry-After (seconds or HTTP date) and RetryInfo; 0 without either."""
    waits = [_seconds(headers.get("retry-after", ""), headers.get("date", ""))]
    waits += [_seconds(str(item.get("retryDelay", "")).removesuffix("s"), "") for item in said.details]
    return max(waits)


def _seconds(text: str, date: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text, date)
    return min(seconds, LONGEST_WAIT) if math.isfinite(seconds) and seconds > 0 else 0.0


def _until(text: str, date: str) -> float:
    """Seconds to an HTTP date, by the server's own clock where it tells us: ours may be wrong."""
    then = _moment(text)
    now = _moment(date) or dt.datetime.now(dt.UTC)
    return (then - now).total_seconds() if then else 0.0


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment


def _class_of(code: str, http_status: int) -> type[errors.ApiError]:
    if code in ("key_invalid", "key_as_bearer", "token_expired", "token_scope", "no_credential"):
        return errors.CredentialRefused
    if code == "model_retired":
        return errors.ModelRetired
    if http_status == 403:
        return errors.Forbidden
    if http_status in (404, 410):
        return errors.NotFound
    if http_status == 429:
        return errors.RateLimited
    if http_status >= 500 or http_status in (408, 409, 425, 499):
        return errors.ServerTrouble
    return errors.BadRequest


def _name(http_status: int, said: _Said, about: About, credentials: Credentials | None) -> tuple[str, str]:
    if _is_retirement(http_status, said):
        return "model_retired", _retired(said)
    match http_status:
        case 401:
            return _unauthenticated(said, credentials)
        case 403:
            return _denied(said, about)
        case 404 | 410:
            return _missing(said, about)
        case 429:
            return _limited(said)
        case 402:
            return "billing", f"Google wants the project's billing put in order first. {said.quote}"
        case 413:
            return "too_large", "The request is too large for Google. Use smaller pictures."
        case status if status >= 500 or status in (408, 409, 425, 499):
            return "server_trouble", f"Google had trouble of its own (HTTP {http_status}). {said.quote}"
    return _bad_request(said)


def _bad_request(said: _Said) -> tuple[str, str]:
    if said.has("API_KEY_INVALID", "api key not valid", "api key expired"):
        return "key_invalid", (
            "Google does not accept this API key: it is mistyped, deleted or expired. "
            "Check GEMINI_API_KEY, or make a new key in Google AI Studio."
        )
    if said.has("multiple authentication credentials"):
        return "two_credentials", (
            "Google says that two credentials came at once. veoweb sends one; "
            "look for a proxy or relay in between that adds another."
        )
    if said.has("location is not supported"):
        return "region", "Google does not offer this service in the region this server calls from."
    if said.has("FAILED_PRECONDITION", "billing"):
        return "billing", f"Google wants billing switched on for the project of this credential. {said.quote}"
    if field_name := unsupported_field(said.text):
        return "field_unsupported", f"The model does not take the field {field_name}. {said.quote}"
    return "bad_request", f"Google refused the request. {said.quote}"


def unsupported_field(text: str) -> str:
    """The name in "`X` isn't supported by this model", or "". Google toggles fields (n8n-io/n8n#17707)."""
    found = re.search(r"`([\w.]{1,80})` isn['’]t supported by this model", text)
    return found[1] if found else ""


def _unauthenticated(said: _Said, credentials: Credentials | None) -> tuple[str, str]:
    if credentials is not None and not isinstance(credentials, OAuthToken):
        return "key_invalid", (
            "Google does not accept this API key as a credential. It may be damaged: copy it again "
            f"from Google AI Studio into GEMINI_API_KEY. {said.quote}"
        )
    if said.has("ACCESS_TOKEN_TYPE_UNSUPPORTED"):
        return "key_as_bearer", (
            "An API key was sent as a Bearer token, or the token is not an OAuth access token. "
            "An API key belongs in GEMINI_API_KEY, not in GEMINI_OAUTH_TOKEN."
        )
    return "token_expired", (
        "The OAuth token has expired or was revoked; it lives for about an hour. "
        "Put a fresh one in GEMINI_OAUTH_TOKEN, or use an API key."
    )


def _denied(said: _Said, about: About) -> tuple[str, str]:
    # 542708778979 is Google's own project: the key did not arrive (deprecated-generative-ai-js#477).
    if said.has("unregistered callers", "542708778979"):
        return "no_credential", (
            "No credential reached Google. Set GEMINI_API_KEY or GEMINI_OAUTH_TOKEN; "
            "if one is set, look for a proxy that removes headers."
        )
    if said.has("API_KEY_SERVICE_BLOCKED", "_BLOCKED"):
        return "key_restricted", (
            "This API key is restricted and may not be used for the Gemini API from here. "
            f"Change the key's restrictions in the Google Cloud console. {said.quote}"
        )
    if said.has("SERVICE_DISABLED"):
        return "api_disabled", (
            "The Gemini API is switched off in this credential's project. "
            f"Switch it on, then wait some minutes. {said.quote}"
        )
    if said.has("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficient authentication scopes"):
        return (
            "token_scope",
            "The OAuth token lacks a scope. Ask for https://www.googleapis.com/auth/cloud-platform.",
        )
    if said.has("BILLING_DISABLED"):
        return "billing", f"Google wants billing switched on for the project of this credential. {said.quote}"
    if about is About.FILE:
        return "file_gone", (
            "Google does not give this file to this credential: it has expired (files are kept for 2 days) "
            f"or it belongs to another project. {said.quote}"
        )
    return "forbidden", f"Google does not allow this with this credential. {said.quote}"


def _is_retirement(http_status: int, said: _Said) -> bool:
    if http_status not in (400, 404, 410):
        return False
    switched_off = "model" in said.text.lower() and "no longer available" in said.text.lower()
    return switched_off or said.has("model_not_found") or "Publisher Model" in said.text


def _retired(said: _Said) -> str:
    """Google's text names the model and often its successor; our catalog knows the successors of its own."""
    named = re.findall(r"models/([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)", said.text)
    model = CATALOG.get(named[0]) if named else None
    successor = model.replaced_by if model else ""
    if not successor and len(named) > 1:
        successor = named[1]
    which = f"the model {named[0]}" if named else "this model"
    advice = f"Take {successor} instead." if successor else "Choose another model."
    return f"Google has switched off {which}. {advice}"


def _missing(said: _Said, about: About) -> tuple[str, str]:
    if said.has("is not found for api version"):
        return "model_unknown", f"Google knows no such model for this kind of work. {said.quote}"
    if about is About.FILE:
        return "file_gone", "Google no longer has this file. Files are kept for 2 days."
    if about is About.OPERATION:
        return "operation_unknown", (
            "Google does not know this operation: it has expired, or it belongs to another project."
        )
    return "not_found", f"Google has nothing at this address. {said.quote}"


def _limited(said: _Said) -> tuple[str, str]:
    if any("perday" in quota_id.lower() for quota_id in _quota_ids(said)):
        return (
            "quota_day",
            "The day's quota of this credential is used up. Google opens it again at midnight Pacific time.",
        )
    return "quota", f"Google's rate or spending limit for this credential is reached. {said.quote}"


def _quota_ids(said: _Said) -> Iterator[str]:
    for item in said.details:
        violations = item.get("violations")
        for violation in violations if isinstance(violations, list) else []:
            if isinstance(violation, dict):
                yield str(violation.get("quotaId", ""))
