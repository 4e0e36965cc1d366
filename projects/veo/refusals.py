"""An error answer of Google as one code and one sentence for a person.

Reasons and texts: ai.google.dev/gemini-api/docs/api-errors, google.rpc.ErrorInfo, and threads named beside
the rules. A sentence names the variable to change, and the role or scope that is missing. What Vertex AI and
Cloud Storage say beyond that is known from users' reports, not from answers to our own requests.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from projects.veo import errors
from projects.veo.catalog import CATALOG, VERTEX_VEO
from projects.veo.credentials import SCOPE, ApiKey, Credentials, excerpt
from projects.veo.said import Said, listen

VERTEX_ROLE = "Give it the role Vertex AI User (roles/aiplatform.user)."
BUCKET_ROLE = "Give it the role Storage Object User (roles/storage.objectUser) on the bucket."

CONTENT_CODES = frozenset(
    {
        "safety",
        "image_safety",
        "prohibited_content",
        "recitation",
        "spii",
        "blocklist",
        "content_blocked",
    }
)
"""What Interactions answer, as 400 or inside a result, where prompt or picture may not be used."""


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


def read_refusal(
    http_status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    about: About,
    credentials: Credentials | None = None,
) -> Refusal:
    """Never raises, whatever the body is. Header names are lower case."""
    said = listen(body, credentials)
    code, message = _name(http_status, said, about, credentials)
    return Refusal(
        http_status=http_status,
        code=code,
        message=message,
        reason=said.reason or said.status,
        detail=said.text or excerpt(body, credentials),
        retry_after=said.wait(headers),
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


def _class_of(code: str, http_status: int) -> type[errors.ApiError]:
    if code in ("key_invalid", "key_as_bearer", "token_expired", "token_scope", "no_credential"):
        return errors.CredentialRefused
    if code == "model_retired":
        return errors.ModelRetired
    if http_status == 403:
        return errors.Forbidden
    if http_status in (404, 410) or code == "operation_unknown":
        return errors.NotFound
    if http_status == 429:
        return errors.RateLimited
    if http_status >= 500 or http_status in (408, 409, 425, 499):
        return errors.ServerTrouble
    return errors.BadRequest


def _name(http_status: int, said: Said, about: About, credentials: Credentials | None) -> tuple[str, str]:
    if _is_retirement(http_status, said):
        return "model_retired", _retired(said)
    if said.status.lower() in CONTENT_CODES and http_status < 500:
        return "prompt_blocked", f"Google does not make a video of this prompt or picture. {said.quote}"
    if about is About.OPERATION and said.has("Invalid interaction name"):
        return _missing(said, about)  # interactions say so with 400
    match http_status:
        case 401:
            return _unauthenticated(said, credentials)
        case 403:
            return _denied(said, about, credentials)
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


def _bad_request(said: Said) -> tuple[str, str]:
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
    if said.has("billing", "free tier") or (said.has("FAILED_PRECONDITION") and not said.text):
        return "billing", f"Google wants billing switched on for the project of this credential. {said.quote}"
    if field_name := unsupported_field(said.text):
        return "field_unsupported", f"The model does not take the field {field_name}. {said.quote}"
    return "bad_request", f"Google refused the request. {said.quote}"


def unsupported_field(text: str) -> str:
    """The name in "`X` isn't supported by this model", or "". Google toggles fields (n8n-io/n8n#17707)."""
    found = re.search(r"`([\w.]{1,80})` isn['’]t supported by this model", text)
    return found[1] if found else ""


def _unauthenticated(said: Said, credentials: Credentials | None) -> tuple[str, str]:
    no_token = said.has("ACCESS_TOKEN_TYPE_UNSUPPORTED", "api keys are not supported")
    if isinstance(credentials, ApiKey):
        return _key_refused(said, credentials, no_token)
    if no_token:
        return "key_as_bearer", (
            "An API key was sent as a Bearer token, or the token is not an OAuth access token. "
            "An API key belongs in GEMINI_API_KEY, not in GEMINI_OAUTH_TOKEN."
        )
    if credentials is not None and credentials.renewable:
        return "token_expired", (
            f"Google does not accept the access token that it gave for {credentials.source}. {said.quote} "
            f"If that lasts: {credentials.remedy}"
        )
    return "token_expired", (
        "The OAuth token has expired or was revoked; it lives for about an hour. Put a fresh one in "
        "GEMINI_OAUTH_TOKEN, or use what lasts: an API key, or GOOGLE_APPLICATION_CREDENTIALS."
    )


def _key_refused(said: Said, key: ApiKey, no_token: bool) -> tuple[str, str]:
    if key.style == "bearer" and no_token:
        return "key_as_bearer", (
            "The API key was sent as a Bearer token, because VEOWEB_GEMINI_KEY_STYLE is bearer. Only relays "
            "want that; Google itself refuses it. Set VEOWEB_GEMINI_KEY_STYLE=header."
        )
    if said.has("api keys are not supported"):
        return "key_as_bearer", (
            "This service takes no API key. Vertex AI wants GOOGLE_APPLICATION_CREDENTIALS, "
            "application-default credentials or GEMINI_OAUTH_TOKEN."
        )
    return "key_invalid", (
        "Google does not accept this API key as a credential. It may be damaged: copy it again "
        f"from Google AI Studio into GEMINI_API_KEY. {said.quote}"
    )


def _denied(said: Said, about: About, credentials: Credentials | None) -> tuple[str, str]:
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
    if found := _denied_by_project(said, credentials):
        return found
    if about is About.FILE:
        return "file_gone", (
            "Google does not give this file to this credential: it has expired (files are kept for 2 days) "
            f"or it belongs to another project. {said.quote}"
        )
    return "forbidden", f"Google does not allow this with this credential. {said.quote}"


def _denied_by_project(said: Said, credentials: Credentials | None) -> tuple[str, str] | None:
    """What the credential's Google Cloud project lacks: a service, a scope, billing, a role."""
    who = f"The credential of {credentials.source}" if credentials else "The credential"
    if said.has("quota project", "USER_PROJECT_DENIED", "serviceusage."):
        return "quota_project", _quota_project(said)
    if said.has("SERVICE_DISABLED"):
        service = "Vertex AI API (aiplatform.googleapis.com)" if said.vertex else "Gemini API"
        return "api_disabled", (
            f"The {service} is switched off in this credential's project. "
            f"Switch it on, then wait some minutes. {said.quote}"
        )
    if said.has("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficient authentication scopes"):
        return "token_scope", _scope(credentials)
    if said.has("BILLING_DISABLED"):
        return "billing", f"Google wants billing switched on for the project of this credential. {said.quote}"
    if said.has("storage.objects.", "storage.buckets."):
        return "role_missing", f"{who} may not use the bucket of the results. {BUCKET_ROLE} {said.quote}"
    if said.has("permission 'aiplatform.") or (said.vertex and said.has("permission")):
        return "role_missing", f"{who} may not use Vertex AI in this project. {VERTEX_ROLE} {said.quote}"
    return None


def _scope(credentials: Credentials | None) -> str:
    if credentials is not None and credentials.renewable:
        return f"Google's token for {credentials.source} lacks the scope {SCOPE}. {credentials.remedy}"
    return f"The OAuth token lacks a scope. Ask for {SCOPE}."


def _quota_project(said: Said) -> str:
    """A person's own credential needs a project that pays for the calls, and a role there."""
    if said.has("requires a quota project"):
        advice = (
            "Set GOOGLE_CLOUD_QUOTA_PROJECT to the project's id, or run "
            "`gcloud auth application-default set-quota-project PROJECT`."
        )
    else:
        advice = (
            "Give it the role Service Usage Consumer (roles/serviceusage.serviceUsageConsumer) there, "
            "or name another project in GOOGLE_CLOUD_QUOTA_PROJECT."
        )
    return (
        f"The credential may not count its calls on this quota project, or names none. {advice} {said.quote}"
    )


def _is_retirement(http_status: int, said: Said) -> bool:
    if http_status not in (400, 404, 410):
        return False
    switched_off = "model" in said.text.lower() and "no longer available" in said.text.lower()
    return switched_off or said.has("model_not_found") or "Publisher Model" in said.text


def _retired(said: Said) -> str:
    """Google's text names the model and often its successor; our catalog knows the successors of its own."""
    named = re.findall(r"models/([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)", said.text)
    published = "Publisher Model" in said.text
    model = CATALOG.get(named[0]) if named else None
    if model and published and model.back_end != VERTEX_VEO:
        model = None  # The Gemini API's successor is no model of Vertex AI.
    successor = model.replaced_by if model else ""
    if not successor and len(named) > 1:
        successor = named[1]
    which = f"the model {named[0]}" if named else "this model"
    advice = f"Take {successor} instead." if successor else "Choose another model."
    if published:
        region = re.search(r"locations/([a-z0-9-]+)", said.text)
        where = f" in {region[1]}" if region else ""
        return (
            f"Vertex AI does not offer {which}{where}: Google has switched it off, or GOOGLE_CLOUD_LOCATION "
            f"is a region without it, or the project has no access to it. {advice}"
        )
    return f"Google has switched off {which}. {advice}"


def _missing(said: Said, about: About) -> tuple[str, str]:
    if said.has("is not found for api version"):
        return "model_unknown", f"Google knows no such model for this kind of work. {said.quote}"
    if said.has("no such object", "bucket does not exist"):
        return "file_gone", (
            "Cloud Storage no longer has this object: it was deleted, by hand or by a rule of the bucket. "
            f"{said.quote}"
        )
    if about is About.FILE:
        return "file_gone", "Google no longer has this file. Files are kept for 2 days."
    if about is About.OPERATION:
        return "operation_unknown", (
            "Google does not know this operation: it has expired, or it belongs to another project."
        )
    return "not_found", f"Google has nothing at this address. {said.quote}"


def _limited(said: Said) -> tuple[str, str]:
    if any("perday" in quota_id.lower() for quota_id in said.quota_ids):
        return (
            "quota_day",
            "The day's quota of this credential is used up. Google opens it again at midnight Pacific time.",
        )
    return "quota", f"Google's rate or spending limit for this credential is reached. {said.quote}"
