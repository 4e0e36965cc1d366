"""The one interface of all back ends, and the door through which the poller opens one."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from projects.veo.catalog import GEMINI_VEO
from projects.veo.credentials import ApiKey, Credentials, OAuthToken
from projects.veo.gemini_veo import GeminiVeo
from projects.veo.setup import DEMO_KEY, Setup
from projects.veo.types import Download, FileInfo, Found, OnRef, Outcome, Output, Progress, Recipe


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
    """The back end of that catalog name, with the one credential that it takes.

    Long inline videos are written to the folder `spool` (by default the system's temporary one). ValueError
    with a sentence for settings that cannot be used.
    """
    access = setup.access(name)
    return {GEMINI_VEO: GeminiVeo}[name](_credential(setup), base_url=access.base_url)


def _credential(setup: Setup) -> Credentials:
    if setup.demo:
        return ApiKey(DEMO_KEY)
    if setup.api_key:
        return ApiKey(setup.api_key)
    return OAuthToken(setup.oauth_token, quota_project=setup.quota_project or setup.project)
