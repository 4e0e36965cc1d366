"""Google's token endpoint: access tokens for service accounts (a signed JWT) and people (a refresh token).

Faithful by google-auth's requests and Google's documents: the forms, the answer, and the texts of a revoked
account or token, of an audience and of times that are wrong. The other descriptions are guesses. A signature
is not verified, for nobody here has the account's public key: an `iss` that begins with "revoked" is refused
in its place, and so is a refresh token that does.
"""

import base64
import binascii
import json
from typing import Any
from urllib.parse import parse_qs

from projects.simulator.access import ANY_PROJECT
from projects.simulator.answers import Answer, Refusal, Request, json_answer
from projects.simulator.tokens import CLOUD_PLATFORM
from projects.simulator.wires.wire import Route, Stage, Wire

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

LONGEST = 3600
"""Seconds that an assertion may be good for."""

SCOPES = frozenset(
    f"https://www.googleapis.com/auth/{name}"
    for name in (
        "cloud-platform",
        "cloud-platform.read-only",
        "aiplatform",
        "generative-language.retriever",
        "generative-language.tuning",
        "generative-language.peruserquota",
        "devstorage.read_only",
        "devstorage.read_write",
        "userinfo.email",
    )
)
"""Those that exist, as far as this simulator knows. Only cloud-platform opens anything here."""


class OAuth(Wire):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.routes = (Route(name="token", method="POST", pattern="/token", act=self._token),)

    def check(self, request: Request) -> str:
        """None is needed: the credential is what the body proves."""
        return ANY_PROJECT

    def _token(self, request: Request, owner: str) -> Answer:
        form = _form(request)
        grant = form.get("grant_type", "")
        if grant == JWT_BEARER:
            scope = _asserted(form.get("assertion", ""))
        elif grant == "refresh_token":
            scope = _refreshed(form)
        else:
            raise _refused("unsupported_grant_type", f"Invalid grant_type: {grant}")
        tokens = self.stage.access.issued
        return json_answer(
            {
                "access_token": tokens.issue(scope),
                "expires_in": tokens.lifetime,
                "scope": scope,
                "token_type": "Bearer",
            }
        )


def _form(request: Request) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise _refused("invalid_request", "The body needs to be application/x-www-form-urlencoded.")
    try:
        fields = parse_qs(request.body.decode(), strict_parsing=bool(request.body))
    except ValueError as error:
        raise _refused("invalid_request", "The body is not form-encoded.") from error
    return {name: values[-1] for name, values in fields.items()}


def _asserted(assertion: str) -> str:
    """The scopes that a service account asks for."""
    parts = assertion.split(".")
    if len(parts) != 3 or not all(parts):
        raise _refused("invalid_grant", "Invalid JWT: it needs a header, claims and a signature.")
    header, claims = _decoded(parts[0]), _decoded(parts[1])
    if header.get("alg") != "RS256":
        raise _refused("invalid_grant", "Invalid JWT: the algorithm needs to be RS256.")
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or "@" not in issuer:
        raise _refused("invalid_grant", "Invalid grant: account not found")
    if issuer.startswith("revoked"):
        raise _refused("invalid_grant", "Invalid JWT Signature.")
    if not str(claims.get("aud", "")).endswith("/token"):
        raise _refused("invalid_grant", "Invalid JWT: Failed audience check.")
    _check_times(claims)
    return _scope(claims.get("scope"))


def _check_times(claims: dict[str, Any]) -> None:
    begins, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(begins, int) or not isinstance(ends, int) or not 0 < ends - begins <= LONGEST:
        raise _refused(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
            "Check your iat and exp values in the JWT claim.",
        )


def _refreshed(form: dict[str, str]) -> str:
    """The scopes that a person has granted: all that is asked for, cloud-platform where nothing is."""
    for name in ("refresh_token", "client_id", "client_secret"):
        if not form.get(name):
            raise _refused("invalid_request", f"Missing required parameter: {name}")
    if form["client_id"].startswith("invalid"):
        raise _refused("invalid_client", "The OAuth client was not found.", status=401)
    if form["refresh_token"].startswith("revoked"):
        raise _refused("invalid_grant", "Token has been expired or revoked.")
    return _scope(form.get("scope", CLOUD_PLATFORM))


def _scope(wanted: Any) -> str:
    names = wanted.split() if isinstance(wanted, str) else []
    if not names or not SCOPES.issuperset(names):
        raise _refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    return " ".join(names)


def _decoded(part: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _refused("invalid_grant", "Invalid JWT: a part of it is not base64url of JSON.") from error
    if not isinstance(found, dict):
        raise _refused("invalid_grant", "Invalid JWT: a part of it is not an object.")
    return found


def _refused(error: str, description: str, *, status: int = 400) -> Refusal:
    return Refusal(json_answer({"error": error, "error_description": description}, status=status))
