"""Who may call: Google's credential rules, with Google's answers.

On the Gemini API a key counts in `x-goog-api-key` or `?key=`, never as Bearer; exactly one credential per
request. Google Cloud takes OAuth tokens only, as Bearer.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from projects.simulator.answers import Refusal, Request, error_info, refusal
from projects.simulator.tokens import CLOUD_PLATFORM, ISSUED, Tokens

ANY_PROJECT = ""
"""The owner that an OAuth token stands for: tokens change hourly, so they are not told apart."""

UNAUTHENTICATED = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
    "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
UNREGISTERED = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or "
    "other form of API consumer identity to call this API."
)
NARROW = "Request had insufficient authentication scopes."

Trouble = Literal["", "missing", "key", "type", "expired", "scope"]
"""What is wrong with a credential where only tokens count."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """Which credentials are good.

    With `keys` None any key is, except one that begins with "invalid" (400) or "restricted" (403). With
    `tokens` None any token is that begins with "ya29.", except one that begins with "ya29.expired" (401) or
    "ya29.noscope" (403); on Google Cloud one that begins with "ya29.norole" lacks its role (403). Given a
    collection, exactly its members are good, and what `issued` has given out.
    """

    issued: Tokens
    keys: Collection[str] | None = None
    tokens: Collection[str] | None = None

    def check(self, request: Request) -> str:
        """The caller's project, as a fingerprint of its key (ANY_PROJECT for a token). Raises Refusal."""
        header, query = request.headers.get("x-goog-api-key", ""), request.parameters.get("key", "")
        bearer = _bearer(request.headers.get("authorization", ""))
        given = [credential for credential in (header, query, bearer) if credential]
        if not given:
            raise refusal(403, UNREGISTERED)
        if len(given) > 1:
            raise _several(given)
        if bearer:
            self._check_token(bearer)
            return ANY_PROJECT
        self._check_key(given[0])
        return hashlib.sha256(given[0].encode()).hexdigest()[:16]

    def trouble(self, request: Request) -> Trouble:
        """What is wrong with the credential of a request to Google Cloud; "" when all is well."""
        if request.headers.get("x-goog-api-key") or request.parameters.get("key"):
            return "key"
        bearer = _bearer(request.headers.get("authorization", ""))
        return self._token_trouble(bearer) if bearer else "missing"

    def lacks_role(self, request: Request) -> bool:
        """Whether the account behind the token has no role in the project."""
        return _bearer(request.headers.get("authorization", "")).startswith("ya29.norole")

    def _check_key(self, key: str) -> None:
        if self.keys is None and key.startswith("restricted"):
            blocked = "Requests to this API generativelanguage.googleapis.com method are blocked."
            raise refusal(403, blocked, details=[error_info("API_KEY_SERVICE_BLOCKED")])
        if key.startswith("invalid") if self.keys is None else key not in self.keys:
            raise refusal(
                400,
                "API key not valid. Please pass a valid API key.",
                details=[error_info("API_KEY_INVALID")],
            )

    def _check_token(self, token: str) -> None:
        match self._token_trouble(token):
            case "type":
                raise refusal(401, UNAUTHENTICATED, details=[error_info("ACCESS_TOKEN_TYPE_UNSUPPORTED")])
            case "expired":
                raise refusal(401, UNAUTHENTICATED, details=[error_info("ACCESS_TOKEN_EXPIRED")])
            case "scope":
                raise refusal(403, NARROW, details=[error_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT")])

    def _token_trouble(self, token: str) -> Trouble:
        if self.tokens is not None and token in self.tokens:
            return ""
        if token.startswith(ISSUED):
            scope = self.issued.scope(token)
            if scope is None:
                return "expired"
            return "" if CLOUD_PLATFORM in scope.split() else "scope"
        if not token.startswith("ya29."):
            return "type"
        if self.tokens is not None or token.startswith("ya29.expired"):
            return "expired"
        return "scope" if token.startswith("ya29.noscope") else ""


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else header.strip()


def _several(given: list[str]) -> Refusal:
    if any(credential.startswith("AQ.") for credential in given):
        return refusal(400, "Multiple authentication credentials received. Please pass only one.")
    return refusal(401, UNAUTHENTICATED, details=[error_info("ACCESS_TOKEN_TYPE_UNSUPPORTED")])
