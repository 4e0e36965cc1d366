"""The one interface of all back ends, and the door through which the poller opens one."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

from projects.veo.credentials import Credentials
from projects.veo.gemini_veo import GeminiVeo
from projects.veo.types import Download, FileInfo, Found, Outcome, Output, Progress, Recipe


class BackEnd(Protocol):
    """What the poller may ask of Google. Only `submit` costs money, and it sends at most one POST."""

    def request_body(self, recipe: Recipe) -> dict[str, Any]:
        """The JSON that `submit` would send."""

    def submit(self, recipe: Recipe) -> Outcome: ...

    def poll(self, ref: str) -> Progress: ...

    def file_info(self, output: Output) -> FileInfo | None:
        """Google's record of an output, None where there is none (inline bytes)."""

    def open_output(
        self, output: Output, *, offset: int = 0, etag: str = ""
    ) -> AbstractContextManager[Download]: ...

    def locate(self, model: str) -> list[Found]:
        """Operations that Google lists for a model; best effort, [] where it cannot tell."""

    def models(self) -> list[str]:
        """Ids of the models this credential may use. Free."""

    def close(self) -> None: ...


def open_back_end(name: str, credentials: Credentials, *, base_url: str) -> BackEnd:
    """The back end of that catalog name."""
    return {"gemini_veo": GeminiVeo}[name](credentials, base_url=base_url)
