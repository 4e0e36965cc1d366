"""The one interface of all back ends, and the door through which the poller opens one."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from projects.veo.accounts import application_default, from_file
from projects.veo.catalog import BACK_ENDS, GEMINI_OMNI, VERTEX_VEO
from projects.veo.credentials import ApiKey, Credentials, OAuthToken
from projects.veo.gemini_omni import GeminiOmni
from projects.veo.gemini_veo import GeminiVeo
from projects.veo.setup import DEMO_KEY, DEMO_TOKEN, GOOGLE_STORAGE_ORIGIN, Setup
from projects.veo.types import Download, FileInfo, Found, OnRef, Outcome, Output, Progress, Recipe
from projects.veo.vertex_veo import VertexVeo


class BackEnd(Protocol):
    """What the poller may ask of Google. Only `submit` costs money, and it sends at most one POST."""

    held: bool
    """Whether `submit` stays open until the video is made."""

    def request_body(self, recipe: Recipe) -> dict[str, Any]:
        """The JSON that `submit` would send. ValueError with a sentence for what this wire cannot carry."""

    def submit(self, recipe: Recipe, on_ref: OnRef) -> Outcome:
        """The outcome's `progress` is there when the answer already says how the operation ended."""

    def poll(self, ref: str) -> Progress: ...

    def file_info(self, output: Output) -> FileInfo | None:
        """Google's record of an output, None where there is none (inline bytes)."""

    def open_output(
        self, output: Output, *, offset: int = 0, etag: str = ""
    ) -> AbstractContextManager[Download]: ...

    def locate(self, recipe: Recipe) -> list[Found]:
        """Operations at Google that may be this recipe's; best effort, [] where it cannot tell."""

    def models(self) -> list[str]:
        """Ids of the models this credential may use. Free."""

    def close(self) -> None: ...


def open_back_end(name: str, setup: Setup, *, spool: Path | None = None) -> BackEnd:
    """The back end of that catalog name, with the one credential that it takes. Uses no network.

    Long inline videos are written to the folder `spool` (by default the system's temporary one). ValueError
    with a sentence for settings that cannot be used.
    """
    access = setup.access(name)
    if not access.configured:
        raise ValueError(f"{BACK_ENDS[name]} needs {access.missing}.")
    if name == VERTEX_VEO:
        return VertexVeo(
            _account(setup),
            project=access.project,
            location=access.location,
            base_url=access.base_url,
            storage_url=GOOGLE_STORAGE_ORIGIN if access.own else access.base_url,
            storage=setup.vertex_storage,
            spool=spool,
        )
    gemini: type[GeminiOmni] | type[GeminiVeo] = GeminiOmni if name == GEMINI_OMNI else GeminiVeo
    return gemini(_key_or_token(setup), base_url=access.base_url, version=setup.gemini_version, spool=spool)


def _key_or_token(setup: Setup) -> Credentials:
    if setup.demo:
        return ApiKey(DEMO_KEY)
    if setup.api_key:
        return ApiKey(setup.api_key, style=setup.key_style)
    return OAuthToken(setup.oauth_token, quota_project=setup.quota_project or setup.project)


def _account(setup: Setup) -> Credentials:
    """Vertex AI takes no keys. A file renews itself, so it comes before a token of an hour."""
    if setup.demo:
        return OAuthToken(DEMO_TOKEN)
    if setup.credentials_file:
        return from_file(setup.credentials_file, quota_project=setup.quota_project)
    if setup.oauth_token:
        return OAuthToken(setup.oauth_token, quota_project=setup.quota_project)
    return application_default(quota_project=setup.quota_project)
