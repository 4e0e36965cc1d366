"""Where accounts of Google Cloud come from: a credentials file, gcloud's own file, the machine we run on.

The search order is Google's for application-default credentials. It is done here and not by
`google.auth.default`, which runs the gcloud program and wants another HTTP library for the machine's account.
No network is used before a token is asked for.
"""

import datetime as dt
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from google.auth import (
    aws,
    exceptions,
    external_account_authorized_user,
    identity_pool,
    impersonated_credentials,
    pluggable,
    transport,
)
from google.auth import credentials as google_credentials
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account

from projects.veo.addresses import Origin
from projects.veo.credentials import SCOPE
from projects.veo.oauth import Account, GoogleCredentials, NoAccount

VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
LOG_IN = "Run `gcloud auth application-default login` again."

_SECRET_FIELDS = ("private_key", "refresh_token", "client_secret", "token")
_ADDRESS_FIELDS = ("token_uri", "token_url", "service_account_impersonation_url", "sts_url")
_METADATA_HOST = "metadata.google.internal"
_LARGEST_FILE = 2**20

Info = Mapping[str, Any]
Loader = Callable[[Info], Any]
"""Makes an Account; the library gives no types."""


def from_file(path: str, *, quota_project: str = "") -> GoogleCredentials:
    """The account in a file of any of Google's kinds. ValueError with a sentence that names the file."""
    return _in_file(Path(path), f"{VARIABLE} ({path})", quota_project)


def application_default(*, quota_project: str = "") -> GoogleCredentials:
    """The account that gcloud has logged in, else that of the machine. ValueError for a damaged file."""
    path = _gcloud_folder() / "application_default_credentials.json"
    if path.is_file():
        return _in_file(path, f"the application-default credentials ({path})", quota_project)
    return GoogleCredentials(
        Machine(),
        source="application-default credentials",
        remedy=f"Run `gcloud auth application-default login`, or set {VARIABLE} to a credentials file.",
        identity="machine",
        quota_project=quota_project,
    )


def _gcloud_folder() -> Path:
    if folder := os.environ.get("CLOUDSDK_CONFIG"):
        return Path(folder)
    if os.name == "nt":
        return Path(os.environ.get("APPDATA", "")) / "gcloud"
    return Path.home() / ".config" / "gcloud"


def _in_file(path: Path, source: str, quota_project: str) -> GoogleCredentials:
    info = _read(path, source)
    kind = str(info.get("type"))
    if kind not in _KINDS:
        raise ValueError(f"{source} is a file of the type {kind[:40]}, not one of {', '.join(_KINDS)}.")
    load, remedy, needed = _KINDS[kind]
    if missing := [name for name in needed if not isinstance(info.get(name), str) or not info[name]]:
        raise ValueError(f"{source} is incomplete: it lacks {', '.join(missing)}.")
    for name in _ADDRESS_FIELDS:
        if name in info and not _is_safe(info[name]):
            raise ValueError(f"{source} has a {name} that is not https: secrets would travel in clear text.")
    try:
        account: Account = load(info)
    except Exception:  # Foreign code reads a foreign file; what it says may quote the key.
        raise ValueError(f"{source} is damaged: Google's library cannot read it.") from None
    return GoogleCredentials(
        account,
        source=source,
        remedy=remedy,
        identity=str(info.get("client_email") or info.get("client_id") or info.get("audience") or path),
        quota_project=quota_project,
        hidden=tuple(_secrets(info)),
    )


def _read(path: Path, source: str) -> Info:
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE)
    except FileNotFoundError:
        raise ValueError(f"{source} names a file that is not there.") from None
    except OSError as error:
        raise ValueError(f"{source} names a file that cannot be read: {error.strerror}.") from None
    try:
        info = json.loads(text)
    except (ValueError, RecursionError):
        info = None
    if not isinstance(info, dict):
        raise ValueError(f"{source} names a file that is not the JSON of a credential.")
    return info


def _secrets(info: Info) -> list[str]:
    found = [info[name] for name in _SECRET_FIELDS if isinstance(info.get(name), str)]
    inner = info.get("source_credentials")
    return found + (_secrets(inner) if isinstance(inner, dict) else [])


def _is_safe(address: object) -> bool:
    """Whether secrets may go there: https, or http to this very machine, where the simulator is."""
    try:
        parts = urlsplit(str(address))
        origin = Origin(parts.scheme, parts.hostname or "", parts.port or 0)
    except ValueError:
        return False
    return origin.scheme == "https" or (origin.scheme == "http" and origin.is_loopback)


def _service_account(info: Info) -> Any:
    return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])


def _user(info: Info) -> Any:
    """The library always asks Google's own token server; the simulator stands on this machine."""
    account = user_credentials.Credentials.from_authorized_user_info(info)
    address = str(info.get("token_uri", ""))
    return account.with_token_uri(address) if address.startswith("http://") else account


def _external(info: Info) -> Any:
    """The three kinds of workload identity, told apart as google-auth does."""
    where = info.get("credential_source")
    if info.get("subject_token_type") == "urn:ietf:params:aws:token-type:aws4_request":
        return aws.Credentials.from_info(info, scopes=[SCOPE])
    if isinstance(where, dict) and where.get("executable") is not None:
        return pluggable.Credentials.from_info(info, scopes=[SCOPE])
    return identity_pool.Credentials.from_info(info, scopes=[SCOPE])


def _external_user(info: Info) -> Any:
    return external_account_authorized_user.Credentials.from_info(info)


def _impersonated(info: Info) -> Any:
    return impersonated_credentials.Credentials.from_impersonated_service_account_info(info, scopes=[SCOPE])


_KINDS: dict[str, tuple[Loader, str, tuple[str, ...]]] = {
    "service_account": (
        _service_account,
        "Make a new key for this service account in the Google Cloud console and put its file there.",
        ("client_email", "private_key", "token_uri"),
    ),
    "authorized_user": (_user, LOG_IN, ("client_id", "client_secret", "refresh_token")),
    "external_account": (
        _external,
        "Check the workload identity pool that it names.",
        ("audience", "subject_token_type", "token_url"),
    ),
    "external_account_authorized_user": (_external_user, LOG_IN, ("refresh_token", "token_url")),
    "impersonated_service_account": (
        _impersonated,
        "Its caller needs the role Service Account Token Creator (roles/iam.serviceAccountTokenCreator).",
        ("service_account_impersonation_url",),
    ),
}
"""Of each kind of file: who reads it, what helps when Google refuses it, and what it must hold."""


class Machine(google_credentials.Credentials):
    """The service account of the Google machine that we run on, told by its metadata server.

    cloud.google.com/compute/docs/access/authenticate-workloads; never run on such a machine from here. The
    first token decides whether we are on one at all.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._known = False

    def refresh(self, request: transport.Request) -> None:
        host = os.environ.get("GCE_METADATA_HOST") or _METADATA_HOST
        path = f"computeMetadata/v1/instance/service-accounts/default/token?scopes={quote(SCOPE, safe='')}"
        try:
            answer = request(f"http://{host}/{path}", headers={"Metadata-Flavor": "Google"}, timeout=3)
        except exceptions.TransportError:
            if self._known:
                raise
            raise NoAccount from None
        if answer.status != 200:
            raise exceptions.RefreshError(
                f"the metadata server answered HTTP {answer.status}", retryable=answer.status >= 500
            )
        said = json.loads(answer.data)
        self.token = str(said["access_token"])
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        self.expiry = now + dt.timedelta(seconds=int(said["expires_in"]))
        self._known = True
