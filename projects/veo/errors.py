"""What can go wrong when reading from Google.

    VeoError                  .code (a word the app keys on), .message (a sentence for a person), .detail
    ├─ NoAnswer               the network: refused, reset, timed out, cut off
    ├─ Garbled                an answer came, and it is not what the wire promises (HTML, bad JSON, no fields)
    ├─ ApiError               Google answered with an error: .http_status, .reason, .retry_after
    │   ├─ BadRequest         400, 413, 422 …
    │   ├─ CredentialRefused  401; 400 API_KEY_INVALID; 403 without or with an unaccepted credential; no token
    │   ├─ Forbidden          403: not yours, expired, API off, key restricted, a role is missing
    │   ├─ NotFound           404, 410
    │   │   └─ ModelRetired   404 "no longer available" …
    │   ├─ RateLimited        429
    │   └─ ServerTrouble      5xx, 408
    ├─ ForeignHost            an address or redirect that points outside the allow-list; nothing was sent
    └─ BadDownload            bytes came, and they cannot be the video (type, length, too large)

The paid POST raises none of these: `outcome.judge` turns everything that can happen to it into an Outcome.
No message, detail or repr ever holds a credential (promise P4).

The codes, also used in Outcome.code. `refusals.py` chooses those of ApiError and writes their sentences.

    credential    key_invalid  key_as_bearer  token_expired  token_scope  no_credential  two_credentials
                  credential_revoked (its token cannot be renewed)
    permission    key_restricted  api_disabled  forbidden  billing  region  role_missing  quota_project
    request       bad_request  field_unsupported  too_large  prompt_blocked
    gone          file_gone  operation_unknown  model_retired  model_unknown  not_found
    limits        quota  quota_day
    Google ill    server_trouble
    NoAnswer      no_answer  cut_off (a file's bytes stopped coming)
    Garbled       garbled  redirected (3xx that cannot be followed)  bad_name (no operation has such a name)
    ForeignHost   foreign_host
    BadDownload   not_a_video  too_large  range_refused (start again at 0)
    VeoError      disk (an inline video could not be written)  not_ready (Google still stores the file)
"""


class VeoError(Exception):
    """Root of the tree. `detail` is at most 2,000 characters of what Google said, without secrets."""

    def __init__(self, code: str, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail


class NoAnswer(VeoError):
    pass


class Garbled(VeoError):
    pass


class ApiError(VeoError):
    def __init__(
        self,
        code: str,
        message: str,
        *,
        detail: str = "",
        http_status: int,
        reason: str = "",
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(code, message, detail=detail)
        self.http_status = http_status
        self.reason = reason
        self.retry_after = retry_after


class BadRequest(ApiError):
    pass


class CredentialRefused(ApiError):
    pass


class Forbidden(ApiError):
    pass


class NotFound(ApiError):
    pass


class ModelRetired(NotFound):
    pass


class RateLimited(ApiError):
    pass


class ServerTrouble(ApiError):
    pass


class ForeignHost(VeoError):
    pass


class BadDownload(VeoError):
    pass
