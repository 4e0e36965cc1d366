"""Who may call: Google's credential rules for API-key services, with Google's answers.

A key counts in `x-goog-api-key` or `?key=`, never as Bearer; exactly one credential per request.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from projects.simulator.answers import Refusal, Request, error_info, refusal

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


@dataclass(frozen=True, kw_only=True)
class Access:
    """Which credentials are good.

    With `keys` None any key is, except one that begins with "invalid" (400) or "restricted" (403). With
    `tokens` None any token is that begins with "ya29.", except one that begins with "ya29.expired" (401).
    Given a collection, exactly its members are good.
    """

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
        if self.tokens is not None and token in self.tokens:
            return
        if not token.startswith("ya29."):
            raise refusal(401, UNAUTHENTICATED, details=[error_info("ACCESS_TOKEN_TYPE_UNSUPPORTED")])
        if self.tokens is not None or token.startswith("ya29.expired"):
            raise refusal(401, UNAUTHENTICATED, details=[error_info("ACCESS_TOKEN_EXPIRED")])


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else header.strip()


def _several(given: list[str]) -> Refusal:
    if any(credential.startswith("AQ.") for credential in given):
        return refusal(400, "Multiple authentication credentials received. Please pass only one.")
    return refusal(401, UNAUTHENTICATED, details=[error_info("ACCESS_TOKEN_TYPE_UNSUPPORTED")])
