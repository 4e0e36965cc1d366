"""Credentials whose access token lives for an hour: google-auth renews it, over our own transport.

google-auth knows how each kind of account proves itself; nothing else of it is used. Its `before_request` is
not called, because it also starts threads that ask Google for things that no request here needs.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from google.auth import credentials as google_credentials
from google.auth import exceptions, transport

from projects.veo.credentials import SCOPE, Credentials, excerpt, header_value
from projects.veo.errors import CredentialRefused, Garbled, NoAnswer, VeoError
from projects.veo.transport import exchange

logger = logging.getLogger(__name__)

Account = google_credentials.Credentials
"""What google-auth can renew: `refresh(request)` sets `token` and `expiry`, or raises one of its errors."""

TIMEOUT = 20.0
"""Seconds for one exchange. The library's own 120 would outlast the time that a poll may take."""

JUST_RENEWED = 2.0
"""Seconds after a renewal in which a refusal of the new token is not about its age."""


class NoAccount(exceptions.RefreshError):
    """There is nobody here to get a token for."""

    def __init__(self) -> None:
        super().__init__("there is no account")  # type: ignore[no-untyped-call]


class Answer(transport.Response):
    """What a token server answered, in the words of google-auth."""

    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self._answer = status, headers, data

    @property
    def status(self) -> int:
        return self._answer[0]

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer[1]

    @property
    def data(self) -> bytes:
        return self._answer[2]


class Exchange(transport.Request):
    """google-auth's way out, through our transport. Error statuses are answers: the library judges them."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **kwargs: Any,
    ) -> Answer:
        try:
            answer = exchange(
                url, method=method, body=body, headers=dict(headers or {}), timeout=timeout or TIMEOUT
            )
        except VeoError as error:
            raise exceptions.TransportError(error.message) from None
        return Answer(*answer)


class GoogleCredentials(Credentials):
    """An account of Google Cloud. Safe to use from several threads: one of them renews, the others wait.

    `source` and `remedy` are for sentences; `identity` (say, an e-mail address) tells accounts apart;
    `hidden` are the secrets that the account itself is made of. `quota_project` pays for the calls; by
    default it is the one that the account's file names.
    """

    renewable = True

    def __init__(
        self,
        account: Account,
        *,
        source: str,
        remedy: str,
        identity: str,
        quota_project: str = "",
        hidden: tuple[str, ...] = (),
    ) -> None:
        self.source, self.remedy = source, remedy
        self._account, self._identity, self._hidden = account, identity, hidden
        self._quota_project = quota_project or account.quota_project_id or ""
        self._lock = threading.Lock()
        self._token = self._last_token = ""
        self._renewed_at = float("-inf")

    def __repr__(self) -> str:
        return f"<GoogleCredentials of {self.source}>"

    @property
    def secret(self) -> str:
        return self._token

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._token, self._last_token, *self._hidden)

    @property
    def fingerprint(self) -> str:
        """Of the account, not of its token: that changes every hour."""
        return hashlib.sha256(f"{type(self).__name__}:{self._identity}".encode()).hexdigest()[:12]

    def headers(self) -> dict[str, str]:
        """Renews the token 3 min 45 s before it expires, which is google-auth's threshold.

        NoAnswer where the token server is out of reach, CredentialRefused where it refuses.
        """
        with self._lock:
            if not self._token or not self._account.valid:
                self._renew_in_time()
            headers = {"authorization": f"Bearer {self._token}"}
        if self._quota_project:
            headers["x-goog-user-project"] = self._quota_project
        return headers

    def renew(self, refused: Mapping[str, str]) -> bool:
        """One exchange for one refused token; no exchange if another thread has renewed it meanwhile.

        False where the token was renewed only just now, for then its age is not what Google minds, and where
        no new one can be had; the next `headers` says why.
        """
        with self._lock:
            if refused.get("authorization") != f"Bearer {self._token}":
                return True
            if time.monotonic() - self._renewed_at < JUST_RENEWED:
                return False
            try:
                self._exchange()
            except VeoError as error:
                self._account.token = None
                logger.warning("No new access token for %s: %s", self.source, excerpt(error.message, self))
                return False
            self._renewed_at = time.monotonic()
            return True

    def _renew_in_time(self) -> None:
        """A token that is near its end is still good while the token server is out of reach."""
        alive = self._token and self._account.token_state is google_credentials.TokenState.STALE
        try:
            self._exchange()
        except NoAnswer:
            if not alive:
                raise

    def _exchange(self) -> None:
        try:
            self._account.refresh(Exchange())
            token = header_value(str(self._account.token or ""), "access token")
        except exceptions.TransportError as error:
            raise NoAnswer("no_answer", self._unreachable(error)) from None
        except exceptions.GoogleAuthError as error:
            raise self._refusal(error) from None
        except Exception as error:  # The answer of a token server goes into the library unchecked.
            self._account.token = None
            raise Garbled(
                "garbled",
                f"What the token server answered for {self.source} is no access token.",
                detail=type(error).__name__,
            ) from None
        if token != self._token:
            self._token, self._last_token = token, self._token
        logger.info("New access token for %s", self.source)

    def _unreachable(self, error: exceptions.TransportError) -> str:
        return f"No access token for {self.source}: {excerpt(str(error), self)}"

    def _refusal(self, error: exceptions.GoogleAuthError) -> VeoError:
        """The library's error as one of ours. Its text arguments say why; others hold whole answers."""
        said = excerpt(" ".join(arg for arg in error.args if isinstance(arg, str)), self, limit=300)
        if error.retryable:
            return NoAnswer("no_answer", f"The token server for {self.source} had trouble of its own: {said}")
        if isinstance(error, NoAccount):
            code, message = "no_credential", f"There are no {self.source} here. {self.remedy}"
        elif "invalid_scope" in said or "unauthorized_client" in said:
            code = "token_scope"
            message = f"Google gives {self.source} no token for the scope {SCOPE}: {said}. {self.remedy}"
        elif "iat" in said.split() or "short-lived token" in said:
            code = "credential_revoked"
            message = f"Google gives no access token for {self.source}: {said}. This server's clock is wrong."
        else:
            code = "credential_revoked"
            message = (
                f"Google gives no access token for {self.source}: it was revoked, deleted or switched off. "
                f"Google says: {said.rstrip('.')}. {self.remedy}"
            )
        return CredentialRefused(code, message, detail=said, http_status=401, reason=said.split(":")[0])
